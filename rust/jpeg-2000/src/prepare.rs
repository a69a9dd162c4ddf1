//! A tile whose packets are read.

use dicomet_codec::Budget;

use crate::codestream::Codestream;
use crate::codeword_segments::BlockCoder;
use crate::coding_style::Transformation;
use crate::dequantization::factors;
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::Rect;
use crate::precinct::{BlockState, PrecinctSubband};
use crate::tile::{Resolution, Tile, TileComponent};
use crate::tile_data::{self, ReadOptions, TileData};
use crate::values::{ValueType, is_wide};
use crate::warning::Warning;

/// A tile whose packets are read.
#[derive(Debug)]
pub(crate) struct PreparedTile<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) tile: Tile,
    pub(crate) data: TileData,
    /// By component, the factors of its subbands.
    factors: Vec<Vec<f64>>,
    reduce: u8,
    is_wide: bool,
}

/// A row of code-blocks of a subband.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockRow {
    pub(crate) component: u16,
    pub(crate) resolution: u8,
    /// Index of the subband in the resolution.
    pub(crate) subband: u8,
    /// The row in the grid of code-blocks.
    pub(crate) row: u32,
}

impl BlockRow {
    /// Index of the subband in the component.
    pub(crate) fn subband_index(self) -> usize {
        (3 * usize::from(self.resolution)).saturating_sub(2) + usize::from(self.subband)
    }
}

/// A code-block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockRef<'a> {
    /// None for a code-block without data.
    pub(crate) state: Option<&'a BlockState>,
    pub(crate) area: Rect,
}

impl<'a> PreparedTile<'a> {
    /// Reads the headers and packets of the tile in this column and row of tiles.
    pub(crate) fn new(
        codestream: &Codestream<'a>,
        (column, row): (u32, u32),
        options: ReadOptions,
        budget: &mut Budget,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self> {
        let siz = &codestream.siz;
        let number = row * siz.tiles_wide() + column;
        let (parameters, source) = codestream.tile(number)?;
        let tile = Tile::new(siz, column, row, &parameters)?;
        check(&tile, options.reduce)?;
        let data = if source.parts.is_empty() {
            warnings.push(Warning::Truncated { tile: number, resolution: None });
            TileData::empty()
        } else {
            tile_data::read(&tile, &parameters.volumes, &source, options, budget, warnings)?
        };
        let precisions = || siz.components.iter().map(|component| component.precision);
        let reduce = options.reduce;
        let of_component = |(component, precision)| factors(used(component, reduce), precision);
        let factors = tile.components.iter().zip(precisions()).map(of_component).collect();
        let is_wide = is_wide(&tile, precisions());
        Ok(Self { bytes: source.data, tile, data, factors, reduce, is_wide })
    }

    /// The resolutions of a component that are used.
    pub(crate) fn resolutions(&self, component: usize) -> &[Resolution] {
        used(&self.tile.components[component], self.reduce)
    }

    /// The area of a component of the result.
    pub(crate) fn area(&self, component: usize) -> Rect {
        self.tile.components[component].area.reduced(self.reduce)
    }

    /// The type of a component's coefficients.
    pub(crate) fn value_type(&self, component: usize) -> ValueType {
        ValueType::new(self.tile.components[component].style.transformation, self.is_wide)
    }

    /// The factor of the coefficients in a row of code-blocks.
    pub(crate) fn factor(&self, row: BlockRow) -> f64 {
        self.factors[usize::from(row.component)][row.subband_index()]
    }

    /// The code-blocks of a row, from left to right.
    pub(crate) fn blocks(&self, row: BlockRow) -> impl Iterator<Item = BlockRef<'_>> {
        let BlockRow { component, resolution, subband, row } = row;
        let resolution = &self.tile.components[usize::from(component)].resolutions[usize::from(resolution)];
        let index = usize::from(subband);
        let grid = resolution.subbands[index].blocks;
        let mut precincts = self.data.precincts(resolution.precinct_row(index, row)).peekable();
        (0..grid.wide).map(move |column| {
            let is_before = |states: &PrecinctSubband| states.column + states.wide <= column;
            while precincts.next_if(|precinct| is_before(&precinct.subbands[index])).is_some() {}
            let state = precincts.peek().and_then(|precinct| precinct.subbands[index].block(column, row));
            BlockRef { state: state.filter(|state| has_data(state)), area: grid.cell(column, row) }
        })
    }

    /// Whether a row of code-blocks has data.
    pub(crate) fn has_data(&self, row: BlockRow) -> bool {
        self.blocks(row).any(|block| block.state.is_some())
    }
}

fn used(component: &TileComponent, reduce: u8) -> &[Resolution] {
    &component.resolutions[..component.resolutions.len() - usize::from(reduce)]
}

fn has_data(state: &BlockState) -> bool {
    state.contributions.is_some() && state.passes.coder != BlockCoder::Open
}

/// An error if the tile's components cannot be decoded together.
fn check(tile: &Tile, reduce: u8) -> Result<()> {
    let error =
        |name, found: u64, expected| Error::new(ErrorKind::Parameter { name, found, expected }, 0).in_tile(tile.number);
    for component in &tile.components {
        if component.style.levels < reduce {
            let expected = "at least the resolution levels to discard";
            return Err(error("decomposition levels", component.style.levels.into(), expected));
        }
    }
    if tile.style.transforms_components {
        let Some(three) = tile.components.first_chunk::<3>() else {
            return Err(error("number of transformed components", tile.components.len() as u64, "at least 3"));
        };
        let [first, ..] = three;
        let reversible = |component: &TileComponent| component.style.transformation == Transformation::Reversible;
        if three.iter().any(|other| other.area != first.area) {
            return Err(error("sizes of transformed components", first.area.area(), "equal sizes"));
        }
        if three.iter().any(|other| (other.dx, other.dy) != (first.dx, first.dy)) {
            return Err(error("separations of transformed components", first.dx.into(), "equal separations"));
        }
        if three.iter().any(|other| reversible(other) != reversible(first)) {
            return Err(error("wavelets of transformed components", 2, "one wavelet transformation"));
        }
    }
    Ok(())
}

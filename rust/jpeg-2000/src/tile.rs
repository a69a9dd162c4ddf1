//! B.5 to B.7: a tile's components, resolutions, subbands, precincts and code-blocks.

use std::ops::Range;

use crate::code_block::Band;
use crate::coding_style::{ComponentStyle, TileStyle};
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::{Grid, Rect};
use crate::parameters::{ComponentParameters, Parameters};
use crate::quantization::Step;
use crate::siz::{Component, Siz};

/// A tile, described by its headers.
#[derive(Debug)]
pub(crate) struct Tile {
    pub(crate) number: u32,
    /// Its area on the reference grid.
    pub(crate) area: Rect,
    pub(crate) style: TileStyle,
    pub(crate) components: Vec<TileComponent>,
    /// Precincts of all components.
    pub(crate) precincts: usize,
}

/// A component of a tile.
#[derive(Debug)]
pub(crate) struct TileComponent {
    /// Its area, in samples of the component.
    pub(crate) area: Rect,
    pub(crate) style: ComponentStyle,
    pub(crate) roi_shift: u8,
    /// From the lowest to the highest.
    pub(crate) resolutions: Vec<Resolution>,
    pub(crate) dx: u8,
    pub(crate) dy: u8,
}

/// A resolution of a tile-component: the LL subband, or the three subbands that a level of synthesis adds.
#[derive(Debug)]
pub(crate) struct Resolution {
    /// The area that synthesis gives.
    pub(crate) area: Rect,
    pub(crate) precincts: Grid,
    /// Number of the first precinct in the tile.
    pub(crate) first_precinct: usize,
    pub(crate) subbands: Vec<Subband>,
}

/// A subband of a tile-component.
#[derive(Debug)]
pub(crate) struct Subband {
    pub(crate) band: Band,
    pub(crate) area: Rect,
    pub(crate) step: Step,
    /// All its code-blocks.
    pub(crate) blocks: Grid,
    /// Exponents of the code-block size.
    block_size: (u8, u8),
}

impl Subband {
    /// The code-blocks of a precinct of `resolution`, and the column and row of the first of them in [`Self::blocks`].
    pub(crate) fn blocks_of(&self, resolution: &Resolution, x: u32, y: u32) -> (Grid, u32, u32) {
        let area = resolution.precincts.whole_cell(x, y);
        // Precincts are half as large in the subbands of a level (B-16, B-17).
        let area = if self.band == Band::Ll { area } else { area.halved() };
        let area = area.intersection(self.area);
        let grid = Grid::new(area, self.block_size.0, self.block_size.1);
        if grid.cells() == 0 {
            return (grid, 0, 0);
        }
        (grid, self.blocks.column_of(area.x0), self.blocks.row_of(area.y0))
    }
}

impl Tile {
    /// The tile in this column and row of tiles.
    pub(crate) fn new(siz: &Siz, column: u32, row: u32, parameters: &Parameters) -> Result<Self> {
        let area = siz.tile(column, row);
        let number = row * siz.tiles_wide() + column;
        let mut tile = Self { number, area, style: parameters.style, components: Vec::new(), precincts: 0 };
        let mut precincts = 0u64;
        for (index, component) in parameters.components.iter().enumerate() {
            let sampling = siz.components[index];
            let area = area.subsampled(sampling.dx.into(), sampling.dy.into());
            let mut resolutions = Vec::with_capacity(usize::from(component.style.levels) + 1);
            for resolution in 0..=component.style.levels {
                let new = Resolution::new(area, resolution, component, precincts)
                    .map_err(|error| error.in_resolution(number, index as u16, resolution))?;
                precincts = precincts.saturating_add(new.precincts.cells());
                resolutions.push(new);
            }
            let (style, roi_shift) = (component.style, component.roi_shift);
            let (dx, dy) = (sampling.dx, sampling.dy);
            tile.components.push(TileComponent { area, style, roi_shift, resolutions, dx, dy });
        }
        let kind = ErrorKind::Parameter { name: "number of precincts", found: precincts, expected: "fewer than 2^32" };
        tile.precincts = u32::try_from(precincts).map_err(|_| Error::new(kind, 0).in_tile(number))? as usize;
        Ok(tile)
    }
}

/// The number of precincts of the tile in this column and row of tiles.
pub(crate) fn precincts(siz: &Siz, column: u32, row: u32, parameters: &Parameters) -> u64 {
    let area = siz.tile(column, row);
    let of_component = |style: &ComponentStyle, sampling: &Component| {
        let area = area.subsampled(sampling.dx.into(), sampling.dy.into());
        let of_resolution = |resolution| {
            let (log_width, log_height) = style.precinct(resolution);
            Grid::new(area.reduced(style.levels - resolution), log_width, log_height).cells()
        };
        (0..=style.levels).map(of_resolution).fold(0, u64::saturating_add)
    };
    let components = parameters.components.iter().zip(&siz.components);
    components.map(|(component, sampling)| of_component(&component.style, sampling)).fold(0, u64::saturating_add)
}

impl Subband {
    /// The rows of code-blocks that contain some of its `rows`.
    pub(crate) fn block_rows(&self, rows: Range<usize>) -> Range<usize> {
        if rows.is_empty() || self.area.is_empty() {
            return 0..0;
        }
        let row_of = |row: usize| self.blocks.row_of(self.area.y0 + row as u32) as usize;
        row_of(rows.start)..row_of(rows.end - 1) + 1
    }
}

impl Resolution {
    /// The numbers of its precincts in the tile.
    pub(crate) fn numbers(&self) -> Range<usize> {
        self.first_precinct..self.first_precinct + self.precincts.cells() as usize
    }

    /// The numbers of the precincts that contain a row of code-blocks of a subband.
    pub(crate) fn precinct_row(&self, subband: usize, row: u32) -> Range<usize> {
        let Subband { band, area, blocks, .. } = &self.subbands[subband];
        let first = (blocks.row_start(row) as u32).max(area.y0);
        let row = self.precincts.row_of(if *band == Band::Ll { first } else { 2 * first });
        let start = self.first_precinct + (u64::from(row) * u64::from(self.precincts.wide)) as usize;
        start..start + self.precincts.wide as usize
    }

    /// The column and row of a precinct, by its number in the tile.
    pub(crate) fn place_of(&self, number: usize) -> (u32, u32) {
        let (index, wide) = ((number - self.first_precinct) as u32, self.precincts.wide);
        (index % wide, index / wide)
    }

    fn new(component: Rect, resolution: u8, parameters: &ComponentParameters, first_precinct: u64) -> Result<Self> {
        let style = &parameters.style;
        let area = component.reduced(style.levels - resolution);
        let precinct = style.precinct(resolution);
        let subbands = subbands(component, resolution, parameters)?;
        // B.9: a resolution without samples has no precincts.
        let precincts = Grid::new(area, precinct.0, precinct.1);
        Ok(Self { area, precincts, first_precinct: first_precinct as usize, subbands })
    }
}

fn subbands(component: Rect, resolution: u8, parameters: &ComponentParameters) -> Result<Vec<Subband>> {
    let style = &parameters.style;
    let (mut log_width, mut log_height) = style.precinct(resolution);
    let bands = match resolution {
        0 => &[Band::Ll][..],
        _ => &[Band::Hl, Band::Lh, Band::Hh][..],
    };
    if resolution > 0 {
        // B-16, B-17: precincts are half as large in the subbands, and code-blocks not larger.
        (log_width, log_height) = (log_width - 1, log_height - 1);
    }
    let block_size = (style.block_width.min(log_width), style.block_height.min(log_height));
    let subband = |(index, band): (usize, &Band)| {
        let area = match resolution {
            0 => component.reduced(style.levels),
            _ => component.subband(style.levels - resolution + 1, is_high(*band)),
        };
        let number = if resolution == 0 { 0 } else { 3 * usize::from(resolution) - 2 + index };
        let missing = || {
            let expected = "a step size for each subband";
            Error::new(ErrorKind::Parameter { name: "QCD, QCC", found: number as u64, expected }, 0)
        };
        Ok(Subband {
            band: *band,
            area,
            step: parameters.quantization.step(number, resolution).ok_or_else(missing)?,
            blocks: Grid::new(area, block_size.0, block_size.1),
            block_size,
        })
    };
    bands.iter().enumerate().map(subband).collect()
}

/// Whether a subband is high-pass horizontally and vertically.
fn is_high(band: Band) -> (bool, bool) {
    match band {
        Band::Ll => (false, false),
        Band::Hl => (true, false),
        Band::Lh => (false, true),
        Band::Hh => (true, true),
    }
}

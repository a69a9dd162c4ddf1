//! F.3.1, F.3.2: synthesis of a tile-component (IDWT, `2D_SR`), row by row through all levels.

use crate::error::Result;
use crate::geometry::Rect;
use crate::supply::{Consumer, Supply};
use crate::tile::Resolution;
use crate::wavelet::Coefficient;
use crate::wavelet::horizontal::RowHalves;
use crate::wavelet::vertical::{RowId, RowRing};
use crate::wavelet::window::Window;

/// A level: from the resolution below it and three subbands to a resolution.
#[derive(Debug)]
struct Level<'a, T> {
    area: Rect,
    halves: RowHalves<T>,
    ring: RowRing<T>,
    /// HL, LH and HH.
    subbands: [Window<'a, T>; 3],
}

/// Synthesizes the rows of a tile-component from the first to the last.
#[derive(Debug)]
pub(crate) struct Synthesis<'a, T> {
    levels: Vec<Level<'a, T>>,
    lowest: Lowest<'a, T>,
    /// The row to return next.
    next: usize,
}

/// The LL subband, and one of its rows.
#[derive(Debug)]
struct Lowest<'a, T> {
    subband: Window<'a, T>,
    row: Vec<T>,
}

impl<'a, T: Coefficient> Synthesis<'a, T> {
    /// The used resolutions of a tile's component.
    pub(crate) fn new(supply: &'a Supply<'a>, tile: usize, component: usize) -> Self {
        let resolutions = supply.tiles[tile].resolutions(component);
        let units = supply.numbers(tile, component);
        let window = |resolution: &Resolution, index: usize, units: &'a [Option<u32>]| {
            let subband = &resolution.subbands[index];
            Window::new(subband.area, subband.blocks, units)
        };
        let lowest = Lowest {
            subband: window(&resolutions[0], 0, &units[0]),
            row: vec![T::default(); resolutions[0].area.width()],
        };
        let level = |(pair, units): (&[Resolution], &'a [Vec<Option<u32>>])| {
            let (below, area) = (pair[0].area, pair[1].area);
            let (low, high) = (below.width(), area.width() - below.width());
            let rows = (below.height(), area.height() - below.height());
            Level {
                area,
                halves: RowHalves::new(low, high),
                ring: RowRing::new(area.width(), rows.0, rows.1, area.y0 % 2 == 1),
                subbands: std::array::from_fn(|index| window(&pair[1], index, &units[index])),
            }
        };
        let levels = resolutions.windows(2).zip(units[1..].chunks(3)).map(level).collect();
        Self { levels, lowest, next: 0 }
    }

    /// Returns the memory to the supply.
    pub(crate) fn free(self, supply: &Supply<'_>) {
        let subbands = self.levels.into_iter().flat_map(|level| level.subbands);
        for window in subbands.chain([self.lowest.subband]) {
            supply.free(window.into_values());
        }
    }

    /// The next row.
    pub(crate) fn row(&mut self, consumer: &mut Consumer<'_>) -> Result<&[T]> {
        let row = self.next;
        self.next += 1;
        level_row(&mut self.levels, &mut self.lowest, row, consumer)
    }
}

/// Row `row` of the highest of `levels`.
fn level_row<'r, T: Coefficient>(
    levels: &'r mut [Level<'_, T>],
    lowest: &'r mut Lowest<'_, T>,
    row: usize,
    consumer: &mut Consumer<'_>,
) -> Result<&'r [T]> {
    let Some((level, below)) = levels.split_last_mut() else {
        lowest.subband.row(row, &mut lowest.row, consumer)?;
        return Ok(&lowest.row);
    };
    let Level { area, halves, ring, subbands: [hl, lh, hh] } = level;
    let mut load = |RowId { is_high, index }: RowId, out: &mut [T]| {
        let high = ((area.x1 >> 1) - (area.x0 >> 1)) as usize;
        let low = area.width() - high;
        let (low_half, high_half) = halves.parts(low, high);
        if is_high {
            lh.row(index, low_half, consumer)?;
            hh.row(index, high_half, consumer)?;
        } else {
            low_half.copy_from_slice(level_row(below, lowest, index, consumer)?);
            hl.row(index, high_half, consumer)?;
        }
        halves.synthesize(low, high, area.x0 % 2 == 1, out);
        Ok(())
    };
    ring.row(row, &mut load)
}

//! F.3.1, F.3.2: synthesis of a tile-component (IDWT, `2D_SR`), row by row through all levels.

use std::ops::Range;

use crate::error::Result;
use crate::geometry::Rect;
use crate::supply::{Consumer, Supply};
use crate::tile::Resolution;
use crate::wavelet::Coefficient;
use crate::wavelet::horizontal::RowHalves;
use crate::wavelet::rows::{LevelRows, RowId};
use crate::wavelet::vertical::RowRing;
use crate::wavelet::window::Window;

/// A level: from the resolution below it and three subbands to a resolution.
#[derive(Debug)]
struct Level<'a, T> {
    area: Rect,
    halves: RowHalves<T>,
    ring: RowRing<T>,
    /// A row of a subband without data.
    zeros: Vec<T>,
    /// HL, LH and HH.
    subbands: [Window<'a>; 3],
}

impl<'a, T: Coefficient> Level<'a, T> {
    /// The level between two resolutions, starting with row `first`. `units` are those of the three subbands.
    fn new(below: &Resolution, resolution: &Resolution, units: &'a [Vec<Option<u32>>], first: usize) -> Self {
        let area = resolution.area;
        Self {
            area,
            halves: RowHalves::new(below.area.width(), area.width() - below.area.width()),
            ring: RowRing::new(area.width(), LevelRows::new(area.y0, area.y1), first),
            zeros: vec![T::default(); area.width().div_ceil(2)],
            subbands: std::array::from_fn(|index| window(resolution, index, units)),
        }
    }
}

/// The rows of a subband. `units` are those of the subbands of its resolution.
fn window<'a>(resolution: &Resolution, index: usize, units: &'a [Vec<Option<u32>>]) -> Window<'a> {
    let subband = &resolution.subbands[index];
    Window::new(subband.area, subband.blocks, &units[index])
}

/// Synthesizes rows of a tile-component, one after the other.
#[derive(Debug)]
pub(crate) struct Synthesis<'a, T> {
    levels: Vec<Level<'a, T>>,
    lowest: Lowest<'a, T>,
    /// The row to return next.
    next: usize,
}

/// The LL subband.
#[derive(Debug)]
struct Lowest<'a, T> {
    subband: Window<'a>,
    zeros: Vec<T>,
}

impl<'a, T: Coefficient> Synthesis<'a, T> {
    /// The used resolutions of a tile's component, from row `first` of the highest.
    pub(crate) fn new(supply: &'a Supply<'a>, tile: usize, component: usize, first: usize) -> Self {
        let resolutions = supply.tiles[tile].resolutions(component);
        let rows_of_levels =
            needed_rows(resolutions, T::STEPS, first..resolutions[resolutions.len() - 1].area.height());
        let units = supply.numbers(tile, component);
        let lowest = Lowest {
            subband: window(&resolutions[0], 0, units),
            zeros: vec![T::default(); resolutions[0].area.width()],
        };
        let pairs = resolutions.windows(2).zip(units[1..].chunks(3)).zip(&rows_of_levels[1..]);
        let levels = pairs.map(|((pair, units), rows)| Level::new(&pair[0], &pair[1], units, rows.start)).collect();
        Self { levels, lowest, next: first }
    }

    /// Returns the memory to the supply.
    pub(crate) fn free(self, supply: &Supply<'_>) {
        let subbands = self.levels.into_iter().flat_map(|level| level.subbands);
        for window in subbands.chain([self.lowest.subband]) {
            window.free(supply);
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
        return lowest.subband.row(row, &lowest.zeros, consumer);
    };
    let Level { area, halves, ring, zeros, subbands: [hl, lh, hh] } = level;
    let mut load = |RowId { is_high, index }: RowId, out: &mut [T]| {
        let (low, high) = if is_high {
            (lh.row(index, zeros, consumer)?, hh.row(index, zeros, consumer)?)
        } else {
            (level_row(below, lowest, index, consumer)?, hl.row(index, zeros, consumer)?)
        };
        halves.synthesize(low, high, area.x0 % 2 == 1, out);
        Ok(())
    };
    ring.row(row, &mut load)
}

/// The rows of each resolution, from the lowest, that synthesis of `rows` of the highest needs.
fn needed_rows(resolutions: &[Resolution], steps: usize, rows: Range<usize>) -> Vec<Range<usize>> {
    let mut needed = vec![rows];
    for resolution in resolutions[1..].iter().rev() {
        let [low, _] = needed_halves(resolution, steps, &needed[needed.len() - 1]);
        needed.push(low);
    }
    needed.reverse();
    needed
}

/// The low-pass and high-pass rows that synthesis of `rows` of a resolution needs.
fn needed_halves(resolution: &Resolution, steps: usize, rows: &Range<usize>) -> [Range<usize>; 2] {
    LevelRows::new(resolution.area.y0, resolution.area.y1).needed(steps, rows.clone()).loaded
}

/// The rows of each subband that synthesis of `rows` of the highest resolution with this number of lifting steps needs: of LL,
/// then of HL, LH and HH of each resolution.
pub(crate) fn needed_coefficients(resolutions: &[Resolution], steps: usize, rows: Range<usize>) -> Vec<Range<usize>> {
    let of_resolutions = needed_rows(resolutions, steps, rows);
    let mut needed = vec![of_resolutions[0].clone()];
    for (resolution, rows) in resolutions.iter().zip(&of_resolutions).skip(1) {
        let [low, high] = needed_halves(resolution, steps, rows);
        needed.extend([low, high.clone(), high]);
    }
    needed
}

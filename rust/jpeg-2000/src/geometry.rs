//! B.1 to B.4: the reference grid, and areas on it.

/// An area: columns `x0..x1` and rows `y0..y1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Rect {
    pub(crate) x0: u32,
    pub(crate) y0: u32,
    pub(crate) x1: u32,
    pub(crate) y1: u32,
}

impl Rect {
    pub(crate) fn width(self) -> usize {
        self.x1.saturating_sub(self.x0) as usize
    }

    pub(crate) fn height(self) -> usize {
        self.y1.saturating_sub(self.y0) as usize
    }

    pub(crate) fn area(self) -> u64 {
        self.width() as u64 * self.height() as u64
    }

    pub(crate) fn is_empty(self) -> bool {
        self.x1 <= self.x0 || self.y1 <= self.y0
    }

    pub(crate) fn intersection(self, other: Self) -> Self {
        Self {
            x0: self.x0.max(other.x0),
            y0: self.y0.max(other.y0),
            x1: self.x1.min(other.x1),
            y1: self.y1.min(other.y1),
        }
    }

    /// The area with all bounds divided and rounded up: that of a component with these sampling factors (B-12).
    pub(crate) fn subsampled(self, dx: u32, dy: u32) -> Self {
        Self { x0: self.x0.div_ceil(dx), y0: self.y0.div_ceil(dy), x1: self.x1.div_ceil(dx), y1: self.y1.div_ceil(dy) }
    }

    /// The area at a resolution of 2^-`levels` (B-14).
    pub(crate) fn reduced(self, levels: u8) -> Self {
        self.map(|bound| ceil_shift(bound.into(), levels))
    }

    /// The area of a subband at decomposition level `level` > 0 (B-15). `high` tells whether it is high-pass in x and in y.
    pub(crate) fn subband(self, level: u8, high: (bool, bool)) -> Self {
        let bound = |bound: u32, high: bool| {
            // Bounds lower than 2^(level - 1) belong to the first sample, too.
            let offset = u64::from(high) << (level - 1);
            ceil_shift(u64::from(bound).saturating_sub(offset), level)
        };
        Self {
            x0: bound(self.x0, high.0),
            y0: bound(self.y0, high.1),
            x1: bound(self.x1, high.0),
            y1: bound(self.y1, high.1),
        }
    }

    /// The area of the same samples in a subband of the next level.
    pub(crate) fn halved(self) -> Self {
        self.map(|bound| bound.div_ceil(2))
    }

    fn map(self, bound: impl Fn(u32) -> u32) -> Self {
        Self { x0: bound(self.x0), y0: bound(self.y0), x1: bound(self.x1), y1: bound(self.y1) }
    }
}

/// `value` / 2^`shift`, rounded up; `shift` is at most 33.
fn ceil_shift(value: u64, shift: u8) -> u32 {
    ((value + (1 << shift) - 1) >> shift) as u32
}

/// A grid of cells of 2^`x` by 2^`y` samples, anchored at 0, over an area: precincts (B.6) or code-blocks (B.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Grid {
    area: Rect,
    log_width: u8,
    log_height: u8,
    /// Cells from left to right; 0 if the area is empty.
    pub(crate) wide: u32,
    /// Cells from top to bottom; 0 if the area is empty.
    pub(crate) high: u32,
}

impl Grid {
    /// The exponents are at most 31.
    pub(crate) fn new(area: Rect, log_width: u8, log_height: u8) -> Self {
        let cells = |start: u32, end: u32, log: u8| ceil_shift(end.into(), log) - (start >> log);
        let (wide, high) = if area.is_empty() {
            (0, 0)
        } else {
            (cells(area.x0, area.x1, log_width), cells(area.y0, area.y1, log_height))
        };
        Self { area, log_width, log_height, wide, high }
    }

    pub(crate) fn cells(&self) -> u64 {
        u64::from(self.wide) * u64::from(self.high)
    }

    /// Start of column `x` of cells, from 0, before it is limited to the area.
    pub(crate) fn column_start(&self, x: u32) -> u64 {
        (u64::from(self.area.x0 >> self.log_width) + u64::from(x)) << self.log_width
    }

    /// Start of row `y` of cells, from 0, before it is limited to the area.
    pub(crate) fn row_start(&self, y: u32) -> u64 {
        (u64::from(self.area.y0 >> self.log_height) + u64::from(y)) << self.log_height
    }

    /// The area of a cell.
    pub(crate) fn cell(&self, x: u32, y: u32) -> Rect {
        self.whole_cell(x, y).intersection(self.area)
    }

    /// The area of a cell, of which the grid's area may contain only a part.
    pub(crate) fn whole_cell(&self, x: u32, y: u32) -> Rect {
        let bound = |start: u64, log: u8| (start as u32, (start + (1 << log)).min(u32::MAX.into()) as u32);
        let ((x0, x1), (y0, y1)) =
            (bound(self.column_start(x), self.log_width), bound(self.row_start(y), self.log_height));
        Rect { x0, y0, x1, y1 }
    }

    /// The rows of samples in a row of cells.
    pub(crate) fn row_height(&self, y: u32) -> usize {
        self.cell(0, y).height()
    }

    /// The row of cells that contains row `y` of samples, which is in the area.
    pub(crate) fn row_of(&self, y: u32) -> u32 {
        (y >> self.log_height) - (self.area.y0 >> self.log_height)
    }

    /// The column of cells that contains column `x` of samples, which is in the area.
    pub(crate) fn column_of(&self, x: u32) -> u32 {
        (x >> self.log_width) - (self.area.x0 >> self.log_width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The samples of `range` on a grid of every `2^level`-th position, starting at `offset`, counted one by one.
    fn count(range: std::ops::Range<u32>, level: u8, offset: u32) -> usize {
        range.filter(|position| position % (1 << level) == offset).count()
    }

    proptest! {
        /// A subband has one sample for each position of the tile-component that is its offset modulo 2^level.
        #[test]
        fn subbands_divide_the_area(x0 in 0u32..500, width in 0u32..200, level in 1u8..7) {
            let area = Rect { x0, y0: x0, x1: x0 + width, y1: x0 + width };
            let half = 1 << (level - 1);
            for (high, offset) in [(false, 0), (true, half)] {
                let band = area.subband(level, (high, high));
                prop_assert_eq!(band.width(), count(x0..x0 + width, level, offset));
                prop_assert_eq!(band.width(), band.height());
            }
            prop_assert_eq!(area.reduced(level), area.subband(level, (false, false)));
        }

        #[test]
        fn cells_cover_the_area_once(x0 in 0u32..300, y0 in 0u32..300, width in 0u32..100, height in 0u32..100, log in 0u8..9) {
            let area = Rect { x0, y0, x1: x0 + width, y1: y0 + height };
            let grid = Grid::new(area, log, log / 2);
            let mut covered = 0;
            for y in 0..grid.high {
                for x in 0..grid.wide {
                    let cell = grid.cell(x, y);
                    prop_assert!(!cell.is_empty());
                    prop_assert_eq!(cell.intersection(area), cell);
                    prop_assert_eq!((grid.row_of(cell.y0), grid.row_of(cell.y1 - 1)), (y, y));
                    prop_assert_eq!((grid.column_of(cell.x0), grid.column_of(cell.x1 - 1)), (x, x));
                    covered += cell.area();
                }
            }
            prop_assert_eq!(covered, area.area());
        }
    }

    #[test]
    fn bounds_may_be_the_largest() {
        let area = Rect { x0: 0, y0: u32::MAX - 1, x1: u32::MAX, y1: u32::MAX };
        assert_eq!(area.reduced(32), Rect { x0: 0, y0: 1, x1: 1, y1: 1 });
        let grid = Grid::new(area, 15, 31);
        assert_eq!((grid.wide, grid.high), (1 << 17, 1));
        assert_eq!(grid.cell(grid.wide - 1, 0).x1, u32::MAX);
        assert_eq!(area.subsampled(255, 1).x1, 16_843_009);
    }
}

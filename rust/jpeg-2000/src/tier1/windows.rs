//! D.1: a code-block as windows of eight columns of a stripe, with the neighbors around them.
//!
//! A window is a `u64` with six bits for each of ten columns: bits 0 and 5 of a column are the neighbors in the stripes above
//! and below, columns 0 and 9 those in the windows to the left and right. In between, the bits are in the order of coding.

/// Columns of a window.
pub(super) const COLUMNS: usize = 8;
/// Rows of a stripe.
pub(super) const ROWS: usize = 4;
/// Bits of a column of a window.
pub(super) const STRIDE: u32 = 6;
/// The bit of the first coefficient of a window.
pub(super) const FIRST: u32 = STRIDE + 1;
/// The first row of all columns but those of the neighbors.
pub(super) const TOP: u64 = spread(1);

/// A mask with `column`, whose lowest bit is the first row, in all eight columns.
const fn spread(column: u64) -> u64 {
    let (mut mask, mut index) = (0, 0);
    while index < COLUMNS as u32 {
        mask |= column << (FIRST + index * STRIDE);
        index += 1;
    }
    mask
}

/// A window.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Window {
    /// Significant coefficients.
    pub(super) significant: u64,
    /// Negative ones of them.
    pub(super) negative: u64,
    /// Coefficients that the last significance pass has coded.
    pub(super) visited: u64,
    /// Coefficients that have been refined.
    pub(super) refined: u64,
    /// Coefficients of the window that are in the code-block.
    pub(super) inside: u64,
}

/// The windows of a code-block, with a border of empty ones.
#[derive(Default)]
pub(super) struct Windows {
    /// Windows in a stripe, stripes.
    pub(super) size: (usize, usize),
    pub(super) windows: Vec<Window>,
}

impl Windows {
    /// Prepares for a code-block.
    pub(super) fn reset(&mut self, width: usize, height: usize) {
        self.size = (width.div_ceil(COLUMNS), height.div_ceil(ROWS));
        self.windows.clear();
        self.windows.resize(self.pitch() * (self.size.1 + 2), Window::default());
        for stripe in 0..self.size.1 {
            let rows = ROWS.min(height - stripe * ROWS);
            for (column, index) in self.stripe(stripe).enumerate() {
                let columns = COLUMNS.min(width - column * COLUMNS) as u32;
                self.windows[index].inside = spread((1 << rows) - 1) & ((1 << (FIRST + columns * STRIDE)) - 1);
            }
        }
    }

    /// Windows from a stripe to the next.
    pub(super) fn pitch(&self) -> usize {
        self.size.0 + 2
    }

    /// The indices of the windows of a stripe.
    #[inline(always)]
    pub(super) fn stripe(&self, stripe: usize) -> std::ops::Range<usize> {
        let start = (stripe + 1) * self.pitch() + 1;
        start..start + self.size.0
    }

    /// The indices of all windows in the order of coding.
    pub(super) fn positions(&self) -> impl Iterator<Item = usize> + use<> {
        let (pitch, count) = (self.pitch(), self.size.0);
        (1..=self.size.1).flat_map(move |stripe| stripe * pitch + 1..stripe * pitch + 1 + count)
    }

    /// Makes the coefficients `new` of window `index` significant, with the signs `negative`.
    #[inline(always)]
    pub(super) fn add(&mut self, index: usize, new: u64, negative: u64, causal: bool) {
        const COLUMN: u64 = 0b11_1111;
        const ACROSS: u32 = STRIDE * COLUMNS as u32;
        if new == 0 {
            return;
        }
        let pitch = self.pitch();
        let negative = negative & new;
        let bits = [
            if causal { (0, 0) } else { ((new & TOP) << ROWS, (negative & TOP) << ROWS) },
            (new, negative),
            (new >> ROWS & TOP >> 1, negative >> ROWS & TOP >> 1),
        ];
        for (row, (new, negative)) in
            [index.wrapping_sub(pitch), index, index.wrapping_add(pitch)].into_iter().zip(bits)
        {
            if let Some([left, center, right]) = self.windows.get_mut(row.wrapping_sub(1)..=row.wrapping_add(1)) {
                center.significant |= new;
                center.negative |= negative;
                left.significant |= (new & COLUMN << STRIDE) << ACROSS;
                left.negative |= (negative & COLUMN << STRIDE) << ACROSS;
                right.significant |= new >> ACROSS & COLUMN;
                right.negative |= negative >> ACROSS & COLUMN;
            }
        }
    }
}

/// The coefficients with a significant neighbor, among those of the window.
#[inline(always)]
pub(super) fn neighbors(significant: u64) -> u64 {
    let vertical = significant << 1 | significant >> 1;
    let columns = vertical | significant;
    vertical | columns << STRIDE | columns >> STRIDE
}

/// Later coefficients that have the one at `position` as neighbor.
#[inline(always)]
pub(super) fn later_neighbors(position: u32) -> u64 {
    0b1110_0010 << (position & 63)
}

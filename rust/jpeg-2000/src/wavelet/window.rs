//! The rows of a subband that are in memory: those of a row of code-blocks.

use crate::error::Result;
use crate::geometry::{Grid, Rect};
use crate::supply::Consumer;
use crate::values::Values;
use crate::wavelet::Coefficient;

/// The current row of code-blocks of a subband.
#[derive(Debug)]
pub(crate) struct Window<'a, T> {
    area: Rect,
    blocks: Grid,
    /// By row of code-blocks, the unit of the supply; none without data.
    units: &'a [Option<u32>],
    /// The row of code-blocks after the current one.
    next: u32,
    has_data: bool,
    /// The first row, and the coefficients.
    first: u32,
    values: Vec<T>,
}

impl<'a, T: Coefficient> Window<'a, T> {
    pub(crate) fn new(area: Rect, blocks: Grid, units: &'a [Option<u32>]) -> Self {
        Self { area, blocks, units, next: 0, has_data: false, first: 0, values: Vec::new() }
    }

    /// Copies row `row` of the subband to `out`. Rows are requested in order.
    pub(crate) fn row(&mut self, row: usize, out: &mut [T], consumer: &mut Consumer<'_>) -> Result<()> {
        if out.is_empty() {
            return Ok(());
        }
        let y = self.area.y0 + row as u32;
        if self.next <= self.blocks.row_of(y) {
            self.advance(y, consumer)?;
        }
        if self.has_data {
            let start = (y - self.first) as usize * out.len();
            out.copy_from_slice(&self.values[start..][..out.len()]);
        } else {
            out.fill(T::default());
        }
        Ok(())
    }

    /// Moves to the row of code-blocks that contains row `y` of coefficients.
    fn advance(&mut self, y: u32, consumer: &mut Consumer<'_>) -> Result<()> {
        let row = self.blocks.row_of(y);
        self.first = y;
        self.next = row + 1;
        let unit = self.units[row as usize];
        self.has_data = unit.is_some();
        if let Some(unit) = unit {
            let used = T::into_values(std::mem::take(&mut self.values));
            self.values = T::from_values(consumer.take(unit, used)?);
        }
        Ok(())
    }

    /// The memory, for reuse.
    pub(crate) fn into_values(self) -> Values {
        T::into_values(self.values)
    }
}

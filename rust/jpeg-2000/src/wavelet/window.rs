//! The rows of a subband that are in memory: those of a row of code-blocks.

use std::sync::Arc;

use crate::error::Result;
use crate::geometry::{Grid, Rect};
use crate::supply::{Consumer, Supply};
use crate::values::Values;
use crate::wavelet::Coefficient;

/// The current row of code-blocks of a subband.
#[derive(Debug)]
pub(crate) struct Window<'a> {
    area: Rect,
    blocks: Grid,
    /// By row of code-blocks, the unit of the supply; none without data.
    units: &'a [Option<u32>],
    /// The row of code-blocks after the current one.
    next: u32,
    /// The first row of the current row of code-blocks.
    first: u32,
    /// Its coefficients; none without data.
    values: Option<Arc<Values>>,
}

impl<'a> Window<'a> {
    pub(crate) fn new(area: Rect, blocks: Grid, units: &'a [Option<u32>]) -> Self {
        Self { area, blocks, units, next: 0, first: 0, values: None }
    }

    /// Row `row` of the subband, or as many of `zeros` if it has no data. Rows are requested in order; the first one may be any.
    pub(crate) fn row<'r, T: Coefficient>(
        &'r mut self,
        row: usize,
        zeros: &'r [T],
        consumer: &mut Consumer<'_>,
    ) -> Result<&'r [T]> {
        let width = self.area.width();
        if width == 0 {
            return Ok(&[]);
        }
        let y = self.area.y0 + row as u32;
        if self.next <= self.blocks.row_of(y) {
            self.advance(y, consumer)?;
        }
        Ok(match &self.values {
            Some(values) => &T::of_values(values)[(y - self.first) as usize * width..][..width],
            None => &zeros[..width],
        })
    }

    /// Moves to the row of code-blocks that contains row `y` of coefficients.
    fn advance(&mut self, y: u32, consumer: &mut Consumer<'_>) -> Result<()> {
        let row = self.blocks.row_of(y);
        self.first = self.blocks.cell(0, row).y0;
        self.next = row + 1;
        consumer.supply.free(self.values.take());
        if let Some(unit) = self.units[row as usize] {
            self.values = Some(consumer.take(unit)?);
        }
        Ok(())
    }

    /// Returns the memory to the supply.
    pub(crate) fn free(self, supply: &Supply<'_>) {
        supply.free(self.values);
    }
}

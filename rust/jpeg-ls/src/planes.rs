//! The rows of components that are in memory: those of the current band, and the one above it.

use crate::error::Result;
use crate::line::Line;
use dicomet_codec::{Budget, PlaneRows};

/// Rows of one component. Each has one more sample on each side.
#[derive(Debug, Default)]
pub(crate) struct Plane<S> {
    samples: Vec<S>,
    /// Samples of a row, without those on its sides.
    width: usize,
}

impl<S: Copy + Default> Plane<S> {
    /// A plane of `rows` rows, and the row above them, whose samples are zero. It reuses the memory of `samples`.
    pub(crate) fn new(mut samples: Vec<S>, width: usize, rows: usize, budget: &mut Budget) -> Result<Self> {
        samples.clear();
        budget.grow(&mut samples, (width + 2).saturating_mul(rows + 1))?;
        Ok(Self { samples, width })
    }

    /// The memory, for reuse.
    pub(crate) fn into_memory(self) -> Vec<S> {
        self.samples
    }

    /// Row `row` of the band.
    pub(crate) fn line(&mut self, row: usize) -> Line<'_, S> {
        let stride = self.width + 2;
        let (before, after) = self.samples.split_at_mut((row + 1) * stride);
        Line { above: &before[row * stride..], samples: &mut after[..stride] }
    }

    /// The rows of the band.
    pub(crate) fn rows(&self) -> PlaneRows<'_, S> {
        let stride = self.width + 2;
        PlaneRows { samples: &self.samples[stride + 1..], stride }
    }

    /// The samples of row `row` of the band.
    pub(crate) fn row(&self, row: usize) -> &[S] {
        &self.samples[(row + 1) * (self.width + 2) + 1..][..self.width]
    }

    /// The same, to write them.
    pub(crate) fn row_mut(&mut self, row: usize) -> &mut [S] {
        &mut self.samples[(row + 1) * (self.width + 2) + 1..][..self.width]
    }

    /// Makes row `row` the one above the next band.
    pub(crate) fn advance(&mut self, row: usize) {
        let stride = self.width + 2;
        self.samples.copy_within((row + 1) * stride..(row + 2) * stride, 0);
    }
}

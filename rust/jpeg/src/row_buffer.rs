//! The rows of a component that are in memory: those of the current band, and the last ones before it.

use crate::error::Result;
use dicomet_codec::{Budget, PlaneRows};

/// Rows of one component.
#[derive(Debug, Default)]
pub(crate) struct RowBuffer<S> {
    samples: Vec<S>,
    /// Samples from a row to the next.
    stride: usize,
    /// Number of the first row in the buffer.
    first: usize,
}

impl<S: Copy + Default> RowBuffer<S> {
    /// A buffer of `rows` rows starting at row `first`. It reuses the memory of `samples`.
    pub(crate) fn new(
        mut samples: Vec<S>,
        stride: usize,
        rows: usize,
        first: usize,
        budget: &mut Budget,
    ) -> Result<Self> {
        samples.clear();
        budget.grow(&mut samples, stride.saturating_mul(rows))?;
        Ok(Self { samples, stride, first })
    }

    /// The memory, for reuse.
    pub(crate) fn into_memory(self) -> Vec<S> {
        self.samples
    }

    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// The rows starting at `row`.
    pub(crate) fn rows_from(&self, row: usize) -> PlaneRows<'_, S> {
        PlaneRows { samples: &self.samples[self.place(row)..], stride: self.stride }
    }

    /// The place of a row's first sample in [`Self::samples_mut`].
    pub(crate) fn place(&self, row: usize) -> usize {
        (row - self.first) * self.stride
    }

    pub(crate) fn samples_mut(&mut self) -> &mut [S] {
        &mut self.samples
    }

    pub(crate) fn row(&self, row: usize) -> &[S] {
        &self.samples[self.place(row)..][..self.stride]
    }

    /// The row before, which is empty at the first row of the buffer, and this row.
    pub(crate) fn with_row_above(&mut self, row: usize) -> (&[S], &mut [S]) {
        let place = self.place(row);
        let (before, after) = self.samples.split_at_mut(place);
        (&before[place.saturating_sub(self.stride)..], &mut after[..self.stride])
    }

    /// Moves rows up so that `first` is the first one. `end` is the row after the last one to preserve.
    pub(crate) fn advance(&mut self, first: usize, end: usize) {
        if first > self.first {
            let (from, to) = (self.place(first), self.place(end.max(first)));
            self.samples.copy_within(from..to, 0);
            self.first = first;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_move_up() {
        let mut buffer = RowBuffer::<u8>::new(vec![9; 3], 2, 3, 0, &mut Budget::new(None)).unwrap();
        assert_eq!(buffer.rows_from(0).samples, [0; 6]);
        buffer.samples_mut().copy_from_slice(&[1, 2, 3, 4, 5, 6]);
        assert_eq!(buffer.with_row_above(1), (&[1, 2][..], &mut [3, 4][..]));
        assert!(buffer.with_row_above(0).0.is_empty());
        buffer.advance(2, 3);
        assert_eq!((buffer.row(2), buffer.place(3)), (&[5, 6][..], 2));
    }
}

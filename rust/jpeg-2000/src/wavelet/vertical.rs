//! F.3.4: synthesis of columns (`VER_SR`), row by row, with only the rows in memory that later ones need.

use crate::wavelet::{Coefficient, neighbors_of_high, neighbors_of_low};

/// Rows of each kind that are in memory; at most three of them are in use.
const RING: usize = 4;
/// The most lifting steps.
const MAX_STEPS: usize = 4;

/// The rows of a level between their horizontal synthesis and their last lifting step.
#[derive(Debug)]
pub(crate) struct RowRing<T> {
    /// Numbers of low-pass and high-pass rows.
    counts: [usize; 2],
    first_is_high: bool,
    /// Low-pass and high-pass rows, by their index modulo [`RING`].
    rows: [[Vec<T>; RING]; 2],
    /// The number of rows that are loaded, of each kind.
    loaded: [usize; 2],
    /// For each step, from 1, the number of rows that it has changed.
    done: [usize; MAX_STEPS + 1],
}

/// A row of the level that is to be synthesized horizontally: its kind, and its index among the rows of that kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowId {
    pub(crate) is_high: bool,
    pub(crate) index: usize,
}

impl<T: Coefficient> RowRing<T> {
    pub(crate) fn new(width: usize, low: usize, high: usize, first_is_high: bool) -> Self {
        let rows = || std::array::from_fn(|_| vec![T::default(); width]);
        let (counts, rows) = ([low, high], [rows(), rows()]);
        Self { counts, first_is_high, rows, loaded: [0; 2], done: [0; MAX_STEPS + 1] }
    }

    /// The kind and index of row `row` of the level.
    fn id(&self, row: usize) -> RowId {
        RowId { is_high: (row % 2 == 1) != self.first_is_high, index: row / 2 }
    }

    /// Returns row `row`. Rows are requested in order; `load` fills a row with the result of horizontal synthesis.
    pub(crate) fn row<E>(
        &mut self,
        row: usize,
        load: &mut impl FnMut(RowId, &mut [T]) -> Result<(), E>,
    ) -> Result<&[T], E> {
        let RowId { is_high, index } = self.id(row);
        let [low, high] = self.counts;
        if low + high == 1 {
            self.load(is_high, 1, load)?;
            if is_high {
                for value in &mut self.rows[1][0] {
                    *value = value.halve();
                }
            }
        } else if is_high {
            self.advance(T::STEPS, index + 1, load)?;
        } else {
            self.advance(T::STEPS - 1, index + 1, load)?;
        }
        Ok(&self.rows[usize::from(is_high)][index % RING])
    }

    fn load<E>(
        &mut self,
        is_high: bool,
        end: usize,
        load: &mut impl FnMut(RowId, &mut [T]) -> Result<(), E>,
    ) -> Result<(), E> {
        let kind = usize::from(is_high);
        while self.loaded[kind] < end {
            let index = self.loaded[kind];
            load(RowId { is_high, index }, &mut self.rows[kind][index % RING])?;
            self.loaded[kind] += 1;
        }
        Ok(())
    }

    /// Performs `step` on the rows before `end`, and all steps before that it needs.
    fn advance<E>(
        &mut self,
        step: usize,
        end: usize,
        load: &mut impl FnMut(RowId, &mut [T]) -> Result<(), E>,
    ) -> Result<(), E> {
        let is_high = step.is_multiple_of(2);
        while self.done[step] < end {
            let index = self.done[step];
            let (before, after) = if is_high {
                neighbors_of_high(index, self.first_is_high, self.counts[0])
            } else {
                neighbors_of_low(index, self.first_is_high, self.counts[1])
            };
            // The row itself, then its neighbors, as they are after the steps before.
            match step {
                1 | 2 => self.load(is_high, index + 1, load)?,
                _ => self.advance(step - 2, index + 1, load)?,
            }
            match step {
                1 => self.load(true, after + 1, load)?,
                _ => self.advance(step - 1, after + 1, load)?,
            }
            let [low, high] = &mut self.rows;
            let (own, other) = if is_high { (high, &*low) } else { (low, &*high) };
            T::lift(step, &mut own[index % RING], &other[before % RING], &other[after % RING]);
            self.done[step] += 1;
        }
        Ok(())
    }
}

//! F.3.4: synthesis of columns (`VER_SR`), row by row, with only the rows in memory that later ones need.

use crate::wavelet::Coefficient;
use crate::wavelet::rows::{LevelRows, MAX_STEPS, RowId};

/// Rows of each kind that are in memory; at most three of them are in use.
const RING: usize = 4;

/// The rows of a level between their horizontal synthesis and their last lifting step.
#[derive(Debug)]
pub(crate) struct RowRing<T> {
    level: LevelRows,
    /// Low-pass and high-pass rows, by their index modulo [`RING`].
    rows: [[Vec<T>; RING]; 2],
    /// The end of the rows that are loaded, of each kind.
    loaded: [usize; 2],
    /// For each step, from 1, the end of the rows that it has changed.
    done: [usize; MAX_STEPS + 1],
}

impl<T: Coefficient> RowRing<T> {
    /// For the rows of a level, starting with row `first`, which have `width` samples.
    pub(crate) fn new(width: usize, level: LevelRows, first: usize) -> Self {
        let rows = || std::array::from_fn(|_| vec![T::default(); width]);
        let needed = level.needed(T::STEPS, first..level.count());
        let loaded = [needed.loaded[0].start, needed.loaded[1].start];
        let done = std::array::from_fn(|step| needed.changed[step].start);
        Self { level, rows: [rows(), rows()], loaded, done }
    }

    /// Returns row `row`. Rows are requested in order, from the first; `load` fills a row with the result of horizontal synthesis.
    pub(crate) fn row<E>(
        &mut self,
        row: usize,
        load: &mut impl FnMut(RowId, &mut [T]) -> Result<(), E>,
    ) -> Result<&[T], E> {
        let RowId { is_high, index } = self.level.id(row);
        if self.level.count() == 1 {
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
            let (before, after) = self.level.neighbors(RowId { is_high, index });
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

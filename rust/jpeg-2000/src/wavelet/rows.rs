//! The rows of a level of synthesis: of which kind they are, and which of them a part of the level needs.

use std::ops::Range;

/// The most lifting steps.
pub(crate) const MAX_STEPS: usize = 4;

/// A row of the level that is to be synthesized horizontally: its kind, and its index among the rows of that kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowId {
    pub(crate) is_high: bool,
    pub(crate) index: usize,
}

/// The rows of a level, which alternate between low-pass and high-pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LevelRows {
    /// Numbers of low-pass and high-pass rows.
    counts: [usize; 2],
    first_is_high: bool,
}

/// The rows that a part of a level needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Needed {
    /// Low-pass and high-pass rows that are synthesized horizontally.
    pub(crate) loaded: [Range<usize>; 2],
    /// For each step, from 1, the rows that it changes.
    pub(crate) changed: [Range<usize>; MAX_STEPS + 1],
}

impl LevelRows {
    /// The rows from `y0` to `y1` of a resolution.
    pub(crate) fn new(y0: u32, y1: u32) -> Self {
        let low = (y1.div_ceil(2) - y0.div_ceil(2)) as usize;
        Self { counts: [low, (y1 - y0) as usize - low], first_is_high: y0 % 2 == 1 }
    }

    /// The number of rows.
    pub(crate) fn count(&self) -> usize {
        self.counts[0] + self.counts[1]
    }

    /// The kind and index of row `row` of the level.
    pub(crate) fn id(&self, row: usize) -> RowId {
        RowId { is_high: (row % 2 == 1) != self.first_is_high, index: row / 2 }
    }

    /// The indices of the rows of the other kind before and after a row. At the ends, symmetric extension repeats the only
    /// neighbor (F.3.7).
    pub(crate) fn neighbors(&self, RowId { is_high, index }: RowId) -> (usize, usize) {
        let last = self.counts[usize::from(!is_high)] - 1;
        // As many of the other kind precede, and one more if the level begins with that kind.
        let after = index + usize::from(is_high != self.first_is_high);
        (after.saturating_sub(1).min(last), after.min(last))
    }

    /// What synthesis of `rows` with this number of lifting steps needs.
    pub(crate) fn needed(&self, steps: usize, rows: Range<usize>) -> Needed {
        let mut needed = Needed::default();
        let [low, high] = [false, true].map(|is_high| self.before(rows.start, is_high)..self.before(rows.end, is_high));
        if self.count() < 2 {
            needed.loaded = [low, high];
            return needed;
        }
        needed.changed[steps] = high;
        needed.changed[steps - 1] = low;
        for step in (1..=steps).rev() {
            let (own, is_high) = (needed.changed[step].clone(), step.is_multiple_of(2));
            if own.is_empty() {
                continue;
            }
            let (before, _) = self.neighbors(RowId { is_high, index: own.start });
            let (_, after) = self.neighbors(RowId { is_high, index: own.end - 1 });
            extend(needed.of_kind_after(step.checked_sub(2), is_high), own);
            extend(needed.of_kind_after(Some(step - 1), !is_high), before..after + 1);
        }
        needed
    }

    /// The number of rows of a kind before row `row` of the level.
    fn before(&self, row: usize, is_high: bool) -> usize {
        if is_high == self.first_is_high { row.div_ceil(2) } else { row / 2 }
    }
}

impl Needed {
    /// The rows of a kind that `step` changes, or that are loaded if no step precedes.
    fn of_kind_after(&mut self, step: Option<usize>, is_high: bool) -> &mut Range<usize> {
        match step {
            None | Some(0) => &mut self.loaded[usize::from(is_high)],
            Some(step) => &mut self.changed[step],
        }
    }
}

/// Extends `range` to include `other`.
fn extend(range: &mut Range<usize>, other: Range<usize>) {
    let is_empty = range.start == range.end;
    *range = if is_empty { other } else { range.start.min(other.start)..range.end.max(other.end) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// The places that a place needs after `steps` lifting steps, with symmetric extension of the places.
    fn oracle(area: &Range<usize>, place: usize, steps: usize, found: &mut BTreeSet<usize>) {
        if steps == 0 || area.len() == 1 {
            found.insert(place);
            return;
        }
        oracle(area, place, steps - 1, found);
        // Step 1 changes even places, step 2 odd ones.
        if place.is_multiple_of(2) != steps.is_multiple_of(2) {
            let before = if place == area.start { place + 1 } else { place - 1 };
            let after = if place + 1 == area.end { place - 1 } else { place + 1 };
            oracle(area, before, steps - 1, found);
            oracle(area, after, steps - 1, found);
        }
    }

    proptest! {
        #[test]
        fn needed_rows_are_those_of_lifting(y0 in 0u32..40, height in 1u32..40, start in 0usize..40, count in 0usize..10) {
            let level = LevelRows::new(y0, y0 + height);
            let (first, end) = (y0 as usize, (start + count).min(level.count()));
            for steps in [2, 4] {
                let mut found = BTreeSet::new();
                for row in start..end {
                    oracle(&(first..first + level.count()), first + row, steps, &mut found);
                }
                let needed = level.needed(steps, start.min(end)..end).loaded;
                let is_needed = |row: &usize| {
                    let RowId { is_high, index } = level.id(*row);
                    needed[usize::from(is_high)].contains(&index)
                };
                let places = (0..level.count()).filter(is_needed).map(|row| first + row);
                prop_assert_eq!(places.collect::<BTreeSet<_>>(), found);
            }
        }
    }
}

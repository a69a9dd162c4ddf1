//! F.3.3: synthesis of a row (`HOR_SR`).

use crate::wavelet::Coefficient;

/// Memory for the low-pass and high-pass samples of a row, each with a place before and after them for the extension.
#[derive(Debug, Default)]
pub(crate) struct RowHalves<T> {
    low: Vec<T>,
    high: Vec<T>,
}

impl<T: Coefficient> RowHalves<T> {
    /// For at most this many samples of each kind.
    pub(crate) fn new(low: usize, high: usize) -> Self {
        Self { low: vec![T::default(); low + 2], high: vec![T::default(); high + 2] }
    }

    /// The samples of a row with `low` low-pass and `high` high-pass samples, to be set.
    pub(crate) fn parts(&mut self, low: usize, high: usize) -> (&mut [T], &mut [T]) {
        (&mut self.low[1..=low], &mut self.high[1..=high])
    }

    /// Synthesizes a row of `low` + `high` samples, whose first one is high-pass if `first_is_high`.
    pub(crate) fn synthesize(&mut self, low: usize, high: usize, first_is_high: bool, out: &mut [T]) {
        if low + high <= 1 {
            if let Some(sample) = out.first_mut() {
                *sample = if first_is_high { self.high[1].halve() } else { self.low[1] };
            }
            return;
        }
        let shift = usize::from(first_is_high);
        for step in 1..=T::STEPS {
            if step % 2 == 1 {
                extend(&mut self.high, high);
                let (before, after) = (&self.high[shift..], &self.high[1 + shift..]);
                T::lift(step, &mut self.low[1..=low], before, after);
            } else {
                extend(&mut self.low, low);
                let (before, after) = (&self.low[1 - shift..], &self.low[2 - shift..]);
                T::lift(step, &mut self.high[1..=high], before, after);
            }
        }
        let (low, high) = (&self.low[1..=low], &self.high[1..=high]);
        if first_is_high {
            T::interleave(high, low, out);
        } else {
            T::interleave(low, high, out);
        }
    }
}

/// Symmetric extension (F.3.7) by one sample of the same kind: it repeats the first and the last.
fn extend<T: Copy>(samples: &mut [T], count: usize) {
    samples[0] = samples[1];
    samples[count + 1] = samples[count];
}

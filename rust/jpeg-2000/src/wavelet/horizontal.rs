//! F.3.3: synthesis of a row (`HOR_SR`).

use crate::wavelet::Coefficient;

/// Memory for the low-pass and high-pass samples of a row between lifting steps, each with a place before and after them for
/// the extension.
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

    /// Synthesizes a row of the samples `low` and `high`, whose first one is high-pass if `first_is_high`.
    pub(crate) fn synthesize(&mut self, low: &[T], high: &[T], first_is_high: bool, out: &mut [T]) {
        match (low, high) {
            ([], [sample]) => out[0] = sample.halve(),
            ([sample], []) => out[0] = *sample,
            ([], _) | (_, []) => {}
            _ => self.lift(low, high, usize::from(first_is_high), out),
        }
    }

    /// All lifting steps, of at least one sample of each kind. `shift` is 1 if the first sample is high-pass.
    fn lift(&mut self, low: &[T], high: &[T], shift: usize, out: &mut [T]) {
        lift_ends(1, low, high, shift, &mut self.low[1..=low.len()]);
        extend(&mut self.low, low.len());
        if T::STEPS == 2 {
            return self.last_step(low.len(), high, shift, out);
        }
        let (before, after) = (&self.low[1 - shift..], &self.low[2 - shift..]);
        T::lift_to(2, high, before, after, &mut self.high[1..=high.len()]);
        extend(&mut self.high, high.len());
        T::lift(3, &mut self.low[1..=low.len()], &self.high[shift..], &self.high[1 + shift..]);
        extend(&mut self.low, low.len());
        let lifted = std::mem::take(&mut self.high);
        self.last_step(low.len(), &lifted[1..=high.len()], shift, out);
        self.high = lifted;
    }

    /// The last step, from the `low` samples in memory, and from `high` ones.
    fn last_step(&self, low: usize, high: &[T], shift: usize, out: &mut [T]) {
        let (pairs, rest) = out.as_chunks_mut();
        T::lift_pairs(shift == 1, &self.low[1 - shift..], high, pairs);
        if let [last] = rest {
            *last = match (shift, high.last()) {
                // Both neighbors are the last low-pass sample.
                (1, Some(high)) => high.lifted(T::STEPS, self.low[low], self.low[low]),
                _ => self.low[low],
            };
        }
    }
}

/// A step on low-pass samples with the high-pass ones as they are in a subband, without places for the extension.
fn lift_ends<T: Coefficient>(step: usize, low: &[T], high: &[T], shift: usize, out: &mut [T]) {
    // Those whose neighbors both exist.
    let (start, end) = (1 - shift, low.len().min(high.len() - shift));
    if start < end {
        let (before, after) = (&high[start + shift - 1..], &high[start + shift..]);
        T::lift_to(step, &low[start..end], before, after, &mut out[start..end]);
    }
    for index in (0..start).chain(end.max(start)..low.len()) {
        // Symmetric extension (F.3.7) repeats the only neighbor.
        let neighbor = if index < start { high[0] } else { high[high.len() - 1] };
        out[index] = low[index].lifted(step, neighbor, neighbor);
    }
}

/// Symmetric extension (F.3.7) by one sample of the same kind: it repeats the first and the last.
fn extend<T: Copy>(samples: &mut [T], count: usize) {
    samples[0] = samples[1];
    samples[count + 1] = samples[count];
}

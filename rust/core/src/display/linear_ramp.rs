//! Linear ramps: a table that is linear between two ends, as for windows, is computed again for each sample, which is
//! faster than a lookup.
//!
//! Integers replace float64. Every possible value is tried to verify that the results are equal.

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::manual_clamp,
    reason = "every 16-bit number is tried; `clamp`, which can panic, would prevent vectorization"
)]

/// Fraction bits of the ramp: results between its ends, 0 to 255, fit into 32 bits.
const SHIFT: u32 = 22;
/// Larger than the fixed-point error over 4096 inputs, smaller than the step between two outputs of a typical window.
const NUDGE: f64 = 1e-3;

/// A ramp from native 16-bit words to bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct LinearRamp {
    /// The sign bit of signed words: flipping it maps them to unsigned words in the same order.
    sign: u16,
    first: i32,
    last: i32,
    factor: i32,
    start: i32,
}

impl LinearRamp {
    /// Returns the ramp that reproduces `table` for the stored values starting at `low`, whose unrounded results are
    /// `exact`; None if there is no such ramp.
    pub(super) fn of(table: &[u8], signed: bool, low: i32, exact: &[f64]) -> Option<Self> {
        // The results between the two ends; the step to an end may have any size.
        let (least, most) = exact.iter().fold((f64::MAX, f64::MIN), |(low, high), y| (low.min(*y), high.max(*y)));
        let inside = |y: &f64| least < *y && *y < most;
        let (from, to) = (exact.iter().position(inside)?, exact.iter().rposition(inside)?);
        let slope = if to > from { (exact[to] - exact[from]) / (to - from) as f64 } else { 0.0 };
        let first = low.checked_add(i32::try_from(from).ok()?)?.checked_sub(1)?;
        let last = low.checked_add(i32::try_from(to).ok()?)?.checked_add(1)?;
        let start = exact[from] - slope + 0.5;
        let one = f64::from(1_u32 << SHIFT);
        let (sign, above) = if signed { (0x8000, 0x8000) } else { (0, 0) };
        let (first, last) = (first + above, last + above);
        let factor = (slope * one).round() as i32;
        // Results halfway between two integers may need a nudge up or down.
        [0.0, NUDGE, -NUDGE].iter().find_map(|nudge| {
            let ramp = Self { sign, first, last, factor, start: ((start + nudge) * one).round() as i32 };
            ramp.reproduces(table, low, exact.len()).then_some(ramp)
        })
    }

    /// Tries every value.
    fn reproduces(&self, table: &[u8], low: i32, count: usize) -> bool {
        let mut words = [0; 512];
        let mut out = [0; 256];
        let mut values = (low..).take(count).map(|value| (value as u16).to_ne_bytes());
        loop {
            let filled =
                words.as_chunks_mut::<2>().0.iter_mut().zip(&mut values).map(|(word, value)| *word = value).count();
            if filled == 0 {
                return true;
            }
            self.apply(&words[..2 * filled], &mut out[..filled]);
            let mut pairs = words.as_chunks::<2>().0.iter().zip(&out[..filled]);
            if pairs.any(|(word, byte)| table.get(usize::from(u16::from_ne_bytes(*word))) != Some(byte)) {
                return false;
            }
        }
    }

    /// Writes the results for `words` to `out`, until either ends.
    pub(super) fn apply(&self, words: &[u8], out: &mut [u8]) {
        apply_ramp(words, out, *self);
    }
}

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
fn apply_ramp(words: &[u8], out: &mut [u8], ramp: LinearRamp) {
    let LinearRamp { sign, first, last, factor, start } = ramp;
    for (out, word) in out.iter_mut().zip(words.as_chunks::<2>().0) {
        let x = i32::from(u16::from_ne_bytes(*word) ^ sign).max(first).min(last).wrapping_sub(first);
        // Trying every value has excluded overflows.
        let y = x.wrapping_mul(factor).wrapping_add(start) >> SHIFT;
        *out = y.max(0).min(255) as u8;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "exact")]

    use super::*;

    /// Whether the function has a ramp; if so, checks that it reproduces the table's result for every value from `low`.
    fn of(low: i32, count: usize, signed: bool, result: impl Fn(f64) -> f64) -> bool {
        let exact: Vec<f64> = (low..).take(count).map(|x| result(f64::from(x)).clamp(0.0, 255.0)).collect();
        let mut table = vec![0; 1 << 16];
        for (x, y) in (low..).zip(&exact) {
            table[usize::from(x as u16)] = (y + 0.5).floor() as u8;
        }
        let Some(ramp) = LinearRamp::of(&table, signed, low, &exact) else { return false };
        let words: Vec<_> = (low..).take(count).map(|x| (x as u16).to_ne_bytes()).collect();
        let mut out = vec![0; count];
        ramp.apply(words.as_flattened(), &mut out);
        assert!((low..).zip(&out).all(|(x, byte)| table[usize::from(x as u16)] == *byte));
        true
    }

    #[test]
    fn windows_are_ramps() {
        for width in [2.0, 3.0, 50.0, 399.0, 400.0, 1499.0, 4095.0] {
            for (low, count, signed, center) in
                [(0, 4096, false, 1064.3), (-2048, 4096, true, 40.1), (-2048, 4096, true, 40.0)]
            {
                let found = of(low, count, signed, |x| ((x - center) / width + 0.5) * 255.0);
                let inverse = of(low, count, signed, |x| 255.0 - ((x - center) / width + 0.5) * 255.0);
                // Float64 rounds halfway values sometimes up and sometimes down, which no ramp reproduces.
                assert!(found && inverse || center == 40.0, "{width} {low}");
            }
        }
        assert!(of(-32768, 1 << 16, true, |x| (x + 500.0) / 1000.0 * 255.0));
    }

    #[test]
    fn other_functions_have_no_ramp() {
        assert!(!of(0, 4096, false, |x| x * x / 4096.0));
        assert!(!of(0, 4096, false, |_| 7.0));
        assert!(!of(0, 4096, false, |x| if x < 9.0 { 0.0 } else { 255.0 }));
    }
}

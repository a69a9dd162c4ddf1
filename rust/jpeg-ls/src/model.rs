//! A.2.1 and A.6: the statistics of contexts, and how they are updated.

use crate::gradients::ROW;
use crate::presets::Parameters;

/// Contexts of the regular mode: for each of 41 merged gradients D1 and D2, nine gradients D3. Those with a sign are inverted,
/// so that no more than 365 are in use.
pub(crate) const CONTEXTS: usize = 41 * ROW;
/// Shift of a code with k = 0: see [`Model::shifts`].
pub(crate) const SHIFT: u32 = 59;
/// N up to which there are reciprocals.
const RECIPROCALS: usize = 256;

/// A context of the regular mode: A, B and N.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Regular {
    /// Sum of the sizes of errors, A.
    pub(crate) size: u32,
    /// Sum of errors for the prediction correction, B.
    pub(crate) bias: i32,
    /// Number of errors, N.
    pub(crate) count: u32,
}

/// A context of run interruption (A.7.2): A, N and Nn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Interruption {
    pub(crate) size: u32,
    pub(crate) count: u32,
    /// Number of negative errors, Nn.
    pub(crate) negative: u32,
}

impl Regular {
    /// A.6.1 and A.6.2: the statistics after an error of size `size`, and the step of C.
    /// `difference` is the error times 2 * NEAR + 1.
    #[inline(always)]
    pub(crate) fn updated<const NOISY: bool>(self, size: u32, difference: i32, reset: u32) -> (Self, i32) {
        let mut sums =
            Self { size: self.size.wrapping_add(size), bias: self.bias.wrapping_add(difference), count: self.count };
        if sums.count == reset {
            sums = sums.halved();
        }
        let count = sums.count.wrapping_add(1);
        let signed = count.cast_signed();
        // B stays between 1 - N and 0, where C follows it.
        if !NOISY && sums.bias.wrapping_add(sums.count.cast_signed()).cast_unsigned() < count {
            return (Self { size: sums.size, bias: sums.bias, count }, 0);
        }
        // -1 or 0 each:
        let above = sums.bias.wrapping_neg() >> 31;
        let below = sums.bias.wrapping_add(sums.count.cast_signed()) >> 31;
        let step = below.wrapping_sub(above);
        let bias = sums.bias.wrapping_sub(signed.wrapping_mul(step));
        let bias = bias.max(1i32.wrapping_sub(signed)).min(0);
        (Self { size: sums.size, bias, count }, step)
    }

    /// The statistics when N reaches RESET.
    #[cold]
    fn halved(self) -> Self {
        Self { size: self.size >> 1, bias: self.bias >> 1, count: self.count >> 1 }
    }
}

/// How noisy the previous line was, which selects a loop for the next one: B leaves its range with few errors, or with many.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Noise {
    /// Bits of the line.
    bits: usize,
    /// Its samples outside of runs.
    samples: usize,
}

impl Noise {
    #[inline(always)]
    pub(crate) fn update(&mut self, bits: usize, samples: usize) {
        *self = Self { bits, samples };
    }

    /// True if errors are large, which are less than ..
    pub(crate) fn is_high(self, parameters: &Parameters) -> bool {
        let step = (2 * parameters.near + 1).cast_unsigned().ilog2() as usize;
        let quarter_bits = 19usize.saturating_sub(4 * step);
        4 * self.bits > quarter_bits * self.samples
    }
}

/// The statistics of a scan. What the next sample waits for has arrays of its own.
#[derive(Debug)]
pub(crate) struct Model {
    /// 59 - k, with k as the next code of each context has it.
    pub(crate) shifts: [u8; CONTEXTS],
    /// The prediction correction C.
    pub(crate) corrections: [i8; CONTEXTS],
    pub(crate) regular: [Regular; CONTEXTS],
    pub(crate) interruption: [Interruption; 2],
    /// For each N, 2^31 / N, rounded down if it is no integer, else less one.
    reciprocals: [u32; RECIPROCALS],
}

impl Default for Model {
    fn default() -> Self {
        Self {
            shifts: [0; CONTEXTS],
            corrections: [0; CONTEXTS],
            regular: [Regular { size: 0, bias: 0, count: 1 }; CONTEXTS],
            interruption: [Interruption { size: 0, count: 1, negative: 0 }; 2],
            reciprocals: std::array::from_fn(|count| ((1 << 31) - 1) / count.max(1) as u32),
        }
    }
}

impl Model {
    /// A.2.1: the statistics at the start of a scan or restart interval.
    pub(crate) fn reset(&mut self, parameters: &Parameters) {
        let size = ((parameters.range + 32) / 64).max(2).cast_unsigned();
        self.shifts = [(SHIFT - golomb_parameter(size, 1)) as u8; CONTEXTS];
        self.corrections = [0; CONTEXTS];
        self.regular = [Regular { size, bias: 0, count: 1 }; CONTEXTS];
        self.interruption = [Interruption { size, count: 1, negative: 0 }; 2];
    }

    /// 59 - k, with the k of A.5.1: the least one with N * 2^k >= A.
    ///
    /// A / N is compared with powers of two: as a product that is a little less, but not so much that a quotient above 2^k
    /// is not. For that A * N must not exceed 2^31, which it never does with N up to 255.
    #[inline(always)]
    pub(crate) fn shift(&self, size: u32, count: u32) -> u8 {
        let Some(reciprocal) = self.reciprocals.get(count as usize) else { return long_shift(size, count) };
        let quotient = u64::from(size).wrapping_mul(u64::from(*reciprocal)) | ((1 << 31) - 1);
        (quotient.leading_zeros() + (SHIFT - 33)) as u8
    }
}

/// [`Model::shift`] for large N, with a RESET that is not the default.
#[cold]
fn long_shift(size: u32, count: u32) -> u8 {
    SHIFT.wrapping_sub(golomb_parameter(size, count)) as u8
}

/// A.5.1: the least k with N * 2^k >= A. N is not 0.
#[inline(always)]
pub(crate) fn golomb_parameter(size: u32, count: u32) -> u32 {
    let lower = count.leading_zeros().wrapping_sub((size | count).leading_zeros());
    lower.wrapping_add(u32::from(count << (lower & 31) < size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_are_those_of_a_division() {
        let model = Model::default();
        let check = |size: u32, count: u32| {
            let k = (0..40).find(|k| u64::from(count) << k >= u64::from(size)).unwrap_or(0);
            assert_eq!(golomb_parameter(size, count), k, "{size} / {count}");
            assert_eq!(u32::from(model.shift(size, count)), SHIFT - k, "{size} / {count}");
        };
        for count in (1..300).chain([65535]) {
            for k in 0..16 {
                for size in [(count << k) - 1, count << k, (count << k) + 1, ((3 * count) << k) >> 1] {
                    check(size, count);
                }
            }
            for size in 0..200 {
                check(size, count);
            }
        }
    }
}

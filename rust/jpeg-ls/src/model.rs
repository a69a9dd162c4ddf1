//! A.2.1 and A.6: the statistics of contexts, and how they are updated.

use crate::gradients::ROW;
use crate::presets::Parameters;

/// Contexts of the regular mode: for each of 41 merged gradients D1 and D2, nine gradients D3. Those with a sign are inverted,
/// so that no more than 365 are in use.
pub(crate) const CONTEXTS: usize = 41 * ROW;
/// Shift of a code with k = 0: see [`Model::shifts`].
pub(crate) const SHIFT: u32 = 59;

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

/// The statistics of a scan. What the next sample waits for has arrays of its own.
#[derive(Debug)]
pub(crate) struct Model {
    /// 59 - k, with k as the next code of each context has it.
    pub(crate) shifts: [u8; CONTEXTS],
    /// The prediction correction C.
    pub(crate) corrections: [i8; CONTEXTS],
    /// -1 where errors are mapped in the inverse order (A.5.2), else 0.
    pub(crate) inverted: [i8; CONTEXTS],
    pub(crate) regular: [Regular; CONTEXTS],
    pub(crate) interruption: [Interruption; 2],
}

impl Default for Model {
    fn default() -> Self {
        Self {
            shifts: [0; CONTEXTS],
            corrections: [0; CONTEXTS],
            inverted: [0; CONTEXTS],
            regular: [Regular { size: 0, bias: 0, count: 1 }; CONTEXTS],
            interruption: [Interruption { size: 0, count: 1, negative: 0 }; 2],
        }
    }
}

impl Model {
    /// A.2.1: the statistics at the start of a scan or restart interval.
    pub(crate) fn reset(&mut self, parameters: &Parameters) {
        let size = ((parameters.range + 32) / 64).max(2).cast_unsigned();
        self.shifts = [shift(size, 1); CONTEXTS];
        self.corrections = [0; CONTEXTS];
        self.inverted = [0; CONTEXTS];
        self.regular = [Regular { size, bias: 0, count: 1 }; CONTEXTS];
        self.interruption = [Interruption { size, count: 1, negative: 0 }; 2];
    }
}

/// 59 - k, with the k of A.5.1: the least one with N * 2^k >= A.
#[inline(always)]
pub(crate) fn shift(size: u32, count: u32) -> u8 {
    (SHIFT - golomb_parameter(size, count)) as u8
}

/// A.5.1: the least k with N * 2^k >= A. N is not 0.
#[inline(always)]
pub(crate) fn golomb_parameter(size: u32, count: u32) -> u32 {
    let lower = count.leading_zeros().wrapping_sub((size | count).leading_zeros());
    lower + u32::from(count << (lower & 31) < size)
}

//! Annex F: the inverse wavelet transformations, as lifting steps on rows.
//!
//! A step adds to the low-pass (even) or the high-pass (odd) samples a function of their two neighbors. Horizontally,
//! the neighbors are in the same row, which is divided into low-pass and high-pass samples; vertically, in other rows. So all
//! steps have the same form, and the compiler vectorizes them over columns.

pub(crate) mod horizontal;
pub(crate) mod synthesis;
pub(crate) mod vertical;
mod window;

use crate::values::Values;

/// The scaling K of the 9-7 transformation (Table F.4).
pub(crate) const K: f64 = 1.230_174_104_914_001;

const ALPHA: f64 = -1.586_134_342_059_924;
const BETA: f64 = -0.052_980_118_572_961;
const GAMMA: f64 = 0.882_911_075_530_934;
const DELTA: f64 = 0.443_506_852_043_971;

/// The factors of the 9-7 transformation's steps, in their order.
const FACTORS: [f64; 4] = [-DELTA, -GAMMA, -BETA, -ALPHA];

/// A coefficient or sample, whose type selects the transformation: 5-3 for integers, 9-7 for floating point.
pub(crate) trait Coefficient: Copy + Default + Send + Sync + 'static {
    /// Lifting steps: those with an odd number, from 1, change low-pass samples, the others high-pass samples.
    const STEPS: usize;

    /// Performs a step on `row`, whose neighbors are `before` and `after`.
    fn lift(step: usize, row: &mut [Self], before: &[Self], after: &[Self]);

    /// A signal of one high-pass sample (F.3.6). For 9-7, quantization includes the factor.
    fn halve(self) -> Self;

    /// The values, which must have this type; none otherwise.
    fn from_values(values: Values) -> Vec<Self>;

    fn into_values(values: Vec<Self>) -> Values;

    /// Alternates samples of `even` and `odd`, starting with `even`.
    fn interleave(even: &[Self], odd: &[Self], out: &mut [Self]);
}

/// A step of the reversible 5-3 transformation (F.3.8.2.1).
macro_rules! reversible {
    ($type:ty, $values:ident) => {
        impl Coefficient for $type {
            const STEPS: usize = 2;

            fn lift(step: usize, row: &mut [Self], before: &[Self], after: &[Self]) {
                #[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
                fn low(row: &mut [$type], before: &[$type], after: &[$type]) {
                    for ((value, a), b) in row.iter_mut().zip(before).zip(after) {
                        *value = value.wrapping_sub(a.wrapping_add(*b).wrapping_add(2) >> 2);
                    }
                }

                #[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
                fn high(row: &mut [$type], before: &[$type], after: &[$type]) {
                    for ((value, a), b) in row.iter_mut().zip(before).zip(after) {
                        *value = value.wrapping_add(a.wrapping_add(*b) >> 1);
                    }
                }

                if step == 1 { low(row, before, after) } else { high(row, before, after) }
            }

            fn halve(self) -> Self {
                // An encoder doubles the sample: an odd value is damaged. OpenJPEG rounds it towards 0, too.
                self / 2
            }

            fn from_values(values: Values) -> Vec<Self> {
                if let Values::$values(values) = values { values } else { Vec::new() }
            }

            fn into_values(values: Vec<Self>) -> Values {
                Values::$values(values)
            }

            fn interleave(even: &[Self], odd: &[Self], out: &mut [Self]) {
                #[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
                fn interleave(even: &[$type], odd: &[$type], out: &mut [$type]) {
                    for ((pair, even), odd) in out.as_chunks_mut().0.iter_mut().zip(even).zip(odd) {
                        *pair = [*even, *odd];
                    }
                }
                interleave(even, odd, out);
                if let (1, Some(last)) = (out.len() % 2, out.last_mut()) {
                    *last = even[even.len() - 1];
                }
            }
        }
    };
}

/// A step of the irreversible 9-7 transformation (F.3.8.2.2). Products and sums are not fused, so that results do not depend
/// on the processor.
macro_rules! irreversible {
    ($type:ty, $values:ident) => {
        impl Coefficient for $type {
            const STEPS: usize = 4;

            fn lift(step: usize, row: &mut [Self], before: &[Self], after: &[Self]) {
                #[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
                fn add(row: &mut [$type], before: &[$type], after: &[$type], factor: $type) {
                    for ((value, a), b) in row.iter_mut().zip(before).zip(after) {
                        *value += (*a + *b) * factor;
                    }
                }
                add(row, before, after, FACTORS[step - 1] as $type);
            }

            fn halve(self) -> Self {
                self
            }

            fn from_values(values: Values) -> Vec<Self> {
                if let Values::$values(values) = values { values } else { Vec::new() }
            }

            fn into_values(values: Vec<Self>) -> Values {
                Values::$values(values)
            }

            fn interleave(even: &[Self], odd: &[Self], out: &mut [Self]) {
                #[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
                fn interleave(even: &[$type], odd: &[$type], out: &mut [$type]) {
                    for ((pair, even), odd) in out.as_chunks_mut().0.iter_mut().zip(even).zip(odd) {
                        *pair = [*even, *odd];
                    }
                }
                interleave(even, odd, out);
                if let (1, Some(last)) = (out.len() % 2, out.last_mut()) {
                    *last = even[even.len() - 1];
                }
            }
        }
    };
}

reversible!(i32, I32);
reversible!(i64, I64);
irreversible!(f32, F32);
irreversible!(f64, F64);

/// The neighbors of a low-pass sample among `count` high-pass samples. `first_is_high` tells the parity of the signal's start.
/// At the ends, symmetric extension repeats the only neighbor.
pub(crate) fn neighbors_of_low(index: usize, first_is_high: bool, count: usize) -> (usize, usize) {
    let after = (index + usize::from(first_is_high)).min(count - 1);
    ((index + usize::from(first_is_high)).saturating_sub(1).min(count - 1), after)
}

/// The neighbors of a high-pass sample among `count` low-pass samples.
pub(crate) fn neighbors_of_high(index: usize, first_is_high: bool, count: usize) -> (usize, usize) {
    let shift = usize::from(first_is_high);
    (index.saturating_sub(shift).min(count - 1), (index + 1 - shift).min(count - 1))
}

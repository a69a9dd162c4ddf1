//! Annex F: the inverse wavelet transformations, as lifting steps on rows.
//!
//! A step adds to the low-pass (even) or the high-pass (odd) samples a function of their two neighbors. Horizontally,
//! the neighbors are in the same row, which is divided into low-pass and high-pass samples; vertically, in other rows. So all
//! steps have the same form, and the compiler vectorizes them over columns.

pub(crate) mod horizontal;
pub(crate) mod rows;
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

    /// A step: the new value of a sample with the neighbors `before` and `after`.
    fn lifted(self, step: usize, before: Self, after: Self) -> Self;

    /// Performs a step on `row`, whose neighbors are `before` and `after`.
    fn lift(step: usize, row: &mut [Self], before: &[Self], after: &[Self]);

    /// Writes the result of a step on `row` to `out`.
    fn lift_to(step: usize, row: &[Self], before: &[Self], after: &[Self], out: &mut [Self]);

    /// Performs the last step on `high`, whose neighbors are each sample of `low` and the next one. Writes pairs of samples,
    /// high-pass samples first if `high_first`: their neighbors are in the pair before, too.
    fn lift_pairs(high_first: bool, low: &[Self], high: &[Self], out: &mut [[Self; 2]]);

    /// A signal of one high-pass sample (F.3.6). For 9-7, quantization includes the factor.
    fn halve(self) -> Self;

    /// The values, which must have this type; none otherwise.
    fn of_values(values: &Values) -> &[Self];
}

/// The steps on rows, compiled for the instructions of the processor.
macro_rules! row_steps {
    ($type:ty) => {
        fn lift(step: usize, row: &mut [Self], before: &[Self], after: &[Self]) {
            #[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
            fn lift(step: usize, row: &mut [$type], before: &[$type], after: &[$type]) {
                for ((value, before), after) in row.iter_mut().zip(before).zip(after) {
                    *value = value.lifted(step, *before, *after);
                }
            }
            lift(step, row, before, after);
        }

        fn lift_to(step: usize, row: &[Self], before: &[Self], after: &[Self], out: &mut [Self]) {
            #[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
            fn lift(step: usize, row: &[$type], before: &[$type], after: &[$type], out: &mut [$type]) {
                for (((out, value), before), after) in out.iter_mut().zip(row).zip(before).zip(after) {
                    *out = value.lifted(step, *before, *after);
                }
            }
            lift(step, row, before, after, out);
        }

        fn lift_pairs(high_first: bool, low: &[Self], high: &[Self], out: &mut [[Self; 2]]) {
            #[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
            fn low_first(before: &[$type], after: &[$type], high: &[$type], out: &mut [[$type; 2]]) {
                for (((pair, before), after), high) in out.iter_mut().zip(before).zip(after).zip(high) {
                    *pair = [*before, high.lifted(<$type>::STEPS, *before, *after)];
                }
            }

            #[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
            fn high_first_pairs(before: &[$type], after: &[$type], high: &[$type], out: &mut [[$type; 2]]) {
                for (((pair, before), after), high) in out.iter_mut().zip(before).zip(after).zip(high) {
                    *pair = [high.lifted(<$type>::STEPS, *before, *after), *after];
                }
            }

            let after = low.get(1..).unwrap_or_default();
            if high_first { high_first_pairs(low, after, high, out) } else { low_first(low, after, high, out) }
        }
    };
}

/// A step of the reversible 5-3 transformation (F.3.8.2.1).
macro_rules! reversible {
    ($type:ty, $values:ident) => {
        impl Coefficient for $type {
            const STEPS: usize = 2;

            row_steps!($type);

            #[inline(always)]
            fn lifted(self, step: usize, before: Self, after: Self) -> Self {
                let sum = before.wrapping_add(after);
                if step == 1 { self.wrapping_sub(sum.wrapping_add(2) >> 2) } else { self.wrapping_add(sum >> 1) }
            }

            fn halve(self) -> Self {
                // An encoder doubles the sample: an odd value is damaged. OpenJPEG rounds it towards 0, too.
                self / 2
            }

            fn of_values(values: &Values) -> &[Self] {
                if let Values::$values(values) = values { values } else { &[] }
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

            row_steps!($type);

            #[inline(always)]
            fn lifted(self, step: usize, before: Self, after: Self) -> Self {
                self + (before + after) * FACTORS[step - 1] as $type
            }

            fn halve(self) -> Self {
                self
            }

            fn of_values(values: &Values) -> &[Self] {
                if let Values::$values(values) = values { values } else { &[] }
            }
        }
    };
}

reversible!(i32, I32);
reversible!(i64, I64);
irreversible!(f32, F32);
irreversible!(f64, F64);

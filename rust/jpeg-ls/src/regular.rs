//! A.4 to A.6 and F.1: samples of the regular mode.

use crate::arithmetic::Arithmetic;
use crate::bits::{Bits, Buffer, Interval};
use crate::error::ErrorKind;
use crate::golomb::CodeLimit;
use crate::model::{Model, Regular, SHIFT};
use crate::presets::Parameters;

/// Zeros before the 1 of a code that is decoded at once: with at most 16 bits after it, it fits the window of 57 bits.
const FEW_ZEROS: u32 = 40;

/// Decodes samples of the regular mode.
#[derive(Clone, Copy)]
pub(crate) struct RegularMode<A> {
    pub(crate) arithmetic: A,
    limit: CodeLimit,
    few_zeros: u32,
    /// The greatest mapped error, halved.
    largest: u32,
    reset: u32,
    near: i32,
}

impl<A: Arithmetic> RegularMode<A> {
    pub(crate) fn new(parameters: &Parameters) -> Self {
        let limit = CodeLimit::new(parameters.limit, parameters.error_bits);
        Self {
            arithmetic: A::new(parameters),
            limit,
            few_zeros: limit.zeros.min(FEW_ZEROS),
            largest: (parameters.range - 1).cast_unsigned() / 2,
            reset: parameters.reset,
            near: parameters.near,
        }
    }

    /// Decodes the sample with context `context`, whose sign is `sign` (0 or -1), and the prediction of A.4.1.
    #[inline(always)]
    pub(crate) fn decode<const NOISY: bool>(
        &self,
        bits: &mut Bits<'_, '_>,
        model: &mut Model,
        context: usize,
        sign: i32,
        prediction: i32,
    ) -> Result<u32, ErrorKind> {
        let correction = (i32::from(model.corrections[context]) ^ sign).wrapping_sub(sign);
        let prediction = self.arithmetic.limit(prediction.wrapping_add(correction));
        let shift = u32::from(model.shifts[context]);
        let window = bits.window();
        let zeros = window.leading_zeros();
        let (half, mut negative);
        if zeros < self.few_zeros {
            // The mapped error, with its k bits before the point: zeros in the six bits at the top, then what follows the 1.
            let code = (u64::from(zeros).wrapping_sub(1) << 58).wrapping_add(window << (zeros & 63) >> 5);
            half = (code >> (shift & 63)) as u32;
            // Its lowest bit, as the sign of the error.
            negative = (code.rotate_right(shift).cast_signed() >> 63) as i32;
            bits.skip(zeros.wrapping_sub(shift).wrapping_add(SHIFT + 1));
        } else {
            let (limit, k) = (self.limit, SHIFT.wrapping_sub(shift));
            let mapped = bits.call(|interval, buffer, position| decode_long(limit, k, interval, buffer, position));
            let Some(mapped) = mapped else { return Err(ErrorKind::InvalidCode) };
            half = mapped >> 1;
            negative = (mapped & 1).wrapping_neg().cast_signed();
        }
        if half > self.largest {
            return Err(ErrorKind::InvalidCode);
        }
        let statistics = &mut model.regular[context];
        if A::LOSSLESS || self.near == 0 {
            negative ^= inversion::<NOISY>(shift, statistics);
        }
        let difference = self.arithmetic.difference(half.cast_signed() ^ negative);
        let size = half.wrapping_sub(negative.cast_unsigned());
        let (updated, step) = statistics.updated::<NOISY>(size, difference, self.reset);
        *statistics = updated;
        model.shifts[context] = model.shift(updated.size, updated.count);
        if NOISY || step != 0 {
            let correction = &mut model.corrections[context];
            *correction = limited_sum(*correction, step);
        }
        Ok(self.arithmetic.sample(prediction, (difference ^ sign).wrapping_sub(sign)))
    }
}

/// A code that has many zeros, or is an escape code. Also returns the position after it.
#[cold]
#[inline(never)]
fn decode_long(
    limit: CodeLimit,
    k: u32,
    interval: &mut Interval<'_>,
    buffer: &mut Buffer,
    position: usize,
) -> (Option<u32>, usize) {
    let mut bits = Bits::new(interval, buffer, position);
    let mapped = limit.decode(&mut bits, k);
    (mapped, bits.position())
}

/// A.5.2: -1 where errors are mapped in the inverse order, else 0: k is 0 and 2 * B <= -N.
#[inline(always)]
fn inversion<const NOISY: bool>(shift: u32, statistics: &Regular) -> i32 {
    let sum = || statistics.bias.wrapping_mul(2).wrapping_add(statistics.count.cast_signed()).wrapping_sub(1);
    if NOISY {
        // k is hardly ever 0.
        return if shift == SHIFT { rare(sum() >> 31) } else { 0 };
    }
    let is_zero = (SHIFT - 1).wrapping_sub(shift).cast_signed() >> 31;
    is_zero & (sum() >> 31)
}

/// The compiler expects that this is not called.
#[cold]
#[inline(never)]
fn rare(value: i32) -> i32 {
    value
}

/// A.6.2: C after a step of -1, 0 or 1.
#[inline(always)]
fn limited_sum(correction: i8, step: i32) -> i8 {
    let sum = i32::from(correction).wrapping_add(step);
    if i32::from(sum as i8) == sum { sum as i8 } else { correction }
}

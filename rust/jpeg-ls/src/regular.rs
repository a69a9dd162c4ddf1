//! A.4 to A.6 and F.1: samples of the regular mode.

use crate::arithmetic::Arithmetic;
use crate::bits::Bits;
use crate::error::ErrorKind;
use crate::golomb::CodeLimit;
use crate::model::{Model, SHIFT, shift};
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
    pub(crate) fn decode(
        &self,
        bits: &mut Bits<'_, '_>,
        model: &mut Model,
        context: usize,
        sign: i32,
        prediction: i32,
    ) -> Result<i32, ErrorKind> {
        let correction = i32::from(model.corrections[context]);
        let prediction = self.arithmetic.limit(prediction + ((correction ^ sign) - sign));
        let shift = u32::from(model.shifts[context]);
        let window = bits.window();
        let zeros = window.leading_zeros();
        let (half, mut flipped);
        if zeros < self.few_zeros {
            // The mapped error, with its k bits before the point: zeros in the six bits at the top, then what follows the 1.
            let code = (u64::from(zeros).wrapping_sub(1) << 58).wrapping_add(window << zeros >> 5);
            half = (code >> (shift & 63)) as u32;
            // Its lowest bit, as the sign of the error.
            flipped = ((code ^ i64::from(sign).cast_unsigned()).rotate_right(shift).cast_signed() >> 63) as i32;
            bits.skip(zeros + 1 + SHIFT - shift);
        } else {
            let mapped = self.decode_long(bits, SHIFT - shift)?;
            half = mapped >> 1;
            flipped = -((mapped & 1).cast_signed()) ^ sign;
        }
        if half > self.largest {
            return Err(ErrorKind::InvalidCode);
        }
        if A::LOSSLESS || self.near == 0 {
            flipped ^= i32::from(model.inverted[context]);
        }
        // The error with the sign of the sample, less one if the context is negative; then with that of the context.
        let signed = half.cast_signed() ^ flipped;
        let size = half.wrapping_sub((flipped ^ sign).cast_unsigned());
        self.update(model, context, size, self.arithmetic.difference(signed ^ sign));
        Ok(self.arithmetic.sample(prediction, self.arithmetic.difference(signed - sign)))
    }

    /// A code that has many zeros, or is an escape code.
    #[cold]
    #[inline(never)]
    fn decode_long(&self, bits: &mut Bits<'_, '_>, k: u32) -> Result<u32, ErrorKind> {
        self.limit.decode(bits, k).ok_or(ErrorKind::InvalidCode)
    }

    /// A.6: updates a context. `difference` is the error times 2 * NEAR + 1.
    #[inline(always)]
    fn update(&self, model: &mut Model, context: usize, size: u32, difference: i32) {
        let statistics = &mut model.regular[context];
        let mut size = statistics.size.wrapping_add(size);
        let mut bias = statistics.bias.wrapping_add(difference);
        let mut count = statistics.count;
        if count == self.reset {
            size >>= 1;
            bias >>= 1;
            count >>= 1;
        }
        count = count.wrapping_add(1);
        let signed = count.cast_signed();
        // A.6.2: B stays between -N and 0, where C follows it.
        let step = i32::from(bias > 0) - i32::from(bias <= signed.wrapping_neg());
        bias = bias.wrapping_sub(signed.wrapping_mul(step)).max(1i32.wrapping_sub(signed)).min(0);
        let correction = &mut model.corrections[context];
        *correction = correction.saturating_add(step as i8);
        *statistics = crate::model::Regular { size, bias, count };
        let shift = shift(size, count);
        model.shifts[context] = shift;
        if A::LOSSLESS || self.near == 0 {
            let inverted = u32::from(shift) == SHIFT && bias.wrapping_mul(2) <= signed.wrapping_neg();
            model.inverted[context] = -i8::from(inverted);
        }
    }
}

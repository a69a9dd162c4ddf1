//! A.7: the run mode.

use crate::arithmetic::Arithmetic;
use crate::bits::Bits;
use crate::error::ErrorKind;
use crate::golomb::CodeLimit;
use crate::model::{Interruption, golomb_parameter};
use crate::presets::Parameters;

/// J of A.2.1: the binary logarithms of the run lengths that a bit can code.
const J: [u8; 32] =
    [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// Decodes runs and the samples that interrupt them.
#[derive(Clone, Copy)]
pub(crate) struct RunMode<A> {
    arithmetic: A,
    limit: u32,
    error_bits: u32,
    range: u32,
    reset: u32,
    near: u32,
}

impl<A: Arithmetic> RunMode<A> {
    pub(crate) fn new(parameters: &Parameters) -> Self {
        let Parameters { limit, error_bits, range, reset, near, .. } = *parameters;
        Self {
            arithmetic: A::new(parameters),
            limit,
            error_bits,
            range: range.cast_unsigned(),
            reset,
            near: near.cast_unsigned(),
        }
    }

    /// A.7.1: the length of a run with `left` samples to the end of the line. If it is interrupted before the end, `RUNindex` is
    /// that of the interruption: it is to be decremented after the sample.
    #[inline(always)]
    pub(crate) fn decode_length(bits: &mut Bits<'_, '_>, index: &mut u8, left: usize) -> Result<usize, ErrorKind> {
        let mut length = 0;
        loop {
            let longest = 1usize << J[usize::from(*index & 31)];
            if bits.window() >> 63 == 0 {
                break;
            }
            bits.skip(1);
            length = longest.wrapping_add(length);
            if length > left {
                return Ok(left);
            }
            *index = index.wrapping_add(1).min(31);
            if length == left {
                return Ok(left);
            }
            if bits.is_exhausted() {
                return Err(ErrorKind::InvalidCode);
            }
        }
        let rest = bits.take(u32::from(J[usize::from(*index & 31)]).wrapping_add(1)) as usize;
        length = rest.wrapping_add(length);
        if length >= left { Err(ErrorKind::RunLength) } else { Ok(length) }
    }

    /// A.7.2: the sample that interrupts a run, after the sample `left` and below the sample `above`, for images with one
    /// sample in a pixel.
    #[inline(always)]
    pub(crate) fn decode_interruption(
        self,
        bits: &mut Bits<'_, '_>,
        contexts: &mut [Interruption; 2],
        index: u8,
        left: u32,
        above: u32,
    ) -> Result<u32, ErrorKind> {
        if left.abs_diff(above) <= self.near {
            let error = self.decode_error(bits, &mut contexts[1], index, 1)?;
            return Ok(self.arithmetic.sample(left.cast_signed(), self.arithmetic.difference(error)));
        }
        self.decode_sample(bits, &mut contexts[0], index, left, above)
    }

    /// The same for one of several interleaved samples (B.2.2): it is always predicted from the one above.
    #[inline(always)]
    pub(crate) fn decode_sample(
        self,
        bits: &mut Bits<'_, '_>,
        context: &mut Interruption,
        index: u8,
        left: u32,
        above: u32,
    ) -> Result<u32, ErrorKind> {
        let error = self.decode_error(bits, context, index, 0)?;
        let error = if left > above { error.wrapping_neg() } else { error };
        Ok(self.arithmetic.sample(above.cast_signed(), self.arithmetic.difference(error)))
    }

    /// The error of an interruption sample with `RItype` `kind`.
    #[inline(always)]
    fn decode_error(
        self,
        bits: &mut Bits<'_, '_>,
        context: &mut Interruption,
        index: u8,
        kind: u32,
    ) -> Result<i32, ErrorKind> {
        let Interruption { size, count, negative } = *context;
        let k = golomb_parameter(size.wrapping_add((count >> 1) * kind), count);
        let limit = CodeLimit::new(self.limit - u32::from(J[usize::from(index & 31)]) - 1, self.error_bits);
        let mapped = limit.decode(bits, k).filter(|mapped| *mapped <= self.range).ok_or(ErrorKind::InvalidCode)?;
        let value = mapped + kind;
        // Code segment A.21: the parity is "map", which depends on the sign.
        let magnitude = value.div_ceil(2);
        let map = value & 1 == 1;
        let is_negative = map == (k != 0 || 2 * negative >= count);
        let error = if is_negative { -magnitude.cast_signed() } else { magnitude.cast_signed() };
        self.update(context, mapped, kind, error < 0);
        Ok(error)
    }

    /// Code segment A.23.
    #[inline(always)]
    fn update(self, context: &mut Interruption, mapped: u32, kind: u32, is_negative: bool) {
        context.negative += u32::from(is_negative);
        context.size = context.size.wrapping_add((mapped + 1 - kind) >> 1);
        if context.count == self.reset {
            context.size >>= 1;
            context.count >>= 1;
            context.negative >>= 1;
        }
        context.count += 1;
    }
}

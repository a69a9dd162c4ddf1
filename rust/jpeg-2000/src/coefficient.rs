//! E.1.1: coefficients as the decoders of code-blocks return them: signed, with one fraction bit.

/// A signed coefficient.
pub(crate) trait Coefficient: Copy + Default {
    /// Bit-planes of the magnitude.
    const PLANES: usize;
    /// The magnitude with its fraction bit.
    type Magnitude: Copy + Default + From<u32>;
    /// The lowest bits of a magnitude.
    fn truncate(magnitude: u64) -> Self::Magnitude;
    /// Appends the bit of `bits` at `position` to a magnitude.
    fn append(magnitude: Self::Magnitude, bits: u32, position: u32) -> Self::Magnitude;
    /// The coefficient, with as many zero bits appended.
    fn new(magnitude: Self::Magnitude, zeros: u32, negative: bool) -> Self;
    /// A coefficient that is not 0 with 2^`position` more or less magnitude.
    fn refine(self, position: u32, increase: bool) -> Self;
    /// The lower bits of a coefficient.
    fn narrow(coefficient: i64) -> Self;
}

macro_rules! coefficient {
    ($signed:ty, $unsigned:ty) => {
        impl Coefficient for $signed {
            const PLANES: usize = <$signed>::BITS as usize - 2;
            type Magnitude = $unsigned;

            #[inline(always)]
            fn truncate(magnitude: u64) -> $unsigned {
                magnitude as $unsigned
            }

            #[inline(always)]
            fn append(magnitude: $unsigned, bits: u32, position: u32) -> $unsigned {
                magnitude << 1 | <$unsigned>::from(bits >> position & 1)
            }

            #[inline(always)]
            fn new(magnitude: $unsigned, zeros: u32, negative: bool) -> $signed {
                let value = (magnitude << (zeros & (<$unsigned>::BITS - 1))).cast_signed();
                let sign = -<$signed>::from(negative);
                (value ^ sign).wrapping_sub(sign)
            }

            #[inline(always)]
            fn refine(self, position: u32, increase: bool) -> $signed {
                let step = 1 << (position & (<$unsigned>::BITS - 1));
                if (self < 0) == increase { self.wrapping_sub(step) } else { self.wrapping_add(step) }
            }

            #[inline(always)]
            fn narrow(coefficient: i64) -> $signed {
                coefficient as $signed
            }
        }
    };
}

coefficient!(i32, u32);
coefficient!(i64, u64);

/// H.1: a coefficient without the shift of the region of interest, and with its fraction bit.
pub(crate) fn unshift(coefficient: i64, shift: u32) -> i64 {
    let magnitude = coefficient.unsigned_abs();
    if magnitude >> 1 >> shift == 0 {
        return coefficient;
    }
    let half = u64::from(magnitude & ((2 << shift) - 1) != 0);
    i64::new(magnitude >> shift | half, 0, coefficient < 0)
}

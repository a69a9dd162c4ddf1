//! A.5.3: limited-length Golomb codes.

use crate::bits::Bits;

/// The lengths of codes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CodeLimit {
    /// Zeros before the 1 of an escape code.
    pub(crate) zeros: u32,
    /// Bits of a mapped error after an escape code, qbpp.
    pub(crate) error_bits: u32,
}

impl CodeLimit {
    /// The limit of codes of at most `limit` bits.
    #[inline(always)]
    pub(crate) fn new(limit: u32, error_bits: u32) -> Self {
        Self { zeros: limit.saturating_sub(error_bits + 1), error_bits }
    }

    /// Decodes a mapped error with the Golomb parameter `k`. None for bits that are no code.
    #[inline(always)]
    pub(crate) fn decode(self, bits: &mut Bits<'_, '_>, k: u32) -> Option<u32> {
        let zeros = bits.window().leading_zeros();
        if zeros > self.zeros {
            // Zeros follow the end of the data: if these are such, the data ends early.
            bits.skip(self.zeros.wrapping_add(1));
            return None;
        }
        bits.skip(zeros + 1);
        if zeros < self.zeros {
            return Some((zeros << (k & 31)).wrapping_add(bits.take(k)));
        }
        Some(bits.take(self.error_bits) + 1)
    }
}

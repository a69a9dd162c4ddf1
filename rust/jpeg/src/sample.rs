//! The sample types.

use crate::context::Pooled;
use crate::idct::Arithmetic;

/// A sample of the result: `u8` for precisions up to 8 bits, `u16` for others. No other type can implement it.
#[allow(private_bounds, reason = "seals the trait")]
pub trait Sample: Primitive + Arithmetic + Pooled {
    /// Bits of the type.
    const BITS: u32;
}

impl Sample for u8 {
    const BITS: u32 = 8;
}

impl Sample for u16 {
    const BITS: u32 = 16;
}

/// The operations that the arithmetic needs.
pub(crate) trait Primitive: Copy + Default + PartialEq + Into<u16> + Send + Sync + 'static {
    /// The lowest bits of `value`.
    fn truncate(value: u16) -> Self;
}

impl Primitive for u8 {
    #[inline]
    fn truncate(value: u16) -> Self {
        value as Self
    }
}

impl Primitive for u16 {
    #[inline]
    fn truncate(value: u16) -> Self {
        value
    }
}

//! The sample types.

/// A sample of the result: `u8` for precisions up to 8 bits, `u16` for others. No other type can implement it.
pub trait Sample: sealed::Sealed + Copy + Default + PartialEq + Into<u16> + Send + Sync + 'static {
    /// Bits of the type.
    const BITS: u32;

    /// The lowest bits of `value`.
    #[must_use]
    fn truncate(value: u16) -> Self;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl Sealed for u16 {}
}

impl Sample for u8 {
    const BITS: u32 = 8;

    #[inline]
    fn truncate(value: u16) -> Self {
        value as Self
    }
}

impl Sample for u16 {
    const BITS: u32 = 16;

    #[inline]
    fn truncate(value: u16) -> Self {
        value
    }
}

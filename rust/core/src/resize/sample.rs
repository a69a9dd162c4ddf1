//! The samples that are resized, and the arithmetic of their weighted means, which is that of Pillow.

/// A sample of `N` bytes, in native byte order.
pub(super) trait Sample<const N: usize>: Copy + Default {
    /// The type of sums, and of weights and samples in them.
    type Sum: Copy;
    /// The sum of no samples. It contains what rounding adds.
    const ZERO: Self::Sum;

    /// Returns the sample that `bytes` represent.
    fn from_bytes(bytes: [u8; N]) -> Self;
    /// Returns the bytes of the sample.
    fn to_bytes(self) -> [u8; N];
    /// Returns a weight in the arithmetic of sums.
    fn weight(weight: f64) -> Self::Sum;
    /// Returns `sum` + `weight` * `self`.
    fn add_to(self, sum: Self::Sum, weight: Self::Sum) -> Self::Sum;
    /// Returns the rounded and clamped sum.
    fn from_sum(sum: Self::Sum) -> Self;
}

/// Fractional bits of weights of bytes. As the absolute values of all weights have a sum below 2, sums fit into 32 bits.
const FRACTION: u32 = 22;

/// Fixed point.
impl Sample<1> for u8 {
    type Sum = i32;
    const ZERO: i32 = 1 << (FRACTION - 1);

    fn from_bytes([byte]: [u8; 1]) -> u8 {
        byte
    }

    fn to_bytes(self) -> [u8; 1] {
        [self]
    }

    fn weight(weight: f64) -> i32 {
        (weight * f64::from(1 << FRACTION)).round() as i32
    }

    // Does not overflow (see FRACTION); checks would prevent vector code.
    fn add_to(self, sum: i32, weight: i32) -> i32 {
        sum.wrapping_add(weight.wrapping_mul(self.into()))
    }

    fn from_sum(sum: i32) -> u8 {
        (sum >> FRACTION).clamp(0, 255) as u8
    }
}

impl Sample<2> for u16 {
    type Sum = f64;
    const ZERO: f64 = 0.5;

    fn from_bytes(bytes: [u8; 2]) -> u16 {
        u16::from_ne_bytes(bytes)
    }

    fn to_bytes(self) -> [u8; 2] {
        self.to_ne_bytes()
    }

    fn weight(weight: f64) -> f64 {
        weight
    }

    fn add_to(self, sum: f64, weight: f64) -> f64 {
        sum + weight * f64::from(self)
    }

    fn from_sum(sum: f64) -> u16 {
        // Shifts the integer to the lowest bits of the sum: a cast would have to consider NaN, in scalar code.
        const SHIFT: f64 = (1_u64 << (f64::MANTISSA_DIGITS - 1)) as f64;
        (sum.clamp(0.0, 65535.0).floor() + SHIFT).to_bits() as u16
    }
}

impl Sample<4> for f32 {
    type Sum = f64;
    const ZERO: f64 = 0.0;

    fn from_bytes(bytes: [u8; 4]) -> f32 {
        f32::from_ne_bytes(bytes)
    }

    fn to_bytes(self) -> [u8; 4] {
        self.to_ne_bytes()
    }

    fn weight(weight: f64) -> f64 {
        weight
    }

    fn add_to(self, sum: f64, weight: f64) -> f64 {
        sum + weight * f64::from(self)
    }

    fn from_sum(sum: f64) -> f32 {
        sum as f32
    }
}

//! Types of samples, and Pillow's arithmetic for their weighted means.

/// A sample of `N` bytes, in native byte order.
pub(super) trait Sample<const N: usize>: Copy + Default {
    /// The type of sums, and of weights and samples in them.
    type Sum: Sum;
    /// The initial value of a sum: the offset that turns truncation into rounding.
    const INITIAL_SUM: Self::Sum;

    /// Returns the sample that `bytes` represent.
    fn from_bytes(bytes: [u8; N]) -> Self;
    /// Returns the bytes of the sample.
    fn to_bytes(self) -> [u8; N];
    /// Converts the sample to the type of sums.
    fn to_sum(self) -> Self::Sum;
    /// Returns the rounded and clamped sum.
    fn from_sum(sum: Self::Sum) -> Self;
}

/// A weighted sum of samples.
pub(super) trait Sum: Copy {
    /// Converts a weight to the type of sums.
    fn weight(weight: f64) -> Self;
    /// Returns the sum and `value` * `weight`.
    fn add_weighted(self, value: Self, weight: Self) -> Self;
}

/// Fractional bits of the weights of bytes. Weights sum to 1 and their absolute values to less than 2, so that positive
/// weights sum to less than 1.5, and every sum fits into an i32.
const FRACTION: u32 = 22;

/// Fixed-point arithmetic.
impl Sum for i32 {
    fn weight(weight: f64) -> i32 {
        (weight * f64::from(1 << FRACTION)).round() as i32
    }

    // Wraps because overflow checks prevent vector code; no sum overflows (see `FRACTION`).
    fn add_weighted(self, value: i32, weight: i32) -> i32 {
        self.wrapping_add(value.wrapping_mul(weight))
    }
}

impl Sum for f64 {
    fn weight(weight: f64) -> f64 {
        weight
    }

    fn add_weighted(self, value: f64, weight: f64) -> f64 {
        self + value * weight
    }
}

impl Sample<1> for u8 {
    type Sum = i32;
    const INITIAL_SUM: i32 = 1 << (FRACTION - 1);

    fn from_bytes([byte]: [u8; 1]) -> u8 {
        byte
    }

    fn to_bytes(self) -> [u8; 1] {
        [self]
    }

    fn to_sum(self) -> i32 {
        self.into()
    }

    fn from_sum(sum: i32) -> u8 {
        (sum >> FRACTION).clamp(0, 255).cast_unsigned() as u8
    }
}

impl Sample<2> for u16 {
    type Sum = f64;
    const INITIAL_SUM: f64 = 0.5;

    fn from_bytes(bytes: [u8; 2]) -> u16 {
        u16::from_ne_bytes(bytes)
    }

    fn to_bytes(self) -> [u8; 2] {
        self.to_ne_bytes()
    }

    fn to_sum(self) -> f64 {
        self.into()
    }

    fn from_sum(sum: f64) -> u16 {
        // Adding 2^52 moves the integer to the lowest bits: a saturating cast also handles NaN, in scalar code.
        const SHIFT: f64 = 4_503_599_627_370_496.0;
        (sum.clamp(0.0, 65535.0).floor() + SHIFT).to_bits() as u16
    }
}

impl Sample<4> for f32 {
    type Sum = f64;
    const INITIAL_SUM: f64 = 0.0;

    fn from_bytes(bytes: [u8; 4]) -> f32 {
        f32::from_ne_bytes(bytes)
    }

    fn to_bytes(self) -> [u8; 4] {
        self.to_ne_bytes()
    }

    fn to_sum(self) -> f64 {
        self.into()
    }

    fn from_sum(sum: f64) -> f32 {
        sum as f32
    }
}

//! A.3.3: the inverse DCT, of eight blocks side by side.
//!
//! The arithmetic is that of the accurate integer IDCT after Loeffler, Ligtenberg and Moschytz (ICASSP 1989) with 13-bit
//! constants, as the reference implementations have it, to the last bit: first the columns, rounded to 2 bits after the
//! point (1 bit for 12-bit samples), then the rows. Lanes are blocks, so that no step moves values between lanes.

use crate::tables::Quantization;
use dicomet_codec::Sample;

/// The number of blocks that are transformed together.
pub(crate) const LANES: usize = 8;
/// The coefficients of eight blocks: by their place in the block, row by row, then by block.
pub(crate) type Lanes = [[i16; LANES]; 64];
/// The samples of eight blocks: by row, then by block.
pub(crate) type Tile<S> = [[[S; 8]; LANES]; 8];

/// The last coefficient in zigzag order before one that is outside of the first four rows or columns.
pub(crate) const LAST_OF_QUARTER: u8 = 9;

const CONSTANT_BITS: u32 = 13;
const FIX_0_298: i32 = 2446;
const FIX_0_390: i32 = 3196;
const FIX_0_541: i32 = 4433;
const FIX_0_765: i32 = 6270;
const FIX_0_899: i32 = 7373;
const FIX_1_175: i32 = 9633;
const FIX_1_501: i32 = 12299;
const FIX_1_847: i32 = 15137;
const FIX_1_961: i32 = 16069;
const FIX_2_053: i32 = 16819;
const FIX_2_562: i32 = 20995;
const FIX_3_072: i32 = 25172;

/// The arithmetic of a precision: the type of intermediate values, and their limits.
pub(crate) trait Arithmetic: Sample {
    /// A coefficient, or a value after the columns.
    type Value: Copy + Default;
    /// Bits after the point that the columns keep.
    const PASS_BITS: u32;

    fn dequantize(coefficient: i16, step: u16) -> Self::Value;
    fn sum(a: Self::Value, b: Self::Value) -> i32;
    fn difference(a: Self::Value, b: Self::Value) -> i32;
    fn widen(value: Self::Value) -> i32;
    /// A value after the columns.
    fn keep(value: i32) -> Self::Value;
    /// The sample: level shift (A.3.1) and limits.
    fn limit(value: i32) -> i32;
    /// The rows of eight blocks from their columns.
    fn pack(columns: &[[i32; LANES]; 8]) -> [[Self; 8]; LANES];
}

/// 8-bit samples. Values have 16 bits: products with the quantizer and sums are modulo 2^16, values after the
/// columns and samples are limited. Coefficients of real images are far from these limits.
impl Arithmetic for u8 {
    type Value = i16;
    const PASS_BITS: u32 = 2;

    #[inline(always)]
    fn dequantize(coefficient: i16, step: u16) -> i16 {
        coefficient.wrapping_mul(step.cast_signed())
    }

    #[inline(always)]
    fn sum(a: i16, b: i16) -> i32 {
        i32::from(a.wrapping_add(b))
    }

    #[inline(always)]
    fn difference(a: i16, b: i16) -> i32 {
        i32::from(a.wrapping_sub(b))
    }

    #[inline(always)]
    fn widen(value: i16) -> i32 {
        i32::from(value)
    }

    #[inline(always)]
    fn keep(value: i32) -> i16 {
        value.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
    }

    #[inline(always)]
    fn limit(value: i32) -> i32 {
        value.clamp(-128, 127) + 128
    }

    /// Joined by shifts in lanes, which is faster than byte by byte.
    #[inline(always)]
    fn pack(columns: &[[i32; LANES]; 8]) -> [[u8; 8]; LANES] {
        let mut rows = [[0; 8]; LANES];
        for (lane, row) in rows.iter_mut().enumerate() {
            let word = |first: usize| {
                let sample = |column: usize| columns[first + column][lane].cast_unsigned() << (8 * column);
                sample(0) | sample(1) | sample(2) | sample(3)
            };
            *row = (u64::from(word(0)) | u64::from(word(4)) << 32).to_le_bytes();
        }
        rows
    }
}

/// 12-bit samples. Values have 32 bits; samples wrap around at 14 bits before they are limited.
impl Arithmetic for u16 {
    type Value = i32;
    const PASS_BITS: u32 = 1;

    #[inline(always)]
    fn dequantize(coefficient: i16, step: u16) -> i32 {
        i32::from(coefficient).wrapping_mul(i32::from(step))
    }

    #[inline(always)]
    fn sum(a: i32, b: i32) -> i32 {
        a.wrapping_add(b)
    }

    #[inline(always)]
    fn difference(a: i32, b: i32) -> i32 {
        a.wrapping_sub(b)
    }

    #[inline(always)]
    fn widen(value: i32) -> i32 {
        value
    }

    #[inline(always)]
    fn keep(value: i32) -> i32 {
        value
    }

    #[inline(always)]
    fn limit(value: i32) -> i32 {
        ((value << 18) >> 18).clamp(-2048, 2047) + 2048
    }

    #[inline(always)]
    fn pack(columns: &[[i32; LANES]; 8]) -> [[u16; 8]; LANES] {
        let mut pairs = [[0; LANES]; 4];
        for (number, pair) in pairs.iter_mut().enumerate() {
            for lane in 0..LANES {
                pair[lane] = columns[2 * number][lane] | columns[2 * number + 1][lane] << 16;
            }
        }
        let mut rows = [[0; 8]; LANES];
        for (lane, row) in rows.iter_mut().enumerate() {
            for (number, pair) in pairs.iter().enumerate() {
                (row[2 * number], row[2 * number + 1]) = (pair[lane] as u16, (pair[lane] >> 16) as u16);
            }
        }
        rows
    }
}

/// Eight sums of products, scaled by 2^13, from eight coefficients; the last four are zero if not `FULL`.
#[inline(always)]
fn transform<A: Arithmetic, const FULL: bool>(x: [A::Value; 8]) -> [i32; 8] {
    let x = if FULL { x } else { [x[0], x[1], x[2], x[3], zero::<A>(), zero::<A>(), zero::<A>(), zero::<A>()] };
    let [x0, x1, x2, x3, x4, x5, x6, x7] = x.map(A::widen);
    let mul = i32::wrapping_mul;
    let add = i32::wrapping_add;
    let sub = i32::wrapping_sub;

    // Even part.
    let e0 = A::sum(x[0], x[4]) << CONSTANT_BITS;
    let e1 = A::difference(x[0], x[4]) << CONSTANT_BITS;
    let _ = (x0, x4);
    let e2 = add(mul(x2, FIX_0_541), mul(x6, FIX_0_541 - FIX_1_847));
    let e3 = add(mul(x2, FIX_0_541 + FIX_0_765), mul(x6, FIX_0_541));
    let (s0, s3, s1, s2) = (add(e0, e3), sub(e0, e3), add(e1, e2), sub(e1, e2));

    // Odd part.
    let (z3, z4) = (A::sum(x[7], x[3]), A::sum(x[5], x[1]));
    let (z3, z4) = (
        add(mul(z3, FIX_1_175 - FIX_1_961), mul(z4, FIX_1_175)),
        add(mul(z3, FIX_1_175), mul(z4, FIX_1_175 - FIX_0_390)),
    );
    let o0 = add(add(mul(x7, FIX_0_298 - FIX_0_899), mul(x1, -FIX_0_899)), z3);
    let o1 = add(add(mul(x5, FIX_2_053 - FIX_2_562), mul(x3, -FIX_2_562)), z4);
    let o2 = add(add(mul(x3, FIX_3_072 - FIX_2_562), mul(x5, -FIX_2_562)), z3);
    let o3 = add(add(mul(x1, FIX_1_501 - FIX_0_899), mul(x7, -FIX_0_899)), z4);

    [add(s0, o3), add(s1, o2), add(s2, o1), add(s3, o0), sub(s3, o0), sub(s2, o1), sub(s1, o2), sub(s0, o3)]
}

#[inline(always)]
fn zero<A: Arithmetic>() -> A::Value {
    A::Value::default()
}

/// Columns that coefficients up to `last` in zigzag order are in: the others are zero, before and after their transform.
fn columns_until(last: u8) -> usize {
    match last {
        0..=14 => 5,
        15..=20 => 6,
        21..=27 => 7,
        _ => 8,
    }
}

/// Rounds half up to multiples of 2^bits and divides.
#[inline(always)]
fn descale(value: i32, bits: u32) -> i32 {
    value.wrapping_add(1 << (bits - 1)) >> bits
}

/// Transforms eight blocks whose last coefficient in zigzag order is at most `last`.
pub(crate) fn inverse<A: Arithmetic>(lanes: &Lanes, quantization: &Quantization, last: u8, tile: &mut Tile<A>) {
    if last <= LAST_OF_QUARTER {
        inverse_quarter(lanes, quantization, tile);
    } else {
        inverse_full(lanes, quantization, columns_until(last), tile);
    }
}

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2")))]
fn inverse_full<A: Arithmetic>(lanes: &Lanes, quantization: &Quantization, columns: usize, tile: &mut Tile<A>) {
    inverse_part::<A, true>(lanes, quantization, columns, tile);
}

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2")))]
fn inverse_quarter<A: Arithmetic>(lanes: &Lanes, quantization: &Quantization, tile: &mut Tile<A>) {
    inverse_part::<A, false>(lanes, quantization, 4, tile);
}

#[inline(always)]
fn inverse_part<A: Arithmetic, const FULL: bool>(lanes: &Lanes, steps: &Quantization, used: usize, tile: &mut Tile<A>) {
    // By column, then row, then block: the rows' transform reads what lies side by side.
    let mut columns = [[[A::Value::default(); LANES]; 8]; 8];
    for (column, out) in columns.iter_mut().enumerate().take(used) {
        for lane in 0..LANES {
            let x = std::array::from_fn(|row| {
                let place = row * 8 + column;
                if FULL || row < 4 { A::dequantize(lanes[place][lane], steps[place]) } else { zero::<A>() }
            });
            let sums = transform::<A, FULL>(x);
            for row in 0..8 {
                out[row][lane] = A::keep(descale(sums[row], CONSTANT_BITS - A::PASS_BITS));
            }
        }
    }
    for (row, out) in tile.iter_mut().enumerate() {
        let mut samples = [[0; LANES]; 8];
        for lane in 0..LANES {
            let sums = transform::<A, FULL>(std::array::from_fn(|column| columns[column][row][lane]));
            for column in 0..8 {
                samples[column][lane] = A::limit(descale(sums[column], CONSTANT_BITS + A::PASS_BITS + 3));
            }
        }
        *out = A::pack(&samples);
    }
}

/// The sample of a block that has only its DC coefficient.
#[inline(always)]
pub(crate) fn flat<A: Arithmetic>(coefficient: i16, step: u16) -> A {
    let value = A::dequantize(coefficient, step);
    let column = A::keep(descale(A::widen(value) << CONSTANT_BITS, CONSTANT_BITS - A::PASS_BITS));
    let row = descale(A::widen(column) << CONSTANT_BITS, CONSTANT_BITS + A::PASS_BITS + 3);
    A::truncate(A::limit(row) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The inverse DCT of A.3.3 in floating point, before limits.
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    fn exact(block: &[f64; 64]) -> [f64; 64] {
        let scale = |index: usize| if index == 0 { std::f64::consts::FRAC_1_SQRT_2 } else { 1.0 };
        let cosine = |x: usize, u: usize| ((2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / 16.0).cos();
        std::array::from_fn(|place| {
            let (y, x) = (place / 8, place % 8);
            let term = |(at, value): (usize, &f64)| {
                let (v, u) = (at / 8, at % 8);
                scale(u) * scale(v) * value * cosine(x, u) * cosine(y, v)
            };
            block.iter().enumerate().map(term).sum::<f64>() / 4.0
        })
    }

    fn lanes(blocks: &[[i16; 64]]) -> Box<Lanes> {
        let mut lanes = Box::new([[0; LANES]; 64]);
        for (lane, block) in blocks.iter().enumerate() {
            (0..64).for_each(|place| lanes[place][lane] = block[place]);
        }
        lanes
    }

    fn block(last: u8, range: i16) -> impl Strategy<Value = [i16; 64]> {
        prop::collection::vec(-range..=range, usize::from(last) + 1).prop_map(|zigzag| {
            let mut block = [0; 64];
            for (place, value) in crate::tables::NATURAL.iter().zip(zigzag) {
                block[usize::from(*place)] = value;
            }
            block
        })
    }

    fn check<A: Arithmetic>(blocks: &[[i16; 64]], quantization: &Quantization, last: u8, middle: f64) {
        let mut tile = [[[A::default(); 8]; LANES]; 8];
        inverse(&lanes(blocks), quantization, last, &mut tile);
        for (lane, block) in blocks.iter().enumerate() {
            let found = tile.map(|row| row[lane]);
            let values = std::array::from_fn(|place| f64::from(block[place]) * f64::from(quantization[place]));
            for (exact, found) in exact(&values).iter().zip(found.as_flattened()) {
                let found: u16 = (*found).into();
                let expected = (exact + middle).clamp(0.0, 2.0 * middle - 1.0);
                assert!((f64::from(found) - expected).abs() < 1.0, "{found} {expected}");
            }
        }
    }

    proptest! {
        #[test]
        fn samples_are_within_one_of_the_exact_transform(
            full in prop::collection::vec(block(63, 60), 1..=8),
            quarter in prop::collection::vec(block(LAST_OF_QUARTER, 150), 1..=8),
            step in 1u16..4,
        ) {
            let quantization = [step; 64];
            check::<u8>(&full, &quantization, 63, 128.0);
            check::<u8>(&quarter, &quantization, LAST_OF_QUARTER, 128.0);
            check::<u16>(&full, &quantization, 63, 2048.0);
            check::<u16>(&quarter, &quantization, LAST_OF_QUARTER, 2048.0);
        }

        /// Any bits: no panic, and the short forms have the result of the long one.
        #[test]
        fn short_forms_agree_with_the_full_one(blocks in prop::collection::vec(block(LAST_OF_QUARTER, i16::MAX), 8), step: u16) {
            fn same<A: Arithmetic + std::fmt::Debug>(blocks: &[[i16; 64]], step: u16) {
                let zero = Box::new([[[A::default(); 8]; LANES]; 8]);
                let (mut full, mut quarter) = (zero.clone(), zero);
                inverse(&lanes(blocks), &[step; 64], 63, &mut full);
                inverse(&lanes(blocks), &[step; 64], LAST_OF_QUARTER, &mut quarter);
                assert_eq!(full, quarter);
                let flat_blocks: Vec<_> = blocks.iter().map(|block| std::array::from_fn(|i| if i == 0 { block[0] } else { 0 })).collect();
                inverse(&lanes(&flat_blocks), &[step; 64], 63, &mut full);
                for (lane, block) in blocks.iter().enumerate() {
                    assert_eq!(full.map(|row| row[lane]), [[flat::<A>(block[0], step); 8]; 8]);
                }
            }
            same::<u8>(&blocks, step);
            same::<u16>(&blocks, step);
        }
    }
}

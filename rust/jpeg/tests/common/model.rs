//! The samples of given coefficients, one by one: A.3.3 with the arithmetic of the accurate integer IDCT, and upsampling.

use super::sequential::Block;
use super::{Grid, Shape};

/// Figure A.6.
fn zigzag() -> Vec<usize> {
    let mut order = Vec::new();
    for diagonal in 0usize..15 {
        let mut places: Vec<usize> = (0..8)
            .filter(|row| (0..8).contains(&(diagonal as isize - *row as isize)))
            .map(|row| row * 8 + diagonal - row)
            .collect();
        if diagonal % 2 == 0 {
            places.reverse();
        }
        order.extend(places);
    }
    order
}

/// One transform of eight values: the textbook form, with 13-bit constants, of Loeffler, Ligtenberg and Moschytz. `wrap`
/// is applied to the four sums that 8-bit arithmetic takes modulo 2^16.
fn transform(x: [i64; 8], wrap: fn(i64) -> i64) -> [i64; 8] {
    let fix = |value: f64| (value * 8192.0).round() as i64;
    let z1 = (x[2] + x[6]) * fix(0.541_196_100);
    let (t2, t3) = (z1 - x[6] * fix(1.847_759_065), z1 + x[2] * fix(0.765_366_865));
    let (t0, t1) = (wrap(x[0] + x[4]) << 13, wrap(x[0] - x[4]) << 13);
    let even = [t0 + t3, t1 + t2, t1 - t2, t0 - t3];
    let (z1, z2, z3, z4) = (x[7] + x[1], x[5] + x[3], wrap(x[7] + x[3]), wrap(x[5] + x[1]));
    let z5 = (z3 + z4) * fix(1.175_875_602);
    let (z1, z2) = (-z1 * fix(0.899_976_223), -z2 * fix(2.562_915_447));
    let (z3, z4) = (z5 - z3 * fix(1.961_570_560), z5 - z4 * fix(0.390_180_644));
    let odd = [
        x[1] * fix(1.501_321_110) + z1 + z4,
        x[3] * fix(3.072_711_026) + z2 + z3,
        x[5] * fix(2.053_119_869) + z2 + z4,
        x[7] * fix(0.298_631_336) + z1 + z3,
    ];
    std::array::from_fn(|i| if i < 4 { even[i] + odd[i] } else { even[7 - i] - odd[7 - i] })
}

/// Rounds half up to multiples of 2^bits and divides, modulo 2^32.
fn round(value: i64, bits: u32) -> i64 {
    i64::from((value as i32).wrapping_add(1 << (bits - 1)) >> bits)
}

/// What happens to values out of range: 8-bit samples are computed in 16 bits, 12-bit samples in 32 and 14.
struct Overflow {
    /// Bits that the columns keep after the point.
    fraction_bits: u32,
    /// Dequantized coefficients, and sums of two.
    wrap: fn(i64) -> i64,
    /// Values after the columns.
    keep: fn(i64) -> i64,
    /// Values after the rows.
    last: fn(i64) -> i64,
}

impl Overflow {
    fn of(precision: u8) -> Self {
        let wrap: fn(i64) -> i64 = |value| i64::from(value as i16);
        let same: fn(i64) -> i64 = |value| value;
        if precision == 8 {
            Self { fraction_bits: 2, wrap, keep: |value| value.clamp(i16::MIN.into(), i16::MAX.into()), last: same }
        } else {
            Self { fraction_bits: 1, wrap: same, keep: same, last: |value| value << 50 >> 50 }
        }
    }
}

/// The samples of a block, row by row.
fn block_samples(block: &Block, quantization: &[u16; 64], precision: u8) -> [u16; 64] {
    let Overflow { fraction_bits, wrap, keep, last } = Overflow::of(precision);
    let mut values = [0i64; 64];
    for (k, place) in zigzag().into_iter().enumerate() {
        values[place] = wrap(i64::from(block[k]) * i64::from(quantization[k]));
    }
    for column in 0..8 {
        let sums = transform(std::array::from_fn(|row| values[row * 8 + column]), wrap);
        (0..8).for_each(|row| values[row * 8 + column] = keep(round(sums[row], 13 - fraction_bits)));
    }
    let middle = 1i64 << (precision - 1);
    for row in values.as_chunks_mut::<8>().0 {
        let sample = |sum| last(round(sum, 13 + fraction_bits + 3)).clamp(-middle, middle - 1) + middle;
        *row = transform(*row, wrap).map(sample);
    }
    values.map(|value| value as u16)
}

/// The samples of a component.
fn component_samples(
    shape: &Shape,
    component: usize,
    blocks: &Grid<Block>,
    quantization: &[u16; 64],
    precision: u8,
) -> Grid<u16> {
    let (width, height) = shape.size(component);
    let decoded: Vec<_> = blocks.values.iter().map(|block| block_samples(block, quantization, precision)).collect();
    Grid::new(width, height, |x, y| decoded[y / 8 * blocks.width + x / 8][y % 8 * 8 + x % 8])
}

/// The samples of each pixel side by side, at the size of the image.
pub fn dct_pixels(shape: &Shape, blocks: &[Grid<Block>], quantization: &[[u16; 64]], precision: u8) -> Vec<u16> {
    let planes = blocks.iter().zip(quantization).enumerate().map(|(component, (blocks, quantization))| {
        component_samples(shape, component, blocks, quantization, precision)
    });
    interleave(shape, &planes.collect::<Vec<_>>(), true)
}

/// The samples of each pixel side by side. Factors of 2 are interpolated if `smooth`; others repeat samples.
pub fn interleave(shape: &Shape, planes: &[Grid<u16>], smooth: bool) -> Vec<u16> {
    let mut pixels = Vec::new();
    for (y, x) in (0..shape.height).flat_map(|y| (0..shape.width).map(move |x| (y, x))) {
        pixels.extend(
            planes.iter().enumerate().map(|(component, plane)| sample_at(shape, component, plane, smooth, x, y)),
        );
    }
    pixels
}

fn sample_at(shape: &Shape, component: usize, plane: &Grid<u16>, smooth: bool, x: usize, y: usize) -> u16 {
    let (own, greatest, (width, height)) = (shape.factors[component], shape.greatest(), shape.size(component));
    let (near_x, near_y) = (x * own.horizontal / greatest.horizontal, y * own.vertical / greatest.vertical);
    let far = |near: usize, place: usize, size: usize| {
        if place.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(size - 1) }
    };
    let (far_x, far_y) = (far(near_x, x, width), far(near_y, y, height));
    let at = |x: usize, y: usize| u32::from(plane.at(x, y));
    let (twice_x, twice_y) = (2 * own.horizontal == greatest.horizontal, 2 * own.vertical == greatest.vertical);
    let (same_x, same_y) = (own.horizontal == greatest.horizontal, own.vertical == greatest.vertical);
    let value = match () {
        () if !smooth => at(near_x, near_y),
        () if twice_x && same_y && width > 2 => (3 * at(near_x, near_y) + at(far_x, near_y) + 1 + (x % 2) as u32) / 4,
        () if same_x && twice_y => (3 * at(near_x, near_y) + at(near_x, far_y) + 1 + (y % 2) as u32) / 4,
        () if twice_x && twice_y && width > 2 => {
            let sum = |x| 3 * at(x, near_y) + at(x, far_y);
            (3 * sum(near_x) + sum(far_x) + 8 - (x % 2) as u32) / 16
        }
        () => at(near_x, near_y),
    };
    value as u16
}

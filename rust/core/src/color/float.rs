//! The same equations as a product of a pixel and a 3 x 3 matrix in 32-bit floating point, as NumPy's `matmul` computes
//! it.
//!
//! This is what pydicom returns. It equals the exact result except for a few inputs whose exact sum lies halfway
//! between two integers: rounded factors push it below. Which inputs differ depends on whether the machine's BLAS
//! library rounds each product separately, or fuses it with the sum (FMA). The tests verify both against the product,
//! for every input.

use super::{rgb_to_ybr, ybr_to_rgb};

/// Pixels with this chrominance and a luminance from `low` to `high` get a green value that is lower by 1.
#[derive(Clone, Copy)]
struct Lower {
    cb: u8,
    cr: u8,
    low: u8,
    high: u8,
}

const SEPARATE: Lower = Lower { cb: 178, cr: 78, low: 0, high: 13 };
const FUSED: Lower = Lower { cb: 78, cr: 178, low: 19, high: 46 };

/// Converts one pixel from `YBR_FULL` to RGB, with every product rounded.
#[inline(always)]
pub(super) fn ybr_to_rgb_separate(ybr: [u8; 3]) -> [u8; 3] {
    lowered(ybr, SEPARATE)
}

/// Converts one pixel from `YBR_FULL` to RGB, with products fused with their sums.
#[inline(always)]
pub(super) fn ybr_to_rgb_fused(ybr: [u8; 3]) -> [u8; 3] {
    lowered(ybr, FUSED)
}

#[inline(always)]
#[allow(clippy::needless_bitwise_bool, reason = "without a branch many pixels are compared at once")]
fn lowered([y, cb, cr]: [u8; 3], lower: Lower) -> [u8; 3] {
    let [r, g, b] = ybr_to_rgb([y, cb, cr]);
    let is_lower = (cb == lower.cb) & (cr == lower.cr) & (y >= lower.low) & (y <= lower.high);
    [r, g.wrapping_sub(u8::from(is_lower)), b]
}

const Y_FACTORS: [f32; 3] = [0.299, 0.587, 0.114];

/// Converts one pixel from RGB to `YBR_FULL`, with every product rounded.
#[inline(always)]
pub(super) fn rgb_to_ybr_separate(rgb: [u8; 3]) -> [u8; 3] {
    let [r, g, b] = rgb.map(f32::from);
    with_luminance(rgb, r * Y_FACTORS[0] + g * Y_FACTORS[1] + b * Y_FACTORS[2])
}

/// Converts one pixel from RGB to `YBR_FULL`, with products fused with their sums.
#[inline(always)]
pub(super) fn rgb_to_ybr_fused(rgb: [u8; 3]) -> [u8; 3] {
    let [r, g, b] = rgb.map(f32::from);
    with_luminance(rgb, b.mul_add(Y_FACTORS[2], g.mul_add(Y_FACTORS[1], r * Y_FACTORS[0])))
}

/// Compares instead of rounding `luminance`, because that would require a conversion that cannot be vectorized.
#[inline(always)]
fn with_luminance(rgb: [u8; 3], luminance: f32) -> [u8; 3] {
    let [y, cb, cr] = rgb_to_ybr(rgb);
    [y.wrapping_sub(u8::from(luminance + 0.5 < f32::from(y))), cb, cr]
}

#[cfg(test)]
mod tests {
    use super::*;

    const YBR_TO_RGB: [[f32; 3]; 3] =
        [[1.0, 1.0, 1.0], [0.0, (-0.114 * 1.772 / 0.587) as f32, 1.772], [1.402, (-0.299 * 1.402 / 0.587) as f32, 0.0]];
    const RGB_TO_YBR: [[f32; 3]; 3] = [
        [0.299, (-0.299 / 1.772) as f32, (0.701 / 1.402) as f32],
        [0.587, (-0.587 / 1.772) as f32, (-0.587 / 1.402) as f32],
        [0.114, (0.886 / 1.772) as f32, (-0.114 / 1.402) as f32],
    ];

    const Y_OFFSETS: [f32; 3] = [0.5, 128.5, 128.5];

    /// Returns the sum of the products and `offset`, rounded down and clamped to a byte.
    #[allow(clippy::cast_sign_loss, reason = "the cast limits to 0..=255")]
    fn product(fused: bool, pixel: [f32; 3], matrix: &[[f32; 3]; 3], offset: [f32; 3]) -> [u8; 3] {
        std::array::from_fn(|column| {
            let term = |sum: f32, row: usize| {
                if fused {
                    pixel[row].mul_add(matrix[row][column], sum)
                } else {
                    pixel[row] * matrix[row][column] + sum
                }
            };
            (term(term(pixel[0] * matrix[0][column], 1), 2) + offset[column]).floor() as u8
        })
    }

    #[test]
    fn the_corrections_give_the_product_for_every_input() {
        let mut differ = [0; 4];
        for i in 0..1u32 << 24 {
            let pixel = [(i >> 16) as u8, (i >> 8) as u8, i as u8];
            let [a, b, c] = pixel.map(f32::from);
            let centered = [a, b - 128.0, c - 128.0];
            let products = [
                (ybr_to_rgb(pixel), ybr_to_rgb_separate(pixel), product(false, centered, &YBR_TO_RGB, [0.5; 3])),
                (ybr_to_rgb(pixel), ybr_to_rgb_fused(pixel), product(true, centered, &YBR_TO_RGB, [0.5; 3])),
                (rgb_to_ybr(pixel), rgb_to_ybr_separate(pixel), product(false, [a, b, c], &RGB_TO_YBR, Y_OFFSETS)),
                (rgb_to_ybr(pixel), rgb_to_ybr_fused(pixel), product(true, [a, b, c], &RGB_TO_YBR, Y_OFFSETS)),
            ];
            for (count, (exact, corrected, product)) in differ.iter_mut().zip(products) {
                assert_eq!(corrected, product, "{pixel:?}");
                *count += u32::from(product != exact);
            }
        }
        assert_eq!(differ, [14, 28, 824, 481]);
    }
}

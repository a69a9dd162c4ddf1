//! The retired `YBR_PARTIAL_422` and `YBR_PARTIAL_420` (PS3.3-2004 C.7.6.3.1.2) at full size, 8 bits.
//!
//! Y ranges from 16 (black) to 235 (white), Cb and Cr from 16 to 240 around 128: the scaled components of `YBR_FULL`,
//!
//! ```text
//! Y = 219 / 255 Yfull + 16    Cb = 224 / 255 (Cbfull - 128) + 128    Cr = 224 / 255 (Crfull - 128) + 128
//! ```
//!
//! which are the standard's equations with all digits (0.2568 = 0.299 * 219 / 255).

/// The common denominator of the three equations.
const DENOMINATOR: i64 = 219 * 224 * 587_000;
/// The numerators.
const Y: i64 = 255 * 224 * 587_000;
const RED_CR: i64 = 255 * 219 * 822_974;
const GREEN_CB: i64 = -255 * 219 * 202_008;
const GREEN_CR: i64 = -255 * 219 * 419_198;
const BLUE_CB: i64 = 255 * 219 * 1_040_164;

/// Converts interleaved pixels to RGB from 0 to 255, in place and exactly, rounded half up.
pub fn convert_partial_ybr_to_rgb(pixels: &mut [u8]) {
    for pixel in pixels.as_chunks_mut::<3>().0 {
        let [y, cb, cr] = pixel.map(i64::from);
        let (y, cb, cr) = (Y * (y - 16), cb - 128, cr - 128);
        *pixel = [y + RED_CR * cr, y + GREEN_CB * cb + GREEN_CR * cr, y + BLUE_CB * cb].map(rounded);
    }
}

#[allow(clippy::cast_sign_loss, reason = "limited to 0..=255")]
fn rounded(numerator: i64) -> u8 {
    (2 * numerator + DENOMINATOR).div_euclid(2 * DENOMINATOR).clamp(0, 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_rgb(mut ybr: [u8; 3]) -> [u8; 3] {
        convert_partial_ybr_to_rgb(&mut ybr);
        ybr
    }

    /// The equations in floating point: they agree except where a value lies halfway between two integers.
    #[test]
    fn as_in_floating_point() {
        for i in (0..1u32 << 24).step_by(11) {
            let ybr = [(i >> 16) as u8, (i >> 8) as u8, i as u8];
            let [y, cb, cr] = ybr.map(f64::from);
            let (y, cb, cr) = ((y - 16.0) / 219.0, (cb - 128.0) / 224.0, (cr - 128.0) / 224.0);
            let green = y - (0.114 * 1.772 * cb + 0.299 * 1.402 * cr) / 0.587;
            for (found, expected) in to_rgb(ybr).into_iter().zip([y + 1.402 * cr, green, y + 1.772 * cb]) {
                let expected = (255.0 * expected).clamp(0.0, 255.0);
                assert!((f64::from(found) - expected).abs() <= 0.5 + 1e-9, "{ybr:?}: {found} {expected}");
            }
        }
    }

    /// The standard's own equations, from RGB: the result differs only by the rounding of the components.
    #[test]
    fn inverts_the_equations_of_the_standard() {
        for i in (0..1u32 << 24).step_by(13) {
            let rgb = [(i >> 16) as u8, (i >> 8) as u8, i as u8];
            let [r, g, b] = rgb.map(f64::from);
            let ybr = [
                0.2568 * r + 0.5041 * g + 0.0979 * b + 16.0,
                -0.1482 * r - 0.2910 * g + 0.4392 * b + 128.0,
                0.4392 * r - 0.3678 * g - 0.0714 * b + 128.0,
            ];
            #[allow(clippy::cast_sign_loss, reason = "from 16 to 240")]
            let back = to_rgb(ybr.map(|value| value.round() as u8));
            for (found, expected) in back.into_iter().zip(rgb) {
                assert!(found.abs_diff(expected) <= 2, "{rgb:?} {back:?}");
            }
        }
    }

    #[test]
    fn black_white_and_gray() {
        assert_eq!(to_rgb([16, 128, 128]), [0; 3]);
        assert_eq!(to_rgb([235, 128, 128]), [255; 3]);
        assert_eq!(to_rgb([126, 128, 128]), [128; 3]);
        assert_eq!(to_rgb([0, 128, 128]), [0; 3]);
        assert_eq!(to_rgb([255, 128, 128]), [255; 3]);
    }
}

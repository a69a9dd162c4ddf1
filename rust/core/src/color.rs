//! PS3.3 C.7.6.3.1.2 Photometric Interpretation: `YBR_FULL`, `YBR_FULL_422` and RGB.
//!
//! The equations are those of ISO/IEC 10918-5 clause 7, as exact fractions:
//!
//! ```text
//! R = Y + 1.402 (Cr - 128)
//! G = Y - (0.114 * 1.772 (Cb - 128) + 0.299 * 1.402 (Cr - 128)) / 0.587
//! B = Y + 1.772 (Cb - 128)
//! ```
//!
//! rounded half up and limited to 0..=255. The factors below are these fractions scaled by a power of two; scale and
//! offset were searched for so that every one of the 2^24 inputs gives the exact result, which the tests check.

use multiversion::multiversion;

const RED: i32 = 1_470_102;
const GREEN_CB: i32 = -360_853;
const GREEN_CR: i32 = -748_826;
const BLUE: i32 = 1_858_075;
const HALF: i32 = 524_294;
const BLUE_HALF: i32 = 525_000;

const Y_FACTORS: [i32; 3] = [78_381, 153_879, 29_884];
const CB_FACTORS: [i32; 3] = [-11_058, -21_710, 32_768];
const CR_FACTORS: [i32; 3] = [32_768, -27_439, -5_329];
const Y_HALF: i32 = 131_200;
const CHROMA_HALF: i32 = 8_421_400;

/// One pixel, `YBR_FULL` to RGB.
#[must_use]
pub fn ybr_to_rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
    [
        limit(y + ((RED * cr + HALF) >> 20)),
        limit(y + ((GREEN_CB * cb + GREEN_CR * cr + HALF) >> 20)),
        limit(y + ((BLUE * cb + BLUE_HALF) >> 20)),
    ]
}

/// One pixel, RGB to `YBR_FULL`.
#[must_use]
pub fn rgb_to_ybr(rgb: [u8; 3]) -> [u8; 3] {
    let [r, g, b] = rgb.map(i32::from);
    let sum = |f: [i32; 3], half: i32| f[0] * r + f[1] * g + f[2] * b + half;
    [
        limit(sum(Y_FACTORS, Y_HALF) >> 18),
        limit(sum(CB_FACTORS, CHROMA_HALF) >> 16),
        limit(sum(CR_FACTORS, CHROMA_HALF) >> 16),
    ]
}

#[allow(clippy::cast_sign_loss, reason = "limited to 0..=255")]
fn limit(value: i32) -> u8 {
    value.clamp(0, 255) as u8
}

/// Pixels side by side, in place: `YBR_FULL` to RGB.
pub fn convert_ybr_to_rgb(pixels: &mut [u8]) {
    convert(pixels, ybr_to_rgb);
}

/// Pixels side by side, in place: RGB to `YBR_FULL`.
pub fn convert_rgb_to_ybr(pixels: &mut [u8]) {
    convert(pixels, rgb_to_ybr);
}

/// Pixels that are converted together: several registers of each sample, so that the loops between the two reorderings
/// are worth their start.
const PIXELS: usize = 128;

/// In planes on the stack, because nothing can be done at once to samples that are three bytes apart.
#[multiversion(targets("x86_64+avx2"))]
fn convert<F: Fn([u8; 3]) -> [u8; 3]>(pixels: &mut [u8], pixel: F) {
    let (blocks, rest) = pixels.as_chunks_mut::<3>().0.as_chunks_mut::<PIXELS>();
    for block in blocks {
        let (mut a, mut b, mut c) = ([0; PIXELS], [0; PIXELS], [0; PIXELS]);
        for (i, from) in block.iter().enumerate() {
            [a[i], b[i], c[i]] = *from;
        }
        for i in 0..PIXELS {
            [a[i], b[i], c[i]] = pixel([a[i], b[i], c[i]]);
        }
        for (i, to) in block.iter_mut().enumerate() {
            *to = [a[i], b[i], c[i]];
        }
    }
    for to in rest {
        *to = pixel(*to);
    }
}

/// `YBR_FULL_422` to `YBR_FULL`: `Y1 Y2 Cb Cr` becomes `Y1 Cb Cr Y2 Cb Cr`, in words of `width` bytes.
pub fn expand_422(src: &[u8], width: usize, out: &mut [u8]) {
    match width {
        1 => expand_words::<1>(src, out),
        2 => expand_words::<2>(src, out),
        4 => expand_words::<4>(src, out),
        _ => expand_words::<8>(src, out),
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn expand_words<const W: usize>(src: &[u8], out: &mut [u8]) {
    let src = src.as_chunks::<W>().0.as_chunks::<4>().0;
    let out = out.as_chunks_mut::<W>().0.as_chunks_mut::<6>().0;
    for ([y1, y2, cb, cr], pixels) in src.iter().zip(out) {
        *pixels = [*y1, *cb, *cr, *y2, *cb, *cr];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numerator over denominator, rounded half up, limited to a byte.
    #[allow(clippy::cast_sign_loss, reason = "limited to 0..=255")]
    fn exact(numerator: i64, denominator: i64) -> u8 {
        (2 * numerator + denominator).div_euclid(2 * denominator).clamp(0, 255) as u8
    }

    fn all() -> impl Iterator<Item = [u8; 3]> {
        (0..1u32 << 24).map(|i| [(i >> 16) as u8, (i >> 8) as u8, i as u8])
    }

    #[test]
    fn ybr_to_rgb_is_exact_for_every_input() {
        for ybr in all() {
            let [y, cb, cr] = ybr.map(i64::from);
            let (cb, cr) = (cb - 128, cr - 128);
            let oracle = [
                exact(1000 * y + 1402 * cr, 1000),
                exact(587_000 * y - 202_008 * cb - 419_198 * cr, 587_000),
                exact(1000 * y + 1772 * cb, 1000),
            ];
            assert_eq!(ybr_to_rgb(ybr), oracle, "{ybr:?}");
        }
    }

    #[test]
    fn rgb_to_ybr_is_exact_for_every_input() {
        for rgb in all() {
            let [r, g, b] = rgb.map(i64::from);
            let oracle = [
                exact(299 * r + 587 * g + 114 * b, 1000),
                exact(128 * 1772 - 299 * r - 587 * g + 886 * b, 1772),
                exact(128 * 1402 + 701 * r - 587 * g - 114 * b, 1402),
            ];
            assert_eq!(rgb_to_ybr(rgb), oracle, "{rgb:?}");
        }
    }

    #[test]
    fn slices_convert_as_pixels_do() {
        let pixels: Vec<u8> = (0..=254).collect();
        let (mut rgb, mut ybr) = (pixels.clone(), pixels.clone());
        convert_ybr_to_rgb(&mut rgb);
        convert_rgb_to_ybr(&mut ybr);
        for (i, pixel) in pixels.as_chunks::<3>().0.iter().enumerate() {
            assert_eq!(rgb[3 * i..3 * i + 3], ybr_to_rgb(*pixel));
            assert_eq!(ybr[3 * i..3 * i + 3], rgb_to_ybr(*pixel));
        }
    }

    #[test]
    fn subsampled_pairs_share_chrominance() {
        let mut out = [0xA5; 12];
        expand_422(&[1, 2, 30, 40, 5, 6, 70, 80], 1, &mut out);
        assert_eq!(out, [1, 30, 40, 2, 30, 40, 5, 70, 80, 6, 70, 80]);
        let mut out = [0xA5; 12];
        expand_422(&[1, 0, 2, 0, 30, 1, 40, 1], 2, &mut out);
        assert_eq!(out, [1, 0, 30, 1, 40, 1, 2, 0, 30, 1, 40, 1]);
    }
}

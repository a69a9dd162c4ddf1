//! PS3.3 C.7.6.3.1.2 Photometric Interpretation: `YBR_FULL`, `YBR_FULL_422` and RGB. `deep` converts depths other than
//! 8 bits, `partial` the retired terms with a reduced range.
//!
//! The equations are those of ISO/IEC 10918-5 clause 7, as exact fractions:
//!
//! ```text
//! R = Y + 1.402 (Cr - 128)
//! G = Y - (0.114 * 1.772 (Cb - 128) + 0.299 * 1.402 (Cr - 128)) / 0.587
//! B = Y + 1.772 (Cb - 128)
//! ```
//!
//! rounded half up and clamped to 0..=255. The factors below are these fractions scaled by a power of two. Scale and
//! offset were searched for, so that each of the 2^24 inputs gives the exact result; the tests verify it.

#![allow(clippy::inline_always, reason = "inlined functions are compiled for the instructions of their caller")]

mod deep;
mod float;
mod partial;
pub use deep::convert_deep_ybr_to_rgb;
pub use partial::convert_partial_ybr_to_rgb;

/// The arithmetic in which the equations are evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    /// Exact.
    Exact,
    /// 32-bit floating point, with each product and sum rounded separately: the result of pydicom's matrix product on
    /// some machines.
    Float,
    /// 32-bit floating point, with each product fused with its sum: the result on the other machines.
    FusedFloat,
}

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

/// Converts one pixel from `YBR_FULL` to RGB.
#[must_use]
pub fn ybr_to_rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
    [
        clamp_u8(y + ((RED * cr + HALF) >> 20)),
        clamp_u8(y + ((GREEN_CB * cb + GREEN_CR * cr + HALF) >> 20)),
        clamp_u8(y + ((BLUE * cb + BLUE_HALF) >> 20)),
    ]
}

/// Converts one pixel from RGB to `YBR_FULL`.
#[must_use]
pub fn rgb_to_ybr(rgb: [u8; 3]) -> [u8; 3] {
    let [r, g, b] = rgb.map(i32::from);
    let sum = |f: [i32; 3], half: i32| f[0] * r + f[1] * g + f[2] * b + half;
    [
        clamp_u8(sum(Y_FACTORS, Y_HALF) >> 18),
        clamp_u8(sum(CB_FACTORS, CHROMA_HALF) >> 16),
        clamp_u8(sum(CR_FACTORS, CHROMA_HALF) >> 16),
    ]
}

#[allow(clippy::cast_sign_loss, reason = "limited to 0..=255")]
fn clamp_u8(value: i32) -> u8 {
    value.clamp(0, 255) as u8
}

/// Converts interleaved pixels from `YBR_FULL` to RGB, in place.
pub fn convert_ybr_to_rgb(pixels: &mut [u8], arithmetic: Arithmetic) {
    match arithmetic {
        Arithmetic::Exact => convert(pixels, ybr_to_rgb),
        Arithmetic::Float => convert(pixels, float::ybr_to_rgb_separate),
        Arithmetic::FusedFloat => convert(pixels, float::ybr_to_rgb_fused),
    }
}

/// Converts interleaved pixels from RGB to `YBR_FULL`, in place.
pub fn convert_rgb_to_ybr(pixels: &mut [u8], arithmetic: Arithmetic) {
    match arithmetic {
        Arithmetic::Exact => convert(pixels, rgb_to_ybr),
        Arithmetic::Float => convert(pixels, float::rgb_to_ybr_separate),
        Arithmetic::FusedFloat => convert(pixels, float::rgb_to_ybr_fused),
    }
}

/// Converts a frame of three planes from `YBR_FULL` to RGB, in place.
pub fn convert_ybr_to_rgb_planes(planes: &mut [u8], arithmetic: Arithmetic) {
    match arithmetic {
        Arithmetic::Exact => convert_planes(planes, ybr_to_rgb),
        Arithmetic::Float => convert_planes(planes, float::ybr_to_rgb_separate),
        Arithmetic::FusedFloat => convert_planes(planes, float::ybr_to_rgb_fused),
    }
}

/// Converts a frame of three planes from RGB to `YBR_FULL`, in place.
pub fn convert_rgb_to_ybr_planes(planes: &mut [u8], arithmetic: Arithmetic) {
    match arithmetic {
        Arithmetic::Exact => convert_planes(planes, rgb_to_ybr),
        Arithmetic::Float => convert_planes(planes, float::rgb_to_ybr_separate),
        Arithmetic::FusedFloat => convert_planes(planes, float::rgb_to_ybr_fused),
    }
}

/// Pixels converted together: several vector registers per component, so that the loops between the two reorderings
/// outweigh their fixed cost.
const TILE_PIXELS: usize = 128;

/// Works on planes on the stack, because samples that are three bytes apart cannot be vectorized. The FMA target is
/// needed, because without an FMA instruction each fused product is a function call.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+fma")))]
fn convert<F: Fn([u8; 3]) -> [u8; 3]>(pixels: &mut [u8], pixel: F) {
    let (blocks, rest) = pixels.as_chunks_mut::<3>().0.as_chunks_mut::<TILE_PIXELS>();
    for block in blocks {
        let (mut a, mut b, mut c) = ([0; TILE_PIXELS], [0; TILE_PIXELS], [0; TILE_PIXELS]);
        for (i, from) in block.iter().enumerate() {
            [a[i], b[i], c[i]] = *from;
        }
        for i in 0..TILE_PIXELS {
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

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+fma")))]
fn convert_planes<F: Fn([u8; 3]) -> [u8; 3]>(planes: &mut [u8], pixel: F) {
    let (first, others) = planes.split_at_mut(planes.len() / 3);
    let (second, third) = others.split_at_mut(others.len() / 2);
    for ((a, b), c) in first.iter_mut().zip(second).zip(third) {
        [*a, *b, *c] = pixel([*a, *b, *c]);
    }
}

/// Upsamples `YBR_FULL_422` to `YBR_FULL`: `Y1 Y2 Cb Cr` becomes `Y1 Cb Cr Y2 Cb Cr`, in words of `width` bytes.
pub fn upsample_422(src: &[u8], width: usize, out: &mut [u8]) {
    match width {
        1 => upsample_words::<1>(src, out),
        2 => upsample_words::<2>(src, out),
        4 => upsample_words::<4>(src, out),
        _ => upsample_words::<8>(src, out),
    }
}

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
fn upsample_words<const W: usize>(src: &[u8], out: &mut [u8]) {
    let src = src.as_chunks::<W>().0.as_chunks::<4>().0;
    let out = out.as_chunks_mut::<W>().0.as_chunks_mut::<6>().0;
    for ([y1, y2, cb, cr], pixels) in src.iter().zip(out) {
        *pixels = [*y1, *cb, *cr, *y2, *cb, *cr];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the quotient, rounded half up and clamped to a byte.
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

    type Case = (fn([u8; 3]) -> [u8; 3], fn(&mut [u8], Arithmetic), fn(&mut [u8], Arithmetic), Arithmetic);

    #[test]
    fn slices_convert_as_pixels_do() {
        let src: Vec<u8> = (0..3 * 300u32).map(|i| ((i * 89) >> 2) as u8).collect();
        let pixels = src.as_chunks::<3>().0;
        let planar =
            |pixels: &[[u8; 3]]| -> Vec<u8> { (0..3).flat_map(|s| pixels.iter().map(move |p| p[s])).collect() };
        let cases: [Case; 6] = [
            (ybr_to_rgb, convert_ybr_to_rgb, convert_ybr_to_rgb_planes, Arithmetic::Exact),
            (rgb_to_ybr, convert_rgb_to_ybr, convert_rgb_to_ybr_planes, Arithmetic::Exact),
            (float::ybr_to_rgb_separate, convert_ybr_to_rgb, convert_ybr_to_rgb_planes, Arithmetic::Float),
            (float::rgb_to_ybr_separate, convert_rgb_to_ybr, convert_rgb_to_ybr_planes, Arithmetic::Float),
            (float::ybr_to_rgb_fused, convert_ybr_to_rgb, convert_ybr_to_rgb_planes, Arithmetic::FusedFloat),
            (float::rgb_to_ybr_fused, convert_rgb_to_ybr, convert_rgb_to_ybr_planes, Arithmetic::FusedFloat),
        ];
        for (pixel, interleaved, planes, arithmetic) in cases {
            let oracle: Vec<[u8; 3]> = pixels.iter().map(|p| pixel(*p)).collect();
            let mut out = src.clone();
            interleaved(&mut out, arithmetic);
            assert_eq!(out, oracle.concat());
            let mut out = planar(pixels);
            planes(&mut out, arithmetic);
            assert_eq!(out, planar(&oracle));
        }
    }

    #[test]
    fn subsampled_pairs_share_chrominance() {
        let mut out = [0xA5; 12];
        upsample_422(&[1, 2, 30, 40, 5, 6, 70, 80], 1, &mut out);
        assert_eq!(out, [1, 30, 40, 2, 30, 40, 5, 70, 80, 6, 70, 80]);
        let mut out = [0xA5; 12];
        upsample_422(&[1, 0, 2, 0, 30, 1, 40, 1], 2, &mut out);
        assert_eq!(out, [1, 0, 30, 1, 40, 1, 2, 0, 30, 1, 40, 1]);
    }
}

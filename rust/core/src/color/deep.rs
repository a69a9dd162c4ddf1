//! `YBR_FULL` of any depth: the same equations with the offset `2^(bits - 1)` instead of 128.

use crate::image::ByteOrder;

/// The common denominator of the exact equations.
const DENOMINATOR: i64 = 587_000;

/// Converts interleaved pixels from `YBR_FULL` of `bits` (1 to 32) to RGB, in place and exactly, rounded half up and
/// clamped to `2^bits - 1`. `width`: bytes of a sample, 1, 2 or 4, in byte order `order`.
pub fn convert_deep_ybr_to_rgb(pixels: &mut [u8], width: usize, bits: u8, order: ByteOrder) {
    match width {
        1 => convert::<1>(pixels, bits, order),
        2 => convert::<2>(pixels, bits, order),
        _ => convert::<4>(pixels, bits, order),
    }
}

fn convert<const W: usize>(pixels: &mut [u8], bits: u8, order: ByteOrder) {
    let (half, highest) = (1 << (bits - 1), (1 << bits) - 1);
    for pixel in pixels.as_chunks_mut::<W>().0.as_chunks_mut::<3>().0 {
        let [y, cb, cr] = pixel.map(|word| load(word, order));
        let rgb = to_rgb([y, cb - half, cr - half]).map(|value| value.clamp(0, highest));
        *pixel = rgb.map(|value| store(value, order));
    }
}

/// Takes luminance, and chrominance centered at 0, of up to 33 bits each, so that no sum of products exceeds 64 bits.
fn to_rgb([y, cb, cr]: [i64; 3]) -> [i64; 3] {
    let rounded = |numerator: i64| (2 * numerator + DENOMINATOR).div_euclid(2 * DENOMINATOR);
    let y = DENOMINATOR * y;
    [rounded(y + 822_974 * cr), rounded(y - 202_008 * cb - 419_198 * cr), rounded(y + 1_040_164 * cb)]
}

fn load<const W: usize>(word: [u8; W], order: ByteOrder) -> i64 {
    let fold = |value: i64, byte: u8| value << 8 | i64::from(byte);
    match order {
        ByteOrder::Big => word.into_iter().fold(0, fold),
        ByteOrder::Little => word.into_iter().rev().fold(0, fold),
    }
}

#[allow(clippy::cast_sign_loss, reason = "clamped to at least 0")]
fn store<const W: usize>(value: i64, order: ByteOrder) -> [u8; W] {
    std::array::from_fn(|index| {
        let place = if order == ByteOrder::Big { W - 1 - index } else { index };
        (value >> (8 * place)) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::ybr_to_rgb;
    use proptest::prelude::*;

    #[test]
    fn eight_bits_are_the_same() {
        for i in (0..1u32 << 24).step_by(7) {
            let ybr = [(i >> 16) as u8, (i >> 8) as u8, i as u8];
            let mut deep = ybr;
            convert_deep_ybr_to_rgb(&mut deep, 1, 8, ByteOrder::NATIVE);
            assert_eq!(deep, ybr_to_rgb(ybr), "{ybr:?}");
        }
    }

    /// The equations with the coefficients of the standard, over a common denominator of 10^9. Nothing but the standard
    /// is shared with the factors above.
    fn oracle(ybr: [u32; 3], bits: u8) -> [u32; 3] {
        let [y, cb, cr] = ybr.map(i128::from);
        let (half, highest) = (1i128 << (bits - 1), (1i128 << bits) - 1);
        let (cb, cr) = (cb - half, cr - half);
        let divided = |numerator: i128, denominator: i128| {
            let floor = (numerator * 2 + denominator).div_euclid(denominator * 2);
            u32::try_from(floor.clamp(0, highest)).unwrap()
        };
        [
            divided(1000 * y + 1402 * cr, 1000),
            divided(587_000_000 * y - 114 * 1772 * 1000 * cb - 299 * 1402 * 1000 * cr, 587_000_000),
            divided(1000 * y + 1772 * cb, 1000),
        ]
    }

    proptest! {
        #[test]
        fn every_depth_is_exact(bits in 1u8..=32, samples in prop::collection::vec(any::<u32>(), 3..30), ends: bool, big: bool) {
            let order = if big { ByteOrder::Big } else { ByteOrder::Little };
            let width = match bits { ..=8 => 1, 9..=16 => 2, _ => 4 };
            let highest = u32::MAX >> (32 - bits);
            let samples: Vec<u32> = samples.iter().map(|sample| match (ends, sample % 4) {
                (true, 0) => 0,
                (true, 1) => highest,
                (true, 2) => 1 << (bits - 1),
                _ => sample & highest,
            }).collect();
            let samples = &samples[..samples.len() / 3 * 3];
            let words = |values: &[u32]| -> Vec<u8> {
                values.iter().flat_map(|value| match order {
                    ByteOrder::Big => value.to_be_bytes()[4 - width..].to_vec(),
                    ByteOrder::Little => value.to_le_bytes()[..width].to_vec(),
                }).collect()
            };
            let mut converted = words(samples);
            convert_deep_ybr_to_rgb(&mut converted, width, bits, order);
            let expected: Vec<u32> =
                samples.as_chunks::<3>().0.iter().flat_map(|pixel| oracle(*pixel, bits)).collect();
            prop_assert_eq!(converted, words(&expected));
        }
    }
}

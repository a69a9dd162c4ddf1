use proptest::prelude::*;

use super::Tier1;
use crate::code_block::{Band, CodeBlock, Coder, Damage, Segment, Style};
use crate::coefficient::Coefficient;
use crate::oracle::blocks;

const BANDS: [Band; 4] = [Band::Ll, Band::Hl, Band::Lh, Band::Hh];

/// Numbers from 0 to 1.
#[allow(clippy::cast_precision_loss, reason = "53 bits")]
fn uniform(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed | 1;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Coefficients as of a wavelet: a Laplace distribution, with areas of other amplitudes and of zeros.
fn coefficients((width, height): (usize, usize), seed: u64, scale: f64) -> Vec<i128> {
    let mut uniform = uniform(seed);
    let areas: Vec<f64> = (0..64).map(|_| (uniform() * 4.0 - 2.0).exp() * f64::from(uniform() < 0.7)).collect();
    let value = |index: usize| {
        let area = areas[index % width / 9 % 8 + index / width / 7 % 8 * 8];
        let magnitude = (-uniform().max(1e-300).ln() * scale * area) as i128;
        if uniform() < 0.5 { -magnitude } else { magnitude }
    };
    (0..width * height).map(value).collect()
}

fn planes_of(values: &[i128]) -> u32 {
    128 - values.iter().map(|value| value.unsigned_abs()).max().unwrap().leading_zeros()
}

/// Decodes with the decoder that is tested.
fn decode<C: Coefficient + Into<i128>>(block: &CodeBlock<'_>) -> (Vec<i128>, Option<Damage>) {
    let mut out = vec![C::default(); block.width * block.height];
    let mut decoder = Tier1::default();
    // Memory that another code-block has used.
    let segment = [Segment { data: &[0x12, 0xAB, 0x77, 0x40, 0x13], passes: 20 }];
    let other = CodeBlock { segments: &segment, bit_planes: 9, width: 20, height: 30, roi_shift: 0, ..*block };
    decoder.decode(&CodeBlock { style: Style(0), ..other }, &mut [0i32; 600]).unwrap();
    let outcome = decoder.decode(block, &mut out).unwrap();
    (out.into_iter().map(Into::into).collect(), outcome.damage)
}

/// A code-block of the MQ coder without a region of interest.
fn mq_block<'a>(
    (width, height): (usize, usize),
    (band, style): (Band, Style),
    bit_planes: u8,
    segments: &'a [Segment<'a>],
) -> CodeBlock<'a> {
    let (coder, magnitude_bits, roi_shift) = (Coder::Mq, 38, 0);
    CodeBlock { width, height, band, style, coder, magnitude_bits, bit_planes, roi_shift, segments }
}

fn size() -> impl Strategy<Value = (usize, usize)> {
    let any = (1usize..70, 1usize..50);
    prop_oneof![6 => any, 1 => (1usize..=4, 1usize..=1024), 1 => (1usize..=1024, 1usize..=4)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// All styles: what the encoder has encoded, and where passes are missing, what the plain decoder returns.
    #[test]
    fn decodes_what_is_encoded(
        size in size(), band in 0usize..4, style in 0u8..64, seed: u64, scale in -3.0f64..14.0,
        cut in prop_oneof![Just(0usize), 0usize..30],
    ) {
        let (style, band) = (Style(style), BANDS[band]);
        let values = coefficients(size, seed, scale.exp());
        let planes = planes_of(&values);
        prop_assume!(planes > 0);
        let passes = (3 * planes as usize - 2).saturating_sub(cut).max(1);
        let encoded = blocks::encode(size, (band, style), &values, planes, passes);
        let segments: Vec<_> = encoded.iter().map(|(data, passes)| Segment { data, passes: *passes }).collect();
        let block = mq_block(size, (band, style), planes as u8, &segments);
        let expected = blocks::decode(&block);
        prop_assert!(expected.symbols);
        if passes == 3 * planes as usize - 2 {
            let exact = |value: &i128| value * 2 + value.signum();
            prop_assert_eq!(&expected.coefficients, &values.iter().map(exact).collect::<Vec<_>>());
        }
        if planes <= 30 {
            let (out, damage) = decode::<i32>(&block);
            prop_assert_eq!(&out, &expected.coefficients);
            prop_assert_eq!(damage, None);
        }
        let (out, damage) = decode::<i64>(&block);
        prop_assert_eq!(out, expected.coefficients);
        prop_assert_eq!(damage, None);
    }

    /// H.1: a region of interest, whose coefficients are scaled up, complete or not, and more than 62 bit-planes.
    #[test]
    fn undoes_regions_of_interest(
        size in size(), style in 0u8..64, seed: u64, scale in -3.0f64..18.0, more in 0u32..12, cut in 0usize..50,
    ) {
        let (style, band) = (Style(style), Band::Hl);
        let mut values = coefficients(size, seed, scale.exp());
        let shift = planes_of(&values) + more;
        let mut uniform = uniform(!seed);
        for value in &mut values {
            *value <<= if uniform() < 0.3 { shift } else { 0 };
        }
        let planes = planes_of(&values);
        prop_assume!(planes > 0 && planes <= 76);
        let passes = (3 * planes as usize - 2).saturating_sub(cut).max(1);
        let encoded = blocks::encode(size, (band, style), &values, planes, passes);
        let segments: Vec<_> = encoded.iter().map(|(data, passes)| Segment { data, passes: *passes }).collect();
        let block = CodeBlock { roi_shift: shift as u8, ..mq_block(size, (band, style), planes as u8, &segments) };
        let expected = blocks::decode(&block).coefficients;
        if shift <= 30 {
            prop_assert_eq!(&decode::<i32>(&block).0, &expected);
        }
        prop_assert_eq!(decode::<i64>(&block).0, expected);
    }

    /// Any bytes, as from damaged files.
    #[test]
    fn decodes_any_bytes(
        size in size(), style in 0u8..64, bit_planes in 1u8..=30, cut in 0usize..30, noise: bool,
        mut data in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..20),
    ) {
        if noise {
            // Many bytes FF, with others after them that carry or are markers.
            data.iter_mut().flatten().for_each(|byte| *byte = if *byte < 99 { 0xFF } else { *byte & 0x97 });
        }
        let passes = (3 * usize::from(bit_planes) - 2).saturating_sub(cut).max(1);
        let lengths = blocks::segment_lengths(Style(style), passes);
        let segments: Vec<_> =
            lengths.iter().zip(data.iter().cycle()).map(|(&passes, data)| Segment { data, passes }).collect();
        let block = mq_block(size, (Band::Lh, Style(style)), bit_planes, &segments);
        let expected = blocks::decode_any(&block);
        let (out, damage) = decode::<i32>(&block);
        prop_assert_eq!(out, expected.coefficients);
        let found = matches!(damage, Some(Damage::SegmentationSymbol { .. }));
        let first = matches!(damage, Some(Damage::PredictableTermination { .. }));
        prop_assert!(found != expected.symbols || first);
    }
}

/// C.3.5: a segment that begins with FF 80, as no encoder writes, has a carry into the highest bit of Chigh, which is above the
/// interval then.
#[test]
fn a_carry_out_of_the_first_bit_is_kept() {
    for second in 0x80..=0x8F {
        let data = [0xFF, second, 0x12, 0x9A, 0x40, 0x77, 0x3C, 0xE1, 0x05];
        let segments = [Segment { data: &data, passes: 10 }];
        let block = mq_block((8, 8), (Band::Hl, Style(0)), 9, &segments);
        assert_eq!(decode::<i32>(&block).0, blocks::decode(&block).coefficients, "{second:02X}");
    }
}

/// The first sign of damage of a code-block with these codeword segments.
fn damage(size: (usize, usize), subband: (Band, Style), planes: u32, encoded: &[(Vec<u8>, u8)]) -> Option<Damage> {
    let segments: Vec<_> = encoded.iter().map(|(data, passes)| Segment { data, passes: *passes }).collect();
    decode::<i32>(&mq_block(size, subband, planes as u8, &segments)).1
}

/// Table D.9: an encoder may cut the last codeword segment anywhere else.
#[test]
fn predictable_termination_is_checked_where_it_is_required() {
    let (size, band, style) = ((16, 16), Band::Ll, Style(0x11));
    let values = coefficients(size, 5, 50.0);
    let planes = planes_of(&values);
    assert!(planes > 6);
    for passes in 1..3 * planes as usize - 1 {
        let mut encoded = blocks::encode(size, (band, style), &values, planes, passes);
        encoded.last_mut().unwrap().0.extend([0x12; 8]);
        let expected =
            (passes >= 10 && passes % 3 != 2).then_some(Damage::PredictableTermination { pass: passes as u16 - 1 });
        assert_eq!(damage(size, (band, style), planes, &encoded), expected, "{passes}");
    }
}

/// D.5: only where an encoder has cut the codeword segment, the symbol after its last pass may be missing.
#[test]
fn segmentation_symbols_are_checked() {
    let (size, band, style) = ((16, 16), Band::Ll, Style(0x20));
    let values = coefficients(size, 5, 50.0);
    let planes = planes_of(&values);
    let all = 3 * planes as usize - 2;
    for passes in (1..=all).step_by(3) {
        let mut encoded = blocks::encode(size, (band, style), &values, planes, passes);
        for (data, _) in &mut encoded {
            let length = data.len().saturating_sub(2);
            data.truncate(length);
        }
        let damage = damage(size, (band, style), planes, &encoded);
        let Some(Damage::SegmentationSymbol { pass, is_at_cut, .. }) = damage else { panic!("{passes}: {damage:?}") };
        assert_eq!((usize::from(pass) + 1, is_at_cut), (passes, passes < all));
    }
}

use proptest::prelude::*;

use super::Ht;
use crate::code_block::{Band, BlockError, CodeBlock, Coder, Segment, Style};
use crate::coefficient::Coefficient;
use crate::oracle::ht_blocks;

fn size() -> impl Strategy<Value = (usize, usize)> {
    let any = (1usize..70, 1usize..50);
    prop_oneof![6 => any, 1 => (1usize..=4, 1usize..=1024), 1 => (1usize..=1024, 1usize..=4)]
}

fn decode<C: Coefficient + Into<i128>>(block: &CodeBlock<'_>) -> Result<Vec<i128>, BlockError> {
    let mut out = vec![C::default(); block.width * block.height];
    let mut decoder = Ht::default();
    // Memory that another code-block has used.
    let segment = [Segment { data: &[0x12, 0xAB, 0x77, 0x40, 0x13, 0x77, 0x03, 0x00], passes: 1 }];
    let other = CodeBlock {
        segments: &segment,
        bit_planes: 9,
        magnitude_bits: 28,
        width: 20,
        height: 30,
        roi_shift: 0,
        ..*block
    };
    let _ = decoder.decode(&other, &mut [0i32; 600]);
    decoder.decode(block, &mut out)?;
    Ok(out.into_iter().map(Into::into).collect())
}

/// Coefficients below 2^`bits`, with areas of other amplitudes.
fn coefficients((width, height): (usize, usize), bits: u32, seed: u64) -> Vec<i128> {
    let mut state = seed | 1;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 11
    };
    let areas: Vec<u64> = (0..64).map(|_| next() % u64::from(2 * bits)).collect();
    let value = |index: usize| {
        let area = areas[index % width / 9 % 8 + index / width / 7 % 8 * 8];
        let magnitude = i128::from(next()) & ((1 << bits) - 1);
        let magnitude = magnitude >> (area + next() % 3).min(100);
        if next() & 1 == 1 { -magnitude } else { magnitude }
    };
    (0..width * height).map(value).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Up to three passes, placeholder passes and several sets.
    #[test]
    fn decodes_what_is_encoded(
        size in size(), bits in 1u32..38, below in 0u32..4, plane in 0u32..6, refinements in 0u8..3, causal: bool,
        placeholders in 0u8..3, seed: u64,
    ) {
        let refinements = if plane == 0 { 0 } else { refinements };
        let values = coefficients(size, bits, seed);
        let (cleanup, refinement) = ht_blocks::encode(size, &values, plane, (refinements, causal), seed as usize);
        let earlier = ht_blocks::encode(size, &values, plane + 1, (2, causal), 1);
        let refinement = Segment { data: &refinement, passes: refinements };
        let cleanup = Segment { data: &cleanup, passes: 1 };
        let placeholder = Segment { data: &[], passes: 3 * placeholders };
        let all = [placeholder, Segment { data: &earlier.0, passes: 1 }, Segment { data: &earlier.1, passes: 2 }, cleanup, refinement];
        let short = [placeholder, cleanup, refinement];
        let segments = if below == 0 { &all[..] } else { &short };
        let sets = u32::from(placeholders) + u32::from(below == 0);
        let (width, height) = size;
        let (style, coder) = (Style(if causal { 0x48 } else { 0x40 }), Coder::Ht);
        let bit_planes = (plane + sets + 1) as u8;
        let magnitude_bits = (bits as u8).max(bit_planes);
        let block = CodeBlock { width, height, band: Band::Ll, style, coder, magnitude_bits, bit_planes, roi_shift: 0, segments };
        let expected = ht_blocks::decode(&block).unwrap();
        for (&value, &decoded) in values.iter().zip(&expected) {
            let (value, decoded, sign) = (value.unsigned_abs(), decoded.unsigned_abs(), (value < 0) == (decoded < 0));
            if decoded != 0 {
                let last = decoded.trailing_zeros();
                prop_assert!(sign && decoded >> (last + 1) == value >> last && last + 1 >= plane && last <= plane);
            } else {
                prop_assert_eq!(value >> plane, 0);
            }
        }
        if magnitude_bits <= 30 {
            prop_assert_eq!(&decode::<i32>(&block).unwrap(), &expected);
        }
        prop_assert_eq!(decode::<i64>(&block), Ok(expected));
    }

    /// Any bytes, as from damaged files.
    #[test]
    fn decodes_any_bytes(
        size in size(), plane in 1u8..5, refinements in 0u8..3, causal: bool, noise: bool, magnitude_bits in 8u8..=38,
        mut cleanup in prop::collection::vec(any::<u8>(), 0..600), mut refinement in prop::collection::vec(any::<u8>(), 0..200),
        suffix in 0usize..500,
    ) {
        if noise {
            // Many bytes FF and 7F.
            cleanup.iter_mut().chain(&mut refinement).for_each(|byte| *byte = if *byte < 99 { 0xFF } else { *byte | 0x7C });
        }
        if let Some([low, high]) = cleanup.last_chunk_mut::<2>() {
            (*low, *high) = (*low & 0xF0 | (suffix & 15) as u8, (suffix >> 4) as u8);
        }
        let segments = [Segment { data: &cleanup, passes: 1 }, Segment { data: &refinement, passes: refinements }];
        let (width, height) = size;
        let (style, coder) = (Style(if causal { 0x48 } else { 0x40 }), Coder::Ht);
        let block = CodeBlock {
            width, height, band: Band::Ll, style, coder, magnitude_bits, bit_planes: plane + 1, roi_shift: 0, segments: &segments,
        };
        match decode::<i64>(&block) {
            Ok(values) => prop_assert_eq!(Some(values), ht_blocks::decode(&block)),
            Err(BlockError::CodewordsEnd { found, needed }) => prop_assert!(found < needed),
            Err(BlockError::SuffixLength { found, segment }) => prop_assert!(found > segment || found < 2),
            Err(BlockError::CleanupLength { found }) => prop_assert!(found == cleanup.len() && found < 2),
            Err(BlockError::Stuffing { .. } | BlockError::OutsideSample) => prop_assert_eq!(ht_blocks::decode(&block), None),
            Err(error) => {
                let limit = magnitude_bits - plane + 1;
                let is_bound = matches!(error, BlockError::ExponentBound { limit: found, .. } if found == limit);
                prop_assert!(is_bound);
            }
        }
    }
}

/// A code-block with a cleanup pass only.
fn with_cleanup<'a>((width, height): (usize, usize), segments: &'a [Segment<'a>]) -> CodeBlock<'a> {
    let (band, style, coder) = (Band::Ll, Style(0x40), Coder::Ht);
    CodeBlock { width, height, band, style, coder, magnitude_bits: 12, bit_planes: 1, roi_shift: 0, segments }
}

/// 7.1: bytes after FF whose stuffed bit is 1, or that are a marker with it.
#[test]
fn stuffed_bits_are_checked() {
    let size = (16, 16);
    let (cleanup, _) = ht_blocks::encode(size, &coefficients(size, 10, 7), 0, (0, false), 1);
    let suffix = usize::from(cleanup[cleanup.len() - 1]) * 16 + usize::from(cleanup[cleanup.len() - 2] & 15);
    let start = cleanup.len() - suffix;
    let outcome = |at: usize, following: u8| {
        let mut damaged = cleanup.clone();
        damaged[at..at + 2].copy_from_slice(&[0xFF, following]);
        decode::<i32>(&with_cleanup(size, &[Segment { data: &damaged, passes: 1 }])).map(|_| ())
    };
    let refused = |name, found, limit| Err(BlockError::Stuffing { name, found, limit });
    assert!(decode::<i32>(&with_cleanup(size, &[Segment { data: &cleanup, passes: 1 }])).is_ok());
    assert_eq!(outcome(start / 2, 0x80), refused("MagSgn", 0x80, 0x7F));
    assert_eq!(outcome(start, 0x80), refused("MEL", 0x80, 0x7F));
    assert_eq!(outcome(start, 0x90), refused("MEL and VLC", 0x90, 0x8F));
    assert_ne!(outcome(start + suffix / 2, 0x8F), refused("MEL and VLC", 0x8F, 0x8F));
}

/// 7.3.5: a quad at the right or lower edge has no significant samples beyond it.
#[test]
fn samples_outside_of_the_code_block_are_refused() {
    let (cleanup, _) = ht_blocks::encode((4, 4), &[9; 16], 0, (0, false), 1);
    let segments = [Segment { data: &cleanup, passes: 1 }];
    assert!(decode::<i32>(&with_cleanup((4, 4), &segments)).is_ok());
    for size in [(3, 4), (4, 3), (3, 3)] {
        assert_eq!(decode::<i32>(&with_cleanup(size, &segments)), Err(BlockError::OutsideSample));
    }
}

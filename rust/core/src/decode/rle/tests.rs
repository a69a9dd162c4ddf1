//! Compares frames in strips of any size with planes unpacked as a whole: samples, errors, warnings and their order.

use super::*;
use crate::rle::oracles::{oracle, segments};
use proptest::prelude::*;

/// The defect of a segment, and whether it is an error, by a plain reading of the rules.
fn judgement(segment: &[u8], plane_bytes: usize, strict: bool) -> Option<(ErrorKind, bool)> {
    let (plane, outcome) = oracle(segment, plane_bytes);
    let (rest, expected) = (&segment[outcome.read..], plane_bytes as u64);
    let long = ErrorKind::SegmentLong { excess: outcome.excess as u64, expected };
    let trailing = ErrorKind::SegmentRest { bytes: rest.len() as u64, expected };
    if plane.len() < plane_bytes {
        Some((ErrorKind::SegmentShort { found: plane.len() as u64, expected }, true))
    } else if strict && (outcome.excess > 0 || !rest.is_empty() && rest != [0]) {
        Some((trailing, true))
    } else if outcome.excess > 0 {
        Some((long, false))
    } else {
        rest.iter().any(|byte| *byte != 0 && *byte != 128).then_some((trailing, false))
    }
}

/// Interleaved samples of `width` bytes in native order, with every bit flipped by the `finish` function.
fn interleaved(segments: &[Vec<u8>], plane_bytes: usize, width: usize) -> Vec<u8> {
    let planes: Vec<Vec<u8>> = segments.iter().map(|segment| oracle(segment, plane_bytes).0).collect();
    let byte = |pixel: usize, place: usize| {
        let (sample, byte) = (place / width, place % width);
        !planes[sample * width + if cfg!(target_endian = "big") { byte } else { width - 1 - byte }][pixel]
    };
    (0..plane_bytes)
        .flat_map(|pixel| (0..planes.len()).map(move |place| (pixel, place)))
        .map(|(p, b)| byte(p, b))
        .collect()
}

fn frames() -> impl Strategy<Value = (Vec<Vec<u8>>, usize)> {
    let counts = prop::sample::select(vec![(1, 1), (1, 2), (3, 1), (1, 4), (3, 2), (5, 3)]);
    counts.prop_flat_map(|(samples, width)| (prop::collection::vec(segments(), samples * width), Just(width)))
}

proptest! {
    #[test]
    fn any_strip_size_gives_the_same(
        (segments, width) in frames(),
        all_full: bool,
        shortage in 0usize..3,
        strip in 1usize..=300,
        strict: bool,
    ) {
        let lengths = segments.iter().map(|segment| oracle(segment, usize::MAX).0.len());
        let plane_bytes = if all_full { lengths.min() } else { lengths.max() };
        let plane_bytes = (plane_bytes.unwrap_or(0) + shortage.saturating_sub(1)).max(1);
        let judgements: Vec<_> = segments.iter().map(|segment| judgement(segment, plane_bytes, strict)).collect();
        let error = judgements.iter().enumerate().find_map(|(index, judgement)| match judgement {
            Some((kind, true)) => Some((kind.clone(), Some(index as u64 + 7))),
            _ => None,
        });

        let mut out = vec![0xA5; plane_bytes * segments.len()];
        let (mut scratch, mut warnings) = (vec![3; 5], Warnings::new());
        let sources: Vec<&[u8]> = segments.iter().map(Vec::as_slice).collect();
        let mut planes =
            BytePlanes { scratch: &mut scratch, warnings: &mut warnings, first: 7, width, strict, strip };
        let decoded = planes.decode(&sources, &mut out, &mut CancelCheck::new(&Parallelism::default()), |tile| tile.iter_mut().for_each(|byte| *byte = !*byte));
        prop_assert_eq!(decoded.clone().map_err(|error| (error.kind, error.segment)).err(), error);
        if decoded.is_ok() {
            let expected: Vec<_> = judgements
                .into_iter()
                .enumerate()
                .filter_map(|(index, judgement)| Some((judgement?.0, Some(index as u64 + 7))))
                .collect();
            let reported: Vec<_> = warnings.into_iter().map(|warning| (warning.kind, warning.segment)).collect();
            prop_assert_eq!(reported, expected);
            prop_assert!(out == interleaved(&segments, plane_bytes, width));
        }
    }
}

/// The second segment ends in an earlier strip than the first.
#[test]
fn the_first_segment_that_is_too_short_is_reported() {
    let (first, second) = ([[129, 1].repeat(3), vec![0, 0]].concat(), vec![129, 1]);
    let (mut scratch, mut warnings, mut out) = (Vec::new(), Warnings::new(), vec![0; 2000]);
    let mut planes =
        BytePlanes { scratch: &mut scratch, warnings: &mut warnings, first: 0, width: 2, strict: false, strip: 100 };
    let error = planes
        .decode(&[&first, &second], &mut out, &mut CancelCheck::new(&Parallelism::default()), |_| {})
        .unwrap_err();
    assert_eq!((error.segment, error.kind), (Some(0), ErrorKind::SegmentShort { found: 385, expected: 1000 }));
}

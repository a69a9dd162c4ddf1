//! Compares rows with a dynamic-programming oracle, and decodes the encoded frames.

use super::*;
use crate::rle::{MAX_SEGMENTS, Run, Segments, decode_segment};
use proptest::prelude::*;

fn pack(row: &[u8]) -> Vec<u8> {
    let mut room = RowBuffers::new(row.len()).unwrap();
    room.row[..row.len()].copy_from_slice(row);
    room.pack(row.len()).to_vec()
}

/// The shortest length, by dynamic programming over every run that G.3.1 allows.
fn shortest(row: &[u8]) -> usize {
    let mut best = vec![0];
    for end in 1..=row.len() {
        let (mut cost, mut equal) = (usize::MAX, true);
        for start in (end.saturating_sub(MAX_RUN)..end).rev() {
            equal &= row[start] == row[end - 1];
            let count = end - start;
            let run = if equal && count > 1 { 2 } else { 1 + count };
            cost = cost.min(best[start] + run);
        }
        best.push(cost);
    }
    best[row.len()]
}

/// The output bytes of each run of a segment, up to `len` bytes.
fn runs(segment: &[u8], len: usize) -> Vec<usize> {
    let (mut at, mut lengths) = (0, Vec::new());
    while lengths.iter().sum::<usize>() < len {
        let (packed, length) = match Run::new(segment[at]) {
            Run::Literal(count) => (count, count),
            Run::Replicate(count) => (1, count),
            Run::NoOp => panic!("nothing is to be written for nothing"),
        };
        at += 1 + packed;
        lengths.push(length);
    }
    assert!(segment.len() - at <= 1 && segment[at..].iter().all(|padding| *padding == 0));
    lengths
}

fn assert_shortest(row: &[u8]) {
    let packed = pack(row);
    let mut unpacked = vec![0xA5; row.len()];
    let decoded = decode_segment(&packed, &mut unpacked);
    assert_eq!((decoded.read, decoded.written, decoded.excess), (packed.len(), row.len(), 0));
    assert_eq!(unpacked, row);
    assert_eq!(packed.len(), shortest(row), "{row:?}");
}

/// Runs of a few values, many of them of the maximum length, or nearly so.
fn rows() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![8 => 1usize..5, 2 => 1usize..140, 1 => 126usize..131, 1 => 254usize..260];
    let literal = prop_oneof![1usize..10, 120usize..135];
    let part = prop_oneof![
        6 => (0u8..3, length).prop_map(|(value, length)| vec![value; length]),
        1 => literal.prop_map(|length| (0..length).map(|i| 3 + (i % 250) as u8).collect()),
    ];
    prop::collection::vec(part, 1..60).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn rows_are_as_short_as_can_be(row in rows()) {
        assert_shortest(&row);
    }

    #[test]
    fn noise_is_as_short_as_can_be(row in prop::collection::vec(0u8..6, 1..700)) {
        assert_shortest(&row);
    }

    #[test]
    fn frames_come_back(
        (rows, columns) in prop_oneof![(1usize..9, 1usize..40), (1usize..4, 100usize..400)],
        (samples, sample_bytes) in
            (1usize..=15, 1usize..=15).prop_filter("more segments than there are", |(a, b)| a * b <= MAX_SEGMENTS),
        order in prop::sample::select(vec![ByteOrder::Little, ByteOrder::Big]),
        values in 1u64..=256,
        seed: u64,
    ) {
        let pixel_bytes = samples * sample_bytes;
        let src = noise(rows * columns * pixel_bytes, values, seed);
        let frame = encode_frame(&src, &params(rows, columns, samples, sample_bytes, order)).unwrap();
        let numbers: Vec<usize> =
            frame[..HEADER_BYTES].as_chunks().0.iter().map(|n| u32::from_le_bytes(*n) as usize).collect();
        prop_assert!(numbers[1 + pixel_bytes..].iter().all(|unused| *unused == 0));
        prop_assert!(numbers[1..].iter().chain([&frame.len()]).all(|number| number.is_multiple_of(2)));
        let segments = Segments::new(&frame, pixel_bytes).unwrap();
        for (segment, packed) in segments.as_slice().iter().enumerate() {
            let (sample, significance) = (segment / sample_bytes, segment % sample_bytes);
            let byte = if order == ByteOrder::Big { significance } else { sample_bytes - 1 - significance };
            let plane: Vec<u8> =
                src.iter().skip(sample * sample_bytes + byte).step_by(pixel_bytes).copied().collect();
            let mut unpacked = vec![0xA5; plane.len()];
            prop_assert_eq!(decode_segment(packed, &mut unpacked).excess, 0);
            prop_assert_eq!(&unpacked, &plane);
            let ends: Vec<usize> = runs(packed, plane.len())
                .iter()
                .scan(0, |end, run| { *end += run; Some(*end) })
                .collect();
            prop_assert!((1..=rows).all(|row| ends.contains(&(row * columns))));
            let shortest: usize = plane.chunks(columns).map(shortest).sum();
            prop_assert_eq!(packed.len(), shortest.next_multiple_of(2));
        }
    }
}

/// Every way in which a literal run can end among short runs.
#[test]
fn ends_of_literal_runs() {
    for before in (0..=8).chain(MAX_RUN - 8..=MAX_RUN + 1) {
        for tail in 0..256u32 {
            let tail = (0..8).map(|i| (tail >> i) as u8 & 1);
            let row: Vec<u8> = (0..before).map(|i| 2 + (i % 2) as u8).chain(tail).collect();
            assert_shortest(&row);
        }
    }
}

#[test]
fn every_length_of_two_runs() {
    for before in 0..3 {
        for first in 1..=2 * MAX_RUN + 3 {
            let row = [vec![9; before], vec![1; first], vec![2, 3, 4]].concat();
            assert_shortest(&row);
        }
    }
}

#[test]
fn known_rows() {
    assert_eq!(pack(&[7]), [0, 7]);
    assert_eq!(pack(&[7, 7]), [255, 7]);
    // The byte after the row looks like a run.
    assert_eq!(pack(&[7, 255]), [1, 7, 255]);
    assert_eq!(pack(&[1, 7, 7, 2]), [3, 1, 7, 7, 2]);
    assert_eq!(pack(&[1, 7, 7, 7, 2]), [0, 1, 254, 7, 0, 2]);
    assert_eq!(pack(&[7; 129]), [129, 7, 0, 7]);
    assert_eq!(pack(&[&[1][..], &[7; 129]].concat()), [1, 1, 7, 129, 7]);
}

#[test]
fn a_frame_of_two_samples() {
    let frame = encode_frame(&[1, 2, 3, 4, 1, 6, 3, 8], &params(1, 2, 2, 2, ByteOrder::Little)).unwrap();
    let numbers = [4, 64, 68, 70, 74].iter().take(5).copied().chain(std::iter::repeat(0)).take(16);
    assert_eq!(frame[..64], numbers.flat_map(u32::to_le_bytes).collect::<Vec<u8>>());
    assert_eq!(frame[64..], [1, 2, 6, 0, 255, 1, 1, 4, 8, 0, 255, 3]);
}

#[test]
fn invalid_parameters_are_refused() {
    let good = params(2, 3, 1, 2, ByteOrder::Little);
    let message = |src: &[u8], params| encode_frame(src, &params).unwrap_err().to_string();
    assert!(encode_frame(&[0; 12], &good).is_ok());
    for len in [0, 11, 13] {
        let expected = format!("(7FE0,0010) Pixel Data: found {len} bytes, expected 12");
        assert_eq!(message(&vec![0; len], good), expected);
    }
    let refused = [
        (EncodeParams { rows: 0, ..good }, "(0028,0010) Rows: found 0, expected 1 to 65535"),
        (EncodeParams { columns: 65536, ..good }, "(0028,0011) Columns: found 65536, expected 1 to 65535"),
        (EncodeParams { samples_per_pixel: -1, ..good }, "(0028,0002) Samples per Pixel: found -1, expected 1 to 15"),
        (EncodeParams { sample_bytes: 16, ..good }, "Pixel Data: found 16, expected 1 to 15 bytes for a sample"),
        (EncodeParams { samples_per_pixel: 8, ..good }, "Pixel Data: found 16, expected at most 15 bytes for a pixel"),
        (EncodeParams { sample_bytes: i64::MAX, ..good }, "expected 1 to 15 bytes for a sample"),
    ];
    for (params, expected) in refused {
        let message = message(&[0; 12], params);
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
#[cfg(target_pointer_width = "64")]
fn offsets_have_32_bits() {
    assert_eq!(segment_offset(1, u32::MAX as usize).unwrap(), u32::MAX);
    let error = segment_offset(1, u32::MAX as usize + 1).unwrap_err();
    assert_eq!(error.segment, Some(1));
    assert!(error.to_string().contains("found RLE segment offset 4294967296, expected at most 4294967295"));
}

fn params(rows: usize, columns: usize, samples: usize, sample_bytes: usize, order: ByteOrder) -> EncodeParams {
    let [rows, columns, samples_per_pixel, sample_bytes] =
        [rows, columns, samples, sample_bytes].map(|number| i64::try_from(number).unwrap());
    EncodeParams { rows, columns, samples_per_pixel, sample_bytes, order }
}

fn noise(len: usize, values: u64, seed: u64) -> Vec<u8> {
    let mixed =
        |i: u64| (i.wrapping_add(seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ seed).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (0..len as u64).map(|i| ((mixed(i) >> 33) % values) as u8).collect()
}

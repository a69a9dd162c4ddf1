//! The order and number of progressive scans.

use super::common::lossless::full_size;
use super::common::progressive::Step;
use super::common::{BitWriter, frame, scan_header, segment};
use super::{decode, error, insert, step, with_dct};
use dicomet_jpeg::{ErrorKind, Warning};
use std::time::{Duration, Instant};

#[test]
fn an_invalid_order_of_scans_is_an_error() {
    let encode = |steps: &[Step]| with_dct(8, 0, |image, noise| image.encode_progressive(steps, noise));
    let first = step(&[0, 1, 2], 0, 0, 0, 1);
    for wrong in [
        vec![step(&[0], 1, 63, 0, 0)],
        vec![first.clone(), first.clone()],
        vec![first.clone(), step(&[0, 1, 2], 0, 0, 2, 1)],
        vec![first.clone(), step(&[0], 1, 9, 0, 1), step(&[0], 1, 9, 0, 0)],
        vec![first.clone(), step(&[0], 1, 9, 0, 1), step(&[0], 1, 10, 1, 0)],
        vec![first.clone(), step(&[0], 1, 9, 0, 2), step(&[0], 1, 9, 1, 0)],
        vec![first.clone(), step(&[0], 1, 9, 1, 0)],
        vec![step(&[0], 0, 0, 0, 0), step(&[0, 1, 2], 0, 0, 0, 0)],
    ] {
        let error = error(&encode(&wrong));
        assert!(matches!(error.kind, ErrorKind::Progression { .. }), "{error}");
        assert_eq!(error.scan, Some(wrong.len() as u32 - 1));
    }
    assert_eq!(error(&encode(&[step(&[0], 0, 0, 0, 0)])).kind, ErrorKind::NotCoded { component: 1 });
}

#[test]
fn missing_scans_before_eoi_give_warnings() {
    let stream = with_dct(8, 0, |image, noise| {
        image
            .encode_progressive(&[step(&[0, 1, 2], 0, 0, 0, 0), step(&[1], 1, 63, 0, 0), step(&[0], 1, 5, 0, 1)], noise)
    });
    let incomplete = |component, coefficient| Warning::Incomplete { component, coefficient };
    assert_eq!(decode(&stream).unwrap().1, [incomplete(0, 1), incomplete(2, 1)]);
    assert!(matches!(error(&stream[..stream.len() - 2]).kind, ErrorKind::EndOfData { .. }));
}

/// The greatest number of scans, each of a few bytes, without any coefficient.
#[test]
fn scans_without_coefficients_take_bounded_time() {
    let (width, height) = (2048, 2048);
    let blocks = width / 8 * height / 8;
    let mut stream = [
        &[0xFF, 0xD8][..],
        &segment(0xDB, &[1; 65].map(|step| step)),
        &frame(0xC2, 8, width, height, &full_size(1)),
        &segment(0xC4, &[&[0, 1][..], &[0; 15], &[0]].concat()),
    ]
    .concat();
    stream[6] = 0;
    stream.extend(scan_header(&[0], 0, 0, 0, 0));
    stream.extend(vec![0; blocks / 8]);
    // EOB14 has the one code 0: runs of 2^14 blocks.
    stream.extend(segment(0xC4, &[&[0x10, 1][..], &[0; 15], &[0xE0]].concat()));
    for (k, low) in (1..64).flat_map(|k| (0..14).rev().map(move |low| (k, low))) {
        stream.extend(scan_header(&[0], k, k, if low == 13 { 0 } else { low + 1 }, low));
        let mut writer = BitWriter::default();
        (0..blocks.div_ceil(1 << 14)).for_each(|_| writer.put(0, 15));
        writer.pad();
        stream.extend(writer.bytes);
    }
    stream.extend([0xFF, 0xD9]);
    let begin = Instant::now();
    let (samples, warnings) = decode(&stream).unwrap();
    assert!(
        begin.elapsed() < Duration::from_secs(if cfg!(debug_assertions) { 30 } else { 2 }),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(warnings, []);
    assert!(samples.iter().all(|sample| *sample == 128));
    // One scan more is one too many.
    let again = insert(&stream, stream.len() - 2, &[&scan_header(&[0], 1, 1, 0, 0)[..], &[0; 30]].concat());
    assert!(matches!(error(&again).kind, ErrorKind::Progression { .. }));
}

//! Entropy-coded data: restart markers, codes, runs, and what follows the last sample.

use super::common::Noise;
use super::common::coder::{BitWriter, RUN_ORDERS};
use super::common::scan::Interleave;
use super::common::stream::{Component, frame, scan_header};
use super::{all, decode, error, find, insert, segments, with_restarts};
use dicomet_jpeg_ls::{ErrorKind, Warning};

/// The places of restart markers.
fn restarts(stream: &[u8]) -> Vec<usize> {
    let is_restart = |at: &usize| stream[*at] == 0xFF && (0xD0..=0xD7).contains(&stream[at + 1]);
    (0..stream.len() - 1).filter(is_restart).collect()
}

#[test]
fn lost_doubled_or_swapped_restart_markers_are_errors() {
    for interleave in [Interleave::Line, Interleave::Sample] {
        let stream = with_restarts(interleave).encode().bytes;
        let places = restarts(&stream);
        assert_eq!(places.len(), 7);
        for (number, &at) in places.iter().enumerate() {
            let mut lost = stream.clone();
            lost.drain(at..at + 2);
            error(&lost);
            let doubled = error(&insert(&stream, at, &stream[at..at + 2]));
            assert!(matches!(doubled.kind, ErrorKind::DataEndsEarly { .. } | ErrorKind::Restart { .. }), "{doubled}");
            let mut other = stream.clone();
            other[at + 1] = 0xD0 | (number + 1) as u8 & 7;
            let other = error(&other);
            assert!(matches!(other.kind, ErrorKind::Restart { .. }), "{other}");
            assert_eq!((other.scan, other.offset), (Some(0), at as u64));
        }
        // An interval is lost with its marker.
        let mut lost = stream.clone();
        lost.drain(places[2]..places[3]);
        assert!(matches!(error(&lost).kind, ErrorKind::Restart { .. }));
        let after = insert(&stream, stream.len() - 2, &[0xFF, 0xD7]);
        assert!(matches!(decode(&after).unwrap().1[..], [Warning::RestartAfterScan { .. }]));
        let after = insert(&stream, stream.len() - 2, &[0xFF, 0xD0]);
        assert!(matches!(error(&after).kind, ErrorKind::Syntax { .. }));
    }
}

/// Fill bytes before a restart marker are allowed, excess bytes are not part of the next interval.
#[test]
fn bytes_before_a_restart_marker_change_nothing() {
    let stream = with_restarts(Interleave::Sample).encode().bytes;
    let (expected, _) = decode(&stream).unwrap();
    for at in restarts(&stream) {
        assert!(decode(&insert(&stream, at, &[0xFF; 3])).unwrap() == (expected.clone(), Vec::new()));
        let (found, warnings) = decode(&insert(&stream, at, &[1, 2])).unwrap();
        assert!(found == expected);
        let offset = at as u64 + 2;
        assert_eq!(warnings, [Warning::ExcessData { scan: 0, offset, count: 2, padding: false }]);
    }
}

#[test]
fn excess_bytes_give_warnings() {
    for stream in all() {
        let (expected, warnings) = decode(&stream).unwrap();
        assert_eq!(warnings, []);
        let end = stream.len() - 2;
        for (padding, bytes) in [(true, &[0, 0, 0][..]), (true, &[0xFF; 1]), (false, b"text")] {
            let (found, warnings) = decode(&[&stream, bytes].concat()).unwrap();
            let (offset, count) = (stream.len() as u64, bytes.len() as u64);
            assert_eq!(warnings, [Warning::TrailingBytes { offset, count, padding }]);
            assert_eq!(warnings[0].is_padding(), padding);
            assert!(found == expected);
        }
        for (padding, bytes) in [(true, &[0, 0][..]), (false, &[1, 2, 0xFF, 0x7F, 3])] {
            let (found, warnings) = decode(&insert(&stream, end, bytes)).unwrap();
            assert!(
                matches!(warnings[..], [Warning::ExcessData { padding: found, .. }] if found == padding),
                "{warnings:?}"
            );
            assert!(found == expected);
        }
        // Fill bytes before a marker are allowed.
        assert_eq!(decode(&insert(&stream, end, &[0xFF; 5])).unwrap(), (expected, Vec::new()));
    }
}

/// A line of `width` samples of 8 bits, and the bits of its scan.
fn line(width: usize, bits: &[(u32, u32)]) -> Vec<u8> {
    let mut writer = BitWriter::default();
    for (value, count) in bits {
        writer.put_bits(*value, *count);
    }
    writer.pad(0);
    let head = [frame(8, width, 1, &Component::full_size(1)), scan_header(&[1], &[0], 0, 0)].concat();
    [&[0xFF, 0xD8][..], &head, &writer.bytes, &[0, 0, 0, 0, 0, 0xFF, 0xD9]].concat()
}

#[test]
fn a_run_beyond_the_line_is_an_error() {
    // Five bits 1 are runs of 1, 1, 1, 1 and 2 samples; then J is 1.
    assert_eq!(RUN_ORDERS[..6], [0, 0, 0, 0, 1, 1]);
    let run = |width, rest| line(width, &[(31, 5), (0, 1), (rest, 1)]);
    for (width, rest) in [(7, 1), (6 + 1, 1)] {
        assert_eq!(error(&run(width, rest)).kind, ErrorKind::RunLength);
    }
    // The sample that interrupts the run follows: a code of 1 for Errval 0.
    let interrupted = line(8, &[(31, 5), (0, 1), (1, 1), (1, 1), (0, 2)]);
    assert_eq!(decode(&interrupted).unwrap().0[0].len(), 8);
    // A run to the end of the line, which is longer than the bit says.
    assert!(decode(&line(7, &[(63, 6)])).is_ok());
}

#[test]
fn codes_that_no_error_has_are_errors() {
    // Interrupted at once: LIMIT - J - 1 - qbpp - 1 zeros are an escape, one more is no code.
    let zeros = 32 - 1 - 8 - 1;
    let code = |zeros: u32, value: u32| line(1, &[(0, 1), (0, zeros), (1, 1), (value, 8)]);
    assert!(decode(&code(zeros, 255)).is_ok());
    assert_eq!(error(&code(zeros + 1, 0)).kind, ErrorKind::InvalidCode);
    assert_eq!(error(&line(1, &[(0, 30), (0, 30)])).kind, ErrorKind::InvalidCode);
    // Without an escape: k is 2.
    assert!(decode(&line(1, &[(0, 1), (0, 20), (1, 1), (3, 2)])).is_ok());
}

#[test]
fn data_that_ends_early_names_the_line() {
    let stream = super::gray().encode().bytes;
    let (at, length) = find(&stream, 0xDA);
    let first = at + length;
    for end in [first, first + 1, first + 100, stream.len() - 4] {
        let cut = [&stream[..end], &[0xFF, 0xD9]].concat();
        let error = error(&cut);
        assert_eq!((error.scan, error.marker.map(|marker| marker.0)), (Some(0), Some(0xDA)), "{error}");
        assert!(
            matches!(error.kind, ErrorKind::DataEndsEarly { lines: 37, .. } | ErrorKind::TooShort { .. }),
            "{error}"
        );
        assert!(error.offset <= end as u64, "{error}");
    }
    // In the second of two scans.
    let stream = super::mixed().encode().bytes;
    let (_, at, length) = segments(&stream).into_iter().filter(|(code, ..)| *code == 0xDA).nth(1).unwrap();
    let cut = [&stream[..at + length + 40], &[0xFF, 0xD9]].concat();
    assert_eq!(error(&cut).scan, Some(1));
}

/// Changed bytes may give any result but a panic.
#[test]
fn mutations_never_panic() {
    let mut noise = Noise(3);
    for stream in all() {
        for _ in 0..if cfg!(debug_assertions) { 300 } else { 3000 } {
            let mut changed = stream.clone();
            for _ in 0..=noise.below(3) {
                let place = noise.below(changed.len());
                match noise.below(4) {
                    0 => changed.insert(place, noise.next() as u8),
                    1 => drop(changed.remove(place)),
                    2 => changed[place] ^= 1 << noise.below(8),
                    _ => changed[place] = noise.next() as u8,
                }
            }
            let _ = decode(&changed);
        }
    }
}

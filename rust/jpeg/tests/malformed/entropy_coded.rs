//! Entropy-coded data: restart markers, codes, and what follows the last sample.

use super::common::lossless::full_size;
use super::common::{BitWriter, Noise, frame, scan_header, segment};
use super::{all, decode, error, insert, lossless, sequential, with_dct};
use dicomet_jpeg::{ErrorKind, Warning};

/// The places of restart markers.
fn restarts(stream: &[u8]) -> Vec<usize> {
    stream
        .windows(2)
        .enumerate()
        .filter(|(_, two)| two[0] == 0xFF && (0xD0..=0xD7).contains(&two[1]))
        .map(|(at, _)| at)
        .collect()
}

#[test]
fn lost_doubled_or_swapped_restart_markers_are_errors() {
    for stream in [sequential(2), lossless(43)] {
        let places = restarts(&stream);
        for (number, &at) in places.iter().enumerate() {
            let mut lost = stream.clone();
            lost.drain(at..at + 2);
            let lost = error(&lost);
            assert!(
                matches!(
                    lost.kind,
                    ErrorKind::Restart { .. }
                        | ErrorKind::DataEndsEarly { .. }
                        | ErrorKind::InvalidCode
                        | ErrorKind::CoefficientIndex
                ),
                "{lost}"
            );
            assert!(matches!(
                error(&insert(&stream, at, &stream[at..at + 2])).kind,
                ErrorKind::DataEndsEarly { .. }
                    | ErrorKind::Restart { .. }
                    | ErrorKind::InvalidCode
                    | ErrorKind::CoefficientIndex
            ));
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
        let after = insert(&stream, stream.len() - 2, &[0xFF, 0xD0 | (places.len() & 7) as u8]);
        assert!(matches!(decode(&after).unwrap().1[..], [Warning::RestartAfterScan { .. }]));
        let after = insert(&stream, stream.len() - 2, &[0xFF, 0xD0 | ((places.len() + 1) & 7) as u8]);
        assert!(matches!(error(&after).kind, ErrorKind::Syntax { .. }));
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
        let (found, warnings) = decode(&insert(&stream, end, &[0xFF, 0, 0xFF, 0])).unwrap();
        assert!(matches!(warnings[..], [Warning::ExcessData { count: 2, padding: true, .. }]), "{warnings:?}");
        assert!(found == expected);
        let (found, warnings) = decode(&insert(&stream, end, &[1, 2, 0xFF, 0, 3])).unwrap();
        assert!(matches!(warnings[..], [Warning::ExcessData { count: 4, padding: false, .. }]), "{warnings:?}");
        assert!(found == expected);
        // Fill bytes before a marker are allowed.
        assert_eq!(decode(&insert(&stream, end, &[0xFF; 5])).unwrap().1, []);
        assert_eq!(decode(&insert(&stream, 2, &[0xFF; 5])).unwrap().1, []);
    }
}

#[test]
fn a_component_without_a_scan_or_with_two_is_an_error() {
    let stream = with_dct(8, 0, |image, noise| image.encode(&[vec![0], vec![1]], noise));
    assert_eq!(error(&stream).kind, ErrorKind::NotCoded { component: 2 });
    let stream = with_dct(8, 0, |image, noise| image.encode(&[vec![0], vec![0, 1], vec![2]], noise));
    assert!(error(&stream).to_string().contains("one scan of each component"));
    let stream = with_dct(8, 0, |image, noise| image.encode(&[vec![0, 1, 2], vec![1]], noise));
    assert!(error(&stream).to_string().contains("one scan of each component"));
}

#[test]
fn invalid_codes_and_runs_are_errors() {
    let head = [
        &[0xFF, 0xD8][..],
        &segment(0xDB, &[0; 65]),
        &frame(0xC0, 8, 8, 8, &full_size(1)),
        &segment(0xC4, &[&[0, 1][..], &[0; 15], &[0]].concat()),
        // 00: one coefficient; 01: 16 zeros; 10: an undefined symbol.
        &segment(0xC4, &[&[0x10, 0, 3][..], &[0; 14], &[0x01, 0xF0, 0x30]].concat()),
        &scan_header(&[0], 0, 63, 0, 0),
    ]
    .concat();
    let with = |bits: &[(u32, u32)]| {
        let mut writer = BitWriter::default();
        for (value, count) in bits {
            writer.put(*value, *count);
        }
        writer.pad();
        error(&[&head, &writer.bytes[..], &[0, 0, 0, 0, 0, 0, 0xFF, 0xD9]].concat()).kind
    };
    assert_eq!(with(&[(1, 1)]), ErrorKind::InvalidCode);
    assert_eq!(with(&[(0, 1), (3, 2)]), ErrorKind::InvalidCode);
    assert_eq!(with(&[(0, 1), (2, 2)]), ErrorKind::InvalidCode);
    assert_eq!(with(&[(0, 1), (1, 2), (1, 2), (1, 2), (1, 2)]), ErrorKind::CoefficientIndex);
}

/// Changed bytes may give any result but a panic.
#[test]
fn mutations_never_panic() {
    let mut noise = Noise(3);
    for stream in all() {
        for _ in 0..if cfg!(debug_assertions) { 1500 } else { 10_000 } {
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

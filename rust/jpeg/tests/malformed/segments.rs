//! Marker segments, and data that ends early.

use super::common::lossless::{Lossless, full_size, samples};
use super::common::{Factors, Noise, Shape, frame, segment};
use super::{all, decode, error, find, insert, lossless, progressive, segments, sequential, step, with_dct};
use dicomet_jpeg::{ErrorKind, Marker, Unsupported, Warning};

fn without(stream: &[u8], marker: u8) -> Vec<u8> {
    let mut out = stream.to_vec();
    for (_, at, length) in segments(stream).into_iter().rev().filter(|(code, ..)| *code == marker) {
        out.drain(at..at + length);
    }
    out
}

#[test]
fn a_truncated_stream_is_an_error() {
    for stream in all() {
        let (expected, _) = decode(&stream).unwrap();
        for end in 0..stream.len() {
            match decode(&stream[..end]) {
                // Only EOI is missing, or its second byte.
                Ok((found, warnings)) => {
                    assert!(found == expected && stream.len() - end <= 2, "{end} of {}", stream.len());
                    assert_eq!(warnings, [Warning::MissingEoi]);
                }
                Err(error) => assert!(error.offset <= end as u64, "{error}"),
            }
        }
    }
}

#[test]
fn a_wrong_segment_length_is_an_error() {
    for stream in all() {
        for (marker, at, length) in segments(&stream) {
            let length = length as u16 - 2;
            for other in [0, 1, 2, length - 1, length + 1, length + 2, 0x7FFF, 0xFFFF] {
                let mut changed = stream.clone();
                changed[at + 2..at + 4].copy_from_slice(&other.to_be_bytes());
                // The bytes after a shorter or longer table may be a table, too.
                let result = decode(&changed);
                assert!(result.is_err() || marker == 0xC4, "{marker:X} {length} {other}");
            }
        }
    }
}

#[test]
fn missing_tables_are_named() {
    for (marker, table) in [(0xDB, "quantization"), (0xC4, "Huffman")] {
        let kind = error(&without(&sequential(0), marker)).kind;
        assert!(kind.to_string().contains(table), "{kind}");
        assert!(matches!(kind, ErrorKind::TableMissing { .. }), "{kind}");
        assert!(matches!(error(&without(&progressive(), marker)).kind, ErrorKind::TableMissing { .. }));
    }
    assert!(matches!(error(&without(&lossless(0), 0xC4)).kind, ErrorKind::TableMissing { .. }));
}

#[test]
fn invalid_tables_are_errors() {
    let stream = sequential(0);
    let at = find(&stream, 0xC4).0;
    let over_subscribed = segment(0xC4, &[&[0, 3][..], &[0; 15], &[1, 2, 3]].concat());
    let cases = [
        (over_subscribed, "prefix code"),
        (segment(0xC4, &[&[0x20][..], &[0; 16]].concat()), "class"),
        (segment(0xC4, &[&[0x14][..], &[0; 16]].concat()), "Huffman table"),
        (segment(0xC4, &[&[0][..], &[255; 16]].concat()), "at most 256"),
        (segment(0xDB, &[0x24; 65]), "precision"),
        (segment(0xDB, &[0x04; 65]), "quantization table"),
        (segment(0xDB, &[0; 64]), "segment length"),
        (segment(0xDD, &[0, 1, 2]), "segment length"),
    ];
    for (segment, text) in cases {
        let error = error(&insert(&stream, at, &segment));
        assert!(error.to_string().contains(text), "{error}");
        assert_eq!(error.marker.map(|marker| marker.0), Some(segment[1]));
    }
}

#[test]
fn invalid_frame_headers_are_errors() {
    let stream = sequential(0);
    let (at, length) = find(&stream, 0xC1);
    let header = stream[at..at + length].to_vec();
    let replaced = |header: &[u8]| [&stream[..at], header, &stream[at + length..]].concat();
    let changed = |place: usize, value: u8| {
        let mut header = header.clone();
        header[place] = value;
        error(&replaced(&header))
    };
    for (place, value, text) in [
        (4, 10, "sample precision"),
        (4, 0, "sample precision"),
        (9, 0, "components"),
        (11, 0x02, "sampling factor"),
        (11, 0x25, "sampling factor"),
        (11, 0x44, "data units of an MCU"),
        (12, 4, "quantization table"),
        (13, 1, "component identifier"),
    ] {
        let error = changed(place, value);
        assert!(error.to_string().contains(text), "{text}: {error}");
    }
    assert!(decode(&replaced(&header)).is_ok());
    let mut empty = header.clone();
    (empty[7], empty[8]) = (0, 0);
    assert!(error(&replaced(&empty)).to_string().contains("samples per line"));
    assert!(matches!(error(&insert(&stream, at, &header)).kind, ErrorKind::Syntax { .. }));
    let after = insert(&stream, stream.len() - 2, &header);
    assert!(matches!(error(&after).kind, ErrorKind::Syntax { .. }));
    assert!(error(&without(&stream, 0xC1)).to_string().contains("frame header"));
    assert_eq!(error(b"").kind, ErrorKind::NotJpeg);
    assert_eq!(error(&stream[2..]).kind, ErrorKind::NotJpeg);
    assert!(matches!(error(&insert(&stream, at, &[7])).kind, ErrorKind::Syntax { .. }));
    assert!(matches!(error(&insert(&stream, at, &[0xFF, 0xD8])).kind, ErrorKind::Syntax { .. }));
    assert!(matches!(error(&insert(&stream, at, &[0xFF, 0xD3])).kind, ErrorKind::Syntax { .. }));
}

#[test]
fn invalid_scan_headers_are_errors() {
    let check = |stream: &[u8], place: usize, value: u8, text: &str| {
        let (at, _) = find(stream, 0xDA);
        let mut changed = stream.to_vec();
        changed[at + place] = value;
        let error = error(&changed);
        assert!(error.to_string().contains(text), "{text}: {error}");
        assert_eq!((error.marker.map(|marker| marker.0), error.scan), (Some(0xDA), Some(0)));
    };
    let stream = sequential(0);
    check(&stream, 4, 0, "components of the scan");
    check(&stream, 4, 5, "components of the scan");
    check(&stream, 5, 9, "component selector");
    check(&stream, 7, 1, "component selector");
    check(&stream, 5, 2, "component selector");
    check(&stream, 6, 0x40, "entropy coding table");
    check(&stream, 6, 0x04, "entropy coding table");
    check(&stream, 6, 0x03, "AC Huffman");
    check(&lossless(0), 11, 0, "predictor selection");
    check(&lossless(0), 11, 8, "predictor selection");
    check(&lossless(0), 13, 12, "point transform");
    let alone = with_dct(8, 0, |image, noise| image.encode_progressive(&[step(&[0], 0, 0, 0, 1)], noise));
    check(&alone, 7, 64, "start of spectral selection");
    check(&alone, 8, 1, "end of spectral selection");
    check(&alone, 9, 0x0E, "successive approximation low");
    check(&alone, 9, 0x31, "successive approximation high");
    check(&alone, 9, 0x21, "`progression` of component 0, coefficient 0");
}

#[test]
fn other_processes_are_refused_by_name() {
    let stream = sequential(0);
    let (at, _) = find(&stream, 0xC1);
    for (marker, what) in [
        (0xC5, Unsupported::Hierarchical),
        (0xC6, Unsupported::Hierarchical),
        (0xC7, Unsupported::Hierarchical),
        (0xC9, Unsupported::Arithmetic),
        (0xCA, Unsupported::Arithmetic),
        (0xCB, Unsupported::Arithmetic),
        (0xCD, Unsupported::Arithmetic),
        (0xCF, Unsupported::Arithmetic),
        (0xDE, Unsupported::Hierarchical),
        (0xDF, Unsupported::Hierarchical),
        (0xF7, Unsupported::JpegLs),
    ] {
        let mut changed = stream.clone();
        changed[at + 1] = marker;
        let error = error(&changed);
        assert_eq!((error.unsupported(), error.marker), (Some(what), Some(Marker(marker))));
    }
    let four = [&[0xFF, 0xD8][..], &frame(0xC0, 8, 8, 8, &full_size(4))].concat();
    assert_eq!(error(&four).unsupported(), Some(Unsupported::Components(4)));
    let factors = [Factors { horizontal: 1, vertical: 2 }, Factors { horizontal: 1, vertical: 1 }];
    let shape = Shape { width: 9, height: 9, unit: 1, factors: factors.to_vec() };
    let samples = samples(&shape, 8, &mut Noise(1));
    let scans = vec![(vec![0, 1], 1)];
    let image = Lossless {
        precision: 8,
        shape: &shape,
        samples: &samples,
        scans,
        point_transform: 0,
        one_table: false,
        restart_interval: 5,
    };
    assert_eq!(error(&image.encode(&mut Noise(2))).unsupported(), Some(Unsupported::RestartInRow));
}

#[test]
fn dnl_gives_the_number_of_lines_or_repeats_it() {
    for (stream, sof) in [(sequential(3), 0xC1), (lossless(0), 0xC3), (progressive(), 0xC2)] {
        let (expected, _) = decode(&stream).unwrap();
        let (first, _) = find(&stream, 0xDA);
        let after =
            segments(&stream).into_iter().find(|(_, at, _)| *at > first).map_or(stream.len() - 2, |(_, at, _)| at);
        let dnl = |lines: u16| segment(0xDC, &lines.to_be_bytes());
        let mut open = stream.clone();
        let (at, _) = find(&stream, sof);
        (open[at + 5], open[at + 6]) = (0, 0);
        assert_eq!(error(&open).marker, Some(Marker(0xDC)));
        for headless in [&stream, &open] {
            let (found, warnings) = decode(&insert(headless, after, &dnl(37))).unwrap();
            assert!(found == expected && warnings.is_empty());
            assert!(error(&insert(headless, after, &dnl(0))).to_string().contains("number of lines"));
            assert!(decode(&insert(headless, after, &dnl(100))).is_err());
        }
        assert!(error(&insert(&stream, after, &dnl(36))).to_string().contains("number of lines"));
        assert!(error(&insert(&stream, first, &dnl(37))).to_string().contains("number of lines"));
    }
}

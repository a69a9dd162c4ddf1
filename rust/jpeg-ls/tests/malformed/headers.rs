//! Marker segments: lengths, frame and scan headers, DRI, DNL, and what lacks.

use super::common::scan::Interleave;
use super::common::segment;
use super::common::stream::{Component, Scan, Size, Stream, frame, oversize, scan_header, spiff};
use super::{all, change, check, color, decode, error, find, gray, insert, mixed, planes, replace, segments};
use dicomet_jpeg_ls::{ErrorKind, Marker, Unsupported, Warning};

const SOF: u8 = 0xF7;
const SOS: u8 = 0xDA;
const DNL: u8 = 0xDC;
const DRI: u8 = 0xDD;

#[test]
fn a_truncated_stream_is_an_error() {
    for stream in all() {
        let (expected, _) = decode(&stream).unwrap();
        let near_an_end = |end: &usize| *end < 100 || stream.len() - end < 40 || end.is_multiple_of(7);
        for end in (0..stream.len()).filter(near_an_end) {
            match decode(&stream[..end]) {
                // Only EOI is missing, or its second byte, or bits that complete a byte.
                Ok((found, warnings)) => {
                    assert!(found == expected && stream.len() - end <= 3, "{end} of {}", stream.len());
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
                assert!(decode(&changed).is_err(), "{marker:X} {length} {other}");
            }
        }
    }
}

#[test]
fn invalid_frame_headers_are_errors() {
    let stream = color(Interleave::Line, 0).encode().bytes;
    for (place, value, text) in [
        (4, 0, "sample precision"),
        (4, 1, "sample precision"),
        (4, 17, "sample precision"),
        (9, 0, "components"),
        (9, 2, "segment length"),
        (11, 0x01, "sampling factor"),
        (11, 0x10, "sampling factor"),
        (11, 0x51, "sampling factor"),
        (13, 1, "component identifier"),
    ] {
        check(&error(&change(&stream, SOF, place, value)), SOF, text);
    }
    let header = frame(8, 0, 37, &Component::full_size(3));
    assert!(error(&replace(&stream, SOF, &header)).to_string().contains("samples per line"));
    let header = frame(8, 43, 0, &Component::full_size(3));
    assert_eq!(error(&replace(&stream, SOF, &header)).marker, Some(Marker(DNL)));
    let header = frame(8, 43, 37, &Component::full_size(3));
    assert!(decode(&replace(&stream, SOF, &header)).is_ok());
    // Twice, or missing.
    let (at, _) = find(&stream, SOF);
    assert!(matches!(error(&insert(&stream, at, &header)).kind, ErrorKind::Syntax { .. }));
    let (end, _) = find(&mixed().encode().bytes, SOS);
    assert!(matches!(error(&insert(&mixed().encode().bytes, end, &header)).kind, ErrorKind::Syntax { .. }));
    assert!(error(&replace(&stream, SOF, &[])).to_string().contains("frame header"));
}

#[test]
fn what_is_no_jpeg_ls_is_an_error() {
    let stream = gray().encode().bytes;
    let (at, _) = find(&stream, SOF);
    assert_eq!(error(b"").kind, ErrorKind::NotJpeg);
    assert_eq!(error(&stream[2..]).kind, ErrorKind::NotJpeg);
    assert!(matches!(error(&insert(&stream, at, &[7])).kind, ErrorKind::Syntax { .. }));
    assert!(matches!(error(&insert(&stream, at, &[0xFF, 0xD8])).kind, ErrorKind::Syntax { .. }));
    assert!(matches!(error(&insert(&stream, at, &[0xFF, 0xD3])).kind, ErrorKind::Syntax { .. }));
    for marker in [0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCB, 0xF9] {
        let mut changed = stream.clone();
        changed[at + 1] = marker;
        let error = error(&changed);
        assert_eq!((error.marker, error.offset), (Some(Marker(marker)), at as u64), "{error}");
        assert!(matches!(error.kind, ErrorKind::Unsupported(Unsupported::Process(_))), "{error}");
    }
    assert!(matches!(error(&[0xFF, 0xD8, 0xFF, 0xD9]).kind, ErrorKind::Syntax { .. } | ErrorKind::EndOfData { .. }));
}

#[test]
fn invalid_scan_headers_are_errors() {
    let stream = color(Interleave::Line, 0).encode().bytes;
    for (place, value, text) in [
        (4, 0, "components of the scan"),
        (4, 5, "components of the scan"),
        (4, 2, "interleave mode"),
        (5, 9, "component selector"),
        (7, 1, "component selector"),
        (6, 1, "mapping table"),
        (11, 128, "NEAR"),
        (12, 3, "interleave mode"),
        (12, 0, "interleave mode"),
    ] {
        let error = error(&change(&stream, SOS, place, value));
        check(&error, SOS, text);
        assert_eq!(error.scan, Some(0), "{error}");
    }
    let kind = ErrorKind::Unsupported(Unsupported::PointTransform(3));
    assert_eq!(error(&change(&stream, SOS, 13, 3)).kind, kind);
    for interleave in [1, 2] {
        let single = change(&gray().encode().bytes, SOS, 8, interleave);
        check(&error(&single), SOS, "interleave mode");
    }
}

#[test]
fn a_component_without_a_scan_or_with_two_is_an_error() {
    let mut stream = color(Interleave::None, 0);
    stream.scans.pop();
    assert_eq!(error(&stream.encode().bytes).kind, ErrorKind::NotCoded { component: 2 });
    let mut stream = color(Interleave::None, 0);
    stream.scans[2] = Scan::new(&[0], Interleave::None, 0);
    let twice = error(&stream.encode().bytes);
    check(&twice, SOS, "found a second scan of a component");
    assert_eq!(twice.scan, Some(2));
    let mut stream = color(Interleave::Line, 0);
    stream.scans.push(Scan::new(&[1], Interleave::None, 0));
    assert_eq!(error(&stream.encode().bytes).scan, Some(1));
}

#[test]
fn components_that_are_not_pixels_are_unsupported_in_an_image() {
    let subsampled =
        [(1, 2), (1, 1)].map(|(horizontal, vertical)| Component { id: vertical as u8, horizontal, vertical });
    let mut stream = Stream::new(8, planes(8, 2), Interleave::None, 0);
    stream.components = subsampled.to_vec();
    stream.planes[1] = super::common::Grid::new(43, 19, |x, y| (x + y) as u16);
    let (found, _) = decode(&stream.encode().bytes).unwrap();
    assert_eq!((found[0].len(), found[1].len()), (43 * 37, 43 * 19));
    stream.scans = vec![Scan::new(&[0, 1], Interleave::Line, 0)];
    let sample = change(&stream.encode().bytes, SOS, 10, 2);
    check(&error(&sample), SOS, "interleave mode");
}

#[test]
fn a_restart_interval_has_two_to_four_bytes() {
    let (stream, expected) = (gray().encode().bytes, gray().encode().planes);
    let (at, _) = find(&stream, SOS);
    for interval in [&[0, 0][..], &[0, 0, 0], &[0, 0, 0, 0], &[0, 37], &[1, 0, 0, 0], &[0xFF; 4]] {
        let found = decode(&insert(&stream, at, &segment(DRI, interval))).unwrap().0;
        assert!(found[0] == expected[0].values);
    }
    for interval in [&[][..], &[0], &[0; 5]] {
        check(&error(&insert(&stream, at, &segment(DRI, interval))), DRI, "segment length");
    }
}

#[test]
fn dnl_gives_the_number_of_lines_or_repeats_it() {
    for mut stream in [gray(), color(Interleave::None, 0), mixed()] {
        let plain = stream.encode().bytes;
        let (expected, _) = decode(&plain).unwrap();
        stream.size = Size::Dnl;
        let open = stream.encode().bytes;
        assert!(decode(&open).unwrap() == (expected.clone(), Vec::new()));
        let (at, _) = find(&open, DNL);
        for lines in [&[0, 37][..], &[0, 0, 37], &[0, 0, 0, 37]] {
            let repeated = insert(&plain, at, &segment(DNL, lines));
            assert!(decode(&repeated).unwrap() == (expected.clone(), Vec::new()));
            assert!(decode(&replace(&open, DNL, &segment(DNL, lines))).unwrap().0 == expected);
        }
        assert_eq!(error(&replace(&open, DNL, &[])).marker, Some(Marker(DNL)));
        check(&error(&replace(&open, DNL, &segment(DNL, &[0, 0]))), DNL, "number of lines");
        check(&error(&insert(&plain, at, &segment(DNL, &[0, 36]))), DNL, "number of lines");
        let (first, _) = find(&plain, SOS);
        check(&error(&insert(&plain, first, &segment(DNL, &[0, 37]))), DNL, "number of lines");
        for lines in [[0, 38], [0xFF, 0xFF]] {
            assert!(decode(&replace(&open, DNL, &segment(DNL, &lines))).is_err());
        }
    }
}

#[test]
fn an_oversize_image_has_its_dimensions_once() {
    let stream = gray().encode().bytes;
    let (expected, _) = decode(&stream).unwrap();
    let (at, length) = find(&stream, SOF);
    for bytes in 2..=4 {
        let dimensions = oversize(bytes, 43, 37);
        assert!(decode(&insert(&stream, at, &dimensions)).unwrap().0 == expected);
        assert!(decode(&insert(&stream, at + length, &dimensions)).unwrap().0 == expected);
        for (width, height) in [(44, 37), (43, 36)] {
            let error = error(&insert(&stream, at + length, &oversize(bytes, width, height)));
            assert_eq!(error.marker, Some(Marker(0xF8)), "{error}");
        }
        // Zero is the number of the frame header.
        assert!(decode(&insert(&stream, at, &oversize(bytes, 0, 37))).unwrap().0 == expected);
    }
    for bytes in [0, 1, 5, 8] {
        check(&error(&insert(&stream, at, &oversize(bytes, 43, 37))), 0xF8, "bytes of a dimension");
    }
    let short = segment(0xF8, &[4, 2, 0, 37, 0]);
    check(&error(&insert(&stream, at, &short)), 0xF8, "segment length");
}

#[test]
fn spiff_and_other_segments_are_skipped() {
    let mut stream = gray();
    let (expected, _) = decode(&stream.encode().bytes).unwrap();
    let headers = [
        spiff(8, 43, 37, 1),
        segment(0xE8, b"mrf"),
        segment(0xE8, b"mrfx\0"),
        segment(0xE7, b"colr"),
        segment(0xFE, b"\xFF\xD9"),
        vec![0xFF; 9],
    ];
    for header in headers {
        stream.head = header;
        assert!(decode(&stream.encode().bytes).unwrap() == (expected.clone(), Vec::new()));
    }
}

#[test]
fn color_transforms_need_three_interleaved_components() {
    let transform = |number: u8| super::common::transform::marker(number);
    let three = color(Interleave::Sample, 0).encode().bytes;
    let unsupported = |stream: &[u8], number: u8| {
        let kind = error(&insert(stream, 2, &transform(number))).kind;
        assert_eq!(kind, ErrorKind::Unsupported(Unsupported::ColorTransform(number)));
    };
    for number in 1..=3 {
        assert!(decode(&insert(&three, 2, &transform(number))).is_ok());
        unsupported(&gray().encode().bytes, number);
        unsupported(&mixed().encode().bytes, number);
        unsupported(&color(Interleave::None, 0).encode().bytes, number);
        unsupported(&Stream::new(12, planes(12, 3), Interleave::Line, 0).encode().bytes, number);
    }
    for number in [4, 5, 255] {
        unsupported(&three, number);
    }
}

#[test]
fn offsets_are_those_of_the_parameters() {
    let stream = gray().encode().bytes;
    let (at, _) = find(&stream, SOF);
    assert_eq!(error(&change(&stream, SOF, 4, 17)).offset, at as u64 + 4);
    let (at, _) = find(&stream, SOS);
    assert_eq!(error(&change(&stream, SOS, 7, 200)).offset, at as u64 + 7);
    let header = scan_header(&[1], &[0], 0, 0);
    let message = error(&replace(&stream, SOS, &[&header[..8], &[9, 0]].concat())).to_string();
    let text = format!("SOS, scan 0, offset {}: `interleave mode`: found 9, expected", at + 8);
    assert!(message.starts_with(&text), "{message}");
}

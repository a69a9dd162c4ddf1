//! Streams that are damaged or hostile: a clear error or a warning, never a panic, an endless loop or memory without bound.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails")]

mod common;

use common::lossless::{Lossless, full_size, samples};
use common::progressive::Step;
use common::sequential::{Dct, blocks, quantization};
use common::{BitWriter, Factors, Noise, Shape, frame, scan_header, segment};
use dicomet_jpeg::{Context, Decoder, Error, ErrorKind, Interleaved, Marker, Options, Unsupported, Warning};
use std::time::{Duration, Instant};

type Decoded = Result<(Vec<u16>, Vec<Warning>), Error>;

fn decode(stream: &[u8]) -> Decoded {
    decode_with(stream, Options::default())
}

fn decode_with(stream: &[u8], options: Options<'_>) -> Decoded {
    let decoder = Decoder::with_options(stream, options)?;
    let info = decoder.info();
    let stride = info.width as usize * info.components.len();
    let mut out = vec![0xA5A5; stride * info.height as usize];
    let (mut context, eight) = (Context::new(), info.sample_bits() == 8);
    let mut sink = Interleaved::new(&mut out, stride, 0);
    let warnings = if eight {
        decoder.decode::<u8>(&mut context, &mut sink)?
    } else {
        decoder.decode::<u16>(&mut context, &mut sink)?
    };
    Ok((out, warnings))
}

fn error(stream: &[u8]) -> Error {
    decode(stream).expect_err("it is damaged")
}

const SUBSAMPLED: [Factors; 3] = [
    Factors { horizontal: 2, vertical: 2 },
    Factors { horizontal: 1, vertical: 1 },
    Factors { horizontal: 1, vertical: 1 },
];

fn shape(unit: usize) -> Shape {
    Shape { width: 43, height: 37, unit, factors: if unit == 8 { SUBSAMPLED.to_vec() } else { full_size(3) } }
}

fn with_dct<T>(precision: u8, restart_interval: usize, encode: impl FnOnce(Dct<'_>, &mut Noise) -> T) -> T {
    let (shape, mut noise) = (shape(8), Noise(7));
    let (blocks, quantization) = (blocks(&shape, precision, &mut noise), quantization(3, &mut noise));
    let image = Dct { precision, shape: &shape, blocks: &blocks, quantization: &quantization, restart_interval };
    encode(image, &mut noise)
}

fn sequential(restart_interval: usize) -> Vec<u8> {
    with_dct(8, restart_interval, |image, noise| image.encode(&[vec![0, 1, 2]], noise))
}

fn progressive() -> Vec<u8> {
    with_dct(12, 5, |image, noise| {
        let steps = common::progressive::script(3, noise);
        image.encode_progressive(&steps, noise)
    })
}

fn lossless(restart_interval: usize) -> Vec<u8> {
    let (shape, mut noise) = (shape(1), Noise(9));
    let samples = samples(&shape, 12, &mut noise);
    let scans = vec![(vec![0, 1, 2], 4)];
    let image = Lossless {
        precision: 12,
        shape: &shape,
        samples: &samples,
        scans,
        point_transform: 0,
        one_table: false,
        restart_interval,
    };
    image.encode(&mut noise)
}

fn mixed() -> Vec<u8> {
    with_dct(8, 4, |image, noise| image.encode(&[vec![1], vec![0, 2]], noise))
}

fn all() -> [Vec<u8>; 5] {
    [sequential(3), progressive(), lossless(0), lossless(43), mixed()]
}

/// The places of the segments: marker, offset of the marker, length with the marker.
fn segments(stream: &[u8]) -> Vec<(u8, usize, usize)> {
    let (mut at, mut found) = (2, Vec::new());
    while at + 4 <= stream.len() {
        let length = 2 + usize::from(u16::from_be_bytes([stream[at + 2], stream[at + 3]]));
        found.push((stream[at + 1], at, length));
        at += length;
        if stream[at - length + 1] == 0xDA {
            while at + 1 < stream.len() && (stream[at] != 0xFF || matches!(stream[at + 1], 0 | 0xD0..=0xD7)) {
                at += 1;
            }
        }
    }
    found
}

fn without(stream: &[u8], marker: u8) -> Vec<u8> {
    let mut out = stream.to_vec();
    for (_, at, length) in segments(stream).into_iter().rev().filter(|(code, ..)| *code == marker) {
        out.drain(at..at + length);
    }
    out
}

fn find(stream: &[u8], marker: u8) -> (usize, usize) {
    segments(stream).into_iter().find(|(code, ..)| *code == marker).map(|(_, at, length)| (at, length)).unwrap()
}

fn insert(stream: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    [&stream[..at], bytes, &stream[at..]].concat()
}

#[test]
fn a_stream_that_is_cut_is_an_error() {
    for stream in all() {
        let (expected, _) = decode(&stream).unwrap();
        for end in 0..stream.len() {
            match decode(&stream[..end]) {
                // All is there but EOI, or the second byte of it.
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
fn a_length_that_lies_is_an_error() {
    for stream in all() {
        for (marker, at, length) in segments(&stream) {
            let length = length as u16 - 2;
            for other in [0, 1, 2, length - 1, length + 1, length + 2, 0x7FFF, 0xFFFF] {
                let mut changed = stream.clone();
                changed[at + 2..at + 4].copy_from_slice(&other.to_be_bytes());
                // A shorter or longer table may be followed by what is a table, too.
                let result = decode(&changed);
                assert!(result.is_err() || marker == 0xC4, "{marker:X} {length} {other}");
            }
        }
    }
}

#[test]
fn tables_that_are_missing_are_named() {
    for (marker, table) in [(0xDB, "quantization"), (0xC4, "Huffman")] {
        let kind = error(&without(&sequential(0), marker)).kind;
        assert!(kind.to_string().contains(table), "{kind}");
        assert!(matches!(kind, ErrorKind::TableMissing { .. }), "{kind}");
        assert!(matches!(error(&without(&progressive(), marker)).kind, ErrorKind::TableMissing { .. }));
    }
    assert!(matches!(error(&without(&lossless(0), 0xC4)).kind, ErrorKind::TableMissing { .. }));
}

#[test]
fn tables_that_cannot_be_are_errors() {
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
fn frame_headers_that_cannot_be_are_errors() {
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
    let behind = insert(&stream, stream.len() - 2, &header);
    assert!(matches!(error(&behind).kind, ErrorKind::Syntax { .. }));
    assert!(error(&without(&stream, 0xC1)).to_string().contains("frame header"));
    assert_eq!(error(b"").kind, ErrorKind::NotJpeg);
    assert_eq!(error(&stream[2..]).kind, ErrorKind::NotJpeg);
    assert!(matches!(error(&insert(&stream, at, &[7])).kind, ErrorKind::Syntax { .. }));
    assert!(matches!(error(&insert(&stream, at, &[0xFF, 0xD8])).kind, ErrorKind::Syntax { .. }));
    assert!(matches!(error(&insert(&stream, at, &[0xFF, 0xD3])).kind, ErrorKind::Syntax { .. }));
}

#[test]
fn scan_headers_that_cannot_be_are_errors() {
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
    let alone = with_dct(8, 0, |image, noise| {
        let step = |components: &[usize], start, end, high, low| Step {
            components: components.to_vec(),
            start,
            end,
            high,
            low,
        };
        image.encode_progressive(&[step(&[0], 0, 0, 0, 1)], noise)
    });
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
fn restart_markers_that_are_lost_doubled_or_swapped_are_errors() {
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
        let behind = insert(&stream, stream.len() - 2, &[0xFF, 0xD0 | (places.len() & 7) as u8]);
        assert!(matches!(decode(&behind).unwrap().1[..], [Warning::RestartAfterScan { .. }]));
        let behind = insert(&stream, stream.len() - 2, &[0xFF, 0xD0 | ((places.len() + 1) & 7) as u8]);
        assert!(matches!(error(&behind).kind, ErrorKind::Syntax { .. }));
    }
}

#[test]
fn bytes_that_are_too_many_are_warned_of() {
    for stream in all() {
        let (expected, warnings) = decode(&stream).unwrap();
        assert_eq!(warnings, []);
        let end = stream.len() - 2;
        for (padding, bytes) in [(true, &[0, 0, 0][..]), (true, &[0xFF; 1]), (false, b"text")] {
            let (found, warnings) = decode(&[&stream, bytes].concat()).unwrap();
            let (offset, count) = (stream.len() as u64, bytes.len() as u64);
            assert_eq!(warnings, [Warning::TrailingBytes { offset, count, padding }]);
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

fn step(components: &[usize], start: u8, end: u8, high: u8, low: u8) -> Step {
    Step { components: components.to_vec(), start, end, high, low }
}

#[test]
fn progressive_scans_in_another_order_are_errors() {
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
fn progressive_scans_that_are_never_sent_are_warned_of_if_eoi_says_so() {
    let stream = with_dct(8, 0, |image, noise| {
        image
            .encode_progressive(&[step(&[0, 1, 2], 0, 0, 0, 0), step(&[1], 1, 63, 0, 0), step(&[0], 1, 5, 0, 1)], noise)
    });
    let incomplete = |component, coefficient| Warning::Incomplete { component, coefficient };
    assert_eq!(decode(&stream).unwrap().1, [incomplete(0, 1), incomplete(2, 1)]);
    assert!(matches!(error(&stream[..stream.len() - 2]).kind, ErrorKind::EndOfData { .. }));
}

#[test]
fn huge_images_in_a_few_bytes_are_errors_at_once() {
    let begin = Instant::now();
    for marker in [0xC0, 0xC1, 0xC2, 0xC3] {
        for components in [1, 3] {
            let indices: Vec<usize> = (0..components).collect();
            let end = if marker == 0xC1 || marker == 0xC0 { 63 } else { 0 };
            let start = u8::from(marker == 0xC3);
            let stream = [
                &[0xFF, 0xD8][..],
                &frame(marker, 8, 65535, 65535, &full_size(components)),
                &scan_header(&indices, start, end, 0, 0),
                &[0; 100],
            ]
            .concat();
            assert!(matches!(Decoder::new(&stream).unwrap_err().kind, ErrorKind::TooShort { .. }));
        }
    }
    assert!(begin.elapsed() < Duration::from_secs(1));
}

/// As many scans as there can be, each of which says with few bytes that no block has a coefficient.
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

#[test]
fn codes_that_no_table_has_and_runs_over_the_end_are_errors() {
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

#[test]
fn limits_and_the_stop_check_end_the_work() {
    for stream in all() {
        let limited = Options { max_memory: Some(500), ..Options::default() };
        assert!(matches!(decode_with(&stream, limited).unwrap_err().kind, ErrorKind::Memory { expected: 500, .. }));
        let roomy = Options { max_memory: Some(1 << 20), ..Options::default() };
        assert_eq!(decode_with(&stream, roomy).unwrap(), decode(&stream).unwrap());
        let stopped = Options { stop: Some(&|| true), ..Options::default() };
        assert_eq!(decode_with(&stream, stopped).unwrap_err().kind, ErrorKind::Interrupted);
    }
}

/// The least limit, in KiB, with which a stream can be decoded.
fn needed_kib(stream: &[u8]) -> u64 {
    let decodes =
        |kib: &u64| decode_with(stream, Options { max_memory: Some(kib << 10), ..Options::default() }).is_ok();
    (1..1 << 14).find(decodes).unwrap()
}

#[test]
fn memory_is_that_of_some_rows_or_of_the_coefficients() {
    let mut noise = Noise(5);
    let shape = Shape { width: 4096, height: 64, unit: 8, factors: SUBSAMPLED.to_vec() };
    let (blocks, quantization) = (blocks(&shape, 8, &mut noise), quantization(3, &mut noise));
    let image = Dct { precision: 8, shape: &shape, blocks: &blocks, quantization: &quantization, restart_interval: 0 };
    let interleaved = needed_kib(&image.encode(&[vec![0, 1, 2]], &mut noise));
    assert!((128..384).contains(&interleaved), "{interleaved}");
    assert_eq!(needed_kib(&image.encode(&[vec![0], vec![1, 2]], &mut noise)), interleaved);
    let steps = common::progressive::script(3, &mut noise);
    let coefficients = blocks.iter().map(|blocks| blocks.values.len()).sum::<usize>() as u64 * (2 * 64 + 8) / 1024;
    assert_eq!(needed_kib(&image.encode_progressive(&steps, &mut noise)) - interleaved, coefficients);
    let shape = Shape { width: 4096, height: 20, unit: 1, factors: full_size(1) };
    let samples = samples(&shape, 12, &mut noise);
    let image = Lossless {
        precision: 12,
        shape: &shape,
        samples: &samples,
        scans: vec![(vec![0], 5)],
        point_transform: 0,
        one_table: true,
        restart_interval: 0,
    };
    assert!(needed_kib(&image.encode(&mut noise)) < 128);
}

#[test]
fn samples_of_the_wrong_type_and_rows_that_are_not_there_are_errors() {
    let stream = sequential(0);
    let decoder = Decoder::new(&stream).unwrap();
    let mut ignore = |_: &dicomet_jpeg::Band<'_, u16>| {};
    let kind = decoder.decode::<u16>(&mut Context::new(), &mut ignore).unwrap_err().kind;
    assert_eq!(kind, ErrorKind::SampleType { found: 16, expected: 8 });
    let mut ignore = |_: &dicomet_jpeg::Band<'_, u8>| {};
    let kind = decoder.decode_rows::<u8>(30..38, &mut Context::new(), &mut ignore).unwrap_err().kind;
    assert_eq!(kind, ErrorKind::Rows { start: 30, end: 38, height: 37 });
    let mut rows = Vec::new();
    let mut note = |band: &dicomet_jpeg::Band<'_, u8>| rows.extend(band.first_row()..band.first_row() + band.rows());
    assert_eq!(decoder.decode_rows(9..30, &mut Context::new(), &mut note).unwrap(), []);
    assert_eq!(rows, (9..30).collect::<Vec<_>>());
}

/// Some bytes of a stream changed: whatever comes of it, it is not a panic.
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

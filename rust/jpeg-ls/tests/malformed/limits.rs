//! Time, memory, interruption and the arguments of the caller.

use super::common::picture::picture;
use super::common::scan::Interleave;
use super::common::stream::{Component, Stream, frame, scan_header};
use super::common::{Grid, Noise, segment};
use super::decoding::{assert_within, busy, decode, decode_with};
use super::{all, gray};
use dicomet_jpeg_ls::{Context, Decoder, ErrorKind, Interleaved, Options};

#[test]
fn huge_images_in_few_bytes_are_errors() {
    let begin = busy();
    for (components, interleave) in [(1, 0), (3, 0), (3, 1), (3, 2)] {
        let ids: Vec<u8> = if interleave == 0 { vec![1] } else { (1..=components).collect() };
        let stream = [
            &[0xFF, 0xD8][..],
            &frame(8, 65535, 65535, &Component::full_size(components.into())),
            &scan_header(&ids, &vec![0; ids.len()], 0, interleave),
            &[0xFE; 100],
        ]
        .concat();
        assert!(matches!(
            Decoder::new(&stream).unwrap_err().kind,
            ErrorKind::TooShort { .. } | ErrorKind::NotCoded { .. }
        ));
        assert!(decode(&stream).is_err());
    }
    let oversize = super::common::stream::oversize(4, 0xFFFF_FFFF, 0xFFFF_FFFF);
    let head = frame(16, 0, 0, &Component::full_size(1));
    let stream = [&[0xFF, 0xD8][..], &oversize, &head, &scan_header(&[1], &[0], 0, 0), &[0xFE; 100]].concat();
    assert!(Decoder::new(&stream).is_err());
    assert_within(20, begin, "headers");
}

/// Two kilobytes of bits that decoders spend much time on, for images of a million samples.
#[test]
fn hostile_data_takes_bounded_time() {
    let mut noise = Noise(5);
    let mut random = || (0..2048).map(|_| noise.next() as u8 & 0x7F).collect::<Vec<_>>();
    let data = [vec![0; 2048], vec![0x7F; 2048], [0xFF, 0x7F].repeat(1024), vec![0x55; 2048], random(), random()];
    for (width, height) in [(1024, 1024), (65535, 16), (16, 65535), (1, 65535)] {
        for (precision, near, bits) in [8, 16]
            .into_iter()
            .flat_map(|precision| [(precision, 0), (precision, 127)])
            .flat_map(|(precision, near)| data.iter().map(move |bits| (precision, near, bits)))
        {
            for preset in [&[][..], &segment(0xF8, &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3])] {
                let head = frame(precision, width, height, &Component::full_size(1));
                let scan = scan_header(&[1], &[0], near, 0);
                let stream = [&[0xFF, 0xD8][..], preset, &head, &scan, bits, &[0xFF, 0xD9]].concat();
                let begin = busy();
                let found = Decoder::new(&stream).and_then(|decoder| {
                    let mut ignore = |_: usize, _: usize, _: &[u8]| {};
                    let mut ignore_wide = |_: usize, _: usize, _: &[u16]| {};
                    let mut context = Context::new();
                    match decoder.info().sample_bits() {
                        8 => decoder.decode_components(&mut context, &mut ignore),
                        _ => decoder.decode_components(&mut context, &mut ignore_wide),
                    }
                });
                assert_within(50, begin, &format!("{width}x{height}, {precision} bits: {found:?}"));
            }
        }
    }
}

/// Scans of a few bytes each.
#[test]
fn many_components_take_bounded_time() {
    let components = Component::full_size(255);
    let mut stream = [&[0xFF, 0xD8][..], &frame(8, 4096, 1, &components)].concat();
    for component in &components {
        stream.extend(scan_header(&[component.id], &[0], 0, 0));
        stream.extend([0x7F; 20]);
    }
    stream.extend([0xFF, 0xD9]);
    let begin = busy();
    let _ = decode(&stream);
    assert_within(100, begin, "components");
}

#[test]
fn limits_and_the_stop_check_end_the_work() {
    for stream in all() {
        let limited = Options { max_memory: Some(50), ..Options::default() };
        assert!(matches!(decode_with(&stream, limited).unwrap_err().kind, ErrorKind::Memory { expected: 50, .. }));
        let roomy = Options { max_memory: Some(1 << 20), ..Options::default() };
        assert_eq!(decode_with(&stream, roomy).unwrap(), decode(&stream).unwrap());
        let stopped = Options { stop: Some(&|| true), ..Options::default() };
        assert_eq!(decode_with(&stream, stopped).unwrap_err().kind, ErrorKind::Interrupted);
    }
}

/// The least limit, in KiB, with which the image can be decoded.
fn needed_kib(stream: &Stream) -> u64 {
    let bytes = stream.encode().bytes;
    let decodes = |kib: &u64| {
        let options = Options { max_memory: Some(kib << 10), ..Options::default() };
        let decoder = Decoder::with_options(&bytes, options).unwrap();
        let stride = stream.width * stream.planes.len();
        let mut out = vec![0u16; stride * stream.height];
        decoder.decode::<u16>(&mut Context::new(), &mut Interleaved::new(&mut out, stride, 0)).is_ok()
    };
    (1..1 << 14).find(decodes).unwrap()
}

#[test]
fn memory_is_that_of_some_rows() {
    let mut noise = Noise(5);
    for (interleave, count) in
        [(Interleave::None, 1), (Interleave::None, 3), (Interleave::Line, 3), (Interleave::Sample, 3)]
    {
        let mut needed = |height| {
            let planes: Vec<Grid> = (0..count).map(|_| picture(2, (4096, height), 4095, &mut noise)).collect();
            needed_kib(&Stream::new(12, planes, interleave, 0))
        };
        let found = needed(64);
        assert!(found < 1024, "{interleave:?} {count}: {found}");
        assert!(needed(128) <= found + 4, "{interleave:?} {count}");
    }
}

#[test]
fn a_wrong_sample_type_is_an_error() {
    let stream = gray().encode().bytes;
    let decoder = Decoder::new(&stream).unwrap();
    let mut ignore = |_: &dicomet_jpeg_ls::Band<'_, u16>| {};
    let kind = decoder.decode::<u16>(&mut Context::new(), &mut ignore).unwrap_err().kind;
    assert_eq!(kind, ErrorKind::SampleType { found: 16, expected: 8 });
    let mut ignore = |_: usize, _: usize, _: &[u16]| {};
    let kind = decoder.decode_components::<u16>(&mut Context::new(), &mut ignore).unwrap_err().kind;
    assert_eq!(kind, ErrorKind::SampleType { found: 16, expected: 8 });
}

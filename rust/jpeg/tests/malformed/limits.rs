//! Time, memory, interruption and the arguments of the caller.

use super::common::lossless::{Lossless, full_size, samples};
use super::common::sequential::{Dct, blocks, quantization};
use super::common::{Noise, Shape, frame, progressive, scan_header};
use super::{SUBSAMPLED, all, decode, decode_with, sequential};
use dicomet_jpeg::{Context, Decoder, ErrorKind, Options};
use std::time::{Duration, Instant};

#[test]
fn huge_images_in_few_bytes_are_errors() {
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
    let steps = progressive::script(3, &mut noise);
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
fn a_wrong_sample_type_and_missing_rows_are_errors() {
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

//! JPEG frames: as the words that they code, on any number of threads, up to the first frame with another header.

use super::*;
use crate::codestream::{Codestream, Family};
use crate::error::Unsupported;
use dicomet_jpeg as codec;
use streams::lossless::{Lossless, full_size, samples};
use streams::sequential::{Dct, blocks, quantization};
use streams::{Factors, Grid, Noise, Shape, model};

/// The encoder of the JPEG crate's tests.
#[allow(clippy::pedantic, reason = "it has the lints of that crate's tests")]
#[path = "../../../../jpeg/tests/common/mod.rs"]
mod streams;

/// An image of lossless frames.
#[derive(Debug, Clone, Copy)]
struct Frames {
    rows: usize,
    columns: usize,
    samples_per_pixel: usize,
    precision: u8,
    /// Bits Allocated: larger than the words of the codestream, if these are widened.
    allocated: i64,
    signed: bool,
    restart_interval: usize,
}

const GRAY: Frames = Frames {
    rows: 9,
    columns: 13,
    samples_per_pixel: 1,
    precision: 12,
    allocated: 16,
    signed: false,
    restart_interval: 0,
};

impl Frames {
    fn image(&self) -> Image {
        Image::new(&Attributes {
            rows: self.rows as i64,
            columns: self.columns as i64,
            samples_per_pixel: self.samples_per_pixel as i64,
            number_of_frames: 1,
            bits_allocated: self.allocated,
            bits_stored: self.precision.into(),
            high_bit: None,
            pixel_representation: self.signed.into(),
            planar_configuration: 0,
            photometric_interpretation: if self.samples_per_pixel == 3 { "RGB" } else { "MONOCHROME2" }.into(),
            element: PixelElement::PixelData,
        })
        .unwrap()
    }

    fn word_bits(&self) -> u8 {
        if self.precision > 8 { 16 } else { 8 }
    }

    fn decoder(&self, conversion: Conversion) -> Decoder {
        Decoder::for_codec_output(
            &self.image(),
            self.word_bits(),
            false,
            Some(self.precision),
            conversion,
            self.precision,
        )
        .unwrap()
    }

    /// A codestream, and the words that it codes.
    fn encode(&self, seed: u64) -> (Vec<u8>, Vec<u8>) {
        let noise = &mut Noise(seed);
        let (width, height, factors) = (self.columns, self.rows, full_size(self.samples_per_pixel));
        let shape = Shape { width, height, unit: 1, factors };
        let planes = samples(&shape, self.precision, noise);
        let encoder = Lossless {
            precision: self.precision,
            shape: &shape,
            samples: &planes,
            scans: vec![((0..self.samples_per_pixel).collect(), 1 + (seed % 7) as u8)],
            point_transform: 0,
            one_table: false,
            restart_interval: self.restart_interval,
        };
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let words = places.flat_map(|(x, y)| planes.iter().map(move |plane: &Grid<u16>| plane.at(x, y)));
        let words = words.flat_map(|word| native_bytes(word.into(), usize::from(self.word_bits() / 8)));
        (encoder.encode(noise), words.collect())
    }
}

/// Decodes frames from memory and from a file, on one thread and on several, and checks that the results are equal.
fn decode_all(decoder: &Decoder, frames: &[Vec<u8>], first_frame: usize) -> Result<(Vec<u8>, Decoded)> {
    let header = Codestream::check(&frames[0], Family::Jpeg, decoder.image())?;
    let codec = Codec::Codestream(header);
    let (value, mut fragments, mut at) = (frames.concat(), Vec::new(), 0);
    for frame in frames {
        let (length, half) = (frame.len() as u64, frame.len() as u64 / 2);
        let parts = [(at, half), (at + half, length - half)];
        fragments.push(parts.map(|(offset, length)| Fragment { offset, length }));
        at += length;
    }
    let of = |index: usize| fragments[index].as_slice();
    let frame_bytes = decoder.result_frame_bytes().unwrap();
    let mut results = Vec::new();
    for workers in [1, 3] {
        let parallelism = Parallelism::of(workers);
        for in_file in [false, true] {
            let mut out = vec![0xA5; frames.len() * frame_bytes];
            let decoded = if in_file {
                decoder.decode_frames(&codec, &File(&value), of, first_frame, &mut out, &parallelism)
            } else {
                decoder.decode_frames(&codec, &value.as_slice(), of, first_frame, &mut out, &parallelism)
            };
            results.push(decoded.map(|decoded| (out[..decoded.frames * frame_bytes].to_vec(), decoded)));
        }
    }
    assert!(results.iter().all(|result| *result == results[0]), "{results:?}");
    results.swap_remove(0)
}

/// What the decoder makes of the words of a frame.
fn processed(decoder: &Decoder, words: &[u8]) -> Vec<u8> {
    let mut out = vec![0x5A; decoder.result_frame_bytes().unwrap()];
    decoder.decode_codec_output(words, &mut out, &Parallelism::of(1)).unwrap();
    out
}

fn cases() -> impl Strategy<Value = (Frames, u64)> {
    let shape = (1usize..24, 1usize..24, prop::sample::select(vec![1usize, 3]), 2u8..=16);
    let restarts = prop_oneof![Just(0usize), 1usize..40];
    (shape, 0u32..3, any::<bool>(), restarts, any::<u64>()).prop_map(
        |(shape, wider, signed, restart_interval, seed)| {
            let (rows, columns, samples_per_pixel, precision) = shape;
            let allocated = (if precision > 8 { 16 } else { 8 } << wider).min(64);
            let frames = Frames { rows, columns, samples_per_pixel, precision, allocated, signed, restart_interval };
            (frames, seed)
        },
    )
}

proptest! {
    #[test]
    fn frames_are_their_words((frames, seed) in cases()) {
        let (streams, words): (Vec<_>, Vec<_>) = (0..3).map(|frame| frames.encode(seed ^ frame)).unzip();
        let decoder = frames.decoder(Conversion::None);
        let other = if ByteOrder::NATIVE == ByteOrder::Big { ByteOrder::Little } else { ByteOrder::Big };
        for order in [ByteOrder::NATIVE, other] {
            // Planes are for frames in RLE Lossless only.
            for planar in [false, true] {
                let output = OutputFormat { order, planar, ..OutputFormat::default() };
                let decoder = decoder.clone().with_output(output);
                let (out, decoded) = decode_all(&decoder, &streams, 4).unwrap();
                prop_assert_eq!(decoded, Decoded { frames: 3, warnings: Vec::new(), unsupported: None });
                prop_assert_eq!(out, words.iter().flat_map(|words| processed(&decoder, words)).collect::<Vec<_>>());
            }
        }
        let plain = processed(&decoder, &words[0]);
        check_transformed(&decoder, &plain, |decoder, out| {
            out.copy_from_slice(&decode_all(decoder, &streams[..1], 0)?.0);
            Ok(())
        });
    }

    #[test]
    fn parts_at_restart_markers_give_the_same(seed: u64, rows_of_interval in 1usize..4, excess in 0usize..3) {
        let frames = Frames { rows: 64, columns: 32, restart_interval: 32 * rows_of_interval, ..GRAY };
        let (mut stream, words) = frames.encode(seed);
        prop_assert!(codec::Decoder::new(&stream).unwrap().split(3).unwrap().ranges().len() > 1);
        for marker in [0xD1, 0xD6].into_iter().take(excess) {
            let place = stream.windows(2).position(|bytes| bytes == [0xFF, marker]).unwrap();
            stream.splice(place..place, [0x12, 0x34]).for_each(drop);
        }
        let decoder = frames.decoder(Conversion::None);
        let (out, decoded) = decode_all(&decoder, &[stream.clone()], 0).unwrap();
        prop_assert_eq!(out, processed(&decoder, &words));
        // One warning for all intervals.
        prop_assert_eq!(decoded.warnings.len(), excess.min(1));
        let cut = stream.len() / 2 + (seed % 100) as usize;
        prop_assert!(decode_all(&decoder, &[stream[..cut].to_vec()], 0).is_err());
    }
}

#[test]
fn colors_are_converted() {
    let frames = Frames { samples_per_pixel: 3, precision: 8, allocated: 8, ..GRAY };
    for (conversion, precision, allocated) in [
        (Conversion::YbrToRgb, 8, 8),
        (Conversion::PartialYbrToRgb, 8, 8),
        (Conversion::RgbToYbr, 8, 8),
        (Conversion::YbrToRgb, 12, 16),
        (Conversion::YbrToRgb, 8, 32),
    ] {
        let frames = Frames { precision, allocated, ..frames };
        let decoder = frames.decoder(conversion);
        let (stream, words) = frames.encode(3);
        assert_eq!(decode_all(&decoder, &[stream], 0).unwrap().0, processed(&decoder, &words));
    }
}

#[test]
fn blocks_are_their_pixels() {
    let noise = &mut Noise(5);
    for (precision, samples_per_pixel) in [(8, 1), (8, 3), (12, 1)] {
        let allocated = if precision > 8 { 16 } else { 8 };
        let frames = Frames { rows: 19, columns: 21, samples_per_pixel, precision, allocated, ..GRAY };
        let shape = Shape { width: 21, height: 19, unit: 8, factors: full_size(samples_per_pixel) };
        let (blocks, quantization) = (blocks(&shape, precision, noise), quantization(samples_per_pixel, noise));
        let encoder =
            Dct { precision, shape: &shape, blocks: &blocks, quantization: &quantization, restart_interval: 3 };
        let stream = encoder.encode(&[(0..samples_per_pixel).collect()], noise);
        let pixels = model::dct_pixels(&shape, &blocks, &quantization, precision);
        let words: Vec<u8> =
            pixels.into_iter().flat_map(|word| native_bytes(word.into(), allocated as usize / 8)).collect();
        let decoder = frames.decoder(Conversion::None);
        let (out, decoded) = decode_all(&decoder, &[stream.clone(), stream], 0).unwrap();
        assert_eq!((out, decoded.warnings), (processed(&decoder, &words).repeat(2), Vec::new()));
    }
}

#[test]
fn frames_before_another_header_are_decoded() {
    let (decoder, other) = (GRAY.decoder(Conversion::None), Frames { precision: 10, ..GRAY });
    let streams: Vec<Vec<u8>> = (0..12).map(|seed| GRAY.encode(seed).0).collect();
    let expected = decode_all(&decoder, &streams, 0).unwrap().0;
    for changed in [vec![1], vec![5, 6], vec![11], vec![7, 2]] {
        let mut mixed = streams.clone();
        for frame in &changed {
            mixed[*frame] = other.encode(1).0;
        }
        let first = *changed.iter().min().unwrap();
        // Errors and warnings after that frame do not count.
        mixed.iter_mut().skip(first + 1).for_each(|stream| stream.truncate(stream.len() - 9));
        mixed[0].extend([1, 2, 3]);
        if let Some(stream) = mixed.get_mut(first + 1) {
            stream.extend([1, 2, 3]);
        }
        let (out, decoded) = decode_all(&decoder, &mixed, 100).unwrap();
        assert_eq!(decoded.frames, first);
        assert!(expected.starts_with(&out));
        let warning = Error::pixel_data(ErrorKind::TrailingBytes { bytes: 3 }).in_frame(100);
        assert_eq!(decoded.warnings, [warning]);
    }
}

#[test]
fn the_error_is_that_of_the_first_frame() {
    let decoder = GRAY.decoder(Conversion::None);
    let mut streams: Vec<Vec<u8>> = (0..20).map(|seed| GRAY.encode(seed).0).collect();
    // The caller checks a header that differs.
    streams[13] = Vec::new();
    assert_eq!(decode_all(&decoder, &streams, 100).unwrap().1.frames, 13);
    let length = streams[6].len();
    streams[6].truncate(length - 20);
    let error = decode_all(&decoder, &streams, 100).unwrap_err();
    assert_eq!(error.frame, Some(106));
    assert!(matches!(error.kind, ErrorKind::Codec { .. }), "{error}");
    streams[2] = Frames { columns: 14, ..GRAY }.encode(1).0;
    assert_eq!(decode_all(&decoder, &streams, 100).unwrap().1.frames, 2);
}

#[test]
fn warnings_have_a_limit() {
    let decoder = GRAY.decoder(Conversion::None);
    let stream = [GRAY.encode(1).0, vec![7]].concat();
    let (_, decoded) = decode_all(&decoder, &vec![stream; 130], 0).unwrap();
    let frames: Vec<_> = decoded.warnings.iter().filter_map(|warning| warning.frame).collect();
    assert_eq!((decoded.frames, frames), (130, (0..100).collect()));
}

#[test]
fn an_interruption_ends_the_frames() {
    let frames = Frames { rows: 200, columns: 300, restart_interval: 300, ..GRAY };
    let (stream, _) = frames.encode(1);
    let codec = Codec::Codestream(Codestream::check(&stream, Family::Jpeg, &frames.image()).unwrap());
    let decoder = frames.decoder(Conversion::None);
    let fragments = [Fragment { offset: 0, length: stream.len() as u64 }];
    for (count, workers) in [(1, 1), (1, 4), (5, 1), (5, 4)] {
        let mut out = vec![0xA5; count * 120_000];
        let stopped = Parallelism { interrupted: &|| true, ..Parallelism::of(workers) };
        let decoded = decoder.decode_frames(&codec, &stream.as_slice(), |_| &fragments, 0, &mut out, &stopped);
        assert_eq!(decoded.unwrap_err().kind, ErrorKind::Interrupted);
    }
}

#[test]
fn the_number_of_lines_may_follow_the_first_scan() {
    let decoder = GRAY.decoder(Conversion::None);
    let (mut stream, words) = GRAY.encode(4);
    let size = stream.windows(5).position(|bytes| bytes == [0xFF, 0xC3, 0, 11, 12]).unwrap() + 5;
    let lines: Vec<u8> = stream.splice(size..size + 2, [0, 0]).collect();
    assert_eq!(lines, [0, 9]);
    let error = decode_all(&decoder, &[stream.clone()], 0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Codestream { what: "Rows", found: 0, expected: 9 });
    let end = stream.len() - 2;
    let with = |lines| [&stream[..end], &[0xFF, 0xDC, 0, 4, 0, lines, 0xFF, 0xD9]].concat();
    let (out, decoded) = decode_all(&decoder, &[with(9), GRAY.encode(4).0], 0).unwrap();
    assert_eq!((out, decoded.frames), (processed(&decoder, &words).repeat(2), 2));
    let error = decode_all(&decoder, &[with(8)], 0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Codestream { what: "Rows", found: 8, expected: 9 });
}

#[test]
fn frames_before_one_that_is_not_supported_are_decoded() {
    let decoder = GRAY.decoder(Conversion::None);
    let mut streams: Vec<Vec<u8>> = (0..6).map(|seed| GRAY.encode(seed).0).collect();
    // A restart interval that ends within a row is not supported if components are subsampled, which only a scan shows.
    let shape = Shape {
        width: 13,
        height: 9,
        unit: 1,
        factors: vec![
            Factors { horizontal: 1, vertical: 2 },
            Factors { horizontal: 1, vertical: 1 },
            Factors { horizontal: 1, vertical: 1 },
        ],
    };
    let planes = samples(&shape, 8, &mut Noise(1));
    let subsampled = Lossless {
        precision: 8,
        shape: &shape,
        samples: &planes,
        scans: vec![(vec![0, 1, 2], 1)],
        point_transform: 0,
        one_table: false,
        restart_interval: 5,
    };
    let colors = Frames { samples_per_pixel: 3, precision: 8, allocated: 8, ..GRAY };
    let (_, decoded) = decode_all(&colors.decoder(Conversion::None), &[subsampled.encode(&mut Noise(2))], 0).unwrap();
    assert_eq!((decoded.frames, decoded.unsupported), (0, Some(Unsupported::Jpeg(codec::Unsupported::RestartInRow))));
    // A header that names another process is another header.
    let size = streams[4].windows(2).position(|bytes| bytes == [0xFF, 0xC3]).unwrap();
    streams[4][size + 1] = 0xCB;
    let (_, decoded) = decode_all(&decoder, &streams, 0).unwrap();
    assert_eq!((decoded.frames, decoded.unsupported), (4, None));
    let (_, decoded) = decode_all(&decoder, &streams[4..], 0).unwrap();
    assert_eq!((decoded.frames, decoded.unsupported), (0, Some(Unsupported::Jpeg(codec::Unsupported::Arithmetic))));
}

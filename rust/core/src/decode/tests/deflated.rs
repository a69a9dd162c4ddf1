//! Frames in Deflated Image Frame Compression: each by itself, from its first byte to its last, and what may follow.

use super::*;
use crate::error::DeflatedFrame;
use flate2::{Compression, write::DeflateEncoder};
use std::io::Write;

fn deflate(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// One stored block (RFC 1951 3.2.4), written by hand.
fn stored(bytes: &[u8], is_last: bool) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    [&[u8::from(is_last)], &length.to_le_bytes()[..], &(!length).to_le_bytes(), bytes].concat()
}

/// Decodes frames from memory and from a file.
fn decoded(decoder: &Decoder, frames: &[Vec<u8>], out: &mut [u8]) -> Result<Warnings> {
    let (value, mut fragments) = (frames.concat(), Vec::new());
    for frame in frames {
        let offset = fragments.last().map_or(0, |last: &Fragment| last.end());
        fragments.push(Fragment { offset, length: frame.len() as u64 });
    }
    let of = |index: usize| std::slice::from_ref(&fragments[index]);
    let run = |out: &mut [u8]| {
        decoder.decode_frames(&Codec::Deflated, &value.as_slice(), of, 0, out, &Parallelism::default())
    };
    let found = run(out);
    let mut again = vec![0x5A; out.len()];
    let of_file = decoder.decode_frames(&Codec::Deflated, &File(&value), of, 0, &mut again, &Parallelism::default());
    assert_eq!(found, of_file);
    assert!(found.is_err() || again == out);
    if found.is_ok() {
        check_transformed(decoder, out, |decoder, out| {
            decoder.decode_frames(&Codec::Deflated, &value.as_slice(), of, 0, out, &Parallelism::default())
        });
    }
    found.map(|decoded| decoded.warnings)
}

proptest! {
    #[test]
    fn frames_are_native_frames(case in cases(&[1, 8, 12, 16, 32, 64]), level in 0u32..10) {
        // Each frame by itself, which starts at a byte.
        let frames = case.attributes.number_of_frames;
        let case = Case { big: false, ..case };
        let (mut streams, mut expected) = (Vec::new(), Vec::new());
        for frame in 0..frames {
            let attributes = Attributes { number_of_frames: 1, ..case.attributes.clone() };
            let one = Case { attributes, seed: case.seed.wrapping_add(frame as u64 * 7), ..case.clone() };
            streams.push(deflate(&one.native(), level));
            expected.extend(one.result());
        }
        let mut out = vec![0xA5; expected.len()];
        let warnings = decoded(&case.decoder(), &streams, &mut out).unwrap();
        prop_assert!(warnings.is_empty());
        prop_assert_eq!(&out, &expected);
        for stream in &streams {
            Codec::Deflated.check_bound(&case.image(), stream.len() as u64).unwrap();
        }
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300), case in cases(&[1, 8, 16])) {
        let mut out = vec![0; case.image().frame_bytes().unwrap()];
        let _ = decoded(&case.decoder(), &[bytes], &mut out);
    }
}

/// Three pixels of 8 bits, so that a frame has an odd number of bytes.
fn three_pixels() -> Decoder {
    let attributes = Attributes {
        rows: 1,
        columns: 3,
        samples_per_pixel: 1,
        number_of_frames: 1,
        bits_allocated: 8,
        bits_stored: 8,
        high_bit: None,
        pixel_representation: 0,
        planar_configuration: 0,
        photometric_interpretation: "MONOCHROME2".into(),
        element: PixelElement::PixelData,
    };
    Case { attributes, big: false, correct: true, seed: 0 }.decoder()
}

fn kinds(frame: Vec<u8>) -> Vec<ErrorKind> {
    let mut out = [0xA5; 3];
    let warnings = decoded(&three_pixels(), &[frame], &mut out).unwrap();
    assert_eq!(out, [1, 2, 3]);
    assert!(warnings.iter().all(|warning| warning.frame == Some(0)));
    warnings.into_iter().map(|warning| warning.kind).collect()
}

fn warned(defect: DeflatedFrame) -> Vec<ErrorKind> {
    vec![ErrorKind::DeflatedFrame(defect)]
}

#[test]
fn what_may_follow_a_frame() {
    let whole = stored(&[1, 2, 3], true);
    for padding in [&[][..], &[0], &[0, 0, 0]] {
        assert_eq!(kinds([&whole, padding].concat()), []);
    }
    assert_eq!(kinds([&whole[..], &[0, 7]].concat()), warned(DeflatedFrame::Rest { bytes: 2 }));
    // A zero that makes the length of the native frame even.
    assert_eq!(kinds(stored(&[1, 2, 3, 0], true)), []);
    let long = warned(DeflatedFrame::Long { expected: 3 });
    assert_eq!(kinds(stored(&[1, 2, 3, 4], true)), long);
    assert_eq!(kinds(stored(&[1, 2, 3, 0, 0], true)), long);
    assert_eq!(kinds(stored(&[&[1, 2, 3][..], &[0; 5000]].concat(), true)), long);
    let no_end = warned(DeflatedFrame::NoEnd { expected: 3 });
    assert_eq!(kinds(stored(&[1, 2, 3], false)), no_end);
    assert_eq!(kinds([stored(&[1, 2, 3], false), vec![7; 3]].concat()), no_end);
    // An empty last block.
    assert_eq!(kinds([stored(&[1, 2, 3], false), stored(&[], true)].concat()), []);
    assert_eq!(kinds([stored(&[1], false), stored(&[], false), stored(&[2, 3], true)].concat()), []);
}

#[test]
fn a_short_frame_is_an_error() {
    let short = |found| Err(Error::from(DeflatedFrame::Short { found, expected: 3 }).in_frame(0));
    let mut out = [0; 3];
    assert_eq!(decoded(&three_pixels(), &[stored(&[1, 2], true)], &mut out), short(2));
    assert_eq!(decoded(&three_pixels(), &[stored(&[1, 2, 3], true)[..6].to_vec()], &mut out), short(1));
    assert_eq!(decoded(&three_pixels(), &[vec![]], &mut out), short(0));
    let damaged = decoded(&three_pixels(), &[vec![0x78, 0x9C, 1, 2, 3]], &mut out).unwrap_err();
    assert!(matches!(damaged.kind, ErrorKind::DeflatedFrame(DeflatedFrame::Damaged(_))), "{damaged}");
    // A later frame is not affected by the one before, whose inflater it reuses.
    assert_eq!(kinds(stored(&[1, 2, 3], true)), []);
}

#[test]
fn a_small_stream_does_not_justify_a_large_frame() {
    let image = Case { attributes: Attributes { rows: 65535, columns: 65535, ..attributes() }, ..case() }.image();
    assert!(matches!(Codec::Deflated.check_bound(&image, 1000).unwrap_err().kind, ErrorKind::Implausible { .. }));
    Codec::Deflated.check_bound(&image, 1 << 30).unwrap();
}

fn attributes() -> Attributes {
    Attributes {
        rows: 200,
        columns: 1001,
        samples_per_pixel: 1,
        number_of_frames: 1,
        bits_allocated: 16,
        bits_stored: 16,
        high_bit: None,
        pixel_representation: 0,
        planar_configuration: 0,
        photometric_interpretation: "MONOCHROME2".into(),
        element: PixelElement::PixelData,
    }
}

fn case() -> Case {
    Case { attributes: attributes(), big: false, correct: true, seed: 0 }
}

#[test]
fn only_one_frame_is_inflated() {
    // 64 MiB of zeros after the frame: they are neither stored nor counted.
    let bomb = deflate(&vec![0; 1 << 26], 9);
    let mut out = vec![0xA5; 400_400];
    let warnings = decoded(&case().decoder(), &[bomb], &mut out).unwrap();
    assert_eq!(warnings, [Error::from(DeflatedFrame::Long { expected: 400_400 }).in_frame(0)]);
    assert!(out.iter().all(|byte| *byte == 0));
}

#[test]
fn an_interruption_ends_a_frame() {
    let frame = deflate(&noise(400_400), 1);
    let fragments = [Fragment { offset: 0, length: frame.len() as u64 }];
    let stopped = Parallelism { interrupted: &|| true, ..Parallelism::default() };
    let mut out = vec![0xA5; 400_400];
    let found =
        case().decoder().decode_frames(&Codec::Deflated, &frame.as_slice(), |_| &fragments, 0, &mut out, &stopped);
    assert_eq!(found.unwrap_err().kind, ErrorKind::Interrupted);
    assert!(out.iter().all(|byte| *byte == 0xA5));
}

#[test]
fn subsampled_frames() {
    let image = color("YBR_FULL_422", 0, 8);
    let decoder = Decoder::native(&image, ByteOrder::Little, false, true, Conversion::None).unwrap();
    let mut out = [0xA5; 12];
    assert_eq!(decoded(&decoder, &[stored(&[1, 2, 7, 8, 3, 4, 9, 10], true)], &mut out), Ok(vec![]));
    assert_eq!(out, [1, 7, 8, 2, 7, 8, 3, 9, 10, 4, 9, 10]);
    let error = decoded(&decoder, &[stored(&[1; 12], true)], &mut out).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotSubsampled { found: 12, expected: 8 });
    for codec in [Codec::Uncompressed, Codec::Deflated] {
        codec.check_bound(&image, 8).unwrap();
    }
    assert!(Codec::Uncompressed.check_bound(&image, 7).is_err());
    assert!(Codec::Uncompressed.check_bound(&image, 12).is_err());
}

//! Compares every path through a decoder with one plain oracle: sample numbers, placed as the standard places them.
#![allow(clippy::cast_sign_loss, clippy::cast_possible_wrap, reason = "small numbers of the test's own")]

use super::*;
use crate::display::{Pipeline, Rendering};
use crate::image::{Attributes, PixelElement};
use crate::item::Fragment;
use crate::modality::Modality;
use crate::parallel::Parallelism;
use crate::sample_type::SampleType;
use crate::source::{ReadResult, Source};
use crate::voi::Range;
use proptest::prelude::*;

mod conversions;
mod deflated;
mod jpeg;
mod jpeg_2000;
mod run_length;
mod threads;

/// A file: its bytes are not available in memory.
struct File<'a>(&'a [u8]);

impl Source for File<'_> {
    type Error = Error;

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.0.read_at(offset, buffer)
    }
}

/// Decodes native frames from memory and from a file, and checks that the results are equal.
fn native(decoder: &Decoder, value: &[u8], first_frame: usize, out: &mut [u8]) -> Result<()> {
    let mut from_file = vec![0xA5; out.len()];
    let of_file = decoder.native_frames(&File(value), first_frame, &mut from_file, &Parallelism::default());
    let of_memory = decoder.native_frames(&value, first_frame, out, &Parallelism::default());
    assert_eq!(of_file, of_memory);
    assert!(of_file.is_err() || from_file == out);
    if of_memory.is_ok() {
        check_transformed(decoder, out, |decoder, out| {
            decoder.native_frames(&value, first_frame, out, &Parallelism::default())
        });
        check_transformed(decoder, out, |decoder, out| {
            decoder.native_frames(&File(value), first_frame, out, &Parallelism::default())
        });
    }
    of_memory
}

/// Checks that transforming during decoding and transforming the decoded samples `plain` give the same result.
fn check_transformed<T>(decoder: &Decoder, plain: &[u8], decode: impl Fn(&Decoder, &mut [u8]) -> Result<T>) {
    if decoder.output.order != ByteOrder::NATIVE || decoder.output.planar {
        return;
    }
    let range = Range { low: 0.0, high: 1.0 };
    let modality = Modality::Rescale { slope: 3.0, intercept: 0.5 };
    for (sample, pixels) in [(SampleType::Float64, u64::MAX), (SampleType::Uint8, 0)] {
        let pipeline = Pipeline { modality: modality.clone(), rendering: Rendering::Value, range, sample };
        let transform = Arc::new(Transform::new(decoder.image(), pipeline, 64, pixels).unwrap());
        let bytes = plain.len() / decoder.image().sample_bytes() * sample.bytes();
        let (mut wanted, mut found) = (vec![0xA5; bytes], vec![0x5A; bytes]);
        transform.apply(plain, &mut wanted);
        decode(&decoder.clone().with_transform(transform), &mut found).map(drop).unwrap();
        assert!(found == wanted, "{decoder:?}");
    }
}

fn decode_rle<'f, S: Source>(
    decoder: &Decoder,
    source: &S,
    fragments_of: impl Fn(usize) -> &'f [Fragment] + Sync,
    first_frame: usize,
    out: &mut [u8],
    parallelism: &Parallelism<'_>,
) -> ReadResult<Warnings, S> {
    let frames = out.len() / decoder.result_frame_bytes()?;
    let decoded = decoder.decode_frames(&Codec::RleLossless, source, fragments_of, first_frame, out, parallelism)?;
    assert_eq!(decoded.frames, frames);
    Ok(decoded.warnings)
}

/// Decodes RLE frames from memory and from a file, in one fragment and in several.
fn rle(decoder: &Decoder, frames: &[&[u8]], first_frame: usize, out: &mut [u8]) -> Result<Warnings> {
    let value = frames.concat();
    let (mut whole, mut cut, mut at) = (Vec::new(), Vec::new(), 0);
    for frame in frames {
        let (length, half) = (frame.len() as u64, frame.len() as u64 / 2);
        whole.push(vec![Fragment { offset: at, length }]);
        let parts = [(at, half), (at + half, 0), (at + half, length - half)];
        cut.push(parts.map(|(offset, length)| Fragment { offset, length }).to_vec());
        at += length;
    }
    let mut again = vec![0xA5; out.len()];
    let of_parts = decode_rle(
        decoder,
        &File(&value),
        |index| cut[index].as_slice(),
        first_frame,
        &mut again,
        &Parallelism::default(),
    );
    let of_memory = decode_rle(
        decoder,
        &value.as_slice(),
        |index| whole[index].as_slice(),
        first_frame,
        out,
        &Parallelism::default(),
    );
    assert_eq!(of_parts, of_memory);
    assert!(of_parts.is_err() || again == out);
    if of_memory.is_ok() {
        check_transformed(decoder, out, |decoder, out| {
            decode_rle(
                decoder,
                &value.as_slice(),
                |index| whole[index].as_slice(),
                first_frame,
                out,
                &Parallelism::default(),
            )
        });
    }
    of_memory
}

#[derive(Debug, Clone)]
struct Case {
    attributes: Attributes,
    big: bool,
    correct: bool,
    seed: u64,
}

fn cases(bits: &'static [i64]) -> impl Strategy<Value = Case> {
    let shape = (1i64..9, 1i64..9, prop::sample::select(vec![1i64, 3]), 1i64..4, prop::sample::select(bits));
    (shape, 1i64..=64, 0i64..2, 0i64..2, any::<(bool, bool, u64)>()).prop_map(|(shape, stored, sign, planar, rest)| {
        let (rows, columns, samples_per_pixel, number_of_frames, bits_allocated) = shape;
        let (big, correct, seed) = rest;
        let photometric_interpretation = if samples_per_pixel == 1 { "MONOCHROME2" } else { "RGB" }.into();
        let attributes = Attributes {
            rows,
            columns,
            samples_per_pixel,
            number_of_frames,
            bits_allocated,
            bits_stored: stored.min(bits_allocated),
            high_bit: None,
            pixel_representation: sign,
            planar_configuration: planar,
            photometric_interpretation,
            element: PixelElement::PixelData,
        };
        Case { attributes, big, correct, seed }
    })
}

impl Case {
    fn image(&self) -> Image {
        Image::new(&self.attributes).unwrap()
    }

    /// The sample at `frame`, `pixel` and `sample`: random bits; those above Bits Stored are unused.
    fn sample(&self, frame: u64, pixel: u64, sample: u64) -> u64 {
        let place = (frame * 1000 + pixel) * 3 + sample + self.seed % 1000;
        let noise = place.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        noise >> (64 - self.attributes.bits_allocated)
    }

    /// Frame, pixel and sample number of every sample, in the order of the source or of the result.
    fn order(&self, planar: bool) -> Vec<(u64, u64, u64)> {
        let image = self.image();
        let (frames, pixels, samples) =
            (image.number_of_frames() as u64, image.frame_pixels(), image.samples_per_pixel() as u64);
        let in_frame = (0..pixels * samples)
            .map(move |i| if planar { (i % pixels, i / pixels) } else { (i / samples, i % samples) })
            .collect::<Vec<_>>();
        (0..frames).flat_map(|frame| in_frame.iter().map(move |&(pixel, sample)| (frame, pixel, sample))).collect()
    }

    /// The samples as bits, least significant first, in the layout of PS3.5 8.1.1 and Annex D.
    fn native(&self) -> Vec<u8> {
        let (image, bits) = (self.image(), self.attributes.bits_allocated as usize);
        let order = self.order(image.is_planar());
        let mut bytes = vec![0u8; (order.len() * bits).div_ceil(8)];
        for (place, (frame, pixel, sample)) in order.into_iter().enumerate() {
            let value = self.sample(frame, pixel, sample);
            for bit in 0..bits {
                bytes[(place * bits + bit) / 8] |= ((value >> bit & 1) as u8) << ((place * bits + bit) % 8);
            }
        }
        if self.big && bits == 12 {
            bytes.resize(bytes.len().next_multiple_of(2), 0);
            bits::swap_pairs(&mut bytes);
        } else if self.big && bits > 8 {
            bits::swap_words(&mut bytes, bits / 8);
        }
        bytes
    }

    fn result(&self) -> Vec<u8> {
        self.result_in(false)
    }

    fn result_in(&self, planar: bool) -> Vec<u8> {
        let (image, allocated) = (self.image(), self.attributes.bits_allocated);
        let bits = if self.correct { self.attributes.bits_stored } else { allocated };
        let signed = image.kind() == SampleKind::Signed;
        let number = |(frame, pixel, sample)| {
            let low = i128::from(self.sample(frame, pixel, sample)) % (1 << bits);
            if signed && low >> (bits - 1) == 1 { low - (1 << bits) } else { low }
        };
        let width = image.sample_bytes();
        let bytes = |number: i128| native_bytes(number, width);
        self.order(planar).into_iter().map(number).flat_map(bytes).collect()
    }

    fn decoder(&self) -> Decoder {
        let order = if self.big { ByteOrder::Big } else { ByteOrder::Little };
        Decoder::native(&self.image(), order, false, self.correct, Conversion::None).unwrap()
    }
}

fn native_bytes(number: i128, width: usize) -> Vec<u8> {
    let mut bytes = number.to_le_bytes()[..width].to_vec();
    if cfg!(target_endian = "big") {
        bytes.reverse();
    }
    bytes
}

/// PackBits with literal runs only.
fn pack(plane: &[u8]) -> Vec<u8> {
    plane.chunks(128).flat_map(|run| [&[(run.len() - 1) as u8], run].concat()).collect()
}

fn rle_frame(planes: &[Vec<u8>]) -> Vec<u8> {
    let (mut header, mut data) = (vec![planes.len() as u32], Vec::new());
    for plane in planes {
        header.push(64 + data.len() as u32);
        data.extend(pack(plane));
    }
    header.resize(16, 0);
    [header.into_iter().flat_map(u32::to_le_bytes).collect(), data].concat()
}

proptest! {
    #[test]
    fn native_frames(case in cases(&[1, 8, 12, 16, 32, 64]), skipped in 0u64..2) {
        let (image, decoder) = (case.image(), case.decoder());
        let mut expected = case.result();
        // Also from a frame in the middle, which need not start on a byte boundary.
        let skipped = skipped.min(image.number_of_frames() as u64 - 1);
        let mut expected = expected.split_off(skipped as usize * image.frame_bytes().unwrap());
        let mut out = vec![0xA5; expected.len()];
        native(&decoder, &case.native(), skipped as usize, &mut out).unwrap();
        prop_assert_eq!(&out, &expected);
        let other = if ByteOrder::NATIVE == ByteOrder::Big { ByteOrder::Little } else { ByteOrder::Big };
        let decoder = decoder.with_output(OutputFormat { order: other, ..OutputFormat::default() });
        native(&decoder, &case.native(), skipped as usize, &mut out).unwrap();
        bits::swap_words(&mut expected, image.sample_bytes());
        prop_assert_eq!(out, expected);
    }

    #[test]
    fn rle_frames(case in cases(&[8, 16, 32])) {
        let case = Case { big: false, ..case };
        let image = case.image();
        let (pixels, width) = (image.frame_pixels(), image.sample_bytes());
        let plane = |frame, sample, byte: usize| -> Vec<u8> {
            (0..pixels).map(|pixel| case.sample(frame, pixel, sample).to_le_bytes()[byte]).collect()
        };
        let frames: Vec<Vec<u8>> = (0..image.number_of_frames() as u64)
            .map(|frame| {
                let planes: Vec<Vec<u8>> = (0..image.samples_per_pixel() as u64)
                    .flat_map(|sample| (0..width).rev().map(move |byte| plane(frame, sample, byte)))
                    .collect();
                rle_frame(&planes)
            })
            .collect();
        let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
        let mut out = vec![0xA5; case.result().len()];
        for planar in [false, image.samples_per_pixel() == 3] {
            let decoder = case.decoder().with_output(OutputFormat { planar, strict: true, ..OutputFormat::default() });
            let warnings = rle(&decoder, &frames, 0, &mut out).unwrap();
            prop_assert!(warnings.is_empty());
            prop_assert_eq!(&out, &case.result_in(planar));
        }
    }

    #[test]
    fn codec_frames_are_widened(case in cases(&[1, 8, 12, 16, 32, 64]), narrower in 0u32..3, zeros: bool) {
        let wide = case.image().sample_bytes();
        let narrow = (wide >> narrower).max(1);
        let bits = (narrow * 8) as i64;
        let signed = case.image().kind() == SampleKind::Signed;
        let zeros = zeros && narrow < wide;
        let order = case.order(case.image().is_planar());
        let frame_samples = case.image().frame_samples() as usize;
        let value = |&(frame, pixel, sample): &(u64, u64, u64)| i128::from(case.sample(frame, pixel, sample)) % (1 << bits);
        let src: Vec<u8> = order.iter().take(frame_samples).flat_map(|place| native_bytes(value(place), narrow)).collect();
        let extend = |low: i128| if signed && !zeros && low >> (bits - 1) == 1 { low - (1 << bits) } else { low };
        let expected: Vec<u8> =
            case.order(false).iter().take(frame_samples).flat_map(|place| native_bytes(extend(value(place)), wide)).collect();
        let decoder = Decoder::for_codec_output(&case.image(), bits as u8, case.image().is_planar(), None, Conversion::None, 8).unwrap();
        let decoder = if zeros { decoder.of_unsigned_words() } else { decoder };
        let mut out = vec![0xA5; expected.len()];
        decoder.decode_codec_output(&src, &mut out, &Parallelism::default()).unwrap();
        prop_assert_eq!(out, expected);
    }

    #[test]
    fn any_bytes_as_rle(bytes in prop::collection::vec(any::<u8>(), 0..300), case in cases(&[1, 8, 16])) {
        let image = case.image();
        let segments = (image.sample_bytes() * image.samples_per_pixel()) as u32;
        let header: Vec<u8> = [segments, 64, 70, 80, 90, 100, 110].iter().flat_map(|w| w.to_le_bytes()).collect();
        let frame = [header, vec![0; 36], bytes].concat();
        let mut out = vec![0; image.frame_bytes().unwrap()];
        let _ = rle(&case.decoder(), &[&frame], 0, &mut out);
    }
}

fn color(photometric: &str, planar: i64, bits: i64) -> Image {
    let attributes = Attributes {
        rows: 2,
        columns: 2,
        samples_per_pixel: 3,
        number_of_frames: 1,
        bits_allocated: bits,
        bits_stored: bits,
        high_bit: None,
        pixel_representation: 0,
        planar_configuration: planar,
        photometric_interpretation: photometric.into(),
        element: PixelElement::PixelData,
    };
    Image::new(&attributes).unwrap()
}

#[test]
fn frames_longer_than_a_piece() {
    let pixels = TILE_PIXELS as i64 * 2 + 5;
    let attributes = Attributes {
        rows: 1,
        columns: pixels,
        samples_per_pixel: 3,
        number_of_frames: 1,
        bits_allocated: 8,
        bits_stored: 8,
        high_bit: None,
        pixel_representation: 0,
        planar_configuration: 1,
        photometric_interpretation: "RGB".into(),
        element: PixelElement::PixelData,
    };
    let case = Case { attributes, big: false, correct: true, seed: 1 };
    let expected = case.result();
    let mut out = vec![0xA5; expected.len()];
    native(&case.decoder(), &case.native(), 0, &mut out).unwrap();
    assert_eq!(out, expected);
}

#[test]
fn big_endian_words_of_bytes() {
    let attributes = Attributes {
        rows: 1,
        columns: 3,
        samples_per_pixel: 1,
        number_of_frames: 3,
        bits_allocated: 8,
        bits_stored: 8,
        high_bit: None,
        pixel_representation: 0,
        planar_configuration: 0,
        photometric_interpretation: "MONOCHROME2".into(),
        element: PixelElement::PixelData,
    };
    let image = Image::new(&attributes).unwrap();
    let decoder = Decoder::native(&image, ByteOrder::Big, true, true, Conversion::None).unwrap();
    let mut out = [0xA5; 9];
    native(&decoder, &[2, 1, 4, 3, 6, 5, 8, 7, 0, 9], 0, &mut out).unwrap();
    assert_eq!(out, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert!(native(&decoder, &[2, 1, 4, 3, 6, 5, 8, 7, 9], 0, &mut out).is_err());
    // A frame that starts inside a word.
    let mut out = [0xA5; 9];
    native(&decoder, &[1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10], 1, &mut out).unwrap();
    assert_eq!(out, [3, 4, 5, 6, 7, 8, 9, 10, 11]);
}

fn noise(bytes: usize) -> Vec<u8> {
    (1..=bytes as u64).map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}

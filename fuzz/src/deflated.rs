//! Frames in Deflated Image Frame Compression: streams made from native frames, or any bytes, compared with another
//! library and with native frames.

use crate::image_oracle::Picture;
use crate::input::Input;
use crate::native::same_with;
use crate::sources::{File, Liar, POISONS};
use dicomet_core::decode::{Codec, Decoder};
use dicomet_core::image::{ByteOrder, Image, Photometric};
use dicomet_core::item::Fragment;
use dicomet_core::parallel::Parallelism;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use miniz_oxide::inflate::core::{decompress, inflate_flags};
use std::io::Write;

/// Runs one input.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let picture = Picture { order: ByteOrder::Little, ow_swapped: false, ..Picture::take(&mut input) };
    let Some(image) = picture.image() else { return };
    let Some(decoder) = picture.decoder(&image) else { return };
    let (first, count) = (input.below(3), input.below(3) + 1);
    let workers = if input.below(16) == 15 { 3 } else { 1 };
    let most = usize::from(input.u16());
    let (mut value, mut fragments, mut frames) = (Vec::new(), Vec::new(), Vec::new());
    for left in (1..=count).rev() {
        let frame = frame(&image, &mut input, left);
        fragments.push([Fragment { offset: value.len() as u64, length: frame.0.len() as u64 }]);
        value.extend(&frame.0);
        frames.push(frame);
    }
    let bytes = count * image.frame_bytes().expect("it is small");
    let (memory, file) = (value.as_slice(), File::new(&value));
    let of = |index: usize| fragments[index].as_slice();
    let found = same_with(bytes, workers, |out, parallelism| {
        decoder.decode_frames(&Codec::Deflated, &memory, of, first, out, parallelism).map(|decoded| decoded.warnings)
    });
    let of_file = same_with(bytes, workers, |out, parallelism| {
        decoder.decode_frames(&Codec::Deflated, &file, of, first, out, parallelism).map(|decoded| decoded.warnings)
    });
    assert_eq!(found, of_file);
    for more in [0, 9] {
        // With missing bytes the frame is another; it must not panic.
        let liar = Liar { bytes: &value, most, more };
        let mut out = vec![POISONS[0]; bytes];
        let _ = decoder.decode_frames(&Codec::Deflated, &liar, of, first, &mut out, &Parallelism::of(1));
    }
    let expected: Vec<_> = frames.iter().map(|(stream, _)| decoded(&image, &decoder, stream)).collect();
    match (found, expected.iter().position(Option::is_none)) {
        (Err(error), Some(bad)) => assert_eq!(error.frame, Some((first + bad) as u64), "{error}"),
        (Ok((out, warnings)), None) => {
            assert_eq!(out, expected.into_iter().flatten().flatten().collect::<Vec<u8>>());
            assert!(warnings.len() <= count);
            let whole: Vec<_> = frames.iter().map(|(_, is_whole)| *is_whole).collect();
            assert!(warnings.iter().all(|warning| !whole[warning.frame.expect("a frame") as usize - first]));
        }
        (found, bad) => panic!("{found:?}, expected {bad:?} {picture:?}"),
    }
}

/// A stream, and whether it holds exactly one frame, padded at most to even length.
fn frame(image: &Image, input: &mut Input<'_>, left: usize) -> (Vec<u8>, bool) {
    let size = image.native_frame_bytes().unwrap_or(8);
    if input.flag() {
        return (input.take(input.0.len() / left).to_vec(), false);
    }
    let (change, padding) = (input.byte(), input.byte() % 16);
    let length = (size + usize::from(change % 5)).saturating_sub(usize::from(change / 128));
    let pattern = input.take((input.0.len() / left).min(64));
    let native: Vec<u8> =
        (0..length).map(|i| pattern.get(i % 64).copied().unwrap_or(7) ^ (i / 64 * 89) as u8).collect();
    let level = Compression::new(u32::from(change % 10));
    let mut encoder = DeflateEncoder::new(Vec::new(), level);
    encoder.write_all(&native).expect("memory");
    let mut stream = encoder.finish().expect("memory");
    stream.resize(stream.len() + usize::from(padding), 0);
    (stream, length == size)
}

/// The frame of a stream, decoded as a native frame; `None` if the stream gives too few bytes.
fn decoded(image: &Image, decoder: &Decoder, stream: &[u8]) -> Option<Vec<u8>> {
    let size = image.native_frame_bytes().ok()?;
    let inflated = inflated(stream, 4 * size + 64);
    if image.photometric() == Photometric::YbrFull422 && inflated.len() >= size / 2 * 3 && inflated.len() > size + 1 {
        return None;
    }
    let native = inflated.get(..size)?;
    let mut out = vec![0; image.frame_bytes().expect("it is small")];
    decoder.native_frames(&native, 0, &mut out, &Parallelism::of(1)).expect("a whole frame");
    Some(out)
}

/// The bytes of a stream up to its end or its first defect, at most `limit`.
fn inflated(stream: &[u8], limit: usize) -> Vec<u8> {
    let mut out = vec![0; limit];
    let flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    // Not `decompress_to_vec`: with an error, it returns its whole buffer.
    let (_, _, written) = decompress(&mut Box::default(), stream, &mut out, 0, flags);
    out.truncate(written);
    out
}

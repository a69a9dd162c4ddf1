//! JPEG XL codestreams, as they are or in boxes: any bytes give the samples of the header's image or an error, the same in
//! every way of decoding, within the memory that SECURITY.md states. Panics of the crates that decode are errors, too.

use crate::codestream_frames;
use crate::input::Input;
use crate::sources::POISONS;
use allocation_counter::measure;
use dicomet_core::codestream::{Codestream, Family};
use dicomet_jpeg_xl::{Error, Header, Options, Result, decode, is_jpeg_xl, to_jpeg};

const MIB: u64 = 1 << 20;
/// Pixels up to which images are decoded.
const DECODED_PIXELS: u64 = 1 << 17;
/// Memory for headers: tables of contents of up to 65,536 sections, beside the bytes themselves.
const HEADER_MEMORY: u64 = 8 * MIB;
/// Memory for samples, beside the result: frames that are kept, those of small images, and palettes by the bytes of the
/// codestream.
const MEMORY_PER_PIXEL: u64 = 100;
const FREE_MEMORY: u64 = 48 * MIB;
const MEMORY_PER_BYTE: u64 = 64 << 10;
const PALETTE_MEMORY: u64 = 160 * MIB;

/// Runs one input.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let (boxed, threads, change) = (input.below(4) == 3, input.below(8) == 7, input.byte());
    let stream = if boxed { in_boxes(&mut input) } else { input.0.to_vec() };
    let Some(header) = header(&stream) else { return };
    check_description(&stream, &header, change);
    if u64::from(header.width) * u64::from(header.height) <= DECODED_PIXELS {
        check_samples(&stream, &header, threads);
        if header.recompressed {
            check_jpeg(&stream, &header);
        }
    }
    codestream_frames::check(&stream, Family::JpegXl, threads);
}

/// A container with the input in up to three parts, and boxes between them.
fn in_boxes(input: &mut Input<'_>) -> Vec<u8> {
    let (parts, other) = (input.below(3) + 1, input.one_of(&[b"jbrd", b"Exif", b"jxll", b"free"]));
    let mut stream = b"\0\0\0\x0CJXL \x0D\x0A\x87\x0A\0\0\0\x14ftypjxl \0\0\0\0jxl ".to_vec();
    let mut put = |kind: &[u8; 4], content: &[&[u8]]| {
        let content = content.concat();
        stream.extend((content.len() as u32 + 8).to_be_bytes());
        stream.extend(kind);
        stream.extend(content);
    };
    for part in 0..parts {
        let last = part + 1 == parts;
        let length = if last { input.0.len() } else { usize::from(input.byte()) };
        put(other, &[b"\x0A"]);
        put(b"jxlp", &[&(part as u32 | u32::from(last) << 31).to_be_bytes(), input.take(length)]);
    }
    stream
}

/// The header, which is possible.
fn header(stream: &[u8]) -> Option<Header> {
    let found = limited(stream, HEADER_MEMORY, || Header::read(stream));
    assert_eq!(found, Header::read(stream));
    match found {
        Ok(header) => {
            assert!(is_jpeg_xl(stream));
            assert!(header.width > 0 && header.height > 0 && matches!(header.components, 1 | 3));
            assert!((1..=16).contains(&header.bits));
            Some(header)
        }
        Err(error) => {
            check_error(&error);
            assert!(is_jpeg_xl(stream) || error == Error::NotJpegXl);
            assert!(decode(stream, &Options::default(), &mut [0]).is_err());
            None
        }
    }
}

/// Calls `work`, whose memory beside the bytes is at most `most`. More than one thread would not be counted.
fn limited<T>(stream: &[u8], most: u64, work: impl FnOnce() -> T) -> T {
    let mut found = None;
    let used = measure(|| found = Some(work())).bytes_max;
    assert!(used <= most + 4 * stream.len() as u64, "{used} bytes, expected at most {most}");
    found.expect("it has run")
}

/// A message is one line.
fn check_error(error: &Error) {
    assert!(!error.to_string().contains('\n'), "{error}");
}

/// An image that the header contradicts is refused before anything of its size is allocated.
fn check_description(stream: &[u8], header: &Header, change: u8) {
    let mut described = codestream_frames::attributes(
        (header.height.into(), header.width.into(), header.components.into()),
        header.bits.into(),
        1,
    );
    let is_other = match change % 8 {
        0 => change_one(&mut described.rows, 1),
        1 => change_one(&mut described.rows, -1),
        2 => change_one(&mut described.columns, i64::from(change)),
        3 => {
            std::mem::swap(&mut described.rows, &mut described.columns);
            described.rows != described.columns
        }
        4 => {
            described = codestream_frames::attributes(
                (described.rows, described.columns, 4 - described.samples_per_pixel),
                header.bits.into(),
                1,
            );
            true
        }
        5 if header.bits > 8 => {
            (described.bits_allocated, described.bits_stored) = (8, 8);
            true
        }
        _ => false,
    };
    let Ok(image) = dicomet_core::image::Image::new(&described) else { return };
    let found = limited(stream, HEADER_MEMORY, || Codestream::check(stream, Family::JpegXl, &image));
    assert_eq!(found.is_err(), is_other, "{described:?}, {header:?}");
}

fn change_one(number: &mut i64, change: i64) -> bool {
    *number += change;
    true
}

fn check_samples(stream: &[u8], header: &Header, threads: bool) {
    let width = if header.bits > 8 { 2 } else { 1 };
    let samples = header.width as usize * header.height as usize * usize::from(header.components);
    let bytes = samples * width;
    for wrong in [0, bytes - 1, bytes + 1] {
        let mut out = vec![0; wrong];
        assert!(limited(stream, HEADER_MEMORY, || decode(stream, &Options::default(), &mut out)).is_err());
    }
    let palettes = PALETTE_MEMORY.min(MEMORY_PER_BYTE * stream.len() as u64);
    let most = FREE_MEMORY + palettes + MEMORY_PER_PIXEL * u64::from(header.width) * u64::from(header.height);
    let found = POISONS.map(|poison| limited(stream, most, || decoded(stream, bytes, poison, 1)));
    assert!(
        found[0] == found[1],
        "{header:?}, a second time: {:?}, {:?}",
        found[0].as_ref().err(),
        found[1].as_ref().err()
    );
    match &found[0] {
        Ok((out, trailing)) => {
            assert!(*trailing <= stream.len());
            let is_too_large = |sample: &[u8; 2]| u16::from_ne_bytes(*sample) >> (header.bits - 1) > 1;
            assert!(width == 1 || !out.as_chunks().0.iter().any(is_too_large), "{header:?}");
            assert!(width == 2 || header.bits == 8 || out.iter().all(|sample| sample >> header.bits == 0));
        }
        Err(error) => check_error(error),
    }
    if threads {
        let parallel = decoded(stream, bytes, POISONS[1], 3);
        assert_eq!(parallel.as_ref().ok(), found[0].as_ref().ok(), "workers: {:?}", parallel.as_ref().err());
    }
}

/// The result, whose memory was filled with `poison`, and the number of bytes after the codestream.
fn decoded(stream: &[u8], bytes: usize, poison: u8, workers: usize) -> Result<(Vec<u8>, usize)> {
    let mut out = vec![poison; bytes];
    let trailing = decode(stream, &Options { workers, stop: None }, &mut out)?;
    Ok((out, trailing))
}

/// A recompressed codestream becomes a JPEG codestream of the same size.
fn check_jpeg(stream: &[u8], header: &Header) {
    let pixels = u64::from(header.width) * u64::from(header.height);
    // Coefficients, and 6 bytes of codestream for each sample, twice while it grows.
    let most = HEADER_MEMORY + 16 * MIB + (16 + 3 * 6 * 2) * (pixels + 1024);
    let found = limited(stream, most, || to_jpeg(stream, &Options::default()));
    assert!(found == to_jpeg(stream, &Options::default()), "{header:?}");
    match found {
        Ok((jpeg, _)) => {
            let read = Codestream::read(&jpeg).expect("a JPEG codestream");
            assert_eq!((read.columns, read.rows), (header.width, header.height));
            assert_eq!((read.components.len(), read.precision), (header.components.into(), 8));
        }
        Err(error) => check_error(&error),
    }
}

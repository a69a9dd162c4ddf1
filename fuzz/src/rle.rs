//! Frames in RLE Lossless, built from the input or taken unchanged, compared with [`crate::packbits_oracle`].

use crate::image_oracle::Picture;
use crate::input::Input;
use crate::native::same_with;
use crate::packbits_oracle::unpack;
use crate::sources::{File, Liar, POISONS};
use dicomet_core::decode::{Codec, Decoder};
use dicomet_core::image::{ByteOrder, Image};
use dicomet_core::item::Fragment;
use dicomet_core::parallel::Parallelism;
use dicomet_core::rle::{HEADER_BYTES, decode_segment};
use dicomet_core::{Error, decode::Warnings};

/// Runs one input.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    if input.byte() >= 0xF0 {
        return segment(input);
    }
    // The byte order of RLE Lossless is fixed, and it has no OW.
    let picture = Picture { order: ByteOrder::Little, ow_swapped: false, ..Picture::take(&mut input) };
    let Some(image) = picture.image() else { return };
    let Some(decoder) = picture.decoder(&image) else { return };
    frames(&picture, &image, &decoder, input);
}

/// One segment, into space of any size.
fn segment(mut input: Input<'_>) {
    let room = usize::from(input.u16()) % 4000;
    let expected = unpack(input.0, room);
    for poison in POISONS {
        let mut out = vec![poison; room];
        let decoded = decode_segment(input.0, &mut out);
        assert_eq!((decoded.read, decoded.written), (expected.read, expected.bytes.len()));
        assert_eq!(decoded.excess, expected.excess);
        assert!(out.starts_with(&expected.bytes));
    }
}

fn frames(picture: &Picture, image: &Image, decoder: &Decoder, mut input: Input<'_>) {
    let (first, count) = (input.below(3), input.below(3) + 1);
    let workers = if input.below(16) == 15 { 3 } else { 1 };
    let most = usize::from(input.u16());
    let (mut value, mut fragments, mut frames) = (Vec::new(), Vec::new(), Vec::new());
    for left in (1..=count).rev() {
        let frame =
            if input.flag() { built(image, &mut input, left) } else { input.take(input.0.len() / left).to_vec() };
        fragments.push(cut(&frame, &mut value, &mut input));
        frames.push(frame);
    }
    let bytes = count * image.frame_bytes().expect("it is small");
    let (memory, file) = (value.as_slice(), File::new(&value));
    let of = |index: usize| fragments[index].as_slice();
    let found = same_with(bytes, workers, |out, parallelism| {
        decoder.decode_frames(&Codec::RleLossless, &memory, of, first, out, parallelism).map(|decoded| decoded.warnings)
    });
    assert_eq!(
        found,
        same_with(bytes, workers, |out, parallelism| decoder
            .decode_frames(&Codec::RleLossless, &file, of, first, out, parallelism)
            .map(|decoded| decoded.warnings))
    );
    judge(picture, image, &frames, first, found.clone());
    let mut out = vec![POISONS[0]; bytes];
    // With missing bytes the frame is another; it must not panic.
    let _ = decoder.decode_frames(
        &Codec::RleLossless,
        &Liar { bytes: &value, most, more: 0 },
        of,
        first,
        &mut out,
        &Parallelism::of(1),
    );
    let _ = decoder.decode_frames(
        &Codec::RleLossless,
        &Liar { bytes: &value, most, more: 9 },
        of,
        first,
        &mut out,
        &Parallelism::of(1),
    );
}

/// Compares the result with that of each single frame, and the error with that of the first frame that has one.
fn judge(
    picture: &Picture,
    image: &Image,
    frames: &[Vec<u8>],
    first: usize,
    found: Result<(Vec<u8>, Warnings), Error>,
) {
    if matches!((image.bits_allocated(), image.samples_per_pixel()), (12, _) | (64, 3)) {
        return assert!(found.is_err());
    }
    let expected: Vec<_> = frames.iter().map(|frame| decoded(picture, image, frame)).collect();
    if let Some((frame, bad)) = expected.iter().enumerate().find_map(|(i, result)| Some((i, result.as_ref().err()?))) {
        let error = found.expect_err("a frame that cannot be decoded");
        assert_eq!(error.frame, Some((first + frame) as u64));
        return assert!(bad.is_none_or(|segment| error.segment == Some(segment as u64)), "{error} {bad:?}");
    }
    let (out, warnings) = found.expect("frames that can be decoded");
    let expected: Vec<_> = expected.into_iter().flatten().collect();
    assert_eq!(warnings.len(), expected.iter().map(|(_, warnings)| warnings).sum::<usize>());
    let expected: Vec<u8> = expected.into_iter().flat_map(|(bytes, _)| bytes).collect();
    assert!(picture.agrees(&out, &expected), "{out:?} {expected:?} {picture:?}");
}

/// The bytes of a frame and its number of warnings, or the segment with a defect (`None` for the header).
fn decoded(picture: &Picture, image: &Image, frame: &[u8]) -> Result<(Vec<u8>, usize), Option<usize>> {
    let (width, samples, pixels) = (image.sample_bytes(), image.samples_per_pixel(), image.frame_pixels() as usize);
    let segments = segments(frame, width * samples, picture.form.strict).ok_or(None)?;
    if image.bits_allocated() == 1 {
        return bits(picture, image, &segments);
    }
    let (mut planes, mut warnings) = (Vec::new(), 0);
    for (number, segment) in segments.iter().enumerate() {
        let (plane, warned) = plane(segment, pixels, picture.form.strict).ok_or(Some(number))?;
        planes.push(plane);
        warnings += usize::from(warned);
    }
    let words: Vec<u64> = (0..pixels * samples)
        .map(|i| {
            // The first plane has the most significant bytes.
            let bytes = planes[i % samples * width..][..width].iter();
            picture.word(image, bytes.fold(0, |word, plane| word << 8 | u64::from(plane[i / samples])))
        })
        .collect();
    Ok((
        picture.finished(image, &words, picture.form_of_plan(image, image.bits_stored()).planar, image.bits_stored()),
        warnings,
    ))
}

/// PS3.5 G.5; `None` where the header is invalid.
fn segments(frame: &[u8], expected: usize, strict: bool) -> Option<Vec<&[u8]>> {
    let words: Vec<usize> =
        frame.get(..HEADER_BYTES)?.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word) as usize).collect();
    if words[0] != expected || expected > 15 || words[1] != HEADER_BYTES {
        return None;
    }
    if strict && words[1 + expected..].iter().any(|word| *word != 0) {
        return None;
    }
    let ends = words[2..].iter().take(expected - 1).copied().chain([frame.len()]);
    words[1..].iter().zip(ends).map(|(start, end)| frame.get(*start..end).filter(|bytes| !bytes.is_empty())).collect()
}

/// A plane, and whether its segment contains more than that.
fn plane(segment: &[u8], bytes: usize, strict: bool) -> Option<(Vec<u8>, bool)> {
    let unpacked = unpack(segment, bytes);
    let rest = &segment[unpacked.read..];
    let whole = unpacked.bytes.len() == bytes;
    let plain = unpacked.excess == 0 && matches!(rest, [] | [0]);
    let warned = unpacked.excess > 0 || rest.iter().any(|byte| !matches!(byte, 0 | 128));
    (whole && (plain || !strict)).then_some((unpacked.bytes, warned))
}

/// A byte for each pixel, or a bit where that does not fit.
fn bits(picture: &Picture, image: &Image, segments: &[&[u8]]) -> Result<(Vec<u8>, usize), Option<usize>> {
    let [segment] = segments else { return Err(None) };
    let (pixels, packed) = (image.frame_pixels() as usize, image.frame_pixels().div_ceil(8) as usize);
    let eighth = unpack(segment, packed);
    let padded = segment[eighth.read..].iter().all(|byte| *byte == 0);
    if let Some((bytes, warned)) = plane(segment, pixels, false) {
        let words: Vec<u64> = bytes.iter().map(|byte| u64::from(byte & 1)).collect();
        return Ok((picture.finished(image, &words, false, image.bits_stored()), usize::from(warned)));
    }
    if eighth.bytes.len() == packed && eighth.excess == 0 && padded {
        let words: Vec<u64> = (0..pixels).map(|i| u64::from(eighth.bytes[i / 8] >> (i % 8) & 1)).collect();
        return Ok((picture.finished(image, &words, false, image.bits_stored()), 0));
    }
    Err(Some(0))
}

/// A frame with a valid header, unless one word is changed. Runs fill the planes that the input does not.
fn built(image: &Image, input: &mut Input<'_>, left: usize) -> Vec<u8> {
    let count = image.sample_bytes() * image.samples_per_pixel();
    let (filled, changed, change) = (!input.flag(), input.byte(), input.u16());
    let pixels = image.frame_pixels() as usize;
    let mut bytes = (input.0.len() / left).min(1500);
    let (mut header, mut segments) = (vec![count as u32], Vec::new());
    for segment in (1..=count).rev() {
        header.push((HEADER_BYTES + segments.len()) as u32);
        let length = if input.flag() { bytes / segment } else { usize::from(input.byte()).min(bytes) };
        let mut runs = input.take(length).to_vec();
        bytes -= length;
        let unpacked = unpack(&runs, pixels);
        let mut missing = if filled { pixels - unpacked.bytes.len() } else { 0 };
        runs.truncate(if missing > 0 { unpacked.read } else { runs.len() });
        while missing > 0 {
            let run = missing.min(128);
            runs.extend(if run == 1 { [0, 7] } else { [(257 - run) as u8, 7] });
            missing -= run;
        }
        segments.extend(runs);
    }
    header.resize(HEADER_BYTES / 4, 0);
    if changed >= 0xE0 {
        header[usize::from(changed % 16)] = u32::from(change);
    }
    [header.into_iter().flat_map(u32::to_le_bytes).collect(), segments].concat()
}

/// Appends a frame to `value` in up to three fragments, with other bytes between them.
fn cut(frame: &[u8], value: &mut Vec<u8>, input: &mut Input<'_>) -> Vec<Fragment> {
    let parts = input.below(3) + 1;
    let (mut fragments, mut rest) = (Vec::new(), frame);
    for part in 0..parts {
        let length = if part + 1 == parts { rest.len() } else { usize::from(input.byte()).min(rest.len()) };
        value.extend([0xFE; 8]);
        fragments.push(Fragment { offset: value.len() as u64, length: length as u64 });
        value.extend(&rest[..length]);
        rest = &rest[length..];
    }
    fragments
}

//! Native frames and codec output: any description, any bytes, from memory and from a file, on one thread and several.

use crate::image_oracle::{Picture, extended};
use crate::input::Input;
use crate::sources::{File, Liar, POISONS};
use dicomet_core::Result;
use dicomet_core::decode::Decoder;
use dicomet_core::image::{ByteOrder, Image, Photometric};
use dicomet_core::parallel::Parallelism;

/// Runs one input.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let picture = Picture::take(&mut input);
    let Some(image) = picture.image() else { return };
    check_length(&picture, &image, u64::from(input.u16()));
    if input.flag() { codec(&picture, &image, input) } else { native(&picture, &image, input) }
}

/// PS3.5 8.1.1: the number of frames in a value of `bytes` bytes.
fn check_length(picture: &Picture, image: &Image, bytes: u64) {
    let frames = picture.attributes.number_of_frames as u64;
    let Ok(bits) = image.native_frame_bits() else {
        return assert!(image.count_native_frames(bytes).is_err());
    };
    match image.count_native_frames(bytes) {
        Ok(found) => assert!(found >= frames && found == bytes * 8 / bits),
        Err(_) if bytes * 8 / bits < frames => {}
        // The samples are not subsampled.
        Err(_) => assert!(image.photometric() == Photometric::YbrFull422 && bytes * 8 >= frames * bits * 3 / 2 - 8),
    }
}

fn native(picture: &Picture, image: &Image, mut input: Input<'_>) {
    let Some(decoder) = picture.decoder(image) else { return };
    let (first, count) = (input.below(4), input.below(2) + 1);
    let workers = if input.below(16) == 15 { 3 } else { 1 };
    let subsampled = image.photometric() == Photometric::YbrFull422;
    let bits = image.native_frame_bits();
    // Where YBR_FULL_422 is invalid, no value is defined.
    let frame_bits = bits.clone().unwrap_or(8) as usize;
    let ow_swapped = picture.ow_swapped || picture.order == ByteOrder::Big && image.bits_allocated() == 12;
    let mut needed = ((first + count) * frame_bits).div_ceil(8);
    if ow_swapped {
        needed = needed.next_multiple_of(2);
    }
    let value = value(&mut input, needed);
    let most = usize::from(input.u16());
    let expected = (value.len() >= needed && bits.is_ok()).then(|| {
        // The bytes of each pair are swapped.
        let logical: Vec<u8> =
            (0..value.len()).map(|i| value[if ow_swapped { (i ^ 1).min(value.len() - 1) } else { i }]).collect();
        let order = if image.bits_allocated() == 12 { ByteOrder::Little } else { picture.order };
        let stored = usize::from(image.bits_allocated());
        let frame = |frame| {
            let at = |place| frame * frame_bits + place * stored;
            let words = words(image, |place| picture.word(image, sample(&logical, at(place), stored, order)));
            picture.finished(image, &words, false, image.bits_stored())
        };
        (first..first + count).flat_map(frame).collect::<Vec<u8>>()
    });
    let out_bytes = count * image.frame_bytes().expect("it is small");
    let (bytes, file) = (value.as_slice(), File::new(&value));
    let result = same(out_bytes, workers, |out, parallelism| decoder.native_frames(&bytes, first, out, parallelism));
    assert_eq!(
        result,
        same(out_bytes, workers, |out, parallelism| decoder.native_frames(&file, first, out, parallelism))
    );
    judge(picture, result.as_deref().ok(), expected.as_deref());
    if let (true, Some(expected)) = (decoder.is_passthrough() && !subsampled, &expected) {
        assert_eq!(value[first * expected.len() / count..][..expected.len()], expected[..]);
    }
    lie(&value, most, out_bytes, result.as_deref().ok(), |source, out| {
        decoder.native_frames(source, first, out, &Parallelism::of(1))
    });
}

fn codec(picture: &Picture, image: &Image, mut input: Input<'_>) {
    let (bits, planar) = (input.one_of(&[8u8, 16, 32, 64, 1, 12]), input.flag());
    let bits_kept = Some(input.byte() % 70).filter(|bits| *bits < 65);
    let decoder = Decoder::for_codec_output(image, bits, planar, bits_kept, picture.conversion, 8);
    let Ok(decoder) = decoder.map(|decoder| decoder.with_output(picture.form_of_plan(image, 8))) else {
        let allowed = matches!(bits, 8 | 16 | 32 | 64) && usize::from(bits / 8) <= image.sample_bytes();
        return assert!(!allowed || !picture.is_convertible(image, 8));
    };
    let stored = usize::from(bits);
    let needed = image.frame_samples() as usize * stored / 8;
    let value = value(&mut input, needed);
    let planar = planar && image.samples_per_pixel() == 3;
    let expected = (value.len() >= needed).then(|| {
        let (pixels, samples) = (image.frame_pixels() as usize, image.samples_per_pixel());
        let words: Vec<u64> = (0..pixels * samples)
            .map(|i| if planar { i % samples * pixels + i / samples } else { i })
            .map(|place| {
                let word = extended(sample(&value, place * stored, stored, ByteOrder::NATIVE), bits, image.kind());
                let allocated = image.sample_bytes() as u8 * 8;
                extended(
                    word,
                    bits_kept.filter(|bits_kept| *bits_kept > 0).unwrap_or(allocated).min(allocated),
                    image.kind(),
                )
            })
            .collect();
        picture.finished(image, &words, false, 8)
    });
    let out_bytes = image.frame_bytes().expect("it is small");
    let result = same(out_bytes, 1 + usize::from(input.flag()), |out, parallelism| {
        decoder.decode_codec_output(&value, out, parallelism)
    });
    judge(picture, result.as_deref().ok(), expected.as_deref());
}

/// About `needed` bytes, built from the rest of the input.
fn value(input: &mut Input<'_>, needed: usize) -> Vec<u8> {
    let (less, more) = (usize::from(input.byte()), usize::from(input.byte()));
    let length = (needed + more % 16).saturating_sub(if less < 224 { 0 } else { less - 223 });
    let pattern = if input.0.is_empty() { &[1] } else { input.0 };
    (0..length).map(|i| pattern[i % pattern.len()] ^ (i / pattern.len() * 89) as u8).collect()
}

/// All samples of a frame, in the order of the result.
fn words(image: &Image, mut word: impl FnMut(usize) -> u64) -> Vec<u64> {
    let samples = image.samples_per_pixel();
    let places = (0..image.frame_samples() as usize).map(|i| Picture::stored_place(image, i / samples, i % samples));
    places.map(&mut word).collect()
}

/// PS3.5 8.1.1 and D: `bits` bits, starting at bit `first`. Only whole words have a byte order.
fn sample(bytes: &[u8], first: usize, bits: usize, order: ByteOrder) -> u64 {
    if !bits.is_multiple_of(8) {
        return (0..bits).map(|bit| u64::from(bytes[(first + bit) / 8] >> ((first + bit) % 8) & 1) << bit).sum();
    }
    let mut word = [0; 8];
    word[..bits / 8].copy_from_slice(&bytes[first / 8..][..bits / 8]);
    if order == ByteOrder::Big {
        word[..bits / 8].reverse();
    }
    u64::from_le_bytes(word)
}

/// The result, which depends neither on the initial content of the memory nor on the number of threads.
pub(crate) fn same_with<T: PartialEq + std::fmt::Debug>(
    bytes: usize,
    workers: usize,
    decode: impl Fn(&mut [u8], &Parallelism<'_>) -> Result<T>,
) -> Result<(Vec<u8>, T)> {
    let [one, other] = [(POISONS[0], 1), (POISONS[1], workers)].map(|(poison, workers)| {
        let mut out = vec![poison; bytes];
        decode(&mut out, &Parallelism::of(workers)).map(|more| (out, more))
    });
    assert_eq!(one, other);
    one
}

fn same(bytes: usize, workers: usize, decode: impl Fn(&mut [u8], &Parallelism<'_>) -> Result<()>) -> Result<Vec<u8>> {
    same_with(bytes, workers, decode).map(|(out, ())| out)
}

fn judge(picture: &Picture, found: Option<&[u8]>, expected: Option<&[u8]>) {
    match (found, expected) {
        (Some(found), Some(expected)) => assert!(picture.agrees(found, expected), "{found:?} {expected:?} {picture:?}"),
        (None, None) => {}
        _ => panic!("found {found:?}, expected {expected:?} {picture:?}"),
    }
}

/// A source that returns fewer bytes than it has must not change a result, and one that reports more must not panic.
fn lie(
    value: &[u8],
    most: usize,
    bytes: usize,
    truth: Option<&[u8]>,
    decode: impl Fn(&Liar<'_>, &mut [u8]) -> Result<()>,
) {
    let mut out = vec![POISONS[0]; bytes];
    if decode(&Liar { bytes: value, most, more: 0 }, &mut out).is_ok() {
        assert_eq!(Some(out.as_slice()), truth);
    }
    let _ = decode(&Liar { bytes: value, most, more: 9 }, &mut vec![POISONS[0]; bytes]);
}

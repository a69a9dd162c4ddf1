//! The codestream as frames of an image: the same result from memory and from a file, on one thread and on several.

use crate::sources::{File, POISONS};
use dicomet_core::codestream::{Codestream, Family};
use dicomet_core::decode::{Codec, Conversion, Decoder};
use dicomet_core::image::{Attributes, Image, PixelElement};
use dicomet_core::item::Fragment;
use dicomet_core::parallel::Parallelism;

/// Decodes three frames with this codestream, also on several threads if `threads` is set.
pub(crate) fn check(stream: &[u8], family: Family, threads: bool) {
    let Some(image) = image(stream) else { return };
    let Ok(header) = Codestream::check(stream, family, &image) else { return };
    let bits = if header.precision <= 8 { 8 } else { 16 };
    let decoder = Decoder::for_codec_output(&image, bits, false, None, Conversion::None, bits).expect("whole words");
    let codec = Codec::Codestream(header);
    let (value, length) = (stream.repeat(3), stream.len() as u64);
    let fragments: Vec<_> = (0..3).map(|frame| [Fragment { offset: frame * length, length }]).collect();
    let of = |index: usize| fragments[index].as_slice();
    let bytes = 3 * image.frame_bytes().expect("it is small");
    let mut results = Vec::new();
    for (workers, poison) in [(1, POISONS[0]), (if threads { 3 } else { 1 }, POISONS[1])] {
        let parallelism = Parallelism::of(workers);
        let (mut memory, mut file) = (vec![poison; bytes], vec![poison; bytes]);
        let found = decoder.decode_frames(&codec, &value.as_slice(), of, 0, &mut memory, &parallelism);
        results.push(found.map(|decoded| (memory, decoded)));
        let found = decoder.decode_frames(&codec, &File::new(&value), of, 0, &mut file, &parallelism);
        results.push(found.map(|decoded| (file, decoded)));
    }
    if let Ok((_, decoded)) = &results[0] {
        assert_eq!(
            (decoded.frames, decoded.unsupported.is_some()),
            if decoded.frames == 3 { (3, false) } else { (0, true) }
        );
    }
    // What was not decoded is not written.
    let known = |result: &Result<(Vec<u8>, _), _>| match result {
        Ok((out, found)) => Ok((if has_frames(found) { out.clone() } else { Vec::new() }, format!("{found:?}"))),
        Err(error) => Err(format!("{error}")),
    };
    assert!(results.iter().all(|result| known(result) == known(&results[0])), "{results:?}");
}

fn has_frames(decoded: &dicomet_core::decode::Decoded) -> bool {
    decoded.frames > 0
}

/// An image that the header fits. None if there is no such image, or only a large one.
fn image(stream: &[u8]) -> Option<Image> {
    let header = Codestream::read(stream)?;
    if u64::from(header.rows) * u64::from(header.columns) > 1 << 12 {
        return None;
    }
    let size = (header.rows.into(), header.columns.into(), header.components.len() as i64);
    Image::new(&attributes(size, header.precision.into(), 3)).ok()
}

/// A description of rows, columns and components with samples that fit `bits`.
pub(crate) fn attributes((rows, columns, components): (i64, i64, i64), bits: i64, frames: i64) -> Attributes {
    let bits = if bits <= 8 { 8 } else { 16 };
    Attributes {
        rows,
        columns,
        samples_per_pixel: components,
        number_of_frames: frames,
        bits_allocated: bits,
        bits_stored: bits,
        high_bit: None,
        pixel_representation: 0,
        planar_configuration: 0,
        photometric_interpretation: if components == 1 { "MONOCHROME2" } else { "RGB" }.into(),
        element: PixelElement::PixelData,
    }
}

//! Headers of JPEG codestreams: fields that are read occur in the input, and an accepted header matches the image.

use crate::image_oracle::Picture;
use crate::input::Input;
use dicomet_core::codestream::{Codestream, Family};
use dicomet_core::complete;
use dicomet_core::error::ErrorKind;
use dicomet_core::parallel::Parallelism;
use std::ops::Range;

/// Runs one input.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let picture = Picture::take(&mut input);
    let start = input.one_of(&[&[0xFF, 0xD8][..], &[0xFF, 0x4F, 0xFF, 0x51], &[]]);
    let frame = [start, input.0].concat();
    let read = Codestream::read(&frame);
    if let Some(header) = &read {
        check(header, &frame);
    }
    let Some(image) = picture.image() else { return };
    match Codestream::check(&frame, read.as_ref().map_or(Family::Jpeg, |header| header.family), &image) {
        Ok(checked) => {
            let header = read.expect("a header");
            assert!(checked == header && !frame.is_empty());
            assert_eq!((header.rows as usize, header.columns as usize), (image.rows(), image.columns()));
            assert_eq!(header.components.len(), image.samples_per_pixel());
            assert!(usize::from(header.precision) <= image.sample_bytes() * 8);
            let most = header.max_samples_per_byte.unwrap_or(u64::MAX);
            assert!(image.frame_samples() <= most.saturating_mul(frame.len() as u64));
            if let Ok(whole) = complete::check(&frame, header.family, &Parallelism::of(1)) {
                let repaired = whole.repaired(&frame).expect("memory");
                assert!(whole.end <= frame.len() && whole.ended == repaired.is_none());
                assert!(repaired.is_none_or(|repaired| repaired.ends_with(&[0xFF, 0xD9])));
            }
        }
        Err(error) if error.kind == ErrorKind::NoCodestream => assert!(read.is_none()),
        Err(_) => assert!(frame.is_empty() || read.is_some()),
    }
}

/// The fields of the header occur next to each other in the frame.
fn check(header: &Codestream, frame: &[u8]) {
    let &Codestream { rows, columns, precision, signed, max_samples_per_byte, .. } = header;
    let components = header.components.len() as u16;
    let separation = |of: fn((u8, u8)) -> u8| {
        header.components.iter().map(|component| u32::from(of(component.sampling))).min().unwrap_or(1).max(1)
    };
    let (x, y) = (separation(|(x, _)| x), separation(|(_, y)| y));
    assert!(max_samples_per_byte.is_none() || frame.starts_with(&[0xFF, 0xD8]));
    let found = if frame.starts_with(&[0xFF, 0xD8]) {
        let numbers = [precision, (rows >> 8) as u8, rows as u8, (columns >> 8) as u8, columns as u8, components as u8];
        // The lines may stand in DNL, the size of JPEG-LS in LSE, whose mapping tables may have more bits than the codes.
        let is_jpeg_ls = header.family == Family::JpegLs;
        let is_header = |bytes: &[u8]| {
            let is_same = |place: Range<usize>| bytes[place.clone()] == numbers[place];
            (is_same(0..1) || is_jpeg_ls && bytes[0] < precision)
                && (is_same(1..3) || bytes[1..3] == [0, 0])
                && (is_same(3..5) || is_jpeg_ls && bytes[3..5] == [0, 0])
                && is_same(5..6)
        };
        !signed && frame.windows(6).any(is_header)
    } else {
        let depth = (precision - 1) | u8::from(signed) << 7;
        let end = [(components >> 8) as u8, components as u8, depth];
        let word = |bytes: &[u8]| bytes.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte));
        frame.windows(35).any(|bytes| {
            let size = [0, 4, 8, 12].map(|at| word(&bytes[at..at + 4]));
            bytes.ends_with(&end)
                && size[0].div_ceil(x).saturating_sub(size[2].div_ceil(x)) == columns
                && size[1].div_ceil(y).saturating_sub(size[3].div_ceil(y)) == rows
        })
    };
    assert!(found, "{header:?}");
}

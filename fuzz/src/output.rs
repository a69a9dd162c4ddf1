//! PNG files, which another decoder reads back unchanged; and resized images, filled to the last byte.

use crate::input::Input;
use crate::sources::POISONS;
use dicomet_core::png::{self, encode};
use dicomet_core::resize::{self, Filter, Size, resize};
use dicomet_core::sample_type::SampleType;
use png_reader::{BitDepth, ColorType, Decoder};
use std::io::Cursor;

/// Maximum number of samples of an image.
const MOST: i64 = 1 << 14;

/// Runs one input.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    if input.flag() { png(input) } else { other_size(input) }
}

fn png(mut input: Input<'_>) {
    let params = png::PngParams {
        width: length(&mut input),
        height: length(&mut input),
        channels: input.one_of(&[1, 3, 1, 3, 2, 0, -1, 4]),
        bits: input.one_of(&[8, 16, 8, 16, 1, 0]),
    };
    let count = params.width.max(0) * params.height.max(0) * params.channels.max(0);
    if count > MOST {
        return;
    }
    let wrong = input.byte() >= 0xF0;
    let samples = bytes(&mut input, (count * params.bits / 8) as usize + usize::from(wrong));
    let file = encode(&samples, &params);
    let possible = count > 0 && matches!(params.channels, 1 | 3) && matches!(params.bits, 8 | 16);
    let possible = possible && params.width < 1 << 16 && params.height < 1 << 16;
    assert_eq!(file.is_ok(), possible && !wrong, "{params:?}");
    let Ok(file) = file else { return };
    let mut reader = Decoder::new(Cursor::new(&file)).read_info().expect("a header");
    let mut found = vec![POISONS[0]; reader.output_buffer_size().expect("it is small")];
    let info = reader.next_frame(&mut found).expect("an image");
    reader.finish().expect("an end");
    assert_eq!((i64::from(info.width), i64::from(info.height)), (params.width, params.height));
    assert_eq!(info.color_type, if params.channels == 1 { ColorType::Grayscale } else { ColorType::Rgb });
    assert_eq!(info.bit_depth, if params.bits == 8 { BitDepth::Eight } else { BitDepth::Sixteen });
    if params.bits == 16 && cfg!(target_endian = "little") {
        found.as_chunks_mut::<2>().0.iter_mut().for_each(|pair| pair.reverse());
    }
    assert!(found == samples, "{params:?}");
    // A stored row has one additional byte; small chunks add twelve bytes each.
    assert!(file.len() <= 200 + 3 * (samples.len() + params.height as usize), "{} bytes", file.len());
}

fn other_size(mut input: Input<'_>) {
    let params = resize::ResizeParams {
        from: Size { rows: length(&mut input), columns: length(&mut input) },
        to: Size { rows: length(&mut input), columns: length(&mut input) },
        channels: input.one_of(&[1, 3, 1, 3, 1, 3, 2, 0, -1, 4]),
        sample: input.one_of(&[SampleType::Uint8, SampleType::Uint16, SampleType::Float32]),
        filter: input.one_of(&[Filter::Nearest, Filter::Bilinear, Filter::Bicubic, Filter::Lanczos]),
    };
    let width = params.sample.bytes();
    let samples = |size: Size| size.rows.max(0) * size.columns.max(0) * params.channels.max(0);
    // The intermediate image, too.
    let between = Size { rows: params.from.rows, columns: params.to.columns };
    if [params.from, params.to, between].into_iter().any(|size| samples(size) > MOST) {
        return;
    }
    let wrong = input.byte() >= 0xF0;
    let src = bytes(&mut input, samples(params.from) as usize * width + usize::from(wrong));
    let results = POISONS.map(|poison| {
        let mut out = vec![poison; samples(params.to) as usize * width];
        resize(&src, &mut out, &params).map(|()| out)
    });
    let possible = matches!(params.channels, 1 | 3) && samples(params.from) > 0 && samples(params.to) > 0;
    let sizes = [params.from, params.to];
    let possible = possible && sizes.iter().all(|size| size.rows < 1 << 16 && size.columns < 1 << 16);
    assert_eq!(results[0].is_ok(), possible && !wrong, "{params:?} {:?}", results[0]);
    assert!(results[0] == results[1], "not all is written: {params:?}");
    if let Ok(out) = &results[0] {
        check(&src, out, &params, width);
    }
}

/// Each pixel equals a source pixel, or lies within the range of the source, depending on the filter.
fn check(src: &[u8], out: &[u8], params: &resize::ResizeParams, width: usize) {
    let pixel = width * params.channels as usize;
    match params.filter {
        Filter::Nearest => {
            for (place, found) in (0i64..).zip(out.chunks_exact(pixel)) {
                let (row, column) = (place / params.to.columns, place % params.to.columns);
                let row = (2 * row + 1) * params.from.rows / (2 * params.to.rows);
                let column = (2 * column + 1) * params.from.columns / (2 * params.to.columns);
                let at = (row * params.from.columns + column) as usize * pixel;
                assert_eq!(found, &src[at..at + pixel], "{params:?}");
            }
        }
        Filter::Bilinear if params.sample != SampleType::Float32 => {
            let word = |bytes: &[u8]| bytes.iter().rev().fold(0u32, |word, byte| word << 8 | u32::from(*byte));
            for channel in 0..params.channels as usize {
                let of = |bytes: &[u8]| -> Vec<u32> {
                    bytes.chunks_exact(width).skip(channel).step_by(params.channels as usize).map(word).collect()
                };
                let (before, after) = (of(src), of(out));
                let range = *before.iter().min().expect("one")..=*before.iter().max().expect("one");
                assert!(after.iter().all(|value| range.contains(value)), "{params:?}");
            }
        }
        _ => {}
    }
}

/// Rows or columns: mostly few, sometimes none, or the maximum and more.
fn length(input: &mut Input<'_>) -> i64 {
    match input.below(16) {
        0 => i64::from(input.u16()),
        1 => input.one_of(&[0, -1, 65535, 65536]),
        _ => i64::from(input.byte() % 48) + 1,
    }
}

/// `count` bytes, built from the rest of the input, with each byte repeated to form runs.
fn bytes(input: &mut Input<'_>, count: usize) -> Vec<u8> {
    let repeat = input.one_of(&[1, 2, 7, 100]);
    let pattern = if input.0.is_empty() { &[3] } else { input.0 };
    (0..count).map(|i| pattern[i / repeat % pattern.len()] ^ (i / pattern.len() * 89) as u8).collect()
}

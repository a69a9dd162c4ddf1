//! RLE Lossless, encoded and decoded again.

use crate::input::Input;
use crate::packbits_oracle::unpack;
use dicomet_core::image::ByteOrder;
use dicomet_core::rle::encode::{EncodeParams, encode_frame};
use dicomet_core::rle::{HEADER_BYTES, Segments};

/// Runs one input.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let wide = input.flag();
    let layout = EncodeParams {
        rows: input.below(24) as i64,
        columns: if wide { i64::from(input.u16() % 700) } else { input.below(40) as i64 },
        samples_per_pixel: input.below(5) as i64,
        sample_bytes: input.below(9) as i64,
        order: input.one_of(&[ByteOrder::Little, ByteOrder::Big]),
    };
    let (stretch, short) = (input.below(6), input.byte() >= 0xF0);
    let pixel_bytes = layout.samples_per_pixel * layout.sample_bytes;
    let size = (layout.rows * layout.columns * pixel_bytes) as usize;
    if size > 1 << 13 {
        return;
    }
    // Repeats each byte of the input, for runs of all lengths.
    let pattern = if input.0.is_empty() { &[3] } else { input.0 };
    let repeat = [1, 2, 3, 5, 64, 129][stretch];
    let mut src: Vec<u8> = (0..size).map(|i| pattern[i / repeat % pattern.len()]).collect();
    src.truncate(size.saturating_sub(usize::from(short)));
    let encoded = encode_frame(&src, &layout);
    let possible = layout.rows > 0 && layout.columns > 0 && (1..=15).contains(&pixel_bytes) && src.len() == size;
    assert_eq!(encoded.is_ok(), possible, "{layout:?}");
    if let Ok(encoded) = encoded {
        check(&src, &encoded, &layout);
    }
}

fn check(src: &[u8], encoded: &[u8], layout: &EncodeParams) {
    let (width, columns) = (layout.sample_bytes as usize, layout.columns as usize);
    let pixel_bytes = width * layout.samples_per_pixel as usize;
    let pixels = src.len() / pixel_bytes;
    let segments = Segments::new(encoded, pixel_bytes).expect("its own header");
    assert!(!segments.leftover);
    let longest = pixels + pixels / columns * columns.div_ceil(128) + 1;
    assert!(encoded.len() <= HEADER_BYTES + pixel_bytes * longest);
    for (number, segment) in segments.as_slice().iter().enumerate() {
        let (sample, byte) = (number / width, number % width);
        let byte = if layout.order == ByteOrder::Big { byte } else { width - 1 - byte };
        let plane: Vec<u8> = src.iter().skip(sample * width + byte).step_by(pixel_bytes).copied().collect();
        let unpacked = unpack(segment, pixels);
        assert!(unpacked.bytes == plane && unpacked.excess == 0);
        // PS3.5 G.3.1: each row is packed separately, and a segment has an even length.
        assert!(matches!(segment[unpacked.read..], [] | [0]) && segment.len() % 2 == 0);
        let mut at = 0;
        for row in plane.chunks(columns) {
            let packed = unpack(&segment[at..], columns);
            assert!(packed.bytes == row && packed.excess == 0);
            at += packed.read;
        }
    }
}

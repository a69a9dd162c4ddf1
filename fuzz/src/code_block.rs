//! Code-blocks of JPEG 2000 and HTJ2K of any bytes: the coefficients are those of plain decoders.

use crate::input::Input;
use dicomet_jpeg_2000::fuzzing::{AnyBlock, check_ht, check_mq};

/// Runs one input.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let is_ht = input.flag();
    let (size, band, style) = ((input.byte(), input.byte()), input.byte(), input.byte());
    let (bit_planes, cut, count) = (input.byte(), input.byte(), input.below(4) + 1);
    let mut segments = Vec::new();
    for left in (1..=count).rev() {
        let length = if left == 1 { input.0.len() } else { input.below(64) };
        segments.push(input.take(length));
    }
    let block = AnyBlock { size, band, style, bit_planes, cut, segments };
    if is_ht { check_ht(&block) } else { check_mq(&block) }
}

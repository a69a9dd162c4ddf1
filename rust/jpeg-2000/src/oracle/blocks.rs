//! Whole code-blocks: D.4, D.5, D.6, H.1.

use super::mq::{Contexts, MqDecoder, MqEncoder, without_carries};
use super::passes::{BitCoder, Block, Pass};
use super::raw::{RawDecoder, RawEncoder};
use crate::code_block::{Band, CodeBlock, Segment, Style};

/// The pass and the bit-plane of coding pass `number`, with `planes` bit-planes.
fn pass(number: usize, planes: u32) -> (Pass, u32) {
    let pass = [Pass::Cleanup, Pass::Significance, Pass::Refinement][number % 3];
    (pass, planes - 1 - number.div_ceil(3) as u32)
}

/// The lengths, in passes, of the codeword segments of `passes` coding passes.
pub(crate) fn segment_lengths(style: Style, passes: usize) -> Vec<u8> {
    let mut lengths = vec![];
    let mut length = 0;
    for number in 0..passes {
        length += 1;
        if ends(style, number) || number + 1 == passes {
            lengths.push(length);
            length = 0;
        }
    }
    lengths
}

/// D.6: whether a coding pass is raw.
pub(crate) fn is_raw(style: Style, number: usize) -> bool {
    style.bypass() && number >= 10 && !number.is_multiple_of(3)
}

/// Table D.9: whether a codeword segment ends after a coding pass.
fn ends(style: Style, number: usize) -> bool {
    style.terminate_all() || style.bypass() && number >= 9 && number % 3 != 1
}

struct Encoder {
    contexts: Contexts,
    mq: MqEncoder,
    raw: RawEncoder,
}

impl BitCoder for Encoder {
    fn code(&mut self, context: usize, bit: u8) -> u8 {
        self.mq.encode(&mut self.contexts, context, bit);
        bit
    }

    fn raw(&mut self, bit: u8) -> u8 {
        self.raw.put(bit);
        bit
    }
}

impl Encoder {
    fn new() -> Self {
        Self { contexts: Contexts::new(), mq: MqEncoder::new(), raw: RawEncoder::new() }
    }

    /// The bytes of a segment that ends.
    fn end(&mut self, style: Style, raw: bool) -> Vec<u8> {
        let coder = std::mem::replace(&mut self.mq, MqEncoder::new());
        let raw_coder = std::mem::replace(&mut self.raw, RawEncoder::new());
        match (raw, style.predictable()) {
            (true, _) => raw_coder.flush(),
            (false, true) => coder.flush_predictably(),
            (false, false) => coder.flush(),
        }
    }
}

/// Encodes `passes` coding passes of coefficients below 2^`planes`; returns segments: bytes, and number of passes.
pub(crate) fn encode(
    (width, height): (usize, usize),
    (band, style): (Band, Style),
    coefficients: &[i128],
    planes: u32,
    passes: usize,
) -> Vec<(Vec<u8>, u8)> {
    let mut block = Block::new(width, height, band, style.causal());
    for (index, &coefficient) in coefficients.iter().enumerate() {
        block.magnitudes[index] = coefficient.unsigned_abs();
        block.grid.negative[index] = coefficient < 0;
    }
    let mut encoder = Encoder::new();
    let mut segments = vec![];
    let mut start = 0;
    for number in 0..passes {
        let ((kind, plane), raw) = (pass(number, planes), is_raw(style, number));
        block.pass(&mut encoder, kind, plane, raw);
        if kind == Pass::Cleanup && style.segmentation_symbols() {
            for bit in [1, 0, 1, 0] {
                encoder.code(18, bit);
            }
        }
        if ends(style, number) || number + 1 == passes {
            segments.push((encoder.end(style, raw), (number + 1 - start) as u8));
            start = number + 1;
        }
        if style.reset() {
            encoder.contexts = Contexts::new();
        }
    }
    segments
}

struct Decoder<'a> {
    contexts: Contexts,
    mq: MqDecoder<'a>,
    raw: RawDecoder,
}

impl BitCoder for Decoder<'_> {
    fn code(&mut self, context: usize, _: u8) -> u8 {
        self.mq.decode(&mut self.contexts, context)
    }

    fn raw(&mut self, _: u8) -> u8 {
        self.raw.get()
    }
}

/// What a decoder returns: coefficients with one fraction bit, and whether the segmentation symbols are right.
pub(crate) struct Decoded {
    pub(crate) coefficients: Vec<i128>,
    pub(crate) symbols: bool,
}

/// Decodes a code-block whose segments can be any bytes.
pub(crate) fn decode_any(code_block: &CodeBlock<'_>) -> Decoded {
    let (mut number, mut segments, mut overflows) = (0, vec![], vec![]);
    for segment in code_block.segments {
        let raw = is_raw(code_block.style, number);
        let (data, overflow) = if raw { (segment.data.to_vec(), false) } else { without_carries(segment.data) };
        segments.push((data, segment.passes));
        overflows.push(overflow);
        number += usize::from(segment.passes);
    }
    let segments: Vec<_> = segments.iter().map(|(data, passes)| Segment { data, passes: *passes }).collect();
    decode_segments(&CodeBlock { segments: &segments, ..*code_block }, &overflows)
}

/// Decodes a code-block that an encoder has made.
pub(crate) fn decode(code_block: &CodeBlock<'_>) -> Decoded {
    decode_segments(code_block, &vec![false; code_block.segments.len()])
}

/// Decodes a code-block. `overflows`: of each segment, whether there is a carry out of its first bit.
fn decode_segments(code_block: &CodeBlock<'_>, overflows: &[bool]) -> Decoded {
    let style = code_block.style;
    let mut block = Block::new(code_block.width, code_block.height, code_block.band, style.causal());
    let mut decoder = Decoder { contexts: Contexts::new(), mq: MqDecoder::new(&[]), raw: RawDecoder::new(&[]) };
    let (mut number, mut symbols) = (0, true);
    for (segment, &overflow) in code_block.segments.iter().zip(overflows) {
        (decoder.mq, decoder.raw) = (MqDecoder::new(segment.data), RawDecoder::new(segment.data));
        if overflow {
            decoder.mq.overflow();
        }
        for _ in 0..segment.passes {
            let (kind, plane) = pass(number, u32::from(code_block.bit_planes));
            block.pass(&mut decoder, kind, plane, is_raw(style, number));
            if kind == Pass::Cleanup && style.segmentation_symbols() {
                symbols &= [0; 4].map(|bit| decoder.code(18, bit)) == [1, 0, 1, 0];
            }
            if style.reset() {
                decoder.contexts = Contexts::new();
            }
            number += 1;
        }
    }
    Decoded { coefficients: coefficients(&block, u32::from(code_block.roi_shift)), symbols }
}

/// H.1 and E.1.1: signed coefficients, without the shift of the region of interest, with half of the last bit-plane.
fn coefficients(block: &Block, shift: u32) -> Vec<i128> {
    let value = |index: usize| {
        let (magnitude, plane) = (block.magnitudes[index], block.last_plane[index]);
        if magnitude == 0 {
            return 0;
        }
        let (magnitude, plane) = match magnitude >> shift {
            0 => (magnitude, plane),
            region => (region, plane.saturating_sub(shift)),
        };
        let value = (magnitude * 2 + (1 << plane)).cast_signed();
        if block.grid.negative[index] { -value } else { value }
    };
    (0..block.magnitudes.len()).map(value).collect()
}

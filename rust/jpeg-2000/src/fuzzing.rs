//! Comparisons of the decoders of code-blocks with the plain ones, for any bytes.

#![allow(clippy::panic, reason = "a panic is what a fuzz target is for")]

use crate::code_block::{Band, BlockError, CodeBlock, Coder, Damage, Segment, Style};
use crate::ht::Ht;
use crate::oracle::{blocks, ht_blocks};
use crate::tier1::Tier1;

/// A code-block of any bytes. Values outside of their ranges are reduced to them.
#[derive(Debug, Clone)]
pub struct AnyBlock<'a> {
    /// Columns and rows, 1 to 64 each.
    pub size: (u8, u8),
    /// The subband, 0 to 3.
    pub band: u8,
    /// The code-block style (Table A.19), 0 to 63.
    pub style: u8,
    /// Coded bit-planes, 1 to 30.
    pub bit_planes: u8,
    /// Coding passes that are missing at the end.
    pub cut: u8,
    /// The bytes of the codeword segments, again from the first if there are more segments.
    pub segments: Vec<&'a [u8]>,
}

impl AnyBlock<'_> {
    fn code_block<'b>(&self, coder: Coder, segments: &'b [Segment<'b>]) -> CodeBlock<'b> {
        let side = |side: u8| usize::from(side % 64) + 1;
        CodeBlock {
            width: side(self.size.0),
            height: side(self.size.1),
            band: [Band::Ll, Band::Hl, Band::Lh, Band::Hh][usize::from(self.band % 4)],
            style: self.style(),
            coder,
            magnitude_bits: 38,
            bit_planes: self.bit_planes(),
            roi_shift: 0,
            segments,
        }
    }

    fn style(&self) -> Style {
        Style(self.style % 64)
    }

    fn bit_planes(&self) -> u8 {
        self.bit_planes % 30 + 1
    }

    fn bytes(&self, segment: usize) -> &[u8] {
        if self.segments.is_empty() { &[] } else { self.segments[segment % self.segments.len()] }
    }
}

/// Decodes a code-block of the MQ coder.
///
/// # Panics
///
/// If the coefficients, or the segmentation symbols, are not those of the plain decoder.
pub fn check_mq(any: &AnyBlock<'_>) {
    let passes = (3 * usize::from(any.bit_planes()) - 2).saturating_sub(any.cut.into()).max(1);
    let lengths = blocks::segment_lengths(any.style(), passes);
    let segment = |(index, &passes): (usize, &u8)| Segment { data: any.bytes(index), passes };
    let segments: Vec<_> = lengths.iter().enumerate().map(segment).collect();
    let block = any.code_block(Coder::Mq, &segments);
    let expected = blocks::decode_any(&block);
    let mut out = vec![0i32; block.width * block.height];
    let damage = Tier1::default().decode(&block, &mut out).map(|outcome| outcome.damage);
    assert!(out.iter().zip(&expected.coefficients).all(|(found, expected)| i128::from(*found) == *expected));
    match damage {
        // Only the first sign of damage is returned.
        Ok(Some(Damage::PredictableTermination { .. })) => {}
        found => {
            assert_eq!(matches!(found, Ok(Some(Damage::SegmentationSymbol { .. }))), !expected.symbols, "{found:?}");
        }
    }
}

/// Decodes a code-block of the HT coder: a cleanup pass, and up to two refinement passes.
///
/// # Panics
///
/// If the coefficients are not those of the plain decoder, or the block is refused without a reason.
pub fn check_ht(any: &AnyBlock<'_>) {
    let (cleanup, passes) = (any.bytes(0), any.cut % 3);
    let segments = [Segment { data: cleanup, passes: 1 }, Segment { data: any.bytes(1), passes }];
    let style = if any.style().causal() { 0x48 } else { 0x40 };
    let block =
        CodeBlock { style: Style(style), bit_planes: any.bit_planes % 5 + 2, ..any.code_block(Coder::Ht, &segments) };
    let mut out = vec![0i64; block.width * block.height];
    match Ht::default().decode(&block, &mut out) {
        Ok(_) => {
            let expected = ht_blocks::decode(&block).expect("an intact block");
            assert!(out.iter().zip(&expected).all(|(found, expected)| i128::from(*found) == *expected));
        }
        Err(BlockError::CodewordsEnd { found, needed }) => assert!(found < needed),
        Err(BlockError::SuffixLength { found, segment }) => assert!(found > segment || found < 2),
        Err(BlockError::CleanupLength { found }) => assert!(found == cleanup.len() && found < 2),
        Err(BlockError::Stuffing { .. } | BlockError::OutsideSample) => assert_eq!(ht_blocks::decode(&block), None),
        Err(BlockError::ExponentBound { limit, .. }) => assert_eq!(limit, block.magnitude_bits + 2 - block.bit_planes),
        Err(error) => panic!("{error}"),
    }
}

//! The decoders of code-blocks, after one interface.

use crate::code_block::{BlockError, CodeBlock, Coder, Outcome};
use crate::ht::Ht;
use crate::tier1::Tier1;

/// Decodes code-blocks. It keeps its memory from one to the next; each thread needs its own.
///
/// Coefficients are signed, with one fraction bit, by rows: twice the magnitude, plus half of the last bit-plane that has been
/// decoded. The lowest bit that is set is therefore the last bit-plane, and 0 is insignificant.
#[derive(Default)]
pub(crate) struct BlockDecoder {
    tier1: Tier1,
    ht: Ht,
}

impl BlockDecoder {
    /// Decodes a code-block of up to 30 bit-planes, not counting the shift of a region of interest.
    pub(crate) fn decode(&mut self, block: &CodeBlock<'_>, out: &mut [i32]) -> Result<Outcome, BlockError> {
        match block.coder {
            Coder::Mq => self.tier1.decode(block, out),
            Coder::Ht => self.ht.decode(block, out),
        }
    }

    /// Decodes a code-block of up to 62 bit-planes, not counting the shift of a region of interest.
    pub(crate) fn decode_wide(&mut self, block: &CodeBlock<'_>, out: &mut [i64]) -> Result<Outcome, BlockError> {
        match block.coder {
            Coder::Mq => self.tier1.decode(block, out),
            Coder::Ht => self.ht.decode(block, out),
        }
    }
}

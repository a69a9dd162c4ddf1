//! B.10.6 and B.10.7: coding passes, and the lengths of their codeword segments in packet headers; Annex B of
//! ISO/IEC 15444-15 for HT code-blocks.

use dicomet_codec::MemoryExceeded;

use crate::code_block::Style;
use crate::coding_style::{STYLE_HT, STYLE_MIXED};
use crate::packet_bits::{HeaderEnds, PacketBits};

/// Lblock at the start.
const INITIAL_LENGTH_BITS: u8 = 3;
/// More coding passes of a code-block than any number of bit-planes has.
const MAX_PASSES: u16 = 255;

/// A packet header that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderError {
    /// It passes the end of the data.
    Ends,
    /// What it contains, and what is valid.
    Invalid(&'static str, &'static str),
    /// HT code-blocks mixed with others that have several codeword segments.
    MixedSegments,
    /// The memory limit is exceeded.
    Memory(MemoryExceeded),
}

impl From<MemoryExceeded> for HeaderError {
    fn from(error: MemoryExceeded) -> Self {
        Self::Memory(error)
    }
}

impl From<HeaderEnds> for HeaderError {
    fn from(_: HeaderEnds) -> Self {
        Self::Ends
    }
}

/// The coder of a code-block, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum BlockCoder {
    /// ISO/IEC 15444-1.
    #[default]
    Mq,
    /// ISO/IEC 15444-15.
    Ht,
    /// Only placeholder passes so far: HT, or with the mixed style either.
    Open,
}

/// The passes of a code-block that packets have included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockPasses {
    pub(crate) coder: BlockCoder,
    /// Number of passes, including placeholders.
    pub(crate) count: u16,
    /// Lblock.
    length_bits: u8,
}

/// Passes of a code-block in a packet that belong to one codeword segment, and the bytes for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) passes: u8,
    pub(crate) length: u32,
}

impl BlockPasses {
    pub(crate) fn new(style: u8) -> Self {
        let coder = if style & STYLE_HT == 0 { BlockCoder::Mq } else { BlockCoder::Open };
        Self { coder, count: 0, length_bits: INITIAL_LENGTH_BITS }
    }

    /// Reads the number of passes of a packet and their lengths.
    pub(crate) fn read(
        &mut self,
        bits: &mut PacketBits<'_>,
        style: u8,
        mut piece: impl FnMut(Piece),
    ) -> Result<(), HeaderError> {
        let mut left = bits.passes()?;
        if self.count + u16::from(left) > MAX_PASSES {
            return Err(HeaderError::Invalid("too many coding passes of a code-block", "at most 255"));
        }
        while bits.bit()? {
            self.length_bits += 1;
            if self.length_bits > 31 {
                return Err(HeaderError::Invalid("an Lblock above 31", "lengths of at most 32 bits"));
            }
        }
        if self.coder == BlockCoder::Open {
            let first = self.open(bits, left, style)?;
            self.count += u16::from(first.passes);
            left -= first.passes;
            piece(first);
        }
        while left > 0 {
            let passes = passes_to_end(self.coder, style, self.count).min(left.into()) as u8;
            let length = bits.bits(self.bits_for(passes)?)?;
            self.count += u16::from(passes);
            left -= passes;
            piece(Piece { passes, length });
        }
        Ok(())
    }

    /// Bits of the length of `passes` passes (B-21).
    fn bits_for(self, passes: u8) -> Result<u8, HeaderError> {
        let bits = self.length_bits + passes.max(1).ilog2() as u8;
        if bits > 32 {
            return Err(HeaderError::Invalid("a length of more than 32 bits", "at most 32"));
        }
        Ok(bits)
    }

    /// The first piece of a packet for an HT code-block of which only placeholder passes are known. Until its first cleanup
    /// pass, lengths have as many bits as for a code-block of ISO/IEC 15444-1.
    fn open(&mut self, bits: &mut PacketBits<'_>, passes: u8, style: u8) -> Result<Piece, HeaderError> {
        let mixed = style & STYLE_MIXED != 0;
        // Passes after the last cleanup pass of this packet.
        let refinements = (self.count + u16::from(passes) - 1) % 3;
        let to_cleanup = u16::from(passes).saturating_sub(refinements) as u8;
        let all_bits = self.bits_for(passes)?;
        let mut length = 0;
        let mut read = 0;
        if to_cleanup > 0 {
            read = self.bits_for(to_cleanup)?;
            length = bits.bits(read)?;
            let may_be_ht = !mixed || (self.length_bits > INITIAL_LENGTH_BITS && length >> (read - 1) == 0);
            if length > 1 && may_be_ht {
                self.coder = BlockCoder::Ht;
                return Ok(Piece { passes: to_cleanup, length });
            }
            if length > 0 && !mixed {
                return Err(HeaderError::Invalid("an HT cleanup segment of one byte", "at least two"));
            }
        }
        length = length << (all_bits - read) | bits.bits(all_bits - read)?;
        if length > 0 {
            if !mixed {
                return Err(HeaderError::Invalid("HT refinement passes before a cleanup pass", "a cleanup pass"));
            }
            if Style(style).terminate_all() || Style(style).bypass() {
                return Err(HeaderError::MixedSegments);
            }
            self.coder = BlockCoder::Mq;
        }
        Ok(Piece { passes, length })
    }
}

/// Passes from pass `count` of a code-block to the end of its codeword segment.
pub(crate) fn passes_to_end(coder: BlockCoder, style: u8, count: u16) -> u16 {
    let style = Style(style);
    match coder {
        // A cleanup pass, or the refinement passes after it.
        BlockCoder::Ht | BlockCoder::Open => [1, 2, 1][usize::from(count % 3)],
        BlockCoder::Mq if style.terminate_all() => 1,
        // D.6: the first ten passes, then raw passes and cleanup passes in turn.
        BlockCoder::Mq if style.bypass() && count < 10 => 10 - count,
        BlockCoder::Mq if style.bypass() => [2, 1, 1][usize::from((count - 10) % 3)],
        BlockCoder::Mq => u16::MAX,
    }
}

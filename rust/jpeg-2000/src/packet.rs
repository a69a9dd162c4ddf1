//! B.9 and B.10: packets and their headers.

use crate::codeword_segments::{HeaderError, Piece};
use crate::packet_bits::PacketBits;
use crate::precinct::{Precinct, PrecinctSubband};

/// No code-block has more zero bit-planes: 37 of Mb and 37 of a region of interest.
const MAX_ZERO_PLANES: u16 = 75;

/// What a packet adds to a code-block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockPiece {
    pub(crate) subband: usize,
    /// Index of the code-block in the precinct's subband.
    pub(crate) block: usize,
    pub(crate) piece: Piece,
}

/// Reads a packet header after the bit that tells that the packet is not empty.
pub(crate) fn read_header(
    bits: &mut PacketBits<'_>,
    precinct: &mut Precinct,
    layer: u16,
    style: u8,
    pieces: &mut Vec<BlockPiece>,
) -> Result<(), HeaderError> {
    for (index, subband) in precinct.subbands.iter_mut().enumerate() {
        for block in 0..subband.blocks.len() {
            if is_included(bits, subband, block, layer)? {
                let push = |piece| pieces.push(BlockPiece { subband: index, block, piece });
                subband.blocks[block].passes.read(bits, style, push)?;
            }
        }
    }
    Ok(())
}

/// Whether the packet includes a code-block (B.10.4), and at the first time its zero bit-planes (B.10.5).
fn is_included(
    bits: &mut PacketBits<'_>,
    subband: &mut PrecinctSubband,
    block: usize,
    layer: u16,
) -> Result<bool, HeaderError> {
    if subband.blocks[block].zero_planes.is_some() {
        return Ok(bits.bit()?);
    }
    let place = (block as u32 % subband.wide, block as u32 / subband.wide);
    if subband.inclusion.decode(place, layer + 1, || bits.bit())?.is_none() {
        return Ok(false);
    }
    let Some(planes) = subband.zero_planes.decode(place, MAX_ZERO_PLANES, || bits.bit())? else {
        return Err(HeaderError::Invalid("too many zero bit-planes", "fewer than 75"));
    };
    subband.blocks[block].zero_planes = Some(planes as u8);
    Ok(true)
}

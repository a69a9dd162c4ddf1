//! B.9: what the packets of a tile contain.

use std::ops::Range;

use crate::decoder::OnTruncation;
use crate::packet::BlockPiece;
use crate::precinct::{BlockState, Precinct};

mod reader;
pub(crate) use reader::{check_precincts, read};

/// Where the packets of a tile are.
#[derive(Debug, Clone)]
pub(crate) struct PacketSource<'a> {
    pub(crate) data: &'a [u8],
    /// The bodies of the tile-parts.
    pub(crate) parts: Vec<Range<usize>>,
    /// The packet headers, if they are packed (PPM, PPT).
    pub(crate) headers: Option<Vec<u8>>,
    /// Whether tile-parts are missing or shorter than their headers say.
    pub(crate) is_cut: bool,
}

/// How packets are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadOptions {
    pub(crate) on_truncation: OnTruncation,
    /// The number of highest resolutions whose code-blocks are ignored.
    pub(crate) reduce: u8,
}

/// Bytes of a code-block in a packet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Contribution {
    /// Offset in the data.
    pub(crate) offset: usize,
    pub(crate) length: u32,
    pub(crate) passes: u8,
    /// Index of the next one of the code-block.
    next: Option<u32>,
}

/// What the packets of a tile contain.
#[derive(Debug)]
pub(crate) struct TileData {
    /// By their number in the tile; none if all packets are empty.
    precincts: Vec<Option<Box<Precinct>>>,
    contributions: Vec<Contribution>,
}

impl TileData {
    /// That of a tile without packets.
    pub(crate) fn empty() -> Self {
        Self { precincts: Vec::new(), contributions: Vec::new() }
    }

    /// The precincts with these numbers of which packets were read that are not empty.
    pub(crate) fn precincts(&self, numbers: Range<usize>) -> impl Iterator<Item = &Precinct> {
        self.precincts.get(numbers).unwrap_or_default().iter().flatten().map(|precinct| &**precinct)
    }

    /// The contributions to a code-block.
    pub(crate) fn contributions(&self, block: &BlockState) -> impl Iterator<Item = Contribution> + Clone {
        let get = |index: u32| self.contributions.get(index as usize).copied();
        let first = block.contributions.and_then(|(first, _)| get(first));
        std::iter::successors(first, move |contribution| contribution.next.and_then(get))
    }

    fn contribute(&mut self, number: usize, piece: &BlockPiece, offset: usize) {
        let index = self.contributions.len() as u32;
        let BlockPiece { subband, block, piece } = *piece;
        let Some(precinct) = &mut self.precincts[number] else { return };
        let state = &mut precinct.subbands[subband].blocks[block];
        let first = match state.contributions {
            Some((first, last)) => {
                self.contributions[last as usize].next = Some(index);
                first
            }
            None => index,
        };
        state.contributions = Some((first, index));
        self.contributions.push(Contribution { offset, length: piece.length, passes: piece.passes, next: None });
    }
}

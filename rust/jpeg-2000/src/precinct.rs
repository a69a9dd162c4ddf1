//! What is known from packets about the code-blocks of a precinct.

use dicomet_codec::{Budget, MemoryExceeded};

use crate::codeword_segments::BlockPasses;
use crate::tag_tree::TagTree;
use crate::tile::Resolution;

/// A precinct of which a packet was read that is not empty.
#[derive(Debug, Clone)]
pub(crate) struct Precinct {
    pub(crate) subbands: Vec<PrecinctSubband>,
}

/// The code-blocks of a subband that belong to a precinct.
#[derive(Debug, Clone)]
pub(crate) struct PrecinctSubband {
    /// Columns of code-blocks.
    pub(crate) wide: u32,
    /// Column and row of the first code-block in the subband.
    pub(crate) column: u32,
    pub(crate) row: u32,
    /// The layer in which a code-block is included first.
    pub(crate) inclusion: TagTree,
    pub(crate) zero_planes: TagTree,
    /// Row by row.
    pub(crate) blocks: Vec<BlockState>,
}

/// A code-block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockState {
    pub(crate) passes: BlockPasses,
    /// Zero bit-planes; none until a packet includes the code-block.
    pub(crate) zero_planes: Option<u8>,
    /// The chain of its contributions: the first and the last, by index.
    pub(crate) contributions: Option<(u32, u32)>,
}

impl PrecinctSubband {
    /// The code-block in this column and row of the subband, if it belongs to the precinct.
    pub(crate) fn block(&self, column: u32, row: u32) -> Option<&BlockState> {
        let (x, y) = (column.checked_sub(self.column)?, row.checked_sub(self.row)?);
        self.blocks.get((y * self.wide + x) as usize).filter(|_| x < self.wide)
    }
}

impl Precinct {
    /// A precinct in column `x` and row `y`, before its first packet.
    pub(crate) fn new(
        resolution: &Resolution,
        (x, y): (u32, u32),
        style: u8,
        budget: &mut Budget,
    ) -> Result<Self, MemoryExceeded> {
        let new = BlockState { passes: BlockPasses::new(style), zero_planes: None, contributions: None };
        let mut subbands = Vec::with_capacity(resolution.subbands.len());
        for subband in &resolution.subbands {
            let (grid, column, row) = subband.blocks_of(resolution, x, y);
            let mut blocks = Vec::new();
            budget.grow_with(&mut blocks, grid.cells() as usize, new)?;
            let tree = if blocks.is_empty() { TagTree::default() } else { TagTree::new(grid.wide, grid.high) };
            subbands.push(PrecinctSubband {
                wide: grid.wide,
                column,
                row,
                zero_planes: tree.clone(),
                inclusion: tree,
                blocks,
            });
        }
        Ok(Self { subbands })
    }
}

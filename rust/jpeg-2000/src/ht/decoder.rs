//! ISO/IEC 15444-15, Clause 7: the decoder of code-blocks.

use super::magnitudes::Magnitudes;
use super::quads::Quads;
use super::refinement::Refinement;
use super::sets::{Set, last_set};
use crate::code_block::{BlockError, CodeBlock, Outcome, check};
use crate::coefficient::{Coefficient, unshift};

/// A decoder of code-blocks, and its memory.
#[derive(Default)]
pub(crate) struct Ht {
    quads: Quads,
    magnitudes: Magnitudes,
    refinement: Refinement,
    wide: Vec<i64>,
}

impl Ht {
    /// Decodes a code-block.
    pub(crate) fn decode<C: Coefficient>(
        &mut self,
        block: &CodeBlock<'_>,
        out: &mut [C],
    ) -> Result<Outcome, BlockError> {
        check::<C>(block, out.len())?;
        let Some(set) = last_set(block.segments)? else {
            out.fill(C::default());
            return Ok(Outcome::default());
        };
        if block.roi_shift == 0 {
            return self.decode_set(block, &set, out);
        }
        let mut wide = std::mem::take(&mut self.wide);
        wide.clear();
        wide.resize(out.len(), 0);
        let outcome = self.decode_set(block, &set, &mut wide);
        for (out, &coefficient) in out.iter_mut().zip(&wide) {
            *out = C::narrow(unshift(coefficient, u32::from(block.roi_shift)));
        }
        self.wide = wide;
        outcome
    }

    fn decode_set<C: Coefficient>(
        &mut self,
        block: &CodeBlock<'_>,
        set: &Set<'_>,
        out: &mut [C],
    ) -> Result<Outcome, BlockError> {
        let (bit_planes, magnitude_bits) = (usize::from(block.bit_planes), usize::from(block.magnitude_bits));
        let bits = (magnitude_bits + usize::from(block.roi_shift)).min(C::PLANES);
        let plane = bit_planes.saturating_sub(1 + set.number);
        if bit_planes > bits {
            return Err(BlockError::BitPlanes { found: block.bit_planes, limit: bits as u8 });
        }
        let limit = (bits - plane + 1) as u8;
        let plane = plane as u32;
        self.quads.decode(block.width, block.height, set.suffix)?;
        self.magnitudes.decode(&self.quads, set.prefix, (plane, limit), block.width, out)?;
        if set.refinement.passes > 0 {
            self.refinement.decode(&self.quads, set, (plane, block.style.causal()), block.width, out)?;
        }
        Ok(Outcome::default())
    }
}

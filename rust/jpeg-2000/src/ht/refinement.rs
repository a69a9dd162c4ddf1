//! 7.4, 7.5: the `SigProp` and the `MagRef` pass.
//!
//! A group is four columns of a stripe, sixteen samples in the order of coding.

use super::quads::Quads;
use super::sets::Set;
use super::unstuff::{self, LAST_BEFORE_MARKERS, check_stuffing};
use crate::code_block::BlockError;
use crate::coefficient::Coefficient;

/// Rows of a stripe, and columns of a group.
const SIZE: usize = 4;
/// The first row of a group, and of the columns beside it.
const TOP: u32 = 0x11_1111;

/// Memory for the passes.
#[derive(Default)]
pub(super) struct Refinement {
    bits: Vec<u8>,
    /// Groups of a stripe, with one before and one after.
    pitch: usize,
    /// Significance after the cleanup pass, by stripes, with an empty one after them.
    cleanup: Vec<u16>,
    /// Significance after `SigProp`, by stripes, with an empty one before them.
    all: Vec<u16>,
}

impl Refinement {
    /// Decodes the passes into the coefficients, which have been decoded down to `plane`, at least 1.
    pub(super) fn decode<C: Coefficient>(
        &mut self,
        quads: &Quads,
        set: &Set<'_>,
        (plane, causal): (u32, bool),
        width: usize,
        out: &mut [C],
    ) -> Result<(), BlockError> {
        self.gather(quads, width, out.len() / width);
        check_stuffing(
            "SigProp and MagRef",
            unstuff::forward(set.refinement.data, 0, &mut self.bits),
            LAST_BEFORE_MARKERS,
        )?;
        self.significance(plane, causal, width, out);
        if set.refinement.passes > 1 {
            unstuff::backward(set.refinement.data, 0xFF, (0, 0), &mut self.bits);
            self.magnitudes(plane, width, out);
        }
        Ok(())
    }

    /// Gathers the significance of the samples of quads that are in the code-block.
    fn gather(&mut self, quads: &Quads, width: usize, height: usize) {
        let groups = quads.size.0.div_ceil(2);
        let stripes = quads.size.1.div_ceil(2);
        self.pitch = groups + 2;
        for groups in [&mut self.cleanup, &mut self.all] {
            groups.clear();
            groups.resize(self.pitch * (stripes + 1), 0);
        }
        for (row, columns) in quads.columns.chunks_exact(quads.pitch()).enumerate() {
            let (shift, start) = (row % 2 * 2, row / 2 * self.pitch + 1);
            for (group, pair) in self.cleanup[start..][..groups].iter_mut().zip(columns[1..].as_chunks::<2>().0) {
                let samples = pair.as_flattened().iter().rev().fold(0, |all, column| all << SIZE | column >> 4 & 3);
                *group |= samples << shift;
            }
        }
        for (stripe, row) in self.cleanup.chunks_exact_mut(self.pitch).take(stripes).enumerate() {
            for (group, samples) in row[1..=groups].iter_mut().enumerate() {
                *samples &= (inside(width - group * SIZE, height - stripe * SIZE) >> SIZE) as u16;
            }
        }
    }

    /// The groups of a stripe and its neighbors: six columns, of which the outer ones are neighbors.
    fn window(groups: &[u16], index: usize) -> u32 {
        let [left, center, right] = [groups[index - 1], groups[index], groups[index + 1]].map(u32::from);
        left >> 12 | center << 4 | (right & 15) << 20
    }

    /// 7.4: the `SigProp` pass.
    fn significance<C: Coefficient>(&mut self, plane: u32, causal: bool, width: usize, out: &mut [C]) {
        let mut reader = Reader { bits: &self.bits, position: 0 };
        for (stripe, rows) in out.chunks_mut(width * SIZE).enumerate() {
            let height = rows.len() / width;
            for group in 0..self.pitch - 2 {
                let index = stripe * self.pitch + 1 + group;
                let inside = inside(width - group * SIZE, height);
                // The neighbors on the left and above have been through this pass.
                let left = u32::from(self.all[index + self.pitch - 1]) >> 12;
                let before = Self::window(&self.cleanup, index) & !15 | left;
                let above = Self::window(&self.all, index) >> 3 & TOP;
                let below = if causal { 0 } else { Self::window(&self.cleanup, index + self.pitch) & TOP };
                let found = reader.propagate(before, above | below << 3, inside);
                self.all[index + self.pitch] = ((before | found) >> SIZE) as u16;
                let mut rest = found;
                while rest != 0 {
                    let position = rest.trailing_zeros() as usize - SIZE;
                    rest &= rest - 1;
                    let place = position % SIZE * width + group * SIZE + position / SIZE;
                    rows[place] = C::new(3.into(), plane - 1, reader.bit());
                }
            }
        }
    }

    /// 7.5: the `MagRef` pass.
    fn magnitudes<C: Coefficient>(&self, plane: u32, width: usize, out: &mut [C]) {
        let mut reader = Reader { bits: &self.bits, position: 0 };
        let stripes = out.chunks_mut(width * SIZE).zip(self.cleanup.chunks_exact(self.pitch));
        for (rows, groups) in stripes {
            for (group, &significant) in groups[1..].iter().enumerate() {
                let mut rest = significant;
                while rest != 0 {
                    let position = rest.trailing_zeros() as usize;
                    rest &= rest - 1;
                    let place = position % SIZE * width + group * SIZE + position / SIZE;
                    if let Some(value) = rows.get_mut(place) {
                        *value = value.refine(plane - 1, reader.bit());
                    }
                }
            }
        }
    }
}

/// The samples of a group that are in the code-block, of which there are `width` columns and `height` rows more.
fn inside(width: usize, height: usize) -> u32 {
    let columns = (1 << (SIZE * (width.min(SIZE) + 1))) - 1;
    (TOP * ((1 << height.min(SIZE)) - 1)) << SIZE & columns
}

/// Reads bits, of which there is any number.
struct Reader<'a> {
    bits: &'a [u8],
    position: usize,
}

impl Reader<'_> {
    fn bit(&mut self) -> bool {
        let byte = self.bits.get(self.position / 8).copied().unwrap_or(0);
        let bit = byte >> (self.position % 8) & 1;
        self.position += 1;
        bit == 1
    }

    /// The samples of a group that become significant. `significant` are those before, `beside` those in the stripes above and
    /// below, in the rows next to them.
    fn propagate(&mut self, significant: u32, beside: u32, inside: u32) -> u32 {
        let vertical = significant << 1 & !TOP | significant >> 1 & !(TOP << 3) | beside;
        let columns = significant | vertical;
        let mut left = (vertical | columns << SIZE | columns >> SIZE) & inside & !significant;
        let mut found = 0;
        while left != 0 {
            let position = left & left.wrapping_neg();
            left &= left - 1;
            if self.bit() {
                found |= position;
                let column = position | position << 1 & !TOP;
                let later = column | position >> 1 & !(TOP << 3);
                left |= (column ^ position | later << SIZE) & inside & !significant;
            }
        }
        found
    }
}

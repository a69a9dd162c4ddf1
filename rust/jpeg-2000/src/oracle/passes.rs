//! D.3: the coding passes, for encoder and decoder.

use super::grid::Grid;
use crate::code_block::Band;

/// An encoder, which returns the bit that it receives, or a decoder, which returns the bit that it reads.
pub(crate) trait BitCoder {
    /// A bit with a context.
    fn code(&mut self, context: usize, bit: u8) -> u8;
    /// A raw bit.
    fn raw(&mut self, bit: u8) -> u8;
}

/// The three coding passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    Significance,
    Refinement,
    Cleanup,
}

/// A code-block between two passes: an encoder knows its magnitudes, a decoder builds them.
pub(crate) struct Block {
    pub(crate) grid: Grid,
    pub(crate) band: Band,
    pub(crate) magnitudes: Vec<u128>,
    /// The last bit-plane of which a coefficient has a bit.
    pub(crate) last_plane: Vec<u32>,
}

impl Block {
    pub(crate) fn new(width: usize, height: usize, band: Band, causal: bool) -> Self {
        let count = width * height;
        Self { grid: Grid::new(width, height, causal), band, magnitudes: vec![0; count], last_plane: vec![0; count] }
    }

    /// A pass of bit-plane `plane` (0 is the last one).
    pub(crate) fn pass(&mut self, coder: &mut impl BitCoder, pass: Pass, plane: u32, raw: bool) {
        match pass {
            Pass::Significance => self.significance(coder, plane, raw),
            Pass::Refinement => self.refinement(coder, plane, raw),
            Pass::Cleanup => self.cleanup(coder, plane),
        }
    }

    fn index(&self, (x, y): (usize, usize)) -> usize {
        y * self.grid.width + x
    }

    fn bit(&self, index: usize, plane: u32) -> u8 {
        (self.magnitudes[index] >> plane & 1) as u8
    }

    fn set_bit(&mut self, index: usize, plane: u32, bit: u8) {
        self.magnitudes[index] |= u128::from(bit) << plane;
        self.last_plane[index] = plane;
    }

    /// D.3.2: the sign of a coefficient that becomes significant.
    fn sign(&mut self, coder: &mut impl BitCoder, at: (usize, usize), raw: bool) {
        let index = self.index(at);
        let negative = u8::from(self.grid.negative[index]);
        let (context, xor) = self.grid.sign_coding(at);
        let negative = if raw { coder.raw(negative) } else { coder.code(context, negative ^ xor) ^ xor };
        self.grid.negative[index] = negative == 1;
        self.grid.significant[index] = true;
    }

    /// D.3.1: the significance of a coefficient, and its sign.
    fn zero_coding(&mut self, coder: &mut impl BitCoder, at: (usize, usize), plane: u32, raw: bool) {
        let index = self.index(at);
        let bit = self.bit(index, plane);
        let context = self.grid.zero_coding(self.band, at);
        let bit = if raw { coder.raw(bit) } else { coder.code(context, bit) };
        self.set_bit(index, plane, bit);
        if bit == 1 {
            self.sign(coder, at, raw);
        }
    }

    fn significance(&mut self, coder: &mut impl BitCoder, plane: u32, raw: bool) {
        for at in self.grid.scan() {
            let index = self.index(at);
            if !self.grid.significant[index] && self.grid.zero_coding(self.band, at) > 0 {
                self.zero_coding(coder, at, plane, raw);
                self.grid.visited[index] = true;
            }
        }
    }

    fn refinement(&mut self, coder: &mut impl BitCoder, plane: u32, raw: bool) {
        for at in self.grid.scan() {
            let index = self.index(at);
            if self.grid.significant[index] && !self.grid.visited[index] {
                let (bit, context) = (self.bit(index, plane), self.grid.refinement(at));
                let bit = if raw { coder.raw(bit) } else { coder.code(context, bit) };
                self.set_bit(index, plane, bit);
                self.grid.refined[index] = true;
            }
        }
    }

    fn cleanup(&mut self, coder: &mut impl BitCoder, plane: u32) {
        let mut skip = 0;
        for at in self.grid.scan() {
            let index = self.index(at);
            if at.1 % 4 == 0 {
                skip = if self.is_run(at) { self.run_length(coder, at, plane) } else { 0 };
            }
            if skip > 0 {
                skip -= 1;
            } else if !self.grid.significant[index] && !self.grid.visited[index] {
                self.zero_coding(coder, at, plane, false);
            }
        }
        self.grid.visited.fill(false);
    }

    /// D.3.4: whether a column of four is coded as a run.
    fn is_run(&self, (x, y): (usize, usize)) -> bool {
        y + 4 <= self.grid.height
            && (y..y + 4).all(|y| {
                let index = self.index((x, y));
                !self.grid.significant[index]
                    && !self.grid.visited[index]
                    && self.grid.zero_coding(self.band, (x, y)) == 0
            })
    }

    /// Table D.5: run-length coding; the number of coefficients that need nothing else.
    fn run_length(&mut self, coder: &mut impl BitCoder, (x, y): (usize, usize), plane: u32) -> usize {
        let rows: Vec<usize> = (y..y + 4).map(|y| self.index((x, y))).collect();
        let first = rows.iter().position(|&index| self.bit(index, plane) == 1);
        let found = coder.code(17, u8::from(first.is_some()));
        if found == 0 {
            for &index in &rows {
                self.set_bit(index, plane, 0);
            }
            return 4;
        }
        let first = first.unwrap_or(0) as u8;
        let row = usize::from(coder.code(18, first >> 1) * 2 + coder.code(18, first & 1));
        rows[..row].iter().for_each(|&index| self.set_bit(index, plane, 0));
        self.set_bit(rows[row], plane, 1);
        self.sign(coder, (x, y + row), false);
        row + 1
    }
}

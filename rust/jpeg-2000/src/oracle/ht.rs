//! ISO/IEC 15444-15, Clause 7: high-throughput code-blocks, for encoder and decoder.

use super::grid::Grid;
use crate::ht::codewords::Codeword;

/// An encoder, which returns what it receives, or a decoder, which returns what it reads.
pub(crate) trait QuadCoder {
    /// An event of MEL.
    fn event(&mut self, event: u8) -> u8;
    /// A codeword among those of a context, for a quad.
    fn codeword(&mut self, first_row: bool, context: usize, quad: QuadState) -> Codeword;
    /// Bits of VLC.
    fn bits(&mut self, value: u32, count: u32) -> u32;
    /// Bits of `MagSgn`.
    fn magnitude(&mut self, value: u128, count: u32) -> u128;
}

/// What an encoder knows of a quad: its significance, whether an offset follows, and the samples with the greatest exponent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct QuadState {
    pub(crate) significant: u8,
    pub(crate) has_offset: bool,
    pub(crate) greatest: u8,
}

/// A code-block in the cleanup pass: an encoder knows its values, a decoder builds them.
pub(crate) struct Cleanup {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// By rows: 0, or 2 * (magnitude - 1) + sign, plus 1.
    pub(crate) values: Vec<u128>,
    /// Significance of the samples of the quads that have been coded, by rows.
    significant: Vec<u8>,
    /// Whether a sample outside of the code-block is significant, or an exponent bound is greater than any encoder's.
    pub(crate) is_damaged: bool,
}

/// A quad between its parts.
#[derive(Clone, Copy, Default)]
struct Quad {
    codeword: Codeword,
    offset: u32,
}

impl Quad {
    fn significant(self) -> u8 {
        (self.codeword.0 >> 4 & 15) as u8
    }

    fn has_offset(self) -> bool {
        self.codeword.0 & 8 != 0
    }
}

impl Cleanup {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        let quads = width.div_ceil(2) * height.div_ceil(2);
        let (values, significant) = (vec![0; width * height], vec![0; quads]);
        Self { width, height, values, significant, is_damaged: false }
    }

    /// The four samples of a quad that are in the code-block: above left, below left, above right, below right.
    fn samples(&self, x: usize, y: usize) -> [Option<usize>; 4] {
        [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(dx, dy)| {
            let (x, y) = (2 * x + dx, 2 * y + dy);
            (x < self.width && y < self.height).then_some(y * self.width + x)
        })
    }

    /// 7.3.7: the exponent of a sample.
    fn exponent(&self, x: Option<usize>, y: Option<usize>) -> u32 {
        match (x, y) {
            (Some(x), Some(y)) if x < self.width && y < self.height => match self.values[y * self.width + x] {
                0 => 0,
                value => 128 - ((value - 1) | 1).leading_zeros(),
            },
            _ => 0,
        }
    }

    /// The significance of sample `k` of a quad, 0 outside of the code-block.
    fn is_significant(&self, qx: Option<usize>, qy: Option<usize>, k: usize) -> usize {
        match (qx, qy) {
            (Some(x), Some(y)) if x < self.width.div_ceil(2) => {
                usize::from(self.significant[y * self.width.div_ceil(2) + x] >> k & 1)
            }
            _ => 0,
        }
    }

    /// 7.3.5: the context of a quad.
    fn context(&self, qx: usize, qy: usize) -> usize {
        let (left, above) = (qx.checked_sub(1), qy.checked_sub(1));
        let west = |k| self.is_significant(left, Some(qy), k);
        if qy == 0 {
            return west(0) | west(1) | west(2) << 1 | west(3) << 2;
        }
        let north = self.is_significant(left, above, 3) | self.is_significant(Some(qx), above, 1);
        let north_east = self.is_significant(Some(qx), above, 3) | self.is_significant(Some(qx + 1), above, 1);
        north | (west(2) | west(3)) << 1 | north_east << 2
    }

    /// 7.3.7: the predictor of the exponents of a quad.
    fn predictor(&self, qx: usize, qy: usize, significant: u8) -> u32 {
        let (x, above) = (2 * qx, (2 * qy).checked_sub(1));
        let exponents = [x.checked_sub(1), Some(x), Some(x + 1), Some(x + 2)].map(|x| self.exponent(x, above));
        let greatest = exponents.into_iter().max().unwrap();
        if significant.count_ones() > 1 { greatest.saturating_sub(1).max(1) } else { 1 }
    }

    /// What an encoder knows, and the exponent bound of the quad.
    fn state(&self, qx: usize, qy: usize) -> (QuadState, u32) {
        let exponents = self
            .samples(qx, qy)
            .map(|index| index.map_or(0, |index| self.exponent(Some(index % self.width), Some(index / self.width))));
        let mask = |test: &dyn Fn(u32) -> bool| (0..4).fold(0, |mask, k| mask | u8::from(test(exponents[k])) << k);
        let significant = mask(&|exponent| exponent > 0);
        let predictor = self.predictor(qx, qy, significant);
        let bound = exponents.into_iter().max().unwrap().max(predictor);
        let state =
            QuadState { significant, has_offset: bound > predictor, greatest: mask(&|exponent| exponent == bound) };
        (state, bound)
    }

    /// The cleanup pass.
    pub(crate) fn code(&mut self, coder: &mut impl QuadCoder) {
        for qy in 0..self.height.div_ceil(2) {
            let columns = self.width.div_ceil(2);
            for qx in (0..columns).step_by(2) {
                let pair = qx..columns.min(qx + 2);
                let mut quads = [Quad::default(); 2];
                for (quad, qx) in quads.iter_mut().zip(pair.clone()) {
                    quad.codeword = self.codeword(coder, qx, qy);
                    self.significant[qy * columns + qx] = quad.significant();
                }
                let states = [0, 1].map(|k| self.state((qx + k).min(columns - 1), qy));
                self.offsets(coder, &mut quads, states, (qx, qy));
                for (quad, qx) in quads.into_iter().zip(pair) {
                    self.magnitudes(coder, quad, qx, qy);
                }
            }
        }
    }

    fn codeword(&self, coder: &mut impl QuadCoder, qx: usize, qy: usize) -> Codeword {
        let context = self.context(qx, qy);
        let state = self.state(qx, qy).0;
        if context == 0 && coder.event(u8::from(state.significant != 0)) == 0 {
            return Codeword(0);
        }
        coder.codeword(qy == 0, context, state)
    }

    /// 7.3.6: the exponent offsets of a pair of quads.
    fn offsets(
        &self,
        coder: &mut impl QuadCoder,
        quads: &mut [Quad; 2],
        states: [(QuadState, u32); 2],
        (qx, qy): (usize, usize),
    ) {
        let known = |k: usize| states[k].1 - self.predictor(qx + k, qy, states[k].0.significant).min(states[k].1);
        let wanted = [known(0), known(1)];
        let both = quads[0].has_offset() && quads[1].has_offset();
        let large = both && qy == 0 && coder.event(u8::from(wanted.iter().all(|&u| u > 2))) == 1;
        let base = if large { 2 } else { 0 };
        let wanted = wanted.map(|u| u.saturating_sub(base));
        let mut prefixes = [0; 2];
        let mut single = None;
        for k in 0..2 {
            if quads[k].has_offset() {
                if k == 1 && both && qy == 0 && !large && prefixes[0] > 2 {
                    single = Some(coder.bits(wanted[1].saturating_sub(1), 1) + 1);
                } else {
                    prefixes[k] = prefix(coder, wanted[k]);
                }
            }
        }
        let suffixes = [0, 1].map(|k| suffix(coder, prefixes[k], wanted[k]));
        for k in 0..2 {
            let extension = if suffixes[k] >= 28 { coder.bits((wanted[k].saturating_sub(33)) / 4, 4) } else { 0 };
            quads[k].offset = prefixes[k] + suffixes[k] + 4 * extension;
            quads[k].offset += if quads[k].has_offset() { base } else { 0 };
        }
        if let Some(offset) = single {
            quads[1].offset = offset;
        }
    }

    /// 7.3.8: the values of a quad.
    fn magnitudes(&mut self, coder: &mut impl QuadCoder, quad: Quad, qx: usize, qy: usize) {
        let bound = quad.offset + self.predictor(qx, qy, quad.significant());
        if bound > 100 {
            self.is_damaged = true;
            return;
        }
        for (k, index) in self.samples(qx, qy).into_iter().enumerate() {
            let bit = |shift: usize| u32::from(quad.codeword.0 >> (shift + k) & 1);
            if bit(4) == 0 {
                continue;
            }
            self.is_damaged |= index.is_none();
            let count = bound - bit(12);
            let value = index.map_or(0, |index| self.values[index].saturating_sub(1));
            let low = coder.magnitude(value & ((1 << count) - 1), count);
            if let Some(index) = index {
                self.values[index] = (low | u128::from(bit(8)) << count) + 1;
            }
        }
    }
}

/// 7.3.6: the prefix of an exponent offset.
fn prefix(coder: &mut impl QuadCoder, offset: u32) -> u32 {
    for value in 1..=3 {
        if coder.bits(u32::from(offset == value || value == 3 && offset == 4), 1) == 1 {
            return value;
        }
    }
    5
}

/// 7.3.6: the suffix of an exponent offset.
fn suffix(coder: &mut impl QuadCoder, prefix: u32, offset: u32) -> u32 {
    match prefix {
        3 => coder.bits(offset.saturating_sub(3), 1),
        5 => {
            let rest = offset.saturating_sub(5);
            coder.bits(if rest < 28 { rest } else { 28 + (rest - 28) % 4 }, 5)
        }
        _ => 0,
    }
}

/// 7.4: the `SigProp` pass: samples that become significant. `bit` takes the bit of a sample, of its sign if it is `true`.
pub(crate) fn significance(grid: &mut Grid, mut bit: impl FnMut(usize, bool) -> u8) -> Vec<usize> {
    let mut found = vec![];
    for group in grid.scan().chunk_by(|a, b| (a.0 / 4, a.1 / 4) == (b.0 / 4, b.1 / 4)) {
        let start = found.len();
        for &at in group {
            let index = at.1 * grid.width + at.0;
            if !grid.significant[index] && grid.has_significant_neighbor(at) && bit(index, false) == 1 {
                grid.significant[index] = true;
                found.push(index);
            }
        }
        for &index in &found[start..] {
            grid.negative[index] = bit(index, true) == 1;
        }
    }
    found
}

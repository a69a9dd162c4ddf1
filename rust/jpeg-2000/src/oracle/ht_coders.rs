//! ISO/IEC 15444-15, 7.3: the decoder and the encoder of the cleanup segment.

use super::ht::{QuadCoder, QuadState};
use super::ht_bits::{Bits, has_after_ff, with_ones, write_backward, write_forward};
use crate::ht::codewords::{Codeword, INITIAL_ROW, OTHER_ROWS};

/// 7.3.3: exponents of the run lengths of MEL.
const EXPONENTS: [u32; 13] = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5];

/// The decoder.
pub(crate) struct QuadDecoder {
    runs: Bits,
    codewords: Bits,
    magnitudes: Bits,
    state: usize,
    run: u32,
    one: bool,
    /// Whether bytes after FF are above their limit.
    has_markers: bool,
}

impl QuadDecoder {
    pub(crate) fn new(segment: &[u8]) -> Self {
        let end = segment.len();
        let suffix = usize::from(segment[end - 1]) * 16 + usize::from(segment[end - 2] & 15);
        let (prefix, suffix) = segment.split_at(end - suffix);
        Self {
            runs: Bits::runs(suffix),
            codewords: Bits::codewords(suffix),
            magnitudes: Bits::magnitudes(prefix),
            state: 0,
            run: 0,
            one: false,
            has_markers: has_after_ff(prefix, 0x7F) || has_after_ff(&with_ones(suffix), 0x8F),
        }
    }

    /// Whether VLC has ended before the last quad, or a byte after FF is above its limit.
    pub(crate) fn is_damaged(&self) -> bool {
        self.codewords.is_exceeded || self.runs.has_read_damage() || self.has_markers
    }
}

impl QuadCoder for QuadDecoder {
    fn event(&mut self, _: u8) -> u8 {
        if self.run == 0 && !self.one {
            let exponent = EXPONENTS[self.state];
            if self.runs.bit() == 1 {
                self.run = 1 << exponent;
                self.state = (self.state + 1).min(12);
            } else {
                self.run = (0..exponent).fold(0, |run, _| 2 * run + u32::from(self.runs.bit()));
                self.state = self.state.saturating_sub(1);
                self.one = true;
            }
        }
        if self.run > 0 {
            self.run -= 1;
            return 0;
        }
        self.one = false;
        1
    }

    fn codeword(&mut self, first_row: bool, context: usize, _: QuadState) -> Codeword {
        let table = if first_row { &INITIAL_ROW } else { &OTHER_ROWS };
        let mut bits = 0;
        for length in 1..=7 {
            bits |= usize::from(self.codewords.bit()) << (length - 1);
            let codeword = table[context * 128 + bits];
            if codeword.0 & 7 == length {
                return codeword;
            }
        }
        panic!("no codeword");
    }

    fn bits(&mut self, _: u32, count: u32) -> u32 {
        self.codewords.number(count) as u32
    }

    fn magnitude(&mut self, _: u128, count: u32) -> u128 {
        self.magnitudes.number(count)
    }
}

/// An encoder of the cleanup segment. It takes any of the codewords that are possible.
#[derive(Default)]
pub(crate) struct QuadEncoder {
    runs: Vec<u8>,
    codewords: Vec<u8>,
    magnitudes: Vec<u8>,
    state: usize,
    run: u32,
    seed: usize,
}

impl QuadEncoder {
    pub(crate) fn new(seed: usize) -> Self {
        Self { seed, ..Self::default() }
    }

    /// The cleanup segment.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        if self.run > 0 {
            self.runs.push(1);
        }
        let mut segment = write_forward(&self.magnitudes, true, 1);
        if segment.last() == Some(&0xFF) {
            segment.pop(); // the decoder reads 1 bits there
        }
        let mut runs = write_forward(&self.runs, false, 1);
        if runs.last() == Some(&0xFF) {
            runs.push(0x7F); // for VLC may begin with a byte above 8F
        }
        // The first bits are in the upper half of a byte.
        let mut first: Vec<u8> = self.codewords.drain(..self.codewords.len().min(4)).collect();
        first.resize(4, 0);
        if first[..3] == [1, 1, 1] {
            self.codewords.insert(0, first[3]);
            first[3] = 0;
        }
        let half = first.iter().rev().fold(0, |half, bit| half * 2 + bit);
        let codewords = write_backward(&self.codewords, half << 4 | 15);
        let length = runs.len() + codewords.len() + 2;
        segment.extend(runs);
        segment.extend(codewords);
        segment.extend([half << 4 | (length & 15) as u8, (length >> 4) as u8]);
        segment
    }
}

impl QuadCoder for QuadEncoder {
    fn event(&mut self, event: u8) -> u8 {
        let exponent = EXPONENTS[self.state];
        if event == 0 {
            self.run += 1;
            if self.run == 1 << exponent {
                self.runs.push(1);
                self.run = 0;
                self.state = (self.state + 1).min(12);
            }
        } else {
            self.runs.push(0);
            self.runs.extend((0..exponent).rev().map(|k| (self.run >> k & 1) as u8));
            self.run = 0;
            self.state = self.state.saturating_sub(1);
        }
        event
    }

    fn codeword(&mut self, first_row: bool, context: usize, quad: QuadState) -> Codeword {
        let table = if first_row { &INITIAL_ROW } else { &OTHER_ROWS };
        let fits = |&bits: &usize| {
            let word = table[context * 128 + bits].0;
            let (is_known, known) = ((word >> 12) as u8, (word >> 8 & 15) as u8);
            (word >> 4 & 15) as u8 == quad.significant
                && (word & 8 != 0) == quad.has_offset
                && (!quad.has_offset || quad.greatest & is_known == known)
        };
        let possible: Vec<usize> = (0..128).filter(fits).collect();
        self.seed = self.seed.wrapping_mul(0x9E37_79B1).wrapping_add(12345);
        let bits = possible[self.seed / 65536 % possible.len()];
        let codeword = table[context * 128 + bits];
        self.codewords.extend((0..codeword.0 & 7).map(|k| (bits >> k & 1) as u8));
        codeword
    }

    fn bits(&mut self, value: u32, count: u32) -> u32 {
        self.codewords.extend((0..count).map(|k| (value >> k & 1) as u8));
        value & ((1 << count) - 1)
    }

    fn magnitude(&mut self, value: u128, count: u32) -> u128 {
        self.magnitudes.extend((0..count).map(|k| (value >> k & 1) as u8));
        value
    }
}

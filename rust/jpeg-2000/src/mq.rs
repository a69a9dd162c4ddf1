//! Annex C: the MQ decoder.

pub(crate) mod states;
pub(crate) mod unstuff;

use std::hint::select_unpredictable;

use states::{State, Transitions};

/// An MQ decoder on bytes without stuffing. It is copied into the loop of a coding pass, so that it is in registers there.
#[derive(Clone, Copy)]
pub(crate) struct MqDecoder<'a> {
    /// The interval A, in the highest 16 bits.
    a: u64,
    /// The code register C: Chigh in the highest 16 bits, then bits ahead.
    c: u64,
    /// The lowest bits of `c` that are empty, at most 31 before each symbol.
    empty: u32,
    /// Bits that are not in `c` yet.
    words: &'a [[u8; 4]],
}

impl<'a> MqDecoder<'a> {
    /// INITDEC (C.3.5), with `data` from [`unstuff::unstuff`], and whether there is a carry out of its first bit: the highest
    /// bit of Chigh holds it.
    pub(crate) fn new(data: &'a [u8], overflow: bool) -> Self {
        let mut decoder = Self { a: 0x8000 << 48, c: u64::from(overflow) << 63, empty: 63, words: data.as_chunks().0 };
        decoder.refill();
        decoder
    }

    /// D.4.2: whether a codeword segment of `count` bits, padded to `length` bytes, ends as predictable termination does: the
    /// encoder has written the bits of its code register down to between bits 15 and 8 of the interval, or has left out a last
    /// byte FF after that, and thus all of Chigh that remains here is below them.
    pub(crate) fn ends_predictably(&self, count: usize, length: usize) -> bool {
        let loaded = (length / 4 - self.words.len()) * 32;
        let read = (loaded + self.empty as usize).saturating_sub(48);
        match read.checked_sub(count) {
            Some(missing @ 8..=23) => self.c >> 48 >> missing == 0,
            _ => false,
        }
    }

    /// BYTEIN (C.3.4), four bytes at a time. Behind the end there are 1 bits.
    #[inline(always)]
    fn refill(&mut self) {
        self.empty = self.empty.wrapping_sub(32);
        let word = match self.words.split_first() {
            Some((word, rest)) => {
                self.words = rest;
                u32::from_be_bytes(*word)
            }
            None => u32::MAX,
        };
        self.c |= u64::from(word) << (self.empty & 63);
    }

    /// DECODE (C.3.2), without a branch on the result: the bit of a context with a state, and the next state.
    #[inline(always)]
    pub(crate) fn decode(&mut self, transitions: &Transitions, state: State) -> (u64, State) {
        let qe = state.qe();
        let rest = self.a.wrapping_sub(qe);
        let is_lower = self.c < qe;
        let is_lps = is_lower ^ (rest < qe);
        let a = select_unpredictable(is_lower, qe, rest);
        let c = self.c.wrapping_sub(select_unpredictable(is_lower, 0, qe));
        let next = select_unpredictable(a >> 63 == 0, transitions.next(state, is_lps), state);
        let shift = a.leading_zeros();
        self.a = a << (shift & 63);
        self.c = c << (shift & 63);
        self.empty = self.empty.wrapping_add(shift);
        if self.empty >= 32 {
            self.refill();
        }
        (state.mps() ^ u64::from(is_lps), next)
    }

    /// Whether the bit of a context with a state is the MPS, with no change of the state: then it is decoded. A branch on it is
    /// faster than [`Self::decode`] where this is so nearly always.
    #[inline(always)]
    pub(crate) fn decode_likely(&mut self, state: State) -> bool {
        let qe = state.qe();
        let rest = self.a.wrapping_sub(qe);
        let is_mps = self.c >= qe && rest >> 63 == 1;
        if is_mps {
            self.a = rest;
            self.c = self.c.wrapping_sub(qe);
        }
        is_mps
    }
}

//! D.3: the contexts, as tables.

use crate::code_block::Band;
use crate::mq::MqDecoder;
use crate::mq::states::{State, Transitions};

/// D.3.3: the first context of magnitude refinement.
pub(super) const REFINEMENT: usize = 14;
/// D.3.4: the context of run-length coding.
pub(super) const RUN_LENGTH: usize = 17;
/// D.3.4: the uniform context.
pub(super) const UNIFORM: usize = 18;

/// All that the passes look up, in one place, so that one register has its address.
#[derive(Clone)]
pub(super) struct Contexts {
    /// The states of the contexts.
    pub(super) states: [State; 256],
    transitions: Transitions,
    zero_coding: ZeroCoding,
    sign_coding: SignCoding,
}

impl Default for Contexts {
    fn default() -> Self {
        let states = [State::new(0, 0); 256];
        Self { states, transitions: Transitions::TABLE, zero_coding: LL_LH, sign_coding: SIGN_CODING }
    }
}

impl Contexts {
    /// Prepares for a code-block.
    pub(super) fn start(&mut self, band: Band) {
        self.zero_coding = match band {
            Band::Ll | Band::Lh => LL_LH,
            Band::Hl => HL,
            Band::Hh => HH,
        };
        self.reset();
    }

    /// Table D.7: the initial states.
    pub(super) fn reset(&mut self) {
        self.states[..UNIFORM].fill(State::new(0, 0));
        self.states[0] = State::new(4, 0);
        self.states[RUN_LENGTH] = State::new(3, 0);
        self.states[UNIFORM] = State::new(46, 0);
    }

    /// Decodes a bit with a context.
    #[inline(always)]
    pub(super) fn decode(&mut self, mq: &mut MqDecoder<'_>, context: u8) -> u64 {
        let state = &mut self.states[usize::from(context)];
        let bit;
        (bit, *state) = mq.decode(&self.transitions, *state);
        bit
    }

    /// Decodes a bit of the run-length context.
    #[inline(always)]
    pub(super) fn decode_run(&mut self, mq: &mut MqDecoder<'_>) -> u64 {
        let state = self.states[RUN_LENGTH];
        if mq.decode_likely(state) { state.mps() } else { self.decode(mq, RUN_LENGTH as u8) }
    }

    /// Decodes a bit with a state that is not among the others.
    #[inline(always)]
    pub(super) fn decode_state(&self, mq: &mut MqDecoder<'_>, state: State) -> (u64, State) {
        mq.decode(&self.transitions, state)
    }

    /// The context of zero coding (D.3.1) for the window around a coefficient, which is bit 7.
    #[inline(always)]
    pub(super) fn zero_coding(&self, window: u64) -> u8 {
        // The three bits of each of three columns, moved next to each other; other products are shifted out.
        self.zero_coding[((window as u32 & 0o070_707).wrapping_mul(1 << 29 | 1 << 20 | 1 << 11) >> 23) as usize]
    }

    /// The context of a sign (D.3.2), with `XORbit` as bit 7, for windows of significance and signs around a coefficient, which is
    /// bit 7.
    #[inline(always)]
    pub(super) fn sign_coding(&self, significant: u64, negative: u64) -> u8 {
        const SIDES: u32 = 1 << 1 | 1 << 6 | 1 << 8 | 1 << 13;
        let bits = significant as u32 & SIDES | (negative as u32 & SIDES) << 1;
        self.sign_coding[(bits.wrapping_mul(1 << 26 | 1 << 17) >> 23) as usize]
    }
}

/// Contexts of zero coding by the significance of the 3 x 3 coefficients: three bits for each column, from the right.
type ZeroCoding = [u8; 512];

const LL_LH: ZeroCoding = zero_coding(Band::Ll);
const HL: ZeroCoding = zero_coding(Band::Hl);
const HH: ZeroCoding = zero_coding(Band::Hh);

const fn zero_coding(band: Band) -> ZeroCoding {
    let mut table = [0; 512];
    let mut bits = 0;
    while bits < 512 {
        let horizontal = (bits >> 1 & 1) + (bits >> 7 & 1);
        let vertical = (bits >> 3 & 1) + (bits >> 5 & 1);
        let diagonal = (bits & 1) + (bits >> 2 & 1) + (bits >> 6 & 1) + (bits >> 8 & 1);
        table[bits] = match band {
            Band::Ll | Band::Lh => one_direction(horizontal, vertical, diagonal),
            Band::Hl => one_direction(vertical, horizontal, diagonal),
            Band::Hh => diagonals(horizontal + vertical, diagonal),
        };
        bits += 1;
    }
    table
}

/// Table D.1 for bands that are not high-pass in both directions.
const fn one_direction(first: usize, second: usize, diagonal: usize) -> u8 {
    match (first, second, diagonal) {
        (2, _, _) => 8,
        (1, 1.., _) => 7,
        (1, 0, 1..) => 6,
        (1, ..) => 5,
        (_, 2, _) => 4,
        (_, 1, _) => 3,
        (_, _, 2..) => 2,
        (_, _, 1) => 1,
        _ => 0,
    }
}

/// Table D.1 for HH.
const fn diagonals(sides: usize, diagonal: usize) -> u8 {
    match (diagonal, sides) {
        (3.., _) => 8,
        (2, 1..) => 7,
        (2, 0) => 6,
        (1, 2..) => 5,
        (1, 1) => 4,
        (1, 0) => 3,
        (_, 2..) => 2,
        (_, 1) => 1,
        _ => 0,
    }
}

/// Contexts of signs, with `XORbit` as bit 7. They are indexed by significance and sign of the neighbors above (bits 0 and 1), below (2 and 3), on
/// the left (4 and 5) and on the right (7 and 8).
type SignCoding = [u8; 512];

const SIGN_CODING: SignCoding = {
    let mut table = [0; 512];
    let mut bits = 0;
    while bits < 512 {
        let vertical = contribution(bits) + contribution(bits >> 2);
        let horizontal = contribution(bits >> 4) + contribution(bits >> 7);
        table[bits] = sign_context(limit(horizontal), limit(vertical));
        bits += 1;
    }
    table
};

/// The contribution of a neighbor: bit 0 is its significance, bit 1 its sign.
const fn contribution(bits: usize) -> i32 {
    match bits & 3 {
        1 => 1,
        3 => -1,
        _ => 0,
    }
}

/// Table D.2.
const fn limit(sum: i32) -> i32 {
    if sum > 1 {
        1
    } else if sum < -1 {
        -1
    } else {
        sum
    }
}

/// Table D.3.
const fn sign_context(horizontal: i32, vertical: i32) -> u8 {
    match (horizontal, vertical) {
        (1, 1) => 13,
        (1, 0) => 12,
        (1, -1) => 11,
        (0, 1) => 10,
        (0, 0) => 9,
        (0, -1) => 10 + 0x80,
        (-1, 1) => 11 + 0x80,
        (-1, 0) => 12 + 0x80,
        _ => 13 + 0x80,
    }
}

//! C.2.5: the probability states, Table C.2.

use std::hint::select_unpredictable;

/// Qe, the next state after an MPS and after an LPS, and 1 where the sense of the MPS is switched.
const TABLE: [(u16, u8, u8, u8); 47] = [
    (0x5601, 1, 1, 1),
    (0x3401, 2, 6, 0),
    (0x1801, 3, 9, 0),
    (0x0AC1, 4, 12, 0),
    (0x0521, 5, 29, 0),
    (0x0221, 38, 33, 0),
    (0x5601, 7, 6, 1),
    (0x5401, 8, 14, 0),
    (0x4801, 9, 14, 0),
    (0x3801, 10, 14, 0),
    (0x3001, 11, 17, 0),
    (0x2401, 12, 18, 0),
    (0x1C01, 13, 20, 0),
    (0x1601, 29, 21, 0),
    (0x5601, 15, 14, 1),
    (0x5401, 16, 14, 0),
    (0x5101, 17, 15, 0),
    (0x4801, 18, 16, 0),
    (0x3801, 19, 17, 0),
    (0x3401, 20, 18, 0),
    (0x3001, 21, 19, 0),
    (0x2801, 22, 19, 0),
    (0x2401, 23, 20, 0),
    (0x2201, 24, 21, 0),
    (0x1C01, 25, 22, 0),
    (0x1801, 26, 23, 0),
    (0x1601, 27, 24, 0),
    (0x1401, 28, 25, 0),
    (0x1201, 29, 26, 0),
    (0x1101, 30, 27, 0),
    (0x0AC1, 31, 28, 0),
    (0x09C1, 32, 29, 0),
    (0x08A1, 33, 30, 0),
    (0x0521, 34, 31, 0),
    (0x0441, 35, 32, 0),
    (0x02A1, 36, 33, 0),
    (0x0221, 37, 34, 0),
    (0x0141, 38, 35, 0),
    (0x0111, 39, 36, 0),
    (0x0085, 40, 37, 0),
    (0x0049, 41, 38, 0),
    (0x0025, 42, 39, 0),
    (0x0015, 43, 40, 0),
    (0x0009, 44, 41, 0),
    (0x0005, 45, 42, 0),
    (0x0001, 45, 43, 0),
    (0x5601, 46, 46, 0),
];

/// The state of a context, I(CX) and MPS(CX): Qe in the highest 16 bits, and 2 * I(CX) + MPS(CX) in the lowest byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State(u64);

impl State {
    /// The state with an index of Table C.2 and an MPS.
    pub(crate) const fn new(index: u8, mps: u8) -> Self {
        Self((TABLE[index as usize].0 as u64) << 48 | (2 * index + mps) as u64)
    }

    /// Qe, in the highest 16 bits.
    #[inline(always)]
    pub(crate) fn qe(self) -> u64 {
        self.0 & 0xFFFF << 48
    }

    /// The more probable symbol.
    #[inline(always)]
    pub(crate) fn mps(self) -> u64 {
        self.0 & 1
    }
}

/// Which state follows which, by the lowest byte of a state.
#[derive(Clone)]
pub(crate) struct Transitions {
    /// The states after an MPS with renormalization.
    after_mps: [State; 256],
    /// The bits in which the states after an LPS differ from them.
    lps_difference: [u64; 256],
}

impl Transitions {
    /// Table C.2.
    pub(crate) const TABLE: Self = {
        let (mut after_mps, mut lps_difference) = ([State(0); 256], [0; 256]);
        let mut byte = 0;
        while byte < 2 * TABLE.len() {
            let ((_, mps_index, lps_index, switch), mps) = (TABLE[byte / 2], byte as u8 & 1);
            after_mps[byte] = State::new(mps_index, mps);
            lps_difference[byte] = State::new(lps_index, mps ^ switch).0 ^ after_mps[byte].0;
            byte += 1;
        }
        Self { after_mps, lps_difference }
    };

    /// The state after an LPS, or after an MPS with renormalization. Both are loaded, so that this does not wait for the symbol; a
    /// selection of two loads would be compiled to a load of a selected address.
    #[inline(always)]
    pub(crate) fn next(&self, state: State, is_lps: bool) -> State {
        let index = usize::from(state.0 as u8);
        State(self.after_mps[index].0 ^ select_unpredictable(is_lps, self.lps_difference[index], 0))
    }
}

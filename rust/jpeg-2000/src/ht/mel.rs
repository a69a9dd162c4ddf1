//! 7.1.3, 7.3.3: the adaptive run-length code MEL.

/// Table 2: exponents of the run lengths of the states.
const EXPONENTS: [u8; 16] = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 5, 5, 5];
const LAST_STATE: u8 = 12;

/// A decoder of events.
pub(super) struct Mel<'a> {
    /// Bytes that are not in `bits` yet, without the last two of the segment.
    data: &'a [u8],
    /// The last bytes of the segment, in which the lengths count as 1 bits.
    last: [Option<u8>; 2],
    /// The next bits, highest first.
    bits: u64,
    count: u32,
    /// The previous byte is FF.
    after_ff: bool,
    /// Bits that were loaded, and of these the ones before the first byte whose stuffed bit is 1, with that byte.
    loaded: usize,
    stuffed: Option<(usize, u8)>,
    state: u8,
    /// Events 0 that are left of the run, and whether an event 1 follows.
    zeros: u32,
    one: bool,
}

impl<'a> Mel<'a> {
    /// Reads from the suffix of a cleanup segment, which has at least two bytes.
    pub(super) fn new(suffix: &'a [u8]) -> Self {
        let (data, last) = suffix.split_last_chunk::<2>().map_or((suffix, [0xFF; 2]), |(data, last)| (data, *last));
        let last = [Some(last[0] | 0x0F), Some(0xFF)];
        let (loaded, stuffed) = (0, None);
        Self { data, last, bits: 0, count: 0, after_ff: false, loaded, stuffed, state: 0, zeros: 0, one: false }
    }

    /// The first byte after FF whose stuffed bit is 1, if events were read from it, or 0.
    pub(super) fn stuffed(&self) -> u8 {
        let read = self.loaded - self.count as usize;
        self.stuffed.filter(|(before, _)| read > *before).map_or(0, |(_, byte)| byte)
    }

    /// The next event.
    #[inline(always)]
    pub(super) fn event(&mut self) -> bool {
        if self.zeros == 0 {
            if self.one {
                self.one = false;
                return true;
            }
            self.next_run();
            if self.zeros == 0 {
                self.one = false;
                return true;
            }
        }
        self.zeros = self.zeros.wrapping_sub(1);
        false
    }

    /// Decodes the next run.
    #[inline(never)]
    fn next_run(&mut self) {
        self.refill();
        let exponent = u32::from(EXPONENTS[usize::from(self.state & 15)]);
        let is_complete = self.bits >> 63 == 1;
        if is_complete {
            self.zeros = 1 << exponent;
            self.state = LAST_STATE.min(self.state + 1);
        } else {
            self.zeros = ((self.bits << 1) >> 32 >> (32 - exponent)) as u32;
            self.state = self.state.saturating_sub(1);
        }
        self.one = !is_complete;
        let length = if is_complete { 1 } else { 1 + exponent };
        self.bits <<= length;
        self.count = self.count.saturating_sub(length);
    }

    /// Loads at least six bits.
    fn refill(&mut self) {
        while self.count <= 48 {
            let byte = if let Some((&byte, rest)) = self.data.split_first() {
                self.data = rest;
                Some(byte)
            } else {
                self.last[0].take().or_else(|| self.last[1].take())
            };
            if let Some(byte @ 0x80..) = byte.filter(|_| self.after_ff) {
                self.stuffed = self.stuffed.or(Some((self.loaded, byte)));
            }
            let byte = byte.unwrap_or(0xFF);
            let length = if self.after_ff { 7 } else { 8 };
            let value = u64::from(byte) & ((1 << length) - 1);
            self.bits |= value << (64 - length - self.count);
            self.count += length;
            self.loaded += length as usize;
            self.after_ff = byte == 0xFF;
        }
    }
}

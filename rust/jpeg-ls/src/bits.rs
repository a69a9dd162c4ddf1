//! A.1: the bits of entropy-coded data. After a byte FF, the first bit of the next byte is stuffed.
//!
//! Bytes are copied to a buffer without stuffed bits, so that a code can be read with one load at any position.

use dicomet_codec::{Stuffing, has_byte_ff};

/// Bytes of the buffer that a load can begin in.
const LOADED: usize = if cfg!(feature = "tiny") { 24 } else { 2048 };
/// Bytes after them: the rest of the last load, and of the last word that is copied.
const SLACK: usize = 24;
/// Bytes of the buffer.
pub(crate) const BUFFER: usize = LOADED + SLACK;

/// Bits without stuffing.
pub(crate) type Buffer = [u8; BUFFER];

/// The bits of one restart interval, which ends at a marker or at the end of the data. Zeros follow the last one.
pub(crate) struct Interval<'a> {
    data: &'a [u8],
    /// Offset of the interval.
    start: usize,
    /// The next byte to copy.
    next: usize,
    /// Bits in the buffer.
    filled: usize,
    /// Whether all bytes are copied. Zeros follow in the buffer.
    ended: bool,
    /// Whether more bits have been read than there are.
    exhausted: bool,
    /// The next bit of the buffer.
    position: usize,
}

/// Where a restart interval ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IntervalEnd {
    /// Number of unread bytes.
    pub(crate) excess: usize,
    /// Whether all of them are zero.
    pub(crate) padding: bool,
    /// Whether the unread bits of the last byte that was read, and of one with a stuffed bit after it, are zero.
    pub(crate) zero_bits: bool,
    /// Offset of the marker or of the end of the data.
    pub(crate) offset: usize,
}

impl<'a> Interval<'a> {
    /// An interval of `data` from `position`.
    pub(crate) fn new(data: &'a [u8], position: usize, buffer: &mut Buffer) -> Self {
        let (start, next) = (position, position);
        let mut interval = Self { data, start, next, filled: 0, ended: false, exhausted: false, position: 0 };
        interval.refill(buffer);
        interval
    }

    /// Reads bits. [`Bits::position`] is to be stored afterwards.
    #[inline(always)]
    pub(crate) fn bits<'r>(&'r mut self, buffer: &'r mut Buffer) -> Bits<'r, 'a> {
        let position = self.position;
        Bits { interval: self, buffer, position }
    }

    /// True if more bits have been read than there are.
    #[inline(always)]
    pub(crate) fn is_exhausted(&self) -> bool {
        self.exhausted || (self.ended && self.position > self.filled)
    }

    /// Bits that have been read. Stuffed bits count, too.
    #[inline(always)]
    pub(crate) fn bits_read(&self) -> usize {
        (8 * (self.next - self.start) + self.position).saturating_sub(self.filled)
    }

    /// Finds the end of the interval.
    pub(crate) fn end(&self) -> IntervalEnd {
        let Self { data, start, .. } = *self;
        let (place, used) = self.place();
        let mut first = place + usize::from(used > 0);
        let mut rest = if used > 0 { data[place] & (0xFF >> used) } else { 0 };
        // The stuffed bit after FF needs a byte of its own.
        if first > start && data[first - 1] == 0xFF && data.get(first).is_some_and(|byte| *byte < 0x80) {
            rest |= data[first];
            first += 1;
        }
        let found = dicomet_codec::find_marker(data, first, Stuffing::ZeroBit);
        let offset = found.map_or(data.len(), |found| found.offset);
        // Fill bytes may precede the marker.
        let fill = data[first..offset].iter().rev().take_while(|byte| **byte == 0xFF).count();
        let excess = &data[first..offset - fill];
        let padding = excess.iter().all(|byte| *byte == 0);
        IntervalEnd { excess: excess.len(), padding, zero_bits: rest == 0, offset }
    }

    /// Moves the unread bits to the start of the buffer and fills it.
    #[cold]
    #[inline(never)]
    fn refill(&mut self, buffer: &mut Buffer) {
        self.exhausted = self.is_exhausted();
        let first = (self.position / 8).min(self.filled / 8);
        buffer.copy_within(first..self.filled.div_ceil(8), 0);
        self.filled -= 8 * first;
        self.position -= 8 * first;
        while self.filled < 8 * (LOADED + 8) && !self.ended {
            self.copy_word(buffer);
        }
        if self.ended {
            buffer[self.filled.div_ceil(8)..].fill(0);
            self.position = self.position.min(self.filled + 7);
        }
    }

    /// Copies the next eight bytes, or the next one.
    #[inline(always)]
    fn copy_word(&mut self, buffer: &mut Buffer) {
        let (at, used) = (self.filled / 8, self.filled % 8);
        let partial = if used > 0 { buffer[at] } else { 0 };
        let after_ones = self.next > self.start && self.data[self.next - 1] == 0xFF;
        if let Some(&bytes) = self.data.get(self.next..).and_then(<[u8]>::first_chunk) {
            let word = u64::from_be_bytes(bytes);
            if !has_byte_ff(word) && !after_ones {
                let first = u64::from(partial) << 56 | word >> used;
                buffer[at..at + 8].copy_from_slice(&first.to_be_bytes());
                buffer[at + 8] = (word << 8 >> used) as u8;
                self.next += 8;
                self.filled += 64;
                return;
            }
        }
        let Some(&byte) = self.data.get(self.next).filter(|byte| !self.is_end(**byte)) else {
            self.ended = true;
            return;
        };
        let stuffed = u32::from(after_ones);
        let bits = u16::from(byte) << 8 << stuffed >> used;
        buffer[at] = partial | (bits >> 8) as u8;
        buffer[at + 1] = bits as u8;
        self.next += 1;
        self.filled += 8 - stuffed as usize;
    }

    /// True if `byte`, the next one, is no data: FF, after which neither a stuffed bit nor anything else but a marker can follow.
    fn is_end(&self, byte: u8) -> bool {
        byte == 0xFF && self.data.get(self.next + 1).is_none_or(|next| Stuffing::ZeroBit.is_code(*next))
    }

    /// The offset of the byte with the next bit, and the number of its bits that have been read.
    pub(crate) fn place(&self) -> (usize, u32) {
        let mut unread = if self.exhausted { 0 } else { self.filled.saturating_sub(self.position) };
        let mut place = self.next;
        while unread > 0 && place > self.start {
            place -= 1;
            let stuffed = place > self.start && self.data[place - 1] == 0xFF;
            let bits = if stuffed { 7 } else { 8 };
            if unread < bits {
                return (place, 8 - unread as u32);
            }
            unread -= bits;
        }
        (place, 0)
    }
}

/// Reads bits, with the position in a register.
pub(crate) struct Bits<'r, 'a> {
    interval: &'r mut Interval<'a>,
    buffer: &'r mut Buffer,
    position: usize,
}

impl<'r, 'a> Bits<'r, 'a> {
    #[inline(always)]
    pub(crate) fn new(interval: &'r mut Interval<'a>, buffer: &'r mut Buffer, position: usize) -> Self {
        Self { interval, buffer, position }
    }

    #[inline(always)]
    pub(crate) fn position(&self) -> usize {
        self.position
    }

    /// The next bits, the first one highest. At least 57 of them are valid.
    #[inline(always)]
    pub(crate) fn window(&mut self) -> u64 {
        if self.position < 8 * LOADED {
            return load(self.buffer, self.position);
        }
        let window;
        (window, self.position) = refill(self.interval, self.buffer, self.position);
        window
    }

    /// Stores the position.
    #[inline(always)]
    pub(crate) fn store(&mut self) {
        self.interval.position = self.position;
    }

    /// Skips bits of the window.
    #[inline(always)]
    pub(crate) fn skip(&mut self, length: u32) {
        self.position = self.position.wrapping_add(length as usize);
    }

    /// The next `length` bits, 0 to 32.
    #[inline(always)]
    pub(crate) fn take(&mut self, length: u32) -> u32 {
        let bits = self.window() >> 1 >> (63 - (length & 63));
        self.skip(length);
        bits as u32
    }

    /// True if more bits have been read than there are.
    #[inline(always)]
    pub(crate) fn is_exhausted(&mut self) -> bool {
        self.store();
        self.interval.is_exhausted()
    }

    /// Calls a function that is not inlined, without taking the address of the position: it would be in memory everywhere.
    #[inline(always)]
    pub(crate) fn call<T>(&mut self, function: impl FnOnce(&mut Interval<'_>, &mut Buffer, usize) -> (T, usize)) -> T {
        let result;
        (result, self.position) = function(self.interval, self.buffer, self.position);
        result
    }
}

/// [`Bits::window`] where the buffer ends, and the new position.
#[cold]
#[inline(never)]
fn refill(interval: &mut Interval<'_>, buffer: &mut Buffer, position: usize) -> (u64, usize) {
    interval.position = position;
    interval.refill(buffer);
    (load(buffer, interval.position), interval.position)
}

/// Bits of the buffer from `position`. At least 57 of them are valid.
#[inline(always)]
fn load(buffer: &Buffer, position: usize) -> u64 {
    let bytes = buffer.get(position >> 3..).and_then(<[u8]>::first_chunk).copied();
    u64::from_be_bytes(bytes.unwrap_or_default()) << (position & 7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All bits of an interval, one by one, with the offset of their byte and their place in it, and the end.
    fn plain(data: &[u8]) -> (Vec<(bool, usize, u32)>, usize) {
        let (mut bits, mut at) = (Vec::new(), 0);
        while at < data.len() {
            let stuffed = at > 0 && data[at - 1] == 0xFF;
            if data[at] == 0xFF && data.get(at + 1).is_none_or(|next| *next >= 0x80) {
                break;
            }
            bits.extend((u32::from(stuffed)..8).map(|bit| (data[at] >> (7 - bit) & 1 == 1, at, bit)));
            at += 1;
        }
        (bits, at)
    }

    fn data() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![6 => any::<u8>(), 1 => Just(0xFF), 1 => 0u8..0x80];
        prop::collection::vec(byte, 0..120)
    }

    proptest! {
        #[test]
        fn bits_are_those_of_the_bytes_without_stuffing(data in data(), lengths in prop::collection::vec(0u32..=32, 0..60)) {
            let (bits, last) = plain(&data);
            let mut buffer = [0xA5; BUFFER];
            let mut reader = Interval::new(&data, 0, &mut buffer);
            let mut at = 0;
            for length in lengths {
                let mut view = reader.bits(&mut buffer);
                let found = view.take(length);
                view.store();
                let end = at + length as usize;
                let expected = (at..end).fold(0, |sum, at| sum << 1 | u32::from(bits.get(at).is_some_and(|bit| bit.0)));
                at = end;
                prop_assert_eq!(found, expected);
                prop_assert_eq!(reader.is_exhausted(), at > bits.len());
                if let Some((_, place, bit)) = bits.get(at) {
                    let stuffed = u32::from(*place > 0 && data[place - 1] == 0xFF);
                    let used = if *bit == stuffed { 0 } else { *bit };
                    prop_assert_eq!(reader.place(), (*place, used));
                }
            }
            let end = reader.end();
            let marker = dicomet_codec::find_marker(&data, last, Stuffing::ZeroBit);
            prop_assert_eq!(end.offset, marker.map_or(data.len(), |found| found.offset));
        }
    }

    #[test]
    fn excess_bytes_are_counted_without_fill_bytes() {
        let end = |data: &[u8], bits| {
            let mut buffer = [0xA5; BUFFER];
            let mut reader = Interval::new(data, 0, &mut buffer);
            let mut view = reader.bits(&mut buffer);
            view.skip(bits);
            view.store();
            let IntervalEnd { excess, padding, zero_bits, offset } = reader.end();
            (excess, padding, zero_bits, offset)
        };
        assert_eq!(end(&[0x10, 0, 0, 0xFF, 0xFF, 0xD9], 4), (2, true, true, 4));
        assert_eq!(end(&[0x12, 0, 7, 0xFF, 0xD9], 7), (2, false, true, 3));
        assert_eq!(end(&[0x12, 0xFF, 0xD9], 6), (0, true, false, 1));
        // The byte after FF has only the stuffed bit that must follow.
        assert_eq!(end(&[0x12, 0xFF, 0, 0xFF, 0xD9], 16), (0, true, true, 3));
        assert_eq!(end(&[0x12, 0xFF, 1], 16), (0, true, false, 3));
        assert_eq!(end(&[0x12, 0xFF, 0], 12), (0, true, false, 3));
        assert_eq!(end(&[0x12, 0xFF, 0, 0], 16), (1, true, true, 4));
    }
}

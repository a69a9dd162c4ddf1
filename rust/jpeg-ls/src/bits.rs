//! A.1: the bits of entropy-coded data. After a byte FF, the first bit of the next byte is stuffed.
//!
//! Bytes are copied to a buffer without stuffed bits, so that a code can be read with one load at any position.

use dicomet_codec::{Stuffing, has_byte_ff};

/// Bytes of the buffer that a load can begin in.
const LOADED: usize = if cfg!(feature = "tiny") { 24 } else { 2048 };
/// Bytes after them: the rest of the last load, and of the last word that is copied.
const SLACK: usize = 24;

/// Bits without stuffing.
pub(crate) type Buffer = [u8; LOADED + SLACK];

/// The bytes of one restart interval, which ends at a marker or at the end of the data.
pub(crate) struct Source<'a> {
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
}

/// Reads the bits of a restart interval. Zeros follow the last one.
pub(crate) struct BitReader<'a> {
    pub(crate) source: Source<'a>,
    pub(crate) buffer: Box<Buffer>,
    /// The next bit of the buffer.
    pub(crate) position: usize,
}

/// Where a restart interval ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IntervalEnd {
    /// Number of unread bytes.
    pub(crate) excess: usize,
    /// Whether all of them are zero.
    pub(crate) padding: bool,
    /// Offset of the marker or of the end of the data.
    pub(crate) offset: usize,
}

/// A buffer of zeros.
pub(crate) fn new_buffer() -> Box<Buffer> {
    Box::new([0; LOADED + SLACK])
}

impl<'a> BitReader<'a> {
    /// Reads `data` from `position`.
    pub(crate) fn new(data: &'a [u8], position: usize, buffer: Box<Buffer>) -> Self {
        let source = Source { data, start: position, next: position, filled: 0, ended: false, exhausted: false };
        let mut reader = Self { source, buffer, position: 0 };
        reader.position = reader.source.refill(&mut reader.buffer, 0);
        reader
    }

    /// Continues at another offset of the data.
    pub(crate) fn restart(&mut self, position: usize) {
        let source = &mut self.source;
        (source.start, source.next, source.filled) = (position, position, 0);
        (source.ended, source.exhausted) = (false, false);
        self.position = source.refill(&mut self.buffer, 0);
    }

    /// A view that keeps the position in a register.
    #[inline(always)]
    pub(crate) fn bits(&mut self) -> Bits<'_, 'a> {
        Bits { source: &mut self.source, buffer: &mut self.buffer, position: self.position }
    }

    /// True if more bits have been read than there are.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.source.is_exhausted(self.position)
    }

    /// The offset of the byte with the next bit, and the number of its bits that have been read.
    pub(crate) fn place(&self) -> (usize, u32) {
        self.source.place(self.position)
    }

    /// Finds the end of the interval.
    pub(crate) fn end(&self) -> IntervalEnd {
        let Source { data, start, .. } = self.source;
        let (place, used) = self.place();
        let mut first = place + usize::from(used > 0);
        // The stuffed bit after FF needs a byte of its own.
        if first > start && data[first - 1] == 0xFF && data.get(first).is_some_and(|byte| *byte < 0x80) {
            first += 1;
        }
        let found = dicomet_codec::find_marker(data, first, Stuffing::ZeroBit);
        let offset = found.map_or(data.len(), |found| found.offset);
        // Fill bytes may precede the marker.
        let fill = data[first..offset].iter().rev().take_while(|byte| **byte == 0xFF).count();
        let excess = &data[first..offset - fill];
        IntervalEnd { excess: excess.len(), padding: excess.iter().all(|byte| *byte == 0), offset }
    }
}

impl Source<'_> {
    #[inline(always)]
    fn is_exhausted(&self, position: usize) -> bool {
        self.exhausted || (self.ended && position > self.filled)
    }

    /// Moves the bits from `position` to the start of the buffer and fills it. Returns the new position.
    #[cold]
    #[inline(never)]
    fn refill(&mut self, buffer: &mut Buffer, position: usize) -> usize {
        self.exhausted = self.is_exhausted(position);
        let first = (position / 8).min(self.filled / 8);
        buffer.copy_within(first..self.filled.div_ceil(8), 0);
        self.filled -= 8 * first;
        let position = (position - 8 * first).min(8 * LOADED);
        let begun = self.filled.div_ceil(8);
        while self.filled < 8 * (LOADED + 8) && !self.ended {
            self.copy_word(buffer);
        }
        if self.ended {
            let used = self.filled.div_ceil(8).max(begun);
            buffer[used..].fill(0);
            return position.min(self.filled + 7);
        }
        position
    }

    /// Copies the next eight bytes, or the next one.
    #[inline(always)]
    fn copy_word(&mut self, buffer: &mut Buffer) {
        let (at, used) = (self.filled / 8, self.filled % 8);
        let begun = if used > 0 { buffer[at] } else { 0 };
        let after_ones = self.next > self.start && self.data[self.next - 1] == 0xFF;
        if let Some(&bytes) = self.data.get(self.next..).and_then(<[u8]>::first_chunk) {
            let word = u64::from_be_bytes(bytes);
            if !has_byte_ff(word) && !after_ones {
                let first = u64::from(begun) << 56 | word >> used;
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
        buffer[at] = begun | (bits >> 8) as u8;
        buffer[at + 1] = bits as u8;
        self.next += 1;
        self.filled += 8 - stuffed as usize;
    }

    /// True if `byte`, the next one, is no data: FF, after which neither a stuffed bit nor anything else but a marker can follow.
    fn is_end(&self, byte: u8) -> bool {
        byte == 0xFF && self.data.get(self.next + 1).is_none_or(|next| Stuffing::ZeroBit.is_code(*next))
    }

    /// The offset of the byte with the bit at `position`, and the number of its bits before that one.
    fn place(&self, position: usize) -> (usize, u32) {
        let mut unread = if self.exhausted { 0 } else { self.filled.saturating_sub(position) };
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

/// A reader whose position is in a register.
pub(crate) struct Bits<'r, 'a> {
    source: &'r mut Source<'a>,
    buffer: &'r mut Buffer,
    pub(crate) position: usize,
}

impl Bits<'_, '_> {
    /// The next bits, the first one highest. At least 57 of them are valid.
    #[inline(always)]
    pub(crate) fn window(&mut self) -> u64 {
        if self.position >= 8 * LOADED {
            self.position = self.source.refill(self.buffer, self.position);
        }
        let bytes = self.buffer.get(self.position >> 3..).and_then(<[u8]>::first_chunk);
        u64::from_be_bytes(bytes.copied().unwrap_or_default()) << (self.position & 7)
    }

    /// Skips bits of the window.
    #[inline(always)]
    pub(crate) fn skip(&mut self, length: u32) {
        self.position += length as usize;
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
    pub(crate) fn is_exhausted(&self) -> bool {
        self.source.is_exhausted(self.position)
    }
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
            let mut reader = BitReader::new(&data, 0, new_buffer());
            let mut at = 0;
            for length in lengths {
                let mut view = reader.bits();
                let found = view.take(length);
                reader.position = view.position;
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
            let mut reader = BitReader::new(data, 0, new_buffer());
            let mut view = reader.bits();
            view.skip(bits);
            reader.position = view.position;
            let IntervalEnd { excess, padding, offset } = reader.end();
            (excess, padding, offset)
        };
        assert_eq!(end(&[0x12, 0, 0, 0xFF, 0xFF, 0xD9], 4), (2, true, 4));
        assert_eq!(end(&[0x12, 0, 7, 0xFF, 0xD9], 8), (2, false, 3));
        // The byte after FF has only the stuffed bit that must follow.
        assert_eq!(end(&[0x12, 0xFF, 0, 0xFF, 0xD9], 16), (0, true, 3));
        assert_eq!(end(&[0x12, 0xFF, 0], 12), (0, true, 3));
        assert_eq!(end(&[0x12, 0xFF, 0, 0], 12), (1, true, 4));
    }
}

//! F.2.2.5: the bits of entropy-coded data, without the stuffed zero bytes of B.1.1.5.

use crate::marker::marker_at;
use dicomet_codec::has_byte_ff;

/// Reads the bits of one restart interval, which ends at a marker or at the end of the data. Zeros follow, and are counted.
#[derive(Clone, Copy)]
pub(crate) struct BitReader<'a> {
    data: &'a [u8],
    /// The next byte to take bits from.
    position: usize,
    /// The next bits, the first one highest. Bits after `count` are zero, or as in the data.
    window: u64,
    /// Bits of the window that may be read.
    count: u32,
    /// Zero bits that were appended after the end of the data.
    missing: u32,
}

/// Where a restart interval ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IntervalEnd {
    /// Number of unread whole bytes.
    pub(crate) excess: usize,
    /// Whether all of them are zero, or all of them are FF.
    pub(crate) padding: bool,
    /// Offset of the marker or of the end of the data.
    pub(crate) offset: usize,
}

impl<'a> BitReader<'a> {
    pub(crate) fn new(data: &'a [u8], position: usize) -> Self {
        Self { data, position, window: 0, count: 0, missing: 0 }
    }

    /// Offset of the next byte to take bits from: some bytes after the bit that is read next.
    pub(crate) fn position(&self) -> usize {
        self.position
    }

    /// Bits of the data, with stuffed bytes, that have been read.
    pub(crate) fn bits_read(&self) -> usize {
        (8 * self.position).saturating_sub(self.count as usize)
    }

    /// The offset of the byte with the next bit, and the number of its bits that have been read. The number of bits in the
    /// window has no influence on it.
    pub(crate) fn place(&self) -> (usize, u32) {
        let unread = self.count.saturating_sub(self.missing);
        let mut position = self.position;
        for _ in 0..unread.div_ceil(8) {
            position = position.saturating_sub(1);
            if self.data.get(position) == Some(&0) {
                // A stuffed byte after FF, which fill bytes may precede.
                let ones = self.data[..position].iter().rev().take_while(|byte| **byte == 0xFF);
                position -= ones.count();
            }
        }
        (position, (8 - unread % 8) % 8)
    }

    /// The next bits, the first one highest. At least 56 of them are valid after [`Self::refill`].
    #[inline(always)]
    pub(crate) fn window(&self) -> u64 {
        self.window
    }

    #[inline(always)]
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Skips `length` bits, at most 63, which the window must have.
    #[inline(always)]
    pub(crate) fn skip(&mut self, length: u32) {
        self.window <<= length & 63;
        self.count = self.count.wrapping_sub(length);
    }

    /// The next `length` bits, 0 to 32, which the window must have.
    #[inline(always)]
    pub(crate) fn take(&mut self, length: u32) -> u32 {
        let bits = (self.window >> 1 >> (63 - (length & 63))) as u32;
        self.skip(length);
        bits
    }

    /// The next bit.
    #[inline(always)]
    pub(crate) fn take_bit(&mut self) -> u32 {
        if self.count == 0 {
            self.refill();
        }
        let bit = (self.window >> 63) as u32;
        self.skip(1);
        bit
    }

    /// F.2.2.1: the value of the next `size` bits, 0 to 16. The first bit gives the sign.
    #[inline(always)]
    pub(crate) fn take_extended(&mut self, size: u32) -> i32 {
        let negative = !(self.window.cast_signed() >> 63) as i32;
        let bits = self.take(size).cast_signed();
        bits.wrapping_add(negative & (1 - (1i32 << (size & 31))))
    }

    /// As [`Self::skip`] of a code of `length` bits and [`Self::take_extended`] of `size` bits, 0 to 15, after it.
    #[inline(always)]
    pub(crate) fn take_coded(&mut self, length: u32, size: u32) -> i32 {
        let window = self.window << (length & 63);
        // Before the value is computed, so that the next code need not wait for it.
        self.skip(length.wrapping_add(size));
        let negative = !(window.cast_signed() >> 63) as i32;
        let bits = (window >> 1 >> (63 - (size & 63))) as u32;
        bits.cast_signed().wrapping_add(negative & (1 - (1i32 << (size & 31))))
    }

    /// Makes at least 56 bits available.
    ///
    /// Eight bytes are read at once unless one of them is FF. The position advances by the whole bytes that fit; the bits of
    /// the next byte that are also in the window are the same when they are added again.
    #[inline(always)]
    pub(crate) fn refill(&mut self) {
        if let Some(&bytes) = self.data.get(self.position..).and_then(<[u8]>::first_chunk) {
            let word = u64::from_be_bytes(bytes);
            if !has_byte_ff(word) {
                self.window |= word >> (self.count & 63);
                self.position = self.position.wrapping_add((63 - (self.count & 63)) as usize / 8);
                self.count |= 0x38;
                return;
            }
        }
        *self = self.refill_bytewise();
    }

    #[cold]
    #[inline(never)]
    fn refill_bytewise(mut self) -> Self {
        while self.count < 56 {
            let Some((byte, next)) = data_byte(self.data, self.position) else {
                self.missing = self.missing.saturating_add(63 - self.count);
                self.count = 63;
                break;
            };
            self.window |= u64::from(byte) << (56 - self.count);
            self.count += 8;
            self.position = next;
        }
        self
    }

    /// True if more bits have been read than there are.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.count < self.missing
    }

    /// Finds the end of the interval.
    pub(crate) fn end(&self) -> IntervalEnd {
        let unread = self.count.saturating_sub(self.missing);
        let window = self.window << (unread & 7);
        let in_window = (window >> 1 >> (63 - unread / 8 * 8)).to_be_bytes();
        let mut excess = Excess::default();
        in_window[8 - unread as usize / 8..].iter().for_each(|byte| excess.add(*byte));
        let mut position = self.position;
        while let Some((byte, next)) = data_byte(self.data, position) {
            excess.add(byte);
            position = next;
        }
        let marker = marker_at(self.data, position);
        let offset = marker.map_or(self.data.len(), |found| found.offset);
        IntervalEnd { excess: excess.count, padding: excess.is_padding(), offset }
    }
}

/// Bytes after the last code of an interval.
#[derive(Default)]
struct Excess {
    count: usize,
    zeros: usize,
    ones: usize,
}

impl Excess {
    fn add(&mut self, byte: u8) {
        self.count += 1;
        self.zeros += usize::from(byte == 0);
        self.ones += usize::from(byte == 0xFF);
    }

    fn is_padding(&self) -> bool {
        self.zeros == self.count || self.ones == self.count
    }
}

/// The byte of data at `position` and the offset of the next one; none at a marker or the end.
fn data_byte(data: &[u8], position: usize) -> Option<(u8, usize)> {
    let byte = *data.get(position)?;
    if byte != 0xFF {
        return Some((byte, position + 1));
    }
    let rest = &data[position..];
    let fill = rest.iter().position(|&byte| byte != 0xFF)?;
    (rest[fill] == 0).then_some((byte, position + fill + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All bits of an interval, one by one, and the number of bytes that they take.
    fn plain(data: &[u8]) -> Vec<bool> {
        let (mut bits, mut at) = (Vec::new(), 0);
        while let Some((byte, next)) = data_byte(data, at) {
            bits.extend((0..8).rev().map(|bit| byte >> bit & 1 == 1));
            at = next;
        }
        bits
    }

    fn data() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![6 => any::<u8>(), 1 => Just(0xFF), 1 => Just(0)];
        prop::collection::vec(byte, 0..60)
    }

    proptest! {
        #[test]
        fn bits_are_those_of_the_bytes_without_stuffing(data in data(), lengths in prop::collection::vec(0u32..=32, 0..40)) {
            let bits = plain(&data);
            let (mut reader, mut at) = (BitReader::new(&data, 0), 0);
            for length in lengths {
                reader.refill();
                let found = reader.take(length);
                let end = at + length as usize;
                let expected = (at..end).fold(0, |sum, at| sum << 1 | u32::from(bits.get(at) == Some(&true)));
                at = end;
                prop_assert_eq!(found, expected);
                prop_assert_eq!(reader.is_exhausted(), at > bits.len());
                if at <= bits.len() {
                    // The place of the byte that `at` bits precede.
                    let mut place = 0;
                    for _ in 0..at / 8 {
                        place = data_byte(&data, place).unwrap().1;
                    }
                    prop_assert_eq!(reader.place(), (place, at as u32 % 8));
                }
            }
            let end = reader.end();
            prop_assert_eq!(end.excess, bits.len().saturating_sub(at) / 8);
            let marker = crate::marker::find_marker(&data, 0);
            prop_assert_eq!(end.offset, marker.map_or(data.len(), |found| found.offset));
        }
    }

    #[test]
    fn extended_values_have_the_sign_of_their_first_bit() {
        for size in 0..=16 {
            for bits in [0, 1, (1u32 << size) / 2, (1u32 << size) - 1] {
                let mut reader = BitReader { data: &[], position: 0, window: 0, count: 63, missing: 0 };
                reader.window = u64::from(bits) << 1 << (63 - size);
                let bits = bits & ((1 << size) - 1);
                assert_eq!(reader.take_extended(size), crate::huffman::extend(bits, size), "{size} {bits}");
            }
        }
    }
}

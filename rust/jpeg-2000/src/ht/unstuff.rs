//! 7.1.2, 7.1.4 to 7.1.6: removes bit stuffing. The bits are in bytes, lowest bit first.

use crate::code_block::BlockError;

/// Bytes after the data, so that a reader can load eight bytes at each bit.
pub(super) const PADDING: usize = 16;

/// Appends bits, lowest first.
struct Writer<'a> {
    bytes: &'a mut Vec<u8>,
    bits: u64,
    count: u32,
}

impl<'a> Writer<'a> {
    fn new(bytes: &'a mut Vec<u8>) -> Self {
        bytes.clear();
        Self { bytes, bits: 0, count: 0 }
    }

    /// Appends up to eight bits.
    fn byte(&mut self, byte: u8, count: u32) {
        self.bits |= u64::from(byte) << self.count;
        self.count += count;
        if self.count >= 8 {
            self.bytes.push(self.bits as u8);
            self.bits >>= 8;
            self.count -= 8;
        }
    }

    /// Appends 64 bits.
    fn word(&mut self, word: u64) {
        self.bytes.extend_from_slice(&(self.bits | word << self.count).to_le_bytes());
        self.bits = if self.count == 0 { 0 } else { word >> (64 - self.count) };
    }

    /// Appends the padding.
    fn finish(mut self, fill: u8) {
        self.byte(fill, 8);
        let bits = self.bits as u8 | fill << self.count;
        self.bytes.push(bits);
        self.bytes.extend_from_slice(&[fill; PADDING]);
    }
}

/// The greatest byte after FF: with one above it, FF would begin a marker.
pub(super) const LAST_BEFORE_MARKERS: u8 = 0x8F;
/// The greatest byte after FF where a stuffed bit, which is 0, follows the bits of FF.
pub(super) const STUFFED_BITS: u8 = 0x7F;

/// Checks the greatest byte after FF of a segment, or of a part of it.
pub(super) fn check_stuffing(name: &'static str, found: u8, limit: u8) -> Result<(), BlockError> {
    if found > limit { Err(BlockError::Stuffing { name, found, limit }) } else { Ok(()) }
}

/// Bits of a segment that is read forward: seven of a byte after FF. Bits `fill` follow. Returns the greatest byte after FF.
pub(super) fn forward(data: &[u8], fill: u8, bytes: &mut Vec<u8>) -> u8 {
    let mut writer = Writer::new(bytes);
    let mut greatest = 0;
    let mut rest = data;
    loop {
        let run = memchr::memchr(0xFF, rest).map_or(rest.len(), |position| position + 1);
        let (before, after) = rest.split_at(run);
        let (words, bytes) = before.as_chunks::<8>();
        for word in words {
            writer.word(u64::from_le_bytes(*word));
        }
        for &byte in bytes {
            writer.byte(byte, 8);
        }
        // The bytes after FF, as long as they are FF.
        rest = after;
        while let Some((&byte, after)) = rest.split_first() {
            writer.byte(byte & 0x7F, 7);
            greatest = greatest.max(byte);
            rest = after;
            if byte != 0xFF {
                break;
            }
        }
        if rest.is_empty() {
            break;
        }
    }
    writer.finish(fill);
    greatest
}

/// Bits of a segment that is read backward from its end, after a byte `previous`: seven of a byte whose lower seven bits are 1
/// after a byte above 8F. Bits 0 follow. Returns the number of bits before these, and the greatest byte after FF that is above
/// [`LAST_BEFORE_MARKERS`], or 0.
pub(super) fn backward(data: &[u8], previous: u8, first: (u8, u32), bytes: &mut Vec<u8>) -> (usize, u8) {
    const LOW: u64 = 0x0101_0101_0101_0101;
    let mut writer = Writer::new(bytes);
    writer.byte(first.0, first.1);
    let (mut previous, mut greatest) = (previous, 0);
    let mut chunks = data.rchunks_exact(8);
    for chunk in chunks.by_ref() {
        let word = chunk.iter().fold(0, |word, &byte| word << 8 | u64::from(byte));
        // A byte 7F or FF?
        if ((word & (0x7F * LOW)) + LOW) & (0x80 * LOW) == 0 {
            writer.word(word);
            previous = chunk[0];
        } else {
            for &byte in chunk.iter().rev() {
                greatest = greatest.max(append_backward(&mut writer, byte, &mut previous));
            }
        }
    }
    for &byte in chunks.remainder().iter().rev() {
        greatest = greatest.max(append_backward(&mut writer, byte, &mut previous));
    }
    let count = writer.bytes.len() * 8 + writer.count as usize;
    writer.finish(0);
    (count, greatest)
}

/// Appends a byte; returns the one that follows it, if both are a marker, or 0.
fn append_backward(writer: &mut Writer<'_>, byte: u8, previous: &mut u8) -> u8 {
    let following = std::mem::replace(previous, byte);
    if following > LAST_BEFORE_MARKERS && byte & 0x7F == 0x7F {
        writer.byte(0x7F, 7);
        return if byte == 0xFF { following } else { 0 };
    }
    writer.byte(byte, 8);
    0
}

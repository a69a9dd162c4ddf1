//! Entropy-coded bits (C.1, F.1), one at a time.

use super::plain::Result;

/// The offset of the marker that ends the entropy-coded data from `at`: a byte FF before one that is not below 80. Or the
/// end of the data.
pub(crate) fn end_of_interval(data: &[u8], at: usize) -> usize {
    let is_marker = |at: &usize| data[*at] == 0xFF && data.get(at + 1).is_none_or(|next| *next >= 0x80);
    (at..data.len()).find(is_marker).unwrap_or(data.len())
}

/// The offset of the next marker, past bytes that are none; or the end of the data.
pub(crate) fn marker_after(data: &[u8], at: usize) -> usize {
    let code = |at: usize| data[at..].iter().find(|byte| **byte != 0xFF);
    let is_marker = |at: &usize| data[*at] == 0xFF && code(*at).is_none_or(|code| *code >= 0x80);
    (at..data.len()).find(is_marker).unwrap_or(data.len())
}

/// The bits of an interval.
pub(crate) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Bits of the byte that are read.
    read: u32,
}

impl<'a> Bits<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, read: 0 }
    }

    pub(crate) fn bit(&mut self) -> Result<i64> {
        let byte = *self.bytes.get(self.at).ok_or("bits of the interval")?;
        if self.read == 0 && self.at > 0 && self.bytes[self.at - 1] == 0xFF {
            // The first bit of this byte is stuffed.
            self.read = 1;
        }
        let bit = byte >> (7 - self.read) & 1;
        self.read += 1;
        if self.read == 8 {
            (self.at, self.read) = (self.at + 1, 0);
        }
        Ok(bit.into())
    }

    pub(crate) fn take(&mut self, count: i64) -> Result<i64> {
        (0..count).try_fold(0, |value, _| Ok(value << 1 | self.bit()?))
    }
}

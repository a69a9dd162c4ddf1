//! Entropy-coded bytes, and Huffman codes one bit at a time.

use super::plain::Result;

/// The bytes from `at` to the next marker without stuffing (B.1.1.5), and the offset of that marker.
pub(crate) fn interval(data: &[u8], mut at: usize) -> (Vec<u8>, usize) {
    let mut bytes = Vec::new();
    while let Some(&byte) = data.get(at) {
        let fill = data[at..].iter().take_while(|byte| **byte == 0xFF).count();
        match (byte, data.get(at + fill)) {
            (0xFF, Some(0)) => at += fill + 1,
            (0xFF, Some(_)) => return (bytes, at + fill - 1),
            (0xFF, None) => return (bytes, data.len()),
            _ => at += 1,
        }
        bytes.push(byte);
    }
    (bytes, at)
}

/// The data from the first marker after `at` that is no restart marker.
pub(crate) fn end_of_scan(data: &[u8], at: usize) -> &[u8] {
    let (_, end) = interval(data, at);
    match data[end..] {
        [0xFF, 0xD0..=0xD7, ..] => end_of_scan(data, end + 2),
        _ => &data[end..],
    }
}

/// Bits of an interval.
pub(crate) struct Bits {
    bytes: Vec<u8>,
    at: usize,
}

impl Bits {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn bit(&mut self) -> Result<u32> {
        let byte = *self.bytes.get(self.at / 8).ok_or("end of the interval")?;
        self.at += 1;
        Ok(u32::from(byte >> (7 - (self.at - 1) % 8) & 1))
    }

    pub(crate) fn take(&mut self, count: u8) -> Result<u32> {
        (0..count).try_fold(0, |value, _| Ok(value << 1 | self.bit()?))
    }

    /// F.2.2.1: the value of `size` additional bits.
    pub(crate) fn value(&mut self, size: u8) -> Result<i32> {
        let bits = self.take(size)? as i32;
        Ok(if size > 0 && bits < 1 << (size - 1) { bits - (1 << size) + 1 } else { bits })
    }
}

/// A Huffman table: the codes in their order (C.2), with length and symbol.
#[derive(Clone)]
pub(crate) struct Table {
    codes: Vec<(u32, u8, u8)>,
}

impl Table {
    /// Reads one table of a DHT segment, and returns the rest.
    pub(crate) fn parse(segment: &[u8]) -> Option<(Self, &[u8])> {
        let (counts, rest) = segment.split_at_checked(16)?;
        let total = counts.iter().map(|count| usize::from(*count)).sum();
        let (symbols, rest) = rest.split_at_checked(total)?;
        let (mut codes, mut next, mut symbols) = (Vec::new(), 0u32, symbols.iter());
        for (length, count) in (1..).zip(counts) {
            for symbol in symbols.by_ref().take(usize::from(*count)) {
                codes.push((next, length, *symbol));
                next += 1;
            }
            next <<= 1;
        }
        Some((Self { codes }, rest))
    }

    /// The symbol of the next code.
    pub(crate) fn symbol(&self, bits: &mut Bits) -> Result<u8> {
        let mut code = 0;
        for length in 1..=16 {
            code = code << 1 | bits.bit()?;
            if let Some((.., symbol)) = self.codes.iter().find(|(other, size, _)| (*other, *size) == (code, length)) {
                return Ok(*symbol);
            }
        }
        Err("code")
    }
}

//! B.10.1: bits of packet headers, where a byte FF is followed by seven bits.

/// The packet header passes the end of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeaderEnds;

/// A reader of the bits of one packet header.
#[derive(Debug, Clone)]
pub(crate) struct PacketBits<'a> {
    data: &'a [u8],
    position: usize,
    /// The byte that is being read, and its bits that are left.
    byte: u8,
    left: u8,
}

impl<'a> PacketBits<'a> {
    /// Starts at `position` of `data`.
    pub(crate) fn new(data: &'a [u8], position: usize) -> Self {
        Self { data, position, byte: 0, left: 0 }
    }

    #[inline]
    pub(crate) fn bit(&mut self) -> Result<bool, HeaderEnds> {
        if self.left == 0 {
            self.next_byte()?;
        }
        self.left -= 1;
        Ok(self.byte >> self.left & 1 == 1)
    }

    fn next_byte(&mut self) -> Result<(), HeaderEnds> {
        self.left = if self.byte == 0xFF { 7 } else { 8 };
        self.byte = *self.data.get(self.position).ok_or(HeaderEnds)?;
        self.position += 1;
        Ok(())
    }

    /// Reads up to 32 bits, the most significant one first.
    pub(crate) fn bits(&mut self, count: u8) -> Result<u32, HeaderEnds> {
        let mut value = 0;
        for _ in 0..count {
            value = value << 1 | u32::from(self.bit()?);
        }
        Ok(value)
    }

    /// Ends the header at a byte boundary: the position after it. A byte follows a last FF.
    pub(crate) fn finish(mut self) -> Result<usize, HeaderEnds> {
        if self.byte == 0xFF {
            self.next_byte()?;
        }
        Ok(self.position)
    }

    /// The number of coding passes, 1 to 164 (Table B.4).
    pub(crate) fn passes(&mut self) -> Result<u8, HeaderEnds> {
        if !self.bit()? {
            return Ok(1);
        }
        if !self.bit()? {
            return Ok(2);
        }
        for (bits, first) in [(2, 3), (5, 6), (7, 37)] {
            let value = self.bits(bits)? as u8;
            if bits == 7 || value < (1 << bits) - 1 {
                return Ok(first + value);
            }
        }
        Ok(164)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Writes bits with stuffing.
    pub(crate) fn stuffed(bits: &[bool]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut bits = bits.iter().copied();
        while bits.len() > 0 {
            let size = if bytes.last() == Some(&0xFF) { 7 } else { 8 };
            bytes.push((0..size).fold(0, |byte, _| byte << 1 | u8::from(bits.next().unwrap_or_default())));
        }
        if bytes.last() == Some(&0xFF) {
            bytes.push(0);
        }
        bytes
    }

    #[test]
    fn a_byte_ff_is_followed_by_seven_bits() {
        let bits: Vec<bool> = (0..40).map(|place| place < 20 || place % 3 == 0).collect();
        let bytes = stuffed(&bits);
        assert_eq!(bytes[..3], [0xFF, 0x7F, 0xFA]);
        let mut reader = PacketBits::new(&bytes, 0);
        assert!(bits.iter().all(|bit| reader.bit() == Ok(*bit)));
        assert_eq!(reader.finish(), Ok(bytes.len()));
        let mut reader = PacketBits::new(&[0, 0xFF, 0x00, 0xA5], 1);
        assert_eq!((reader.bits(8), reader.finish()), (Ok(0xFF), Ok(3)));
        let mut reader = PacketBits::new(&[0xFF], 0);
        assert_eq!((reader.bits(8), reader.bit()), (Ok(0xFF), Err(HeaderEnds)));
        assert_eq!(PacketBits::new(&[], 0).bit(), Err(HeaderEnds));
    }

    #[test]
    fn numbers_of_passes_are_those_of_table_b_4() {
        let bits = |text: &str| stuffed(&text.bytes().map(|byte| byte == b'1').collect::<Vec<_>>());
        let codes = [("0", 1), ("10", 2), ("1100", 3), ("1110", 5), ("111100000", 6), ("111100001", 7)];
        let long = [("111111110", 36), ("1111111110000000", 37), ("1111111111111111", 164)];
        for (text, passes) in codes.into_iter().chain(long) {
            assert_eq!(PacketBits::new(&bits(text), 0).passes(), Ok(passes), "{text}");
        }
    }
}

//! D.6: raw bits.

/// Writes raw bits, with a stuffed bit after FF.
pub(crate) struct RawEncoder {
    bytes: Vec<u8>,
    bits: Vec<u8>,
}

impl RawEncoder {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![], bits: vec![] }
    }

    fn room(&self) -> usize {
        if self.bytes.last() == Some(&0xFF) { 7 } else { 8 }
    }

    pub(crate) fn put(&mut self, bit: u8) {
        self.bits.push(bit);
        if self.bits.len() == self.room() {
            self.bytes.push(self.bits.drain(..).fold(0, |byte, bit| byte * 2 + bit));
        }
    }

    /// The whole bytes.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Fills the last byte with 0, 1, 0, ...; a last FF is not written.
    pub(crate) fn flush(mut self) -> Vec<u8> {
        let mut fill = 0;
        while !self.bits.is_empty() {
            self.put(fill);
            fill ^= 1;
        }
        if self.bytes.last() == Some(&0xFF) {
            self.bytes.pop();
        }
        self.bytes
    }
}

/// Reads raw bits; after the end they are 1.
pub(crate) struct RawDecoder {
    bits: std::vec::IntoIter<u8>,
}

impl RawDecoder {
    pub(crate) fn new(data: &[u8]) -> Self {
        let mut bits = vec![];
        let mut previous = 0;
        for &byte in data {
            if previous == 0xFF && byte > 0x8F {
                break; // a marker
            }
            let count = if previous == 0xFF { 7 } else { 8 };
            bits.extend((0..count).rev().map(|k| byte >> k & 1));
            previous = byte;
        }
        Self { bits: bits.into_iter() }
    }

    pub(crate) fn get(&mut self) -> u8 {
        self.bits.next().unwrap_or(1)
    }
}

//! ISO/IEC 15444-15, 7.1: the bitstreams of a high-throughput code-block, bit by bit.

/// Bits of a segment that is read forward: after FF, seven bits of a byte.
fn forward(data: &[u8], lowest_first: bool) -> Vec<u8> {
    let mut bits = vec![];
    let mut previous = 0;
    for &byte in data {
        let count = if previous == 0xFF { 7 } else { 8 };
        let from_low = (0..count).map(|k| byte >> k & 1);
        if lowest_first {
            bits.extend(from_low);
        } else {
            bits.extend(from_low.rev());
        }
        previous = byte;
    }
    bits
}

/// Bits of a segment that is read backward: after a byte above 8F, seven bits of a byte whose lower bits are 1.
fn backward(bytes: impl Iterator<Item = u8>, mut previous: u8) -> Vec<u8> {
    let mut bits = vec![];
    for byte in bytes {
        let count = if previous > 0x8F && byte & 0x7F == 0x7F { 7 } else { 8 };
        bits.extend((0..count).map(|k| byte >> k & 1));
        previous = byte;
    }
    bits
}

/// Whether a byte above `limit` follows FF.
pub(crate) fn has_after_ff(data: &[u8], limit: u8) -> bool {
    data.windows(2).any(|pair| pair[0] == 0xFF && pair[1] > limit)
}

/// The suffix of a cleanup segment, with 1 bits in place of its length.
pub(crate) fn with_ones(suffix: &[u8]) -> Vec<u8> {
    let mut suffix = suffix.to_vec();
    let end = suffix.len();
    suffix[end - 1] = 0xFF;
    suffix[end - 2] |= 0x0F;
    suffix
}

/// Bits, and then the same bit without end.
pub(crate) struct Bits {
    rest: std::vec::IntoIter<u8>,
    fill: u8,
    /// Whether more bits were read than there are.
    pub(crate) is_exceeded: bool,
    /// Bits before the first byte whose stuffed bit is 1.
    valid: usize,
    read: usize,
}

impl Bits {
    fn new(bits: Vec<u8>, fill: u8) -> Self {
        Self { rest: bits.into_iter(), fill, is_exceeded: false, valid: usize::MAX, read: 0 }
    }

    /// 7.1.2: `MagSgn`.
    pub(crate) fn magnitudes(data: &[u8]) -> Self {
        Self::new(forward(data, true), 1)
    }

    /// 7.1.5: `SigProp`.
    pub(crate) fn significance(data: &[u8]) -> Self {
        Self::new(forward(data, true), 0)
    }

    /// 7.1.6: `MagRef`.
    pub(crate) fn refinement(data: &[u8]) -> Self {
        Self::new(backward(data.iter().rev().copied(), 0xFF), 0)
    }

    /// 7.1.3: MEL, from the suffix of the cleanup segment.
    pub(crate) fn runs(suffix: &[u8]) -> Self {
        let suffix = with_ones(suffix);
        let damaged = suffix.windows(2).position(|pair| pair[0] == 0xFF && pair[1] > 0x7F);
        let valid = damaged.map_or(usize::MAX, |at| forward(&suffix[..=at], false).len());
        Self { valid, ..Self::new(forward(&suffix, false), 1) }
    }

    /// Whether bits were read from a byte whose stuffed bit is 1.
    pub(crate) fn has_read_damage(&self) -> bool {
        self.read > self.valid
    }

    /// 7.1.4: VLC, from the suffix of the cleanup segment.
    pub(crate) fn codewords(suffix: &[u8]) -> Self {
        let last = suffix[suffix.len() - 2] | 0x0F;
        let count = if last >> 4 & 7 == 7 { 3 } else { 4 };
        let mut bits: Vec<u8> = (0..count).map(|k| last >> (4 + k) & 1).collect();
        bits.extend(backward(suffix[..suffix.len() - 2].iter().rev().copied(), last));
        Self::new(bits, 0)
    }

    pub(crate) fn bit(&mut self) -> u8 {
        self.read += 1;
        let bit = self.rest.next();
        self.is_exceeded |= bit.is_none();
        bit.unwrap_or(self.fill)
    }

    /// A number, lowest bit first.
    pub(crate) fn number(&mut self, count: u32) -> u128 {
        (0..count).fold(0, |number, k| number | u128::from(self.bit()) << k)
    }
}

/// The bytes of bits that are read forward.
pub(crate) fn write_forward(bits: &[u8], lowest_first: bool, fill: u8) -> Vec<u8> {
    let (mut bytes, mut rest) = (vec![], bits);
    while !rest.is_empty() {
        let count = if bytes.last() == Some(&0xFF) { 7 } else { 8 };
        let (now, later) = rest.split_at(rest.len().min(count));
        let bit = |k: usize| now.get(k).copied().unwrap_or(fill);
        let place = |k: usize| if lowest_first { k } else { count - 1 - k };
        bytes.push((0..count).fold(0, |byte, k| byte | bit(k) << place(k)));
        rest = later;
    }
    bytes
}

/// The bytes, first one first, of bits that are read backward from the end, after a byte `previous`.
pub(crate) fn write_backward(bits: &[u8], previous: u8) -> Vec<u8> {
    let (mut bytes, mut rest, mut previous) = (vec![], bits, previous);
    while !rest.is_empty() {
        let bit = |k: usize| rest.get(k).copied().unwrap_or(0);
        let byte = (0..8).fold(0, |byte, k| byte | bit(k) << k);
        let (byte, count) = if previous > 0x8F && byte & 0x7F == 0x7F { (0x7F, 7) } else { (byte, 8) };
        rest = &rest[rest.len().min(count)..];
        bytes.push(byte);
        previous = byte;
    }
    bytes.reverse();
    bytes
}

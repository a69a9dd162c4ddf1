//! C.2.3, C.3.4, D.6: removes bit stuffing from a codeword segment before it is decoded.

/// Bytes of 1 bits after the data: a decoder reads them after the end of a segment (C.3.4).
pub(crate) const PADDING: usize = 8;

/// The greatest byte after FF: with one above it, FF would begin a marker.
const LAST_BEFORE_MARKERS: u8 = 0x8F;

/// What [`unstuff`] has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unstuffed {
    /// The number of bits, without the 1 bits after them.
    pub(crate) count: usize,
    /// Whether there is a carry out of the first bit, as in a segment that begins with FF 80.
    pub(crate) overflow: bool,
}

/// Writes the bits of a segment, up to its end or a marker, and then 1 bits. In the byte after FF, `CARRY` adds the stuffed bit
/// to the bits before, as the MQ decoder does; otherwise it is dropped.
pub(crate) fn unstuff<const CARRY: bool>(data: &[u8], bits: &mut Vec<u8>) -> Unstuffed {
    bits.clear();
    let mut overflow = false;
    let mut pending = Pending { value: 0, count: 0 };
    let mut rest = data;
    loop {
        let run = memchr::memchr(0xFF, rest).map_or(rest.len(), |position| position + 1);
        let (bytes, after) = rest.split_at(run);
        pending.append(bytes, bits);
        // Bytes after FF are not searched, because FF is not among them.
        let Some((&byte, after)) = after.split_first() else { break };
        if byte > LAST_BEFORE_MARKERS {
            break;
        }
        if CARRY && byte & 0x80 != 0 {
            overflow |= pending.carry(bits);
        }
        pending.append_seven(byte & 0x7F, bits);
        rest = after;
    }
    let count = bits.len() * 8 + pending.count as usize;
    bits.push(pending.last());
    bits.extend_from_slice(&[0xFF; PADDING]);
    Unstuffed { count, overflow }
}

/// Less than 8 bits, which do not fill a byte yet.
struct Pending {
    value: u8,
    count: u32,
}

impl Pending {
    fn append(&mut self, bytes: &[u8], bits: &mut Vec<u8>) {
        let Some((&first, _)) = bytes.split_first() else { return };
        if self.count == 0 {
            bits.extend_from_slice(bytes);
            return;
        }
        let (left, right) = (8 - self.count, self.count);
        bits.push(self.value << left | first >> right);
        bits.extend(bytes.windows(2).map(|pair| pair[0] << left | pair[1] >> right));
        self.keep(bytes[bytes.len() - 1]);
    }

    fn append_seven(&mut self, byte: u8, bits: &mut Vec<u8>) {
        let value = u32::from(self.value) << 7 | u32::from(byte);
        self.count += 7;
        if self.count >= 8 {
            self.count -= 8;
            bits.push((value >> self.count) as u8);
        }
        self.keep(value as u8);
    }

    /// Keeps the last `count` bits of `value`.
    fn keep(&mut self, value: u8) {
        self.value = value & ((1 << self.count) - 1);
    }

    /// Adds 1 to the last bit; returns whether there is a carry out of the first one.
    fn carry(&mut self, bits: &mut [u8]) -> bool {
        let sum = self.value + 1;
        self.keep(sum);
        if sum >> self.count == 0 {
            return false;
        }
        for byte in bits.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                return false;
            }
        }
        true
    }

    /// The last byte, filled with 1 bits.
    fn last(&self) -> u8 {
        (u16::from(self.value) << (8 - self.count) | 0xFF >> self.count) as u8
    }
}

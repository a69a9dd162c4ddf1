//! ISO/IEC 10918-1 Annex C and F.2.2: Huffman tables, and the bit reader for entropy-coded segments.

/// Bits that the first lookup resolves: most codes are shorter.
const LOOKUP_BITS: u32 = 9;
/// Length of the longest code (10918-1 C.1).
const MAX_CODE_BITS: u32 = 16;

/// Why no code could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The segment ends before or within the code.
    Short,
    /// The bits are not a code, or the process does not allow the symbol.
    Invalid,
}

/// A table defined by DHT (10918-1 B.2.4.2).
pub(super) struct Table {
    /// Length and symbol of the code at the start of each bit pattern; length 0 for longer codes.
    lookup: [(u8, u8); 1 << LOOKUP_BITS],
    lengths: [Length; MAX_CODE_BITS as usize + 1],
    symbols: Vec<u8>,
}

/// The codes of one length, which are consecutive.
#[derive(Clone, Copy, Default)]
struct Length {
    first: u32,
    /// The first code after them, aligned to 16 bits: the codes of all lengths are in ascending order.
    limit: u32,
    /// The index of the first code's symbol.
    index: usize,
}

impl Table {
    /// Builds the table from the number of codes of each length; None if there are more codes than the lengths allow,
    /// or fewer symbols than codes.
    pub(super) fn new(counts: [u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut table = Self {
            lookup: [(0, 0); 1 << LOOKUP_BITS],
            lengths: [Length::default(); MAX_CODE_BITS as usize + 1],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut index) = (0u32, 0usize);
        for (length, count) in (1..=MAX_CODE_BITS).zip(counts) {
            let first = Length { first: code, limit: 0, index };
            for &symbol in symbols.get(index..index + usize::from(count))? {
                if length <= LOOKUP_BITS {
                    let (first, span) = (code << (LOOKUP_BITS - length), 1 << (LOOKUP_BITS - length));
                    table.lookup.get_mut(first as usize..(first + span) as usize)?.fill((length as u8, symbol));
                }
                code += 1;
            }
            index += usize::from(count);
            if code > 1 << length {
                return None;
            }
            table.lengths[length as usize] = Length { limit: code << (MAX_CODE_BITS - length), ..first };
            code <<= 1;
        }
        Some(table)
    }

    /// Returns length and symbol of the code at the top of `bits`.
    fn find(&self, bits: u64) -> Option<(u32, u8)> {
        let (length, symbol) = self.lookup[(bits >> (64 - LOOKUP_BITS)) as usize];
        if length > 0 {
            return Some((u32::from(length), symbol));
        }
        let top = (bits >> (64 - MAX_CODE_BITS)) as u32;
        let length = (LOOKUP_BITS + 1..=MAX_CODE_BITS).find(|&length| top < self.lengths[length as usize].limit)?;
        let codes = self.lengths[length as usize];
        let place = (top >> (MAX_CODE_BITS - length)).checked_sub(codes.first)? as usize;
        let symbol = self.symbols.get(codes.index + place)?;
        Some((length, *symbol))
    }
}

/// The bits of an entropy-coded segment, without the bytes stuffed after FF.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    /// The next bits, from the top.
    window: u64,
    /// The number of bits in the window that belong to the segment.
    count: u32,
}

impl<'a> Bits<'a> {
    /// Creates a reader. `data` ends before a marker, or at the end of the frame.
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, window: 0, count: 0 }
    }

    /// Fills the window with at least 32 bits, or with all that remain.
    fn refill(&mut self) {
        if let Some(bytes) = self.data.get(self.at..).and_then(<[u8]>::first_chunk) {
            let word = u64::from_be_bytes(*bytes);
            if !has_ff(word) {
                let taken = (63 - self.count) / 8;
                self.window |= word >> self.count;
                self.at += taken as usize;
                self.count += 8 * taken;
                return;
            }
        }
        // A preceding word may have left bits of the next bytes in the window, which are identical.
        while self.count <= 56 {
            let Some(byte) = self.next_byte() else { return };
            self.window |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    fn next_byte(&mut self) -> Option<u8> {
        let byte = *self.data.get(self.at)?;
        let mut after = self.at + 1;
        if byte == 0xFF {
            // Fill bytes may precede the stuffed byte. A final FF may be half of a marker: it is not data.
            while self.data.get(after) == Some(&0xFF) {
                after += 1;
            }
            self.data.get(after)?;
            after += 1;
        }
        self.at = after;
        Some(byte)
    }

    /// Reads a code and skips the `extra(symbol)` bits after it. Returns the symbol.
    #[inline]
    pub(super) fn symbol(&mut self, table: &Table, extra: impl Fn(u8) -> u32) -> Result<u8, Failure> {
        if self.count < 2 * MAX_CODE_BITS {
            self.refill();
        }
        let Some((length, symbol)) = table.find(self.window) else {
            return Err(if self.count < MAX_CODE_BITS { Failure::Short } else { Failure::Invalid });
        };
        let used = length + extra(symbol);
        if used > self.count {
            return Err(Failure::Short);
        }
        self.window <<= used;
        self.count -= used;
        Ok(symbol)
    }

    /// Reads up to 16 bits.
    pub(super) fn take(&mut self, bits: u32) -> Result<u32, Failure> {
        if bits == 0 {
            return Ok(0);
        }
        if self.count < bits {
            self.refill();
        }
        if self.count < bits {
            return Err(Failure::Short);
        }
        let value = (self.window >> (64 - bits)) as u32;
        self.window <<= bits;
        self.count -= bits;
        Ok(value)
    }

    /// Returns the number of bytes up to and including the byte with the last bit read.
    pub(super) fn used(&self) -> usize {
        let mut used = self.at;
        for _ in 0..self.count / 8 {
            let stuffed = used >= 2 && self.data[used - 1] == 0 && self.data[used - 2] == 0xFF;
            used = used.saturating_sub(if stuffed { 2 } else { 1 });
        }
        used
    }
}

fn has_ff(word: u64) -> bool {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // FF is the only byte whose complement is 0.
    (!word).wrapping_sub(LOW) & word & HIGH != 0
}

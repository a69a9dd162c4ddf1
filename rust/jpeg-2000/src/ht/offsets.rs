//! 7.3.6: U-VLC, the exponent offsets of a pair of quads.

/// An entry for the next six bits of a pair: from the lowest bit on, the length of prefixes and suffixes (8 bits), the length of
/// the prefixes (4), of both suffixes (4) and of the first suffix (4), and the offsets without suffixes (4 each).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Entry(u32);

/// Entries by 64 * mode + the next six bits. The mode has bit 0 if the first quad has an offset, and bit 1 for the second one.
/// Mode 4 is that of the first row where both have large offsets.
pub(super) type Table = [Entry; 512];

/// Offsets in the first row of quads.
pub(super) static INITIAL_ROW: Table = table(true);
/// Offsets in the other rows of quads.
pub(super) static OTHER_ROWS: Table = table(false);

/// Table 3: the prefix at the lowest bits: its length, its value, and the length of its suffix.
const fn prefix(bits: u32) -> (u32, u32, u32) {
    match bits & 7 {
        1 | 3 | 5 | 7 => (1, 1, 0),
        2 | 6 => (2, 2, 0),
        4 => (3, 3, 1),
        _ => (3, 5, 5),
    }
}

const fn entry(bits: u32, mode: u32, is_initial: bool) -> Entry {
    let is_large = mode == 4;
    let mut lengths = (0, 0, 0);
    let (mut first, mut second) = (0, 0);
    if mode & 1 == 1 || is_large {
        let (length, value, suffix) = prefix(bits);
        first = value;
        lengths = (length, suffix, 0);
    }
    if is_initial && mode == 3 && first > 2 {
        second = 1 + (bits >> lengths.0 & 1);
        lengths.0 += 1;
    } else if mode & 2 == 2 || is_large {
        let (length, value, suffix) = prefix(bits >> lengths.0);
        second = value;
        lengths = (lengths.0 + length, lengths.1, suffix);
    }
    if is_large {
        first += 2;
        second += 2;
    }
    let suffixes = lengths.1 + lengths.2;
    Entry((lengths.0 + suffixes) | lengths.0 << 8 | suffixes << 12 | lengths.1 << 16 | first << 20 | second << 24)
}

const fn table(is_initial: bool) -> Table {
    let mut table = [Entry(0); 512];
    let mut index = 0;
    while index < 5 * 64 {
        table[index as usize] = entry(index & 63, index >> 6, is_initial);
        index += 1;
    }
    table
}

impl Entry {
    /// The length of prefixes and suffixes.
    #[inline(always)]
    pub(super) fn length(self) -> u32 {
        self.0 & 0xFF
    }

    /// The offsets of both quads, with the suffixes from the bits at which the prefixes begin.
    #[inline(always)]
    pub(super) fn offsets(self, bits: u64) -> (u32, u32) {
        let suffixes = (bits >> (self.0 >> 8 & 15)) as u32 & ((1 << (self.0 >> 12 & 15)) - 1);
        let first = self.0 >> 16 & 15;
        ((self.0 >> 20 & 15) + (suffixes & ((1 << first) - 1)), (self.0 >> 24) + (suffixes >> first))
    }
}

/// The lowest offset with an extension, in a first row with large offsets too.
const EXTENDED: u32 = 5 + 28;

/// Whether one of the offsets has an extension; `added` is 2 if both are large in a first row.
#[inline(always)]
pub(super) fn has_extension(offsets: (u32, u32), added: u32) -> bool {
    offsets.0.max(offsets.1) >= EXTENDED + added
}

/// The extensions of an offset: four bits, if there are any; returns the length.
pub(super) fn extend(offset: &mut u32, bits: u64, added: u32) -> u32 {
    if *offset < EXTENDED + added {
        return 0;
    }
    *offset += (bits as u32 & 15) * 4;
    4
}

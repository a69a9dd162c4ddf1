//! F.2.2.1 and F.2.2.2: tables that decode a coefficient with one look-up.

use super::{CodeSearch, HuffmanSpec, extend};

/// Bits that a look-up uses. Tables of 12 bits were slower: they do not fit into the first-level cache.
const LOOKUP_BITS: u32 = 10;
const ENTRIES: usize = 1 << LOOKUP_BITS;
/// An entry without a value: a code that is longer than the look-up, has too many additional bits, or has none.
const SPECIAL: u32 = 0x80;

/// The result of a look-up: the value, if its code and additional bits fit.
///
/// Bits 0 to 6: bits to skip, 0 if the code is longer than the look-up. Bit 7: [`SPECIAL`]. Bits 8 to 15: the symbol, or
/// for an AC coefficient with a value the number of coefficients to advance by. Bits 16 to 31: the value.
#[derive(Clone, Copy)]
pub(crate) struct Entry(u32);

impl Entry {
    fn value_of(value: i32, middle: u32, length: u32) -> Self {
        Self(value.cast_unsigned() << 16 | middle << 8 | length)
    }

    fn special(symbol: u8, length: u32) -> Self {
        Self(u32::from(symbol) << 8 | SPECIAL | length)
    }

    #[inline(always)]
    pub(crate) fn is_special(self) -> bool {
        self.0 & SPECIAL != 0
    }

    /// Bits of the code, and of the value unless the entry is special.
    #[inline(always)]
    pub(crate) fn length(self) -> u32 {
        self.0 & 0x7F
    }

    /// True for the code of EOB, if it is not longer than the look-up.
    #[inline(always)]
    pub(crate) fn ends_block(self) -> bool {
        self.0 > SPECIAL && self.0 < 2 * SPECIAL
    }

    /// How many coefficients to advance by: the run of zeros and one.
    #[inline(always)]
    pub(crate) fn advance(self) -> usize {
        (self.0 >> 8 & 0xFF) as usize
    }

    #[inline(always)]
    fn symbol(self) -> u8 {
        (self.0 >> 8) as u8
    }

    #[inline(always)]
    pub(crate) fn value(self) -> i16 {
        (self.0 >> 16) as i16
    }
}

/// A table for DC differences, or for AC coefficients.
pub(crate) struct DctTable {
    entries: [Entry; ENTRIES],
    search: CodeSearch,
}

impl DctTable {
    /// A table whose symbols are sizes of DC differences (F.1.2.1).
    pub(crate) fn dc(spec: &HuffmanSpec) -> Self {
        Self::new(spec, |symbol, size, value, length| {
            if symbol > 15 { Entry::special(symbol, length - size) } else { Entry::value_of(value, 0, length) }
        })
    }

    /// A table whose symbols are runs and sizes of AC coefficients (F.1.2.2).
    pub(crate) fn ac(spec: &HuffmanSpec) -> Self {
        Self::new(spec, |symbol, size, value, length| {
            if size == 0 {
                Entry::special(symbol, length)
            } else {
                Entry::value_of(value, u32::from(symbol >> 4) + 1, length)
            }
        })
    }

    /// `entry` makes the entry of a symbol from the size and value of its additional bits and the length of all bits.
    fn new(spec: &HuffmanSpec, entry: impl Fn(u8, u32, i32, u32) -> Entry) -> Self {
        let mut entries = [Entry::special(0, 0); ENTRIES];
        for code in spec.codes().take_while(|code| code.length <= LOOKUP_BITS) {
            let free = LOOKUP_BITS - code.length;
            let first = (code.bits << free) as usize;
            let size = u32::from(code.symbol & 15);
            if size > free {
                entries[first..first + (1 << free)].fill(Entry::special(code.symbol, code.length));
                continue;
            }
            let repeats = 1usize << (free - size);
            for (bits, places) in (0..).zip(entries[first..first + (1 << free)].chunks_mut(repeats)) {
                places.fill(entry(code.symbol, size, extend(bits, size), code.length + size));
            }
        }
        Self { entries, search: CodeSearch::new(spec) }
    }

    /// The entry for the first bits of `window`.
    #[inline(always)]
    pub(crate) fn look_up(&self, window: u64) -> Entry {
        self.entries[(window >> (64 - LOOKUP_BITS)) as usize]
    }

    /// The symbol and the length of its code, for a special entry; none if there is no such code.
    #[inline(always)]
    pub(crate) fn symbol(&self, entry: Entry, window: u64) -> Option<(u8, u32)> {
        if entry.length() > 0 { Some((entry.symbol(), entry.length())) } else { self.search.find(window) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::huffman::tests::any_spec;
    use proptest::prelude::*;

    proptest! {
        /// With and without the value in the entry, the symbol and value are those of the plain search.
        #[test]
        fn look_ups_agree_with_the_search(spec in any_spec(255), windows in prop::collection::vec(any::<u64>(), 50)) {
            let (dc, ac, search) = (DctTable::dc(&spec), DctTable::ac(&spec), CodeSearch::new(&spec));
            for window in windows {
                let found = search.find(window);
                for (table, is_dc) in [(&dc, true), (&ac, false)] {
                    let entry = table.look_up(window);
                    if entry.is_special() {
                        prop_assert_eq!(table.symbol(entry, window), found);
                        continue;
                    }
                    let (symbol, length) = found.unwrap();
                    let size = u32::from(symbol & 15);
                    let bits = ((window << length) >> 1 >> (63 - size)) as u32;
                    prop_assert_eq!(i32::from(entry.value()), extend(bits, size));
                    prop_assert_eq!(entry.length(), length + size);
                    prop_assert_eq!(entry.advance(), if is_dc { 0 } else { usize::from(symbol >> 4) + 1 });
                }
            }
        }
    }
}

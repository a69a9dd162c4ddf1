//! H.1.2.2: a table that decodes two differences with one look-up.

use super::{CodeSearch, HuffmanSpec, extend};

/// Bits that a look-up uses; two differences of smooth images fit.
const LOOKUP_BITS: u32 = 13;
const ENTRIES: usize = 1 << LOOKUP_BITS;
/// Bits of the code that the second table uses.
const CODE_BITS: u32 = 10;
/// The size whose difference, 32768, has no additional bits.
const SIZE_WITHOUT_BITS: u8 = 16;

/// One or two differences.
///
/// Bits 0 to 3: bits to skip. Bits 4 and 5: the number of differences, 0 if not even one fits. Bits 6 to 18 and 19 to 31:
/// the differences; the second one is 0 where there is none.
#[derive(Clone, Copy)]
pub(crate) struct Pair(u32);

impl Pair {
    const NONE: Self = Self(0);

    #[inline(always)]
    pub(crate) fn is_none(self) -> bool {
        self.0 == 0
    }

    fn one(length: u32, first: i32) -> Self {
        Self((first.cast_unsigned() & 0x1FFF) << 6 | 1 << 4 | length)
    }

    fn two(self, then: Self) -> Self {
        Self(then.0 >> 6 << 19 | (self.0 & 0x7_FFC0) | 2 << 4 | (self.length() + then.length()))
    }

    #[inline(always)]
    pub(crate) fn length(self) -> u32 {
        self.0 & 15
    }

    #[inline(always)]
    pub(crate) fn count(self) -> usize {
        (self.0 >> 4 & 3) as usize
    }

    #[inline(always)]
    pub(crate) fn first(self) -> u16 {
        ((self.0 << 13).cast_signed() >> 19) as u16
    }

    #[inline(always)]
    pub(crate) fn second(self) -> u16 {
        (self.0.cast_signed() >> 19) as u16
    }
}

/// A code of at most [`CODE_BITS`]: its length in the lower byte and the size of its difference in the upper one.
#[derive(Clone, Copy)]
pub(crate) struct ShortCode(u16);

impl ShortCode {
    fn new(size: u8, length: u32) -> Self {
        Self(u16::from(size) << 8 | length as u16)
    }

    /// Bits of the code; 0 if another search is needed.
    #[inline(always)]
    pub(crate) fn length(self) -> u32 {
        u32::from(self.0 & 0xFF)
    }

    /// Additional bits: 0 to 15.
    #[inline(always)]
    pub(crate) fn size(self) -> u32 {
        u32::from(self.0 >> 8)
    }
}

/// A table for differences.
pub(crate) struct LosslessTable {
    pairs: [Pair; ENTRIES],
    /// Size and length of each code of at most [`CODE_BITS`]; length 0 for longer ones, and if there are no additional bits.
    codes: [ShortCode; 1 << CODE_BITS],
    search: CodeSearch,
}

impl LosslessTable {
    #[allow(clippy::large_stack_arrays, reason = "36 KB for a moment")]
    pub(crate) fn new(spec: &HuffmanSpec) -> Self {
        let mut table =
            Self { pairs: [Pair::NONE; ENTRIES], codes: [ShortCode(0); 1 << CODE_BITS], search: CodeSearch::new(spec) };
        table.fill_codes(spec);
        table.fill_single(spec);
        table.join_pairs();
        table
    }

    fn fill_codes(&mut self, spec: &HuffmanSpec) {
        for code in spec.codes().take_while(|code| code.length <= CODE_BITS) {
            let free = CODE_BITS - code.length;
            let first = (code.bits << free) as usize;
            if code.symbol < SIZE_WITHOUT_BITS {
                self.codes[first..first + (1 << free)].fill(ShortCode::new(code.symbol, code.length));
            }
        }
    }

    /// Each difference that fits by itself.
    fn fill_single(&mut self, spec: &HuffmanSpec) {
        for code in spec.codes().take_while(|code| code.length <= LOOKUP_BITS) {
            let free = LOOKUP_BITS - code.length;
            let size = u32::from(code.symbol);
            if size > free {
                continue;
            }
            let first = (code.bits << free) as usize;
            let repeats = 1usize << (free - size);
            for (bits, places) in (0..).zip(self.pairs[first..first + (1 << free)].chunks_mut(repeats)) {
                places.fill(Pair::one(code.length + size, extend(bits, size)));
            }
        }
    }

    /// Adds the next difference where all of its bits are known.
    fn join_pairs(&mut self) {
        let single = self.pairs.to_vec();
        for (index, pair) in self.pairs.iter_mut().enumerate().filter(|(_, pair)| pair.count() > 0) {
            let then = single[index << pair.length() & (ENTRIES - 1)];
            if then.count() > 0 && pair.length() + then.length() <= LOOKUP_BITS {
                *pair = pair.two(then);
            }
        }
    }

    #[inline(always)]
    pub(crate) fn look_up(&self, window: u64) -> Pair {
        self.pairs[(window >> (64 - LOOKUP_BITS)) as usize]
    }

    /// The code that begins `window`, if it is short and has additional bits.
    #[inline(always)]
    pub(crate) fn short_code(&self, window: u64) -> ShortCode {
        self.codes[(window >> (64 - CODE_BITS)) as usize]
    }

    /// Size and length of the code that begins `window`; none if there is no such code, or its size is above 16.
    #[inline(always)]
    pub(crate) fn code(&self, window: u64) -> Option<(u32, u32)> {
        let code = self.short_code(window);
        if code.length() > 0 {
            return Some((code.size(), code.length()));
        }
        let (size, length) = self.search.find(window)?;
        (size <= SIZE_WITHOUT_BITS).then_some((u32::from(size), length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::huffman::tests::any_spec;
    use proptest::prelude::*;

    /// The next difference of `window` and its bits, by the plain search.
    fn plain(search: &CodeSearch, window: u64) -> Option<(i32, u32)> {
        let (symbol, length) = search.find(window)?;
        let size = u32::from(symbol);
        (size < 16).then(|| {
            let bits = ((window << length) >> 1 >> (63 - size)) as u32;
            (extend(bits, size), length + size)
        })
    }

    proptest! {
        #[test]
        fn pairs_are_two_plain_differences(spec in any_spec(18), windows in prop::collection::vec(any::<u64>(), 50)) {
            let (table, search) = (LosslessTable::new(&spec), CodeSearch::new(&spec));
            for window in windows {
                let expected = search.find(window).filter(|(size, _)| *size <= 16);
                prop_assert_eq!(table.code(window), expected.map(|(size, length)| (u32::from(size), length)));
                let pair = table.look_up(window);
                let first = plain(&search, window).filter(|(_, length)| *length <= LOOKUP_BITS);
                prop_assert_eq!(pair.count() > 0, first.is_some());
                let Some((difference, length)) = first else { continue };
                prop_assert_eq!(i32::from(pair.first().cast_signed()), difference);
                let second = plain(&search, window << length).filter(|(_, more)| length + more <= LOOKUP_BITS);
                prop_assert_eq!(pair.count(), if second.is_some() { 2 } else { 1 });
                let (difference, more) = second.unwrap_or_default();
                prop_assert_eq!(i32::from(pair.second().cast_signed()), difference);
                prop_assert_eq!(pair.length(), length + more);
            }
        }
    }
}

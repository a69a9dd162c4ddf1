//! Annex C: Huffman codes from their lengths, and F.2.2.3: decoding them.

pub(crate) mod dct;
pub(crate) mod lossless;

use crate::error::{Error, ErrorKind, Result};
use dicomet_codec::Segment;

/// B.2.4.2: the number of codes of each length, and the symbols in the order of the codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HuffmanSpec {
    counts: [u8; 16],
    symbols: Vec<u8>,
}

/// A code of C.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code {
    /// The code in its lowest bits.
    pub(crate) bits: u32,
    pub(crate) length: u32,
    pub(crate) symbol: u8,
}

impl HuffmanSpec {
    /// Reads one table of a DHT segment, and checks that its codes are a prefix code.
    ///
    /// The code of ones alone, which C.2 reserves, is accepted, as in other decoders.
    pub(crate) fn parse(segment: &mut Segment<'_>) -> Result<Self> {
        let mut counts = [0; 16];
        counts.copy_from_slice(segment.take(16)?);
        let total: u32 = counts.iter().map(|&count| u32::from(count)).sum();
        if total > 256 {
            return Err(segment.parameter("Huffman codes", total, "at most 256").into());
        }
        let mut next = 0u32;
        for (length, &count) in (1..).zip(&counts) {
            next = (next << 1) + u32::from(count);
            if next > 1 << length {
                return Err(Error::of(segment, ErrorKind::OverSubscribed { length }));
            }
        }
        Ok(Self { counts, symbols: segment.take(total as usize)?.to_vec() })
    }

    /// All codes in ascending order (C.2, Figures C.1 to C.3).
    pub(crate) fn codes(&self) -> impl Iterator<Item = Code> {
        let lengths = (1u32..).zip(&self.counts).flat_map(|(length, &count)| (0..count).map(move |_| length));
        let mut next = Code { bits: 0, length: 0, symbol: 0 };
        lengths.zip(&self.symbols).map(move |(length, &symbol)| {
            let bits = next.bits << (length - next.length);
            next = Code { bits: bits + 1, length, symbol };
            Code { bits, length, symbol }
        })
    }
}

/// Finds codes of any length by the greatest code of each length (F.2.2.3, Figure F.16).
#[derive(Debug, Clone)]
pub(crate) struct CodeSearch {
    /// For each length, the first 16-bit pattern that starts with none of the codes up to that length.
    ends: [u32; 16],
    /// For each length, the number that turns a code into the place of its symbol.
    places: [i32; 16],
    symbols: [u8; 256],
}

impl CodeSearch {
    pub(crate) fn new(spec: &HuffmanSpec) -> Self {
        let mut search = Self { ends: [0; 16], places: [0; 16], symbols: [0; 256] };
        let (mut next, mut place) = (0i32, 0i32);
        for (index, &count) in spec.counts.iter().enumerate() {
            next <<= 1;
            search.places[index] = place - next;
            next += i32::from(count);
            place += i32::from(count);
            search.ends[index] = next.unsigned_abs() << (15 - index);
        }
        search.symbols[..spec.symbols.len()].copy_from_slice(&spec.symbols);
        search
    }

    /// The symbol and length of the code that begins the 64 bits `window`.
    pub(crate) fn find(&self, window: u64) -> Option<(u8, u32)> {
        let pattern = (window >> 48) as u32;
        let index = self.ends.iter().position(|end| pattern < *end)?;
        let code = (pattern >> (15 - index)).cast_signed();
        let place = (code + self.places[index]) as u8;
        Some((self.symbols[usize::from(place)], index as u32 + 1))
    }
}

/// F.2.2.1, Figure F.12: the value of `size` additional bits, 0 to 16 of them.
pub(crate) fn extend(bits: u32, size: u32) -> i32 {
    let bits = bits.cast_signed();
    if size > 0 && bits >> (size - 1) == 0 { bits - (1 << size) + 1 } else { bits }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A table of a DHT segment.
    pub(crate) fn spec(counts: [u8; 16], symbols: &[u8]) -> Result<HuffmanSpec> {
        let mut bytes = vec![0, (2 + 16 + symbols.len()) as u8];
        bytes.extend(counts);
        bytes.extend(symbols);
        HuffmanSpec::parse(&mut Segment::new(&bytes, 0).unwrap())
    }

    /// A prefix code of up to 40 symbols, from random lengths as far as codes are left.
    pub(crate) fn any_spec(greatest: u8) -> impl Strategy<Value = HuffmanSpec> {
        prop::collection::vec((1usize..=16, 0..=greatest), 1..40).prop_map(|wanted| {
            let (mut counts, mut free, mut symbols) = ([0u8; 16], 1u32 << 16, Vec::new());
            for (length, symbol) in wanted {
                let cost = 1 << (16 - length);
                if free >= cost {
                    free -= cost;
                    counts[length - 1] += 1;
                    symbols.push(symbol);
                }
            }
            spec(counts, &symbols).unwrap()
        })
    }

    #[test]
    fn codes_of_annex_k_3() {
        // Table K.3: 00, 010, 011, 100, 101, 110, 1110, ...
        let counts = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
        let spec = spec(counts, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]).unwrap();
        let codes: Vec<_> = spec.codes().map(|code| (code.bits, code.length)).collect();
        assert_eq!(codes[..7], [(0, 2), (2, 3), (3, 3), (4, 3), (5, 3), (6, 3), (14, 4)]);
        assert_eq!(codes[11], (0x1FE, 9));
    }

    #[test]
    fn over_subscribed_tables_are_refused() {
        let mut counts = [0; 16];
        counts[0] = 3;
        assert_eq!(spec(counts, &[1, 2, 3]).unwrap_err().kind, ErrorKind::OverSubscribed { length: 1 });
        counts = [0; 16];
        (counts[0], counts[15]) = (1, 255);
        assert!(spec(counts, &[7; 240]).is_err());
    }

    #[test]
    fn extension_is_figure_f_12() {
        assert_eq!([0, 1].map(|bits| extend(bits, 1)), [-1, 1]);
        assert_eq!([0, 3, 4, 7].map(|bits| extend(bits, 3)), [-7, -4, 4, 7]);
        assert_eq!(extend(0, 0), 0);
    }

    proptest! {
        #[test]
        fn search_finds_each_code_and_nothing_else(spec in any_spec(255), noise: u64) {
            let search = CodeSearch::new(&spec);
            for code in spec.codes() {
                let window = u64::from(code.bits) << (64 - code.length) | noise >> code.length;
                prop_assert_eq!(search.find(window), Some((code.symbol, code.length)));
            }
            let begins = |code: &Code| noise >> (64 - code.length) == u64::from(code.bits);
            prop_assert_eq!(search.find(noise).is_some(), spec.codes().any(|code| begins(&code)));
        }
    }
}

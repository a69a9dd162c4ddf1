//! PS3.3 C.7.9 Palette Color Lookup Table, and C.7.9.2, its segmented form.

use crate::alloc::{try_push, try_reserve, try_with_capacity};
use crate::error::{Error, ErrorKind, Result};
use crate::tag::{RED_PALETTE_DESCRIPTOR, SEGMENTED_RED_PALETTE_DATA};

/// The largest number of entries in a LUT Descriptor.
const MAX_ENTRIES: usize = 1 << 16;

/// Red, green and blue for consecutive stored values starting at `first`.
#[derive(Debug, Clone, PartialEq)]
pub struct Palette {
    first: f64,
    colors: Vec<[u16; 3]>,
    bits: u8,
}

impl Palette {
    /// Creates a palette of entries of 8 or 16 `bits`; all colors have the same number of entries.
    pub fn new(first: i32, [red, green, blue]: [&[u16]; 3], bits: u8) -> Result<Self> {
        let count = red.len().min(green.len()).min(blue.len()).min(MAX_ENTRIES);
        let mut colors = try_with_capacity(count)?;
        colors.extend((0..count).map(|index| [red[index], green[index], blue[index]]));
        if colors.is_empty() || !matches!(bits, 8 | 16) {
            let found = i64::from(bits);
            let kind = ErrorKind::Value { found, expected: "entries of 8 or 16 bits" };
            return Err(Error::new(RED_PALETTE_DESCRIPTOR, kind));
        }
        Ok(Self { first: f64::from(first), colors, bits })
    }

    /// The first stored value with its own color.
    #[must_use]
    pub fn first(&self) -> f64 {
        self.first
    }

    /// Returns the color of a stored value; lower values map to the first color, higher values to the last.
    #[must_use]
    #[expect(clippy::cast_sign_loss, reason = "negative numbers become 0")]
    pub fn at(&self, stored: f64) -> [u16; 3] {
        let index = (stored - self.first) as usize;
        self.colors.get(index.min(self.colors.len() - 1)).copied().unwrap_or_default()
    }

    /// The largest value an entry may have.
    #[must_use]
    pub fn max_entry(&self) -> u16 {
        u16::MAX >> (16 - self.bits)
    }
}

/// Expands segmented data (C.7.9.2) of 8-bit or 16-bit `words`: discrete, linear and indirect segments. The result has
/// `count` entries; any other number is an error, and no more are ever created.
pub fn expand_segmented(words: &[u16], wide: bool, count: usize) -> Result<Vec<u16>> {
    let mut expansion =
        Expansion { words, wide, count: count.min(MAX_ENTRIES), entries: Vec::new(), starts: Vec::new() };
    let mut at = 0;
    while at < words.len() {
        // Data of odd length is padded.
        if words.len() - at == 1 && expansion.entries.len() == expansion.count {
            break;
        }
        let next = expansion.segment(at)?;
        // Recorded after the expansion, so that an indirect segment cannot refer to itself.
        try_push(&mut expansion.starts, at)?;
        at = next;
    }
    if expansion.entries.len() != expansion.count {
        return Err(expansion.wrong(at, expansion.entries.len(), "as many entries as the LUT Descriptor says"));
    }
    Ok(expansion.entries)
}

struct Expansion<'a> {
    words: &'a [u16],
    wide: bool,
    count: usize,
    entries: Vec<u16>,
    /// The offsets of the segments expanded so far.
    starts: Vec<usize>,
}

impl Expansion<'_> {
    /// Expands the segment at word `at`, and returns the offset of the next one.
    fn segment(&mut self, at: usize) -> Result<usize> {
        let (opcode, length) = (self.word(at)?, usize::from(self.word(at + 1)?));
        if opcode == 2 {
            self.indirect(at, length)?;
            return Ok(at + 2 + if self.wide { 2 } else { 4 });
        }
        self.direct(at)
    }

    /// C.7.9.2.1 and C.7.9.2.2: entries as given, or interpolated from the last entry to the given one.
    fn direct(&mut self, at: usize) -> Result<usize> {
        let (opcode, length) = (self.word(at)?, usize::from(self.word(at + 1)?));
        if length > self.count - self.entries.len() {
            return Err(self.wrong(at + 1, length, "a segment within as many entries as the LUT Descriptor says"));
        }
        try_reserve(&mut self.entries, length)?;
        match opcode {
            0 => {
                let values = self.words.get(at + 2..at + 2 + length);
                let values = values.ok_or_else(|| self.wrong(at, self.words.len() - at, "a whole segment"))?;
                self.entries.extend_from_slice(values);
                Ok(at + 2 + length)
            }
            1 => {
                let first = self.entries.last().copied();
                let first = first.ok_or_else(|| self.wrong(at, 1, "a discrete segment first"))?;
                let last = self.word(at + 2)?;
                self.entries.extend((1..=length).map(|step| interpolate(first, last, step, length)));
                Ok(at + 3)
            }
            _ => Err(self.wrong(at, usize::from(opcode), "segment type 0, 1 or 2")),
        }
    }

    /// C.7.9.2.3: repeats `length` segments starting at a byte offset.
    fn indirect(&mut self, at: usize, length: usize) -> Result<()> {
        let part = |index: usize| self.word(at + 2 + index).map(u32::from);
        let offset = if self.wide {
            part(0)? | part(1)? << 16
        } else {
            part(0)? | part(1)? << 8 | part(2)? << 16 | part(3)? << 24
        };
        let start = offset as usize / if self.wide { 2 } else { 1 };
        let found = self.starts.binary_search(&start);
        let first = found.map_err(|_| self.wrong(at, start, "the offset of a segment before it"))?;
        for index in first..first.saturating_add(length) {
            let Some(start) = self.starts.get(index).copied() else {
                return Err(self.wrong(at, length, "as many segments as there are before it"));
            };
            if self.word(start)? == 2 {
                return Err(self.wrong(at, 2, "no indirect segment inside an indirect one"));
            }
            self.direct(start)?;
        }
        Ok(())
    }

    fn word(&self, at: usize) -> Result<u16> {
        self.words.get(at).copied().ok_or_else(|| self.wrong(at, self.words.len(), "a whole segment"))
    }

    fn wrong(&self, at: usize, found: usize, expected: &'static str) -> Error {
        let bytes = if self.wide { 2 } else { 1 };
        // The data of the red palette stands for that of any of the three.
        Error::new(
            SEGMENTED_RED_PALETTE_DATA,
            ErrorKind::Value { found: i64::try_from(found).unwrap_or(i64::MAX), expected },
        )
        .at((at * bytes) as u64)
    }
}

/// Returns the value after `step` of `steps` steps from `first` to `last`, rounded half to even. The product is exact,
/// and so is the quotient where it matters.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "not more than 65535 steps, and between two u16"
)]
fn interpolate(first: u16, last: u16, step: usize, steps: usize) -> u16 {
    let rise = f64::from(last) - f64::from(first);
    (f64::from(first) + (rise * step as f64 / steps as f64)).round_ties_even() as u16
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "exact")]
    use super::*;

    const COLORS: [&[u16]; 3] = [&[1, 2, 3], &[4, 5, 6], &[7, 8, 9]];

    #[test]
    fn values_outside_take_the_first_and_the_last_color() {
        let palette = Palette::new(-1, COLORS, 8).unwrap();
        for (stored, color) in
            [(-9.0, [1, 4, 7]), (-1.0, [1, 4, 7]), (0.0, [2, 5, 8]), (1.0, [3, 6, 9]), (99.0, [3, 6, 9])]
        {
            assert_eq!(palette.at(stored), color);
        }
        assert_eq!((palette.max_entry(), palette.first()), (255, -1.0));
        assert_eq!(Palette::new(0, COLORS, 16).unwrap().max_entry(), 65535);
        assert!(Palette::new(0, COLORS, 12).is_err());
        assert!(Palette::new(0, [&[1], &[], &[1]], 8).is_err());
    }

    /// Expected entries computed by hand.
    #[test]
    fn segments() {
        for (words, wide, entries) in [
            (&[0, 3, 7, 8, 9][..], true, &[7, 8, 9][..]),
            (&[0, 1, 10, 1, 4, 20], true, &[10, 12, 15, 18, 20]),
            (&[0, 1, 20, 1, 2, 0, 1, 2, 0], true, &[20, 10, 0, 0, 0]),
            // Repeats both segments, starting at byte 0.
            (&[0, 1, 10, 1, 2, 14, 2, 2, 0, 0], true, &[10, 12, 14, 10, 12, 14]),
            // Repeats only the second segment, at byte 6, which continues from the last value.
            (&[0, 1, 10, 1, 2, 14, 2, 1, 6, 0], true, &[10, 12, 14, 14, 14]),
            (&[0, 1, 10, 1, 2, 14, 2, 1, 3, 0, 0, 0], false, &[10, 12, 14, 14, 14]),
            // Padded to an even length.
            (&[0, 1, 10, 0], false, &[10]),
        ] {
            assert_eq!(expand_segmented(words, wide, entries.len()).as_deref(), Ok(entries), "{words:?}");
        }
    }

    #[test]
    fn invalid_segments_are_refused() {
        for (words, why) in [
            (&[][..], "offset 0: found 0, expected as many entries"),
            (&[0, 3, 7, 8], "offset 0: found 4, expected a whole segment"),
            (&[0, 4, 7, 8, 9, 10], "offset 2: found 4, expected a segment within"),
            (&[1, 3, 7], "offset 0: found 1, expected a discrete segment first"),
            (&[3, 3, 7], "offset 0: found 3, expected segment type"),
            (&[0, 1, 7, 1, 2], "expected a whole segment"),
            (&[0, 1, 7, 2, 1, 2, 0], "expected the offset of a segment before it"),
            (&[0, 1, 7, 2, 2, 0, 0], "expected as many segments as there are before it"),
            (&[0, 1, 7, 2, 1, 6, 0], "found 3, expected the offset of a segment before it"),
            (&[2, 0, 0, 0], "found 0, expected the offset of a segment before it"),
            (&[0, 1, 7, 2, 1, 0, 0, 2, 1, 6, 0], "expected no indirect segment"),
            (&[0, 1, 7, 2, 65535, 0, 0], "expected as many"),
        ] {
            let error = expand_segmented(words, true, 3).unwrap_err().to_string();
            assert!(error.contains(why), "{words:?}: {error}");
        }
    }
}

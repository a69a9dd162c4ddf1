//! PS3.5 A.4 Basic Offset Table and PS3.3 C.7.6.3.1.8 Extended Offset Table.
//!
//! A table is believed where every entry is that of an item, in ascending order; else it is ignored, and the caller told.

use crate::error::{EXTENDED_OFFSET_TABLE, Error, PIXEL_DATA, Problem, Result, try_with_capacity};
use crate::item::Fragment;

/// The offset of the first item of each frame, from the end of the table.
#[derive(Debug)]
pub(crate) struct BasicOffsetTable {
    offsets: Vec<u32>,
    /// Bytes of an entry that is cut, so that none can be trusted.
    rest: usize,
    end: u64,
    ascending: bool,
}

impl BasicOffsetTable {
    /// Reads the `bytes` of the item's value, which ends at `end`.
    pub(crate) fn new(bytes: &[u8], end: u64) -> Result<Self> {
        let (entries, rest) = bytes.as_chunks::<4>();
        let mut offsets = try_with_capacity(entries.len())?;
        offsets.extend(entries.iter().map(|offset| u32::from_le_bytes(*offset)));
        let ascending = offsets.first() == Some(&0) && offsets.is_sorted_by(|a, b| a < b);
        Ok(Self { offsets, rest: rest.len(), end, ascending })
    }

    /// Where the first fragment's item begins.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// There is no table, which is allowed.
    pub(crate) fn is_empty(&self) -> bool {
        self.offsets.is_empty() && self.rest == 0
    }

    /// The length is not that of whole entries.
    pub(crate) fn is_cut(&self) -> bool {
        self.rest > 0
    }

    /// Where frame `index` of `frames` begins, and the next frame where there is one; none where the table cannot tell,
    /// or goes beyond the value's `length`.
    pub(crate) fn range(&self, index: usize, frames: u64, length: u64) -> Option<(u64, Option<u64>)> {
        let last = self.end.saturating_add(u64::from(*self.offsets.last()?));
        if !self.ascending || self.rest > 0 || self.offsets.len() as u64 != frames || last >= length {
            return None;
        }
        let place = |offset: &u32| self.end + u64::from(*offset);
        Some((self.offsets.get(index).map(place)?, self.offsets.get(index + 1).map(place)))
    }

    /// The first entries are those of these fragments, one for each.
    pub(crate) fn begins_with(&self, fragments: &[Fragment]) -> bool {
        let items = fragments.iter().map(|fragment| Some(fragment.item()));
        let known = self.offsets.iter().map(|offset| self.end.checked_add(u64::from(*offset)));
        self.rest == 0 && self.offsets.len() >= fragments.len() && items.eq(known.take(fragments.len()))
    }

    /// The number of the first fragment behind each frame; none where the table does not match. Where the value is
    /// damaged at offset `stop`, the ends before that.
    pub(crate) fn ends(&self, fragments: &[Fragment], frames: u64, stop: Option<u64>) -> Result<Option<Vec<usize>>> {
        if !self.ascending || self.rest > 0 || (self.offsets.len() as u64) < frames || fragments.is_empty() {
            return Ok(None);
        }
        let mut ends = try_with_capacity(self.offsets.len())?;
        for offset in &self.offsets[1..] {
            let item = self.end + u64::from(*offset);
            match fragments.binary_search_by_key(&item, |fragment| fragment.item()) {
                Ok(index) => ends.push(index),
                Err(_) if stop == Some(item) => {
                    ends.push(fragments.len());
                    return Ok(Some(ends));
                }
                Err(_) => return Ok(None),
            }
        }
        if stop.is_none() {
            ends.push(fragments.len());
        }
        Ok(Some(ends))
    }
}

/// 64-bit offsets and lengths, for frames of one fragment each.
#[derive(Debug)]
pub struct ExtendedOffsetTable {
    offsets: Vec<u64>,
    lengths: Vec<u64>,
    /// And no entry reaches into the next: a few bytes would be many large frames.
    ascending: bool,
}

impl ExtendedOffsetTable {
    /// Takes the values of the table and of its lengths.
    #[must_use]
    pub fn new(offsets: Vec<u64>, lengths: Vec<u64>) -> Self {
        let apart = |at: usize| {
            let end = Fragment::of_item(offsets[at], lengths[at]).map(Fragment::end);
            end.is_some_and(|end| end <= offsets[at + 1])
        };
        let ascending = offsets.len() == lengths.len() && (1..offsets.len()).all(|next| apart(next - 1));
        Self { offsets, lengths, ascending }
    }

    /// Takes them as they are stored; an odd rest of bytes is left out.
    pub fn of_bytes(offsets: &[u8], lengths: &[u8]) -> Result<Self> {
        Ok(Self::new(numbers(offsets)?, numbers(lengths)?))
    }

    /// Number of entries.
    pub(crate) fn len(&self) -> usize {
        self.offsets.len()
    }

    /// The fragment of frame `index` of `frames`, by the table alone; `start` is where the first item begins.
    pub(crate) fn entry(&self, index: usize, start: u64, frames: u64) -> Option<Fragment> {
        if !self.ascending || self.offsets.len() as u64 != frames {
            return None;
        }
        Fragment::of_item(start.checked_add(*self.offsets.get(index)?)?, *self.lengths.get(index)?)
    }

    /// The fragment of each entry up to the first that has none, with its length by the table, which may leave out
    /// padding; none where the table cannot be used.
    pub(crate) fn select(&self, fragments: &[Fragment], start: u64, frames: u64) -> Result<Option<Vec<Fragment>>> {
        let count = self.offsets.len() as u64;
        if count < frames {
            return Ok(None);
        }
        let mut selected = try_with_capacity(self.offsets.len())?;
        for index in 0..self.offsets.len() {
            let Some(entry) = self.entry(index, start, count) else { return Ok(None) };
            match fragments.binary_search_by_key(&entry.offset, |fragment| fragment.offset) {
                Ok(item) if fits(entry, fragments[item]) => selected.push(entry),
                _ => break,
            }
        }
        Ok(Some(selected))
    }
}

fn numbers(bytes: &[u8]) -> Result<Vec<u64>> {
    let entries = bytes.as_chunks::<8>().0;
    let mut numbers = try_with_capacity(entries.len())?;
    numbers.extend(entries.iter().map(|entry| u64::from_le_bytes(*entry)));
    Ok(numbers)
}

/// An entry may leave out the padding byte of its item.
pub(crate) fn fits(entry: Fragment, item: Fragment) -> bool {
    entry.offset == item.offset && (entry.length == item.length || entry.length.checked_add(1) == Some(item.length))
}

pub(crate) fn unusable_basic(fragments: usize) -> Error {
    let table = "Basic Offset Table";
    Error::new(PIXEL_DATA, Problem::OffsetTable { table, fragments: fragments as u64 })
}

pub(crate) fn unusable_extended(fragments: usize) -> Error {
    let table = "Extended Offset Table";
    Error::new(EXTENDED_OFFSET_TABLE, Problem::OffsetTable { table, fragments: fragments as u64 })
}

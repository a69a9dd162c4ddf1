//! PS3.5 A.4 Basic Offset Table and PS3.3 C.7.6.3.1.8 Extended Offset Table.
//!
//! A table is believed where every entry is that of an item, in ascending order; else it is ignored, and the caller told.
//! An Extended Offset Table names every item, so that its own arithmetic tells most of what can be wrong with it.

use crate::error::{EXTENDED_OFFSET_TABLE, Error, ErrorKind, PIXEL_DATA, Result, try_with_capacity};
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
        let last = self.last()?;
        if !self.ascending || self.rest > 0 || self.offsets.len() as u64 != frames || last >= length {
            return None;
        }
        let place = |offset: &u32| self.end + u64::from(*offset);
        Some((self.offsets.get(index).map(place)?, self.offsets.get(index + 1).map(place)))
    }

    /// Where the last frame begins.
    pub(crate) fn last(&self) -> Option<u64> {
        self.end.checked_add(u64::from(*self.offsets.last()?))
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
    /// The first offset is 0 and each of the others is where the item before it ends: every item has one entry.
    contiguous: bool,
}

impl ExtendedOffsetTable {
    /// Takes the values of the table and of its lengths.
    #[must_use]
    pub fn new(offsets: Vec<u64>, lengths: Vec<u64>) -> Self {
        let follows = |next: usize| {
            let start = Fragment::of_item(offsets[next - 1], 0).map(Fragment::end);
            let stored = start.and_then(|start| offsets[next].checked_sub(start));
            stored.is_some_and(|stored| is_stored_length(lengths[next - 1], stored))
        };
        let contiguous =
            offsets.len() == lengths.len() && offsets.first() == Some(&0) && (1..offsets.len()).all(follows);
        Self { offsets, lengths, contiguous }
    }

    /// Takes them as they are stored; an odd rest of bytes is left out.
    pub fn of_bytes(offsets: &[u8], lengths: &[u8]) -> Result<Self> {
        Ok(Self::new(numbers(offsets)?, numbers(lengths)?))
    }

    /// Number of entries.
    pub(crate) fn len(&self) -> usize {
        self.offsets.len()
    }

    /// The table can be one of `frames` frames or more, as far as the table alone tells (PS3.3 C.7.6.3.1.8).
    pub(crate) fn is_usable(&self, frames: u64) -> bool {
        self.contiguous && self.offsets.len() as u64 >= frames
    }

    /// The fragment of entry `index`, by the table alone; `start` is where the first item begins.
    pub(crate) fn entry(&self, index: usize, start: u64) -> Option<Fragment> {
        Fragment::of_item(start.checked_add(*self.offsets.get(index)?)?, *self.lengths.get(index)?)
    }

    /// The fragment of each entry up to the first that is not that of its item, with its length by the table, which may
    /// leave out padding. Of an entry without bytes the item is not in `fragments`, which has no empty ones.
    pub(crate) fn select(&self, fragments: &[Fragment], start: u64) -> Result<Vec<Fragment>> {
        let mut selected = try_with_capacity(self.offsets.len())?;
        let mut items = fragments.iter().peekable();
        for entry in (0..self.offsets.len()).map_while(|index| self.entry(index, start)) {
            if entry.length > 0 && items.next_if(|item| fits(entry, **item)).is_none() {
                break;
            }
            selected.push(entry);
        }
        Ok(selected)
    }

    /// Number of entries without bytes.
    pub(crate) fn empty(&self) -> u64 {
        self.lengths.iter().filter(|length| **length == 0).count() as u64
    }
}

fn numbers(bytes: &[u8]) -> Result<Vec<u64>> {
    let entries = bytes.as_chunks::<8>().0;
    let mut numbers = try_with_capacity(entries.len())?;
    numbers.extend(entries.iter().map(|entry| u64::from_le_bytes(*entry)));
    Ok(numbers)
}

/// An entry is that of `item`.
pub(crate) fn fits(entry: Fragment, item: Fragment) -> bool {
    entry.offset == item.offset && is_stored_length(entry.length, item.length)
}

/// The length of a frame may leave out the padding byte, with which the length of its item is even.
fn is_stored_length(length: u64, stored: u64) -> bool {
    length == stored || (length % 2 == 1 && length.checked_add(1) == Some(stored))
}

pub(crate) fn unusable_basic(fragments: usize) -> Error {
    let table = "Basic Offset Table";
    Error::new(PIXEL_DATA, ErrorKind::OffsetTable { table, fragments: fragments as u64 })
}

pub(crate) fn unusable_extended(fragments: usize) -> Error {
    let table = "Extended Offset Table";
    Error::new(EXTENDED_OFFSET_TABLE, ErrorKind::OffsetTable { table, fragments: fragments as u64 })
}

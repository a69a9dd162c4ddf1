//! PS3.5 A.4 Basic Offset Table and PS3.3 C.7.6.3.1.8 Extended Offset Table.
//!
//! A table is used if every entry is the offset of an item, in ascending order. Otherwise it is ignored with a warning.
//! An Extended Offset Table lists every item, so most defects show in its own arithmetic.

use crate::alloc::try_with_capacity;
use crate::error::{Error, ErrorKind, Result};
use crate::item::Fragment;
use crate::tag::{EXTENDED_OFFSET_TABLE, PIXEL_DATA};

/// The offset of the first item of each frame, from the end of the table.
#[derive(Debug)]
pub(crate) struct BasicOffsetTable {
    offsets: Vec<u32>,
    /// Bytes of a truncated entry; if there are any, no entry is reliable.
    rest: usize,
    end: u64,
    ascending: bool,
}

impl BasicOffsetTable {
    /// Parses the `bytes` of the item's value, which ends at `end`.
    pub(crate) fn new(bytes: &[u8], end: u64) -> Result<Self> {
        let (entries, rest) = bytes.as_chunks::<4>();
        let mut offsets = try_with_capacity(entries.len())?;
        offsets.extend(entries.iter().map(|offset| u32::from_le_bytes(*offset)));
        let ascending = offsets.first() == Some(&0) && offsets.is_sorted_by(|a, b| a < b);
        Ok(Self { offsets, rest: rest.len(), end, ascending })
    }

    /// Where the first fragment's item starts.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Whether there is no table, which is allowed.
    pub(crate) fn is_empty(&self) -> bool {
        self.offsets.is_empty() && self.rest == 0
    }

    /// Whether the length is not a multiple of the entry size.
    pub(crate) fn is_cut(&self) -> bool {
        self.rest > 0
    }

    /// Returns the start of frame `index` of `frames`, and the start of the next frame if there is one; None if the
    /// table is not reliable, or extends beyond the value's `length`.
    pub(crate) fn range(&self, index: usize, frames: u64, length: u64) -> Option<(u64, Option<u64>)> {
        let last = self.last()?;
        if !self.ascending || self.rest > 0 || self.offsets.len() as u64 != frames || last >= length {
            return None;
        }
        let place = |offset: &u32| self.end + u64::from(*offset);
        Some((self.offsets.get(index).map(place)?, self.offsets.get(index + 1).map(place)))
    }

    /// Where each frame starts.
    pub(crate) fn entries(&self) -> impl Iterator<Item = u64> {
        self.offsets.iter().map(|offset| self.end.saturating_add(u64::from(*offset)))
    }

    /// Where the last frame starts.
    pub(crate) fn last(&self) -> Option<u64> {
        self.end.checked_add(u64::from(*self.offsets.last()?))
    }

    /// Whether the first entries match these fragments, one entry per fragment.
    pub(crate) fn begins_with(&self, fragments: &[Fragment]) -> bool {
        let items = fragments.iter().map(|fragment| Some(fragment.item()));
        let known = self.offsets.iter().map(|offset| self.end.checked_add(u64::from(*offset)));
        self.rest == 0 && self.offsets.len() >= fragments.len() && items.eq(known.take(fragments.len()))
    }

    /// Returns, for each frame, the number of the first fragment after it, or None if the table does not match. If the
    /// value is malformed at offset `stop`, returns only the ends before it.
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
    /// Whether the first offset is 0 and each other offset is the end of the previous item: every item has one entry.
    contiguous: bool,
}

impl ExtendedOffsetTable {
    /// Creates a table from the values of the offsets and lengths elements.
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

    /// Parses the stored values; trailing bytes of an incomplete entry are ignored.
    pub fn of_bytes(offsets: &[u8], lengths: &[u8]) -> Result<Self> {
        Ok(Self::new(numbers(offsets)?, numbers(lengths)?))
    }

    /// Number of entries.
    pub(crate) fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Whether this can be the table of at least `frames` frames, judged by the table alone (PS3.3 C.7.6.3.1.8).
    pub(crate) fn is_usable(&self, frames: u64) -> bool {
        self.contiguous && self.offsets.len() as u64 >= frames
    }

    /// Returns the fragment of entry `index`, by the table alone; `start` is where the first item starts.
    pub(crate) fn entry(&self, index: usize, start: u64) -> Option<Fragment> {
        Fragment::of_item(start.checked_add(*self.offsets.get(index)?)?, *self.lengths.get(index)?)
    }

    /// Returns the fragments of the entries up to the first entry that does not match its item. Lengths are those of
    /// the table, which may exclude padding. The item of an entry without bytes is not in `fragments`, which excludes
    /// empty fragments.
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

/// Whether an entry matches `item`.
pub(crate) fn fits(entry: Fragment, item: Fragment) -> bool {
    entry.offset == item.offset && is_stored_length(entry.length, item.length)
}

/// The length of a frame may exclude the padding byte that makes the length of its item even.
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

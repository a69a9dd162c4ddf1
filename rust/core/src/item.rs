//! PS3.5 A.4 and 7.5: reads the items of encapsulated pixel data, one per fragment.

use crate::alloc::grow;
use crate::error::{Error, ErrorKind, Result};
use crate::parallel::CancelCheck;
use crate::source::{ReadResult, Source};
use crate::tag::number::{ITEM, SEQUENCE_DELIMITATION_ITEM};

pub(crate) const ITEM_HEADER: u64 = 8;
pub(crate) const UNDEFINED: u32 = 0xFFFF_FFFF;

/// The bytes of a fragment, without its item header: offset in the value, and length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment {
    /// Offset of the first byte.
    pub offset: u64,
    /// Number of bytes.
    pub length: u64,
}

impl Fragment {
    /// Returns the fragment of an item of `length` bytes at `item`, or None if its end overflows.
    pub(crate) fn of_item(item: u64, length: u64) -> Option<Self> {
        let offset = item.checked_add(ITEM_HEADER)?;
        offset.checked_add(length).map(|_| Self { offset, length })
    }

    /// Where the item starts.
    pub(crate) fn item(self) -> u64 {
        self.offset.saturating_sub(ITEM_HEADER)
    }

    /// Where the next item starts.
    pub(crate) fn end(self) -> u64 {
        self.offset.saturating_add(self.length)
    }
}

/// Returns the fragment of an item header at `at`, or None for the delimiter.
pub(crate) fn fragment_of((tag, length): (u32, u32), at: u64, end: u64) -> Result<Option<Fragment>> {
    let left = end.saturating_sub(at.saturating_add(ITEM_HEADER));
    let kind = match (tag, length) {
        (SEQUENCE_DELIMITATION_ITEM, _) => return Ok(None),
        (ITEM, UNDEFINED) => ErrorKind::UndefinedItem,
        (ITEM, length) if u64::from(length) > left => ErrorKind::ItemLength { length: u64::from(length), left },
        (ITEM, length) => return Ok(Fragment::of_item(at, u64::from(length))),
        (found, _) => {
            let expected = "an Item (FFFE,E000) or the Sequence Delimitation Item (FFFE,E0DD)";
            ErrorKind::Tag { found, expected }
        }
    };
    Err(Error::pixel_data(kind).at(at))
}

/// Reads consecutive item headers: one at a time if fragments are long, a block at a time if they are short.
pub(crate) struct ItemReader<'a, S> {
    source: &'a S,
    block: [u8; HEADER_BLOCK_BYTES],
    /// The number of valid bytes in `block`; `start` is the offset of the first.
    filled: usize,
    start: u64,
}

/// Bytes of a fragment read between two checks for cancellation.
const CANCEL_CHECK_BYTES: usize = if crate::SMALL_BUFFERS { 1 << 6 } else { 1 << 24 };
/// Bytes read at a time if the previous header is less than a quarter of a block away.
const HEADER_BLOCK_BYTES: usize = if crate::SMALL_BUFFERS { 40 } else { 4096 };

impl<'a, S: Source> ItemReader<'a, S> {
    pub(crate) fn new(source: &'a S) -> Self {
        Self { source, block: [0; HEADER_BLOCK_BYTES], filled: 0, start: 0 }
    }

    /// Returns tag and length at `offset`, or None if the source ends before.
    pub(crate) fn at(&mut self, offset: u64) -> ReadResult<Option<(u32, u32)>, S> {
        if let Some(header) = self.known(offset) {
            return Ok(Some(header));
        }
        let end = self.start.saturating_add(self.filled as u64);
        let near = offset.checked_sub(end).is_some_and(|step| step < HEADER_BLOCK_BYTES as u64 / 4);
        let wanted = if near { HEADER_BLOCK_BYTES } else { ITEM_HEADER as usize };
        self.start = offset;
        self.filled = self.source.read_at(offset, &mut self.block[..wanted])?.min(wanted);
        Ok(self.known(offset))
    }

    pub(crate) fn is_delimiter(&mut self, offset: u64) -> ReadResult<bool, S> {
        Ok(matches!(self.at(offset)?, Some((SEQUENCE_DELIMITATION_ITEM, _))))
    }

    fn known(&self, offset: u64) -> Option<(u32, u32)> {
        let place = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        self.block[..self.filled].get(place..)?.first_chunk().copied().map(parse_header)
    }
}

/// Returns the fragments of the first `bytes` bytes of a frame.
pub(crate) fn first_bytes(fragments: &[Fragment], bytes: u64) -> Vec<Fragment> {
    let (mut first, mut left) = (Vec::new(), bytes);
    for fragment in fragments {
        if left == 0 {
            break;
        }
        let length = fragment.length.min(left);
        left -= length;
        if length > 0 {
            first.push(Fragment { length, ..*fragment });
        }
    }
    first
}

/// Returns the bytes of a frame: those of its only fragment in memory, or of all fragments concatenated in `scratch`.
pub fn read_fragments<'a, S: Source>(
    source: &'a S,
    fragments: &[Fragment],
    scratch: &'a mut Vec<u8>,
    cancel: &mut CancelCheck<'_>,
) -> ReadResult<&'a [u8], S> {
    let too_large = || Error::pixel_data(ErrorKind::TooLarge);
    if let ([fragment], Some(_)) = (fragments, source.in_memory()) {
        let length = usize::try_from(fragment.length).map_err(|_| too_large())?;
        return source.bytes_at(fragment.offset, length, scratch);
    }
    let mut length: usize = 0;
    for fragment in fragments {
        let mut at = fragment.offset;
        while at < fragment.end() {
            cancel.check()?;
            let (start, bytes) = (length, (fragment.end() - at).min(CANCEL_CHECK_BYTES as u64));
            length = length.checked_add(bytes as usize).ok_or_else(too_large)?;
            grow(scratch, length)?;
            let read = source.read_at(at, &mut scratch[start..length])?;
            length = start + read.min(bytes as usize);
            at = if length - start < bytes as usize { fragment.end() } else { at + bytes };
        }
    }
    Ok(&scratch[..length])
}

fn parse_header([g0, g1, e0, e1, l0, l1, l2, l3]: [u8; 8]) -> (u32, u32) {
    let tag = u32::from(u16::from_le_bytes([g0, g1])) << 16 | u32::from(u16::from_le_bytes([e0, e1]));
    (tag, u32::from_le_bytes([l0, l1, l2, l3]))
}

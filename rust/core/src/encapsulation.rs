//! PS3.5 A.4: encapsulated pixel data, and the location of each frame's bytes.

mod single;
mod walk;

use crate::alloc::{try_push, zeroed};
use crate::error::{Error, ErrorKind, Result};
use crate::item::{Fragment, ITEM_HEADER, ItemReader};
use crate::offset_table::{self, BasicOffsetTable, ExtendedOffsetTable};
use crate::parallel::Parallelism;
use crate::source::{ReadResult, Source};
use crate::tag::number::ITEM;
use std::sync::OnceLock;
use walk::Walk;

/// What is known about the value before it is read.
#[derive(Debug)]
pub struct Value {
    /// Bytes to the end of the value, or to the end of the file if the length is undefined.
    pub length: u64,
    /// Whether these bytes include the Sequence Delimitation Item: the length is undefined, and no parser has removed
    /// it.
    pub delimited: bool,
    /// Number of Frames.
    pub frames: u64,
    /// Whether frames end with an end-of-image marker, which delimits them if there is no table.
    pub codestreams: bool,
    /// Extended Offset Table.
    pub extended: Option<ExtendedOffsetTable>,
}

/// How fragments are grouped into frames.
#[derive(Debug)]
pub(crate) enum FrameGrouping {
    /// One fragment per frame.
    OnePerFragment,
    /// All fragments belong to the only frame.
    Single,
    /// For each frame, the number of the first fragment after it.
    Boundaries(Vec<usize>),
}

/// The fragments of each frame, in order.
#[derive(Debug)]
pub struct FrameIndex {
    fragments: Vec<Fragment>,
    grouping: FrameGrouping,
    /// Why the index ends here, or has fewer frames than Number of Frames: the value is malformed after them.
    pub defect: Option<Error>,
    /// Defects that were tolerated.
    pub warnings: Vec<Error>,
}

impl FrameIndex {
    fn new(fragments: Vec<Fragment>, grouping: FrameGrouping) -> Self {
        Self { fragments, grouping, defect: None, warnings: Vec::new() }
    }

    /// Returns an index of one frame that consists of `fragments`.
    #[must_use]
    pub fn single(fragments: Vec<Fragment>) -> Self {
        Self::new(fragments, FrameGrouping::Single)
    }

    /// Where the last fragment ends.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.fragments.iter().map(|fragment| fragment.end()).max().unwrap_or(0)
    }

    /// Number of frames.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.grouping {
            FrameGrouping::OnePerFragment => self.fragments.len(),
            FrameGrouping::Single => 1,
            FrameGrouping::Boundaries(ends) => ends.len(),
        }
    }

    /// Whether no frame was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The fragments of frame `index`; empty after the last frame.
    #[must_use]
    pub fn frame(&self, index: usize) -> &[Fragment] {
        let range = match &self.grouping {
            FrameGrouping::OnePerFragment => index..index.saturating_add(1),
            FrameGrouping::Single => 0..if index == 0 { self.fragments.len() } else { 0 },
            FrameGrouping::Boundaries(ends) => match ends.get(index) {
                Some(&end) => index.checked_sub(1).map_or(0, |before| ends[before])..end,
                None => 0..0,
            },
        };
        self.fragments.get(range).unwrap_or_default()
    }
}

/// Encapsulated pixel data whose Basic Offset Table has been read.
#[derive(Debug)]
pub struct EncapsulatedPixelData {
    value: Value,
    table: BasicOffsetTable,
    /// Whether the Basic Offset Table as a whole can be right, once known.
    table_plausible: OnceLock<bool>,
}

impl EncapsulatedPixelData {
    /// Reads the first item: the Basic Offset Table (PS3.5 A.4), which may be empty.
    pub fn open<S: Source>(source: &S, value: Value) -> ReadResult<Self, S> {
        let expected = "the Item (FFFE,E000) of the Basic Offset Table";
        let Some((tag, length)) = ItemReader::new(source).at(0)? else {
            let kind = ErrorKind::Length { found: value.length, expected: ITEM_HEADER };
            return Err(Error::pixel_data(kind).into());
        };
        if tag != ITEM {
            return Err(Error::pixel_data(ErrorKind::Tag { found: tag, expected }).at(0).into());
        }
        let left = value.length.saturating_sub(ITEM_HEADER);
        if u64::from(length) > left {
            return Err(Error::pixel_data(ErrorKind::ItemLength { length: u64::from(length), left }).at(0).into());
        }
        let mut bytes = zeroed(length as usize)?;
        let read = source.read_at(ITEM_HEADER, &mut bytes)?;
        let table = BasicOffsetTable::new(&bytes[..read.min(bytes.len())], ITEM_HEADER + u64::from(length))?;
        Ok(Self { value, table, table_plausible: OnceLock::new() })
    }

    /// Finds every frame: by the Extended Offset Table, else by the Basic Offset Table, else by counting fragments.
    ///
    /// Frames before a defect are whole and usable; [`FrameIndex::defect`] describes the defect.
    pub fn build_frame_index<S: Source>(&self, source: &S, parallelism: &Parallelism<'_>) -> ReadResult<FrameIndex, S> {
        let Walk { fragments, empty, items_end, mut warnings, defect, end } = self.walk(source, parallelism)?;
        if empty > 0 {
            warnings.insert(0, Error::pixel_data(ErrorKind::EmptyFragments { count: empty }));
        }
        if let Some(defect) = defect {
            let frames = self.assign_before(source, fragments, defect.offset, &mut warnings)?;
            let with_defect = |frames| FrameIndex { defect: Some(defect.clone()), warnings, ..frames };
            return frames.map(with_defect).ok_or_else(|| defect.clone().into());
        }
        let frames = self.assign(source, fragments, (empty, items_end), &mut warnings)?;
        let (found, expected) = (frames.len() as u64, self.value.frames);
        let kind = ErrorKind::FrameCount { found, expected };
        let missing = (found < expected).then(|| Error { offset: end, ..Error::pixel_data(kind) });
        Ok(FrameIndex { defect: missing, warnings, ..frames })
    }

    /// Assigns fragments to frames. `empty`: number of items without content; `items_end`: end of the last item.
    fn assign<S: Source>(
        &self,
        source: &S,
        fragments: Vec<Fragment>,
        (empty, items_end): (u64, u64),
        warnings: &mut Vec<Error>,
    ) -> ReadResult<FrameIndex, S> {
        let frames = self.value.frames;
        if let Some(table) = &self.value.extended {
            if table.is_usable(frames) && table.empty() <= empty {
                let selected = table.select(&fragments, self.table.end())?;
                let named = (table.len() as u64).saturating_sub(table.empty());
                let count = (fragments.len() as u64).saturating_sub(named);
                // If there are fragments without an entry, the items of the entries without bytes are unknown.
                // The item of an entry without bytes is not among the fragments.
                let inside = selected.iter().all(|entry| entry.end() <= items_end.min(self.value.length));
                if inside && selected.len() == table.len() && (count == 0 || table.empty() == 0) {
                    if count > 0 {
                        warnings.push(Error::pixel_data(ErrorKind::UnusedFragments { count }));
                    }
                    if self.table.is_cut() {
                        warnings.push(offset_table::unusable_basic(fragments.len()));
                    }
                    return Ok(FrameIndex::new(selected, FrameGrouping::OnePerFragment));
                }
            }
            warnings.push(offset_table::unusable_extended(fragments.len()));
        }
        if !self.table.is_empty() {
            if let Some(ends) = self.table.ends(&fragments, frames, None)? {
                return Ok(FrameIndex::new(fragments, FrameGrouping::Boundaries(ends)));
            }
            if (fragments.len() as u64) < frames {
                return self.assign_some(fragments).map_err(Into::into);
            }
            warnings.push(offset_table::unusable_basic(fragments.len()));
        }
        let grouping = self.count(source, &fragments, warnings)?;
        Ok(FrameIndex::new(fragments, grouping))
    }

    /// Assigns fragments to frames if there are too few for all frames: to the frames whose entries match at the start
    /// of the table. If they do not match, the item of the table may be the first fragment, and it is unknown which
    /// frames these are.
    fn assign_some(&self, fragments: Vec<Fragment>) -> Result<FrameIndex> {
        if self.table.begins_with(&fragments) {
            return Ok(FrameIndex::new(fragments, FrameGrouping::OnePerFragment));
        }
        let (found, expected) = (fragments.len() as u64, self.value.frames);
        Err(Error::pixel_data(ErrorKind::FrameCount { found, expected }))
    }

    /// Assigns fragments to frames if the value is malformed at offset `stop`. Returns only frames that are known to be
    /// whole, or None if that is unknown.
    fn assign_before<S: Source>(
        &self,
        source: &S,
        fragments: Vec<Fragment>,
        stop: Option<u64>,
        warnings: &mut Vec<Error>,
    ) -> ReadResult<Option<FrameIndex>, S> {
        let frames = self.value.frames;
        if let Some(table) = &self.value.extended {
            if table.is_usable(frames) {
                let mut selected = table.select(&fragments, self.table.end())?;
                // An entry without bytes is only known to match an empty item if a later entry has a fragment.
                let known = selected.iter().rposition(|entry| entry.length > 0).map_or(0, |last| last + 1);
                selected.truncate(known);
                return Ok(Some(FrameIndex::new(selected, FrameGrouping::OnePerFragment)));
            }
            warnings.push(offset_table::unusable_extended(fragments.len()));
        }
        if !self.table.is_empty() {
            let ends = self.table.ends(&fragments, frames, stop)?;
            return Ok(ends.map(|ends| FrameIndex::new(fragments, FrameGrouping::Boundaries(ends))));
        }
        if self.value.codestreams {
            let grouping = by_end_of_image(source, &fragments, None)?;
            return Ok(Some(FrameIndex::new(fragments, grouping)));
        }
        let one_each = frames > 1 && fragments.len() as u64 <= frames;
        Ok(one_each.then(|| FrameIndex::new(fragments, FrameGrouping::OnePerFragment)))
    }

    /// Without a table: one fragment per frame, all fragments for a single frame, or split at end-of-image markers.
    fn count<S: Source>(
        &self,
        source: &S,
        fragments: &[Fragment],
        warnings: &mut Vec<Error>,
    ) -> ReadResult<FrameGrouping, S> {
        let (found, expected) = (fragments.len() as u64, self.value.frames);
        match found {
            0 => Err(Error::pixel_data(ErrorKind::FrameCount { found, expected }).into()),
            _ if found <= expected => Ok(FrameGrouping::OnePerFragment),
            _ if expected == 1 => Ok(FrameGrouping::Single),
            _ if self.value.codestreams => by_end_of_image(source, fragments, Some(warnings)),
            fragments => Err(Error::pixel_data(ErrorKind::FragmentCount { fragments, frames: expected }).into()),
        }
    }
}

/// A frame ends with the fragment that has the marker EOI or EOC among its last bytes (as in pydicom: the last ten, to
/// allow for padding). Fragments after the last marker are a frame with a warning; without `warnings` they are dropped.
fn by_end_of_image<S: Source>(
    source: &S,
    fragments: &[Fragment],
    warnings: Option<&mut Vec<Error>>,
) -> ReadResult<FrameGrouping, S> {
    const MARKER: [u8; 2] = [0xFF, 0xD9];
    let mut ends = Vec::new();
    for (index, fragment) in fragments.iter().enumerate() {
        let mut tail = [0; 10];
        let count = fragment.length.min(10);
        let read = source.read_at(fragment.end() - count, &mut tail[..count as usize])?;
        if tail[..read.min(10)].windows(2).any(|bytes| bytes == MARKER) {
            try_push(&mut ends, index + 1)?;
        }
    }
    if let (Some(warnings), true) = (warnings, ends.last() != Some(&fragments.len())) {
        warnings.push(Error::pixel_data(ErrorKind::NoEndOfImage).in_frame(ends.len()));
        try_push(&mut ends, fragments.len())?;
    }
    Ok(FrameGrouping::Boundaries(ends))
}

#[cfg(test)]
mod tests;

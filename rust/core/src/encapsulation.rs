//! PS3.5 A.4: encapsulated pixel data. Items, Basic and Extended Offset Table, and where the bytes of each frame lie.

use crate::error::{EXTENDED_OFFSET_TABLE, Error, PIXEL_DATA, Problem, Result, try_with_capacity};

const ITEM: u32 = 0xFFFE_E000;
const SEQUENCE_DELIMITATION_ITEM: u32 = 0xFFFE_E0DD;
const ITEM_HEADER: u64 = 8;
const UNDEFINED: u32 = 0xFFFF_FFFF;

/// Random access to the bytes of the element's value: memory, or a file of which only the headers are read.
pub trait Source {
    /// What reading can end in.
    type Error: From<Error>;

    /// Reads up to `buffer.len()` bytes at `offset`; fewer only at the end. Gives their count.
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> std::result::Result<usize, Self::Error>;
}

impl Source for &[u8] {
    type Error = Error;

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.get(offset..)).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
}

/// What is known of the value before it is read.
#[derive(Debug, Clone)]
pub struct Value {
    /// Bytes up to the end of the value, or of the file where the length is undefined.
    pub length: u64,
    /// The Sequence Delimitation Item belongs to these bytes: the length is undefined, and no parser has removed it.
    pub delimited: bool,
    /// Number of Frames.
    pub frames: u64,
    /// Frames end with an end-of-image marker, by which fragments can be told apart without a table.
    pub jpeg: bool,
    /// Extended Offset Table and its lengths (PS3.3 C.7.6.3.1.8).
    pub extended: Option<(Vec<u64>, Vec<u64>)>,
}

/// The bytes of a fragment, without its item header: offset in the value, and count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment {
    /// Offset of the first byte.
    pub offset: u64,
    /// Number of bytes.
    pub length: u64,
}

impl Fragment {
    fn item(self) -> u64 {
        self.offset - ITEM_HEADER
    }

    fn end(self) -> u64 {
        self.offset + self.length
    }
}

/// The fragments of each frame, in order.
#[derive(Debug, Clone, Default)]
pub struct Frames {
    fragments: Vec<Fragment>,
    ends: Vec<usize>,
    /// What was tolerated.
    pub warnings: Vec<Error>,
}

impl Frames {
    /// How many frames were found.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// No frame was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The fragments of frame `index`; none behind the last frame.
    #[must_use]
    pub fn frame(&self, index: usize) -> &[Fragment] {
        let start = if index == 0 { 0 } else { self.ends.get(index - 1).copied().unwrap_or(self.fragments.len()) };
        let end = self.ends.get(index).copied().unwrap_or(self.fragments.len());
        &self.fragments[start.min(end)..end]
    }

    /// One frame for each fragment.
    fn one_each(fragments: Vec<Fragment>) -> Self {
        Self { ends: (1..=fragments.len()).collect(), fragments, warnings: Vec::new() }
    }

    /// One frame of all fragments.
    fn single(fragments: Vec<Fragment>) -> Self {
        Self { ends: vec![fragments.len()], fragments, warnings: Vec::new() }
    }
}

/// Finds every frame: by the Extended Offset Table, else by the Basic Offset Table, else by counting fragments.
pub fn find_frames<S: Source>(source: &mut S, value: &Value) -> std::result::Result<Frames, S::Error> {
    let table = basic_offset_table(source, value)?;
    let Walk { fragments, mut warnings } = walk(source, value, table.end, value.length)?;
    let mut frames = assign(source, value, &table, fragments)?;
    warnings.append(&mut frames.warnings);
    frames.warnings = warnings;
    let found = frames.len() as u64;
    if found < value.frames {
        return Err(Error::pixel_data(Problem::FrameCount { found, expected: value.frames }).into());
    }
    Ok(frames)
}

/// Finds the fragments of frame `index` alone, without a walk over the frames before it where a table tells the place.
/// None where only [`find_frames`] can tell.
pub fn find_frame<S: Source>(
    source: &mut S,
    value: &Value,
    index: u64,
) -> std::result::Result<Option<Vec<Fragment>>, S::Error> {
    let table = basic_offset_table(source, value)?;
    let Ok(index) = usize::try_from(index) else { return Ok(None) };
    if let Some((offsets, lengths)) = &value.extended {
        let (Some(&offset), Some(&length)) = (offsets.get(index), lengths.get(index)) else { return Ok(None) };
        if offsets.len() != lengths.len() || offsets.len() as u64 != value.frames {
            return Ok(None);
        }
        let Some(item) = table.end.checked_add(offset) else { return Ok(None) };
        let fragment = Fragment { offset: item.saturating_add(ITEM_HEADER), length };
        let found = item_at(source, value, item)?;
        return Ok(found.filter(|found| fits(fragment, *found)).map(|_| vec![fragment]));
    }
    if table.offsets.len() as u64 != value.frames || table.offsets.first() != Some(&0) || !table.is_ascending() {
        return Ok(None);
    }
    let place = |index: usize| table.offsets.get(index).map(|&offset| table.end + u64::from(offset));
    let Some(start) = place(index) else { return Ok(None) };
    let end = place(index + 1).unwrap_or(value.length);
    let last = index + 1 == table.offsets.len();
    fragments_between(source, value, start, end, last)
}

/// The fragments from `start` to exactly `end`, or for the `last` frame to the delimiter; none where there is anything else.
fn fragments_between<S: Source>(
    source: &mut S,
    value: &Value,
    start: u64,
    end: u64,
    last: bool,
) -> std::result::Result<Option<Vec<Fragment>>, S::Error> {
    let (mut fragments, mut at) = (Vec::new(), start);
    while at < end {
        match item_at(source, value, at)? {
            Some(fragment) if fragment.length > 0 => fragments.push(fragment),
            _ if last && !fragments.is_empty() => return Ok(delimiter_at(source, at)?.then_some(fragments)),
            _ => return Ok(None),
        }
        at = fragments.last().map_or(end, |fragment| fragment.end());
    }
    Ok(Some(fragments).filter(|fragments| at == end && !fragments.is_empty()))
}

/// The fragment whose item begins at `offset`; none where no whole one does.
fn item_at<S: Source>(source: &mut S, value: &Value, offset: u64) -> std::result::Result<Option<Fragment>, S::Error> {
    if offset >= value.length {
        return Ok(None);
    }
    let Some((ITEM, length)) = header_at(source, offset)? else { return Ok(None) };
    let fragment = Fragment { offset: offset + ITEM_HEADER, length: u64::from(length) };
    Ok(Some(fragment).filter(|fragment| length != UNDEFINED && fragment.end() <= value.length))
}

fn delimiter_at<S: Source>(source: &mut S, offset: u64) -> std::result::Result<bool, S::Error> {
    Ok(matches!(header_at(source, offset)?, Some((SEQUENCE_DELIMITATION_ITEM, _))))
}

/// Tag and length at `offset`; none where the source ends before.
fn header_at<S: Source>(source: &mut S, offset: u64) -> std::result::Result<Option<(u32, u32)>, S::Error> {
    let mut header = [0; ITEM_HEADER as usize];
    let found = source.read_at(offset, &mut header)?;
    Ok((found == header.len()).then(|| parse_header(header)))
}

fn parse_header([g0, g1, e0, e1, l0, l1, l2, l3]: [u8; 8]) -> (u32, u32) {
    let tag = u32::from(u16::from_le_bytes([g0, g1])) << 16 | u32::from(u16::from_le_bytes([e0, e1]));
    (tag, u32::from_le_bytes([l0, l1, l2, l3]))
}

/// PS3.5 A.4, Table A.4-1.
struct BasicOffsetTable {
    offsets: Vec<u32>,
    /// The table's length is not a multiple of 4, so that it cannot be read.
    damaged: bool,
    /// Where the first fragment's item begins.
    end: u64,
}

impl BasicOffsetTable {
    fn is_ascending(&self) -> bool {
        self.offsets.is_sorted_by(|a, b| a < b)
    }
}

fn basic_offset_table<S: Source>(source: &mut S, value: &Value) -> std::result::Result<BasicOffsetTable, S::Error> {
    let expected = "the Item (FFFE,E000) of the Basic Offset Table";
    let Some((tag, length)) = header_at(source, 0)? else {
        let problem = Problem::Length { found: value.length, expected: ITEM_HEADER };
        return Err(Error::pixel_data(problem).into());
    };
    if tag != ITEM {
        return Err(Error::pixel_data(Problem::Tag { found: tag, expected }).at(0).into());
    }
    let (length, left) = (u64::from(length), value.length.saturating_sub(ITEM_HEADER));
    if length > left {
        return Err(Error::pixel_data(Problem::ItemLength { length, left }).at(0).into());
    }
    let mut bytes = try_with_capacity(length as usize)?;
    bytes.resize(length as usize, 0);
    let read = source.read_at(ITEM_HEADER, &mut bytes)?;
    bytes.truncate(read);
    let offsets = bytes.as_chunks::<4>().0.iter().map(|offset| u32::from_le_bytes(*offset)).collect();
    Ok(BasicOffsetTable { offsets, damaged: !length.is_multiple_of(4), end: ITEM_HEADER + length })
}

struct Walk {
    fragments: Vec<Fragment>,
    warnings: Vec<Error>,
}

/// Reads item headers from `start` to the delimiter or the end of the value.
fn walk<S: Source>(source: &mut S, value: &Value, start: u64, end: u64) -> std::result::Result<Walk, S::Error> {
    let mut walk = Walk { fragments: Vec::new(), warnings: Vec::new() };
    let mut at = start;
    while at < end {
        let Some((tag, length)) = header_at(source, at)? else { break };
        let left = end.saturating_sub(at + ITEM_HEADER);
        match (tag, length) {
            (SEQUENCE_DELIMITATION_ITEM, _) => return Ok(walk),
            (ITEM, UNDEFINED) => return Err(Error::pixel_data(Problem::UndefinedItem).at(at).into()),
            (ITEM, length) if u64::from(length) > left => {
                return Err(Error::pixel_data(Problem::ItemLength { length: u64::from(length), left }).at(at).into());
            }
            (ITEM, length) => {
                let fragment = Fragment { offset: at + ITEM_HEADER, length: u64::from(length) };
                walk.fragments.push(fragment);
                at = fragment.end();
            }
            (found, _) => {
                let expected = "an Item (FFFE,E000) or the Sequence Delimitation Item (FFFE,E0DD)";
                return Err(Error::pixel_data(Problem::Tag { found, expected }).at(at).into());
            }
        }
    }
    // Up to 7 bytes can be left: a parser may have cut inside the delimiter's item, or a writer padded.
    if value.delimited {
        walk.warnings.push(Error::pixel_data(Problem::Undelimited).at(at));
    }
    Ok(walk)
}

/// Assigns fragments to frames.
fn assign<S: Source>(
    source: &mut S,
    value: &Value,
    table: &BasicOffsetTable,
    fragments: Vec<Fragment>,
) -> std::result::Result<Frames, S::Error> {
    let mut warnings = Vec::new();
    if let Some((offsets, lengths)) = &value.extended {
        match by_extended_offset_table(offsets, lengths, table.end, value.frames, &fragments) {
            Some(frames) => return Ok(frames),
            None => warnings.push(unusable(EXTENDED_OFFSET_TABLE, "Extended Offset Table", fragments.len())),
        }
    }
    if !table.offsets.is_empty() || table.damaged {
        match by_basic_offset_table(table, value.frames, &fragments) {
            Some(frames) => return Ok(Frames { warnings, ..frames }),
            None => warnings.push(unusable(PIXEL_DATA, "Basic Offset Table", fragments.len())),
        }
    }
    let frames = by_counting(source, value, fragments)?;
    warnings.extend(frames.warnings);
    Ok(Frames { warnings, ..frames })
}

fn unusable(element: crate::error::Element, table: &'static str, fragments: usize) -> Error {
    Error::new(element, Problem::OffsetTable { table, fragments: fragments as u64 })
}

/// An entry may leave out the padding byte of its item.
fn fits(entry: Fragment, item: Fragment) -> bool {
    entry.offset == item.offset && (entry.length == item.length || entry.length + 1 == item.length)
}

/// PS3.3 C.7.6.3.1.8: one fragment for each frame, at 64-bit offsets.
fn by_extended_offset_table(
    offsets: &[u64],
    lengths: &[u64],
    start: u64,
    frames: u64,
    fragments: &[Fragment],
) -> Option<Frames> {
    if offsets.len() != lengths.len() || (offsets.len() as u64) < frames {
        return None;
    }
    let mut found = try_with_capacity(offsets.len()).ok()?;
    for (&offset, &length) in offsets.iter().zip(lengths) {
        let entry = Fragment { offset: start.checked_add(offset)?.checked_add(ITEM_HEADER)?, length };
        let item = fragments.binary_search_by_key(&entry.offset, |fragment| fragment.offset).ok()?;
        found.push(Some(entry).filter(|entry| fits(*entry, fragments[item]))?);
    }
    Some(Frames::one_each(found))
}

/// Every offset is that of a fragment's item, in ascending order from 0.
fn by_basic_offset_table(table: &BasicOffsetTable, frames: u64, fragments: &[Fragment]) -> Option<Frames> {
    let usable = table.offsets.first() == Some(&0) && table.is_ascending() && table.offsets.len() as u64 >= frames;
    if table.damaged || !usable || fragments.is_empty() {
        return None;
    }
    let mut ends = try_with_capacity(table.offsets.len()).ok()?;
    for offset in &table.offsets[1..] {
        let item = table.end + u64::from(*offset);
        ends.push(fragments.binary_search_by_key(&item, |fragment| fragment.item()).ok()?);
    }
    ends.push(fragments.len());
    Some(Frames { fragments: fragments.to_vec(), ends, warnings: Vec::new() })
}

/// Without a table: one fragment for each frame, or all for a single frame, or by end-of-image markers.
fn by_counting<S: Source>(
    source: &mut S,
    value: &Value,
    fragments: Vec<Fragment>,
) -> std::result::Result<Frames, S::Error> {
    let all = fragments.len() as u64;
    if all == value.frames {
        return Ok(Frames::one_each(fragments));
    }
    let mut filled = fragments;
    filled.retain(|fragment| fragment.length > 0);
    let count = all - filled.len() as u64;
    let mut warnings = Vec::new();
    if count > 0 {
        warnings.push(Error::pixel_data(Problem::EmptyFragments { count }));
    }
    let frames = match filled.len() as u64 {
        0 => return Err(Error::pixel_data(Problem::FrameCount { found: 0, expected: value.frames }).into()),
        found if found < value.frames => {
            return Err(Error::pixel_data(Problem::FrameCount { found, expected: value.frames }).into());
        }
        found if found == value.frames => Frames::one_each(filled),
        _ if value.frames == 1 => Frames::single(filled),
        _ if value.jpeg => by_end_of_image(source, filled)?,
        fragments => return Err(Error::pixel_data(Problem::FragmentCount { fragments, frames: value.frames }).into()),
    };
    warnings.extend(frames.warnings);
    Ok(Frames { warnings, ..frames })
}

/// A frame ends with the fragment that has the marker EOI or EOC among its last bytes (as in pydicom: the last ten, for
/// padding).
fn by_end_of_image<S: Source>(source: &mut S, fragments: Vec<Fragment>) -> std::result::Result<Frames, S::Error> {
    const MARKER: [u8; 2] = [0xFF, 0xD9];
    let mut ends = Vec::new();
    for (index, fragment) in fragments.iter().enumerate() {
        let mut tail = [0; 10];
        let count = fragment.length.min(10);
        let read = source.read_at(fragment.end() - count, &mut tail[..count as usize])?;
        if tail[..read].windows(2).any(|bytes| bytes == MARKER) {
            ends.push(index + 1);
        }
    }
    let mut warnings = Vec::new();
    if ends.last() != Some(&fragments.len()) {
        let frame = ends.len();
        ends.push(fragments.len());
        warnings.push(Error::pixel_data(Problem::NoEndOfImage).in_frame(frame));
    }
    Ok(Frames { fragments, ends, warnings })
}

#[cfg(test)]
mod tests;

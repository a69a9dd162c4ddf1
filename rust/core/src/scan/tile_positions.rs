//! PS3.3 C.8.12.6.1 Plane Position (Slide) and C.8.12.6.2 Optical Path Identification: the position of each frame of a tiled
//! image, from the Per-Frame Functional Groups Sequence (PS3.3 C.7.6.16).
//!
//! A slide has some 100,000 frames with some ten elements each, of which four are read.

use super::nesting::Nesting;
use super::read_buffer::{ElementHeader, Encoding, ReadBuffer};
use super::{SCAN_BUFFER_BYTES, ScanError};
use crate::alloc::{grow, try_reserve};
use crate::item::{ITEM_HEADER, UNDEFINED};
use crate::parallel::{CancelCheck, Parallelism};
use crate::source::{ReadResult, Source};
use crate::tag::number::{
    COLUMN_POSITION, ITEM, OPTICAL_PATH_IDENTIFICATION_SEQUENCE, OPTICAL_PATH_IDENTIFIER,
    PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, PLANE_POSITION_SLIDE_SEQUENCE, ROW_POSITION,
    Z_OFFSET_IN_SLIDE_COORDINATE_SYSTEM,
};

/// Open scopes at the items of all frames, at the functional groups of one, at the items of such a group, and at the
/// elements of such an item.
const AT_FRAMES: usize = 1;
const AT_GROUPS: usize = 2;
const AT_ITEMS: usize = 3;
const AT_ELEMENTS: usize = 4;
/// Different optical paths above which a file is unusual.
const MAX_OPTICAL_PATHS: usize = 1 << 10;

/// The value of the Per-Frame Functional Groups Sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionalGroups {
    /// Its offset.
    pub value: u64,
    /// Its length; None if undefined.
    pub length: Option<u32>,
    /// Whether the elements are in implicit VR.
    pub implicit: bool,
    /// Whether numbers are big endian.
    pub big_endian: bool,
}

/// The position of one frame. An absent element has the value of [`TilePosition::ABSENT`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TilePosition {
    /// Row Position In Total Image Pixel Matrix, counted from 1.
    pub row: i32,
    /// Column Position In Total Image Pixel Matrix, counted from 1.
    pub column: i32,
    /// Z Offset in Slide Coordinate System, in micrometers.
    pub z_offset: f64,
    /// The index of the Optical Path Identifier in [`TilePositions::identifiers`].
    pub optical_path: u32,
}

impl TilePosition {
    /// The position of a frame without these elements.
    pub const ABSENT: Self = Self { row: i32::MIN, column: i32::MIN, z_offset: f64::NAN, optical_path: u32::MAX };
}

/// The positions of all frames.
#[derive(Debug, Default, PartialEq)]
pub struct TilePositions {
    /// One position for each item of the sequence.
    pub frames: Vec<TilePosition>,
    /// The different Optical Path Identifiers, without padding.
    pub identifiers: Vec<Vec<u8>>,
}

/// Returns the positions of all frames; None if only a full parser can read the sequence.
pub fn tile_positions<S: Source>(
    source: &S,
    groups: &FunctionalGroups,
    parallelism: &Parallelism<'_>,
) -> ReadResult<Option<TilePositions>, S> {
    let Ok(mut walk) = Walk::new(groups) else { return Ok(None) };
    let (mut memory, mut cancel) = (Vec::new(), CancelCheck::new(parallelism));
    grow(&mut memory, SCAN_BUFFER_BYTES)?;
    loop {
        cancel.check()?;
        // Reserved here, so that a step cannot fail to allocate: a buffer has no more items than that.
        try_reserve(&mut walk.found.frames, SCAN_BUFFER_BYTES / ITEM_HEADER as usize)?;
        let buffer = ReadBuffer::read(source, walk.at, &mut memory)?;
        match walk.run(&buffer) {
            Ok(()) => return Ok(Some(walk.found)),
            Err(ScanError::UnexpectedEof) if buffer.bytes.len() == SCAN_BUFFER_BYTES && walk.at > buffer.start => {}
            Err(_) => return Ok(None),
        }
    }
}

/// The state between two steps.
struct Walk {
    /// The offset of the next element.
    at: u64,
    nested: Nesting,
    /// The functional group that contains the next element.
    group: u32,
    /// The items of this group up to the next element, of which the first one counts: the standard allows no more.
    items: usize,
    found: TilePositions,
}

impl Walk {
    fn new(groups: &FunctionalGroups) -> Result<Self, ScanError> {
        let &FunctionalGroups { value, length, implicit, big_endian } = groups;
        let mut nested = Nesting::default();
        let sequence = ElementHeader {
            tag: PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
            vr: (!implicit).then_some(*b"SQ"),
            length: length.unwrap_or(UNDEFINED),
            value,
        };
        nested.open_sequence(&sequence, Encoding { implicit, big_endian })?;
        Ok(Self { at: value, nested, group: 0, items: 0, found: TilePositions::default() })
    }

    /// Steps to the end of the sequence. A step for which the buffer is too short has no effect.
    fn run(&mut self, buffer: &ReadBuffer<'_>) -> Result<(), ScanError> {
        while let Some((scope, encoding)) = self.nested.innermost(self.at)? {
            let element = buffer.element(self.at, encoding)?;
            let depth = self.nested.depth();
            if depth == AT_GROUPS {
                self.group = element.tag;
            }
            if depth == AT_GROUPS && is_read(element.tag) {
                self.open_group(element.tag)?;
                self.nested.open_sequence(&element, encoding)?;
                self.at = element.value;
                continue;
            }
            if depth == AT_ELEMENTS && self.items == 1 {
                self.collect(&element, buffer, encoding)?;
            }
            self.at = self.nested.step((scope, encoding), &element, buffer)?;
            match depth {
                AT_FRAMES if element.tag == ITEM => self.found.frames.push(TilePosition::ABSENT),
                AT_ITEMS if element.tag == ITEM => self.items += 1,
                _ => {}
            }
        }
        Ok(())
    }

    /// Begins a functional group. A second one with values, in the same frame, is unusual: parsers take the last one.
    fn open_group(&mut self, group: u32) -> Result<(), ScanError> {
        self.items = 0;
        let Some(frame) = self.found.frames.last() else { return Ok(()) };
        let absent = TilePosition::ABSENT;
        let is_first = match group {
            PLANE_POSITION_SLIDE_SEQUENCE => {
                frame.row == absent.row && frame.column == absent.column && frame.z_offset.is_nan()
            }
            _ => frame.optical_path == absent.optical_path,
        };
        if is_first { Ok(()) } else { Err(ScanError::NeedsFullParser) }
    }

    /// Stores the value of an element of a functional group.
    fn collect(
        &mut self,
        element: &ElementHeader,
        buffer: &ReadBuffer<'_>,
        encoding: Encoding,
    ) -> Result<(), ScanError> {
        let Some(frame) = self.found.frames.last_mut() else { return Ok(()) };
        match (self.group, element.tag) {
            (PLANE_POSITION_SLIDE_SEQUENCE, ROW_POSITION) => frame.row = signed(element, buffer, encoding)?,
            (PLANE_POSITION_SLIDE_SEQUENCE, COLUMN_POSITION) => frame.column = signed(element, buffer, encoding)?,
            (PLANE_POSITION_SLIDE_SEQUENCE, Z_OFFSET_IN_SLIDE_COORDINATE_SYSTEM) => {
                frame.z_offset = decimal(element.value_of(*b"DS", buffer)?)?;
            }
            (OPTICAL_PATH_IDENTIFICATION_SEQUENCE, OPTICAL_PATH_IDENTIFIER) => {
                let value = element.value_of(*b"SH", buffer)?;
                frame.optical_path = index_of(&mut self.found.identifiers, identifier(value)?)?;
            }
            _ => {}
        }
        Ok(())
    }
}

fn is_read(group: u32) -> bool {
    matches!(group, PLANE_POSITION_SLIDE_SEQUENCE | OPTICAL_PATH_IDENTIFICATION_SEQUENCE)
}

/// PS3.5 6.2, SL.
fn signed(element: &ElementHeader, buffer: &ReadBuffer<'_>, encoding: Encoding) -> Result<i32, ScanError> {
    let value = element.value_of(*b"SL", buffer)?;
    let word = <[u8; 4]>::try_from(value).map_err(|_| ScanError::NeedsFullParser)?;
    Ok(encoding.u32(word).cast_signed())
}

/// PS3.5 6.2, DS: one number, or none.
fn decimal(value: &[u8]) -> Result<f64, ScanError> {
    let text = trimmed(value);
    if text.is_empty() {
        return Ok(TilePosition::ABSENT.z_offset);
    }
    let plain = text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    let number = std::str::from_utf8(text).ok().filter(|_| plain).and_then(|text| text.parse::<f64>().ok());
    number.filter(|number| number.is_finite()).ok_or(ScanError::NeedsFullParser)
}

/// PS3.5 6.2, SH: one value of ASCII, which all character sets have.
fn identifier(value: &[u8]) -> Result<&[u8], ScanError> {
    let text = trimmed(value);
    let plain = text.iter().all(|byte| matches!(byte, b' '..=b'~') && *byte != b'\\');
    Some(text).filter(|_| plain).ok_or(ScanError::NeedsFullParser)
}

/// Returns a value without its padding.
fn trimmed(value: &[u8]) -> &[u8] {
    value.strip_suffix(b"\0").unwrap_or(value).trim_ascii()
}

/// Returns the index of `value`, which is appended if it is new.
fn index_of(values: &mut Vec<Vec<u8>>, value: &[u8]) -> Result<u32, ScanError> {
    let index = values.iter().position(|known| known == value).unwrap_or(values.len());
    if index == values.len() {
        if index == MAX_OPTICAL_PATHS {
            return Err(ScanError::NeedsFullParser);
        }
        values.push(value.to_vec());
    }
    u32::try_from(index).map_err(|_| ScanError::NeedsFullParser)
}

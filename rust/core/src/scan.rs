//! PS3.5 7 Data Set, PS3.10 7.1 File Meta Information: scans a file from its first byte to its pixel data element.
//!
//! The scan builds no data set. It skips elements, including sequences, and reads only the few that describe an image.
//! It does not judge anything out of the ordinary: [`ScanError::NeedsFullParser`] refers the caller to a full parser.
//!
//! A step reads one header and at most one short value, so a file can be scanned through a small buffer: skipped values
//! are not read, and a scan resumes where the buffer ended.

mod collector;
mod dictionary;
mod display_elements;
mod file_meta;
mod named_elements;
mod nesting;
mod read_buffer;
mod tile_positions;
mod values;

use crate::alloc::grow;
use crate::item::{ITEM_HEADER, UNDEFINED};
use crate::parallel::{CancelCheck, Parallelism};
use crate::source::{ReadResult, Source};
use crate::tag::number;
use collector::{Collector, ImageCollector};
use file_meta::{DataSetStart, find_data_set};
pub use named_elements::{Element, NamedElements, scan_elements};
use nesting::Nesting;
use read_buffer::{ElementHeader, Encoding, ITEM_GROUP, ReadBuffer};
pub use tile_positions::{FunctionalGroups, TilePosition, TilePositions, tile_positions};

const PIXEL_ELEMENTS: [u32; 3] = [number::FLOAT_PIXEL_DATA, number::DOUBLE_FLOAT_PIXEL_DATA, number::PIXEL_DATA];
/// Bytes read at a time: most headers are shorter. Every value that the scanner reads is shorter, too, so each read
/// advances the scan.
const SCAN_BUFFER_BYTES: usize = if crate::SMALL_BUFFERS { 1 << 12 } else { 1 << 14 };

/// Why a scan ends without a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanError {
    /// The bytes end before the pixel data element: more bytes may help.
    UnexpectedEof,
    /// Something that only a full parser can judge.
    NeedsFullParser,
    /// The data set at this offset must be inflated first (PS3.5 A.5), and then scanned as [`Start::DataSet`].
    Deflated(u64),
}

/// The start of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start<'a> {
    /// A file with preamble and prefix (PS3.10 7.1). A given transfer syntax overrides that of the file.
    File {
        /// The caller's transfer syntax.
        transfer_syntax: Option<&'a str>,
    },
    /// A file that may lack preamble and prefix, or File Meta Information.
    Forced {
        /// The caller's transfer syntax.
        transfer_syntax: Option<&'a str>,
    },
    /// A data set without File Meta Information, such as an inflated one.
    DataSet {
        /// Its transfer syntax.
        transfer_syntax: &'a str,
    },
}

/// The elements that a scan collects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanScope {
    /// The elements that decoding needs.
    Stored,
    /// Those that display needs, too.
    Display,
}

/// The description of the image in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PixelDataHeader {
    /// Transfer Syntax UID: the caller's, or that of the file.
    pub transfer_syntax: String,
    /// Tag and value of the elements of VR US.
    pub numbers: Vec<(u32, u16)>,
    /// Photometric Interpretation.
    pub photometric_interpretation: Option<String>,
    /// Number of Frames.
    pub number_of_frames: Option<u32>,
    /// Tag and value of the elements that determine the display of the image, if requested. Numbers are little endian.
    pub display: Vec<(u32, Vec<u8>)>,
    /// The tag of the pixel data element.
    pub tag: u32,
    /// Its VR, if explicit.
    pub vr: Option<[u8; 2]>,
    /// The offset of its value.
    pub offset: u64,
    /// Its length; None if undefined.
    pub length: Option<u32>,
}

/// Finds the pixel data element of the file that starts with `bytes`, and the elements that describe it.
pub fn scan(bytes: &[u8]) -> Result<PixelDataHeader, ScanError> {
    scan_from(bytes, &Start::File { transfer_syntax: None }, ScanScope::Stored)
}

/// Finds the pixel data element in memory.
pub fn scan_from(bytes: &[u8], start: &Start<'_>, scope: ScanScope) -> Result<PixelDataHeader, ScanError> {
    let buffer = ReadBuffer { bytes, start: 0 };
    let mut scanner =
        Scanner::new(find_data_set(&buffer, start)?, &buffer, |syntax| ImageCollector::new(syntax, scope))?;
    scanner.run(&buffer)?;
    Ok(scanner.collector.header)
}

/// Finds the pixel data element of `source`, reading little besides the headers of elements.
pub fn scan_source<S: Source>(
    source: &S,
    start: &Start<'_>,
    scope: ScanScope,
    parallelism: &Parallelism<'_>,
) -> ReadResult<Result<PixelDataHeader, ScanError>, S> {
    let found = scan_buffered(source, start, |syntax| ImageCollector::new(syntax, scope), parallelism)?;
    Ok(found.map(|collector| collector.header))
}

/// Scans `source` up to its pixel data element, with a collector that `new` makes for its transfer syntax.
fn scan_buffered<S: Source, C: Collector>(
    source: &S,
    start: &Start<'_>,
    new: impl FnOnce(String) -> C,
    parallelism: &Parallelism<'_>,
) -> ReadResult<Result<C, ScanError>, S> {
    let mut cancel = CancelCheck::new(parallelism);
    let mut memory = Vec::new();
    grow(&mut memory, SCAN_BUFFER_BYTES)?;
    let mut buffer = ReadBuffer::read(source, 0, &mut memory)?;
    let mut scanner = match find_data_set(&buffer, start).and_then(|start| Scanner::new(start, &buffer, new)) {
        Ok(scanner) => scanner,
        // Longer File Meta Information is unusual.
        Err(ScanError::UnexpectedEof) if buffer.bytes.len() == SCAN_BUFFER_BYTES => {
            return Ok(Err(ScanError::NeedsFullParser));
        }
        Err(stop) => return Ok(Err(stop)),
    };
    loop {
        cancel.check()?;
        match scanner.run(&buffer) {
            Ok(()) => return Ok(Ok(scanner.collector)),
            Err(ScanError::UnexpectedEof) if buffer.bytes.len() == SCAN_BUFFER_BYTES && scanner.at > buffer.start => {
                buffer = ReadBuffer::read(source, scanner.at, &mut memory)?;
            }
            Err(ScanError::UnexpectedEof) if C::MAY_LACK_PIXEL_DATA && scanner.is_closed() => {
                let found =
                    if ends_at(source, scanner.at)? { Ok(scanner.collector) } else { Err(ScanError::UnexpectedEof) };
                return Ok(found);
            }
            Err(stop) => return Ok(Err(stop)),
        }
    }
}

/// Whether `source` ends at the offset `at`: there is one byte at the offset before, and no second one.
fn ends_at<S: Source>(source: &S, at: u64) -> ReadResult<bool, S> {
    let mut two = [0; 2];
    let Some(last) = at.checked_sub(1) else { return Ok(false) };
    Ok(source.read_at(last, &mut two)? == 1)
}

/// Returns the offset of the Sequence Delimitation Item that ends the value of undefined length at `value`, of an
/// element with this tag and VR (None in implicit VR); None if only a full parser can find it.
pub fn find_delimiter<S: Source>(
    source: &S,
    (tag, vr): (u32, Option<[u8; 2]>),
    value: u64,
    big_endian: bool,
    parallelism: &Parallelism<'_>,
) -> ReadResult<Option<u64>, S> {
    let encoding = Encoding { implicit: vr.is_none(), big_endian };
    let (mut nested, mut at) = (Nesting::default(), value);
    if nested.open(&ElementHeader { tag, vr, length: UNDEFINED, value }, encoding).is_err() {
        return Ok(None);
    }
    let (mut memory, mut cancel) = (Vec::new(), CancelCheck::new(parallelism));
    grow(&mut memory, SCAN_BUFFER_BYTES)?;
    loop {
        cancel.check()?;
        let buffer = ReadBuffer::read(source, at, &mut memory)?;
        match nested.run(&mut at, &buffer) {
            Ok(()) => return Ok(at.checked_sub(ITEM_HEADER)),
            Err(ScanError::UnexpectedEof) if buffer.bytes.len() == SCAN_BUFFER_BYTES && at > buffer.start => {}
            Err(_) => return Ok(None),
        }
    }
}

/// The state of a scan between two steps.
#[derive(Debug)]
struct Scanner<C> {
    /// The offset of the next element.
    at: u64,
    encoding: Encoding,
    nested: Nesting,
    collector: C,
}

impl<C: Collector> Scanner<C> {
    fn new(
        DataSetStart { transfer_syntax, at }: DataSetStart,
        buffer: &ReadBuffer<'_>,
        new: impl FnOnce(String) -> C,
    ) -> Result<Self, ScanError> {
        let encoding = Encoding::of(&transfer_syntax);
        // The first element must match the transfer syntax: there are files in which it does not.
        if buffer.has_vr(at)? == encoding.implicit {
            return Err(ScanError::NeedsFullParser);
        }
        Ok(Self { at, encoding, nested: Nesting::default(), collector: new(transfer_syntax) })
    }

    /// Steps to the pixel data element. A step for which the buffer is too short has no effect.
    fn run(&mut self, buffer: &ReadBuffer<'_>) -> Result<(), ScanError> {
        loop {
            let open = self.nested.innermost(self.at)?;
            let element = buffer.element(self.at, open.map_or(self.encoding, |(_, encoding)| encoding))?;
            self.at = match open {
                Some(open) => self.nested.step(open, &element, buffer)?,
                None if PIXEL_ELEMENTS.contains(&element.tag) => return self.collector.end(&element),
                None => self.step(&element, buffer)?,
            };
        }
    }

    /// Reads a top-level element, and returns the offset at which to continue.
    fn step(&mut self, element: &ElementHeader, buffer: &ReadBuffer<'_>) -> Result<u64, ScanError> {
        match element.tag >> 16 {
            0x0008 => element.check_character_set(buffer)?,
            // A Command Set, misplaced meta information, or an item outside a sequence.
            0 | file_meta::GROUP | ITEM_GROUP => return Err(ScanError::NeedsFullParser),
            _ => {}
        }
        self.collector.collect(element, buffer, self.encoding)?;
        if element.length == UNDEFINED {
            self.nested.open(element, self.encoding)?;
            return Ok(element.value);
        }
        Ok(element.end())
    }

    /// Whether the next element is one of the top level.
    fn is_closed(&mut self) -> bool {
        self.nested.innermost(self.at).is_ok_and(|scope| scope.is_none())
    }
}

#[cfg(test)]
mod tests;

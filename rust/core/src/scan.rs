//! PS3.5 7 Data Set, PS3.10 7.1 File Meta Information: scans a file from its first byte to its pixel data element.
//!
//! The scan builds no data set. It skips elements, including sequences, and reads only the few that describe an image.
//! It does not judge anything out of the ordinary: [`Stop::Unusual`] refers the caller to a full parser.
//!
//! A step reads one header and at most one short value, so a file can be scanned through a small window: skipped values
//! are not read, and a scan resumes where the window ended.

mod dictionary;
mod display_elements;
mod file_meta;
mod nesting;
mod read_buffer;
mod values;

use crate::alloc::grow;
use crate::item::{ITEM_HEADER, UNDEFINED};
use crate::parallel::{CancelCheck, Parallelism};
use crate::source::Source;
use crate::tag::number;
use file_meta::{Begin, begin};
use nesting::Nested;
use read_buffer::{Element, Encoding, ITEM_GROUP, Window};

/// Extended Offset Table and Extended Offset Table Lengths, which a full parser must read.
const EXTENDED_OFFSET_TABLES: [u32; 2] = [number::EXTENDED_OFFSET_TABLE, number::EXTENDED_OFFSET_TABLE_LENGTHS];
const PIXEL_ELEMENTS: [u32; 3] = [number::FLOAT_PIXEL_DATA, number::DOUBLE_FLOAT_PIXEL_DATA, number::PIXEL_DATA];
/// The elements of VR US that describe an image (PS3.3 C.7.6.3).
const NUMBERS: [u32; 8] = [
    number::SAMPLES_PER_PIXEL,
    number::PLANAR_CONFIGURATION,
    number::ROWS,
    number::COLUMNS,
    number::BITS_ALLOCATED,
    number::BITS_STORED,
    number::HIGH_BIT,
    number::PIXEL_REPRESENTATION,
];
/// Bytes read at a time: most headers are shorter. Every value that the scanner reads is shorter, too, so each window
/// advances the scan.
const WINDOW: usize = if crate::SMALL_BUFFERS { 1 << 12 } else { 1 << 14 };

/// Why a scan ends without a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The bytes end before the pixel data element: more bytes may help.
    Short,
    /// Something that only a full parser can judge.
    Unusual,
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
pub enum Wanted {
    /// The elements that decoding needs.
    Stored,
    /// Those that display needs, too.
    Display,
}

/// The description of the image in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
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
pub fn scan(bytes: &[u8]) -> Result<Header, Stop> {
    scan_from(bytes, &Start::File { transfer_syntax: None }, Wanted::Stored)
}

/// Finds the pixel data element in memory.
pub fn scan_from(bytes: &[u8], start: &Start<'_>, wanted: Wanted) -> Result<Header, Stop> {
    let window = Window { bytes, start: 0 };
    let mut scanner = Scanner::new(begin(&window, start)?, wanted, &window)?;
    scanner.run(&window)?;
    Ok(scanner.header)
}

/// Finds the pixel data element of `source`, reading little besides the headers of elements.
pub fn scan_source<S: Source>(
    source: &S,
    start: &Start<'_>,
    wanted: Wanted,
    team: &Parallelism<'_>,
) -> Result<Result<Header, Stop>, S::Error> {
    let mut watch = CancelCheck::new(team);
    let mut buffer = Vec::new();
    grow(&mut buffer, WINDOW)?;
    let mut window = Window::read(source, 0, &mut buffer)?;
    let mut scanner = match begin(&window, start).and_then(|begin| Scanner::new(begin, wanted, &window)) {
        Ok(scanner) => scanner,
        // Longer File Meta Information is unusual.
        Err(Stop::Short) if window.bytes.len() == WINDOW => return Ok(Err(Stop::Unusual)),
        Err(stop) => return Ok(Err(stop)),
    };
    loop {
        watch.check()?;
        match scanner.run(&window) {
            Ok(()) => return Ok(Ok(scanner.header)),
            Err(Stop::Short) if window.bytes.len() == WINDOW && scanner.at > window.start => {
                window = Window::read(source, scanner.at, &mut buffer)?;
            }
            Err(stop) => return Ok(Err(stop)),
        }
    }
}

/// Returns the offset of the Sequence Delimitation Item that ends the value of undefined length at `value`, of an
/// element with this tag and VR (None in implicit VR); None if only a full parser can find it.
pub fn find_delimiter<S: Source>(
    source: &S,
    (tag, vr): (u32, Option<[u8; 2]>),
    value: u64,
    big_endian: bool,
    team: &Parallelism<'_>,
) -> Result<Option<u64>, S::Error> {
    let encoding = Encoding { implicit: vr.is_none(), big_endian };
    let (mut nested, mut at) = (Nested::default(), value);
    if nested.open(&Element { tag, vr, length: UNDEFINED, value }, encoding).is_err() {
        return Ok(None);
    }
    let (mut buffer, mut watch) = (Vec::new(), CancelCheck::new(team));
    grow(&mut buffer, WINDOW)?;
    loop {
        watch.check()?;
        let window = Window::read(source, at, &mut buffer)?;
        match nested.run(&mut at, &window) {
            Ok(()) => return Ok(at.checked_sub(ITEM_HEADER)),
            Err(Stop::Short) if window.bytes.len() == WINDOW && at > window.start => {}
            Err(_) => return Ok(None),
        }
    }
}

/// The state of a scan between two steps.
#[derive(Debug)]
struct Scanner {
    /// The offset of the next element.
    at: u64,
    encoding: Encoding,
    nested: Nested,
    wanted: Wanted,
    header: Header,
}

impl Scanner {
    fn new(Begin { transfer_syntax, at }: Begin, wanted: Wanted, window: &Window<'_>) -> Result<Self, Stop> {
        let encoding = Encoding::of(&transfer_syntax);
        // The first element must match the transfer syntax: there are files in which it does not.
        if window.has_vr(at)? == encoding.implicit {
            return Err(Stop::Unusual);
        }
        let header = Header { transfer_syntax, numbers: Vec::with_capacity(NUMBERS.len()), ..Header::default() };
        Ok(Self { at, encoding, nested: Nested::default(), wanted, header })
    }

    /// Steps to the pixel data element. A step for which the window is too short has no effect.
    fn run(&mut self, window: &Window<'_>) -> Result<(), Stop> {
        loop {
            let open = self.nested.innermost(self.at)?;
            let element = window.element(self.at, open.map_or(self.encoding, |(_, encoding)| encoding))?;
            self.at = match open {
                Some(open) => self.nested.step(open, &element, window)?,
                None if PIXEL_ELEMENTS.contains(&element.tag) => return self.header.end(&element),
                None => self.step(&element, window)?,
            };
        }
    }

    /// Reads a top-level element, and returns the offset at which to continue.
    fn step(&mut self, element: &Element, window: &Window<'_>) -> Result<u64, Stop> {
        match element.tag >> 16 {
            0x0008 => element.check_character_set(window)?,
            0x0028 | 0x7FE0 => self.header.keep(element, window, self.encoding)?,
            // A Command Set, misplaced meta information, or an item outside a sequence.
            0 | file_meta::GROUP | ITEM_GROUP => return Err(Stop::Unusual),
            _ => {}
        }
        if self.wanted == Wanted::Display {
            display_elements::keep(&mut self.header.display, element, window, self.encoding)?;
        }
        if element.length == UNDEFINED {
            self.nested.open(element, self.encoding)?;
            return Ok(element.value);
        }
        Ok(element.end())
    }
}

impl Header {
    fn end(&mut self, element: &Element) -> Result<(), Stop> {
        // With any other VR, parsers disagree about the offset of the value.
        if element.vr.is_some_and(|vr| !matches!(&vr, b"OB" | b"OW" | b"OF" | b"OD")) {
            return Err(Stop::Unusual);
        }
        self.tag = element.tag;
        self.vr = element.vr;
        self.offset = element.value;
        self.length = Some(element.length).filter(|length| *length != UNDEFINED);
        Ok(())
    }

    /// Stores the value of an element that describes the image.
    fn keep(&mut self, element: &Element, window: &Window<'_>, encoding: Encoding) -> Result<(), Stop> {
        if EXTENDED_OFFSET_TABLES.contains(&element.tag) {
            return Err(Stop::Unusual);
        }
        let vr = match element.tag {
            number::PHOTOMETRIC_INTERPRETATION => *b"CS",
            number::NUMBER_OF_FRAMES => *b"IS",
            tag if NUMBERS.contains(&tag) => *b"US",
            _ => return Ok(()),
        };
        let value = element.value_of(vr, window)?;
        match element.tag {
            number::PHOTOMETRIC_INTERPRETATION => {
                set(&mut self.photometric_interpretation, values::code_string(value)?.to_owned())
            }
            number::NUMBER_OF_FRAMES => set(&mut self.number_of_frames, values::count(value)?),
            tag => {
                let value = <[u8; 2]>::try_from(value).map_err(|_| Stop::Unusual)?;
                if self.numbers.iter().any(|(known, _)| *known == tag) {
                    return Err(Stop::Unusual);
                }
                self.numbers.push((tag, encoding.u16(value)));
                Ok(())
            }
        }
    }
}

/// Stores a value; a duplicate element is unusual.
fn set<T>(place: &mut Option<T>, value: T) -> Result<(), Stop> {
    if place.is_some() {
        return Err(Stop::Unusual);
    }
    *place = Some(value);
    Ok(())
}

#[cfg(test)]
mod tests;

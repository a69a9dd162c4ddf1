//! PS3.5 7 Data Set, PS3.10 7.1 File Meta Information: from the first byte of a file to its pixel data element.
//!
//! No data set is built. Elements are stepped over, sequences included, and only the few that describe an image are
//! read. What is not plainly in order is not judged here: [`Stop::Unusual`] sends the caller to a full parser.

use crate::item::{ITEM, ITEM_DELIMITATION_ITEM, SEQUENCE_DELIMITATION_ITEM, UNDEFINED};

/// Bytes in front of the prefix "DICM" (PS3.10 7.1).
const PREAMBLE_BYTES: usize = 128;
const PREFIX: &[u8; 4] = b"DICM";
/// Specific Character Set (PS3.3 C.12.1.1.2): a parser looks at it, even of a file whose texts nobody wants.
const SPECIFIC_CHARACTER_SET: u32 = 0x0008_0005;
const META_GROUP: u32 = 0x0002;
/// File Meta Information Group Length.
const META_GROUP_LENGTH: u32 = 0x0002_0000;
const TRANSFER_SYNTAX_UID: u32 = 0x0002_0010;
const PHOTOMETRIC_INTERPRETATION: u32 = 0x0028_0004;
const NUMBER_OF_FRAMES: u32 = 0x0028_0008;
/// Extended Offset Table and its lengths, which are left to a full parser.
const EXTENDED_OFFSET_TABLES: [u32; 2] = [0x7FE0_0001, 0x7FE0_0002];
/// Float, Double Float and Pixel Data.
const PIXEL_ELEMENTS: [u32; 3] = [0x7FE0_0008, 0x7FE0_0009, 0x7FE0_0010];
/// The elements of VR US that describe an image (PS3.3 C.7.6.3).
const NUMBERS: [u32; 8] = [
    0x0028_0002, // Samples per Pixel
    0x0028_0006, // Planar Configuration
    0x0028_0010, // Rows
    0x0028_0011, // Columns
    0x0028_0100, // Bits Allocated
    0x0028_0101, // Bits Stored
    0x0028_0102, // High Bit
    0x0028_0103, // Pixel Representation
];
/// Sequences within sequences beyond which a file is unusual.
const MAX_DEPTH: usize = 32;

/// Why a scan ends without a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The bytes end before the pixel data element: more of the file may help.
    Short,
    /// Something that only a full parser can judge.
    Unusual,
}

/// How data elements are written (PS3.5 7.1, A.1 to A.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Encoding {
    implicit: bool,
    big_endian: bool,
}

const EXPLICIT_LITTLE: Encoding = Encoding { implicit: false, big_endian: false };

/// What a file says of its image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header<'a> {
    /// Transfer Syntax UID.
    pub transfer_syntax: &'a str,
    /// Tag and value of the elements of VR US.
    pub numbers: Vec<(u32, u16)>,
    /// Photometric Interpretation.
    pub photometric_interpretation: Option<&'a str>,
    /// Number of Frames.
    pub number_of_frames: Option<u32>,
    /// The pixel data element's tag.
    pub tag: u32,
    /// Its VR, where it is explicit.
    pub vr: Option<[u8; 2]>,
    /// Where its value begins.
    pub offset: usize,
    /// Its length; none where it is undefined.
    pub length: Option<u32>,
}

/// Finds the pixel data element of the file that begins with `bytes`, and what describes it.
pub fn scan(bytes: &[u8]) -> Result<Header<'_>, Stop> {
    let prefix = bytes.get(PREAMBLE_BYTES..PREAMBLE_BYTES + PREFIX.len()).ok_or(Stop::Short)?;
    if prefix != PREFIX {
        return Err(Stop::Unusual);
    }
    let mut cursor = Cursor { bytes, at: PREAMBLE_BYTES + PREFIX.len() };
    let transfer_syntax = meta(&mut cursor)?;
    let encoding = encoding_of(transfer_syntax)?;
    cursor.check_encoding(encoding)?;
    let mut header = Header {
        transfer_syntax,
        numbers: Vec::with_capacity(NUMBERS.len()),
        photometric_interpretation: None,
        number_of_frames: None,
        tag: 0,
        vr: None,
        offset: 0,
        length: None,
    };
    loop {
        let element = cursor.element(encoding)?;
        if PIXEL_ELEMENTS.contains(&element.tag) {
            // With any other VR, parsers do not agree on where the value begins.
            if element.vr.is_some_and(|vr| !matches!(&vr, b"OB" | b"OW" | b"OF" | b"OD")) {
                return Err(Stop::Unusual);
            }
            header.tag = element.tag;
            header.vr = element.vr;
            header.offset = cursor.at;
            header.length = Some(element.length).filter(|length| *length != UNDEFINED);
            return Ok(header);
        }
        if element.tag >> 16 <= META_GROUP || element.tag >> 16 == ITEM >> 16 {
            return Err(Stop::Unusual);
        }
        header.keep(&element, &cursor, encoding)?;
        cursor.check_character_set(&element)?;
        cursor.skip_value(&element, encoding)?;
    }
}

/// Reads group 0002, which is in Explicit VR Little Endian (PS3.10 7.1), for the transfer syntax. Its length stands first.
fn meta<'a>(cursor: &mut Cursor<'a>) -> Result<&'a str, Stop> {
    let first = cursor.element(EXPLICIT_LITTLE)?;
    if (first.tag, first.vr, first.length) != (META_GROUP_LENGTH, Some(*b"UL"), 4) {
        return Err(Stop::Unusual);
    }
    let length = EXPLICIT_LITTLE.u32(cursor.array()?) as usize;
    let end = cursor.at.checked_add(length).ok_or(Stop::Unusual)?;
    let (mut transfer_syntax, mut last) = (None, first.tag);
    while cursor.at < end {
        let element = cursor.element(EXPLICIT_LITTLE)?;
        if element.tag >> 16 != META_GROUP || element.tag <= last || element.length == UNDEFINED {
            return Err(Stop::Unusual);
        }
        last = element.tag;
        let value = cursor.take(element.length as usize)?;
        if element.tag == TRANSFER_SYNTAX_UID {
            if element.vr != Some(*b"UI") {
                return Err(Stop::Unusual);
            }
            transfer_syntax = Some(uid(value)?);
        }
    }
    // What follows must not belong to the group: the data set's first element is looked at next.
    if cursor.at == end { transfer_syntax.ok_or(Stop::Unusual) } else { Err(Stop::Unusual) }
}

/// PS3.5 9.1: digits and points, padded by one NULL.
fn uid(value: &[u8]) -> Result<&str, Stop> {
    let text = value.strip_suffix(b"\0").unwrap_or(value);
    let plain = !text.is_empty() && text.len() <= 64 && text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.'));
    std::str::from_utf8(text).ok().filter(|_| plain).ok_or(Stop::Unusual)
}

/// PS3.5 A: all that are not named are in Explicit VR Little Endian. A deflated data set must be inflated first.
fn encoding_of(transfer_syntax: &str) -> Result<Encoding, Stop> {
    match transfer_syntax {
        "1.2.840.10008.1.2" => Ok(Encoding { implicit: true, big_endian: false }),
        "1.2.840.10008.1.2.2" => Ok(Encoding { implicit: false, big_endian: true }),
        "1.2.840.10008.1.2.1.99" => Err(Stop::Unusual),
        _ => Ok(EXPLICIT_LITTLE),
    }
}

/// Tag, VR and length.
#[derive(Debug, Clone, Copy)]
struct Element {
    tag: u32,
    vr: Option<[u8; 2]>,
    length: u32,
}

impl<'a> Header<'a> {
    /// Keeps the value of an element that describes the image. The cursor stands at the value.
    fn keep(&mut self, element: &Element, cursor: &Cursor<'a>, encoding: Encoding) -> Result<(), Stop> {
        if EXTENDED_OFFSET_TABLES.contains(&element.tag) {
            return Err(Stop::Unusual);
        }
        let vr = match element.tag {
            PHOTOMETRIC_INTERPRETATION => *b"CS",
            NUMBER_OF_FRAMES => *b"IS",
            tag if NUMBERS.contains(&tag) => *b"US",
            _ => return Ok(()),
        };
        if element.vr.is_some_and(|found| found != vr) {
            return Err(Stop::Unusual);
        }
        let end = cursor.at.checked_add(element.length as usize).ok_or(Stop::Unusual)?;
        let value = cursor.bytes.get(cursor.at..end).ok_or(Stop::Short)?;
        match element.tag {
            PHOTOMETRIC_INTERPRETATION => set(&mut self.photometric_interpretation, code_string(value)?),
            NUMBER_OF_FRAMES => set(&mut self.number_of_frames, integer_string(value)?),
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

/// PS3.3 C.12.1.1.2: one term without code extensions, or several with them, of which the first may be empty.
fn is_known_character_set(value: &[u8]) -> bool {
    let registered = |term: &[u8], prefix: &[u8]| {
        let number = term.strip_prefix(prefix).and_then(|number| std::str::from_utf8(number).ok());
        number.is_some_and(|number| {
            matches!(number, "6" | "13" | "100" | "101" | "109" | "110" | "126" | "127" | "138" | "144" | "148" | "166")
        })
    };
    let multi_byte =
        |term: &[u8]| matches!(term, b"ISO 2022 IR 87" | b"ISO 2022 IR 159" | b"ISO 2022 IR 149" | b"ISO 2022 IR 58");
    let mut terms = value.split(|byte| *byte == b'\\');
    let first = terms.next().unwrap_or_default();
    let extended = |term: &[u8]| registered(term, b"ISO 2022 IR ") || multi_byte(term);
    if value.contains(&b'\\') {
        return (first.is_empty() || extended(first)) && terms.all(extended);
    }
    registered(first, b"ISO_IR ") || matches!(first, b"ISO_IR 192" | b"GB18030" | b"GBK" | b"ISO 2022 IR 6")
}

/// An element that is there twice is unusual.
fn set<T>(place: &mut Option<T>, value: T) -> Result<(), Stop> {
    if place.is_some() {
        return Err(Stop::Unusual);
    }
    *place = Some(value);
    Ok(())
}

/// PS3.5 6.2, CS: one value, without spaces in front.
fn code_string(value: &[u8]) -> Result<&str, Stop> {
    let text = value.trim_ascii_end();
    let plain = value.len() <= 16
        && text.first().is_some_and(u8::is_ascii_uppercase)
        && text.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_' | b' '))
        && value[text.len()..].iter().all(|byte| *byte == b' ');
    std::str::from_utf8(text).ok().filter(|_| plain).ok_or(Stop::Unusual)
}

/// PS3.5 6.2, IS: one value, of digits alone.
fn integer_string(value: &[u8]) -> Result<u32, Stop> {
    let text = value.strip_suffix(b" ").unwrap_or(value);
    let plain = !text.is_empty() && text.len() <= 9 && text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| plain).and_then(|text| text.parse().ok()).ok_or(Stop::Unusual)
}

impl Encoding {
    fn u16(self, bytes: [u8; 2]) -> u16 {
        if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}

/// A place in the bytes.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// What is open around the element that comes next.
enum Open {
    /// A sequence of undefined length, in which items follow.
    Sequence,
    /// An item of undefined length.
    Item,
    /// An item that ends here.
    ItemUpTo(usize),
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Stop> {
        let end = self.at.checked_add(count).ok_or(Stop::Unusual)?;
        let taken = self.bytes.get(self.at..end).ok_or(Stop::Short)?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let taken = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk).ok_or(Stop::Short)?;
        self.at += N;
        Ok(*taken)
    }

    /// The first element of the data set must look as the transfer syntax says: there are files in which it does not.
    fn check_encoding(&self, encoding: Encoding) -> Result<(), Stop> {
        let start: &[u8; 6] = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk).ok_or(Stop::Short)?;
        let has_vr = start[4..].iter().all(u8::is_ascii_uppercase);
        if has_vr == encoding.implicit { Err(Stop::Unusual) } else { Ok(()) }
    }

    /// Tag, VR and length of the next element (PS3.5 7.1.2, 7.1.3), or of an item.
    fn element(&mut self, encoding: Encoding) -> Result<Element, Stop> {
        let tag = self.tag(encoding)?;
        if encoding.implicit || tag >> 16 == ITEM >> 16 {
            return Ok(Element { tag, vr: None, length: encoding.u32(self.array()?) });
        }
        let vr = self.array()?;
        let length = match &vr {
            b"AE" | b"AS" | b"AT" | b"CS" | b"DA" | b"DS" | b"DT" | b"FD" | b"FL" | b"IS" | b"LO" | b"LT" | b"PN"
            | b"SH" | b"SL" | b"SS" | b"ST" | b"TM" | b"UI" | b"UL" | b"US" => u32::from(encoding.u16(self.array()?)),
            b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"SQ" | b"SV" | b"UC" | b"UN" | b"UR" | b"UT" | b"UV" => {
                self.array::<2>()?;
                encoding.u32(self.array()?)
            }
            _ => return Err(Stop::Unusual),
        };
        Ok(Element { tag, vr: Some(vr), length })
    }

    fn tag(&mut self, encoding: Encoding) -> Result<u32, Stop> {
        let (group, element) = (encoding.u16(self.array()?), encoding.u16(self.array()?));
        Ok(u32::from(group) << 16 | u32::from(element))
    }

    /// Defined terms in their usual combinations are plain.
    fn check_character_set(&self, element: &Element) -> Result<(), Stop> {
        if element.tag != SPECIFIC_CHARACTER_SET {
            return Ok(());
        }
        if element.length == UNDEFINED || element.vr.is_some_and(|vr| vr != *b"CS") {
            return Err(Stop::Unusual);
        }
        let end = self.at.checked_add(element.length as usize).ok_or(Stop::Unusual)?;
        let value = self.bytes.get(self.at..end).ok_or(Stop::Short)?;
        if is_known_character_set(value.strip_suffix(b" ").unwrap_or(value)) { Ok(()) } else { Err(Stop::Unusual) }
    }

    /// Steps over the value of `element`.
    fn skip_value(&mut self, element: &Element, encoding: Encoding) -> Result<(), Stop> {
        if element.length != UNDEFINED {
            return self.take(element.length as usize).map(|_| ());
        }
        let mut open = Vec::new();
        open_sequence(element, &mut open)?;
        while let Some(innermost) = open.last() {
            match innermost {
                Open::ItemUpTo(end) if self.at == *end => drop(open.pop()),
                Open::ItemUpTo(end) if self.at > *end => return Err(Stop::Unusual),
                Open::Sequence => self.step_in_sequence(&mut open, encoding)?,
                Open::Item | Open::ItemUpTo(_) => self.step_in_item(&mut open, encoding)?,
            }
        }
        Ok(())
    }

    /// PS3.5 7.5.1, 7.5.2: an item, or the end of the sequence.
    fn step_in_sequence(&mut self, open: &mut Vec<Open>, encoding: Encoding) -> Result<(), Stop> {
        let element = self.element(encoding)?;
        match (element.tag, element.length) {
            (ITEM, UNDEFINED) => open.push(Open::Item),
            (ITEM, length) => {
                let end = self.at.checked_add(length as usize).ok_or(Stop::Unusual)?;
                open.push(Open::ItemUpTo(end));
            }
            (SEQUENCE_DELIMITATION_ITEM, 0) => drop(open.pop()),
            _ => return Err(Stop::Unusual),
        }
        Ok(())
    }

    /// An element of an item, or its end.
    fn step_in_item(&mut self, open: &mut Vec<Open>, encoding: Encoding) -> Result<(), Stop> {
        let element = self.element(encoding)?;
        self.check_character_set(&element)?;
        match (element.tag, element.length) {
            (ITEM_DELIMITATION_ITEM, 0) if matches!(open.last(), Some(Open::Item)) => drop(open.pop()),
            (tag, _) if tag >> 16 == ITEM >> 16 => return Err(Stop::Unusual),
            (_, UNDEFINED) => open_sequence(&element, open)?,
            (_, length) => drop(self.take(length as usize)?),
        }
        Ok(())
    }
}

/// PS3.5 7.5: only a sequence has an undefined length here. Where the VR is implicit it takes a dictionary to know one.
fn open_sequence(element: &Element, open: &mut Vec<Open>) -> Result<(), Stop> {
    if element.vr != Some(*b"SQ") || open.len() >= MAX_DEPTH {
        return Err(Stop::Unusual);
    }
    open.push(Open::Sequence);
    Ok(())
}

#[cfg(test)]
mod tests;

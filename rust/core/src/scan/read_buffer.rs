//! PS3.5 7.1: reads data elements from the part of a file that has been read.

use super::values::is_known_character_set;
use super::{ScanError, UNDEFINED};
use crate::source::{ReadResult, Source};
use crate::tag::number::{ITEM, SPECIFIC_CHARACTER_SET};

/// The group of items and delimiters, which have no VR (PS3.5 7.5).
pub(super) const ITEM_GROUP: u32 = ITEM >> 16;
/// Upper bound for the values that the scanner reads; a longer value needs a full parser.
const MAX_VALUE_BYTES: u32 = 1 << 10;

/// The encoding of data elements (PS3.5 7.1, A.1 to A.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Encoding {
    pub(super) implicit: bool,
    pub(super) big_endian: bool,
}

pub(super) const EXPLICIT_LITTLE: Encoding = Encoding { implicit: false, big_endian: false };

impl Encoding {
    /// PS3.5 A: all transfer syntaxes not listed here use Explicit VR Little Endian, including the deflated one.
    pub(super) fn of(transfer_syntax: &str) -> Self {
        match transfer_syntax {
            "1.2.840.10008.1.2" => Self { implicit: true, big_endian: false },
            "1.2.840.10008.1.2.2" => Self { implicit: false, big_endian: true },
            _ => EXPLICIT_LITTLE,
        }
    }

    pub(super) fn u16(self, bytes: [u8; 2]) -> u16 {
        if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    pub(super) fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }

    pub(super) fn tag(self, [g0, g1, e0, e1]: [u8; 4]) -> u32 {
        u32::from(self.u16([g0, g1])) << 16 | u32::from(self.u16([e0, e1]))
    }
}

/// Tag, VR and length of an element, and the offset of its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct ElementHeader {
    pub(super) tag: u32,
    pub(super) vr: Option<[u8; 2]>,
    pub(super) length: u32,
    pub(super) value: u64,
}

impl ElementHeader {
    /// The offset of the next element, if the length is defined. It may lie beyond the end of the file.
    pub(super) fn end(&self) -> u64 {
        self.value.saturating_add(u64::from(self.length))
    }

    /// Returns the value of an element whose VR must be `vr`. For VR UN, the dictionary's VR applies (PS3.5 6.2.2).
    pub(super) fn value_of<'a>(&self, vr: [u8; 2], buffer: &ReadBuffer<'a>) -> Result<&'a [u8], ScanError> {
        if self.vr.is_some_and(|found| found != vr && found != *b"UN") {
            return Err(ScanError::NeedsFullParser);
        }
        self.any_value(buffer)
    }

    /// Returns the value of an element of any VR.
    pub(super) fn any_value<'a>(&self, buffer: &ReadBuffer<'a>) -> Result<&'a [u8], ScanError> {
        if self.length > MAX_VALUE_BYTES {
            return Err(ScanError::NeedsFullParser);
        }
        buffer.get(self.value, self.length as usize)
    }

    /// Accepts the defined terms in their usual combinations (PS3.3 C.12.1.1.2). A parser checks them, even if no text
    /// of the file is read.
    pub(super) fn check_character_set(&self, buffer: &ReadBuffer<'_>) -> Result<(), ScanError> {
        if self.tag != SPECIFIC_CHARACTER_SET {
            return Ok(());
        }
        let value = self.value_of(*b"CS", buffer)?;
        if is_known_character_set(value.strip_suffix(b" ").unwrap_or(value)) {
            Ok(())
        } else {
            Err(ScanError::NeedsFullParser)
        }
    }
}

/// The part of a file that has been read: `bytes`, of which the first is the file's byte at `start`.
pub(super) struct ReadBuffer<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) start: u64,
}

impl<'a> ReadBuffer<'a> {
    /// Reads bytes of `source` from `start` until `memory` is full.
    pub(super) fn read<S: Source>(source: &S, start: u64, memory: &'a mut [u8]) -> ReadResult<Self, S> {
        let count = source.read_at(start, memory)?;
        let count = count.min(memory.len());
        Ok(Self { bytes: &memory[..count], start })
    }

    fn rest(&self, at: u64) -> &'a [u8] {
        let offset = at.checked_sub(self.start).and_then(|offset| usize::try_from(offset).ok());
        offset.and_then(|offset| self.bytes.get(offset..)).unwrap_or_default()
    }

    pub(super) fn get(&self, at: u64, count: usize) -> Result<&'a [u8], ScanError> {
        self.rest(at).get(..count).ok_or(ScanError::UnexpectedEof)
    }

    pub(super) fn array<const N: usize>(&self, at: u64) -> Result<[u8; N], ScanError> {
        self.rest(at).first_chunk().copied().ok_or(ScanError::UnexpectedEof)
    }

    /// Whether the data element at `at` appears to be in explicit VR.
    pub(super) fn has_vr(&self, at: u64) -> Result<bool, ScanError> {
        let start: [u8; 6] = self.array(at)?;
        Ok(start[4..].iter().all(u8::is_ascii_uppercase))
    }

    /// Reads the header of the data element at `at` (PS3.5 7.1.2, 7.1.3), or of an item.
    #[expect(clippy::inline_always, reason = "a call, which passes the element through memory, takes twice as long")]
    #[inline(always)]
    pub(super) fn element(&self, at: u64, encoding: Encoding) -> Result<ElementHeader, ScanError> {
        let [g0, g1, e0, e1, a, b, c, d] = self.array(at)?;
        let tag = encoding.tag([g0, g1, e0, e1]);
        let value = at.saturating_add(8);
        if encoding.implicit || tag >> 16 == ITEM_GROUP {
            return Ok(ElementHeader { tag, vr: None, length: encoding.u32([a, b, c, d]), value });
        }
        let vr = [a, b];
        match length_bytes(vr) {
            2 => Ok(ElementHeader { tag, vr: Some(vr), length: u32::from(encoding.u16([c, d])), value }),
            4 => {
                let length = encoding.u32(self.array(value)?);
                Ok(ElementHeader { tag, vr: Some(vr), length, value: value.saturating_add(4) })
            }
            _ => Err(ScanError::NeedsFullParser),
        }
    }
}

const SHORT: [&[u8; 2]; 21] = [
    b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS",
    b"ST", b"TM", b"UI", b"UL", b"US",
];
const LONG: [&[u8; 2]; 13] =
    [b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"];
const LETTERS: usize = 26;
/// Indexed by the letters of a VR: a header has some hundred elements, and branches on their VRs would be
/// unpredictable.
static LENGTH_BYTES: [u8; LETTERS * LETTERS] = {
    let mut table = [0; LETTERS * LETTERS];
    let mut at = 0;
    while at < SHORT.len() {
        table[place(*SHORT[at])] = 2;
        at += 1;
    }
    at = 0;
    while at < LONG.len() {
        table[place(*LONG[at])] = 4;
        at += 1;
    }
    table
};

const fn place([a, b]: [u8; 2]) -> usize {
    a.wrapping_sub(b'A') as usize * LETTERS + b.wrapping_sub(b'A') as usize
}

/// PS3.5 7.1.2: the number of bytes of the length field for a VR; 0 if the VR is unknown.
fn length_bytes(vr: [u8; 2]) -> u8 {
    if vr.iter().all(u8::is_ascii_uppercase) { LENGTH_BYTES[place(vr)] } else { 0 }
}

const _: () = assert!(MAX_VALUE_BYTES < UNDEFINED && (MAX_VALUE_BYTES as usize) < super::SCAN_BUFFER_BYTES / 2);

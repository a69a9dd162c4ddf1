//! PS3.5 7.1: how data elements are written, read from what is there of a file.

use super::value::is_known_character_set;
use super::{Stop, UNDEFINED};
use crate::item::ITEM;
use crate::source::Source;

/// PS3.3 C.12.1.1.2: a parser looks at it, even of a file whose texts nobody wants.
const SPECIFIC_CHARACTER_SET: u32 = 0x0008_0005;
/// The group of items and delimiters, which have no VR (PS3.5 7.5).
pub(super) const ITEM_GROUP: u32 = ITEM >> 16;
/// No value that is looked at has more bytes, if it is plain.
const MAX_VALUE: u32 = 1 << 10;

/// How data elements are written (PS3.5 7.1, A.1 to A.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Encoding {
    pub(super) implicit: bool,
    pub(super) big_endian: bool,
}

pub(super) const EXPLICIT_LITTLE: Encoding = Encoding { implicit: false, big_endian: false };

impl Encoding {
    /// PS3.5 A: all that are not named are in Explicit VR Little Endian, also when deflated.
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

/// Tag, VR and length, and where the value begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element {
    pub(super) tag: u32,
    pub(super) vr: Option<[u8; 2]>,
    pub(super) length: u32,
    pub(super) value: u64,
}

impl Element {
    /// Where the next one begins, if the length is defined. It need not be there: nothing is behind the end of a file.
    pub(super) fn end(&self) -> u64 {
        self.value.saturating_add(u64::from(self.length))
    }

    /// The value of an element whose VR must be `vr`. Where it is UN, the dictionary's counts (PS3.5 6.2.2).
    pub(super) fn value_of<'a>(&self, vr: [u8; 2], window: &Window<'a>) -> Result<&'a [u8], Stop> {
        if self.vr.is_some_and(|found| found != vr && found != *b"UN") || self.length > MAX_VALUE {
            return Err(Stop::Unusual);
        }
        window.get(self.value, self.length as usize)
    }

    /// Defined terms in their usual combinations are plain.
    pub(super) fn check_character_set(&self, window: &Window<'_>) -> Result<(), Stop> {
        if self.tag != SPECIFIC_CHARACTER_SET {
            return Ok(());
        }
        let value = self.value_of(*b"CS", window)?;
        if is_known_character_set(value.strip_suffix(b" ").unwrap_or(value)) { Ok(()) } else { Err(Stop::Unusual) }
    }
}

/// What is there of a file: `bytes`, of which the first is the file's byte at `start`.
pub(super) struct Window<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) start: u64,
}

impl<'a> Window<'a> {
    /// Reads as much of `source` from `start` on as `buffer` holds.
    pub(super) fn read<S: Source>(source: &S, start: u64, buffer: &'a mut [u8]) -> Result<Self, S::Error> {
        let count = source.read_at(start, buffer)?;
        let count = count.min(buffer.len());
        Ok(Self { bytes: &buffer[..count], start })
    }

    fn rest(&self, at: u64) -> &'a [u8] {
        let offset = at.checked_sub(self.start).and_then(|offset| usize::try_from(offset).ok());
        offset.and_then(|offset| self.bytes.get(offset..)).unwrap_or_default()
    }

    pub(super) fn get(&self, at: u64, count: usize) -> Result<&'a [u8], Stop> {
        self.rest(at).get(..count).ok_or(Stop::Short)
    }

    pub(super) fn array<const N: usize>(&self, at: u64) -> Result<[u8; N], Stop> {
        self.rest(at).first_chunk().copied().ok_or(Stop::Short)
    }

    /// Tells whether the data element at `at` looks as if it were in explicit VR.
    pub(super) fn has_vr(&self, at: u64) -> Result<bool, Stop> {
        let start: [u8; 6] = self.array(at)?;
        Ok(start[4..].iter().all(u8::is_ascii_uppercase))
    }

    /// The header of the data element at `at` (PS3.5 7.1.2, 7.1.3), or of an item.
    #[expect(clippy::inline_always, reason = "a call, which passes the element through memory, takes twice as long")]
    #[inline(always)]
    pub(super) fn element(&self, at: u64, encoding: Encoding) -> Result<Element, Stop> {
        let [g0, g1, e0, e1, a, b, c, d] = self.array(at)?;
        let tag = encoding.tag([g0, g1, e0, e1]);
        let value = at.saturating_add(8);
        if encoding.implicit || tag >> 16 == ITEM_GROUP {
            return Ok(Element { tag, vr: None, length: encoding.u32([a, b, c, d]), value });
        }
        let vr = [a, b];
        match length_bytes(vr) {
            2 => Ok(Element { tag, vr: Some(vr), length: u32::from(encoding.u16([c, d])), value }),
            4 => {
                let length = encoding.u32(self.array(value)?);
                Ok(Element { tag, vr: Some(vr), length, value: value.saturating_add(4) })
            }
            _ => Err(Stop::Unusual),
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
/// By the letters of a VR: a header has some hundred elements, and their VRs are nothing that branches could foresee.
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

/// PS3.5 7.1.2: how many bytes the length of an element has, by its VR; none where nobody knows.
fn length_bytes(vr: [u8; 2]) -> u8 {
    if vr.iter().all(u8::is_ascii_uppercase) { LENGTH_BYTES[place(vr)] } else { 0 }
}

const _: () = assert!(MAX_VALUE < UNDEFINED && (MAX_VALUE as usize) < super::WINDOW / 2);

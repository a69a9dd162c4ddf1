//! PS3.5 7 and PS3.10 7.1 as a plain walk over all bytes: what [`dicomet_core::scan`] finds, this must find, too. It
//! may accept input that the scanner refuses.

use dicomet_core::scan::{PixelDataHeader, Start};

const UNDEFINED: u32 = u32::MAX;
const ITEM: u32 = 0xFFFE_E000;
const ITEM_END: u32 = 0xFFFE_E00D;
const SEQUENCE_END: u32 = 0xFFFE_E0DD;
const LONG_VRS: [&[u8; 2]; 13] =
    [b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"];

#[derive(Clone, Copy)]
struct Writing {
    implicit: bool,
    big: bool,
}

struct Element {
    tag: u32,
    vr: Option<[u8; 2]>,
    length: u32,
    value: usize,
}

/// The first pixel data element at the top level, and the elements that describe it; `None` where the walk fails.
#[must_use]
pub fn walk(bytes: &[u8], start: &Start<'_>, transfer_syntax: &str) -> Option<PixelDataHeader> {
    let writing =
        Writing { implicit: transfer_syntax == "1.2.840.10008.1.2", big: transfer_syntax == "1.2.840.10008.1.2.2" };
    let walk = Walk(bytes);
    let mut at = match start {
        Start::DataSet { .. } => 0,
        _ => walk.after_meta()?,
    };
    let mut header = PixelDataHeader { transfer_syntax: transfer_syntax.to_owned(), ..PixelDataHeader::default() };
    loop {
        let element = walk.element(at, writing)?;
        if matches!(element.tag, 0x7FE0_0008 | 0x7FE0_0009 | 0x7FE0_0010) {
            header.tag = element.tag;
            header.vr = element.vr;
            header.offset = element.value as u64;
            header.length = (element.length != UNDEFINED).then_some(element.length);
            return Some(header);
        }
        at = if element.length == UNDEFINED {
            walk.after_undefined(&element, writing)?
        } else {
            keep(&mut header, &element, bytes, writing);
            element.value + element.length as usize
        };
    }
}

/// Stores an element that describes the image.
fn keep(header: &mut PixelDataHeader, element: &Element, bytes: &[u8], writing: Writing) -> Option<()> {
    let value = bytes.get(element.value..element.value + element.length as usize)?;
    let text = || String::from_utf8_lossy(value).trim_end_matches(' ').to_owned();
    match element.tag {
        0x0028_0004 => header.photometric_interpretation = Some(text()),
        0x0028_0008 => header.number_of_frames = text().parse().ok(),
        0x0028_0002 | 0x0028_0006 | 0x0028_0010 | 0x0028_0011 | 0x0028_0100..=0x0028_0103 => {
            let number = <[u8; 2]>::try_from(value).ok()?;
            let number = if writing.big { u16::from_be_bytes(number) } else { u16::from_le_bytes(number) };
            header.numbers.push((element.tag, number));
        }
        _ => {}
    }
    Some(())
}

struct Walk<'a>(&'a [u8]);

impl Walk<'_> {
    fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.0.get(at..)?.first_chunk().copied()
    }

    fn tag(&self, at: usize, big: bool) -> Option<u32> {
        let [a, b, c, d] = self.array(at)?;
        Some(u32::from_be_bytes(if big { [a, b, c, d] } else { [b, a, d, c] }))
    }

    fn element(&self, at: usize, writing: Writing) -> Option<Element> {
        let tag = self.tag(at, writing.big)?;
        let number = |bytes| if writing.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
        if writing.implicit || tag >> 16 == 0xFFFE {
            return Some(Element { tag, vr: None, length: number(self.array(at + 4)?), value: at + 8 });
        }
        let vr: [u8; 2] = self.array(at + 4)?;
        if LONG_VRS.contains(&&vr) {
            return Some(Element { tag, vr: Some(vr), length: number(self.array(at + 8)?), value: at + 12 });
        }
        let [a, b] = self.array(at + 6)?;
        let length = if writing.big { u16::from_be_bytes([a, b]) } else { u16::from_le_bytes([a, b]) };
        Some(Element { tag, vr: Some(vr), length: u32::from(length), value: at + 8 })
    }

    /// The offset of the data set in a file.
    fn after_meta(&self) -> Option<usize> {
        let mut at = if self.array(128) == Some(*b"DICM") { 132 } else { 0 };
        while self.tag(at, false)? >> 16 == 2 {
            let element = self.element(at, Writing { implicit: false, big: false })?;
            at = element.value + element.length as usize;
        }
        Some(at)
    }

    /// The end of a value of undefined length: a sequence, or fragments, whose content is not parsed.
    fn after_undefined(&self, element: &Element, writing: Writing) -> Option<usize> {
        let fragments = element.vr.is_some_and(|vr| vr == *b"OB" || vr == *b"OW");
        let mut at = element.value;
        loop {
            let item = self.element(at, writing)?;
            at = match (item.tag, item.length) {
                (SEQUENCE_END, _) => return Some(item.value),
                (ITEM, UNDEFINED) if fragments => return None,
                (ITEM, length) if fragments || length == 0 => item.value + length as usize,
                (ITEM, length) => self.after_item(item.value, length, writing)?,
                _ => return None,
            };
        }
    }

    fn after_item(&self, start: usize, length: u32, writing: Writing) -> Option<usize> {
        let looks_explicit = self.array::<6>(start)?[4..].iter().all(u8::is_ascii_uppercase);
        let writing = Writing { implicit: writing.implicit || !looks_explicit, ..writing };
        let mut at = start;
        loop {
            if length != UNDEFINED && at >= start + length as usize {
                return (at == start + length as usize).then_some(at);
            }
            let element = self.element(at, writing)?;
            at = match (element.tag, element.length) {
                (ITEM_END, _) if length == UNDEFINED => return Some(element.value),
                (_, UNDEFINED) => self.after_undefined(&element, writing)?,
                (_, length) => element.value + length as usize,
            };
        }
    }
}

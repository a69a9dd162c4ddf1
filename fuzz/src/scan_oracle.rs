//! PS3.5 7 and PS3.10 7.1 as a plain walk over all bytes: what [`dicomet_core::scan`] finds, this must find, too. It
//! may accept input that the scanner refuses.

use dicomet_core::scan::{PixelDataHeader, Start};

const UNDEFINED: u32 = u32::MAX;
const ITEM: u32 = 0xFFFE_E000;
const ITEM_END: u32 = 0xFFFE_E00D;
const SEQUENCE_END: u32 = 0xFFFE_E0DD;
const LONG_VRS: [&[u8; 2]; 13] =
    [b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"];

/// How elements are written.
#[derive(Clone, Copy)]
pub struct Writing {
    /// Without VRs.
    pub implicit: bool,
    /// With numbers in big endian.
    pub big: bool,
}

impl Writing {
    fn of(transfer_syntax: &str) -> Self {
        Self { implicit: transfer_syntax == "1.2.840.10008.1.2", big: transfer_syntax == "1.2.840.10008.1.2.2" }
    }
}

/// The header of an element.
#[derive(Clone, Copy)]
pub struct Element {
    /// The tag.
    pub tag: u32,
    /// The VR, if it is written.
    pub vr: Option<[u8; 2]>,
    /// The length as written.
    pub length: u32,
    /// The offset of the value.
    pub value: usize,
}

/// The content of an item: its first byte, the byte after its last one, and how its elements are written.
pub type Item = (usize, usize, Writing);

/// The elements of a file at the top level, up to its pixel data, and whether there is any; `None` where the walk fails.
#[must_use]
pub fn top_level(bytes: &[u8], transfer_syntax: &str) -> Option<(Vec<Element>, bool)> {
    let (walk, writing) = (Walk(bytes), Writing::of(transfer_syntax));
    let (mut at, mut found) = (walk.after_meta()?, Vec::new());
    while at != bytes.len() {
        let element = walk.element(at, writing)?;
        if is_pixel_data(element.tag) {
            return Some((found, true));
        }
        found.push(element);
        at = walk.after(&element, writing)?;
    }
    Some((found, false))
}

fn is_pixel_data(tag: u32) -> bool {
    matches!(tag, 0x7FE0_0008 | 0x7FE0_0009 | 0x7FE0_0010)
}

/// The first pixel data element at the top level, and the elements that describe it; `None` where the walk fails.
#[must_use]
pub fn walk(bytes: &[u8], start: &Start<'_>, transfer_syntax: &str) -> Option<PixelDataHeader> {
    let writing = Writing::of(transfer_syntax);
    let walk = Walk(bytes);
    let mut at = match start {
        Start::DataSet { .. } => 0,
        _ => walk.after_meta()?,
    };
    let mut header = PixelDataHeader { transfer_syntax: transfer_syntax.to_owned(), ..PixelDataHeader::default() };
    loop {
        let element = walk.element(at, writing)?;
        if is_pixel_data(element.tag) {
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

/// All bytes of a file.
pub struct Walk<'a>(pub &'a [u8]);

impl<'a> Walk<'a> {
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

    /// The items of a sequence whose value is at `at`, of `length` bytes or of undefined length.
    #[must_use]
    pub fn items(&self, mut at: usize, length: u32, writing: Writing) -> Option<Vec<Item>> {
        let (end, mut found) = (at + length as usize, Vec::new());
        while length == UNDEFINED || at != end {
            let item = self.element(at, writing)?;
            at = match (item.tag, item.length) {
                (SEQUENCE_END, 0) if length == UNDEFINED => break,
                (ITEM, 0) => {
                    found.push((item.value, item.value, writing));
                    item.value
                }
                (ITEM, length) => {
                    let (after, writing) =
                        (self.after_item(item.value, length, writing)?, self.of_item(&item, writing)?);
                    found.push((item.value, after - if length == UNDEFINED { 8 } else { 0 }, writing));
                    after
                }
                _ => return None,
            };
        }
        Some(found)
    }

    /// The elements of an item.
    #[must_use]
    pub fn elements(&self, (mut at, end, writing): Item) -> Option<Vec<Element>> {
        let mut found = Vec::new();
        while at < end {
            let element = self.element(at, writing)?;
            found.push(element);
            at = self.after(&element, writing)?;
        }
        Some(found)
    }

    /// The value of an element of defined length.
    #[must_use]
    pub fn value(&self, element: &Element) -> Option<&'a [u8]> {
        self.0.get(element.value..element.value + element.length as usize)
    }

    fn after(&self, element: &Element, writing: Writing) -> Option<usize> {
        if element.length == UNDEFINED {
            return self.after_undefined(element, writing);
        }
        Some(element.value + element.length as usize)
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

    /// How the elements of an item are written: in implicit VR if its first element has no VR.
    fn of_item(&self, item: &Element, writing: Writing) -> Option<Writing> {
        let looks_explicit = self.array::<6>(item.value)?[4..].iter().all(u8::is_ascii_uppercase);
        Some(Writing { implicit: writing.implicit || !looks_explicit, ..writing })
    }

    fn after_item(&self, start: usize, length: u32, writing: Writing) -> Option<usize> {
        let writing = self.of_item(&Element { tag: ITEM, vr: None, length, value: start }, writing)?;
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

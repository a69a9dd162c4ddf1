//! Scans files that are built element by element: whole, truncated and changed.

use super::collector::EXTENDED_OFFSET_TABLES;
use super::file_meta::{PREAMBLE_BYTES, PREFIX};
use super::read_buffer::EXPLICIT_LITTLE;
use super::*;
use crate::tag::number::{
    FILE_META_INFORMATION_GROUP_LENGTH as GROUP_LENGTH, FILE_META_INFORMATION_VERSION as VERSION, ITEM,
    ITEM_DELIMITATION_ITEM, NUMBER_OF_FRAMES, PHOTOMETRIC_INTERPRETATION, SEQUENCE_DELIMITATION_ITEM,
    SPECIFIC_CHARACTER_SET, TRANSFER_SYNTAX_UID,
};
use proptest::prelude::*;

mod named_elements;
mod sources;
mod tile_positions;
mod undefined_length;

const IMPLICIT: Encoding = Encoding { implicit: true, big_endian: false };
const BIG: Encoding = Encoding { implicit: false, big_endian: true };
const SYNTAXES: [(&str, Encoding); 4] = [
    ("1.2.840.10008.1.2", IMPLICIT),
    ("1.2.840.10008.1.2.1", EXPLICIT_LITTLE),
    ("1.2.840.10008.1.2.2", BIG),
    ("1.2.840.10008.1.2.5", EXPLICIT_LITTLE),
];

/// Writes elements in one encoding.
struct Writer(Encoding);

impl Writer {
    fn word(&self, value: u16) -> [u8; 2] {
        if self.0.big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn long(&self, value: u32) -> [u8; 4] {
        if self.0.big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn tag(&self, tag: u32) -> Vec<u8> {
        [self.word((tag >> 16) as u16), self.word(tag as u16)].concat()
    }

    fn header(&self, tag: u32, vr: &str, length: u32) -> Vec<u8> {
        let long = matches!(vr, "OB" | "OW" | "OF" | "SQ" | "UN" | "UT" | "UC");
        let rest = match (self.0.implicit, long) {
            (true, _) => self.long(length).to_vec(),
            (false, true) => [vr.as_bytes(), &[0, 0], &self.long(length)].concat(),
            (false, false) => [vr.as_bytes(), &self.word(length as u16)].concat(),
        };
        [self.tag(tag), rest].concat()
    }

    fn element(&self, tag: u32, vr: &str, value: &[u8]) -> Vec<u8> {
        [self.header(tag, vr, value.len() as u32), value.to_vec()].concat()
    }

    fn item(&self, tag: u32, length: u32) -> Vec<u8> {
        [self.tag(tag), self.long(length).to_vec()].concat()
    }

    /// A sequence of one item of undefined or defined length that contains `content`.
    fn sequence(&self, tag: u32, content: &[u8], defined: bool) -> Vec<u8> {
        let (find_data_set, end) = if defined {
            (self.item(ITEM, content.len() as u32), vec![])
        } else {
            (self.item(ITEM, UNDEFINED), self.item(ITEM_DELIMITATION_ITEM, 0))
        };
        [
            self.header(tag, "SQ", UNDEFINED),
            find_data_set,
            content.to_vec(),
            end,
            self.item(SEQUENCE_DELIMITATION_ITEM, 0),
        ]
        .concat()
    }
}

fn meta_of(syntax: &str) -> Vec<u8> {
    let writer = Writer(EXPLICIT_LITTLE);
    let padded = if syntax.len().is_multiple_of(2) { syntax.to_owned() } else { format!("{syntax}\0") };
    let group =
        [writer.element(VERSION, "OB", &[0, 1]), writer.element(TRANSFER_SYNTAX_UID, "UI", padded.as_bytes())].concat();
    let length = writer.element(GROUP_LENGTH, "UL", &(group.len() as u32).to_le_bytes());
    [vec![0; PREAMBLE_BYTES], PREFIX.to_vec(), length, group].concat()
}

/// A file with the elements `before` and those of an image before the pixel data.
fn file(syntax: &str, encoding: Encoding, before: &[u8], pixel_length: u32) -> Vec<u8> {
    let writer = Writer(encoding);
    let mut bytes = [&meta_of(syntax), &writer.element(0x0008_0060, "CS", b"CT"), before].concat();
    bytes.extend(writer.element(0x0028_0002, "US", &writer.word(1)));
    bytes.extend(writer.element(PHOTOMETRIC_INTERPRETATION, "CS", b"MONOCHROME2 "));
    bytes.extend(writer.element(NUMBER_OF_FRAMES, "IS", b"12"));
    bytes.extend(writer.element(0x0028_0010, "US", &writer.word(300)));
    bytes.extend(writer.header(0x7FE0_0010, "OW", pixel_length));
    bytes
}

#[test]
fn every_encoding() {
    for (syntax, encoding) in SYNTAXES {
        for length in [6, UNDEFINED] {
            let bytes = file(syntax, encoding, &[], length);
            let header = scan(&bytes).unwrap();
            assert_eq!(header.transfer_syntax, syntax);
            assert_eq!(header.numbers, [(0x0028_0002, 1), (0x0028_0010, 300)]);
            assert_eq!(header.photometric_interpretation.as_deref(), Some("MONOCHROME2"));
            assert_eq!(header.number_of_frames, Some(12));
            assert_eq!((header.tag, header.offset), (0x7FE0_0010, bytes.len() as u64));
            assert_eq!(header.vr, (!encoding.implicit).then_some(*b"OW"));
            assert_eq!(header.length, (length != UNDEFINED).then_some(length));
        }
    }
}

#[test]
fn sequences_are_stepped_over() {
    for (syntax, encoding) in SYNTAXES {
        let writer = Writer(encoding);
        // A description inside a sequence, such as that of an icon, does not apply to this image.
        let icon = writer.element(0x0028_0010, "US", &writer.word(64));
        let inner = [icon.clone(), writer.element(0x7FE0_0010, "OW", &[1; 20])].concat();
        for defined in [false, true] {
            let nested = writer.sequence(0x0008_1115, &writer.sequence(0x0008_1199, &inner, defined), !defined);
            let known_length = writer.element(0x0008_1140, "SQ", &[5; 33]);
            let bytes = file(syntax, encoding, &[nested, known_length].concat(), 6);
            assert_eq!(scan(&bytes).unwrap().numbers, [(0x0028_0002, 1), (0x0028_0010, 300)]);
        }
    }
}

#[test]
fn a_file_that_is_cut_is_short() {
    for (syntax, encoding) in SYNTAXES {
        let writer = Writer(encoding);
        let inner = writer.element(0x0010_0010, "PN", b"ab");
        let before = [writer.sequence(0x0008_1115, &inner, false), writer.sequence(0x0009_1010, &[], true)].concat();
        let bytes = file(syntax, encoding, &before, 6);
        for end in 0..bytes.len() {
            assert_eq!(scan(&bytes[..end]).unwrap_err(), ScanError::UnexpectedEof, "{end}");
        }
    }
}

#[test]
fn other_forms_need_the_full_parser() {
    let (syntax, writer) = ("1.2.840.10008.1.2.1", Writer(EXPLICIT_LITTLE));
    let unusual = |bytes: &[u8]| assert_eq!(scan(bytes).unwrap_err(), ScanError::NeedsFullParser);
    for before in [
        writer.element(0x0028_0010, "US", &[1, 0]),
        writer.element(0x0028_0011, "US", &[1, 0, 2, 0]),
        writer.element(0x0028_0011, "SS", &[1, 0]),
        writer.element(0x0028_0011, "US", &[]),
        writer.element(PHOTOMETRIC_INTERPRETATION, "CS", b"RGB "),
        writer.element(0x0002_0010, "UI", b"1.2\0"),
        writer.element(EXTENDED_OFFSET_TABLES[0], "OV", &[0; 8]),
        writer.element(0x0009_0010, "XX", b"ab"),
        writer.element(0x0009_0010, "  ", b"ab"),
        writer.header(0x0009_0010, "UN", UNDEFINED),
        writer.header(0x0009_0010, "UT", UNDEFINED),
        writer.item(ITEM, 0),
        writer.item(ITEM_DELIMITATION_ITEM, 0),
        writer.sequence(0x0008_1115, &writer.item(SEQUENCE_DELIMITATION_ITEM, 0), false),
        writer.sequence(0x0008_1115, &writer.element(0x0008_0005, "zz", b"ab"), true),
        [writer.header(0x0008_1115, "SQ", UNDEFINED), writer.element(0x0008_0005, "CS", b"ab")].concat(),
    ] {
        unusual(&file(syntax, EXPLICIT_LITTLE, &before, 6));
    }
    for frames in [&b"0x"[..], b"0 ", b"00", b"-1", b"", b" 1", b"1\\2 ", b"1.0 ", b"1  ", b"4294967296", b"1\0"] {
        let bytes = [meta_of(syntax), writer.element(NUMBER_OF_FRAMES, "IS", frames)].concat();
        unusual(&[bytes, vec![0; 100]].concat());
    }
    for term in [&b"RGB\\RGB "[..], b"", b" RGB", b"rgb ", b"RGB\0", b"R\xC3\x84B", b"MONOCHROME2      "] {
        let bytes = [meta_of(syntax), writer.element(PHOTOMETRIC_INTERPRETATION, "CS", term)].concat();
        unusual(&[bytes, vec![0; 100]].concat());
    }
    // A wrong or missing group length.
    let plain = file(syntax, EXPLICIT_LITTLE, &[], 6);
    for (at, byte) in [(132 + 8, 0), (132 + 8, 255), (132 + 11, 255), (132 + 2, 1), (132 + 4, b'O'), (132 + 6, 2)] {
        let mut wrong = plain.clone();
        wrong[at] = byte;
        let stop = scan(&[wrong, vec![0; 600]].concat()).unwrap_err();
        assert!(stop == ScanError::NeedsFullParser || byte == 255, "{at} {byte}");
    }
    // An encoding that differs from the transfer syntax, an invalid UID, no prefix.
    unusual(&file(syntax, IMPLICIT, &[], 6));
    unusual(&file("1.2.840.10008.1.2", EXPLICIT_LITTLE, &[], 6));
    for uid in ["1.2.x", "1..2", "1.2.", "1.02", ".1", ""] {
        unusual(&file(uid, EXPLICIT_LITTLE, &[], 6));
    }
    unusual(&[0; 1000]);
}

#[test]
fn a_pixel_element_of_another_vr_is_unusual() {
    let writer = Writer(EXPLICIT_LITTLE);
    let before = file("1.2.840.10008.1.2.1", EXPLICIT_LITTLE, &[], 6);
    let before = &before[..before.len() - 12];
    for vr in ["OB", "OW", "OF"] {
        assert!(scan(&[before, &writer.header(0x7FE0_0010, vr, 6)].concat()).is_ok());
    }
    for vr in ["US", "SS", "UN", "SQ", "UT", "AT"] {
        let bytes = [before, &writer.header(0x7FE0_0010, vr, 6), &[0; 8]].concat();
        assert_eq!(scan(&bytes).unwrap_err(), ScanError::NeedsFullParser, "{vr}");
    }
}

#[test]
fn character_sets_that_are_not_plain_are_unusual() {
    let writer = Writer(EXPLICIT_LITTLE);
    let set = |terms: &str| writer.element(SPECIFIC_CHARACTER_SET, "CS", terms.as_bytes());
    let with = |before: &[u8]| scan(&file("1.2.840.10008.1.2.1", EXPLICIT_LITTLE, before, 6)).map(|header| header.tag);
    for plain in ["ISO_IR 100", "ISO_IR 192", "GB18030 ", "ISO 2022 IR 6\\ISO 2022 IR 87", "\\ISO 2022 IR 149 "] {
        assert_eq!(with(&set(plain)), Ok(0x7FE0_0010), "{plain}");
    }
    for odd in [
        "",
        "ISO_IR 1",
        "ISO_IR\u{0}100",
        "iso_ir 100",
        "ISO_IR 100\\ISO_IR 192",
        "\\",
        "latin1",
        "ISO_IR 192\\",
        "ISO_IR 192\n",
        "ISO_IR 6  ",
    ] {
        assert_eq!(with(&set(odd)), Err(ScanError::NeedsFullParser), "{odd}");
        assert_eq!(with(&writer.sequence(0x0008_1115, &set(odd), true)), Err(ScanError::NeedsFullParser), "{odd}");
    }
    assert_eq!(with(&writer.element(SPECIFIC_CHARACTER_SET, "LO", b"ISO_IR 100")), Err(ScanError::NeedsFullParser));
    let undefined =
        [writer.header(SPECIFIC_CHARACTER_SET, "SQ", UNDEFINED), writer.item(SEQUENCE_DELIMITATION_ITEM, 0)];
    assert_eq!(with(&writer.sequence(0x0008_1115, &undefined.concat(), false)), Err(ScanError::NeedsFullParser));
}

proptest! {
    #[test]
    fn any_bytes_are_judged(
        which in 0usize..4,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        tail in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let (syntax, encoding) = SYNTAXES[which];
        let sequence = Writer(encoding).sequence(0x0008_1115, &Writer(encoding).element(0x0008_0008, "CS", b"ab"), true);
        let mut bytes = file(syntax, encoding, &sequence, 6);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes.extend(tail);
        if let Ok(header) = scan(&bytes) {
            prop_assert!(header.offset <= bytes.len() as u64 && PIXEL_ELEMENTS.contains(&header.tag));
        }
    }
}

//! Places of frames, from functional groups in every encoding, with defined and undefined lengths.

use super::*;
use crate::tag::number::*;

/// Row, column, Z offset and optical path of a frame; None for an element that is left out.
type Place = (Option<i32>, Option<i32>, Option<&'static str>, Option<&'static str>);

const PLACES: [Place; 4] = [
    (Some(1), Some(257), Some("0.5"), Some("a ")),
    (Some(-7), Some(i32::MAX), Some("-1.5E1 "), Some("b")),
    (None, Some(3), Some(""), None),
    (Some(2), None, None, Some("a")),
];

impl Writer {
    fn nested(&self, tag: u32, items: &[Vec<u8>], defined: bool) -> Vec<u8> {
        let items: Vec<u8> = items.iter().flat_map(|content| self.item_with(content, defined)).collect();
        if defined {
            return self.element(tag, "SQ", &items);
        }
        [self.header(tag, "SQ", UNDEFINED), items, self.item(SEQUENCE_DELIMITATION_ITEM, 0)].concat()
    }

    fn item_with(&self, content: &[u8], defined: bool) -> Vec<u8> {
        if defined {
            return [self.item(ITEM, content.len() as u32), content.to_vec()].concat();
        }
        [self.item(ITEM, UNDEFINED), content.to_vec(), self.item(ITEM_DELIMITATION_ITEM, 0)].concat()
    }

    /// The functional groups of one frame, with others around those that are read.
    fn groups(&self, &(row, column, z_offset, path): &Place, defined: bool) -> Vec<u8> {
        let number = |tag, value: Option<i32>| {
            value.map(|value| self.element(tag, "SL", &self.long(value.cast_unsigned()))).unwrap_or_default()
        };
        let text = |tag, vr, value: Option<&str>| {
            value.map(|value| self.element(tag, vr, value.as_bytes())).unwrap_or_default()
        };
        // An element of a place outside of its functional group does not count.
        let content = self.nested(0x0020_9111, &[number(ROW_POSITION, Some(99))], defined);
        let position = [
            text(Z_OFFSET_IN_SLIDE_COORDINATE_SYSTEM, "DS", z_offset),
            number(COLUMN_POSITION, column),
            number(ROW_POSITION, row),
        ];
        let identifier = text(OPTICAL_PATH_IDENTIFIER, "SH", path);
        [
            content,
            self.nested(OPTICAL_PATH_IDENTIFICATION_SEQUENCE, &[identifier], defined),
            self.nested(PLANE_POSITION_SLIDE_SEQUENCE, &[position.concat()], defined),
        ]
        .concat()
    }
}

fn read(bytes: &[u8], length: Option<u32>, encoding: Encoding) -> Option<TilePositions> {
    let groups = FunctionalGroups { value: 0, length, implicit: encoding.implicit, big_endian: encoding.big_endian };
    tile_positions(&bytes, &groups, &Parallelism::default()).unwrap()
}

fn value_of(writer: &Writer, places: &[Place], defined: bool) -> (Vec<u8>, Option<u32>) {
    let items: Vec<u8> =
        places.iter().flat_map(|place| writer.item_with(&writer.groups(place, defined), defined)).collect();
    let length = defined.then_some(items.len() as u32);
    let end = if defined { vec![] } else { writer.item(SEQUENCE_DELIMITATION_ITEM, 0) };
    ([items, end].concat(), length)
}

#[test]
fn places_in_every_encoding() {
    for (encoding, defined) in [EXPLICIT_LITTLE, IMPLICIT, BIG].into_iter().flat_map(|one| [(one, true), (one, false)])
    {
        let (value, length) = value_of(&Writer(encoding), &PLACES, defined);
        let found = read(&value, length, encoding).unwrap();
        assert_eq!(found.identifiers, [b"a".to_vec(), b"b".to_vec()]);
        let rows: Vec<i32> = found.frames.iter().map(|frame| frame.row).collect();
        assert_eq!(rows, [1, -7, i32::MIN, 2]);
        let columns: Vec<i32> = found.frames.iter().map(|frame| frame.column).collect();
        assert_eq!(columns, [257, i32::MAX, 3, i32::MIN]);
        let paths: Vec<u32> = found.frames.iter().map(|frame| frame.optical_path).collect();
        assert_eq!(paths, [0, 1, u32::MAX, 0]);
        let z_offsets: Vec<f64> = found.frames.iter().map(|frame| frame.z_offset).collect();
        assert_eq!(z_offsets[..2], [0.5, -15.0]);
        assert!(z_offsets[2..].iter().all(|z_offset| z_offset.is_nan()));
    }
}

#[test]
fn more_frames_than_a_buffer_holds() {
    let places: Vec<Place> = (1..2000).map(|row| (Some(row), Some(-row), Some("0"), Some("1"))).collect();
    for defined in [true, false] {
        let (value, length) = value_of(&Writer(EXPLICIT_LITTLE), &places, defined);
        let found = read(&value, length, EXPLICIT_LITTLE).unwrap();
        assert!(
            found
                .frames
                .iter()
                .map(|frame| (Some(frame.row), Some(frame.column)))
                .eq(places.iter().map(|p| (p.0, p.1)))
        );
    }
}

#[test]
fn the_first_of_several_items_counts() {
    for defined in [true, false] {
        let writer = Writer(EXPLICIT_LITTLE);
        let row = |number: u32| writer.element(ROW_POSITION, "SL", &writer.long(number));
        let path = |text: &str| writer.element(OPTICAL_PATH_IDENTIFIER, "SH", text.as_bytes());
        let frame = |positions: &[Vec<u8>], paths: &[Vec<u8>]| {
            let positions = writer.nested(PLANE_POSITION_SLIDE_SEQUENCE, positions, defined);
            let paths = writer.nested(OPTICAL_PATH_IDENTIFICATION_SEQUENCE, paths, defined);
            writer.item_with(&[paths, positions].concat(), defined)
        };
        let (no_item, none) = (vec![], vec![vec![], row(4)]);
        let mut value = [
            frame(&[row(1), row(2)], &[path("a "), path("b ")]),
            frame(&none, &no_item),
            frame(&[row(3)], &[path("c ")]),
        ]
        .concat();
        let length = defined.then_some(value.len() as u32);
        if !defined {
            value.extend(writer.item(SEQUENCE_DELIMITATION_ITEM, 0));
        }
        let found = read(&value, length, EXPLICIT_LITTLE).unwrap();
        assert_eq!(found.identifiers, [b"a".to_vec(), b"c".to_vec()]);
        let places: Vec<_> = found.frames.iter().map(|frame| (frame.row, frame.optical_path)).collect();
        assert_eq!(places, [(1, 0), (i32::MIN, u32::MAX), (3, 1)]);
    }
}

#[test]
fn a_functional_group_that_occurs_twice_needs_a_full_parser() {
    let writer = Writer(EXPLICIT_LITTLE);
    let row = writer.element(ROW_POSITION, "SL", &writer.long(1));
    let path = writer.element(OPTICAL_PATH_IDENTIFIER, "SH", b"a ");
    for (group, element) in [(PLANE_POSITION_SLIDE_SEQUENCE, row), (OPTICAL_PATH_IDENTIFICATION_SEQUENCE, path)] {
        let content = writer.nested(group, &[element], true);
        let once = writer.item_with(&content, true);
        assert!(read(&once, Some(once.len() as u32), EXPLICIT_LITTLE).is_some());
        let twice = writer.item_with(&[content.clone(), content].concat(), true);
        assert_eq!(read(&twice, Some(twice.len() as u32), EXPLICIT_LITTLE), None);
    }
}

#[test]
fn a_truncated_or_unusual_value_needs_a_full_parser() {
    let writer = Writer(EXPLICIT_LITTLE);
    for defined in [true, false] {
        let (value, length) = value_of(&writer, &PLACES, defined);
        for end in 0..value.len() {
            assert_eq!(read(&value[..end], length, EXPLICIT_LITTLE), None);
        }
    }
    for element in [
        writer.element(ROW_POSITION, "SL", &[1, 0, 0, 0, 2, 0, 0, 0]),
        writer.element(ROW_POSITION, "UL", &[1, 0, 0, 0]),
        writer.element(Z_OFFSET_IN_SLIDE_COORDINATE_SYSTEM, "DS", b"inf "),
        writer.element(Z_OFFSET_IN_SLIDE_COORDINATE_SYSTEM, "DS", b"1\\2 "),
        writer.element(Z_OFFSET_IN_SLIDE_COORDINATE_SYSTEM, "DS", b"9e99999 "),
    ] {
        let group = writer.nested(PLANE_POSITION_SLIDE_SEQUENCE, &[element], true);
        let value = writer.item_with(&group, true);
        assert_eq!(read(&value, Some(value.len() as u32), EXPLICIT_LITTLE), None);
    }
    let unknown = writer.element(PLANE_POSITION_SLIDE_SEQUENCE, "UN", &[]);
    let value = writer.item_with(&unknown, true);
    assert_eq!(read(&value, Some(value.len() as u32), EXPLICIT_LITTLE), None);
}

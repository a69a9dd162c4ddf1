//! Values of undefined length, in the encoding of the transfer syntax and in others.

use super::*;

fn scanned(syntax: &str, encoding: Encoding, before: &[u8]) -> Result<Vec<(u32, u16)>, ScanError> {
    scan(&file(syntax, encoding, before, 6)).map(|header| header.numbers)
}

const FOUND: Result<&[(u32, u16)], ScanError> = Ok(&[(0x0028_0002, 1), (0x0028_0010, 300)]);

#[track_caller]
fn is_found(syntax: &str, encoding: Encoding, before: &[u8]) {
    assert_eq!(scanned(syntax, encoding, before).as_deref(), FOUND.as_ref().copied());
}

#[track_caller]
fn is_unusual(syntax: &str, encoding: Encoding, before: &[u8]) {
    assert_eq!(scanned(syntax, encoding, before), Err(ScanError::NeedsFullParser));
}

impl Writer {
    fn undefined(&self, tag: u32, vr: &str, items: &[Vec<u8>]) -> Vec<u8> {
        [self.header(tag, vr, UNDEFINED), items.concat(), self.item(SEQUENCE_DELIMITATION_ITEM, 0)].concat()
    }

    fn item_of(&self, content: &[u8]) -> Vec<u8> {
        [self.item(ITEM, content.len() as u32), content.to_vec()].concat()
    }

    fn undefined_item_of(&self, content: &[u8]) -> Vec<u8> {
        [self.item(ITEM, UNDEFINED), content.to_vec(), self.item(ITEM_DELIMITATION_ITEM, 0)].concat()
    }
}

#[test]
fn implicit_sequences_are_in_the_dictionary_or_private() {
    let (syntax, writer) = ("1.2.840.10008.1.2", Writer(IMPLICIT));
    let name = writer.element(0x0010_0010, "PN", b"ab");
    for items in [vec![], vec![writer.item_of(&name)], vec![writer.undefined_item_of(&name), writer.item_of(&[])]] {
        for tag in [0x0008_1115, 0x0040_A730, 0x0009_1010, 0x7FE1_0010, 0x5400_0100] {
            is_found(syntax, IMPLICIT, &writer.undefined(tag, "", &items));
            let inner = writer.undefined(tag, "", &items);
            is_found(syntax, IMPLICIT, &writer.undefined(tag, "", &[writer.item_of(&inner)]));
        }
        // Other elements have another VR, or an unknown one.
        for tag in [0x0010_0010, 0x0008_1116, 0x0028_0010, 0x5000_2600, 0x6000_3000, 0xFFFC_FFFC] {
            is_unusual(syntax, IMPLICIT, &writer.undefined(tag, "", &items));
        }
    }
    is_unusual(syntax, IMPLICIT, &[writer.header(0x0009_1010, "", UNDEFINED), name].concat());
}

#[test]
fn unknown_is_a_sequence_whose_items_may_be_implicit() {
    for (syntax, encoding) in &SYNTAXES[1..] {
        let (writer, implicit) = (Writer(*encoding), Writer(Encoding { implicit: true, ..*encoding }));
        for vr in ["UN", "SQ"] {
            let inner =
                implicit.undefined(0x0008_1199, "", &[implicit.item_of(&implicit.element(0x0028_0010, "", b"abc"))]);
            // The length of the second element looks like a VR: parsers check only the first element of an item.
            let long = implicit.element(0x0009_1010, "", &vec![7; 0x5353]);
            let items = [
                implicit.item_of(&inner),
                implicit.undefined_item_of(&[inner.clone(), long].concat()),
                writer.item_of(&writer.element(0x0010_0010, "PN", b"ab")),
                implicit.undefined_item_of(&[]),
                implicit.item_of(&[]),
            ];
            is_found(syntax, *encoding, &writer.undefined(0x0009_1010, vr, &items));
            is_found(syntax, *encoding, &writer.undefined(0x0008_1115, vr, &items));
            // A name of undefined length in the implicit part, and explicit elements there.
            let name = implicit.undefined(0x0010_0010, "", &[]);
            is_unusual(syntax, *encoding, &writer.undefined(0x0009_1010, vr, &[implicit.item_of(&name)]));
            let mixed = [implicit.element(0x0010_0010, "", b"ab"), writer.undefined(0x0009_1010, "SQ", &[])].concat();
            is_unusual(syntax, *encoding, &writer.undefined(0x0009_1010, vr, &[implicit.item_of(&mixed)]));
        }
    }
}

#[test]
fn fragments_are_stepped_over() {
    for (syntax, encoding) in &SYNTAXES[1..] {
        let writer = Writer(*encoding);
        for vr in ["OB", "OW"] {
            let fragments = [writer.item_of(&[]), writer.item_of(&[0xFF; 31]), writer.item_of(b"ITEM")];
            let icon = writer.undefined(0x7FE0_0010, vr, &fragments);
            is_found(syntax, *encoding, &writer.sequence(0x0088_0200, &icon, true));
            is_found(syntax, *encoding, &writer.undefined(0x0009_1010, vr, &fragments));
            let open = [writer.item_of(&[1; 4]), writer.undefined_item_of(&[])];
            is_unusual(syntax, *encoding, &writer.undefined(0x0009_1010, vr, &open));
            is_unusual(syntax, *encoding, &writer.undefined(0x0009_1010, vr, &[vec![1; 12]]));
        }
    }
    is_unusual(SYNTAXES[0].0, IMPLICIT, &Writer(IMPLICIT).undefined(0x7FE1_0010, "", &[vec![1; 12]]));
}

#[test]
fn items_end_where_they_say() {
    for (syntax, encoding) in SYNTAXES {
        let writer = Writer(encoding);
        let name = writer.element(0x0010_0010, "PN", b"ab");
        for length in [name.len() - 1, name.len() + 1] {
            let item = [writer.item(ITEM, length as u32), name.clone()].concat();
            is_unusual(syntax, encoding, &[writer.undefined(0x0008_1115, "SQ", &[item]), vec![0; 40]].concat());
        }
        let delimited = [name.clone(), writer.item(ITEM_DELIMITATION_ITEM, 0)].concat();
        is_unusual(syntax, encoding, &writer.undefined(0x0008_1115, "SQ", &[writer.item_of(&delimited)]));
        let long_delimiter = [writer.item(ITEM, UNDEFINED), name, writer.item(ITEM_DELIMITATION_ITEM, 4)].concat();
        is_unusual(syntax, encoding, &writer.undefined(0x0008_1115, "SQ", &[long_delimiter]));
    }
}

#[test]
fn depth_is_bounded() {
    for (syntax, encoding) in SYNTAXES {
        let writer = Writer(encoding);
        let nested = |depth| {
            (0..depth).fold(vec![], |inner, _| writer.undefined(0x0008_1115, "SQ", &[writer.undefined_item_of(&inner)]))
        };
        is_found(syntax, encoding, &nested(nesting::MAX_DEPTH / 2));
        is_unusual(syntax, encoding, &nested(nesting::MAX_DEPTH / 2 + 1));
        let opening = [writer.header(0x0008_1115, "SQ", UNDEFINED), writer.item(ITEM, UNDEFINED)].concat();
        is_unusual(syntax, encoding, &opening.repeat(100_000));
    }
}

#[test]
fn values_of_unknown_vr_count_where_the_dictionary_has_them() {
    let writer = Writer(EXPLICIT_LITTLE);
    let before = [
        writer.element(SPECIFIC_CHARACTER_SET, "UN", b"ISO_IR 100"),
        writer.element(0x0028_0011, "UN", &[44, 1]),
        writer.element(0x0028_0008, "UN", b"7 "),
    ];
    let bytes = [meta_of(SYNTAXES[1].0), before.concat(), writer.header(0x7FE0_0010, "OW", 6)].concat();
    let header = scan(&bytes).unwrap();
    assert_eq!((header.numbers, header.number_of_frames), (vec![(0x0028_0011, 300)], Some(7)));
}

//! Elements that a caller names, with and without pixel data.

use super::*;
use crate::Error;

const POSITION: u32 = 0x0020_0032;
const COMMENTS: u32 = 0x0020_4000;
const ICON: u32 = 0x0088_0200;

fn named<'a>(bytes: &[u8], tags: &'a [u32]) -> Result<NamedElements<'a>, ScanError> {
    scan_elements::<&[u8]>(&bytes, tags, &Parallelism::of(1)).unwrap_or_else(|error: Error| panic!("{error}"))
}

fn tags_and_values(found: &NamedElements<'_>) -> Vec<(u32, Vec<u8>)> {
    found.elements.iter().map(|element| (element.tag, element.value.clone())).collect()
}

#[test]
fn values_are_those_of_the_top_level() {
    for (syntax, encoding) in SYNTAXES {
        let writer = Writer(encoding);
        let position = writer.element(POSITION, "DS", b"1\\2\\3 ");
        for defined in [false, true] {
            let before = [
                writer.sequence(0x0008_1115, &writer.element(POSITION, "DS", b"4\\5\\6 "), defined),
                position.clone(),
                writer.sequence(ICON, &position, defined),
            ];
            let bytes = file(syntax, encoding, &before.concat(), 6);
            let found = named(&bytes, &[0x0028_0010, POSITION, ICON]).unwrap();
            assert_eq!((found.transfer_syntax.as_str(), found.has_pixel_data), (syntax, true));
            let expected = [(POSITION, &b"1\\2\\3 "[..]), (ICON, b""), (0x0028_0010, &writer.word(300))];
            assert_eq!(tags_and_values(&found), expected.map(|(tag, value)| (tag, value.to_vec())));
            assert_eq!(found.elements[0].vr, (!encoding.implicit).then_some(*b"DS"));
        }
    }
}

#[test]
fn a_data_set_may_end_without_pixel_data_but_not_within_an_element() {
    for (syntax, encoding) in SYNTAXES {
        let writer = Writer(encoding);
        // With the second value, the data set ends in the second buffer.
        for length in [2, 2 * SCAN_BUFFER_BYTES] {
            let last = writer.element(COMMENTS, "UT", &vec![b'x'; length]);
            let whole = [meta_of(syntax), writer.element(0x0008_0060, "CS", b"CT"), last].concat();
            let found = named(&whole, &[0x0008_0060]).unwrap();
            assert_eq!((tags_and_values(&found), found.has_pixel_data), (vec![(0x0008_0060, b"CT".to_vec())], false));
            for left_out in [1, 2, 5] {
                let short = &whole[..whole.len() - left_out];
                assert_eq!(named(short, &[0x0008_0060]), Err(ScanError::UnexpectedEof), "{length} {left_out}");
            }
        }
        let open = [meta_of(syntax), writer.header(0x0008_1115, "SQ", UNDEFINED)].concat();
        assert_eq!(named(&open, &[]), Err(ScanError::UnexpectedEof));
    }
}

#[test]
fn long_and_duplicate_values_need_the_full_parser() {
    let (syntax, writer) = ("1.2.840.10008.1.2.1", Writer(EXPLICIT_LITTLE));
    let long = writer.element(COMMENTS, "UT", &[b'x'; 1 << 11]);
    let twice = writer.element(POSITION, "DS", b"1 ").repeat(2);
    for before in [long, twice] {
        let bytes = file(syntax, EXPLICIT_LITTLE, &before, 6);
        assert_eq!(named(&bytes, &[COMMENTS, POSITION]), Err(ScanError::NeedsFullParser));
        assert!(named(&bytes, &[0x0028_0010]).is_ok());
    }
}

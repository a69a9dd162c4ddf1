//! C.2.4.1.2: mapping tables.

use super::common::segment;
use super::common::stream::Stream;
use super::common::tables::MappingTable;
use super::{change, check, decode, error, find, gray, insert, mixed};
use dicomet_jpeg_ls::{ErrorKind, Unsupported};

const LSE: u8 = 0xF8;

fn table(id: u8, width: u8, entries: usize) -> MappingTable {
    MappingTable { id, width, entries: (0..entries).map(|entry| (entry * 37) as u16 & 0xFF).collect() }
}

fn with(tables: Vec<MappingTable>) -> Stream {
    let mut stream = gray();
    stream.scans[0].tables = vec![tables[0].id];
    stream.tables = tables;
    stream
}

#[test]
fn tables_are_applied() {
    for (id, width) in [(1, 1), (1, 2), (255, 1)] {
        let mut stream = with(vec![table(id, width, 256)]);
        for first in [256, 255, 100, 1, 0] {
            stream.first_entries = first;
            let encoded = stream.encode();
            let (found, warnings) = decode(&encoded.bytes).unwrap();
            assert_eq!(warnings, []);
            assert!(found[0] == encoded.planes[0].values, "{id} {width} {first}");
        }
    }
}

#[test]
fn missing_tables_and_entries_are_named() {
    let stream = with(vec![table(7, 1, 256)]).encode().bytes;
    let (at, length) = find(&stream, LSE);
    let without = [&stream[..at], &stream[at + length..]].concat();
    assert_eq!(error(&without).kind, ErrorKind::TableMissing { number: 7 });
    assert_eq!(error(&change(&stream, 0xDA, 6, 8)).kind, ErrorKind::TableMissing { number: 8 });
    // Behind the scan is too late.
    let late = insert(&without, without.len() - 2, &stream[at..at + length]);
    assert_eq!(error(&late).kind, ErrorKind::TableMissing { number: 7 });
    let stream = with(vec![table(7, 1, 256)]);
    let greatest = stream.planes[0].values.iter().max().copied().unwrap();
    let short = |entries: u16| {
        let encoded = stream.encode().bytes;
        let (at, length) = find(&encoded, LSE);
        let table = table(7, 1, entries.into()).segments(usize::MAX);
        [&encoded[..at], &table, &encoded[at + length..]].concat()
    };
    assert!(decode(&short(greatest + 1)).is_ok());
    for entries in [greatest, 1] {
        let error = error(&short(entries));
        let named = matches!(error.kind, ErrorKind::TableTooShort { number: 7, entries: found, .. } if found == usize::from(entries));
        assert!(named, "{error}");
    }
}

#[test]
fn invalid_tables_are_errors() {
    let stream = gray().encode().bytes;
    let with = |parameters: &[u8]| error(&insert(&stream, find(&stream, 0xDA).0, &segment(LSE, parameters)));
    check(&with(&[2, 0, 1, 5]), LSE, "table");
    check(&with(&[2, 1, 0, 5]), LSE, "width of table entries");
    check(&with(&[2, 1, 2, 5]), LSE, "segment length");
    check(&with(&[2, 1]), LSE, "segment length");
    check(&with(&[2]), LSE, "segment length");
    check(&with(&[3, 1, 1, 5]), LSE, "mapping table 1");
    let mixed_widths = [segment(LSE, &[2, 1, 1, 5]), segment(LSE, &[3, 1, 2, 5, 5])].concat();
    check(&error(&insert(&stream, find(&stream, 0xDA).0, &mixed_widths)), LSE, "width of table entries");
}

#[test]
fn wide_entries_are_unsupported_where_they_are_used() {
    let mut stream = with(vec![table(7, 1, 256)]);
    stream.tables[0].width = 3;
    let kind = error(&stream.encode().bytes).kind;
    assert_eq!(kind, ErrorKind::Unsupported(Unsupported::MappingTable(3)));
}

/// A table that a later segment replaces.
#[test]
fn each_scan_has_the_tables_before_it() {
    let mut stream = mixed();
    stream.scans[0].tables = vec![9];
    stream.tables = vec![table(9, 2, 4096)];
    let encoded = stream.encode();
    let again = table(9, 2, 3).segments(usize::MAX);
    let second = super::segments(&encoded.bytes).into_iter().filter(|(code, ..)| *code == 0xDA).nth(1).unwrap().1;
    let (found, _) = decode(&insert(&encoded.bytes, second, &again)).unwrap();
    assert!(found.iter().eq(encoded.planes.iter().map(|plane| &plane.values)));
}

//! Files without a preamble or meta information, and files that are read a buffer at a time.

use super::*;
use crate::Error;
use std::sync::atomic::{AtomicUsize, Ordering};

const FILE: Start<'_> = Start::File { transfer_syntax: None };
const EXPLICIT: &str = "1.2.840.10008.1.2.1";

/// Counts the reads, and the bytes read.
struct Counted<'a> {
    bytes: &'a [u8],
    reads: AtomicUsize,
    read: AtomicUsize,
}

impl Source for Counted<'_> {
    type Error = Error;

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Error> {
        let count = self.bytes.read_at(offset, buffer)?;
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.read.fetch_add(count, Ordering::Relaxed);
        Ok(count)
    }
}

fn scan_counted(bytes: &[u8], start: &Start<'_>) -> (Result<PixelDataHeader, ScanError>, usize, usize) {
    let source = Counted { bytes, reads: AtomicUsize::new(0), read: AtomicUsize::new(0) };
    let found = scan_source(&source, start, ScanScope::Stored, &Parallelism::default()).unwrap();
    (found, source.reads.into_inner(), source.read.into_inner())
}

/// Checks that a source and memory give the same result; `UnexpectedEof` may be
/// `NeedsFullParser` if meta information is longer than a buffer.
#[track_caller]
fn same_from_source(bytes: &[u8], start: &Start<'_>) -> Result<PixelDataHeader, ScanError> {
    let (found, _, read) = scan_counted(bytes, start);
    assert_eq!(found, scan_from(bytes, start, ScanScope::Stored));
    assert!(read <= bytes.len() + bytes.len() / 8 + 100);
    found
}

#[test]
fn long_values_are_not_read() {
    for (syntax, encoding) in SYNTAXES {
        let writer = Writer(encoding);
        let long = writer.element(0x0009_1010, "OB", &vec![1; 3_000_000]);
        for before in [long.clone(), writer.sequence(0x0009_1010, &long.repeat(2), true)] {
            let bytes = file(syntax, encoding, &before, 6);
            let (found, reads, read) = scan_counted(&bytes, &FILE);
            assert_eq!(found, scan(&bytes));
            assert_eq!(found.unwrap().offset, bytes.len() as u64);
            assert!(reads <= 3 && read <= 3 * SCAN_BUFFER_BYTES);
        }
        let bytes = file(syntax, encoding, &[], 6);
        assert_eq!(scan_counted(&[bytes, vec![0; 100_000]].concat(), &FILE).1, 1);
    }
}

#[test]
fn long_values_are_read_once() {
    for (syntax, encoding) in SYNTAXES {
        let writer = Writer(encoding);
        let empty = writer.item(ITEM, 0).repeat(1_000_000);
        let items = [writer.header(0x0008_1115, "SQ", UNDEFINED), empty, writer.item(SEQUENCE_DELIMITATION_ITEM, 0)];
        let sequences = writer.sequence(0x0008_1115, &[], false).repeat(100_000);
        let elements = writer.element(0x0010_4000, "LT", &[b' '; 40]).repeat(100_000);
        // Elements whose size does not divide a buffer, so that headers cross its end.
        let odd = writer.element(0x0009_1010, "OB", &[1; 1001]).repeat(2000);
        for before in [items.concat(), sequences, elements, odd] {
            assert!(same_from_source(&file(syntax, encoding, &before, 6), &FILE).is_ok());
        }
    }
}

#[test]
fn a_file_may_be_without_its_beginning() {
    for (syntax, encoding) in SYNTAXES {
        let bytes = file(syntax, encoding, &[], 6);
        let expected = scan(&bytes).unwrap();
        let (meta, data_set) = (PREAMBLE_BYTES + PREFIX.len(), meta_of(syntax).len());
        let (forced, given) =
            (Start::Forced { transfer_syntax: None }, Start::Forced { transfer_syntax: Some(syntax) });
        let moved = |count: usize| Ok(PixelDataHeader { offset: expected.offset - count as u64, ..expected.clone() });
        for (start, count, found) in [
            (forced, 0, moved(0)),
            (forced, meta, moved(meta)),
            (forced, data_set, Err(ScanError::NeedsFullParser)),
            (given, 0, moved(0)),
            (given, meta, moved(meta)),
            (given, data_set, moved(data_set)),
            (Start::DataSet { transfer_syntax: syntax }, data_set, moved(data_set)),
            (FILE, meta, Err(ScanError::NeedsFullParser)),
            (FILE, data_set, Err(ScanError::NeedsFullParser)),
        ] {
            // As long as the bytes that are searched for a prefix.
            let bytes = [&bytes[count..], &[0; 132]].concat();
            assert_eq!(same_from_source(&bytes, &start), found, "{start:?} {count} {syntax}");
        }
        // A prefix without meta information.
        let bare = [&bytes[..meta], &bytes[data_set..]].concat();
        let count = data_set - meta;
        assert_eq!(scan_from(&bare, &FILE, ScanScope::Stored), Err(ScanError::NeedsFullParser));
        assert_eq!(scan_from(&bare, &Start::File { transfer_syntax: Some(syntax) }, ScanScope::Stored), moved(count));
    }
}

#[test]
fn the_transfer_syntax_that_is_given_counts() {
    let bytes = file("1.2.840.10008.1.2", EXPLICIT_LITTLE, &[], 6);
    assert_eq!(scan(&bytes), Err(ScanError::NeedsFullParser));
    let header = scan_from(&bytes, &Start::File { transfer_syntax: Some(EXPLICIT) }, ScanScope::Stored).unwrap();
    assert_eq!(header.transfer_syntax, EXPLICIT);
    assert!(scan(&file("1.2.840.10008.1.2.1.98", EXPLICIT_LITTLE, &[], 6)).is_ok());
}

#[test]
fn a_deflated_data_set_is_pointed_at() {
    let deflated = "1.2.840.10008.1.2.1.99";
    let bytes = file(deflated, EXPLICIT_LITTLE, &[], 6);
    let at = meta_of(deflated).len();
    assert_eq!(same_from_source(&bytes, &FILE), Err(ScanError::Deflated(at as u64)));
    let header = scan_from(&bytes[at..], &Start::DataSet { transfer_syntax: deflated }, ScanScope::Stored).unwrap();
    assert_eq!((header.transfer_syntax.as_str(), header.offset), (deflated, (bytes.len() - at) as u64));
}

#[test]
fn meta_information_may_be_without_its_length() {
    let writer = Writer(EXPLICIT_LITTLE);
    let with = |group: &[Vec<u8>]| {
        let rest = &file(EXPLICIT, EXPLICIT_LITTLE, &[], 6)[meta_of(EXPLICIT).len()..];
        scan(&[&[0; PREAMBLE_BYTES], &PREFIX[..], &group.concat(), rest].concat()).map(|header| header.transfer_syntax)
    };
    let length = |length: u32| writer.element(GROUP_LENGTH, "UL", &length.to_le_bytes());
    let version = writer.element(VERSION, "OB", &[0, 1]);
    let class = writer.element(0x0002_0002, "UI", b"1.2\0");
    let syntax = writer.element(TRANSFER_SYNTAX_UID, "UI", b"1.2.840.10008.1.2.1\0");
    let group = (version.len() + class.len() + syntax.len()) as u32;
    for plain in [
        vec![version.clone(), syntax.clone()],
        vec![syntax.clone()],
        vec![version.clone(), class.clone(), syntax.clone()],
        vec![length(group), version.clone(), class.clone(), syntax.clone()],
        vec![length(syntax.len() as u32), syntax.clone()],
    ] {
        assert_eq!(with(&plain).as_deref(), Ok(EXPLICIT));
    }
    for odd in [
        vec![class.clone(), syntax.clone()],
        vec![syntax.clone(), version.clone()],
        vec![syntax.clone(), syntax.clone()],
        vec![length(group + 2), version.clone(), class.clone(), syntax.clone()],
        vec![length(u32::MAX), version.clone(), class, syntax.clone()],
        vec![version.clone(), length(syntax.len() as u32), syntax.clone()],
        vec![version.clone(), writer.element(TRANSFER_SYNTAX_UID, "UN", b"1.2.840.10008.1.2.1\0")],
        vec![version.clone()],
        // An item that a parser skips.
        vec![version, syntax, writer.item(ITEM_DELIMITATION_ITEM, 0)],
    ] {
        assert_eq!(with(&odd), Err(ScanError::NeedsFullParser));
    }
}

#[test]
fn meta_information_that_is_longer_than_a_window_is_unusual() {
    let writer = Writer(EXPLICIT_LITTLE);
    let group = [
        writer.element(TRANSFER_SYNTAX_UID, "UI", b"1.2.840.10008.1.2.1\0"),
        writer.element(0x0002_0102, "OB", &vec![0; SCAN_BUFFER_BYTES]),
    ];
    let rest = &file(EXPLICIT, EXPLICIT_LITTLE, &[], 6)[meta_of(EXPLICIT).len()..];
    let bytes = [&[0; PREAMBLE_BYTES], &PREFIX[..], &group.concat(), rest].concat();
    assert!(scan(&bytes).is_ok());
    assert_eq!(scan_counted(&bytes, &FILE).0, Err(ScanError::NeedsFullParser));
}

proptest! {
    /// Windows of any size, over any content.
    #[test]
    fn windows_do_not_matter(
        which in 0usize..4,
        lengths in prop::collection::vec(0usize..9000, 0..40),
        defined in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..2),
    ) {
        let (syntax, encoding) = SYNTAXES[which];
        let writer = Writer(encoding);
        let elements: Vec<u8> =
            lengths.iter().flat_map(|length| writer.element(0x0009_1010, "OB", &vec![1; *length])).collect();
        let mut bytes = file(syntax, encoding, &writer.sequence(0x0008_1115, &elements, defined), 6);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        prop_assert_eq!(scan_counted(&bytes, &FILE).0, scan(&bytes));
    }
}

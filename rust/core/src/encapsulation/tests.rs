use super::*;
use proptest::prelude::*;

mod offset_tables;

use offset_tables::numbered;

fn item(bytes: &[u8]) -> Vec<u8> {
    [&[0xFE, 0xFF, 0x00, 0xE0], &(bytes.len() as u32).to_le_bytes()[..], bytes].concat()
}

fn encapsulate(table: &[u32], fragments: &[&[u8]]) -> Vec<u8> {
    let table: Vec<u8> = table.iter().flat_map(|offset| offset.to_le_bytes()).collect();
    let mut bytes = item(&table);
    for fragment in fragments {
        bytes.extend(item(fragment));
    }
    bytes.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    bytes
}

fn value(bytes: &[u8], frames: u64) -> Value {
    Value { length: bytes.len() as u64, delimited: true, frames, codestreams: false, extended: None }
}

fn contents(bytes: &[u8], frames: &FrameIndex) -> Vec<Vec<u8>> {
    (0..frames.len()).map(|i| join(bytes, frames.frame(i))).collect()
}

fn join(bytes: &[u8], fragments: &[Fragment]) -> Vec<u8> {
    fragments.iter().flat_map(|f| bytes[f.offset as usize..f.end() as usize].to_vec()).collect()
}

fn find(bytes: &[u8], value: Value) -> Result<FrameIndex> {
    let frames_expected = value.frames as usize;
    let encapsulated = EncapsulatedPixelData::open(&bytes, value)?;
    let frames = encapsulated.build_frame_index(&bytes, &Parallelism::default())?;
    if let Some(defect) = frames.defect {
        return Err(defect);
    }
    for index in 0..frames_expected {
        // `find_frame` must agree with `build_frame_index`, if it finds the frame.
        if let Some(fragments) = encapsulated.find_frame(&bytes, index, &Parallelism::default())? {
            assert_eq!(fragments, frames.frame(index));
        }
    }
    Ok(frames)
}

#[test]
fn one_fragment_for_each_frame() {
    for table in [&[][..], &[0, 10, 22]] {
        let bytes = encapsulate(table, &[b"aa", b"bbbb", b"cc"]);
        let frames = find(&bytes, value(&bytes, 3)).unwrap();
        assert_eq!(contents(&bytes, &frames), [&b"aa"[..], b"bbbb", b"cc"]);
        assert!(frames.warnings.is_empty());
    }
}

#[test]
fn fragments_are_joined() {
    let bytes = encapsulate(&[0, 22], &[b"aa", b"bbbb", b"cc"]);
    assert_eq!(contents(&bytes, &find(&bytes, value(&bytes, 2)).unwrap()), [&b"aabbbb"[..], b"cc"]);
    let bytes = encapsulate(&[], &[b"aa", b"bbbb", b"cc"]);
    assert_eq!(contents(&bytes, &find(&bytes, value(&bytes, 1)).unwrap()), [b"aabbbbcc"]);
}

#[test]
fn jpeg_frames_end_with_a_marker() {
    let bytes = encapsulate(&[], &[b"aa", b"b\xFF\xD9\0", b"c\xFF\xD9\0"]);
    let jpeg = Value { codestreams: true, ..value(&bytes, 2) };
    let frames = find(&bytes, jpeg).unwrap();
    assert_eq!(contents(&bytes, &frames), [&b"aab\xFF\xD9\0"[..], b"c\xFF\xD9\0"]);
    assert!(matches!(find(&bytes, value(&bytes, 2)).unwrap_err().kind, ErrorKind::FragmentCount { .. }));
}

#[test]
fn wrong_tables_are_ignored_where_the_count_tells() {
    for table in [&[0, 22, 10][..], &[0, 10], &[4, 10, 22], &[0, 10, 23], &[0, 0, 10]] {
        let bytes = encapsulate(table, &[b"aa", b"bbbb", b"cc"]);
        let frames = find(&bytes, value(&bytes, 3)).unwrap();
        assert_eq!(contents(&bytes, &frames), [&b"aa"[..], b"bbbb", b"cc"]);
        assert_eq!(frames.warnings.len(), 1, "{table:?}");
    }
}

#[test]
fn extended_offset_table() {
    let bytes = encapsulate(&[], &[b"aa", b"bbbb", b"cc"]);
    let extended = |offsets: &[u64], lengths: &[u64]| Value {
        extended: Some(ExtendedOffsetTable::new(offsets.to_vec(), lengths.to_vec())),
        ..value(&bytes, 3)
    };
    let right = find(&bytes, extended(&[0, 10, 22], &[2, 3, 2])).unwrap();
    assert_eq!(contents(&bytes, &right), [&b"aa"[..], b"bbb", b"cc"]);
    for (offsets, lengths) in [
        (&[0, 10, 1 << 63][..], &[2, 4, 2][..]),
        (&[0, 10, u64::MAX], &[2, 4, 2]),
        (&[0, 10], &[2, 4]),
        (&[0, 10, 22], &[2, 4, 1 << 62]),
        (&[0, 10, 22], &[2, 4]),
        (&[0, 0, 0], &[2, 2, 2]),
        (&[22, 10, 0], &[2, 4, 2]),
        (&[0, 10, 22], &[u64::MAX; 3]),
        (&[0, 10, 22, 32], &[2, 4, 2, 0]),
    ] {
        let frames = find(&bytes, extended(offsets, lengths)).unwrap();
        assert_eq!(contents(&bytes, &frames), [&b"aa"[..], b"bbbb", b"cc"]);
        assert_eq!(frames.warnings.len(), 1);
    }
}

#[test]
fn counts_that_do_not_fit() {
    let bytes = encapsulate(&[], &[b"aa", b"", b"cc"]);
    let kind = |frames| find(&bytes, value(&bytes, frames)).unwrap_err().kind;
    assert_eq!(kind(4), ErrorKind::FrameCount { found: 2, expected: 4 });
    let frames = find(&bytes, value(&bytes, 2)).unwrap();
    assert_eq!(contents(&bytes, &frames), [b"aa", b"cc"]);
    assert_eq!(frames.warnings.len(), 1);
    let more = encapsulate(&[0, 10, 20], &[b"aa", b"bb", b"cc"]);
    assert_eq!(find(&more, value(&more, 2)).unwrap().len(), 3);
}

#[test]
fn malformed_items_are_named_by_offset() {
    let bytes = encapsulate(&[], &[b"aa", b"bb"]);
    let spoilt = |at: usize, with: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[at..at + with.len()].copy_from_slice(with);
        find(&bytes, value(&bytes, 2)).unwrap_err()
    };
    assert_eq!(spoilt(22, &[0xFF; 4]).kind, ErrorKind::UndefinedItem);
    assert_eq!(spoilt(22, &[200, 0, 0, 0]).kind, ErrorKind::ItemLength { length: 200, left: 10 });
    assert_eq!(spoilt(18, &[1, 2, 3, 4]).offset, Some(18));
    assert_eq!(spoilt(0, &[1, 2, 3, 4]).offset, Some(0));
    assert!(find(&[], value(&[], 1)).is_err());
}

#[test]
fn frames_before_the_damage_are_found() {
    let bytes = encapsulate(&[], &[b"aa", b"bb", b"cc"]);
    let cut = &bytes[..bytes.len() - 9];
    let frames = EncapsulatedPixelData::open(&cut, value(cut, 3))
        .unwrap()
        .build_frame_index(&cut, &Parallelism::default())
        .unwrap();
    assert_eq!(contents(cut, &frames), [b"aa", b"bb"]);
    assert_eq!(frames.defect.unwrap().kind, ErrorKind::ItemLength { length: 2, left: 1 });
    let single =
        EncapsulatedPixelData::open(&cut, value(cut, 1)).unwrap().build_frame_index(&cut, &Parallelism::default());
    assert!(single.is_err(), "a frame in fragments of which the last is cut is not whole");
}

#[test]
fn an_extended_table_that_leaves_out_a_fragment_is_not_used() {
    let bytes = encapsulate(&[], &[b"aa", b"bb", b"cc"]);
    for offsets in [vec![0, 20], vec![10, 20]] {
        let extended = Some(ExtendedOffsetTable::new(offsets, vec![2, 2]));
        let error = find(&bytes, Value { extended, ..value(&bytes, 2) }).unwrap_err();
        assert_eq!(error.kind, ErrorKind::FragmentCount { fragments: 3, frames: 2 });
    }
}

#[test]
fn fragments_after_an_extended_table_are_reported() {
    let bytes = encapsulate(&[], &[b"aa", b"bb", b"cc"]);
    let extended = Some(ExtendedOffsetTable::new(vec![0, 10], vec![2, 2]));
    let frames = find(&bytes, Value { extended, ..value(&bytes, 2) }).unwrap();
    assert_eq!(contents(&bytes, &frames), [b"aa", b"bb"]);
    assert_eq!(frames.warnings[0].kind, ErrorKind::UnusedFragments { count: 1 });
}

#[test]
fn an_entry_without_bytes_is_that_of_an_empty_item() {
    // The last entry points to a fragment; the empty item follows it.
    let bytes = encapsulate(&[], &[b"aa", b"bb", b""]);
    let extended = || Some(ExtendedOffsetTable::new(vec![0, 10], vec![2, 0]));
    let frames = find(&bytes, Value { extended: extended(), ..value(&bytes, 2) }).unwrap();
    assert_eq!(contents(&bytes, &frames), [b"aa", b"bb"]);
    let cut = &bytes[..19];
    let encapsulated = EncapsulatedPixelData::open(&cut, Value { extended: extended(), ..value(cut, 2) }).unwrap();
    let frames = encapsulated.build_frame_index(&cut, &Parallelism::default()).unwrap();
    assert_eq!(contents(cut, &frames), [b"aa"]);
}

#[test]
fn an_extended_table_may_have_entries_without_bytes() {
    let bytes = encapsulate(&[], &[b"aa", b"", b"cc"]);
    let extended = Some(ExtendedOffsetTable::new(vec![0, 10, 18], vec![2, 0, 2]));
    let frames = find(&bytes, Value { extended, ..value(&bytes, 3) }).unwrap();
    assert_eq!(contents(&bytes, &frames), [&b"aa"[..], b"", b"cc"]);
}

#[test]
fn a_frame_of_a_long_extended_table_takes_few_reads() {
    let frames = 1000;
    let lengths = vec![2000; frames];
    let contents = numbered(&lengths.iter().map(|length| *length as usize).collect::<Vec<_>>());
    let bytes = encapsulate(&[], &contents.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let offsets = (0..frames as u64).map(|number| number * 2008).collect();
    let source = Counted(&bytes, std::sync::atomic::AtomicUsize::new(0));
    let extended = Some(ExtendedOffsetTable::new(offsets, lengths));
    let encapsulated =
        EncapsulatedPixelData::open(&source, Value { extended, ..value(&bytes, frames as u64) }).unwrap();
    assert!(encapsulated.find_frame(&source, 500, &Parallelism::default()).unwrap().is_some());
    assert!(source.1.into_inner() <= 6);
}

#[test]
fn missing_delimiter_is_reported() {
    let bytes = encapsulate(&[], &[b"aa", b"bb"]);
    let cut = &bytes[..bytes.len() - 8];
    assert_eq!(find(cut, value(cut, 2)).unwrap().warnings.len(), 1);
    let defined = Value { delimited: false, ..value(cut, 2) };
    assert!(find(cut, defined).unwrap().warnings.is_empty());
}

proptest! {
    #[test]
    fn any_bytes(
        bytes in prop::collection::vec(prop_oneof![Just(0u8), Just(0xFE), Just(0xFF), Just(0xE0), any::<u8>()], 0..120),
        frames in 1u64..5,
        codestreams: bool,
        extended in prop::option::of((prop::collection::vec(any::<u64>(), 0..3), prop::collection::vec(any::<u64>(), 0..3))),
    ) {
        let bytes = [item(&[]), item(b"ab"), bytes].concat();
        let extended = extended.map(|(offsets, lengths)| ExtendedOffsetTable::new(offsets, lengths));
            let value = Value { codestreams, extended, ..value(&bytes, frames) };
        if let Ok(frames) = find(&bytes, value) {
            for index in 0..frames.len() {
                prop_assert!(frames.frame(index).iter().all(|f| f.end() <= bytes.len() as u64));
            }
        }
    }
}

#[test]
fn an_interruption_ends_the_walk() {
    let bytes = encapsulate(&[], &[b"one ", b"two "]);
    let stopped = Parallelism { interrupted: &|| true, ..Parallelism::default() };
    let encapsulated = EncapsulatedPixelData::open(&bytes.as_slice(), value(&bytes, 2)).unwrap();
    assert_eq!(encapsulated.build_frame_index(&bytes.as_slice(), &stopped).unwrap_err().kind, ErrorKind::Interrupted);
}

#[test]
fn entries_that_reach_into_the_next_are_not_believed() {
    // A fragment that contains a fragment.
    let inner = item(b"bb");
    let bytes = encapsulate(&[], &[&[&b"aa"[..], &inner].concat(), b"cc"]);
    let lengths = vec![2 + inner.len() as u64, 2, 2];
    let table = ExtendedOffsetTable::new(vec![0, 10, 20], lengths);
    let encapsulated =
        EncapsulatedPixelData::open(&&bytes[..], Value { extended: Some(table), ..value(&bytes, 3) }).unwrap();
    for index in 0..3 {
        assert_eq!(encapsulated.find_frame(&&bytes[..], index, &Parallelism::default()).unwrap(), None);
    }
}

/// Bytes, and the number of times they have been read.
struct Counted<'a>(&'a [u8], std::sync::atomic::AtomicUsize);

impl Source for Counted<'_> {
    type Error = Error;
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.0.read_at(offset, buffer)
    }
}

#[test]
fn headers_of_short_fragments_are_read_many_at_once() {
    for (length, most) in [(0, 260), (2, 340), (1000, 1005)] {
        let fragment = vec![7; length];
        let mut fragments = vec![&fragment[..]; 1000];
        fragments[999] = b"aa";
        let bytes = encapsulate(&[], &fragments);
        let source = Counted(&bytes, std::sync::atomic::AtomicUsize::new(0));
        let frames = if length == 0 { 1 } else { 1000 };
        let encapsulated = EncapsulatedPixelData::open(&source, value(&bytes, frames)).unwrap();
        let found = encapsulated.build_frame_index(&source, &Parallelism::default()).unwrap();
        assert_eq!(found.len() as u64, frames);
        let reads = source.1.into_inner();
        assert!(reads <= most, "{reads} reads for {length} bytes");
    }
}

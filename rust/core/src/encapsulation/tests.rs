use super::*;
use proptest::prelude::*;

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
    Value { length: bytes.len() as u64, delimited: true, frames, jpeg: false, extended: None }
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
    let jpeg = Value { jpeg: true, ..value(&bytes, 2) };
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

/// Frames of these lengths, each with different content.
fn numbered(lengths: &[usize]) -> Vec<Vec<u8>> {
    lengths.iter().enumerate().map(|(number, length)| vec![(number % 250) as u8 + 1; *length]).collect()
}

/// The offset of each item.
fn offsets_of(lengths: &[usize]) -> Vec<u64> {
    lengths.iter().scan(0, |at, length| Some(std::mem::replace(at, *at + 8 + *length as u64))).collect()
}

/// Checks that each frame gets its own fragment, or that `find_frame` leaves it to `build_frame_index`, which warns.
fn check_never_another_frame(bytes: &[u8], value: Value, wanted: &[Vec<u8>], is_right: bool) {
    let encapsulated = EncapsulatedPixelData::open(&bytes, value).unwrap();
    let frames = encapsulated.build_frame_index(&bytes, &Parallelism::default()).unwrap();
    assert_eq!(contents(bytes, &frames), wanted);
    assert_eq!(frames.warnings.is_empty(), is_right, "{:?}", frames.warnings);
    for (index, frame) in wanted.iter().enumerate() {
        let found = encapsulated.find_frame(&bytes, index, &Parallelism::default()).unwrap();
        assert!(found.is_none_or(|fragments| join(bytes, &fragments) == *frame), "frame {index}");
    }
}

/// An even length; most are equal, so that a shifted offset is that of another item.
fn lengths() -> impl Strategy<Value = Vec<usize>> {
    let length = prop_oneof![4 => Just(4usize), 1 => (1usize..6).prop_map(|half| 2 * half)];
    prop::collection::vec(length, 1..8)
}

proptest! {
    #[test]
    fn a_shifted_or_permuted_extended_table_gives_no_other_frame(
        lengths in lengths(),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        shift in prop_oneof![-3i64..4, (-4i64..5).prop_map(|items| items * 12)],
        swap: (prop::sample::Index, prop::sample::Index),
        swap_lengths: bool,
    ) {
        let frames = numbered(&lengths);
        let bytes = encapsulate(&[], &frames.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let right = (offsets_of(&lengths), lengths.iter().map(|length| *length as u64).collect::<Vec<_>>());
        let mut table = right.clone();
        let (from, to) = (from.index(lengths.len()), to.index(lengths.len()));
        for offset in table.0.iter_mut().take(to + 1).skip(from) {
            *offset = offset.wrapping_add_signed(shift);
        }
        let (one, other) = (swap.0.index(lengths.len()), swap.1.index(lengths.len()));
        table.0.swap(one, other);
        if swap_lengths {
            table.1.swap(one, other);
        }
        let is_right = table == right;
        let extended = || Some(ExtendedOffsetTable::new(table.0.clone(), table.1.clone()));
        let value = || Value { extended: extended(), ..value(&bytes, lengths.len() as u64) };
        check_never_another_frame(&bytes, value(), &frames, is_right);
        let encapsulated = EncapsulatedPixelData::open(&&bytes[..], value()).unwrap();
        for index in 0..lengths.len() {
            let found = encapsulated.find_frame(&&bytes[..], index, &Parallelism::default()).unwrap();
            prop_assert_eq!(found.is_some(), is_right);
        }
    }

    #[test]
    fn a_shifted_or_permuted_basic_table_gives_no_other_frame(
        lengths in lengths(),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        shift in prop_oneof![-3i64..4, (-4i64..5).prop_map(|items| items * 12)],
        swap: (prop::sample::Index, prop::sample::Index),
    ) {
        let frames = numbered(&lengths);
        let right: Vec<u32> = offsets_of(&lengths).iter().map(|offset| *offset as u32).collect();
        let mut table = right.clone();
        let (from, to) = (from.index(lengths.len()), to.index(lengths.len()));
        for offset in table.iter_mut().take(to + 1).skip(from) {
            *offset = offset.wrapping_add_signed(shift as i32);
        }
        table.swap(swap.0.index(lengths.len()), swap.1.index(lengths.len()));
        let bytes = encapsulate(&table, &frames.iter().map(Vec::as_slice).collect::<Vec<_>>());
        check_never_another_frame(&bytes, value(&bytes, lengths.len() as u64), &frames, table == right);
    }

    #[test]
    fn zeros_may_stand_before_the_delimiter(zeros in 8usize..100, lengths in lengths(), table: bool) {
        let frames = numbered(&lengths);
        let offsets: Vec<u32> = offsets_of(&lengths).iter().map(|offset| *offset as u32).collect();
        let table = if table { &offsets[..] } else { &[] };
        let mut bytes = encapsulate(table, &frames.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let delimiter = bytes.split_off(bytes.len() - 8);
        bytes.resize(bytes.len() + zeros, 0);
        bytes.extend(delimiter);
        let value = Value { delimited: true, ..value(&bytes, lengths.len() as u64) };
        check_never_another_frame(&bytes, value, &frames, false);
    }

    #[test]
    fn zeros_may_stand_for_the_delimiter(zeros in 0usize..100, lengths in lengths(), delimited: bool, table: bool) {
        let frames = numbered(&lengths);
        let offsets: Vec<u32> = offsets_of(&lengths).iter().map(|offset| *offset as u32).collect();
        let table = if table { &offsets[..] } else { &[] };
        let mut bytes = encapsulate(table, &frames.iter().map(Vec::as_slice).collect::<Vec<_>>());
        bytes.truncate(bytes.len() - 8);
        bytes.resize(bytes.len() + zeros, 0);
        let value = Value { delimited, ..value(&bytes, lengths.len() as u64) };
        check_never_another_frame(&bytes, value, &frames, !delimited && zeros < 8);
    }

    #[test]
    fn anything_but_zeros_in_place_of_the_delimiter_is_damage(
        zeros in 8usize..100,
        place in any::<prop::sample::Index>(),
        byte in 1u8..=255,
    ) {
        let frames = numbered(&[2, 2]);
        let mut bytes = encapsulate(&[], &frames.iter().map(Vec::as_slice).collect::<Vec<_>>());
        bytes.truncate(bytes.len() - 8);
        let start = bytes.len();
        bytes.resize(start + zeros, 0);
        bytes[start + place.index(zeros)] = byte;
        let error = find(&bytes, value(&bytes, 2)).unwrap_err();
        prop_assert_eq!(error.offset, Some(start as u64));
    }
}

#[test]
fn a_basic_table_shifted_within_is_not_believed() {
    // The second entry is that of the third item, and the last entry is beyond the last item.
    let frames = numbered(&[2, 2, 2]);
    let bytes = encapsulate(&[0, 20, 30], &frames.iter().map(Vec::as_slice).collect::<Vec<_>>());
    check_never_another_frame(&bytes, value(&bytes, 3), &frames, false);
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
        jpeg: bool,
        extended in prop::option::of((prop::collection::vec(any::<u64>(), 0..3), prop::collection::vec(any::<u64>(), 0..3))),
    ) {
        let bytes = [item(&[]), item(b"ab"), bytes].concat();
        let extended = extended.map(|(offsets, lengths)| ExtendedOffsetTable::new(offsets, lengths));
            let value = Value { jpeg, extended, ..value(&bytes, frames) };
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

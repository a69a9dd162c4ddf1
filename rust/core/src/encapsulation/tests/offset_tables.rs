//! Offset tables that are shifted or permuted, and what takes the place of the delimiter.

use super::*;

/// Frames of these lengths, each with different content.
pub(super) fn numbered(lengths: &[usize]) -> Vec<Vec<u8>> {
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

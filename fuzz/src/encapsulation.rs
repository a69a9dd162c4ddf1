//! The places of the frames in an encapsulated value: items and tables built from the input, valid and invalid.

use crate::input::Input;
use crate::sources::{File, Liar};
use dicomet_core::Error;
use dicomet_core::encapsulation::{EncapsulatedPixelData, FrameIndex, Value};
use dicomet_core::error::ErrorKind;
use dicomet_core::item::Fragment;
use dicomet_core::offset_table::ExtendedOffsetTable;
use dicomet_core::parallel::Parallelism;
use dicomet_core::source::Source;
use std::sync::atomic::Ordering;

const ITEM: [u8; 4] = [0xFE, 0xFF, 0x00, 0xE0];
const DELIMITER: [u8; 4] = [0xFE, 0xFF, 0xDD, 0xE0];
const HEADER: u64 = 8;

/// The parts and parameters of a generated value.
struct Generated {
    bytes: Vec<u8>,
    length: u64,
    delimited: bool,
    codestreams: bool,
    frames: u64,
    /// Offsets and lengths.
    extended: Option<(Vec<u64>, Vec<u64>)>,
}

/// Runs one input.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let most = input.below(40);
    let generated = generated(&mut input);
    let (memory, file) = (generated.bytes.as_slice(), File::new(&generated.bytes));
    let found = find(&memory, &generated);
    assert_eq!(found, find(&file, &generated));
    let headers = generated.bytes.len() / HEADER as usize + 3;
    // Each item is read a limited number of times: by the walk, for its end, and for each single frame.
    let (calls, limit) = (file.calls.load(Ordering::Relaxed), 6 * headers + 4 * SINGLE);
    assert!(calls <= limit, "{calls} {limit}");
    for more in [0, 9] {
        let _ = find(&Liar { bytes: &generated.bytes, most, more }, &generated);
    }
    if let Ok(found) = &found {
        check(found, &generated);
    }
}

/// The results for one value: all frames by a walk, and each frame by itself.
#[derive(Debug, PartialEq)]
struct Found {
    walked: Result<Walked, Error>,
    single: Vec<Option<Vec<Fragment>>>,
}

#[derive(Debug, PartialEq)]
struct Walked {
    frames: Vec<Vec<Fragment>>,
    defect: Option<Error>,
    warnings: Vec<Error>,
    end: u64,
}

/// The number of frames that are looked up one by one.
const SINGLE: usize = 24;

fn find<S: Source<Error = Error>>(source: &S, generated: &Generated) -> Result<Found, Error> {
    let extended = generated.extended.clone().map(|(offsets, lengths)| ExtendedOffsetTable::new(offsets, lengths));
    let Generated { length, delimited, codestreams, frames, .. } = *generated;
    let opened = EncapsulatedPixelData::open(source, Value { length, delimited, frames, codestreams, extended })?;
    let walked = opened.build_frame_index(source, &Parallelism::of(1)).map(|found| walked(&found));
    let single =
        (0..SINGLE).map(|index| opened.find_frame(source, index, &Parallelism::of(1))).collect::<Result<_, _>>()?;
    Ok(Found { walked, single })
}

fn walked(found: &FrameIndex) -> Walked {
    let frames: Vec<Vec<Fragment>> = (0..found.len()).map(|index| found.frame(index).to_vec()).collect();
    assert!(found.frame(found.len()).is_empty() && found.frame(usize::MAX).is_empty());
    assert_eq!(found.is_empty(), frames.is_empty());
    Walked { frames, defect: found.defect.clone(), warnings: found.warnings.clone(), end: found.end() }
}

/// Checks the invariants of the results.
fn check(found: &Found, generated: &Generated) {
    found.single.iter().flatten().for_each(|fragments| check_fragments(fragments, generated));
    let table = HEADER + u64::from(u32::from_le_bytes(generated.bytes[4..8].try_into().unwrap()));
    let items = items(generated, table);
    let Ok(Walked { frames, defect, warnings, end }) = &found.walked else { return };
    check_fragments(&frames.concat(), generated);
    assert!(*end <= generated.length);
    match defect.as_ref().map(|defect| &defect.kind) {
        None => assert!(frames.len() as u64 >= generated.frames),
        Some(ErrorKind::FrameCount { found, expected }) => {
            assert!(*found == frames.len() as u64 && *expected == generated.frames && found < expected);
        }
        Some(_) => assert!(!items.delimited, "nothing is damaged before a delimiter"),
    }
    let is_ignored =
        |wanted| warnings.iter().any(|w| matches!(w.kind, ErrorKind::OffsetTable { table, .. } if wanted == table));
    let no_extended = generated.extended.is_none() || is_ignored("Extended Offset Table");
    let ignored = is_ignored("Extended Offset Table") || is_ignored("Basic Offset Table");
    if defect.is_none() && no_extended {
        // Every fragment belongs to a frame.
        assert_eq!(frames.concat(), items.filled);
    }
    // Before a defect, only the defect is reported.
    if defect.as_ref().is_none_or(|defect| matches!(defect.kind, ErrorKind::FrameCount { .. })) {
        let empty = warnings.iter().any(|warning| matches!(warning.kind, ErrorKind::EmptyFragments { .. }));
        assert_eq!(empty, items.empty);
    }
    if !ignored {
        // A table that places one frame places it as in the list of all frames.
        for (frame, single) in frames.iter().zip(&found.single) {
            assert!(single.as_ref().is_none_or(|single| single == frame), "{frame:?} {single:?} {found:?}");
        }
    }
}

/// Fragments follow the headers of items, inside the value, in ascending order without overlap.
fn check_fragments(fragments: &[Fragment], generated: &Generated) {
    for Fragment { offset, length } in fragments {
        assert!(offset + length <= generated.length);
        let header = &generated.bytes[(offset - HEADER) as usize..*offset as usize];
        let stated = u64::from(u32::from_le_bytes([header[4], header[5], header[6], header[7]]));
        let padded = generated.extended.is_some() && stated == length + 1;
        assert!(header[..4] == ITEM && (stated == *length || padded));
    }
    assert!(fragments.is_sorted_by(|one, next| one.offset + one.length + HEADER <= next.offset));
}

/// The items in order, up to the first bytes that are no item.
struct Items {
    filled: Vec<Fragment>,
    empty: bool,
    delimited: bool,
}

fn items(generated: &Generated, start: u64) -> Items {
    let (mut items, mut at) = (Items { filled: Vec::new(), empty: false, delimited: false }, start);
    while at < generated.length {
        let Some(header) = generated.bytes.get(at as usize..).and_then(<[u8]>::first_chunk::<8>) else { break };
        let length = u64::from(u32::from_le_bytes([header[4], header[5], header[6], header[7]]));
        if header[..4] == DELIMITER {
            items.delimited = true;
            break;
        }
        if header[..4] != ITEM || length > 0 && at + HEADER + length > generated.length {
            break;
        }
        if length > 0 {
            items.filled.push(Fragment { offset: at + HEADER, length });
        } else {
            items.empty = true;
        }
        at += HEADER + length;
    }
    items
}

fn generated(input: &mut Input<'_>) -> Generated {
    let (table, extended) = (input.below(6), input.below(6));
    let (starts, altered) = (input.u16(), input.below(20));
    // Offsets and lengths that are wrong by a little, by the size of an item header, or altogether.
    let amount = input.one_of(&[1, u64::MAX, 2, u64::MAX - 1, 8, 10, 12, 100, 1 << 31, 1 << 63]);
    let (cut, number) = (input.byte(), input.byte());
    let (delimited, codestreams) = (input.flag(), input.flag());
    let raw = input.below(24);
    let raw = input.take(raw);
    let (body, items) = body(input);
    let begins = |item: &usize| *item == 0 || starts >> (item % 16) & 1 == 1;
    let mut offsets: Vec<u64> = (0..items.len()).filter(begins).map(|item| items[item].0).collect();
    let starting = offsets.len();
    if let (2 | 3, Some(offset)) = (table, offsets.get_mut(altered)) {
        *offset = if table == 2 { offset.wrapping_add(amount) } else { amount };
    }
    let table: Vec<u8> = match table {
        0 => Vec::new(),
        4 | 5 => raw.to_vec(),
        _ => offsets.iter().flat_map(|offset| (*offset as u32).to_le_bytes()).collect(),
    };
    let (mut offsets, mut lengths): (Vec<u64>, Vec<u64>) = items.iter().copied().unzip();
    match (extended, offsets.get_mut(altered)) {
        (2, Some(offset)) => *offset = offset.wrapping_add(amount),
        (3, Some(offset)) => *offset = u64::MAX.wrapping_sub(amount),
        (4, Some(_)) => lengths[altered] = lengths[altered].wrapping_add(amount),
        (5, _) => lengths.truncate(altered),
        _ => {}
    }
    let bytes = [&ITEM[..], &(table.len() as u32).to_le_bytes(), &table, &body].concat();
    let length = match cut {
        0..128 => bytes.len() as u64,
        128..192 => (bytes.len() as u64).saturating_sub(u64::from(cut) - 127),
        _ => bytes.len() as u64 + u64::from(cut) - 191,
    };
    let frames = match number {
        0..64 => u64::from(number),
        64..128 => starting as u64,
        128..192 => items.len() as u64,
        192..224 => 1,
        _ => u64::from(number) << 23,
    };
    let extended = (1..6).contains(&extended).then_some((offsets, lengths));
    Generated { bytes, length, delimited, codestreams, frames, extended }
}

/// Items and other bytes; and for each item its offset, from the end of the table, and its length.
fn body(input: &mut Input<'_>) -> (Vec<u8>, Vec<(u64, u64)>) {
    let (mut bytes, mut items) = (Vec::new(), Vec::new());
    while !input.0.is_empty() {
        let kind = input.below(10);
        let count = input.below(20);
        let content = input.take(count);
        let length = content.len() as u32;
        let length = match kind {
            0..=5 => length,
            6 => length.wrapping_sub(1),
            7 => length + u32::from(input.byte()),
            _ => [0, u32::MAX, u32::MAX - 8, 1 << 31][count % 4],
        };
        if kind != 9 {
            items.push((bytes.len() as u64, u64::from(length)));
        }
        let tag = match (kind, count) {
            (9, 0..16) => DELIMITER,
            (9, _) => [input.byte(), 0xFF, 0, 0xE0],
            _ => ITEM,
        };
        bytes.extend([&tag[..], &length.to_le_bytes(), content].concat());
        if kind == 5 && length >= 2 {
            let end = bytes.len() - count % 2 % (length as usize - 1);
            bytes[end - 2..end].copy_from_slice(&[0xFF, 0xD9]);
        }
    }
    (bytes, items)
}

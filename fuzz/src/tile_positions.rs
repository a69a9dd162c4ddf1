//! The positions of the tiles of a slide: Per-Frame Functional Groups of any bytes, with a gap, compared with a plain walk.

use crate::input::Input;
use crate::scan::SCAN_BUFFER_BYTES;
use crate::scan_oracle::{Element, Item, Walk, Writing};
use crate::sources::{File, Liar};
use dicomet_core::parallel::Parallelism;
use dicomet_core::scan::{FunctionalGroups, TilePosition, TilePositions, tile_positions};
use std::sync::atomic::Ordering;

const PLANE_POSITION_SLIDE_SEQUENCE: u32 = 0x0048_021A;
const OPTICAL_PATH_IDENTIFICATION_SEQUENCE: u32 = 0x0048_0207;
const OPTICAL_PATH_IDENTIFIER: u32 = 0x0048_0106;
const COLUMN_POSITION: u32 = 0x0048_021E;
const ROW_POSITION: u32 = 0x0048_021F;
const Z_OFFSET: u32 = 0x0040_074A;
const UNDEFINED: u32 = u32::MAX;

/// Runs one input.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let (implicit, big_endian, has_length) = (input.flag(), input.flag(), input.flag());
    let (less, value) = (u32::from(input.byte()), u64::from(input.byte()));
    let (place, hole, most) = (usize::from(input.u16()), usize::from(input.u16()), usize::from(input.u16()));
    let (before, after) = input.0.split_at(place.min(input.0.len()));
    let bytes = [before, &vec![0; hole % 20_000], after].concat();
    let bytes = bytes.as_slice();
    let length = has_length.then(|| (bytes.len() as u32).saturating_sub(value as u32 + less));
    let groups = FunctionalGroups { value, length, implicit, big_endian };

    let found = tile_positions(&bytes, &groups, &Parallelism::of(1)).expect("it reads");
    if let Some(found) = &found {
        let expected = walked(bytes, &groups).expect("a plain walk finds the same");
        assert!(equal(found, &expected), "{found:?} {expected:?}");
        let paths = found.frames.iter().map(|frame| frame.optical_path).filter(|path| *path != u32::MAX);
        assert!(paths.into_iter().all(|path| (path as usize) < found.identifiers.len()));
    }
    let file = File::new(bytes);
    let of_file = tile_positions(&file, &groups, &Parallelism::of(1)).expect("it reads");
    assert!(same(of_file.as_ref(), found.as_ref()), "{of_file:?} {found:?}");
    let (calls, read) = (file.calls.into_inner(), file.read.load(Ordering::Relaxed));
    assert!(
        calls <= 2 + bytes.len() / (SCAN_BUFFER_BYTES / 2) && read <= SCAN_BUFFER_BYTES + 2 * bytes.len(),
        "{calls} {read}"
    );
    // If the source breaks its contract, a result is that of the bytes, or there is none.
    let short = Liar { bytes, most, more: 0 };
    let short = tile_positions(&short, &groups, &Parallelism::of(1)).expect("it reads");
    assert!(short.is_none() || same(short.as_ref(), found.as_ref()), "{short:?} {found:?}");
    let _ = tile_positions(&Liar { bytes, most, more: 9 }, &groups, &Parallelism::of(1));
}

fn same(one: Option<&TilePositions>, other: Option<&TilePositions>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => equal(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

fn equal(one: &TilePositions, other: &TilePositions) -> bool {
    let place = |frame: &TilePosition| (frame.row, frame.column, frame.z_offset.to_bits(), frame.optical_path);
    one.identifiers == other.identifiers && one.frames.iter().map(place).eq(other.frames.iter().map(place))
}

/// The positions by a plain walk: of each frame the last functional group of a kind, and of this the first item.
fn walked(bytes: &[u8], groups: &FunctionalGroups) -> Option<TilePositions> {
    let (walk, mut found) = (Walk(bytes), TilePositions::default());
    let writing = Writing { implicit: groups.implicit, big: groups.big_endian };
    for frame in walk.items(groups.value as usize, groups.length.unwrap_or(UNDEFINED), writing)? {
        let position = first_item(&walk, frame, PLANE_POSITION_SLIDE_SEQUENCE)?;
        let path = first_item(&walk, frame, OPTICAL_PATH_IDENTIFICATION_SEQUENCE)?;
        let mut place = TilePosition::ABSENT;
        if let Some(value) = last(&walk, &position, ROW_POSITION) {
            place.row = number(value, writing.big)?;
        }
        if let Some(value) = last(&walk, &position, COLUMN_POSITION) {
            place.column = number(value, writing.big)?;
        }
        if let Some(text) = last(&walk, &position, Z_OFFSET).map(text).filter(|text| !text.is_empty()) {
            place.z_offset = text.parse().ok()?;
        }
        if let Some(text) = last(&walk, &path, OPTICAL_PATH_IDENTIFIER).map(text) {
            let known = found.identifiers.iter().position(|known| *known == text.as_bytes());
            place.optical_path = known.unwrap_or(found.identifiers.len()) as u32;
            if known.is_none() {
                found.identifiers.push(text.into_bytes());
            }
        }
        found.frames.push(place);
    }
    Some(found)
}

/// The elements of the first item of a functional group; none if there is no such group or item.
fn first_item(walk: &Walk<'_>, frame: Item, group: u32) -> Option<Vec<Element>> {
    let groups = walk.elements(frame)?;
    let Some(group) = groups.iter().rfind(|element| element.tag == group) else { return Some(Vec::new()) };
    let items = walk.items(group.value, group.length, frame.2)?;
    items.first().map_or(Some(Vec::new()), |item| walk.elements(*item))
}

fn last<'a>(walk: &Walk<'a>, elements: &[Element], tag: u32) -> Option<&'a [u8]> {
    elements.iter().rfind(|element| element.tag == tag).and_then(|element| walk.value(element))
}

fn number(value: &[u8], big: bool) -> Option<i32> {
    let bytes = value.try_into().ok()?;
    Some(if big { i32::from_be_bytes(bytes) } else { i32::from_le_bytes(bytes) })
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).trim_end_matches('\0').trim().to_owned()
}

//! ISO/IEC 15444-1 A.4, B.10: checks the tile-parts. The decoder checks the packets in them.

use super::{CompleteCodestream, END, defect_at};
use crate::error::{Error, ErrorKind, Result};
use std::collections::BTreeMap;

const SOC_SIZ: [u8; 4] = [0xFF, 0x4F, 0xFF, 0x51];
const SOT: [u8; 2] = [0xFF, 0x90];
const SOD: [u8; 2] = [0xFF, 0x93];
/// Marker segment SOT (A.4.2): marker, length, tile, length of the tile-part, its number, number of tile-parts.
const SOT_BYTES: usize = 12;

/// The tile-parts of a tile: the number found, and the number expected, if a header states it.
#[derive(Default)]
struct Tile {
    found: u64,
    expected: Option<u64>,
}

/// Checks that all tiles have their tile-parts, and all tile-parts their bytes.
pub(super) fn check(frame: &[u8]) -> Result<CompleteCodestream> {
    let start = frame.windows(4).position(|bytes| bytes == SOC_SIZ);
    let start = start.ok_or_else(|| Error::pixel_data(ErrorKind::NoCodestream))?;
    let tiles = count_tiles(&frame[start..]).ok_or_else(|| defect_at("a wrong SIZ segment", start + 2))?;
    let mut at = end_of_header(frame, start + 2, SOT)?;
    let mut found: BTreeMap<u16, Tile> = BTreeMap::new();
    while frame.get(at..).is_some_and(|rest| rest.starts_with(&SOT)) {
        at = tile_part(frame, at, &mut found)?;
    }
    let complete =
        found.values().filter(|tile| tile.expected.is_none_or(|expected| tile.found >= expected)).count() as u64;
    if complete != tiles {
        return Err(Error::pixel_data(ErrorKind::Tiles { found: complete, expected: tiles }));
    }
    let whole = CompleteCodestream::at(frame, at);
    if !whole.ended && matches!(frame[..at].last(), Some(0x00 | 0xFF)) {
        // Zeros may replace lost bytes: they are padding (PS3.5 A.4), or the result of an interrupted transfer. No
        // packet ends with FF (B.10.1, D.4.1).
        return Err(defect_at("no end marker, and a last byte that may be padding", at));
    }
    if !whole.ended && found.values().any(|tile| tile.expected.is_none()) {
        // The next tile-part may be lost.
        return Err(defect_at("no end marker, and no number of tile-parts in the headers", at));
    }
    Ok(whole)
}

/// Number of tiles of the reference grid (B.3).
fn count_tiles(codestream: &[u8]) -> Option<u64> {
    let word = |at: usize| codestream.get(at..).and_then(<[u8]>::first_chunk).map(|bytes| u32::from_be_bytes(*bytes));
    let tiles = |end: u32, size: u32, origin: u32| {
        u64::from(end.checked_sub(origin)?).checked_add(u64::from(size.checked_sub(1)?))?.checked_div(size.into())
    };
    // Xsiz follows SOC, SIZ, the segment length, and Rsiz.
    tiles(word(8)?, word(24)?, word(32)?)?.checked_mul(tiles(word(12)?, word(28)?, word(36)?)?)
}

/// Returns the end of the marker segments that start at byte `at`: the offset of the marker `last`.
fn end_of_header(frame: &[u8], mut at: usize, last: [u8; 2]) -> Result<usize> {
    loop {
        let cut = || defect_at("a header that is cut, or without its last marker", at);
        let rest = frame.get(at..).unwrap_or_default();
        if rest.starts_with(&last) {
            return Ok(at);
        }
        let &[0xFF, _, l1, l0] = rest.first_chunk().ok_or_else(cut)? else { return Err(cut()) };
        let length = usize::from(u16::from_be_bytes([l1, l0]));
        if length < 2 || rest.len() < length + 2 {
            return Err(cut());
        }
        at += length + 2;
    }
}

/// Reads the tile-part at byte `at`, and returns its end.
fn tile_part(frame: &[u8], at: usize, tiles: &mut BTreeMap<u16, Tile>) -> Result<usize> {
    let rest = &frame[at..];
    let header: &[u8; SOT_BYTES] = rest.first_chunk().ok_or_else(|| defect_at("a tile-part header that is cut", at))?;
    let [_, _, _, _, t1, t0, p3, p2, p1, p0, _, count] = *header;
    let tile = tiles.entry(u16::from_be_bytes([t1, t0])).or_default();
    tile.found += 1;
    if count > 0 {
        tile.expected = Some(count.into());
    }
    let length = u32::from_be_bytes([p3, p2, p1, p0]) as usize;
    let data = end_of_header(frame, at + SOT_BYTES, SOD)? + SOD.len();
    if length == 0 {
        // The last tile-part may omit its length; it extends to the end marker (A.4.2).
        return find_end(frame, data, frame.len())
            .ok_or_else(|| defect_at("a tile-part without a length, and no end marker", at));
    }
    let expected = at.saturating_add(length);
    if expected < data || expected > frame.len() {
        let found = rest.len() as u64;
        return Err(Error::pixel_data(ErrorKind::TilePart { found, expected: length as u64, offset: at as u64 }));
    }
    match find_end(frame, data, expected) {
        None => Ok(expected),
        Some(end) => Err(defect_at("an end marker within a tile-part", end)),
    }
}

/// Finds the end marker in a range of packet bytes, which contain no other code above FF8F (B.10.1, D.4.1).
fn find_end(frame: &[u8], from: usize, to: usize) -> Option<usize> {
    frame.get(from..to)?.windows(2).position(|bytes| bytes == END).map(|place| from + place)
}

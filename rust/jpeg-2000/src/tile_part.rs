//! A.4.2: tile-parts (SOT).

use dicomet_codec::Segment;

use crate::error::{Error, ErrorKind, Result};
use crate::marker::{Marker, marker_at};

/// The shortest tile-part: SOT and SOD.
const SHORTEST: u32 = 14;

/// A tile-part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TilePart {
    pub(crate) tile: u32,
    /// Its number in the codestream.
    pub(crate) number: usize,
    /// Offset of its header's segments.
    pub(crate) header: usize,
    /// Offset of the byte after it.
    pub(crate) end: usize,
    /// Whether it should be longer.
    pub(crate) is_cut: bool,
    /// `TNsot`: the number of tile-parts of the tile; 0 if unknown.
    count: u8,
}

impl TilePart {
    /// Ends the tile-part at an EOC that takes the place of its last bytes: packets have no such bytes (B.10.1, D.4.1).
    /// Returns the offset of the byte after EOC.
    fn cut_at_eoc(&mut self, data: &[u8]) -> Option<usize> {
        let whole = self.end;
        if !data[self.header..whole].ends_with(&[0xFF, Marker::EOC.0]) {
            return None;
        }
        (self.end, self.is_cut) = (whole - 2, true);
        Some(whole)
    }
}

/// Whether tile-parts of a tile are missing or shorter than their headers say.
pub(crate) fn are_cut(parts: &[TilePart]) -> bool {
    let count = parts.iter().map(|part| part.count).max().unwrap_or_default();
    parts.len() < usize::from(count) || parts.iter().any(|part| part.is_cut)
}

/// Finds all tile-parts, the first at `position`, and EOC: the offset of the byte after it, if it is there.
pub(crate) fn find_all(data: &[u8], mut position: usize, tiles: u32) -> Result<(Vec<TilePart>, Option<usize>)> {
    let mut parts = Vec::new();
    let mut found = vec![0u8; tiles as usize];
    loop {
        match marker_at(data, position) {
            Some(Marker::SOT) => {}
            Some(Marker::EOC) => return Ok((parts, Some(position + 2))),
            _ if is_padding(&data[position..]) => {
                let end = parts.last_mut().and_then(|part| part.cut_at_eoc(data));
                return Ok((parts, end));
            }
            _ => {
                let found = format!("the bytes {:02X?}", &data[position..data.len().min(position + 2)]);
                return Err(Error::new(ErrorKind::Syntax { found, expected: "SOT or EOC" }, position));
            }
        }
        if data.len() - position < SHORTEST as usize {
            return Ok((parts, None));
        }
        let part = parse(data, position, parts.len(), &mut found).map_err(|error| error.in_segment(Marker::SOT))?;
        position = part.end;
        parts.push(part);
    }
}

/// Whether nothing but padding follows, or one byte of a marker.
fn is_padding(rest: &[u8]) -> bool {
    rest.iter().all(|byte| matches!(byte, 0 | 0xFF))
}

/// Reads SOT at `position`. `found` has the number of tile-parts of each tile so far.
fn parse(data: &[u8], position: usize, number: usize, found: &mut [u8]) -> Result<TilePart> {
    let mut segment = Segment::new(data, position + 2)?;
    let tile = segment.u16()?;
    let Some(index) = found.get_mut(usize::from(tile)) else {
        return Err(segment.parameter("Isot", tile, "a tile of the image").into());
    };
    let length = segment.u32()?;
    if length != 0 && length < SHORTEST {
        return Err(segment.parameter("Psot", length, "0, or at least 14").into());
    }
    let part = segment.u8()?;
    if part != *index || part == u8::MAX {
        return Err(segment.parameter("TPsot", part, "the number of the tile's next tile-part").into());
    }
    *index += 1;
    let count = segment.u8()?;
    segment.finish()?;
    let (end, is_cut) = if length == 0 {
        end_of_last(data, segment.end())
    } else {
        let end = position.saturating_add(length as usize);
        if end > data.len() { (end_of_last(data, segment.end()).0, true) } else { (end, false) }
    };
    Ok(TilePart { tile: tile.into(), number, header: segment.end(), end, is_cut, count })
}

/// The end of a tile-part that extends to EOC (Psot = 0, or more than there is), and whether there is no EOC.
fn end_of_last(data: &[u8], start: usize) -> (usize, bool) {
    let contents = data[start..].iter().rposition(|byte| *byte != 0).map_or(start, |last| start + last + 1);
    if data[start..contents].ends_with(&[0xFF, Marker::EOC.0]) { (contents - 2, false) } else { (data.len(), true) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sot(tile: u8, length: u32, part: u8, count: u8) -> Vec<u8> {
        [&[0xFF, 0x90, 0, 10, 0, tile][..], &length.to_be_bytes(), &[part, count, 0xFF, 0x93]].concat()
    }

    #[test]
    fn tile_parts_of_two_tiles() {
        let data =
            [&[9][..], &sot(1, 15, 0, 0), &[7], &sot(0, 14, 0, 1), &sot(1, 0, 1, 2), &[1, 2, 0xFF, 0xD9, 0]].concat();
        let (parts, end) = find_all(&data, 1, 2).unwrap();
        let places: Vec<_> = parts.iter().map(|part| (part.tile, part.header, part.end)).collect();
        assert_eq!(places, [(1, 13, 16), (0, 28, 30), (1, 42, 46)]);
        assert_eq!(end, Some(48));
        assert!(!are_cut(&parts[..1]) && are_cut(&parts[2..]));
    }

    #[test]
    fn cut_tile_parts_are_found() {
        let replaced = [&sot(0, 16, 0, 1)[..], &[0xFF, 0xD9]].concat();
        let (found, end) = find_all(&replaced, 0, 1).unwrap();
        assert_eq!((found[0].end, end, are_cut(&found)), (14, Some(16), true));
        for (data, parts) in [(sot(0, 15, 0, 1), 1), (sot(0, 0, 0, 1), 1), (sot(0, 14, 0, 1)[..9].to_vec(), 0)] {
            let (found, end) = find_all(&data, 0, 1).unwrap();
            assert_eq!((found.len(), end, are_cut(&found)), (parts, None, parts > 0));
        }
    }

    #[test]
    fn invalid_tile_parts_are_errors() {
        let twice = [sot(0, 14, 0, 0), sot(0, 14, 0, 0)].concat();
        let other = [sot(0, 14, 0, 0), vec![1, 2]].concat();
        for data in [sot(2, 14, 0, 0), sot(0, 13, 0, 0), sot(0, 14, 1, 0), twice, other] {
            assert!(find_all(&data, 0, 2).is_err(), "{data:02X?}");
        }
    }
}

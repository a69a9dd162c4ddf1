//! ISO/IEC 15444-1: the main header (A.4, A.5.1, A.6.1), and the boxes of JP2 (I.5.3.3) around it.

use super::{Codestream, Component, Family};

/// The statements of a JPEG 2000 codestream about its colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Details {
    /// Multiple component transform (A.6.1, table A.17) in COD of the main header or of a tile: RCT or ICT, depending
    /// on the wavelet. A tile may omit it; its decoded components are the same, because the transform is inverted.
    pub component_transform: bool,
    /// Whether the wavelet of COD is the reversible 5-3 (table A.20).
    pub reversible: bool,
    /// Whether boxes of JP2 enclose the codestream, which PS3.5 A.4.4 does not allow.
    pub boxed: bool,
    /// Enumerated color space (table I.10) of the first `colr` box that has one: 16 sRGB, 17 grayscale,
    /// 18 sYCC.
    pub color_space: Option<u32>,
    /// The fewest decomposition levels of a component, in the main header or in that of a tile.
    pub decomposition_levels: u8,
    /// Row and column of the first sample on the grid of the component with the most samples (B-2): not 0 if the image
    /// has an offset.
    pub first_sample: (u32, u32),
}

/// Table A.15.
const MAX_LEVELS: u8 = 32;
const SOC_SIZ: [u8; 4] = [0xFF, 0x4F, 0xFF, 0x51];
const SOT: u8 = 0x90;
const SOD: u8 = 0x93;
const COD: u8 = 0x52;
const COC: u8 = 0x53;

/// Reads SIZ, COD and the boxes before the codestream; None without SIZ.
pub(super) fn read(frame: &[u8]) -> Option<Codestream> {
    // Boxes around the codestream are not allowed, but occur.
    let start = frame.windows(4).position(|bytes| bytes == SOC_SIZ)?;
    let (boxes, codestream) = frame.split_at(start);
    let (_, siz, rest) = next_segment(&codestream[2..])?;
    let word = |at: usize| siz.get(at..at + 4).and_then(|bytes| Some(u32::from_be_bytes(*bytes.first_chunk()?)));
    let (end, origin) = ((word(2)?, word(6)?), (word(10)?, word(14)?));
    let count = usize::from(u16::from_be_bytes(*siz.get(34..36)?.first_chunk()?));
    let components = components(siz.get(36..)?, count)?;
    let first = *components.first()?;
    // A component has ceil(Xsiz / XRsiz) - ceil(XOsiz / XRsiz) columns (B-2); the image has those of its widest one.
    let range = |end: u32, origin: u32, separations: &mut dyn Iterator<Item = u8>| {
        let least = u32::from(separations.min().unwrap_or(1)).max(1);
        let first = origin.div_ceil(least);
        (first, end.div_ceil(least).saturating_sub(first))
    };
    let (first_row, rows) = range(end.1, origin.1, &mut components.iter().map(|component| component.sampling.1));
    let (first_column, columns) = range(end.0, origin.0, &mut components.iter().map(|component| component.sampling.0));
    Some(Codestream {
        family: Family::Jpeg2000,
        rows,
        columns,
        precision: first.precision,
        signed: first.signed,
        components,
        details: super::Details::Jpeg2000(Details {
            boxed: !boxes.is_empty(),
            color_space: color_space(boxes),
            first_sample: (first_row, first_column),
            ..coding_styles(rest)
        }),
        unsupported: None,
        max_samples_per_byte: None,
    })
}

/// Returns the marker, its segment without the length, and the bytes that follow.
fn next_segment(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let &[0xFF, marker, l1, l0] = bytes.first_chunk()? else { return None };
    let end = 2 + usize::from(u16::from_be_bytes([l1, l0])).max(2);
    Some((marker, bytes.get(4..end)?, &bytes[end..]))
}

/// Ssiz, `XRsiz` and `YRsiz` of each component (A.5.1, table A.11).
fn components(bytes: &[u8], count: usize) -> Option<Vec<Component>> {
    let described = bytes.as_chunks::<3>().0.get(..count)?;
    let component = |(index, &[depth, x, y]): (usize, &[u8; 3])| Component {
        id: index as u16,
        sampling: (x, y),
        precision: (depth & 0x7F) + 1,
        signed: depth & 0x80 != 0,
    };
    Some(described.iter().enumerate().map(component).collect())
}

/// Reads COD of the main header, and those of the tile-part headers, if present.
fn coding_styles(bytes: &[u8]) -> Details {
    let mut details = Details::default();
    let (mut rest, mut levels) = (bytes, None);
    while let Some((marker, segment, next)) = next_segment(rest) {
        match marker {
            COD => {
                details.component_transform = has_transform(segment);
                details.reversible = segment.get(9) == Some(&1);
                levels = fewest(levels, marker, segment);
            }
            COC => levels = fewest(levels, marker, segment),
            SOT => break,
            _ => {}
        }
        rest = next;
    }
    // Each tile-part takes at least 12 bytes, so the walk ends.
    while let Some((tile_transform, next)) = tile_part(rest, &mut levels) {
        details.component_transform |= tile_transform;
        rest = next;
    }
    details.decomposition_levels = levels.unwrap_or(0).min(MAX_LEVELS);
    details
}

/// The least of `levels` and the decomposition levels of COD or COC (A.6.1, A.6.2). Ccoc has one byte for up to 256
/// components; more are not decoded.
fn fewest(levels: Option<u8>, marker: u8, segment: &[u8]) -> Option<u8> {
    let found = segment.get(if marker == COD { 5 } else { 2 }).copied();
    found.into_iter().chain(levels).min()
}

/// `SGcod` of COD: progression order, layers, multiple component transform (A.6.1).
fn has_transform(cod: &[u8]) -> bool {
    cod.get(4).is_some_and(|&transform| transform != 0)
}

/// Returns whether a tile-part's own COD has a component transform, and the bytes of the next tile-part; None at the
/// end.
fn tile_part<'a>(bytes: &'a [u8], levels: &mut Option<u8>) -> Option<(bool, &'a [u8])> {
    let (SOT, segment, mut rest) = next_segment(bytes)? else { return None };
    let length = u32::from_be_bytes(*segment.get(2..6)?.first_chunk()?) as usize;
    let mut transform = false;
    while let Some((marker, segment, next)) = next_segment(rest) {
        match marker {
            COD => {
                transform |= has_transform(segment);
                *levels = fewest(*levels, marker, segment);
            }
            COC => *levels = fewest(*levels, marker, segment),
            SOD => break,
            _ => {}
        }
        rest = next;
    }
    // Psot 0: the last tile-part, up to EOC (A.4.2).
    let next = if length < 12 { &[][..] } else { bytes.get(length..).unwrap_or_default() };
    Some((transform, next))
}

/// The enumerated color space of the first `colr` box with method 1 inside `jp2h` (I.5.3.3).
fn color_space(boxes: &[u8]) -> Option<u32> {
    let header = children(boxes).find(|(name, _)| name == b"jp2h")?.1;
    children(header).find_map(|(name, content)| match (&name, content) {
        (b"colr", [1, _, _, space @ ..]) => Some(u32::from_be_bytes(*space.first_chunk()?)),
        _ => None,
    })
}

/// The boxes in `bytes` (I.4): name and content. A box that extends beyond the end is truncated.
fn children(mut bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (head, rest) = bytes.split_first_chunk::<8>()?;
        let [l3, l2, l1, l0, name @ ..] = *head;
        let content = match u32::from_be_bytes([l3, l2, l1, l0]) {
            0 => rest.len(),
            // XLBox: an eight-byte length follows. No image header is that long.
            1..8 => return None,
            length => (length as usize - 8).min(rest.len()),
        };
        let (content, next) = rest.split_at(content);
        bytes = next;
        Some((name, content))
    })
}

/// Returns the codestream without the enclosing boxes, whose color space some decoders apply on their own.
#[must_use]
pub fn without_boxes(frame: &[u8]) -> &[u8] {
    let start = frame.windows(4).position(|bytes| bytes == SOC_SIZ).unwrap_or(0);
    &frame[start..]
}

//! A.3: the order of a codestream: the main header, and tile-parts.

use std::ops::Range;

use dicomet_codec::Segment;

use crate::capabilities;
use crate::error::{Error, ErrorKind, Result};
use crate::marker::{Marker, marker_at};
use crate::packed_headers::{MainHeaders, PackedHeaders};
use crate::parameters::{Collector, Parameters};
use crate::siz::Siz;
use crate::tile_data::PacketSource;
use crate::tile_part::{self, TilePart};
use crate::warning::Warning;

/// A codestream whose main header was read, and whose tile-parts were found.
#[derive(Debug, Clone)]
pub(crate) struct Codestream<'a> {
    /// The data to the end of the codestream.
    data: &'a [u8],
    pub(crate) siz: Siz,
    main: Collector,
    /// The parameters of the main header.
    pub(crate) parameters: Parameters,
    packed: MainHeaders,
    /// By tile, and for each tile in their order.
    parts: Vec<TilePart>,
    /// Whether there is an EOC.
    is_ended: bool,
}

impl<'a> Codestream<'a> {
    /// Reads the codestream in this range of `data`.
    pub(crate) fn new(data: &'a [u8], range: Range<usize>, warnings: &mut Vec<Warning>) -> Result<Self> {
        let data = &data[..range.end];
        let mut position = range.start + 2;
        let siz = next_segment(data, &mut position)?.1;
        let siz = Siz::parse(siz).map_err(|error| error.in_segment(Marker::SIZ))?;
        let mut main = Collector::new(siz.components.len());
        let mut packed = PackedHeaders::default();
        while next_marker(data, &mut position) != Some(Marker::SOT) {
            let (marker, segment) = next_segment(data, &mut position)?;
            match marker {
                Marker::CAP => capabilities::check(segment).map_err(|error| error.in_segment(marker))?,
                Marker::PPM => packed.read(segment).map_err(|error| error.in_segment(marker))?,
                Marker::SIZ => return Err(unexpected(marker, position, "one SIZ")),
                _ => drop(main.read(marker, segment)?),
            }
        }
        let parameters = main.finish(position)?;
        let packed = MainHeaders::new(packed, position)?;
        let (mut parts, end) = tile_part::find_all(data, position, siz.tile_count() as u32)?;
        let data_end = parts.last().map_or(position, |part| part.end);
        warn_of_end(data, data_end, end, warnings);
        parts.sort_by_key(|part| part.tile);
        Ok(Self { data, siz, main, parameters, packed, parts, is_ended: end.is_some() })
    }

    pub(crate) fn bytes(&self) -> usize {
        self.data.len()
    }

    /// Whether there is a tile-part of a tile.
    pub(crate) fn has_tile(&self, tile: u32) -> bool {
        !self.parts_of(tile).is_empty()
    }

    fn parts_of(&self, tile: u32) -> &[TilePart] {
        let start = self.parts.partition_point(|part| part.tile < tile);
        let end = self.parts.partition_point(|part| part.tile <= tile);
        &self.parts[start..end]
    }

    /// The parameters and the packets of a tile, from its tile-part headers.
    pub(crate) fn tile(&self, tile: u32) -> Result<(Parameters, PacketSource<'a>)> {
        let parts = self.parts_of(tile);
        let mut collector = self.main.for_tile();
        let mut packed = PackedHeaders::default();
        let mut main_packed = Vec::new();
        let mut bodies = Vec::with_capacity(parts.len());
        for part in parts {
            let body = self.tile_part_header(part, &mut collector, &mut packed).map_err(|error| error.in_tile(tile))?;
            main_packed.extend_from_slice(self.packed.part(part.number));
            bodies.push(body..part.end.max(body));
        }
        let headers = match (packed.is_empty(), self.packed.is_empty()) {
            (false, _) => Some(packed.join()),
            (true, false) => Some(main_packed),
            (true, true) => None,
        };
        let parameters = collector.finish(parts.first().map_or(0, |part| part.header))?;
        let is_cut = !self.is_ended || tile_part::are_cut(parts);
        Ok((parameters, PacketSource { data: self.data, parts: bodies, headers, is_cut }))
    }

    /// Reads the header of a tile-part. Returns the start of its body.
    fn tile_part_header(
        &self,
        part: &TilePart,
        collector: &mut Collector,
        packed: &mut PackedHeaders<'a>,
    ) -> Result<usize> {
        let data = &self.data[..part.end];
        let mut position = part.header;
        while next_marker(data, &mut position) != Some(Marker::SOD) {
            if part.is_cut && data.len() - position < 4 {
                return Ok(data.len());
            }
            let (marker, segment) = next_segment(data, &mut position)?;
            match marker {
                Marker::PPT => packed.read(segment).map_err(|error| error.in_segment(marker))?,
                Marker::SIZ | Marker::CAP | Marker::PPM | Marker::SOT => {
                    return Err(unexpected(marker, position, "segments of a tile-part header, and SOD"));
                }
                _ => drop(collector.read(marker, segment)?),
            }
        }
        Ok(position + 2)
    }
}

/// The marker at `position`, after those that have no parameters (A.1.3).
fn next_marker(data: &[u8], position: &mut usize) -> Option<Marker> {
    loop {
        match marker_at(data, *position) {
            Some(Marker(0x30..=0x3F)) => *position += 2,
            other => return other,
        }
    }
}

/// The next segment of a header.
fn next_segment<'a>(data: &'a [u8], position: &mut usize) -> Result<(Marker, Segment<'a>)> {
    let Some(marker) = next_marker(data, position) else {
        let kind = match data.get(*position..) {
            Some([first, _, ..]) => ErrorKind::Syntax { found: format!("the byte {first:02X}"), expected: "a marker" },
            _ => ErrorKind::EndOfData { expected: "a marker segment" },
        };
        return Err(Error::new(kind, *position));
    };
    *position += 2;
    if !(0x4F..=0x7F).contains(&marker.0) {
        return Err(unexpected(marker, *position, "a segment of the header"));
    }
    let segment = Segment::new(data, *position).map_err(|error| Error::from(error).in_segment(marker))?;
    *position = segment.end();
    Ok((marker, segment))
}

/// An error for the marker that ends at `position`.
fn unexpected(marker: Marker, position: usize, expected: &'static str) -> Error {
    Error::new(ErrorKind::Syntax { found: marker.to_string(), expected }, position.saturating_sub(2))
}

/// Warns if EOC is missing, or if bytes follow it. `data_end` is the end of the last tile-part, `end` that of EOC.
fn warn_of_end(data: &[u8], data_end: usize, end: Option<usize>, warnings: &mut Vec<Warning>) {
    let Some(offset) = end else {
        warnings.push(Warning::MissingEoc { offset: data_end as u64 });
        return;
    };
    let rest = &data[offset..];
    if let Some(first) = rest.first() {
        let padding = matches!(first, 0 | 0xFF) && rest.iter().all(|byte| byte == first);
        warnings.push(Warning::TrailingBytes { offset: offset as u64, count: rest.len() as u64, padding });
    }
}

//! A.7.4, A.7.5: packed packet headers (PPM, PPT).

use std::ops::Range;

use dicomet_codec::Segment;

use crate::error::{Error, ErrorKind, Result};
use crate::marker::Marker;

/// The contents of the segments of one kind, in the order of their index.
#[derive(Debug, Clone, Default)]
pub(crate) struct PackedHeaders<'a> {
    segments: Vec<(u8, &'a [u8])>,
}

impl<'a> PackedHeaders<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Reads PPM or PPT: an index, and packet headers.
    pub(crate) fn read(&mut self, mut segment: Segment<'a>) -> Result<()> {
        let index = segment.u8()?;
        if self.segments.iter().any(|(other, _)| *other == index) {
            return Err(segment.parameter("Zppm, Zppt", index, "an index that no other segment has").into());
        }
        self.segments.push((index, segment.rest()));
        Ok(())
    }

    /// All contents. Segments of a tile are in one sequence over its tile-parts.
    pub(crate) fn join(mut self) -> Vec<u8> {
        self.segments.sort_by_key(|(index, _)| *index);
        self.segments.iter().flat_map(|(_, contents)| *contents).copied().collect()
    }
}

/// The packet headers of all tile-parts, from PPM.
#[derive(Debug, Clone, Default)]
pub(crate) struct MainHeaders {
    bytes: Vec<u8>,
    /// By tile-part, in the order of the codestream.
    parts: Vec<Range<usize>>,
}

impl MainHeaders {
    /// Divides the contents of PPM: for each tile-part, Nppm and as many bytes. `offset` is that of the main header's end.
    pub(crate) fn new(packed: PackedHeaders<'_>, offset: usize) -> Result<Self> {
        let bytes = packed.join();
        let (mut parts, mut position) = (Vec::new(), 0);
        while position < bytes.len() {
            let cut = |found| {
                let kind = ErrorKind::SegmentLength { found, expected: bytes.len() };
                Error::new(kind, offset).in_segment(Marker::PPM)
            };
            let length = bytes[position..].first_chunk().ok_or_else(|| cut(position + 4))?;
            let start = position + 4;
            position = start.saturating_add(u32::from_be_bytes(*length) as usize);
            if position > bytes.len() {
                return Err(cut(position));
            }
            parts.push(start..position);
        }
        Ok(Self { bytes, parts })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The packet headers of a tile-part, by its number in the codestream.
    pub(crate) fn part(&self, number: usize) -> &[u8] {
        self.parts.get(number).map_or(&[], |part| &self.bytes[part.clone()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed<'a>(segments: &'a [&'a [u8]]) -> PackedHeaders<'a> {
        let mut packed = PackedHeaders::default();
        for segment in segments {
            packed.read(Segment::new(segment, 0).unwrap()).unwrap();
        }
        packed
    }

    #[test]
    fn segments_are_joined_by_index() {
        // The length 3 of the second tile-part's headers is divided.
        let segments: [&[u8]; 2] = [&[0, 7, 9, 0, 3, 5, 6], &[0, 11, 2, 0, 0, 0, 1, 4, 0, 0, 0]];
        assert!(MainHeaders::new(packed(&segments), 0).is_err());
        let segments: [&[u8]; 2] = [&[0, 7, 9, 3, 5, 6, 7], &[0, 11, 2, 0, 0, 0, 1, 4, 0, 0, 0]];
        let headers = MainHeaders::new(packed(&segments), 0).unwrap();
        assert_eq!((headers.part(0), headers.part(1), headers.part(2)), (&[4][..], &[5, 6, 7][..], &[][..]));
    }

    #[test]
    fn an_index_occurs_once() {
        let mut packed = packed(&[&[0, 3, 1]]);
        assert!(packed.read(Segment::new(&[0, 3, 1], 0).unwrap()).is_err());
        assert!(packed.read(Segment::new(&[0, 2], 0).unwrap()).is_err());
    }
}

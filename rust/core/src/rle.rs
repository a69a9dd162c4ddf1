//! PS3.5 Annex G: RLE Lossless.
//!
//! A frame is a header of sixteen 32-bit numbers (the number of segments, then their offsets), followed by the
//! segments: one for each byte of a pixel, in the order of the samples, most significant byte first, packed as runs
//! ("PackBits").

pub mod encode;
mod unpack;

#[cfg(test)]
use unpack::Run;
#[cfg(test)]
pub(crate) use unpack::tests as oracles;
pub use unpack::{Decoded, decode_segment};
pub(crate) use unpack::{RUN_OVERRUN, Unpacker, decode_segment_cancellable, fill_strips};

use crate::error::{Error, ErrorKind, Result};

/// Bytes of the RLE header (PS3.5 G.5).
pub const HEADER_BYTES: usize = 64;
/// The longest literal or replicate run.
const MAX_RUN: usize = 128;
/// Bytes of a literal run copied regardless of its length; for a longer run, the longest possible run is copied. Both
/// copies have constant size: most runs take less time than a call of `memcpy`, into which the compiler turns any loop
/// here.
const SHORT_COPY_BYTES: usize = 16;
/// The number of segment offsets in the header.
pub const MAX_SEGMENTS: usize = 15;
/// Two bytes expand to at most 128 (PS3.5 G.3.1), so a frame cannot contain more samples per byte than this.
pub const MAX_EXPANSION: u64 = 64;

/// The segments of one frame.
#[derive(Debug, Clone, Copy)]
pub struct Segments<'a> {
    slices: [&'a [u8]; MAX_SEGMENTS],
    count: usize,
    /// Whether unused offsets are not 0, as PS3.5 G.5 requires.
    pub leftover: bool,
}

impl<'a> Segments<'a> {
    /// Parses the header of `frame`, which must announce `expected` segments in order.
    ///
    /// A segment ends where the next starts; gaps and trailing bytes belong to the segment before them.
    pub fn new(frame: &'a [u8], expected: usize) -> Result<Self> {
        let Some((header, _)) = frame.split_first_chunk::<HEADER_BYTES>() else {
            let kind = ErrorKind::Length { found: frame.len() as u64, expected: HEADER_BYTES as u64 };
            return Err(Error::pixel_data(kind));
        };
        let mut numbers = header.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
        let found = numbers.next().unwrap_or(0);
        if expected > MAX_SEGMENTS || found as usize != expected {
            let kind = ErrorKind::SegmentCount { found: u64::from(found), expected: expected as u64 };
            return Err(Error::pixel_data(kind).at(0));
        }
        let leftover = numbers.clone().skip(expected).any(|offset| offset != 0);
        let mut starts = [frame.len(); MAX_SEGMENTS + 1];
        for (segment, (start, offset)) in starts.iter_mut().zip(numbers).take(expected).enumerate() {
            *start = offset as usize;
            Self::check_offset(segment, offset, frame.len())?;
        }
        let mut slices: [&[u8]; MAX_SEGMENTS] = [&[]; MAX_SEGMENTS];
        for (segment, slice) in slices.iter_mut().enumerate().take(expected) {
            let (start, end) = (starts[segment], starts[segment + 1]);
            *slice = frame.get(start..end).filter(|s| !s.is_empty()).ok_or_else(|| {
                offset_error(segment + 1, end as u64, "an offset after the segment before it").in_segment(segment + 1)
            })?;
        }
        Ok(Self { slices, count: expected, leftover })
    }

    fn check_offset(segment: usize, offset: u32, frame_bytes: usize) -> Result<()> {
        if segment == 0 && offset as usize != HEADER_BYTES {
            return Err(offset_error(segment, u64::from(offset), "64, the end of the header"));
        }
        if offset as usize >= frame_bytes {
            return Err(offset_error(segment, u64::from(offset), "an offset inside the frame"));
        }
        Ok(())
    }

    /// The segments, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[&'a [u8]] {
        &self.slices[..self.count]
    }
}

fn offset_error(segment: usize, found: u64, expected: &'static str) -> Error {
    Error::pixel_data(ErrorKind::SegmentOffset { found, expected }).in_segment(segment).at(4 + 4 * segment as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// PS3.5 G.3.2, byte by byte and without a limit.
    fn oracle(segment: &[u8]) -> Vec<u8> {
        let (mut out, mut bytes) = (Vec::new(), segment.iter().copied());
        while let Some(header) = bytes.next() {
            match header {
                0..128 => out.extend(bytes.by_ref().take(usize::from(header) + 1)),
                129.. => {
                    out.extend(
                        bytes.next().into_iter().flat_map(|b| std::iter::repeat_n(b, 257 - usize::from(header))),
                    );
                }
                128 => {}
            }
        }
        out
    }

    fn runs() -> impl Strategy<Value = Vec<u8>> {
        let run = prop_oneof![
            prop::collection::vec(any::<u8>(), 1..=128)
                .prop_map(|bytes| [&[(bytes.len() - 1) as u8], &bytes[..]].concat()),
            (129u8..=255, any::<u8>()).prop_map(|(header, byte)| vec![header, byte]),
            Just(vec![128]),
        ];
        prop::collection::vec(run, 1..60).prop_map(|runs| runs.concat())
    }

    proptest! {
        #[test]
        fn legal_streams(segment in runs()) {
            let oracle = oracle(&segment);
            let mut out = vec![0xA5; oracle.len()];
            let decoded = decode_segment(&segment, &mut out);
            prop_assert!(decoded.written == oracle.len() && decoded.excess == 0);
            prop_assert_eq!(out, oracle);
        }

        #[test]
        fn any_bytes_into_any_room(segment in prop::collection::vec(any::<u8>(), 0..600), room in 0usize..900) {
            let oracle = oracle(&segment);
            let mut out = vec![0xA5; room];
            let decoded = decode_segment(&segment, &mut out);
            prop_assert_eq!(decoded.written, oracle.len().min(room));
            prop_assert_eq!(&out[..decoded.written], &oracle[..decoded.written]);
        }

        #[test]
        fn any_header(frame in prop::collection::vec(any::<u8>(), 0..200), count in 0usize..26, expected in 1usize..26) {
            let mut frame = frame;
            if let Some(first) = frame.first_chunk_mut::<4>() {
                *first = (count as u32).to_le_bytes();
            }
            if let Ok(segments) = Segments::new(&frame, expected) {
                prop_assert_eq!(segments.as_slice().len(), expected);
            }
        }
    }

    fn frame(offsets: &[u32], data: &[u8]) -> Vec<u8> {
        let mut words = [0u32; 16];
        words[0] = offsets.len() as u32;
        words[1..=offsets.len()].copy_from_slice(offsets);
        [words.iter().flat_map(|w| w.to_le_bytes()).collect(), data.to_vec()].concat()
    }

    #[test]
    fn segments_are_cut_at_the_offsets() {
        let frame = frame(&[64, 66, 69], b"aabbbc");
        let segments = Segments::new(&frame, 3).unwrap();
        assert_eq!(segments.as_slice(), [&b"aa"[..], b"bbb", b"c"]);
    }

    #[test]
    fn invalid_headers_are_refused() {
        let count =
            |n: u32, expected| Segments::new(&[&n.to_le_bytes()[..], &[0; 80]].concat(), expected).unwrap_err().kind;
        for n in [0, 1, 3, 16, u32::MAX] {
            assert_eq!(count(n, 2), ErrorKind::SegmentCount { found: u64::from(n), expected: 2 });
        }
        assert_eq!(count(24, 24), ErrorKind::SegmentCount { found: 24, expected: 24 });
        for offsets in [[65, 66], [64, 64], [66, 64], [64, 63], [64, 70], [64, u32::MAX]] {
            let error = Segments::new(&frame(&offsets, b"aabbbc"), 2).unwrap_err();
            assert!(matches!(error.kind, ErrorKind::SegmentOffset { .. }), "{error}");
        }
        assert!(matches!(Segments::new(&[0; 63], 1).unwrap_err().kind, ErrorKind::Length { found: 63, expected: 64 }));
    }

    #[test]
    fn over_long_runs_are_reported_and_cut() {
        let mut out = [0xA5; 4];
        assert_eq!(decode_segment(&[0, 7, 251, 9], &mut out), Decoded { read: 4, written: 4, excess: 3 });
        assert_eq!(out, [7, 9, 9, 9]);
        assert_eq!(decode_segment(&[5, 1, 2, 3, 4, 5, 6], &mut out), Decoded { read: 7, written: 4, excess: 2 });
        assert_eq!(out, [1, 2, 3, 4]);
        assert_eq!(decode_segment(&[3, 1, 2, 3, 4, 0, 9], &mut out), Decoded { read: 5, written: 4, excess: 0 });
    }
}

//! ISO/IEC 10918-1 B.1.1: markers and their segments.

use super::defect_at;
use crate::error::Result;
use dicomet_codec::{Stuffing, find_marker};

pub(super) const RST0: u8 = 0xD0;
pub(super) const RST7: u8 = 0xD7;
pub(super) const EOI: u8 = 0xD9;
pub(super) const SOS: u8 = 0xDA;
pub(super) const SOF55: u8 = 0xF7;

/// Iterates over the markers of a codestream.
pub(super) struct Markers<'a> {
    frame: &'a [u8],
    /// Where the search for the next marker starts.
    pub(super) at: usize,
}

/// A marker, and the content of its segment, which is empty for markers without one.
pub(super) struct Segment<'a> {
    pub(super) marker: u8,
    pub(super) content: &'a [u8],
    /// Offset of the marker.
    pub(super) start: usize,
}

impl<'a> Markers<'a> {
    /// Starts at byte `at` of `frame`.
    pub(super) fn new(frame: &'a [u8], at: usize) -> Self {
        Self { frame, at }
    }

    /// Returns the next marker; None at the end of the frame. Skips bytes before it, as decoders do.
    pub(super) fn next(&mut self) -> Result<Option<Segment<'a>>> {
        let Some(found) = find_marker(self.frame, self.at, Stuffing::ZeroByte) else { return Ok(None) };
        let (start, marker, after) = (found.offset, found.marker.0, found.offset + 2);
        self.at = after;
        // TEM, RST0 to RST7, SOI and EOI have no segment.
        if matches!(marker, 0x01 | RST0..=EOI) {
            return Ok(Some(Segment { marker, content: &[], start }));
        }
        let rest = &self.frame[after..];
        let content = rest.first_chunk().and_then(|length| {
            let length = usize::from(u16::from_be_bytes(*length));
            self.at = after + length;
            rest.get(2..length)
        });
        let content = content.ok_or_else(|| defect_at("a marker segment that is cut, or without content", start))?;
        Ok(Some(Segment { marker, content, start }))
    }
}

/// Returns the end of the entropy-coded segment that starts at byte `at`: its marker, including fill bytes, or the end
/// of the frame. There, zero bytes are padding (PS3.5 A.4): counted as data, they would replace the last byte of a
/// truncated codestream. `is_stuffed`: whether a byte after FF belongs to the data (10918-1 B.1.1.5, 14495-1 A.1).
pub(super) fn end_of_data(frame: &[u8], at: usize, is_stuffed: impl Fn(u8) -> bool) -> usize {
    let mut end = at;
    loop {
        let rest = frame.get(end..).unwrap_or_default();
        let Some(found) = rest.iter().position(|&byte| byte == 0xFF) else { return without_padding(frame, at) };
        end += found;
        let fill = rest[found..].iter().take_while(|&&byte| byte == 0xFF).count();
        match frame.get(end + fill) {
            Some(&byte) if is_stuffed(byte) => end += fill + 1,
            _ => return end,
        }
    }
}

/// Returns the length of `frame` without trailing zeros, at least `from`. A zero after FF belongs to the data.
fn without_padding(frame: &[u8], from: usize) -> usize {
    let zeros = frame.iter().skip(from).rev().take_while(|&&byte| byte == 0).count();
    let end = frame.len().max(from) - zeros;
    if zeros > 0 && end > from && frame[end - 1] == 0xFF { end + 1 } else { end }
}

//! Checks that a codestream holds all samples of its image, before a decoder is called that would fill in the rest.
//!
//! | family | what is checked |
//! |---|---|
//! | JPEG with Huffman coding (10918-1) | the entropy-coded segments are walked, code by code: each scan has all its data units |
//! | JPEG-LS (14495-1) | all components have a scan; the codes depend on the decoded samples, so that only a decoder can count them |
//! | JPEG 2000, HTJ2K (15444-1, 15444-15) | all tiles have their tile-parts, and all tile-parts their bytes; packets are left to the decoder |
//!
//! A missing end marker is repaired where everything in front of it is there, because decoders differ in how they take
//! it: one refuses the frame, and another searches for it for many seconds.

use crate::codestream::Family;
use crate::error::{Error, ErrorKind, Result, try_with_capacity};

mod huffman;
mod jpeg;
mod jpeg2000;
mod jpegls;
mod markers;
mod progressive;
mod scan;
#[cfg(test)]
mod tests;

/// EOI (10918-1 B.2.1), and EOC (15444-1 A.4.4), which has the same code.
const END: [u8; 2] = [0xFF, 0xD9];

/// A codestream that holds all its samples, as far as that can be seen.
#[derive(Debug, PartialEq, Eq)]
pub struct Whole {
    /// Bytes in front of the end marker, or of what stands in its place.
    pub end: usize,
    /// The end marker is there.
    pub ended: bool,
    /// Deviations that change no sample.
    pub warnings: Vec<ErrorKind>,
}

impl Whole {
    /// A codestream whose last segment ends at byte `end` of `frame`, where the end marker is expected.
    fn at(frame: &[u8], end: usize) -> Self {
        let rest = frame.get(end..).unwrap_or_default();
        let fill = rest.iter().take_while(|&&byte| byte == 0xFF).count();
        let ended = fill > 0 && rest.get(fill) == Some(&END[1]);
        let mut warnings = Vec::new();
        let behind = if ended { &rest[fill + 1..] } else { rest };
        if !ended {
            warnings.push(ErrorKind::NoEndMarker);
        }
        if let Some(first) = behind.iter().position(|byte| !matches!(byte, 0x00 | 0xFF)) {
            warnings.push(ErrorKind::BytesBehind { bytes: (behind.len() - first) as u64 });
        }
        Self { end, ended, warnings }
    }

    /// The codestream with the end marker in its place; none where it is there already.
    pub fn repaired(&self, frame: &[u8]) -> Result<Option<Vec<u8>>> {
        if self.ended {
            return Ok(None);
        }
        let kept = &frame[..self.end.min(frame.len())];
        let mut repaired = try_with_capacity(kept.len().saturating_add(END.len()))?;
        repaired.extend_from_slice(kept);
        repaired.extend(END);
        Ok(Some(repaired))
    }
}

/// Checks that `frame`, whose header has been checked, holds all samples of its image.
pub fn check(frame: &[u8], family: Family) -> Result<Whole> {
    match family {
        Family::Jpeg => jpeg::check(frame),
        Family::JpegLs => jpegls::check(frame),
        Family::Jpeg2000 => jpeg2000::check(frame),
        Family::OtherJpeg => Err(Error::pixel_data(ErrorKind::NoCodestream)),
    }
}

/// Damage at byte `offset` of the frame.
fn damaged(what: &'static str, offset: usize) -> Error {
    Error::pixel_data(ErrorKind::Damaged { what, offset: offset as u64 })
}

//! Checks that a codestream contains all samples of its image, before a decoder is called that would fill in the rest.
//!
//! | family | what is checked |
//! |---|---|
//! | JPEG (10918-1), JPEG-LS (14495-1), JPEG 2000 (15444-1, -15) | decoded: all samples are present |
//! | JPEG that dicomet does not decode | the end marker is present; only a decoder can find the last sample |
//! | JPEG-LS that dicomet does not decode | all components have a scan; only a decoder can find the last sample |
//! | JPEG XL (18181-1) | all frames have their bytes |
//!
//! A missing end marker is added if everything before it is present, because decoders treat its absence differently:
//! one refuses the frame, another searches for the marker for many seconds.

use crate::alloc::try_with_capacity;
use crate::codestream::Family;
use crate::error::{Error, ErrorKind, Result};
use crate::parallel::Parallelism;

mod decoded;
mod jpeg;
mod jpeg_2000;
mod jpeg_ls;
mod markers;
pub(crate) use decoded::warnings_of_complete;

#[cfg(test)]
mod tests;

/// EOI (10918-1 B.2.1), and EOC (15444-1 A.4.4), which has the same code.
const END: [u8; 2] = [0xFF, 0xD9];

/// A codestream that contains all its samples, as far as that can be checked.
#[derive(Debug, PartialEq, Eq)]
pub struct CompleteCodestream {
    /// Bytes before the end marker, or before whatever replaces it.
    pub end: usize,
    /// Whether the end marker is present.
    pub ended: bool,
    /// Deviations that change no sample.
    pub warnings: Vec<ErrorKind>,
}

impl CompleteCodestream {
    /// Returns a codestream whose last segment ends at byte `end` of `frame`, where the end marker is expected.
    fn at(frame: &[u8], end: usize) -> Self {
        let rest = frame.get(end..).unwrap_or_default();
        let fill = rest.iter().take_while(|&&byte| byte == 0xFF).count();
        let ended = fill > 0 && rest.get(fill) == Some(&END[1]);
        let mut warnings = Vec::new();
        let trailing = if ended { &rest[fill + 1..] } else { rest };
        if !ended {
            warnings.push(ErrorKind::NoEndMarker);
        }
        if let Some(first) = trailing.iter().position(|byte| !matches!(byte, 0x00 | 0xFF)) {
            warnings.push(ErrorKind::TrailingBytes { bytes: (trailing.len() - first) as u64 });
        }
        Self { end, ended, warnings }
    }

    /// Returns the codestream with an end marker added; None if it has one.
    pub fn repaired(&self, frame: &[u8]) -> Result<Option<Vec<u8>>> {
        if self.ended {
            return Ok(None);
        }
        let usable = &frame[..self.end.min(frame.len())];
        let mut repaired = try_with_capacity(usable.len().saturating_add(END.len()))?;
        repaired.extend_from_slice(usable);
        repaired.extend(END);
        Ok(Some(repaired))
    }
}

/// Checks that `frame`, whose header has been checked, contains all samples of its image.
pub fn check(frame: &[u8], family: Family, parallelism: &Parallelism<'_>) -> Result<CompleteCodestream> {
    match family {
        Family::Jpeg => jpeg::check(frame, parallelism),
        Family::JpegLs => jpeg_ls::check(frame, parallelism),
        Family::Jpeg2000 => jpeg_2000::check(frame, parallelism),
        Family::JpegXl => jpeg_xl(frame),
    }
}

/// The check of the header has found all frames.
fn jpeg_xl(frame: &[u8]) -> Result<CompleteCodestream> {
    dicomet_jpeg_xl::Header::read(frame)?;
    Ok(CompleteCodestream { end: frame.len(), ended: true, warnings: Vec::new() })
}

/// Returns the error for a malformed codestream at byte `offset` of the frame.
fn defect_at(what: &'static str, offset: usize) -> Error {
    Error::pixel_data(ErrorKind::Damaged { what, offset: offset as u64 })
}

//! Errors in pixel data: the element, the place in it, the value found and the value expected.

use crate::tag::{PIXEL_DATA, Tag};
use std::fmt;

mod codec;
mod deflated;
mod jpeg;
mod jpeg_2000;
mod jpeg_ls;
mod jpeg_xl;
pub use codec::{CodecError, CodecWarning, Unsupported};
pub(crate) use codec::{Deviation, EndDeviation, codec_warnings};
pub use deflated::DeflatedFrame;

/// The value found and the value expected.
#[allow(missing_docs, reason = "the messages say what the fields are")]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ErrorKind {
    /// A number outside its range or set.
    #[error("found {found}, expected {expected}")]
    Value { found: i64, expected: &'static str },
    /// A string that is not one of the defined terms.
    #[error("found '{found}', expected {expected}")]
    Text { found: String, expected: &'static str },
    /// Two numbers that contradict each other.
    #[error("found {found}, which contradicts {other} of {value}")]
    Contradiction { found: i64, other: Tag, value: i64 },
    /// Fewer or more bytes than the description requires.
    #[error("found {found} bytes, expected {expected}")]
    Length { found: u64, expected: u64 },
    /// Full-size samples although Photometric Interpretation says they are subsampled.
    #[error(
        "found {found} bytes, expected {expected} for YBR_FULL_422: the samples are not subsampled, so Photometric \
         Interpretation is wrong (probably RGB or YBR_FULL)"
    )]
    NotSubsampled { found: u64, expected: u64 },
    /// Fewer frames than Number of Frames says.
    #[error("found {found} frames, expected {expected}")]
    FrameCount { found: u64, expected: u64 },
    /// Fragments that cannot be assigned to frames.
    #[error(
        "found {fragments} fragments and no usable offset table, expected one fragment for each of {frames} frames"
    )]
    FragmentCount { fragments: u64, frames: u64 },
    /// More bytes than this machine can address.
    #[error("the image would need more memory than can be addressed")]
    TooLarge,
    /// A failed memory allocation.
    #[error("{bytes} bytes of memory could not be allocated")]
    Memory { bytes: u64 },
    /// The caller canceled the work.
    #[error("interrupted")]
    Interrupted,
    /// A tag that must not occur in encapsulated pixel data.
    #[error("found tag ({:04X},{:04X}), expected {expected}", .found >> 16, .found & 0xFFFF)]
    Tag { found: u32, expected: &'static str },
    /// An item that ends after the end of the value.
    #[error("found an item of {length} bytes, expected at most the {left} that are left")]
    ItemLength { length: u64, left: u64 },
    /// An item of undefined length.
    #[error("found an item of undefined length, expected a fragment of defined length")]
    UndefinedItem,
    /// The value ends where an item or a delimiter should be.
    #[error("found the end of the data, expected an item or the Sequence Delimitation Item")]
    Undelimited,
    /// Zeros from the last fragment to the end of the value.
    #[error("found zeros to the end of the data, expected the Sequence Delimitation Item")]
    ZerosForDelimiter,
    /// An offset table that contradicts the fragments.
    #[error("the offsets of the {table} are not those of the fragments ({fragments}): they are ignored")]
    OffsetTable { table: &'static str, fragments: u64 },
    /// Fragments without content.
    #[error("found empty fragments ({count}): they are skipped")]
    EmptyFragments { count: u64 },
    /// Fragments after those that a table lists.
    #[error("found fragments ({count}) that belong to no frame: they are left out")]
    UnusedFragments { count: u64 },
    /// The last frame of a JPEG stream has no end marker.
    #[error("the last frame has no end-of-image marker")]
    NoEndOfImage,
    /// An RLE header that is truncated, or whose segment count or offsets are impossible.
    #[error("found {found} RLE segments, expected {expected}")]
    SegmentCount { found: u64, expected: u64 },
    /// An RLE segment offset that is out of order or outside the frame.
    #[error("found RLE segment offset {found}, expected {expected}")]
    SegmentOffset { found: u64, expected: &'static str },
    /// An RLE segment that ends before its byte plane is full.
    #[error("the RLE segment gives {found} of {expected} bytes")]
    SegmentShort { found: u64, expected: u64 },
    /// An RLE segment whose last run extends beyond its byte plane.
    #[error("the last run of the RLE segment goes {excess} bytes beyond the {expected} expected: they are left out")]
    SegmentLong { excess: u64, expected: u64 },
    /// An RLE segment that continues after its byte plane is full.
    #[error("{bytes} bytes are left in the RLE segment after the {expected} expected")]
    SegmentRest { bytes: u64, expected: u64 },
    /// An RLE header with offsets beyond its segment count.
    #[error("found an offset after those of the {segments} RLE segments, expected 0")]
    UnusedSegmentOffset { segments: usize },
    /// More samples than the compressed bytes can contain.
    #[error("found {found} compressed bytes, which cannot hold {expected} samples")]
    Implausible { found: u64, expected: u64 },
    /// A codestream that describes a different image than the data set.
    #[error("the codestream has {what} {found}, expected {expected}")]
    Codestream { what: &'static str, found: u64, expected: u64 },
    /// More resolution levels to discard than the codestream has.
    #[error(
        "'reduce': found {found}, expected 0 to {expected}, the resolution levels that the codestream can do without"
    )]
    ResolutionLevels { found: i64, expected: u64 },
    /// A frame that is not a codestream of its transfer syntax.
    #[error("found no frame header, expected that of a JPEG, JPEG-LS, JPEG 2000 or JPEG XL codestream")]
    NoCodestream,
    /// A codestream of a different standard than the transfer syntax says.
    #[error("found a codestream of {found}, expected one of {expected}")]
    Family { found: &'static str, expected: &'static str },
    /// Components that no scan contains.
    #[error("the scans of the codestream give {found} of {expected} components")]
    Components { found: u64, expected: u64 },
    /// A part of a codestream that violates its standard.
    #[error("the codestream is damaged: found {what} at byte {offset}")]
    Damaged { what: &'static str, offset: u64 },
    /// A part of a codestream that violates its standard, or a process that is not decoded, as its decoder reports it.
    #[error("{place}{kind}")]
    Codec { place: String, kind: Box<CodecError> },
    /// A deviation of a codestream that changes no sample.
    #[error("{0}")]
    Deviation(CodecWarning),
    /// A codestream that contains all samples, but no end marker.
    #[error("the codestream has no end marker after its last sample")]
    NoEndMarker,
    /// A codestream that only another decoder decodes.
    #[error("the codestream has {0}: whether it holds all samples is not checked")]
    Unchecked(Unsupported),
    /// Bytes after the end of the codestream that are not padding.
    #[error("found {bytes} bytes after the codestream: they are ignored")]
    TrailingBytes { bytes: u64 },
    /// A deflated data set that is not read in sequence.
    #[error("the deflated data set would have to be inflated again and again, expected elements one after the other")]
    BackAndForth,
    /// A deflated data set that cannot be inflated.
    #[error("the deflated data set is damaged: {0}")]
    Deflate(String),
    /// A frame in Deflated Image Frame Compression that is damaged, or longer or shorter than the image's frames.
    #[error("{0}")]
    DeflatedFrame(DeflatedFrame),
    /// Colors whose conversion to RGB is not defined. The stored values can be decoded.
    #[error("YBR_FULL is converted to RGB for three unsigned samples per pixel of up to 32 bits only")]
    Unconvertible,
    /// A combination that the standard does not define, or that this crate does not decode.
    #[error("{0}")]
    Unsupported(&'static str),
}

/// An error kind and its place. Also used for tolerated defects; see [`crate::decode::Warnings`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The element in error; None if the problem is not in the data set.
    pub element: Option<Tag>,
    /// Frame number, counted from 0.
    pub frame: Option<u64>,
    /// RLE segment number, counted from 0.
    pub segment: Option<u64>,
    /// Byte offset in the element's value.
    pub offset: Option<u64>,
    /// The kind of error.
    pub kind: ErrorKind,
}

/// The result of the fallible functions of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Returns an error in an element as a whole.
    #[must_use]
    pub fn new(element: Tag, kind: ErrorKind) -> Self {
        Self { element: Some(element), ..kind.into() }
    }

    /// Returns an error in the Pixel Data element.
    #[must_use]
    pub fn pixel_data(kind: ErrorKind) -> Self {
        Self::new(PIXEL_DATA, kind)
    }

    /// Adds the frame number.
    #[must_use]
    pub fn in_frame(mut self, frame: usize) -> Self {
        self.frame = Some(frame as u64);
        self
    }

    /// Adds the RLE segment number.
    #[must_use]
    pub fn in_segment(mut self, segment: usize) -> Self {
        self.segment = Some(segment as u64);
        self
    }

    /// Adds the byte offset in the value.
    #[must_use]
    pub fn at(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }
}

impl From<ErrorKind> for Error {
    /// Returns an error that belongs to no element.
    fn from(kind: ErrorKind) -> Self {
        Self { element: None, frame: None, segment: None, offset: None, kind }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        if let Some(element) = self.element {
            write!(f, "{element}")?;
            separator = ", ";
        }
        for (name, value) in [("frame", self.frame), ("segment", self.segment), ("offset", self.offset)] {
            if let Some(value) = value {
                write!(f, "{separator}{name} {value}")?;
                separator = ", ";
            }
        }
        write!(f, "{}{}", if separator.is_empty() { "" } else { ": " }, self.kind)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_names_element_and_place() {
        let error =
            Error::pixel_data(ErrorKind::SegmentShort { found: 3, expected: 9 }).in_frame(2).in_segment(1).at(64);
        assert_eq!(
            error.to_string(),
            "(7FE0,0010) Pixel Data, frame 2, segment 1, offset 64: the RLE segment gives 3 of 9 bytes"
        );
    }

    #[test]
    fn message_without_an_element() {
        let error = Error::from(ErrorKind::Interrupted);
        assert_eq!(error.to_string(), "interrupted");
        assert_eq!(error.in_frame(3).to_string(), "frame 3: interrupted");
    }
}

//! What can be wrong with pixel data: the element, the place in it, what was found and what was expected.

use std::fmt;

/// A data element, as it is named in messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element {
    /// Group in the high, element number in the low 16 bits.
    pub tag: u32,
    /// The name of PS3.6.
    pub name: &'static str,
}

macro_rules! elements {
    ($($ident:ident = $tag:literal, $name:literal;)*) => {
        $(#[doc = $name] pub const $ident: Element = Element { tag: $tag, name: $name };)*
    };
}

elements! {
    SAMPLES_PER_PIXEL = 0x0028_0002, "Samples per Pixel";
    PHOTOMETRIC_INTERPRETATION = 0x0028_0004, "Photometric Interpretation";
    PLANAR_CONFIGURATION = 0x0028_0006, "Planar Configuration";
    NUMBER_OF_FRAMES = 0x0028_0008, "Number of Frames";
    ROWS = 0x0028_0010, "Rows";
    COLUMNS = 0x0028_0011, "Columns";
    BITS_ALLOCATED = 0x0028_0100, "Bits Allocated";
    BITS_STORED = 0x0028_0101, "Bits Stored";
    HIGH_BIT = 0x0028_0102, "High Bit";
    PIXEL_REPRESENTATION = 0x0028_0103, "Pixel Representation";
    EXTENDED_OFFSET_TABLE = 0x7FE0_0001, "Extended Offset Table";
    FLOAT_PIXEL_DATA = 0x7FE0_0008, "Float Pixel Data";
    DOUBLE_FLOAT_PIXEL_DATA = 0x7FE0_0009, "Double Float Pixel Data";
    PIXEL_DATA = 0x7FE0_0010, "Pixel Data";
    TRANSFER_SYNTAX_UID = 0x0002_0010, "Transfer Syntax UID";
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({:04X},{:04X}) {}", self.tag >> 16, self.tag & 0xFFFF, self.name)
    }
}

/// What was found, and what was expected.
#[allow(missing_docs, reason = "the messages say what the fields are")]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ErrorKind {
    /// A number outside its range or set.
    #[error("found {found}, expected {expected}")]
    Value { found: i64, expected: &'static str },
    /// A text that is not one of the defined terms.
    #[error("found '{found}', expected {expected}")]
    Text { found: String, expected: &'static str },
    /// Two numbers that contradict each other.
    #[error("found {found}, which contradicts {other} of {value}")]
    Contradiction { found: i64, other: Element, value: i64 },
    /// Fewer or more bytes than the description needs.
    #[error("found {found} bytes, expected {expected}")]
    Length { found: u64, expected: u64 },
    /// Full-size samples where Photometric Interpretation says subsampled ones.
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
    /// Memory that could not be had.
    #[error("{bytes} bytes of memory could not be allocated")]
    Memory { bytes: u64 },
    /// The caller wanted the work to end.
    #[error("interrupted")]
    Interrupted,
    /// A tag inside encapsulated pixel data that does not belong there.
    #[error("found tag ({:04X},{:04X}), expected {expected}", .found >> 16, .found & 0xFFFF)]
    Tag { found: u32, expected: &'static str },
    /// An item that ends behind the end of the value.
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
    /// Fragments behind those that a table names.
    #[error("found fragments ({count}) that belong to no frame: they are left out")]
    UnusedFragments { count: u64 },
    /// The last frame of a JPEG stream has no end marker.
    #[error("the last frame has no end-of-image marker")]
    NoEndOfImage,
    /// An RLE header that is cut, or whose count or offsets cannot be.
    #[error("found {found} RLE segments, expected {expected}")]
    SegmentCount { found: u64, expected: u64 },
    /// An RLE segment offset that is not in order, or outside the frame.
    #[error("found RLE segment offset {found}, expected {expected}")]
    SegmentOffset { found: u64, expected: &'static str },
    /// An RLE segment that ends before its byte plane is full.
    #[error("the RLE segment gives {found} of {expected} bytes")]
    SegmentShort { found: u64, expected: u64 },
    /// An RLE segment whose last run goes beyond its byte plane.
    #[error("the last run of the RLE segment goes {excess} bytes beyond the {expected} expected: they are left out")]
    SegmentLong { excess: u64, expected: u64 },
    /// An RLE segment that goes on behind its byte plane.
    #[error("{bytes} bytes are left in the RLE segment behind the {expected} that it should give")]
    SegmentRest { bytes: u64, expected: u64 },
    /// An RLE header with offsets of segments that it does not count.
    #[error("found an offset behind those of the {segments} RLE segments, expected 0")]
    UnusedSegmentOffset { segments: usize },
    /// More samples than the compressed bytes can hold.
    #[error("found {found} compressed bytes, which cannot hold {expected} samples")]
    Implausible { found: u64, expected: u64 },
    /// A codestream that describes another image than the data set.
    #[error("the codestream has {what} {found}, expected {expected}")]
    Codestream { what: &'static str, found: u64, expected: u64 },
    /// A frame that is not what its transfer syntax says.
    #[error("found no frame header, expected that of a JPEG, JPEG-LS or JPEG 2000 codestream")]
    NoCodestream,
    /// A codestream of another standard than the transfer syntax says.
    #[error("found a codestream of {found}, expected one of {expected}")]
    Family { found: &'static str, expected: &'static str },
    /// A scan whose entropy-coded data ends before its last data unit.
    #[error("scan {scan} of the codestream ends at byte {offset} with {found} of {expected} units of samples")]
    ScanShort { scan: u64, found: u64, expected: u64, offset: u64 },
    /// Components that no scan gives.
    #[error("the scans of the codestream give {found} of {expected} components")]
    Components { found: u64, expected: u64 },
    /// A tile-part that is longer than what is left of the codestream.
    #[error("the tile-part at byte {offset} of the codestream has {found} of {expected} bytes")]
    TilePart { found: u64, expected: u64, offset: u64 },
    /// Tiles without all their tile-parts.
    #[error("the codestream has {found} of {expected} complete tiles")]
    Tiles { found: u64, expected: u64 },
    /// A part of a codestream that contradicts its standard.
    #[error("the codestream is damaged: found {what} at byte {offset}")]
    Damaged { what: &'static str, offset: u64 },
    /// A codestream that holds all samples, but no end marker.
    #[error("the codestream has no end marker behind its last sample")]
    NoEndMarker,
    /// Bytes between the last code of a scan and the next marker.
    #[error("found {bytes} bytes behind the last samples of scans: they are ignored")]
    ScanExcess { bytes: u64 },
    /// Bytes behind the end of the codestream that are not padding.
    #[error("found {bytes} bytes behind the codestream: they are ignored")]
    BytesBehind { bytes: u64 },
    /// A progressive image without the scans of its lowest bits.
    #[error("the progressive codestream ends before its coefficients have their lowest bits")]
    Unrefined,
    /// A deflated data set that is read back and forth.
    #[error("the deflated data set would have to be inflated again and again, expected elements one behind the other")]
    BackAndForth,
    /// A deflated data set that cannot be inflated.
    #[error("the deflated data set is damaged: {0}")]
    Deflate(String),
    /// A combination that the standard does not define, or this crate does not decode.
    #[error("{0}")]
    Unsupported(&'static str),
}

/// A problem and its place. Also used for what was tolerated, see [`crate::decode::Warnings`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The element that is wrong.
    pub element: Element,
    /// Frame number, from 0.
    pub frame: Option<u64>,
    /// RLE segment number, from 0.
    pub segment: Option<u64>,
    /// Byte offset in the element's value.
    pub offset: Option<u64>,
    /// What is wrong.
    pub problem: ErrorKind,
}

/// What fallible functions of this crate return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A problem with an element as a whole.
    #[must_use]
    pub fn new(element: Element, problem: ErrorKind) -> Self {
        Self { element, frame: None, segment: None, offset: None, problem }
    }

    /// A problem in the Pixel Data element.
    #[must_use]
    pub fn pixel_data(problem: ErrorKind) -> Self {
        Self::new(PIXEL_DATA, problem)
    }

    /// The same problem, in this frame.
    #[must_use]
    pub fn in_frame(mut self, frame: usize) -> Self {
        self.frame = Some(frame as u64);
        self
    }

    /// The same problem, in this RLE segment.
    #[must_use]
    pub fn in_segment(mut self, segment: usize) -> Self {
        self.segment = Some(segment as u64);
        self
    }

    /// The same problem, at this byte offset in the value.
    #[must_use]
    pub fn at(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.element)?;
        for (name, value) in [("frame", self.frame), ("segment", self.segment), ("offset", self.offset)] {
            if let Some(value) = value {
                write!(f, ", {name} {value}")?;
            }
        }
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for Error {}

/// An empty vector with room for `capacity` values, or an error in place of an abort.
pub(crate) fn try_with_capacity<T>(capacity: usize) -> Result<Vec<T>> {
    let mut vec = Vec::new();
    match vec.try_reserve_exact(capacity) {
        Ok(()) => Ok(vec),
        Err(_) => {
            Err(Error::pixel_data(ErrorKind::Memory { bytes: (capacity as u64).saturating_mul(size_of::<T>() as u64) }))
        }
    }
}

/// Room for `more` values behind those that are there, or an error in place of an abort.
pub(crate) fn try_reserve<T>(vec: &mut Vec<T>, more: usize) -> Result<()> {
    let bytes = (vec.len().saturating_add(more) as u64).saturating_mul(size_of::<T>() as u64);
    vec.try_reserve(more).map_err(|_| Error::pixel_data(ErrorKind::Memory { bytes }))
}

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
}

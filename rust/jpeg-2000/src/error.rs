//! Errors: the problem and its place.

use std::fmt;

use dicomet_codec::{Interrupted, MemoryExceeded, SegmentError, SegmentErrorKind};

use crate::marker::Marker;

/// A property that this crate does not decode, although a standard of the family defines it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsupported {
    /// An extension of ISO/IEC 15444-2 or another part, by the capability bits of SIZ or CAP or a reserved value.
    Extension(&'static str),
    /// HT code-blocks mixed with others that have several codeword segments.
    MixedSegments,
    /// Rows of more than three components, or of components of different sizes: see [`Decoder::decode_planes`](crate::Decoder::decode_planes).
    Planes,
    /// Samples of more than 16 bits as rows: see [`Decoder::decode_planes`](crate::Decoder::decode_planes).
    Precision(u8),
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Extension(name) => f.write_str(name),
            Self::MixedSegments => f.write_str("HT code-blocks mixed with code-blocks of several codeword segments"),
            Self::Planes => f.write_str("rows of more than three components, or of components of different sizes"),
            Self::Precision(bits) => write!(f, "rows of {bits}-bit samples"),
        }
    }
}

/// The problem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no codestream.
    #[error("found no start of codestream (FF 4F FF 51), expected a JPEG 2000 codestream")]
    NotJpeg2000,
    /// The data ends within a header.
    #[error("found the end of the data, expected {expected}")]
    EndOfData {
        /// What should follow.
        expected: &'static str,
    },
    /// Other bytes, or another marker, than the syntax allows here.
    #[error("found {found}, expected {expected}")]
    Syntax {
        /// The bytes or marker.
        found: String,
        /// The valid syntax.
        expected: &'static str,
    },
    /// A segment whose length does not fit its contents.
    #[error("`segment length`: found {found}, expected {expected}")]
    SegmentLength {
        /// The length that the segment has.
        found: usize,
        /// The length that its contents need.
        expected: usize,
    },
    /// A parameter of a header, or an argument, that is out of range.
    #[error("`{name}`: found {found}, expected {expected}")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// Its value.
        found: u64,
        /// The values that it may have.
        expected: &'static str,
    },
    /// A property that is defined, but not decoded by this crate.
    #[error("found {0}, which this decoder does not support")]
    Unsupported(Unsupported),
    /// More samples or packets than so few bytes can hold.
    #[error("`{name}`: found {found} bytes, expected at least {expected}")]
    TooShort {
        /// What the bytes should hold.
        name: &'static str,
        /// The bytes that are there.
        found: u64,
        /// The fewest that the headers need.
        expected: u64,
    },
    /// A tile without a tile-part.
    #[error("`tile`: found no tile-part, expected one")]
    TileMissing,
    /// The data of a tile ends before its last packet, or before the end of one.
    #[error("`packets`: found the end of the tile's data after {found}, expected {expected}")]
    DataEndsEarly {
        /// Packets that are complete.
        found: u64,
        /// Packets of the tile.
        expected: u64,
    },
    /// A packet header that contradicts itself or the headers of the tile.
    #[error("`packet header`: found {found}, expected {expected}")]
    PacketHeader {
        /// What is wrong.
        found: &'static str,
        /// What is valid.
        expected: &'static str,
    },
    /// The coded data of a code-block contradicts its headers.
    #[error("`code-block`: {0}")]
    CodeBlock(String),
    /// The memory limit is exceeded, or an allocation failed.
    #[error("`memory`: found a need for {found} bytes, expected at most {expected}")]
    Memory {
        /// Bytes that are needed.
        found: u64,
        /// The limit.
        expected: u64,
    },
    /// [`Options::stop`](crate::Options::stop) returned true.
    #[error("the decoder was interrupted")]
    Interrupted,
    /// Samples of another type than the precision needs.
    #[error("`sample type`: found {found} bits, expected {expected} for the precision of the image")]
    SampleType {
        /// Bits of the type.
        found: u32,
        /// Bits of the type that is needed.
        expected: u32,
    },
}

/// The place of a problem in a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TilePlace {
    /// Number of the tile, in raster order.
    pub tile: u32,
    /// The component and the resolution level, from 0 for the smallest, where the problem is in a packet or code-block.
    pub resolution: Option<(u16, u8)>,
}

/// A problem and its place.
///
/// `Display` gives one line, such as ``SOD, tile 0, component 1, resolution 4, offset 77: `packets`: found ..., expected ...``.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The problem.
    pub kind: ErrorKind,
    /// The marker whose segment has the problem; SOD for packets. None for problems between segments and for the caller's
    /// arguments.
    pub marker: Option<Marker>,
    /// The tile, if the problem is in its headers or its data.
    pub place: Option<TilePlace>,
    /// Byte offset in the data: of the parameter, the marker or the packet. 0 for the caller's arguments.
    pub offset: u64,
}

/// The result of fallible functions of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn new(kind: ErrorKind, offset: usize) -> Self {
        Self { kind, marker: None, place: None, offset: offset as u64 }
    }

    /// An error about the argument of a function.
    pub(crate) fn argument(name: &'static str, found: u64, expected: &'static str) -> Self {
        Self::new(ErrorKind::Parameter { name, found, expected }, 0)
    }

    pub(crate) fn unsupported_at(what: Unsupported, offset: usize) -> Self {
        Self::new(ErrorKind::Unsupported(what), offset)
    }

    pub(crate) fn in_segment(mut self, marker: Marker) -> Self {
        self.marker = self.marker.or(Some(marker));
        self
    }

    pub(crate) fn in_tile(mut self, tile: u32) -> Self {
        self.place = self.place.or(Some(TilePlace { tile, resolution: None }));
        self
    }

    pub(crate) fn in_resolution(mut self, tile: u32, component: u16, resolution: u8) -> Self {
        self.place = self.place.or(Some(TilePlace { tile, resolution: Some((component, resolution)) }));
        self.in_segment(Marker::SOD)
    }

    /// The property that this crate does not decode, if that is the problem. Another decoder may support it.
    #[must_use]
    pub fn unsupported(&self) -> Option<Unsupported> {
        match self.kind {
            ErrorKind::Unsupported(what) => Some(what),
            _ => None,
        }
    }
}

impl From<MemoryExceeded> for Error {
    fn from(MemoryExceeded { found, expected }: MemoryExceeded) -> Self {
        Self::new(ErrorKind::Memory { found, expected }, 0)
    }
}

impl From<Interrupted> for Error {
    fn from(_: Interrupted) -> Self {
        Self::new(ErrorKind::Interrupted, 0)
    }
}

impl From<SegmentError> for Error {
    fn from(error: SegmentError) -> Self {
        let kind = match error.kind {
            SegmentErrorKind::EndOfData { expected } => ErrorKind::EndOfData { expected },
            SegmentErrorKind::Length { found, expected } => ErrorKind::SegmentLength { found, expected },
            SegmentErrorKind::Parameter { name, found, expected } => {
                ErrorKind::Parameter { name, found: found.into(), expected }
            }
        };
        Self::new(kind, error.offset)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(marker) = self.marker {
            write!(f, "{marker}, ")?;
        }
        if let Some(TilePlace { tile, resolution }) = self.place {
            write!(f, "tile {tile}, ")?;
            if let Some((component, resolution)) = resolution {
                write!(f, "component {component}, resolution {resolution}, ")?;
            }
        }
        write!(f, "offset {}: {}", self.offset, self.kind)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_names_tile_resolution_and_offset() {
        let error = Error::new(ErrorKind::DataEndsEarly { found: 3, expected: 18 }, 77).in_resolution(2, 1, 4);
        let text = "SOD, tile 2, component 1, resolution 4, offset 77: `packets`: found the end of the tile's data after 3, expected 18";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn unsupported_properties_have_names() {
        let error = Error::unsupported_at(Unsupported::MixedSegments, 2);
        assert_eq!(error.unsupported(), Some(Unsupported::MixedSegments));
        assert!(error.to_string().contains("mixed"));
    }
}

//! Errors: the problem and its place.

use std::fmt;

use dicomet_codec::{CodestreamError, CodestreamErrorKind, Interrupted, Marker, MemoryExceeded, SegmentErrorKind};

/// A property of a codestream that this crate does not decode, although a standard or an encoder defines it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsupported {
    /// A process of ISO/IEC 10918-1 or JPEG-LS extensions (ISO/IEC 14495-2): the frame marker.
    Process(Marker),
    /// An LSE segment of JPEG-LS extensions (ISO/IEC 14495-2): its identifier.
    Extension(u8),
    /// More than three components, in [`Decoder::decode`](crate::Decoder::decode).
    Components(usize),
    /// Components of different sizes, in [`Decoder::decode`](crate::Decoder::decode).
    Subsampling,
    /// A point transform, Al.
    PointTransform(u8),
    /// A mapping table with entries of this number of bytes, more than two.
    MappingTable(u8),
    /// A color transform (APP8, `mrfx`) with this number, or a known one in a frame for which it is not defined.
    ColorTransform(u8),
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(marker) => write!(f, "the process of {marker}"),
            Self::Extension(id) => write!(f, "an LSE segment of JPEG-LS extensions (type {id})"),
            Self::Components(count) => write!(f, "{count} components"),
            Self::Subsampling => f.write_str("components of different sizes"),
            Self::PointTransform(bits) => write!(f, "a point transform of {bits} bits"),
            Self::MappingTable(width) => write!(f, "a mapping table with entries of {width} bytes"),
            Self::ColorTransform(number) => write!(f, "color transform {number} (mrfx) in this kind of frame"),
        }
    }
}

/// The problem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The data does not begin with SOI.
    #[error("found no start of image (FF D8), expected a JPEG-LS codestream")]
    NotJpeg,
    /// The data ends between two segments or within one.
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
    /// A parameter of a header that is out of range.
    #[error("`{name}`: found {found}, expected {expected}")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// Its value.
        found: u32,
        /// The values that it may have.
        expected: &'static str,
    },
    /// A property that is defined, but not decoded by this crate.
    #[error("found {0}, expected a JPEG-LS codestream without it")]
    Unsupported(Unsupported),
    /// A mapping table that no segment has defined.
    #[error("`mapping table {number}`: found none, expected its definition before the scan")]
    TableMissing {
        /// Table identifier, TID.
        number: u8,
    },
    /// A sample that exceeds its mapping table.
    #[error("`mapping table {number}`: found {entries} entries, expected one for sample {sample}")]
    TableTooShort {
        /// Table identifier, TID.
        number: u8,
        /// Entries that the table has.
        entries: usize,
        /// The sample.
        sample: u32,
    },
    /// Bits that are no code for a prediction error of this scan.
    #[error(
        "`entropy-coded data`: found bits that are no code, expected a code of limited length for an error in RANGE"
    )]
    InvalidCode,
    /// A run that passes the end of its line.
    #[error("`entropy-coded data`: found a run that passes the end of its line, expected a shorter one")]
    RunLength,
    /// A scan or restart interval that ends before its last sample.
    #[error("`entropy-coded data`: found its end in line {line}, expected {lines} lines")]
    DataEndsEarly {
        /// Line of a component, from 0.
        line: usize,
        /// Lines that the component has.
        lines: usize,
    },
    /// A restart marker that is missing or out of order.
    #[error("`restart marker`: found {found}, expected {expected}")]
    Restart {
        /// The marker that is there, or the end of the data.
        found: String,
        /// The marker that should be there.
        expected: Marker,
    },
    /// A component for which there is no scan.
    #[error("`component {component}`: found no scan with its samples, expected one")]
    NotCoded {
        /// Component, by its index in the frame.
        component: usize,
    },
    /// More samples than so few bytes can hold.
    #[error("`entropy-coded data`: found {found} bytes, expected at least {expected} for the image's size")]
    TooShort {
        /// Bytes of the scan.
        found: u64,
        /// The fewest that the samples can take.
        expected: u64,
    },
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
    /// Samples of another type than the frame needs.
    #[error("`sample type`: found {found} bits, expected {expected} for the samples of the frame")]
    SampleType {
        /// Bits of the type.
        found: u32,
        /// Bits of the type that is needed.
        expected: u32,
    },
}

/// A problem and its place.
pub type Error = CodestreamError<ErrorKind>;

/// The result of fallible functions of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl CodestreamErrorKind for ErrorKind {
    type Unsupported = Unsupported;

    fn unsupported(&self) -> Option<Unsupported> {
        match self {
            Self::Unsupported(what) => Some(*what),
            _ => None,
        }
    }
}

impl From<SegmentErrorKind> for ErrorKind {
    fn from(kind: SegmentErrorKind) -> Self {
        match kind {
            SegmentErrorKind::EndOfData { expected } => Self::EndOfData { expected },
            SegmentErrorKind::Length { found, expected } => Self::SegmentLength { found, expected },
            SegmentErrorKind::Parameter { name, found, expected } => Self::Parameter { name, found, expected },
        }
    }
}

impl From<MemoryExceeded> for ErrorKind {
    fn from(MemoryExceeded { found, expected }: MemoryExceeded) -> Self {
        Self::Memory { found, expected }
    }
}

impl From<Interrupted> for ErrorKind {
    fn from(_: Interrupted) -> Self {
        Self::Interrupted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_names_marker_scan_and_offset() {
        let error = Error::new(ErrorKind::DataEndsEarly { line: 3, lines: 9 }, 77).in_scan(1);
        let text = "SOS, scan 1, offset 77: `entropy-coded data`: found its end in line 3, expected 9 lines";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn unsupported_properties_have_names() {
        let error = Error::new(ErrorKind::Unsupported(Unsupported::PointTransform(3)), 2);
        assert_eq!(error.unsupported(), Some(Unsupported::PointTransform(3)));
        assert!(error.to_string().contains("a point transform of 3 bits"));
    }
}

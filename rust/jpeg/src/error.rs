//! Errors: the problem and its place.

use std::fmt;

use dicomet_codec::{CodestreamError, CodestreamErrorKind, Interrupted, Marker, MemoryExceeded, SegmentErrorKind};

/// A coding process or a property that this crate does not decode, although the standard defines it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsupported {
    /// Arithmetic coding: SOF9 to SOF11 and SOF13 to SOF15.
    Arithmetic,
    /// Hierarchical mode: SOF5 to SOF7, DHP and EXP.
    Hierarchical,
    /// JPEG-LS (ISO/IEC 14495-1): SOF55.
    JpegLs,
    /// More than three components.
    Components(u8),
    /// A lossless scan with subsampled components whose restart intervals are not whole rows of MCUs.
    RestartInRow,
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arithmetic => f.write_str("arithmetic coding"),
            Self::Hierarchical => f.write_str("the hierarchical mode"),
            Self::JpegLs => f.write_str("JPEG-LS"),
            Self::Components(count) => write!(f, "{count} components"),
            Self::RestartInRow => {
                f.write_str("a lossless scan of subsampled components with restarts within a row of MCUs")
            }
        }
    }
}

/// The problem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The data does not begin with SOI.
    #[error("found no start of image (FF D8), expected a JPEG codestream")]
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
    /// A process or property that is defined, but not decoded by this crate.
    #[error(
        "found {0}, expected a sequential, progressive or lossless process with Huffman coding and 1 to 3 components"
    )]
    Unsupported(Unsupported),
    /// A table that no segment has defined.
    #[error("`{table} table {number}`: found none, expected its definition before the scan")]
    TableMissing {
        /// Kind of the table.
        table: &'static str,
        /// Its destination identifier.
        number: u8,
    },
    /// More Huffman codes than bit patterns.
    #[error("`Huffman table`: found too many codes of {length} bits, expected a prefix code")]
    OverSubscribed {
        /// Length of the codes.
        length: usize,
    },
    /// Bits that are no code of their table, or a symbol that the process does not define.
    #[error("`entropy-coded data`: found bits that are no code of this scan, expected a Huffman code")]
    InvalidCode,
    /// A run or coefficient that passes the end of the block or band.
    #[error("`entropy-coded data`: found a coefficient after the last one of its band, expected the end of the block")]
    CoefficientIndex,
    /// A scan or restart interval that ends before its last sample.
    #[error("`entropy-coded data`: found its end in row {row} of MCUs, expected {rows} rows")]
    DataEndsEarly {
        /// Row of MCUs of the scan, from 0.
        row: usize,
        /// Rows of MCUs that the scan has.
        rows: usize,
    },
    /// A restart marker that is missing or out of order.
    #[error("`restart marker`: found {found}, expected {expected}")]
    Restart {
        /// The marker that is there, or the end of the data.
        found: String,
        /// The marker that should be there.
        expected: Marker,
    },
    /// A progressive scan that does not continue the earlier scans.
    #[error(
        "`progression` of component {component}, coefficient {coefficient}: found Ah = {found}, expected {expected}"
    )]
    Progression {
        /// Component, by its index in the frame.
        component: usize,
        /// Coefficient in zigzag order.
        coefficient: usize,
        /// Successive approximation bit position high.
        found: u8,
        /// What the order of scans requires.
        expected: &'static str,
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
        /// Bytes after the headers.
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
    /// Samples of another type than the frame's precision needs.
    #[error("`sample type`: found {found} bits, expected {expected} for the precision of the frame")]
    SampleType {
        /// Bits of the type.
        found: u32,
        /// Bits of the type that is needed.
        expected: u32,
    },
    /// Rows that the image does not have.
    #[error("`rows`: found {start} to {end}, expected a range within {height}")]
    Rows {
        /// First row.
        start: u32,
        /// The row after the last one.
        end: u32,
        /// Rows of the image.
        height: u32,
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
        let error = Error::new(ErrorKind::DataEndsEarly { row: 3, rows: 9 }, 77).in_scan(1);
        let text = "SOS, scan 1, offset 77: `entropy-coded data`: found its end in row 3 of MCUs, expected 9 rows";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn unsupported_processes_have_names() {
        let error = Error::new(ErrorKind::Unsupported(Unsupported::Arithmetic), 2);
        assert_eq!(error.unsupported(), Some(Unsupported::Arithmetic));
        assert!(error.to_string().contains("arithmetic coding"));
    }
}

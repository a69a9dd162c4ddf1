//! Defects of a frame in Deflated Image Frame Compression (PS3.5 A.4.13).

use super::{Error, ErrorKind};

/// A defect of a deflated frame. The samples are complete, unless they are short or damaged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeflatedFrame {
    /// Something that RFC 1951 does not allow.
    #[error("the deflated frame is damaged: {0}")]
    Damaged(String),
    /// A stream that ends before the frame is complete.
    #[error("the deflated frame gives {found} of {expected} bytes")]
    Short {
        /// Bytes of the stream.
        found: u64,
        /// Bytes of the frame.
        expected: u64,
    },
    /// A stream that continues after the frame.
    #[error("the deflated frame goes beyond the {expected} bytes expected: the rest is left out")]
    Long {
        /// Bytes of the frame.
        expected: u64,
    },
    /// A stream that is cut after the frame.
    #[error("the deflated frame has no end after the {expected} bytes expected")]
    NoEnd {
        /// Bytes of the frame.
        expected: u64,
    },
    /// Bytes after the stream that are not padding.
    #[error("found {bytes} bytes after the deflated frame: they are ignored")]
    Rest {
        /// Bytes after the stream.
        bytes: u64,
    },
}

impl From<DeflatedFrame> for Error {
    fn from(defect: DeflatedFrame) -> Self {
        Self::pixel_data(ErrorKind::DeflatedFrame(defect))
    }
}

//! The errors and warnings of `dicomet-jpeg`.

use super::codec::{CodecError, CodecWarning, Deviation, EndDeviation};
use super::{Error, ErrorKind};
use dicomet_jpeg::{self as jpeg, Warning};

impl From<jpeg::Error> for Error {
    fn from(error: jpeg::Error) -> Self {
        match error.kind {
            jpeg::ErrorKind::Interrupted => ErrorKind::Interrupted.into(),
            jpeg::ErrorKind::Memory { found, .. } => ErrorKind::Memory { bytes: found }.into(),
            kind => Self::in_scan(error.marker, error.scan, error.offset, CodecError::Jpeg(kind)),
        }
    }
}

impl From<Warning> for CodecWarning {
    fn from(warning: Warning) -> Self {
        Self::Jpeg(warning)
    }
}

impl Deviation for Warning {
    fn end(self) -> Option<EndDeviation> {
        match self {
            Self::MissingEoi => Some(EndDeviation::MissingMarker { expected_at: None }),
            Self::TrailingBytes { offset, count, padding } => Some(EndDeviation::Trailing { offset, count, padding }),
            Self::ExcessData { offset, count, padding, .. } => Some(EndDeviation::Excess { offset, count, padding }),
            _ => None,
        }
    }

    fn offset(self) -> u64 {
        match self {
            Self::ExceedsPrecision { .. } => 0,
            Self::TrailingBytes { offset, .. }
            | Self::ExcessData { offset, .. }
            | Self::RestartAfterScan { offset, .. } => offset,
            _ => u64::MAX,
        }
    }

    fn is_like(self, other: Self) -> bool {
        Self::is_like(&self, &other)
    }
}

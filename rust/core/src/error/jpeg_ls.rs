//! The errors and warnings of `dicomet-jpeg-ls`.

use super::codec::{CodecError, CodecWarning, Deviation, EndDeviation};
use super::{Error, ErrorKind};
use dicomet_jpeg_ls::{self as jpeg_ls, Warning};

impl From<jpeg_ls::Error> for Error {
    fn from(error: jpeg_ls::Error) -> Self {
        match error.kind {
            jpeg_ls::ErrorKind::Interrupted => ErrorKind::Interrupted.into(),
            jpeg_ls::ErrorKind::Memory { found, .. } => ErrorKind::Memory { bytes: found }.into(),
            kind => Self::in_scan(error.marker, error.scan, error.offset, CodecError::JpegLs(kind)),
        }
    }
}

impl From<Warning> for CodecWarning {
    fn from(warning: Warning) -> Self {
        Self::JpegLs(warning)
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

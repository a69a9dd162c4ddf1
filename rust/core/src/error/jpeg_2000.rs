//! The errors and warnings of `dicomet-jpeg-2000`.

use super::codec::{CodecError, CodecWarning, Deviation, EndDeviation};
use super::{Error, ErrorKind};
use dicomet_jpeg_2000::{self as jpeg_2000, TilePlace, Warning};
use std::fmt::Write;

impl From<jpeg_2000::Error> for Error {
    fn from(error: jpeg_2000::Error) -> Self {
        match error.kind {
            jpeg_2000::ErrorKind::Interrupted => ErrorKind::Interrupted.into(),
            jpeg_2000::ErrorKind::Memory { found, .. } => ErrorKind::Memory { bytes: found }.into(),
            _ => Self::of_codec(place(&error), error.offset, CodecError::Jpeg2000(error.kind)),
        }
    }
}

/// The marker, tile, component and resolution, as far as the error has them.
fn place(error: &jpeg_2000::Error) -> String {
    let mut place = error.marker.map_or(String::new(), |marker| format!("{marker}, "));
    if let Some(TilePlace { tile, resolution }) = error.place {
        // Writing to a string does not fail.
        let _ = write!(place, "tile {tile}, ");
        if let Some((component, resolution)) = resolution {
            let _ = write!(place, "component {component}, resolution {resolution}: ");
        }
    }
    place
}

impl From<Warning> for CodecWarning {
    fn from(warning: Warning) -> Self {
        Self::Jpeg2000(warning)
    }
}

impl Deviation for Warning {
    fn end(self) -> Option<EndDeviation> {
        match self {
            Self::MissingEoc { offset } => Some(EndDeviation::MissingMarker { expected_at: Some(offset) }),
            Self::TrailingBytes { offset, count, padding } => Some(EndDeviation::Trailing { offset, count, padding }),
            _ => None,
        }
    }

    fn offset(self) -> u64 {
        match self {
            Self::Boxes { offset } | Self::TrailingBytes { offset, .. } => offset,
            _ => u64::MAX,
        }
    }

    fn is_like(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }
}

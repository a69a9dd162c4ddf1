//! What the codec crates report, as errors and warnings of this crate: one variant for each of them.

use super::{Error, ErrorKind};
use dicomet_codec::Marker;

/// A process or property of a codestream that dicomet does not decode, although a standard defines it: another decoder
/// may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// Of ISO/IEC 10918-1.
    #[error("{0}")]
    Jpeg(dicomet_jpeg::Unsupported),
    /// Of ISO/IEC 14495-1 and extensions.
    #[error("{0}")]
    JpegLs(dicomet_jpeg_ls::Unsupported),
}

/// A violation of a standard, or a process that is not decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// Of ISO/IEC 10918-1.
    #[error("{0}")]
    Jpeg(dicomet_jpeg::ErrorKind),
    /// Of ISO/IEC 14495-1.
    #[error("{0}")]
    JpegLs(dicomet_jpeg_ls::ErrorKind),
    /// Of ISO/IEC 15444-1 and 15444-15.
    #[error("{0}")]
    Jpeg2000(dicomet_jpeg_2000::ErrorKind),
    /// Of ISO/IEC 18181.
    #[error("{0}")]
    JpegXl(dicomet_jpeg_xl::Error),
}

/// A deviation from a standard that changes no sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodecWarning {
    /// From ISO/IEC 10918-1.
    #[error("{0}")]
    Jpeg(dicomet_jpeg::Warning),
    /// From ISO/IEC 14495-1.
    #[error("{0}")]
    JpegLs(dicomet_jpeg_ls::Warning),
    /// From ISO/IEC 15444-1 and 15444-15.
    #[error("{0}")]
    Jpeg2000(dicomet_jpeg_2000::Warning),
}

impl Error {
    /// Returns an error that a codec has found in the segment of `marker` or in a scan.
    pub(super) fn in_scan(marker: Option<Marker>, scan: Option<u32>, offset: u64, kind: CodecError) -> Self {
        let marker = marker.map_or(String::new(), |marker| format!("{marker}, "));
        let scan = scan.map_or(String::new(), |scan| format!("scan {scan}: "));
        Self::of_codec(format!("{marker}{scan}"), offset, kind)
    }

    /// Returns an error that a codec has found at this place of a codestream.
    pub(super) fn of_codec(place: String, offset: u64, kind: CodecError) -> Self {
        Self::pixel_data(ErrorKind::Codec { place, kind: Box::new(kind) }).at(offset)
    }

    /// What the codec does not decode but a plugin may, if that is the problem.
    #[must_use]
    pub fn unsupported(&self) -> Option<Unsupported> {
        let ErrorKind::Codec { kind, .. } = &self.kind else { return None };
        match **kind {
            CodecError::Jpeg(dicomet_jpeg::ErrorKind::Unsupported(what)) => Some(Unsupported::Jpeg(what)),
            // No plugin has ISO/IEC 14495-2: pylibjpeg passes over the segment and returns zeros.
            CodecError::JpegLs(dicomet_jpeg_ls::ErrorKind::Unsupported(dicomet_jpeg_ls::Unsupported::Extension(_))) => {
                None
            }
            CodecError::JpegLs(dicomet_jpeg_ls::ErrorKind::Unsupported(what)) => Some(Unsupported::JpegLs(what)),
            _ => None,
        }
    }
}

/// A deviation that a codec reports.
pub(crate) trait Deviation: Copy + Into<CodecWarning> {
    /// What it says about the end of a scan or of the codestream, if anything.
    fn end(self) -> Option<EndDeviation>;

    /// Its offset; the greatest one where it is missing data.
    fn offset(self) -> u64;

    /// Whether one of them is enough.
    fn is_like(self, other: Self) -> bool;

    /// As an error of this crate; None for padding, which PS3.5 A.4 and 8.2.1 allow.
    fn kind(self) -> Option<ErrorKind> {
        match self.end() {
            Some(EndDeviation::MissingMarker { .. }) => Some(ErrorKind::NoEndMarker),
            Some(EndDeviation::Excess { padding: true, .. } | EndDeviation::Trailing { padding: true, .. }) => None,
            Some(EndDeviation::Trailing { count, .. }) => Some(ErrorKind::TrailingBytes { bytes: count }),
            _ => Some(ErrorKind::Deviation(self.into())),
        }
    }
}

/// A deviation at the end of a scan or of the codestream.
#[derive(Debug, Clone, Copy)]
pub(crate) enum EndDeviation {
    /// No end marker after the last sample; where it is expected, if the codestream says so.
    MissingMarker { expected_at: Option<u64> },
    /// Bytes at `offset`, after the end marker; whether all of them are 00 or all of them are FF.
    Trailing { offset: u64, count: u64, padding: bool },
    /// Bytes before `offset`, after the last sample of a scan.
    Excess { offset: u64, count: u64, padding: bool },
}

/// Returns the warnings in the order of their offsets, one of each kind: they do not depend on the number of parts that
/// have been decoded in parallel.
pub(crate) fn codec_warnings<D: Deviation>(mut found: Vec<D>) -> Vec<Error> {
    found.sort_by_key(|deviation| deviation.offset());
    let first = |(place, deviation): (usize, &D)| !found[..place].iter().any(|earlier| earlier.is_like(*deviation));
    let distinct = found.iter().enumerate().filter(|numbered| first(*numbered));
    distinct.filter_map(|(_, deviation)| deviation.kind()).map(Error::pixel_data).collect()
}

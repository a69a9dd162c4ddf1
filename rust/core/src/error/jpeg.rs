//! The errors and warnings of `dicomet-jpeg` as those of this crate.

use super::{Error, ErrorKind};
use dicomet_jpeg as jpeg;

impl From<jpeg::Error> for Error {
    fn from(error: jpeg::Error) -> Self {
        let kind = match error.kind {
            jpeg::ErrorKind::Interrupted => return ErrorKind::Interrupted.into(),
            jpeg::ErrorKind::Memory { found, .. } => return ErrorKind::Memory { bytes: found }.into(),
            kind => kind,
        };
        let marker = error.marker.map_or(String::new(), |marker| format!("{marker}, "));
        let scan = error.scan.map_or(String::new(), |scan| format!("scan {scan}: "));
        let place = format!("{marker}{scan}");
        Self::pixel_data(ErrorKind::Jpeg { place, kind: Box::new(kind) }).at(error.offset)
    }
}

impl Error {
    /// The part of ISO/IEC 10918-1 that `dicomet-jpeg` does not decode, if that is the problem: another decoder may.
    #[must_use]
    pub fn unsupported(&self) -> Option<jpeg::Unsupported> {
        match &self.kind {
            ErrorKind::Jpeg { kind, .. } => match **kind {
                jpeg::ErrorKind::Unsupported(what) => Some(what),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Returns the warnings in the order of their offsets, one of each kind: they do not depend on the number of parts.
pub(crate) fn jpeg_warnings(mut warnings: Vec<jpeg::Warning>) -> Vec<Error> {
    warnings.sort_by_key(warning_offset);
    let first =
        |(place, warning): (usize, &jpeg::Warning)| !warnings[..place].iter().any(|earlier| earlier.is_like(warning));
    let distinct = warnings.iter().enumerate().filter(|numbered| first(*numbered));
    distinct.filter_map(|(_, warning)| jpeg_warning(*warning)).collect()
}

/// The offset of a deviation; the greatest one where it is missing data.
fn warning_offset(warning: &jpeg::Warning) -> u64 {
    match *warning {
        jpeg::Warning::ExceedsPrecision { .. } => 0,
        jpeg::Warning::TrailingBytes { offset, .. }
        | jpeg::Warning::ExcessData { offset, .. }
        | jpeg::Warning::RestartAfterScan { offset, .. } => offset,
        _ => u64::MAX,
    }
}

/// Returns the warning as an error of the core; None for padding, which PS3.5 A.4 and 8.2.1 allow.
fn jpeg_warning(warning: jpeg::Warning) -> Option<Error> {
    let kind = match warning {
        jpeg::Warning::MissingEoi => ErrorKind::NoEndMarker,
        jpeg::Warning::TrailingBytes { padding: true, .. } | jpeg::Warning::ExcessData { padding: true, .. } => {
            return None;
        }
        jpeg::Warning::TrailingBytes { count, .. } => ErrorKind::TrailingBytes { bytes: count },
        other => ErrorKind::JpegDeviation(other),
    };
    Some(Error::pixel_data(kind))
}

//! Deviations that a decoder tolerates and reports.

use std::fmt;

use dicomet_codec::Marker;

/// A deviation from the standard that does not change the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// All samples are decoded, but there is no EOI marker.
    MissingEoi,
    /// Bytes after EOI, such as padding to an even length, which DICOM requires: see [`Warning::is_padding`].
    TrailingBytes {
        /// Offset of the first one.
        offset: u64,
        /// Number of bytes.
        count: u64,
        /// Whether all of them are 00 or all of them are FF.
        padding: bool,
    },
    /// Bytes between the last code of a restart interval or scan and the next marker.
    ExcessData {
        /// The scan, from 0.
        scan: u32,
        /// Offset of the marker after them.
        offset: u64,
        /// Number of bytes.
        count: u64,
        /// Whether all of them are 00.
        padding: bool,
    },
    /// Bits other than 0 between the last code of a restart interval or scan and the next byte.
    PaddingBits {
        /// The scan, from 0.
        scan: u32,
        /// Offset of the marker after them.
        offset: u64,
    },
    /// A restart marker after the last sample of a scan.
    RestartAfterScan {
        /// The marker.
        marker: Marker,
        /// Its offset.
        offset: u64,
    },
}

impl Warning {
    /// True for bytes after EOI that are all 00 or all FF, such as the one byte that makes the length even. Other bytes after
    /// EOI may be data that the decoder ignored.
    #[must_use]
    pub fn is_padding(&self) -> bool {
        matches!(self, Self::TrailingBytes { padding: true, .. })
    }

    /// True for two warnings of the same kind: about padding, or about other bytes, of the same scan. A decoder reports such a
    /// deviation once.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Self::ExcessData { scan, padding, .. }, Self::ExcessData { scan: scan2, padding: padding2, .. }) => {
                (scan, padding) == (scan2, padding2)
            }
            (Self::PaddingBits { scan, .. }, Self::PaddingBits { scan: scan2, .. }) => scan == scan2,
            (Self::RestartAfterScan { .. }, Self::RestartAfterScan { .. }) => self == other,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = |padding| if padding { "padding" } else { "other" };
        match *self {
            Self::MissingEoi => f.write_str("`EOI`: found the end of the data, expected the marker"),
            Self::TrailingBytes { offset, count, padding } => {
                write!(f, "offset {offset}: found {count} {} bytes after EOI, expected none", what(padding))
            }
            Self::ExcessData { scan, offset, count, padding } => {
                let what = what(padding);
                write!(
                    f,
                    "scan {scan}, offset {offset}: found {count} {what} bytes after the last sample, expected none"
                )
            }
            Self::PaddingBits { scan, offset } => {
                write!(f, "scan {scan}, offset {offset}: found bits other than 0 after the last code, expected zeros")
            }
            Self::RestartAfterScan { marker, offset } => {
                write!(f, "offset {offset}: found {marker} after the last sample of the scan, expected another marker")
            }
        }
    }
}

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
        /// Number of whole bytes, without stuffing.
        count: u64,
        /// Whether all of them are 00 or all of them are FF.
        padding: bool,
    },
    /// Progressive: the low bits of some coefficients were never sent.
    Incomplete {
        /// Component, by its index in the frame.
        component: usize,
        /// The first coefficient in zigzag order that is not exact.
        coefficient: usize,
    },
    /// Lossless: samples that need more bits than the precision.
    ExceedsPrecision {
        /// Precision of the frame.
        precision: u8,
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

    /// True for two warnings of the same kind: about padding, or about other bytes, of the same scan or component. The parts of
    /// a [`Split`](crate::Split) report such a deviation once each, one decoder only the first.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Self::ExcessData { scan, padding, .. }, Self::ExcessData { scan: scan2, padding: padding2, .. }) => {
                (scan, padding) == (scan2, padding2)
            }
            (Self::Incomplete { component, .. }, Self::Incomplete { component: component2, .. }) => {
                component == component2
            }
            (Self::RestartAfterScan { .. }, Self::RestartAfterScan { .. }) => self == other,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::MissingEoi => f.write_str("`EOI`: found the end of the data, expected the marker"),
            Self::TrailingBytes { offset, count, padding } => {
                let what = if padding { "padding" } else { "other" };
                write!(f, "offset {offset}: found {count} {what} bytes after EOI, expected none")
            }
            Self::ExcessData { scan, offset, count, padding } => {
                let what = if padding { "padding" } else { "other" };
                write!(
                    f,
                    "scan {scan}, offset {offset}: found {count} {what} bytes after the last sample, expected none"
                )
            }
            Self::Incomplete { component, coefficient } => write!(
                f,
                "`component {component}`: found no scan with the lowest bits of coefficient {coefficient}, expected one"
            ),
            Self::ExceedsPrecision { precision } => {
                write!(f, "`sample precision`: found samples of more bits, expected {precision}")
            }
            Self::RestartAfterScan { marker, offset } => {
                write!(f, "offset {offset}: found {marker} after the last sample of the scan, expected another marker")
            }
        }
    }
}

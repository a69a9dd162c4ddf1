//! B.1.1: markers, which are in entropy-coded data what a zero byte does not follow (B.1.1.5).

use dicomet_codec::{Located, Stuffing};

/// Reads the marker at `position`, which fill bytes may precede.
pub(crate) fn marker_at(data: &[u8], position: usize) -> Option<Located> {
    dicomet_codec::marker_at(data, position, Stuffing::ZeroByte)
}

/// The first marker at or after `position`.
pub(crate) fn find_marker(data: &[u8], position: usize) -> Option<Located> {
    dicomet_codec::find_marker(data, position, Stuffing::ZeroByte)
}

/// The first marker at or after `position` that ends a scan.
pub(crate) fn find_scan_end(data: &[u8], position: usize) -> Option<Located> {
    dicomet_codec::find_scan_end(data, position, Stuffing::ZeroByte)
}

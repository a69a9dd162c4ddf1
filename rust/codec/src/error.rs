//! A problem of a codestream with marker segments and scans, and its place.

use std::fmt;

use crate::{Interrupted, Marker, MemoryExceeded, Segment, SegmentError, SegmentErrorKind};

/// The problems of a codec: its own, and those that every codec has.
pub trait CodestreamErrorKind: From<SegmentErrorKind> + From<MemoryExceeded> + From<Interrupted> {
    /// A property of a codestream that the codec does not decode.
    type Unsupported;

    /// The property that the codec does not decode, if that is the problem.
    fn unsupported(&self) -> Option<Self::Unsupported>;
}

/// A problem and its place.
///
/// `Display` gives one line, such as ``SOS, scan 1, offset 77: `entropy-coded data`: found ..., expected ...``.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodestreamError<K> {
    /// The problem.
    pub kind: K,
    /// The marker whose segment has the problem; SOS for entropy-coded data. None for problems between segments and for the
    /// caller's arguments.
    pub marker: Option<Marker>,
    /// The scan, counted from 0, if the problem is in its header or its data.
    pub scan: Option<u32>,
    /// Byte offset in the codestream: of the parameter, the marker or the entropy-coded byte. 0 for the caller's arguments.
    pub offset: u64,
}

impl<K> CodestreamError<K> {
    /// A problem at a byte offset.
    #[must_use]
    pub fn new(kind: K, offset: usize) -> Self {
        Self { kind, marker: None, scan: None, offset: offset as u64 }
    }

    /// A problem of a parameter of `segment`, the one that was read last.
    #[must_use]
    pub fn of(segment: &Segment<'_>, kind: K) -> Self {
        Self::new(kind, segment.offset())
    }

    /// The same problem, in the segment of `marker` unless it has one already.
    #[must_use]
    pub fn in_segment(mut self, marker: Marker) -> Self {
        self.marker = self.marker.or(Some(marker));
        self
    }

    /// The same problem, in a scan unless it has one already.
    #[must_use]
    pub fn in_scan(mut self, scan: u32) -> Self {
        self.scan = self.scan.or(Some(scan));
        self.in_segment(Marker::SOS)
    }
}

impl<K: CodestreamErrorKind> CodestreamError<K> {
    /// The property that the codec does not decode, if that is the problem. Another decoder may support it.
    #[must_use]
    pub fn unsupported(&self) -> Option<K::Unsupported> {
        self.kind.unsupported()
    }
}

impl<K: fmt::Display> fmt::Display for CodestreamError<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(marker) = self.marker {
            write!(f, "{marker}, ")?;
        }
        if let Some(scan) = self.scan {
            write!(f, "scan {scan}, ")?;
        }
        write!(f, "offset {}: {}", self.offset, self.kind)
    }
}

impl<K: fmt::Debug + fmt::Display> std::error::Error for CodestreamError<K> {}

impl<K: CodestreamErrorKind> From<SegmentError> for CodestreamError<K> {
    fn from(SegmentError { kind, offset }: SegmentError) -> Self {
        Self::new(kind.into(), offset)
    }
}

impl<K: CodestreamErrorKind> From<MemoryExceeded> for CodestreamError<K> {
    fn from(exceeded: MemoryExceeded) -> Self {
        Self::new(exceeded.into(), 0)
    }
}

impl<K: CodestreamErrorKind> From<Interrupted> for CodestreamError<K> {
    fn from(interrupted: Interrupted) -> Self {
        Self::new(interrupted.into(), 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_marker_scan_and_offset() {
        let error = CodestreamError::new("a problem", 77);
        assert_eq!(error.to_string(), "offset 77: a problem");
        assert_eq!(error.clone().in_segment(Marker(0xDD)).in_scan(1).to_string(), "DRI, scan 1, offset 77: a problem");
        assert_eq!(error.in_scan(1).in_scan(2).to_string(), "SOS, scan 1, offset 77: a problem");
    }
}

//! B.1.1.4: marker segments, read within their bounds.

use crate::error::{Error, ErrorKind, Result};
use crate::marker::Marker;

/// A reader of one segment's parameters.
#[derive(Clone)]
pub(crate) struct Segment<'a> {
    marker: Marker,
    data: &'a [u8],
    position: usize,
    end: usize,
}

impl<'a> Segment<'a> {
    /// The segment whose length field is at `position`.
    pub(crate) fn new(data: &'a [u8], marker: Marker, position: usize) -> Result<Self> {
        let at = |kind| Error::new(kind, position).in_segment(marker);
        let bytes = data.get(position..).and_then(<[u8]>::first_chunk);
        let Some(&length) = bytes else {
            return Err(at(ErrorKind::EndOfData { expected: "the length of a segment" }));
        };
        let length = usize::from(u16::from_be_bytes(length));
        if length < 2 {
            return Err(at(ErrorKind::SegmentLength { found: length, expected: 2 }));
        }
        if data.len() - position < length {
            return Err(at(ErrorKind::EndOfData { expected: "the rest of a segment" }));
        }
        Ok(Self { marker, data, position: position + 2, end: position + length })
    }

    /// Offset of the byte after the segment.
    pub(crate) fn end(&self) -> usize {
        self.end
    }

    /// The unread parameters.
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.data[self.position..self.end]
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.position == self.end
    }

    /// An error at the last parameter read.
    pub(crate) fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.position.saturating_sub(1)).in_segment(self.marker)
    }

    /// An error for the last parameter read, which is out of range.
    pub(crate) fn parameter(&self, name: &'static str, found: impl Into<u32>, expected: &'static str) -> Error {
        self.error(ErrorKind::Parameter { name, found: found.into(), expected })
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let Some(bytes) = self.rest().get(..count) else {
            let length = self.end - self.position;
            return Err(self.error(ErrorKind::SegmentLength { found: length, expected: count }));
        };
        self.position += count;
        Ok(bytes)
    }

    pub(crate) fn u8(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    pub(crate) fn u16(&mut self) -> Result<u16> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    /// Two parameters of four bits.
    pub(crate) fn nibbles(&mut self) -> Result<(u8, u8)> {
        let byte = self.u8()?;
        Ok((byte >> 4, byte & 15))
    }

    /// An error unless all parameters are read.
    pub(crate) fn finish(&self) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let excess = self.end - self.position;
        Err(self.error(ErrorKind::SegmentLength { found: excess, expected: 0 }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_stay_within_the_length() {
        let mut segment = Segment::new(&[9, 0, 5, 1, 2, 0x34, 5], Marker::DRI, 1).unwrap();
        assert_eq!(segment.u16().unwrap(), 0x0102);
        assert!(segment.finish().is_err());
        assert_eq!(segment.nibbles().unwrap(), (3, 4));
        assert!(segment.finish().is_ok());
        assert_eq!(segment.u8().unwrap_err().kind, ErrorKind::SegmentLength { found: 0, expected: 1 });
    }

    #[test]
    fn lengths_that_lie_are_errors() {
        for bytes in [&[][..], &[0], &[0, 0], &[0, 1], &[0, 3]] {
            let error = Segment::new(bytes, Marker::DQT, 0).err().unwrap();
            assert_eq!(error.marker, Some(Marker::DQT), "{bytes:?}");
        }
    }
}

//! Marker segments, read within their bounds: ISO/IEC 10918-1 (B.1.1.4), ISO/IEC 14495-1 (C.1.1), ISO/IEC 15444-1 (A.1).

/// A reader of one segment's parameters, which follow its two bytes of length.
#[derive(Debug, Clone)]
pub struct Segment<'a> {
    data: &'a [u8],
    position: usize,
    end: usize,
}

/// A problem of a segment and its place. The marker is not part of it: the caller knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("offset {offset}: {kind}")]
pub struct SegmentError {
    /// The problem.
    pub kind: SegmentErrorKind,
    /// Byte offset of the parameter in the codestream.
    pub offset: usize,
}

/// The problem of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SegmentErrorKind {
    /// The data ends within the segment.
    #[error("found the end of the data, expected {expected}")]
    EndOfData {
        /// What should follow.
        expected: &'static str,
    },
    /// The length of the segment does not fit its contents.
    #[error("`segment length`: found {found}, expected {expected}")]
    Length {
        /// The length that the segment has.
        found: usize,
        /// The length that its contents need.
        expected: usize,
    },
    /// A parameter that is out of range.
    #[error("`{name}`: found {found}, expected {expected}")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// Its value.
        found: u32,
        /// The values that it may have.
        expected: &'static str,
    },
}

type Result<T> = std::result::Result<T, SegmentError>;

impl<'a> Segment<'a> {
    /// The segment whose length field is at `position`.
    pub fn new(data: &'a [u8], position: usize) -> Result<Self> {
        let at = |kind| SegmentError { kind, offset: position };
        let bytes = data.get(position..).and_then(<[u8]>::first_chunk);
        let Some(&length) = bytes else {
            return Err(at(SegmentErrorKind::EndOfData { expected: "the length of a segment" }));
        };
        let length = usize::from(u16::from_be_bytes(length));
        if length < 2 {
            return Err(at(SegmentErrorKind::Length { found: length, expected: 2 }));
        }
        if data.len() - position < length {
            return Err(at(SegmentErrorKind::EndOfData { expected: "the rest of a segment" }));
        }
        Ok(Self { data, position: position + 2, end: position + length })
    }

    /// Offset of the byte after the segment.
    #[must_use]
    pub fn end(&self) -> usize {
        self.end
    }

    /// The unread parameters.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        &self.data[self.position..self.end]
    }

    /// True if all parameters are read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.position == self.end
    }

    /// Offset of the last byte that was read, for errors about its parameter.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.position.saturating_sub(1)
    }

    /// An error for the last parameter read, which is out of range.
    pub fn parameter(&self, name: &'static str, found: impl Into<u32>, expected: &'static str) -> SegmentError {
        self.error(SegmentErrorKind::Parameter { name, found: found.into(), expected })
    }

    fn error(&self, kind: SegmentErrorKind) -> SegmentError {
        SegmentError { kind, offset: self.offset() }
    }

    /// Reads `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let Some(bytes) = self.rest().get(..count) else {
            let length = self.end - self.position;
            return Err(self.error(SegmentErrorKind::Length { found: length, expected: count }));
        };
        self.position += count;
        Ok(bytes)
    }

    /// Reads a parameter of 8 bits.
    pub fn u8(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    /// Reads a parameter of 16 bits.
    pub fn u16(&mut self) -> Result<u16> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    /// Reads a parameter of 32 bits.
    pub fn u32(&mut self) -> Result<u32> {
        let bytes = self.take(4)?;
        Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// Reads two parameters of four bits.
    pub fn nibbles(&mut self) -> Result<(u8, u8)> {
        let byte = self.u8()?;
        Ok((byte >> 4, byte & 15))
    }

    /// Returns an error unless all parameters are read.
    pub fn finish(&self) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let excess = self.end - self.position;
        Err(self.error(SegmentErrorKind::Length { found: excess, expected: 0 }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_stay_within_the_length() {
        let mut segment = Segment::new(&[9, 0, 9, 1, 2, 0x34, 0, 0, 1, 2, 5], 1).unwrap();
        assert_eq!(segment.u16().unwrap(), 0x0102);
        assert!(segment.finish().is_err());
        assert_eq!(segment.nibbles().unwrap(), (3, 4));
        assert_eq!(segment.u32().unwrap(), 0x0102);
        assert!(segment.finish().is_ok());
        let kind = SegmentErrorKind::Length { found: 0, expected: 1 };
        assert_eq!(segment.u8().unwrap_err(), SegmentError { kind, offset: 9 });
    }

    #[test]
    fn lengths_that_lie_are_errors() {
        for bytes in [&[][..], &[0], &[0, 0], &[0, 1], &[0, 3]] {
            assert_eq!(Segment::new(bytes, 0).err().map(|error| error.offset), Some(0), "{bytes:?}");
        }
    }
}

//! Sources of bytes: memory, or a file that is read only as far as needed.

use crate::alloc::grow;
use crate::error::{Error, Result};

/// The result of a function that reads from a source: its error is that of the source.
pub type ReadResult<T, S> = std::result::Result<T, <S as Source>::Error>;

/// Random access to bytes from any number of threads.
pub trait Source: Sync {
    /// The error of a failed read.
    type Error: From<Error> + Send;

    /// Reads up to `buffer.len()` bytes at `offset`; fewer only at the end. Returns the number of bytes.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> ReadResult<usize, Self>;

    /// Returns all bytes if they are in memory, so that they need not be copied.
    fn in_memory(&self) -> Option<&[u8]> {
        None
    }

    /// Returns up to `length` bytes at `offset`, borrowed or read into `scratch`; fewer only at the end.
    fn bytes_at<'a>(&'a self, offset: u64, length: usize, scratch: &'a mut Vec<u8>) -> ReadResult<&'a [u8], Self> {
        if let Some(memory) = self.in_memory() {
            return Ok(slice_at(memory, offset, length));
        }
        grow(scratch, length)?;
        let read = self.read_at(offset, &mut scratch[..length])?;
        Ok(&scratch[..read.min(length)])
    }
}

impl Source for &[u8] {
    type Error = Error;

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let bytes = slice_at(self, offset, buffer.len());
        buffer[..bytes.len()].copy_from_slice(bytes);
        Ok(bytes.len())
    }

    fn in_memory(&self) -> Option<&[u8]> {
        Some(self)
    }
}

fn slice_at(memory: &[u8], offset: u64, length: usize) -> &[u8] {
    let rest = usize::try_from(offset).ok().and_then(|offset| memory.get(offset..)).unwrap_or_default();
    &rest[..rest.len().min(length)]
}

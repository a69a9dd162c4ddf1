//! Where bytes come from: memory, or a file of which only what is needed is read.

use crate::error::{Error, ErrorKind, Result};

/// Random access to bytes, for any number of threads at the same time.
pub trait Source: Sync {
    /// What reading can end in.
    type Error: From<Error> + Send;

    /// Reads up to `buffer.len()` bytes at `offset`; fewer only at the end. Gives their count.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::result::Result<usize, Self::Error>;

    /// All bytes, where they are in memory: they need not be copied.
    fn in_memory(&self) -> Option<&[u8]> {
        None
    }

    /// Up to `length` bytes at `offset`, borrowed or read into `scratch`; fewer only at the end.
    fn bytes_at<'a>(
        &'a self,
        offset: u64,
        length: usize,
        scratch: &'a mut Vec<u8>,
    ) -> std::result::Result<&'a [u8], Self::Error> {
        if let Some(memory) = self.in_memory() {
            return Ok(slice_at(memory, offset, length));
        }
        resize(scratch, length)?;
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

/// Makes `bytes` at least `len` long, or gives an error in place of an abort.
pub(crate) fn resize(bytes: &mut Vec<u8>, len: usize) -> Result<()> {
    if bytes.len() < len {
        bytes
            .try_reserve_exact(len - bytes.len())
            .map_err(|_| Error::pixel_data(ErrorKind::Memory { bytes: len as u64 }))?;
        bytes.resize(len, 0);
    }
    Ok(())
}

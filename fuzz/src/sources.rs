//! Sources that return the same bytes in different ways.

use dicomet_core::source::Source;
use dicomet_core::{Error, Result};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Fills for unwritten memory: two results that differ contain bytes that were not written.
pub const POISONS: [u8; 2] = [0xA5, 0x5A];

/// A file: bytes that are not accessible in memory. Counts reads.
#[derive(Default)]
pub struct File<'a> {
    bytes: &'a [u8],
    /// The number of calls.
    pub calls: AtomicUsize,
    /// The number of bytes returned.
    pub read: AtomicUsize,
}

impl<'a> File<'a> {
    /// Returns a file of these bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, ..Self::default() }
    }
}

impl Source for File<'_> {
    type Error = Error;

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let read = self.bytes.read_at(offset, buffer)?;
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.read.fetch_add(read, Ordering::Relaxed);
        Ok(read)
    }
}

/// A source that breaks the contract of [`Source`]: it returns fewer bytes than it has, or reports more than it wrote.
pub struct Liar<'a> {
    /// The bytes of the source.
    pub bytes: &'a [u8],
    /// The maximum number of bytes in one call.
    pub most: usize,
    /// A number added to the reported count.
    pub more: usize,
}

impl Source for Liar<'_> {
    type Error = Error;

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let count = buffer.len().min(self.most);
        Ok(self.bytes.read_at(offset, &mut buffer[..count])? + self.more)
    }
}

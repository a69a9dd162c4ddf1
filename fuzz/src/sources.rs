//! The same bytes in several ways.

use dicomet_core::source::Source;
use dicomet_core::{Error, Result};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a memory that nobody has written to holds: two results that differ have kept some of it.
pub const POISONS: [u8; 2] = [0xA5, 0x5A];

/// Bytes that are nowhere in memory: a file. Counts what is read.
#[derive(Default)]
pub struct File<'a> {
    bytes: &'a [u8],
    /// Calls.
    pub calls: AtomicUsize,
    /// Bytes that were given.
    pub read: AtomicUsize,
}

impl<'a> File<'a> {
    /// A file of these bytes.
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

/// What breaks the promise of a [`Source`]: fewer bytes than there are, or a count of more than there is room for.
pub struct Liar<'a> {
    /// What there is.
    pub bytes: &'a [u8],
    /// As many at most, in one call.
    pub most: usize,
    /// This is added to the count.
    pub more: usize,
}

impl Source for Liar<'_> {
    type Error = Error;

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let count = buffer.len().min(self.most);
        Ok(self.bytes.read_at(offset, &mut buffer[..count])? + self.more)
    }
}

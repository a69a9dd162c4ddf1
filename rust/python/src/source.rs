//! A value that Python reads, for the few bytes of item headers.

use crate::buffer::Input;
use crate::errors::Failure;
use dicomet_core::encapsulation::Source;
use pyo3::prelude::*;

/// A function `read(offset, count)` that returns a buffer.
pub(crate) struct PythonSource<'a, 'py>(pub(crate) &'a Bound<'py, PyAny>);

impl Source for PythonSource<'_, '_> {
    type Error = Failure;

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize, Failure> {
        let read = self.0.call1((offset, buffer.len()))?;
        let read: Input = read.extract()?;
        let bytes = read.as_slice();
        let count = bytes.len().min(buffer.len());
        buffer[..count].copy_from_slice(&bytes[..count]);
        Ok(count)
    }
}

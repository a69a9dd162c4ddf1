//! Where frames lie, found through a Python function that reads the few bytes of item headers.

use crate::buffer::Input;
use crate::errors::Failure;
use dicomet_core::encapsulation::{self, Source, Value};
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

/// Where the frames of encapsulated pixel data lie, found through a Python function that reads.
#[pyclass(frozen, module = "dicomet._native")]
pub(crate) struct Encapsulated {
    value: Value,
    read_at: Py<PyAny>,
}

type Fragments = Vec<(u64, u64)>;

fn ranges(fragments: &[encapsulation::Fragment]) -> Fragments {
    fragments.iter().map(|fragment| (fragment.offset, fragment.length)).collect()
}

#[pymethods]
impl Encapsulated {
    #[new]
    #[pyo3(signature = (read_at, *, length, delimited, frames, jpeg, extended))]
    fn new(
        read_at: Py<PyAny>,
        length: u64,
        delimited: bool,
        frames: u64,
        jpeg: bool,
        extended: Option<(Vec<u64>, Vec<u64>)>,
    ) -> Self {
        Self { value: Value { length, delimited, frames, jpeg, extended }, read_at }
    }

    fn find_frames(&self, py: Python<'_>) -> PyResult<(Vec<Fragments>, Vec<String>)> {
        let frames = encapsulation::find_frames(&mut PythonSource(self.read_at.bind(py)), &self.value)
            .map_err(|failure| failure.into_py(py))?;
        let fragments = (0..frames.len()).map(|index| ranges(frames.frame(index))).collect();
        Ok((fragments, frames.warnings.iter().map(ToString::to_string).collect()))
    }

    fn find_frame(&self, py: Python<'_>, index: u64) -> PyResult<Option<Fragments>> {
        let found = encapsulation::find_frame(&mut PythonSource(self.read_at.bind(py)), &self.value, index)
            .map_err(|failure| failure.into_py(py))?;
        Ok(found.map(|fragments| ranges(&fragments)))
    }
}

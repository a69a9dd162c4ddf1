//! Where frames lie, found through a Python function that reads the few bytes of item headers.

use crate::buffer::Input;
use crate::errors::{Failure, guarded};
use dicomet_core::encapsulation::{self, Value};
use dicomet_core::item::{Fragment, Source};
use dicomet_core::offset_table::ExtendedOffsetTable;
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

type Fragments = Vec<(u64, u64)>;

fn ranges(fragments: &[Fragment]) -> Fragments {
    fragments.iter().map(|fragment| (fragment.offset, fragment.length)).collect()
}

#[pyclass(frozen, module = "dicomet._native")]
pub(crate) struct Encapsulated {
    encapsulated: encapsulation::Encapsulated,
    read_at: Py<PyAny>,
}

#[pymethods]
impl Encapsulated {
    #[new]
    #[pyo3(signature = (read_at, *, length, delimited, frames, jpeg, extended))]
    fn new(
        read_at: Bound<'_, PyAny>,
        length: u64,
        delimited: bool,
        frames: u64,
        jpeg: bool,
        extended: Option<(Vec<u64>, Vec<u64>)>,
    ) -> PyResult<Self> {
        let extended = extended.map(|(offsets, lengths)| ExtendedOffsetTable::new(offsets, lengths));
        let value = Value { length, delimited, frames, jpeg, extended };
        let open = || encapsulation::Encapsulated::open(&mut PythonSource(&read_at), value);
        let encapsulated = guarded(read_at.py(), open)?;
        Ok(Self { encapsulated, read_at: read_at.unbind() })
    }

    fn find_frames(&self, py: Python<'_>) -> PyResult<Frames> {
        guarded(py, || self.encapsulated.find_frames(&mut PythonSource(self.read_at.bind(py)))).map(Frames)
    }

    fn find_frame(&self, py: Python<'_>, index: usize) -> PyResult<Option<Fragments>> {
        let found = guarded(py, || self.encapsulated.find_frame(&mut PythonSource(self.read_at.bind(py)), index))?;
        Ok(found.map(|fragments| ranges(&fragments)))
    }
}

#[pyclass(frozen, module = "dicomet._native")]
pub(crate) struct Frames(encapsulation::Frames);

#[pymethods]
impl Frames {
    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn frame(&self, index: usize) -> Fragments {
        ranges(self.0.frame(index))
    }

    fn check_whole(&self, py: Python<'_>) -> PyResult<()> {
        guarded(py, || self.0.damage.clone().map_or(Ok(()), Err))
    }

    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.0.warnings.iter().map(ToString::to_string).collect()
    }
}

//! The few elements of a file that matter.

use crate::errors::run;
use crate::source::Source;
use dicomet_core::element::{Header, Stop, scan};
use dicomet_core::source::Source as _;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// What is read of a file at first, and again where the pixel data begins later.
const HEADS: [usize; 2] = [1 << 14, 1 << 19];

/// What stands in front of the pixel data; nothing where that is not plainly in order.
#[pyfunction]
pub(crate) fn find_pixel_data(py: Python<'_>, source: &Source) -> PyResult<Option<Py<PyAny>>> {
    let mut head = Vec::new();
    let head = &mut head;
    for (attempt, size) in HEADS.into_iter().enumerate() {
        let size = if source.in_memory().is_some() { usize::MAX } else { size };
        let bytes = run(py, || source.bytes_at(0, size, head))?;
        match scan(bytes) {
            Ok(header) => return found(py, &header).map(Some),
            Err(Stop::Short) if attempt + 1 < HEADS.len() && bytes.len() == size => {}
            Err(_) => break,
        }
    }
    Ok(None)
}

fn found(py: Python<'_>, header: &Header<'_>) -> PyResult<Py<PyAny>> {
    let values = PyDict::new(py);
    for (tag, number) in &header.numbers {
        values.set_item(tag, number)?;
    }
    let vr = header.vr.as_ref().and_then(|vr| std::str::from_utf8(vr).ok());
    let texts = (header.photometric_interpretation, header.number_of_frames);
    (header.transfer_syntax, values, texts.0, texts.1, header.tag, vr, header.offset, header.length).into_py_any(py)
}

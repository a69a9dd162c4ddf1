//! The few elements of a file that matter.

use crate::buffer::Input;
use crate::errors::guarded;
use dicomet_core::element::{Header, Stop, scan};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// What stands in front of the pixel data; a word where it is not found.
#[pyfunction]
pub(crate) fn find_pixel_data(py: Python<'_>, src: Input) -> PyResult<Py<PyAny>> {
    match guarded::<_, dicomet_core::Error>(py, || Ok(scan(src.as_slice())))? {
        Ok(header) => found(py, &header),
        Err(Stop::Short) => "short".into_py_any(py),
        Err(Stop::Unusual) => "unusual".into_py_any(py),
    }
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

//! The few elements of a file that matter.

use crate::errors::{Failure, run};
use crate::source::Source;
use dicomet_core::element::{Header, Start, Stop, scan_from, scan_source};
use dicomet_core::source::Source as _;
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// What stands in front of the pixel data; where a data set begins that is deflated; or nothing, where something is not
/// plainly in order.
#[pyfunction]
#[pyo3(signature = (source, *, start, transfer_syntax))]
pub(crate) fn find_pixel_data(
    py: Python<'_>,
    source: &Source,
    start: &str,
    transfer_syntax: Option<&str>,
) -> PyResult<Option<Py<PyAny>>> {
    let start = match (start, transfer_syntax) {
        ("file", transfer_syntax) => Start::File { transfer_syntax },
        ("forced", transfer_syntax) => Start::Forced { transfer_syntax },
        ("data set", Some(transfer_syntax)) => Start::DataSet { transfer_syntax },
        _ => return Err(PyValueError::new_err("start: expected 'file', 'forced', or 'data set' and its syntax")),
    };
    let found = run(py, || match source.in_memory() {
        Some(bytes) => Ok::<_, Failure>(scan_from(bytes, &start)),
        None => scan_source(source, &start),
    })?;
    match found {
        Ok(header) => described(py, &header).map(Some),
        Err(Stop::Deflated(offset)) => offset.into_py_any(py).map(Some),
        Err(Stop::Short | Stop::Unusual) => Ok(None),
    }
}

fn described(py: Python<'_>, header: &Header) -> PyResult<Py<PyAny>> {
    let values = PyDict::new(py);
    for (tag, number) in &header.numbers {
        values.set_item(tag, number)?;
    }
    let vr = header.vr.as_ref().and_then(|vr| std::str::from_utf8(vr).ok());
    let texts = (&header.photometric_interpretation, header.number_of_frames);
    (&header.transfer_syntax, values, texts.0, texts.1, header.tag, vr, header.offset, header.length).into_py_any(py)
}

//! Checks that a codestream contains all its samples.

use crate::buffer::Input;
use crate::errors::detached_parallel;
use crate::names::Named;
use dicomet_core::codestream::Family;
use dicomet_core::{Error, complete};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Checks the codestream of frame number `frame`. Returns the codestream with an end marker added if it lacks one, and
/// warnings.
#[pyfunction]
#[pyo3(signature = (codestream, frame, family))]
pub(crate) fn complete_codestream(
    py: Python<'_>,
    codestream: Input,
    frame: usize,
    family: Named<Family>,
) -> PyResult<(Option<Bound<'_, PyBytes>>, Vec<String>)> {
    let bytes = codestream.as_slice();
    let in_frame = |error: Error| error.in_frame(frame);
    let (repaired, warnings) = detached_parallel(py, None, |parallelism| {
        let whole = complete::check(bytes, family.0, parallelism).map_err(in_frame)?;
        let repaired = whole.repaired(bytes).map_err(in_frame)?;
        let warnings: Vec<_> =
            whole.warnings.into_iter().map(|kind| in_frame(Error::pixel_data(kind)).to_string()).collect();
        Ok::<_, Error>((repaired, warnings))
    })?;
    let repaired = repaired.map(|bytes| crate::bytes(py, &bytes)).transpose()?;
    Ok((repaired, warnings))
}

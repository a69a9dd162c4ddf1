//! PNG encoding.

use crate::buffer::Input;
use crate::errors::detached;
use dicomet_core::png;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

#[pyfunction]
#[pyo3(signature = (samples, *, width, height, channels, bits))]
pub(crate) fn encode_png(
    py: Python<'_>,
    samples: Input,
    width: i64,
    height: i64,
    channels: i64,
    bits: i64,
) -> PyResult<Bound<'_, PyBytes>> {
    let params = png::PngParams { width, height, channels, bits };
    let encoded = detached(py, || png::encode(samples.as_slice(), &params))?;
    crate::bytes(py, &encoded)
}

//! Resizing.

use crate::buffer::{Input, Output};
use crate::errors::detached;
use crate::names::Named;
use dicomet_core::resize::{self, Filter, Size};
use dicomet_core::sample_type::SampleType;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

#[pyfunction]
#[pyo3(name = "resize", signature = (src, out, *, src_size, out_size, channels, dtype, filter))]
#[allow(clippy::too_many_arguments, reason = "keyword arguments of Python's")]
pub(crate) fn resize_image(
    py: Python<'_>,
    src: Input,
    mut out: Output,
    src_size: (i64, i64),
    out_size: (i64, i64),
    channels: i64,
    dtype: Named<SampleType>,
    filter: Named<Filter>,
) -> PyResult<()> {
    let size = |(rows, columns)| Size { rows, columns };
    let (sample, filter) = (dtype.0, filter.0);
    if !matches!(sample, SampleType::Uint8 | SampleType::Uint16 | SampleType::Float32) {
        let message = format!("dtype: found {}, expected uint8, uint16 or float32", dtype.name());
        return Err(PyValueError::new_err(message));
    }
    let params = resize::ResizeParams { from: size(src_size), to: size(out_size), channels, sample, filter };
    detached(py, || resize::resize(src.as_slice(), out.as_mut_slice(), &params))
}

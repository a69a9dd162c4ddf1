//! Resizing.

use crate::buffer::{Input, Output};
use crate::errors::run;
use dicomet_core::resize::{self, Filter, Sample, Size};
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
    dtype: &str,
    filter: &str,
) -> PyResult<()> {
    let size = |(rows, columns)| Size { rows, columns };
    let (sample, filter) = (sample_of(dtype)?, filter_of(filter)?);
    let layout = resize::Layout { from: size(src_size), to: size(out_size), channels, sample, filter };
    run(py, || resize::resize(src.as_slice(), out.as_mut_slice(), &layout))
}

fn sample_of(dtype: &str) -> PyResult<Sample> {
    match dtype {
        "uint8" => Ok(Sample::U8),
        "uint16" => Ok(Sample::U16),
        "float32" => Ok(Sample::F32),
        _ => Err(PyValueError::new_err(format!("dtype: found {dtype}, expected uint8, uint16 or float32"))),
    }
}

fn filter_of(name: &str) -> PyResult<Filter> {
    match name {
        "nearest" => Ok(Filter::Nearest),
        "bilinear" => Ok(Filter::Bilinear),
        "bicubic" => Ok(Filter::Bicubic),
        "lanczos" => Ok(Filter::Lanczos),
        _ => Err(PyValueError::new_err(format!(
            "filter: found {name:?}, expected \"nearest\", \"bilinear\", \"bicubic\" or \"lanczos\""
        ))),
    }
}

//! Resizing.

use crate::buffer::{Input, Output};
use crate::display::parse_sample_type;
use crate::errors::detached;
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
    dtype: &str,
    filter: &str,
) -> PyResult<()> {
    let size = |(rows, columns)| Size { rows, columns };
    let (sample, filter) = (parse_resizable(dtype)?, parse_filter(filter)?);
    let params = resize::ResizeParams { from: size(src_size), to: size(out_size), channels, sample, filter };
    detached(py, || resize::resize(src.as_slice(), out.as_mut_slice(), &params))
}

fn parse_resizable(dtype: &str) -> PyResult<SampleType> {
    match parse_sample_type(dtype)? {
        sample @ (SampleType::Uint8 | SampleType::Uint16 | SampleType::Float32) => Ok(sample),
        _ => Err(PyValueError::new_err(format!("dtype: found {dtype}, expected uint8, uint16 or float32"))),
    }
}

fn parse_filter(name: &str) -> PyResult<Filter> {
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

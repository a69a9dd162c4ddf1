//! RLE Lossless encoding of one frame.

use crate::buffer::Input;
use crate::errors::detached;
use dicomet_core::image::ByteOrder;
use dicomet_core::rle::encode::{EncodeParams, encode_frame};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

#[pyfunction]
#[pyo3(signature = (src, *, rows, columns, samples_per_pixel, sample_bytes, big_endian))]
pub(crate) fn encode_rle(
    py: Python<'_>,
    src: Input,
    rows: i64,
    columns: i64,
    samples_per_pixel: i64,
    sample_bytes: i64,
    big_endian: bool,
) -> PyResult<Bound<'_, PyBytes>> {
    let order = if big_endian { ByteOrder::Big } else { ByteOrder::Little };
    let params = EncodeParams { rows, columns, samples_per_pixel, sample_bytes, order };
    let encoded = detached(py, || encode_frame(src.as_slice(), &params))?;
    crate::bytes(py, &encoded)
}

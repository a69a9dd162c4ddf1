//! The header scan: finds the elements that decoding needs without building a data set.

use crate::errors::{BindingError, catch_panic, detached_parallel};
use crate::names::{Named, ScanStart};
use crate::source::Source;
use dicomet_core::scan::{
    self, FunctionalGroups, PixelDataHeader, ScanError, ScanScope, Start, TilePosition, scan_from, scan_source,
};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

/// Returns the description before the pixel data, the offset of a deflated data set, or None if the full parser
/// must read the header.
#[pyfunction]
#[pyo3(signature = (source, *, start, transfer_syntax, display=false))]
pub(crate) fn find_pixel_data(
    py: Python<'_>,
    source: &Source,
    start: Named<ScanStart>,
    transfer_syntax: Option<&str>,
    display: bool,
) -> PyResult<Option<Py<PyAny>>> {
    let scope = if display { ScanScope::Display } else { ScanScope::Stored };
    let start = match (start.0, transfer_syntax) {
        (ScanStart::File, transfer_syntax) => Start::File { transfer_syntax },
        (ScanStart::Forced, transfer_syntax) => Start::Forced { transfer_syntax },
        (ScanStart::DataSet, Some(transfer_syntax)) => Start::DataSet { transfer_syntax },
        (ScanStart::DataSet, None) => {
            return Err(PyValueError::new_err("transfer_syntax: found None, expected that of the data set"));
        }
    };
    // Covers most headers. Releasing the GIL would take longer than this scan.
    let head = source.head();
    let found = match catch_panic(py, || Ok::<_, BindingError>(scan_from(head, &start, scope)))? {
        Err(ScanError::UnexpectedEof) if (head.len() as u64) < source.length() => {
            detached_parallel(py, None, |parallelism| scan_source(source, &start, scope, parallelism))?
        }
        found => found,
    };
    match found {
        Ok(header) => to_tuple(py, &header).map(Some),
        Err(ScanError::Deflated(offset)) => offset.into_py_any(py).map(Some),
        Err(ScanError::UnexpectedEof | ScanError::NeedsFullParser) => Ok(None),
    }
}

/// Returns the offset of the delimiter of a value of undefined length, or None if the full parser must read it.
#[pyfunction]
#[pyo3(signature = (source, *, tag, vr, value, big_endian))]
pub(crate) fn find_delimiter(
    py: Python<'_>,
    source: &Source,
    tag: u32,
    vr: Option<&str>,
    value: u64,
    big_endian: bool,
) -> PyResult<Option<u64>> {
    let Ok(vr) = vr.map(|vr| vr.as_bytes().try_into()).transpose() else { return Ok(None) };
    detached_parallel(py, None, |parallelism| scan::find_delimiter(source, (tag, vr), value, big_endian, parallelism))
}

/// Returns the row and column positions, the Z offsets and the indices of the optical paths of all frames as words in
/// native byte order, and the identifiers of the optical paths; None if the full parser must read the sequence.
#[pyfunction]
#[pyo3(signature = (source, *, value, length, implicit, big_endian))]
pub(crate) fn tile_positions(
    py: Python<'_>,
    source: &Source,
    value: u64,
    length: Option<u32>,
    implicit: bool,
    big_endian: bool,
) -> PyResult<Option<Py<PyAny>>> {
    let groups = FunctionalGroups { value, length, implicit, big_endian };
    let found = detached_parallel(py, None, |parallelism| scan::tile_positions(source, &groups, parallelism))?;
    let Some(found) = found else { return Ok(None) };
    let mut identifiers = Vec::new();
    for identifier in &found.identifiers {
        identifiers.push(crate::bytes(py, identifier)?);
    }
    let rows = words(py, &found.frames, |frame| frame.row.to_ne_bytes())?;
    let columns = words(py, &found.frames, |frame| frame.column.to_ne_bytes())?;
    let z_offsets = words(py, &found.frames, |frame| frame.z_offset.to_ne_bytes())?;
    let optical_paths = words(py, &found.frames, |frame| frame.optical_path.to_ne_bytes())?;
    (rows, columns, z_offsets, optical_paths, identifiers).into_py_any(py).map(Some)
}

/// Returns one word of `N` bytes of each frame.
fn words<'py, const N: usize>(
    py: Python<'py>,
    frames: &[TilePosition],
    word: impl Fn(&TilePosition) -> [u8; N],
) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, frames.len().saturating_mul(N), |bytes| {
        for (place, frame) in bytes.chunks_exact_mut(N).zip(frames) {
            place.copy_from_slice(&word(frame));
        }
        Ok(())
    })
}

fn to_tuple(py: Python<'_>, header: &PixelDataHeader) -> PyResult<Py<PyAny>> {
    let numbers = PyTuple::new(py, &header.numbers)?;
    let vr = header.vr.as_ref().and_then(|vr| std::str::from_utf8(vr).ok());
    let texts = (&header.photometric_interpretation, header.number_of_frames);
    let description = (&header.transfer_syntax, numbers, texts.0, texts.1, header.tag, vr);
    let mut display = Vec::new();
    for (tag, value) in &header.display {
        display.push((tag, crate::bytes(py, value)?));
    }
    (description, header.offset, header.length, PyTuple::new(py, display)?).into_py_any(py)
}

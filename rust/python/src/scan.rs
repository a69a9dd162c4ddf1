//! The header scan: finds the elements that decoding needs without building a data set.

use crate::errors::{BindingError, catch_panic, detached_parallel};
use crate::names::{Named, ScanStart};
use crate::source::Source;
use dicomet_core::parallel::{self, Parallelism};
use dicomet_core::scan::{
    self, FunctionalGroups, NamedElements, PixelDataHeader, ScanError, ScanScope, Start, TilePosition, scan_elements,
    scan_from, scan_source,
};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use std::num::NonZero;
use std::path::PathBuf;

/// The result of a scan for elements; None if the full parser must read the header.
type Found<'a> = Result<Option<NamedElements<'a>>, BindingError>;

/// Returns what `scan_elements` returns for each of `paths`, or the exception of a file that cannot be read.
#[pyfunction]
#[pyo3(signature = (paths, *, tags, workers))]
pub(crate) fn scan_files(
    py: Python<'_>,
    paths: Vec<PathBuf>,
    tags: Vec<u32>,
    workers: Option<NonZero<usize>>,
) -> PyResult<Vec<Py<PyAny>>> {
    let found = detached_parallel(py, workers, |parallelism| {
        // Reading the files takes the time, which their results do not show.
        let bytes = paths.len().saturating_mul(BYTES_PER_FILE);
        let scan = |(): &mut (), path| Ok::<_, BindingError>(scan_file(path, &tags, parallelism));
        parallel::map(parallelism, paths.into_iter(), bytes, || (), scan)
    })?;
    found.into_iter().map(|found| file_result(py, found)).collect()
}

/// Returns the transfer syntax, whether there is pixel data, and the tag, VR and value of each element that was found;
/// None if the full parser must read the header.
#[pyfunction(name = "scan_elements")]
#[pyo3(signature = (source, *, tags))]
pub(crate) fn scan_named_elements(py: Python<'_>, source: &Source, tags: Vec<u32>) -> PyResult<Py<PyAny>> {
    let found = detached_parallel(py, None, |parallelism| scan_opened(source, &tags, parallelism))?;
    named_elements(py, found)
}

fn scan_file<'a>(path: PathBuf, tags: &'a [u32], parallelism: &Parallelism<'_>) -> Found<'a> {
    scan_opened(&Source::open_file(path)?, tags, parallelism)
}

fn scan_opened<'a>(source: &Source, tags: &'a [u32], parallelism: &Parallelism<'_>) -> Found<'a> {
    Ok(scan_elements(source, tags, parallelism)?.ok())
}

/// Returns the result of one file, of which an error is one, too.
fn file_result(py: Python<'_>, found: Found<'_>) -> PyResult<Py<PyAny>> {
    match found {
        Err(error) => error.into_py(py).into_value(py).into_py_any(py),
        Ok(found) => named_elements(py, found),
    }
}

fn named_elements(py: Python<'_>, found: Option<NamedElements<'_>>) -> PyResult<Py<PyAny>> {
    let Some(found) = found else { return Ok(py.None()) };
    let mut elements = Vec::with_capacity(found.elements.len());
    for element in &found.elements {
        let vr = element.vr.as_ref().and_then(|vr| std::str::from_utf8(vr).ok());
        elements.push((element.tag, vr, crate::bytes(py, &element.value)?));
    }
    (found.transfer_syntax, found.has_pixel_data, PyTuple::new(py, elements)?).into_py_any(py)
}

/// About the bytes that are read of a file.
const BYTES_PER_FILE: usize = 1 << 14;

/// The elements that describe the image in a file, as they were scanned. A key of caches: it hashes faster than the
/// tuples of its values.
#[pyclass(frozen, eq, hash, module = "dicomet._native")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct ScannedImage {
    #[pyo3(get)]
    transfer_syntax: String,
    #[pyo3(get)]
    numbers: Vec<(u32, u16)>,
    #[pyo3(get)]
    photometric_interpretation: Option<String>,
    #[pyo3(get)]
    number_of_frames: Option<u32>,
    #[pyo3(get)]
    tag: u32,
    vr: Option<[u8; 2]>,
}

#[pymethods]
impl ScannedImage {
    #[getter]
    fn vr(&self) -> Option<&str> {
        self.vr.as_ref().and_then(|vr| std::str::from_utf8(vr).ok())
    }
}

impl From<PixelDataHeader> for ScannedImage {
    fn from(header: PixelDataHeader) -> Self {
        Self {
            transfer_syntax: header.transfer_syntax,
            numbers: header.numbers,
            photometric_interpretation: header.photometric_interpretation,
            number_of_frames: header.number_of_frames,
            tag: header.tag,
            vr: header.vr,
        }
    }
}

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
        Ok(header) => to_tuple(py, header).map(Some),
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

fn to_tuple(py: Python<'_>, header: PixelDataHeader) -> PyResult<Py<PyAny>> {
    let mut display = Vec::with_capacity(header.display.len());
    for (tag, value) in &header.display {
        display.push((tag, crate::bytes(py, value)?));
    }
    let (offset, length, display) = (header.offset, header.length, PyTuple::new(py, display)?);
    (ScannedImage::from(header), offset, length, display).into_py_any(py)
}

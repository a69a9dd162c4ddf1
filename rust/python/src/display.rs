//! LUTs, palettes and transforms from stored values to display values.

use crate::buffer::{Input, Output};
use crate::errors::{catch_panic, detached, detached_parallel};
use crate::image::Image;
use dicomet_core::Error;
use dicomet_core::display::{self as core, Pipeline, Rendering};
use dicomet_core::error::ErrorKind;
use dicomet_core::sample_type::SampleType;
use dicomet_core::voi::{Function, Range, Voi, Window};
use dicomet_core::{lut, modality, palette};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::num::NonZero;
use std::sync::Arc;

#[pyclass(frozen, module = "dicomet._native")]
pub(crate) struct Lut(lut::Lut);

#[pymethods]
impl Lut {
    #[new]
    #[pyo3(signature = (first, entries, *, bits))]
    fn new(py: Python<'_>, first: i32, entries: Input, bits: u8) -> PyResult<Self> {
        catch_panic(py, || lut::Lut::new(first, words(entries.as_slice())?, bits)).map(Self)
    }

    /// Returns the largest value an entry may have.
    #[getter]
    fn max_entry(&self) -> u16 {
        self.0.max_entry()
    }
}

#[pyclass(frozen, module = "dicomet._native")]
pub(crate) struct Palette(palette::Palette);

#[pymethods]
impl Palette {
    #[new]
    #[pyo3(signature = (first, red, green, blue, *, bits))]
    fn new(py: Python<'_>, first: i32, red: Input, green: Input, blue: Input, bits: u8) -> PyResult<Self> {
        catch_panic(py, || {
            let [red, green, blue] = [red, green, blue].map(|color| words(color.as_slice()));
            palette::Palette::new(first, [&red?, &green?, &blue?], bits)
        })
        .map(Self)
    }
}

/// Returns `bytes` as native 16-bit words.
fn words(bytes: &[u8]) -> Result<Vec<u16>, Error> {
    let mut words = Vec::new();
    let memory = |_| Error::from(ErrorKind::Memory { bytes: bytes.len() as u64 });
    words.try_reserve_exact(bytes.len() / 2).map_err(memory)?;
    words.extend(bytes.as_chunks().0.iter().map(|word| u16::from_ne_bytes(*word)));
    Ok(words)
}

/// Expands segmented palette data (PS3.3 C.7.9.2). Input and output are native 16-bit words.
#[pyfunction]
#[pyo3(signature = (segments, *, wide, count))]
pub(crate) fn expand_segmented(py: Python<'_>, segments: Input, wide: bool, count: usize) -> PyResult<Vec<u16>> {
    catch_panic(py, || palette::expand_segmented(&words(segments.as_slice())?, wide, count))
}

#[derive(FromPyObject)]
enum Modality {
    Rescale((f64, f64)),
    Lut(Py<Lut>),
}

#[derive(FromPyObject)]
enum View {
    Window((f64, f64, String)),
    Lut(Py<Lut>),
}

#[pyclass(frozen, module = "dicomet._native")]
pub(crate) struct Transform(pub(crate) Arc<core::Transform>);

#[pymethods]
impl Transform {
    #[new]
    #[pyo3(signature = (image, *, bits, pixels, modality, voi, palette, inverse, range, dtype))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        image: &Image,
        bits: u8,
        pixels: u64,
        modality: Option<Modality>,
        voi: Option<View>,
        palette: Option<&Palette>,
        inverse: bool,
        range: (f64, f64),
        dtype: &str,
    ) -> PyResult<Self> {
        let modality = modality.map_or(modality::Modality::Identity, |modality| match modality {
            Modality::Rescale((slope, intercept)) => modality::Modality::Rescale { slope, intercept },
            Modality::Lut(lut) => modality::Modality::Lut(lut.get().0.clone()),
        });
        let palette = palette.map(|palette| palette.0.clone());
        let rendering = match (voi.map(parse_view).transpose()?, palette) {
            (None, None) => Rendering::Value,
            (Some(voi), None) => Rendering::Gray { voi, inverse },
            (None, Some(palette)) => Rendering::Palette(palette),
            (Some(voi), Some(palette)) => Rendering::Supplemental { palette, voi, inverse },
        };
        let range = Range { low: range.0, high: range.1 };
        let pipeline = Pipeline { modality, rendering, range, sample: parse_sample_type(dtype)? };
        catch_panic(py, || core::Transform::new(&image.0, pipeline, bits, pixels)).map(|made| Self(Arc::new(made)))
    }

    #[pyo3(signature = (stored, out, *, workers))]
    fn apply(&self, py: Python<'_>, stored: Input, mut out: Output, workers: Option<NonZero<usize>>) -> PyResult<()> {
        detached_parallel(py, workers, |parallelism| {
            self.0.apply_parallel(parallelism, stored.as_slice(), out.as_mut_slice())
        })
    }
}

/// Returns the minimum and maximum of the native words that are finite and not excluded.
#[pyfunction]
#[pyo3(signature = (words, *, dtype, excluded))]
pub(crate) fn extrema(
    py: Python<'_>,
    words: Input,
    dtype: &str,
    excluded: Option<(f64, f64)>,
) -> PyResult<Option<(f64, f64)>> {
    let sample = parse_sample_type(dtype)?;
    detached(py, || Ok::<_, Error>(core::extrema(sample, words.as_slice(), excluded)))
}

/// Counts each 8-bit or 16-bit word; the counts are native 64-bit words.
#[pyfunction]
#[pyo3(signature = (words, *, wide))]
pub(crate) fn histogram(py: Python<'_>, words: Input, wide: bool) -> PyResult<Bound<'_, PyBytes>> {
    let counts = detached(py, || core::histogram(words.as_slice(), wide))?;
    crate::bytes(py, counts.iter().map(|count| count.to_ne_bytes()).collect::<Vec<_>>().as_flattened())
}

fn parse_view(view: View) -> PyResult<Voi> {
    let (center, width, function) = match view {
        View::Lut(lut) => return Ok(Voi::Lut(lut.get().0.clone())),
        View::Window(window) => window,
    };
    let function = match function.as_str() {
        "LINEAR" => Function::Linear,
        "LINEAR_EXACT" => Function::LinearExact,
        "SIGMOID" => Function::Sigmoid,
        other => return Err(PyValueError::new_err(format!("unknown VOI LUT function {other}"))),
    };
    Ok(Voi::Window(Window { center, width, function }))
}

pub(crate) fn parse_sample_type(name: &str) -> PyResult<SampleType> {
    Ok(match name {
        "uint8" => SampleType::Uint8,
        "int8" => SampleType::Int8,
        "uint16" => SampleType::Uint16,
        "int16" => SampleType::Int16,
        "uint32" => SampleType::Uint32,
        "int32" => SampleType::Int32,
        "uint64" => SampleType::Uint64,
        "int64" => SampleType::Int64,
        "float32" => SampleType::Float32,
        "float64" => SampleType::Float64,
        other => return Err(PyValueError::new_err(format!("unknown dtype {other}"))),
    })
}

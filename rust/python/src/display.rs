//! LUTs, palettes and transforms from stored values to display values.

use crate::buffer::{Input, Output};
use crate::errors::{catch_panic, detached, detached_parallel};
use crate::image::Image;
use crate::names::Named;
use dicomet_core::Error;
use dicomet_core::display::{self as core, Pipeline, Rendering};
use dicomet_core::error::ErrorKind;
use dicomet_core::sample_type::SampleType;
use dicomet_core::voi::{Function, Range, Voi, Window};
use dicomet_core::{lut, modality, palette};
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
    Window((f64, f64, Named<Function>)),
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
        dtype: Named<SampleType>,
    ) -> PyResult<Self> {
        let modality = modality.map_or(modality::Modality::Identity, |modality| match modality {
            Modality::Rescale((slope, intercept)) => modality::Modality::Rescale { slope, intercept },
            Modality::Lut(lut) => modality::Modality::Lut(lut.get().0.clone()),
        });
        let palette = palette.map(|palette| palette.0.clone());
        let rendering = match (voi.map(voi_of), palette) {
            (None, None) => Rendering::Value,
            (Some(voi), None) => Rendering::Gray { voi, inverse },
            (None, Some(palette)) => Rendering::Palette(palette),
            (Some(voi), Some(palette)) => Rendering::Supplemental { palette, voi, inverse },
        };
        let range = Range { low: range.0, high: range.1 };
        let pipeline = Pipeline { modality, rendering, range, sample: dtype.0 };
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
    dtype: Named<SampleType>,
    excluded: Option<(f64, f64)>,
) -> PyResult<Option<(f64, f64)>> {
    detached(py, || Ok::<_, Error>(core::extrema(dtype.0, words.as_slice(), excluded)))
}

/// Counts each 8-bit or 16-bit word; the counts are native 64-bit words.
#[pyfunction]
#[pyo3(signature = (words, *, wide))]
pub(crate) fn histogram(py: Python<'_>, words: Input, wide: bool) -> PyResult<Bound<'_, PyBytes>> {
    let counts = detached(py, || core::histogram(words.as_slice(), wide))?;
    crate::bytes(py, counts.iter().map(|count| count.to_ne_bytes()).collect::<Vec<_>>().as_flattened())
}

fn voi_of(view: View) -> Voi {
    match view {
        View::Lut(lut) => Voi::Lut(lut.get().0.clone()),
        View::Window((center, width, function)) => Voi::Window(Window { center, width, function: function.0 }),
    }
}

//! The Python module `dicomet._native`: takes arguments, releases the GIL, calls `dicomet-core`, maps errors.
//!
//! No rule of the standard stands here. The docstrings are in `python/dicomet/_native.pyi`.

mod buffer;
mod errors;
mod source;

use buffer::{Input, Output};
use dicomet_core::codestream::Codestream;
use dicomet_core::decode::{self, Conversion};
use dicomet_core::deflate;
use dicomet_core::encapsulation::{self, Value};
use dicomet_core::image::{self, Attributes, ByteOrder, PixelElement, SampleKind};
use errors::{pixel_data_error, run};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use source::PythonSource;

#[pyclass(frozen, module = "dicomet._native")]
struct Image(image::Image);

#[pymethods]
impl Image {
    #[new]
    #[pyo3(signature = (*, rows, columns, samples_per_pixel, number_of_frames, bits_allocated, bits_stored, high_bit,
                        pixel_representation, planar_configuration, photometric_interpretation, keyword))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        rows: i64,
        columns: i64,
        samples_per_pixel: i64,
        number_of_frames: i64,
        bits_allocated: i64,
        bits_stored: i64,
        high_bit: Option<i64>,
        pixel_representation: i64,
        planar_configuration: i64,
        photometric_interpretation: String,
        keyword: &str,
    ) -> PyResult<Self> {
        let element = match keyword {
            "PixelData" => PixelElement::PixelData,
            "FloatPixelData" => PixelElement::FloatPixelData,
            "DoubleFloatPixelData" => PixelElement::DoubleFloatPixelData,
            _ => return Err(PyValueError::new_err(format!("unknown keyword {keyword}"))),
        };
        let attributes = Attributes {
            rows,
            columns,
            samples_per_pixel,
            number_of_frames,
            bits_allocated,
            bits_stored,
            high_bit,
            pixel_representation,
            planar_configuration,
            photometric_interpretation,
            element,
        };
        image::Image::new(&attributes).map(Self).map_err(|error| pixel_data_error(py, &error))
    }

    #[getter]
    fn dtype(&self) -> &'static str {
        match (self.0.kind(), self.0.sample_bytes()) {
            (SampleKind::Unsigned, 1) => "uint8",
            (SampleKind::Unsigned, 2) => "uint16",
            (SampleKind::Unsigned, 4) => "uint32",
            (SampleKind::Unsigned, _) => "uint64",
            (SampleKind::Signed, 1) => "int8",
            (SampleKind::Signed, 2) => "int16",
            (SampleKind::Signed, 4) => "int32",
            (SampleKind::Signed, _) => "int64",
            (SampleKind::Float, 4) => "float32",
            (SampleKind::Float, _) => "float64",
        }
    }

    #[getter]
    fn frame_shape(&self) -> Vec<usize> {
        let mut shape = vec![self.0.rows(), self.0.columns()];
        if self.0.samples_per_pixel() > 1 {
            shape.push(self.0.samples_per_pixel());
        }
        shape
    }

    #[getter]
    fn number_of_frames(&self) -> usize {
        self.0.number_of_frames()
    }

    #[getter]
    fn warning(&self) -> Option<String> {
        self.0.warning().map(|warning| warning.to_string())
    }

    fn check_result(&self, py: Python<'_>, frames: usize) -> PyResult<usize> {
        self.0.result_bytes(frames).map_err(|error| pixel_data_error(py, &error))
    }

    fn check_rle_bound(&self, py: Python<'_>, frame_bytes: u64) -> PyResult<()> {
        decode::check_rle_bound(&self.0, frame_bytes).map_err(|error| pixel_data_error(py, &error))
    }

    fn check_codestream(&self, py: Python<'_>, frame: Input) -> PyResult<Option<(u8, bool)>> {
        let Some(codestream) = Codestream::read(frame.as_slice()) else { return Ok(None) };
        codestream.check(&self.0).map_err(|error| pixel_data_error(py, &error))?;
        Ok(Some((codestream.precision, codestream.signed)))
    }

    fn native_frames(&self, py: Python<'_>, found: u64) -> PyResult<u64> {
        self.0.native_frames(found).map_err(|error| pixel_data_error(py, &error))
    }

    fn native_frame_range(&self, py: Python<'_>, index: u64) -> PyResult<(u64, u64)> {
        self.0.native_frame_range(index).map_err(|error| pixel_data_error(py, &error))
    }
}

#[pyclass(frozen, module = "dicomet._native")]
struct Plan(decode::Plan);

#[pymethods]
impl Plan {
    #[staticmethod]
    #[pyo3(signature = (image, *, big_endian, paired, correct_unused_bits, conversion))]
    fn native(
        py: Python<'_>,
        image: &Image,
        big_endian: bool,
        paired: bool,
        correct_unused_bits: bool,
        conversion: Option<&str>,
    ) -> PyResult<Self> {
        let order = if big_endian { ByteOrder::Big } else { ByteOrder::Little };
        let conversion = parse_conversion(conversion)?;
        decode::Plan::native(&image.0, order, paired, correct_unused_bits, conversion)
            .map(Self)
            .map_err(|error| pixel_data_error(py, &error))
    }

    #[staticmethod]
    #[pyo3(signature = (image, *, bits_allocated, planar, kept_bits, conversion))]
    fn codec(
        py: Python<'_>,
        image: &Image,
        bits_allocated: u8,
        planar: bool,
        kept_bits: Option<u8>,
        conversion: Option<&str>,
    ) -> PyResult<Self> {
        let conversion = parse_conversion(conversion)?;
        decode::Plan::codec(&image.0, bits_allocated, planar, kept_bits, conversion)
            .map(Self)
            .map_err(|error| pixel_data_error(py, &error))
    }

    fn native_frames(&self, py: Python<'_>, src: Input, first_bit: usize, mut out: Output) -> PyResult<()> {
        run(py, || self.0.native_frames(src.as_slice(), first_bit, out.as_mut_slice()))
    }

    fn words(&self, py: Python<'_>, frame: Input, mut out: Output) -> PyResult<()> {
        run(py, || self.0.words(frame.as_slice(), out.as_mut_slice()))
    }

    fn rle_frames(
        &self,
        py: Python<'_>,
        frames: Vec<Input>,
        first_frame: usize,
        mut out: Output,
    ) -> PyResult<Vec<String>> {
        run(py, || {
            let frames: Vec<&[u8]> = frames.iter().map(Input::as_slice).collect();
            let warnings = self.0.rle_frames(&frames, first_frame, out.as_mut_slice())?;
            Ok(warnings.iter().map(ToString::to_string).collect())
        })
    }
}

fn parse_conversion(name: Option<&str>) -> PyResult<Conversion> {
    match name {
        None => Ok(Conversion::None),
        Some("ybr_to_rgb") => Ok(Conversion::YbrToRgb),
        Some("rgb_to_ybr") => Ok(Conversion::RgbToYbr),
        Some(other) => Err(PyValueError::new_err(format!("unknown conversion {other}"))),
    }
}

/// Where the frames of encapsulated pixel data lie, found through a Python function that reads.
#[pyclass(frozen, module = "dicomet._native")]
struct Encapsulated {
    value: Value,
    read_at: Py<PyAny>,
}

type Fragments = Vec<(u64, u64)>;

fn ranges(fragments: &[encapsulation::Fragment]) -> Fragments {
    fragments.iter().map(|fragment| (fragment.offset, fragment.length)).collect()
}

#[pymethods]
impl Encapsulated {
    #[new]
    #[pyo3(signature = (read_at, *, length, delimited, frames, jpeg, extended))]
    fn new(
        read_at: Py<PyAny>,
        length: u64,
        delimited: bool,
        frames: u64,
        jpeg: bool,
        extended: Option<(Vec<u64>, Vec<u64>)>,
    ) -> Self {
        Self { value: Value { length, delimited, frames, jpeg, extended }, read_at }
    }

    fn find_frames(&self, py: Python<'_>) -> PyResult<(Vec<Fragments>, Vec<String>)> {
        let frames = encapsulation::find_frames(&mut PythonSource(self.read_at.bind(py)), &self.value)
            .map_err(|failure| failure.into_py(py))?;
        let fragments = (0..frames.len()).map(|index| ranges(frames.frame(index))).collect();
        Ok((fragments, frames.warnings.iter().map(ToString::to_string).collect()))
    }

    fn find_frame(&self, py: Python<'_>, index: u64) -> PyResult<Option<Fragments>> {
        let found = encapsulation::find_frame(&mut PythonSource(self.read_at.bind(py)), &self.value, index)
            .map_err(|failure| failure.into_py(py))?;
        Ok(found.map(|fragments| ranges(&fragments)))
    }
}

#[pyfunction]
fn check_index(py: Python<'_>, index: u64, frames: u64) -> PyResult<()> {
    image::Image::check_index(index, frames).map_err(|error| pixel_data_error(py, &error))
}

#[pyfunction]
fn inflate(py: Python<'_>, src: Input) -> PyResult<Bound<'_, PyBytes>> {
    let inflated = run(py, || deflate::inflate(src.as_slice(), usize::MAX))?;
    Ok(PyBytes::new(py, &inflated))
}

#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::{Encapsulated, Image, Plan, check_index, inflate};

    #[pymodule_init]
    fn init(module: &pyo3::Bound<'_, pyo3::types::PyModule>) -> pyo3::PyResult<()> {
        use pyo3::types::PyModuleMethods;
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("debug_build", cfg!(debug_assertions))
    }
}

//! The `Image` class: the checked description of an image.

use crate::buffer::Input;
use crate::codestream::Codestream;
use crate::errors::catch_panic;
use crate::names::Named;
use dicomet_core::codestream::{self, Family};
use dicomet_core::image::{self as core, Attributes, PixelElement, SampleKind};
use pyo3::prelude::*;

#[pyclass(frozen, eq, hash, module = "dicomet._native")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Image(pub(crate) core::Image);

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
        keyword: Named<PixelElement>,
    ) -> PyResult<Self> {
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
            element: keyword.0,
        };
        catch_panic(py, || core::Image::new(&attributes)).map(Self)
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
    fn rows(&self) -> usize {
        self.0.rows()
    }

    #[getter]
    fn columns(&self) -> usize {
        self.0.columns()
    }

    #[getter]
    fn samples_per_pixel(&self) -> usize {
        self.0.samples_per_pixel()
    }

    #[getter]
    fn number_of_frames(&self) -> usize {
        self.0.number_of_frames()
    }

    #[getter]
    fn bits_allocated(&self) -> u8 {
        self.0.bits_allocated()
    }

    #[getter]
    fn bits_stored(&self) -> u8 {
        self.0.bits_stored()
    }

    #[getter]
    fn pixel_representation(&self) -> u8 {
        self.0.pixel_representation()
    }

    #[getter]
    fn planar_configuration(&self) -> u8 {
        u8::from(self.0.is_planar())
    }

    #[getter]
    fn photometric_interpretation(&self) -> &str {
        self.0.photometric_interpretation()
    }

    #[getter]
    fn warning(&self) -> Option<String> {
        self.0.warning().map(|warning| warning.to_string())
    }

    fn check_result(&self, py: Python<'_>, frames: usize) -> PyResult<usize> {
        catch_panic(py, || self.0.result_bytes(frames))
    }

    fn check_codestream(
        &self,
        py: Python<'_>,
        codestream: Input,
        frame: usize,
        family: Named<Family>,
    ) -> PyResult<Codestream> {
        let check = || codestream::Codestream::check(codestream.as_slice(), family.0, &self.0);
        catch_panic(py, || check().map_err(|error| error.in_frame(frame))).map(Codestream)
    }

    fn reduced(&self, py: Python<'_>, header: &Codestream, reduce: i64) -> PyResult<Self> {
        catch_panic(py, || header.0.reduced(&self.0, reduce)).map(Self)
    }

    fn count_native_frames(&self, py: Python<'_>, found: u64) -> PyResult<u64> {
        catch_panic(py, || self.0.count_native_frames(found))
    }

    fn check_subsampled(&self, py: Python<'_>, found: u64) -> PyResult<()> {
        catch_panic(py, || self.0.check_subsampled(found))
    }

    fn native_frame_range(&self, py: Python<'_>, index: u64) -> PyResult<(u64, u64)> {
        catch_panic(py, || self.0.native_frame_range(index))
    }
}

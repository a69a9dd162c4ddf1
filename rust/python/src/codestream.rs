//! The header of a codestream.

use crate::buffer::Input;
use crate::errors::catch_panic;
use crate::names::Named;
use dicomet_core::codestream::jpeg_xl::ColorTransform;
use dicomet_core::codestream::{self as core, Component, Details, Family, jpeg, jpeg_2000, jpeg_ls, jpeg_xl};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

#[pyclass(frozen, eq, module = "dicomet._native")]
#[derive(PartialEq, Eq)]
pub(crate) struct Codestream(pub(crate) core::Codestream);

impl Codestream {
    fn colors(&self) -> jpeg::Colors {
        match self.0.details {
            Details::Jpeg(details) => details.colors,
            Details::JpegLs(details) => details.colors,
            _ => jpeg::Colors::default(),
        }
    }

    fn jpeg_ls(&self) -> jpeg_ls::Details {
        match self.0.details {
            Details::JpegLs(details) => details,
            _ => jpeg_ls::Details::default(),
        }
    }

    fn jpeg_2000(&self) -> jpeg_2000::Details {
        match self.0.details {
            Details::Jpeg2000(details) => details,
            _ => jpeg_2000::Details::default(),
        }
    }

    fn jpeg_xl(&self) -> Option<jpeg_xl::Details> {
        match self.0.details {
            Details::JpegXl(details) => Some(details),
            _ => None,
        }
    }
}

#[pymethods]
impl Codestream {
    #[staticmethod]
    fn read(py: Python<'_>, frame: Input) -> PyResult<Option<Self>> {
        catch_panic(py, || Ok::<_, dicomet_core::Error>(core::Codestream::read(frame.as_slice())))
            .map(|header| header.map(Self))
    }

    #[getter]
    fn family(&self) -> Named<Family> {
        Named(self.0.family)
    }

    /// What keeps dicomet from decoding a JPEG codestream.
    #[getter]
    fn unsupported(&self) -> Option<String> {
        self.0.unsupported.map(|what| what.to_string())
    }

    #[getter]
    fn precision(&self) -> u8 {
        self.0.precision
    }

    #[getter]
    fn signed(&self) -> bool {
        self.0.signed
    }

    #[getter]
    fn component_ids(&self) -> Vec<u16> {
        self.0.components.iter().map(|component| component.id).collect()
    }

    #[getter]
    fn sampling(&self) -> Vec<(u8, u8)> {
        self.0.components.iter().map(|Component { sampling, .. }| *sampling).collect()
    }

    #[getter]
    fn is_subsampled(&self) -> bool {
        self.0.is_subsampled()
    }

    #[getter]
    fn lossless(&self) -> bool {
        matches!(self.0.details, Details::Jpeg(details) if details.lossless)
    }

    #[getter]
    fn near(&self) -> u8 {
        self.jpeg_ls().near
    }

    #[getter]
    fn interleave(&self) -> u8 {
        self.jpeg_ls().interleave
    }

    #[getter]
    fn jfif(&self) -> bool {
        self.colors().jfif
    }

    #[getter]
    fn adobe_transform(&self) -> Option<u8> {
        self.colors().adobe_transform
    }

    #[getter]
    fn hp_transform(&self) -> Option<u8> {
        self.colors().hp_transform
    }

    #[getter]
    fn component_transform(&self) -> bool {
        self.jpeg_2000().component_transform
    }

    /// The transform of the components of JPEG XL: None, "XYB" or "YCbCr".
    #[getter]
    fn color_transform(&self) -> Option<&'static str> {
        match self.jpeg_xl()?.transform {
            ColorTransform::None => None,
            ColorTransform::Xyb => Some("XYB"),
            ColorTransform::Ycbcr => Some("YCbCr"),
        }
    }

    /// Whether a JPEG XL codestream is a recompressed JPEG codestream.
    #[getter]
    fn recompressed(&self) -> bool {
        self.jpeg_xl().is_some_and(|details| details.recompressed)
    }

    #[getter]
    fn discardable_levels(&self) -> u8 {
        self.0.discardable_levels()
    }

    #[getter]
    fn color_space(&self) -> Option<u32> {
        self.jpeg_2000().color_space
    }
}

/// Returns the frame without statements about its colors, for decoders that would convert colors on their own.
#[pyfunction]
pub(crate) fn with_neutral_colors(py: Python<'_>, frame: Input) -> PyResult<Bound<'_, PyBytes>> {
    let frame = frame.as_slice();
    match catch_panic(py, || jpeg::with_neutral_colors(frame))? {
        Some(neutral) => crate::bytes(py, &neutral),
        None => crate::bytes(py, jpeg_2000::without_boxes(frame)),
    }
}

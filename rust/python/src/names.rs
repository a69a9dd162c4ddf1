//! The names that Python uses for the values of the core's enums.

use dicomet_core::codestream::Family;
use dicomet_core::color::Arithmetic;
use dicomet_core::decode::{Conversion, OnTruncation};
use dicomet_core::image::PixelElement;
use dicomet_core::resize::Filter;
use dicomet_core::sample_type::SampleType;
use dicomet_core::voi::Function;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// A value that Python passes and receives by its name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<T>(pub(crate) T);

/// An enum with a name for each value.
pub(crate) trait Names: Sized + Copy + PartialEq + 'static {
    /// What the enum is, in messages.
    const WHAT: &'static str;
    const NAMES: &'static [(&'static str, Self)];
}

impl<'py, T: Names> FromPyObject<'_, 'py> for Named<T> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let found = object.extract::<&str>()?;
        let value = T::NAMES.iter().find(|(name, _)| *name == found);
        value.map(|(_, value)| Self(*value)).ok_or_else(|| {
            let expected: Vec<_> = T::NAMES.iter().map(|(name, _)| format!("{name:?}")).collect();
            PyValueError::new_err(format!("{}: found {found:?}, expected {}", T::WHAT, expected.join(" or ")))
        })
    }
}

impl<T: Names> Named<T> {
    /// Returns the name.
    pub(crate) fn name(self) -> &'static str {
        T::NAMES.iter().find(|(_, value)| *value == self.0).map_or("", |(name, _)| name)
    }
}

impl<'py, T: Names> IntoPyObject<'py> for Named<T> {
    type Target = pyo3::types::PyString;
    type Output = Bound<'py, Self::Target>;
    type Error = std::convert::Infallible;

    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        self.name().into_pyobject(py)
    }
}

impl Names for Conversion {
    const WHAT: &'static str = "conversion";
    const NAMES: &'static [(&'static str, Self)] = &[
        ("ybr_to_rgb", Self::YbrToRgb),
        ("partial_ybr_to_rgb", Self::PartialYbrToRgb),
        ("rgb_to_ybr", Self::RgbToYbr),
    ];
}

/// Returns the conversion, or none.
pub(crate) fn conversion(named: Option<Named<Conversion>>) -> Conversion {
    named.map_or(Conversion::None, |named| named.0)
}

impl Names for Arithmetic {
    const WHAT: &'static str = "arithmetic";
    const NAMES: &'static [(&'static str, Self)] =
        &[("exact", Self::Exact), ("float", Self::Float), ("fused float", Self::FusedFloat)];
}

impl Names for SampleType {
    const WHAT: &'static str = "dtype";
    const NAMES: &'static [(&'static str, Self)] = &[
        ("uint8", Self::Uint8),
        ("int8", Self::Int8),
        ("uint16", Self::Uint16),
        ("int16", Self::Int16),
        ("uint32", Self::Uint32),
        ("int32", Self::Int32),
        ("uint64", Self::Uint64),
        ("int64", Self::Int64),
        ("float32", Self::Float32),
        ("float64", Self::Float64),
    ];
}

impl Names for Filter {
    const WHAT: &'static str = "filter";
    const NAMES: &'static [(&'static str, Self)] = &[
        ("nearest", Self::Nearest),
        ("bilinear", Self::Bilinear),
        ("bicubic", Self::Bicubic),
        ("lanczos", Self::Lanczos),
    ];
}

impl Names for Function {
    const WHAT: &'static str = "VOI LUT function";
    const NAMES: &'static [(&'static str, Self)] =
        &[("LINEAR", Self::Linear), ("LINEAR_EXACT", Self::LinearExact), ("SIGMOID", Self::Sigmoid)];
}

impl Names for PixelElement {
    const WHAT: &'static str = "keyword";
    const NAMES: &'static [(&'static str, Self)] = &[
        ("PixelData", Self::PixelData),
        ("FloatPixelData", Self::FloatPixelData),
        ("DoubleFloatPixelData", Self::DoubleFloatPixelData),
    ];
}

impl Names for Family {
    const WHAT: &'static str = "family";
    const NAMES: &'static [(&'static str, Self)] =
        &[("JPEG", Self::Jpeg), ("JPEG-LS", Self::JpegLs), ("JPEG 2000", Self::Jpeg2000), ("JPEG XL", Self::JpegXl)];
}

impl Names for OnTruncation {
    const WHAT: &'static str = "on_truncation";
    const NAMES: &'static [(&'static str, Self)] = &[("error", Self::Error), ("decode", Self::Decode)];
}

/// Where a header scan starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScanStart {
    File,
    Forced,
    DataSet,
}

impl Names for ScanStart {
    const WHAT: &'static str = "start";
    const NAMES: &'static [(&'static str, Self)] =
        &[("file", Self::File), ("forced", Self::Forced), ("data set", Self::DataSet)];
}

//! The Python module `dicomet._native`: extracts arguments, releases the GIL, calls `dicomet-core`, maps errors.
//!
//! No rule of the standard is implemented here. The docstrings are in `python/dicomet/_native.pyi`.
#![allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]

mod ahead;
mod buffer;
mod codestream;
mod complete;
mod display;
mod element;
mod encapsulated;
mod errors;
mod image;
mod object;
mod output;
mod plan;
#[cfg(feature = "provoke")]
mod provoke;
mod rle;
mod source;
mod turn;

use pyo3::prelude::*;

/// Copies `bytes` into a Python object. `PyBytes::new` would panic if the allocation fails.
fn bytes<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, pyo3::types::PyBytes>> {
    pyo3::types::PyBytes::new_with(py, bytes.len(), |new| {
        new.copy_from_slice(bytes);
        Ok(())
    })
}

#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::{
        ahead::{DecodeFuture, DecodePool},
        codestream::{Codestream, with_neutral_colors},
        complete::complete_codestream,
        display::{Lut, Palette, Transform, expand_segmented, extrema, histogram},
        element::{find_delimiter, find_pixel_data},
        encapsulated::{EncapsulatedPixelData, FrameIndex},
        image::Image,
        output::{encode_png, resize_image},
        plan::{Decoder, convert_color},
        rle::encode_rle,
        source::Source,
    };

    #[cfg(feature = "provoke")]
    #[pymodule_export]
    use super::provoke::provoke_panic;

    #[pymodule_init]
    fn init(module: &pyo3::Bound<'_, pyo3::types::PyModule>) -> pyo3::PyResult<()> {
        use pyo3::types::PyModuleMethods;
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("debug_build", cfg!(debug_assertions))
    }
}

//! The Python module `dicomet._native`: extracts arguments, releases the GIL, calls `dicomet-core`, maps errors.
//!
//! No rule of the standard is implemented here. The docstrings are in `python/dicomet/_native.pyi`.
#![allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]

mod buffer;
mod codestream;
mod complete;
mod decoder;
mod display;
mod encapsulated;
mod environment;
mod errors;
mod fork_lock;
mod image;
mod names;
mod png;
mod prefetch;
mod py_file;
mod resize;
mod rle;
mod scan;
mod source;
#[cfg(feature = "test-panics")]
mod test_panics;

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
        codestream::{Codestream, with_neutral_colors},
        complete::complete_codestream,
        decoder::{Decoder, convert_color},
        display::{Lut, Palette, Transform, expand_segmented, extrema, histogram},
        encapsulated::{EncapsulatedPixelData, FrameIndex},
        environment::{environment_max_bytes, environment_workers},
        image::Image,
        png::encode_png,
        prefetch::{DecodeFuture, DecodePool},
        resize::resize_image,
        rle::encode_rle,
        scan::{ScannedImage, find_delimiter, find_pixel_data, scan_files, scan_named_elements, tile_positions},
        source::Source,
    };

    #[cfg(feature = "test-panics")]
    #[pymodule_export]
    use super::test_panics::provoke_panic;

    #[pymodule_init]
    fn init(module: &pyo3::Bound<'_, pyo3::types::PyModule>) -> pyo3::PyResult<()> {
        use pyo3::types::PyModuleMethods;
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("debug_build", cfg!(debug_assertions))
    }
}

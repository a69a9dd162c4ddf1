//! The `Decoder` class, and the calls that decode without the GIL.

use crate::buffer::{Input, Output};
use crate::display::Transform;
use crate::encapsulated::{DecodedFrames, FrameCodec, FrameIndex};
use crate::errors::{catch_panic, detached, detached_parallel};
use crate::image::Image;
use crate::names::{self, Named};
use crate::source::Source;
use dicomet_core::color::{self, Arithmetic};
use dicomet_core::decode::{self, Conversion, OnTruncation, OutputFormat};
use dicomet_core::image::ByteOrder;
use pyo3::prelude::*;
use std::num::NonZero;
use std::sync::Arc;

#[pyclass(frozen, module = "dicomet._native")]
pub(crate) struct Decoder(pub(crate) decode::Decoder);

#[pymethods]
impl Decoder {
    #[staticmethod]
    #[pyo3(signature = (image, *, big_endian, ow_swapped, correct_unused_bits, conversion))]
    fn native(
        py: Python<'_>,
        image: &Image,
        big_endian: bool,
        ow_swapped: bool,
        correct_unused_bits: bool,
        conversion: Option<Named<Conversion>>,
    ) -> PyResult<Self> {
        let order = if big_endian { ByteOrder::Big } else { ByteOrder::Little };
        let conversion = names::conversion(conversion);
        catch_panic(py, || decode::Decoder::native(&image.0, order, ow_swapped, correct_unused_bits, conversion))
            .map(Self)
    }

    /// Returns this decoder with another output format.
    #[pyo3(signature = (*, big_endian, planar, arithmetic, strict))]
    fn with_output(&self, big_endian: bool, planar: bool, arithmetic: Named<Arithmetic>, strict: bool) -> Self {
        let order = if big_endian { ByteOrder::Big } else { ByteOrder::Little };
        let output = OutputFormat { order, planar, arithmetic: arithmetic.0, strict, ..self.0.output() };
        Self(self.0.clone().with_output(output))
    }

    /// Returns this decoder with these options for JPEG 2000.
    #[pyo3(signature = (*, reduce, on_truncation))]
    fn with_jpeg_2000_options(&self, reduce: u8, on_truncation: Named<OnTruncation>) -> Self {
        let output = OutputFormat { reduce, on_truncation: on_truncation.0, ..self.0.output() };
        Self(self.0.clone().with_output(output))
    }

    /// Returns this decoder with `transform` applied to its samples, if there is one.
    #[pyo3(signature = (transform))]
    fn with_transform(slf: Bound<'_, Self>, transform: Option<&Transform>) -> PyResult<Py<Self>> {
        let Some(transform) = transform else { return Ok(slf.unbind()) };
        let decoder = slf.get().0.clone().with_transform(Arc::clone(&transform.0));
        Py::new(slf.py(), Self(decoder))
    }

    #[getter]
    fn is_passthrough(&self) -> bool {
        self.0.is_passthrough()
    }

    #[staticmethod]
    #[pyo3(signature = (image, *, bits_allocated, planar, significant_bits, conversion, color_bits, signed))]
    #[allow(clippy::too_many_arguments)]
    fn for_codec_output(
        py: Python<'_>,
        image: &Image,
        bits_allocated: u8,
        planar: bool,
        significant_bits: Option<u8>,
        conversion: Option<Named<Conversion>>,
        color_bits: u8,
        signed: bool,
    ) -> PyResult<Self> {
        let conversion = names::conversion(conversion);
        let decoder = || {
            decode::Decoder::for_codec_output(
                &image.0,
                bits_allocated,
                planar,
                significant_bits,
                conversion,
                color_bits,
            )
        };
        let decoder = catch_panic(py, decoder)?;
        Ok(Self(if signed { decoder } else { decoder.of_unsigned_words() }))
    }

    #[pyo3(signature = (source, first_frame, out, *, workers))]
    fn native_frames(
        &self,
        py: Python<'_>,
        source: &Source,
        first_frame: usize,
        mut out: Output,
        workers: Option<NonZero<usize>>,
    ) -> PyResult<()> {
        let workers = source.workers(workers);
        detached_parallel(py, workers, |parallelism| {
            self.0.native_frames(source, first_frame, out.as_mut_slice(), parallelism)
        })
    }

    #[pyo3(signature = (frame, out, *, workers))]
    fn decode_codec_output(
        &self,
        py: Python<'_>,
        frame: Input,
        mut out: Output,
        workers: Option<NonZero<usize>>,
    ) -> PyResult<()> {
        detached_parallel(py, workers, |parallelism| {
            self.0.decode_codec_output(frame.as_slice(), out.as_mut_slice(), parallelism)
        })
    }

    #[pyo3(signature = (source, frames, first, out, *, codec, number, workers))]
    #[allow(clippy::too_many_arguments)]
    fn decode_frames(
        &self,
        py: Python<'_>,
        source: &Source,
        frames: &FrameIndex,
        first: usize,
        mut out: Output,
        codec: FrameCodec,
        number: usize,
        workers: Option<NonZero<usize>>,
    ) -> PyResult<DecodedFrames> {
        let workers = source.workers(workers);
        detached_parallel(py, workers, |parallelism| {
            frames.decode(&self.0, &codec.0, source, first, number, out.as_mut_slice(), parallelism)
        })
    }
}

/// Bytes of interleaved pixels copied and converted at a time, so that they stay in the cache.
const CONVERT_TILE_BYTES: NonZero<usize> = NonZero::new(3 * 4096).unwrap();

/// Converts the colors of `src` into `out`, which has the same length: interleaved pixels, or frames of three planes of
/// `plane_bytes` each.
#[pyfunction]
#[pyo3(signature = (src, out, *, conversion, arithmetic, plane_bytes))]
pub(crate) fn convert_color(
    py: Python<'_>,
    src: Input,
    mut out: Output,
    conversion: Named<Conversion>,
    arithmetic: Named<Arithmetic>,
    plane_bytes: Option<NonZero<usize>>,
) -> PyResult<()> {
    let arithmetic = arithmetic.0;
    let convert: fn(&mut [u8], Arithmetic) = match (conversion.0, plane_bytes) {
        (Conversion::RgbToYbr, None) => color::convert_rgb_to_ybr,
        (Conversion::RgbToYbr, Some(_)) => color::convert_rgb_to_ybr_planes,
        (_, None) => color::convert_ybr_to_rgb,
        (_, Some(_)) => color::convert_ybr_to_rgb_planes,
    };
    let piece_bytes = plane_bytes.map_or(CONVERT_TILE_BYTES.get(), |bytes| bytes.get().saturating_mul(3));
    detached(py, || {
        for (piece, src) in out.as_mut_slice().chunks_mut(piece_bytes).zip(src.as_slice().chunks(piece_bytes)) {
            if piece.len() == src.len() {
                piece.copy_from_slice(src);
                convert(piece, arithmetic);
            }
        }
        Ok::<_, dicomet_core::Error>(())
    })
}

//! The frame index of encapsulated pixel data.

use crate::buffer::Input;
use crate::codestream::Codestream;
use crate::errors::{BindingError, catch_panic, detached, detached_parallel};
use crate::image::Image;
use crate::names::Named;
use crate::source::Source;
use dicomet_core::codestream::{self as core, Family};
use dicomet_core::decode::{Codec, Decoder};
use dicomet_core::encapsulation::{self, Value};
use dicomet_core::item::{Fragment, read_fragments};
use dicomet_core::offset_table::ExtendedOffsetTable;
use dicomet_core::parallel::{CancelCheck, Parallelism};
use dicomet_core::source::Source as _;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

#[pyclass(frozen, module = "dicomet._native")]
pub(crate) struct EncapsulatedPixelData {
    encapsulated: encapsulation::EncapsulatedPixelData,
    source: Py<Source>,
}

#[pymethods]
impl EncapsulatedPixelData {
    #[new]
    #[pyo3(signature = (source, *, delimited, frames, codestreams, extended))]
    fn new(
        py: Python<'_>,
        source: Py<Source>,
        delimited: bool,
        frames: u64,
        codestreams: bool,
        extended: Option<(Input, Input)>,
    ) -> PyResult<Self> {
        let table = |(offsets, lengths): (Input, Input)| -> Result<_, BindingError> {
            Ok(ExtendedOffsetTable::of_bytes(offsets.as_slice(), lengths.as_slice())?)
        };
        let extended = catch_panic(py, || extended.map(table).transpose())?;
        let value = Value { length: source.get().length(), delimited, frames, codestreams, extended };
        let encapsulated = detached(py, || encapsulation::EncapsulatedPixelData::open(source.get(), value))?;
        Ok(Self { encapsulated, source })
    }

    fn build_frame_index(&self, py: Python<'_>) -> PyResult<FrameIndex> {
        detached_parallel(py, None, |parallelism| self.encapsulated.build_frame_index(self.source.get(), parallelism))
            .map(FrameIndex)
    }

    fn find_frame(&self, py: Python<'_>, index: usize) -> PyResult<Option<FrameIndex>> {
        let find = |parallelism: &Parallelism<'_>| self.encapsulated.find_frame(self.source.get(), index, parallelism);
        let found = detached_parallel(py, None, find)?;
        Ok(found.map(|fragments| FrameIndex(encapsulation::FrameIndex::single(fragments))))
    }
}

#[pyclass(frozen, module = "dicomet._native")]
pub(crate) struct FrameIndex(pub(crate) encapsulation::FrameIndex);

#[pymethods]
impl FrameIndex {
    /// Returns an index of one frame that consists of all `length` bytes.
    #[staticmethod]
    fn single(length: u64) -> Self {
        Self(encapsulation::FrameIndex::single(vec![Fragment { offset: 0, length }]))
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// Returns the bytes of frame `index` in `source`; a view if they are a single fragment in memory.
    fn read<'py>(&self, py: Python<'py>, source: &Source, index: usize) -> PyResult<Bound<'py, PyAny>> {
        let fragments = self.0.frame(index);
        if let ([fragment], Some(_)) = (fragments, source.in_memory()) {
            return source.read(py, fragment.offset, fragment.length);
        }
        let mut bytes = Vec::new();
        let count = detached_parallel(py, None, |parallelism| {
            read_fragments(source, fragments, &mut bytes, &mut CancelCheck::new(parallelism)).map(<[u8]>::len)
        })?;
        crate::bytes(py, &bytes[..count]).map(Bound::into_any)
    }

    /// Returns the checked header of the codestream of frame `index`, which is frame `number` of the image.
    #[pyo3(signature = (source, index, image, *, number, family))]
    fn read_header(
        &self,
        py: Python<'_>,
        source: &Source,
        index: usize,
        image: &Image,
        number: usize,
        family: Named<Family>,
    ) -> PyResult<Codestream> {
        let check = |parallelism: &Parallelism<'_>| {
            let (fragments, mut cancel) = (self.0.frame(index), CancelCheck::new(parallelism));
            let found = core::Codestream::check_fragments(source, fragments, family.0, &image.0, &mut cancel);
            found.map_err(|error| error.in_frame(number))
        };
        detached_parallel(py, None, check).map(Codestream)
    }

    /// Returns the offset and the length of at most `count` fragments of frame `index`, starting at fragment `first`.
    fn fragments(&self, index: usize, first: usize, count: usize) -> Vec<(u64, u64)> {
        let fragments = self.0.frame(index).iter().skip(first).take(count);
        fragments.map(|fragment| (fragment.offset, fragment.length)).collect()
    }

    #[getter]
    fn end(&self) -> u64 {
        self.0.end()
    }

    fn raise_defect(&self, py: Python<'_>) -> PyResult<()> {
        catch_panic(py, || self.0.defect.clone().map_or(Ok(()), Err))
    }

    #[pyo3(signature = (image, first, count, *, codec, number))]
    #[allow(clippy::too_many_arguments)]
    fn check_bounds(
        &self,
        py: Python<'_>,
        image: &Image,
        first: usize,
        count: usize,
        codec: FrameCodec,
        number: usize,
    ) -> PyResult<()> {
        catch_panic(py, || {
            (0..count).try_for_each(|index| {
                let bytes = self.frame_bytes(first.saturating_add(index));
                let checked = codec.0.check_bound(&image.0, bytes);
                checked.map_err(|error| error.in_frame(number.saturating_add(index)))
            })
        })
    }

    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.0.warnings.iter().map(ToString::to_string).collect()
    }
}

impl FrameIndex {
    fn frame_bytes(&self, index: usize) -> u64 {
        self.0.frame(index).iter().fold(0, |sum, fragment| sum.saturating_add(fragment.length))
    }

    /// Decodes frames of this index into `out`, starting at `first`, which is frame `number` of the image.
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn decode(
        &self,
        decoder: &Decoder,
        codec: &Codec,
        source: &Source,
        first: usize,
        number: usize,
        out: &mut [u8],
        parallelism: &Parallelism<'_>,
    ) -> Result<DecodedFrames, BindingError> {
        let fragments_of = |index: usize| self.0.frame(first.saturating_add(index));
        let decoded = decoder.decode_frames(codec, source, fragments_of, number, out, parallelism)?;
        let unsupported = decoded.unsupported.map(|what| what.to_string());
        Ok((decoded.frames, decoded.warnings.iter().map(ToString::to_string).collect(), unsupported))
    }
}

/// The number of decoded frames, the warnings about tolerated defects, and why the next frame needs another decoder.
pub(crate) type DecodedFrames = (usize, Vec<String>, Option<String>);

/// The codec of a call: its name, or the header of the frames' codestreams.
pub(crate) struct FrameCodec(pub(crate) Codec);

impl<'py> FromPyObject<'_, 'py> for FrameCodec {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(header) = object.cast::<Codestream>() {
            return Ok(Self(Codec::Codestream(header.get().0.clone())));
        }
        match object.extract::<&str>()? {
            "uncompressed" => Ok(Self(Codec::Uncompressed)),
            "RLE Lossless" => Ok(Self(Codec::RleLossless)),
            "deflated" => Ok(Self(Codec::Deflated)),
            other => Err(PyValueError::new_err(format!("unknown codec {other}"))),
        }
    }
}

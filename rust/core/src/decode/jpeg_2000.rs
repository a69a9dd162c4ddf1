//! Frames in JPEG 2000 and HTJ2K (PS3.5 A.4.4; ISO/IEC 15444-1, 15444-15).

use super::result_rows::Sinks;
use super::{Decoder, Warnings};
use crate::alloc::{try_with_capacity, zeroed};
use crate::complete::warnings_of_complete;
use crate::error::{Error, ErrorKind, Result, codec_warnings};
use crate::parallel::{Parallelism, workers};
use crate::scratch::{MAX_KEPT_BYTES, with_kept};
use dicomet_codec::StopCheck;
use dicomet_jpeg_2000::{self as jpeg_2000, Component, ComponentPlane, OnTruncation, PlaneSample};
use std::cell::Cell;

thread_local! {
    /// Coefficients and the decoders of code-blocks of the last frame.
    static CONTEXT: Cell<Option<Box<jpeg_2000::Context>>> = const { Cell::new(None) };
}

impl Decoder {
    /// Decodes one frame into `out`, which has the format of the result. Decodes code-blocks on several threads.
    pub(super) fn jpeg_2000_frame(
        &self,
        frame: &[u8],
        out: &mut [u8],
        parallelism: &Parallelism<'_>,
    ) -> Result<Warnings> {
        let warnings = parallelism.with_stop(|stop| self.jpeg_2000_samples(frame, out, parallelism, stop))?;
        match self.output.on_truncation {
            OnTruncation::Error if self.output.reduce == 0 => warnings_of_complete(frame, warnings),
            // The end of the data may belong to resolution levels that are discarded.
            _ => Ok(codec_warnings(warnings)),
        }
    }

    fn jpeg_2000_samples(
        &self,
        frame: &[u8],
        out: &mut [u8],
        parallelism: &Parallelism<'_>,
        stop: StopCheck<'_>,
    ) -> Result<Vec<jpeg_2000::Warning>> {
        let options = jpeg_2000::Options {
            workers: workers(parallelism.workers),
            stop: Some(stop),
            reduce: self.output.reduce,
            on_truncation: self.output.on_truncation,
            ..jpeg_2000::Options::default()
        };
        let decoder = jpeg_2000::Decoder::with_options(frame, options)?;
        let info = decoder.info();
        with_kept(&CONTEXT, |context: &mut jpeg_2000::Context| {
            let decoded = if info.row_bits().is_some() {
                self.check_samples(info.height, info.width, info.components.len(), info.sample_bits())?;
                self.fill_strips(out, &decoder.strips(), |sinks| match sinks {
                    Sinks::Bytes(sinks) => decoder.decode_strips::<u8, _>(context, sinks),
                    Sinks::Words(sinks) => decoder.decode_strips::<u16, _>(context, sinks),
                })
            } else {
                self.jpeg_2000_planes(&decoder, context, out, parallelism)
            };
            context.limit_memory(MAX_KEPT_BYTES);
            decoded
        })
    }

    /// Decodes components of different sizes, or of more than 16 bits.
    fn jpeg_2000_planes(
        &self,
        decoder: &jpeg_2000::Decoder<'_>,
        context: &mut jpeg_2000::Context,
        out: &mut [u8],
        parallelism: &Parallelism<'_>,
    ) -> Result<Vec<jpeg_2000::Warning>> {
        let (components, bits) = (&decoder.info().components, decoder.info().sample_bits());
        let (words, warnings) = if components.iter().all(|component| component.precision <= i32::PRECISION) {
            let (planes, warnings) = decoder.decode_planes::<i32>(context)?;
            (self.interleaved(&planes, components, bits)?, warnings)
        } else {
            let (planes, warnings) = decoder.decode_planes::<i64>(context)?;
            (self.interleaved(&planes, components, bits)?, warnings)
        };
        self.decode_codec_output(&words, out, parallelism)?;
        Ok(warnings)
    }

    /// Returns the samples of a frame as native words. Samples of a component with fewer of them are repeated: ISO/IEC
    /// 15444-1 gives them places on the reference grid (B.2), and no filter.
    fn interleaved<T: Copy + Into<i64>>(
        &self,
        planes: &[ComponentPlane<T>],
        components: &[Component],
        bits: u32,
    ) -> Result<Vec<u8>> {
        let columns = indices(planes.iter().zip(components).map(|(plane, component)| Axis {
            first: plane.x0,
            length: plane.width,
            separation: component.dx,
        }))?;
        let rows = indices(planes.iter().zip(components).map(|(plane, component)| Axis {
            first: plane.y0,
            length: plane.height,
            separation: component.dy,
        }))?;
        let (height, width) = (rows.first().map_or(0, Vec::len), columns.first().map_or(0, Vec::len));
        self.check_samples(height as u32, width as u32, planes.len(), bits)?;
        let (sample_bytes, samples) = (self.layout.width, height.saturating_mul(width).saturating_mul(planes.len()));
        let mut words = zeroed(samples.saturating_mul(sample_bytes))?;
        let pixel_bytes = sample_bytes * planes.len();
        for (row, words) in words.chunks_exact_mut(pixel_bytes * width).enumerate() {
            for (component, plane) in planes.iter().enumerate() {
                let samples = &plane.samples[rows[component][row] * plane.width as usize..];
                let words = words[component * sample_bytes..].chunks_mut(pixel_bytes);
                for (word, column) in words.zip(&columns[component]) {
                    put_word(&mut word[..sample_bytes], samples[*column].into());
                }
            }
        }
        Ok(words)
    }
}

/// The samples of a component in one direction.
struct Axis {
    /// The first one, in the component's grid.
    first: u32,
    length: u32,
    /// Points of the reference grid from one to the next: `XRsiz` or `YRsiz`.
    separation: u8,
}

/// Returns, for each component and each pixel, the index of the sample. Pixels have the separation of the component with
/// the most samples.
fn indices(axes: impl Iterator<Item = Axis>) -> Result<Vec<Vec<usize>>> {
    let axes: Vec<_> = axes.collect();
    let Some(pixels) = axes.iter().min_by_key(|axis| axis.separation) else { return Ok(Vec::new()) };
    let index = |axis: &Axis, pixel: u32| {
        let point = (u64::from(pixels.first) + u64::from(pixel)) * u64::from(pixels.separation);
        let sample = (point / u64::from(axis.separation)).saturating_sub(axis.first.into());
        sample.min(u64::from(axis.length) - 1) as usize
    };
    let indices_of = |axis: &Axis| {
        if axis.length == 0 {
            return Err(Error::pixel_data(ErrorKind::Unsupported("the codestream has a component without samples")));
        }
        let mut found = try_with_capacity(pixels.length as usize)?;
        found.extend((0..pixels.length).map(|pixel| index(axis, pixel)));
        Ok(found)
    };
    axes.iter().map(indices_of).collect()
}

/// Writes the low bytes of `value` as a native word.
fn put_word(word: &mut [u8], value: i64) {
    let bytes = value.to_ne_bytes();
    let count = word.len();
    word.copy_from_slice(if cfg!(target_endian = "big") { &bytes[8 - count..] } else { &bytes[..count] });
}

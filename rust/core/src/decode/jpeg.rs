//! Frames in JPEG (PS3.5 A.4.1; ISO/IEC 10918-1): rows are postprocessed while they are in the cache.

use super::{Decoder, Warnings};
use crate::alloc::grow;
use crate::error::{Error, ErrorKind, Result};
use crate::parallel::{self, CancelCheck, Parallelism};
use crate::scratch::Scratch;
use dicomet_jpeg as jpeg;
use jpeg::{Band, Interleaved, RowSink};
use std::cell::Cell;
use std::sync::Mutex;

/// Limit of the memory for rows and coefficients that a thread keeps for its next frame.
const MAX_KEPT_BYTES: usize = 4 << 20;

thread_local! {
    /// Tables and rows of the last frame: building the tables takes as long as decoding a small frame.
    static CONTEXT: Cell<Option<Box<jpeg::Context>>> = const { Cell::new(None) };
}

impl Decoder {
    /// Decodes one frame into `out`, which has the format of the result. Decodes parts of the frame on several threads
    /// if the codestream has restart markers at the right places.
    pub(super) fn jpeg_frame(&self, frame: &[u8], out: &mut [u8], parallelism: &Parallelism<'_>) -> Result<Warnings> {
        let check = Mutex::new(CancelCheck::new(parallelism));
        // A thread that does not get the lock decodes on: another one is checking.
        let stop = || check.try_lock().is_ok_and(|mut check| check.check().is_err());
        let threads = parallel::threads_for_bytes(parallelism, out.len());
        let options = jpeg::Options { workers: threads, stop: Some(&stop), ..jpeg::Options::default() };
        let decoder = jpeg::Decoder::with_options(frame, options).map_err(jpeg_error)?;
        self.check_info(decoder.info())?;
        if threads > 1 {
            let split = decoder.split(threads).map_err(jpeg_error)?;
            if split.ranges().len() > 1 {
                return self.jpeg_parts(&split, out, parallelism);
            }
        }
        let warnings = self.jpeg_rows(out, |context, sink| match sink {
            Sink::Bytes(sink) => decoder.decode::<u8>(context, sink),
            Sink::Words(sink) => decoder.decode::<u16>(context, sink),
        })?;
        Ok(jpeg_warnings(warnings))
    }

    /// Checks that the samples fit the result. `Codestream::check` has compared the first frame header.
    fn check_info(&self, info: &jpeg::FrameInfo) -> Result<()> {
        let pairs = [
            ("Rows", info.height as usize, self.image.rows()),
            ("Columns", info.width as usize, self.image.columns()),
            ("components", info.components.len(), self.image.samples_per_pixel()),
            ("sample bytes", info.sample_bits() as usize / 8, self.layout.width),
        ];
        for (what, found, expected) in pairs {
            if found != expected {
                let kind = ErrorKind::Codestream { what, found: found as u64, expected: expected as u64 };
                return Err(Error::pixel_data(kind));
            }
        }
        Ok(())
    }

    fn jpeg_parts(
        &self,
        split: &jpeg::Split<'_, '_>,
        out: &mut [u8],
        parallelism: &Parallelism<'_>,
    ) -> Result<Warnings> {
        let (bytes, row_bytes) = (out.len(), out.len() / self.image.rows().max(1));
        let (mut rest, mut parts) = (out, Vec::new());
        for (part, rows) in split.ranges().iter().enumerate() {
            let (rows_of_part, following) = rest.split_at_mut(row_bytes * rows.len());
            parts.push((part, rows_of_part));
            rest = following;
        }
        let work = |_: &mut Scratch, (part, out): (usize, &mut [u8])| {
            self.jpeg_rows(out, |context, sink| match sink {
                Sink::Bytes(sink) => split.decode::<u8>(part, context, sink),
                Sink::Words(sink) => split.decode::<u16>(part, context, sink),
            })
        };
        let warnings = parallel::map(parallelism, parts.into_iter(), bytes, Scratch::of_this_thread, work)?;
        Ok(jpeg_warnings(warnings.into_iter().flatten().collect()))
    }

    /// Calls `decode` with a sink that fills `out` with rows of the result.
    fn jpeg_rows(
        &self,
        out: &mut [u8],
        decode: impl FnOnce(&mut jpeg::Context, Sink<'_, '_>) -> jpeg::Result<Vec<jpeg::Warning>>,
    ) -> Result<Vec<jpeg::Warning>> {
        let mut context = CONTEXT.try_with(Cell::take).ok().flatten().unwrap_or_default();
        let mut scratch = Scratch::of_this_thread();
        let mut rows = ResultRows { decoder: self, out, scratch: &mut scratch, failed: None };
        let sink = if self.layout.width == 1 { Sink::Bytes(&mut rows) } else { Sink::Words(&mut rows) };
        let decoded = decode(&mut context, sink);
        let (missing, failed) = (rows.out.len() as u64, rows.failed.take());
        context.limit_memory(MAX_KEPT_BYTES);
        // A thread that is exiting keeps nothing.
        let _ = CONTEXT.try_with(|kept| kept.set(Some(context)));
        let warnings = decoded.map_err(jpeg_error)?;
        failed.map_or(Ok(()), Err)?;
        if missing > 0 {
            return Err(Error::pixel_data(ErrorKind::Length { found: 0, expected: missing }));
        }
        Ok(warnings)
    }
}

/// The sink, by the size of a sample.
enum Sink<'r, 'a> {
    Bytes(&'r mut ResultRows<'a>),
    Words(&'r mut ResultRows<'a>),
}

/// Receives the rows of a frame, or of a part of it, in order.
struct ResultRows<'a> {
    decoder: &'a Decoder,
    /// The rows of the result that are still to come.
    out: &'a mut [u8],
    scratch: &'a mut Scratch,
    failed: Option<Error>,
}

impl RowSink<u8> for ResultRows<'_> {
    fn rows(&mut self, band: &Band<'_, u8>) {
        self.put(band, |band, out| Interleaved::new(out, row_samples(band), band.first_row()).rows(band));
    }
}

impl RowSink<u16> for ResultRows<'_> {
    fn rows(&mut self, band: &Band<'_, u16>) {
        self.put(band, |band, out| {
            Interleaved::new(out.as_chunks_mut::<2>().0, row_samples(band), band.first_row()).rows(band);
        });
    }
}

impl ResultRows<'_> {
    /// Puts the samples of `band` into the result. `interleave` writes them as native words.
    fn put<S: jpeg::Sample>(&mut self, band: &Band<'_, S>, interleave: impl Fn(&Band<'_, S>, &mut [u8])) {
        if self.failed.is_none() {
            self.failed = self.try_put(band, interleave).err();
        }
    }

    fn try_put<S: jpeg::Sample>(
        &mut self,
        band: &Band<'_, S>,
        interleave: impl Fn(&Band<'_, S>, &mut [u8]),
    ) -> Result<()> {
        let decoder = self.decoder;
        let samples = band.rows().saturating_mul(row_samples(band));
        let size =
            |sample_bytes| samples.checked_mul(sample_bytes).ok_or_else(|| Error::pixel_data(ErrorKind::TooLarge));
        let (width, sample_bytes) = (decoder.layout.width, decoder.image.sample_bytes());
        let (found, expected) = (self.out.len() as u64, size(decoder.result_sample_bytes())?);
        let Some((out, rest)) = std::mem::take(&mut self.out).split_at_mut_checked(expected) else {
            return Err(Error::pixel_data(ErrorKind::Length { found, expected: expected as u64 }));
        };
        self.out = rest;
        let [words, processed, _] = &mut self.scratch.unpacked;
        let words = if width == sample_bytes { &mut [][..] } else { part_of(words, size(width)?)? };
        let mut fill = |target: &mut [u8]| {
            if width == sample_bytes {
                interleave(band, target);
            } else {
                interleave(band, words);
                decoder.widen(words, target);
            }
            decoder.postprocess(target);
        };
        match &decoder.transform {
            None => fill(out),
            Some(transform) => {
                let processed = part_of(processed, size(sample_bytes)?)?;
                fill(processed);
                transform.apply(processed, out);
            }
        }
        Ok(())
    }
}

/// The first `bytes` bytes of `buffer`, which grows if it is shorter.
fn part_of(buffer: &mut Vec<u8>, bytes: usize) -> Result<&mut [u8]> {
    grow(buffer, bytes)?;
    Ok(&mut buffer[..bytes])
}

fn row_samples<S: jpeg::Sample>(band: &Band<'_, S>) -> usize {
    band.width() * band.components()
}

fn jpeg_error(error: jpeg::Error) -> Error {
    let kind = match error.kind {
        jpeg::ErrorKind::Interrupted => return ErrorKind::Interrupted.into(),
        jpeg::ErrorKind::Memory { found, .. } => return ErrorKind::Memory { bytes: found }.into(),
        kind => kind,
    };
    let marker = error.marker.map_or(String::new(), |marker| format!("{marker}, "));
    let scan = error.scan.map_or(String::new(), |scan| format!("scan {scan}: "));
    let place = format!("{marker}{scan}");
    Error::pixel_data(ErrorKind::Jpeg { place, kind: Box::new(kind) }).at(error.offset)
}

/// Returns the warnings in the order of their offsets, one of each kind: they do not depend on the number of parts.
fn jpeg_warnings(mut warnings: Vec<jpeg::Warning>) -> Warnings {
    warnings.sort_by_key(warning_offset);
    let first =
        |(place, warning): (usize, &jpeg::Warning)| !warnings[..place].iter().any(|earlier| earlier.is_like(warning));
    let distinct = warnings.iter().enumerate().filter(|numbered| first(*numbered));
    distinct.filter_map(|(_, warning)| jpeg_warning(*warning)).collect()
}

/// The offset of a deviation; the greatest one where it is missing data.
fn warning_offset(warning: &jpeg::Warning) -> u64 {
    match *warning {
        jpeg::Warning::ExceedsPrecision { .. } => 0,
        jpeg::Warning::TrailingBytes { offset, .. }
        | jpeg::Warning::ExcessData { offset, .. }
        | jpeg::Warning::RestartAfterScan { offset, .. } => offset,
        _ => u64::MAX,
    }
}

/// Returns the warning as an error of the core; None for padding, which PS3.5 A.4 and 8.2.1 allow.
fn jpeg_warning(warning: jpeg::Warning) -> Option<Error> {
    let kind = match warning {
        jpeg::Warning::MissingEoi => ErrorKind::NoEndMarker,
        jpeg::Warning::TrailingBytes { padding: true, .. } | jpeg::Warning::ExcessData { padding: true, .. } => {
            return None;
        }
        jpeg::Warning::TrailingBytes { count, .. } => ErrorKind::TrailingBytes { bytes: count },
        other => ErrorKind::JpegDeviation(other),
    };
    Some(Error::pixel_data(kind))
}

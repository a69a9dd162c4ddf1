//! Frames in JPEG (PS3.5 A.4.1; ISO/IEC 10918-1): rows are postprocessed while they are in the cache.

use super::{Decoder, Warnings};
use crate::alloc::grow;
use crate::bits;
use crate::error::{Error, ErrorKind, Result};
use crate::image::SampleKind;
use crate::parallel::{self, CancelCheck, Parallelism};
use crate::scratch::Scratch;
use dicomet_jpeg as jpeg;
use jpeg::{Band, Interleaved, RowSink};
use std::cell::Cell;
use std::sync::Mutex;

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
        self.jpeg_rows(out, 0, |context, sink| match sink {
            Sink::Bytes(sink) => decoder.decode::<u8>(context, sink),
            Sink::Words(sink) => decoder.decode::<u16>(context, sink),
        })
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
            parts.push((part, rows.start as usize, rows_of_part));
            rest = following;
        }
        let work = |_: &mut Scratch, (part, first_row, out): (usize, usize, &mut [u8])| {
            self.jpeg_rows(out, first_row, |context, sink| match sink {
                Sink::Bytes(sink) => split.decode::<u8>(part, context, sink),
                Sink::Words(sink) => split.decode::<u16>(part, context, sink),
            })
        };
        let warnings = parallel::map(parallelism, parts.into_iter(), bytes, Scratch::of_this_thread, work)?;
        Ok(warnings.into_iter().flatten().collect())
    }

    /// Calls `decode` with a sink that writes rows into `out`, which begins with row `first_row` of the result.
    fn jpeg_rows(
        &self,
        out: &mut [u8],
        first_row: usize,
        decode: impl FnOnce(&mut jpeg::Context, Sink<'_, '_>) -> jpeg::Result<Vec<jpeg::Warning>>,
    ) -> Result<Warnings> {
        let mut context = CONTEXT.try_with(Cell::take).ok().flatten().unwrap_or_default();
        let mut scratch = Scratch::of_this_thread();
        let mut rows = ResultRows { decoder: self, out, first_row, scratch: &mut scratch, failed: None };
        let sink = if self.layout.width == 1 { Sink::Bytes(&mut rows) } else { Sink::Words(&mut rows) };
        let decoded = decode(&mut context, sink);
        let failed = rows.failed.take();
        // A thread that is exiting keeps nothing.
        let _ = CONTEXT.try_with(|kept| kept.set(Some(context)));
        let warnings = decoded.map_err(jpeg_error)?;
        failed.map_or(Ok(()), Err)?;
        Ok(warnings.into_iter().filter_map(jpeg_warning).collect())
    }
}

/// The sink, by the size of a sample.
enum Sink<'r, 'a> {
    Bytes(&'r mut ResultRows<'a>),
    Words(&'r mut ResultRows<'a>),
}

/// Rows of the result.
struct ResultRows<'a> {
    decoder: &'a Decoder,
    out: &'a mut [u8],
    first_row: usize,
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
        let samples = band.rows() * row_samples(band);
        let result_bytes = decoder.result_sample_bytes();
        let start = band.first_row().saturating_sub(self.first_row) * row_samples(band) * result_bytes;
        let Some(out) = self.out.get_mut(start..start + samples * result_bytes) else { return Ok(()) };
        let (width, sample_bytes) = (decoder.layout.width, decoder.image.sample_bytes());
        let [words, processed, _] = &mut self.scratch.unpacked;
        let target = if decoder.transform.is_some() {
            grow(processed, samples * sample_bytes)?;
            &mut processed[..samples * sample_bytes]
        } else {
            &mut *out
        };
        if width == sample_bytes {
            interleave(band, target);
        } else {
            grow(words, samples * width)?;
            interleave(band, &mut words[..samples * width]);
            bits::widen(
                &words[..samples * width],
                width,
                target,
                sample_bytes,
                decoder.layout.kind == SampleKind::Signed,
            );
        }
        decoder.postprocess(target);
        if let Some(transform) = &decoder.transform {
            transform.apply(&processed[..samples * sample_bytes], out);
        }
        Ok(())
    }
}

fn row_samples<S: jpeg::Sample>(band: &Band<'_, S>) -> usize {
    band.width() * band.components()
}

fn jpeg_error(error: jpeg::Error) -> Error {
    let kind = match error.kind {
        jpeg::ErrorKind::Interrupted => return Error::pixel_data(ErrorKind::Interrupted),
        jpeg::ErrorKind::Memory { found, .. } => return Error::pixel_data(ErrorKind::Memory { bytes: found }),
        kind => kind,
    };
    let marker = error.marker.map_or(String::new(), |marker| format!("{marker}, "));
    let scan = error.scan.map_or(String::new(), |scan| format!("scan {scan}: "));
    let place = format!("{marker}{scan}");
    Error::pixel_data(ErrorKind::Jpeg { place, kind: Box::new(kind) }).at(error.offset)
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

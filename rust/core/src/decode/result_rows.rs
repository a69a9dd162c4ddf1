//! Rows of a codestream's samples on their way into the result: postprocessed while they are in the cache.

use super::Decoder;
use crate::alloc::grow;
use crate::error::{Error, ErrorKind, Result};
use crate::scratch::Scratch;
use dicomet_codec::{Band, Interleaved, RowSink, Sample, split_rows};
use std::ops::Range;

/// The sink for a codec's rows, by the size of its samples.
pub(super) enum Sink<'r, 'a> {
    Bytes(&'r mut ResultRows<'a>),
    Words(&'r mut ResultRows<'a>),
}

/// The sinks for the rows of strips, by the size of the codec's samples.
pub(super) enum Sinks<'r, 'a> {
    Bytes(&'r mut [ResultRows<'a>]),
    Words(&'r mut [ResultRows<'a>]),
}

/// Receives the rows of a frame, or of a part of it, in order.
pub(super) struct ResultRows<'a> {
    decoder: &'a Decoder,
    /// The rows of the result that are still to come.
    out: &'a mut [u8],
    failed: Option<Error>,
}

impl Decoder {
    /// Calls `decode` with a sink that fills `out` with rows of the result. Returns an error if rows are missing.
    pub(super) fn fill_rows<W, E: Into<Error>>(
        &self,
        out: &mut [u8],
        decode: impl FnOnce(Sink<'_, '_>) -> std::result::Result<W, E>,
    ) -> Result<W> {
        let mut rows = ResultRows::new(self, out);
        let sink = if self.layout.width == 1 { Sink::Bytes(&mut rows) } else { Sink::Words(&mut rows) };
        let decoded = decode(sink).map_err(Into::into)?;
        rows.finish()?;
        Ok(decoded)
    }

    /// Calls `decode` with a sink for each of `strips`, which together fill `out` with the rows of a frame. Returns an error if
    /// rows are missing.
    pub(super) fn fill_strips<W, E: Into<Error>>(
        &self,
        out: &mut [u8],
        strips: &[Range<u32>],
        decode: impl FnOnce(Sinks<'_, '_>) -> std::result::Result<W, E>,
    ) -> Result<W> {
        let row_bytes = out.len() / self.image.rows().max(1);
        let (parts, rest) = split_rows(out, row_bytes, strips.iter().map(ExactSizeIterator::len));
        let mut sinks: Vec<_> = parts.into_iter().map(|out| ResultRows::new(self, out)).collect();
        let decoded = decode(if self.layout.width == 1 { Sinks::Bytes(&mut sinks) } else { Sinks::Words(&mut sinks) });
        let decoded = decoded.map_err(Into::into)?;
        sinks.push(ResultRows::new(self, rest));
        sinks.into_iter().try_for_each(ResultRows::finish)?;
        Ok(decoded)
    }

    /// Checks that the samples of a codestream fit the result. `Codestream::check` has compared its first header.
    pub(super) fn check_samples(&self, rows: u32, columns: u32, components: usize, bits: u32) -> Result<()> {
        let pairs = [
            ("Rows", rows as usize, self.image.rows()),
            ("Columns", columns as usize, self.image.columns()),
            ("components", components, self.image.samples_per_pixel()),
            ("sample bytes", bits as usize / 8, self.layout.width),
        ];
        for (what, found, expected) in pairs {
            if found != expected {
                let kind = ErrorKind::Codestream { what, found: found as u64, expected: expected as u64 };
                return Err(Error::pixel_data(kind));
            }
        }
        Ok(())
    }
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

impl<'a> ResultRows<'a> {
    fn new(decoder: &'a Decoder, out: &'a mut [u8]) -> Self {
        Self { decoder, out, failed: None }
    }

    /// Returns an error if rows are missing.
    fn finish(self) -> Result<()> {
        match (self.failed, self.out.len()) {
            (Some(error), _) => Err(error),
            (None, 0) => Ok(()),
            (None, missing) => Err(Error::pixel_data(ErrorKind::Length { found: 0, expected: missing as u64 })),
        }
    }

    /// Puts the samples of `band` into the result. `interleave` writes them as native words.
    fn put<S: Sample>(&mut self, band: &Band<'_, S>, interleave: impl Fn(&Band<'_, S>, &mut [u8])) {
        if self.failed.is_none() {
            self.failed = self.try_put(band, interleave).err();
        }
    }

    fn try_put<S: Sample>(&mut self, band: &Band<'_, S>, interleave: impl Fn(&Band<'_, S>, &mut [u8])) -> Result<()> {
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
        let mut scratch = Scratch::of_this_thread();
        let [words, processed, _] = &mut scratch.unpacked;
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

fn row_samples<S: Sample>(band: &Band<'_, S>) -> usize {
    band.width() * band.components()
}

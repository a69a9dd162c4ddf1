//! Frames in JPEG (PS3.5 A.4.1; ISO/IEC 10918-1).

use super::result_rows::Sink;
use super::{Decoder, Warnings};
use crate::complete::warnings_of_complete;
use crate::error::Result;
use crate::parallel::{self, Parallelism};
use crate::scratch::{MAX_KEPT_BYTES, Scratch, with_kept};
use dicomet_codec::{StopCheck, split_rows};
use dicomet_jpeg as jpeg;
use std::cell::Cell;

thread_local! {
    /// Tables and rows of the last frame: building the tables takes as long as decoding a small frame.
    static CONTEXT: Cell<Option<Box<jpeg::Context>>> = const { Cell::new(None) };
}

impl Decoder {
    /// Decodes one frame into `out`, which has the format of the result. Decodes parts of the frame on several threads
    /// if the codestream has restart markers at the right places.
    pub(super) fn jpeg_frame(&self, frame: &[u8], out: &mut [u8], parallelism: &Parallelism<'_>) -> Result<Warnings> {
        let warnings = parallelism.with_stop(|stop| self.jpeg_samples(frame, out, parallelism, stop))?;
        warnings_of_complete(frame, warnings)
    }

    fn jpeg_samples(
        &self,
        frame: &[u8],
        out: &mut [u8],
        parallelism: &Parallelism<'_>,
        stop: StopCheck<'_>,
    ) -> Result<Vec<jpeg::Warning>> {
        let threads = parallel::threads_for_bytes(parallelism, out.len());
        let options = jpeg::Options { workers: threads, stop: Some(stop), ..jpeg::Options::default() };
        let decoder = jpeg::Decoder::with_options(frame, options)?;
        let info = decoder.info();
        self.check_samples(info.height, info.width, info.components.len(), info.sample_bits())?;
        if threads > 1 {
            let split = decoder.split(threads)?;
            if split.ranges().len() > 1 {
                return self.jpeg_parts(&split, out, parallelism);
            }
        }
        self.jpeg_rows(out, |context, sink| match sink {
            Sink::Bytes(sink) => decoder.decode::<u8>(context, sink),
            Sink::Words(sink) => decoder.decode::<u16>(context, sink),
        })
    }

    fn jpeg_parts(
        &self,
        split: &jpeg::Split<'_, '_>,
        out: &mut [u8],
        parallelism: &Parallelism<'_>,
    ) -> Result<Vec<jpeg::Warning>> {
        let (bytes, row_bytes) = (out.len(), out.len() / self.image.rows().max(1));
        let (parts, _) = split_rows(out, row_bytes, split.ranges().iter().map(ExactSizeIterator::len));
        let work = |_: &mut Scratch, (part, out): (usize, &mut [u8])| {
            self.jpeg_rows(out, |context, sink| match sink {
                Sink::Bytes(sink) => split.decode::<u8>(part, context, sink),
                Sink::Words(sink) => split.decode::<u16>(part, context, sink),
            })
        };
        let warnings = parallel::map(parallelism, parts.into_iter().enumerate(), bytes, Scratch::of_this_thread, work)?;
        Ok(warnings.into_iter().flatten().collect())
    }

    /// Calls `decode` with a sink that fills `out` with rows of the result.
    fn jpeg_rows(
        &self,
        out: &mut [u8],
        decode: impl FnOnce(&mut jpeg::Context, Sink<'_, '_>) -> jpeg::Result<Vec<jpeg::Warning>>,
    ) -> Result<Vec<jpeg::Warning>> {
        with_kept(&CONTEXT, |context| {
            let decoded = self.fill_rows(out, |sink| decode(context, sink));
            context.limit_memory(MAX_KEPT_BYTES);
            decoded
        })
    }
}

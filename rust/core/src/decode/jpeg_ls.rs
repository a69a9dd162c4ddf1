//! Frames in JPEG-LS (PS3.5 A.4.3; ISO/IEC 14495-1).

use super::result_rows::Sink;
use super::{Decoder, Warnings};
use crate::complete::warnings_of_complete;
use crate::error::{Deviation, EndDeviation, Error, ErrorKind, Result};
use crate::parallel::Parallelism;
use crate::scratch::{MAX_KEPT_BYTES, with_kept};
use dicomet_codec::StopCheck;
use dicomet_jpeg_ls as jpeg_ls;
use std::cell::Cell;

thread_local! {
    /// Tables and rows of the last frame: building the tables takes as long as decoding a small frame.
    static CONTEXT: Cell<Option<Box<jpeg_ls::Context>>> = const { Cell::new(None) };
}

impl Decoder {
    /// Decodes one frame into `out`, which has the format of the result. Codes depend on all samples before them, so that
    /// one thread decodes the frame.
    pub(super) fn jpeg_ls_frame(
        &self,
        frame: &[u8],
        out: &mut [u8],
        parallelism: &Parallelism<'_>,
    ) -> Result<Warnings> {
        let warnings = parallelism.with_stop(|stop| self.jpeg_ls_samples(frame, out, stop))?;
        let excess = |warning: &&jpeg_ls::Warning| matches!(warning.end(), Some(EndDeviation::Excess { .. }));
        if let Some(excess) = warnings.iter().find(excess).filter(|_| self.output.strict) {
            return Err(Error::pixel_data(ErrorKind::Deviation((*excess).into())));
        }
        warnings_of_complete(frame, warnings)
    }

    fn jpeg_ls_samples(&self, frame: &[u8], out: &mut [u8], stop: StopCheck<'_>) -> Result<Vec<jpeg_ls::Warning>> {
        let options = jpeg_ls::Options { stop: Some(stop), ..jpeg_ls::Options::default() };
        let decoder = jpeg_ls::Decoder::with_options(frame, options)?;
        let info = decoder.info();
        self.check_samples(info.height, info.width, info.components.len(), info.sample_bits())?;
        with_kept(&CONTEXT, |context: &mut jpeg_ls::Context| {
            let decoded = self.fill_rows(out, |sink| match sink {
                Sink::Bytes(sink) => decoder.decode::<u8>(context, sink),
                Sink::Words(sink) => decoder.decode::<u16>(context, sink),
            });
            context.limit_memory(MAX_KEPT_BYTES);
            decoded
        })
    }
}

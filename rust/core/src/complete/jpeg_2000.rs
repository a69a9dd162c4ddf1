//! ISO/IEC 15444-1: decodes the codestream and discards the samples.

use super::CompleteCodestream;
use crate::error::{Error, Result};
use crate::parallel::{Parallelism, workers};
use dicomet_jpeg_2000::{Band, Context, Decoder, Options, Warning};

/// Decodes all tiles.
pub(super) fn check(frame: &[u8], parallelism: &Parallelism<'_>) -> Result<CompleteCodestream> {
    CompleteCodestream::decoded(frame, decode(frame, parallelism)?)
}

fn decode(frame: &[u8], parallelism: &Parallelism<'_>) -> Result<Vec<Warning>> {
    let workers = workers(parallelism.workers);
    let warnings = parallelism.with_stop(|stop| {
        let decoder = Decoder::with_options(frame, Options { workers, stop: Some(stop), ..Options::default() })?;
        let context = &mut Context::new();
        match decoder.info().row_bits() {
            Some(8) => decoder.decode::<u8>(context, &mut |_: &Band<'_, u8>| {}),
            Some(_) => decoder.decode::<u16>(context, &mut |_: &Band<'_, u16>| {}),
            None => decoder.decode_planes::<i64>(context).map(|(_, warnings)| warnings),
        }
    });
    warnings.map_err(Error::from)
}

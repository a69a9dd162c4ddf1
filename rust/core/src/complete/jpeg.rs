//! ISO/IEC 10918-1: decodes the codestream and discards the samples.

use super::markers::{EOI, Markers, RST0, RST7, SOS, end_of_data};
use super::{CompleteCodestream, defect_at};
use crate::error::{Error, ErrorKind, Result};
use crate::parallel::Parallelism;
use dicomet_jpeg::{Band, Context, Decoder, Options, Warning};

/// Decodes all scans. Of a process that is not decoded, only the end marker is checked.
pub(super) fn check(frame: &[u8], parallelism: &Parallelism<'_>) -> Result<CompleteCodestream> {
    match decode(frame, parallelism) {
        Ok(warnings) => CompleteCodestream::decoded(frame, warnings),
        Err(error) => {
            let what = error.unsupported().ok_or(error)?;
            let mut whole = find_end(frame)?;
            whole.warnings.push(ErrorKind::Unchecked(what));
            Ok(whole)
        }
    }
}

fn decode(frame: &[u8], parallelism: &Parallelism<'_>) -> Result<Vec<Warning>> {
    let warnings = parallelism.with_stop(|stop| {
        let decoder = Decoder::with_options(frame, Options { stop: Some(stop), ..Options::default() })?;
        if decoder.info().sample_bits() == 8 {
            decoder.decode::<u8>(&mut Context::new(), &mut |_: &Band<'_, u8>| {})
        } else {
            decoder.decode::<u16>(&mut Context::new(), &mut |_: &Band<'_, u16>| {})
        }
    });
    warnings.map_err(Error::from)
}

/// Finds the end marker of a codestream whose scans are not decoded.
fn find_end(frame: &[u8]) -> Result<CompleteCodestream> {
    let mut markers = Markers::new(frame, 2);
    while let Some(segment) = markers.next()? {
        match segment.marker {
            EOI => return Ok(CompleteCodestream::at(frame, segment.start)),
            SOS | RST0..=RST7 => markers.at = end_of_data(frame, markers.at, |byte| byte == 0),
            _ => {}
        }
    }
    Err(defect_at("the end of the data, before the end marker", frame.len()))
}

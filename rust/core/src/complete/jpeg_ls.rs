//! ISO/IEC 14495-1: decodes the codestream and discards the samples.

use super::markers::{EOI, Markers, RST0, RST7, SOF55, SOS, end_of_data};
use super::{CompleteCodestream, defect_at};
use crate::error::{Error, ErrorKind, Result};
use crate::parallel::Parallelism;
use dicomet_jpeg_ls::{Band, Context, Decoder, Options, Warning};

/// Decodes all scans. If a property is not decoded, only checks that all components have a scan.
pub(super) fn check(frame: &[u8], parallelism: &Parallelism<'_>) -> Result<CompleteCodestream> {
    match decode(frame, parallelism) {
        Ok(warnings) => CompleteCodestream::decoded(frame, warnings),
        Err(error) => {
            let what = error.unsupported().ok_or(error)?;
            let mut whole = check_scans(frame)?;
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

/// Checks that all components have a scan.
fn check_scans(frame: &[u8]) -> Result<CompleteCodestream> {
    let mut markers = Markers::new(frame, 2);
    let (mut expected, mut found, mut data_end) = (None, 0, frame.len());
    let mut end = None;
    while let Some(segment) = markers.next()? {
        match segment.marker {
            EOI => {
                end = Some(segment.start);
                break;
            }
            SOF55 if expected.is_some() => return Err(defect_at("a second frame header", segment.start)),
            SOF55 => expected = segment.content.get(5).copied().map(u64::from),
            SOS => {
                let components = segment.content.first().copied().map_or(0, u64::from);
                found += components;
                let from = markers.at;
                markers.at = end_of_scan(frame, from);
                data_end = markers.at;
                if markers.at == from {
                    return Err(defect_at("an empty scan", from));
                }
            }
            _ => {}
        }
    }
    let expected = expected.unwrap_or(0);
    if found != expected {
        return Err(Error::pixel_data(ErrorKind::Components { found, expected }));
    }
    Ok(CompleteCodestream::at(frame, end.unwrap_or(data_end)))
}

/// Returns the end of the scan: the next marker other than RST. In the data, FF is followed by a byte below 80 (14495-1
/// A.1).
fn end_of_scan(frame: &[u8], from: usize) -> usize {
    let mut at = from;
    loop {
        at = end_of_data(frame, at, |byte| byte < 0x80);
        match frame.get(at + 1) {
            Some(RST0..=RST7) => at += 2,
            _ => return at,
        }
    }
}

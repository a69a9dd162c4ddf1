//! ISO/IEC 10918-1: decodes the codestream and discards the samples.

use super::markers::{EOI, Markers, RST0, RST7, SOS, end_of_data};
use super::{CompleteCodestream, defect_at};
use crate::error::{Error, ErrorKind, Result, jpeg_warnings};
use crate::parallel::{CancelCheck, Parallelism};
use dicomet_jpeg::{Band, Context, Decoder, Options, Warning};
use std::sync::Mutex;

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
    let check = Mutex::new(CancelCheck::new(parallelism));
    let stop = || check.try_lock().is_ok_and(|mut check| check.check().is_err());
    let decoder = Decoder::with_options(frame, Options { stop: Some(&stop), ..Options::default() })?;
    let mut context = Context::new();
    let warnings = if decoder.info().sample_bits() == 8 {
        decoder.decode::<u8>(&mut context, &mut |_: &Band<'_, u8>| {})
    } else {
        decoder.decode::<u16>(&mut context, &mut |_: &Band<'_, u16>| {})
    };
    warnings.map_err(Error::from)
}

impl CompleteCodestream {
    fn decoded(frame: &[u8], warnings: Vec<Warning>) -> Result<Self> {
        let ended = !warnings.contains(&Warning::MissingEoi);
        let after_end = warnings.iter().find_map(|warning| match *warning {
            Warning::TrailingBytes { offset, .. } => usize::try_from(offset).ok(),
            _ => None,
        });
        let end = if ended {
            after_end.unwrap_or(frame.len()).saturating_sub(super::END.len())
        } else {
            end_without_marker(frame, &warnings)?
        };
        let warnings = jpeg_warnings(warnings).into_iter().map(|warning| warning.kind).collect();
        Ok(Self { end, ended, warnings })
    }
}

/// Returns the end of the data of a codestream without EOI: before fill bytes, and before zeros that are padding. Zeros
/// that the decoder has read as data may be padding as well, in place of bytes that are lost: they are refused.
pub(crate) fn end_without_marker(frame: &[u8], warnings: &[Warning]) -> Result<usize> {
    let fill = frame.iter().rev().take_while(|byte| **byte == 0xFF).count();
    let end = frame.len() - fill;
    let excess = warnings.iter().find_map(|warning| match *warning {
        Warning::ExcessData { offset, count, padding: true, .. } if offset == end as u64 => usize::try_from(count).ok(),
        _ => None,
    });
    let data = &frame[..end];
    let zeros = data.iter().rev().take_while(|byte| **byte == 0).count();
    // A zero after FF belongs to it (10918-1 B.1.1.5).
    let stuffed = usize::from(zeros > 0 && data[..end - zeros].ends_with(&[0xFF]));
    let padding = excess.unwrap_or(0);
    if zeros > padding + stuffed {
        return Err(defect_at("no end marker, and a last byte that may be padding", end));
    }
    Ok(end - padding.min(zeros - stuffed))
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

//! A codestream whose samples have been decoded: where its data ends, and what is after it.

use super::{CompleteCodestream, END, defect_at};
use crate::decode::Warnings;
use crate::error::{Deviation, EndDeviation, Error, Result, codec_warnings};

impl CompleteCodestream {
    /// Returns the end of `frame`, which has been decoded with these deviations.
    pub(super) fn decoded<D: Deviation>(frame: &[u8], found: Vec<D>) -> Result<Self> {
        let ended = !is_without_marker(&found);
        let after_end = found.iter().find_map(|deviation| match deviation.end() {
            Some(EndDeviation::Trailing { offset, .. }) => usize::try_from(offset).ok(),
            _ => None,
        });
        let end = if ended {
            after_end.unwrap_or(frame.len()).saturating_sub(END.len())
        } else {
            end_without_marker(frame, &found)?
        };
        let warnings = codec_warnings(found).into_iter().map(|warning| warning.kind).collect();
        Ok(Self { end, ended, warnings })
    }
}

/// Returns the warnings about `frame`, which has been decoded with these deviations; an error if its last bytes may be
/// padding in place of data.
pub(crate) fn warnings_of_complete<D: Deviation>(frame: &[u8], found: Vec<D>) -> Result<Warnings> {
    if is_without_marker(&found) {
        end_without_marker(frame, &found)?;
    }
    Ok(codec_warnings(found))
}

fn is_without_marker<D: Deviation>(found: &[D]) -> bool {
    found.iter().any(|deviation| matches!(deviation.end(), Some(EndDeviation::MissingMarker { .. })))
}

/// Returns the end of the data of a codestream without end marker: before fill bytes, and before zeros that are padding.
/// Zeros that the decoder has read as data may be padding as well, in place of bytes that are lost: they are refused.
fn end_without_marker<D: Deviation>(frame: &[u8], found: &[D]) -> Result<usize> {
    let expected_at = found.iter().find_map(|deviation| match deviation.end() {
        Some(EndDeviation::MissingMarker { expected_at }) => expected_at,
        _ => None,
    });
    if let Some(end) = expected_at {
        let end = usize::try_from(end).unwrap_or(frame.len()).min(frame.len());
        // No packet of JPEG 2000 ends with FF (15444-1 B.10.1, D.4.1).
        let may_be_padding = matches!(frame[..end].last(), Some(0x00 | 0xFF));
        return if may_be_padding { Err(maybe_padding(end)) } else { Ok(end) };
    }
    let fill = frame.iter().rev().take_while(|byte| **byte == 0xFF).count();
    let end = frame.len() - fill;
    let excess = found.iter().find_map(|deviation| match deviation.end() {
        Some(EndDeviation::Excess { offset, count, padding: true }) if offset == end as u64 => {
            usize::try_from(count).ok()
        }
        _ => None,
    });
    let data = &frame[..end];
    let zeros = data.iter().rev().take_while(|byte| **byte == 0).count();
    // A zero after FF belongs to it (10918-1 B.1.1.5).
    let stuffed = usize::from(zeros > 0 && data[..end - zeros].ends_with(&[0xFF]));
    let padding = excess.unwrap_or(0);
    if zeros > padding + stuffed {
        return Err(maybe_padding(end));
    }
    Ok(end - padding.min(zeros - stuffed))
}

fn maybe_padding(end: usize) -> Error {
    defect_at("no end marker, and a last byte that may be padding", end)
}

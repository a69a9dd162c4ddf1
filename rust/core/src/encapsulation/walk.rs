//! Walks over the items of encapsulated pixel data, from one item header to the next.

use super::EncapsulatedPixelData;
use crate::alloc::try_push;
use crate::error::{Error, ErrorKind};
use crate::item::{Fragment, ItemReader, fragment_of};
use crate::parallel::{CancelCheck, Parallelism};
use crate::source::{ReadResult, Source};

/// The items of a value, up to its end or its first defect.
#[derive(Default)]
pub(super) struct Walk {
    pub(super) fragments: Vec<Fragment>,
    /// Number of additional fragments without content.
    pub(super) empty: u64,
    /// Where the last item ends.
    pub(super) items_end: u64,
    pub(super) warnings: Vec<Error>,
    /// Why the walk ended before the delimiter.
    pub(super) defect: Option<Error>,
    /// Where the value ends if it has no delimiter.
    pub(super) end: Option<u64>,
}

impl EncapsulatedPixelData {
    /// Reads item headers up to the delimiter or the end of the value. Skips empty fragments.
    pub(super) fn walk<S: Source>(&self, source: &S, parallelism: &Parallelism<'_>) -> ReadResult<Walk, S> {
        let (mut walk, mut delimited) = (Walk::default(), false);
        let (mut at, end) = (self.table.end(), self.value.length);
        let (mut cancel, mut items) = (CancelCheck::new(parallelism), ItemReader::new(source));
        while at < end && !delimited {
            cancel.check()?;
            let Some(header) = items.at(at)? else { break };
            match fragment_of(header, at, end) {
                Ok(Some(fragment)) if fragment.length > 0 => {
                    try_push(&mut walk.fragments, fragment)?;
                    at = fragment.end();
                    walk.items_end = at;
                }
                Ok(Some(fragment)) => {
                    walk.empty += 1;
                    at = fragment.end();
                    walk.items_end = at;
                }
                Ok(None) => delimited = true,
                Err(_) if !walk.fragments.is_empty() && is_zero_padding(source, &mut items, at, end, &mut cancel)? => {
                    walk.warnings.push(Error::pixel_data(ErrorKind::ZerosForDelimiter).at(at));
                    walk.end = Some(at);
                    return Ok(walk);
                }
                Err(error) if walk.fragments.is_empty() => return Err(error.into()),
                Err(error) => {
                    walk.defect = Some(error);
                    break;
                }
            }
        }
        // Up to 7 bytes may remain: a parser may have cut inside the delimiter, or a writer may have added padding.
        if self.value.delimited && !delimited && walk.defect.is_none() {
            walk.warnings.push(Error::pixel_data(ErrorKind::Undelimited).at(at));
            walk.end = Some(at);
        }
        Ok(walk)
    }
}

/// Whether zeros starting at `at` replace the delimiter: up to `end`, to the end of the source, or to a delimiter.
fn is_zero_padding<S: Source>(
    source: &S,
    items: &mut ItemReader<'_, S>,
    at: u64,
    end: u64,
    cancel: &mut CancelCheck<'_>,
) -> ReadResult<bool, S> {
    match first_nonzero(source, at, end, cancel)? {
        Some(offset) => Ok(offset > at && items.is_delimiter(offset)?),
        None => Ok(true),
    }
}

/// The offset of the first byte from `at` to `end` that is not 0.
fn first_nonzero<S: Source>(
    source: &S,
    mut at: u64,
    end: u64,
    cancel: &mut CancelCheck<'_>,
) -> ReadResult<Option<u64>, S> {
    let mut block = [0; if crate::SMALL_BUFFERS { 16 } else { 1 << 14 }];
    while at < end {
        cancel.check()?;
        let wanted = usize::try_from(end - at).unwrap_or(usize::MAX).min(block.len());
        let read = source.read_at(at, &mut block[..wanted])?.min(wanted);
        if let Some(index) = block[..read].iter().position(|byte| *byte != 0) {
            return Ok(Some(at + index as u64));
        }
        if read < wanted {
            break;
        }
        at += read as u64;
    }
    Ok(None)
}

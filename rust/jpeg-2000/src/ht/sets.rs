//! 7.1, B.3: the HT set that is decoded.

use crate::code_block::{BlockError, Segment};

/// The segments of an HT set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Set<'a> {
    /// The part of the cleanup segment with `MagSgn`.
    pub(super) prefix: &'a [u8],
    /// The part with MEL and VLC, at least two bytes.
    pub(super) suffix: &'a [u8],
    /// The refinement segment and its passes, up to two.
    pub(super) refinement: Segment<'a>,
    /// Sets before this one, including those of placeholder passes.
    pub(super) number: usize,
}

/// The last set that has a cleanup segment. It has all bits of the sets before.
pub(super) fn last_set<'a>(segments: &[Segment<'a>]) -> Result<Option<Set<'a>>, BlockError> {
    let (mut pass, mut set) = (0, None);
    for segment in segments {
        let passes = usize::from(segment.passes);
        let allowed = match pass % 3 {
            0 if segment.data.is_empty() => usize::MAX,
            0 => 1,
            place => 3 - place,
        };
        if passes > allowed {
            return Err(BlockError::HtSegment { pass: pass as u16, passes: segment.passes });
        }
        if pass % 3 == 0 && !segment.data.is_empty() {
            let (prefix, suffix) = split(segment.data)?;
            set = Some(Set { prefix, suffix, refinement: Segment::default(), number: pass / 3 });
        } else if pass % 3 == 1
            && let Some(set) = &mut set
            && set.number == pass / 3
        {
            set.refinement = *segment;
        }
        pass += passes;
    }
    Ok(set)
}

/// The parts of a cleanup segment.
fn split(segment: &[u8]) -> Result<(&[u8], &[u8]), BlockError> {
    let Some((_, &[low, high])) = segment.split_last_chunk::<2>() else {
        return Err(BlockError::CleanupLength { found: segment.len() });
    };
    let suffix = usize::from(high) << 4 | usize::from(low & 15);
    match segment.len().checked_sub(suffix) {
        Some(prefix) if (2..=4079).contains(&suffix) => Ok(segment.split_at(prefix)),
        _ => Err(BlockError::SuffixLength { found: suffix, segment: segment.len() }),
    }
}

//! A.6.3: region of interest (RGN). Code-block decoders undo its max-shift (Annex H).

use dicomet_codec::Segment;

use crate::coding_style::component_index;
use crate::error::Result;

/// The component, and the shift s of its coefficients in the region of interest.
pub(crate) fn parse(mut segment: Segment<'_>, components: usize) -> Result<(usize, u8)> {
    let component = component_index(&mut segment, components)?;
    let style = segment.u8()?;
    if style != 0 {
        return Err(segment.parameter("Srgn", style, "0").into());
    }
    let shift = segment.u8()?;
    if shift > 37 {
        // E.1: 37 guard and exponent bits, so that larger shifts leave no bits of the background.
        return Err(segment.parameter("SPrgn", shift, "0 to 37").into());
    }
    segment.finish()?;
    Ok((component, shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shift_of_a_component() {
        let parse = |bytes: [u8; 5]| parse(Segment::new(&bytes, 0).unwrap(), 3);
        assert_eq!(parse([0, 5, 2, 0, 9]), Ok((2, 9)));
        for bytes in [[0, 5, 3, 0, 9], [0, 5, 0, 1, 9], [0, 5, 0, 0, 38], [0, 4, 0, 0, 9]] {
            assert!(parse(bytes).is_err(), "{bytes:?}");
        }
    }
}

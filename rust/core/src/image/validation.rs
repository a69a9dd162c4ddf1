//! PS3.3 C.7.6.3: the checks of single attributes.

use super::{Attributes, PixelElement, SampleKind};
use crate::error::{Error, ErrorKind, Result};
use crate::tag::{BITS_ALLOCATED, BITS_STORED, HIGH_BIT, PIXEL_REPRESENTATION, Tag};

fn value(element: Tag, found: i64, expected: &'static str) -> Error {
    Error::new(element, ErrorKind::Value { found, expected })
}

pub(crate) fn in_range(element: Tag, found: i64, low: i64, high: i64, expected: &'static str) -> Result<u32> {
    let outside = || value(element, found, expected);
    if (low..=high).contains(&found) { u32::try_from(found).map_err(|_| outside()) } else { Err(outside()) }
}

pub(super) fn one_of(element: Tag, found: i64, allowed: &[u8], expected: &'static str) -> Result<u8> {
    allowed.iter().copied().find(|&a| i64::from(a) == found).ok_or_else(|| value(element, found, expected))
}

/// Returns Bits Allocated, Bits Stored and the sample kind (PS3.5 8.1.1), or the fixed formats of the float elements
/// (PS3.3 C.7.6.24, C.7.6.25).
pub(super) fn sample_format(attributes: &Attributes) -> Result<(u8, u8, SampleKind)> {
    let found = attributes.bits_allocated;
    match attributes.element {
        PixelElement::FloatPixelData => {
            let bits = one_of(BITS_ALLOCATED, found, &[32], "32 for Float Pixel Data")?;
            Ok((bits, bits, SampleKind::Float))
        }
        PixelElement::DoubleFloatPixelData => {
            let bits = one_of(BITS_ALLOCATED, found, &[64], "64 for Double Float Pixel Data")?;
            Ok((bits, bits, SampleKind::Float))
        }
        PixelElement::PixelData => {
            let allocated = one_of(BITS_ALLOCATED, found, &[1, 8, 12, 16, 32, 64], "1, 8, 12, 16, 32 or 64")?;
            let stored = bits_stored(attributes.bits_stored, allocated)?;
            let representation = one_of(PIXEL_REPRESENTATION, attributes.pixel_representation, &[0, 1], "0 or 1")?;
            // A single bit has no sign to extend: segmentations with Pixel Representation 1 exist, and their samples
            // mean 0 and 1.
            let signed = representation == 1 && allocated > 1;
            Ok((allocated, stored, if signed { SampleKind::Signed } else { SampleKind::Unsigned }))
        }
    }
}

fn bits_stored(found: i64, allocated: u8) -> Result<u8> {
    match u8::try_from(found) {
        Ok(stored @ 1..) if stored <= allocated => Ok(stored),
        Ok(1..) | Err(_) if found > 0 => {
            let kind = ErrorKind::Contradiction { found, other: BITS_ALLOCATED, value: i64::from(allocated) };
            Err(Error::new(BITS_STORED, kind))
        }
        _ => Err(value(BITS_STORED, found, "1 to Bits Allocated")),
    }
}

/// High Bit must lie inside the allocated bits. Any value other than Bits Stored - 1 is retired (PS3.5 8.1.1) and, as
/// in pydicom, ignored; it is returned for a warning.
pub(super) fn odd_high_bit(attributes: &Attributes) -> Result<Option<i64>> {
    let Some(found) = attributes.high_bit else { return Ok(None) };
    if attributes.element != PixelElement::PixelData || found == attributes.bits_stored - 1 {
        return Ok(None);
    }
    if (0..attributes.bits_allocated).contains(&found) {
        return Ok(Some(found));
    }
    Err(Error::new(
        HIGH_BIT,
        ErrorKind::Contradiction { found, other: BITS_ALLOCATED, value: attributes.bits_allocated },
    ))
}

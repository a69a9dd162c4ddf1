//! PS3.3 C.7.6.3, C.11: the elements that determine the display of an image, if they are in ordinary form.

use super::ScanError;
use super::read_buffer::{ElementHeader, Encoding, ReadBuffer};
use crate::tag::number;

/// Pixel Padding Value and Pixel Padding Range Limit: numbers whose sign depends on Pixel Representation.
const NUMBERS: [u32; 2] = [number::PIXEL_PADDING_VALUE, number::PIXEL_PADDING_RANGE_LIMIT];
/// Text elements and their VRs.
const TEXTS: [(u32, &[u8; 2]); 8] = [
    (number::WINDOW_CENTER, b"DS"),
    (number::WINDOW_WIDTH, b"DS"),
    (number::RESCALE_INTERCEPT, b"DS"),
    (number::RESCALE_SLOPE, b"DS"),
    (number::RESCALE_TYPE, b"LO"),
    (number::WINDOW_EXPLANATION, b"LO"),
    (number::VOI_LUT_FUNCTION, b"CS"),
    (number::PRESENTATION_LUT_SHAPE, b"CS"),
];

/// Stores the value of an element that determines the display. Tables and functional groups need a full parser.
pub(super) fn collect(
    collected: &mut Vec<(u32, Vec<u8>)>,
    element: &ElementHeader,
    buffer: &ReadBuffer<'_>,
    encoding: Encoding,
) -> Result<(), ScanError> {
    if is_structured(element.tag) {
        return Err(ScanError::NeedsFullParser);
    }
    let mut value = if NUMBERS.contains(&element.tag) {
        let vr = element.vr.filter(|vr| vr == b"SS").unwrap_or(*b"US");
        word(element.value_of(vr, buffer)?, encoding)?
    } else if let Some((_, vr)) = TEXTS.iter().find(|(tag, _)| *tag == element.tag) {
        let value = element.value_of(**vr, buffer)?;
        if *vr == b"CS" && value.starts_with(b" ") {
            return Err(ScanError::NeedsFullParser);
        }
        value.to_vec()
    } else {
        return Ok(());
    };
    if collected.iter().any(|(tag, _)| *tag == element.tag) {
        return Err(ScanError::NeedsFullParser);
    }
    if !NUMBERS.contains(&element.tag) {
        if !value.is_ascii() {
            return Err(ScanError::NeedsFullParser);
        }
        value.truncate(value.trim_ascii_end().len());
    }
    collected.push((element.tag, value));
    Ok(())
}

/// Modality LUT Sequence, VOI LUT Sequence, palettes, functional groups.
fn is_structured(tag: u32) -> bool {
    matches!(
        tag,
        number::MODALITY_LUT_SEQUENCE | number::VOI_LUT_SEQUENCE | 0x0028_1101..=0x0028_1299 | 0x5200_0000..=0x5200_FFFF
    )
}

fn word(value: &[u8], encoding: Encoding) -> Result<Vec<u8>, ScanError> {
    let value = <[u8; 2]>::try_from(value).map_err(|_| ScanError::NeedsFullParser)?;
    Ok(encoding.u16(value).to_le_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::super::read_buffer::EXPLICIT_LITTLE;
    use super::*;

    fn collected(tag: u32, vr: [u8; 2], value: &[u8], encoding: Encoding) -> Result<Vec<(u32, Vec<u8>)>, ScanError> {
        let mut elements = Vec::new();
        let element = ElementHeader { tag, vr: Some(vr), length: value.len() as u32, value: 100 };
        collect(&mut elements, &element, &ReadBuffer { bytes: value, start: 100 }, encoding)?;
        Ok(elements)
    }

    #[test]
    fn plain_values_are_collected() {
        let big = Encoding { implicit: false, big_endian: true };
        for (tag, vr, value, encoding, scope) in [
            (0x0028_1050, b"DS", &b"40\\50 "[..], EXPLICIT_LITTLE, &b"40\\50"[..]),
            (0x0028_1055, b"LO", b"", EXPLICIT_LITTLE, b""),
            (0x2050_0020, b"CS", b"INVERSE ", EXPLICIT_LITTLE, b"INVERSE"),
            (0x0028_0120, b"US", b"\x01\x02", EXPLICIT_LITTLE, b"\x01\x02"),
            (0x0028_0121, b"SS", b"\x01\x02", big, b"\x02\x01"),
        ] {
            assert_eq!(collected(tag, *vr, value, encoding), Ok(vec![(tag, scope.to_vec())]));
        }
        assert_eq!(collected(0x0028_0010, *b"US", b"\x01\x02", EXPLICIT_LITTLE), Ok(vec![]));
    }

    #[test]
    fn other_values_need_the_full_parser() {
        for (tag, vr, value) in [
            (0x0028_1050, b"FD", &b"12345678"[..]),
            (0x0028_1055, b"LO", b"\xE4\xF6"),
            (0x2050_0020, b"CS", b" INVERSE"),
            (0x0028_0120, b"US", b"\x01\x02\x03\x04"),
            (0x0028_3010, b"SQ", b""),
            (0x0028_3000, b"SQ", b""),
            (0x0028_1101, b"US", b"\0\0\0\0\0\0"),
            (0x0028_1221, b"OW", b""),
            (0x5200_9229, b"SQ", b""),
        ] {
            assert_eq!(collected(tag, *vr, value, EXPLICIT_LITTLE), Err(ScanError::NeedsFullParser), "{tag:08X}");
        }
        let element = ElementHeader { tag: 0x0028_1050, vr: None, length: 1, value: 0 };
        let mut twice = vec![(0x0028_1050, vec![])];
        assert_eq!(
            collect(&mut twice, &element, &ReadBuffer { bytes: b"1", start: 0 }, EXPLICIT_LITTLE),
            Err(ScanError::NeedsFullParser)
        );
    }
}

//! What a scan collects: the elements that describe an image (PS3.3 C.7.6.3), and those that determine its display.

use super::read_buffer::{ElementHeader, Encoding, ReadBuffer};
use super::{PixelDataHeader, ScanError, ScanScope, display_elements, values};
use crate::item::UNDEFINED;
use crate::tag::number;

/// Extended Offset Table and Extended Offset Table Lengths, which a full parser must read.
pub(super) const EXTENDED_OFFSET_TABLES: [u32; 2] =
    [number::EXTENDED_OFFSET_TABLE, number::EXTENDED_OFFSET_TABLE_LENGTHS];
/// The elements of VR US that describe an image (PS3.3 C.7.6.3).
const NUMBERS: [u32; 8] = [
    number::SAMPLES_PER_PIXEL,
    number::PLANAR_CONFIGURATION,
    number::ROWS,
    number::COLUMNS,
    number::BITS_ALLOCATED,
    number::BITS_STORED,
    number::HIGH_BIT,
    number::PIXEL_REPRESENTATION,
];

/// What a scan takes from the data set.
pub(super) trait Collector {
    /// Whether a data set without pixel data is a result, too.
    const MAY_LACK_PIXEL_DATA: bool;

    /// Takes a top-level element before the pixel data, if it is one of those to be collected.
    fn collect(
        &mut self,
        element: &ElementHeader,
        buffer: &ReadBuffer<'_>,
        encoding: Encoding,
    ) -> Result<(), ScanError>;

    /// Takes the pixel data element, at which the scan ends.
    fn end(&mut self, element: &ElementHeader) -> Result<(), ScanError>;
}

/// Takes the elements that describe the image.
#[derive(Debug)]
pub(super) struct ImageCollector {
    scope: ScanScope,
    pub(super) header: PixelDataHeader,
}

impl ImageCollector {
    pub(super) fn new(transfer_syntax: String, scope: ScanScope) -> Self {
        let numbers = Vec::with_capacity(NUMBERS.len());
        Self { scope, header: PixelDataHeader { transfer_syntax, numbers, ..PixelDataHeader::default() } }
    }
}

impl Collector for ImageCollector {
    const MAY_LACK_PIXEL_DATA: bool = false;

    fn collect(
        &mut self,
        element: &ElementHeader,
        buffer: &ReadBuffer<'_>,
        encoding: Encoding,
    ) -> Result<(), ScanError> {
        if matches!(element.tag >> 16, 0x0028 | 0x7FE0) {
            self.header.collect(element, buffer, encoding)?;
        }
        if self.scope == ScanScope::Display {
            display_elements::collect(&mut self.header.display, element, buffer, encoding)?;
        }
        Ok(())
    }

    fn end(&mut self, element: &ElementHeader) -> Result<(), ScanError> {
        self.header.end(element)
    }
}

impl PixelDataHeader {
    fn end(&mut self, element: &ElementHeader) -> Result<(), ScanError> {
        // With any other VR, parsers disagree about the offset of the value.
        if element.vr.is_some_and(|vr| !matches!(&vr, b"OB" | b"OW" | b"OF" | b"OD")) {
            return Err(ScanError::NeedsFullParser);
        }
        self.tag = element.tag;
        self.vr = element.vr;
        self.offset = element.value;
        self.length = Some(element.length).filter(|length| *length != UNDEFINED);
        Ok(())
    }

    /// Stores the value of an element that describes the image.
    fn collect(
        &mut self,
        element: &ElementHeader,
        buffer: &ReadBuffer<'_>,
        encoding: Encoding,
    ) -> Result<(), ScanError> {
        if EXTENDED_OFFSET_TABLES.contains(&element.tag) {
            return Err(ScanError::NeedsFullParser);
        }
        let vr = match element.tag {
            number::PHOTOMETRIC_INTERPRETATION => *b"CS",
            number::NUMBER_OF_FRAMES => *b"IS",
            tag if NUMBERS.contains(&tag) => *b"US",
            _ => return Ok(()),
        };
        let value = element.value_of(vr, buffer)?;
        match element.tag {
            number::PHOTOMETRIC_INTERPRETATION => {
                set(&mut self.photometric_interpretation, values::code_string(value)?.to_owned())
            }
            number::NUMBER_OF_FRAMES => set(&mut self.number_of_frames, values::count(value)?),
            tag => {
                let value = <[u8; 2]>::try_from(value).map_err(|_| ScanError::NeedsFullParser)?;
                if self.numbers.iter().any(|(known, _)| *known == tag) {
                    return Err(ScanError::NeedsFullParser);
                }
                self.numbers.push((tag, encoding.u16(value)));
                Ok(())
            }
        }
    }
}

/// Stores a value; a duplicate element is unusual.
fn set<T>(place: &mut Option<T>, value: T) -> Result<(), ScanError> {
    if place.is_some() {
        return Err(ScanError::NeedsFullParser);
    }
    *place = Some(value);
    Ok(())
}

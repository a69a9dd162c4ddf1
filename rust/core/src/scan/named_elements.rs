//! The elements of a header that a caller names, as they are stored.

use super::collector::Collector;
use super::dictionary::is_sequence;
use super::read_buffer::{ElementHeader, Encoding, ReadBuffer};
use super::{ScanError, Start, scan_buffered};
use crate::alloc::try_reserve;
use crate::item::UNDEFINED;
use crate::parallel::Parallelism;
use crate::source::{ReadResult, Source};

/// An element and its value, which is empty for a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// The tag.
    pub tag: u32,
    /// The VR, if explicit.
    pub vr: Option<[u8; 2]>,
    /// The value as stored.
    pub value: Vec<u8>,
}

/// What a scan has found of the named elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedElements<'a> {
    /// The tags of the named elements.
    tags: &'a [u32],
    /// Transfer Syntax UID.
    pub transfer_syntax: String,
    /// The elements at the top level of the data set, in its order.
    pub elements: Vec<Element>,
    /// Whether the data set has pixel data.
    pub has_pixel_data: bool,
}

/// Finds the elements `tags` at the top level of a file, before its pixel data.
pub fn scan_elements<'a, S: Source>(
    source: &S,
    tags: &'a [u32],
    parallelism: &Parallelism<'_>,
) -> ReadResult<Result<NamedElements<'a>, ScanError>, S> {
    let start = Start::Forced { transfer_syntax: None };
    let new = |transfer_syntax| NamedElements { tags, transfer_syntax, elements: Vec::new(), has_pixel_data: false };
    scan_buffered(source, &start, new, parallelism)
}

impl Collector for NamedElements<'_> {
    const MAY_LACK_PIXEL_DATA: bool = true;

    fn collect(
        &mut self,
        element: &ElementHeader,
        buffer: &ReadBuffer<'_>,
        _encoding: Encoding,
    ) -> Result<(), ScanError> {
        let ElementHeader { tag, vr, length, .. } = *element;
        if !self.tags.contains(&tag) {
            return Ok(());
        }
        let is_sequence = length == UNDEFINED || vr == Some(*b"SQ") || (vr.is_none() && is_sequence(tag));
        let value = if is_sequence { &[] } else { element.any_value(buffer)? };
        // A duplicate element is unusual.
        if self.elements.iter().any(|known| known.tag == tag) || try_reserve(&mut self.elements, 1).is_err() {
            return Err(ScanError::NeedsFullParser);
        }
        self.elements.push(Element { tag, vr, value: value.to_vec() });
        Ok(())
    }

    fn end(&mut self, _element: &ElementHeader) -> Result<(), ScanError> {
        self.has_pixel_data = true;
        Ok(())
    }
}

//! PS3.10 7.1: preamble, prefix and File Meta Information, if present.

use super::read_buffer::{EXPLICIT_LITTLE, ReadBuffer};
use super::{ScanError, Start, UNDEFINED, values};
use crate::tag::number::{
    FILE_META_INFORMATION_GROUP_LENGTH, FILE_META_INFORMATION_VERSION, ITEM_DELIMITATION_ITEM, TRANSFER_SYNTAX_UID,
};

/// Bytes before the prefix "DICM".
pub(super) const PREAMBLE_BYTES: usize = 128;
pub(super) const PREFIX: &[u8; 4] = b"DICM";
/// The group of File Meta Information.
pub(super) const GROUP: u32 = 0x0002;
const DEFLATED: &str = "1.2.840.10008.1.2.1.99";

/// The transfer syntax of a data set, and its offset.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DataSetStart {
    pub(super) transfer_syntax: String,
    pub(super) at: u64,
}

/// Finds the start of the data set.
pub(super) fn find_data_set(buffer: &ReadBuffer<'_>, start: &Start<'_>) -> Result<DataSetStart, ScanError> {
    let (given, forced) = match *start {
        Start::DataSet { transfer_syntax } => {
            return Ok(DataSetStart { transfer_syntax: transfer_syntax.to_owned(), at: 0 });
        }
        Start::File { transfer_syntax } => (transfer_syntax, false),
        Start::Forced { transfer_syntax } => (transfer_syntax, true),
    };
    let at = match buffer.array(PREAMBLE_BYTES as u64)? {
        prefix if prefix == *PREFIX => (PREAMBLE_BYTES + PREFIX.len()) as u64,
        _ if forced => 0,
        _ => return Err(ScanError::NeedsFullParser),
    };
    let (found, at) = meta_information(buffer, at)?;
    let transfer_syntax = given.or(found).ok_or(ScanError::NeedsFullParser)?;
    if transfer_syntax == DEFLATED {
        return Err(ScanError::Deflated(at));
    }
    Ok(DataSetStart { transfer_syntax: transfer_syntax.to_owned(), at })
}

/// Reads group 0002, which is in Explicit VR Little Endian. Returns the transfer syntax and the end of the group, which
/// is before the first element of another group. The group length, which older files lack, must agree.
fn meta_information<'a>(buffer: &ReadBuffer<'a>, start: u64) -> Result<(Option<&'a str>, u64), ScanError> {
    let (mut at, mut last, mut end, mut transfer_syntax) = (start, None, None, None);
    loop {
        let next = EXPLICIT_LITTLE.tag(buffer.array(at)?);
        if next >> 16 != GROUP {
            // A parser that reads group 0002 takes this item for a delimiter, and skips it.
            let plain = next != ITEM_DELIMITATION_ITEM && end.is_none_or(|end| end == at);
            return if plain { Ok((transfer_syntax, at)) } else { Err(ScanError::NeedsFullParser) };
        }
        let element = buffer.element(at, EXPLICIT_LITTLE)?;
        if last.is_some_and(|last| element.tag <= last) || element.length == UNDEFINED {
            return Err(ScanError::NeedsFullParser);
        }
        match (element.tag, element.vr) {
            (FILE_META_INFORMATION_GROUP_LENGTH, Some([b'U', b'L'])) if element.length == 4 => {
                let length = EXPLICIT_LITTLE.u32(buffer.array(element.value)?);
                end = Some(element.end().saturating_add(u64::from(length)));
            }
            (TRANSFER_SYNTAX_UID, Some([b'U', b'I'])) => {
                transfer_syntax = Some(values::uid(element.value_of(*b"UI", buffer)?)?);
            }
            (FILE_META_INFORMATION_GROUP_LENGTH | TRANSFER_SYNTAX_UID, _) => return Err(ScanError::NeedsFullParser),
            // The first element must be known, whatever the others are.
            (FILE_META_INFORMATION_VERSION, Some([b'O', b'B'])) => {}
            _ if last.is_none() => return Err(ScanError::NeedsFullParser),
            _ => {}
        }
        last = Some(element.tag);
        at = element.end();
    }
}

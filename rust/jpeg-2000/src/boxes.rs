//! Annex I: the boxes of JP2 and JPH files. Only the codestream is used; DICOM has no need for the others (PS3.5, A.4.4).

use std::ops::Range;

use crate::warning::Warning;

/// The start of a codestream: SOC and SIZ.
const START: [u8; 4] = [0xFF, 0x4F, 0xFF, 0x51];
/// The type of the signature box, which is the first of a file.
const SIGNATURE: [u8; 4] = *b"jP  ";
const CODESTREAM: [u8; 4] = *b"jp2c";

/// The codestream in `data`, which may be a file. None if there is none.
pub(crate) fn find_codestream(data: &[u8], warnings: &mut Vec<Warning>) -> Option<Range<usize>> {
    if data.starts_with(&START) {
        return Some(0..data.len());
    }
    if data.get(4..8)? != SIGNATURE {
        return None;
    }
    let mut position = 0;
    while let Some((kind, contents)) = read_box(data, position) {
        if kind == CODESTREAM && data[contents.clone()].starts_with(&START) {
            return Some(contents);
        }
        position = contents.end;
    }
    // The lengths of the boxes are wrong.
    warnings.push(Warning::Boxes { offset: position as u64 });
    let start = memchr::memmem::find(data, &START)?;
    Some(start..data.len())
}

/// The type and the contents of the box at `position`; none if there is no box, or its length is invalid (I.4).
fn read_box(data: &[u8], position: usize) -> Option<([u8; 4], Range<usize>)> {
    let rest = data.get(position..)?;
    let length = u32::from_be_bytes(*rest.first_chunk()?);
    let kind = *rest.get(4..)?.first_chunk()?;
    let (header, length) = match length {
        0 => (8, rest.len()),
        1 => (16, usize::try_from(u64::from_be_bytes(*rest.get(8..)?.first_chunk()?)).ok()?),
        _ => (8, length as usize),
    };
    let end = position.checked_add(length).filter(|end| *end <= data.len() && length >= header)?;
    Some((kind, position + header..end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(data: &[u8]) -> (Option<Range<usize>>, usize) {
        let mut warnings = Vec::new();
        (find_codestream(data, &mut warnings), warnings.len())
    }

    fn boxes(parts: &[(u32, &[u8; 4], &[u8])]) -> Vec<u8> {
        let bytes =
            |(length, kind, contents): &(u32, &[u8; 4], &[u8])| [&length.to_be_bytes(), &kind[..], contents].concat();
        parts.iter().flat_map(bytes).collect()
    }

    #[test]
    fn the_codestream_is_found() {
        let signature = (12, &SIGNATURE, &[0x0D, 0x0A, 0x87, 0x0A][..]);
        assert_eq!(found(&START), (Some(0..4), 0));
        let file = boxes(&[signature, (10, b"ftyp", &[1, 2]), (0, &CODESTREAM, &START)]);
        assert_eq!(found(&file), (Some(30..34), 0));
        let file = boxes(&[signature, (13, &CODESTREAM, &[&START[..], &[7]].concat()), (8, b"xml ", &[])]);
        assert_eq!(found(&file), (Some(20..25), 0));
        let long = [&[0, 0, 0, 0, 0, 0, 0, 20][..], &START].concat();
        assert_eq!(found(&boxes(&[signature, (1, &CODESTREAM, &long)])), (Some(28..32), 0));
        let wrong = boxes(&[signature, (7, b"ftyp", &[1, 2]), (0, &CODESTREAM, &START)]);
        assert_eq!(found(&wrong), (Some(30..34), 1));
        assert_eq!(found(&boxes(&[signature])), (None, 1));
    }

    #[test]
    fn other_data_has_none() {
        assert_eq!(found(b"JFIF and more"), (None, 0));
        assert_eq!(found(&[]), (None, 0));
    }
}

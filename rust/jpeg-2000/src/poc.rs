//! A.6.6: progression order change (POC).

use dicomet_codec::Segment;

use crate::error::{Error, ErrorKind, Result};
use crate::marker::Marker;
use crate::progression::Progression;

/// More changes are refused, so that the work for them is bounded; there are at most as many tile-parts of a tile.
const MAX_CHANGES: usize = 255;

/// The packets that a progression includes: those of these resolutions, components and layers that no earlier one has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Volume {
    /// First resolution.
    pub(crate) resolution_start: u8,
    /// The resolution after the last one.
    pub(crate) resolution_end: u8,
    /// First component.
    pub(crate) component_start: u16,
    /// The component after the last one.
    pub(crate) component_end: u16,
    /// The layer after the last one.
    pub(crate) layer_end: u16,
    pub(crate) progression: Progression,
}

impl Volume {
    /// All packets of a tile.
    pub(crate) fn all(progression: Progression, layers: u16) -> Self {
        Self {
            resolution_start: 0,
            resolution_end: 33,
            component_start: 0,
            component_end: u16::MAX,
            layer_end: layers,
            progression,
        }
    }
}

/// Appends the changes of a segment.
pub(crate) fn parse(mut segment: Segment<'_>, components: usize, changes: &mut Vec<Volume>) -> Result<()> {
    if segment.is_empty() {
        return Err(segment.parameter("number of progression order changes", 0u32, "at least 1").into());
    }
    while !segment.is_empty() {
        changes.push(change(&mut segment, components)?);
        if changes.len() > MAX_CHANGES {
            let kind = ErrorKind::Parameter {
                name: "number of progression order changes",
                found: changes.len() as u64,
                expected: "at most 255",
            };
            return Err(Error::new(kind, segment.offset()).in_segment(Marker::POC));
        }
    }
    Ok(())
}

fn change(segment: &mut Segment<'_>, components: usize) -> Result<Volume> {
    let wide = components >= 257;
    let resolution_start = segment.u8()?;
    let component_start = if wide { segment.u16()? } else { segment.u8()?.into() };
    let layer_end = segment.u16()?;
    let resolution_end = segment.u8()?;
    if resolution_start >= resolution_end {
        return Err(segment.parameter("REpoc", resolution_end, "more than RSpoc").into());
    }
    let component_end = match if wide { segment.u16()? } else { segment.u8()?.into() } {
        // 0 stands for 256, or for 16384 components.
        0 => u16::MAX,
        end => end,
    };
    if component_start >= component_end {
        return Err(segment.parameter("CEpoc", component_end, "more than CSpoc").into());
    }
    let order = segment.u8()?;
    let progression = Progression::new(order).ok_or_else(|| segment.parameter("Ppoc", order, "0 to 4"))?;
    Ok(Volume { resolution_start, resolution_end, component_start, component_end, layer_end, progression })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poc(bytes: &[u8], components: usize) -> Result<Vec<Volume>> {
        let mut data = (bytes.len() as u16 + 2).to_be_bytes().to_vec();
        data.extend(bytes);
        let mut changes = Vec::new();
        parse(Segment::new(&data, 0).unwrap(), components, &mut changes).map(|()| changes)
    }

    #[test]
    fn changes_are_read() {
        let changes = poc(&[0, 1, 0, 9, 3, 0, 4, 3, 0, 0, 2, 6, 2, 0], 3).unwrap();
        let first = Volume {
            resolution_start: 0,
            resolution_end: 3,
            component_start: 1,
            component_end: u16::MAX,
            layer_end: 9,
            progression: Progression::Cprl,
        };
        assert_eq!((changes.len(), changes[0], changes[1].component_end), (2, first, 2));
        assert_eq!(poc(&[0, 1, 2, 0, 9, 3, 1, 3, 4], 300).unwrap()[0].component_end, 0x103);
    }

    #[test]
    fn invalid_changes_are_errors() {
        for bytes in
            [&[][..], &[0, 1, 0, 9, 3, 0], &[3, 1, 0, 9, 3, 2, 0], &[0, 2, 0, 9, 3, 2, 0], &[0, 1, 0, 9, 3, 2, 5]]
        {
            assert!(poc(bytes, 3).is_err(), "{bytes:?}");
        }
        assert!(poc(&[0, 0, 0, 1, 1, 1, 0].repeat(256), 3).is_err());
    }
}

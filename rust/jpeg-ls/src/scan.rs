//! C.2.3: the scan header.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result, Unsupported};
use crate::frame::{FrameInfo, Interleave};
use crate::mapping_table::{MappingTable, MappingTables};
use crate::presets::{Parameters, Presets};
use dicomet_codec::Segment;

/// A component of a scan.
#[derive(Debug, Clone)]
pub(crate) struct ScanComponent {
    /// Index of the component in the frame.
    pub(crate) index: usize,
    /// Its mapping table.
    pub(crate) table: Option<Arc<MappingTable>>,
}

/// A scan's parameters.
#[derive(Debug, Clone)]
pub(crate) struct ScanHeader {
    pub(crate) components: Vec<ScanComponent>,
    pub(crate) interleave: Interleave,
    pub(crate) parameters: Parameters,
}

/// The scan header of a segment.
pub(crate) fn parse(
    segment: &mut Segment<'_>,
    frame: &FrameInfo,
    presets: Presets,
    tables: &MappingTables,
) -> Result<ScanHeader> {
    let count = segment.u8()?;
    if !matches!(count, 1..=4) {
        return Err(segment.parameter("components of the scan", count, "1 to 4").into());
    }
    let mut components: Vec<ScanComponent> = Vec::new();
    for _ in 0..count {
        let index = component(segment, frame)?;
        if components.iter().any(|other| other.index == index) {
            let id = frame.components[index].id;
            return Err(segment.parameter("component selector", id, "each component once").into());
        }
        let table = segment.u8()?;
        components.push(ScanComponent { index, table: tables.get(table, segment)? });
    }
    let near = segment.u8()?;
    let parameters = Parameters::new(presets, frame.precision, near, segment)?;
    let interleave = interleave(segment, &components, frame)?;
    let (_, point_transform) = segment.nibbles()?;
    if point_transform > 0 {
        return Err(Error::of(segment, ErrorKind::Unsupported(Unsupported::PointTransform(point_transform))));
    }
    Ok(ScanHeader { components, interleave, parameters })
}

fn component(segment: &mut Segment<'_>, frame: &FrameInfo) -> Result<usize> {
    let id = segment.u8()?;
    let index = frame.components.iter().position(|component| component.id == id);
    index.ok_or_else(|| segment.parameter("component selector", id, "a component of the frame").into())
}

/// ILV, which must fit the number of components. Components whose samples are interleaved have the same size.
fn interleave(segment: &mut Segment<'_>, components: &[ScanComponent], frame: &FrameInfo) -> Result<Interleave> {
    let mode = segment.u8()?;
    let interleave = match (mode, components.len()) {
        (0, 1) => Interleave::None,
        (1, 2..) => Interleave::Line,
        (2, 2..) => Interleave::Sample,
        _ => {
            let expected = "0 for one component, 1 or 2 for several";
            return Err(segment.parameter("interleave mode", mode, expected).into());
        }
    };
    let factors = |component: &ScanComponent| {
        let component = frame.components[component.index];
        (component.horizontal, component.vertical)
    };
    let equal = components.windows(2).all(|pair| factors(&pair[0]) == factors(&pair[1]));
    if interleave == Interleave::Sample && !equal {
        return Err(segment.parameter("interleave mode", mode, "0 or 1 for components of different sizes").into());
    }
    Ok(interleave)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame;

    fn header(factors: [u8; 3], parameters: &[u8]) -> Result<ScanHeader> {
        let [a, b, c] = factors;
        let bytes = [0, 17, 8, 0, 9, 0, 9, 3, 1, a, 0, 2, b, 0, 3, c, 0];
        let frame = frame::parse(&mut Segment::new(&bytes, 0).unwrap()).unwrap();
        let bytes = [&[0, parameters.len() as u8 + 2], parameters].concat();
        parse(&mut Segment::new(&bytes, 0).unwrap(), &frame, Presets::default(), &MappingTables::default())
    }

    #[test]
    fn modes_fit_the_components() {
        let found = header([0x11; 3], &[3, 1, 0, 2, 0, 3, 0, 5, 2, 0]).unwrap();
        assert_eq!((found.interleave, found.parameters.near, found.components.len()), (Interleave::Sample, 5, 3));
        assert!(header([0x11; 3], &[1, 2, 0, 0, 0, 0]).is_ok_and(|found| found.components[0].index == 1));
        assert!(header([0x22, 0x11, 0x11], &[2, 1, 0, 3, 0, 0, 1, 0]).is_ok());
        for wrong in [
            &[1, 2, 0, 0, 1, 0][..],
            &[2, 1, 0, 2, 0, 0, 0, 0],
            &[2, 1, 0, 2, 0, 0, 3, 0],
            &[2, 1, 0, 1, 0, 0, 1, 0],
            &[1, 4, 0, 0, 0, 0],
            &[1, 1, 9, 0, 0, 0],
            &[1, 1, 0, 128, 0, 0],
            &[0, 0, 0, 0],
            &[1, 1, 0, 0, 0],
        ] {
            assert!(header([0x11; 3], wrong).is_err(), "{wrong:?}");
        }
        assert!(header([0x22, 0x11, 0x11], &[2, 1, 0, 3, 0, 0, 2, 0]).is_err());
    }

    #[test]
    fn a_point_transform_is_not_supported() {
        let error = header([0x11; 3], &[1, 2, 0, 0, 0, 0x32]).unwrap_err();
        assert_eq!(error.unsupported(), Some(Unsupported::PointTransform(2)));
    }
}

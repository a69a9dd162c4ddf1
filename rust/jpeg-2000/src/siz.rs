//! A.5.1: image and tile size (SIZ), and the grid of tiles (B.3).

use dicomet_codec::Segment;

use crate::error::{Error, ErrorKind, Result, Unsupported};
use crate::geometry::Rect;
use crate::marker::Marker;

/// A component of the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Component {
    /// Bits of a sample, 1 to 38.
    pub precision: u8,
    /// Whether samples are signed.
    pub signed: bool,
    /// `XRsiz`: columns of the reference grid for each sample.
    pub dx: u8,
    /// `YRsiz`: rows of the reference grid for each sample.
    pub dy: u8,
}

/// The parameters of SIZ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Siz {
    /// Rsiz.
    pub(crate) capabilities: u16,
    /// The image area on the reference grid.
    pub(crate) image: Rect,
    tile_width: u32,
    tile_height: u32,
    tile_x0: u32,
    tile_y0: u32,
    pub(crate) components: Vec<Component>,
}

/// Rsiz: capabilities of ISO/IEC 15444-2 are used.
const PART_2: u16 = 0x8000;

impl Siz {
    pub(crate) fn parse(mut segment: Segment<'_>) -> Result<Self> {
        let capabilities = segment.u16()?;
        if capabilities & PART_2 != 0 {
            let what = Unsupported::Extension("extensions of ISO/IEC 15444-2 (Rsiz)");
            return Err(Error::unsupported_at(what, segment.offset()));
        }
        let (x1, y1, x0, y0) = (segment.u32()?, segment.u32()?, segment.u32()?, segment.u32()?);
        let (tile_width, tile_height, tile_x0, tile_y0) =
            (segment.u32()?, segment.u32()?, segment.u32()?, segment.u32()?);
        let image = Rect { x0, y0, x1, y1 };
        if image.is_empty() {
            return Err(segment.parameter("Xsiz, Ysiz", x1.min(y1), "more than XOsiz, YOsiz").into());
        }
        if tile_width == 0 || tile_height == 0 {
            return Err(segment.parameter("XTsiz, YTsiz", 0u32, "at least 1").into());
        }
        let first_is_empty =
            |start: u32, tile: u32, size: u32| tile > start || u64::from(tile) + u64::from(size) <= start.into();
        if first_is_empty(x0, tile_x0, tile_width) || first_is_empty(y0, tile_y0, tile_height) {
            let expected = "a first tile that contains the first sample";
            return Err(segment.parameter("XTOsiz, YTOsiz", tile_x0.max(tile_y0), expected).into());
        }
        let components = components(&mut segment)?;
        let siz = Self { capabilities, image, tile_width, tile_height, tile_x0, tile_y0, components };
        if siz.tile_count() > 65535 {
            let kind =
                ErrorKind::Parameter { name: "number of tiles", found: siz.tile_count(), expected: "at most 65535" };
            return Err(Error::new(kind, segment.offset()));
        }
        Ok(siz)
    }

    pub(crate) fn tiles_wide(&self) -> u32 {
        tiles(self.tile_x0, self.image.x1, self.tile_width)
    }

    pub(crate) fn tiles_high(&self) -> u32 {
        tiles(self.tile_y0, self.image.y1, self.tile_height)
    }

    pub(crate) fn tile_count(&self) -> u64 {
        u64::from(self.tiles_wide()) * u64::from(self.tiles_high())
    }

    /// The area of a tile, by its column and row (B-7 to B-10).
    pub(crate) fn tile(&self, column: u32, row: u32) -> Rect {
        let bounds = |offset: u32, size: u32, number: u32| {
            let start = u64::from(offset) + u64::from(size) * u64::from(number);
            (start.min(u32::MAX.into()) as u32, (start + u64::from(size)).min(u32::MAX.into()) as u32)
        };
        let (x0, x1) = bounds(self.tile_x0, self.tile_width, column);
        let (y0, y1) = bounds(self.tile_y0, self.tile_height, row);
        Rect { x0, y0, x1, y1 }.intersection(self.image)
    }

    /// The area of a component of the whole image at a resolution of 2^-`reduce`.
    pub(crate) fn component_area(&self, component: usize, reduce: u8) -> Rect {
        let Component { dx, dy, .. } = self.components[component];
        self.image.subsampled(dx.into(), dy.into()).reduced(reduce)
    }
}

fn tiles(offset: u32, end: u32, size: u32) -> u32 {
    (end - offset).div_ceil(size)
}

fn components(segment: &mut Segment<'_>) -> Result<Vec<Component>> {
    let count = segment.u16()?;
    if count == 0 || count > 16384 {
        return Err(segment.parameter("Csiz", count, "1 to 16384").into());
    }
    if segment.rest().len() != usize::from(count) * 3 {
        let kind = ErrorKind::SegmentLength { found: segment.rest().len(), expected: usize::from(count) * 3 };
        return Err(Error::new(kind, segment.offset()).in_segment(Marker::SIZ));
    }
    (0..count).map(|_| component(segment)).collect()
}

fn component(segment: &mut Segment<'_>) -> Result<Component> {
    let size = segment.u8()?;
    let (precision, signed) = ((size & 0x7F) + 1, size & 0x80 != 0);
    if precision > 38 {
        return Err(segment.parameter("Ssiz", size, "a precision of 1 to 38 bits").into());
    }
    let (dx, dy) = (segment.u8()?, segment.u8()?);
    if dx == 0 || dy == 0 {
        return Err(segment.parameter("XRsiz, YRsiz", 0u32, "1 to 255").into());
    }
    Ok(Component { precision, signed, dx, dy })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(values: [u32; 8], components: &[[u8; 3]]) -> Vec<u8> {
        let length = 38 + 3 * components.len();
        let mut bytes = (length as u16).to_be_bytes().to_vec();
        bytes.extend([0, 0]);
        bytes.extend(values.iter().flat_map(|value| value.to_be_bytes()));
        bytes.extend((components.len() as u16).to_be_bytes());
        bytes.extend(components.iter().flatten());
        bytes
    }

    #[test]
    fn tiles_cover_the_image() {
        let bytes = bytes([17, 9, 5, 3, 8, 4, 2, 1], &[[7, 1, 1], [0x8B, 2, 3]]);
        let siz = Siz::parse(Segment::new(&bytes, 0).unwrap()).unwrap();
        assert_eq!((siz.tiles_wide(), siz.tiles_high()), (2, 2));
        assert_eq!(siz.tile(0, 0), Rect { x0: 5, y0: 3, x1: 10, y1: 5 });
        assert_eq!(siz.tile(1, 1), Rect { x0: 10, y0: 5, x1: 17, y1: 9 });
        assert_eq!(siz.components[1], Component { precision: 12, signed: true, dx: 2, dy: 3 });
        assert_eq!(siz.component_area(1, 1), Rect { x0: 2, y0: 1, x1: 5, y1: 2 });
    }

    #[test]
    fn invalid_sizes_are_errors() {
        let valid = [17, 9, 5, 3, 8, 4, 2, 1];
        for (place, value) in [(0, 5), (1, 0), (4, 0), (5, 0), (6, 6), (7, 4), (4, 3)] {
            let mut values = valid;
            values[place] = value;
            let bytes = bytes(values, &[[7, 1, 1]]);
            assert!(Siz::parse(Segment::new(&bytes, 0).unwrap()).is_err(), "{place} {value}");
        }
        for component in [[38, 1, 1], [7, 0, 1], [7, 1, 0]] {
            let bytes = bytes(valid, &[component]);
            assert!(Siz::parse(Segment::new(&bytes, 0).unwrap()).is_err(), "{component:?}");
        }
        let many = bytes([70000, 1, 0, 0, 1, 1, 0, 0], &[[7, 1, 1]]);
        assert!(Siz::parse(Segment::new(&many, 0).unwrap()).is_err());
    }
}

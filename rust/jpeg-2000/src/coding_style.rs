//! A.6.1 and A.6.2: coding style (COD, COC).

use dicomet_codec::Segment;

use crate::error::{Error, Result, Unsupported};
use crate::progression::Progression;

/// Scod, `SGcod`: what is the same for all components of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TileStyle {
    pub(crate) progression: Progression,
    pub(crate) layers: u16,
    /// Multiple component transformation of the first three components.
    pub(crate) transforms_components: bool,
    /// SOP marker segments may be used.
    pub(crate) sop: bool,
    /// EPH markers are used.
    pub(crate) eph: bool,
}

/// The wavelet transformation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Transformation {
    #[default]
    Irreversible,
    Reversible,
}

/// `SPcod`, `SPcoc`: the style of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ComponentStyle {
    /// Decomposition levels, 0 to 32.
    pub(crate) levels: u8,
    /// Exponents of the code-block size.
    pub(crate) block_width: u8,
    pub(crate) block_height: u8,
    /// The code-block style byte.
    pub(crate) block_style: u8,
    pub(crate) transformation: Transformation,
    /// The exponents of the precinct sizes, (`PPx`, `PPy`), for each resolution.
    precincts: [(u8, u8); 33],
}

/// The code-block style: code-blocks are those of ISO/IEC 15444-15.
pub(crate) const STYLE_HT: u8 = 0x40;
/// With [`STYLE_HT`]: each code-block is of one kind or the other.
pub(crate) const STYLE_MIXED: u8 = 0x80;

impl ComponentStyle {
    /// The exponents of the precinct size of a resolution.
    pub(crate) fn precinct(&self, resolution: u8) -> (u8, u8) {
        self.precincts[usize::from(resolution)]
    }

    pub(crate) fn is_ht(&self) -> bool {
        self.block_style & STYLE_HT != 0
    }
}

/// COD.
pub(crate) fn parse_default(mut segment: Segment<'_>) -> Result<(TileStyle, ComponentStyle)> {
    let flags = segment.u8()?;
    if flags & !7 != 0 {
        return Err(segment.parameter("Scod", flags, "0 to 7").into());
    }
    let order = segment.u8()?;
    let progression = Progression::new(order).ok_or_else(|| segment.parameter("progression order", order, "0 to 4"))?;
    let layers = segment.u16()?;
    if layers == 0 {
        return Err(segment.parameter("number of layers", layers, "1 to 65535").into());
    }
    let transform = segment.u8()?;
    if transform > 1 {
        let what = Unsupported::Extension("a multiple component transformation of ISO/IEC 15444-2");
        return Err(Error::unsupported_at(what, segment.offset()));
    }
    let style = TileStyle {
        progression,
        layers,
        transforms_components: transform == 1,
        sop: flags & 2 != 0,
        eph: flags & 4 != 0,
    };
    Ok((style, component_style(&mut segment, flags & 1 != 0)?))
}

/// COC: the component and its style.
pub(crate) fn parse_component(mut segment: Segment<'_>, components: usize) -> Result<(usize, ComponentStyle)> {
    let component = component_index(&mut segment, components)?;
    let flags = segment.u8()?;
    if flags > 1 {
        return Err(segment.parameter("Scoc", flags, "0 or 1").into());
    }
    Ok((component, component_style(&mut segment, flags == 1)?))
}

/// The index of a component, which has one byte if there are fewer than 257.
pub(crate) fn component_index(segment: &mut Segment<'_>, components: usize) -> Result<usize> {
    let index = if components < 257 { segment.u8()?.into() } else { segment.u16()? };
    if usize::from(index) >= components {
        return Err(segment.parameter("component", index, "a component of SIZ").into());
    }
    Ok(index.into())
}

fn component_style(segment: &mut Segment<'_>, precincts: bool) -> Result<ComponentStyle> {
    let levels = segment.u8()?;
    if levels > 32 {
        return Err(segment.parameter("decomposition levels", levels, "0 to 32").into());
    }
    let (block_width, block_height) = (segment.u8()?, segment.u8()?);
    if block_width > 8 || block_height > 8 || block_width + block_height > 8 {
        let found = block_width.max(block_height);
        return Err(segment.parameter("code-block size", found, "exponents of 0 to 8, with a sum of 0 to 8").into());
    }
    let block_style = segment.u8()?;
    if block_style & (STYLE_HT | STYLE_MIXED) == STYLE_MIXED {
        return Err(segment.parameter("code-block style", block_style, "a style of ISO/IEC 15444-1 or -15").into());
    }
    let transformation = match segment.u8()? {
        0 => Transformation::Irreversible,
        1 => Transformation::Reversible,
        _ => {
            let what = Unsupported::Extension("a wavelet transformation of ISO/IEC 15444-2");
            return Err(Error::unsupported_at(what, segment.offset()));
        }
    };
    let precincts = if precincts { precinct_sizes(segment, levels)? } else { [(15, 15); 33] };
    segment.finish()?;
    let (block_width, block_height) = (block_width + 2, block_height + 2);
    Ok(ComponentStyle { levels, block_width, block_height, block_style, transformation, precincts })
}

fn precinct_sizes(segment: &mut Segment<'_>, levels: u8) -> Result<[(u8, u8); 33]> {
    let mut sizes = [(15, 15); 33];
    for (resolution, size) in (0..=levels).zip(&mut sizes) {
        let (y, x) = segment.nibbles()?;
        if resolution > 0 && (x == 0 || y == 0) {
            return Err(segment.parameter("precinct size", 0u32, "at least 1 above the lowest resolution").into());
        }
        *size = (x, y);
    }
    Ok(sizes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cod(bytes: &[u8]) -> Result<(TileStyle, ComponentStyle)> {
        let mut data = (bytes.len() as u16 + 2).to_be_bytes().to_vec();
        data.extend(bytes);
        parse_default(Segment::new(&data, 0).unwrap())
    }

    #[test]
    fn parameters_are_read() {
        let (tile, style) = cod(&[7, 2, 0, 3, 1, 2, 4, 3, 9, 1, 0x00, 0x21, 0x43]).unwrap();
        assert_eq!((tile.progression, tile.layers), (Progression::Rpcl, 3));
        assert!(tile.transforms_components && tile.sop && tile.eph);
        assert_eq!((style.levels, style.block_width, style.block_height, style.block_style), (2, 6, 5, 9));
        assert_eq!((style.precinct(0), style.precinct(1), style.precinct(2)), ((0, 0), (1, 2), (3, 4)));
        let (_, style) = cod(&[0, 0, 0, 1, 0, 5, 4, 4, 0, 0]).unwrap();
        assert_eq!((style.precinct(5), style.transformation), ((15, 15), Transformation::Irreversible));
    }

    #[test]
    fn invalid_parameters_are_errors() {
        let valid = [1, 0, 0, 1, 0, 1, 4, 4, 0, 1, 0x11, 0x22];
        assert!(cod(&valid).is_ok());
        for (place, value) in [(0, 8), (1, 5), (3, 0), (4, 2), (5, 33), (6, 9), (7, 5), (8, 0x80), (9, 2), (11, 2)] {
            let mut bytes = valid;
            bytes[place] = value;
            assert!(cod(&bytes).is_err(), "{place} {value}");
        }
        assert!(cod(&valid[..11]).is_err());
        assert!(cod(&[&valid[..], &[0]].concat()).is_err());
    }
}

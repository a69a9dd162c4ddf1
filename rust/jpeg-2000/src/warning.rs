//! Deviations that a decoder tolerates and reports.

use std::fmt;

use crate::code_block::Damage;

/// A deviation from the standard, or data that is missing as the caller permitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// All packets are decoded, but there is no EOC marker.
    MissingEoc {
        /// Where it should be: after the last tile-part.
        offset: u64,
    },
    /// Bytes after EOC, such as padding to an even length, which DICOM requires: see [`Warning::is_padding`].
    TrailingBytes {
        /// Offset of the first one.
        offset: u64,
        /// Number of bytes.
        count: u64,
        /// Whether all of them are 00 or all of them are FF.
        padding: bool,
    },
    /// Bytes after the last packet of a tile.
    ExcessData {
        /// The tile.
        tile: u32,
        /// Number of bytes.
        count: u64,
    },
    /// A tile-part is shorter than its header says, or tile-parts are missing, but all code-blocks are complete.
    TilePartLength {
        /// The tile.
        tile: u32,
    },
    /// The tile has packets of fewer layers than its header says. They are complete: the encoder stopped there.
    FewerLayers {
        /// The tile.
        tile: u32,
        /// Layers that all precincts have.
        found: u16,
        /// Layers of the header.
        expected: u16,
    },
    /// Some of the tile's data is missing, and its samples are those of the rest, as the caller permitted.
    Truncated {
        /// The tile.
        tile: u32,
        /// The first component and resolution of which a packet is missing; none if the tile is missing.
        resolution: Option<(u16, u8)>,
    },
    /// A check of the coding style failed where it does not prove damage (D.4.2, D.5): samples may be wrong.
    Damaged {
        /// The tile.
        tile: u32,
        /// The component.
        component: u16,
        /// The resolution.
        resolution: u8,
        /// The check.
        damage: Damage,
    },
    /// The boxes around the codestream contradict themselves.
    Boxes {
        /// Offset of the first one that does.
        offset: u64,
    },
}

impl Warning {
    /// True for bytes after EOC that are all 00 or all FF, such as the one byte that makes the length even.
    #[must_use]
    pub fn is_padding(&self) -> bool {
        matches!(self, Self::TrailingBytes { padding: true, .. })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingEoc { offset } => {
                write!(f, "offset {offset}: `EOC`: found the end of the data, expected the marker")
            }
            Self::TrailingBytes { offset, count, padding } => {
                let what = if *padding { "padding" } else { "other" };
                write!(f, "offset {offset}: found {count} {what} bytes after EOC, expected none")
            }
            Self::ExcessData { tile, count } => {
                write!(f, "tile {tile}: found {count} bytes after the last packet, expected none")
            }
            Self::TilePartLength { tile } => {
                write!(f, "tile {tile}: found fewer bytes than its tile-part headers say, but all code-blocks")
            }
            Self::FewerLayers { tile, found, expected } => {
                write!(f, "tile {tile}: found packets of {found} layers, expected {expected}")
            }
            Self::Truncated { tile, resolution: Some((component, resolution)) } => write!(
                f,
                "tile {tile}: found no data of component {component} from resolution {resolution}, expected all packets"
            ),
            Self::Truncated { tile, resolution: None } => write!(f, "tile {tile}: found no tile-part, expected one"),
            Self::Damaged { tile, component, resolution, damage } => {
                write!(f, "tile {tile}, component {component}, resolution {resolution}: {damage}")
            }
            Self::Boxes { offset } => write!(f, "offset {offset}: found an invalid box, expected the codestream's"),
        }
    }
}

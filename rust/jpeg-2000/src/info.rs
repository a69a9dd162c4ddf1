//! What the headers say about the image.

use crate::codestream::Codestream;
use crate::coding_style::Transformation;
use crate::error::Unsupported;
use crate::progression::Progression;
use crate::siz::Component;

/// The parameters of the main header. Headers of tiles may change the coding style.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageInfo {
    /// Columns of the result: those of the image, or fewer at a lower resolution ([`Options::reduce`](crate::Options::reduce)).
    pub width: u32,
    /// Rows of the result.
    pub height: u32,
    /// Columns of the image.
    pub full_width: u32,
    /// Rows of the image.
    pub full_height: u32,
    /// The components.
    pub components: Vec<Component>,
    /// Columns and rows of tiles.
    pub tiles: (u32, u32),
    /// The resolution levels that can be discarded: the fewest decomposition levels of a component.
    pub levels: u8,
    /// Quality layers.
    pub layers: u16,
    /// The order of packets.
    pub progression: Progression,
    /// Whether all components have the reversible wavelet transformation, so that the samples can be exact.
    pub is_reversible: bool,
    /// Whether the first three components were transformed: RCT if reversible, else ICT.
    pub is_transformed: bool,
    /// Whether code-blocks are those of ISO/IEC 15444-15 (HTJ2K).
    pub is_ht: bool,
}

impl ImageInfo {
    pub(crate) fn new(codestream: &Codestream<'_>, reduce: u8) -> Self {
        let (siz, parameters) = (&codestream.siz, &codestream.parameters);
        let first = siz.component_area(0, reduce);
        let styles = || parameters.components.iter().map(|component| &component.style);
        let full = siz.image;
        Self {
            width: first.width() as u32,
            height: first.height() as u32,
            full_width: full.width() as u32,
            full_height: full.height() as u32,
            components: siz.components.clone(),
            tiles: (siz.tiles_wide(), siz.tiles_high()),
            levels: styles().map(|style| style.levels).min().unwrap_or_default(),
            layers: parameters.style.layers,
            progression: parameters.style.progression,
            is_reversible: styles().all(|style| style.transformation == Transformation::Reversible),
            is_transformed: parameters.style.transforms_components,
            is_ht: styles().any(super::coding_style::ComponentStyle::is_ht),
        }
    }

    /// Bits of the smallest integer type for all components: 8, 16, 32 or 64.
    #[must_use]
    pub fn sample_bits(&self) -> u32 {
        let precision = self.components.iter().map(|component| u32::from(component.precision)).max();
        precision.unwrap_or_default().next_power_of_two().max(8)
    }

    /// [`Self::sample_bits`] if the image can be decoded as rows: up to three components of one size, and 8 or 16.
    #[must_use]
    pub fn row_bits(&self) -> Option<u32> {
        self.row_sample_bits().ok()
    }

    /// As [`Self::row_bits`], or why the image cannot be decoded as rows.
    pub(crate) fn row_sample_bits(&self) -> std::result::Result<u32, Unsupported> {
        if let Some(component) = self.components.iter().find(|component| component.precision > 16) {
            return Err(Unsupported::Precision(component.precision));
        }
        let size = |component: &Component| (component.dx, component.dy);
        let is_alike = self.components.windows(2).all(|pair| size(&pair[0]) == size(&pair[1]));
        if self.components.len() > 3 || !is_alike { Err(Unsupported::Planes) } else { Ok(self.sample_bits()) }
    }
}

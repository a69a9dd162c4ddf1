//! ISO/IEC 18181-1: the headers of the image and of its frames, in a codestream or a container (18181-2).

use super::{Codestream, Component, Family};
use crate::error::Result;
pub use dicomet_jpeg_xl::ColorTransform;
use dicomet_jpeg_xl::Header;

/// The statements of a JPEG XL codestream about its colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Details {
    /// The transform of the components that decoding inverts, unless the components are those of a JPEG codestream.
    pub transform: ColorTransform,
    /// Whether the codestream is a recompressed JPEG codestream, whose components are the result.
    pub recompressed: bool,
}

/// Reads the headers.
pub(super) fn read(frame: &[u8]) -> Result<Codestream> {
    let header = Header::read(frame)?;
    let component = |index| Component { id: u16::from(index), sampling: (1, 1), precision: header.bits, signed: false };
    Ok(Codestream {
        family: Family::JpegXl,
        rows: header.height,
        columns: header.width,
        components: (0..header.components).map(component).collect(),
        precision: header.bits,
        signed: false,
        details: super::Details::JpegXl(Details { transform: header.transform, recompressed: header.recompressed }),
        unsupported: None,
        // The headers of all groups of samples have been read: there are no more samples than these can have.
        max_samples_per_byte: None,
    })
}

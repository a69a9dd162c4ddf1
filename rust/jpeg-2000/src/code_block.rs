//! B.7, D: what the decoders of a code-block receive and return.

use crate::coefficient::Coefficient;

/// Bit-planes that a decoder accepts: twice 38, for a region of interest.
pub(crate) const MAX_PLANES: usize = 76;

/// The subband of a code-block (B.5), which selects the context table (D.3.1) and the gain (E.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Band {
    /// Horizontal low-pass, vertical low-pass.
    Ll,
    /// Horizontal high-pass, vertical low-pass.
    Hl,
    /// Horizontal low-pass, vertical high-pass.
    Lh,
    /// Horizontal high-pass, vertical high-pass.
    Hh,
}

/// The code-block style of COD and COC (A.6.1, Table A.19).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Style(pub(crate) u8);

impl Style {
    /// Selective arithmetic coding bypass (D.6): raw passes from the fifth significant bit-plane.
    pub(crate) const fn bypass(self) -> bool {
        self.0 & 0x01 != 0
    }

    /// The context probabilities are reset at each pass.
    pub(crate) const fn reset(self) -> bool {
        self.0 & 0x02 != 0
    }

    /// A codeword segment per pass (D.4.2).
    pub(crate) const fn terminate_all(self) -> bool {
        self.0 & 0x04 != 0
    }

    /// Vertically causal contexts (D.7): the next stripe counts as insignificant.
    pub(crate) const fn causal(self) -> bool {
        self.0 & 0x08 != 0
    }

    /// Predictable termination (D.4.2): the end of each codeword segment can be verified.
    pub(crate) const fn predictable(self) -> bool {
        self.0 & 0x10 != 0
    }

    /// A segmentation symbol ends each cleanup pass (D.5).
    pub(crate) const fn segmentation_symbols(self) -> bool {
        self.0 & 0x20 != 0
    }
}

/// The block coder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coder {
    /// Bit-planes with the MQ coder (ISO/IEC 15444-1, Annexes C and D).
    Mq,
    /// The high-throughput block coder (ISO/IEC 15444-15).
    Ht,
}

/// A codeword segment (B.10.7): its bytes of all packets, and its number of coding passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Segment<'a> {
    /// The bytes of the segment.
    pub(crate) data: &'a [u8],
    /// Its coding passes.
    pub(crate) passes: u8,
}

/// A code-block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CodeBlock<'a> {
    /// Columns, 1 to 1024.
    pub(crate) width: usize,
    /// Rows, 1 to 1024; `width * height` is at most 4096.
    pub(crate) height: usize,
    /// The subband.
    pub(crate) band: Band,
    /// The code-block style.
    pub(crate) style: Style,
    /// The block coder.
    pub(crate) coder: Coder,
    /// Mb (E-2): the bit-planes of the magnitudes of the subband.
    pub(crate) magnitude_bits: u8,
    /// Coded bit-planes: Mb, plus `roi_shift`, minus the zero bit-planes of the packet header (B.10.5).
    pub(crate) bit_planes: u8,
    /// The shift s of the region of interest (H.1), or 0. It is undone.
    pub(crate) roi_shift: u8,
    /// The codeword segments in the order of the passes.
    pub(crate) segments: &'a [Segment<'a>],
}

/// A code-block that is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Outcome {
    /// The first sign of damaged data.
    pub(crate) damage: Option<Damage>,
}

/// A check of the decoder of a code-block that failed. There are coefficients, but some of them may be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// D.5: the segmentation symbol after a cleanup pass is not 1010.
    #[error("coding pass {pass}: found segmentation symbol {found:04b}, expected 1010")]
    SegmentationSymbol {
        /// The coding pass, from 0.
        pass: u16,
        /// The four bits.
        found: u8,
        /// Whether the encoder has cut the codeword segment after this pass, to limit the size. `OpenJPEG` leaves too few bytes
        /// for the symbol then.
        is_at_cut: bool,
    },
    /// D.4.2: the codeword segment does not end as predictable termination does.
    #[error("coding pass {pass}: the codeword segment does not end as predictable termination requires")]
    PredictableTermination {
        /// The last coding pass of the segment, from 0.
        pass: u16,
    },
}

/// Why a code-block cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BlockError {
    /// A width, height or area outside the limits of A.6.1, or a result of another size.
    #[error("found a code-block of {width} x {height}, expected at most 1024 x 1024 and 4096 coefficients")]
    Size {
        /// Columns.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// More bit-planes than any combination of Mb and region of interest that can be decoded.
    #[error("`bit-planes`: found {found}, expected at most {limit}")]
    BitPlanes {
        /// The bit-planes.
        found: u8,
        /// The limit.
        limit: u8,
    },
    /// More coding passes than the bit-planes have.
    #[error("`coding passes`: found {found}, expected at most {limit}")]
    TooManyPasses {
        /// The passes of all segments.
        found: usize,
        /// The passes of all bit-planes.
        limit: usize,
    },
    /// ISO/IEC 15444-15: a codeword segment that is neither the cleanup pass of an HT set, nor its refinement passes, nor
    /// placeholder passes.
    #[error("coding pass {pass}: found an HT codeword segment of {passes} passes")]
    HtSegment {
        /// The coding pass, from 0.
        pass: u16,
        /// The passes of the segment.
        passes: u8,
    },
    /// ISO/IEC 15444-15, 7.1.1: a cleanup segment without the length of its suffix.
    #[error("`HT cleanup segment length`: found {found}, expected at least 2")]
    CleanupLength {
        /// The length.
        found: usize,
    },
    /// ISO/IEC 15444-15, 7.1.1: the suffix of a cleanup segment, with MEL and VLC, is longer than the segment or impossible.
    #[error("`Scup`: found {found} in a segment of {segment} bytes, expected 2 to 4079")]
    SuffixLength {
        /// The length of the suffix.
        found: usize,
        /// The length of the segment.
        segment: usize,
    },
    /// ISO/IEC 15444-15, 7.1.4: VLC ends before the last quad.
    #[error("`VLC`: found {found} bits, expected at least {needed}")]
    CodewordsEnd {
        /// The bits of the suffix.
        found: usize,
        /// The bits of the codewords.
        needed: usize,
    },
    /// ISO/IEC 15444-15, 7.1: a byte after FF in which the stuffed bit is not 0, or which makes a marker of both.
    #[error("`{name}`: found byte {found:02X} after FF, expected at most {limit:02X}")]
    Stuffing {
        /// The part of the codeword segment.
        name: &'static str,
        /// The byte.
        found: u8,
        /// The limit.
        limit: u8,
    },
    /// ISO/IEC 15444-15, 7.3.5: VLC codes a sample of a quad that is not in the code-block.
    #[error("`VLC`: found a significant sample outside of the code-block")]
    OutsideSample,
    /// ISO/IEC 15444-15, 7.3.7: magnitudes of more bits than the subband has.
    #[error("`exponent bound`: found {found}, expected at most {limit}")]
    ExponentBound {
        /// The greatest bound of a row of quads.
        found: u8,
        /// The limit.
        limit: u8,
    },
    /// D.6: a codeword segment with raw and arithmetic-coded passes.
    #[error("coding pass {pass}: found a codeword segment with raw and arithmetic-coded passes")]
    MixedSegment {
        /// The coding pass, from 0.
        pass: u16,
    },
}

/// Checks the description of a code-block; returns its number of coding passes.
pub(crate) fn check<C: Coefficient>(block: &CodeBlock<'_>, coefficients: usize) -> Result<usize, BlockError> {
    let CodeBlock { width, height, bit_planes, roi_shift, .. } = *block;
    let is_inside = (1..=1024).contains(&width) && (1..=1024).contains(&height) && width * height <= 4096;
    if !is_inside || coefficients != width * height {
        return Err(BlockError::Size { width, height });
    }
    let limit = MAX_PLANES.min(C::PLANES + usize::from(roi_shift));
    if usize::from(bit_planes) > limit {
        return Err(BlockError::BitPlanes { found: bit_planes, limit: limit as u8 });
    }
    let found = block.segments.iter().map(|segment| usize::from(segment.passes)).sum();
    let limit = (3 * usize::from(bit_planes)).saturating_sub(2);
    if found > limit {
        return Err(BlockError::TooManyPasses { found, limit });
    }
    Ok(found)
}

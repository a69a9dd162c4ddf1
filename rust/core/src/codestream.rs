//! The headers of JPEG codestreams (PS3.5 A.4.1, A.4.3, A.4.4, A.4.12), read before a decoder is called.
//!
//! One file per standard: [`jpeg`] for the markers of ISO/IEC 10918-1, which 14495-1 shares, [`jpeg_ls`] for those that only
//! 14495-1 has, [`jpeg_2000`] for those of 15444-1, and [`jpeg_xl`] for 18181-1.

use crate::error::{Error, ErrorKind, Result, Unsupported};
use crate::image::Image;
use crate::item::{Fragment, first_bytes, read_fragments};
use crate::parallel::CancelCheck;
use crate::source::{ReadResult, Source};

pub mod jpeg;
pub mod jpeg_2000;
#[cfg(test)]
pub(crate) mod jpeg_2000_writer;
pub mod jpeg_ls;
pub mod jpeg_xl;
#[cfg(test)]
mod tests;

/// Bytes of a frame that are read first: most headers are shorter.
const BEGINNING_BYTES: u64 = if crate::SMALL_BUFFERS { 32 } else { 1 << 12 };

/// The standard that a codestream follows, according to its frame header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// ISO/IEC 10918-1.
    Jpeg,
    /// ISO/IEC 14495-1: SOF55.
    JpegLs,
    /// ISO/IEC 15444-1 and 15444-15: SIZ.
    Jpeg2000,
    /// ISO/IEC 18181-1, and the container of 18181-2.
    JpegXl,
}

impl Family {
    /// The name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::JpegLs => "JPEG-LS",
            Self::Jpeg2000 => "JPEG 2000",
            Self::JpegXl => "JPEG XL",
        }
    }
}

/// A component as the frame header describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Component {
    /// The identifier Ci (10918-1 B.2.2); the index for JPEG 2000 and JPEG XL, whose components have no identifier.
    pub id: u16,
    /// Horizontal and vertical sampling factors Hi and Vi (10918-1 B.2.2): larger for more samples. For JPEG 2000 the
    /// separations `XRsiz` and `YRsiz` (15444-1 A.5.1): larger for fewer samples.
    pub sampling: (u8, u8),
    /// Bits per sample, after the mapping tables of JPEG-LS.
    pub precision: u8,
    /// Whether samples are signed; only JPEG 2000 can state it.
    pub signed: bool,
}

/// The part of the header that is specific to a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Details {
    /// 10918-1.
    Jpeg(jpeg::Details),
    /// 14495-1.
    JpegLs(jpeg_ls::Details),
    /// 15444-1.
    Jpeg2000(jpeg_2000::Details),
    /// 18181-1.
    JpegXl(jpeg_xl::Details),
}

/// The header of a codestream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codestream {
    /// The standard that the codestream follows.
    pub family: Family,
    /// Lines. 0 if the frame header leaves them to a later marker (DNL) that is missing; such a codestream is refused,
    /// because the decoder would determine the size.
    pub rows: u32,
    /// Samples per line.
    pub columns: u32,
    /// The components, in the order of the frame header.
    pub components: Vec<Component>,
    /// Bits per sample of the first component.
    pub precision: u8,
    /// Whether samples of the first component are signed.
    pub signed: bool,
    /// The part that is specific to the family.
    pub details: Details,
    /// The coding process, if it is one that dicomet does not decode.
    pub unsupported: Option<Unsupported>,
    /// The largest number of samples that one byte can produce. None if there is no such number, as for arithmetic
    /// coding and the empty packets of JPEG 2000.
    pub max_samples_per_byte: Option<u64>,
}

impl Codestream {
    /// Reads the first header of `frame`; None if `frame` is not a codestream of any family.
    #[must_use]
    pub fn read(frame: &[u8]) -> Option<Self> {
        if frame.starts_with(&[0xFF, 0xD8]) {
            jpeg::read(frame)
        } else if dicomet_jpeg_xl::is_jpeg_xl(frame) {
            jpeg_xl::read(frame).ok()
        } else {
            jpeg_2000::read(frame)
        }
    }

    /// Whether a component has fewer samples than another.
    #[must_use]
    pub fn is_subsampled(&self) -> bool {
        self.components.iter().any(|component| component.sampling != self.components[0].sampling)
    }

    /// Reads the header of `frame` and checks it against the transfer syntax and the description: a decoder only gets
    /// images that fit the result, and codestreams that the transfer syntax allows.
    pub fn check(frame: &[u8], family: Family, image: &Image) -> Result<Self> {
        Self::check_beginning(frame, frame.len() as u64, family, image)
    }

    /// Same as [`Self::check`] for a frame in `source`. Of a long frame only the beginning is read if it contains the
    /// header.
    pub fn check_fragments<S: Source>(
        source: &S,
        fragments: &[Fragment],
        family: Family,
        image: &Image,
        cancel: &mut CancelCheck<'_>,
    ) -> ReadResult<Self, S> {
        let length = fragments.iter().fold(0u64, |sum, fragment| sum.saturating_add(fragment.length));
        let (first, mut scratch) = (first_bytes(fragments, BEGINNING_BYTES), Vec::new());
        let beginning = read_fragments(source, &first, &mut scratch, cancel)?;
        if length > BEGINNING_BYTES && beginning.len() as u64 == BEGINNING_BYTES && jpeg::has_header(beginning) {
            return Ok(Self::check_beginning(beginning, length, family, image)?);
        }
        let frame = read_fragments(source, fragments, &mut scratch, cancel)?;
        Ok(Self::check(frame, family, image)?)
    }

    /// Checks the header in `frame`, the beginning of a frame of `length` bytes.
    fn check_beginning(frame: &[u8], length: u64, family: Family, image: &Image) -> Result<Self> {
        if length == 0 {
            return Err(Error::pixel_data(ErrorKind::Length { found: 0, expected: 1 }));
        }
        let codestream = if family == Family::JpegXl && dicomet_jpeg_xl::is_jpeg_xl(frame) {
            jpeg_xl::read(frame)?
        } else {
            Self::read(frame).ok_or_else(|| Error::pixel_data(ErrorKind::NoCodestream))?
        };
        if codestream.family != family {
            let kind = ErrorKind::Family { found: codestream.family.name(), expected: family.name() };
            return Err(Error::pixel_data(kind));
        }
        codestream.agrees_with(image)?;
        codestream.check_length(length)?;
        Ok(codestream)
    }

    /// Checks that `length` bytes can hold all samples.
    pub(crate) fn check_length(&self, length: u64) -> Result<()> {
        let pixels = u64::from(self.rows) * u64::from(self.columns);
        let (found, expected) = (length, pixels.saturating_mul(self.components.len() as u64));
        let is_too_short = match self.family {
            Family::Jpeg2000 => found < dicomet_jpeg_2000::min_bytes(expected),
            _ => self.max_samples_per_byte.is_some_and(|most| found.saturating_mul(most) < expected),
        };
        if is_too_short {
            return Err(Error::pixel_data(ErrorKind::Implausible { found, expected }));
        }
        Ok(())
    }

    /// Returns rows and columns after discarding `reduce` resolution levels; None if there are not as many.
    #[must_use]
    pub fn reduced_size(&self, reduce: u8) -> Option<(u32, u32)> {
        (reduce <= self.discardable_levels()).then(|| self.size_at(reduce))
    }

    /// Returns the description of `image`, which has this header, after discarding `reduce` resolution levels.
    pub fn reduced(&self, image: &Image, reduce: i64) -> Result<Image> {
        let size = u8::try_from(reduce).ok().and_then(|reduce| self.reduced_size(reduce));
        size.map(|size| image.with_size(size)).ok_or_else(|| {
            let expected = u64::from(self.discardable_levels());
            Error::pixel_data(ErrorKind::ResolutionLevels { found: reduce, expected })
        })
    }

    /// The resolution levels that can be discarded, so that samples are left: an image with an offset may have none on a
    /// coarse grid.
    #[must_use]
    pub fn discardable_levels(&self) -> u8 {
        let Details::Jpeg2000(details) = self.details else { return 0 };
        let has_samples = |reduce: &u8| matches!(self.size_at(*reduce), (1.., 1..));
        (1..=details.decomposition_levels).take_while(has_samples).last().unwrap_or(0)
    }

    /// Rows and columns at a resolution of 2^-`reduce` (15444-1 B-15).
    fn size_at(&self, reduce: u8) -> (u32, u32) {
        let first = match self.details {
            Details::Jpeg2000(details) => details.first_sample,
            _ => (0, 0),
        };
        let length = |first: u32, length: u32| {
            let reduced = |place: u32| u64::from(place).div_ceil(1 << reduce);
            (reduced(first.saturating_add(length)) - reduced(first)) as u32
        };
        (length(first.0, self.rows), length(first.1, self.columns))
    }

    fn agrees_with(&self, image: &Image) -> Result<()> {
        let pairs = [
            ("Rows", self.rows as usize, image.rows()),
            ("Columns", self.columns as usize, image.columns()),
            ("components", self.components.len(), image.samples_per_pixel()),
        ];
        for (what, found, expected) in pairs {
            if found != expected {
                let kind = ErrorKind::Codestream { what, found: found as u64, expected: expected as u64 };
                return Err(Error::pixel_data(kind));
            }
        }
        if usize::from(self.precision.div_ceil(8)) > image.sample_bytes() {
            let expected = u64::from(image.bits_allocated());
            let kind = ErrorKind::Codestream { what: "sample bits", found: u64::from(self.precision), expected };
            return Err(Error::pixel_data(kind));
        }
        // PS3.3 C.7.6.3.1.1: all samples of an image have the same bit depth and sign.
        let alike = |component: &Component| (component.precision, component.signed) == (self.precision, self.signed);
        if !self.components.iter().all(alike) {
            let why = "the codestream has components of different bit depth or sign, expected the same of all";
            return Err(Error::pixel_data(ErrorKind::Unsupported(why)));
        }
        Ok(())
    }
}

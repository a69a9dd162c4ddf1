//! Puts the procedures together: one frame in, one slice of the result out.
//!
//! Samples are gathered into a piece of the result that stays in the cache, and finished there (byte order, unused bits,
//! colour), so that the result is written to memory once.

use crate::bits;
use crate::color::{self, Arithmetic};
use crate::display::Transform;
use crate::error::{BITS_ALLOCATED, Error, Problem, Result};
use crate::image::{ByteOrder, Image, Photometric, SampleKind};
use std::sync::Arc;

mod native;
mod rle;
pub use rle::check_rle_bound;

/// Color conversion (PS3.3 C.7.6.3.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conversion {
    /// Samples stay as they are stored.
    None,
    /// `YBR_FULL` to RGB.
    YbrToRgb,
    /// The retired `YBR_PARTIAL_422` and `YBR_PARTIAL_420`, at full size, to RGB: 8-bit samples.
    PartialYbrToRgb,
    /// RGB to `YBR_FULL`: 8-bit samples.
    RgbToYbr,
}

/// How the samples lie in the result, where the caller wants them otherwise than by default.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// Byte order of the words; the machine's by default.
    pub order: ByteOrder,
    /// All samples of one colour of a frame follow each other, of frames in RLE Lossless; side by side by default.
    pub planar: bool,
    /// How colours are converted; exactly by default.
    pub arithmetic: Arithmetic,
    /// Refuse frames in RLE Lossless with anything but padding behind a segment's samples, or behind the header's
    /// offsets. By default that is tolerated, as it does not change the samples.
    pub strict: bool,
}

impl Default for Form {
    fn default() -> Self {
        Self { order: ByteOrder::NATIVE, planar: false, arithmetic: Arithmetic::Exact, strict: false }
    }
}

/// What was tolerated while decoding.
pub type Warnings = Vec<Error>;

/// How the samples of a frame lie in its bytes.
#[derive(Debug, Clone, Copy)]
struct Layout {
    /// Bits of a sample: 1 or 12 where samples are a stream of bits, else whole words. A codec gives words, whatever
    /// Bits Allocated says.
    bits: u8,
    /// Bytes of a sample, before it is widened to the result's.
    width: usize,
    /// Of the words: narrower ones are extended by their sign, or with zeros.
    kind: SampleKind,
    planar: bool,
    order: ByteOrder,
    /// `YBR_FULL_422` in native form.
    subsampled: bool,
    /// Samples of less than a word sent as big-endian words.
    paired: bool,
}

/// What is done to the samples of an image on their way into the result.
#[derive(Debug, Clone)]
pub struct Plan {
    image: Image,
    layout: Layout,
    /// The lowest bits of each sample that count, where the others must be corrected.
    kept_bits: Option<u8>,
    conversion: Conversion,
    /// Bits per sample for the color conversion.
    color_bits: u8,
    form: Form,
    /// What is made of the finished samples, where these are not the result.
    transform: Option<Arc<Transform>>,
}

/// Pixels that are gathered and finished together: at most 96 KiB, within every second-level cache. As all such sizes it is
/// small in tests, so that each of their images crosses its boundaries.
const PIECE_PIXELS: usize = if crate::TINY { 8 } else { 4096 };

impl Plan {
    /// For native frames (PS3.5 8.2, A.1 to A.3) and the byte planes of RLE Lossless.
    ///
    /// `paired`: 8-bit samples were sent as big-endian words (OW). `correct_unused_bits`: clear, or fill with the sign,
    /// the bits above Bits Stored.
    pub fn native(
        image: &Image,
        order: ByteOrder,
        paired: bool,
        correct_unused_bits: bool,
        conversion: Conversion,
    ) -> Result<Self> {
        let packed = matches!(image.bits_allocated(), 1 | 12);
        let layout = Layout {
            bits: if packed { image.bits_allocated() } else { image.sample_bytes() as u8 * 8 },
            width: image.sample_bytes(),
            kind: image.kind(),
            planar: image.is_planar(),
            order: if image.bits_allocated() == 12 { ByteOrder::NATIVE } else { order },
            subsampled: image.photometric() == Photometric::YbrFull422,
            paired: paired || order == ByteOrder::Big && image.bits_allocated() == 12,
        };
        let kept_bits = if correct_unused_bits { image.bits_stored() } else { image.bits_allocated() };
        Self {
            image: image.clone(),
            layout,
            kept_bits: Some(kept_bits),
            conversion,
            color_bits: image.bits_stored(),
            form: Form::default(),
            transform: None,
        }
        .checked()
    }

    /// For frames that another codec has decoded to native words of `bits_allocated` bits, which may be fewer than the
    /// image's. `kept_bits`: the precision beyond which bits are corrected. `color_bits`: the precision of the colors
    /// that `conversion` converts.
    pub fn codec(
        image: &Image,
        bits_allocated: u8,
        planar: bool,
        kept_bits: Option<u8>,
        conversion: Conversion,
        color_bits: u8,
    ) -> Result<Self> {
        let width = usize::from(bits_allocated / 8);
        if !matches!(bits_allocated, 8 | 16 | 32 | 64) || width > image.sample_bytes() {
            let other = BITS_ALLOCATED;
            let value = i64::from(image.bits_allocated());
            let problem = Problem::Contradiction { found: i64::from(bits_allocated), other, value };
            return Err(Error::pixel_data(problem));
        }
        let planar = planar && image.samples_per_pixel() == 3;
        let layout = Layout {
            bits: bits_allocated,
            width,
            kind: image.kind(),
            planar,
            order: ByteOrder::NATIVE,
            subsampled: false,
            paired: false,
        };
        let form = Form::default();
        Self { image: image.clone(), layout, kept_bits, conversion, color_bits, form, transform: None }.checked()
    }

    fn checked(self) -> Result<Self> {
        let (image, bytes) = (&self.image, self.image.sample_bytes());
        let (defined, why) = match self.conversion {
            Conversion::None => return Ok(self),
            Conversion::YbrToRgb => (
                bytes <= 4 && (1..=32).contains(&self.color_bits),
                "YBR_FULL is converted to RGB for three unsigned samples per pixel of up to 32 bits only \
                 (use raw=True or as_rgb=False)",
            ),
            Conversion::PartialYbrToRgb => (
                bytes == 1 && self.color_bits == 8,
                "YBR_PARTIAL_422 and YBR_PARTIAL_420 are defined for three unsigned 8-bit samples per pixel only",
            ),
            Conversion::RgbToYbr => {
                (bytes == 1, "RGB is converted to YBR_FULL for three unsigned 8-bit samples per pixel only")
            }
        };
        if !defined || image.samples_per_pixel() != 3 || image.kind() != SampleKind::Unsigned {
            return Err(Error::pixel_data(Problem::Unsupported(why)));
        }
        Ok(self)
    }

    /// The same plan with a result of another form.
    #[must_use]
    pub fn in_form(self, form: Form) -> Self {
        Self { form, ..self }
    }

    /// The same plan for words that are unsigned, whatever Pixel Representation says: narrower ones are extended with
    /// zeros.
    #[must_use]
    pub fn of_unsigned_words(self) -> Self {
        Self { layout: Layout { kind: SampleKind::Unsigned, ..self.layout }, ..self }
    }

    /// The same plan, whose samples in native byte order are not the result, but go through `transform`.
    #[must_use]
    pub fn through(self, transform: Arc<Transform>) -> Self {
        Self { transform: Some(transform), ..self }
    }

    /// Bytes of a frame of the result.
    fn result_frame_bytes(&self) -> Result<usize> {
        let bytes = self.transform.as_ref().map_or(self.image.sample_bytes(), |transform| transform.sample_bytes());
        let size = self.image.frame_samples().checked_mul(bytes as u64);
        let size = size.and_then(|size| usize::try_from(size).ok());
        size.ok_or_else(|| Error::new(self.image.element(), Problem::TooLarge))
    }

    /// Native frames are the result already: nothing has to be done to their samples.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        let order = self.layout.order == self.form.order || self.image.sample_bytes() == 1;
        let placed = self.is_stored_as_wanted() && !self.layout.planar;
        let finished = self.corrected_bits().is_none() && self.conversion == Conversion::None;
        placed && order && finished && self.transform.is_none()
    }

    /// The lowest bits of each sample that count, where those above have to be corrected.
    fn corrected_bits(&self) -> Option<u8> {
        let allocated = self.image.sample_bytes() * 8;
        self.kept_bits.filter(|kept| usize::from(*kept) < allocated && self.image.kind() != SampleKind::Float)
    }

    /// The image of this plan.
    #[must_use]
    pub fn image(&self) -> &Image {
        &self.image
    }

    fn finish(&self, piece: &mut [u8]) {
        self.finish_words(piece);
        match self.conversion {
            Conversion::None => {}
            Conversion::YbrToRgb if self.has_byte_colors() => color::convert_ybr_to_rgb(piece, self.form.arithmetic),
            Conversion::YbrToRgb => {
                color::convert_deep_ybr_to_rgb(piece, self.image.sample_bytes(), self.color_bits, self.form.order);
            }
            Conversion::PartialYbrToRgb => color::convert_partial_ybr_to_rgb(piece),
            Conversion::RgbToYbr => color::convert_rgb_to_ybr(piece, self.form.arithmetic),
        }
    }

    /// Samples that the fast equations of 8 bits are for, which also exist in floating point.
    fn has_byte_colors(&self) -> bool {
        self.image.sample_bytes() == 1 && self.color_bits == 8
    }

    /// Byte order and unused bits.
    fn finish_words(&self, words: &mut [u8]) {
        let width = self.image.sample_bytes();
        let swap_before = self.layout.order != ByteOrder::NATIVE;
        let swap_after = self.form.order != ByteOrder::NATIVE;
        let kept = self.corrected_bits();
        if swap_before && swap_after && kept.is_none() {
            return;
        }
        if swap_before {
            bits::swap_words(words, width);
        }
        if let Some(kept) = kept {
            bits::correct_unused(words, width, kept, self.image.kind() == SampleKind::Signed);
        }
        if swap_after {
            bits::swap_words(words, width);
        }
    }
}

#[cfg(test)]
mod tests;

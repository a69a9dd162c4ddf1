//! Combines the decoding procedures: reads one frame, writes one slice of the result.
//!
//! Samples are unpacked into a tile of the result that stays in the cache, and postprocessed there (byte order, unused
//! bits, color), so that the result is written to memory once.

use crate::bits;
use crate::color::{self, Arithmetic};
use crate::display::Transform;
use crate::error::{Error, ErrorKind, Result};
use crate::image::{ByteOrder, Image, Photometric, SampleKind};
use crate::tag::BITS_ALLOCATED;
use std::sync::Arc;

mod codestream;
mod deflated;
mod encapsulated;
mod jpeg;
mod jpeg_2000;
mod jpeg_ls;
mod jpeg_xl;
mod native;
mod planar;
mod result_rows;
mod rle;
pub use dicomet_jpeg_2000::OnTruncation;
pub use encapsulated::{Codec, Decoded};

/// Color conversion (PS3.3 C.7.6.3.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conversion {
    /// Samples stay as stored.
    None,
    /// `YBR_FULL` to RGB.
    YbrToRgb,
    /// The retired `YBR_PARTIAL_422` and `YBR_PARTIAL_420`, at full size, to RGB: 8-bit samples.
    PartialYbrToRgb,
    /// RGB to `YBR_FULL`: 8-bit samples.
    RgbToYbr,
}

/// The format of the result, where it differs from the default.
#[derive(Debug, Clone, Copy)]
pub struct OutputFormat {
    /// Byte order of the words; native by default.
    pub order: ByteOrder,
    /// Return frames in RLE Lossless as one plane per component; interleaved by default.
    pub planar: bool,
    /// Arithmetic of the color conversion; exact by default.
    pub arithmetic: Arithmetic,
    /// Refuse RLE Lossless frames with anything but padding after the samples of a segment or after the offsets of the
    /// header, and JPEG-LS frames with any bytes between the samples of a scan and the next marker. By default they are
    /// tolerated, because the samples do not change.
    pub strict: bool,
    /// The number of resolution levels of JPEG 2000 to discard: the image of the decoder has the size of the rest.
    pub reduce: u8,
    /// What to do if data of a JPEG 2000 codestream is missing.
    pub on_truncation: OnTruncation,
}

impl Default for OutputFormat {
    fn default() -> Self {
        Self {
            order: ByteOrder::NATIVE,
            planar: false,
            arithmetic: Arithmetic::Exact,
            strict: false,
            reduce: 0,
            on_truncation: OnTruncation::Error,
        }
    }
}

/// Defects that were tolerated during decoding.
pub type Warnings = Vec<Error>;

/// The layout of a frame's samples in its bytes.
#[derive(Debug, Clone, Copy)]
struct SampleLayout {
    /// Bits of a sample: 1 or 12 if samples are a packed bit stream, else the size of a whole word. A codec returns
    /// words, regardless of Bits Allocated.
    bits: u8,
    /// Bytes of a sample before it is widened to the sample size of the result.
    width: usize,
    /// Of the words: narrower words are sign-extended or zero-extended.
    kind: SampleKind,
    planar: bool,
    order: ByteOrder,
    /// `YBR_FULL_422` in native form.
    subsampled: bool,
    /// Samples narrower than a word, sent as big-endian words.
    ow_swapped: bool,
}

/// Decodes the samples of an image into a result.
#[derive(Debug, Clone)]
pub struct Decoder {
    image: Image,
    layout: SampleLayout,
    /// The number of low bits of each sample that are significant, if the bits above must be corrected.
    significant_bits: Option<u8>,
    conversion: Conversion,
    /// Bits per sample for the color conversion.
    color_bits: u8,
    output: OutputFormat,
    /// Applied to the decoded samples, if the result is not the stored values.
    transform: Option<Arc<Transform>>,
}

/// Pixels unpacked and postprocessed together: at most 96 KiB, which fits any second-level cache. Like all such sizes,
/// it is small in tests, so that every test image crosses its boundaries.
const TILE_PIXELS: usize = if crate::SMALL_BUFFERS { 8 } else { 4096 };

impl Decoder {
    /// Creates a decoder for native frames (PS3.5 8.2, A.1 to A.3) and the byte planes of RLE Lossless.
    ///
    /// `ow_swapped`: 8-bit samples were sent as big-endian words (OW). `correct_unused_bits`: clear the bits above Bits
    /// Stored, or fill them with the sign.
    pub fn native(
        image: &Image,
        order: ByteOrder,
        ow_swapped: bool,
        correct_unused_bits: bool,
        conversion: Conversion,
    ) -> Result<Self> {
        let packed = matches!(image.bits_allocated(), 1 | 12);
        let layout = SampleLayout {
            bits: if packed { image.bits_allocated() } else { image.sample_bytes() as u8 * 8 },
            width: image.sample_bytes(),
            kind: image.kind(),
            planar: image.is_planar(),
            order: if image.bits_allocated() == 12 { ByteOrder::NATIVE } else { order },
            subsampled: image.photometric() == Photometric::YbrFull422,
            ow_swapped: ow_swapped || order == ByteOrder::Big && image.bits_allocated() == 12,
        };
        let significant_bits = if correct_unused_bits { image.bits_stored() } else { image.bits_allocated() };
        Self {
            image: image.clone(),
            layout,
            significant_bits: Some(significant_bits),
            conversion,
            color_bits: image.bits_stored(),
            output: OutputFormat::default(),
            transform: None,
        }
        .checked()
    }

    /// Creates a decoder for codestreams, whose samples dicomet's decoders or a plugin return as native words
    /// of `bits_allocated` bits, which may be fewer than the image's. `significant_bits`: the precision above which bits
    /// are corrected. `color_bits`: the precision of the colors that `conversion` converts.
    pub fn for_codec_output(
        image: &Image,
        bits_allocated: u8,
        planar: bool,
        significant_bits: Option<u8>,
        conversion: Conversion,
        color_bits: u8,
    ) -> Result<Self> {
        let width = usize::from(bits_allocated / 8);
        if !matches!(bits_allocated, 8 | 16 | 32 | 64) || width > image.sample_bytes() {
            let other = BITS_ALLOCATED;
            let value = i64::from(image.bits_allocated());
            let kind = ErrorKind::Contradiction { found: i64::from(bits_allocated), other, value };
            return Err(Error::pixel_data(kind));
        }
        let planar = planar && image.samples_per_pixel() == 3;
        let layout = SampleLayout {
            bits: bits_allocated,
            width,
            kind: image.kind(),
            planar,
            order: ByteOrder::NATIVE,
            subsampled: false,
            ow_swapped: false,
        };
        let output = OutputFormat::default();
        Self { image: image.clone(), layout, significant_bits, conversion, color_bits, output, transform: None }
            .checked()
    }

    fn checked(self) -> Result<Self> {
        let (image, bytes) = (&self.image, self.image.sample_bytes());
        let (defined, kind) = match self.conversion {
            Conversion::None => return Ok(self),
            Conversion::YbrToRgb => (bytes <= 4 && (1..=32).contains(&self.color_bits), ErrorKind::Unconvertible),
            Conversion::PartialYbrToRgb => (
                bytes == 1 && self.color_bits == 8,
                ErrorKind::Unsupported(
                    "YBR_PARTIAL_422 and YBR_PARTIAL_420 are defined for three unsigned 8-bit samples per pixel only",
                ),
            ),
            Conversion::RgbToYbr => (
                bytes == 1,
                ErrorKind::Unsupported("RGB is converted to YBR_FULL for three unsigned 8-bit samples per pixel only"),
            ),
        };
        if !defined || image.samples_per_pixel() != 3 || image.kind() != SampleKind::Unsigned {
            return Err(Error::pixel_data(kind));
        }
        Ok(self)
    }

    /// Returns this decoder with another output format.
    #[must_use]
    pub fn with_output(self, output: OutputFormat) -> Self {
        Self { output, ..self }
    }

    /// The format of the result.
    #[must_use]
    pub fn output(&self) -> OutputFormat {
        self.output
    }

    /// Returns this decoder for unsigned words, regardless of Pixel Representation: narrower words are zero-extended.
    #[must_use]
    pub fn of_unsigned_words(self) -> Self {
        Self { layout: SampleLayout { kind: SampleKind::Unsigned, ..self.layout }, ..self }
    }

    /// Returns this decoder with `transform` applied to its samples, which are in native byte order.
    #[must_use]
    pub fn with_transform(self, transform: Arc<Transform>) -> Self {
        Self { transform: Some(transform), ..self }
    }

    /// Bytes of a sample of the result.
    fn result_sample_bytes(&self) -> usize {
        self.transform.as_ref().map_or(self.image.sample_bytes(), |transform| transform.sample_bytes())
    }

    /// Bytes of a frame of the result.
    fn result_frame_bytes(&self) -> Result<usize> {
        let size = self.image.frame_samples().checked_mul(self.result_sample_bytes() as u64);
        let size = size.and_then(|size| usize::try_from(size).ok());
        size.ok_or_else(|| Error::new(self.image.element(), ErrorKind::TooLarge))
    }

    /// Whether native frames already are the result: their samples need no processing.
    #[must_use]
    pub fn is_passthrough(&self) -> bool {
        let order = self.layout.order == self.output.order || self.image.sample_bytes() == 1;
        let placed = self.has_result_layout() && !self.layout.planar;
        let processed = self.corrected_bits().is_none() && self.conversion == Conversion::None;
        placed && order && processed && self.transform.is_none()
    }

    /// The number of significant low bits of each sample, if the bits above must be corrected.
    fn corrected_bits(&self) -> Option<u8> {
        let allocated = self.image.sample_bytes() * 8;
        self.significant_bits.filter(|kept| usize::from(*kept) < allocated && self.image.kind() != SampleKind::Float)
    }

    /// The image that this decoder decodes.
    #[must_use]
    pub fn image(&self) -> &Image {
        &self.image
    }

    fn postprocess(&self, tile: &mut [u8]) {
        self.postprocess_words(tile);
        match self.conversion {
            Conversion::None => {}
            Conversion::YbrToRgb if self.has_byte_colors() => color::convert_ybr_to_rgb(tile, self.output.arithmetic),
            Conversion::YbrToRgb => {
                color::convert_deep_ybr_to_rgb(tile, self.image.sample_bytes(), self.color_bits, self.output.order);
            }
            Conversion::PartialYbrToRgb => color::convert_partial_ybr_to_rgb(tile),
            Conversion::RgbToYbr => color::convert_rgb_to_ybr(tile, self.output.arithmetic),
        }
    }

    /// Whether the fast 8-bit equations apply, which also exist in floating point.
    fn has_byte_colors(&self) -> bool {
        self.image.sample_bytes() == 1 && self.color_bits == 8
    }

    /// Corrects byte order and unused bits.
    fn postprocess_words(&self, words: &mut [u8]) {
        let width = self.image.sample_bytes();
        let swap_before = self.layout.order != ByteOrder::NATIVE;
        let swap_after = self.output.order != ByteOrder::NATIVE;
        let significant_bits = self.corrected_bits();
        if swap_before && swap_after && significant_bits.is_none() {
            return;
        }
        if swap_before {
            bits::swap_words(words, width);
        }
        if let Some(stored_bits) = significant_bits {
            bits::sign_extend_or_mask(words, width, stored_bits, self.image.kind() == SampleKind::Signed);
        }
        if swap_after {
            bits::swap_words(words, width);
        }
    }
}

#[cfg(test)]
mod tests;

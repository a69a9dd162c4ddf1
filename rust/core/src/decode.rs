//! Puts the procedures together: one frame in, one slice of the result out.
//!
//! Every way ends in [`Plan::fill`]: samples are gathered into a piece of the result that stays in the cache, and
//! finished there (byte order, unused bits, colour), so that the result is written to memory once.

use std::borrow::Cow;
use std::convert::Infallible;

use crate::bits;
use crate::color::{self, Arithmetic};
use crate::error::{BITS_ALLOCATED, Error, Problem, Result, try_with_capacity};
use crate::image::{ByteOrder, Image, Photometric, SampleKind};
use crate::parallel;
use crate::planes;

mod rle;
pub use rle::check_rle_bound;

/// Colour conversion of 8-bit samples (PS3.3 C.7.6.3.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conversion {
    /// Samples stay as they are stored.
    None,
    /// `YBR_FULL` to RGB.
    YbrToRgb,
    /// RGB to `YBR_FULL`.
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
    /// Bytes of a sample, before it is widened to the result's.
    width: usize,
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
    form: Form,
}

/// Pixels that are gathered and finished together: at most 96 KiB, within every second-level cache.
const PIECE_PIXELS: usize = 4096;
/// Pixels that one thread works off before it asks for more.
const BAND_PIXELS: usize = 32 * PIECE_PIXELS;

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
        let layout = Layout {
            width: image.sample_bytes(),
            planar: image.is_planar(),
            order: if image.bits_allocated() == 12 { ByteOrder::NATIVE } else { order },
            subsampled: image.photometric() == Photometric::YbrFull422,
            paired: paired || order == ByteOrder::Big && image.bits_allocated() == 12,
        };
        let kept_bits = if correct_unused_bits { image.bits_stored() } else { image.bits_allocated() };
        Self { image: image.clone(), layout, kept_bits: Some(kept_bits), conversion, form: Form::default() }.checked()
    }

    /// For frames that another codec has decoded to native words of `bits_allocated` bits, which may be fewer than the
    /// image's. `kept_bits`: the precision beyond which bits are corrected.
    pub fn codec(
        image: &Image,
        bits_allocated: u8,
        planar: bool,
        kept_bits: Option<u8>,
        conversion: Conversion,
    ) -> Result<Self> {
        let width = usize::from(bits_allocated / 8);
        if !matches!(bits_allocated, 8 | 16 | 32 | 64) || width > image.sample_bytes() {
            let other = BITS_ALLOCATED;
            let value = i64::from(image.bits_allocated());
            let problem = Problem::Contradiction { found: i64::from(bits_allocated), other, value };
            return Err(Error::pixel_data(problem));
        }
        let planar = planar && image.samples_per_pixel() == 3;
        let layout = Layout { width, planar, order: ByteOrder::NATIVE, subsampled: false, paired: false };
        Self { image: image.clone(), layout, kept_bits, conversion, form: Form::default() }.checked()
    }

    fn checked(self) -> Result<Self> {
        let image = &self.image;
        let convertible =
            image.samples_per_pixel() == 3 && image.sample_bytes() == 1 && image.kind() == SampleKind::Unsigned;
        if self.conversion != Conversion::None && !convertible {
            let why = "colours can be converted for three unsigned 8-bit samples per pixel only (use raw=True or as_rgb=False)";
            return Err(Error::pixel_data(Problem::Unsupported(why)));
        }
        Ok(self)
    }

    /// The same plan with a result of another form.
    #[must_use]
    pub fn in_form(self, form: Form) -> Self {
        Self { form, ..self }
    }

    /// The image of this plan.
    #[must_use]
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// Native frames of this plan have the size and the order of the result, so that they can be read into it and
    /// finished there.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        let Layout { planar, subsampled, paired, .. } = self.layout;
        !planar && !subsampled && !paired && !matches!(self.image.bits_allocated(), 1 | 12)
    }

    /// Finishes samples that lie in their place in the result: byte order, unused bits, colour. `out` is any number of
    /// whole pixels.
    pub fn finish_in_place(&self, out: &mut [u8]) {
        self.fill(out, true, |_, _| {});
    }

    /// Decodes native frames that follow each other in `src` from `first_bit` on, until `out` is full: on all cores where
    /// that is worth their start.
    pub fn native_frames(&self, src: &[u8], first_bit: usize, out: &mut [u8]) -> Result<()> {
        let (frame_bytes, frame_bits) = (self.image.frame_bytes()?, self.image.native_frame_bits()?);
        let src = if self.layout.paired { Cow::Owned(swapped_pairs(src)?) } else { Cow::Borrowed(src) };
        let (bytes, alone) = (out.len(), out.len() / frame_bytes < 2);
        let frames = out.chunks_exact_mut(frame_bytes).enumerate();
        parallel::map(
            frames,
            bytes,
            || (),
            |(), (index, out)| {
                let (frame, bit) = self.native_frame_at(&src, first_bit as u64, index, frame_bits)?;
                self.native_frame(frame, bit, out, alone)
            },
        )?;
        Ok(())
    }

    /// The bytes of frame `index` in `src`, and the bit of the first at which it begins.
    fn native_frame_at<'a>(
        &self,
        src: &'a [u8],
        first_bit: u64,
        index: usize,
        frame_bits: u64,
    ) -> Result<(&'a [u8], usize)> {
        let start = (index as u64).checked_mul(frame_bits).and_then(|bit| bit.checked_add(first_bit));
        let ends = start.and_then(|start| Some((start, start.checked_add(frame_bits)?)));
        let Some((start, end)) = ends else { return Err(Error::new(self.image.element(), Problem::TooLarge)) };
        // The last sample of an odd count lies in the second byte of its word.
        let needed = if self.layout.paired { end.div_ceil(16).saturating_mul(2) } else { end.div_ceil(8) };
        let range = usize::try_from(start / 8).ok().zip(usize::try_from(needed).ok());
        let Some(frame) = range.and_then(|(start, end)| src.get(start..end)) else {
            let problem = Problem::Length { found: src.len() as u64, expected: needed };
            return Err(Error::new(self.image.element(), problem).in_frame(index));
        };
        Ok((frame, (start % 8) as usize))
    }

    /// `alone`: no other frame is decoded at the same time.
    fn native_frame(&self, frame: &[u8], first_bit: usize, out: &mut [u8], alone: bool) -> Result<()> {
        let unpack = match self.image.bits_allocated() {
            1 => bits::unpack_1,
            12 => bits::unpack_12,
            _ => return self.place_words(frame, out, alone),
        };
        if self.layout.planar {
            let mut samples = zeroed(out.len())?;
            unpack(frame, first_bit, &mut samples);
            return self.place_words(&samples, out, alone);
        }
        let sample_bits = usize::from(self.image.bits_allocated());
        let pixel_bits = sample_bits * self.image.samples_per_pixel();
        self.fill(out, alone, |pixel, piece| unpack(frame, first_bit + pixel * pixel_bits, piece));
        Ok(())
    }

    /// Places one frame of whole words, as native pixel data or a codec gives them.
    pub fn words(&self, frame: &[u8], out: &mut [u8]) -> Result<()> {
        self.place_words(frame, out, true)
    }

    fn place_words(&self, frame: &[u8], out: &mut [u8], alone: bool) -> Result<()> {
        let Layout { width, planar, subsampled, .. } = self.layout;
        let samples = self.image.samples_per_pixel();
        let expected = out.len() / self.image.sample_bytes() * width;
        let expected = if subsampled { expected / 3 * 2 } else { expected };
        let Some(frame) = frame.get(..expected) else {
            let problem = Problem::Length { found: frame.len() as u64, expected: expected as u64 };
            return Err(Error::pixel_data(problem));
        };
        if subsampled {
            self.fill(out, alone, |pixel, piece| color::expand_422(&frame[pixel * 2 * width..], width, piece));
        } else if planar && width == self.image.sample_bytes() {
            let planes: [&[u8]; 3] = std::array::from_fn(|i| &frame[i * expected / 3..(i + 1) * expected / 3]);
            self.fill(out, alone, |pixel, piece| {
                let part = pixel * width..pixel * width + piece.len() / 3;
                planes::interleave_samples(planes.map(|plane| &plane[part.clone()]), width, piece);
            });
        } else if planar {
            let mut interleaved = zeroed(expected)?;
            let planes: [&[u8]; 3] = std::array::from_fn(|i| &frame[i * expected / 3..(i + 1) * expected / 3]);
            planes::interleave_samples(planes, width, &mut interleaved);
            self.fill(out, alone, |pixel, piece| self.copy(&interleaved[pixel * samples * width..], piece));
        } else {
            self.fill(out, alone, |pixel, piece| self.copy(&frame[pixel * samples * width..], piece));
        }
        Ok(())
    }

    fn copy(&self, src: &[u8], out: &mut [u8]) {
        let (from, to) = (self.layout.width, self.image.sample_bytes());
        if from == to {
            out.copy_from_slice(&src[..out.len()]);
        } else {
            bits::widen(src, from, out, to, self.image.kind() == SampleKind::Signed);
        }
    }

    /// Gathers and finishes the result piece by piece, and where it is `alone`, bands of pieces on all cores. `gather` gets
    /// the number of the piece's first pixel.
    fn fill(&self, out: &mut [u8], alone: bool, gather: impl Fn(usize, &mut [u8]) + Sync) {
        let pixel_bytes = self.image.sample_bytes() * self.image.samples_per_pixel();
        let bytes = if alone { out.len() } else { 0 };
        let bands = out.chunks_mut(BAND_PIXELS * pixel_bytes).enumerate();
        let done: std::result::Result<Vec<()>, Infallible> = parallel::map(
            bands,
            bytes,
            || (),
            |(), (band, out)| {
                for (index, piece) in out.chunks_mut(PIECE_PIXELS * pixel_bytes).enumerate() {
                    gather(band * BAND_PIXELS + index * PIECE_PIXELS, piece);
                    self.finish(piece);
                }
                Ok(())
            },
        );
        let Ok(_) = done;
    }

    fn finish(&self, piece: &mut [u8]) {
        self.finish_words(piece);
        match self.conversion {
            Conversion::None => {}
            Conversion::YbrToRgb => color::convert_ybr_to_rgb(piece, self.form.arithmetic),
            Conversion::RgbToYbr => color::convert_rgb_to_ybr(piece, self.form.arithmetic),
        }
    }

    /// Byte order and unused bits.
    fn finish_words(&self, words: &mut [u8]) {
        let (width, allocated) = (self.image.sample_bytes(), self.image.sample_bytes() * 8);
        let swap_before = self.layout.order != ByteOrder::NATIVE;
        let swap_after = self.form.order != ByteOrder::NATIVE;
        let kept =
            self.kept_bits.filter(|kept| usize::from(*kept) < allocated && self.image.kind() != SampleKind::Float);
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

fn swapped_pairs(src: &[u8]) -> Result<Vec<u8>> {
    let mut swapped = try_with_capacity(src.len())?;
    swapped.extend_from_slice(src);
    bits::swap_pairs(&mut swapped);
    Ok(swapped)
}

fn zeroed(len: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    resize(&mut bytes, len)?;
    Ok(bytes)
}

fn resize(bytes: &mut Vec<u8>, len: usize) -> Result<()> {
    bytes
        .try_reserve_exact(len.saturating_sub(bytes.len()))
        .map_err(|_| Error::pixel_data(Problem::Memory { bytes: len as u64 }))?;
    bytes.resize(len, 0);
    Ok(())
}

#[cfg(test)]
mod tests;

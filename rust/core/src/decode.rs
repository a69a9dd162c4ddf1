//! Puts the procedures together: one frame in, one slice of the result out.
//!
//! Every way ends in [`Plan::fill`]: samples are gathered into a piece of the result that stays in the cache, and
//! finished there (byte order, unused bits, colour), so that the result is written to memory once.

use std::borrow::Cow;

use crate::bits;
use crate::color;
use crate::error::{BITS_ALLOCATED, Error, Problem, Result, try_with_capacity};
use crate::image::{ByteOrder, Image, Photometric, SampleKind};
use crate::planes;
use crate::rle;

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
}

/// Pixels that are gathered and finished together: at most 96 KiB, within every second-level cache.
const PIECE_PIXELS: usize = 4096;

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
        Self { image: image.clone(), layout, kept_bits: Some(kept_bits), conversion }.checked()
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
        Self { image: image.clone(), layout, kept_bits, conversion }.checked()
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
        self.fill(out, |_, _| {});
    }

    /// Decodes native frames that follow each other in `src` from `first_bit` on, until `out` is full.
    pub fn native_frames(&self, src: &[u8], first_bit: usize, out: &mut [u8]) -> Result<()> {
        let (frame_bytes, frame_bits) = (self.image.frame_bytes()?, self.image.native_frame_bits()?);
        let src = if self.layout.paired { Cow::Owned(swapped_pairs(src)?) } else { Cow::Borrowed(src) };
        let mut bit = first_bit as u64;
        for (index, out) in out.chunks_exact_mut(frame_bytes).enumerate() {
            let end = bit + frame_bits;
            // The last sample of an odd count lies in the second byte of its word.
            let needed = if self.layout.paired { end.div_ceil(16) * 2 } else { end.div_ceil(8) };
            let range = usize::try_from(bit / 8).ok().zip(usize::try_from(needed).ok());
            let Some(frame) = range.and_then(|(start, end)| src.get(start..end)) else {
                let problem = Problem::Length { found: src.len() as u64, expected: needed };
                return Err(Error::new(self.image.element(), problem).in_frame(index));
            };
            self.native_frame(frame, (bit % 8) as usize, out)?;
            bit = end;
        }
        Ok(())
    }

    fn native_frame(&self, frame: &[u8], first_bit: usize, out: &mut [u8]) -> Result<()> {
        let unpack = match self.image.bits_allocated() {
            1 => bits::unpack_1,
            12 => bits::unpack_12,
            _ => return self.words(frame, out),
        };
        if self.layout.planar {
            let mut samples = zeroed(out.len())?;
            unpack(frame, first_bit, &mut samples);
            return self.words(&samples, out);
        }
        let sample_bits = usize::from(self.image.bits_allocated());
        let pixel_bits = sample_bits * self.image.samples_per_pixel();
        self.fill(out, |pixel, piece| unpack(frame, first_bit + pixel * pixel_bits, piece));
        Ok(())
    }

    /// Places one frame of whole words, as native pixel data or a codec gives them.
    pub fn words(&self, frame: &[u8], out: &mut [u8]) -> Result<()> {
        let Layout { width, planar, subsampled, .. } = self.layout;
        let samples = self.image.samples_per_pixel();
        let expected = out.len() / self.image.sample_bytes() * width;
        let expected = if subsampled { expected / 3 * 2 } else { expected };
        let Some(frame) = frame.get(..expected) else {
            let problem = Problem::Length { found: frame.len() as u64, expected: expected as u64 };
            return Err(Error::pixel_data(problem));
        };
        if subsampled {
            self.fill(out, |pixel, piece| color::expand_422(&frame[pixel * 2 * width..], width, piece));
        } else if planar && width == self.image.sample_bytes() {
            let planes: [&[u8]; 3] = std::array::from_fn(|i| &frame[i * expected / 3..(i + 1) * expected / 3]);
            self.fill(out, |pixel, piece| {
                let part = pixel * width..pixel * width + piece.len() / 3;
                planes::interleave_samples(planes.map(|plane| &plane[part.clone()]), width, piece);
            });
        } else if planar {
            let mut interleaved = zeroed(expected)?;
            let planes: [&[u8]; 3] = std::array::from_fn(|i| &frame[i * expected / 3..(i + 1) * expected / 3]);
            planes::interleave_samples(planes, width, &mut interleaved);
            self.fill(out, |pixel, piece| self.copy(&interleaved[pixel * samples * width..], piece));
        } else {
            self.fill(out, |pixel, piece| self.copy(&frame[pixel * samples * width..], piece));
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

    /// Decodes RLE Lossless frames (PS3.5 G), of which the first is number `first_frame`, one after the other into `out`.
    pub fn rle_frames(&self, frames: &[&[u8]], first_frame: usize, out: &mut [u8]) -> Result<Warnings> {
        if self.image.bits_allocated() == 12 {
            let why = "RLE Lossless is not defined for Bits Allocated 12";
            return Err(Error::pixel_data(Problem::Unsupported(why)));
        }
        let (found, expected) = (frames.len() as u64, (out.len() / self.image.frame_bytes()?) as u64);
        if found != expected {
            return Err(Error::pixel_data(Problem::FrameCount { found, expected }));
        }
        let (mut scratch, mut warnings) = (Vec::new(), Warnings::new());
        for (index, (frame, out)) in frames.iter().zip(out.chunks_exact_mut(self.image.frame_bytes()?)).enumerate() {
            let known = warnings.len();
            self.rle_frame(frame, out, &mut scratch, &mut warnings)
                .map_err(|error| error.in_frame(first_frame + index))?;
            for warning in &mut warnings[known..] {
                warning.frame = Some((first_frame + index) as u64);
            }
        }
        Ok(warnings)
    }

    /// Decodes one RLE Lossless frame into `out`. `scratch` is reused from frame to frame.
    fn rle_frame(&self, frame: &[u8], out: &mut [u8], scratch: &mut Vec<u8>, warnings: &mut Warnings) -> Result<()> {
        let (sample_bytes, samples) = (self.image.sample_bytes(), self.image.samples_per_pixel());
        let segments = rle::Segments::new(frame, sample_bytes * samples)?;
        let segments = segments.as_slice();
        if self.image.bits_allocated() == 1 {
            return rle_bits(segments, out, scratch, warnings);
        }
        let plane_bytes = out.len() / segments.len();
        if let [segment] = segments {
            decode_plane(segment, 0, out, warnings)?;
            self.fill(out, |_, _| {});
            return Ok(());
        }
        resize(scratch, out.len())?;
        for (index, (segment, plane)) in segments.iter().zip(scratch.chunks_exact_mut(plane_bytes)).enumerate() {
            decode_plane(segment, index, plane, warnings)?;
        }
        let planes = planes_in_result_order(scratch, plane_bytes, sample_bytes, segments.len());
        let planes = &planes[..segments.len()];
        self.fill(out, |pixel, piece| {
            let part = pixel..pixel + piece.len() / planes.len();
            let mut parts: [&[u8]; rle::MAX_SEGMENTS] = [&[]; rle::MAX_SEGMENTS];
            for (piece_of_plane, plane) in parts.iter_mut().zip(planes) {
                *piece_of_plane = &plane[part.clone()];
            }
            planes::interleave_bytes(&parts[..planes.len()], piece);
        });
        Ok(())
    }

    /// Gathers and finishes the result piece by piece. `gather` gets the number of the piece's first pixel.
    fn fill(&self, out: &mut [u8], mut gather: impl FnMut(usize, &mut [u8])) {
        let pixel_bytes = self.image.sample_bytes() * self.image.samples_per_pixel();
        for (index, piece) in out.chunks_mut(PIECE_PIXELS * pixel_bytes).enumerate() {
            gather(index * PIECE_PIXELS, piece);
            self.finish(piece);
        }
    }

    fn finish(&self, piece: &mut [u8]) {
        let width = self.image.sample_bytes();
        if self.layout.order != ByteOrder::NATIVE {
            bits::swap_words(piece, width);
        }
        if let (Some(kept), true) = (self.kept_bits, self.image.kind() != SampleKind::Float) {
            let signed = self.image.kind() == SampleKind::Signed;
            bits::correct_unused(piece, width, kept, signed);
        }
        match self.conversion {
            Conversion::None => {}
            Conversion::YbrToRgb => color::convert_ybr_to_rgb(piece),
            Conversion::RgbToYbr => color::convert_rgb_to_ybr(piece),
        }
    }
}

/// Checks that compressed `frame_bytes` can hold a frame at all, before memory is allocated for the result.
pub fn check_rle_bound(image: &Image, frame_bytes: u64) -> Result<()> {
    let samples = image.frame_samples() * image.sample_bytes() as u64;
    let needed = if image.bits_allocated() == 1 { samples / 8 } else { samples };
    if needed > frame_bytes.saturating_mul(rle::MAX_EXPANSION) {
        return Err(Error::pixel_data(Problem::Implausible { found: frame_bytes, expected: image.frame_samples() }));
    }
    Ok(())
}

/// Bits Allocated 1 is not defined for RLE. Both forms occur: a byte for each pixel, or eight pixels in a byte. The
/// decoded length tells them apart.
fn rle_bits(segments: &[&[u8]], out: &mut [u8], scratch: &mut Vec<u8>, warnings: &mut Warnings) -> Result<()> {
    let [segment] = segments else {
        let why = "RLE Lossless with Bits Allocated 1 is decoded for one sample per pixel only";
        return Err(Error::pixel_data(Problem::Unsupported(why)));
    };
    let unpacked = rle::decode_segment(segment, out);
    let packed = out.len().div_ceil(8);
    resize(scratch, packed)?;
    let eighth = rle::decode_segment(segment, &mut scratch[..packed]);
    let padding_follows = segment[eighth.read..].iter().all(|&byte| byte == 0);
    if unpacked.written < out.len() && eighth.written == packed && eighth.excess == 0 && padding_follows {
        bits::unpack_1(&scratch[..packed], 0, out);
        return Ok(());
    }
    report(unpacked, 0, out.len(), warnings)?;
    // Some writers use 255 for 1; Bits Stored is 1.
    for pixel in out {
        *pixel &= 1;
    }
    Ok(())
}

fn decode_plane(segment: &[u8], index: usize, plane: &mut [u8], warnings: &mut Warnings) -> Result<()> {
    let decoded = rle::decode_segment(segment, plane);
    report(decoded, index, plane.len(), warnings)
}

fn report(decoded: rle::Decoded, segment: usize, expected: usize, warnings: &mut Warnings) -> Result<()> {
    let expected_bytes = expected as u64;
    if decoded.written < expected {
        let problem = Problem::SegmentShort { found: decoded.written as u64, expected: expected_bytes };
        return Err(Error::pixel_data(problem).in_segment(segment));
    }
    if decoded.excess > 0 {
        let problem = Problem::SegmentLong { excess: decoded.excess as u64, expected: expected_bytes };
        warnings.push(Error::pixel_data(problem).in_segment(segment));
    }
    Ok(())
}

/// PS3.5 G.2: segments are ordered by sample, most significant byte first; the result wants native words side by side.
fn planes_in_result_order(
    scratch: &[u8],
    plane_bytes: usize,
    sample_bytes: usize,
    count: usize,
) -> [&[u8]; rle::MAX_SEGMENTS] {
    let mut planes: [&[u8]; rle::MAX_SEGMENTS] = [&[]; rle::MAX_SEGMENTS];
    for (place, plane) in planes.iter_mut().enumerate().take(count) {
        let (sample, byte) = (place / sample_bytes, place % sample_bytes);
        let segment = if cfg!(target_endian = "big") { place } else { (sample + 1) * sample_bytes - 1 - byte };
        *plane = &scratch[segment * plane_bytes..(segment + 1) * plane_bytes];
    }
    planes
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

//! Frames in RLE Lossless (PS3.5 G): unpacks and interleaves byte planes.

use super::{Conversion, Decoder, Warnings};
use crate::alloc::grow;
use crate::bits;
use crate::color;
use crate::error::{Error, ErrorKind, Result};
use crate::image::Image;
use crate::parallel::{CancelCheck, Parallelism};
use crate::planes;
use crate::rle;
use crate::tag::BITS_ALLOCATED;

/// Bytes of each plane that are unpacked before they are interleaved: the strips of all planes of a frame of 16 bits or
/// RGB fit into the second-level cache. From 16 to 128 KiB makes no difference; below, the fixed cost of a strip
/// dominates.
const STRIP_BYTES: usize = if crate::SMALL_BUFFERS { 100 } else { 32 << 10 };
/// Bytes written between two checks for cancellation.
const CANCEL_CHECK_BYTES: usize = if crate::SMALL_BUFFERS { 1 << 6 } else { 1 << 24 };

impl Decoder {
    /// Decodes one frame into `out`, which has the format of the result.
    pub(super) fn rle_frame(
        &self,
        frame: &[u8],
        out: &mut [u8],
        [scratch, processed, _]: &mut [Vec<u8>; 3],
        parallelism: &Parallelism<'_>,
    ) -> Result<Warnings> {
        let (mut warnings, mut cancel) = (Warnings::new(), CancelCheck::new(parallelism));
        let Some(transform) = &self.transform else {
            self.rle_segments(frame, out, scratch, &mut warnings, &mut cancel)?;
            return Ok(warnings);
        };
        let processed_bytes = self.image.frame_bytes()?;
        grow(processed, processed_bytes)?;
        let processed = &mut processed[..processed_bytes];
        self.rle_segments(frame, processed, scratch, &mut warnings, &mut cancel)?;
        transform.apply(processed, out);
        Ok(warnings)
    }

    fn rle_segments(
        &self,
        frame: &[u8],
        out: &mut [u8],
        scratch: &mut Vec<u8>,
        warnings: &mut Warnings,
        cancel: &mut CancelCheck<'_>,
    ) -> Result<()> {
        let (width, samples) = (self.image.sample_bytes(), self.image.samples_per_pixel());
        let segments = rle::Segments::new(frame, width * samples)?;
        if self.output.strict && segments.leftover {
            return Err(Error::pixel_data(ErrorKind::UnusedSegmentOffset { segments: width * samples }).at(0));
        }
        let segments = segments.as_slice();
        if self.image.bits_allocated() == 1 {
            return rle_bits(segments, out, scratch, warnings, cancel);
        }
        if !self.output.planar {
            let mut planes =
                BytePlanes { scratch, warnings, first: 0, width, strict: self.output.strict, strip: STRIP_BYTES };
            return planes.decode(segments, out, cancel, |tile| self.postprocess(tile));
        }
        let plane_bytes = out.len() / samples;
        for (sample, (segments, out)) in segments.chunks(width).zip(out.chunks_exact_mut(plane_bytes)).enumerate() {
            let first = sample * width;
            let mut planes =
                BytePlanes { scratch, warnings, first, width, strict: self.output.strict, strip: STRIP_BYTES };
            planes.decode(segments, out, cancel, |tile| self.postprocess_words(tile))?;
        }
        let arithmetic = self.output.arithmetic;
        match self.conversion {
            Conversion::None => {}
            Conversion::YbrToRgb if self.has_byte_colors() => color::convert_ybr_to_rgb_planes(out, arithmetic),
            Conversion::RgbToYbr => color::convert_rgb_to_ybr_planes(out, arithmetic),
            Conversion::YbrToRgb | Conversion::PartialYbrToRgb => {
                let why = "in planes, only YBR_FULL of 8 bits is converted to RGB";
                return Err(Error::pixel_data(ErrorKind::Unsupported(why)));
            }
        }
        Ok(())
    }
}

/// Interleaves the segments of one or all samples of a frame into words.
struct BytePlanes<'a> {
    scratch: &'a mut Vec<u8>,
    warnings: &'a mut Warnings,
    /// Number of the first segment in its frame.
    first: usize,
    /// Bytes of a word.
    width: usize,
    /// Refuse anything but padding after the end of a plane.
    strict: bool,
    /// Bytes of each plane that are unpacked before they are interleaved.
    strip: usize,
}

impl BytePlanes<'_> {
    /// Unpacks `segments`, interleaves their bytes, and calls `postprocess` for each tile of the result while it is in
    /// the cache. All segments advance together, one strip at a time, so that little memory is needed besides the result.
    fn decode(
        &mut self,
        segments: &[&[u8]],
        out: &mut [u8],
        cancel: &mut CancelCheck<'_>,
        postprocess: impl Fn(&mut [u8]),
    ) -> Result<()> {
        let count = segments.len();
        let plane_bytes = out.len() / count;
        if let [segment] = segments {
            self.check_segment(
                rle::decode_segment_cancellable(segment, out, cancel)?,
                segment,
                self.first,
                plane_bytes,
            )?;
            for tile in out.chunks_mut(CANCEL_CHECK_BYTES) {
                cancel.check()?;
                postprocess(tile);
            }
            return Ok(());
        }
        let mut unpackers: [_; rle::MAX_SEGMENTS] = std::array::from_fn(|index| {
            rle::Unpacker::new(segments.get(index).copied().unwrap_or_default(), plane_bytes)
        });
        let unpackers = &mut unpackers[..count];
        let strip = plane_bytes.min(self.strip);
        let room = strip + rle::RUN_OVERRUN;
        let mut scratch = std::mem::take(self.scratch);
        grow(&mut scratch, count * room)?;
        let buffers = &mut scratch[..count * room];
        for out in out.chunks_mut(strip * count) {
            cancel.check()?;
            if !rle::fill_strips(unpackers, buffers) {
                break;
            }
            interleave_strip(&planes_in_result_order(buffers, room, self.width, count)[..count], out, &postprocess);
        }
        // Reports the first of several truncated segments, regardless of the strip in which each ends.
        for (index, (unpacker, buffer)) in unpackers.iter_mut().zip(buffers.chunks_exact_mut(room)).enumerate() {
            let decoded = unpacker.finish(buffer);
            self.check_segment(decoded, segments[index], self.first + index, plane_bytes)?;
        }
        *self.scratch = scratch;
        Ok(())
    }

    /// Checks what a segment contributed to its plane.
    fn check_segment(&mut self, decoded: rle::Decoded, segment: &[u8], index: usize, plane_bytes: usize) -> Result<()> {
        let rest = &segment[decoded.read..];
        // PS3.5 G.3.1: at most one 0 byte makes the length even.
        if self.strict && decoded.written == plane_bytes && (decoded.excess > 0 || !matches!(rest, [] | [0])) {
            let kind = ErrorKind::SegmentRest { bytes: rest.len() as u64, expected: plane_bytes as u64 };
            return Err(Error::pixel_data(kind).in_segment(index));
        }
        check_output(decoded, rest, index, plane_bytes, self.warnings)
    }
}

/// Interleaves the bytes of `planes` and calls `postprocess`, one tile at a time.
fn interleave_strip(planes: &[&[u8]], out: &mut [u8], postprocess: &impl Fn(&mut [u8])) {
    let count = planes.len();
    for (index, tile) in out.chunks_mut(super::TILE_PIXELS * count).enumerate() {
        let start = index * super::TILE_PIXELS;
        let mut parts: [&[u8]; rle::MAX_SEGMENTS] = [&[]; rle::MAX_SEGMENTS];
        for (part, plane) in parts.iter_mut().zip(planes) {
            *part = &plane[start..start + tile.len() / count];
        }
        planes::interleave_bytes(&parts[..count], tile);
        postprocess(tile);
    }
}

/// Checks that `frame_bytes` compressed bytes can contain a frame at all, before memory is allocated for the result.
pub(super) fn check_bound(image: &Image, frame_bytes: u64) -> Result<()> {
    let samples = image.frame_samples() * image.sample_bytes() as u64;
    let needed = if image.bits_allocated() == 1 { samples / 8 } else { samples };
    if needed > frame_bytes.saturating_mul(rle::MAX_EXPANSION) {
        return Err(Error::pixel_data(ErrorKind::Implausible { found: frame_bytes, expected: image.frame_samples() }));
    }
    Ok(())
}

/// PS3.5 G.2, 8.2.2: one segment for each byte of a pixel; the header has room for 15.
pub(super) fn check_defined(image: &Image) -> Result<()> {
    match (image.bits_allocated(), image.samples_per_pixel()) {
        (12, _) => Err(undefined(12, "1, 8, 16, 32 or 64 for RLE Lossless")),
        (64, 3) => Err(undefined(64, "8, 16 or 32 for colors in RLE Lossless, which has room for 15 segments")),
        _ => Ok(()),
    }
}

fn undefined(bits_allocated: u8, expected: &'static str) -> Error {
    Error::new(BITS_ALLOCATED, ErrorKind::Value { found: i64::from(bits_allocated), expected })
}

/// Bits Allocated 1 is not defined for RLE. Both encodings occur: one byte per pixel, or eight pixels per byte. The
/// decoded length distinguishes them.
fn rle_bits(
    segments: &[&[u8]],
    out: &mut [u8],
    scratch: &mut Vec<u8>,
    warnings: &mut Warnings,
    cancel: &mut CancelCheck<'_>,
) -> Result<()> {
    let [segment] = segments else { return Err(undefined(1, "8, 16 or 32 for colors in RLE Lossless")) };
    let unpacked = rle::decode_segment_cancellable(segment, out, cancel)?;
    let packed = out.len().div_ceil(8);
    grow(scratch, packed)?;
    let eighth = rle::decode_segment_cancellable(segment, &mut scratch[..packed], cancel)?;
    let padding_follows = segment[eighth.read..].iter().all(|&byte| byte == 0);
    if unpacked.written < out.len() && eighth.written == packed && eighth.excess == 0 && padding_follows {
        for (pixels, bytes) in out.chunks_mut(CANCEL_CHECK_BYTES).zip(scratch[..packed].chunks(CANCEL_CHECK_BYTES / 8))
        {
            cancel.check()?;
            bits::unpack_1(bytes, 0, pixels);
        }
        return Ok(());
    }
    check_output(unpacked, &segment[unpacked.read..], 0, out.len(), warnings)?;
    // Some writers use 255 for 1; Bits Stored is 1.
    for pixels in out.chunks_mut(CANCEL_CHECK_BYTES) {
        cancel.check()?;
        for pixel in pixels {
            *pixel &= 1;
        }
    }
    Ok(())
}

/// Checks the output of a segment, and its unread bytes `rest`.
fn check_output(
    decoded: rle::Decoded,
    rest: &[u8],
    segment: usize,
    expected: usize,
    warnings: &mut Warnings,
) -> Result<()> {
    let expected_bytes = expected as u64;
    if decoded.written < expected {
        let kind = ErrorKind::SegmentShort { found: decoded.written as u64, expected: expected_bytes };
        return Err(Error::pixel_data(kind).in_segment(segment));
    }
    if decoded.excess > 0 {
        let kind = ErrorKind::SegmentLong { excess: decoded.excess as u64, expected: expected_bytes };
        warnings.push(Error::pixel_data(kind).in_segment(segment));
    } else if rest.iter().any(|byte| !matches!(byte, 0 | 128)) {
        // More than padding: Rows or Columns may be wrong.
        let kind = ErrorKind::SegmentRest { bytes: rest.len() as u64, expected: expected_bytes };
        warnings.push(Error::pixel_data(kind).in_segment(segment));
    }
    Ok(())
}

/// PS3.5 G.2: segments are ordered by sample, most significant byte first; the result has interleaved native words.
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

#[cfg(test)]
mod tests;

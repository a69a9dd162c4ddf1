//! Native frames (PS3.5 8.2, A.1 to A.3, A.5) and the words of a plugin: decodes strips of the value into strips of the
//! result.
//!
//! A strip is what one thread decodes at a time. The thread reads the part of the value that it needs, so that the
//! cores share the reading of a file like all other work.

use super::{Decoder, SampleLayout, TILE_PIXELS};
use crate::alloc::grow;
use crate::bits;
use crate::color;
use crate::display::Transform;
use crate::error::{Error, ErrorKind, Result};
use crate::image::SampleKind;
use crate::parallel::{self, Parallelism};
use crate::scratch::Scratch;
use crate::source::{ReadResult, Source};

/// Bytes of a strip of the result: it stays in the second-level cache between reading and postprocessing.
const STRIP_BYTES: usize = if crate::SMALL_BUFFERS { 1 << 6 } else { 1 << 18 };
impl Decoder {
    /// Decodes the native frames of the value `source`, starting with frame number `first_frame`, until `out` is full.
    pub fn native_frames<S: Source>(
        &self,
        source: &S,
        first_frame: usize,
        out: &mut [u8],
        parallelism: &Parallelism<'_>,
    ) -> ReadResult<(), S> {
        self.image.native_frame_bits()?;
        self.decode_stored(source, first_frame, out, parallelism)
    }

    /// Decodes one frame of whole words, as a plugin returns them.
    pub fn decode_codec_output(&self, frame: &[u8], out: &mut [u8], parallelism: &Parallelism<'_>) -> Result<()> {
        let expected = self.frame_bits() / 8;
        if (frame.len() as u64) < expected {
            return Err(Error::pixel_data(ErrorKind::Length { found: frame.len() as u64, expected }));
        }
        self.decode_stored(&frame, 0, out, parallelism)
    }

    fn decode_stored<S: Source>(
        &self,
        source: &S,
        first_frame: usize,
        out: &mut [u8],
        parallelism: &Parallelism<'_>,
    ) -> ReadResult<(), S> {
        let frame_bytes = self.result_frame_bytes()?;
        // The end of the last frame must be representable; then every position before it is.
        let end_frame = (first_frame as u64).checked_add(out.len().div_ceil(frame_bytes) as u64);
        if end_frame.and_then(|end| end.checked_mul(self.frame_bits())).is_none() {
            return Err(Error::new(self.image.element(), ErrorKind::TooLarge).into());
        }
        if let Some(transform) = &self.transform {
            self.decode_transformed(transform, source, first_frame, out, parallelism)
        } else if self.layout.planar {
            self.decode_planar(source, first_frame, out, parallelism)
        } else {
            self.decode_interleaved(source, first_frame, out, parallelism)
        }
    }

    /// Bits of a sample in the value.
    pub(super) fn stored_sample_bits(&self) -> u64 {
        u64::from(self.layout.bits)
    }

    /// Bits of a pixel in the value; the mean of a pair if subsampled.
    fn stored_pixel_bits(&self) -> u64 {
        let samples = if self.layout.subsampled { 2 } else { self.image.samples_per_pixel() };
        samples as u64 * self.stored_sample_bits()
    }

    pub(super) fn frame_bits(&self) -> u64 {
        self.image.frame_pixels() * self.stored_pixel_bits()
    }

    pub(super) fn pixel_bytes(&self) -> usize {
        self.image.sample_bytes() * self.image.samples_per_pixel()
    }

    /// Pixels of a strip of about `bytes` bytes: a multiple of [`TILE_PIXELS`], and therefore of a pair of pixels.
    pub(super) fn strip_pixels(&self, bytes: usize) -> usize {
        (bytes / self.pixel_bytes() / TILE_PIXELS).max(1) * TILE_PIXELS
    }

    /// Interleaved pixels: pixels and frames follow each other without gaps, so a strip can be any part of the result.
    fn decode_interleaved<S: Source>(
        &self,
        source: &S,
        first_frame: usize,
        out: &mut [u8],
        parallelism: &Parallelism<'_>,
    ) -> ReadResult<(), S> {
        let (bytes, pixel_bytes, strip_pixels) = (out.len(), self.pixel_bytes(), self.strip_pixels(STRIP_BYTES));
        let strips = out.chunks_mut(strip_pixels * pixel_bytes).enumerate();
        let work = |scratch: &mut Scratch, (strip, out): (usize, &mut [u8])| {
            let first_pixel = first_frame as u64 * self.image.frame_pixels() + (strip * strip_pixels) as u64;
            self.decode_interleaved_strip(source, first_pixel, out, &mut scratch.stored[0])
        };
        parallel::map(parallelism, strips, bytes, Scratch::of_this_thread, work)?;
        Ok(())
    }

    fn decode_interleaved_strip<S: Source>(
        &self,
        source: &S,
        first_pixel: u64,
        out: &mut [u8],
        scratch: &mut Vec<u8>,
    ) -> ReadResult<(), S> {
        let (bit, pixel_bytes) = (first_pixel * self.stored_pixel_bits(), self.pixel_bytes());
        if self.has_result_layout() && source.in_memory().is_none() {
            self.read(source, bit / 8, out)?;
            out.chunks_mut(TILE_PIXELS * pixel_bytes).for_each(|tile| self.postprocess(tile));
            return Ok(());
        }
        let bits = (out.len() / pixel_bytes) as u64 * self.stored_pixel_bits();
        let (bytes, first_bit) = self.bits_at(source, bit, bits, scratch)?;
        for (index, tile) in out.chunks_mut(TILE_PIXELS * pixel_bytes).enumerate() {
            let bit = (index * TILE_PIXELS) as u64 * self.stored_pixel_bits();
            self.unpack_pixels(bytes, first_bit + bit as usize, tile);
            self.postprocess(tile);
        }
        Ok(())
    }

    /// Strips of decoded samples stay in the cache until `transform` has been applied to them.
    fn decode_transformed<S: Source>(
        &self,
        transform: &Transform,
        source: &S,
        first_frame: usize,
        out: &mut [u8],
        parallelism: &Parallelism<'_>,
    ) -> ReadResult<(), S> {
        if self.layout.planar {
            return self.decode_planar_transformed(transform, source, first_frame, out, parallelism);
        }
        let (bytes, strip_pixels) = (out.len(), self.strip_pixels(STRIP_BYTES));
        let result_pixel_bytes = transform.sample_bytes() * self.image.samples_per_pixel();
        let strips = out.chunks_mut(strip_pixels * result_pixel_bytes).enumerate();
        let work = |scratch: &mut Scratch, (strip, out): (usize, &mut [u8])| -> ReadResult<(), S> {
            let first_pixel = first_frame as u64 * self.image.frame_pixels() + (strip * strip_pixels) as u64;
            let processed_bytes = out.len() / result_pixel_bytes * self.pixel_bytes();
            let ([stored, ..], [processed, ..]) = (&mut scratch.stored, &mut scratch.unpacked);
            grow(processed, processed_bytes)?;
            let processed = &mut processed[..processed_bytes];
            self.decode_interleaved_strip(source, first_pixel, processed, stored)?;
            transform.apply(processed, out);
            Ok(())
        };
        parallel::map(parallelism, strips, bytes, Scratch::of_this_thread, work)?;
        Ok(())
    }

    /// Whether samples have the same size and place in the value and in the result: they can be read into the result
    /// and postprocessed there.
    pub(super) fn has_result_layout(&self) -> bool {
        let SampleLayout { bits, width, subsampled, ow_swapped, .. } = self.layout;
        let whole_words = !matches!(bits, 1 | 12);
        whole_words && width == self.image.sample_bytes() && !subsampled && !ow_swapped
    }

    /// Unpacks pixels starting at bit `first_bit` of `stored` into interleaved words until `tile` is full.
    pub(super) fn unpack_pixels(&self, stored: &[u8], first_bit: usize, tile: &mut [u8]) {
        match self.layout.bits {
            1 => bits::unpack_1(stored, first_bit, tile),
            12 => bits::unpack_12(stored, first_bit, tile),
            _ if self.layout.subsampled => color::upsample_422(&stored[first_bit / 8..], self.layout.width, tile),
            _ => self.widen(&stored[first_bit / 8..], tile),
        }
    }

    pub(super) fn widen(&self, words: &[u8], out: &mut [u8]) {
        let (from, to) = (self.layout.width, self.image.sample_bytes());
        if from == to {
            out.copy_from_slice(&words[..out.len()]);
        } else {
            bits::widen(words, from, out, to, self.layout.kind == SampleKind::Signed);
        }
    }

    /// Returns the bytes that contain `count` bits of the value starting at bit `first`, and the position of that bit
    /// in the first byte.
    pub(super) fn bits_at<'a, S: Source>(
        &self,
        source: &'a S,
        first: u64,
        count: u64,
        scratch: &'a mut Vec<u8>,
    ) -> ReadResult<(&'a [u8], usize), S> {
        let (start, end) = (first / 8, (first + count).div_ceil(8));
        if self.layout.ow_swapped {
            let bytes = self.pairs_at(source, start, end, scratch)?;
            return Ok((bytes, (first % 8) as usize));
        }
        let length = self.in_memory_size(end - start)?;
        let bytes = source.bytes_at(start, length, scratch)?;
        self.check_read(start, bytes.len(), length, end)?;
        Ok((bytes, (first % 8) as usize))
    }

    /// Returns bytes `start` to `end` of a value that was sent as big-endian words (PS3.5 7.3); the last word may be
    /// truncated.
    fn pairs_at<'a, S: Source>(
        &self,
        source: &S,
        start: u64,
        end: u64,
        scratch: &'a mut Vec<u8>,
    ) -> ReadResult<&'a [u8], S> {
        let skipped = (start % 2) as usize;
        let length = self.in_memory_size((end - start + skipped as u64).next_multiple_of(2))?;
        grow(scratch, length)?;
        let pairs = &mut scratch[..length];
        let read = source.read_at(start - skipped as u64, pairs)?;
        self.check_read(start - skipped as u64, read, length, end)?;
        bits::swap_pairs(pairs);
        Ok(&scratch[skipped..length])
    }

    fn read<S: Source>(&self, source: &S, offset: u64, out: &mut [u8]) -> ReadResult<(), S> {
        let read = source.read_at(offset, out)?;
        self.check_read(offset, read, out.len(), offset.saturating_add(out.len() as u64))?;
        Ok(())
    }

    fn in_memory_size(&self, bytes: u64) -> Result<usize> {
        usize::try_from(bytes).map_err(|_| Error::new(self.image.element(), ErrorKind::TooLarge))
    }

    /// Checks that the value contains the `wanted` bytes at `offset`; bytes up to `end` are samples.
    fn check_read(&self, offset: u64, found: usize, wanted: usize, end: u64) -> Result<()> {
        if found >= wanted {
            return Ok(());
        }
        let (found, wanted) = (offset.saturating_add(found as u64), offset.saturating_add(wanted as u64));
        // The first missing byte may begin with the last bits of the previous frame.
        let last = end.saturating_mul(8).saturating_sub(1) / self.frame_bits().max(1);
        let frame = (found.saturating_mul(8).saturating_add(7) / self.frame_bits().max(1)).min(last);
        let kind = ErrorKind::Length { found, expected: wanted };
        let error = Error::new(self.image.element(), kind);
        Err(error.in_frame(usize::try_from(frame).unwrap_or(usize::MAX)))
    }
}

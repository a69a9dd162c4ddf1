//! Native frames with one plane per component (Planar Configuration 1): strips of all planes, interleaved.

use super::{Decoder, TILE_PIXELS};
use crate::alloc::{grow, try_push};
use crate::display::Transform;
use crate::error::Result;
use crate::parallel::{self, Parallelism};
use crate::planes;
use crate::scratch::Scratch;
use crate::source::{ReadResult, Source};

/// Bytes of a strip of planar data, where each plane is read separately.
const PLANAR_STRIP_BYTES: usize = if crate::SMALL_BUFFERS { 1 << 7 } else { 1 << 19 };

impl Decoder {
    /// Decodes a frame at a time into interleaved pixels: planar color rarely has more than 8 bits, and 8-bit color
    /// needs no transform.
    pub(super) fn decode_planar_transformed<S: Source>(
        &self,
        transform: &Transform,
        source: &S,
        first_frame: usize,
        out: &mut [u8],
        parallelism: &Parallelism<'_>,
    ) -> ReadResult<(), S> {
        let mut processed = Vec::new();
        grow(&mut processed, self.image.frame_bytes()?)?;
        for (index, out) in out.chunks_mut(self.result_frame_bytes()?).enumerate() {
            self.decode_planar(source, first_frame.saturating_add(index), &mut processed, parallelism)?;
            transform.apply(&processed, out);
        }
        Ok(())
    }

    /// Every frame has a plane for each component: a strip is a part of one frame, or several whole small frames.
    pub(super) fn decode_planar<S: Source>(
        &self,
        source: &S,
        first_frame: usize,
        out: &mut [u8],
        parallelism: &Parallelism<'_>,
    ) -> ReadResult<(), S> {
        let (bytes, frame_bytes) = (out.len(), self.image.frame_bytes()?);
        let strips = strips_of_frames(out, frame_bytes, self.strip_pixels(PLANAR_STRIP_BYTES) * self.pixel_bytes())?;
        parallel::map(
            parallelism,
            strips.into_iter(),
            bytes,
            Scratch::of_this_thread,
            |scratch, (frame, offset, out)| -> ReadResult<(), S> {
                for (index, out) in out.chunks_mut(frame_bytes).enumerate() {
                    let pixel = (offset / self.pixel_bytes()) as u64;
                    self.decode_planar_strip(source, (first_frame + frame + index) as u64, pixel, out, scratch)?;
                }
                Ok(())
            },
        )?;
        Ok(())
    }

    fn decode_planar_strip<S: Source>(
        &self,
        source: &S,
        frame: u64,
        pixel: u64,
        out: &mut [u8],
        scratch: &mut Scratch,
    ) -> ReadResult<(), S> {
        let (sample_bits, pixels) = (self.stored_sample_bits(), out.len() / self.pixel_bytes());
        let mut planes: [&[u8]; 3] = [&[]; 3];
        let buffers = scratch.stored.iter_mut().zip(&mut scratch.unpacked);
        for ((number, plane), (stored, words)) in planes.iter_mut().enumerate().zip(buffers) {
            let bit = frame * self.frame_bits() + (number as u64 * self.image.frame_pixels() + pixel) * sample_bits;
            let (bytes, first_bit) = self.bits_at(source, bit, pixels as u64 * sample_bits, stored)?;
            *plane = bytes;
            if matches!(self.layout.bits, 1 | 12) {
                let plane_bytes = pixels * self.layout.width;
                grow(words, plane_bytes)?;
                self.unpack_pixels(bytes, first_bit, &mut words[..plane_bytes]);
                *plane = &words[..plane_bytes];
            }
        }
        self.interleave(planes, out)?;
        Ok(())
    }

    fn interleave(&self, planes: [&[u8]; 3], out: &mut [u8]) -> Result<()> {
        let (width, sample_bytes) = (self.layout.width, self.image.sample_bytes());
        let mut narrow = Vec::new();
        for (index, tile) in out.chunks_mut(TILE_PIXELS * 3 * sample_bytes).enumerate() {
            let pixels = tile.len() / 3 / sample_bytes;
            let start = index * TILE_PIXELS * width;
            let planes = planes.map(|plane| &plane[start..start + pixels * width]);
            if width == sample_bytes {
                planes::interleave_samples(planes, width, tile);
            } else {
                grow(&mut narrow, pixels * 3 * width)?;
                planes::interleave_samples(planes, width, &mut narrow[..pixels * 3 * width]);
                self.widen(&narrow, tile);
            }
            self.postprocess(tile);
        }
        Ok(())
    }
}

/// Parts of a result, each with the number of its first frame and its offset in that frame.
type Strips<'a> = Vec<(usize, usize, &'a mut [u8])>;

/// Splits `out` into strips of about `strip_bytes`: parts of one frame, or several whole frames.
fn strips_of_frames(out: &mut [u8], frame_bytes: usize, strip_bytes: usize) -> Result<Strips<'_>> {
    let frames = (strip_bytes / frame_bytes).max(1);
    let bytes = if frames > 1 { frames * frame_bytes } else { strip_bytes };
    let mut strips = Vec::new();
    for (group, out) in out.chunks_mut(frames * frame_bytes).enumerate() {
        for (strip, out) in out.chunks_mut(bytes).enumerate() {
            try_push(&mut strips, (group * frames, strip * bytes, out))?;
        }
    }
    Ok(strips)
}

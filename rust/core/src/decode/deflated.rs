//! Frames in Deflated Image Frame Compression (PS3.5 8.2.16, A.4.13): each is a native frame in a deflate stream
//! (RFC 1951) of its own.
//!
//! At most one frame is inflated from a stream, whatever it holds. Frames start at byte boundaries, also those of single
//! bits.

use super::{Decoder, TILE_PIXELS, Warnings};
use crate::alloc::grow;
use crate::deflate::{MAX_BYTES_PER_BYTE, new_stream};
use crate::error::{DeflatedFrame, Error, ErrorKind, Result};
use crate::image::{Image, Photometric};
use crate::parallel::{CancelCheck, Parallelism};
use flate2::{Decompress, FlushDecompress, Status};
use std::cell::Cell;

/// Bytes inflated at a time: they stay in the second-level cache until they are postprocessed.
const STRIP_BYTES: usize = if crate::SMALL_BUFFERS { 1 << 6 } else { 1 << 18 };
/// Bytes after the frame that are inflated at a time, to be counted.
const EXCESS_BYTES: usize = if crate::SMALL_BUFFERS { 1 << 4 } else { 1 << 12 };

thread_local! {
    /// The inflater of the last frame: creating one takes as long as inflating a small frame.
    static KEPT: Cell<Option<Decompress>> = const { Cell::new(None) };
}

impl Decoder {
    /// Decodes one frame into `out`, which has the format of the result.
    pub(super) fn deflated_frame(
        &self,
        frame: &[u8],
        out: &mut [u8],
        [inflated, ..]: &mut [Vec<u8>; 3],
        parallelism: &Parallelism<'_>,
    ) -> Result<Warnings> {
        let expected = self.image.native_frame_bytes()?;
        let mut stream = FrameStream::new(frame)?;
        let mut cancel = CancelCheck::new(parallelism);
        if self.has_result_layout() && !self.layout.planar && self.transform.is_none() {
            stream.inflate(out, self.strip_pixels(STRIP_BYTES) * self.pixel_bytes(), &mut cancel, |strip| {
                strip.chunks_mut(TILE_PIXELS * self.pixel_bytes()).for_each(|tile| self.postprocess(tile));
            })?;
            return stream.finish(&self.image, expected, &mut cancel);
        }
        grow(inflated, expected)?;
        let native = &mut inflated[..expected];
        stream.inflate(native, STRIP_BYTES, &mut cancel, |_| {})?;
        let warnings = stream.finish(&self.image, expected, &mut cancel)?;
        self.native_frames(&&*native, 0, out, parallelism)?;
        Ok(warnings)
    }
}

/// The stream of one frame.
struct FrameStream<'a> {
    frame: &'a [u8],
    stream: Decompress,
    ended: bool,
}

impl<'a> FrameStream<'a> {
    fn new(frame: &'a [u8]) -> Result<Self> {
        let mut stream = KEPT.try_with(Cell::take).ok().flatten().map_or_else(new_stream, Ok)?;
        stream.reset(false);
        Ok(Self { frame, stream, ended: false })
    }

    /// Fills `out`, in strips of at most `strip` bytes, and calls `process` for each of them.
    fn inflate(
        &mut self,
        out: &mut [u8],
        strip: usize,
        cancel: &mut CancelCheck<'_>,
        mut process: impl FnMut(&mut [u8]),
    ) -> Result<()> {
        let (mut found, expected) = (0, out.len() as u64);
        for strip in out.chunks_mut(strip) {
            cancel.check()?;
            let count = self.fill(strip)?;
            found += count as u64;
            if count < strip.len() {
                return Err(DeflatedFrame::Short { found, expected }.into());
            }
            process(strip);
        }
        Ok(())
    }

    /// Fills `buffer`, and returns the number of bytes, which is smaller only at the end of the stream.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let mut done = 0;
        while done < buffer.len() && !self.ended {
            let before = (self.stream.total_in(), self.stream.total_out());
            let rest = usize::try_from(before.0).ok().and_then(|read| self.frame.get(read..)).unwrap_or_default();
            let status = self.stream.decompress(rest, &mut buffer[done..], FlushDecompress::None);
            done += usize::try_from(self.stream.total_out() - before.1).unwrap_or(usize::MAX);
            match status {
                Ok(status) => self.ended = status == Status::StreamEnd,
                // A defect after the last byte of the buffer is that of the next call.
                Err(_) if done == buffer.len() => break,
                Err(error) => return Err(DeflatedFrame::Damaged(error.to_string()).into()),
            }
            if !self.ended && (self.stream.total_in(), self.stream.total_out()) == before {
                break;
            }
        }
        Ok(done)
    }

    /// Checks what follows the `expected` bytes of the frame, and keeps the inflater for the next one.
    fn finish(mut self, image: &Image, expected: usize, cancel: &mut CancelCheck<'_>) -> Result<Warnings> {
        let mut warnings = Warnings::new();
        let expected = expected as u64;
        // Subsampled samples that are not subsampled are half as long again.
        let is_subsampled = image.photometric() == Photometric::YbrFull422;
        let limit = if is_subsampled { expected / 2 + 1 } else { 1 };
        let (excess, is_padding) = self.excess(limit, cancel)?;
        if is_subsampled {
            image.check_subsampled_frame(expected.saturating_add(excess))?;
        }
        if excess > 1 || excess == 1 && !(is_padding && expected % 2 == 1) {
            warnings.push(DeflatedFrame::Long { expected }.into());
        } else if !self.ended {
            warnings.push(DeflatedFrame::NoEnd { expected }.into());
        } else if let Some(rest) = usize::try_from(self.stream.total_in()).ok().and_then(|read| self.frame.get(read..))
            && rest.iter().any(|byte| *byte != 0)
        {
            // A.4.13: one zero makes the length even. More zeros are padding as well.
            warnings.push(DeflatedFrame::Rest { bytes: rest.len() as u64 }.into());
        }
        // A thread that is exiting keeps nothing.
        let _ = KEPT.try_with(|kept| kept.set(Some(self.stream)));
        Ok(warnings)
    }

    /// Counts the bytes after the frame until there are more than `limit`. Returns also whether all of them are zero.
    fn excess(&mut self, limit: u64, cancel: &mut CancelCheck<'_>) -> Result<(u64, bool)> {
        let (mut excess, mut is_padding, mut buffer) = (0, true, [0; EXCESS_BYTES]);
        while excess <= limit && !self.ended {
            cancel.check()?;
            let before = self.stream.total_out();
            // The samples are complete: a defect after them is that of a stream without an end.
            let is_damaged = self.fill(&mut buffer).is_err();
            let count = self.stream.total_out() - before;
            excess += count;
            is_padding &= buffer.iter().zip(0..count).all(|(byte, _)| *byte == 0);
            if is_damaged || count == 0 {
                break;
            }
        }
        Ok((excess, is_padding))
    }
}

/// Checks that `frame_bytes` deflated bytes can contain a frame at all, before memory is allocated for the result.
pub(super) fn check_bound(image: &Image, frame_bytes: u64) -> Result<()> {
    if image.native_frame_bytes()? as u64 > frame_bytes.saturating_mul(MAX_BYTES_PER_BYTE) {
        return Err(Error::pixel_data(ErrorKind::Implausible { found: frame_bytes, expected: image.frame_samples() }));
    }
    Ok(())
}

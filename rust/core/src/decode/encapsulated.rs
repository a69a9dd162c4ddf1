//! Encapsulated frames (PS3.5 A.4): one entry for all codecs.

use super::{Decoder, Warnings, deflated, rle};
use crate::codestream::Codestream;
use crate::error::{Error, ErrorKind, Result, Unsupported};
use crate::image::Image;
use crate::item::{Fragment, read_fragments};
use crate::parallel::{self, CancelCheck, Parallelism};
use crate::scratch::Scratch;
use crate::source::{ReadResult, Source};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Result bytes of small frames that form one work item.
const GROUP_BYTES: usize = if crate::SMALL_BUFFERS { 1 << 6 } else { 1 << 18 };
/// Entropy coding takes far longer for each byte of samples than runs and copies, so that smaller images justify threads.
const CODESTREAM_WORK: usize = 16;
/// Limits the warnings: more would not be read.
const MAX_WARNINGS: usize = 100;

/// The codec of encapsulated frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Codec {
    /// Encapsulated Uncompressed Explicit VR Little Endian (PS3.5 A.4.11): native frames.
    Uncompressed,
    /// RLE Lossless (PS3.5 A.4.2, G).
    RleLossless,
    /// Deflated Image Frame Compression (PS3.5 A.4.13): native frames, each in a deflate stream.
    Deflated,
    /// Codestreams (PS3.5 A.4.1, A.4.3, A.4.4, A.4.12) of the family of this header. The decoder is for frames with this
    /// header.
    Codestream(Codestream),
}

impl Codec {
    /// Checks that a frame of `frame_bytes` bytes can contain all samples, before memory is allocated for the result.
    /// For codestreams [`Codestream::check`] does so.
    pub fn check_bound(&self, image: &Image, frame_bytes: u64) -> Result<()> {
        match self {
            Self::Uncompressed => {
                let expected = image.native_frame_bytes()? as u64;
                if frame_bytes < expected {
                    return Err(Error::pixel_data(ErrorKind::Length { found: frame_bytes, expected }));
                }
                image.check_subsampled_frame(frame_bytes)
            }
            Self::RleLossless => rle::check_bound(image, frame_bytes),
            Self::Deflated => deflated::check_bound(image, frame_bytes),
            Self::Codestream(_) => Ok(()),
        }
    }

    /// Returns the bytes of other samples whose decoding takes as long as that of `bytes` bytes of this codec.
    #[must_use]
    pub fn work(&self, bytes: usize) -> usize {
        match self {
            Self::Codestream(_) => bytes.saturating_mul(CODESTREAM_WORK),
            _ => bytes,
        }
    }
}

/// The result of [`Decoder::decode_frames`].
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Number of frames before the first one whose header differs from that of the codec: these are in the result.
    pub frames: usize,
    /// Defects that were tolerated in these frames.
    pub warnings: Warnings,
    /// Why the frame after these was not decoded, if its codestream is of a kind that another decoder may support.
    pub unsupported: Option<Unsupported>,
}

/// The result of one frame.
enum Frame {
    Decoded(Warnings),
    /// Its header differs from that of the codec.
    OtherHeader,
    Unsupported(Unsupported),
}

/// Consecutive frames that are decoded in groups, on several threads.
struct FrameRun<'a, S, F> {
    decoder: &'a Decoder,
    codec: &'a Codec,
    source: &'a S,
    fragments_of: F,
    first_frame: usize,
    /// The first frame that fails or has another header; the frames after it are not decoded.
    end: AtomicUsize,
    in_frame: Parallelism<'a>,
}

/// The result of a group: its warnings, and the frame that was not decoded, with the reason.
type Group<E> = (Warnings, Option<(usize, std::result::Result<Unsupported, E>)>);

impl<'f, S: Source, F: Fn(usize) -> &'f [Fragment]> FrameRun<'_, S, F> {
    fn decode_group<'o>(
        &self,
        first: usize,
        frames: impl Iterator<Item = &'o mut [u8]>,
        scratch: &mut Scratch,
    ) -> Group<S::Error> {
        let mut warnings = Warnings::new();
        for (index, out) in (first..).zip(frames) {
            if self.end.load(Ordering::Relaxed) < index {
                break;
            }
            let reason = match self.decode_frame(index, out, scratch) {
                Ok(Frame::Decoded(found)) => {
                    warnings.extend(found.into_iter().take(MAX_WARNINGS - warnings.len()));
                    continue;
                }
                Ok(Frame::OtherHeader) => None,
                Ok(Frame::Unsupported(what)) => Some(Ok(what)),
                Err(error) => Some(Err(error)),
            };
            self.end.fetch_min(index, Ordering::Relaxed);
            return (warnings, reason.map(|reason| (index, reason)));
        }
        (warnings, None)
    }

    /// Decodes frame `index` of the run.
    fn decode_frame(&self, index: usize, out: &mut [u8], scratch: &mut Scratch) -> ReadResult<Frame, S> {
        let number = self.first_frame.saturating_add(index);
        let ([stored, ..], unpacked) = (&mut scratch.stored, &mut scratch.unpacked);
        let mut check = CancelCheck::new(&self.in_frame);
        let frame = read_fragments(self.source, (self.fragments_of)(index), stored, &mut check)?;
        let decoded = self.decoder.decode_frame(self.codec, frame, out, unpacked, &self.in_frame);
        Ok(match decoded.map_err(|error| error.in_frame(number))? {
            Frame::Decoded(found) => Frame::Decoded(found.into_iter().map(|found| found.in_frame(number)).collect()),
            other => other,
        })
    }

    /// Returns the result of the frames before the end, or the error of the frame at the end.
    fn finish(self, groups: Vec<Group<S::Error>>) -> ReadResult<Decoded, S> {
        let (frames, mut warnings, mut unsupported) = (self.end.into_inner(), Warnings::new(), None);
        for (found, reason) in groups {
            warnings.extend(found);
            match reason {
                Some((index, reason)) if index == frames => unsupported = Some(reason?),
                _ => {}
            }
        }
        let end = self.first_frame.saturating_add(frames) as u64;
        warnings.retain(|warning| warning.frame.is_some_and(|frame| frame < end));
        warnings.truncate(MAX_WARNINGS);
        Ok(Decoded { frames, warnings, unsupported })
    }
}

impl Decoder {
    /// Decodes encapsulated frames, starting with frame number `first_frame`, one after another until `out` is full.
    /// Uses all cores if the work justifies starting threads; the result does not depend on it. `fragments_of` returns
    /// the fragments in `source` of a frame, counted from `first_frame`.
    pub fn decode_frames<'f, S: Source>(
        &self,
        codec: &Codec,
        source: &S,
        fragments_of: impl Fn(usize) -> &'f [Fragment] + Sync,
        first_frame: usize,
        out: &mut [u8],
        parallelism: &Parallelism<'_>,
    ) -> ReadResult<Decoded, S> {
        if *codec == Codec::RleLossless {
            rle::check_defined(&self.image)?;
        }
        let (bytes, frame_bytes) = (out.len(), self.result_frame_bytes()?);
        let count = bytes / frame_bytes;
        // A single frame has all threads for itself; otherwise each frame has one.
        let in_frame = if count > 1 { parallelism.with_one_worker() } else { *parallelism };
        let end = AtomicUsize::new(count);
        let run = FrameRun { decoder: self, codec, source, fragments_of, first_frame, end, in_frame };
        // Groups small frames, so that the bookkeeping per work item stays smaller than its result.
        let group = (GROUP_BYTES / codec.work(frame_bytes)).max(1);
        let groups = out.chunks_mut(group * frame_bytes).enumerate();
        let work = |scratch: &mut Scratch, (number, out): (usize, &mut [u8])| {
            Ok(run.decode_group(number * group, out.chunks_exact_mut(frame_bytes), scratch))
        };
        let groups = parallel::map(parallelism, groups, codec.work(bytes), Scratch::of_this_thread, work)?;
        run.finish(groups)
    }

    /// Decodes one frame.
    fn decode_frame(
        &self,
        codec: &Codec,
        frame: &[u8],
        out: &mut [u8],
        unpacked: &mut [Vec<u8>; 3],
        parallelism: &Parallelism<'_>,
    ) -> Result<Frame> {
        let decoded = match codec {
            Codec::Uncompressed => self.native_frames(&frame, 0, out, parallelism).map(|()| Warnings::new()),
            Codec::RleLossless => self.rle_frame(frame, out, unpacked, parallelism),
            Codec::Deflated => self.deflated_frame(frame, out, unpacked, parallelism),
            Codec::Codestream(header) => {
                // The header has been checked against the description.
                if Codestream::read(frame).as_ref() != Some(header) {
                    return Ok(Frame::OtherHeader);
                }
                header.check_length(frame.len() as u64)?;
                self.codestream_frame(header, frame, out, parallelism)
            }
        };
        match decoded {
            Ok(warnings) => Ok(Frame::Decoded(warnings)),
            Err(error) => error.unsupported().map(Frame::Unsupported).ok_or(error),
        }
    }
}

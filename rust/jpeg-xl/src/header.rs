//! ISO/IEC 18181-1 D: the image header, and F: the headers of the frames.

use std::borrow::Cow;
use std::sync::Arc;

use jxl_bitstream::Bitstream;
use jxl_frame::FrameHeader;
use jxl_frame::data::Toc;
use jxl_frame::header::Encoding;
use jxl_image::{BitDepth, ImageHeader};
use jxl_oxide_common::Bundle;

use crate::container::Container;
use crate::error::{Error, Result, Unsupported};
use crate::guard::guarded;
use crate::icc;

/// Pixels of all frames that are always allowed, beside those in proportion to the image.
const FREE_PIXELS: u64 = 1 << 18;
/// Limit of the pixels of all frames of a codestream, as a multiple of the image's. Encoders use a frame or two beside
/// the image, for repeated patterns and for the coefficients of lowest frequency.
const MAX_SHARE: u64 = 8;
/// Limit of the number of frames, for the same reason.
const MAX_FRAMES: usize = 64;

/// The transform of the components in a codestream, which decoding inverts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorTransform {
    /// The components are coded as they are (a reversible transform may stand within).
    None,
    /// XYB.
    Xyb,
    /// YCbCr, as in JPEG.
    Ycbcr,
}

/// The description of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Columns, without orientation.
    pub width: u32,
    /// Rows, without orientation.
    pub height: u32,
    /// 1 for gray, else 3.
    pub components: u8,
    /// Bits of a sample, 1 to 16.
    pub bits: u8,
    /// The transform of the components.
    pub transform: ColorTransform,
    /// Whether samples are coded as such, rather than as coefficients of a DCT. Only then they may be lossless.
    pub modular: bool,
    /// Whether the image was a JPEG codestream: its samples are those of that codestream ([`crate::to_jpeg`]).
    pub recompressed: bool,
}

impl Header {
    /// Reads the headers of `frame`: a codestream, or a container with one.
    ///
    /// The headers and lengths of all frames are read, so that a codestream that has been cut is an error.
    pub fn read(frame: &[u8]) -> Result<Self> {
        guarded("header", || Ok(Parsed::read(frame)?.header()))
    }
}

/// A codestream whose headers have been read.
pub(crate) struct Parsed<'a> {
    pub(crate) codestream: Cow<'a, [u8]>,
    pub(crate) image: Arc<ImageHeader>,
    /// The frame that shows the image: the last one.
    pub(crate) last: FrameHeader,
    /// Number of frames.
    pub(crate) frames: usize,
    /// Where the first frame begins in the codestream.
    pub(crate) start: usize,
    /// Where the last frame ends.
    end: usize,
    recompressed: bool,
}

impl<'a> Parsed<'a> {
    pub(crate) fn read(frame: &'a [u8]) -> Result<Self> {
        let Container { codestream, recompressed } = Container::read(frame)?;
        let mut bits = Bitstream::new(&codestream);
        let ends = |error: jxl_bitstream::Error| at_end("image header", &codestream, codestream.len() + 1, error);
        let image = ImageHeader::parse(&mut bits, ()).map_err(ends)?;
        check_supported(&image)?;
        if image.metadata.colour_encoding.want_icc() {
            icc::skip(&mut bits)?;
        }
        bits.zero_pad_to_byte().map_err(ends)?;
        let start = bits.num_read_bits() / 8;
        let (last, frames, end) = walk(&codestream, &image, start)?;
        Ok(Self { image: Arc::new(image), last, frames, start, end, recompressed, codestream })
    }

    /// Number of bytes after the last frame, without padding.
    pub(crate) fn trailing(&self) -> usize {
        let rest = self.codestream.get(self.end..).unwrap_or_default();
        rest.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1)
    }

    pub(crate) fn header(&self) -> Header {
        let metadata = &self.image.metadata;
        let transform = match (metadata.xyb_encoded, self.last.do_ycbcr) {
            (true, _) => ColorTransform::Xyb,
            (false, true) => ColorTransform::Ycbcr,
            (false, false) => ColorTransform::None,
        };
        let modular = self.last.encoding == Encoding::Modular;
        Header {
            width: self.image.size.width,
            height: self.image.size.height,
            components: if metadata.grayscale() { 1 } else { 3 },
            bits: u8::try_from(metadata.bit_depth.bits_per_sample()).unwrap_or(u8::MAX),
            transform,
            modular,
            recompressed: self.recompressed && !metadata.xyb_encoded && !modular,
        }
    }
}

fn check_supported(image: &ImageHeader) -> Result<()> {
    let metadata = &image.metadata;
    let what = match metadata.bit_depth {
        BitDepth::FloatSample { .. } => Unsupported::Float,
        BitDepth::IntegerSample { bits_per_sample: bits } if bits > 16 => Unsupported::Bits(bits),
        BitDepth::IntegerSample { .. } if !metadata.ec_info.is_empty() => {
            Unsupported::ExtraChannels(metadata.ec_info.len())
        }
        BitDepth::IntegerSample { .. } if metadata.animation.is_some() => Unsupported::Animation,
        BitDepth::IntegerSample { .. } if metadata.preview.is_some() => Unsupported::Preview,
        BitDepth::IntegerSample { .. } => return Ok(()),
    };
    Err(Error::Unsupported(what))
}

/// Reads the headers of all frames, and checks their sizes. Returns the last one, their number and where they end.
fn walk(codestream: &[u8], image: &ImageHeader, start: usize) -> Result<(FrameHeader, usize, usize)> {
    const PART: &str = "frame header";
    let limit = (u64::from(image.size.width) * u64::from(image.size.height))
        .saturating_mul(MAX_SHARE)
        .saturating_add(FREE_PIXELS);
    let (mut at, mut pixels) = (start, 0u64);
    for count in 1..=MAX_FRAMES {
        let rest = codestream.get(at..).unwrap_or_default();
        let mut bits = Bitstream::new(rest);
        let ends = |error: jxl_frame::Error| match error {
            jxl_frame::Error::Bitstream(error) => at_end(PART, codestream, at + rest.len() + 1, error),
            error => Error::invalid(PART, error),
        };
        let header = FrameHeader::parse(&mut bits, image).map_err(ends)?;
        if header.flags.splines() {
            return Err(Error::Splines);
        }
        let found = u64::from(header.width) * u64::from(header.height);
        pixels = pixels.saturating_add(found);
        if found == 0 || pixels > limit {
            return Err(Error::Frames { found: pixels, expected: limit });
        }
        let toc = Toc::parse(&mut bits, &header).map_err(ends)?;
        at = (at + bits.num_read_bits() / 8).saturating_add(toc.total_byte_size());
        if at > codestream.len() {
            return Err(Error::Truncated { part: "frame", found: codestream.len(), expected: at });
        }
        if header.is_last {
            return Ok((header, count, at));
        }
    }
    Err(Error::FrameCount(MAX_FRAMES))
}

/// Returns the error for a header: the codestream ends within it, or it is invalid.
fn at_end(part: &'static str, codestream: &[u8], expected: usize, error: jxl_bitstream::Error) -> Error {
    if error.unexpected_eof() {
        Error::Truncated { part, found: codestream.len(), expected }
    } else {
        Error::invalid(part, error)
    }
}

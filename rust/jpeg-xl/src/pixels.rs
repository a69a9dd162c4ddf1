//! Samples, decoded by the crate `jxl`.

use std::io::{self, IoSliceMut, Read};

use jxl::api::{
    Endianness, Event, JxlBasicInfo, JxlBitDepth, JxlBitstreamInput, JxlColorType, JxlDataFormat, JxlDecoder,
    JxlDecoderOptions, JxlOutputBuffer, JxlPixelFormat, ProfileLevel,
};

use crate::container::SIGNATURE;
use crate::error::{Error, Result};
use crate::header::{Header, Parsed};
use crate::runner::{Runner, Stop};

const PART: &str = "samples";
/// A box for the file type, one for level 10, and the header of one for a codestream up to the end of the data. Level 5
/// allows no more than 12 bits in some kinds of codestream, but encoders also write these without a container.
const BOXES: [u8; 37] = *b"\0\0\0\x14ftypjxl \0\0\0\0jxl \0\0\0\x09jxll\x0A\0\0\0\0jxlc";
/// Samples of a frame that are always allowed, beside those in proportion to the image.
const FREE_SAMPLES: usize = 1 << 20;

/// Decodes the samples of `parsed` into `out`, row by row, components interleaved: bytes for up to 8 bits, else native
/// words. `out` must have the size of all samples.
pub(crate) fn decode(parsed: &Parsed<'_>, out: &mut [u8], workers: usize, stop: &Stop<'_>) -> Result<()> {
    let header = parsed.header();
    let sample_bytes = if header.bits > 8 { 2 } else { 1 };
    let row_bytes = header.width as usize * usize::from(header.components) * sample_bytes;
    let expected = row_bytes.checked_mul(header.height as usize);
    if expected != Some(out.len()) {
        return Err(Error::invalid("result", format!("{} bytes, expected {expected:?}", out.len())));
    }
    if out.as_ptr().align_offset(sample_bytes) == 0 {
        return decode_aligned(parsed, &header, out, workers, stop);
    }
    // The decoder writes whole words.
    let mut words = Vec::new();
    words.try_reserve_exact(out.len() + 1).map_err(|_| Error::Memory(out.len() as u64))?;
    words.resize(out.len() + 1, 0);
    let start = words.as_ptr().align_offset(sample_bytes);
    let words = words.get_mut(start..start + out.len()).ok_or_else(|| Error::invalid("result", "no aligned memory"))?;
    decode_aligned(parsed, &header, words, workers, stop)?;
    out.copy_from_slice(words);
    Ok(())
}

fn decode_aligned(parsed: &Parsed<'_>, header: &Header, out: &mut [u8], workers: usize, stop: &Stop<'_>) -> Result<()> {
    let mut runner = Runner { workers, stop };
    let mut input = Input { parts: [&SIGNATURE, &BOXES, &parsed.codestream], stop };
    let mut decoder = JxlDecoder::new(options(header));
    let failed = |error| failure(error, stop);
    match decoder.process(&mut input, None, Some(&mut runner)).map_err(failed)? {
        Event::BasicInfo => {}
        event => return Err(unexpected(event)),
    }
    decoder.basic_info().map_or(Err(Error::invalid(PART, "no image header")), |info| check_info(info, header))?;
    decoder.set_pixel_format(pixel_format(header)).map_err(failed)?;
    let (rows, mut shown) = (header.height as usize, 0);
    loop {
        let row_bytes = out.len() / rows;
        let mut buffers = [JxlOutputBuffer::new(out, rows, row_bytes)];
        match decoder.process(&mut input, Some(&mut buffers), Some(&mut runner)).map_err(failed)? {
            Event::FrameHeader if shown > 0 => return Err(Error::invalid(PART, "a second image")),
            Event::FrameHeader => {}
            Event::FrameComplete { .. } => shown += 1,
            Event::Complete if shown == 1 => return Ok(()),
            event => return Err(unexpected(event)),
        }
    }
}

fn options(header: &Header) -> JxlDecoderOptions {
    let mut options = JxlDecoderOptions::default();
    options.adjust_orientation = false;
    options.render_spot_colors = false;
    options.max_profile_level = ProfileLevel::Main10;
    // The decoder counts at least 16 columns, and three components. A frame with patterns may exceed a small image.
    let samples = (header.width.max(16) as usize).saturating_mul(header.height as usize).saturating_mul(3);
    options.sample_limit = Some(samples.saturating_mul(2).saturating_add(FREE_SAMPLES));
    options
}

fn pixel_format(header: &Header) -> JxlPixelFormat {
    let bit_depth = header.bits;
    let format = match bit_depth {
        ..=8 => JxlDataFormat::U8 { bit_depth },
        _ => JxlDataFormat::U16 { endianness: Endianness::native(), bit_depth },
    };
    let color_type = if header.components == 1 { JxlColorType::Grayscale } else { JxlColorType::Rgb };
    JxlPixelFormat { color_type, color_data_format: Some(format), extra_channel_format: Vec::new() }
}

/// Checks that both readers of the image header have found the same image.
fn check_info(info: &JxlBasicInfo, header: &Header) -> Result<()> {
    let size = (header.width as usize, header.height as usize);
    let depth = JxlBitDepth::Int { bits_per_sample: u32::from(header.bits) };
    let plain = info.extra_channels.is_empty() && info.animation.is_none();
    if info.size == size && info.bit_depth == depth && plain {
        return Ok(());
    }
    Err(Error::invalid("image header", "contents that are not the same when they are read again"))
}

fn unexpected(event: Event) -> Error {
    match event {
        Event::NeedMoreInput { size_hint } => {
            Error::invalid(PART, format!("the end of the codestream, expected {size_hint} more bytes or so"))
        }
        event => Error::invalid(PART, format!("the state {event:?}, expected the frame of the image")),
    }
}

/// Returns the error of `jxl` as one of this crate.
fn failure(error: jxl::error::Error, stop: &Stop<'_>) -> Error {
    match error {
        _ if stop.is_stopped() => Error::Interrupted,
        jxl::error::Error::OutOfMemory(_) => Error::Memory(0),
        jxl::error::Error::ImageOutOfMemory(row, rows) => Error::Memory((row as u64).saturating_mul(rows as u64)),
        error => Error::invalid(PART, error),
    }
}

/// The codestream in a container, which is read part by part.
struct Input<'a> {
    parts: [&'a [u8]; 3],
    stop: &'a Stop<'a>,
}

impl JxlBitstreamInput for Input<'_> {
    fn available_bytes(&mut self) -> io::Result<usize> {
        Ok(self.parts.iter().map(|part| part.len()).sum())
    }

    fn read(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.stop.check_io()?;
        let mut read = 0;
        for buffer in buffers {
            let mut rest = &mut buffer[..];
            for part in &mut self.parts {
                let count = Read::read(part, rest)?;
                rest = &mut rest[count..];
                read += count;
            }
        }
        Ok(read)
    }
}

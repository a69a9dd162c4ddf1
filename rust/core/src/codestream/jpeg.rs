//! ISO/IEC 10918-1 B.2 and 14495-1 C.2: frame header and application segments.

use super::{Codestream, Component, Family, jpeg_ls};
use crate::alloc::try_with_capacity;
use crate::error::{Result, Unsupported};
use dicomet_jpeg::{Decoder, Unsupported as Process};

/// The statements of a JPEG codestream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Details {
    /// The application segments about colors.
    pub colors: Colors,
    /// The lossless process of 10918-1 (SOF3), which has no color convention of its own.
    pub lossless: bool,
}

/// The application segments of a JPEG or JPEG-LS codestream about its colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Colors {
    /// JFIF APP0 segment (10918-5 10.1): three components are YCbCr.
    pub jfif: bool,
    /// Transform flag of the Adobe APP14 segment (10918-6 6.5.3): 0 none, 1 YCbCr, 2 YCCK.
    pub adobe_transform: Option<u8>,
    /// Color transform of the HP APP8 segment "mrfx" in JPEG-LS: 0 none, 1 to 3.
    pub hp_transform: Option<u8>,
}

/// 10918-1 F.1.2, G.1.2: a block of 64 samples takes at least one bit, and with subsampling the samples of a pixel
/// share blocks. Doubled for safety.
const DCT_MAX_SAMPLES_PER_BYTE: u64 = 2 * 8 * 64 * 3;
/// 10918-1 H.1.2.2: a sample takes at least one bit. Larger than that bound, because decoders fill in a truncated end.
const LOSSLESS_MAX_SAMPLES_PER_BYTE: u64 = 64;

pub(super) const SOS: u8 = 0xDA;
const EOI: u8 = 0xD9;
/// The header of a hierarchical image (10918-1 B.3.2).
const DHP: u8 = 0xDE;

/// Reads the marker segments up to the first scan header; None without a frame header.
pub(super) fn read(frame: &[u8]) -> Option<Codestream> {
    let mut rest = frame.get(2..)?;
    let (mut colors, mut jpeg_ls) = (Colors::default(), jpeg_ls::Headers::default());
    let mut found = None;
    // Application segments may also stand between the frame header and the scan header (10918-1 B.2.1).
    while let Some((marker, segment, next)) = next_segment(rest) {
        match marker {
            SOS => {
                jpeg_ls.read(marker, segment);
                break;
            }
            EOI => break,
            // DHP has the size of the whole image; the frames of a hierarchical image have any size.
            _ if is_frame_header(marker) || marker == DHP => {
                if found.is_none() {
                    found = Some((frame_header(marker, segment)?, marker == 0xC3));
                }
            }
            _ => {
                colors.read(marker, segment);
                jpeg_ls.read(marker, segment);
            }
        }
        rest = next;
    }
    let (mut header, lossless) = found?;
    if header.family == Family::JpegLs {
        jpeg_ls.complete(&mut header, colors, frame);
        return Some(header);
    }
    header.details = super::Details::Jpeg(Details { colors, lossless });
    if header.rows == 0 {
        header.rows = Decoder::new(frame).map_or(0, |decoder| decoder.info().height);
    }
    Some(header)
}

/// Whether `frame`, the beginning of a codestream, contains all that [`read`] reads: the segments up to the first scan
/// header, and the number of lines.
pub(super) fn has_header(frame: &[u8]) -> bool {
    let Some(mut rest) = frame.strip_prefix(&[0xFF, 0xD8]) else { return false };
    let mut lines = None;
    while let Some((marker, segment, next)) = next_segment(rest) {
        match marker {
            SOS => return lines.is_some_and(|lines| lines != [0, 0]),
            _ if is_frame_header(marker) || marker == DHP => lines = lines.or(segment.get(1..3)),
            _ => {}
        }
        rest = next;
    }
    false
}

/// Returns the next marker, its segment, and the bytes that follow; None at the end of complete segments.
fn next_segment(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let mut rest = bytes;
    loop {
        let start = rest.iter().position(|&byte| byte != 0xFF)?;
        let marker = rest[start];
        rest = &rest[start + 1..];
        // TEM, RST0 to RST7 and SOI have no segment (10918-1 B.1.1.3).
        if matches!(marker, 0x00 | 0x01 | 0xD0..=0xD8) {
            continue;
        }
        if marker == EOI {
            return Some((marker, &[], rest));
        }
        let length = usize::from(u16::from_be_bytes(*rest.first_chunk()?)).max(2);
        return Some((marker, rest.get(2..length)?, &rest[length..]));
    }
}

/// SOF0 to SOF15 without DHT, JPG and DAC, and SOF55 of JPEG-LS.
fn is_frame_header(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xF7)
}

fn frame_header(marker: u8, segment: &[u8]) -> Option<Codestream> {
    let (family, unsupported, max_samples_per_byte) = match marker {
        0xC0..=0xC2 => (Family::Jpeg, None, Some(DCT_MAX_SAMPLES_PER_BYTE)),
        0xC3 => (Family::Jpeg, None, Some(LOSSLESS_MAX_SAMPLES_PER_BYTE)),
        0xC5..=0xC7 | DHP => (Family::Jpeg, Some(Unsupported::Jpeg(Process::Hierarchical)), None),
        0xF7 => (Family::JpegLs, None, Some(jpeg_ls::MAX_SAMPLES_PER_BYTE)),
        _ => (Family::Jpeg, Some(Unsupported::Jpeg(Process::Arithmetic)), None),
    };
    let (&[precision, r1, r0, c1, c0, count], components) = segment.split_first_chunk()?;
    let components = components.as_chunks::<3>().0.get(..usize::from(count))?;
    let component = |&[id, sampling, _]: &[u8; 3]| Component {
        id: u16::from(id),
        sampling: (sampling >> 4, sampling & 0x0F),
        precision,
        signed: false,
    };
    Some(Codestream {
        family,
        rows: u32::from(u16::from_be_bytes([r1, r0])),
        columns: u32::from(u16::from_be_bytes([c1, c0])),
        components: components.iter().map(component).collect(),
        precision,
        signed: false,
        details: super::Details::Jpeg(Details::default()),
        unsupported,
        max_samples_per_byte,
    })
}

impl Colors {
    /// Reads an application segment. A segment that is too short for its content is ignored.
    fn read(&mut self, marker: u8, segment: &[u8]) {
        match (marker, segment) {
            // 10918-5 10.1: identifier, version, units, densities, and the size of the thumbnail, 14 bytes.
            (0xE0, [b'J', b'F', b'I', b'F', 0, rest @ ..]) if rest.len() >= 9 => self.jfif = true,
            // 10918-6 6.5.3: identifier, version, two words of flags, and the transform, 12 bytes.
            (0xEE, [b'A', b'd', b'o', b'b', b'e', _, _, _, _, _, _, transform, ..]) => {
                self.adobe_transform = Some(*transform);
            }
            (0xE8, [b'm', b'r', b'f', b'x', transform]) => self.hp_transform = Some(*transform),
            _ => {}
        }
    }
}

/// Adobe APP14 with transform 0, from which every decoder concludes that no conversion is needed.
const NO_TRANSFORM: &[u8] = b"\xFF\xEE\x00\x0EAdobe\x00\x64\x00\x00\x00\x00\x00";

/// Returns the codestream with its color information replaced: without JFIF and Adobe segments before the scan, and,
/// for 10918-1, with an Adobe segment that states "no transform". Decoders that convert colors on their own then return
/// the components as coded. None if `frame` is not JPEG.
pub fn with_neutral_colors(frame: &[u8]) -> Result<Option<Vec<u8>>> {
    let Some(mut rest) = frame.strip_prefix(&[0xFF, 0xD8]) else { return Ok(None) };
    let Some(header) = read(frame) else { return Ok(None) };
    let mut neutral = try_with_capacity(frame.len().saturating_add(NO_TRANSFORM.len()))?;
    neutral.extend([0xFF, 0xD8]);
    if header.family != Family::JpegLs {
        neutral.extend(NO_TRANSFORM);
    }
    while let Some((marker, segment, next)) = next_segment(rest) {
        if matches!(marker, SOS | EOI) {
            break;
        }
        let mut stated = Colors::default();
        stated.read(marker, segment);
        if !stated.jfif && stated.adobe_transform.is_none() {
            neutral.extend(&rest[..rest.len() - next.len()]);
        }
        rest = next;
    }
    neutral.extend(rest);
    Ok(Some(neutral))
}

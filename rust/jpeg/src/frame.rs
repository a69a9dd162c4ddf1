//! B.2.2: the frame header.

use crate::error::{Error, ErrorKind, Result, Unsupported};
use dicomet_codec::{Marker, Segment};

/// A coding process (clause 4, Table 1) with Huffman coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    /// SOF0: baseline sequential DCT, 8 bits.
    Baseline,
    /// SOF1: extended sequential DCT, 8 or 12 bits.
    Extended,
    /// SOF2: progressive DCT, 8 or 12 bits.
    Progressive,
    /// SOF3: lossless, 2 to 16 bits.
    Lossless,
}

impl Process {
    /// The process of a frame marker, or what makes it unsupported.
    pub(crate) fn of(marker: Marker) -> std::result::Result<Self, Unsupported> {
        match marker.0 {
            0xC0 => Ok(Self::Baseline),
            0xC1 => Ok(Self::Extended),
            0xC2 => Ok(Self::Progressive),
            0xC3 => Ok(Self::Lossless),
            0xF7 => Err(Unsupported::JpegLs),
            0xC5..=0xC7 => Err(Unsupported::Hierarchical),
            _ => Err(Unsupported::Arithmetic),
        }
    }

    /// Samples along each side of a data unit (3.1.33): a block of 8 by 8, or one sample.
    pub(crate) fn data_unit(self) -> usize {
        if self == Self::Lossless { 1 } else { 8 }
    }
}

/// A component's parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Component {
    /// Component identifier, Ci.
    pub id: u8,
    /// Horizontal sampling factor, Hi.
    pub horizontal: u8,
    /// Vertical sampling factor, Vi.
    pub vertical: u8,
    /// Destination of its quantization table, Tqi.
    pub quantization: u8,
}

/// The parameters of the image in the headers: the frame header, and the segments before the first scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameInfo {
    /// The coding process.
    pub process: Process,
    /// Bits of a sample, P: 8 or 12, or 2 to 16 in the lossless process.
    pub precision: u8,
    /// Samples in a row, X.
    pub width: u32,
    /// Rows, Y: of the frame header, or of a DNL segment.
    pub height: u32,
    /// The components in the order of the frame header, 1 to 3.
    pub components: Vec<Component>,
    /// MCUs between restart markers at the first scan, 0 for none.
    pub restart_interval: u16,
    /// Whether a JFIF segment (APP0) precedes the first scan. Components of such an image are gray or YCbCr.
    pub jfif: bool,
    /// The transform flag of an Adobe segment (APP14) before the first scan: 0 for RGB or CMYK, 1 for YCbCr, 2 for YCCK. None if
    /// there is no such segment, or a shorter one without the flag.
    pub adobe_transform: Option<u8>,
}

impl FrameInfo {
    /// Bits of the sample type of [`crate::Decoder::decode`]: 8 or 16.
    #[must_use]
    pub fn sample_bits(&self) -> u32 {
        if self.precision <= 8 { 8 } else { 16 }
    }
}

/// The frame header of a segment, without the parameters of other segments.
pub(crate) fn parse(mut segment: Segment<'_>, process: Process) -> Result<FrameInfo> {
    let precision = precision(&mut segment, process)?;
    let height = u32::from(segment.u16()?);
    let width = u32::from(segment.u16()?);
    if width == 0 {
        return Err(segment.parameter("samples per line", width, "1 to 65535").into());
    }
    let count = segment.u8()?;
    match count {
        0 => return Err(segment.parameter("components", count, "1 to 3").into()),
        1..=3 => {}
        _ => return Err(Error::of(&segment, ErrorKind::Unsupported(Unsupported::Components(count)))),
    }
    let mut components: Vec<Component> = Vec::new();
    for _ in 0..count {
        let component = component(&mut segment)?;
        if components.iter().any(|other| other.id == component.id) {
            return Err(segment.parameter("component identifier", component.id, "one that is not yet used").into());
        }
        components.push(component);
    }
    segment.finish()?;
    let (restart_interval, jfif, adobe_transform) = (0, false, None);
    Ok(FrameInfo { process, precision, width, height, components, restart_interval, jfif, adobe_transform })
}

/// Table B.2: the precisions of each process.
fn precision(segment: &mut Segment<'_>, process: Process) -> Result<u8> {
    let precision = segment.u8()?;
    let (right, expected) = match process {
        Process::Baseline => (precision == 8, "8"),
        Process::Extended | Process::Progressive => (matches!(precision, 8 | 12), "8 or 12"),
        Process::Lossless => (matches!(precision, 2..=16), "2 to 16"),
    };
    if right { Ok(precision) } else { Err(segment.parameter("sample precision", precision, expected).into()) }
}

fn component(segment: &mut Segment<'_>) -> Result<Component> {
    let id = segment.u8()?;
    let (horizontal, vertical) = segment.nibbles()?;
    for factor in [horizontal, vertical] {
        if !matches!(factor, 1..=4) {
            return Err(segment.parameter("sampling factor", factor, "1 to 4").into());
        }
    }
    let quantization = segment.u8()?;
    if quantization > 3 {
        return Err(segment.parameter("quantization table", quantization, "0 to 3").into());
    }
    Ok(Component { id, horizontal, vertical, quantization })
}

/// B.2.5: the number of lines from a DNL segment.
pub(crate) fn number_of_lines(mut segment: Segment<'_>) -> Result<u32> {
    let lines = segment.u16()?;
    segment.finish()?;
    if lines == 0 {
        return Err(segment.parameter("number of lines", lines, "1 to 65535").into());
    }
    Ok(u32::from(lines))
}

/// An error for a frame that this crate does not decode.
pub(crate) fn unsupported(what: Unsupported, marker: Marker, offset: usize) -> Error {
    Error::new(ErrorKind::Unsupported(what), offset).in_segment(marker)
}

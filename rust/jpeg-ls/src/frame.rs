//! C.2.2: the frame header, and the dimensions of components.

use crate::error::{Error, ErrorKind, Result};
use dicomet_codec::Segment;

/// How the samples of components follow each other in a scan (ILV).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interleave {
    /// One component in each scan.
    None,
    /// Lines of the components in turn.
    Line,
    /// Samples of the components in turn.
    Sample,
}

/// The color transform of an APP8 segment `mrfx`, which Hewlett-Packard's encoder writes. It is undone by the decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorTransform {
    /// No transform.
    None,
    /// HP1: R - G, G, B - G.
    Hp1,
    /// HP2: R - G, G, B - (R + G) / 2.
    Hp2,
    /// HP3: G + (R + B - 2 G) / 4, B - G, R - G.
    Hp3,
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
    /// Samples in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The difference from the original that its scan allows, NEAR: 0 for lossless.
    pub near: u8,
    /// Bytes of an entry of its mapping table, 1 or 2. None if it has no table.
    pub mapping: Option<u8>,
}

/// The parameters of the image: the frame header, and the headers of all scans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameInfo {
    /// Bits of a coded sample, P: 2 to 16.
    pub precision: u8,
    /// Samples in a row: X, or that of an LSE segment.
    pub width: u32,
    /// Rows: Y, or that of an LSE or DNL segment.
    pub height: u32,
    /// The components in the order of the frame header.
    pub components: Vec<Component>,
    /// The interleave mode of the first scan.
    pub interleave: Interleave,
    /// The greatest NEAR of all scans: 0 if all components are lossless.
    pub near: u8,
    /// The greatest coded sample in the first scan, MAXVAL.
    pub max_value: u16,
    /// Lines between restart markers (rows of MCUs, if interleaved by line) in the first scan, 0 for none.
    pub restart_interval: u32,
    /// The color transform that the decoder undoes.
    pub transform: ColorTransform,
    /// Whether a SPIFF header (APP8) precedes the first scan.
    pub spiff: bool,
}

impl FrameInfo {
    /// Bits of the sample type of [`crate::Decoder::decode`], 8 or 16: 8 if neither coded samples nor entries of mapping tables
    /// need more.
    #[must_use]
    pub fn sample_bits(&self) -> u32 {
        let wide = self.precision > 8 || self.components.iter().any(|component| component.mapping == Some(2));
        if wide { 16 } else { 8 }
    }

    /// True if a component is smaller than the image.
    #[must_use]
    pub fn is_subsampled(&self) -> bool {
        self.components.iter().any(|component| (component.width, component.height) != (self.width, self.height))
    }

    /// The greatest vertical sampling factor: lines of the image in a row of MCUs.
    pub(crate) fn mcu_rows(&self) -> usize {
        self.components.iter().map(|component| usize::from(component.vertical)).max().unwrap_or(1)
    }

    /// Sets the dimensions of the image and its components: as A.1.1 of ISO/IEC 10918-1, to which the standard refers.
    pub(crate) fn set_size(&mut self, width: u32, height: u32) {
        (self.width, self.height) = (width, height);
        let greatest = |factor: fn(&Component) -> u8| self.components.iter().map(factor).max().unwrap_or(1);
        let (horizontal, vertical) =
            (greatest(|component| component.horizontal), greatest(|component| component.vertical));
        for component in &mut self.components {
            component.width = scaled(width, component.horizontal, horizontal);
            component.height = scaled(height, component.vertical, vertical);
        }
    }
}

fn scaled(size: u32, factor: u8, greatest: u8) -> u32 {
    (u64::from(size) * u64::from(factor)).div_ceil(u64::from(greatest.max(1))) as u32
}

/// The frame header of a segment, without the parameters of other segments.
pub(crate) fn parse(segment: &mut Segment<'_>) -> Result<FrameInfo> {
    let precision = segment.u8()?;
    if !matches!(precision, 2..=16) {
        return Err(segment.parameter("sample precision", precision, "2 to 16").into());
    }
    let height = u32::from(segment.u16()?);
    let width = u32::from(segment.u16()?);
    let count = segment.u8()?;
    if count == 0 {
        return Err(segment.parameter("components", count, "1 to 255").into());
    }
    let mut components: Vec<Component> = Vec::new();
    for _ in 0..count {
        let component = component(segment)?;
        if components.iter().any(|other| other.id == component.id) {
            let expected = "one that is not yet used";
            return Err(segment.parameter("component identifier", component.id, expected).into());
        }
        components.push(component);
    }
    if let [component] = &mut components[..] {
        // As in A.2.2 of ISO/IEC 10918-1: a component alone is not interleaved, whatever its factors are.
        (component.horizontal, component.vertical) = (1, 1);
    }
    Ok(FrameInfo {
        precision,
        width,
        height,
        components,
        interleave: Interleave::None,
        near: 0,
        max_value: 0,
        restart_interval: 0,
        transform: ColorTransform::None,
        spiff: false,
    })
}

fn component(segment: &mut Segment<'_>) -> Result<Component> {
    let id = segment.u8()?;
    let (horizontal, vertical) = segment.nibbles()?;
    for factor in [horizontal, vertical] {
        if !matches!(factor, 1..=4) {
            return Err(segment.parameter("sampling factor", factor, "1 to 4").into());
        }
    }
    // Tqi has no meaning in JPEG-LS.
    segment.u8()?;
    Ok(Component { id, horizontal, vertical, width: 0, height: 0, near: 0, mapping: None })
}

/// C.2.4.1.4 and C.2.6: a size of two, three or four bytes.
pub(crate) fn size(segment: &mut Segment<'_>, bytes: usize) -> Result<u32> {
    Ok(segment.take(bytes)?.iter().fold(0, |size, byte| size << 8 | u32::from(*byte)))
}

/// C.2.6: the number of lines from a DNL segment.
pub(crate) fn number_of_lines(segment: &mut Segment<'_>) -> Result<u32> {
    let bytes = segment.rest().len();
    check_size(segment, bytes)?;
    let lines = size(segment, bytes)?;
    if lines == 0 {
        return Err(segment.parameter("number of lines", lines, "at least 1").into());
    }
    Ok(lines)
}

/// C.2.5: the restart interval from a DRI segment.
pub(crate) fn restart_interval(segment: &mut Segment<'_>) -> Result<u32> {
    let bytes = segment.rest().len();
    check_size(segment, bytes)?;
    size(segment, bytes)
}

/// An error unless a size has two to four bytes.
pub(crate) fn check_size(segment: &Segment<'_>, bytes: usize) -> Result<()> {
    if matches!(bytes, 2..=4) {
        return Ok(());
    }
    Err(Error::of(segment, ErrorKind::SegmentLength { found: bytes, expected: if bytes < 2 { 2 } else { 4 } }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(parameters: &[u8]) -> Vec<u8> {
        [&[0, parameters.len() as u8 + 2], parameters].concat()
    }

    #[test]
    fn components_have_their_own_size() {
        let bytes = segment(&[8, 0, 17, 0, 35, 3, 1, 0x22, 0, 2, 0x11, 0, 3, 0x21, 0]);
        let mut frame = parse(&mut Segment::new(&bytes, 0).unwrap()).unwrap();
        assert_eq!((frame.width, frame.height), (35, 17));
        frame.set_size(35, 17);
        let sizes: Vec<_> = frame.components.iter().map(|component| (component.width, component.height)).collect();
        assert_eq!(sizes, [(35, 17), (18, 9), (35, 9)]);
        assert!(frame.is_subsampled());
        assert_eq!((frame.mcu_rows(), frame.sample_bits()), (2, 8));
    }

    #[test]
    fn parameters_out_of_range_are_errors() {
        let right = [8, 0, 17, 0, 35, 2, 1, 0x22, 0, 2, 0x11, 0];
        assert!(parse(&mut Segment::new(&segment(&right), 0).unwrap()).is_ok());
        for (place, value) in [(0, 1), (0, 17), (5, 0), (5, 3), (7, 0x50), (7, 0), (9, 1)] {
            let mut wrong = right;
            wrong[place] = value;
            assert!(parse(&mut Segment::new(&segment(&wrong), 0).unwrap()).is_err(), "{place}: {value}");
        }
    }

    #[test]
    fn sizes_have_two_to_four_bytes() {
        for (bytes, expected) in [(&[1, 2][..], 0x102), (&[1, 2, 3], 0x0001_0203), (&[1, 2, 3, 4], 0x0102_0304)] {
            let bytes = segment(bytes);
            assert_eq!(number_of_lines(&mut Segment::new(&bytes, 0).unwrap()), Ok(expected));
            assert_eq!(restart_interval(&mut Segment::new(&bytes, 0).unwrap()), Ok(expected));
        }
        for bytes in [&[][..], &[1], &[1, 2, 3, 4, 5]] {
            assert!(number_of_lines(&mut Segment::new(&segment(bytes), 0).unwrap()).is_err());
        }
        assert!(number_of_lines(&mut Segment::new(&segment(&[0, 0]), 0).unwrap()).is_err());
    }
}

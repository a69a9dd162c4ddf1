//! B.2.3: the scan header.

use crate::error::Result;
use crate::frame::{FrameInfo, Process};
use dicomet_codec::Segment;

/// A component of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ScanComponent {
    /// Index of the component in the frame.
    pub(crate) index: usize,
    /// Destination of its table for DC coefficients, or for lossless differences, Tdj.
    pub(crate) dc: u8,
    /// Destination of its table for AC coefficients, Taj.
    pub(crate) ac: u8,
}

/// A scan's parameters. Their meaning depends on the process: the band and bits of a progressive scan (G.1.1.1), or the
/// predictor and point transform of a lossless one (H.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScanHeader {
    pub(crate) components: Vec<ScanComponent>,
    /// Start of spectral selection, or predictor selection, Ss.
    pub(crate) start: u8,
    /// End of spectral selection, Se.
    pub(crate) end: u8,
    /// Successive approximation bit position high, Ah.
    pub(crate) high: u8,
    /// Successive approximation bit position low, or point transform, Al.
    pub(crate) low: u8,
}

/// The scan header of a segment.
pub(crate) fn parse(mut segment: Segment<'_>, frame: &FrameInfo) -> Result<ScanHeader> {
    let count = segment.u8()?;
    if !matches!(count, 1..=4) {
        return Err(segment.parameter("components of the scan", count, "1 to 4").into());
    }
    let mut components: Vec<ScanComponent> = Vec::new();
    for _ in 0..count {
        let component = component(&mut segment, frame)?;
        // B.2.3: the order of the frame header. It also keeps a component from occurring twice.
        if components.last().is_some_and(|last| last.index >= component.index) {
            let id = frame.components[component.index].id;
            return Err(segment.parameter("component selector", id, "one that follows in the frame header").into());
        }
        components.push(component);
    }
    let (start, end) = (segment.u8()?, segment.u8()?);
    let (high, low) = segment.nibbles()?;
    check_sizes(&segment, &components, frame)?;
    match frame.process {
        Process::Baseline | Process::Extended => {}
        Process::Progressive => check_band(&segment, start, end, high, low, components.len())?,
        Process::Lossless => check_lossless(&segment, start, low, frame.precision)?,
    }
    segment.finish()?;
    Ok(ScanHeader { components, start, end, high, low })
}

fn component(segment: &mut Segment<'_>, frame: &FrameInfo) -> Result<ScanComponent> {
    let id = segment.u8()?;
    let Some(index) = frame.components.iter().position(|component| component.id == id) else {
        return Err(segment.parameter("component selector", id, "a component of the frame").into());
    };
    let (dc, ac) = segment.nibbles()?;
    for table in [dc, ac] {
        if table > 3 {
            return Err(segment.parameter("entropy coding table", table, "0 to 3").into());
        }
    }
    Ok(ScanComponent { index, dc, ac })
}

/// B.2.3: an MCU of interleaved components has at most ten data units.
fn check_sizes(segment: &Segment<'_>, components: &[ScanComponent], frame: &FrameInfo) -> Result<()> {
    let units = components.iter().map(|component| {
        let component = frame.components[component.index];
        u32::from(component.horizontal) * u32::from(component.vertical)
    });
    let sum: u32 = units.sum();
    if components.len() > 1 && sum > 10 {
        return Err(segment.parameter("data units of an MCU", sum, "1 to 10").into());
    }
    Ok(())
}

/// G.1.1.1.1: a scan of DC coefficients, or a band of AC coefficients of one component.
fn check_band(segment: &Segment<'_>, start: u8, end: u8, high: u8, low: u8, components: usize) -> Result<()> {
    if start > 63 {
        return Err(segment.parameter("start of spectral selection", start, "0 to 63").into());
    }
    if end > 63 || end < start || (start == 0 && end != 0) {
        return Err(segment.parameter("end of spectral selection", end, "0 in a DC scan, else Ss to 63").into());
    }
    if start > 0 && components != 1 {
        return Err(segment.parameter("components of the scan", components as u32, "1 in an AC scan").into());
    }
    if low > 13 {
        return Err(segment.parameter("successive approximation low", low, "0 to 13").into());
    }
    if high != 0 && high != low + 1 {
        return Err(segment.parameter("successive approximation high", high, "0, or Al + 1").into());
    }
    Ok(())
}

/// Table B.3 and H.1.2.1: predictors 1 to 7; a point transform that leaves at least one bit.
fn check_lossless(segment: &Segment<'_>, predictor: u8, point_transform: u8, precision: u8) -> Result<()> {
    if !matches!(predictor, 1..=7) {
        return Err(segment.parameter("predictor selection", predictor, "1 to 7").into());
    }
    if point_transform >= precision {
        return Err(segment.parameter("point transform", point_transform, "less than the sample precision").into());
    }
    Ok(())
}

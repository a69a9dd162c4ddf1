//! The scans of a frame, found before they are decoded.
//!
//! Each component is in one scan (C.2.3). The last scan is not searched: it ends with its last sample.

use std::ops::Range;

use crate::error::{Error, ErrorKind, Result, Unsupported};
use crate::frame::{ColorTransform, FrameInfo, Interleave};
use crate::parser::{Event, Parser};
use crate::scan::ScanHeader;
use dicomet_codec::{Stuffing, find_scan_end};

/// The longest run that one bit can code: 2 to the power of the last J (A.2.1).
const LONGEST_RUN: u64 = 1 << 15;

/// A scan, and where its data is.
#[derive(Debug, Clone)]
pub(crate) struct PlannedScan {
    /// Number of the scan, from 0.
    pub(crate) number: u32,
    pub(crate) header: ScanHeader,
    /// Lines between restart markers, 0 for none.
    pub(crate) restart_interval: u32,
    /// From the first byte of entropy-coded data to the marker after it; or, for the last scan, the end of the codestream.
    pub(crate) data: Range<usize>,
    pub(crate) is_last: bool,
}

/// The scans of all components.
pub(crate) struct Plan<'a> {
    pub(crate) info: FrameInfo,
    pub(crate) scans: Vec<PlannedScan>,
    /// At the data of the last scan.
    pub(crate) parser: Parser<'a>,
}

impl<'a> Plan<'a> {
    /// Reads the headers of all scans.
    pub(crate) fn new(data: &'a [u8]) -> Result<Self> {
        let mut parser = Parser::new(data)?;
        let (mut scans, mut coded) = (Vec::<PlannedScan>::new(), Vec::new());
        loop {
            let number = parser.scans;
            let (header, marker, first) = match parser.next()? {
                Event::Scan { header, marker, data } => (header, marker, data),
                Event::End { .. } | Event::EndOfData => return Err(missing(&coded, parser.position)),
            };
            coded.resize(parser.frame.as_ref().map_or(0, |frame| frame.components.len()), false);
            for component in &header.components {
                if std::mem::replace(&mut coded[component.index], true) {
                    return Err(twice(number, marker));
                }
            }
            let is_last = coded.iter().all(|coded| *coded);
            let end = if is_last { None } else { find_scan_end(data, first, Stuffing::ZeroBit) };
            let end = end.map_or(data.len(), |found| found.offset);
            let restart_interval = parser.restart_interval;
            scans.push(PlannedScan { number, header, restart_interval, data: first..end, is_last });
            if is_last {
                break;
            }
            parser.position = end;
        }
        let Some(mut info) = parser.frame.clone() else { return Err(missing(&coded, parser.position)) };
        complete(&mut info, &scans);
        check_transform(&info, &scans)?;
        for scan in &scans {
            check_length(&info, scan)?;
        }
        Ok(Self { info, scans, parser })
    }
}

/// The error for a second scan of a component.
pub(crate) fn twice(number: u32, marker: usize) -> Error {
    let found = "a second scan of a component".to_owned();
    let kind = ErrorKind::Syntax { found, expected: "one scan of each component" };
    Error::new(kind, marker).in_scan(number)
}

/// The error for a component without a scan.
fn missing(coded: &[bool], offset: usize) -> Error {
    match coded.iter().position(|coded| !coded) {
        Some(component) => Error::new(ErrorKind::NotCoded { component }, offset),
        None => Error::new(ErrorKind::EndOfData { expected: "a scan" }, offset),
    }
}

/// Adds the parameters of scan headers to the frame.
fn complete(info: &mut FrameInfo, scans: &[PlannedScan]) {
    for scan in scans {
        let near = scan.header.parameters.near as u8;
        info.near = info.near.max(near);
        for component in &scan.header.components {
            let own = &mut info.components[component.index];
            own.near = near;
            own.mapping = component.table.as_ref().map(|table| table.width);
        }
    }
    if let Some(first) = scans.first() {
        info.interleave = first.header.interleave;
        info.max_value = first.header.parameters.max_value as u16;
    }
}

/// Color transforms are defined for three interleaved components of 8 or 16 bits.
fn check_transform(info: &FrameInfo, scans: &[PlannedScan]) -> Result<()> {
    let number = match info.transform {
        ColorTransform::None => return Ok(()),
        ColorTransform::Hp1 => 1,
        ColorTransform::Hp2 => 2,
        ColorTransform::Hp3 => 3,
    };
    let defined = info.components.len() == 3
        && matches!(info.precision, 8 | 16)
        && u32::from(info.max_value) == (1 << info.precision) - 1
        && info.components.iter().all(|component| component.mapping.is_none())
        && !info.is_subsampled()
        && scans.len() == 1
        && info.interleave != Interleave::None;
    if defined {
        return Ok(());
    }
    let offset = scans.first().map_or(0, |scan| scan.data.start);
    Err(Error::new(ErrorKind::Unsupported(Unsupported::ColorTransform(number)), offset))
}

/// An error if there are fewer bytes than the samples need, so that a caller allocates no result that cannot be filled: each
/// line takes a bit for every 32768 samples, or for every 32768 pixels if samples are interleaved.
fn check_length(info: &FrameInfo, scan: &PlannedScan) -> Result<()> {
    let bits = |component: usize| {
        let component = &info.components[component];
        u64::from(component.height) * u64::from(component.width).div_ceil(LONGEST_RUN)
    };
    let components = scan.header.components.iter().map(|component| bits(component.index));
    let bits: u64 = match scan.header.interleave {
        Interleave::Sample => components.max().unwrap_or_default(),
        _ => components.sum(),
    };
    let (found, expected) = (scan.data.len() as u64, bits.div_ceil(8));
    if found < expected {
        return Err(Error::new(ErrorKind::TooShort { found, expected }, scan.data.start).in_scan(scan.number));
    }
    Ok(())
}

//! The scans of a sequential or lossless frame, found before they are decoded.
//!
//! Each component is in one scan (B.2.3). A single scan is not searched: it ends with its last sample.

use crate::error::{Error, ErrorKind, Result};
use crate::frame::FrameInfo;
use crate::geometry::Geometry;
use crate::marker::{find_marker, find_scan_end};
use crate::parser::{Event, Parser};
use crate::restart::Intervals;
use crate::scan::ScanHeader;
use crate::tables::Tables;
use dicomet_codec::Marker;

/// Where a scan begins, and its header.
#[derive(Clone)]
pub(crate) struct ScanStart {
    pub(crate) header: ScanHeader,
    /// Offset of the SOS marker.
    pub(crate) marker: usize,
    /// Offset of the entropy-coded data.
    pub(crate) data: usize,
    /// Number of the scan, from 0.
    pub(crate) number: u32,
}

impl ScanStart {
    /// Indices of the components in the frame.
    pub(crate) fn components(&self) -> Vec<usize> {
        self.header.components.iter().map(|component| component.index).collect()
    }

    /// The scan's bits.
    pub(crate) fn intervals<'a>(&self, data: &'a [u8], tables: &Tables) -> Intervals<'a> {
        Intervals::new(data, self.data, tables.restart_interval, self.number)
    }

    /// The error for a second scan of a component.
    pub(crate) fn twice(&self) -> Error {
        let found = "a second scan of a component".to_owned();
        let kind = ErrorKind::Syntax { found, expected: "one scan of each component" };
        Error::new(kind, self.marker).in_scan(self.number)
    }
}

/// A scan, with its tables.
pub(crate) struct PlannedScan {
    pub(crate) start: ScanStart,
    /// The tables at its beginning.
    pub(crate) tables: Tables,
    /// The offset of the marker after it, if there is another scan.
    pub(crate) end: Option<usize>,
}

/// The scans of all components.
pub(crate) struct ScanPlan<'a> {
    pub(crate) scans: Vec<PlannedScan>,
    /// At the data of the last scan.
    pub(crate) parser: Parser<'a>,
}

impl<'a> ScanPlan<'a> {
    /// Finds the scans of all components, the first one being `first`. `parser` is at the first scan's data.
    pub(crate) fn new(data: &'a [u8], parser: &Parser<'a>, first: &ScanStart, frame: &FrameInfo) -> Result<Self> {
        let mut plan = Self { scans: Vec::new(), parser: parser.clone() };
        let mut coded = vec![false; frame.components.len()];
        first.components().iter().for_each(|index| coded[*index] = true);
        plan.add(first.clone(), None);
        while let Some(component) = coded.iter().position(|coded| !coded) {
            let (end, start) = next_scan(data, &mut plan.parser, component)?;
            for index in start.components() {
                if std::mem::replace(&mut coded[index], true) {
                    return Err(start.twice());
                }
            }
            plan.add(start, Some(end));
        }
        Ok(plan)
    }

    /// Adds a scan. `end` is that of the scan before.
    fn add(&mut self, start: ScanStart, end: Option<usize>) {
        if let Some(last) = self.scans.last_mut() {
            last.end = end;
        }
        self.scans.push(PlannedScan { start, tables: self.parser.tables.clone(), end: None });
    }
}

/// Skips the data of a scan. Returns its end and the next scan; an error if there is none, because `component` needs one.
fn next_scan<'a>(data: &'a [u8], parser: &mut Parser<'a>, component: usize) -> Result<(usize, ScanStart)> {
    let missing = |offset| Error::new(ErrorKind::NotCoded { component }, offset);
    let end = find_scan_end(data, parser.position).ok_or_else(|| missing(data.len()))?.offset;
    parser.position = end;
    match parser.next()? {
        Event::Scan { header, marker, data } => Ok((end, ScanStart { header, marker, data, number: parser.scans - 1 })),
        Event::End { .. } | Event::EndOfData => Err(missing(parser.position)),
    }
}

/// The offsets of a scan's restart markers. None if it has none, or if any is missing or out of order: decoding the whole scan
/// then reports the error.
pub(crate) fn restart_offsets(data: &[u8], scan: &PlannedScan, geometry: &Geometry) -> Option<Vec<usize>> {
    let interval = usize::from(scan.tables.restart_interval);
    let layout = crate::geometry::ScanLayout::new(geometry, &scan.start.components());
    let intervals = (layout.mcus_wide * layout.mcus_high).div_ceil(interval.max(1));
    if intervals < 2 || interval == 0 {
        return None;
    }
    let mut offsets = Vec::new();
    let mut next = find_marker(data, scan.start.data);
    while let Some(found) = next.filter(|found| found.marker.is_restart()) {
        if found.marker.0 != Marker::RST0.0 + (offsets.len() & 7) as u8 || offsets.len() + 1 == intervals {
            return None;
        }
        offsets.push(found.offset);
        next = find_marker(data, found.offset + 2);
    }
    (offsets.len() + 1 == intervals).then_some(offsets)
}

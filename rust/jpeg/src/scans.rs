//! The scans of a sequential or lossless frame, decoded side by side.
//!
//! Each component is in one scan (B.2.3). If there are several scans, they are found first, and then decoded row by row at
//! the same time, so that only some rows of each component are in memory.

use std::sync::Arc;

use crate::blocks::BlockQueue;
use crate::budget::Budget;
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::frame::{FrameInfo, Process};
use crate::geometry::{Geometry, ScanLayout};
use crate::lossless::{LosslessComponent, LosslessScan, Prediction};
use crate::marker::{find_scan_end, marker_at};
use crate::parser::{Event, Parser};
use crate::restart::Intervals;
use crate::sample::Sample;
use crate::scan::ScanHeader;
use crate::sequential::{DctComponent, SequentialScan};
use crate::strip::Strip;
use crate::tables::Tables;
use crate::warning::Warning;

/// Where a scan begins, and its header.
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

    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.marker).in_scan(self.number)
    }

    /// The error for a scan of components that have had one.
    fn twice(&self) -> Error {
        let found = "a scan of components that have had one".to_owned();
        self.error(ErrorKind::Syntax { found, expected: "one scan of each component" })
    }
}

enum Decoding<'a, S> {
    Sequential(SequentialScan<'a, S>),
    Lossless(LosslessScan<'a>),
}

struct Scan<'a, S> {
    decoding: Decoding<'a, S>,
    /// The offset of the marker after the scan, if there is another scan.
    end: Option<usize>,
}

/// All scans of the frame.
pub(crate) struct SpatialScans<'a, S> {
    data: &'a [u8],
    scans: Vec<Scan<'a, S>>,
    /// Left shift of each component's samples: the point transform.
    pub(crate) shifts: Vec<u8>,
}

impl<'a, S: Sample> SpatialScans<'a, S> {
    /// Finds the scans of all components, of which `first` is known. `parser` is at the first scan's data.
    pub(crate) fn new(
        data: &'a [u8],
        parser: &mut Parser<'a>,
        first: &ScanStart,
        geometry: &Geometry,
        context: &mut Context,
        budget: &mut Budget,
    ) -> Result<Self> {
        let components = geometry.planes.len();
        let mut all = Self { data, scans: Vec::new(), shifts: vec![0; components] };
        all.add(parser, first, geometry, context, budget)?;
        let mut coded = vec![false; components];
        first.components().iter().for_each(|index| coded[*index] = true);
        while let Some(component) = coded.iter().position(|coded| !coded) {
            let (end, start) = next_scan(data, parser, component)?;
            for index in start.components() {
                if std::mem::replace(&mut coded[index], true) {
                    return Err(start.twice());
                }
            }
            if let Some(scan) = all.scans.last_mut() {
                scan.end = Some(end);
            }
            all.add(parser, &start, geometry, context, budget)?;
        }
        Ok(all)
    }

    fn add(
        &mut self,
        parser: &Parser<'a>,
        start: &ScanStart,
        geometry: &Geometry,
        context: &mut Context,
        budget: &mut Budget,
    ) -> Result<()> {
        let Some(frame) = &parser.frame else { return Ok(()) };
        let decoding = if frame.process == Process::Lossless {
            start.components().iter().for_each(|index| self.shifts[*index] = start.header.low);
            lossless(self.data, &parser.tables, start, frame, geometry, context, budget).map(Decoding::Lossless)
        } else {
            sequential(self.data, &parser.tables, start, frame, geometry, context).map(Decoding::Sequential)
        };
        self.scans.push(Scan { decoding: decoding.map_err(|error| error.in_scan(start.number))?, end: None });
        Ok(())
    }

    /// Decodes row `row` of the frame's MCUs into the strips of its components.
    pub(crate) fn decode_row(&mut self, row: usize, strips: &mut [Strip<S>]) -> Result<()> {
        for scan in &mut self.scans {
            let layout = scan.layout();
            let first = row * layout.rows_per_frame_row;
            for row in first..(first + layout.rows_per_frame_row).min(layout.mcus_high) {
                match &mut scan.decoding {
                    Decoding::Sequential(scan) => scan.decode_row(row, strips)?,
                    Decoding::Lossless(scan) => scan.decode_row(row, strips)?,
                }
            }
        }
        Ok(())
    }

    /// Checks what follows the last samples: the ends of the scans, and EOI.
    pub(crate) fn finish(&mut self, parser: &mut Parser<'a>, warnings: &mut Vec<Warning>) -> Result<()> {
        for scan in &mut self.scans {
            let (rows, expected) = (scan.layout().mcus_high, scan.end);
            let intervals = scan.intervals();
            let end = intervals.end_scan(rows)?;
            warnings.append(&mut intervals.warnings);
            parser.position = end;
            if let (Some(expected), Some(found)) = (expected, marker_at(self.data, end)) {
                if found.offset != expected {
                    let found = found.marker.to_string();
                    return Err(Error::new(ErrorKind::Syntax { found, expected: "the end of the scan" }, end));
                }
            }
        }
        finish_image(self.data, parser, warnings)
    }
}

impl<'a, S> Scan<'a, S> {
    fn layout(&self) -> &ScanLayout {
        match &self.decoding {
            Decoding::Sequential(scan) => &scan.layout,
            Decoding::Lossless(scan) => &scan.layout,
        }
    }

    fn intervals(&mut self) -> &mut Intervals<'a> {
        match &mut self.decoding {
            Decoding::Sequential(scan) => &mut scan.intervals,
            Decoding::Lossless(scan) => &mut scan.intervals,
        }
    }
}

/// Passes the data of a scan. Returns its end, and the next scan; an error if there is none, but `component` needs one.
fn next_scan<'a>(data: &'a [u8], parser: &mut Parser<'a>, component: usize) -> Result<(usize, ScanStart)> {
    let missing = |offset| Error::new(ErrorKind::NotCoded { component }, offset);
    let end = find_scan_end(data, parser.position).ok_or_else(|| missing(data.len()))?.offset;
    parser.position = end;
    match parser.next()? {
        Event::Scan { header, marker, data } => {
            Ok((end, ScanStart { header, marker, data, number: parser.scans - 1 }))
        }
        Event::End { .. } | Event::EndOfData => Err(missing(parser.position)),
    }
}

fn sequential<'a, S: Sample>(
    data: &'a [u8],
    tables: &Tables,
    start: &ScanStart,
    frame: &FrameInfo,
    geometry: &Geometry,
    context: &mut Context,
) -> Result<SequentialScan<'a, S>> {
    let mut components = Vec::new();
    for component in &start.header.components {
        let quantization = tables.quantization(frame.components[component.index].quantization, start.marker)?;
        components.push(DctComponent {
            index: component.index,
            dc: context.dc(tables.dc(component.dc, start.marker)?),
            ac: context.ac(tables.ac(component.ac, start.marker)?),
            prediction: 0,
            queue: BlockQueue::new(Arc::clone(quantization)),
        });
    }
    let layout = ScanLayout::new(geometry, &start.components());
    Ok(SequentialScan { intervals: start.intervals(data, tables), layout, components })
}

fn lossless<'a>(
    data: &'a [u8],
    tables: &Tables,
    start: &ScanStart,
    frame: &FrameInfo,
    geometry: &Geometry,
    context: &mut Context,
    budget: &mut Budget,
) -> Result<LosslessScan<'a>> {
    let mut components = Vec::new();
    for component in &start.header.components {
        let table = context.lossless(tables.dc(component.dc, start.marker)?);
        components.push(LosslessComponent { index: component.index, table });
    }
    let prediction = Prediction { selection: start.header.start, bits: frame.precision - start.header.low };
    let layout = ScanLayout::new(geometry, &start.components());
    LosslessScan::new(start.intervals(data, tables), layout, components, prediction, budget)
}

/// Reads to EOI, which should follow the last scan at the parser's position, and notes what is there instead.
pub(crate) fn finish_image(data: &[u8], parser: &mut Parser<'_>, warnings: &mut Vec<Warning>) -> Result<()> {
    match parser.next()? {
        Event::Scan { header, marker, data } => {
            Err(ScanStart { header, marker, data, number: parser.scans - 1 }.twice())
        }
        Event::End { end } => {
            warn_of_trailing_bytes(data, end, warnings);
            Ok(())
        }
        Event::EndOfData => {
            warnings.push(Warning::MissingEoi);
            Ok(())
        }
    }
}

/// Notes the bytes after EOI.
pub(crate) fn warn_of_trailing_bytes(data: &[u8], end: usize, warnings: &mut Vec<Warning>) {
    let rest = &data[end..];
    if let Some(first) = rest.first() {
        let padding = matches!(first, 0 | 0xFF) && rest.iter().all(|byte| byte == first);
        warnings.push(Warning::TrailingBytes { offset: end as u64, count: rest.len() as u64, padding });
    }
}

//! The scans of a sequential or lossless frame, decoded in parallel, row by row, so that only some rows of each component
//! are in memory.

use std::sync::Arc;
use std::thread::Scope;

use crate::blocks::BlockQueue;
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::frame::{FrameInfo, Process};
use crate::geometry::{Geometry, ScanLayout};
use crate::lossless::{LosslessComponent, LosslessScan, Prediction};
use crate::marker::marker_at;
use crate::parser::{Event, Parser};
use crate::plan::{PlannedScan, ScanPlan, ScanStart};
use crate::restart::Intervals;
use crate::row_buffer::RowBuffer;
use crate::sample::Sample;
use crate::sequential::{DctComponent, SequentialScan};
use crate::warning::Warning;
use dicomet_codec::Budget;

enum Decoding<'a, S> {
    Sequential(Box<SequentialScan<'a, S>>),
    Lossless(Box<LosslessScan<'a>>),
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
    /// Prepares to decode all scans.
    pub(crate) fn new(
        data: &'a [u8],
        plan: &ScanPlan<'a>,
        frame: &FrameInfo,
        geometry: &Geometry,
        context: &mut Context,
        budget: &mut Budget,
    ) -> Result<Self> {
        let mut all = Self { data, scans: Vec::new(), shifts: vec![0; geometry.planes.len()] };
        for scan in &plan.scans {
            let decoding = if frame.process == Process::Lossless {
                scan.start.components().iter().for_each(|index| all.shifts[*index] = scan.start.header.low);
                lossless(data, scan, frame, geometry, context, budget).map(|scan| Decoding::Lossless(Box::new(scan)))
            } else {
                sequential(data, scan, frame, geometry, context).map(|scan| Decoding::Sequential(Box::new(scan)))
            };
            let decoding = decoding.map_err(|error| error.in_scan(scan.start.number))?;
            all.scans.push(Scan { decoding, end: scan.end });
        }
        Ok(all)
    }

    /// True if there is one lossless scan, and it is long enough for a second thread.
    pub(crate) fn gain_from_a_thread(&self) -> bool {
        matches!(&self.scans[..], [Scan { decoding: Decoding::Lossless(scan), .. }] if scan.gains_from_a_thread(self.data))
    }

    /// Starts the second thread.
    pub(crate) fn start_thread<'scope>(&mut self, scope: &'scope Scope<'scope, '_>)
    where
        'a: 'scope,
    {
        if let [Scan { decoding: Decoding::Lossless(scan), .. }] = &mut self.scans[..] {
            scan.start_thread(self.data, scope);
        }
    }

    /// Ends the second thread.
    pub(crate) fn stop_thread(&mut self) {
        if let [Scan { decoding: Decoding::Lossless(scan), .. }] = &mut self.scans[..] {
            scan.stop_thread();
        }
    }

    /// Moves to the restart intervals that contain the start of row `row` of the frame's MCUs. `restarts` has the offsets of
    /// each scan's restart markers. Returns the row in which the earliest of these intervals starts.
    pub(crate) fn seek(&mut self, row: usize, restarts: &[Vec<usize>]) -> usize {
        let mut earliest = row;
        for (scan, restarts) in self.scans.iter_mut().zip(restarts) {
            let ScanLayout { mcus_wide, rows_per_frame_row, .. } = *scan.layout();
            let intervals = scan.intervals();
            intervals.seek(row * rows_per_frame_row * mcus_wide, mcus_wide, restarts);
            earliest = earliest.min(intervals.start.0 / rows_per_frame_row);
        }
        earliest
    }

    /// Decodes row `row` of the frame's MCUs into the buffers of its components.
    pub(crate) fn decode_row(&mut self, row: usize, buffers: &mut [RowBuffer<S>]) -> Result<()> {
        for scan in &mut self.scans {
            let layout = scan.layout();
            let first = row * layout.rows_per_frame_row;
            let end = (first + layout.rows_per_frame_row).min(layout.mcus_high);
            for row in first.max(scan.intervals().start.0)..end {
                match &mut scan.decoding {
                    Decoding::Sequential(scan) => scan.decode_row(row, buffers)?,
                    Decoding::Lossless(scan) => scan.decode_row(row, buffers)?,
                }
            }
        }
        Ok(())
    }

    /// Checks the ends of the restart intervals that are complete, where decoding stops before the end of the scans.
    pub(crate) fn pause(&mut self, warnings: &mut Vec<Warning>) -> Result<()> {
        for scan in &mut self.scans {
            let rows = scan.layout().mcus_high;
            let intervals = scan.intervals();
            if intervals.is_complete() {
                intervals.end_interval(rows, rows)?;
            }
            warnings.append(&mut intervals.warnings);
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
            let found = marker_at(self.data, end);
            if expected.is_some_and(|expected| found.is_none_or(|found| found.offset != expected)) {
                let found = found.map_or("other data".to_owned(), |found| found.marker.to_string());
                return Err(Error::new(ErrorKind::Syntax { found, expected: "the end of the scan" }, end));
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

fn sequential<'a, S: Sample>(
    data: &'a [u8],
    scan: &PlannedScan,
    frame: &FrameInfo,
    geometry: &Geometry,
    context: &mut Context,
) -> Result<SequentialScan<'a, S>> {
    let PlannedScan { start, tables, .. } = scan;
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
    scan: &PlannedScan,
    frame: &FrameInfo,
    geometry: &Geometry,
    context: &mut Context,
    budget: &mut Budget,
) -> Result<LosslessScan<'a>> {
    let PlannedScan { start, tables, .. } = scan;
    let mut components = Vec::new();
    for component in &start.header.components {
        let table = context.lossless(tables.dc(component.dc, start.marker)?);
        components.push(LosslessComponent { index: component.index, table });
    }
    let prediction = Prediction { selection: start.header.start, bits: frame.precision - start.header.low };
    let layout = ScanLayout::new(geometry, &start.components());
    LosslessScan::new(start.intervals(data, tables), layout, components, prediction, budget)
}

/// Reads to EOI, which should follow the last scan at the parser's position, and adds warnings for anything else.
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

/// Adds a warning if bytes follow EOI.
pub(crate) fn warn_of_trailing_bytes(data: &[u8], end: usize, warnings: &mut Vec<Warning>) {
    let rest = &data[end..];
    if let Some(first) = rest.first() {
        let padding = matches!(first, 0 | 0xFF) && rest.iter().all(|byte| byte == first);
        warnings.push(Warning::TrailingBytes { offset: end as u64, count: rest.len() as u64, padding });
    }
}

//! G.1: a progressive frame, from its scans to its samples.

use std::sync::Arc;

use crate::budget::Budget;
use crate::coefficients::CoefficientPlane;
use crate::context::Context;
use crate::decoder::Options;
use crate::error::Result;
use crate::frame::FrameInfo;
use crate::geometry::{Geometry, ScanLayout};
use crate::idct::Tile;
use crate::parser::{Event, Parser};
use crate::progressive::{AcScan, Band, DcScan};
use crate::sample::Sample;
use crate::scans::{ScanStart, warn_of_trailing_bytes};
use crate::strip::Strip;
use crate::tables::Tables;
use crate::warning::Warning;

/// The coefficients of all components, and what their scans need.
pub(crate) struct ProgressiveFrame<'a> {
    data: &'a [u8],
    frame: &'a FrameInfo,
    geometry: &'a Geometry,
    planes: Vec<CoefficientPlane>,
}

impl<'a> ProgressiveFrame<'a> {
    pub(crate) fn new(
        data: &'a [u8],
        frame: &'a FrameInfo,
        geometry: &'a Geometry,
        budget: &mut Budget,
    ) -> Result<Self> {
        let components = 0..geometry.planes.len();
        let planes = components.map(|component| CoefficientPlane::new(geometry, component, budget));
        Ok(Self { data, frame, geometry, planes: planes.collect::<Result<_>>()? })
    }

    /// Decodes all scans, of which `first` is known, up to EOI.
    pub(crate) fn decode_scans(
        &mut self,
        parser: &mut Parser<'_>,
        first: &ScanStart,
        context: &mut Context,
        options: &Options<'_>,
        warnings: &mut Vec<Warning>,
    ) -> Result<()> {
        parser.position = self.decode_scan(first, &parser.tables, context, options, warnings)?;
        loop {
            match parser.next()? {
                Event::Scan { header, marker, data } => {
                    let start = ScanStart { header, marker, data, number: parser.scans - 1 };
                    parser.position = self.decode_scan(&start, &parser.tables, context, options, warnings)?;
                }
                Event::End { end } => {
                    self.check_complete(parser.position, true, warnings)?;
                    warn_of_trailing_bytes(self.data, end, warnings);
                    return Ok(());
                }
                Event::EndOfData => {
                    self.check_complete(parser.position, false, warnings)?;
                    warnings.push(Warning::MissingEoi);
                    return Ok(());
                }
            }
        }
    }

    /// Coefficients that are not exact are tolerated if EOI says that there is no more to come.
    fn check_complete(&self, offset: usize, ended: bool, warnings: &mut Vec<Warning>) -> Result<()> {
        for (component, plane) in self.planes.iter().enumerate() {
            if let Some(warning) = plane.finish(component, offset, ended)? {
                warnings.push(warning);
            }
        }
        Ok(())
    }

    /// Decodes a scan and returns the offset of what follows it.
    fn decode_scan(
        &mut self,
        start: &ScanStart,
        tables: &Tables,
        context: &mut Context,
        options: &Options<'_>,
        warnings: &mut Vec<Warning>,
    ) -> Result<usize> {
        let header = &start.header;
        for component in &header.components {
            let plane = &mut self.planes[component.index];
            if plane.quantization.is_none() {
                let number = self.frame.components[component.index].quantization;
                plane.quantization = Some(Arc::clone(tables.quantization(number, start.marker)?));
            }
            plane.begin_scan(header, component.index, start.marker).map_err(|error| error.in_scan(start.number))?;
        }
        let (intervals, layout) =
            (start.intervals(self.data, tables), ScanLayout::new(self.geometry, &start.components()));
        let rows = layout.mcus_high;
        let mut check = || options.check();
        let mut intervals = if header.start == 0 {
            let mut components = Vec::new();
            for component in &header.components {
                let first = header.high == 0;
                let spec = if first { Some(tables.dc(component.dc, start.marker)?) } else { None };
                components.push((component.index, spec.map(|spec| context.dc(spec))));
            }
            let mut scan = DcScan { intervals, layout, components, low: header.low };
            scan.decode(&mut self.planes, &mut check)?;
            scan.intervals
        } else {
            let component = header.components[0];
            let table = context.ac(tables.ac(component.ac, start.marker)?);
            let band = Band { start: header.start, end: header.end, low: header.low };
            let mut scan = AcScan { intervals, layout, table, band, refines: header.high > 0 };
            scan.decode(&mut self.planes[component.index], &mut check)?;
            scan.intervals
        };
        let end = intervals.end_scan(rows)?;
        warnings.append(&mut intervals.warnings);
        Ok(end)
    }

    /// Transforms row `row` of the frame's MCUs into the strips of its components.
    pub(crate) fn transform_row<S: Sample>(&self, row: usize, tile: &mut Tile<S>, strips: &mut [Strip<S>]) {
        for (component, (plane, strip)) in self.planes.iter().zip(strips).enumerate() {
            let size = &self.geometry.planes[component];
            let first = row * size.vertical;
            for row in first..(first + size.vertical).min(size.units_high) {
                plane.transform_row(row, size.units_wide, tile, strip);
            }
        }
    }
}

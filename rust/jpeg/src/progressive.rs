//! Annex G: the progressive DCT process, from its scans to its samples.

mod ac;
mod coefficients;
mod dc;
mod refine;

use std::sync::Arc;

use self::ac::{AcScan, SpectralBand};
use self::coefficients::CoefficientPlane;
use self::dc::{DcComponent, DcScan};
use crate::context::Context;
use crate::decoder::Options;
use crate::error::{ErrorKind, Result};
use crate::frame::FrameInfo;
use crate::geometry::{Geometry, ScanLayout};
use crate::idct::Tile;
use crate::parser::{Event, Parser};
use crate::plan::ScanStart;
use crate::restart::Intervals;
use crate::row_buffer::RowBuffer;
use crate::sample::Sample;
use crate::scans::warn_of_trailing_bytes;
use crate::tables::Tables;
use crate::warning::Warning;
use dicomet_codec::Budget;

/// The result of a kernel, to whose error the caller adds the place.
type Decoded<T> = std::result::Result<T, ErrorKind>;

/// The coefficients of all components, and the parameters of their scans.
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
        context: &mut Context,
        budget: &mut Budget,
    ) -> Result<Self> {
        let components = 0..geometry.planes.len();
        let planes = components.map(|component| CoefficientPlane::new(geometry, component, context, budget));
        Ok(Self { data, frame, geometry, planes: planes.collect::<Result<_>>()? })
    }

    /// Returns the memory to the context.
    pub(crate) fn keep_memory(self, context: &mut Context) {
        self.planes.into_iter().rev().for_each(|plane| plane.keep_memory(context));
    }

    /// Decodes all scans, the first one being `first`, up to EOI.
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

    /// Inexact coefficients are tolerated if EOI shows that no scan is missing.
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
        let mut intervals = if header.start == 0 {
            self.decode_dc(start, tables, context, options)?
        } else {
            self.decode_ac(start, tables, context, options)?
        };
        let layout = ScanLayout::new(self.geometry, &start.components());
        let end = intervals.end_scan(layout.mcus_high)?;
        warnings.append(&mut intervals.warnings);
        Ok(end)
    }

    /// Decodes a scan of DC coefficients and returns its bits at the end of the last interval.
    fn decode_dc(
        &mut self,
        start: &ScanStart,
        tables: &Tables,
        context: &mut Context,
        options: &Options<'_>,
    ) -> Result<Intervals<'a>> {
        let mut components = Vec::new();
        for component in &start.header.components {
            let first = start.header.high == 0;
            let spec = if first { Some(tables.dc(component.dc, start.marker)?) } else { None };
            let table = spec.map(|spec| context.dc(spec));
            components.push(DcComponent { index: component.index, table, prediction: 0 });
        }
        let layout = ScanLayout::new(self.geometry, &start.components());
        let intervals = start.intervals(self.data, tables);
        let mut scan = DcScan { intervals, layout, components, low: start.header.low };
        scan.decode(&mut self.planes, &mut || options.check())?;
        Ok(scan.intervals)
    }

    /// Decodes a scan of AC coefficients and returns its bits at the end of the last interval.
    fn decode_ac(
        &mut self,
        start: &ScanStart,
        tables: &Tables,
        context: &mut Context,
        options: &Options<'_>,
    ) -> Result<Intervals<'a>> {
        let header = &start.header;
        let component = header.components[0];
        let mut scan = AcScan {
            intervals: start.intervals(self.data, tables),
            layout: ScanLayout::new(self.geometry, &start.components()),
            table: context.ac(tables.ac(component.ac, start.marker)?),
            band: SpectralBand { start: header.start, end: header.end, low: header.low },
            refines: header.high > 0,
        };
        scan.decode(&mut self.planes[component.index], &mut || options.check())?;
        Ok(scan.intervals)
    }

    /// Transforms row `row` of the frame's MCUs into the buffers of its components.
    pub(crate) fn transform_row<S: Sample>(&self, row: usize, tile: &mut Tile<S>, buffers: &mut [RowBuffer<S>]) {
        for (component, (plane, buffer)) in self.planes.iter().zip(buffers).enumerate() {
            let size = &self.geometry.planes[component];
            let first = row * size.vertical;
            for row in first..(first + size.vertical).min(size.units_high) {
                plane.transform_row(row, size.units_wide, tile, buffer);
            }
        }
    }
}

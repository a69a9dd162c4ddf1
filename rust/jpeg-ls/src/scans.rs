//! The scans of a frame, decoded in parallel, row by row, so that only some rows of each component are in memory.

use std::sync::Arc;

use crate::bits::Interval;
use crate::context::{Context, ScanState};
use crate::error::{Error, ErrorKind, Result};
use crate::frame::{FrameInfo, Interleave};
use crate::gradients::GradientTable;
use crate::line::{self, Coding, Line};
use crate::pixel;
use crate::plan::PlannedScan;
use crate::planes::Plane;
use crate::presets::Parameters;
use crate::restart::Intervals;
use crate::sample::Sample;
use crate::warning::Warning;
use dicomet_codec::{Budget, Stuffing, marker_at};

/// A component of a scan.
#[derive(Clone, Copy, Default)]
struct ScanComponent {
    /// Index in the frame.
    index: usize,
    /// Lines of a row of MCUs, and all.
    vertical: usize,
    height: usize,
    /// `RUNindex` (A.2.1), one for each component whose lines are coded in turn (B.2).
    run_index: u8,
}

/// A scan.
pub(crate) struct Scan<'a, S> {
    intervals: Intervals<'a>,
    components: Vec<ScanComponent>,
    interleave: Interleave,
    parameters: Parameters,
    table: Arc<GradientTable>,
    state: Box<ScanState>,
    /// The line above the first one of a restart interval (A.2.1). Empty if there is no restart.
    zeros: Vec<S>,
    /// The offset of the marker after the scan, if there is another scan.
    end: Option<usize>,
}

impl<'a, S: Sample> Scan<'a, S> {
    pub(crate) fn new(
        data: &'a [u8],
        planned: &PlannedScan,
        info: &FrameInfo,
        context: &mut Context,
        budget: &mut Budget,
    ) -> Result<Self> {
        let header = &planned.header;
        let component = |index: usize| {
            let component = &info.components[index];
            let (vertical, height) = (usize::from(component.vertical), component.height as usize);
            ScanComponent { index, vertical, height, run_index: 0 }
        };
        let components: Vec<_> = header.components.iter().map(|found| component(found.index)).collect();
        let mut state = context.take_state();
        state.model.reset(&header.parameters);
        let interval = Interval::new(data, planned.data.start, &mut state.buffer);
        let intervals = Intervals::new(data, interval, planned.restart_interval, planned.number);
        let mut zeros = S::pool(context).take();
        if intervals.has_restarts() {
            let width = header.components.iter().map(|found| info.components[found.index].width as usize).max();
            budget.grow(&mut zeros, width.unwrap_or_default() + 2)?;
        }
        Ok(Self {
            intervals,
            components,
            interleave: header.interleave,
            parameters: header.parameters,
            table: context.table(&header.parameters),
            state,
            zeros,
            end: (!planned.is_last).then_some(planned.data.end),
        })
    }

    /// Decodes row `row` of MCUs into the planes of the frame's components, where it begins at row `first` of MCUs of the band.
    pub(crate) fn decode_row(&mut self, row: usize, first: usize, planes: &mut [Plane<S>]) -> Result<()> {
        match self.interleave {
            Interleave::Line => {
                let (line, lines) = (row * self.components[0].vertical, self.components[0].height);
                let fresh = self.begin(line, lines)?;
                for component in 0..self.components.len() {
                    self.decode_lines(component, row, first, fresh, planes)?;
                }
                self.intervals.check(line, lines)
            }
            Interleave::None => self.decode_lines(0, row, first, false, planes),
            Interleave::Sample => self.decode_pixels(row, first, planes),
        }
    }

    /// Starts a line or row of MCUs. True if it is the first one of a restart interval, and the line above is zero.
    fn begin(&mut self, line: usize, lines: usize) -> Result<bool> {
        let restart = self.intervals.advance(line, lines, &mut self.state.buffer)?;
        if restart {
            self.state.model.reset(&self.parameters);
            self.components.iter_mut().for_each(|component| component.run_index = 0);
        }
        Ok(restart)
    }

    /// Decodes the lines of a component in a row of MCUs.
    fn decode_lines(
        &mut self,
        component: usize,
        row: usize,
        first: usize,
        fresh: bool,
        planes: &mut [Plane<S>],
    ) -> Result<()> {
        let ScanComponent { index, vertical, height, .. } = self.components[component];
        let alone = self.interleave == Interleave::None;
        for inner in 0..vertical.min(height.saturating_sub(row * vertical)) {
            let line = row * vertical + inner;
            let fresh = if alone { self.begin(line, height)? } else { fresh && inner == 0 };
            let Line { mut above, samples } = planes[index].line((row - first) * vertical + inner);
            if fresh {
                above = &self.zeros[..samples.len()];
            }
            let (parameters, table) = (&self.parameters, &*self.table);
            let coding = Coding { parameters, table, state: &mut self.state };
            let run_index = &mut self.components[component].run_index;
            line::decode(Line { above, samples }, coding, &mut self.intervals.interval, run_index)
                .map_err(|kind| self.intervals.defect(kind, line, height))?;
            if alone {
                self.intervals.check(line, height)?;
            }
        }
        Ok(())
    }

    /// Decodes the lines of a row of MCUs, whose samples are interleaved.
    fn decode_pixels(&mut self, row: usize, first: usize, planes: &mut [Plane<S>]) -> Result<()> {
        let ScanComponent { vertical, height, .. } = self.components[0];
        for inner in 0..vertical.min(height.saturating_sub(row * vertical)) {
            let line = row * vertical + inner;
            let fresh = self.begin(line, height)?;
            let mut taken: [Plane<S>; 4] = Default::default();
            for (taken, component) in taken.iter_mut().zip(&self.components) {
                *taken = std::mem::take(&mut planes[component.index]);
            }
            let mut lines = Vec::with_capacity(4);
            for plane in taken.iter_mut().take(self.components.len()) {
                let Line { mut above, samples } = plane.line((row - first) * vertical + inner);
                if fresh {
                    above = &self.zeros[..samples.len()];
                }
                lines.push(Line { above, samples });
            }
            let (parameters, table) = (&self.parameters, &*self.table);
            let coding = Coding { parameters, table, state: &mut self.state };
            let run_index = &mut self.components[0].run_index;
            let decoded = pixel::decode(&mut lines, coding, &mut self.intervals.interval, run_index);
            for (taken, component) in taken.into_iter().zip(&self.components) {
                planes[component.index] = taken;
            }
            decoded.map_err(|kind| self.intervals.defect(kind, line, height))?;
            self.intervals.check(line, height)?;
        }
        Ok(())
    }

    /// Checks what follows the last sample. Returns the offset of the marker there.
    pub(crate) fn finish(&mut self, data: &[u8], warnings: &mut Vec<Warning>) -> Result<usize> {
        let lines = self.components[0].height;
        let end = self.intervals.end_scan(lines)?;
        warnings.append(&mut self.intervals.warnings);
        let found = marker_at(data, end, Stuffing::ZeroBit);
        if self.end.is_some_and(|expected| found.is_none_or(|found| found.offset != expected)) {
            let found = found.map_or("other data".to_owned(), |found| found.marker.to_string());
            return Err(Error::new(ErrorKind::Syntax { found, expected: "the end of the scan" }, end));
        }
        Ok(end)
    }

    /// Returns the memory for reuse.
    pub(crate) fn keep_memory(self, context: &mut Context) {
        context.keep_state(self.state);
        S::pool(context).keep(self.zeros);
    }
}

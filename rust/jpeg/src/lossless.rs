//! Annex H: the lossless process.

mod differences;
mod predict;
mod speculation;

use std::ops::Range;
use std::sync::Arc;
use std::thread::Scope;

use self::differences::{decode_in_turns, decode_run};
use self::predict::{Differences, MAX_STRIDE, prediction, reconstruct};
use self::speculation::{ROUND_BYTES, Speculation};
use crate::error::{Error, ErrorKind, Result, Unsupported};
use crate::geometry::{ScanLayout, Unit};
use crate::huffman::lossless::LosslessTable;
use crate::restart::Intervals;
use crate::row_buffer::RowBuffer;
use crate::sample::Sample;
use dicomet_codec::Budget;

/// A component of a lossless scan.
pub(crate) struct LosslessComponent {
    /// Index of the component in the frame.
    pub(crate) index: usize,
    pub(crate) table: Arc<LosslessTable>,
}

/// A lossless scan, row by row.
pub(crate) struct LosslessScan<'a> {
    pub(crate) intervals: Intervals<'a>,
    pub(crate) layout: ScanLayout,
    components: Vec<LosslessComponent>,
    /// Predictor selection, Ss.
    selection: u8,
    /// The prediction at the start of the scan and of each restart interval: 2^(P - Pt - 1).
    initial: u16,
    /// Whether all components have the same table, so that one loop decodes them all.
    one_table: bool,
    /// Whether the previous differences took many bits.
    long: bool,
    /// The differences that a second thread decodes ahead.
    speculation: Option<Speculation<'a>>,
    /// Differences of a row of MCUs in the order of the scan.
    differences: Vec<u16>,
    /// Differences of one row of a component with several samples in an MCU.
    gathered: Vec<u16>,
}

/// The prediction parameters of a scan header.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prediction {
    pub(crate) selection: u8,
    /// Precision less point transform.
    pub(crate) bits: u8,
}

impl<'a> LosslessScan<'a> {
    pub(crate) fn new(
        intervals: Intervals<'a>,
        layout: ScanLayout,
        components: Vec<LosslessComponent>,
        prediction: Prediction,
        budget: &mut Budget,
    ) -> Result<Self> {
        let within_rows = !intervals.are_whole_rows(layout.mcus_wide);
        if within_rows && layout.factors.iter().any(|(_, vertical)| *vertical > 1) {
            let kind = ErrorKind::Unsupported(Unsupported::RestartInRow);
            return Err(Error::new(kind, intervals.reader.position()));
        }
        let (mut differences, mut gathered) = (Vec::new(), Vec::new());
        budget.grow(&mut differences, layout.mcus_wide * layout.units.len())?;
        if layout.factors.iter().any(|factors| *factors != (1, 1)) {
            budget.grow(&mut gathered, layout.mcus_wide * 4)?;
        }
        let one_table = components.windows(2).all(|pair| Arc::ptr_eq(&pair[0].table, &pair[1].table));
        let Prediction { selection, bits } = prediction;
        let initial = 1 << (bits - 1);
        Ok(Self {
            intervals,
            layout,
            components,
            selection,
            initial,
            one_table,
            long: false,
            speculation: None,
            differences,
            gathered,
        })
    }

    /// True if the scan has neither restarts nor several tables, and enough data for a second thread.
    pub(crate) fn gains_from_a_thread(&self, data: &[u8]) -> bool {
        let bytes = data.len().saturating_sub(self.intervals.reader.position());
        self.one_table && !self.intervals.has_restarts() && bytes >= ROUND_BYTES
    }

    /// Starts the second thread, unless the scan ends long before the data does.
    pub(crate) fn start_thread<'scope>(&mut self, data: &'a [u8], scope: &'scope Scope<'scope, '_>)
    where
        'a: 'scope,
    {
        let first = self.intervals.reader.position();
        self.speculation =
            Speculation::start(data, first, Arc::clone(&self.components[0].table), self.selection, scope);
    }

    /// Ends the second thread.
    pub(crate) fn stop_thread(&mut self) {
        if let Some(speculation) = self.speculation.take() {
            speculation.finish(&mut self.intervals.reader, &self.components[0].table);
        }
    }

    /// Decodes row `row` of MCUs into the buffers of the frame's components.
    pub(crate) fn decode_row<S: Sample>(&mut self, row: usize, buffers: &mut [RowBuffer<S>]) -> Result<()> {
        let (mcus, rows) = (self.layout.mcus_wide, self.layout.mcus_high);
        let begins = row == self.intervals.start.0;
        let mut interval = Line { one_dimensional: begins, fresh: begins };
        let mut first = self.intervals.first_column(row);
        while first < mcus {
            if self.intervals.restart_if_due(row, rows)? {
                interval = Line { one_dimensional: true, fresh: true };
            }
            let end = first + self.intervals.take(mcus - first);
            let columns = first..end;
            let decoded = match self.decode_sums(row, columns.clone(), interval, buffers) {
                Some(decoded) => decoded,
                None => {
                    self.decode_differences(end - first).map(|()| self.reconstruct(row, columns, interval, buffers))
                }
            };
            decoded.map_err(|kind| self.intervals.defect(kind, row, rows))?;
            interval.fresh = false;
            first = end;
        }
        self.intervals.check(row, rows)
    }

    /// Decodes samples of one component that are predicted from the left, as sums of differences, in one pass. None for other
    /// samples, and if only some of them come from the second thread.
    fn decode_sums<S: Sample>(
        &mut self,
        row: usize,
        columns: Range<usize>,
        line: Line,
        buffers: &mut [RowBuffer<S>],
    ) -> Option<std::result::Result<(), ErrorKind>> {
        if self.layout.units.len() > 1 || !(line.one_dimensional || self.selection == 1) {
            return None;
        }
        let (component, reader) = (&self.components[0], &mut self.intervals.reader);
        let (above, samples) = buffers[component.index].with_row_above(row);
        let start = if line.fresh { self.initial } else { start(1, above, samples, columns.start) };
        let samples = &mut samples[columns];
        match &mut self.speculation {
            Some(speculation) if !speculation.is_far(reader, samples.len()) => {
                speculation.sum(start, reader, samples).then_some(Ok(()))
            }
            _ => Some(decode_run::<S, true>(reader, &component.table, start, samples, &mut self.long)),
        }
    }

    fn decode_differences(&mut self, mcus: usize) -> std::result::Result<(), ErrorKind> {
        let differences = &mut self.differences[..mcus * self.layout.units.len()];
        let reader = &mut self.intervals.reader;
        if let Some(speculation) = &mut self.speculation {
            return speculation.decode(reader, &self.components[0].table, differences, &mut self.long);
        }
        if self.one_table {
            return decode_run::<u16, false>(reader, &self.components[0].table, 0, differences, &mut self.long);
        }
        let tables = self.layout.units.iter().map(|unit| self.components[unit.component].table.as_ref());
        decode_in_turns(reader, &tables.collect::<Vec<_>>(), differences)
    }

    /// Turns the differences of MCUs into samples.
    fn reconstruct<S: Sample>(&mut self, mcu_row: usize, mcus: Range<usize>, line: Line, buffers: &mut [RowBuffer<S>]) {
        for number in 0..self.components.len() {
            let (horizontal, vertical) = self.layout.factors[number];
            for inner in 0..vertical {
                // Only the first line of an interval is predicted from the left alone.
                let line = if inner == 0 { line } else { Line { one_dimensional: false, fresh: false } };
                let selection = if line.one_dimensional { 1 } else { self.selection };
                let differences = self.row_differences(number, inner, mcus.len());
                let (above, row) = buffers[self.components[number].index].with_row_above(mcu_row * vertical + inner);
                let columns = mcus.start * horizontal..mcus.end * horizontal;
                let start = if line.fresh { self.initial } else { start(selection, above, row, columns.start) };
                let differences = differences.of(&self.differences, &self.gathered);
                let above = above.get(columns.clone()).unwrap_or_default();
                reconstruct(selection, differences, start, above, &mut row[columns]);
            }
        }
    }

    /// Where the differences of a line of a component are, of `mcus` MCUs. Those at unequal distances are gathered.
    fn row_differences(&mut self, component: usize, line: usize, mcus: usize) -> Source {
        let units = self.layout.units.len();
        let place = |unit: &Unit| unit.component == component && unit.row == line;
        let first = self.layout.units.iter().position(place).unwrap_or_default();
        let horizontal = self.layout.factors[component].0;
        if horizontal == 1 && units <= MAX_STRIDE {
            return Source::InTurns { first, stride: units };
        }
        let groups = self.differences.chunks_exact(units).zip(self.gathered.chunks_exact_mut(horizontal));
        for (mcu, samples) in groups.take(mcus) {
            samples.copy_from_slice(&mcu[first..first + horizontal]);
        }
        Source::Gathered
    }
}

/// The prediction at the start of a line of samples.
#[derive(Clone, Copy)]
struct Line {
    /// It is the first line of the scan or of a restart interval, which is predicted from the left.
    one_dimensional: bool,
    /// The next sample is the first one of the scan or of a restart interval.
    fresh: bool,
}

/// Where the differences of a line are.
enum Source {
    /// Among those of the scan.
    InTurns { first: usize, stride: usize },
    /// In separate memory.
    Gathered,
}

impl Source {
    fn of<'a>(&self, all: &'a [u16], gathered: &'a [u16]) -> Differences<'a> {
        match *self {
            Self::InTurns { first, stride } => Differences { all, first, stride },
            Self::Gathered => Differences { all: gathered, first: 0, stride: 1 },
        }
    }
}

/// The prediction of the sample at `column`. At the start of a line it is the sample above.
fn start<S: Sample>(selection: u8, above: &[S], row: &[S], column: usize) -> u16 {
    let at = |samples: &[S], column: usize| samples.get(column).copied().unwrap_or_default().into();
    match column.checked_sub(1) {
        Some(left) => prediction(selection, at(row, left), at(above, column), at(above, left)),
        None => at(above, 0),
    }
}

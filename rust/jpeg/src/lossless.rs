//! Annex H: the lossless process.

#![allow(clippy::inline_always, reason = "what is inlined is compiled for the instructions of its caller")]

use std::sync::Arc;

use crate::bits::BitReader;
use crate::budget::Budget;
use crate::error::{Error, ErrorKind, Result, Unsupported};
use crate::geometry::ScanLayout;
use crate::huffman::lossless::LosslessTable;
use crate::predict::{Differences, prediction, reconstruct};
use crate::restart::Intervals;
use crate::sample::Sample;
use crate::strip::Strip;

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
    /// Differences of a row of MCUs in the order of the scan.
    differences: Vec<u16>,
    /// Differences of one row of a component with several samples in an MCU.
    gathered: Vec<u16>,
}

/// What a scan header says of the prediction.
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
        Ok(Self { intervals, layout, components, selection, initial, one_table, differences, gathered })
    }

    /// Decodes row `row` of MCUs into the strips of the frame's components.
    pub(crate) fn decode_row<S: Sample>(&mut self, row: usize, strips: &mut [Strip<S>]) -> Result<()> {
        let (mcus, rows) = (self.layout.mcus_wide, self.layout.mcus_high);
        let mut one_dimensional = row == 0;
        let mut fresh = row == 0;
        let mut first = 0;
        while first < mcus {
            if self.intervals.restart_if_due(row, rows)? {
                (fresh, one_dimensional) = (true, true);
            }
            let end = first + self.intervals.take(mcus - first);
            self.decode_differences(end - first).map_err(|kind| self.intervals.defect(kind, row, rows))?;
            let selection = if one_dimensional { 1 } else { self.selection };
            self.reconstruct(row, first..end, selection, fresh, strips);
            fresh = false;
            first = end;
        }
        self.intervals.check(row, rows)
    }

    fn decode_differences(&mut self, mcus: usize) -> std::result::Result<(), ErrorKind> {
        let units = self.layout.units.len();
        let differences = &mut self.differences[..mcus * units];
        let reader = &mut self.intervals.reader;
        let decoded = if self.one_table {
            decode_run(reader, &self.components[0].table, differences)
        } else {
            let tables: Vec<_> =
                self.layout.units.iter().map(|unit| self.components[unit.component].table.as_ref()).collect();
            decode_in_turns(reader, &tables, differences)
        };
        if decoded { Ok(()) } else { Err(ErrorKind::InvalidCode) }
    }

    /// Turns the differences of MCUs into samples. `fresh` if a restart interval begins with them.
    fn reconstruct<S: Sample>(
        &mut self,
        mcu_row: usize,
        mcus: std::ops::Range<usize>,
        selection: u8,
        fresh: bool,
        strips: &mut [Strip<S>],
    ) {
        for number in 0..self.components.len() {
            let (horizontal, vertical) = self.layout.factors[number];
            for line in 0..vertical {
                let differences = row_differences(&self.layout, &self.differences, &mut self.gathered, number, line, mcus.len());
                // Only the first line of an interval is predicted from the left alone.
                let (selection, fresh) = if line == 0 { (selection, fresh) } else { (self.selection, false) };
                let (above, row) =
                    strips[self.components[number].index].with_row_above(mcu_row * vertical + line);
                let (first, end) = (mcus.start * horizontal, mcus.end * horizontal);
                let start = if fresh { self.initial } else { start(selection, above, row, first) };
                reconstruct(selection, differences, start, above.get(first..end).unwrap_or_default(), &mut row[first..end]);
            }
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

/// The differences of one line of a component, of `mcus` MCUs.
fn row_differences<'a>(
    layout: &ScanLayout,
    all: &'a [u16],
    gathered: &'a mut [u16],
    component: usize,
    line: usize,
    mcus: usize,
) -> Differences<'a> {
    let units = layout.units.len();
    let place = |unit: &crate::geometry::Unit| unit.component == component && unit.row == line;
    let first = layout.units.iter().position(place).unwrap_or_default();
    let horizontal = layout.factors[component].0;
    if horizontal == 1 {
        return Differences { all, first, stride: units };
    }
    for (mcu, samples) in all.chunks_exact(units).zip(gathered.chunks_exact_mut(horizontal)).take(mcus) {
        samples.copy_from_slice(&mcu[first..first + horizontal]);
    }
    Differences { all: gathered, first: 0, stride: 1 }
}

/// H.1.2.2: decodes differences that have the same table. False if there is a code that it does not have.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2")))]
fn decode_run(reader: &mut BitReader<'_>, table: &LosslessTable, differences: &mut [u16]) -> bool {
    let mut bits = *reader;
    let mut rest = differences;
    while let Some((eight, _)) = rest.split_first_chunk_mut::<8>() {
        let Some(count) = decode_up_to_eight(&mut bits, table, eight) else { return false };
        rest = &mut rest[count..];
    }
    for difference in rest {
        let Some(decoded) = decode_one(&mut bits, table) else { return false };
        *difference = decoded;
    }
    *reader = bits;
    true
}

/// Four look-ups of one or two differences each, after one refill.
#[inline(always)]
fn decode_up_to_eight(bits: &mut BitReader<'_>, table: &LosslessTable, eight: &mut [u16; 8]) -> Option<usize> {
    bits.refill();
    let mut count = 0;
    for _ in 0..4 {
        let pair = table.look_up(bits.window());
        if pair.count() == 0 {
            eight[count & 7] = decode_one(bits, table)?;
            return Some(count + 1);
        }
        bits.skip(pair.length());
        eight[count & 7] = pair.first();
        eight[(count + 1) & 7] = pair.second();
        count = count.wrapping_add(pair.count());
    }
    Some(count)
}

/// One difference of any length.
#[inline(always)]
fn decode_one(bits: &mut BitReader<'_>, table: &LosslessTable) -> Option<u16> {
    if bits.count() < 32 {
        bits.refill();
    }
    let (size, length) = table.code(bits.window())?;
    bits.skip(length);
    Some(if size == 16 { 0x8000 } else { bits.take_extended(size) as u16 })
}

/// Decodes differences whose tables take turns.
fn decode_in_turns(reader: &mut BitReader<'_>, tables: &[&LosslessTable], differences: &mut [u16]) -> bool {
    for (difference, table) in differences.iter_mut().zip(tables.iter().cycle()) {
        let Some(decoded) = decode_one(reader, table) else { return false };
        *difference = decoded;
    }
    true
}

//! Annex F: the sequential DCT processes, baseline and extended.

#![allow(clippy::inline_always, reason = "what is inlined is compiled for the instructions of its caller")]

use std::sync::Arc;

use crate::bits::BitReader;
use crate::blocks::BlockQueue;
use crate::error::{ErrorKind, Result};
use crate::geometry::ScanLayout;
use crate::huffman::dct::DctTable;
use crate::idct::Lanes;
use crate::sample::Sample;
use crate::restart::Intervals;
use crate::strip::Strip;
use crate::tables::NATURAL;

/// A component of a sequential scan.
pub(crate) struct DctComponent<S> {
    /// Index of the component in the frame.
    pub(crate) index: usize,
    pub(crate) dc: Arc<DctTable>,
    pub(crate) ac: Arc<DctTable>,
    /// The DC coefficient of the block before (F.1.1.5.1).
    pub(crate) prediction: i32,
    pub(crate) queue: BlockQueue<S>,
}

/// A sequential scan, row by row.
pub(crate) struct SequentialScan<'a, S> {
    pub(crate) intervals: Intervals<'a>,
    pub(crate) layout: ScanLayout,
    pub(crate) components: Vec<DctComponent<S>>,
}

/// A row of MCUs, or a part of it.
struct Run<'a> {
    layout: &'a ScanLayout,
    /// Row of MCUs.
    row: usize,
    /// MCUs of the row.
    columns: std::ops::Range<usize>,
}

impl<S: Sample> SequentialScan<'_, S> {
    /// Decodes row `row` of MCUs into the strips of the frame's components.
    pub(crate) fn decode_row(&mut self, row: usize, strips: &mut [Strip<S>]) -> Result<()> {
        let (mcus, rows) = (self.layout.mcus_wide, self.layout.mcus_high);
        let mut first = 0;
        while first < mcus {
            if self.intervals.restart_if_due(row, rows)? {
                self.components.iter_mut().for_each(|component| component.prediction = 0);
            }
            let columns = first..first + self.intervals.take(mcus - first);
            first = columns.end;
            let run = Run { layout: &self.layout, row, columns };
            decode_run(&mut self.intervals.reader, &mut self.components, &run, strips)
                .map_err(|kind| self.intervals.defect(kind, row, rows))?;
        }
        for component in &mut self.components {
            component.queue.flush(&mut strips[component.index]);
        }
        self.intervals.check(row, rows)
    }
}

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2")))]
fn decode_run<S: Sample>(
    reader: &mut BitReader<'_>,
    components: &mut [DctComponent<S>],
    run: &Run<'_>,
    strips: &mut [Strip<S>],
) -> std::result::Result<(), ErrorKind> {
    for column in run.columns.clone() {
        for unit in &run.layout.units {
            let (horizontal, vertical) = run.layout.factors[unit.component];
            let component = &mut components[unit.component];
            let strip = &mut strips[component.index];
            let place = strip.place(8 * (run.row * vertical + unit.row)) + 8 * (column * horizontal + unit.column);
            let (lanes, lane) = component.queue.next();
            component.prediction = decode_dc(reader, &component.dc, component.prediction)?;
            lanes[0][lane] = component.prediction as i16;
            let last = decode_ac(reader, &component.ac, lanes, lane)?;
            component.queue.push(last, place, strip);
        }
    }
    Ok(())
}

/// F.2.2.1: a DC coefficient.
#[inline(always)]
pub(crate) fn decode_dc(
    reader: &mut BitReader<'_>,
    table: &DctTable,
    prediction: i32,
) -> std::result::Result<i32, ErrorKind> {
    reader.refill();
    let entry = table.look_up(reader.window());
    let difference = if entry.is_special() {
        let (size, length) = table.symbol(entry, reader.window()).ok_or(ErrorKind::InvalidCode)?;
        if size > 15 {
            return Err(ErrorKind::InvalidCode);
        }
        reader.skip(length);
        reader.take_extended(u32::from(size))
    } else {
        reader.skip(entry.length());
        i32::from(entry.value())
    };
    Ok(prediction.wrapping_add(difference))
}

/// F.2.2.2: the AC coefficients of a block, into its lane. Returns the last one, in zigzag order, that is not zero.
#[inline(always)]
fn decode_ac(
    reader: &mut BitReader<'_>,
    table: &DctTable,
    lanes: &mut Lanes,
    lane: usize,
) -> std::result::Result<u8, ErrorKind> {
    let mut bits = *reader;
    let last = decode_coefficients(&mut bits, table, lanes, lane);
    *reader = bits;
    last
}

#[inline(always)]
fn decode_coefficients(
    bits: &mut BitReader<'_>,
    table: &DctTable,
    lanes: &mut Lanes,
    lane: usize,
) -> std::result::Result<u8, ErrorKind> {
    let mut k = 0;
    loop {
        bits.refill();
        // Four look-ups of at most ten bits each.
        for _ in 0..4 {
            let entry = table.look_up(bits.window());
            let special = entry.is_special();
            let value = if special {
                let (symbol, length) = long_symbol(bits, table)?;
                bits.skip(length);
                match symbol {
                    0x00 => return Ok(k as u8),
                    0xF0 => {
                        k += 16;
                        break;
                    }
                    _ if symbol & 15 == 0 => return Err(ErrorKind::InvalidCode),
                    _ => {}
                }
                k += usize::from(symbol >> 4) + 1;
                bits.take_extended(u32::from(symbol & 15)) as i16
            } else {
                bits.skip(entry.length());
                k += entry.advance();
                entry.value()
            };
            let Some(&place) = NATURAL.get(k) else { return Err(ErrorKind::CoefficientIndex) };
            lanes[usize::from(place & 63)][lane] = value;
            if k == 63 {
                return Ok(63);
            }
            if special {
                break;
            }
        }
        // A run of zeros is followed by a coefficient of the block.
        if k > 62 {
            return Err(ErrorKind::CoefficientIndex);
        }
    }
}

/// The symbol of a special entry and the length of its code, with enough bits for the additional ones.
#[inline(always)]
fn long_symbol(bits: &mut BitReader<'_>, table: &DctTable) -> std::result::Result<(u8, u32), ErrorKind> {
    // A code and its additional bits are up to 31 bits long.
    if bits.count() < 32 {
        bits.refill();
    }
    let window = bits.window();
    table.symbol(table.look_up(window), window).ok_or(ErrorKind::InvalidCode)
}

//! Annex F: the sequential DCT processes, baseline and extended.

use std::sync::Arc;

use crate::bits::BitReader;
use crate::blocks::BlockQueue;
use crate::error::{ErrorKind, Result};
use crate::geometry::{ScanLayout, Unit};
use crate::huffman::dct::DctTable;
use crate::idct::Lanes;
use crate::restart::Intervals;
use crate::row_buffer::RowBuffer;
use crate::sample::Sample;
use crate::tables::PLACES;

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

/// Where the samples of a data unit of the next MCU go.
#[derive(Clone, Copy)]
struct Place {
    /// Index of the component in the scan.
    component: usize,
    /// Index in the component's buffer.
    index: usize,
    /// Distance to the place in the MCU after it.
    step: usize,
}

impl<S: Sample> SequentialScan<'_, S> {
    /// Decodes row `row` of MCUs into the buffers of the frame's components.
    pub(crate) fn decode_row(&mut self, row: usize, buffers: &mut [RowBuffer<S>]) -> Result<()> {
        let (mcus, rows) = (self.layout.mcus_wide, self.layout.mcus_high);
        let mut first = self.intervals.first_column(row);
        let mut places = self.places(row, first, buffers);
        while first < mcus {
            if self.intervals.restart_if_due(row, rows)? {
                self.components.iter_mut().for_each(|component| component.prediction = 0);
            }
            let count = self.intervals.take(mcus - first);
            first += count;
            decode_run(&mut self.intervals.reader, &mut self.components, &mut places, count, buffers)
                .map_err(|kind| self.intervals.defect(kind, row, rows))?;
        }
        for component in &mut self.components {
            component.queue.flush(&mut buffers[component.index]);
        }
        self.intervals.check(row, rows)
    }

    /// The places of the data units of an MCU.
    fn places(&self, row: usize, column: usize, buffers: &[RowBuffer<S>]) -> Vec<Place> {
        let place = |unit: &Unit| {
            let (horizontal, vertical) = self.layout.factors[unit.component];
            let buffer = &buffers[self.components[unit.component].index];
            let index = buffer.place(8 * (row * vertical + unit.row)) + 8 * (column * horizontal + unit.column);
            Place { component: unit.component, index, step: 8 * horizontal }
        };
        self.layout.units.iter().map(place).collect()
    }
}

/// Decodes `count` MCUs.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2")))]
fn decode_run<S: Sample>(
    reader: &mut BitReader<'_>,
    components: &mut [DctComponent<S>],
    places: &mut [Place],
    count: usize,
    buffers: &mut [RowBuffer<S>],
) -> std::result::Result<(), ErrorKind> {
    let mut bits = *reader;
    for _ in 0..count {
        for unit in places.iter_mut() {
            let component = &mut components[unit.component];
            let buffer = &mut buffers[component.index];
            if let Err(kind) = decode_unit(&mut bits, component, unit.index, buffer) {
                *reader = bits;
                return Err(kind);
            }
            unit.index = unit.index.wrapping_add(unit.step);
        }
    }
    *reader = bits;
    Ok(())
}

#[inline(always)]
fn decode_unit<S: Sample>(
    bits: &mut BitReader<'_>,
    component: &mut DctComponent<S>,
    place: usize,
    buffer: &mut RowBuffer<S>,
) -> std::result::Result<(), ErrorKind> {
    component.prediction = decode_dc(bits, &component.dc, component.prediction)?;
    let (lanes, lane) = component.queue.next();
    lanes[0][lane] = component.prediction as i16;
    let last = decode_ac(bits, &component.ac, lanes, lane)?;
    component.queue.push(last, place, buffer);
    Ok(())
}

/// F.2.2.1: a DC coefficient. At least 40 bits are available after it.
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
        let difference = reader.take_coded(length, u32::from(size));
        reader.refill();
        difference
    } else {
        reader.skip(entry.length());
        i32::from(entry.value())
    };
    Ok(prediction.wrapping_add(difference))
}

/// F.2.2.2: the AC coefficients of a block, into its lane. Returns the last nonzero one in zigzag order.
#[inline(always)]
fn decode_ac(
    bits: &mut BitReader<'_>,
    table: &DctTable,
    lanes: &mut Lanes,
    lane: usize,
) -> std::result::Result<u8, ErrorKind> {
    let lanes = lanes.as_flattened_mut();
    let mut k = 0;
    'block: loop {
        // At least 40 bits are available: enough for four look-ups of at most ten bits.
        let entry = 'special: {
            for _ in 0..4 {
                let entry = table.look_up(bits.window());
                if entry.is_special() {
                    break 'special entry;
                }
                bits.skip(entry.length());
                k += entry.advance();
                if k >= 63 {
                    return set_last(k, entry.value(), lanes, lane);
                }
                lanes[(PLACES[k & 63] as usize + lane) & 511] = entry.value();
            }
            bits.refill();
            continue 'block;
        };
        if entry.ends_block() {
            bits.skip(entry.length());
            return Ok(k as u8);
        }
        bits.refill();
        let (symbol, length) = table.symbol(entry, bits.window()).ok_or(ErrorKind::InvalidCode)?;
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        if size == 0 {
            bits.skip(length);
            match run {
                0 => return Ok(k as u8),
                // A coefficient must follow.
                15 if k + 16 < 63 => k += 16,
                15 => return Err(ErrorKind::CoefficientIndex),
                _ => return Err(ErrorKind::InvalidCode),
            }
            continue;
        }
        k += run + 1;
        let value = bits.take_coded(length, size) as i16;
        if k >= 63 {
            return set_last(k, value, lanes, lane);
        }
        lanes[(PLACES[k & 63] as usize + lane) & 511] = value;
        if bits.count() < 40 {
            bits.refill();
        }
    }
}

/// Sets the last coefficient of a block, which no EOB follows.
#[inline(always)]
fn set_last(k: usize, value: i16, lanes: &mut [i16], lane: usize) -> std::result::Result<u8, ErrorKind> {
    if k > 63 {
        return Err(ErrorKind::CoefficientIndex);
    }
    lanes[PLACES[63] as usize + lane] = value;
    Ok(63)
}

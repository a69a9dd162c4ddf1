//! Annex G: the scans of the progressive DCT process.

#![allow(clippy::inline_always, reason = "what is inlined is compiled for the instructions of its caller")]

use std::sync::Arc;

use crate::bits::BitReader;
use crate::coefficients::{Block, CoefficientPlane};
use crate::error::{ErrorKind, Result};
use crate::geometry::ScanLayout;
use crate::huffman::dct::DctTable;
use crate::restart::Intervals;
use crate::sequential::decode_dc;
use crate::tables::NATURAL;

type Decoded<T> = std::result::Result<T, ErrorKind>;

/// A scan of DC coefficients (G.1.2.1), of one or more components.
pub(crate) struct DcScan<'a> {
    pub(crate) intervals: Intervals<'a>,
    pub(crate) layout: ScanLayout,
    /// Components by their index in the frame, with their tables in a first scan.
    pub(crate) components: Vec<(usize, Option<Arc<DctTable>>)>,
    /// Bit position of the scan, Al.
    pub(crate) low: u8,
}

impl DcScan<'_> {
    /// Decodes all MCUs, row by row; `check` is called before each row.
    pub(crate) fn decode(&mut self, planes: &mut [CoefficientPlane], check: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let (mcus, rows) = (self.layout.mcus_wide, self.layout.mcus_high);
        let mut predictions = [0; 4];
        for row in 0..rows {
            check()?;
            let mut first = 0;
            while first < mcus {
                if self.intervals.restart_if_due(row, rows)? {
                    predictions = [0; 4];
                }
                let end = first + self.intervals.take(mcus - first);
                self.decode_mcus(row, first..end, &mut predictions, planes)
                    .map_err(|kind| self.intervals.defect(kind, row, rows))?;
                first = end;
            }
            self.intervals.check(row, rows)?;
        }
        Ok(())
    }

    fn decode_mcus(
        &mut self,
        row: usize,
        columns: std::ops::Range<usize>,
        predictions: &mut [i32; 4],
        planes: &mut [CoefficientPlane],
    ) -> Decoded<()> {
        let reader = &mut self.intervals.reader;
        for column in columns {
            for unit in &self.layout.units {
                let (horizontal, vertical) = self.layout.factors[unit.component];
                let (index, table) = &self.components[unit.component];
                let block =
                    planes[*index].block(row * vertical + unit.row, column * horizontal + unit.column);
                let dc = &mut block.lanes[0][block.lane];
                if let Some(table) = table {
                    let prediction = &mut predictions[unit.component & 3];
                    *prediction = decode_dc(reader, table, *prediction)?;
                    *dc = prediction.wrapping_shl(u32::from(self.low)) as i16;
                } else {
                    if reader.count() == 0 {
                        reader.refill();
                    }
                    *dc |= (reader.take(1) << self.low) as i16;
                }
            }
        }
        Ok(())
    }
}

/// A band of AC coefficients, in zigzag order, and the bit position of the scan.
#[derive(Clone, Copy)]
pub(crate) struct Band {
    pub(crate) start: u8,
    pub(crate) end: u8,
    pub(crate) low: u8,
}

/// A scan of AC coefficients (G.1.2.2, G.1.2.3), of one component.
pub(crate) struct AcScan<'a> {
    pub(crate) intervals: Intervals<'a>,
    pub(crate) layout: ScanLayout,
    pub(crate) table: Arc<DctTable>,
    pub(crate) band: Band,
    /// Whether earlier scans gave the bits above.
    pub(crate) refines: bool,
}

impl AcScan<'_> {
    /// Decodes all blocks, row by row; `check` is called before each row.
    pub(crate) fn decode(&mut self, plane: &mut CoefficientPlane, check: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let (blocks, rows) = (self.layout.mcus_wide, self.layout.mcus_high);
        // Blocks that follow and have no more coefficients in the band: EOBRUN.
        let mut ended = 0;
        for row in 0..rows {
            check()?;
            let mut first = 0;
            while first < blocks {
                if self.intervals.restart_if_due(row, rows)? {
                    ended = 0;
                }
                let columns = first..first + self.intervals.take(blocks - first);
                first = columns.end;
                let reader = &mut self.intervals.reader;
                let decoded = if self.refines {
                    refine_run(reader, &self.table, self.band, plane, row, columns, ended)
                } else {
                    decode_run(reader, &self.table, self.band, plane, row, columns, ended)
                };
                ended = decoded.map_err(|kind| self.intervals.defect(kind, row, rows))?;
                if first == blocks && row + 1 == rows || self.intervals.is_complete() {
                    self.check_run(ended, row, rows)?;
                }
            }
            self.intervals.check(row, rows)?;
        }
        Ok(())
    }

    /// A run of ended blocks does not pass the end of its interval.
    fn check_run(&self, ended: usize, row: usize, rows: usize) -> Result<()> {
        if ended > 0 { Err(self.intervals.defect(ErrorKind::CoefficientIndex, row, rows)) } else { Ok(()) }
    }
}

/// What the next bits of an AC scan mean.
enum Symbol {
    /// A run of zeros, and the coefficient after it.
    Coefficient { run: usize, value: i16 },
    /// Sixteen zeros.
    ZeroRun,
    /// This block, and the blocks that follow, up to this number, have no more coefficients.
    Ended(usize),
}

#[inline(always)]
fn symbol(bits: &mut BitReader<'_>, table: &DctTable) -> Decoded<Symbol> {
    if bits.count() < 32 {
        bits.refill();
    }
    let entry = table.look_up(bits.window());
    if !entry.is_special() {
        bits.skip(entry.length());
        return Ok(Symbol::Coefficient { run: entry.advance() - 1, value: entry.value() });
    }
    let (symbol, length) = table.symbol(entry, bits.window()).ok_or(ErrorKind::InvalidCode)?;
    bits.skip(length);
    let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
    Ok(match (run, size) {
        (15, 0) => Symbol::ZeroRun,
        (_, 0) => Symbol::Ended((1usize << run) + bits.take(run) as usize),
        _ => Symbol::Coefficient { run: run as usize, value: bits.take_extended(size) as i16 },
    })
}

/// G.1.2.2: a first scan of blocks in a row. `ended` blocks, to begin with, have no coefficients; returns how many follow.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2")))]
fn decode_run(
    reader: &mut BitReader<'_>,
    table: &DctTable,
    band: Band,
    plane: &mut CoefficientPlane,
    row: usize,
    columns: std::ops::Range<usize>,
    mut ended: usize,
) -> Decoded<usize> {
    let mut column = columns.start;
    while column < columns.end {
        if ended > 0 {
            let passed = ended.min(columns.end - column);
            (ended, column) = (ended - passed, column + passed);
            continue;
        }
        let mut bits = *reader;
        let decoded = decode_block(&mut bits, table, band, &mut plane.block(row, column));
        *reader = bits;
        ended = decoded?;
        if ended == 0 {
            column += 1;
        }
    }
    Ok(ended)
}

/// The coefficients of one block. Returns how many blocks, with this one, have no more; 0 if the band is full.
#[inline(always)]
fn decode_block(bits: &mut BitReader<'_>, table: &DctTable, band: Band, block: &mut Block<'_>) -> Decoded<usize> {
    let (mut k, end) = (usize::from(band.start), usize::from(band.end));
    while k <= end {
        match symbol(bits, table)? {
            Symbol::Coefficient { run, value } => {
                k += run;
                if k > end {
                    return Err(ErrorKind::CoefficientIndex);
                }
                set(block, k, value.wrapping_shl(u32::from(band.low)));
                k += 1;
            }
            Symbol::ZeroRun if k + 16 > end => return Err(ErrorKind::CoefficientIndex),
            Symbol::ZeroRun => k += 16,
            Symbol::Ended(blocks) => return Ok(blocks),
        }
    }
    Ok(0)
}

#[inline(always)]
fn set(block: &mut Block<'_>, k: usize, value: i16) {
    block.lanes[usize::from(NATURAL[k & 63] & 63)][block.lane & 7] = value;
    *block.nonzero |= 1 << (k & 63);
}

/// G.1.2.3: a refining scan of blocks in a row, as [`decode_run`].
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2")))]
fn refine_run(
    reader: &mut BitReader<'_>,
    table: &DctTable,
    band: Band,
    plane: &mut CoefficientPlane,
    row: usize,
    columns: std::ops::Range<usize>,
    mut ended: usize,
) -> Decoded<usize> {
    let mut column = columns.start;
    while column < columns.end {
        let mut block = plane.block(row, column);
        let mut bits = *reader;
        let mut k = u32::from(band.start);
        if ended == 0 {
            let refined = refine_block(&mut bits, table, band, &mut block, &mut k);
            *reader = bits;
            ended = refined?;
        }
        if ended > 0 {
            // The coefficients that are not zero already have a correction bit each.
            correct(&mut bits, band, &mut block, band_mask(k, u32::from(band.end)));
            *reader = bits;
            ended -= 1;
        }
        column += 1;
    }
    Ok(ended)
}

/// The bits from `start` to `end`.
#[inline(always)]
fn band_mask(start: u32, end: u32) -> u64 {
    if start > end { 0 } else { u64::MAX >> (63 - (end & 63)) & u64::MAX << (start & 63) }
}

/// Figure G.7: new coefficients of a block, and corrections of those before them. `k` is the next coefficient when the
/// block ends. Returns how many blocks, with this one, have no new coefficients any more.
#[inline(always)]
fn refine_block(
    bits: &mut BitReader<'_>,
    table: &DctTable,
    band: Band,
    block: &mut Block<'_>,
    k: &mut u32,
) -> Decoded<usize> {
    let end = u32::from(band.end);
    while *k <= end {
        let (run, value) = match symbol(bits, table)? {
            Symbol::Ended(blocks) => return Ok(blocks),
            Symbol::ZeroRun => (15, 0),
            Symbol::Coefficient { run, value: value @ (1 | -1) } => (run, value << band.low),
            Symbol::Coefficient { .. } => return Err(ErrorKind::InvalidCode),
        };
        // The place after `run` coefficients that are zero.
        let mut zeros = !*block.nonzero & band_mask(*k, end);
        for _ in 0..run {
            zeros &= zeros.wrapping_sub(1);
        }
        if zeros == 0 {
            return Err(ErrorKind::CoefficientIndex);
        }
        let place = zeros.trailing_zeros();
        correct(bits, band, block, band_mask(*k, place));
        if value != 0 {
            set(block, place as usize, value);
        }
        *k = place + 1;
    }
    Ok(0)
}

/// G.1.2.3: reads a correction bit for each of the coefficients in `mask` that is not zero.
#[inline(always)]
fn correct(bits: &mut BitReader<'_>, band: Band, block: &mut Block<'_>, mask: u64) {
    let mut corrected = *block.nonzero & mask;
    while corrected != 0 {
        if bits.count() == 0 {
            bits.refill();
        }
        let coefficient = &mut block.lanes[usize::from(NATURAL[corrected.trailing_zeros() as usize & 63] & 63)][block.lane & 7];
        let step = (bits.take(1) << band.low) as i16;
        *coefficient = coefficient.wrapping_add(if *coefficient < 0 { step.wrapping_neg() } else { step });
        corrected &= corrected - 1;
    }
}

//! G.1.2.2: scans of a band of AC coefficients of one component.

use std::sync::Arc;

use super::Decoded;
use super::coefficients::{Block, CoefficientPlane};
use super::refine::refine_run;
use crate::bits::BitReader;
use crate::error::{ErrorKind, Result};
use crate::geometry::ScanLayout;
use crate::huffman::dct::DctTable;
use crate::restart::Intervals;

/// A band of coefficients, in zigzag order, and the bit position of the scan.
#[derive(Clone, Copy)]
pub(crate) struct SpectralBand {
    pub(crate) start: u8,
    pub(crate) end: u8,
    pub(crate) low: u8,
}

/// A scan of AC coefficients.
pub(crate) struct AcScan<'a> {
    pub(crate) intervals: Intervals<'a>,
    pub(crate) layout: ScanLayout,
    pub(crate) table: Arc<DctTable>,
    pub(crate) band: SpectralBand,
    /// Whether earlier scans sent the higher bits.
    pub(crate) refines: bool,
}

/// Adjacent blocks.
#[derive(Clone, Copy)]
pub(crate) struct BlockRun {
    /// Number of the first block in its plane.
    pub(crate) first: usize,
    pub(crate) count: usize,
    /// The number of blocks, starting with the first one, without further coefficients: the rest of EOBRUN.
    pub(crate) ended: usize,
}

impl AcScan<'_> {
    /// Decodes all blocks, row by row; `check` is called before each row.
    pub(crate) fn decode(&mut self, plane: &mut CoefficientPlane, check: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let (blocks, rows) = (self.layout.mcus_wide, self.layout.mcus_high);
        let mut ended = 0;
        for row in 0..rows {
            check()?;
            let mut first = 0;
            while first < blocks {
                if self.intervals.restart_if_due(row, rows)? {
                    ended = 0;
                }
                let count = self.intervals.take(blocks - first);
                let run = BlockRun { first: plane.number_of(row, first), count, ended };
                first += count;
                let reader = &mut self.intervals.reader;
                let decode = if self.refines { refine_run } else { decode_run };
                ended = decode(reader, &self.table, self.band, plane, run)
                    .map_err(|kind| self.intervals.defect(kind, row, rows))?;
                let last = first == blocks && row + 1 == rows;
                if ended > 0 && (last || self.intervals.is_complete()) {
                    // Blocks after the end of the scan or restart interval.
                    return Err(self.intervals.defect(ErrorKind::CoefficientIndex, row, rows));
                }
            }
            self.intervals.check(row, rows)?;
        }
        Ok(())
    }
}

/// The meaning of the next bits.
pub(super) enum Symbol {
    /// A run of zeros, and the coefficient after it.
    Coefficient { run: usize, value: i16 },
    /// Sixteen zeros.
    ZeroRun,
    /// The end of this number of blocks, including this one.
    Ended(usize),
}

/// Decodes a symbol and its additional bits. At least 32 bits are available.
#[inline(always)]
pub(super) fn symbol(bits: &mut BitReader<'_>, table: &DctTable) -> Decoded<Symbol> {
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

/// Decodes the first scan of blocks. Returns the number of later blocks without further coefficients.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2")))]
fn decode_run(
    reader: &mut BitReader<'_>,
    table: &DctTable,
    band: SpectralBand,
    plane: &mut CoefficientPlane,
    run: BlockRun,
) -> Decoded<usize> {
    let mut bits = *reader;
    let BlockRun { first, count, mut ended } = run;
    let (mut block, end) = (first, first + count);
    while block < end {
        if ended == 0 {
            match decode_block(&mut bits, table, band, &mut plane.block(block)) {
                Ok(0) => ended = 1,
                Ok(blocks) => ended = blocks,
                Err(kind) => {
                    *reader = bits;
                    return Err(kind);
                }
            }
        }
        // All at once: a few bytes can end thousands of blocks.
        let passed = ended.min(end - block);
        (ended, block) = (ended - passed, block + passed);
    }
    *reader = bits;
    Ok(ended)
}

/// The coefficients of one block. Returns the number of ended blocks, including this one; 0 if the band is full.
#[inline(always)]
fn decode_block(
    bits: &mut BitReader<'_>,
    table: &DctTable,
    band: SpectralBand,
    block: &mut Block<'_>,
) -> Decoded<usize> {
    let (mut k, end) = (usize::from(band.start), usize::from(band.end));
    while k <= end {
        bits.refill();
        match symbol(bits, table)? {
            Symbol::Coefficient { run, value } => {
                k += run;
                if k > end {
                    return Err(ErrorKind::CoefficientIndex);
                }
                block.set(k, value.wrapping_shl(u32::from(band.low)));
                k += 1;
            }
            Symbol::ZeroRun if k + 16 > end => return Err(ErrorKind::CoefficientIndex),
            Symbol::ZeroRun => k += 16,
            Symbol::Ended(blocks) => return Ok(blocks),
        }
    }
    Ok(0)
}

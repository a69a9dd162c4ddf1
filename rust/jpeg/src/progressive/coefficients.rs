//! The coefficients of a progressive frame, which its scans complete in steps (G.1.1).

use std::sync::Arc;

use crate::blocks::store;
use crate::context::{Context, Pooled};
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::Geometry;
use crate::idct::{LANES, Lanes, Tile, inverse};
use crate::row_buffer::RowBuffer;
use crate::sample::Sample;
use crate::scan::ScanHeader;
use crate::tables::{PLACES, Quantization};
use crate::warning::Warning;
use dicomet_codec::Budget;

/// The number of missing low bits of a coefficient before its first scan.
const UNKNOWN: u8 = u8::MAX;

/// All coefficients of a component.
pub(super) struct CoefficientPlane {
    /// Eight blocks of a row each, so that they can be transformed where they are.
    groups: Vec<Lanes>,
    /// For each block, which coefficients are not zero, in zigzag order.
    nonzero: Vec<u64>,
    /// Groups in a row of blocks.
    stride: usize,
    /// Table of the first scan.
    pub(super) quantization: Option<Arc<Quantization>>,
    /// The number of missing low bits of each coefficient, in zigzag order.
    missing_bits: [u8; 64],
}

/// A block in a plane.
pub(super) struct Block<'a> {
    lanes: &'a mut [i16],
    lane: usize,
    /// Which coefficients, but for the first one, are not zero, in zigzag order.
    pub(super) nonzero: &'a mut u64,
}

impl Block<'_> {
    /// A coefficient by its place in zigzag order.
    #[inline(always)]
    pub(super) fn coefficient(&mut self, k: usize) -> &mut i16 {
        &mut self.lanes[(PLACES[k & 63] as usize + self.lane) & (64 * LANES - 1)]
    }

    /// Sets a coefficient that was zero; it stays zero if its bits do not fit.
    #[inline(always)]
    pub(super) fn set(&mut self, k: usize, value: i16) {
        *self.coefficient(k) = value;
        *self.nonzero |= u64::from(value != 0) << (k & 63);
    }
}

impl CoefficientPlane {
    pub(super) fn new(
        geometry: &Geometry,
        component: usize,
        context: &mut Context,
        budget: &mut Budget,
    ) -> Result<Self> {
        let stride = geometry.padded_units(component).div_ceil(LANES);
        let rows = geometry.mcus_high * geometry.planes[component].vertical;
        let (mut groups, mut nonzero) = (Lanes::take_memory(context), u64::take_memory(context));
        budget.grow_with(&mut groups, stride * rows, [[0; LANES]; 64])?;
        budget.grow(&mut nonzero, stride * LANES * rows)?;
        Ok(Self { groups, nonzero, stride, quantization: None, missing_bits: [UNKNOWN; 64] })
    }

    /// Returns the memory to the context.
    pub(super) fn keep_memory(self, context: &mut Context) {
        Lanes::keep_memory(context, self.groups);
        u64::keep_memory(context, self.nonzero);
    }

    /// The number of a block.
    pub(super) fn number_of(&self, row: usize, column: usize) -> usize {
        row * self.stride * LANES + column
    }

    /// The block of a number.
    #[inline(always)]
    pub(super) fn block(&mut self, number: usize) -> Block<'_> {
        let (group, lane) = (&mut self.groups[number / LANES], number % LANES);
        Block { lanes: group.as_flattened_mut(), lane, nonzero: &mut self.nonzero[number] }
    }

    /// The DC coefficient of the block of a number.
    #[inline(always)]
    pub(super) fn dc_mut(&mut self, number: usize) -> &mut i16 {
        &mut self.groups[number / LANES][0][number % LANES]
    }

    /// Checks that a scan of this component continues the earlier ones, and records which bits it sends (G.1.1.1.2).
    pub(super) fn begin_scan(&mut self, header: &ScanHeader, component: usize, offset: usize) -> Result<()> {
        let error = |coefficient, expected| {
            let kind = ErrorKind::Progression { component, coefficient, found: header.high, expected };
            Error::new(kind, offset)
        };
        if header.start > 0 && self.missing_bits[0] == UNKNOWN {
            return Err(error(usize::from(header.start), "a scan of DC coefficients before"));
        }
        for coefficient in usize::from(header.start)..=usize::from(header.end) {
            match (self.missing_bits[coefficient], header.high) {
                (UNKNOWN, 0) => {}
                (UNKNOWN, _) => return Err(error(coefficient, "0 in the first scan")),
                (_, 0) => return Err(error(coefficient, "the Al of the scan before")),
                (missing, high) if missing == high => {}
                _ => return Err(error(coefficient, "the Al of the scan before")),
            }
            self.missing_bits[coefficient] = header.low;
        }
        Ok(())
    }

    /// A warning with the first coefficient that is not exact after all scans. An error if no scan sent the DC coefficients,
    /// or if scans may be missing because the data does not end with EOI.
    pub(super) fn finish(&self, component: usize, offset: usize, ended: bool) -> Result<Option<Warning>> {
        let Some(coefficient) = self.missing_bits.iter().position(|missing| *missing != 0) else { return Ok(None) };
        if self.missing_bits[0] == UNKNOWN {
            return Err(Error::new(ErrorKind::NotCoded { component }, offset));
        }
        if !ended {
            let expected = "EOI or the scans that complete the coefficients";
            return Err(Error::new(ErrorKind::EndOfData { expected }, offset));
        }
        Ok(Some(Warning::Incomplete { component, coefficient }))
    }

    /// Transforms a row of blocks into the buffer.
    pub(super) fn transform_row<S: Sample>(
        &self,
        row: usize,
        blocks: usize,
        tile: &mut Tile<S>,
        buffer: &mut RowBuffer<S>,
    ) {
        let Some(quantization) = &self.quantization else { return };
        let groups =
            self.groups[row * self.stride..].iter().zip(self.nonzero[row * self.stride * LANES..].as_chunks().0);
        for (number, (lanes, masks)) in groups.enumerate().take(blocks.div_ceil(LANES)) {
            let masks: &[u64; LANES] = masks;
            let last = masks.iter().fold(1, |all, mask| all | mask).ilog2() as u8;
            inverse(lanes, quantization, last, tile);
            let first = buffer.place(8 * row) + 8 * LANES * number;
            let places: [usize; LANES] = std::array::from_fn(|lane| first + 8 * lane);
            store(tile, &places[..LANES.min(blocks - number * LANES)], buffer);
        }
    }
}

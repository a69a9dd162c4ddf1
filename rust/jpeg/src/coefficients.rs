//! The coefficients of a progressive frame, which its scans complete step by step (G.1.1).

use std::sync::Arc;

use crate::blocks::store;
use crate::budget::Budget;
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::Geometry;
use crate::idct::{LANES, Lanes, Tile, inverse};
use crate::sample::Sample;
use crate::scan::ScanHeader;
use crate::strip::Strip;
use crate::tables::Quantization;
use crate::warning::Warning;

/// Low bits of a coefficient that no scan has given yet; before its first scan none of its bits is known.
const UNKNOWN: u8 = u8::MAX;

/// All coefficients of a component.
pub(crate) struct CoefficientPlane {
    /// Eight blocks of a row each, so that they can be transformed where they are.
    groups: Vec<Lanes>,
    /// For each block, which coefficients are not zero, in zigzag order.
    nonzero: Vec<u64>,
    /// Groups in a row of blocks.
    stride: usize,
    /// Table of the first scan.
    pub(crate) quantization: Option<Arc<Quantization>>,
    /// Low bits that are missing of each coefficient, in zigzag order.
    missing_bits: [u8; 64],
}

/// A block in a plane.
pub(crate) struct Block<'a> {
    pub(crate) lanes: &'a mut Lanes,
    pub(crate) lane: usize,
    pub(crate) nonzero: &'a mut u64,
}

impl CoefficientPlane {
    pub(crate) fn new(geometry: &Geometry, component: usize, budget: &mut Budget) -> Result<Self> {
        let stride = geometry.padded_units(component).div_ceil(LANES);
        let rows = geometry.mcus_high * geometry.planes[component].vertical;
        let (mut groups, mut nonzero) = (Vec::new(), Vec::new());
        budget.grow_with(&mut groups, stride * rows, [[0; LANES]; 64])?;
        budget.grow(&mut nonzero, stride * LANES * rows)?;
        Ok(Self { groups, nonzero, stride, quantization: None, missing_bits: [UNKNOWN; 64] })
    }

    #[inline]
    pub(crate) fn block(&mut self, row: usize, column: usize) -> Block<'_> {
        let index = row * self.stride * LANES + column;
        let (lanes, nonzero) = (&mut self.groups[index / LANES], &mut self.nonzero[index]);
        Block { lanes, lane: column % LANES, nonzero }
    }

    /// Checks that a scan of this component continues what is known, and notes what it gives (G.1.1.1.2).
    pub(crate) fn begin_scan(&mut self, header: &ScanHeader, component: usize, offset: usize) -> Result<()> {
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

    /// The first coefficient that is not exact after all scans. An error if there was none of its DC coefficients, or if
    /// scans may be missing because the data does not end with EOI.
    pub(crate) fn finish(&self, component: usize, offset: usize, ended: bool) -> Result<Option<Warning>> {
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

    /// Transforms a row of blocks into the strip.
    pub(crate) fn transform_row<S: Sample>(&self, row: usize, blocks: usize, tile: &mut Tile<S>, strip: &mut Strip<S>) {
        let Some(quantization) = &self.quantization else { return };
        let groups = self.groups[row * self.stride..].iter().zip(self.nonzero[row * self.stride * LANES..].as_chunks().0);
        for (number, (lanes, masks)) in groups.enumerate().take(blocks.div_ceil(LANES)) {
            let masks: &[u64; LANES] = masks;
            let last = masks.iter().fold(1, |all, mask| all | mask).ilog2() as u8;
            inverse(lanes, quantization, last, tile);
            let first = strip.place(8 * row) + 8 * LANES * number;
            let places: [usize; LANES] = std::array::from_fn(|lane| first + 8 * lane);
            store(tile, &places[..LANES.min(blocks - number * LANES)], strip);
        }
    }
}

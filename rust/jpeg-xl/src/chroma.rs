//! The prediction of chroma from luma in recompressed JPEG codestreams: integer arithmetic, unlike that of other frames.

use jxl_grid::AlignedGrid;

use crate::error::{Error, Result};

/// Bits of the fraction.
const FRACTION: u32 = 11;
const HALF: i64 = 1 << (FRACTION - 1);
/// The unit of the factors.
const FACTOR_UNIT: i64 = 84;
/// Samples along a square with the same factor, and such squares along a group.
const SQUARE: usize = 64;
const SQUARES: u32 = 4;

/// The prediction of one chroma component of a group.
pub(crate) struct ChromaFromLuma<'a> {
    factors: &'a AlignedGrid<i32>,
    /// The square of the group's first sample.
    first: (usize, usize),
    /// Luma steps in chroma steps, column by column.
    ratios: [i64; 64],
}

impl<'a> ChromaFromLuma<'a> {
    /// `group`: column and row of the group, counted from the first one that `factors` has.
    pub(crate) fn new(factors: &'a AlignedGrid<i32>, group: (u32, u32), luma: &[i32; 64], chroma: &[i32; 64]) -> Self {
        let mut ratios = [0; 64];
        for ((ratio, &luma), &chroma) in ratios.iter_mut().zip(luma).zip(chroma) {
            *ratio = (i64::from(luma) << FRACTION) / i64::from(chroma.max(1));
        }
        Self { factors, first: ((group.0 * SQUARES) as usize, (group.1 * SQUARES) as usize), ratios }
    }

    /// Adds the prediction to the coefficients of chroma.
    pub(crate) fn add(&self, luma: &AlignedGrid<i32>, chroma: &mut AlignedGrid<i32>) -> Result<()> {
        let failed = || Error::invalid("prediction of chroma", "a coefficient that is out of range");
        for y in 0..luma.height().min(chroma.height()) {
            let (luma, chroma) = (luma.get_row(y), chroma.get_row_mut(y));
            for (x, (&luma, chroma)) in luma.iter().zip(chroma).enumerate() {
                if luma == 0 {
                    continue;
                }
                let square = (self.first.0 + x / SQUARE, self.first.1 + y / SQUARE);
                let factor = self.factors.try_get_ref(square.0, square.1).ok_or_else(failed)?;
                let scale = (i64::from(*factor) << FRACTION) / FACTOR_UNIT;
                let scale = (self.ratios[x % 8 * 8 + y % 8] * scale + HALF) >> FRACTION;
                let added = i64::from(luma).checked_mul(scale).map(|product| (product + HALF) >> FRACTION);
                let sum = added.and_then(|added| i64::from(*chroma).checked_add(added));
                *chroma = sum.and_then(|sum| i32::try_from(sum).ok()).ok_or_else(failed)?;
            }
        }
        Ok(())
    }
}

//! G.1.2.3: scans that refine a band of AC coefficients.

use super::Decoded;
use super::ac::{BlockRun, SpectralBand, Symbol, symbol};
use super::coefficients::{Block, CoefficientPlane};
use crate::bits::BitReader;
use crate::error::ErrorKind;
use crate::huffman::dct::DctTable;

/// Decodes a refining scan of blocks. Returns the number of later blocks without new coefficients.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2")))]
pub(super) fn refine_run(
    reader: &mut BitReader<'_>,
    table: &DctTable,
    band: SpectralBand,
    plane: &mut CoefficientPlane,
    run: BlockRun,
) -> Decoded<usize> {
    let mut bits = *reader;
    let BlockRun { first, count, mut ended } = run;
    for number in first..first + count {
        let mut block = plane.block(number);
        // Each nonzero coefficient has a correction bit, whatever the other codes are.
        let corrected = *block.nonzero & mask(band.start.into(), band.end.into());
        if ended > 0 {
            if corrected != 0 {
                let corrections = append_corrections(&mut bits, 0, corrected);
                correct(&mut block, corrected, corrections, band.low);
            }
            ended -= 1;
            continue;
        }
        match refine_block(&mut bits, table, band, &mut block, corrected) {
            Ok(blocks) => ended = blocks.saturating_sub(1),
            Err(kind) => {
                *reader = bits;
                return Err(kind);
            }
        }
    }
    *reader = bits;
    Ok(ended)
}

/// Figure G.7: new coefficients of a block, and corrections of the nonzero ones, `corrected`. Returns the number of blocks,
/// including this one, without further new coefficients; 0 if the band is full.
#[inline(always)]
fn refine_block(
    bits: &mut BitReader<'_>,
    table: &DctTable,
    band: SpectralBand,
    block: &mut Block<'_>,
    corrected: u64,
) -> Decoded<usize> {
    let (mut k, end) = (u32::from(band.start), u32::from(band.end));
    // Correction bits are collected, so that one loop adds them all.
    let mut corrections = 0;
    let mut ended = 0;
    while k <= end {
        bits.refill();
        let (run, value) = match symbol(bits, table)? {
            Symbol::Coefficient { run, value: value @ (1 | -1) } => (run, value << (band.low & 15)),
            Symbol::Coefficient { .. } => return Err(ErrorKind::InvalidCode),
            Symbol::ZeroRun => (15, 0),
            Symbol::Ended(blocks) => {
                corrections = append_corrections(bits, corrections, corrected & mask(k, end));
                ended = blocks;
                break;
            }
        };
        let place = place_after(corrected, k, run);
        if place > end {
            return Err(ErrorKind::CoefficientIndex);
        }
        corrections = append_corrections(bits, corrections, corrected & mask(k, place));
        if value != 0 {
            block.set(place as usize, value);
        }
        k = place + 1;
    }
    correct(block, corrected, corrections, band.low);
    Ok(ended)
}

/// The zero coefficient at or after `k` that follows `run` other ones.
#[inline(always)]
fn place_after(corrected: u64, k: u32, run: usize) -> u32 {
    let mut free = !corrected >> (k & 63) << (k & 63);
    // Usually no nonzero coefficient lies in between.
    let near = k + run as u32;
    if corrected >> (k & 63) & ((2 << run) - 1) == 0 {
        return near.min(64);
    }
    for _ in 0..run {
        free &= free.wrapping_sub(1);
    }
    free.trailing_zeros()
}

/// The bits from `start` to `end`.
#[inline(always)]
fn mask(start: u32, end: u32) -> u64 {
    u64::MAX >> (63 - (end & 63)) >> (start & 63) << (start & 63)
}

/// Appends a correction bit for each coefficient of a mask to others. The first one is the highest.
#[inline(always)]
fn append_corrections(bits: &mut BitReader<'_>, corrections: u64, mask: u64) -> u64 {
    let (mut all, mut left) = (corrections, mask.count_ones());
    if bits.count() < 32 {
        bits.refill();
    }
    while left > 32 {
        all = all << 32 | u64::from(bits.take(32));
        left -= 32;
        bits.refill();
    }
    // Usually none or one: without a branch.
    all << left | u64::from(bits.take(left))
}

/// Adds corrections to the coefficients of a mask, away from zero.
#[inline(always)]
fn correct(block: &mut Block<'_>, mask: u64, corrections: u64, low: u8) {
    let mut left = mask;
    let mut corrections = corrections << ((64 - mask.count_ones()) & 63);
    while left != 0 {
        let coefficient = block.coefficient(left.trailing_zeros() as usize);
        let sign = *coefficient >> 15;
        let step = ((corrections >> 63) << (low & 15)) as i16;
        *coefficient = coefficient.wrapping_add((step ^ sign).wrapping_sub(sign));
        corrections <<= 1;
        left &= left.wrapping_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn places_are_counted_one_by_one(corrected: u64, k in 1u32..64, run in 0usize..16) {
            let mut free = (k..64).filter(|place| corrected >> place & 1 == 0).skip(run);
            prop_assert_eq!(place_after(corrected, k, run), free.next().unwrap_or(64));
        }

        #[test]
        fn masks_have_the_bits_of_their_range(start in 0u32..64, length in 0u32..64) {
            let end = (start + length).min(63);
            let expected = (start..=end).fold(0, |mask, bit| mask | 1u64 << bit);
            prop_assert_eq!(mask(start, end), expected);
        }
    }
}

//! Weighted means along the rows and along the columns of an image.

use super::filter::Weights;
use super::sample::{Sample, Sum};
use super::transpose::{PANEL_ROWS, transpose, transpose_back};
use crate::alloc::filled;
use crate::error::Result;

/// Columns that are summed at once: their sums fill at most four AVX registers.
const SUMS: usize = 16;

/// Resizes the columns of `src`, whose rows have `width` samples, to as many rows as there are weights.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
pub(super) fn resize_columns<S: Sample<N>, const N: usize>(
    src: &[[u8; N]],
    width: usize,
    out: &mut [[u8; N]],
    weights: &Weights<S::Sum>,
) {
    for (out, (first, weights)) in out.chunks_exact_mut(width).zip(weights.iter()) {
        let src = &src[first * width..][..weights.len() * width];
        let (blocks, rest) = out.as_chunks_mut::<SUMS>();
        let start = blocks.len() * SUMS;
        for (block, out) in blocks.iter_mut().enumerate() {
            let mut sums = [S::INITIAL_SUM; SUMS];
            for (row, &weight) in src.chunks_exact(width).zip(weights) {
                for (sum, &bytes) in sums.iter_mut().zip(&row.as_chunks::<SUMS>().0[block]) {
                    *sum = sum.add_weighted(S::from_bytes(bytes).to_sum(), weight);
                }
            }
            *out = sums.map(|sum| S::from_sum(sum).to_bytes());
        }
        for (column, out) in (start..).zip(rest) {
            let values = src[column..].iter().step_by(width).map(|&bytes| S::from_bytes(bytes).to_sum());
            let sum = values.zip(weights).fold(S::INITIAL_SUM, |sum, (value, &weight)| sum.add_weighted(value, weight));
            *out = S::from_sum(sum).to_bytes();
        }
    }
}

/// Resizes the rows of `src` (`width` samples, in pixels of `channels` samples) to `out_width` samples: transposes panels
/// of rows, and resizes their columns.
pub(super) fn resize_rows<S: Sample<N>, const N: usize>(
    src: &[[u8; N]],
    width: usize,
    out: &mut [[u8; N]],
    out_width: usize,
    channels: usize,
    weights: &Weights<S::Sum>,
) -> Result<()> {
    let mut before = filled([0; N], width * PANEL_ROWS)?;
    let mut after = filled([0; N], out_width * PANEL_ROWS)?;
    for (src, out) in src.chunks(width * PANEL_ROWS).zip(out.chunks_mut(out_width * PANEL_ROWS)) {
        transpose::<S, N>(src, width, &mut before);
        resize_columns::<S, N>(&before, channels * PANEL_ROWS, &mut after, weights);
        transpose_back::<S, N>(&after, out, out_width);
    }
    Ok(())
}

//! Weighted means along the rows and along the columns of an image.

use super::filter::Weights;
use super::sample::Sample;
use super::transpose::{STRIP, transpose, transpose_back};
use crate::alloc::filled;
use crate::error::Result;

/// Samples that are computed at once: their sums occupy four AVX registers at most.
const BLOCK: usize = 16;

/// Resizes the columns of `src`, whose rows have `width` samples, to as many rows as there are weights.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
pub(super) fn along_columns<S: Sample<N>, const N: usize>(
    src: &[[u8; N]],
    width: usize,
    out: &mut [[u8; N]],
    weights: &Weights<S::Sum>,
) {
    for (out, (first, weights)) in out.chunks_exact_mut(width).zip(weights.iter()) {
        let src = &src[first * width..][..weights.len() * width];
        let (blocks, rest) = out.as_chunks_mut::<BLOCK>();
        let start = blocks.len() * BLOCK;
        for (block, out) in blocks.iter_mut().enumerate() {
            let mut sums = [S::ZERO; BLOCK];
            for (row, &weight) in src.chunks_exact(width).zip(weights) {
                for (sum, &bytes) in sums.iter_mut().zip(&row.as_chunks::<BLOCK>().0[block]) {
                    *sum = S::from_bytes(bytes).add_to(*sum, weight);
                }
            }
            *out = sums.map(|sum| S::from_sum(sum).to_bytes());
        }
        for (column, out) in (start..).zip(rest) {
            let samples = src[column..].iter().step_by(width).map(|&bytes| S::from_bytes(bytes));
            let sum = samples.zip(weights).fold(S::ZERO, |sum, (sample, &weight)| sample.add_to(sum, weight));
            *out = S::from_sum(sum).to_bytes();
        }
    }
}

/// Resizes the rows of `src`, of `width` samples in pixels of `channels`, to rows of `out_width` samples: as the columns
/// of transposed strips.
pub(super) fn along_rows<S: Sample<N>, const N: usize>(
    src: &[[u8; N]],
    width: usize,
    out: &mut [[u8; N]],
    out_width: usize,
    channels: usize,
    weights: &Weights<S::Sum>,
) -> Result<()> {
    let mut before = filled([0; N], width * STRIP)?;
    let mut after = filled([0; N], out_width * STRIP)?;
    for (src, out) in src.chunks(width * STRIP).zip(out.chunks_mut(out_width * STRIP)) {
        transpose::<S, N>(src, width, &mut before);
        along_columns::<S, N>(&before, channels * STRIP, &mut after, weights);
        transpose_back::<S, N>(&after, out, out_width);
    }
    Ok(())
}

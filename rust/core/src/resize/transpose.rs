//! Transposition of panels of rows, so that vector code resizes rows as it resizes columns.
//!
//! Perfect shuffles transpose a panel: each round interleaves the two halves, which moves the highest bit of the index to
//! the lowest place. After as many rounds as the index of a row has bits, these bits are the lowest. The lengths of loops
//! are variables on purpose: compilers turn moves within tiles of constant size into scalar code, up to three times slower.

#![allow(clippy::inline_always, reason = "functions are compiled for the features of their callers")]

use super::sample::Sample;

/// Rows of a panel: five rounds transpose it.
pub(super) const PANEL_ROWS: usize = 32;
const HALF: usize = PANEL_ROWS / 2;
/// Columns that are moved at once: two blocks of four bytes for each sample fit into the L1 cache.
const BLOCK_COLUMNS: usize = 32;

/// Writes the columns of `src` (at most `PANEL_ROWS` rows of `width` samples) as rows of `PANEL_ROWS` samples. The samples
/// of missing rows are arbitrary.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
pub(super) fn transpose<S: Sample<N>, const N: usize>(src: &[[u8; N]], width: usize, out: &mut [[u8; N]]) {
    let mut first = [S::default(); PANEL_ROWS * BLOCK_COLUMNS];
    let mut second = [S::default(); PANEL_ROWS * BLOCK_COLUMNS];
    for (start, out) in (0..width).step_by(BLOCK_COLUMNS).zip(out.chunks_mut(PANEL_ROWS * BLOCK_COLUMNS)) {
        let (first, second) = (&mut first[..out.len()], &mut second[..out.len()]);
        let columns = out.len() / PANEL_ROWS;
        for (row, joined) in first.chunks_exact_mut(2 * columns).enumerate() {
            let samples = |row| src.get(row * width + start..).and_then(|samples| samples.get(..columns));
            let Some(upper) = samples(row) else { break };
            interleave(upper, samples(row + HALF).unwrap_or(upper), joined, S::from_bytes);
        }
        interleave_halves(first, second, |sample| sample);
        interleave_halves(second, first, |sample| sample);
        interleave_halves(first, second, |sample| sample);
        interleave_halves(second, out, S::to_bytes);
    }
}

/// The inverse of [`transpose`]: writes the columns of `src` (rows of `PANEL_ROWS` samples) as rows of `width` samples,
/// one for each row of `out`.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
pub(super) fn transpose_back<S: Sample<N>, const N: usize>(src: &[[u8; N]], out: &mut [[u8; N]], width: usize) {
    let mut first = [S::default(); PANEL_ROWS * BLOCK_COLUMNS];
    let mut second = [S::default(); PANEL_ROWS * BLOCK_COLUMNS];
    for (start, src) in (0..width).step_by(BLOCK_COLUMNS).zip(src.chunks(PANEL_ROWS * BLOCK_COLUMNS)) {
        let (first, second) = (&mut first[..src.len()], &mut second[..src.len()]);
        let columns = src.len() / PANEL_ROWS;
        separate_halves(src, first, S::from_bytes);
        separate_halves(first, second, |sample| sample);
        separate_halves(second, first, |sample| sample);
        separate_halves(first, second, |sample| sample);
        separate_halves(second, first, |sample| sample);
        for (row, samples) in out.chunks_exact_mut(width).zip(first.chunks_exact(columns)) {
            for (out, &sample) in row[start..].iter_mut().zip(samples) {
                *out = sample.to_bytes();
            }
        }
    }
}

#[inline(always)]
fn interleave_halves<S: Copy, T>(src: &[S], out: &mut [T], convert: impl Fn(S) -> T) {
    let (upper, lower) = src.split_at(src.len() / 2);
    interleave(upper, lower, out, convert);
}

#[inline(always)]
fn interleave<S: Copy, T>(upper: &[S], lower: &[S], out: &mut [T], convert: impl Fn(S) -> T) {
    for ((pair, &upper), &lower) in out.as_chunks_mut::<2>().0.iter_mut().zip(upper).zip(lower) {
        *pair = [convert(upper), convert(lower)];
    }
}

/// The inverse of [`interleave_halves`].
#[inline(always)]
fn separate_halves<S: Copy, T>(src: &[S], out: &mut [T], convert: impl Fn(S) -> T) {
    let (upper, lower) = out.split_at_mut(src.len() / 2);
    for ((&[even, odd], upper), lower) in src.as_chunks::<2>().0.iter().zip(upper).zip(lower) {
        (*upper, *lower) = (convert(even), convert(odd));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check<S: Sample<N>, const N: usize>(rows: usize, width: usize) {
        let sample = |place: usize| std::array::from_fn(|byte| (place * 31 + place / 256 + byte * 101) as u8);
        let src: Vec<[u8; N]> = (0..rows * width).map(sample).collect();
        let mut columns = vec![[0; N]; width * PANEL_ROWS];
        transpose::<S, N>(&src, width, &mut columns);
        for (column, samples) in columns.chunks_exact(PANEL_ROWS).enumerate() {
            for (row, found) in samples[..rows].iter().enumerate() {
                assert_eq!(found, &src[row * width + column], "row {row}, column {column}");
            }
        }
        let mut back = vec![[0; N]; src.len()];
        transpose_back::<S, N>(&columns, &mut back, width);
        assert_eq!(back, src);
    }

    proptest! {
        #[test]
        fn columns_become_rows_and_rows_again(rows in 1..=PANEL_ROWS, width in 1_usize..150) {
            check::<u8, 1>(rows, width);
            check::<u16, 2>(rows, width);
            check::<f32, 4>(rows, width);
        }
    }
}

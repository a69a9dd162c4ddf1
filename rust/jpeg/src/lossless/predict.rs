//! H.1.2.1: predictors of the lossless process.

use crate::sample::Sample;

/// Table H.1: the prediction from the samples to the left (Ra), above (Rb) and above to the left (Rc).
#[inline(always)]
fn predict<const SELECTION: u8>(ra: u16, rb: u16, rc: u16) -> u16 {
    let (a, b, c) = (i32::from(ra), i32::from(rb), i32::from(rc));
    (match SELECTION {
        1 => a,
        2 => b,
        3 => c,
        4 => a + b - c,
        5 => a + ((b - c) >> 1),
        6 => b + ((a - c) >> 1),
        _ => (a + b) >> 1,
    }) as u16
}

/// The prediction for one sample.
pub(crate) fn prediction(selection: u8, ra: u16, rb: u16, rc: u16) -> u16 {
    match selection {
        1 => predict::<1>(ra, rb, rc),
        2 => predict::<2>(ra, rb, rc),
        3 => predict::<3>(ra, rb, rc),
        4 => predict::<4>(ra, rb, rc),
        5 => predict::<5>(ra, rb, rc),
        6 => predict::<6>(ra, rb, rc),
        _ => predict::<7>(ra, rb, rc),
    }
}

/// Differences of one row, in the order of the scan: number `first` of each group of `stride`.
#[derive(Clone, Copy)]
pub(crate) struct Differences<'a> {
    pub(crate) all: &'a [u16],
    pub(crate) first: usize,
    /// Not more than [`MAX_STRIDE`].
    pub(crate) stride: usize,
}

/// Components whose differences may lie side by side.
pub(crate) const MAX_STRIDE: usize = 3;

/// Adds predictions to differences, modulo 2^16. `start` is the prediction of the first sample; `above` has the samples
/// above `row`, unless the selection is 1.
pub(crate) fn reconstruct<S: Sample>(
    selection: u8,
    differences: Differences<'_>,
    start: u16,
    above: &[S],
    row: &mut [S],
) {
    match differences.stride {
        1 => from_groups::<S, 1>(selection, differences, start, above, row),
        2 => from_groups::<S, 2>(selection, differences, start, above, row),
        _ => from_groups::<S, MAX_STRIDE>(selection, differences, start, above, row),
    }
}

fn from_groups<S: Sample, const STRIDE: usize>(
    selection: u8,
    differences: Differences<'_>,
    start: u16,
    above: &[S],
    row: &mut [S],
) {
    let groups = differences.all.as_chunks::<STRIDE>().0;
    let first = differences.first;
    match selection {
        1 => from_left(groups, first, start, row),
        2 => from_all::<S, 2, STRIDE>(groups, first, start, above, row),
        3 => from_all::<S, 3, STRIDE>(groups, first, start, above, row),
        4 => from_all::<S, 4, STRIDE>(groups, first, start, above, row),
        5 => from_all::<S, 5, STRIDE>(groups, first, start, above, row),
        6 => from_all::<S, 6, STRIDE>(groups, first, start, above, row),
        _ => from_all::<S, 7, STRIDE>(groups, first, start, above, row),
    }
}

fn from_left<S: Sample, const STRIDE: usize>(groups: &[[u16; STRIDE]], first: usize, start: u16, row: &mut [S]) {
    let first = first.min(STRIDE - 1);
    let mut left = start;
    for (group, sample) in groups.iter().zip(row) {
        left = left.wrapping_add(group[first]);
        *sample = S::truncate(left);
    }
}

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2")))]
fn from_all<S: Sample, const SELECTION: u8, const STRIDE: usize>(
    groups: &[[u16; STRIDE]],
    number: usize,
    start: u16,
    above: &[S],
    row: &mut [S],
) {
    let number = number.min(STRIDE - 1);
    let (Some(first), Some(group)) = (row.first_mut(), groups.first()) else { return };
    *first = S::truncate(start.wrapping_add(group[number]));
    let mut left = (*first).into();
    let pairs = above.iter().zip(above.iter().skip(1));
    for ((group, sample), (rc, rb)) in groups[1..].iter().zip(&mut row[1..]).zip(pairs) {
        let sum = predict::<SELECTION>(left, (*rb).into(), (*rc).into()).wrapping_add(group[number]);
        *sample = S::truncate(sum);
        left = (*sample).into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predictions_are_those_of_table_h_1() {
        let (a, b, c) = (100, 50, 61);
        let found: Vec<_> = (1..=7).map(|selection| prediction(selection, a, b, c)).collect();
        assert_eq!(found, [100, 50, 61, 89, 94, 69, 75]);
        assert_eq!(prediction(4, 0, 0, 1), 0xFFFF);
        assert_eq!(prediction(7, 0xFFFF, 0xFFFF, 0), 0xFFFF);
    }

    #[test]
    fn rows_are_sums_of_predictions_and_differences() {
        let all = [1, 9, 2, 9, 0xFFFF, 9];
        let differences = Differences { all: &all, first: 0, stride: 2 };
        for selection in 1..=7 {
            let above = [10u16, 20, 30];
            let mut row = [0xA5A5u16; 3];
            reconstruct(selection, differences, 7, &above, &mut row);
            let mut expected = vec![8u16];
            for (x, difference) in [(1, 2u16), (2, 0xFFFF)] {
                let px = prediction(selection, expected[x - 1], above[x], above[x - 1]);
                expected.push(px.wrapping_add(difference));
            }
            assert_eq!(row, expected[..], "{selection}");
        }
    }
}

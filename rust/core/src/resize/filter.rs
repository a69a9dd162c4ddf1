//! Resampling filters, and the weights that they give to source samples.

use crate::alloc::{try_reserve, try_with_capacity};
use crate::error::Result;
use std::f64::consts::PI;
use std::ops::Range;

/// The resampling filter, named as in Pillow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// The nearest sample, unchanged: for labels.
    Nearest,
    /// Triangle filter.
    Bilinear,
    /// Catmull-Rom cubic (a = -0.5).
    Bicubic,
    /// Lanczos windowed sinc with three lobes.
    Lanczos,
}

/// A filter that computes weighted means: an even function that is zero beyond its radius.
#[derive(Clone, Copy)]
pub(super) struct Kernel {
    radius: f64,
    value: fn(f64) -> f64,
}

pub(super) const BILINEAR: Kernel = Kernel { radius: 1.0, value: triangle };
pub(super) const BICUBIC: Kernel = Kernel { radius: 2.0, value: catmull_rom };
pub(super) const LANCZOS: Kernel = Kernel { radius: 3.0, value: lanczos };

fn triangle(x: f64) -> f64 {
    (1.0 - x.abs()).max(0.0)
}

fn catmull_rom(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    match x {
        ..1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
        ..2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
        _ => 0.0,
    }
}

fn lanczos(x: f64) -> f64 {
    let sinc = |x: f64| if x == 0.0 { 1.0 } else { (x * PI).sin() / (x * PI) };
    if x.abs() < 3.0 { sinc(x) * sinc(x / 3.0) } else { 0.0 }
}

/// The weights of the source samples in each sample of a result, along one axis.
pub(super) struct Weights<W> {
    /// For each sample of the result, its first source sample and its part of `values`.
    spans: Vec<(usize, Range<usize>)>,
    values: Vec<W>,
}

impl<W> Weights<W> {
    /// Returns the weights that resample `from` samples to `to`; `convert` converts each. Where the result has fewer
    /// samples, the filter is widened to cover all source samples. Weights sum to 1 before they are converted.
    pub(super) fn new(kernel: Kernel, from: u32, to: u32, convert: impl Fn(f64) -> W) -> Result<Weights<W>> {
        let scale = f64::from(from) / f64::from(to);
        let filter_scale = scale.max(1.0);
        let inverse = 1.0 / filter_scale;
        let radius = kernel.radius * filter_scale;
        let mut weights = Weights { spans: try_with_capacity(to as usize)?, values: Vec::new() };
        let mut unnormalized = Vec::new();
        for index in 0..to {
            let center = (f64::from(index) + 0.5) * scale;
            #[allow(clippy::cast_sign_loss, reason = "casts saturate: nothing lies before the first sample")]
            let (first, end) = ((center - radius + 0.5) as u32, ((center + radius + 0.5) as u32).min(from));
            unnormalized.clear();
            try_reserve(&mut unnormalized, (end - first) as usize)?;
            unnormalized.extend((first..end).map(|x| (kernel.value)((f64::from(x) - center + 0.5) * inverse)));
            weights.push(first, &unnormalized, &convert)?;
        }
        Ok(weights)
    }

    /// Appends the weights of one sample of the result. Drops zeros at both ends: zero times infinity would be NaN.
    fn push(&mut self, first: u32, unnormalized: &[f64], convert: impl Fn(f64) -> W) -> Result<()> {
        let sum: f64 = unnormalized.iter().sum();
        let zeros = unnormalized.iter().take_while(|&&weight| weight == 0.0).count();
        let used = &unnormalized[zeros..];
        let used = &used[..used.len() - used.iter().rev().take_while(|&&weight| weight == 0.0).count()];
        try_reserve(&mut self.values, used.len())?;
        let start = self.values.len();
        self.values.extend(used.iter().map(|weight| convert(weight / sum)));
        self.spans.push((first as usize + zeros, start..self.values.len()));
        Ok(())
    }

    /// Returns the first source sample and the weights starting at it, for each sample of the result.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &[W])> {
        self.spans.iter().map(|(first, span)| (*first, &self.values[span.clone()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(kernel: Kernel, from: u32, to: u32) {
        let weights = Weights::new(kernel, from, to, |weight| weight).unwrap();
        assert_eq!(weights.iter().count(), to as usize);
        for (first, weights) in weights.iter() {
            assert!(!weights.is_empty() && first + weights.len() <= from as usize);
            assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            // Sums of bytes fit into an i32 because of this (see `FRACTION`).
            assert!(weights.iter().map(|weight| weight.abs()).sum::<f64>() < 1.9, "{from} to {to}: {weights:?}");
        }
    }

    #[test]
    fn weights_have_the_sum_one_for_all_small_sizes() {
        for kernel in [BILINEAR, BICUBIC, LANCZOS] {
            for from in 1..=48 {
                (1..=48).for_each(|to| check(kernel, from, to));
            }
        }
    }

    proptest! {
        #[test]
        fn weights_have_the_sum_one(from in 1_u32..=65535, to in 1_u32..=65535, kernel in 0_usize..3) {
            check([BILINEAR, BICUBIC, LANCZOS][kernel], from, to);
        }
    }

    #[test]
    fn filters_are_one_at_their_center_and_zero_at_other_integers() {
        for kernel in [BILINEAR, BICUBIC, LANCZOS] {
            assert!(((kernel.value)(0.0) - 1.0).abs() < 1e-15);
            for x in [1.0, 2.0, 3.0] {
                assert!((kernel.value)(x).abs() < 1e-15 && (kernel.value)(-x).abs() < 1e-15);
            }
        }
    }
}

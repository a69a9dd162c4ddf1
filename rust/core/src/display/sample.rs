//! Sample types: converts any of them to float64 and back.

#![allow(
    clippy::cast_lossless,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::unnecessary_cast,
    clippy::float_cmp,
    clippy::needless_bitwise_bool,
    reason = "numbers of any type, in float64 as in NumPy"
)]

use crate::alloc::zeroed;
use crate::error::Result;
use crate::image::{Image, SampleKind};

/// A NumPy type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as in NumPy")]
pub enum Sample {
    Uint8,
    Int8,
    Uint16,
    Int16,
    Uint32,
    Int32,
    Uint64,
    Int64,
    Float32,
    Float64,
}

/// Evaluates `$body` with the type `$T` of a sample.
macro_rules! with_type {
    ($sample:expr, $T:ident => $body:expr) => {
        match $sample {
            Sample::Uint8 => {
                type $T = u8;
                $body
            }
            Sample::Int8 => {
                type $T = i8;
                $body
            }
            Sample::Uint16 => {
                type $T = u16;
                $body
            }
            Sample::Int16 => {
                type $T = i16;
                $body
            }
            Sample::Uint32 => {
                type $T = u32;
                $body
            }
            Sample::Int32 => {
                type $T = i32;
                $body
            }
            Sample::Uint64 => {
                type $T = u64;
                $body
            }
            Sample::Int64 => {
                type $T = i64;
                $body
            }
            Sample::Float32 => {
                type $T = f32;
                $body
            }
            Sample::Float64 => {
                type $T = f64;
                $body
            }
        }
    };
}

impl Sample {
    /// Returns the type of an image's decoded samples.
    #[must_use]
    pub fn of(image: &Image) -> Self {
        match (image.kind(), image.sample_bytes()) {
            (SampleKind::Unsigned, 1) => Self::Uint8,
            (SampleKind::Signed, 1) => Self::Int8,
            (SampleKind::Unsigned, 2) => Self::Uint16,
            (SampleKind::Signed, 2) => Self::Int16,
            (SampleKind::Unsigned, 4) => Self::Uint32,
            (SampleKind::Signed, 4) => Self::Int32,
            (SampleKind::Unsigned, _) => Self::Uint64,
            (SampleKind::Signed, _) => Self::Int64,
            (SampleKind::Float, 4) => Self::Float32,
            (SampleKind::Float, _) => Self::Float64,
        }
    }

    /// Bytes of a sample.
    #[must_use]
    pub fn bytes(self) -> usize {
        with_type!(self, T => size_of::<T>())
    }

    /// Reads the native `words` into `values`, until either ends.
    pub(super) fn read(self, words: &[u8], values: &mut [f64]) {
        with_type!(self, T => {
            for (value, bytes) in values.iter_mut().zip(words.as_chunks().0) {
                *value = T::from_ne_bytes(*bytes) as f64;
            }
        });
    }

    /// Writes `values` to `out`. Integers are rounded half up and clamped to the range of the type; NaN becomes 0.
    pub(super) fn write(self, values: &[f64], out: &mut [u8]) {
        if matches!(self, Self::Float32 | Self::Float64) {
            write_floats(self, values, out);
        } else {
            write_integers(self, values, out);
        }
    }
}

fn write_floats(sample: Sample, values: &[f64], out: &mut [u8]) {
    with_type!(sample, T => {
        for (bytes, value) in out.as_chunks_mut().0.iter_mut().zip(values) {
            *bytes = (*value as T).to_ne_bytes();
        }
    });
}

/// Without the vector target there is no rounding instruction.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
fn write_integers(sample: Sample, values: &[f64], out: &mut [u8]) {
    with_type!(sample, T => {
        for (bytes, value) in out.as_chunks_mut().0.iter_mut().zip(values) {
            *bytes = ((*value + 0.5).floor() as T).to_ne_bytes();
        }
    });
}

/// Returns the minimum and maximum of the native `words` that are finite and outside of `excluded`, a range in the same
/// type; None if there are none.
#[must_use]
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
pub fn extrema(sample: Sample, words: &[u8], excluded: Option<(f64, f64)>) -> Option<(f64, f64)> {
    with_type!(sample, T => {
        let (from, to) = excluded.map_or((T::MAX, T::MIN), |(low, high)| (low as T, high as T));
        let (mut low, mut high) = (T::MAX, T::MIN);
        for bytes in words.as_chunks().0 {
            let number = T::from_ne_bytes(*bytes);
            // Without a branch, so that the loop is vectorized.
            let counts = (T::MIN..=T::MAX).contains(&number) & !(from..=to).contains(&number);
            let (lower, higher) = if counts { (number, number) } else { (T::MAX, T::MIN) };
            low = if lower < low { lower } else { low };
            high = if higher > high { higher } else { high };
        }
        (low <= high).then_some((low as f64, high as f64))
    })
}

/// Counts each value among native `words` of 1 or 2 bytes, indexed by its bits.
pub fn histogram(words: &[u8], wide: bool) -> Result<Vec<u64>> {
    let bins = if wide { 1 << 16 } else { 1 << 8 };
    let mut counts = zeroed(bins)?;
    if wide {
        for word in words.as_chunks::<2>().0 {
            counts[usize::from(u16::from_ne_bytes(*word))] += 1;
        }
    } else {
        for byte in words {
            counts[usize::from(*byte)] += 1;
        }
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Sample; 10] = [
        Sample::Uint8,
        Sample::Int8,
        Sample::Uint16,
        Sample::Int16,
        Sample::Uint32,
        Sample::Int32,
        Sample::Uint64,
        Sample::Int64,
        Sample::Float32,
        Sample::Float64,
    ];

    fn words(sample: Sample, values: &[f64]) -> Vec<u8> {
        let mut words = vec![0; values.len() * sample.bytes()];
        sample.write(values, &mut words);
        words
    }

    fn first(sample: Sample, words: &[u8]) -> f64 {
        let mut values = [0.0];
        sample.read(words, &mut values);
        values[0]
    }

    #[test]
    fn what_is_written_is_read() {
        for sample in ALL {
            let word = words(sample, &[100.0]);
            assert_eq!(first(sample, &word), 100.0, "{sample:?}");
        }
    }

    #[test]
    fn integers_are_rounded_half_up_and_cut() {
        let written = |sample: Sample, value| first(sample, &words(sample, &[value]));
        for (value, rounded) in [(0.49, 0.0), (0.5, 1.0), (1.5, 2.0), (2.5, 3.0), (-1.0, 0.0), (300.0, 255.0)] {
            assert_eq!(written(Sample::Uint8, value), rounded);
        }
        for (value, rounded) in [(-0.5, 0.0), (-0.51, -1.0), (-2.5, -2.0), (-300.0, -128.0), (127.6, 127.0)] {
            assert_eq!(written(Sample::Int8, value), rounded);
        }
        assert_eq!(written(Sample::Uint16, f64::NAN), 0.0);
        assert_eq!(written(Sample::Float64, 0.1), 0.1);
        assert_eq!(written(Sample::Float32, 0.1), f64::from(0.1_f32));
    }

    #[test]
    fn extrema_are_those_of_a_plain_search() {
        let values = [5.0, 100.0, 7.0, 3.0, 90.0, 4.0, 90.0, 8.0, 9.0];
        for sample in ALL {
            let words = words(sample, &values);
            assert_eq!(extrema(sample, &words, None), Some((3.0, 100.0)), "{sample:?}");
            assert_eq!(extrema(sample, &words, Some((100.0, 100.0))), Some((3.0, 90.0)));
            assert_eq!(extrema(sample, &words, Some((0.0, 4.0))), Some((5.0, 100.0)));
            assert_eq!(extrema(sample, &words, Some((0.0, 100.0))), None);
            assert_eq!(extrema(sample, &[], None), None);
        }
        let odd = words(Sample::Float32, &[f64::NAN, 2.0, f64::INFINITY, -1.0, f64::NEG_INFINITY]);
        assert_eq!(extrema(Sample::Float32, &odd, None), Some((-1.0, 2.0)));
    }

    #[test]
    fn values_are_counted_by_their_bits() {
        let counts = histogram(&words(Sample::Int16, &[-1.0, 3.0, -1.0]), true).unwrap();
        assert_eq!((counts.len(), counts[0xFFFF], counts[3], counts.iter().sum()), (1 << 16, 2, 1, 3));
        let counts = histogram(&[255, 0, 255], false).unwrap();
        assert_eq!((counts.len(), counts[255], counts[0]), (256, 2, 1));
    }
}

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

use crate::image::{Image, SampleKind};

/// A NumPy type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as in NumPy")]
pub enum SampleType {
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

/// Evaluates `$body` with `$T` as the Rust type of a sample.
macro_rules! with_type {
    ($sample:expr, $T:ident => $body:expr) => {
        match $sample {
            SampleType::Uint8 => {
                type $T = u8;
                $body
            }
            SampleType::Int8 => {
                type $T = i8;
                $body
            }
            SampleType::Uint16 => {
                type $T = u16;
                $body
            }
            SampleType::Int16 => {
                type $T = i16;
                $body
            }
            SampleType::Uint32 => {
                type $T = u32;
                $body
            }
            SampleType::Int32 => {
                type $T = i32;
                $body
            }
            SampleType::Uint64 => {
                type $T = u64;
                $body
            }
            SampleType::Int64 => {
                type $T = i64;
                $body
            }
            SampleType::Float32 => {
                type $T = f32;
                $body
            }
            SampleType::Float64 => {
                type $T = f64;
                $body
            }
        }
    };
}

pub(crate) use with_type;

impl SampleType {
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
    pub(crate) fn read(self, words: &[u8], values: &mut [f64]) {
        with_type!(self, T => {
            for (value, bytes) in values.iter_mut().zip(words.as_chunks().0) {
                *value = T::from_ne_bytes(*bytes) as f64;
            }
        });
    }

    /// Writes `values` to `out`. Integers are rounded half up and clamped to the range of the type; NaN becomes 0.
    pub(crate) fn write(self, values: &[f64], out: &mut [u8]) {
        if matches!(self, Self::Float32 | Self::Float64) {
            write_floats(self, values, out);
        } else {
            write_integers(self, values, out);
        }
    }
}

fn write_floats(sample: SampleType, values: &[f64], out: &mut [u8]) {
    with_type!(sample, T => {
        for (bytes, value) in out.as_chunks_mut().0.iter_mut().zip(values) {
            *bytes = (*value as T).to_ne_bytes();
        }
    });
}

/// Without the vector target there is no rounding instruction.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
fn write_integers(sample: SampleType, values: &[f64], out: &mut [u8]) {
    with_type!(sample, T => {
        for (bytes, value) in out.as_chunks_mut().0.iter_mut().zip(values) {
            *bytes = ((*value + 0.5).floor() as T).to_ne_bytes();
        }
    });
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const ALL: [SampleType; 10] = [
        SampleType::Uint8,
        SampleType::Int8,
        SampleType::Uint16,
        SampleType::Int16,
        SampleType::Uint32,
        SampleType::Int32,
        SampleType::Uint64,
        SampleType::Int64,
        SampleType::Float32,
        SampleType::Float64,
    ];

    pub(crate) fn words(sample: SampleType, values: &[f64]) -> Vec<u8> {
        let mut words = vec![0; values.len() * sample.bytes()];
        sample.write(values, &mut words);
        words
    }

    fn first(sample: SampleType, words: &[u8]) -> f64 {
        let mut values = [0.0];
        sample.read(words, &mut values);
        values[0]
    }

    #[test]
    fn written_samples_are_read_back() {
        for sample in ALL {
            let word = words(sample, &[100.0]);
            assert_eq!(first(sample, &word), 100.0, "{sample:?}");
        }
    }

    #[test]
    fn integers_are_rounded_half_up_and_cut() {
        let written = |sample: SampleType, value| first(sample, &words(sample, &[value]));
        for (value, rounded) in [(0.49, 0.0), (0.5, 1.0), (1.5, 2.0), (2.5, 3.0), (-1.0, 0.0), (300.0, 255.0)] {
            assert_eq!(written(SampleType::Uint8, value), rounded);
        }
        for (value, rounded) in [(-0.5, 0.0), (-0.51, -1.0), (-2.5, -2.0), (-300.0, -128.0), (127.6, 127.0)] {
            assert_eq!(written(SampleType::Int8, value), rounded);
        }
        assert_eq!(written(SampleType::Uint16, f64::NAN), 0.0);
        assert_eq!(written(SampleType::Float64, 0.1), 0.1);
        assert_eq!(written(SampleType::Float32, 0.1), f64::from(0.1_f32));
    }
}

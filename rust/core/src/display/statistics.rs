//! Minimum, maximum and histogram of samples of any type.

#![allow(
    clippy::cast_lossless,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    clippy::needless_bitwise_bool,
    clippy::unnecessary_cast,
    reason = "numbers of any type, in float64 as in NumPy"
)]

use crate::alloc::zeroed;
use crate::error::Result;
use crate::sample_type::{SampleType, with_type};

/// Returns the minimum and maximum of the native `words` that are finite and outside of `excluded`, a range in the same
/// type; None if there are none.
#[must_use]
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
pub fn extrema(sample: SampleType, words: &[u8], excluded: Option<(f64, f64)>) -> Option<(f64, f64)> {
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
    use crate::sample_type::tests::{ALL, words};

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
        let odd = words(SampleType::Float32, &[f64::NAN, 2.0, f64::INFINITY, -1.0, f64::NEG_INFINITY]);
        assert_eq!(extrema(SampleType::Float32, &odd, None), Some((-1.0, 2.0)));
    }

    #[test]
    fn values_are_counted_by_their_bits() {
        let counts = histogram(&words(SampleType::Int16, &[-1.0, 3.0, -1.0]), true).unwrap();
        assert_eq!((counts.len(), counts[0xFFFF], counts[3], counts.iter().sum()), (1 << 16, 2, 1, 3));
        let counts = histogram(&[255, 0, 255], false).unwrap();
        assert_eq!((counts.len(), counts[255], counts[0]), (256, 2, 1));
    }
}

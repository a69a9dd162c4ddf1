//! C.2.4.1.1: JPEG-LS preset parameters, and the coding parameters of A.2.1 that follow from them.

use crate::error::Result;
use dicomet_codec::Segment;

/// The parameters of an LSE segment of type 1. Zero means the default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Presets {
    max_value: u16,
    thresholds: [u16; 3],
    reset: u16,
}

impl Presets {
    pub(crate) fn parse(segment: &mut Segment<'_>) -> Result<Self> {
        let max_value = segment.u16()?;
        let thresholds = [segment.u16()?, segment.u16()?, segment.u16()?];
        Ok(Self { max_value, thresholds, reset: segment.u16()? })
    }
}

/// The parameters of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parameters {
    /// MAXVAL.
    pub(crate) max_value: i32,
    /// NEAR: the greatest difference from the original, 0 for lossless.
    pub(crate) near: i32,
    /// T1, T2 and T3.
    pub(crate) thresholds: [i32; 3],
    /// RESET.
    pub(crate) reset: u32,
    /// RANGE: the number of values of a quantized prediction error.
    pub(crate) range: i32,
    /// qbpp: bits of a mapped error.
    pub(crate) error_bits: u32,
    /// LIMIT: the longest code.
    pub(crate) limit: u32,
}

impl Parameters {
    /// The parameters of a scan with samples of `precision` bits. `segment` is the scan header, whose last byte read is NEAR.
    pub(crate) fn new(presets: Presets, precision: u8, near: u8, segment: &Segment<'_>) -> Result<Self> {
        let highest = (1i32 << precision) - 1;
        let max_value = if presets.max_value == 0 { highest } else { i32::from(presets.max_value) };
        if max_value > highest {
            return Err(segment
                .parameter("MAXVAL", max_value as u32, "less than 2 to the power of the precision")
                .into());
        }
        if i32::from(near) > 255.min(max_value / 2) {
            return Err(segment.parameter("NEAR", near, "at most 255 and half of MAXVAL").into());
        }
        let near = i32::from(near);
        let thresholds = thresholds(presets.thresholds, max_value, near, segment)?;
        let reset = if presets.reset == 0 { 64 } else { i32::from(presets.reset) };
        if !(3..=max_value.max(255)).contains(&reset) {
            return Err(segment.parameter("RESET", reset as u32, "3 to the greater of 255 and MAXVAL").into());
        }
        let range = (max_value + 2 * near) / (2 * near + 1) + 1;
        let bits = bits_of(max_value + 1).max(2);
        let limit = 2 * (bits + bits.max(8));
        Ok(Self { max_value, near, thresholds, reset: reset as u32, range, error_bits: bits_of(range), limit })
    }

    /// True if samples are modulo a power of two: lossless, and MAXVAL is 2^n - 1.
    pub(crate) fn is_modular(&self) -> bool {
        self.near == 0 && (self.max_value + 1).cast_unsigned().is_power_of_two()
    }
}

/// The binary logarithm, rounded up.
fn bits_of(values: i32) -> u32 {
    values.cast_unsigned().next_power_of_two().trailing_zeros()
}

/// T1 to T3: the given ones, which must not decrease, or their defaults (C.2.4.1.1.1).
fn thresholds(given: [u16; 3], max_value: i32, near: i32, segment: &Segment<'_>) -> Result<[i32; 3]> {
    let mut thresholds = default_gradients(max_value, near);
    let mut lowest = near + 1;
    for (threshold, given) in thresholds.iter_mut().zip(given) {
        if given == 0 {
            // Figure C.3: CLAMP.
            *threshold = if (lowest..=max_value).contains(threshold) { *threshold } else { lowest };
        } else if (lowest..=max_value).contains(&i32::from(given)) {
            *threshold = i32::from(given);
        } else {
            let expected = "more than NEAR, not less than the one before, at most MAXVAL";
            return Err(segment.parameter("T1, T2 or T3", given, expected).into());
        }
        lowest = *threshold;
    }
    Ok(thresholds)
}

/// The default thresholds before CLAMP.
fn default_gradients(max_value: i32, near: i32) -> [i32; 3] {
    if max_value >= 128 {
        let factor = (max_value.min(4095) + 128) / 256;
        return [factor + 2 + 3 * near, 4 * factor + 3 + 5 * near, 17 * factor + 4 + 7 * near];
    }
    let factor = 256 / (max_value + 1);
    [(3 / factor + 3 * near).max(2), (7 / factor + 5 * near).max(3), (21 / factor + 7 * near).max(4)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(presets: [u16; 5], precision: u8, near: u8) -> Result<Parameters> {
        let [max_value, t1, t2, t3, reset] = presets;
        let presets = Presets { max_value, thresholds: [t1, t2, t3], reset };
        Parameters::new(presets, precision, near, &Segment::new(&[0, 2], 0).unwrap())
    }

    fn defaults(precision: u8, near: u8) -> Parameters {
        parameters([0; 5], precision, near).unwrap()
    }

    #[test]
    fn defaults_are_those_of_the_standard() {
        // Table C.2 for 8 bits, and the values that follow for other precisions.
        assert_eq!(defaults(8, 0).thresholds, [3, 7, 21]);
        assert_eq!(defaults(12, 0).thresholds, [18, 67, 276]);
        assert_eq!(defaults(16, 0).thresholds, [18, 67, 276]);
        assert_eq!(defaults(8, 3).thresholds, [12, 22, 42]);
        assert_eq!(defaults(2, 0).thresholds, [2, 3, 3]);
        assert_eq!(defaults(4, 0).thresholds, [2, 3, 4]);
        assert_eq!(defaults(7, 2).thresholds, [7, 13, 24]);
        assert_eq!((defaults(8, 0).limit, defaults(12, 0).limit, defaults(2, 0).limit), (32, 48, 20));
    }

    #[test]
    fn range_and_bits_follow_from_near() {
        let found = [(8, 0), (8, 3), (16, 0), (16, 255), (2, 1)].map(|(precision, near)| defaults(precision, near));
        assert_eq!(found.map(|parameters| parameters.range), [256, 38, 65536, 130, 2]);
        assert_eq!(found.map(|parameters| parameters.error_bits), [8, 6, 16, 8, 1]);
        assert_eq!(found.map(|parameters| parameters.is_modular()), [true, false, true, false, false]);
    }

    #[test]
    fn parameters_that_contradict_are_errors() {
        assert!(parameters([255, 3, 7, 21, 64], 8, 0).is_ok());
        assert!(parameters([1, 0, 0, 0, 0], 8, 0).is_ok());
        assert!(parameters([0, 9, 0, 0, 255], 8, 0).is_ok_and(|parameters| parameters.thresholds == [9, 9, 21]));
        for presets in
            [[256, 0, 0, 0, 0], [0, 256, 0, 0, 0], [0, 4, 3, 0, 0], [0, 0, 0, 6, 0], [0, 0, 0, 0, 2], [0, 0, 0, 0, 256]]
        {
            assert!(parameters(presets, 8, 0).is_err(), "{presets:?}");
        }
        assert!(parameters([0, 3, 0, 0, 0], 8, 3).is_err());
        assert!(parameters([0; 5], 8, 127).is_ok());
        assert!(parameters([0; 5], 8, 128).is_err());
        assert!(parameters([100, 0, 0, 0, 0], 8, 51).is_err());
    }
}

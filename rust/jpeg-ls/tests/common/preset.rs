//! C.2.4.1.1: the preset coding parameters.

use super::segment;

/// The parameters of an LSE segment of type 1. Zero is the default of a parameter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Preset {
    pub maxval: u16,
    pub thresholds: [u16; 3],
    pub reset: u16,
}

impl Preset {
    pub fn segment(&self) -> Vec<u8> {
        let [t1, t2, t3] = self.thresholds;
        let numbers = [self.maxval, t1, t2, t3, self.reset].map(u16::to_be_bytes);
        segment(0xF8, &[&[1][..], numbers.as_flattened()].concat())
    }

    /// The parameters that apply to a scan.
    pub fn effective(&self, precision: u8, near: i32) -> Effective {
        let maxval = if self.maxval == 0 { (1 << precision) - 1 } else { i32::from(self.maxval) };
        let thresholds = thresholds(self.thresholds.map(i32::from), maxval, near);
        let reset = if self.reset == 0 { 64 } else { i32::from(self.reset) };
        Effective { maxval, thresholds, reset, near }
    }
}

/// The parameters of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effective {
    pub maxval: i32,
    pub thresholds: [i32; 3],
    pub reset: i32,
    pub near: i32,
}

impl Effective {
    /// A.2.1, RANGE: the number of values of a prediction error.
    pub fn range(&self) -> i32 {
        (self.maxval + 2 * self.near) / (2 * self.near + 1) + 1
    }

    /// A.2.1, qbpp: the bits of a value below RANGE.
    pub fn quantized_bits(&self) -> u32 {
        log2_ceil(self.range())
    }

    /// A.2.1, LIMIT: the greatest length of a code.
    pub fn limit(&self) -> u32 {
        let bits = log2_ceil(self.maxval + 1).max(2);
        2 * (bits + bits.max(8))
    }
}

/// The least exponent of 2 that is not below `value`.
pub fn log2_ceil(value: i32) -> u32 {
    (0..31).find(|bits| 1 << bits >= value).unwrap()
}

/// C.2.4.1.1.1: T1, T2 and T3, with defaults for those that are zero. Each bound is the threshold in force.
pub fn thresholds(given: [i32; 3], maxval: i32, near: i32) -> [i32; 3] {
    let (basic, mut least) = ([3, 7, 21], near + 1);
    std::array::from_fn(|index| {
        let (of_near, start) = ([3, 5, 7][index] * near, [2, 3, 4][index]);
        let default = if maxval >= 128 {
            let factor = (maxval.min(4095) + 128) / 256;
            factor * (basic[index] - start) + start + of_near
        } else {
            let factor = 256 / (maxval + 1);
            (basic[index] / factor + of_near).max(start)
        };
        let clamped = if default > maxval || default < least { least } else { default };
        least = if given[index] == 0 { clamped } else { given[index] };
        least
    })
}

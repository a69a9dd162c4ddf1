//! A.4.2, A.4.4 and A.4.5: prediction correction, and samples modulo RANGE.

use crate::presets::Parameters;

/// How predictions and errors become samples.
pub(crate) trait Arithmetic: Copy {
    /// Whether samples are exact. Only then can errors be mapped in the inverse order (A.5.2).
    const LOSSLESS: bool;

    fn new(parameters: &Parameters) -> Self;

    /// A.4.2: a corrected prediction, limited to the values that a sample can have.
    fn limit(self, prediction: i32) -> i32;

    /// The difference that a quantized error stands for.
    fn difference(self, error: i32) -> i32;

    /// The sample for a limited prediction and a difference.
    fn sample(self, prediction: i32, difference: i32) -> u32;
}

/// Lossless, with MAXVAL = 2^n - 1: samples are modulo MAXVAL + 1.
#[derive(Clone, Copy)]
pub(crate) struct Modular {
    max_value: i32,
}

impl Arithmetic for Modular {
    const LOSSLESS: bool = true;

    fn new(parameters: &Parameters) -> Self {
        Self { max_value: parameters.max_value }
    }

    #[inline(always)]
    fn limit(self, prediction: i32) -> i32 {
        // The usual case needs no time, as a branch that is predicted.
        if prediction.cast_unsigned() > self.max_value.cast_unsigned() {
            return limit(prediction, self.max_value);
        }
        prediction
    }

    #[inline(always)]
    fn difference(self, error: i32) -> i32 {
        error
    }

    #[inline(always)]
    fn sample(self, prediction: i32, difference: i32) -> u32 {
        (prediction.wrapping_add(difference) & self.max_value).cast_unsigned()
    }
}

/// Near-lossless, or lossless with another MAXVAL.
#[derive(Clone, Copy)]
pub(crate) struct Near {
    max_value: i32,
    allowed: i32,
    /// 2 * NEAR + 1.
    step: i32,
    /// RANGE * (2 * NEAR + 1).
    span: i32,
}

impl Arithmetic for Near {
    const LOSSLESS: bool = false;

    fn new(parameters: &Parameters) -> Self {
        let Parameters { max_value, near, range, .. } = *parameters;
        let step = 2 * near + 1;
        Self { max_value, allowed: near, step, span: range * step }
    }

    #[inline(always)]
    fn limit(self, prediction: i32) -> i32 {
        if prediction.cast_unsigned() > self.max_value.cast_unsigned() {
            return limit(prediction, self.max_value);
        }
        prediction
    }

    #[inline(always)]
    fn difference(self, error: i32) -> i32 {
        error.wrapping_mul(self.step)
    }

    #[inline(always)]
    fn sample(self, prediction: i32, difference: i32) -> u32 {
        let sample = prediction.wrapping_add(difference);
        if sample.cast_unsigned() > self.max_value.cast_unsigned() {
            return self.reduced(sample);
        }
        sample.cast_unsigned()
    }
}

impl Near {
    /// A.4.4 and A.4.5: a sample that is not between 0 and MAXVAL.
    #[cold]
    fn reduced(self, mut sample: i32) -> u32 {
        if sample < self.allowed.wrapping_neg() {
            sample = sample.wrapping_add(self.span);
        } else if sample > self.max_value.wrapping_add(self.allowed) {
            sample = sample.wrapping_sub(self.span);
        }
        sample.clamp(0, self.max_value).cast_unsigned()
    }
}

#[cold]
fn limit(prediction: i32, max_value: i32) -> i32 {
    prediction.clamp(0, max_value)
}

//! PS3.3 C.11.2 VOI LUT: maps modality values to a display range, from darkest to brightest.

use crate::lut::Lut;

/// PS3.3 C.11.2.1.3 VOI LUT Function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// C.11.2.1.2.1: the window is counted in integer values.
    Linear,
    /// C.11.2.1.3.2.
    LinearExact,
    /// C.11.2.1.3.1.
    Sigmoid,
}

/// Window Center and Window Width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// (0028,1050).
    pub center: f64,
    /// (0028,1051).
    pub width: f64,
    /// (0028,1056).
    pub function: Function,
}

/// The display values of the darkest and the brightest pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The value of the darkest.
    pub low: f64,
    /// The value of the brightest.
    pub high: f64,
}

/// A VOI transformation.
#[derive(Debug, Clone, PartialEq)]
pub enum Voi {
    /// A window.
    Window(Window),
    /// An item of the VOI LUT Sequence.
    Lut(Lut),
}

impl Voi {
    /// Maps modality values to `range`.
    pub fn apply(&self, values: &mut [f64], range: Range) {
        match self {
            Self::Window(Window { center, width, function }) => match function {
                Function::Linear => linear(values, center - 0.5, width - 1.0, range),
                Function::LinearExact => linear(values, *center, *width, range),
                Function::Sigmoid => sigmoid(values, *center, *width, range),
            },
            Self::Lut(lut) => {
                for value in values {
                    *value = range.lerp(f64::from(lut.at(*value).min(lut.max_entry())) / f64::from(lut.max_entry()));
                }
            }
        }
    }
}

impl Range {
    /// Linear interpolation: 0 gives `low`, 1 gives `high`.
    #[must_use]
    #[inline]
    pub fn lerp(self, fraction: f64) -> f64 {
        fraction * (self.high - self.low) + self.low
    }

    /// Exchanges darkest and brightest.
    pub fn invert(self, values: &mut [f64]) {
        for value in values {
            *value = self.low + self.high - *value;
        }
    }
}

/// The standard's equation, in the order of its operations. Both sides are computed, so that there is no branch.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
fn linear(values: &mut [f64], center: f64, width: f64, range: Range) {
    let (lowest, highest) = (center - width / 2.0, center + width / 2.0);
    for value in values {
        let x = *value;
        let inside = ((x - center) / width + 0.5) * (range.high - range.low) + range.low;
        let above = if x > highest { range.high } else { inside };
        *value = if x <= lowest { range.low } else { above };
    }
}

fn sigmoid(values: &mut [f64], center: f64, width: f64, range: Range) {
    for value in values {
        *value = (range.high - range.low) / (1.0 + (-4.0 * (*value - center) / width).exp()) + range.low;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "exact")]
    use super::*;

    const BYTES: Range = Range { low: 0.0, high: 255.0 };

    fn window_of(center: f64, width: f64, function: Function, x: f64) -> f64 {
        voi_of(&Voi::Window(Window { center, width, function }), x, BYTES)
    }

    fn voi_of(voi: &Voi, x: f64, range: Range) -> f64 {
        let mut values = [x];
        voi.apply(&mut values, range);
        values[0]
    }

    /// PS3.3 C.11.2.1.2.1: the examples of the standard.
    #[test]
    fn the_standard_s_examples() {
        for (center, width, lowest, highest) in [
            (2048.0, 4096.0, 0.0, 4095.0),
            (2048.0, 1.0, 2047.0, 2048.0),
            (0.0, 100.0, -50.0, 49.0),
            (0.0, 1.0, -1.0, 0.0),
        ] {
            assert_eq!(window_of(center, width, Function::Linear, lowest), 0.0);
            assert_eq!(window_of(center, width, Function::Linear, highest), 255.0);
        }
        assert_eq!(window_of(2048.0, 4096.0, Function::Linear, 2047.5), 127.5);
    }

    #[test]
    fn exact_and_sigmoid() {
        assert_eq!(window_of(0.0, 100.0, Function::LinearExact, -50.0), 0.0);
        assert_eq!(window_of(0.0, 100.0, Function::LinearExact, 0.0), 127.5);
        assert_eq!(window_of(0.0, 100.0, Function::LinearExact, 50.0), 255.0);
        assert_eq!(window_of(10.0, 100.0, Function::Sigmoid, 10.0), 127.5);
        assert_eq!(window_of(10.0, 100.0, Function::Sigmoid, 1e9), 255.0);
        assert_eq!(window_of(10.0, 100.0, Function::Sigmoid, -1e9), 0.0);
    }

    #[test]
    fn entries_are_spread_over_the_range() {
        let voi = Voi::Lut(Lut::new(0, vec![0, 2048, 4095, 60000], 12).unwrap());
        assert_eq!([0.0, 2.0, 3.0].map(|x| voi_of(&voi, x, BYTES)), [0.0, 255.0, 255.0]);
        assert_eq!(voi_of(&voi, 1.0, Range { low: 1.0, high: 0.0 }), 1.0 - 2048.0 / 4095.0);
        let mut values = [5.0, 0.0];
        BYTES.invert(&mut values);
        assert_eq!(values, [250.0, 255.0]);
    }
}

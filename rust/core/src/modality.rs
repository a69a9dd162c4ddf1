//! PS3.3 C.11.1 Modality LUT: maps stored values to modality values, such as Hounsfield units.

use crate::lut::Lut;

/// The mapping from stored values to modality values.
#[derive(Debug, Clone, PartialEq)]
pub enum Modality {
    /// Stored values are modality values.
    Identity,
    /// Rescale Slope and Rescale Intercept.
    Rescale {
        /// (0028,1053).
        slope: f64,
        /// (0028,1052).
        intercept: f64,
    },
    /// The first item of the Modality LUT Sequence.
    Lut(Lut),
}

impl Modality {
    /// Maps stored values to modality values, in place.
    pub fn apply(&self, values: &mut [f64]) {
        match self {
            Self::Identity => {}
            Self::Rescale { slope, intercept } => rescale(values, *slope, *intercept),
            Self::Lut(lut) => values.iter_mut().for_each(|value| *value = f64::from(lut.at(*value))),
        }
    }
}

/// Rounds twice, like NumPy's two operations; not fused.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
fn rescale(values: &mut [f64], slope: f64, intercept: f64) {
    for value in values {
        *value = *value * slope + intercept;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "exact")]
    use super::*;

    #[test]
    fn a_value_is_rescaled_or_looked_up() {
        for (modality, values) in [
            (Modality::Identity, [7.0, 2.0]),
            (Modality::Rescale { slope: 0.5, intercept: -1024.0 }, [-1020.5, -1023.0]),
            (Modality::Lut(Lut::new(1, vec![9, 8], 8).unwrap()), [8.0, 8.0]),
        ] {
            let mut found = [7.0, 2.0];
            modality.apply(&mut found);
            assert_eq!(found, values);
        }
    }
}

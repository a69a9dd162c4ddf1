//! A.6.4, A.6.5: quantization (QCD, QCC), and Annex E: magnitude bits and step sizes.

use std::sync::Arc;

use dicomet_codec::Segment;

use crate::coding_style::component_index;
use crate::error::Result;

/// The subbands of the largest number of decomposition levels.
const MAX_SUBBANDS: usize = 3 * 32 + 1;

/// How step sizes are signaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signaling {
    /// No quantization: exponents only.
    None,
    /// One exponent and mantissa, for the LL subband.
    Derived,
    /// Exponent and mantissa of each subband.
    Expounded,
}

/// The quantization of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Quantization {
    signaling: Signaling,
    guard_bits: u8,
    /// Exponents and mantissas, from the LL subband to HH of the highest resolution.
    steps: Arc<[(u8, u16)]>,
}

/// The quantization of a subband.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Step {
    /// Mb: the largest number of magnitude bits (E-2).
    pub(crate) magnitude_bits: u8,
    /// The step size relative to the nominal range of the subband: 2^-exponent (1 + mantissa / 2^11) (E-3).
    pub(crate) relative: f64,
}

impl Quantization {
    /// The step of subband `index` (0 for LL, then HL, LH and HH of each resolution) of a component, at resolution
    /// `resolution`. None if the segment has no step for it.
    pub(crate) fn step(&self, index: usize, resolution: u8) -> Option<Step> {
        let (exponent, mantissa) = match self.signaling {
            Signaling::Derived => {
                // E-5: a level less, one less in the exponent. LL and the first three subbands share a level.
                let (exponent, mantissa) = *self.steps.first()?;
                (exponent.checked_sub(resolution.saturating_sub(1))?, mantissa)
            }
            _ => *self.steps.get(index)?,
        };
        let magnitude_bits = (self.guard_bits + exponent).saturating_sub(1);
        let relative = (1.0 + f64::from(mantissa) / 2048.0) * (-f64::from(exponent)).exp2();
        Some(Step { magnitude_bits, relative })
    }
}

/// QCD.
pub(crate) fn parse_default(mut segment: Segment<'_>) -> Result<Quantization> {
    quantization(&mut segment)
}

/// QCC: the component and its quantization.
pub(crate) fn parse_component(mut segment: Segment<'_>, components: usize) -> Result<(usize, Quantization)> {
    let component = component_index(&mut segment, components)?;
    Ok((component, quantization(&mut segment)?))
}

fn quantization(segment: &mut Segment<'_>) -> Result<Quantization> {
    let style = segment.u8()?;
    let (signaling, bytes) = match style & 31 {
        0 => (Signaling::None, 1),
        1 => (Signaling::Derived, 2),
        2 => (Signaling::Expounded, 2),
        _ => return Err(segment.parameter("quantization style", style & 31, "0 to 2").into()),
    };
    let count = if signaling == Signaling::Derived { 1 } else { segment.rest().len() / bytes };
    if count == 0 || count > MAX_SUBBANDS {
        return Err(segment.parameter("number of step sizes", count as u32, "1 to 97").into());
    }
    let mut steps = Vec::with_capacity(count);
    for _ in 0..count {
        steps.push(if bytes == 1 { (segment.u8()? >> 3, 0) } else { exponent_and_mantissa(segment.u16()?) });
    }
    segment.finish()?;
    Ok(Quantization { signaling, guard_bits: style >> 5, steps: steps.into() })
}

fn exponent_and_mantissa(value: u16) -> (u8, u16) {
    ((value >> 11) as u8, value & 0x7FF)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn qcd(bytes: &[u8]) -> Result<Quantization> {
        let mut data = (bytes.len() as u16 + 2).to_be_bytes().to_vec();
        data.extend(bytes);
        parse_default(Segment::new(&data, 0).unwrap())
    }

    #[test]
    #[allow(clippy::float_cmp, reason = "the values are exact")]
    fn steps_are_those_of_annex_e() {
        let exponents = qcd(&[2 << 5, 8 << 3, 9 << 3, 9 << 3, 10 << 3]).unwrap();
        let step = exponents.step(3, 1).unwrap();
        assert_eq!((step.magnitude_bits, step.relative), (11, 1.0 / 1024.0));
        assert_eq!(exponents.step(4, 2), None);
        // Exponent 5, mantissa 1024: 1.5 / 32 for LL and the first level, twice as much one resolution above.
        let derived = qcd(&[1 << 5 | 1, 5 << 3 | 4, 0]).unwrap();
        for (index, resolution, relative) in [(0, 0, 1.5 / 32.0), (2, 1, 1.5 / 32.0), (4, 2, 1.5 / 16.0)] {
            assert_eq!(derived.step(index, resolution).unwrap().relative, relative);
        }
        assert_eq!(derived.step(19, 7), None);
        let expounded = qcd(&[2, 5 << 3, 0, 6 << 3, 1]).unwrap();
        assert_eq!(expounded.step(1, 1).unwrap().relative, (1.0 + 1.0 / 2048.0) / 64.0);
    }

    #[test]
    fn invalid_styles_are_errors() {
        for bytes in [&[][..], &[3, 1, 1], &[0], &[2, 1], &[1, 1, 1, 1], &[0; 99], &[2, 1, 1, 1]] {
            assert!(qcd(bytes).is_err(), "{bytes:?}");
        }
    }
}

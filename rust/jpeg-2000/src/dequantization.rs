//! Annex E: from quantized coefficients to those of the wavelet transformation.

use crate::code_block::Band;
use crate::tile::Resolution;
use crate::wavelet::K;

/// The factors of the subbands of a component of `precision` bits, of its used `resolutions`: LL, then HL, LH and HH of each
/// resolution. A coefficient is the value of the block decoder, in half steps, times the factor.
///
/// The factors include the scaling of the 9-7 transformation (F.3.8.2), so that synthesis has no step for it.
pub(crate) fn factors(resolutions: &[Resolution], precision: u8) -> Vec<f64> {
    let mut factors = vec![0.0; 3 * resolutions.len() - 2];
    let mut scale = 1.0;
    for (number, resolution) in resolutions.iter().enumerate().rev() {
        let horizontal = scaling(resolution.area.width());
        let vertical = scaling(resolution.area.height());
        for (index, subband) in resolution.subbands.iter().enumerate() {
            let (gain, scaling) = match subband.band {
                Band::Ll => (0, 1.0),
                Band::Hl => (1, horizontal.1 * vertical.0),
                Band::Lh => (1, horizontal.0 * vertical.1),
                Band::Hh => (2, horizontal.1 * vertical.1),
            };
            // E-3: the nominal range of a subband has the bits of the component and its gain.
            let range = f64::from(precision + gain).exp2();
            let place = if number == 0 { 0 } else { 3 * number - 2 + index };
            factors[place] = 0.5 * range * subband.step.relative * scaling * scale;
        }
        scale *= horizontal.0 * vertical.0;
    }
    factors
}

/// The factors of low-pass and high-pass samples of a signal of this length. One sample is not transformed (F.3.6).
fn scaling(length: usize) -> (f64, f64) {
    if length == 1 { (1.0, 0.5) } else { (K, 1.0 / K) }
}

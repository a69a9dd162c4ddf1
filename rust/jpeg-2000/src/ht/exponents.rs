//! 7.3.7: exponent bounds of quads.

use super::quads::SEVERAL;

/// Exponent bounds of the columns of a row: of each column, the codeword and the offset; and of the row above, the exponents of
/// the lower samples, one before the row and two after it.
#[inline(always)]
pub(super) fn bounds(columns: &[u16], offsets: &[u8], above: &[u8], bounds: &mut [u8]) {
    let bounds = bounds.as_chunks_mut::<2>().0;
    // The exponents around the two columns of each quad, which all are in the quads above, or next to them.
    let neighbors = above.as_chunks::<2>().0.iter().zip(above[2..].as_chunks::<2>().0);
    for (bounds, (left, right)) in bounds.iter_mut().zip(neighbors) {
        *bounds = [left[0].max(left[1]).max(right[0]).max(right[1]); 2];
    }
    for ((bound, &columns), &offset) in bounds.as_flattened_mut().iter_mut().zip(columns).zip(offsets) {
        let predictor = if columns & SEVERAL == 0 { 1 } else { (*bound).max(2) - 1 };
        *bound = offset.wrapping_add(predictor);
    }
}

/// The length of a number below 2^30 in bits.
#[inline(always)]
#[allow(clippy::cast_precision_loss, reason = "one bit of two is cleared so that the exponent is right")]
pub(super) fn bit_length(number: u32) -> u8 {
    // Without the second one of two bits, so that the conversion does not round up. 0 has exponent 0, and 1 has 127.
    let exponent = ((number & !(number >> 1)).cast_signed() as f32).to_bits() >> 23;
    exponent.saturating_sub(126) as u8
}

//! ISO/IEC 15444-15: whole high-throughput code-blocks.

use super::grid::Grid;
use super::ht::{Cleanup, significance};
use super::ht_bits::{Bits, has_after_ff, write_backward, write_forward};
use super::ht_coders::{QuadDecoder, QuadEncoder};
use crate::code_block::CodeBlock;

/// Encodes an HT set of coefficients whose cleanup pass ends with bit-plane `plane`, with up to two refinement passes of the
/// bit-plane below; returns the cleanup and the refinement segment.
pub(crate) fn encode(
    (width, height): (usize, usize),
    coefficients: &[i128],
    plane: u32,
    (refinements, causal): (u8, bool),
    seed: usize,
) -> (Vec<u8>, Vec<u8>) {
    let mut cleanup = Cleanup::new(width, height);
    let mut grid = Grid::new(width, height, causal);
    for (index, &coefficient) in coefficients.iter().enumerate() {
        let magnitude = coefficient.unsigned_abs() >> plane;
        let sign = u128::from(coefficient < 0);
        cleanup.values[index] = if magnitude > 0 { 2 * (magnitude - 1) + sign + 1 } else { 0 };
        grid.significant[index] = magnitude > 0;
    }
    let before = grid.significant.clone();
    let mut coder = QuadEncoder::new(seed);
    cleanup.code(&mut coder);
    let bit = |index: usize| (coefficients[index].unsigned_abs() >> (plane - 1) & 1) as u8;
    let mut refinement = vec![];
    if refinements > 0 {
        let mut bits = vec![];
        significance(&mut grid, |index, is_sign| {
            bits.push(if is_sign { u8::from(coefficients[index] < 0) } else { bit(index) });
            bits[bits.len() - 1]
        });
        refinement = write_forward(&bits, true, 0);
    }
    if refinement.last() == Some(&0xFF) {
        refinement.push(0); // for MagRef may begin with a byte above 8F
    }
    if refinements > 1 {
        let order = grid.scan().into_iter().map(|(x, y)| y * width + x).filter(|&index| before[index]);
        refinement.extend(write_backward(&order.map(bit).collect::<Vec<_>>(), 0xFF));
    }
    (coder.finish(), refinement)
}

/// Decodes a code-block: coefficients with one fraction bit. None if it is damaged: VLC ends before the last quad, a byte after
/// FF is above its limit, or a sample outside of the code-block is significant.
pub(crate) fn decode(block: &CodeBlock<'_>) -> Option<Vec<i128>> {
    let (mut number, mut set) = (0, None);
    for (index, segment) in block.segments.iter().enumerate() {
        if number % 3 == 0 && !segment.data.is_empty() {
            let refinement = block.segments.get(index + 1).filter(|_| segment.passes == 1);
            set = Some((number / 3, segment.data, refinement.copied().unwrap_or_default()));
        }
        number += u32::from(segment.passes);
    }
    let Some((set, cleanup_data, refinement)) = set else { return Some(vec![0; block.width * block.height]) };
    let plane = u32::from(block.bit_planes) - 1 - set;
    let mut cleanup = Cleanup::new(block.width, block.height);
    let mut decoder = QuadDecoder::new(cleanup_data);
    cleanup.code(&mut decoder);
    if decoder.is_damaged() || cleanup.is_damaged {
        return None;
    }
    if refinement.passes > 0 && has_after_ff(refinement.data, 0x8F) {
        return None;
    }
    let mut grid = Grid::new(block.width, block.height, block.style.causal());
    let mut values = vec![0; cleanup.values.len()];
    for (index, value) in cleanup.values.into_iter().enumerate().filter(|(_, value)| *value > 0) {
        grid.significant[index] = true;
        grid.negative[index] = (value - 1) & 1 == 1;
        values[index] = (((value - 1) >> 1 << 1) + 3) << plane;
    }
    let before = grid.significant.clone();
    if refinement.passes > 0 {
        let mut bits = Bits::significance(refinement.data);
        for index in significance(&mut grid, |_, _| bits.bit()) {
            values[index] = 3 << (plane - 1);
        }
    }
    if refinement.passes > 1 {
        let mut bits = Bits::refinement(refinement.data);
        for (x, y) in grid.scan() {
            let index = y * block.width + x;
            if before[index] {
                // The half of the bit-plane above becomes its bit, and a half below.
                values[index] = values[index] - (1 << plane) + (u128::from(bits.bit()) << plane) + (1 << (plane - 1));
            }
        }
    }
    let values = undo_shift(&values, u32::from(block.roi_shift)).zip(grid.negative);
    Some(values.map(|(value, negative)| if negative { -value } else { value }).collect())
}

/// H.1: values with one fraction bit, without the shift of the region of interest.
fn undo_shift(values: &[u128], shift: u32) -> impl Iterator<Item = i128> {
    values.iter().map(move |&value| {
        let is_region = shift > 0 && value >> (shift + 1) > 0;
        let lost = value & ((2 << shift) - 1) > 0;
        (if is_region { value >> shift | u128::from(lost) } else { value }).cast_signed()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code_block::{Band, Coder, Segment, Style};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn round_trip(width in 1usize..40, height in 1usize..40, seed: u64, bits in 1u32..20, plane in 1u32..5, refinements in 0u8..3, causal: bool) {
            let mut state = seed | 1;
            let mut next = move || { state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(99); state >> 33 };
            let values: Vec<i128> = (0..width * height).map(|_| {
                let m = i128::from(next()) >> (next() % 31) & ((1 << bits) - 1);
                if next() & 1 == 1 { -m } else { m }
            }).collect();
            let (cleanup, refinement) = encode((width, height), &values, plane, (refinements, causal), seed as usize);
            let segments = [Segment { data: &cleanup, passes: 1 }, Segment { data: &refinement, passes: refinements }];
            let block = CodeBlock { width, height, band: Band::Ll, style: Style(if causal { 8 } else { 0 }), coder: Coder::Ht, magnitude_bits: 38, bit_planes: plane as u8 + 1, roi_shift: 0, segments: &segments };
            let out = decode(&block).unwrap();
            for (&value, &out) in values.iter().zip(&out) {
                let m = value.unsigned_abs();
                let o = out.unsigned_abs();
                let p = if o == 0 { continue } else { o.trailing_zeros() };
                prop_assert_eq!(o >> (p + 1), m >> p);
                prop_assert_eq!(out < 0, value < 0);
                prop_assert!(refinements < 2 || p == plane - 1);
                prop_assert!(m >> plane == 0 || o > 0);
            }
        }
    }
}

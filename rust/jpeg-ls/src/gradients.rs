//! A.3.1, A.3.3 and A.3.4: local gradients, quantized and merged to a context.
//!
//! The gradients D1 = Rd - Rb and D2 = Rb - Rc are known before a line is decoded. D2 of a sample is D1 of the one before. For
//! some hundred samples at a time, they are quantized and merged in vector registers; D3 = Rc - Ra, which depends on the
//! sample before, is then one look-up in a table.

use std::sync::Arc;

use crate::presets::Parameters;
use crate::sample::Sample;

/// Samples that are prepared at a time.
pub(crate) const BLOCK: usize = if cfg!(feature = "tiny") { 16 } else { 512 };
/// Contexts that differ only in D3.
pub(crate) const ROW: usize = 9;

/// The quantized gradient D3 for each difference Ra - Rc, three times: merged with a positive, a negative and a zero context of
/// D1 and D2. In the first one it is increased by four. In the second one the signs of all gradients are inverted. In the
/// third one a negative gradient is inverted.
#[derive(Debug)]
pub(crate) struct GradientTable {
    thresholds: [i32; 3],
    near: i32,
    max_value: i32,
    entries: Vec<u8>,
}

impl GradientTable {
    pub(crate) fn new(parameters: &Parameters, mut entries: Vec<u8>) -> Self {
        let Parameters { thresholds, near, max_value, .. } = *parameters;
        entries.clear();
        for sign in [1, -1, 0] {
            // The differences up to each of which the quantized gradient is constant.
            let [t1, t2, t3] = thresholds;
            let bounds = [-t3, -t2, -t1, -near - 1, near, t1 - 1, t2 - 1, t3 - 1, max_value];
            let mut difference = -max_value;
            for (bound, quantized) in bounds.into_iter().zip(-4i32..) {
                // Of Ra - Rc, the negative of D3.
                let entry = match sign {
                    0 => quantized.unsigned_abs(),
                    sign => (4 - sign * quantized) as u32,
                };
                let count = (bound.min(max_value) - difference + 1).max(0);
                entries.resize(entries.len() + count as usize, entry as u8);
                difference += count;
            }
        }
        Self { thresholds, near, max_value, entries }
    }

    /// Differences from -MAXVAL to MAXVAL.
    fn span(&self) -> i32 {
        2 * self.max_value + 1
    }

    /// True if the table is that of a scan with these parameters.
    pub(crate) fn is_for(&self, parameters: &Parameters) -> bool {
        (self.thresholds, self.near, self.max_value) == (parameters.thresholds, parameters.near, parameters.max_value)
    }

    #[inline(always)]
    pub(crate) fn entries(&self) -> &[u8] {
        &self.entries
    }

    pub(crate) fn memory(table: Arc<Self>) -> Vec<u8> {
        Arc::into_inner(table).map(|table| table.entries).unwrap_or_default()
    }
}

/// What is known of samples before the line is decoded.
pub(crate) struct Prepared {
    /// Quantized differences from the samples to the right, for D1 and D2.
    quantized: [i16; BLOCK + 1],
    /// The first of the nine contexts.
    pub(crate) rows: [u16; BLOCK],
    /// Where the gradient table has the entry for Ra = 0.
    pub(crate) offsets: [u32; BLOCK],
    /// Rc, shifted so that the sign of the difference from Ra is that of the context.
    pub(crate) signs: [i32; BLOCK],
}

impl Default for Prepared {
    fn default() -> Self {
        Self { quantized: [0; BLOCK + 1], rows: [0; BLOCK], offsets: [0; BLOCK], signs: [0; BLOCK] }
    }
}

impl Prepared {
    /// Prepares samples. `above` has the samples above them, and one more on each side.
    #[inline(always)]
    pub(crate) fn prepare<S: Sample>(&mut self, above: &[S], table: &GradientTable) {
        let count = above.len().saturating_sub(2).min(BLOCK);
        let quantized = &mut self.quantized[..=count];
        for (quantized, (left, right)) in quantized.iter_mut().zip(above.iter().zip(&above[1..])) {
            *quantized = quantize(value(*right) - value(*left), table);
        }
        let (rows, offsets, signs) = (&mut self.rows[..count], &mut self.offsets[..count], &mut self.signs[..count]);
        let (d2, d1) = (&self.quantized[..count], &self.quantized[1..=count]);
        let (span, zero) = (table.span(), table.max_value);
        for sample in 0..count {
            let merged = 9 * i32::from(d1[sample]) + i32::from(d2[sample]);
            let above_left = value(above[sample]);
            rows[sample] = merged.unsigned_abs() as u16 * ROW as u16;
            let sign = merged.signum();
            // The tables for positive, negative and zero.
            let number = if merged > 0 { 0 } else { 2 - i32::from(merged < 0) };
            offsets[sample] = (number * span + zero - above_left) as u32;
            signs[sample] = above_left + (sign << 20);
        }
    }
}

#[inline(always)]
fn value<S: Sample>(sample: S) -> i32 {
    i32::from(sample.into())
}

/// A.3.3: the quantized gradient, -4 to 4.
#[inline(always)]
fn quantize(difference: i32, table: &GradientTable) -> i16 {
    let [t1, t2, t3] = table.thresholds;
    let size = difference.abs();
    let at_least = |threshold: i32| i16::from(size >= threshold);
    let quantized = at_least(table.near + 1) + at_least(t1) + at_least(t2) + at_least(t3);
    if difference < 0 { -quantized } else { quantized }
}

//! A.3.1, A.3.3 and A.3.4: local gradients, quantized and merged to a context.
//!
//! The gradients D1 = Rd - Rb and D2 = Rb - Rc are known before a line is decoded. D2 of a sample is D1 of the one before. For
//! some hundred samples at a time, they are quantized and merged in vector registers; D3 = Rc - Ra, which depends on the
//! sample before, is then one look-up in a table.

use std::sync::Arc;

use crate::presets::Parameters;
use crate::sample::Sample;

/// Samples that are prepared at a time.
pub(crate) const BLOCK: usize = if cfg!(feature = "tiny") { 16 } else { 256 };
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

    /// A.3.2: true if the run mode decodes the next sample, because all gradients are small. `above` begins with Rc.
    #[inline(always)]
    pub(crate) fn is_run<S: Sample>(&self, above: &[S], left: S) -> bool {
        let [left, above_left, above, above_right] = [left, above[0], above[1], above[2]].map(value);
        let differences = [(above_right, above), (above, above_left), (above_left, left)];
        differences.iter().all(|(a, b)| a.abs_diff(*b) <= self.near.cast_unsigned())
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
    /// Rb.
    pub(crate) above: [i32; BLOCK],
    /// Rb - Rc where it is negative, else 0; and where it is positive.
    pub(crate) falls: [i32; BLOCK],
    pub(crate) rises: [i32; BLOCK],
}

impl Default for Prepared {
    fn default() -> Self {
        Self {
            quantized: [0; BLOCK + 1],
            rows: [0; BLOCK],
            offsets: [0; BLOCK],
            signs: [0; BLOCK],
            above: [0; BLOCK],
            falls: [0; BLOCK],
            rises: [0; BLOCK],
        }
    }
}

impl Prepared {
    /// Prepares up to [`BLOCK`] samples. `above` has the samples above them, and one more on each side.
    #[inline(always)]
    pub(crate) fn prepare<S: Sample>(&mut self, above: &[S], table: &GradientTable) {
        let count = above.len().saturating_sub(2).min(BLOCK);
        let (left, right) = (&above[..=count], &above[1..count + 2]);
        let quantized = &mut self.quantized[..=count];
        let quantizer = Quantizer::new(table);
        for ((quantized, left), right) in quantized.iter_mut().zip(left).zip(right) {
            *quantized = quantizer.quantize(value(*right).wrapping_sub(value(*left)));
        }
        let (rows, offsets, signs) = (&mut self.rows[..count], &mut self.offsets[..count], &mut self.signs[..count]);
        let (d2, d1) = (&quantized[..count], &quantized[1..=count]);
        let (left, span, zero) = (&left[..count], table.span(), table.max_value);
        for sample in 0..count {
            let merged = d1[sample].wrapping_mul(9).wrapping_add(d2[sample]);
            let above_left = value(left[sample]);
            rows[sample] = merged.unsigned_abs().wrapping_mul(ROW as u16);
            let negative = i32::from(merged < 0);
            let positive = i32::from(merged > 0);
            // The tables for positive, negative and zero.
            let tables = (2i32.wrapping_sub(negative).wrapping_sub(positive << 1)).wrapping_mul(span);
            offsets[sample] = tables.wrapping_add(zero).wrapping_sub(above_left).cast_unsigned();
            signs[sample] = above_left.wrapping_add(positive.wrapping_sub(negative) << 20);
        }
        let (aboves, falls, rises) = (&mut self.above[..count], &mut self.falls[..count], &mut self.rises[..count]);
        let right = &right[..count];
        for sample in 0..count {
            let (above_left, above) = (value(left[sample]), value(right[sample]));
            let gradient = above.wrapping_sub(above_left);
            aboves[sample] = above;
            falls[sample] = gradient.min(0);
            rises[sample] = gradient.max(0);
        }
    }

    /// A.3.4: the sign of a sample's context, 0 or -1.
    #[inline(always)]
    pub(crate) fn sign(&self, sample: usize, left: u32) -> i32 {
        self.signs[sample].wrapping_sub(left.cast_signed()) >> 31
    }

    /// A.4.1: the median of Ra, Rb and Ra + Rb - Rc.
    #[inline(always)]
    pub(crate) fn predict(&self, sample: usize, left: u32) -> i32 {
        let left = left.cast_signed();
        let (lowest, highest) = (left.wrapping_add(self.falls[sample]), left.wrapping_add(self.rises[sample]));
        self.above[sample].max(lowest).min(highest)
    }
}

#[inline(always)]
fn value<S: Sample>(sample: S) -> i32 {
    i32::from(sample.into())
}

/// A.3.3: quantizes gradients.
#[derive(Clone, Copy)]
struct Quantizer {
    thresholds: [i32; 4],
}

impl Quantizer {
    #[inline(always)]
    fn new(table: &GradientTable) -> Self {
        let [t1, t2, t3] = table.thresholds;
        Self { thresholds: [table.near.wrapping_add(1), t1, t2, t3] }
    }

    /// The quantized gradient, -4 to 4.
    #[inline(always)]
    fn quantize(self, difference: i32) -> i16 {
        let (size, sign) = (difference.wrapping_abs(), difference >> 31);
        let [a, b, c, d] = self.thresholds.map(|threshold| i32::from(size >= threshold));
        let quantized = a.wrapping_add(b).wrapping_add(c).wrapping_add(d);
        (quantized ^ sign).wrapping_sub(sign) as i16
    }
}

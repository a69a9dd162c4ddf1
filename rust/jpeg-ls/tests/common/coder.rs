//! Annex A: the encoding of samples, with the formulas and names of the text.

use super::preset::Effective;

/// A.7.1.1, J: the bits of a run's length.
pub const RUN_ORDERS: [u32; 32] =
    [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// Bits as A.1 and C.1 store them: after a byte FF follows one whose first bit is 0.
#[derive(Default)]
pub struct BitWriter {
    pub bytes: Vec<u8>,
    current: u8,
    count: u32,
}

impl BitWriter {
    pub fn put(&mut self, bit: u32) {
        self.current = self.current << 1 | (bit & 1) as u8;
        self.count += 1;
        if self.count == 8 {
            self.bytes.push(self.current);
            // The next byte starts with a bit 0.
            self.count = u32::from(self.current == 0xFF);
            self.current = 0;
        }
    }

    pub fn put_bits(&mut self, value: u32, count: u32) {
        (0..count).rev().for_each(|bit| self.put(value.checked_shr(bit).unwrap_or(0)));
    }

    /// Completes the last byte. A byte FF is never the last one.
    pub fn pad(&mut self, bit: u32) {
        while self.count != 0 {
            self.put(bit);
        }
    }
}

/// The causal neighbors of a sample (Figure 3).
#[derive(Clone, Copy)]
pub struct Neighbors {
    pub a: i32,
    pub b: i32,
    pub c: i32,
    pub d: i32,
}

/// The variables of a scan or restart interval (A.2.1), and the bits.
pub struct Coder {
    pub preset: Effective,
    pub bits: BitWriter,
    a: [i32; 367],
    b: [i32; 365],
    c: [i32; 365],
    n: [i32; 367],
    nn: [i32; 2],
}

impl Coder {
    pub fn new(preset: Effective) -> Self {
        let start = ((preset.range() + 32) / 64).max(2);
        Self { preset, bits: BitWriter::default(), a: [start; 367], b: [0; 365], c: [0; 365], n: [1; 367], nn: [0; 2] }
    }

    /// A.3.3: a local gradient, quantized.
    fn quantize(&self, gradient: i32) -> i32 {
        let [t1, t2, t3] = self.preset.thresholds;
        match gradient.abs() {
            d if d <= self.preset.near => 0,
            d if d < t1 => gradient.signum(),
            d if d < t2 => 2 * gradient.signum(),
            d if d < t3 => 3 * gradient.signum(),
            _ => 4 * gradient.signum(),
        }
    }

    /// A.3.2: whether all gradients are small.
    pub fn is_run(&self, at: Neighbors) -> bool {
        [at.d - at.b, at.b - at.c, at.c - at.a].iter().all(|gradient| gradient.abs() <= self.preset.near)
    }

    /// A.4.2 and A.4.4: the quantized error, reconstructed sample and reduced error.
    fn reconstruct(&self, error: i32, prediction: i32, sign: i32) -> (i32, i32) {
        let Effective { near, maxval, .. } = self.preset;
        let step = 2 * near + 1;
        let quantized = if error > 0 { (error + near) / step } else { -(near - error) / step };
        let sample = (prediction + sign * quantized * step).clamp(0, maxval);
        let range = self.preset.range();
        let mut reduced = quantized;
        if reduced < 0 {
            reduced += range;
        }
        if reduced >= (range + 1) / 2 {
            reduced -= range;
        }
        (sample, reduced)
    }

    /// A.4 to A.6: codes a sample in the regular mode. Returns the reconstructed sample.
    pub fn regular(&mut self, sample: i32, at: Neighbors) -> i32 {
        let gradients = [at.d - at.b, at.b - at.c, at.c - at.a].map(|gradient| self.quantize(gradient));
        let sign = match gradients.iter().find(|gradient| **gradient != 0) {
            Some(first) => first.signum(),
            None => 1,
        };
        let q = gradients.iter().fold(0, |q, gradient| 9 * q + sign * gradient) as usize;
        // A.4.1: the median of three predictions.
        let predicted = if at.c >= at.a.max(at.b) {
            at.a.min(at.b)
        } else if at.c <= at.a.min(at.b) {
            at.a.max(at.b)
        } else {
            at.a + at.b - at.c
        };
        let prediction = (predicted + sign * self.c[q]).clamp(0, self.preset.maxval);
        let (reconstructed, error) = self.reconstruct(sign * (sample - prediction), prediction, sign);
        // A.5.1
        let k = (0..32u32).find(|k| self.n[q] << k >= self.a[q]).unwrap();
        // A.5.2
        let mapped = if self.preset.near == 0 && k == 0 && 2 * self.b[q] <= -self.n[q] {
            if error >= 0 { 2 * error + 1 } else { -2 * (error + 1) }
        } else if error >= 0 {
            2 * error
        } else {
            -2 * error - 1
        };
        self.golomb(mapped as u32, k, self.preset.limit());
        self.update(q, error);
        reconstructed
    }

    /// A.5.3: LG(k, limit).
    fn golomb(&mut self, value: u32, k: u32, limit: u32) {
        let bits = self.preset.quantized_bits();
        let zeros = limit - bits - 1;
        if value >> k < zeros {
            self.bits.put_bits(0, value >> k);
            self.bits.put(1);
            self.bits.put_bits(value, k);
        } else {
            self.bits.put_bits(0, zeros);
            self.bits.put(1);
            self.bits.put_bits(value - 1, bits);
        }
    }

    /// A.6
    fn update(&mut self, q: usize, error: i32) {
        self.b[q] += error * (2 * self.preset.near + 1);
        self.a[q] += error.abs();
        if self.n[q] == self.preset.reset {
            self.a[q] >>= 1;
            self.b[q] = if self.b[q] >= 0 { self.b[q] >> 1 } else { -((1 - self.b[q]) >> 1) };
            self.n[q] >>= 1;
        }
        self.n[q] += 1;
        if self.b[q] <= -self.n[q] {
            self.b[q] += self.n[q];
            self.c[q] = (self.c[q] - 1).max(-128);
            self.b[q] = self.b[q].max(-self.n[q] + 1);
        } else if self.b[q] > 0 {
            self.b[q] -= self.n[q];
            self.c[q] = (self.c[q] + 1).min(127);
            self.b[q] = self.b[q].min(0);
        }
    }

    /// A.7.1.2: codes the length of a run, which the end of the line ends, or another sample. Returns J of `RUNindex`
    /// before its last change.
    pub fn run(&mut self, mut length: usize, ends_line: bool, index: &mut usize) -> u32 {
        while length >= 1 << RUN_ORDERS[*index] {
            self.bits.put(1);
            length -= 1 << RUN_ORDERS[*index];
            *index = (*index + 1).min(31);
        }
        let order = RUN_ORDERS[*index];
        if !ends_line {
            self.bits.put(0);
            self.bits.put_bits(length as u32, order);
            *index = index.saturating_sub(1);
        } else if length > 0 {
            self.bits.put(1);
        }
        order
    }

    /// A.7.2: codes the sample that interrupts a run. `by_line` is whether `RItype` depends on Ra and Rb, as it does
    /// unless samples are interleaved.
    pub fn interruption(&mut self, sample: i32, a: i32, b: i32, by_line: bool, order: u32) -> i32 {
        let kind = usize::from(by_line && (a - b).abs() <= self.preset.near);
        let prediction = if kind == 1 { a } else { b };
        let sign = if kind == 0 && a > b { -1 } else { 1 };
        let (reconstructed, error) = self.reconstruct(sign * (sample - prediction), prediction, sign);
        let q = 365 + kind;
        let size = if kind == 0 { self.a[q] } else { self.a[q] + (self.n[q] >> 1) };
        let k = (0..32u32).find(|k| self.n[q] << k >= size).unwrap();
        let mostly_negative = 2 * self.nn[kind] >= self.n[q];
        let map = (k == 0 && error > 0 && !mostly_negative) || (error < 0 && (mostly_negative || k != 0));
        let mapped = 2 * error.abs() - kind as i32 - i32::from(map);
        self.golomb(mapped as u32, k, self.preset.limit() - order - 1);
        self.nn[kind] += i32::from(error < 0);
        self.a[q] += (mapped + 1 - kind as i32) >> 1;
        if self.n[q] == self.preset.reset {
            self.a[q] >>= 1;
            self.n[q] >>= 1;
            self.nn[kind] >>= 1;
        }
        self.n[q] += 1;
        reconstructed
    }
}

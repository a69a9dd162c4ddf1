//! The decoding of samples, by the text of Annexes A and F.

use super::bits::Bits;
use super::plain::Result;

/// A.7.1.1: the lengths of runs.
pub(crate) const J: [i64; 32] =
    [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// The coding parameters of a scan.
#[derive(Clone, Copy)]
pub(crate) struct Parameters {
    pub(crate) maxval: i64,
    pub(crate) near: i64,
    pub(crate) t1: i64,
    pub(crate) t2: i64,
    pub(crate) t3: i64,
    pub(crate) reset: i64,
}

/// The variables of a context (A.2.1).
#[derive(Clone, Copy)]
struct Context {
    a: i64,
    b: i64,
    c: i64,
    n: i64,
    nn: i64,
}

/// Ra, Rb, Rc and Rd.
#[derive(Clone, Copy)]
pub(crate) struct Neighbors(pub(crate) i64, pub(crate) i64, pub(crate) i64, pub(crate) i64);

/// A decoder of one interval.
pub(crate) struct Samples<'a> {
    pub(crate) bits: Bits<'a>,
    pub(crate) parameters: Parameters,
    range: i64,
    qbpp: i64,
    limit: i64,
    contexts: [Context; 367],
}

fn bits_for(values: i64) -> i64 {
    let mut bits = 0;
    while 1 << bits < values {
        bits += 1;
    }
    bits
}

impl<'a> Samples<'a> {
    pub(crate) fn new(parameters: Parameters, bits: Bits<'a>) -> Self {
        let Parameters { maxval, near, .. } = parameters;
        let range = (maxval + 2 * near) / (2 * near + 1) + 1;
        let bpp = i64::max(2, bits_for(maxval + 1));
        let a = i64::max(2, (range + 32) / 64);
        Self {
            bits,
            parameters,
            range,
            qbpp: bits_for(range),
            limit: 2 * (bpp + i64::max(8, bpp)),
            contexts: [Context { a, b: 0, c: 0, n: 1, nn: 0 }; 367],
        }
    }

    /// A.3.3: a gradient as a number from -4 to 4.
    fn region(&self, d: i64) -> i64 {
        let Parameters { near, t1, t2, t3, .. } = self.parameters;
        if d <= -t3 {
            -4
        } else if d <= -t2 {
            -3
        } else if d <= -t1 {
            -2
        } else if d < -near {
            -1
        } else if d <= near {
            0
        } else if d < t1 {
            1
        } else if d < t2 {
            2
        } else if d < t3 {
            3
        } else {
            4
        }
    }

    /// A.3.2: true in the run mode.
    pub(crate) fn is_flat(&self, Neighbors(a, b, c, d): Neighbors) -> bool {
        let near = self.parameters.near;
        (d - b).abs() <= near && (b - c).abs() <= near && (c - a).abs() <= near
    }

    /// A.5.3: the inverse of LG(k, limit).
    fn code(&mut self, k: i64, limit: i64) -> Result<i64> {
        let escape = limit - self.qbpp - 1;
        let mut zeros = 0;
        while self.bits.bit()? == 0 {
            zeros += 1;
            if zeros > escape {
                return Err("code".into());
            }
        }
        if zeros == escape { Ok(self.bits.take(self.qbpp)? + 1) } else { Ok(zeros << k | self.bits.take(k)?) }
    }

    /// A.4.5: the sample for a prediction and a signed, dequantized error.
    fn sample(&self, predicted: i64, error: i64) -> i64 {
        let Parameters { maxval, near, .. } = self.parameters;
        let mut sample = predicted + error;
        if sample < -near {
            sample += self.range * (2 * near + 1);
        } else if sample > maxval + near {
            sample -= self.range * (2 * near + 1);
        }
        sample.max(0).min(maxval)
    }

    /// A sample of the regular mode (A.4 to A.6).
    #[allow(clippy::many_single_char_names, reason = "the names of the standard")]
    pub(crate) fn regular(&mut self, Neighbors(a, b, c, d): Neighbors) -> Result<i64> {
        let Parameters { maxval, near, reset, .. } = self.parameters;
        let mut q = [self.region(d - b), self.region(b - c), self.region(c - a)];
        let sign = if q < [0; 3] { -1 } else { 1 };
        if sign < 0 {
            q = q.map(|region| -region);
        }
        let number = (81 * q[0] + 9 * q[1] + q[2]) as usize;
        let mut context = self.contexts[number];
        let mut predicted = if c >= a.max(b) {
            a.min(b)
        } else if c <= a.min(b) {
            a.max(b)
        } else {
            a + b - c
        };
        predicted = (predicted + sign * context.c).max(0).min(maxval);
        let mut k = 0;
        while context.n << k < context.a {
            k += 1;
        }
        let mapped = self.code(k, self.limit)?;
        if mapped / 2 > (self.range - 1) / 2 {
            return Err("error above RANGE".into());
        }
        let error = if near == 0 && k == 0 && 2 * context.b <= -context.n {
            if mapped % 2 == 1 { (mapped - 1) / 2 } else { -(mapped / 2) - 1 }
        } else if mapped % 2 == 0 {
            mapped / 2
        } else {
            -(mapped + 1) / 2
        };
        context.b += error * (2 * near + 1);
        context.a += error.abs();
        if context.n == reset {
            context.a /= 2;
            context.b = if context.b >= 0 { context.b / 2 } else { -((1 - context.b) / 2) };
            context.n /= 2;
        }
        context.n += 1;
        context.correct_bias();
        self.contexts[number] = context;
        Ok(self.sample(predicted, sign * error * (2 * near + 1)))
    }

    /// The sample after a run (A.7.2). `typed` is false if `RItype` is 0 for every sample.
    pub(crate) fn after_run(&mut self, a: i64, b: i64, typed: bool, j: i64) -> Result<i64> {
        let Parameters { near, reset, .. } = self.parameters;
        let ri_type = i64::from(typed && (a - b).abs() <= near);
        let mut context = self.contexts[365 + ri_type as usize];
        let temp = if ri_type == 0 { context.a } else { context.a + context.n / 2 };
        let mut k = 0;
        while context.n << k < temp {
            k += 1;
        }
        let mapped = self.code(k, self.limit - j - 1)?;
        if mapped > self.range {
            return Err("error above RANGE".into());
        }
        let map = (mapped + ri_type) % 2;
        let size = (mapped + ri_type + map) / 2;
        let positive_if_mapped = k == 0 && 2 * context.nn < context.n;
        let error = if (map == 1) == positive_if_mapped { size } else { -size };
        if error < 0 {
            context.nn += 1;
        }
        context.a += (mapped + 1 - ri_type) / 2;
        if context.n == reset {
            (context.a, context.n, context.nn) = (context.a / 2, context.n / 2, context.nn / 2);
        }
        context.n += 1;
        self.contexts[365 + ri_type as usize] = context;
        let predicted = if ri_type == 1 { a } else { b };
        let sign = if ri_type == 0 && a > b { -1 } else { 1 };
        Ok(self.sample(predicted, sign * error * (2 * near + 1)))
    }
}

impl Context {
    /// A.6.2
    fn correct_bias(&mut self) {
        if self.b <= -self.n {
            self.b += self.n;
            if self.c > -128 {
                self.c -= 1;
            }
            if self.b <= -self.n {
                self.b = -self.n + 1;
            }
        } else if self.b > 0 {
            self.b -= self.n;
            if self.c < 127 {
                self.c += 1;
            }
            if self.b > 0 {
                self.b = 0;
            }
        }
    }
}

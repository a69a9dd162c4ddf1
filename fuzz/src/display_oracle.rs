//! The equations of PS3.3 C.11.1, C.11.2.1.2, C.11.2.1.3 and C.7.9.2, one value at a time, as the standard states them.
#![allow(
    clippy::cast_precision_loss,
    clippy::float_cmp,
    clippy::manual_midpoint,
    reason = "an oracle, in float64 as it is written down"
)]

use dicomet_core::sample_type::SampleType;

/// A lookup table.
#[derive(Debug)]
pub struct Table {
    /// The first input value mapped.
    pub first: f64,
    /// The entries, one for each input value.
    pub entries: Vec<u16>,
    /// Bits of an entry.
    pub bits: u8,
}

impl Table {
    /// C.11.1.1: the entry for an input, whose fraction is discarded.
    fn at(&self, input: f64) -> u16 {
        let place = input - self.first;
        let mut found = self.entries[0];
        for (index, entry) in self.entries.iter().enumerate() {
            if place >= index as f64 {
                found = *entry;
            }
        }
        found
    }

    fn max_entry(&self) -> f64 {
        2f64.powi(self.bits.into()) - 1.0
    }
}

/// C.11.1.
#[derive(Debug)]
pub enum Modality {
    /// No transformation.
    Identity,
    /// Rescale Slope and Intercept.
    Rescale {
        /// (0028,1053).
        slope: f64,
        /// (0028,1052).
        intercept: f64,
    },
    /// Modality LUT Sequence.
    Table(Table),
}

/// C.11.2.1.3.
#[derive(Debug)]
#[allow(missing_docs)]
pub enum Window {
    Linear,
    LinearExact,
    Sigmoid,
}

/// C.11.2.
#[derive(Debug)]
pub enum Gray {
    /// Window Center and Width.
    Window {
        /// (0028,1050).
        center: f64,
        /// (0028,1051).
        width: f64,
        /// (0028,1056).
        kind: Window,
    },
    /// VOI LUT Sequence.
    Table(Table),
}

/// All steps from a stored value to a display value.
#[derive(Debug)]
pub struct Steps {
    /// The Modality LUT or rescale.
    pub modality: Modality,
    /// The VOI transformation to gray.
    pub gray: Option<Gray>,
    /// The palette; if there is a gray transformation too, only for values of at least its first.
    pub colors: Option<[Table; 3]>,
    /// Whether the lowest gray is the brightest.
    pub inverse: bool,
    /// The output value for black.
    pub low: f64,
    /// The output value for white.
    pub high: f64,
}

impl Steps {
    /// One number for gray, three for color.
    #[must_use]
    pub fn displayed(&self, stored: f64) -> Vec<f64> {
        let spread = |part: f64| part * (self.high - self.low) + self.low;
        match (&self.colors, &self.gray) {
            // NaN is not below the first value.
            (Some(colors), Some(gray)) if stored < colors[0].first => vec![self.gray(gray, stored); 3],
            (Some(colors), _) => {
                colors.iter().map(|table| spread(f64::from(table.at(stored)) / table.max_entry())).collect()
            }
            (None, Some(gray)) => vec![self.gray(gray, stored)],
            (None, None) => vec![self.measured(stored)],
        }
    }

    fn measured(&self, stored: f64) -> f64 {
        match &self.modality {
            Modality::Identity => stored,
            Modality::Rescale { slope, intercept } => slope * stored + intercept,
            Modality::Table(table) => f64::from(table.at(stored)),
        }
    }

    fn gray(&self, gray: &Gray, stored: f64) -> f64 {
        let (x, low, high) = (self.measured(stored), self.low, self.high);
        let y = match gray {
            Gray::Window { center: c, width: w, kind: Window::Linear } => {
                if x <= c - 0.5 - (w - 1.0) / 2.0 {
                    low
                } else if x > c - 0.5 + (w - 1.0) / 2.0 {
                    high
                } else {
                    ((x - (c - 0.5)) / (w - 1.0) + 0.5) * (high - low) + low
                }
            }
            Gray::Window { center: c, width: w, kind: Window::LinearExact } => {
                if x <= c - w / 2.0 {
                    low
                } else if x > c + w / 2.0 {
                    high
                } else {
                    ((x - c) / w + 0.5) * (high - low) + low
                }
            }
            Gray::Window { center: c, width: w, kind: Window::Sigmoid } => {
                (high - low) / (1.0 + (-4.0 * (x - c) / w).exp()) + low
            }
            Gray::Table(table) => {
                f64::from(table.at(x)).min(table.max_entry()) / table.max_entry() * (high - low) + low
            }
        };
        if self.inverse { low + high - y } else { y }
    }
}

/// Whether samples equal those numbers: integers rounded half up and clamped, floats to the last bit.
#[must_use]
pub fn agree(sample: SampleType, found: &[u8], expected: &[f64]) -> bool {
    let (low, high) = match sample {
        SampleType::Uint8 => (0.0, 255.0),
        SampleType::Int8 => (-128.0, 127.0),
        SampleType::Uint16 => (0.0, 65535.0),
        SampleType::Int16 => (-32768.0, 32767.0),
        SampleType::Uint32 => (0.0, 4_294_967_295.0),
        SampleType::Int32 => (-2_147_483_648.0, 2_147_483_647.0),
        // float64 rounds the highest value up to the next power of two.
        SampleType::Uint64 => (0.0, 2f64.powi(64)),
        SampleType::Int64 => (-(2f64.powi(63)), 2f64.powi(63)),
        SampleType::Float32 | SampleType::Float64 => (0.0, 0.0),
    };
    let numbers = found.chunks_exact(sample.bytes()).map(|word| number(sample, word));
    found.len() == expected.len() * sample.bytes()
        && numbers.zip(expected).all(|(found, expected)| match sample {
            SampleType::Float64 => found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan(),
            SampleType::Float32 => found == f64::from(*expected as f32) || found.is_nan() && expected.is_nan(),
            _ if expected.is_nan() => found == 0.0,
            // From 2^52 onward, float64 has no fractions.
            _ if expected.abs() >= 2f64.powi(52) => found == expected.clamp(low, high),
            _ => found == (expected + 0.5).floor().clamp(low, high),
        })
}

/// A word as a number.
#[must_use]
pub fn number(sample: SampleType, word: &[u8]) -> f64 {
    let mut bytes = [0; 8];
    bytes[..word.len()].copy_from_slice(word);
    // The oracle supports little-endian machines only.
    let low = u64::from_le_bytes(bytes);
    match sample {
        SampleType::Uint8 | SampleType::Uint16 | SampleType::Uint32 | SampleType::Uint64 => low as f64,
        SampleType::Int8 => f64::from(low as i8),
        SampleType::Int16 => f64::from(low as i16),
        SampleType::Int32 => f64::from(low as i32),
        SampleType::Int64 => low as i64 as f64,
        SampleType::Float32 => f64::from(f32::from_bits(low as u32)),
        SampleType::Float64 => f64::from_bits(low),
    }
}

/// C.7.9.2: the expansion of valid segments to `count` entries, or with `any` to at most that number.
#[must_use]
pub fn expanded(words: &[u16], wide: bool, count: usize, any: bool) -> Option<Vec<u16>> {
    let mut entries = Vec::new();
    let mut starts = Vec::new();
    let mut at = 0;
    // Data of odd length has a padding byte, which has no meaning.
    while at < words.len() && !(at + 1 == words.len() && (entries.len() == count || any)) {
        let length = usize::from(*words.get(at + 1)?);
        if words[at] == 2 {
            let offset: Vec<u64> = words.get(at + 2..)?.iter().copied().map(u64::from).collect();
            let (start, rest) = if wide {
                ((*offset.first()? + (*offset.get(1)? << 16)) / 2, 2)
            } else {
                (*offset.first()? + (*offset.get(1)? << 8) + (*offset.get(2)? << 16) + (*offset.get(3)? << 24), 4)
            };
            let first = starts.iter().position(|place| *place as u64 == start)?;
            for place in starts.get(first..first + length)? {
                segment(words, *place, &mut entries, count)?;
            }
            // A copy of zero segments may start at an indirect one.
            starts.push(at);
            at += 2 + rest;
        } else {
            starts.push(at);
            at = segment(words, at, &mut entries, count)?;
        }
    }
    (any || entries.len() == count).then_some(entries)
}

/// C.7.9.2.1 and C.7.9.2.2. `None` for an indirect segment, which cannot be copied.
fn segment(words: &[u16], at: usize, entries: &mut Vec<u16>, count: usize) -> Option<usize> {
    let length = usize::from(*words.get(at + 1)?);
    match words[at] {
        0 => entries.extend(words.get(at + 2..at + 2 + length)?),
        1 => {
            let (from, to) = (i64::from(*entries.last()?), i64::from(*words.get(at + 2)?));
            let steps = length as i64;
            for step in 1..=steps {
                // In fractions; halves are rounded to even.
                let numerator = from * steps + (to - from) * step;
                let (below, rest) = (numerator.div_euclid(steps), numerator.rem_euclid(steps));
                let up = 2 * rest > steps || 2 * rest == steps && below % 2 == 1;
                entries.push((below + i64::from(up)) as u16);
            }
        }
        _ => return None,
    }
    (entries.len() <= count).then_some(at + if words[at] == 0 { 2 + length } else { 3 })
}

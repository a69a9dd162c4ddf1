//! PS3.4 N.2: from stored values to those that are meant to be seen, or measured, in one step.
//!
//! What becomes of a stored value does not depend on its neighbours. For samples of up to 16 bits it is therefore worked
//! out once for each value that there can be, in float64, and then looked up; for wider ones, and for images of fewer
//! pixels than values, for each sample.

use crate::error::{Error, ErrorKind, Result, try_reserve};
use crate::image::{Image, SampleKind};
use crate::modality::Modality;
use crate::palette::Palette;
use crate::parallel::{self, Parallelism};
use crate::voi::{Range, Voi};

mod line;
mod sample;
use line::Line;
pub use sample::{Sample, extrema, histogram};

/// Values that are worked out together: a plain loop for each step, and all of them in the first-level cache.
const BLOCK: usize = if crate::SMALL_BUFFERS { 3 } else { 256 };

/// Samples that one thread takes at a time.
const BAND: usize = if crate::SMALL_BUFFERS { 7 } else { 1 << 17 };

/// What is made of a stored value.
#[derive(Debug, Clone, PartialEq)]
pub enum Look {
    /// The modality value itself.
    Value,
    /// Grey (PS3.3 C.11.2), or the other way round for MONOCHROME1 or Presentation LUT Shape INVERSE (C.11.6).
    Grey {
        /// What is seen.
        voi: Voi,
        /// The lowest value is the brightest.
        inverse: bool,
    },
    /// PALETTE COLOR (PS3.3 C.7.9).
    Palette(Palette),
    /// Supplemental Palette Color (PS3.3 C.7.6.19): colours from the palette's first value on, and grey below.
    Supplemental {
        /// The colours.
        palette: Palette,
        /// What is seen of the others.
        voi: Voi,
        /// Their lowest value is the brightest.
        inverse: bool,
    },
}

/// All that is done to a stored value.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// First, PS3.3 C.11.1.
    pub modality: Modality,
    /// Then.
    pub look: Look,
    /// Into these values, but for [`Look::Value`].
    pub range: Range,
    /// As numbers of this type, rounded half up where it is an integer.
    pub sample: Sample,
}

impl Pipeline {
    /// Samples of a pixel of the result: 1, or 3 for colours.
    #[must_use]
    pub fn samples(&self) -> usize {
        if matches!(self.look, Look::Value | Look::Grey { .. }) { 1 } else { 3 }
    }

    /// Writes what becomes of stored `values`, of which the contents are lost, to `out`.
    fn write(&self, values: &mut [f64], out: &mut [u8]) {
        match &self.look {
            Look::Value => {
                self.modality.apply(values);
                self.sample.write(values, out);
            }
            Look::Grey { voi, inverse } => {
                self.grey(values, voi, *inverse);
                self.sample.write(values, out);
            }
            Look::Palette(palette) => self.colors(values, palette, out),
            Look::Supplemental { palette, voi, inverse } => self.mixed(values, palette, voi, *inverse, out),
        }
    }

    fn grey(&self, values: &mut [f64], voi: &Voi, inverse: bool) {
        self.modality.apply(values);
        voi.apply(values, self.range);
        if inverse {
            self.range.invert(values);
        }
    }

    fn colors(&self, values: &[f64], palette: &Palette, out: &mut [u8]) {
        for (value, out) in values.iter().zip(out.chunks_exact_mut(3 * self.sample.bytes())) {
            let part = |entry| self.range.part(f64::from(entry) / f64::from(palette.max_entry()));
            self.sample.write(&palette.at(*value).map(part), out);
        }
    }

    fn mixed(&self, values: &mut [f64], palette: &Palette, voi: &Voi, inverse: bool, out: &mut [u8]) {
        self.colors(values, palette, out);
        for (value, out) in values.iter_mut().zip(out.chunks_exact_mut(3 * self.sample.bytes())) {
            if *value < palette.first() {
                self.grey(std::slice::from_mut(value), voi, inverse);
                self.sample.write(&[*value; 3], out);
            }
        }
    }
}

/// A pipeline for the samples of an image.
#[derive(Debug)]
pub struct Transform {
    pipeline: Pipeline,
    /// Of the samples as they come out of decoding.
    stored: Sample,
    /// What becomes of each stored value, by its bits. Empty where samples are worked out one by one.
    table: Vec<u8>,
    /// The same, where it is a line.
    line: Option<Line>,
}

impl Transform {
    /// Prepares `pipeline` for about so many `pixels` of `image`, whose samples have so many `bits` that may not be 0, or
    /// the sign.
    pub fn new(image: &Image, pipeline: Pipeline, bits: u8, pixels: u64) -> Result<Self> {
        let stored = Sample::of(image);
        if image.samples_per_pixel() != 1 && pipeline.samples() != 1 {
            return Err(Error::pixel_data(ErrorKind::Unsupported("a palette needs one sample per pixel")));
        }
        let mut transform = Self { pipeline, stored, table: Vec::new(), line: None };
        let bits = bits.clamp(1, 8 * stored.bytes() as u8);
        if stored.bytes() <= 2 && pixels >= 1 << bits {
            let (low, high) = stored_values(image.kind(), bits);
            transform.table = transform.worked_out((low, high))?;
            transform.line = transform.line_of(low, high)?;
        }
        Ok(transform)
    }

    /// An entry for each word that a sample can be, of which those from `low` to `high` occur.
    fn worked_out(&self, (low, high): (i32, i32)) -> Result<Vec<u8>> {
        let (bits, entry_bytes) = (8 * self.stored.bytes(), self.sample_bytes());
        let mut table = Vec::new();
        try_reserve(&mut table, entry_bytes << bits)?;
        table.resize(entry_bytes << bits, 0);
        // What lies below zero comes behind the others.
        for half in [low..0, 0..high + 1] {
            let first = half.start.cast_unsigned() as usize & ((1 << bits) - 1);
            let mut values = half.map(f64::from);
            for entries in table[first * entry_bytes..].chunks_mut(BLOCK * entry_bytes) {
                let mut block = [0.0; BLOCK];
                let count = block.iter_mut().zip(&mut values).map(|(place, value)| *place = value).count();
                self.pipeline.write(&mut block[..count], &mut entries[..count * entry_bytes]);
            }
        }
        Ok(table)
    }

    /// The line that a window is, from 16 bits to 8, in vector code.
    fn line_of(&self, low: i32, high: i32) -> Result<Option<Line>> {
        let Look::Grey { voi: voi @ Voi::Window(_), inverse } = &self.pipeline.look else { return Ok(None) };
        if self.stored.bytes() != 2 || self.pipeline.sample != Sample::Uint8 {
            return Ok(None);
        }
        let mut exact = Vec::new();
        try_reserve(&mut exact, (high - low).unsigned_abs() as usize + 1)?;
        exact.extend((low..=high).map(f64::from));
        self.pipeline.grey(&mut exact, voi, *inverse);
        Ok(Line::of(&self.table, self.stored == Sample::Int16, low, &exact))
    }

    /// Bytes that become of one stored sample.
    #[must_use]
    pub fn sample_bytes(&self) -> usize {
        self.pipeline.samples() * self.pipeline.sample.bytes()
    }

    /// The same on all cores, where that is worth their start.
    pub fn apply_as(&self, team: &Parallelism<'_>, stored: &[u8], out: &mut [u8]) -> Result<()> {
        let (bytes, words, results) = (out.len(), BAND * self.stored.bytes(), BAND * self.sample_bytes());
        let bands = out.chunks_mut(results).zip(stored.chunks(words));
        let work = |(): &mut (), (out, stored): (&mut [u8], &[u8])| {
            self.apply(stored, out);
            Ok::<_, Error>(())
        };
        parallel::map(team, bands, bytes, || (), work).map(drop)
    }

    fn work_out(&self, stored: &[u8], out: &mut [u8]) {
        let (words, results) = (BLOCK * self.stored.bytes(), BLOCK * self.sample_bytes());
        let mut values = [0.0; BLOCK];
        for (words, out) in stored.chunks(words).zip(out.chunks_mut(results)) {
            let values = &mut values[..words.len() / self.stored.bytes()];
            self.stored.read(words, values);
            self.pipeline.write(values, out);
        }
    }

    /// Makes `out` of the native words `stored`, as many as are there of both.
    pub fn apply(&self, stored: &[u8], out: &mut [u8]) {
        if self.table.is_empty() {
            return self.work_out(stored, out);
        }
        if let Some(line) = &self.line {
            return line.apply(stored, out);
        }
        let wide = self.stored.bytes() == 2;
        match self.sample_bytes() {
            1 => look_up::<1>(&self.table, stored, wide, out),
            2 => look_up::<2>(&self.table, stored, wide, out),
            3 => look_up::<3>(&self.table, stored, wide, out),
            4 => look_up::<4>(&self.table, stored, wide, out),
            6 => look_up::<6>(&self.table, stored, wide, out),
            8 => look_up::<8>(&self.table, stored, wide, out),
            12 => look_up::<12>(&self.table, stored, wide, out),
            // Colours as float64.
            _ => look_up::<24>(&self.table, stored, wide, out),
        }
    }
}

/// The lowest and the highest number of so many bits.
fn stored_values(kind: SampleKind, bits: u8) -> (i32, i32) {
    if kind == SampleKind::Signed { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) }
}

/// Copies the entry of `N` bytes for each of `words`.
fn look_up<const N: usize>(table: &[u8], words: &[u8], wide: bool, out: &mut [u8]) {
    let (table, out) = (table.as_chunks::<N>().0, out.as_chunks_mut::<N>().0);
    // With tables of known size no index has to be checked.
    if let (true, Some(table)) = (wide, table.first_chunk::<{ 1 << 16 }>()) {
        for (out, word) in out.iter_mut().zip(words.as_chunks::<2>().0) {
            *out = table[usize::from(u16::from_ne_bytes(*word))];
        }
    } else if let Some(table) = table.first_chunk::<{ 1 << 8 }>() {
        for (out, byte) in out.iter_mut().zip(words) {
            *out = table[usize::from(*byte)];
        }
    }
}

#[cfg(test)]
mod tests;

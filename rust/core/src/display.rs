//! PS3.4 N.2: maps stored values to display values or modality values, in one step.
//!
//! The result for a stored value does not depend on its neighbors. For samples of up to 16 bits it is therefore
//! computed once for each possible value, in float64, and then looked up. For wider samples, and for images with fewer
//! pixels than possible values, it is computed for each sample.

use crate::alloc::{try_with_capacity, zeroed};
use crate::error::{Error, ErrorKind, Result};
use crate::image::{Image, SampleKind};
use crate::modality::Modality;
use crate::palette::Palette;
use crate::parallel::{self, Parallelism};
use crate::sample_type::SampleType;
use crate::voi::{Range, Voi};

mod linear_ramp;
mod statistics;
use linear_ramp::LinearRamp;
pub use statistics::{extrema, histogram};

/// Values computed together: one plain loop for each step, with all values in the first-level cache.
const TILE_VALUES: usize = if crate::SMALL_BUFFERS { 3 } else { 256 };

/// Samples that one thread processes at a time.
const STRIP_SAMPLES: usize = if crate::SMALL_BUFFERS { 7 } else { 1 << 17 };

/// The rendering of a modality value.
#[derive(Debug, Clone, PartialEq)]
pub enum Rendering {
    /// The modality value itself.
    Value,
    /// Gray (PS3.3 C.11.2), or inverted for MONOCHROME1 or Presentation LUT Shape INVERSE (C.11.6).
    Gray {
        /// The window or VOI LUT.
        voi: Voi,
        /// The lowest value is the brightest.
        inverse: bool,
    },
    /// PALETTE COLOR (PS3.3 C.7.9).
    Palette(Palette),
    /// Supplemental Palette Color (PS3.3 C.7.6.19): colors for values from the palette's first value, gray below it.
    Supplemental {
        /// The colors.
        palette: Palette,
        /// The window or VOI LUT for values below the palette.
        voi: Voi,
        /// The lowest of these values is the brightest.
        inverse: bool,
    },
}

/// All steps from a stored value to a result.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// The first step, PS3.3 C.11.1.
    pub modality: Modality,
    /// The second step.
    pub rendering: Rendering,
    /// The range of the results; unused by [`Rendering::Value`].
    pub range: Range,
    /// The type of the results, rounded half up if it is an integer type.
    pub sample: SampleType,
}

impl Pipeline {
    /// Samples per pixel of the result: 1, or 3 for color.
    #[must_use]
    pub fn samples(&self) -> usize {
        if matches!(self.rendering, Rendering::Value | Rendering::Gray { .. }) { 1 } else { 3 }
    }

    /// Writes the results for stored `values` to `out`. The contents of `values` are overwritten.
    fn write(&self, values: &mut [f64], out: &mut [u8]) {
        match &self.rendering {
            Rendering::Value => {
                self.modality.apply(values);
                self.sample.write(values, out);
            }
            Rendering::Gray { voi, inverse } => {
                self.gray(values, voi, *inverse);
                self.sample.write(values, out);
            }
            Rendering::Palette(palette) => self.colors(values, palette, out),
            Rendering::Supplemental { palette, voi, inverse } => self.mixed(values, palette, voi, *inverse, out),
        }
    }

    fn gray(&self, values: &mut [f64], voi: &Voi, inverse: bool) {
        self.modality.apply(values);
        voi.apply(values, self.range);
        if inverse {
            self.range.invert(values);
        }
    }

    fn colors(&self, values: &[f64], palette: &Palette, out: &mut [u8]) {
        for (value, out) in values.iter().zip(out.chunks_exact_mut(3 * self.sample.bytes())) {
            let lerp = |entry| self.range.lerp(f64::from(entry) / f64::from(palette.max_entry()));
            self.sample.write(&palette.at(*value).map(lerp), out);
        }
    }

    fn mixed(&self, values: &mut [f64], palette: &Palette, voi: &Voi, inverse: bool, out: &mut [u8]) {
        self.colors(values, palette, out);
        for (value, out) in values.iter_mut().zip(out.chunks_exact_mut(3 * self.sample.bytes())) {
            if *value < palette.first() {
                self.gray(std::slice::from_mut(value), voi, inverse);
                self.sample.write(&[*value; 3], out);
            }
        }
    }
}

/// A pipeline prepared for the samples of an image.
#[derive(Debug)]
pub struct Transform {
    pipeline: Pipeline,
    /// The type of the decoded samples.
    stored: SampleType,
    /// The result for each stored value, indexed by its bits. Empty if results are computed for each sample.
    table: Vec<u8>,
    /// The same function as a linear ramp, if it is one.
    ramp: Option<LinearRamp>,
}

impl Transform {
    /// Prepares `pipeline` for `image`. `bits`: the significant bits per sample, including the sign bit. `pixels`: the
    /// expected number of pixels, which decides whether a lookup table pays off.
    pub fn new(image: &Image, pipeline: Pipeline, bits: u8, pixels: u64) -> Result<Self> {
        let stored = SampleType::of(image);
        if image.samples_per_pixel() != 1 && pipeline.samples() != 1 {
            return Err(Error::pixel_data(ErrorKind::Unsupported("a palette needs one sample per pixel")));
        }
        let mut transform = Self { pipeline, stored, table: Vec::new(), ramp: None };
        let bits = bits.clamp(1, 8 * stored.bytes() as u8);
        if stored.bytes() <= 2 && pixels >= 1 << bits {
            let (low, high) = stored_values(image.kind(), bits);
            transform.table = transform.build_table((low, high))?;
            transform.ramp = transform.linear_ramp(low, high)?;
        }
        Ok(transform)
    }

    /// Builds a table with an entry for each sample word; only those from `low` to `high` occur.
    fn build_table(&self, (low, high): (i32, i32)) -> Result<Vec<u8>> {
        let (bits, entry_bytes) = (8 * self.stored.bytes(), self.sample_bytes());
        let mut table = zeroed(entry_bytes << bits)?;
        // Negative values follow the others.
        for half in [low..0, 0..high + 1] {
            let first = half.start.cast_unsigned() as usize & ((1 << bits) - 1);
            let mut values = half.map(f64::from);
            for entries in table[first * entry_bytes..].chunks_mut(TILE_VALUES * entry_bytes) {
                let mut tile = [0.0; TILE_VALUES];
                let count = tile.iter_mut().zip(&mut values).map(|(place, value)| *place = value).count();
                self.pipeline.write(&mut tile[..count], &mut entries[..count * entry_bytes]);
            }
        }
        Ok(table)
    }

    /// Returns the linear ramp of a window, from 16 bits to 8, which runs as vector code.
    fn linear_ramp(&self, low: i32, high: i32) -> Result<Option<LinearRamp>> {
        let Rendering::Gray { voi: voi @ Voi::Window(_), inverse } = &self.pipeline.rendering else { return Ok(None) };
        if self.stored.bytes() != 2 || self.pipeline.sample != SampleType::Uint8 {
            return Ok(None);
        }
        let mut exact = try_with_capacity((high - low).unsigned_abs() as usize + 1)?;
        exact.extend((low..=high).map(f64::from));
        self.pipeline.gray(&mut exact, voi, *inverse);
        Ok(LinearRamp::of(&self.table, self.stored == SampleType::Int16, low, &exact))
    }

    /// Bytes of the result for one stored sample.
    #[must_use]
    pub fn sample_bytes(&self) -> usize {
        self.pipeline.samples() * self.pipeline.sample.bytes()
    }

    /// Same as [`Self::apply`], on all cores if the work justifies starting threads.
    pub fn apply_parallel(&self, parallelism: &Parallelism<'_>, stored: &[u8], out: &mut [u8]) -> Result<()> {
        let (bytes, words, results) =
            (out.len(), STRIP_SAMPLES * self.stored.bytes(), STRIP_SAMPLES * self.sample_bytes());
        let strips = out.chunks_mut(results).zip(stored.chunks(words));
        let work = |(): &mut (), (out, stored): (&mut [u8], &[u8])| {
            self.apply(stored, out);
            Ok::<_, Error>(())
        };
        parallel::map(parallelism, strips, bytes, || (), work).map(drop)
    }

    fn map_samples(&self, stored: &[u8], out: &mut [u8]) {
        let (words, results) = (TILE_VALUES * self.stored.bytes(), TILE_VALUES * self.sample_bytes());
        let mut values = [0.0; TILE_VALUES];
        for (words, out) in stored.chunks(words).zip(out.chunks_mut(results)) {
            let values = &mut values[..words.len() / self.stored.bytes()];
            self.stored.read(words, values);
            self.pipeline.write(values, out);
        }
    }

    /// Writes the results for the native words `stored` to `out`, until either ends.
    pub fn apply(&self, stored: &[u8], out: &mut [u8]) {
        if self.table.is_empty() {
            return self.map_samples(stored, out);
        }
        if let Some(ramp) = &self.ramp {
            return ramp.apply(stored, out);
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
            // Color as float64.
            _ => look_up::<24>(&self.table, stored, wide, out),
        }
    }
}

/// Returns the lowest and the highest number of `bits` bits.
fn stored_values(kind: SampleKind, bits: u8) -> (i32, i32) {
    if kind == SampleKind::Signed { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) }
}

/// Copies the entry of `N` bytes for each of `words`.
fn look_up<const N: usize>(table: &[u8], words: &[u8], wide: bool, out: &mut [u8]) {
    let (table, out) = (table.as_chunks::<N>().0, out.as_chunks_mut::<N>().0);
    // With tables of constant size, the index needs no bounds check.
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

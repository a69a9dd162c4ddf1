//! The decoder: from the headers, through tiles, to the rows of the image.

use std::ops::Range;

use dicomet_codec::{Budget, RowSink, Sample, StopCheck, check_stop};

use crate::boxes::find_codestream;
use crate::codestream::Codestream;
use crate::components::Target;
use crate::context::Context;
use crate::emit::Emitter;
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::Rect;
use crate::info::ImageInfo;
use crate::prepare::PreparedTile;
use crate::siz::Component;
use crate::strips::strips;
use crate::tile::precincts;
use crate::tile_data::{ReadOptions, check_precincts};
use crate::warning::Warning;

/// Any codestream may have as many samples: a packet of one byte can tell that up to 2^30 samples are 0, so that an image of one
/// value needs little more than its headers.
const FREE_SAMPLES: u64 = 1 << 26;
/// Each byte may stand for as many more.
const SAMPLES_PER_BYTE: u64 = 1 << 14;
/// Any codestream may have as many tile-components, without samples too; each byte may stand for one more.
const FREE_TILE_COMPONENTS: u64 = 1 << 18;
/// Any row of tiles may have as many resolutions: those of a slide with 700 tiles of three components and 30 levels. Each takes
/// some memory while the row is decoded (1.2 KB on 64 bits).
const FREE_RESOLUTIONS: u64 = 1 << 16;
/// Bytes of the codestream for each further resolution of a row of tiles.
const BYTES_PER_RESOLUTION: u64 = 64;
/// An image with fewer samples is decoded by the caller's thread alone.
const MIN_SAMPLES_PER_THREAD: u64 = if crate::SMALL_BUFFERS { 1 } else { 1 << 14 };

/// What to do if data of a tile is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnTruncation {
    /// An error.
    #[default]
    Error,
    /// Decode what there is, with [`Warning::Truncated`].
    Decode,
}

/// Limits and choices of a decoder.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    /// Limit of the memory that the decoder allocates. None for no limit other than that of the image's size.
    pub max_memory: Option<u64>,
    /// Threads for one image. 0 is the same as 1.
    pub workers: usize,
    /// Called before each code-block and every few rows; true ends decoding with [`ErrorKind::Interrupted`].
    pub stop: Option<StopCheck<'a>>,
    /// The number of resolution levels to discard: each halves the size of the result, which takes a quarter of the time.
    pub reduce: u8,
    /// What to do if data of a tile is missing.
    pub on_truncation: OnTruncation,
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { max_memory, workers, reduce, on_truncation, .. } = self;
        f.debug_struct("Options")
            .field("max_memory", max_memory)
            .field("workers", workers)
            .field("reduce", reduce)
            .field("on_truncation", on_truncation)
            .finish_non_exhaustive()
    }
}

/// A codestream whose main header has been read.
pub struct Decoder<'a> {
    codestream: Codestream<'a>,
    options: Options<'a>,
    info: ImageInfo,
    warnings: Vec<Warning>,
}

impl std::fmt::Debug for Decoder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").field("info", &self.info).finish_non_exhaustive()
    }
}

/// A component of the result, at its own size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentPlane<T> {
    /// Column of the first sample, in the component's own grid (B-2): not 0 if the image has an offset.
    pub x0: u32,
    /// Row of the first sample.
    pub y0: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The samples, row by row.
    pub samples: Vec<T>,
}

/// A sample of a [`ComponentPlane`]: `i32` for precisions up to 31 bits, or `i64`. No other type can implement it.
#[allow(private_bounds, reason = "seals the trait")]
pub trait PlaneSample: Target {
    /// The highest precision.
    const PRECISION: u8;
}

impl PlaneSample for i32 {
    const PRECISION: u8 = 31;
}

impl PlaneSample for i64 {
    const PRECISION: u8 = 38;
}

/// A sample of rows: `u8` or `u16`.
#[allow(private_bounds, reason = "seals the trait")]
pub trait RowSample: Sample + Target {}

impl RowSample for u8 {}
impl RowSample for u16 {}

impl<'a> Decoder<'a> {
    /// Reads the main header of a codestream, or of that in a JP2 or JPH file, and finds its tile-parts.
    ///
    /// An error means that the headers are malformed, describe more samples than the data can hold, or have extensions that
    /// this crate does not decode ([`Error::unsupported`]).
    pub fn new(data: &'a [u8]) -> Result<Self> {
        Self::with_options(data, Options::default())
    }

    /// As [`Decoder::new`], with options.
    pub fn with_options(data: &'a [u8], options: Options<'a>) -> Result<Self> {
        let mut warnings = Vec::new();
        let range = find_codestream(data, &mut warnings).ok_or_else(|| Error::new(ErrorKind::NotJpeg2000, 0))?;
        let codestream = Codestream::new(data, range, &mut warnings)?;
        check_length(&codestream)?;
        if options.on_truncation == OnTruncation::Error {
            check_tiles(&codestream)?;
        }
        check_headers_of_tiles(&codestream, options.on_truncation)?;
        let info = ImageInfo::new(&codestream, options.reduce.min(32));
        if options.reduce > info.levels {
            let expected = "at most the decomposition levels of the image";
            return Err(Error::argument("reduce", options.reduce.into(), expected));
        }
        Ok(Self { codestream, options, info, warnings })
    }

    /// The parameters of the image in the headers.
    #[must_use]
    pub fn info(&self) -> &ImageInfo {
        &self.info
    }

    /// Decodes the image and passes its rows to `sink`, from the first to the last, on any thread.
    ///
    /// Samples are those after the inverse of the multiple component transformation of the codestream, if it has one; other
    /// colors are not converted. `S` is `u8` for precisions up to 8 bits, else `u16`; samples of signed components are in
    /// two's complement with all its bits. The components must have one size, 16 bits at most, and there may be three: see
    /// [`Decoder::decode_planes`] for others. Returns warnings about tolerated deviations. After an error the rows that the
    /// sink has received must not be used.
    ///
    /// With several threads, [`Decoder::decode_strips`] is faster, because only one thread at a time passes rows to a sink.
    pub fn decode<S: RowSample>(
        &self,
        context: &mut Context,
        sink: &mut (dyn RowSink<S> + Send),
    ) -> Result<Vec<Warning>> {
        self.check_rows::<S>()?;
        let emitter = self.emitter();
        self.decode_tiles(context, |row, tiles, context, budget, warnings| {
            let rows = 0..self.rows_of_tiles(row).len();
            emitter.emit(tiles, vec![(rows, &mut *sink)], context, budget, warnings)
        })
    }

    /// The rows of the strips that threads decode independently of each other, from the first to the last. With one thread, a
    /// strip is a row of tiles.
    #[must_use]
    pub fn strips(&self) -> Vec<Range<u32>> {
        let of_tiles = |row| {
            let rows = self.rows_of_tiles(row);
            let strip = move |strip: Range<usize>| rows.start + strip.start as u32..rows.start + strip.end as u32;
            strips(rows.len(), self.workers()).map(strip)
        };
        (0..self.codestream.siz.tiles_high()).flat_map(of_tiles).collect()
    }

    /// Decodes the image as [`Decoder::decode`] does, and passes the rows of each of the [`Decoder::strips`] to a sink of its
    /// own, in the same order. It is an error if there are more or fewer sinks. The number of strips changes neither the samples
    /// nor whether there is another error.
    pub fn decode_strips<S: RowSample, K: RowSink<S> + Send>(
        &self,
        context: &mut Context,
        sinks: &mut [K],
    ) -> Result<Vec<Warning>> {
        self.check_rows::<S>()?;
        if sinks.len() != self.strips().len() {
            return Err(Error::argument("sinks", sinks.len() as u64, "one for each strip"));
        }
        let emitter = self.emitter();
        let mut sinks = sinks.iter_mut();
        self.decode_tiles(context, |row, tiles, context, budget, warnings| {
            let strips = strips(self.rows_of_tiles(row).len(), self.workers()).zip(&mut sinks).collect();
            emitter.emit(tiles, strips, context, budget, warnings)
        })
    }

    /// Decodes all components at their own sizes.
    pub fn decode_planes<T: PlaneSample>(
        &self,
        context: &mut Context,
    ) -> Result<(Vec<ComponentPlane<T>>, Vec<Warning>)> {
        let components = &self.codestream.siz.components;
        if let Some(component) = components.iter().find(|component| component.precision > T::PRECISION) {
            let (found, expected) = (size_of::<T>() as u32 * 8, u32::from(component.precision) + 1);
            return Err(Error::new(ErrorKind::SampleType { found, expected }, 0));
        }
        let mut budget = Budget::new(self.options.max_memory);
        let mut planes = Vec::new();
        for component in 0..components.len() {
            let area = self.codestream.siz.component_area(component, self.options.reduce);
            let mut samples = Vec::new();
            let count = usize::try_from(area.area()).unwrap_or(usize::MAX);
            budget.grow(&mut samples, count)?;
            planes.push((area, samples));
        }
        let emitter = self.emitter();
        let warnings = self.decode_tiles(context, |_, tiles, context, budget, warnings| {
            emitter.write_planes(tiles, context, budget, &mut planes, warnings)
        })?;
        let plane = |(area, samples): (Rect, Vec<T>)| ComponentPlane {
            x0: area.x0,
            y0: area.y0,
            width: area.width() as u32,
            height: area.height() as u32,
            samples,
        };
        Ok((planes.into_iter().map(plane).collect(), warnings))
    }

    fn emitter(&self) -> Emitter<'_> {
        let siz = &self.codestream.siz;
        let area = siz.component_area(0, self.options.reduce);
        Emitter { area, components: &siz.components, options: &self.options, workers: self.workers() }
    }

    /// The rows of the image in a row of tiles.
    fn rows_of_tiles(&self, row: u32) -> Range<u32> {
        let (siz, reduce) = (&self.codestream.siz, self.options.reduce);
        let Component { dx, dy, .. } = siz.components[0];
        let tile = siz.tile(0, row).subsampled(dx.into(), dy.into()).reduced(reduce);
        let first = siz.component_area(0, reduce).y0;
        tile.y0 - first..tile.y1.max(tile.y0) - first
    }

    fn workers(&self) -> usize {
        let samples = u64::from(self.info.width) * u64::from(self.info.height) * self.info.components.len() as u64;
        let worth = usize::try_from(samples / MIN_SAMPLES_PER_THREAD).unwrap_or(usize::MAX);
        self.options.workers.min(worth).max(1)
    }

    /// An error unless the image can be decoded as rows of `S`.
    fn check_rows<S: RowSample>(&self) -> Result<()> {
        let expected = self.info.row_sample_bits().map_err(|what| Error::unsupported_at(what, 0))?;
        let found = S::BITS;
        if found == expected { Ok(()) } else { Err(Error::new(ErrorKind::SampleType { found, expected }, 0)) }
    }

    /// Reads the packets of all tiles, a row of tiles at a time, and passes them to `emit`.
    fn decode_tiles(
        &self,
        context: &mut Context,
        mut emit: impl FnMut(u32, &[PreparedTile<'a>], &mut Context, Budget, &mut Vec<Warning>) -> Result<()>,
    ) -> Result<Vec<Warning>> {
        let siz = &self.codestream.siz;
        let options = ReadOptions { on_truncation: self.options.on_truncation, reduce: self.options.reduce };
        let mut warnings = self.warnings.clone();
        for row in 0..siz.tiles_high() {
            // Each row of tiles has the memory of the one before.
            let mut budget = Budget::new(self.options.max_memory);
            let mut tiles = Vec::with_capacity(siz.tiles_wide() as usize);
            for column in 0..siz.tiles_wide() {
                check_stop(self.options.stop)?;
                tiles.push(PreparedTile::new(&self.codestream, (column, row), options, &mut budget, &mut warnings)?);
            }
            emit(row, &tiles, context, budget, &mut warnings)?;
        }
        Ok(warnings)
    }
}

/// The fewest bytes of a codestream of this number of samples that [`Decoder::new`] accepts.
#[must_use]
pub fn min_bytes(samples: u64) -> u64 {
    samples.saturating_sub(FREE_SAMPLES).div_ceil(SAMPLES_PER_BYTE)
}

/// An error if there are fewer bytes than the image needs, so that the caller allocates no result that cannot be filled.
fn check_length(codestream: &Codestream<'_>) -> Result<()> {
    let (siz, found) = (&codestream.siz, codestream.bytes() as u64);
    let samples: u64 =
        (0..siz.components.len()).map(|component| siz.component_area(component, 0).area()).fold(0, u64::saturating_add);
    let tile_components = siz.tile_count() * siz.components.len() as u64;
    let expected = min_bytes(samples).max(tile_components.saturating_sub(FREE_TILE_COMPONENTS));
    if found < expected {
        return Err(Error::new(ErrorKind::TooShort { name: "codestream", found, expected }, 0));
    }
    Ok(())
}

/// An error if a tile has fewer bytes than packets of a layer, unless data may be missing, or if a row of tiles has more
/// resolutions than the codestream can justify, as narrow tiles with many levels have.
fn check_headers_of_tiles(codestream: &Codestream<'_>, on_truncation: OnTruncation) -> Result<()> {
    let (siz, found) = (&codestream.siz, codestream.bytes() as u64);
    for row in 0..siz.tiles_high() {
        let mut resolutions = 0;
        for column in 0..siz.tiles_wide() {
            let number = row * siz.tiles_wide() + column;
            let (parameters, source) = codestream.tile(number)?;
            if on_truncation == OnTruncation::Error {
                check_precincts(number, precincts(siz, column, row, &parameters), &source, on_truncation)?;
            }
            resolutions += parameters.resolutions();
        }
        let expected = resolutions.saturating_sub(FREE_RESOLUTIONS) * BYTES_PER_RESOLUTION;
        if found < expected {
            return Err(Error::new(ErrorKind::TooShort { name: "codestream", found, expected }, 0));
        }
    }
    Ok(())
}

/// An error if a tile has no tile-part.
fn check_tiles(codestream: &Codestream<'_>) -> Result<()> {
    let missing = (0..codestream.siz.tile_count() as u32).find(|tile| !codestream.has_tile(*tile));
    match missing {
        Some(tile) => Err(Error::new(ErrorKind::TileMissing, codestream.bytes()).in_tile(tile)),
        None => Ok(()),
    }
}

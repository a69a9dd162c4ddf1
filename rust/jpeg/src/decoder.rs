//! The decoder: from the headers, through the scans, to the rows of the image.

use std::ops::Range;

use crate::context::{Context, Pooled};
use crate::emit::{CARRIED_ROWS, Emitter};
use crate::error::{Error, ErrorKind, Result};
use crate::frame::{FrameInfo, Process};
use crate::geometry::Geometry;
use crate::idct::LANES;
use crate::narrow::Narrow;
use crate::parser::{Event, Parser};
use crate::plan::{ScanPlan, ScanStart};
use crate::progressive::ProgressiveFrame;
use crate::row_buffer::RowBuffer;
use crate::sample::Sample;
use crate::scans::SpatialScans;
use crate::split::Split;
use crate::warning::Warning;
use dicomet_codec::{Budget, RowSink, StopCheck, check_stop};

/// Lossless samples between two calls of the sink: few enough for the first-level cache.
const LOSSLESS_BAND_SAMPLES: usize = 1 << 14;

/// Limits of a decoder.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    /// Limit of the memory that the decoder allocates: rows, and the coefficients of a progressive frame. None for no limit
    /// other than that of the codestream's length.
    pub max_memory: Option<u64>,
    /// Threads for one image: with 2 or more, a second one decodes the later part of a long lossless scan without restart
    /// markers. No thread is started for shorter scans. It allocates up to 2 MB, which do not count towards `max_memory`. 0 is
    /// the same as 1.
    pub workers: usize,
    /// Called before each row of MCUs; true ends decoding with [`ErrorKind::Interrupted`].
    pub stop: Option<StopCheck<'a>>,
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("max_memory", &self.max_memory).finish_non_exhaustive()
    }
}

impl Options<'_> {
    pub(crate) fn check(&self) -> Result<()> {
        Ok(check_stop(self.stop)?)
    }
}

/// A codestream whose headers have been read.
pub struct Decoder<'a> {
    pub(crate) data: &'a [u8],
    options: Options<'a>,
    pub(crate) info: FrameInfo,
    pub(crate) geometry: Geometry,
    /// Its state after the first scan header.
    parser: Parser<'a>,
    first: ScanStart,
}

impl std::fmt::Debug for Decoder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").field("info", &self.info).finish_non_exhaustive()
    }
}

impl<'a> Decoder<'a> {
    /// Reads the headers up to the first scan.
    ///
    /// An error means that they are malformed, describe more samples than the codestream can hold, or describe a process that
    /// this crate does not decode ([`Error::unsupported`]).
    pub fn new(data: &'a [u8]) -> Result<Self> {
        Self::with_options(data, Options::default())
    }

    /// As [`Decoder::new`], with limits.
    pub fn with_options(data: &'a [u8], options: Options<'a>) -> Result<Self> {
        let mut parser = Parser::new(data)?;
        let Some((first, info)) = first_scan(&mut parser)? else {
            let kind = ErrorKind::EndOfData { expected: "a scan" };
            return Err(Error::new(kind, parser.position));
        };
        let geometry = Geometry::new(&info);
        check_length(data.len() - first.data, &info, &geometry)
            .map_err(|kind| Error::new(kind, first.data).in_scan(0))?;
        Ok(Self { data, options, info, geometry, parser, first })
    }

    /// The parameters of the image in the headers.
    #[must_use]
    pub fn info(&self) -> &FrameInfo {
        &self.info
    }

    /// Decodes the image and passes its rows to `sink`, from the first to the last.
    ///
    /// Samples are those of the coded components, such as YCbCr: colors are not converted. `S` is `u8` for
    /// precisions up to 8 bits, else `u16`. Returns warnings about tolerated deviations. After an error the rows that the sink
    /// has received must not be used.
    pub fn decode<S: Sample>(&self, context: &mut Context, sink: &mut dyn RowSink<S>) -> Result<Vec<Warning>> {
        self.decode_rows(0..self.info.height, context, sink)
    }

    /// As [`Decoder::decode`], for a range of rows. An error in a later part of the codestream need not be found.
    pub fn decode_rows<S: Sample>(
        &self,
        rows: Range<u32>,
        context: &mut Context,
        sink: &mut dyn RowSink<S>,
    ) -> Result<Vec<Warning>> {
        self.check_type::<S>()?;
        let height = self.info.height;
        if rows.start > rows.end || rows.end > height {
            return Err(Error::new(ErrorKind::Rows { start: rows.start, end: rows.end, height }, 0));
        }
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        S::decode_rows(self, rows.start as usize..rows.end as usize, context, sink)
    }

    /// Decodes rows that exist.
    pub(crate) fn decode_existing_rows<S: Sample>(
        &self,
        wanted: Range<usize>,
        context: &mut Context,
        sink: &mut dyn RowSink<S>,
    ) -> Result<Vec<Warning>> {
        match self.info.process {
            Process::Progressive => self.decode_progressive(wanted, context, sink),
            _ => self.decode_part(wanted, &self.plan()?, &[], context, sink),
        }
    }

    /// Divides the image into at most `parts` parts, which any thread can decode.
    ///
    /// This searches the data for restart markers, in a few percent of the time of decoding; not at all if the scans have no
    /// restart intervals.
    pub fn split(&self, parts: usize) -> Result<Split<'_, 'a>> {
        Split::new(self, parts)
    }

    /// Finds the scans of a sequential or lossless frame.
    pub(crate) fn plan(&self) -> Result<ScanPlan<'a>> {
        ScanPlan::new(self.data, &self.parser, &self.first, &self.info)
    }

    /// The sequential and lossless processes: rows are finished while the scans are decoded. `restarts` has the offsets of
    /// each scan's restart markers, to begin with those before the first row; or nothing.
    pub(crate) fn decode_part<S: Sample>(
        &self,
        wanted: Range<usize>,
        plan: &ScanPlan<'a>,
        restarts: &[Vec<usize>],
        context: &mut Context,
        sink: &mut dyn RowSink<S>,
    ) -> Result<Vec<Warning>> {
        let mut budget = Budget::new(self.options.max_memory);
        let mut scans = SpatialScans::<S>::new(self.data, plan, &self.info, &self.geometry, context, &mut budget)?;
        let emitter = self.emitter(scans.shifts.clone(), wanted.clone(), &mut budget)?;
        let mut first = 0;
        if !restarts.is_empty() {
            // Interpolated rows depend on the row before.
            let row = (wanted.start / self.geometry.mcu_rows()).saturating_sub(usize::from(emitter.needs_neighbors()));
            first = scans.seek(row, restarts);
        }
        let two_threads = self.options.workers > 1 && restarts.is_empty() && scans.gain_from_a_thread();
        let work = |scans: &mut SpatialScans<'a, S>| {
            let decode = |row, buffers: &mut [RowBuffer<S>]| scans.decode_row(row, buffers);
            self.run(decode, first, emitter, context, &mut budget, sink)
        };
        let mut warnings = if two_threads {
            std::thread::scope(|scope| {
                scans.start_thread(scope);
                let decoded = work(&mut scans);
                scans.stop_thread();
                decoded
            })
        } else {
            work(&mut scans)
        }?;
        if wanted.end == self.geometry.height {
            scans.finish(&mut plan.parser.clone(), &mut warnings)?;
        } else {
            scans.pause(&mut warnings)?;
        }
        Ok(warnings)
    }

    /// Decodes lossless samples of up to 8 bits with 16 bits. `decode` passes the rows to the sink that it receives.
    pub(crate) fn decode_narrowed(
        &self,
        context: &mut Context,
        sink: &mut dyn RowSink<u8>,
        decode: impl FnOnce(&mut Context, &mut dyn RowSink<u16>) -> Result<Vec<Warning>>,
    ) -> Result<Vec<Warning>> {
        let mut budget = Budget::new(self.options.max_memory);
        let rows = band_height(&self.geometry) * self.geometry.mcu_rows() + CARRIED_ROWS;
        let mut planes = [const { Vec::new() }; 3];
        for plane in planes.iter_mut().take(self.info.components.len()) {
            *plane = u8::take_memory(context);
            budget.grow(plane, rows * self.geometry.width)?;
        }
        let mut narrow = Narrow::new(sink, planes);
        let decoded = decode(context, &mut narrow);
        narrow.into_memory().into_iter().rev().for_each(|plane| u8::keep_memory(context, plane));
        decoded
    }

    /// The progressive process: all scans first, then the rows.
    fn decode_progressive<S: Sample>(
        &self,
        wanted: Range<usize>,
        context: &mut Context,
        sink: &mut dyn RowSink<S>,
    ) -> Result<Vec<Warning>> {
        let mut budget = Budget::new(self.options.max_memory);
        let mut parser = self.parser.clone();
        let mut warnings = Vec::new();
        let mut frame = ProgressiveFrame::new(self.data, &self.info, &self.geometry, context, &mut budget)?;
        frame.decode_scans(&mut parser, &self.first, context, &self.options, &mut warnings)?;
        let emitter = self.emitter(vec![0; self.info.components.len()], wanted, &mut budget)?;
        let mut tile = [[[S::default(); 8]; LANES]; 8];
        let transform = |row, buffers: &mut [RowBuffer<S>]| {
            frame.transform_row(row, &mut tile, buffers);
            Ok(())
        };
        self.run(transform, 0, emitter, context, &mut budget, sink)?;
        frame.keep_memory(context);
        Ok(warnings)
    }

    pub(crate) fn check_type<S: Sample>(&self) -> Result<()> {
        let (found, expected) = (S::BITS, self.info.sample_bits());
        if found == expected { Ok(()) } else { Err(Error::new(ErrorKind::SampleType { found, expected }, 0)) }
    }

    fn emitter<S: Sample>(&self, shifts: Vec<u8>, wanted: Range<usize>, budget: &mut Budget) -> Result<Emitter<S>> {
        let band_rows = band_height(&self.geometry) * self.geometry.mcu_rows();
        Emitter::new(&self.info, &self.geometry, shifts, band_rows, wanted, budget)
    }

    /// Passes the requested rows to the sink, band by band. `decode` decodes a row of MCUs, starting with row `first`, into the
    /// components' buffers.
    fn run<S: Sample>(
        &self,
        mut decode: impl FnMut(usize, &mut [RowBuffer<S>]) -> Result<()>,
        first: usize,
        mut emitter: Emitter<S>,
        context: &mut Context,
        budget: &mut Budget,
        sink: &mut dyn RowSink<S>,
    ) -> Result<Vec<Warning>> {
        let geometry = &self.geometry;
        let band = band_height(geometry);
        let mut buffers = self.buffers::<S>(band, first, context, budget)?;
        for first in (first..geometry.mcus_high).step_by(band) {
            if emitter.is_done() {
                break;
            }
            self.options.check()?;
            let end = (first + band).min(geometry.mcus_high);
            for row in first..end {
                decode(row, &mut buffers)?;
            }
            emitter.emit(end * geometry.mcu_rows(), &buffers, sink);
            for (component, buffer) in buffers.iter_mut().enumerate() {
                let decoded = end * geometry.planes[component].vertical * geometry.unit;
                buffer.advance(emitter.first_needed(component).min(decoded - 1), decoded);
            }
        }
        buffers.into_iter().rev().for_each(|buffer| S::keep_memory(context, buffer.into_memory()));
        let precision = self.info.precision;
        Ok(if emitter.exceeds { vec![Warning::ExceedsPrecision { precision }] } else { Vec::new() })
    }

    /// Memory for the rows of a band of `band` rows of MCUs, starting with row `first`, and for those that are carried over.
    fn buffers<S: Sample>(
        &self,
        band: usize,
        first: usize,
        context: &mut Context,
        budget: &mut Budget,
    ) -> Result<Vec<RowBuffer<S>>> {
        let geometry = &self.geometry;
        let buffer = |(component, plane): (usize, &crate::geometry::Plane)| {
            let stride = geometry.padded_units(component) * geometry.unit;
            let rows = band * plane.vertical * geometry.unit + CARRIED_ROWS;
            RowBuffer::new(S::take_memory(context), stride, rows, first * plane.vertical * geometry.unit, budget)
        };
        geometry.planes.iter().enumerate().map(buffer).collect()
    }
}

/// Reads to the first scan.
fn first_scan(parser: &mut Parser<'_>) -> Result<Option<(ScanStart, FrameInfo)>> {
    let Event::Scan { header, marker, data } = parser.next()? else { return Ok(None) };
    let start = ScanStart { header, marker, data, number: 0 };
    Ok(parser.frame.clone().map(|frame| (start, frame)))
}

/// An error if there are fewer bytes than the samples need: a code has at least one bit, and a block of a sequential scan has
/// two codes. So the caller allocates no result that cannot be filled.
fn check_length(bytes: usize, frame: &FrameInfo, geometry: &Geometry) -> std::result::Result<(), ErrorKind> {
    let bits = match frame.process {
        Process::Baseline | Process::Extended => 2,
        Process::Progressive | Process::Lossless => 1,
    };
    let (found, expected) = (bytes as u64, (geometry.data_units() * bits).div_ceil(8));
    if found < expected { Err(ErrorKind::TooShort { found, expected }) } else { Ok(()) }
}

/// Rows of MCUs between two calls of the sink.
fn band_height(geometry: &Geometry) -> usize {
    if geometry.unit > 1 {
        return 1;
    }
    let samples = geometry.width * geometry.mcu_rows() * geometry.planes.len();
    (LOSSLESS_BAND_SAMPLES / samples).clamp(1, 64)
}

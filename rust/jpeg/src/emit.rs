//! From the buffers of components to finished rows of the image.

use std::ops::Range;

use crate::error::Result;
use crate::frame::{FrameInfo, Process};
use crate::geometry::Geometry;
use crate::row_buffer::RowBuffer;
use crate::sample::Sample;
use crate::upsample::{Method, Upsampling};
use dicomet_codec::{Band, Budget, PlaneRows, RowSink};

/// Rows of a component that a band may leave for the next one: two that need the row below, and the one above.
pub(crate) const CARRIED_ROWS: usize = 3;

/// Passes rows to the sink as soon as all rows that they depend on are decoded.
pub(crate) struct Emitter<S> {
    upsampling: Vec<Upsampling>,
    /// Left shift of each component's samples: the point transform of the lossless process.
    shifts: Vec<u8>,
    /// For components that are upsampled or shifted, the rows of a band.
    finished: Vec<Vec<S>>,
    sums: Vec<u16>,
    /// Samples from a row of `finished` to the next.
    stride: usize,
    width: usize,
    height: usize,
    /// Rows whose neighbors below are not yet decoded.
    delay: usize,
    /// The rows that the caller requested and that are not yet passed to the sink.
    wanted: Range<usize>,
    /// The bits above the precision of each component's samples, before the shift.
    excess: Vec<u16>,
    lossless: bool,
    /// Whether a sample has one of these bits.
    pub(crate) exceeds: bool,
}

impl<S: Sample> Emitter<S> {
    /// `band_rows` is the number of image rows that are decoded between two calls of [`Self::emit`].
    pub(crate) fn new(
        frame: &FrameInfo,
        geometry: &Geometry,
        shifts: Vec<u8>,
        band_rows: usize,
        wanted: Range<usize>,
        budget: &mut Budget,
    ) -> Result<Self> {
        let components = 0..geometry.planes.len();
        let upsampling: Vec<_> =
            components.map(|component| Upsampling::new(geometry, component, frame.process)).collect();
        let delay = if upsampling.iter().any(Upsampling::needs_neighbors) { 2 } else { 0 };
        // A doubled row may be one sample longer than the image's.
        let stride = geometry.width + 1;
        let mut finished = Vec::new();
        for (upsampling, shift) in upsampling.iter().zip(&shifts) {
            let mut rows = Vec::new();
            if upsampling.method != Method::None || *shift > 0 {
                budget.grow(&mut rows, stride.saturating_mul(band_rows + delay))?;
            }
            finished.push(rows);
        }
        let mut sums = Vec::new();
        if delay > 0 {
            budget.grow(&mut sums, geometry.width)?;
        }
        let bits = |shift: &u8| u32::from(frame.precision - shift);
        let excess = shifts.iter().map(|shift| (u32::from(u16::MAX) << bits(shift)) as u16).collect();
        let (width, height, lossless) = (geometry.width, geometry.height, frame.process == Process::Lossless);
        Ok(Self {
            upsampling,
            shifts,
            finished,
            sums,
            stride,
            width,
            height,
            delay,
            wanted,
            excess,
            lossless,
            exceeds: false,
        })
    }

    /// True if rows depend on those before and after them.
    pub(crate) fn needs_neighbors(&self) -> bool {
        self.delay > 0
    }

    /// True if all requested rows have been passed to the sink.
    pub(crate) fn is_done(&self) -> bool {
        self.wanted.is_empty()
    }

    /// Passes the rows to the sink that are complete when the first `decoded` rows of the image are decoded.
    pub(crate) fn emit(&mut self, decoded: usize, buffers: &[RowBuffer<S>], sink: &mut dyn RowSink<S>) {
        let end = if decoded >= self.height { self.height } else { decoded.saturating_sub(self.delay) };
        let rows = self.wanted.start..end.min(self.wanted.end);
        if rows.is_empty() {
            return;
        }
        self.wanted.start = rows.end;
        for (component, buffer) in buffers.iter().enumerate() {
            self.finish(component, rows.clone(), buffer);
            self.check_precision(component, rows.clone(), buffer);
        }
        let mut planes = [PlaneRows::default(); 3];
        for (plane, (finished, buffer)) in planes.iter_mut().zip(self.finished.iter().zip(buffers)) {
            *plane = match finished.as_slice() {
                [] => buffer.rows_from(rows.start),
                samples => PlaneRows { samples, stride: self.stride },
            };
        }
        sink.rows(&Band::new(rows.start, rows.len(), self.width, &planes[..buffers.len().min(3)]));
    }

    /// Upsamples and shifts rows, if the component needs that.
    fn finish(&mut self, component: usize, rows: Range<usize>, buffer: &RowBuffer<S>) {
        let shift = u32::from(self.shifts[component]);
        let upsampling = self.upsampling[component];
        for (out, row) in self.finished[component].chunks_mut(self.stride).zip(rows) {
            upsampling.upsample(buffer, row, &mut self.sums, out);
            if shift > 0 {
                shift_left(&mut out[..self.width], shift);
            }
        }
    }

    /// Lossless samples are sums of differences, which may exceed the precision.
    fn check_precision(&mut self, component: usize, rows: Range<usize>, buffer: &RowBuffer<S>) {
        let excess = self.excess[component];
        if self.lossless && S::truncate(excess) != S::default() {
            let upsampling = self.upsampling[component];
            self.exceeds |= rows.into_iter().any(|row| bits_of(upsampling.source(buffer, row)) & excess != 0);
        }
    }

    /// The first row of a component that later rows depend on.
    pub(crate) fn first_needed(&self, component: usize) -> usize {
        self.upsampling[component].rows(self.wanted.start, self.wanted.start + 1).0
    }
}

/// The point transform (A.4): the encoder divided by a power of two.
fn shift_left<S: Sample>(samples: &mut [S], shift: u32) {
    for sample in samples {
        *sample = S::truncate((*sample).into().wrapping_shl(shift));
    }
}

/// The bitwise OR of the samples.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
fn bits_of<S: Sample>(samples: &[S]) -> u16 {
    samples.iter().fold(0, |bits, sample| bits | (*sample).into())
}

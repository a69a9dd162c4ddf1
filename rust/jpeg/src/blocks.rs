//! Blocks of a component, collected for the inverse DCT.

use std::sync::Arc;

use crate::idct::{LANES, Lanes, Tile, flat, inverse};
use crate::row_buffer::RowBuffer;
use crate::sample::Sample;
use crate::tables::Quantization;

/// Blocks that are transformed together once there are eight. Blocks with a DC coefficient alone are filled at once.
pub(crate) struct BlockQueue<S> {
    quantization: Arc<Quantization>,
    lanes: Box<Lanes>,
    /// Where the samples of each waiting block go.
    places: [usize; LANES],
    waiting: usize,
    /// The last coefficient of all waiting blocks.
    last: u8,
    tile: Box<Tile<S>>,
}

impl<S: Sample> BlockQueue<S> {
    pub(crate) fn new(quantization: Arc<Quantization>) -> Self {
        let (lanes, tile) = (Box::new([[0; LANES]; 64]), Box::new([[[S::default(); 8]; LANES]; 8]));
        Self { quantization, lanes, places: [0; LANES], waiting: 0, last: 0, tile }
    }

    /// The memory for the coefficients of the next block, which are zero except for the first one, and its lane.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> (&mut Lanes, usize) {
        (&mut self.lanes, self.waiting & (LANES - 1))
    }

    /// Adds the block in the memory of [`Self::next`]. Its samples go to `place` of the buffer.
    #[inline(always)]
    pub(crate) fn push(&mut self, last: u8, place: usize, buffer: &mut RowBuffer<S>) {
        if last == 0 {
            let sample = flat(self.lanes[0][self.waiting & (LANES - 1)], self.quantization[0]);
            return fill(sample, place, buffer);
        }
        self.places[self.waiting & (LANES - 1)] = place;
        self.last = self.last.max(last);
        self.waiting += 1;
        if self.waiting == LANES {
            self.flush(buffer);
        }
    }

    /// Transforms the waiting blocks.
    pub(crate) fn flush(&mut self, buffer: &mut RowBuffer<S>) {
        if self.waiting == 0 {
            return;
        }
        inverse(&self.lanes, &self.quantization, self.last, &mut self.tile);
        store(&self.tile, &self.places[..self.waiting], buffer);
        self.lanes.fill([0; LANES]);
        (self.waiting, self.last) = (0, 0);
    }
}

/// Writes a block of equal samples to `place` of the buffer.
fn fill<S: Sample>(sample: S, place: usize, buffer: &mut RowBuffer<S>) {
    let stride = buffer.stride() / 8;
    let rows = buffer.samples_mut().as_chunks_mut::<8>().0;
    for row in 0..8 {
        rows[place / 8 + row * stride] = [sample; 8];
    }
}

/// Writes blocks to their places in the buffer; these and its stride are multiples of 8.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
pub(crate) fn store<S: Sample>(tile: &Tile<S>, places: &[usize], buffer: &mut RowBuffer<S>) {
    let stride = buffer.stride() / 8;
    let rows = buffer.samples_mut().as_chunks_mut::<8>().0;
    for (lane, place) in places.iter().enumerate() {
        let mut at = place / 8;
        for row in tile {
            rows[at] = row[lane & (LANES - 1)];
            at = at.wrapping_add(stride);
        }
    }
}

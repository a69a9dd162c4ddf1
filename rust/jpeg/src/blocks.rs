//! Blocks of a component on their way from coefficients to samples.

#![allow(clippy::inline_always, reason = "what is inlined is compiled for the instructions of its caller")]

use std::sync::Arc;

use crate::idct::{LANES, Lanes, Tile, flat, inverse};
use crate::sample::Sample;
use crate::strip::Strip;
use crate::tables::Quantization;

/// Blocks that wait for others to be transformed with. Those that have only a DC coefficient do not wait.
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
        let (lanes, tile) = (Box::new([[0; LANES]; 64]), Box::new([[[S::default(); 8]; 8]; LANES]));
        Self { quantization, lanes, places: [0; LANES], waiting: 0, last: 0, tile }
    }

    /// The memory for the coefficients of the next block, all of which but the first one are zero, and its lane.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> (&mut Lanes, usize) {
        (&mut self.lanes, self.waiting & (LANES - 1))
    }

    /// Adds the block that [`Self::next`] gave the memory for. Its samples go to `place` of the strip.
    #[inline(always)]
    pub(crate) fn push(&mut self, last: u8, place: usize, strip: &mut Strip<S>) {
        if last == 0 {
            let sample = flat(self.lanes[0][self.waiting & (LANES - 1)], self.quantization[0]);
            return fill(sample, place, strip);
        }
        self.places[self.waiting & (LANES - 1)] = place;
        self.last = self.last.max(last);
        self.waiting += 1;
        if self.waiting == LANES {
            self.flush(strip);
        }
    }

    /// Transforms the blocks that wait.
    pub(crate) fn flush(&mut self, strip: &mut Strip<S>) {
        if self.waiting == 0 {
            return;
        }
        inverse(&self.lanes, &self.quantization, self.last, &mut self.tile);
        for (block, place) in self.tile.iter().zip(&self.places[..self.waiting]) {
            store(block, *place, strip);
        }
        self.lanes.fill([0; LANES]);
        (self.waiting, self.last) = (0, 0);
    }
}

fn fill<S: Sample>(sample: S, place: usize, strip: &mut Strip<S>) {
    store(&[[sample; 8]; 8], place, strip);
}

/// Writes a block to `place` of the strip.
#[inline(always)]
pub(crate) fn store<S: Sample>(block: &[[S; 8]; 8], place: usize, strip: &mut Strip<S>) {
    let stride = strip.stride();
    let rows = strip.samples_mut()[place..].chunks_mut(stride);
    for (row, samples) in rows.zip(block) {
        row[..8].copy_from_slice(samples);
    }
}

//! Tables and memory that a decoder can reuse.

use std::sync::Arc;

use crate::bits::{BUFFER, Buffer};
use crate::gradients::{GradientTable, Prepared};
use crate::model::{Model, Noise};
use crate::presets::Parameters;
use dicomet_codec::Pool;

/// Cached gradient tables: those of two kinds of images.
const KEPT_TABLES: usize = 2;
/// Scans whose memory is kept: those of three components.
const KEPT_SCANS: usize = 3;

/// Tables and memory, for reuse when the next frame of an image is decoded.
///
/// Building them takes as long as decoding a frame of 64 by 64 samples. Each thread needs its own context.
#[derive(Default)]
#[allow(clippy::vec_box, reason = "scans take and return the boxes")]
pub struct Context {
    tables: Vec<Arc<GradientTable>>,
    states: Vec<Box<ScanState>>,
    bytes: Pool<u8>,
    words: Pool<u16>,
}

/// The memory of one scan: one structure, so that a loop can address all of it from one register.
pub(crate) struct ScanState {
    pub(crate) model: Model,
    pub(crate) prepared: [Prepared; 4],
    pub(crate) buffer: Buffer,
    pub(crate) noise: Noise,
}

impl Default for ScanState {
    fn default() -> Self {
        Self { model: Model::default(), prepared: Default::default(), buffer: [0; BUFFER], noise: Noise::default() }
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").finish_non_exhaustive()
    }
}

impl Context {
    /// An empty context.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Releases the memory for samples if it takes more than `bytes`. The tables stay.
    pub fn limit_memory(&mut self, bytes: usize) {
        if self.bytes.bytes() + self.words.bytes() > bytes {
            self.bytes.clear();
            self.words.clear();
        }
    }

    /// The gradient table of a scan.
    pub(crate) fn table(&mut self, parameters: &Parameters) -> Arc<GradientTable> {
        if let Some(place) = self.tables.iter().position(|table| table.is_for(parameters)) {
            return Arc::clone(&self.tables[place]);
        }
        let mut memory = Vec::new();
        if self.tables.len() >= KEPT_TABLES {
            memory = GradientTable::memory(self.tables.remove(0));
        }
        let table = Arc::new(GradientTable::new(parameters, memory));
        self.tables.push(Arc::clone(&table));
        table
    }

    /// Memory for a scan, whose values are arbitrary.
    pub(crate) fn take_state(&mut self) -> Box<ScanState> {
        self.states.pop().unwrap_or_default()
    }

    /// Returns the memory of a scan.
    pub(crate) fn keep_state(&mut self, state: Box<ScanState>) {
        if self.states.len() < KEPT_SCANS {
            self.states.push(state);
        }
    }
}

/// Memory for samples of one type.
pub(crate) trait Pooled: Sized {
    /// The pooled memory of a context.
    fn pool(context: &mut Context) -> &mut Pool<Self>;
}

impl Pooled for u8 {
    fn pool(context: &mut Context) -> &mut Pool<Self> {
        &mut context.bytes
    }
}

impl Pooled for u16 {
    fn pool(context: &mut Context) -> &mut Pool<Self> {
        &mut context.words
    }
}

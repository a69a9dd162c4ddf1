//! Memory that a decoder can reuse.

use crate::blocks::BlockWorker;
use crate::values::Values;

/// Limit of the memory for coefficients that a context keeps.
const KEPT_BYTES: usize = 16 << 20;

/// Memory of code-block decoders and coefficients, for reuse when the next frame of an image is decoded. Each thread needs its
/// own context.
#[derive(Default)]
pub struct Context {
    memory: Vec<Values>,
    workers: Vec<BlockWorker>,
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

    /// Releases the memory for coefficients if it takes more than `bytes`.
    pub fn limit_memory(&mut self, bytes: usize) {
        if self.memory.iter().map(Values::bytes).sum::<usize>() > bytes {
            self.memory = Vec::new();
        }
    }

    pub(crate) fn take_memory(&mut self) -> Vec<Values> {
        std::mem::take(&mut self.memory)
    }

    pub(crate) fn keep_memory(&mut self, memory: Vec<Values>) {
        self.memory = memory;
        self.limit_memory(KEPT_BYTES);
    }

    /// The block decoders of `count` threads.
    pub(crate) fn workers(&mut self, count: usize) -> &mut [BlockWorker] {
        if self.workers.len() < count {
            self.workers.resize_with(count, BlockWorker::default);
        }
        &mut self.workers[..count]
    }
}

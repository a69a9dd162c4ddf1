//! Tables and memory that a decoder can reuse.

use std::sync::Arc;

use crate::huffman::HuffmanSpec;
use crate::huffman::dct::DctTable;
use crate::huffman::lossless::LosslessTable;
use crate::idct::Lanes;
use dicomet_codec::Pool;

/// Cached tables of each kind: those of three components, for two encoders in turn.
const KEPT_TABLES: usize = 6;

/// Huffman tables and memory, for reuse when the next frame of an image is decoded.
///
/// Building the tables takes as long as decoding a frame of 64 by 64 samples. Each thread needs its own context.
#[derive(Default)]
pub struct Context {
    dc: TableCache<DctTable>,
    ac: TableCache<DctTable>,
    lossless: TableCache<LosslessTable>,
    bytes: Pool<u8>,
    words: Pool<u16>,
    coefficients: Pool<Lanes>,
    masks: Pool<u64>,
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

    /// Releases the memory for samples and coefficients if it takes more than `bytes`. The tables stay.
    pub fn limit_memory(&mut self, bytes: usize) {
        let total = self.bytes.bytes() + self.words.bytes() + self.coefficients.bytes() + self.masks.bytes();
        if total > bytes {
            self.bytes.clear();
            self.words.clear();
            self.coefficients.clear();
            self.masks.clear();
        }
    }

    pub(crate) fn dc(&mut self, spec: &HuffmanSpec) -> Arc<DctTable> {
        self.dc.get(spec, DctTable::dc)
    }

    pub(crate) fn ac(&mut self, spec: &HuffmanSpec) -> Arc<DctTable> {
        self.ac.get(spec, DctTable::ac)
    }

    pub(crate) fn lossless(&mut self, spec: &HuffmanSpec) -> Arc<LosslessTable> {
        self.lossless.get(spec, LosslessTable::new)
    }
}

/// Memory for values of one type.
pub(crate) trait Pooled: Sized {
    /// The pooled memory of a context.
    fn pool(context: &mut Context) -> &mut Pool<Self>;

    /// An empty vector, with pooled memory if there is some.
    fn take_memory(context: &mut Context) -> Vec<Self> {
        Self::pool(context).take()
    }

    /// Returns memory to the pool.
    fn keep_memory(context: &mut Context, memory: Vec<Self>) {
        Self::pool(context).keep(memory);
    }
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

impl Pooled for Lanes {
    fn pool(context: &mut Context) -> &mut Pool<Self> {
        &mut context.coefficients
    }
}

impl Pooled for u64 {
    fn pool(context: &mut Context) -> &mut Pool<Self> {
        &mut context.masks
    }
}

/// The most recent tables.
struct TableCache<T> {
    tables: Vec<(HuffmanSpec, Arc<T>)>,
    /// The one to replace next.
    oldest: usize,
}

impl<T> Default for TableCache<T> {
    fn default() -> Self {
        Self { tables: Vec::new(), oldest: 0 }
    }
}

impl<T> TableCache<T> {
    fn get(&mut self, spec: &HuffmanSpec, build: impl FnOnce(&HuffmanSpec) -> T) -> Arc<T> {
        if let Some((_, table)) = self.tables.iter().find(|(kept, _)| kept == spec) {
            return Arc::clone(table);
        }
        let table = Arc::new(build(spec));
        let entry = (spec.clone(), Arc::clone(&table));
        if self.tables.len() < KEPT_TABLES {
            self.tables.push(entry);
        } else {
            self.tables[self.oldest] = entry;
            self.oldest = (self.oldest + 1) % KEPT_TABLES;
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::huffman::tests::spec;

    #[test]
    fn tables_are_built_once_and_the_oldest_is_replaced() {
        let mut cache = TableCache::<u8>::default();
        let specs: Vec<_> = (0..=KEPT_TABLES as u8)
            .map(|symbol| spec([0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], &[symbol]).unwrap())
            .collect();
        for (number, spec) in specs.iter().enumerate() {
            assert_eq!(*cache.get(spec, |_| number as u8), number as u8);
            assert_eq!(*cache.get(spec, |_| unreachable!()), number as u8);
        }
        assert_eq!(*cache.get(&specs[1], |_| unreachable!()), 1);
        assert_eq!(*cache.get(&specs[0], |_| 99), 99);
    }

    #[test]
    fn memory_is_kept_by_type() {
        let mut context = Context::new();
        u16::keep_memory(&mut context, Vec::with_capacity(100));
        assert_eq!(u8::take_memory(&mut context).capacity(), 0);
        assert_eq!(u16::take_memory(&mut context).capacity(), 100);
    }

    #[test]
    fn memory_is_released_above_a_limit() {
        let mut context = Context::new();
        u8::keep_memory(&mut context, Vec::with_capacity(1000));
        u16::keep_memory(&mut context, Vec::with_capacity(1000));
        context.limit_memory(3000);
        assert_eq!((context.bytes.bytes(), context.words.bytes()), (1000, 2000));
        context.limit_memory(2999);
        assert_eq!((context.bytes.bytes(), context.words.bytes()), (0, 0));
    }
}

//! Tables and memory that a decoder can reuse.

use std::sync::Arc;

use crate::huffman::HuffmanSpec;
use crate::huffman::dct::DctTable;
use crate::huffman::lossless::LosslessTable;
use crate::idct::Lanes;

/// Cached tables of each kind: those of three components, for two encoders in turn.
const KEPT_TABLES: usize = 6;
/// Limit of the pooled memory of each kind: the coefficients of a progressive frame of four megapixels.
const KEPT_BYTES: usize = 16 << 20;

/// Huffman tables and memory, for reuse when the next frame of an image is decoded.
///
/// Building the tables takes as long as decoding a frame of 64 by 64 samples. Each thread needs its own context.
#[derive(Default)]
pub struct Context {
    dc: TableCache<DctTable>,
    ac: TableCache<DctTable>,
    lossless: TableCache<LosslessTable>,
    bytes: Vec<Vec<u8>>,
    words: Vec<Vec<u16>>,
    coefficients: Vec<Vec<Lanes>>,
    masks: Vec<Vec<u64>>,
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
        let total = pool_bytes(&self.bytes) + pool_bytes(&self.words) + pool_bytes(&self.coefficients);
        if total + pool_bytes(&self.masks) > bytes {
            (self.bytes, self.words, self.coefficients, self.masks) = Default::default();
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
    fn pool(context: &mut Context) -> &mut Vec<Vec<Self>>;

    /// An empty vector, with pooled memory if there is some.
    fn take_memory(context: &mut Context) -> Vec<Self> {
        let mut memory = Self::pool(context).pop().unwrap_or_default();
        memory.clear();
        memory
    }

    /// Returns memory to the pool.
    fn keep_memory(context: &mut Context, memory: Vec<Self>) {
        let pool = Self::pool(context);
        if pool_bytes(pool) + memory.capacity() * size_of::<Self>() <= KEPT_BYTES {
            pool.push(memory);
        }
    }
}

fn pool_bytes<T>(pool: &[Vec<T>]) -> usize {
    pool.iter().map(|memory| memory.capacity() * size_of::<T>()).sum()
}

impl Pooled for u8 {
    fn pool(context: &mut Context) -> &mut Vec<Vec<Self>> {
        &mut context.bytes
    }
}

impl Pooled for u16 {
    fn pool(context: &mut Context) -> &mut Vec<Vec<Self>> {
        &mut context.words
    }
}

impl Pooled for Lanes {
    fn pool(context: &mut Context) -> &mut Vec<Vec<Self>> {
        &mut context.coefficients
    }
}

impl Pooled for u64 {
    fn pool(context: &mut Context) -> &mut Vec<Vec<Self>> {
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
    fn large_memory_is_not_kept() {
        let mut context = Context::new();
        u16::keep_memory(&mut context, Vec::with_capacity(KEPT_BYTES));
        u16::keep_memory(&mut context, Vec::with_capacity(100));
        assert_eq!(u16::take_memory(&mut context).capacity(), 100);
        assert_eq!(u16::take_memory(&mut context).capacity(), 0);
        assert_eq!(u8::take_memory(&mut context).capacity(), 0);
    }

    #[test]
    fn memory_is_released_above_a_limit() {
        let mut context = Context::new();
        u8::keep_memory(&mut context, Vec::with_capacity(1000));
        u16::keep_memory(&mut context, Vec::with_capacity(1000));
        context.limit_memory(3000);
        assert_eq!((context.bytes.len(), context.words.len()), (1, 1));
        context.limit_memory(2999);
        assert_eq!((context.bytes.len(), context.words.len()), (0, 0));
    }
}

//! Memory that a decoder reuses for its next image.

/// Limit of the pooled memory: the coefficients of a progressive frame of four megapixels.
const KEPT_BYTES: usize = 16 << 20;

/// Memory for values of one type.
#[derive(Debug)]
pub struct Pool<T> {
    vectors: Vec<Vec<T>>,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { vectors: Vec::new() }
    }
}

impl<T> Pool<T> {
    /// Returns an empty vector, with pooled memory if there is some: that which was kept last.
    #[must_use]
    pub fn take(&mut self) -> Vec<T> {
        let mut memory = self.vectors.pop().unwrap_or_default();
        memory.clear();
        memory
    }

    /// Returns memory to the pool. Releases it if the pool would exceed 16 MB. A vector without memory is not kept: images
    /// with fewer components than vectors would add some each time.
    pub fn keep(&mut self, memory: Vec<T>) {
        let bytes = memory.capacity() * size_of::<T>();
        if bytes > 0 && self.bytes() + bytes <= KEPT_BYTES {
            self.vectors.push(memory);
        }
    }

    /// Bytes in the pool.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.vectors.iter().map(|memory| memory.capacity() * size_of::<T>()).sum()
    }

    /// Releases all memory.
    pub fn clear(&mut self) {
        self.vectors = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_without_memory_are_not_kept() {
        let mut pool = Pool::<u16>::default();
        pool.keep(Vec::new());
        assert!(pool.vectors.is_empty());
    }

    #[test]
    fn large_memory_is_not_kept() {
        let mut pool = Pool::<u16>::default();
        pool.keep(Vec::with_capacity(KEPT_BYTES));
        assert_eq!(pool.bytes(), 0);
        let mut memory = Vec::with_capacity(100);
        memory.push(7);
        pool.keep(memory);
        assert_eq!(pool.bytes(), 200);
        let memory = pool.take();
        assert_eq!((memory.len(), memory.capacity()), (0, 100));
        assert_eq!(pool.take().capacity(), 0);
        pool.keep(memory);
        pool.clear();
        assert_eq!(pool.bytes(), 0);
    }
}

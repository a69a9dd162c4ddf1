//! The limit of the memory that a decoder allocates.

/// The memory limit is exceeded, or an allocation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`memory`: found a need for {found} bytes, expected at most {expected}")]
pub struct MemoryExceeded {
    /// Bytes that are needed.
    pub found: u64,
    /// The limit.
    pub expected: u64,
}

/// The allocated memory and its limit. A failed allocation is an error, too, and never ends the process.
#[derive(Debug)]
pub struct Budget {
    limit: u64,
    used: u64,
}

impl Budget {
    /// A budget of `limit` bytes, or without a limit.
    #[must_use]
    pub fn new(limit: Option<u64>) -> Self {
        Self { limit: limit.unwrap_or(u64::MAX), used: 0 }
    }

    /// Extends `vec` to `length` values with default values.
    pub fn grow<T: Clone + Default>(&mut self, vec: &mut Vec<T>, length: usize) -> Result<(), MemoryExceeded> {
        self.grow_with(vec, length, T::default())
    }

    /// Extends `vec` to `length` values with `value`.
    pub fn grow_with<T: Clone>(&mut self, vec: &mut Vec<T>, length: usize, value: T) -> Result<(), MemoryExceeded> {
        let bytes = (length as u64).saturating_mul(size_of::<T>() as u64);
        self.used = self.used.saturating_add(bytes);
        let failed = || MemoryExceeded { found: self.used, expected: self.limit };
        if self.used > self.limit {
            return Err(failed());
        }
        vec.try_reserve_exact(length.saturating_sub(vec.len())).map_err(|_| failed())?;
        vec.resize(length, value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_limit_is_an_error() {
        let mut budget = Budget::new(Some(100));
        let mut bytes = Vec::<u16>::new();
        assert!(budget.grow(&mut bytes, 40).is_ok());
        let error = MemoryExceeded { found: 102, expected: 100 };
        assert_eq!(budget.grow(&mut Vec::<u8>::new(), 22), Err(error));
        let mut huge = Vec::<u64>::new();
        assert!(Budget::new(None).grow(&mut huge, usize::MAX / 16).is_err());
    }
}

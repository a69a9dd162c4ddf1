//! Fallible allocation: sizes come from files, so a failed allocation is an error and does not abort the process.

use crate::error::{ErrorKind, Result};

/// Returns an empty vector with the given capacity.
pub(crate) fn try_with_capacity<T>(capacity: usize) -> Result<Vec<T>> {
    let mut vec = Vec::new();
    match vec.try_reserve_exact(capacity) {
        Ok(()) => Ok(vec),
        Err(_) => Err(ErrorKind::Memory { bytes: (capacity as u64).saturating_mul(size_of::<T>() as u64) }.into()),
    }
}

/// Reserves memory for `more` additional values, or returns an error if the allocation fails (instead of aborting).
pub(crate) fn try_reserve<T>(vec: &mut Vec<T>, more: usize) -> Result<()> {
    let bytes = (vec.len().saturating_add(more) as u64).saturating_mul(size_of::<T>() as u64);
    vec.try_reserve(more).map_err(|_| ErrorKind::Memory { bytes }.into())
}

/// Appends `value`.
pub(crate) fn try_push<T>(vec: &mut Vec<T>, value: T) -> Result<()> {
    try_reserve(vec, 1)?;
    vec.push(value);
    Ok(())
}

/// Returns `count` default values, such as zeros.
pub(crate) fn zeroed<T: Clone + Default>(count: usize) -> Result<Vec<T>> {
    filled(T::default(), count)
}

/// Returns `count` values that equal `value`.
pub(crate) fn filled<T: Clone>(value: T, count: usize) -> Result<Vec<T>> {
    let mut values = try_with_capacity(count)?;
    values.resize(count, value);
    Ok(values)
}

/// Grows `bytes` to at least `len` bytes; it never shrinks.
pub(crate) fn grow(bytes: &mut Vec<u8>, len: usize) -> Result<()> {
    if bytes.len() < len {
        bytes.try_reserve_exact(len - bytes.len()).map_err(|_| ErrorKind::Memory { bytes: len as u64 })?;
        bytes.resize(len, 0);
    }
    Ok(())
}

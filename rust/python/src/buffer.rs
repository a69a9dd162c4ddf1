//! The only hand-written `unsafe` code: Python memory as slices that are used without the GIL.
//!
//! A buffer export pins the memory: Python refuses to resize or free an object while it is exported. It does not
//! prevent another thread from writing to that memory:
//!
//! * [`Input`] therefore borrows only read-only exports (`bytes` and views of them) and copies everything else before
//!   the GIL is released. Changing the memory of a read-only view through another view is a data race in the caller's
//!   program; so is an `out=` that overlaps a read-only view of the same memory.
//! * [`Output`] is an array that the Python layer has just allocated, or the caller's `out=`, which the caller must not
//!   touch from another thread during the call, as with any `out=` in NumPy.
#![allow(unsafe_code)]

use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::{PyMemoryError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use std::slice;

/// Bytes copied between two checks for signals.
const SIGNAL_CHECK_BYTES: usize = 1 << 24;

/// A read-only buffer argument.
pub(crate) enum Input {
    Borrowed(PyUntypedBuffer),
    Copied(Vec<u8>),
}

impl Input {
    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            // SAFETY: `extract` accepts only contiguous, read-only exports; they stay in place as long as `buffer`
            // lives.
            Self::Borrowed(buffer) => unsafe { slice_of(buffer) },
            Self::Copied(bytes) => bytes,
        }
    }
}

impl FromPyObject<'_, '_> for Input {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let buffer = PyUntypedBuffer::get(&object)?;
        if !buffer.is_c_contiguous() {
            return Err(PyValueError::new_err("the buffer is not contiguous"));
        }
        if buffer.readonly() {
            return Ok(Self::Borrowed(buffer));
        }
        let mut copy = Vec::new();
        copy.try_reserve_exact(buffer.len_bytes())
            .map_err(|_| PyMemoryError::new_err("no memory for a copy of the source"))?;
        while copy.len() < buffer.len_bytes() {
            // SAFETY: contiguous and exported. This thread holds the GIL until the piece is copied, so no other thread
            // writes (a signal handler may release the GIL between two pieces).
            let rest = unsafe { &slice_of(&buffer)[copy.len()..] };
            copy.extend_from_slice(&rest[..rest.len().min(SIGNAL_CHECK_BYTES)]);
            object.py().check_signals()?;
        }
        Ok(Self::Copied(copy))
    }
}

/// A writable buffer argument.
pub(crate) struct Output(PyUntypedBuffer);

impl Output {
    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        let (pointer, len) = (self.0.buf_ptr().cast::<u8>(), self.0.len_bytes());
        if len == 0 {
            return &mut [];
        }
        // SAFETY: `extract` accepts only contiguous, writable exports; the module documentation covers other threads.
        unsafe { slice::from_raw_parts_mut(pointer, len) }
    }
}

impl FromPyObject<'_, '_> for Output {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let buffer = PyUntypedBuffer::get(&object)?;
        if buffer.readonly() || !buffer.is_c_contiguous() {
            return Err(PyTypeError::new_err("the result must be writeable and C-contiguous"));
        }
        Ok(Self(buffer))
    }
}

/// # Safety
///
/// `buffer` is contiguous, and nothing writes to it while the slice lives.
unsafe fn slice_of(buffer: &PyUntypedBuffer) -> &[u8] {
    let (pointer, len) = (buffer.buf_ptr().cast::<u8>(), buffer.len_bytes());
    if len == 0 {
        return &[];
    }
    // SAFETY: the caller's promise; a contiguous export of `len` bytes starts at `buf_ptr`.
    unsafe { slice::from_raw_parts(pointer, len) }
}

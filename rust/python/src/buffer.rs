//! The only `unsafe` code written here: memory of Python as slices that outlive the GIL.
//!
//! A buffer export keeps the memory in place: Python refuses to resize or free an object while it is exported. What it
//! does not refuse is another thread writing into it:
//!
//! * [`Input`] therefore borrows read-only exports alone (`bytes`, and views of them) and copies everything else before
//!   the GIL is released. A read-only view of memory that is changed through another view all the same would be a data
//!   race in the caller's program.
//! * [`Output`] is an array that the Python layer has just made, or the caller's `out=`, which the caller must not touch
//!   from another thread during the call, as with any `out=` of NumPy.
#![allow(unsafe_code)]

use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::{PyMemoryError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use std::slice;

/// Bytes that are copied before Python is asked for signals.
const PIECE: usize = 1 << 24;

/// Bytes to read.
pub(crate) enum Input {
    Borrowed(PyUntypedBuffer),
    Copied(Vec<u8>),
}

impl Input {
    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            // SAFETY: `extract` let only contiguous, read-only exports through, which stay in place as long as `buffer`.
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
            // SAFETY: contiguous and exported, and nobody else has the GIL until this piece is copied (a signal handler may let go of it between two).
            let rest = unsafe { &slice_of(&buffer)[copy.len()..] };
            copy.extend_from_slice(&rest[..rest.len().min(PIECE)]);
            object.py().check_signals()?;
        }
        Ok(Self::Copied(copy))
    }
}

/// Bytes to write.
pub(crate) struct Output(PyUntypedBuffer);

impl Output {
    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        let (pointer, len) = (self.0.buf_ptr().cast::<u8>(), self.0.len_bytes());
        if len == 0 {
            return &mut [];
        }
        // SAFETY: `extract` let only contiguous, writeable exports through; see the module for other threads.
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
/// `buffer` is contiguous, and nobody writes into it as long as the slice lives.
unsafe fn slice_of(buffer: &PyUntypedBuffer) -> &[u8] {
    let (pointer, len) = (buffer.buf_ptr().cast::<u8>(), buffer.len_bytes());
    if len == 0 {
        return &[];
    }
    // SAFETY: the caller's promise; a contiguous export of `len` bytes begins at `buf_ptr`.
    unsafe { slice::from_raw_parts(pointer, len) }
}

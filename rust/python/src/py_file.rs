//! Python file objects, read by one thread at a time across all calls.

use crate::buffer::Input;
use crate::errors::locked;
use crate::fork_lock::ForkSafeLock;
use pyo3::prelude::*;
use std::sync::{Arc, Mutex, Weak};

/// An object with `tell`, `seek` and `read`. Its position is restored after each use.
pub(crate) struct PyFile {
    file: Py<PyAny>,
    lock: Arc<ForkSafeLock>,
}

/// The locks of file objects in use, by the address of the object, which is unique while it is in use: two calls that
/// got the same object would move each other's position. Only threads attached to Python lock this list, so a fork
/// never finds it locked.
static LOCKS: Mutex<Vec<(usize, Weak<ForkSafeLock>)>> = Mutex::new(Vec::new());

fn lock_of(file: &Py<PyAny>) -> Arc<ForkSafeLock> {
    let place = file.as_ptr() as usize;
    let mut locks = locked(&LOCKS);
    locks.retain(|(_, lock)| lock.strong_count() > 0);
    let mut known = locks.iter().filter(|(of, _)| *of == place).filter_map(|(_, lock)| lock.upgrade());
    known.find(|lock| lock.is_of_this_process()).unwrap_or_else(|| {
        let lock = Arc::new(ForkSafeLock::default());
        locks.push((place, Arc::downgrade(&lock)));
        lock
    })
}

impl PyFile {
    pub(crate) fn new(file: Py<PyAny>) -> Self {
        let lock = lock_of(&file);
        Self { file, lock }
    }

    /// Fills `buffer` from `offset`; reads fewer bytes only at the end.
    pub(crate) fn read_at(&self, py: Python<'_>, offset: u64, buffer: &mut [u8]) -> PyResult<usize> {
        self.with_lock(py, |file| read(file, offset, buffer))
    }

    /// Returns the size in bytes. The return value of `seek` is ignored: `mmap.seek` returns None before Python 3.13.
    pub(crate) fn length(&self, py: Python<'_>) -> PyResult<u64> {
        self.with_lock(py, |file| {
            file.call_method1("seek", (0, 2))?;
            file.call_method0("tell")?.extract()
        })
    }

    /// Calls `work` with the object and restores its position.
    fn with_lock<T>(&self, py: Python<'_>, work: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T>) -> PyResult<T> {
        let lock = if self.lock.is_of_this_process() { Arc::clone(&self.lock) } else { lock_of(&self.file) };
        let _in_use = lock.acquire(py)?;
        let file = self.file.bind(py);
        let position = file.call_method0("tell")?;
        let done = work(file);
        let back = file.call_method1("seek", (position,));
        done.and_then(|done| back.map(|_| done))
    }
}

fn read(file: &Bound<'_, PyAny>, offset: u64, buffer: &mut [u8]) -> PyResult<usize> {
    file.call_method1("seek", (offset,))?;
    let mut done = 0;
    while done < buffer.len() {
        // An unbuffered file, or a file object of the caller's own class, may return fewer bytes than there are.
        let read: Input = file.call_method1("read", (buffer.len() - done,))?.extract()?;
        let bytes = read.as_slice();
        if bytes.is_empty() {
            break;
        }
        let count = bytes.len().min(buffer.len() - done);
        buffer[done..done + count].copy_from_slice(&bytes[..count]);
        done += count;
    }
    Ok(done)
}

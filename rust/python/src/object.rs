//! Objects of Python's that read: by one thread at a time, whoever reads them.

use crate::buffer::Input;
use crate::errors::locked;
use crate::turn::ForkSafeLock;
use pyo3::prelude::*;
use std::sync::{Arc, Mutex, Weak};

/// An object with `tell`, `seek` and `read`, whose position is kept.
pub(crate) struct Object {
    file: Py<PyAny>,
    turn: Arc<ForkSafeLock>,
}

/// Objects in use, by their address, which is theirs as long as somebody uses them: calls that have been given the same
/// object would move each other's position. It is only looked at by threads that are attached to Python, so that no fork
/// finds it locked.
static TURNS: Mutex<Vec<(usize, Weak<ForkSafeLock>)>> = Mutex::new(Vec::new());

fn turn_of(file: &Py<PyAny>) -> Arc<ForkSafeLock> {
    let place = file.as_ptr() as usize;
    let mut turns = locked(&TURNS);
    turns.retain(|(_, turn)| turn.strong_count() > 0);
    let mut known = turns.iter().filter(|(of, _)| *of == place).filter_map(|(_, turn)| turn.upgrade());
    known.find(|turn| turn.is_of_this_process()).unwrap_or_else(|| {
        let turn = Arc::new(ForkSafeLock::default());
        turns.push((place, Arc::downgrade(&turn)));
        turn
    })
}

impl Object {
    pub(crate) fn new(file: Py<PyAny>) -> Self {
        let turn = turn_of(&file);
        Self { file, turn }
    }

    /// Fills `buffer` from `offset` on; less only at the end.
    pub(crate) fn read_at(&self, py: Python<'_>, offset: u64, buffer: &mut [u8]) -> PyResult<usize> {
        self.with_lock(py, |file| read(file, offset, buffer))
    }

    /// Bytes to its end. What `seek` gives is not looked at: that of an `mmap` gives nothing before Python 3.13.
    pub(crate) fn length(&self, py: Python<'_>) -> PyResult<u64> {
        self.with_lock(py, |file| {
            file.call_method1("seek", (0, 2))?;
            file.call_method0("tell")?.extract()
        })
    }

    /// Lets `work` use the object, and puts it back to where it was.
    fn with_lock<T>(&self, py: Python<'_>, work: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T>) -> PyResult<T> {
        let turn = if self.turn.is_of_this_process() { Arc::clone(&self.turn) } else { turn_of(&self.file) };
        let _in_use = turn.begin(py)?;
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
        // An unbuffered file, or one of the caller's own, may return less than there is.
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

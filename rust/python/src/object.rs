//! Objects of Python's that read: by one thread at a time, whoever reads them.

use crate::buffer::Input;
use crate::errors::locked;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::thread::{self, ThreadId};
use std::time::Duration;

/// How often a caller who waits for another looks for signals.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// An object with `tell`, `seek` and `read`, whose position is kept.
pub(crate) struct Object {
    file: Py<PyAny>,
    turn: Arc<Turn>,
}

/// Who uses an object. Calls that have been given the same object share it: they would move each other's position.
struct Turn {
    /// After a fork the thread that used the object is not there to end its turn.
    process: u32,
    user: Mutex<Option<ThreadId>>,
    free: Condvar,
}

/// Objects in use, by their address, which is theirs as long as somebody uses them. It is only looked at with the GIL, so
/// that no fork finds it locked.
static TURNS: Mutex<Vec<(usize, Weak<Turn>)>> = Mutex::new(Vec::new());

impl Turn {
    fn of(file: &Py<PyAny>) -> Arc<Self> {
        let (place, process) = (file.as_ptr() as usize, std::process::id());
        let mut turns = locked(&TURNS);
        turns.retain(|(_, turn)| turn.strong_count() > 0);
        let mut known = turns.iter().filter(|(of, _)| *of == place).filter_map(|(_, turn)| turn.upgrade());
        known.find(|turn| turn.process == process).unwrap_or_else(|| {
            let turn = Arc::new(Self { process, user: Mutex::new(None), free: Condvar::new() });
            turns.push((place, Arc::downgrade(&turn)));
            turn
        })
    }

    /// Waits for its turn, until a signal handler raises.
    fn begin(&self, py: Python<'_>) -> PyResult<InUse<'_>> {
        let this_thread = thread::current().id();
        loop {
            let mut user = locked(&self.user);
            match *user {
                None => {
                    *user = Some(this_thread);
                    return Ok(InUse(self));
                }
                Some(other) if other == this_thread => {
                    // From its own `read`, or from a signal handler meanwhile: nobody else could let it go on.
                    return Err(PyRuntimeError::new_err("the source is being read already, by the same thread"));
                }
                Some(_) => drop(user),
            }
            py.detach(|| {
                let user = locked(&self.user);
                if user.is_some() {
                    drop(self.free.wait_timeout(user, LOOK_EVERY));
                }
            });
            py.check_signals()?;
        }
    }
}

struct InUse<'a>(&'a Turn);

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        *locked(&self.0.user) = None;
        self.0.free.notify_one();
    }
}

impl Object {
    pub(crate) fn new(file: Py<PyAny>) -> Self {
        let turn = Turn::of(&file);
        Self { file, turn }
    }

    /// Fills `buffer` from `offset` on; less only at the end.
    pub(crate) fn read_at(&self, py: Python<'_>, offset: u64, buffer: &mut [u8]) -> PyResult<usize> {
        self.use_it(py, |file| read(file, offset, buffer))
    }

    /// Bytes to its end. What `seek` gives is not looked at: that of an `mmap` gives nothing before Python 3.13.
    pub(crate) fn length(&self, py: Python<'_>) -> PyResult<u64> {
        self.use_it(py, |file| {
            file.call_method1("seek", (0, 2))?;
            file.call_method0("tell")?.extract()
        })
    }

    /// Lets `work` use the object, and puts it back to where it was.
    fn use_it<T>(&self, py: Python<'_>, work: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T>) -> PyResult<T> {
        let here = self.turn.process == std::process::id();
        let turn = if here { Arc::clone(&self.turn) } else { Turn::of(&self.file) };
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

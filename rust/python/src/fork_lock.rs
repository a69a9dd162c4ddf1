//! A lock that survives forks, responds to signals, and detects reentry through Python code.

use crate::errors::{BindingError, locked};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::sync::{Condvar, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

/// Interval of the signal checks while waiting for the lock.
const SIGNAL_CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// A lock that belongs to the process that created it.
pub(crate) struct ForkSafeLock {
    /// After a fork, the thread that held the lock does not exist in the child and cannot release it.
    process: u32,
    user: Mutex<Option<ThreadId>>,
    free: Condvar,
}

impl Default for ForkSafeLock {
    fn default() -> Self {
        Self { process: std::process::id(), user: Mutex::new(None), free: Condvar::new() }
    }
}

impl ForkSafeLock {
    pub(crate) fn is_of_this_process(&self) -> bool {
        self.process == std::process::id()
    }

    /// Acquires the lock; a signal handler that raises ends the wait.
    pub(crate) fn acquire(&self, py: Python<'_>) -> PyResult<Guard<'_>> {
        let this_thread = thread::current().id();
        loop {
            let mut user = locked(&self.user);
            match *user {
                None => {
                    *user = Some(this_thread);
                    return Ok(Guard(self));
                }
                Some(other) if other == this_thread => {
                    // Reentry from the object's own `read`, or from a signal handler during it: waiting would deadlock.
                    return Err(PyRuntimeError::new_err("the source is already being read by the same thread"));
                }
                Some(_) => drop(user),
            }
            py.detach(|| {
                let user = locked(&self.user);
                if user.is_some() {
                    drop(self.free.wait_timeout(user, SIGNAL_CHECK_INTERVAL));
                }
            });
            py.check_signals()?;
        }
    }
}

/// Holds the lock until it is dropped.
pub(crate) struct Guard<'a>(&'a ForkSafeLock);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        *locked(&self.0.user) = None;
        self.0.free.notify_one();
    }
}

/// A value used by one thread at a time. In a forked child each use gets a new default value.
#[derive(Default)]
pub(crate) struct ForkLocal<T> {
    lock: ForkSafeLock,
    value: Mutex<T>,
}

impl<T: Default> ForkLocal<T> {
    pub(crate) fn with_lock<R>(&self, work: impl FnOnce(&mut T) -> Result<R, BindingError>) -> Result<R, BindingError> {
        if !self.lock.is_of_this_process() {
            return work(&mut T::default());
        }
        let _in_use = Python::attach(|py| self.lock.acquire(py))?;
        work(&mut locked(&self.value))
    }
}

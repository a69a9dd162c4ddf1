//! Maps core errors and panics to `dicomet.PixelDataError`.

use crate::environment;
use dicomet_core::Error;
use dicomet_core::error::ErrorKind;
use dicomet_core::parallel::Parallelism;
use pyo3::exceptions::{PyMemoryError, PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};
use std::io;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Errors and panics of a call into the core.
pub(crate) enum BindingError {
    Core(Error),
    Python(PyErr),
    /// A panic, which is a bug in this library.
    Panic,
}

impl From<Error> for BindingError {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl From<PyErr> for BindingError {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl BindingError {
    /// Adds the frame number to an error of the core.
    pub(crate) fn in_frame(self, frame: usize) -> Self {
        match self {
            Self::Core(error) => Self::Core(error.in_frame(frame)),
            other => other,
        }
    }

    /// Returns the exception.
    pub(crate) fn into_py(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Core(error) => pixel_data_error(py, &error),
            Self::Python(error) => error,
            Self::Panic => raise(py, "internal error of dicomet: please report it with the file that caused it", None),
        }
    }
}

/// Returns a `dicomet.PixelDataError` with the place of the error as attributes, or a `MemoryError` if an allocation
/// failed.
fn pixel_data_error(py: Python<'_>, error: &Error) -> PyErr {
    if matches!(error.kind, ErrorKind::Memory { .. }) {
        return PyMemoryError::new_err(error.to_string());
    }
    let place = PyDict::new(py);
    let filled = [("frame", error.frame), ("segment", error.segment), ("offset", error.offset)]
        .into_iter()
        .try_for_each(|(name, value)| place.set_item(name, value))
        .and_then(|()| place.set_item("element", error.element.map(|element| element.to_string())));
    filled.map_or_else(|error| error, |()| raise(py, &format!("{error}{}", hint(&error.kind)), Some(&place)))
}

/// The options of `pixel_array` that avoid the error.
fn hint(kind: &ErrorKind) -> &'static str {
    if matches!(kind, ErrorKind::Unconvertible) { " (use raw=True or as_rgb=False)" } else { "" }
}

fn raise(py: Python<'_>, message: &str, place: Option<&Bound<'_, PyDict>>) -> PyErr {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let error = CLASS.import(py, "dicomet.errors", "PixelDataError").and_then(|class| class.call((message,), place));
    error.map_or_else(|error| error, PyErr::from_value)
}

/// Returns the `OSError` that Python itself would raise.
pub(crate) fn os_error(error: io::Error, path: Option<&Path>) -> PyErr {
    if error.kind() == io::ErrorKind::OutOfMemory {
        return PyMemoryError::new_err(error.to_string());
    }
    let Some(code) = error.raw_os_error() else { return PyValueError::new_err(error.to_string()) };
    let text = error.to_string();
    let text = text.strip_suffix(&format!(" (os error {code})")).unwrap_or(&text).to_owned();
    match path.map(|path| path.as_os_str().to_owned()) {
        Some(path) if cfg!(windows) => PyOSError::new_err((0, text, path, code)),
        Some(path) => PyOSError::new_err((code, text, path)),
        None if cfg!(windows) => PyOSError::new_err((0, text, None::<String>, code)),
        None => PyOSError::new_err((code, text)),
    }
}

/// Runs `work` without the GIL.
pub(crate) fn detached<T: Send, E: Into<BindingError> + Send>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, E> + Send,
) -> PyResult<T> {
    catch_panic(py, || py.detach(work))
}

/// Runs `work` without the GIL on at most `workers` threads; a signal handler that raises cancels it.
pub(crate) fn detached_parallel<T: Send, E: Into<BindingError> + Send>(
    py: Python<'_>,
    workers: Option<NonZero<usize>>,
    work: impl FnOnce(&Parallelism<'_>) -> Result<T, E> + Send,
) -> PyResult<T> {
    detached(py, || with_parallelism(workers, work))
}

/// Same as [`detached_parallel`], for a caller that has already released the GIL.
pub(crate) fn with_parallelism<T, E: Into<BindingError>>(
    workers: Option<NonZero<usize>>,
    work: impl FnOnce(&Parallelism<'_>) -> Result<T, E>,
) -> Result<T, BindingError> {
    let raised: Mutex<Option<PyErr>> = Mutex::new(None);
    let interrupted = || {
        let check = |py: Python<'_>| py.check_signals();
        let error = Python::attach(check).err();
        // Other threads may check again before all of them have stopped: keep the first exception.
        let mut raised = locked(&raised);
        *raised = raised.take().or(error);
        raised.is_some()
    };
    let done = work(&Parallelism { workers: environment::limit(workers), interrupted: &interrupted });
    raised.into_inner().ok().flatten().map_or(done.map_err(Into::into), |error| Err(error.into()))
}

/// Runs `work` with the GIL. A panic, which is a bug in this library, becomes an ordinary exception.
pub(crate) fn catch_panic<T, E: Into<BindingError>>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, E>,
) -> PyResult<T> {
    let done = catch_unwind(AssertUnwindSafe(work));
    done.map_or(Err(BindingError::Panic), |done| done.map_err(Into::into)).map_err(|failure| failure.into_py(py))
}

/// Locks a mutex whose value stays consistent even if a thread panics, so poisoning is ignored.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

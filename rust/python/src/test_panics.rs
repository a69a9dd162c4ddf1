//! Deliberate panics: no input is known to cause one, but tests must show how a panic is reported. Not part of released
//! builds (feature `test-panics`).

use crate::errors::{BindingError, catch_panic, detached, detached_parallel};
use crate::prefetch::{DecodePool, JobResult, JobSize};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::num::NonZero;

#[pyfunction]
pub(crate) fn provoke_panic(py: Python<'_>, way: &str) -> PyResult<()> {
    match way {
        "with the GIL" => catch_panic(py, mistake::<()>),
        "without the GIL" => detached(py, mistake::<()>),
        "in parallel" => detached_parallel(py, None, |_| mistake::<()>()),
        "in the pool" => {
            let pool = DecodePool::new(NonZero::new(1))?;
            pool.submit(JobSize::Large, |_| mistake::<JobResult>()).result(py).map(drop)
        }
        other => Err(PyValueError::new_err(format!("unknown way {other}"))),
    }
}

fn mistake<T>() -> Result<T, BindingError> {
    let none: [u8; 0] = std::hint::black_box([]);
    let index = usize::from(std::hint::black_box(3_u8));
    Err(BindingError::Python(PyValueError::new_err(none[..][index])))
}

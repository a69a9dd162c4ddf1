//! Deliberate panics: no input is known to cause one, but tests must show how a panic is reported. Not part of released
//! builds (feature `test-panics`).

use crate::errors::{Failure, catch_panic, detached_parallel, run};
use crate::prefetch::{DecodePool, Done};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::num::NonZero;

#[pyfunction]
pub(crate) fn provoke_panic(py: Python<'_>, way: &str) -> PyResult<()> {
    match way {
        "with the GIL" => catch_panic(py, mistake::<()>),
        "without the GIL" => run(py, mistake::<()>),
        "in a team" => detached_parallel(py, None, |_| mistake::<()>()),
        "ahead" => {
            let ahead = DecodePool::new(NonZero::new(1))?;
            ahead.submit(|_| mistake::<Done>()).result(py).map(drop)
        }
        other => Err(PyValueError::new_err(format!("unknown way {other}"))),
    }
}

fn mistake<T>() -> Result<T, Failure> {
    let none: [u8; 0] = std::hint::black_box([]);
    let place = usize::from(std::hint::black_box(3_u8));
    Err(Failure::Python(PyValueError::new_err(none[..][place])))
}

//! The limits of a call that sets none: those of the environment.

use pyo3::prelude::*;
use std::ffi::OsString;
use std::num::NonZero;

const WORKERS: &str = "DICOMET_WORKERS";
const MAX_BYTES: &str = "DICOMET_MAX_BYTES";

/// Returns the limit of the environment: decimal digits, at least 1. None if it sets no limit, or an invalid one.
#[pyfunction]
pub(crate) fn environment_workers() -> Option<NonZero<usize>> {
    parse(&std::env::var(WORKERS).ok()?)
}

/// Returns the unchecked text of `DICOMET_MAX_BYTES`. Not through `os.environ`, which takes ten times as long.
#[pyfunction]
pub(crate) fn environment_max_bytes() -> Option<OsString> {
    std::env::var_os(MAX_BYTES)
}

/// Returns the limit of a call: that which it requests, or else that of the environment.
pub(crate) fn limit(requested: Option<NonZero<usize>>) -> Option<NonZero<usize>> {
    requested.or_else(environment_workers)
}

fn parse(text: &str) -> Option<NonZero<usize>> {
    let digits = text.trim();
    // `parse` also accepts a sign.
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

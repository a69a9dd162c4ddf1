//! The number of threads of a call that sets none: that of the environment.

use pyo3::prelude::*;
use std::num::NonZero;

const VARIABLE: &str = "DICOMET_WORKERS";

/// Returns the limit of the environment: decimal digits, at least 1. None if it sets no limit, or an invalid one.
#[pyfunction]
pub(crate) fn environment_workers() -> Option<NonZero<usize>> {
    parse(&std::env::var(VARIABLE).ok()?)
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

//! The check by which a caller ends decoding.

/// Returns true if decoding must end. A decoder calls it every few rows, or after as much other work.
pub type StopCheck<'a> = &'a (dyn Fn() -> bool + Sync);

/// A [`StopCheck`] returned true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the decoder was interrupted")]
pub struct Interrupted;

/// Returns an error if `stop` returns true.
pub fn check(stop: Option<StopCheck<'_>>) -> Result<(), Interrupted> {
    if stop.is_some_and(|stop| stop()) { Err(Interrupted) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn true_is_an_error() {
        assert_eq!(check(None), Ok(()));
        assert_eq!(check(Some(&|| false)), Ok(()));
        assert_eq!(check(Some(&|| true)), Err(Interrupted));
    }
}

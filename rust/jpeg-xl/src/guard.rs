//! Panics of other crates as errors.
//!
//! The known ones are overflows of the number of groups, in headers of some 2^30 rows and columns. These crates are large,
//! and use assertions and indices.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use crate::error::{Error, Result};

thread_local! {
    /// Whether a panic of this thread becomes an error, which has its message.
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Calls `work`, which calls other crates. A panic of theirs is an error in `part` of the codestream.
pub(crate) fn guarded<T>(part: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let work = || silently(work);
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(Error::invalid(part, reason(&*panic))))
}

/// Calls `work`, of whose panics nothing is printed.
pub(crate) fn silently<T>(work: impl FnOnce() -> T) -> T {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let print = take_hook();
        set_hook(Box::new(move |panic| {
            if !IS_GUARDED.get() {
                print(panic);
            }
        }));
    });
    let _guarded = Guarded(IS_GUARDED.replace(true));
    work()
}

/// Restores the state of the thread, also after a panic.
struct Guarded(bool);

impl Drop for Guarded {
    fn drop(&mut self) {
        IS_GUARDED.set(self.0);
    }
}

fn reason(panic: &(dyn Any + Send)) -> String {
    let message = panic.downcast_ref::<&str>().copied();
    let message = message.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("data that the decoder does not handle ({})", message.unwrap_or("no message"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error() {
        let error = guarded::<()>("samples", || panic!("index {}", 3)).unwrap_err();
        assert_eq!(error.to_string(), "`samples`: found data that the decoder does not handle (index 3)");
        let error = guarded::<()>("samples", || std::panic::panic_any(7)).unwrap_err();
        assert!(error.to_string().contains("no message"));
        assert!(!IS_GUARDED.get());
        assert_eq!(guarded("samples", || Ok(5)), Ok(5));
    }
}

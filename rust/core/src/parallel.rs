//! Frames on all cores.
//!
//! Threads live as long as one call: there is no pool that a fork could leave without its threads, and the start of a
//! thread (20 to 50 µs) is small against the frames that are worth one.

use std::num::NonZero;
use std::sync::Mutex;
use std::thread;

/// A result of fewer bytes is decoded by the caller's thread alone: it takes less time than the start of another.
const WORTH_A_THREAD: usize = 1 << 20;

/// Calls `work` for every item and returns what it gave, in the items' order, or the error of the first item that has
/// one. `state` makes what each thread reuses from item to item; `bytes` is the size of the whole result.
pub(crate) fn map<I, S, R, E>(
    items: impl ExactSizeIterator<Item = I> + Send,
    bytes: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, I) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E>
where
    R: Send,
    E: Send,
{
    let threads = threads_for(items.len(), bytes);
    if threads < 2 {
        let mut state = state();
        return items.map(|item| work(&mut state, item)).collect();
    }
    let queue = Mutex::new(items.enumerate());
    let run = || work_off(&queue, &state, &work);
    let mut done = thread::scope(|scope| {
        // Where a thread cannot be started, the others do its work.
        let helpers: Vec<_> =
            (1..threads).map_while(|_| thread::Builder::new().spawn_scoped(scope, run).ok()).collect();
        let mut done = run();
        for helper in helpers {
            match helper.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    // Items are handed out in order, so that all before a failed one are done.
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Takes items until there are none, or one fails.
fn work_off<I, S, R, E>(
    queue: &Mutex<impl Iterator<Item = (usize, I)>>,
    state: impl Fn() -> S,
    work: impl Fn(&mut S, I) -> Result<R, E>,
) -> Vec<(usize, Result<R, E>)> {
    let (mut state, mut done) = (state(), Vec::new());
    // A lock is poisoned where another thread has panicked, which ends the whole call.
    while let Some((index, item)) = queue.lock().ok().and_then(|mut items| items.next()) {
        let result = work(&mut state, item);
        let failed = result.is_err();
        done.push((index, result));
        if failed {
            // Nobody needs what comes after it.
            if let Ok(mut items) = queue.lock() {
                items.by_ref().for_each(drop);
            }
        }
    }
    done
}

/// As many threads as the process may use (its affinity and its group's quota), as there are items, and as have enough
/// to do.
fn threads_for(items: usize, bytes: usize) -> usize {
    let worth = items.min(bytes / WORTH_A_THREAD);
    if worth < 2 { 1 } else { worth.min(thread::available_parallelism().map_or(1, NonZero::get)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const LARGE: usize = 100 * WORTH_A_THREAD;

    #[test]
    fn results_keep_the_order_of_the_items() {
        for (items, bytes) in [(0, LARGE), (1, LARGE), (2, 0), (50, LARGE), (1000, LARGE)] {
            let doubled = map((0..items).collect::<Vec<_>>().into_iter(), bytes, || (), |(), i| Ok::<_, ()>(2 * i));
            assert_eq!(doubled, Ok((0..items).map(|i| 2 * i).collect()));
        }
    }

    #[test]
    fn the_first_error_counts() {
        for bytes in [0, LARGE] {
            let calls = AtomicUsize::new(0);
            let failed = map(
                (0..200).collect::<Vec<_>>().into_iter(),
                bytes,
                || (),
                |(), i| {
                    calls.fetch_add(1, Ordering::Relaxed);
                    if i % 20 == 7 { Err(i) } else { Ok(()) }
                },
            );
            assert_eq!(failed, Err(7));
            assert!(calls.load(Ordering::Relaxed) < 200);
        }
    }

    #[test]
    fn a_panic_is_not_lost() {
        let panicked = std::panic::catch_unwind(|| {
            let _ = map(
                (0..50).collect::<Vec<_>>().into_iter(),
                LARGE,
                || (),
                |(), i| {
                    assert!(i != 3, "on purpose");
                    Ok::<_, ()>(())
                },
            );
        });
        assert!(panicked.is_err());
    }
}

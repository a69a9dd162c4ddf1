//! Frames on all cores.
//!
//! Threads live as long as one call: there is no pool that a fork could leave without its threads, and the start of a
//! thread (50 to 100 µs) is small against the frames that are worth one.

use std::num::NonZero;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, try_reserve, try_with_capacity};

/// A result of fewer bytes is decoded by the caller's thread alone: it takes less time than the start of another.
const MIN_BYTES_PER_THREAD: usize = if crate::SMALL_BUFFERS { 1 << 8 } else { 1 << 20 };
/// How often the caller is asked whether to go on; each time in tests, which must not depend on the time.
const ASK_EVERY: Duration = if cfg!(test) { Duration::ZERO } else { Duration::from_millis(50) };
/// How long it is believed how many cores there are: asking takes as long as a small frame.
const CORES_LAST: Duration = Duration::from_secs(1);
/// As many threads at most, unless a call says otherwise.
const ENVIRONMENT: &str = "DICOMET_WORKERS";

/// Who works on a call, and who may stop it.
#[derive(Clone, Copy)]
pub struct Parallelism<'a> {
    /// Threads at most; none for what the environment variable `DICOMET_WORKERS` says, or as many as the process may use.
    pub workers: Option<NonZero<usize>>,
    /// Asked now and then by the caller's own thread: true ends the work.
    pub interrupted: &'a (dyn Fn() -> bool + Sync),
}

impl Parallelism<'_> {
    /// At most so many threads, which nobody stops; 0 for the default.
    #[must_use]
    pub fn of(workers: usize) -> Self {
        Self { workers: NonZero::new(workers), ..Self::default() }
    }
}

impl Default for Parallelism<'_> {
    fn default() -> Self {
        Self { workers: None, interrupted: &|| false }
    }
}

/// Calls `work` for every item and returns what it gave, in the items' order, or the error of the first item that has
/// one. `state` makes what each thread reuses from item to item; `bytes` is the size of the whole result.
pub(crate) fn map<I, S, R, E>(
    team: &Parallelism<'_>,
    items: impl ExactSizeIterator<Item = I> + Send,
    bytes: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, I) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E>
where
    R: Send,
    E: Send + From<Error>,
{
    let threads = threads_for(team, items.len(), bytes);
    let mut watch = CancelCheck::new(team);
    let queue = Mutex::new(items.enumerate());
    let mut done = if threads < 2 {
        drain_queue(&queue, &state, &work, || watch.interrupted())?
    } else {
        thread::scope(|scope| {
            // Where a thread cannot be started, the others do its work.
            let help = || drain_queue(&queue, &state, &work, || false);
            let helpers: Vec<_> =
                (1..threads).map_while(|_| thread::Builder::new().spawn_scoped(scope, help).ok()).collect();
            let mut done = drain_queue(&queue, &state, &work, || watch.interrupted());
            for helper in helpers {
                match helper.join() {
                    Ok(more) => done = done.and_then(|done| both(done, more?)),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            done
        })?
    };
    if watch.interrupted {
        return Err(Error::pixel_data(ErrorKind::Interrupted).into());
    }
    // Items are handed out in order, so that all before a failed one are done.
    done.sort_unstable_by_key(|(index, _)| *index);
    let mut results = try_with_capacity(done.len())?;
    for (_, result) in done {
        results.push(result?);
    }
    Ok(results)
}

/// What an item gave, and its number.
type Done<R, E> = (usize, Result<R, E>);

fn both<T>(mut some: Vec<T>, mut more: Vec<T>) -> Result<Vec<T>, Error> {
    try_reserve(&mut some, more.len())?;
    some.append(&mut more);
    Ok(some)
}

/// Asks the caller from time to time whether to go on.
pub struct CancelCheck<'a> {
    team: &'a Parallelism<'a>,
    asked: Instant,
    interrupted: bool,
}

impl<'a> CancelCheck<'a> {
    /// Begins to watch the time.
    #[must_use]
    pub fn new(team: &'a Parallelism<'a>) -> Self {
        Self { team, asked: Instant::now(), interrupted: false }
    }

    /// An error where the caller does not want more.
    pub fn check(&mut self) -> Result<(), Error> {
        if self.interrupted() { Err(Error::pixel_data(ErrorKind::Interrupted)) } else { Ok(()) }
    }

    fn interrupted(&mut self) -> bool {
        if !self.interrupted && self.asked.elapsed() >= ASK_EVERY {
            self.interrupted = (self.team.interrupted)();
            self.asked = Instant::now();
        }
        self.interrupted
    }
}

/// Takes items until there are none, one fails, or it is told to `stop`.
fn drain_queue<I, S, R, E>(
    queue: &Mutex<impl Iterator<Item = (usize, I)>>,
    state: impl Fn() -> S,
    work: impl Fn(&mut S, I) -> Result<R, E>,
    mut stop: impl FnMut() -> bool,
) -> Result<Vec<Done<R, E>>, Error> {
    let (mut state, mut done) = (state(), Vec::new());
    // A lock is poisoned where another thread has panicked, which ends the whole call.
    while let Some((index, item)) = queue.lock().ok().and_then(|mut items| items.next()) {
        try_reserve(&mut done, 1)?;
        let result = work(&mut state, item);
        let failed = result.is_err();
        done.push((index, result));
        if failed || stop() {
            // Nobody needs what comes after it.
            if let Ok(mut items) = queue.lock() {
                items.by_ref().for_each(drop);
            }
        }
    }
    Ok(done)
}

/// As many threads as are wanted, as there are items, and as have enough to do.
fn threads_for(team: &Parallelism<'_>, items: usize, bytes: usize) -> usize {
    let worth = items.min(bytes / MIN_BYTES_PER_THREAD);
    if worth < 2 { 1 } else { worth.min(workers(team.workers)) }
}

/// How many threads there are to be: so many, or what the environment says, or as many as the process may use.
#[must_use]
pub fn workers(asked: Option<NonZero<usize>>) -> usize {
    asked.or_else(wanted).unwrap_or_else(cores).get()
}

/// What the environment says. Anything but a number from 1 on says nothing.
fn wanted() -> Option<NonZero<usize>> {
    std::env::var(ENVIRONMENT).ok()?.trim().parse().ok()
}

/// As many threads as the process may use at the same time: its affinity, and its group's quota.
fn cores() -> NonZero<usize> {
    static KNOWN: Mutex<Option<(Instant, NonZero<usize>)>> = Mutex::new(None);
    let ask = || thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    // A lock that is held, or was when the process was forked, is not waited for.
    let Ok(mut known) = KNOWN.try_lock() else { return ask() };
    match *known {
        Some((asked, cores)) if asked.elapsed() < CORES_LAST => cores,
        _ => {
            let cores = ask();
            *known = Some((Instant::now(), cores));
            cores
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const LARGE: usize = 100 * MIN_BYTES_PER_THREAD;

    fn numbers(count: usize) -> impl ExactSizeIterator<Item = usize> + Send {
        (0..count).collect::<Vec<_>>().into_iter()
    }

    #[test]
    fn results_keep_the_order_of_the_items() {
        for (items, bytes, workers) in
            [(0, LARGE, 0), (1, LARGE, 2), (2, 0, 2), (50, LARGE, 0), (50, LARGE, 7), (1000, LARGE, 2)]
        {
            let doubled = map(&Parallelism::of(workers), numbers(items), bytes, || (), |(), i| Ok::<_, Error>(2 * i));
            assert_eq!(doubled, Ok((0..items).map(|i| 2 * i).collect()));
        }
    }

    #[test]
    fn the_first_error_counts() {
        for workers in 1..5 {
            let calls = AtomicUsize::new(0);
            let work = |i| {
                calls.fetch_add(1, Ordering::Relaxed);
                if i % 20 == 7 { Err(Error::pixel_data(ErrorKind::TooLarge).in_frame(i)) } else { Ok(()) }
            };
            let failed = map(&Parallelism::of(workers), numbers(200), LARGE, || (), |(), i| work(i));
            assert_eq!(failed.unwrap_err().frame, Some(7));
            assert!(calls.load(Ordering::Relaxed) < 200);
        }
    }

    #[test]
    fn a_panic_is_not_lost() {
        let panicked = std::panic::catch_unwind(|| {
            let work = |i| assert!(i != 3, "on purpose");
            let _ = map(
                &Parallelism::of(2),
                numbers(50),
                LARGE,
                || (),
                |(), i| {
                    work(i);
                    Ok::<_, Error>(())
                },
            );
        });
        assert!(panicked.is_err());
    }

    #[test]
    fn an_interruption_ends_the_work() {
        for workers in [1, 2, 5] {
            let calls = AtomicUsize::new(0);
            let team = Parallelism { workers: NonZero::new(workers), interrupted: &|| true };
            let work = |()| {
                calls.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(1));
                Ok::<_, Error>(())
            };
            let stopped = map(&team, vec![(); 1000].into_iter(), LARGE, || (), |(), ()| work(()));
            assert_eq!(stopped.unwrap_err().problem, ErrorKind::Interrupted);
            assert!(calls.load(Ordering::Relaxed) < 500);
        }
    }

    #[test]
    fn as_many_threads_as_are_wanted_and_worth_it() {
        for (workers, items, bytes, threads) in [
            (1, 1000, LARGE, 1),
            (3, 1000, LARGE, 3),
            (300, 1000, LARGE, 100),
            (300, 20, LARGE, 20),
            (3, 1000, 2 * MIN_BYTES_PER_THREAD - 1, 1),
            (3, 1000, 2 * MIN_BYTES_PER_THREAD, 2),
            (3, 1, LARGE, 1),
        ] {
            assert_eq!(threads_for(&Parallelism::of(workers), items, bytes), threads);
        }
        assert_eq!(cores(), thread::available_parallelism().unwrap());
    }
}

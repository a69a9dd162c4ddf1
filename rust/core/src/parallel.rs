//! Distributes work over all cores.
//!
//! Threads live as long as one call: there is no pool that a fork could leave without its threads, and starting a
//! thread (50 to 100 µs) is cheap compared with the frames that justify one.

use std::iter::Enumerate;
use std::num::NonZero;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::alloc::{try_reserve, try_with_capacity};
use crate::error::{Error, ErrorKind};
use dicomet_codec::StopCheck;

/// A smaller result is decoded by the caller's thread alone: starting another thread would take longer.
const MIN_BYTES_PER_THREAD: usize = if crate::SMALL_BUFFERS { 1 << 8 } else { 1 << 20 };
/// Bytes of the result that a thread takes at once while much is left: the size of a huge page. If two threads touch the
/// same new huge page at the same time, the kernel clears a page for each, and drops one.
const BATCH_BYTES: usize = if crate::SMALL_BUFFERS { 1 << 7 } else { 1 << 21 };
/// Interval of the checks for cancellation; zero in tests, which must not depend on timing.
const CANCEL_CHECK_INTERVAL: Duration = if cfg!(test) { Duration::ZERO } else { Duration::from_millis(50) };
/// How long the number of cores is cached: querying it takes as long as decoding a small frame.
const CORE_COUNT_LIFETIME: Duration = Duration::from_secs(1);

/// The thread limit of a call, and its check for cancellation.
#[derive(Clone, Copy)]
pub struct Parallelism<'a> {
    /// Maximum number of threads. None: one for each core that the process may use.
    pub workers: Option<NonZero<usize>>,
    /// Checked periodically by the caller's own thread; true cancels the work.
    pub interrupted: &'a (dyn Fn() -> bool + Sync),
}

impl Parallelism<'_> {
    /// Returns a limit of `workers` threads without a check for cancellation; 0 for one per core.
    #[must_use]
    pub fn of(workers: usize) -> Self {
        Self { workers: NonZero::new(workers), ..Self::default() }
    }

    /// Returns a limit of one thread, with the same check for cancellation.
    #[must_use]
    pub(crate) fn with_one_worker(&self) -> Self {
        Self { workers: Some(NonZero::<usize>::MIN), ..*self }
    }

    /// Calls `work` with a check for cancellation that any thread may call.
    pub(crate) fn with_stop<R>(&self, work: impl FnOnce(StopCheck<'_>) -> R) -> R {
        let check = Mutex::new(CancelCheck::new(self));
        // A thread that does not get the lock continues: another one is checking.
        work(&|| check.try_lock().is_ok_and(|mut check| check.check().is_err()))
    }
}

impl Default for Parallelism<'_> {
    fn default() -> Self {
        Self { workers: None, interrupted: &|| false }
    }
}

/// Calls `work` for every item and returns the results in the order of the items, or the error of the first item that
/// failed. `state` creates what each thread reuses from item to item; `bytes` is the size of the whole result.
pub fn map<I, S, R, E>(
    parallelism: &Parallelism<'_>,
    items: impl ExactSizeIterator<Item = I> + Send,
    bytes: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, I) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E>
where
    R: Send,
    E: Send + From<Error>,
{
    let threads = threads_for(parallelism, items.len(), bytes);
    let mut cancel = CancelCheck::new(parallelism);
    let queue = Queue::new(items, bytes, threads);
    let mut done = if threads < 2 {
        drain_queue(&queue, &state, &work, || cancel.interrupted())?
    } else {
        thread::scope(|scope| {
            // If a thread cannot be started, the others do its work.
            let help = || drain_queue(&queue, &state, &work, || false);
            let helpers: Vec<_> =
                (1..threads).map_while(|_| thread::Builder::new().spawn_scoped(scope, help).ok()).collect();
            let mut done = drain_queue(&queue, &state, &work, || cancel.interrupted());
            for helper in helpers {
                match helper.join() {
                    Ok(more) => done = done.and_then(|done| concatenated(done, more?)),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            done
        })?
    };
    if cancel.interrupted {
        return Err(Error::from(ErrorKind::Interrupted).into());
    }
    // Items are handed out in order, so all items before a failed one are done.
    done.sort_unstable_by_key(|(index, _)| *index);
    let mut results = try_with_capacity(done.len())?;
    for (_, result) in done {
        results.push(result?);
    }
    Ok(results)
}

/// The index of an item, and its result.
type Done<R, E> = (usize, Result<R, E>);

fn concatenated<T>(mut some: Vec<T>, mut more: Vec<T>) -> Result<Vec<T>, Error> {
    try_reserve(&mut some, more.len())?;
    some.append(&mut more);
    Ok(some)
}

/// Checks periodically whether the caller has canceled the work.
pub struct CancelCheck<'a> {
    parallelism: &'a Parallelism<'a>,
    last_check: Instant,
    interrupted: bool,
}

impl<'a> CancelCheck<'a> {
    /// Starts the timer.
    #[must_use]
    pub fn new(parallelism: &'a Parallelism<'a>) -> Self {
        Self { parallelism, last_check: Instant::now(), interrupted: false }
    }

    /// Returns an error if the caller has canceled the work.
    pub fn check(&mut self) -> Result<(), Error> {
        if self.interrupted() { Err(ErrorKind::Interrupted.into()) } else { Ok(()) }
    }

    fn interrupted(&mut self) -> bool {
        if !self.interrupted && self.last_check.elapsed() >= CANCEL_CHECK_INTERVAL {
            self.interrupted = (self.parallelism.interrupted)();
            self.last_check = Instant::now();
        }
        self.interrupted
    }
}

/// Items that threads take in order, a batch at a time.
struct Queue<I> {
    items: Mutex<I>,
    threads: usize,
    /// Items of [`BATCH_BYTES`] of the result, at least one.
    batch: usize,
}

impl<T, I: ExactSizeIterator<Item = T>> Queue<Enumerate<I>> {
    fn new(items: I, bytes: usize, threads: usize) -> Self {
        let item_bytes = bytes / items.len().max(1);
        let batch = (BATCH_BYTES / item_bytes.max(1)).max(1);
        Self { items: Mutex::new(items.enumerate()), threads, batch }
    }

    /// Moves the next items into `batch`: fewer toward the end, so that all threads end at about the same time. Returns
    /// whether there were any.
    fn take(&self, batch: &mut Vec<(usize, T)>) -> Result<bool, Error> {
        // A poisoned lock means that another thread has panicked, which ends the whole call.
        let Ok(mut items) = self.items.lock() else { return Ok(false) };
        let count = (items.len() / (2 * self.threads)).clamp(1, self.batch);
        try_reserve(batch, count)?;
        batch.extend(items.by_ref().take(count));
        Ok(!batch.is_empty())
    }

    /// Discards the remaining items.
    fn clear(&self) {
        if let Ok(mut items) = self.items.lock() {
            items.by_ref().for_each(drop);
        }
    }
}

/// Processes items until the queue is empty, an item fails, or `stop` returns true.
fn drain_queue<I, S, R, E>(
    queue: &Queue<Enumerate<impl ExactSizeIterator<Item = I>>>,
    state: impl Fn() -> S,
    work: impl Fn(&mut S, I) -> Result<R, E>,
    mut stop: impl FnMut() -> bool,
) -> Result<Vec<Done<R, E>>, Error> {
    let (mut state, mut batch, mut done) = (state(), Vec::new(), Vec::new());
    while queue.take(&mut batch)? {
        try_reserve(&mut done, batch.len())?;
        for (index, item) in batch.drain(..) {
            let result = work(&mut state, item);
            let failed = result.is_err();
            done.push((index, result));
            if failed || stop() {
                // The results of the remaining items would not be used.
                queue.clear();
                return Ok(done);
            }
        }
    }
    Ok(done)
}

/// Number of threads: at most the limit, the number of items, and one per [`MIN_BYTES_PER_THREAD`] of the result.
fn threads_for(parallelism: &Parallelism<'_>, items: usize, bytes: usize) -> usize {
    let worth = items.min(bytes / MIN_BYTES_PER_THREAD);
    if worth < 2 { 1 } else { worth.min(workers(parallelism.workers)) }
}

/// Number of threads for work that can be divided anywhere and gives `bytes` of a result.
pub(crate) fn threads_for_bytes(parallelism: &Parallelism<'_>, bytes: usize) -> usize {
    threads_for(parallelism, usize::MAX, bytes)
}

/// Returns the number of threads to use: `requested`, or else one for each core that the process may use.
#[must_use]
pub fn workers(requested: Option<NonZero<usize>>) -> usize {
    requested.unwrap_or_else(cores).get()
}

/// Number of threads that the process can run at the same time: its CPU affinity, and the quota of its control group.
fn cores() -> NonZero<usize> {
    static KNOWN: Mutex<Option<(Instant, NonZero<usize>)>> = Mutex::new(None);
    let query = || thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    // Never waits for the lock: another thread may hold it, or may have held it when the process was forked.
    let Ok(mut known) = KNOWN.try_lock() else { return query() };
    match *known {
        Some((queried, cores)) if queried.elapsed() < CORE_COUNT_LIFETIME => cores,
        _ => {
            let cores = query();
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
    fn batches_are_in_order_and_shrink_toward_the_end() {
        let items = 100;
        let queue = Queue::new(numbers(items), items * BATCH_BYTES / 8, 2);
        let (mut all, mut lengths, mut batch) = (Vec::new(), Vec::new(), Vec::new());
        while queue.take(&mut batch).unwrap() {
            lengths.push(batch.len());
            for (index, item) in batch.drain(..) {
                assert_eq!(index, item);
                all.push(item);
            }
        }
        assert_eq!(all, (0..items).collect::<Vec<_>>());
        assert_eq!((lengths[0], lengths.last()), (8, Some(&1)));
        assert!(lengths.is_sorted_by(|a, b| a >= b), "{lengths:?}");
        // Items as large as a batch are taken one by one.
        let queue = Queue::new(numbers(9), 9 * BATCH_BYTES, 2);
        assert!(queue.take(&mut batch).unwrap() && batch.len() == 1);
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
            let parallelism = Parallelism { workers: NonZero::new(workers), interrupted: &|| true };
            let work = |()| {
                calls.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(1));
                Ok::<_, Error>(())
            };
            let stopped = map(&parallelism, vec![(); 1000].into_iter(), LARGE, || (), |(), ()| work(()));
            assert_eq!(stopped.unwrap_err().kind, ErrorKind::Interrupted);
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

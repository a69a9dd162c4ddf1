//! Strips of rows, which threads synthesize independently of each other.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::vec::IntoIter;

use dicomet_codec::{Budget, StopCheck};

use crate::blocks::BlockWorker;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::prepare::PreparedTile;
use crate::supply::{Consumer, Demand, EndOnPanic, Order, Supply, lock};
use crate::warning::Warning;

/// A strip has these rows or a multiple of them, if there are several: two rows of the usual code-blocks of the highest
/// resolution. 3 rows in 5-3 and 7 in 9-7 are synthesized for two strips, and up to twice as many of the resolutions below.
const STRIP_ROWS: usize = if crate::SMALL_BUFFERS { 12 } else { 128 };
/// Images with many rows have larger strips instead of more.
const MAX_STRIPS: usize = 16;

/// Divides `rows` rows into strips for this number of threads.
pub(crate) fn strips(rows: usize, workers: usize) -> impl Iterator<Item = Range<usize>> {
    let step = if workers > 1 { rows.div_ceil(MAX_STRIPS).next_multiple_of(STRIP_ROWS) } else { rows };
    (0..rows).step_by(step.max(1)).map(move |start| start..(start + step).min(rows))
}

/// Some rows, and what synthesizes them.
pub(crate) struct Strip<W> {
    pub(crate) demands: Vec<Demand>,
    pub(crate) work: W,
}

/// The threads that decode a row of tiles.
#[derive(Clone, Copy)]
pub(crate) struct Threads<'a> {
    pub(crate) count: usize,
    pub(crate) stop: Option<StopCheck<'a>>,
}

impl Threads<'_> {
    /// Calls `work` of each strip, with the rows of code-blocks of `tiles`. Returns the error of the first strip that fails.
    pub(crate) fn run<'t, W>(
        self,
        tiles: &'t [PreparedTile<'t>],
        order: Order,
        strips: Vec<Strip<W>>,
        context: &mut Context,
        budget: Budget,
        warnings: &mut Vec<Warning>,
    ) -> Result<()>
    where
        W: FnOnce(&mut Consumer<'_>) -> Result<()> + Send,
    {
        let demands = strips.iter().flat_map(|strip| strip.demands.iter().cloned());
        let supply = Supply::new(tiles, order, demands, context.take_memory(), budget);
        let threads = Self { count: self.count.min(supply.len()).max(1), ..self };
        let queue = Queue::new(strips);
        let [own, others @ ..] = context.workers(threads.count) else { return Ok(()) };
        thread::scope(|scope| {
            for worker in others {
                // If a thread cannot be started, the others do its work.
                let work = || threads.work(&supply, &queue, worker);
                if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            threads.work(&supply, &queue, own);
        });
        let (memory, more) = supply.into_parts();
        warnings.extend(more);
        context.keep_memory(memory);
        queue.into_result()
    }

    /// The work of one thread: strips while there are some, then code-blocks for the strips of others.
    fn work<W>(self, supply: &Supply<'_>, queue: &Queue<W>, worker: &mut BlockWorker)
    where
        W: FnOnce(&mut Consumer<'_>) -> Result<()>,
    {
        let _ending = EndOnPanic(supply);
        while let Some((number, work)) = queue.start() {
            let done = work(&mut Consumer { supply, worker, stop: self.stop });
            queue.finish(number, done);
        }
        if queue.is_finished() {
            supply.end();
        }
        supply.help(worker, self.count);
    }
}

/// The strips that no thread has started, and what became of the others.
struct Queue<W>(Mutex<State<W>>);

struct State<W> {
    strips: std::iter::Enumerate<IntoIter<Strip<W>>>,
    /// Strips that are started and not finished.
    started: usize,
    /// The first strip that failed, and its error.
    failed: Option<(usize, Error)>,
}

impl<W> Queue<W> {
    fn new(strips: Vec<Strip<W>>) -> Self {
        Self(Mutex::new(State { strips: strips.into_iter().enumerate(), started: 0, failed: None }))
    }

    /// The next strip; none if one has failed.
    fn start(&self) -> Option<(usize, W)> {
        let mut state = lock(&self.0);
        if state.failed.is_some() {
            return None;
        }
        let (number, strip) = state.strips.next()?;
        state.started += 1;
        Some((number, strip.work))
    }

    fn finish(&self, number: usize, done: Result<()>) {
        let mut state = lock(&self.0);
        state.started -= 1;
        if let Err(error) = done
            && state.failed.as_ref().is_none_or(|(first, _)| number < *first)
        {
            state.failed = Some((number, error));
        }
    }

    /// Whether no strip is started that is not finished. No other will be, after [`Self::start`] has returned none.
    fn is_finished(&self) -> bool {
        lock(&self.0).started == 0
    }

    fn into_result(self) -> Result<()> {
        let state = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.failed.map_or(Ok(()), |(_, error)| Err(error))
    }
}

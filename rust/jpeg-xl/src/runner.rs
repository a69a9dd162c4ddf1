//! Groups of a frame on several threads, and the check that stops them.

use std::io;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use dicomet_codec::StopCheck;
use jxl::api::{JxlParallelRunner, JxlParallelRunnerFun};
use jxl::error::Result;

use crate::error::{self, Error};
use crate::guard::silently;

/// The stop check of a call, which only the caller's thread calls.
pub(crate) struct Stop<'a> {
    check: Option<StopCheck<'a>>,
    stopped: AtomicBool,
}

impl<'a> Stop<'a> {
    pub(crate) fn new(check: Option<StopCheck<'a>>) -> Self {
        Self { check, stopped: AtomicBool::new(false) }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Calls the check, and returns an error if it ends the work.
    pub(crate) fn check(&self) -> error::Result<()> {
        if !self.is_stopped() && self.check.is_some_and(|check| check()) {
            self.stopped.store(true, Ordering::Relaxed);
        }
        if self.is_stopped() { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// The same, for `jxl`.
    pub(crate) fn check_io(&self) -> io::Result<()> {
        self.check().map_err(io::Error::other)
    }
}

/// Runs the groups of a frame on `workers` threads, which live as long as the call.
pub(crate) struct Runner<'a> {
    pub(crate) workers: usize,
    pub(crate) stop: &'a Stop<'a>,
}

impl JxlParallelRunner for Runner<'_> {
    fn run(&mut self, count: usize, work: &JxlParallelRunnerFun<'_>) -> Result<()> {
        self.run_ordered(count, None, work)
    }

    fn num_threads(&self) -> usize {
        self.workers.max(1)
    }

    fn run_ordered(&mut self, count: usize, limit: Option<usize>, work: &JxlParallelRunnerFun<'_>) -> Result<()> {
        let threads = self.num_threads().min(count).min(limit.unwrap_or(usize::MAX));
        let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
        let drain = |check: &dyn Fn() -> io::Result<()>| {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    return;
                }
                let done = check().map_err(Into::into).and_then(|()| work(index));
                if let Err(error) = done {
                    next.store(count, Ordering::Relaxed);
                    failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                }
            }
        };
        let stopped = || if self.stop.is_stopped() { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) };
        let helper = || silently(|| drain(&stopped));
        thread::scope(|scope| {
            // If a thread cannot be started, the others do its work.
            let started = (1..threads).map_while(|_| thread::Builder::new().spawn_scoped(scope, helper).ok());
            let helpers: Vec<_> = started.collect();
            drain(&|| self.stop.check_io());
            for helper in helpers {
                helper.join().unwrap_or_else(|panic| resume_unwind(panic));
            }
        });
        failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }
}

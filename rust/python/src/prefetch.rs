//! Prefetch: threads that read and decode files before the caller requests them and never need the GIL.
//!
//! Python's own threads pass the GIL around several times for each file, and wait for each other longer than decoding a
//! slice takes. Here the caller describes one file while others are being read. The caller's thread does everything
//! that needs Python, including the release of the memory that a worker thread has written to. While it waits for a
//! result, it runs small jobs itself, because falling asleep and waking up takes as long as one of them.

use crate::buffer::Output;
use crate::decoder::Decoder;
use crate::encapsulated::{DecodedFrames, FrameCodec, FrameIndex};
use crate::environment;
use crate::errors::{BindingError, catch_panic, detached, locked, os_error};
use crate::source::Source;
use dicomet_core::Error;
use dicomet_core::parallel::{self, Parallelism};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::collections::VecDeque;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Interval of the signal checks while waiting for a result.
const SIGNAL_CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// Native frames of at most this size are decoded within about 0.2 ms, if the file is in the page cache.
const SMALL_JOB_BYTES: usize = 1 << 20;

type Job = Box<dyn FnOnce(&Parallelism<'_>) + Send>;

/// Jobs that wait for a thread.
#[derive(Default)]
struct Queue {
    jobs: Mutex<VecDeque<(JobSize, Job)>>,
    more: Condvar,
    closed: AtomicBool,
}

impl Queue {
    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Runs a job on this thread alone. Closing the pool cancels it.
    fn run(&self, job: Job) {
        job(&Parallelism { workers: Some(NonZero::<usize>::MIN), interrupted: &|| self.is_closed() });
    }

    /// Removes and returns the first job, if it is small and the pool is open.
    fn pop_small(&self) -> Option<Job> {
        let mut jobs = locked(&self.jobs);
        let is_small = matches!(jobs.front(), Some((JobSize::Small, _)));
        if is_small && !self.is_closed() { jobs.pop_front().map(|(_, job)| job) } else { None }
    }
}

/// Who may run a job: the threads of the pool any, a thread that waits for a result only small ones.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum JobSize {
    Small,
    Large,
}

impl JobSize {
    /// Returns the size of a job that reads `source` and takes as long as decoding `bytes` bytes of native samples.
    ///
    /// A job that calls Python is a large one: on the caller's thread, signal handlers would run in it, and their
    /// exceptions would be those of another file.
    fn of(source: &Source, bytes: usize) -> Self {
        if bytes <= SMALL_JOB_BYTES && !source.calls_python() { Self::Small } else { Self::Large }
    }
}

/// The result of a job: values without Python objects, or buffers that the caller's thread must release.
pub(crate) enum JobResult {
    Opened(Source),
    Decoded(Option<DecodedFrames>, Output),
}

/// The slot into which a job puts its result.
#[derive(Default)]
struct Slot {
    done: Mutex<Option<Result<JobResult, BindingError>>>,
    ready: Condvar,
}

impl Slot {
    /// Waits for the result, at most for the interval of the signal checks.
    fn wait(&self) {
        let done = locked(&self.done);
        if done.is_none() {
            drop(self.ready.wait_timeout(done, SIGNAL_CHECK_INTERVAL));
        }
    }
}

#[pyclass(frozen, module = "dicomet._native")]
pub(crate) struct DecodePool {
    queue: Arc<Queue>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// The process that started the threads: a forked child has none of them.
    process: u32,
}

#[pyclass(frozen, module = "dicomet._native")]
pub(crate) struct DecodeFuture {
    slot: Arc<Slot>,
    queue: Arc<Queue>,
    process: u32,
}

#[pymethods]
impl DecodePool {
    #[new]
    #[pyo3(signature = (*, workers))]
    pub(crate) fn new(workers: Option<NonZero<usize>>) -> PyResult<Self> {
        let queue = Arc::new(Queue::default());
        let mut threads = Vec::new();
        for _ in 0..parallel::workers(environment::limit(workers)) {
            let queue = Arc::clone(&queue);
            match thread::Builder::new().name("dicomet".to_owned()).spawn(move || drain_queue(&queue)) {
                Ok(thread) => threads.push(thread),
                // The threads already started do the work.
                Err(_) if !threads.is_empty() => break,
                Err(error) => return Err(os_error(error, None)),
            }
        }
        Ok(Self { queue, threads: Mutex::new(threads), process: std::process::id() })
    }

    #[getter]
    fn workers(&self) -> usize {
        locked(&self.threads).len()
    }

    fn open(&self, path: PathBuf) -> DecodeFuture {
        self.submit(JobSize::Small, move |_| {
            Source::open_file(path).map(JobResult::Opened).map_err(BindingError::Python)
        })
    }

    fn native_frames(&self, decoder: &Decoder, source: &Source, first_frame: usize, mut out: Output) -> DecodeFuture {
        let (decoder, source) = (decoder.0.clone(), source.clone());
        let size = JobSize::of(&source, out.as_mut_slice().len());
        self.submit(size, move |parallelism| {
            decoder.native_frames(&source, first_frame, out.as_mut_slice(), parallelism)?;
            Ok(JobResult::Decoded(None, out))
        })
    }

    #[pyo3(signature = (decoder, source, frames, first, out, *, codec, number))]
    #[allow(clippy::too_many_arguments)]
    fn decode_frames(
        &self,
        decoder: &Decoder,
        source: &Source,
        frames: Py<FrameIndex>,
        first: usize,
        mut out: Output,
        codec: FrameCodec,
        number: usize,
    ) -> DecodeFuture {
        let (decoder, source) = (decoder.0.clone(), source.clone());
        let size = JobSize::of(&source, codec.0.work(out.as_mut_slice().len()));
        self.submit(size, move |parallelism| {
            let out_bytes = out.as_mut_slice();
            let decoded = frames.get().decode(&decoder, &codec.0, &source, first, number, out_bytes, parallelism)?;
            Ok(JobResult::Decoded(Some(decoded), out))
        })
    }

    /// Ends all threads; pending jobs are discarded.
    fn close(&self, py: Python<'_>) {
        self.stop();
        if let Some(threads) = self.take_threads() {
            py.detach(|| threads.into_iter().for_each(|thread| drop(thread.join())));
            // Futures may live on, but not the files and arrays of jobs that no thread runs. They are dropped after the
            // lock, because finalizers may use the pool.
            let jobs = std::mem::take(&mut *locked(&self.queue.jobs));
            drop(jobs);
        }
    }
}

impl DecodePool {
    pub(crate) fn submit(
        &self,
        size: JobSize,
        work: impl FnOnce(&Parallelism<'_>) -> Result<JobResult, BindingError> + Send + 'static,
    ) -> DecodeFuture {
        let (slot, queue) = (Arc::new(Slot::default()), Arc::clone(&self.queue));
        if self.process != std::process::id() {
            // A forked child has no threads, and a thread that does not exist there may hold the queue's lock.
            return DecodeFuture { slot, queue, process: self.process };
        }
        let target = Arc::clone(&slot);
        let job = move |parallelism: &Parallelism<'_>| {
            let done = catch_unwind(AssertUnwindSafe(|| work(parallelism))).unwrap_or(Err(BindingError::Panic));
            *locked(&target.done) = Some(done);
            target.ready.notify_all();
        };
        locked(&self.queue.jobs).push_back((size, Box::new(job)));
        self.queue.more.notify_one();
        DecodeFuture { slot, queue, process: self.process }
    }

    /// Returns the threads, to be joined or detached; None in a forked child, which has none of them.
    fn take_threads(&self) -> Option<Vec<JoinHandle<()>>> {
        let threads = std::mem::take(&mut *locked(&self.threads));
        if self.process == std::process::id() {
            return Some(threads);
        }
        // To drop a handle detaches its thread, and here, the identifier may be that of a thread of the child.
        std::mem::forget(threads);
        None
    }

    fn stop(&self) {
        if self.process != std::process::id() {
            // A thread that does not exist in a forked child may hold the queue's lock.
            return;
        }
        self.queue.closed.store(true, Ordering::Relaxed);
        let _guard = locked(&self.queue.jobs);
        self.queue.more.notify_all();
    }
}

impl Drop for DecodePool {
    /// Does not join the threads: they may need the GIL to release what they hold.
    fn drop(&mut self) {
        self.stop();
        drop(self.take_threads());
    }
}

fn drain_queue(queue: &Queue) {
    loop {
        let mut jobs = locked(&queue.jobs);
        let job = loop {
            if queue.is_closed() {
                return;
            }
            match jobs.pop_front() {
                Some((_, job)) => break job,
                None => jobs = queue.more.wait(jobs).unwrap_or_else(PoisonError::into_inner),
            }
        };
        drop(jobs);
        queue.run(job);
    }
}

#[pymethods]
impl DecodeFuture {
    /// Waits for the result of the job: a `Source`; for encapsulated frames, their number and the warnings.
    pub(crate) fn result(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if self.process != std::process::id() {
            return Err(PyRuntimeError::new_err("the prefetch threads do not exist in a forked process"));
        }
        loop {
            let done = locked(&self.slot.done).take();
            if let Some(done) = done {
                return match catch_panic(py, || done)? {
                    JobResult::Opened(source) => source.into_py_any(py),
                    JobResult::Decoded(decoded, out) => {
                        // Dropped here because this thread holds the GIL.
                        drop(out);
                        decoded.into_py_any(py)
                    }
                };
            }
            detached(py, || {
                match self.queue.pop_small() {
                    // Without a check for signals: they would cancel the job of another file.
                    Some(job) => self.queue.run(job),
                    None => self.slot.wait(),
                }
                Ok::<_, Error>(())
            })?;
            py.check_signals()?;
        }
    }
}

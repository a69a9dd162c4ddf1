//! Prefetch: threads that read and decode files before the caller requests them and never need the GIL.
//!
//! Python's own threads pass the GIL around several times for each file, and wait for each other longer than decoding a
//! slice takes. Here the caller describes one file while others are being read. The caller's thread does everything
//! that needs Python, including the release of the memory that a worker thread has written to.

use crate::buffer::Output;
use crate::decoder::Decoder;
use crate::encapsulated::{DecodedFrames, FrameCodec, FrameIndex};
use crate::errors::{BindingError, catch_panic, detached, locked, os_error};
use crate::source::Source;
use crate::workers;
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

type Job = Box<dyn FnOnce(&Parallelism<'_>) + Send>;

/// Jobs that wait for a thread.
#[derive(Default)]
struct Queue {
    jobs: Mutex<VecDeque<Job>>,
    more: Condvar,
    closed: AtomicBool,
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
    process: u32,
}

#[pymethods]
impl DecodePool {
    #[new]
    #[pyo3(signature = (*, workers))]
    pub(crate) fn new(workers: Option<NonZero<usize>>) -> PyResult<Self> {
        let queue = Arc::new(Queue::default());
        let mut threads = Vec::new();
        for _ in 0..parallel::workers(workers::limit(workers)) {
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
        self.submit(move |_| Source::open_file(path).map(JobResult::Opened).map_err(BindingError::Python))
    }

    fn native_frames(&self, decoder: &Decoder, source: &Source, first_frame: usize, mut out: Output) -> DecodeFuture {
        let (decoder, source) = (decoder.0.clone(), source.clone());
        self.submit(move |parallelism| {
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
        self.submit(move |parallelism| {
            let out_bytes = out.as_mut_slice();
            let decoded = frames.get().decode(&decoder, &codec.0, &source, first, number, out_bytes, parallelism)?;
            Ok(JobResult::Decoded(Some(decoded), out))
        })
    }

    /// Ends all threads; pending jobs are discarded.
    fn close(&self, py: Python<'_>) {
        self.stop();
        let threads = std::mem::take(&mut *locked(&self.threads));
        if self.process == std::process::id() {
            py.detach(|| threads.into_iter().for_each(|thread| drop(thread.join())));
        }
    }
}

impl DecodePool {
    pub(crate) fn submit(
        &self,
        work: impl FnOnce(&Parallelism<'_>) -> Result<JobResult, BindingError> + Send + 'static,
    ) -> DecodeFuture {
        let slot = Arc::new(Slot::default());
        if self.process != std::process::id() {
            // A forked child has no threads, and a thread that does not exist there may hold the queue's lock.
            return DecodeFuture { slot, process: self.process };
        }
        let target = Arc::clone(&slot);
        let job = move |parallelism: &Parallelism<'_>| {
            let done = catch_unwind(AssertUnwindSafe(|| work(parallelism))).unwrap_or(Err(BindingError::Panic));
            *locked(&target.done) = Some(done);
            target.ready.notify_all();
        };
        locked(&self.queue.jobs).push_back(Box::new(job));
        self.queue.more.notify_one();
        DecodeFuture { slot, process: self.process }
    }

    fn stop(&self) {
        self.queue.closed.store(true, Ordering::Relaxed);
        let _guard = locked(&self.queue.jobs);
        self.queue.more.notify_all();
    }
}

impl Drop for DecodePool {
    /// Does not join the threads: they may need the GIL to release what they hold.
    fn drop(&mut self) {
        self.stop();
    }
}

fn drain_queue(queue: &Queue) {
    let closed = || queue.closed.load(Ordering::Relaxed);
    let parallelism = Parallelism { workers: Some(NonZero::<usize>::MIN), interrupted: &closed };
    loop {
        let mut jobs = locked(&queue.jobs);
        let job = loop {
            if closed() {
                return;
            }
            match jobs.pop_front() {
                Some(job) => break job,
                None => jobs = queue.more.wait(jobs).unwrap_or_else(PoisonError::into_inner),
            }
        };
        drop(jobs);
        job(&parallelism);
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
                let done = locked(&self.slot.done);
                if done.is_none() {
                    drop(self.slot.ready.wait_timeout(done, SIGNAL_CHECK_INTERVAL));
                }
                Ok::<_, Error>(())
            })?;
            py.check_signals()?;
        }
    }
}

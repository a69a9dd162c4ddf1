//! Prefetch: threads that read and decode files before the caller asks for them and never need the GIL.
//!
//! Python's own threads pass the GIL around several times for each file, and wait for each other longer than decoding a
//! slice takes. Here the caller describes one file while others are being read. The caller's thread does everything
//! that needs Python, including the release of the memory that a worker thread has written to.

use crate::buffer::Output;
use crate::decoder::Decoder;
use crate::encapsulated::{DecodedFrames, FrameCodec, FrameIndex};
use crate::errors::{Failure, catch_panic, locked, os_error, run};
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
const LOOK_EVERY: Duration = Duration::from_millis(50);

type Job = Box<dyn FnOnce(&Parallelism<'_>) + Send>;

/// Jobs that wait for a thread.
#[derive(Default)]
struct Queue {
    jobs: Mutex<VecDeque<Job>>,
    more: Condvar,
    closed: AtomicBool,
}

/// The result of a job: values without Python objects, or buffers that the caller's thread must release.
pub(crate) enum Done {
    Opened(Source),
    Decoded(Option<DecodedFrames>, Output),
}

/// The slot into which a job puts its result.
#[derive(Default)]
struct Place {
    done: Mutex<Option<Result<Done, Failure>>>,
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
    place: Arc<Place>,
    process: u32,
}

#[pymethods]
impl DecodePool {
    #[new]
    #[pyo3(signature = (*, workers))]
    pub(crate) fn new(workers: Option<NonZero<usize>>) -> PyResult<Self> {
        let queue = Arc::new(Queue::default());
        let mut threads = Vec::new();
        for _ in 0..parallel::workers(workers) {
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
        self.submit(move |_| Source::open_file(path).map(Done::Opened).map_err(Failure::Python))
    }

    fn native_frames(&self, plan: &Decoder, source: &Source, first_frame: usize, mut out: Output) -> DecodeFuture {
        let (plan, source) = (plan.0.clone(), source.clone());
        self.submit(move |team| {
            plan.native_frames(&source, first_frame, out.as_mut_slice(), team)?;
            Ok(Done::Decoded(None, out))
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
            Ok(Done::Decoded(Some(decoded), out))
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
        work: impl FnOnce(&Parallelism<'_>) -> Result<Done, Failure> + Send + 'static,
    ) -> DecodeFuture {
        let place = Arc::new(Place::default());
        if self.process != std::process::id() {
            // A forked child has no threads, and a thread that does not exist there may hold the queue's lock.
            return DecodeFuture { place, process: self.process };
        }
        let target = Arc::clone(&place);
        let job = move |team: &Parallelism<'_>| {
            let done = catch_unwind(AssertUnwindSafe(|| work(team))).unwrap_or(Err(Failure::Panic));
            *locked(&target.done) = Some(done);
            target.ready.notify_all();
        };
        locked(&self.queue.jobs).push_back(Box::new(job));
        self.queue.more.notify_one();
        DecodeFuture { place, process: self.process }
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
    let team = Parallelism { workers: Some(NonZero::<usize>::MIN), interrupted: &closed };
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
        job(&team);
    }
}

#[pymethods]
impl DecodeFuture {
    /// Waits for the result of the job: a `Source`; for encapsulated frames, their number and the warnings.
    pub(crate) fn result(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if self.process != std::process::id() {
            return Err(PyRuntimeError::new_err("the threads that read ahead are not there after a fork"));
        }
        loop {
            let done = locked(&self.place.done).take();
            if let Some(done) = done {
                return match catch_panic(py, || done)? {
                    Done::Opened(source) => source.into_py_any(py),
                    Done::Decoded(decoded, out) => {
                        // Dropped here because this thread holds the GIL.
                        drop(out);
                        decoded.into_py_any(py)
                    }
                };
            }
            run(py, || {
                let done = locked(&self.place.done);
                if done.is_none() {
                    drop(self.place.ready.wait_timeout(done, LOOK_EVERY));
                }
                Ok::<_, Error>(())
            })?;
            py.check_signals()?;
        }
    }
}

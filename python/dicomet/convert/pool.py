"""Converting files in several processes: pydicom's Python code needs the GIL, and so do some JPEG codecs."""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from threading import Event
from types import FrameType, TracebackType

from dicomet.convert.api import Converted
from dicomet.convert.executor import QUEUE_DEPTH, Running, Submitted, run_ordered
from dicomet.convert.jobs import Job, run_job

# Starting a process takes as long as converting this number of small files.
MIN_BYTES_PER_PROCESS = 64
HAS_SIGNAL_MASKS = hasattr(signal, "pthread_sigmask")
INTERRUPTED = "interrupted"
DIED = "the process that converted it died: not enough memory, or a fault of a JPEG codec"


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(jobs: Iterable[Job], count: int, workers: int | None, stop: Event) -> Generator[Converted, None, None]:
    """Run jobs as an `Executor` does, in at most `workers` processes, all of which end with it."""
    workers = min(cores(), -(-count // MIN_BYTES_PER_PROCESS)) if workers is None else min(workers, count)
    return _run_here(jobs, stop) if workers == 1 else _run_by_processes(iter(jobs), workers, stop)


def _run_here(jobs: Iterable[Job], stop: Event) -> Generator[Converted, None, None]:
    for job in jobs:
        if stop.is_set():
            return
        yield run_job(job)


def _run_by_processes(jobs: Iterator[Job], workers: int, stop: Event) -> Generator[Converted, None, None]:
    waiting: deque[Job] = deque()
    broken = True
    while broken:
        broken = False
        running: Running = deque()
        with _Pool(workers) as pool:
            try:
                yield from run_ordered(pool, waiting, running, jobs, workers * QUEUE_DEPTH, stop)
            except BrokenProcessPool:
                broken = True
        if broken:
            # Any of them may have killed it: each runs in a process of its own, and the rest in a new pool.
            for job, _ in running:
                yield _run_alone(job)


def _run_alone(job: Job) -> Converted:
    with _Pool(1) as pool:
        try:
            done = pool.submit_job(job).result()
        except BrokenProcessPool:
            done = None
        return done or Converted(job.name, "failed", reason=DIED)


class _Pool(ProcessPoolExecutor):
    """A pool whose processes are interrupted if an exception leaves the block."""

    def __init__(self, workers: int) -> None:
        # Not forked: this process may have threads, such as that of the progress bar.
        super().__init__(workers, multiprocessing.get_context("spawn"), _prepare)
        self._others = set(multiprocessing.active_children())

    def submit_job(self, job: Job) -> Submitted:
        """Submit a job. A process started for it blocks SIGINT until it has a handler."""
        if not HAS_SIGNAL_MASKS:
            return self.submit(_work, job)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return self.submit(_work, job)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def cancel(self, future: Submitted) -> bool:
        """Cancel a job that no process has started."""
        return future.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            self.shutdown(wait=False, cancel_futures=True)
            self._interrupt()
        self.shutdown()

    def _interrupt(self) -> None:
        # The terminal sends SIGINT to all processes of the group; a `kill` reaches this process only.
        if os.name == "posix":
            for process in set(multiprocessing.active_children()) - self._others:
                if process.pid is not None:
                    os.kill(process.pid, signal.SIGINT)


class _Worker:
    """The state of a process of the pool."""

    busy = False
    stopped = False


def _prepare() -> None:
    # One thread: the other cores process other files.
    os.environ["DICOMET_WORKERS"] = "1"
    signal.signal(signal.SIGINT, _stop)
    if HAS_SIGNAL_MASKS:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a signal handler
    """Interrupt the current job, once only, so that its cleanup is not interrupted, and start no others."""
    if not _Worker.stopped:
        _Worker.stopped = True
        if _Worker.busy:
            raise KeyboardInterrupt


def _work(job: Job) -> Converted:
    if _Worker.stopped:
        return Converted(job.name, "failed", reason=INTERRUPTED)
    try:
        _Worker.busy = True
        return run_job(job)
    except KeyboardInterrupt:
        return Converted(job.name, "failed", reason=INTERRUPTED)
    finally:
        _Worker.busy = False

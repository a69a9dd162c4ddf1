"""Many files on all cores, by processes: what pydicom does in Python needs the GIL, and so do some JPEG codecs."""

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

# A process takes as long to start as so many small files to convert.
MIN_BYTES_PER_PROCESS = 64
HAS_SIGNAL_MASKS = hasattr(signal, "pthread_sigmask")
INTERRUPTED = "interrupted"
DIED = "the process that converted it died: not enough memory, or a fault of a JPEG codec"


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(jobs: Iterable[Job], count: int, workers: int | None, stop: Event) -> Generator[Converted, None, None]:
    """Do jobs as a `Course` does, by at most so many processes, of which none is left."""
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
            # Nobody knows which of them it was: each is done by a process of its own, and the rest by a new pool.
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
    """Processes that are told to end at once if the block is left by an exception."""

    def __init__(self, workers: int) -> None:
        # Not forked: this process may have threads (the progress bar's).
        super().__init__(workers, multiprocessing.get_context("spawn"), _prepare)
        self._others = set(multiprocessing.active_children())

    def submit_job(self, job: Job) -> Submitted:
        """Begin a job. A process that is started for it takes no interrupt before it is prepared for one."""
        if not HAS_SIGNAL_MASKS:
            return self.submit(_work, job)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return self.submit(_work, job)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def cancel(self, begun: Submitted) -> bool:
        """Withdraw a job that no process has begun."""
        return begun.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            self.shutdown(wait=False, cancel_futures=True)
            self._interrupt()
        self.shutdown()

    def _interrupt(self) -> None:
        # From a terminal all have the signal already; not if it was sent to this process alone.
        if os.name == "posix":
            for process in set(multiprocessing.active_children()) - self._others:
                if process.pid is not None:
                    os.kill(process.pid, signal.SIGINT)


class _Worker:
    """What a process of the pool does."""

    busy = False
    stopped = False


def _prepare() -> None:
    # The cores are busy with other files.
    os.environ["DICOMET_WORKERS"] = "1"
    signal.signal(signal.SIGINT, _stop)
    if HAS_SIGNAL_MASKS:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's
    """End what is being done, once, so that nothing keeps it from tidying up; and do nothing any more."""
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

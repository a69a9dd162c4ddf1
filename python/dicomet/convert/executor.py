"""Running many jobs on any kind of workers: a bounded number are submitted ahead, and results come in order."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future
from itertools import islice
from threading import Event
from typing import Protocol

from dicomet.convert.api import Converted
from dicomet.convert.jobs import Job

# Jobs submitted for each process: enough to keep the others busy during one slow file, in little memory.
QUEUE_DEPTH = 32

Submitted = Future[Converted | None]
Running = deque[tuple[Job, Submitted]]


class Executor(Protocol):
    """A way to run jobs: processes on this machine, or a cluster."""

    def __call__(self, *, jobs: Iterable[Job], count: int, stop: Event) -> Generator[Converted, None, None]:
        """Run `count` jobs, and yield the results in the order of the jobs.

        Once `stop` is set, running jobs finish and no others start. Closing or interrupting the generator leaves no
        incomplete files.
        """


class Workers(Protocol):
    """The workers that run jobs."""

    def submit_job(self, job: Job) -> Submitted:
        """Submit a job, which starts as soon as a worker is free."""

    def cancel(self, future: Submitted) -> bool:
        """Return whether a job has been canceled for certain. If not, its result may still be None."""


def run_ordered(  # noqa: PLR0913, PLR0917 - the caller owns the queues, for what is left if this raises
    workers: Workers, waiting: deque[Job], running: Running, jobs: Iterator[Job], limit: int, stop: Event
) -> Iterator[Converted]:
    """Yield the results of `jobs` in order.

    If it raises, `waiting` and `running` hold the jobs that are left, the one that raised first.
    """
    while True:
        if not stop.is_set():
            waiting.extend(islice(jobs, limit - len(running) - len(waiting)))
            while waiting:
                running.append((waiting[0], workers.submit_job(waiting[0])))
                waiting.popleft()
        if not running:
            return
        future = running[0][1]
        result = None if stop.is_set() and workers.cancel(future) else future.result()
        running.popleft()
        if result is not None:
            yield result

"""The course of many jobs, whoever does them: as many as are wanted ahead, and their results in order."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future
from itertools import islice
from threading import Event
from typing import Protocol

from dicomet.convert.api import Converted
from dicomet.convert.jobs import Job

# As many wait at most for each process: enough to be busy behind a file that takes long, and little memory.
QUEUE_DEPTH = 32

Submitted = Future[Converted | None]
Running = deque[tuple[Job, Submitted]]


class Executor(Protocol):
    """How jobs are done: by processes of this machine, or by a cluster."""

    def __call__(self, *, jobs: Iterable[Job], count: int, stop: Event) -> Generator[Converted, None, None]:
        """Do `count` jobs, and yield the results in the order of the jobs.

        Where `stop` is set, jobs that have been begun are ended, and no others are. Whoever closes it, or is
        interrupted, leaves nothing that is half written.
        """


class Workers(Protocol):
    """Who does jobs."""

    def submit_job(self, job: Job) -> Submitted:
        """Begin a job, or put it where it is begun when somebody is free."""

    def cancel(self, begun: Submitted) -> bool:
        """Tell whether a job is not going to be done any more. If not, its result may still be none."""


def run_ordered(  # noqa: PLR0913, PLR0917 - what is left if it raises belongs to the caller
    workers: Workers, waiting: deque[Job], running: Running, jobs: Iterator[Job], most: int, stop: Event
) -> Iterator[Converted]:
    """Yield what becomes of `jobs`. If it raises, `waiting` and `running` have all that is left, the culprit first."""
    while True:
        if not stop.is_set():
            waiting.extend(islice(jobs, most - len(running) - len(waiting)))
            while waiting:
                running.append((waiting[0], workers.submit_job(waiting[0])))
                waiting.popleft()
        if not running:
            return
        begun = running[0][1]
        result = None if stop.is_set() and workers.cancel(begun) else begun.result()
        running.popleft()
        if result is not None:
            yield result

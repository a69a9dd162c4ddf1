"""Jobs on a cluster of dask.distributed. Needs it: ``pip install 'dicomet[dask]'``."""

import os
import secrets
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import CancelledError, Future, InvalidStateError, wait
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import dask
from distributed import Client, KilledWorker

from dicomet.convert.api import Converted
from dicomet.convert.course import AHEAD, Begun, Running, in_order
from dicomet.convert.jobs import Job, reason_of, run_job

SECONDS = 10
"""After which an address does not answer."""
# A cluster that grows with what there is to do may have no workers yet.
FEWEST_WORKERS = 16
RUNNING = "running"
"""As a client says of itself whose scheduler answers."""
DIED = "the workers that converted it died: not enough memory, or a fault of a JPEG codec"
LOST = "the cluster gave it up: its scheduler has ended or was started again"


class Cluster:
    """A running cluster: `run` is a `Course`."""

    def __init__(self, address: str) -> None:
        """Connect to the scheduler at `address`.

        Raises
        ------
        ValueError
            There cannot be one, or none has answered within `SECONDS`.

        """
        try:
            self._client = _connected(address)
            self._scheduler = self._who_answers()
        except (OSError, ValueError, RuntimeError, ImportError) as error:
            raise ValueError(
                f"no scheduler of dask.distributed has answered at {address!r} within {SECONDS} s: {reason_of(error)}"
            ) from error
        self._executor = self._client.get_executor(pure=False)
        # What has been said of a run must not hold for the next one.
        self._name = secrets.token_hex(8)
        self._refuses = False
        self._begun: set[Begun] = set()
        self._ended = Event()
        self._lost = False

    def run(self, *, jobs: Iterable[Job], count: int, stop: Event) -> Generator[Converted, None, None]:
        """Do jobs as a `Course` does. One whose worker dies is done by another."""
        most = min(count, AHEAD * max(FEWEST_WORKERS, sum(self._client.nthreads().values())))
        waiting: deque[Job] = deque()
        running: Running = deque()
        todo = iter(jobs)
        Thread(target=self._watch, daemon=True).start()
        try:
            while True:
                try:
                    yield from in_order(self, waiting, running, todo, most, stop)
                except Exception as error:
                    if not running:
                        raise
                    if isinstance(error, KilledWorker):
                        self._begin_alone(running)
                else:
                    return
                result = _settled(*running[0])
                running.popleft()
                if result is not None:
                    yield result
        finally:
            self._end(running)

    def begin(self, job: Job) -> Begun:
        """Send a job to the cluster. That it cannot be sent is told by the result."""
        source = job.source if job.data is not None else os.path.abspath(job.source)  # noqa: PTH100 - links stay links
        # The other cores are busy with other files.
        options = replace(job.options, workers=1)
        sent = job._replace(source=source, out=os.path.abspath(job.out), options=options)  # noqa: PTH100
        try:
            # What is read from standard input may be large, and must not be told of.
            with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 PiB"}):
                begun: Begun = self._executor.submit(_work, self._name, sent, job.name, str(Path(job.out).parent))
        except Exception as error:  # noqa: BLE001 - whatever a client says whose scheduler has gone
            begun = Future()
            begun.set_exception(error)
            return begun
        self._begun.add(begun)
        begun.add_done_callback(self._begun.discard)
        # Who has just lost the scheduler keeps what it is given, and never says a word of it.
        if self._lost or self._client.status != RUNNING:
            _give_up(begun)
        return begun

    def withdraw(self, begun: Begun) -> bool:  # noqa: ARG002 - as `Workers` have it
        """Have all jobs refused that no worker has begun. Which these are, nobody knows but the workers."""
        self._refuse()
        return False

    def _who_answers(self) -> str:
        """Ask the scheduler for its name. Another one at its address does not know what this one was given."""
        return str(self._client.sync(self._client.scheduler.identity)["id"])

    def _watch(self) -> None:
        """Give up what has been begun when the scheduler has gone: one that says goodbye leaves its client waiting."""
        while not self._ended.wait(SECONDS):
            try:
                self._lost = self._who_answers() != self._scheduler
            except Exception:  # noqa: BLE001 - whatever a client says whose scheduler has gone
                self._lost = True
            if self._lost:
                for begun in tuple(self._begun):
                    _give_up(begun)
                return

    def _refuse(self) -> None:
        if not self._refuses:
            self._refuses = True
            # A scheduler that has gone has nobody begin anything.
            with suppress(OSError):
                self._client.run(_refuse, self._name, on_error="ignore")

    def _begin_alone(self, running: Running) -> None:
        """Begin the first again when the others are done: all that a worker was given are blamed when it dies."""
        wait([begun for _, begun in running])
        job, _ = running[0]
        running[0] = job, self.begin(job)

    def _end(self, running: Running) -> None:
        """Wait for what workers have begun, for nobody can interrupt it; without workers there is nothing."""
        try:
            if running and not self._lost and self._client.status == RUNNING:
                # One that has gone without a word does nothing any more.
                with suppress(OSError):
                    self._wait_for_workers(running)
        finally:
            self._ended.set()
            self._client.close()

    def _wait_for_workers(self, running: Running) -> None:
        if self._client.nthreads():
            self._refuse()
            wait([begun for _, begun in running])


def _connected(address: str) -> Client:
    """Connect in a thread: distributed waits without end for the first word of what takes connections and says none."""
    found: Future[Client] = Future()

    def connect() -> None:
        try:
            found.set_result(Client(address, timeout=SECONDS, set_as_default=False))
        except Exception as error:  # noqa: BLE001 - it is told to who waits for it
            found.set_exception(error)

    Thread(target=connect, daemon=True).start()
    if not wait([found], SECONDS + 1).done:
        raise TimeoutError("something takes connections there, but does not say what a scheduler says")
    return found.result()


def _give_up(begun: Begun) -> None:
    with suppress(InvalidStateError):
        begun.set_exception(CancelledError())


def _settled(job: Job, begun: Begun) -> Converted | None:
    try:
        return begun.result()
    except KilledWorker:
        reason = DIED
    except CancelledError:
        reason = LOST
    except Exception as error:  # noqa: BLE001 - `run_job` raises nothing: it was not called, or its result is lost
        reason = f"the cluster cannot do it: {reason_of(error)}"
    return Converted(job.name, "failed", reason=reason)


_refused: set[str] = set()
"""Of a worker: runs that are to end."""


def _refuse(run: str) -> None:
    _refused.add(run)


def _work(run: str, job: Job, name: str, folder: str) -> Converted | None:
    """Do a job on a worker, and name files as the user does."""
    if run in _refused:
        return None
    done = run_job(job)
    return done._replace(source=name, outputs=tuple(str(Path(folder, Path(output).name)) for output in done.outputs))

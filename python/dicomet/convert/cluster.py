"""Jobs on a cluster of dask.distributed. Needs the extra ``dask``."""

import asyncio
import os
import secrets
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import CancelledError, Future, InvalidStateError, wait
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

import dask
from distributed import Client, KilledWorker, WorkerPlugin

from dicomet.convert.api import Converted
from dicomet.convert.executor import QUEUE_DEPTH, Running, Submitted, run_ordered
from dicomet.convert.jobs import Job, failure_reason, run_job

if TYPE_CHECKING:
    from distributed import Future as Given
    from distributed import Worker

SECONDS = 10
"""After which an address does not answer; and how often a scheduler is asked whether it is still there."""
RESPONSE_TIMEOUT = 60
"""After which a scheduler that has answered before has not answered: it may have much to do."""
# A cluster that grows with what there is to do may have no workers yet.
MIN_WORKERS = 16
UNREACHABLE = (OSError, ValueError, RuntimeError, ImportError)
"""What a client raises that does not find a scheduler."""
RUNNING = "running"
"""As a client says of itself whose scheduler answers."""
DIED = "the workers that converted it died: not enough memory, or a fault of a JPEG codec"
LOST = "the cluster gave it up: its scheduler has ended, was started again, or does not answer"


class Cluster:
    """A running cluster: `run` is a `Course`."""

    def __init__(self, address: str) -> None:
        """Connect to the scheduler at `address`.

        Raises
        ------
        ValueError
            There cannot be one, or none has answered within `SECONDS`.

        """
        self._address = address
        try:
            self._client = _connected(address)
            self._scheduler = self._scheduler_identity(SECONDS)
        except UNREACHABLE as error:
            raise ValueError(
                f"no scheduler of dask.distributed has answered at {address!r} within {SECONDS} s: "
                f"{failure_reason(error)}"
            ) from error
        # What has been said of a run must not hold for the next one.
        self._name = secrets.token_hex(8)
        self._refuses = False
        self._begun: set[Submitted] = set()
        self._ended = Event()
        self._lost = Event()
        self._again: Job | None = None

    def run(self, *, jobs: Iterable[Job], count: int, stop: Event) -> Generator[Converted, None, None]:
        """Do jobs as a `Course` does. One whose worker dies is done by another."""
        most = min(count, QUEUE_DEPTH * max(MIN_WORKERS, sum(self._client.nthreads().values())))
        waiting: deque[Job] = deque()
        running: Running = deque()
        todo = iter(jobs)
        Thread(target=self._watch, daemon=True).start()
        try:
            while True:
                try:
                    yield from run_ordered(self, waiting, running, todo, most, stop)
                except Exception as error:
                    if not running:
                        raise
                    if isinstance(error, CancelledError) and self._resubmit(running):
                        continue
                    if isinstance(error, KilledWorker):
                        self._submit_alone(running)
                else:
                    return
                result = _settled(*running[0])
                running.popleft()
                if result is not None:
                    yield result
        finally:
            self._finish(running)

    def submit_job(self, job: Job) -> Submitted:
        """Send a job to the cluster. That it cannot be sent is told by the result."""
        begun: Submitted = Future()
        source = job.source if job.data is not None else os.path.abspath(job.source)  # noqa: PTH100 - links stay links
        # The other cores are busy with other files.
        options = replace(job.options, workers=1)
        sent = job._replace(source=source, out=os.path.abspath(job.out), options=options)  # noqa: PTH100
        try:
            # What is read from standard input may be large, and must not be told of.
            with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 PiB"}):
                given = self._client.submit(_work, self._name, sent, job.name, str(Path(job.out).parent), pure=False)
        except Exception as error:  # noqa: BLE001 - whatever a client says whose scheduler has gone
            _settle(begun, error=error if self._is_connected() else CancelledError())
            return begun
        self._begun.add(begun)
        begun.add_done_callback(self._begun.discard)
        # Not by distributed's executor: who waits for its futures does so for ever when a result is lost on its way.
        self._client.loop.add_callback(_hear, self._client, given, begun)
        # Who has just lost the scheduler keeps what it is given, and never says a word of it.
        if not self._is_connected():
            _settle(begun, error=CancelledError())
        return begun

    def _is_connected(self) -> bool:
        return not self._lost.is_set() and self._client.status == RUNNING

    def cancel(self, begun: Submitted) -> bool:  # noqa: ARG002 - as `Workers` have it
        """Have all jobs refused that no worker has begun. Which these are, nobody knows but the workers."""
        self._refuse()
        return False

    def _scheduler_identity(self, seconds: float) -> str:
        """Ask the scheduler for its name. Another one at its address does not know what this one was given."""
        return str(self._client.sync(self._client.scheduler.identity, callback_timeout=seconds)["id"])

    def _is_same_scheduler(self, seconds: float) -> bool:
        try:
            return self._scheduler_identity(seconds) == self._scheduler
        except Exception:  # noqa: BLE001 - whatever a client says whose scheduler has gone
            return False

    def _watch(self) -> None:
        """Give up what has been begun when the scheduler has gone: one that says goodbye leaves its client waiting."""
        while not self._ended.wait(SECONDS):
            # Twice, because the question may have been lost with its connection.
            if not (self._is_same_scheduler(RESPONSE_TIMEOUT) or self._is_same_scheduler(RESPONSE_TIMEOUT)):
                self._fail_lost()
                return

    def _fail_lost(self) -> None:
        self._lost.set()
        for begun in tuple(self._begun):
            _settle(begun, error=CancelledError())

    def _resubmit(self, running: Running) -> bool:
        """Begin what was lost with a connection, or when somebody has restarted all workers, if that can be."""
        first, _ = running[0]
        # Not twice without a result in between, lest it go on for ever.
        if self._lost.is_set() or self._refuses or first is self._again:
            return False
        if not self._reconnect():
            self._fail_lost()
            return False
        self._again = first
        for number, (job, begun) in enumerate(running):
            if begun.done() and isinstance(begun.exception(), CancelledError):
                running[number] = job, self.submit_job(job)
        return True

    def _reconnect(self) -> bool:
        """Connect to the same scheduler by another client: it may yet forget all of one whose connection was lost."""
        old = self._client
        try:
            self._client = _connected(self._address)
        except UNREACHABLE:
            return False
        with suppress(Exception):
            old.close(timeout=1)
        return self._is_same_scheduler(SECONDS)

    def _refuse(self) -> None:
        if not self._refuses:
            self._refuses = True
            # A scheduler that has gone has nobody begin anything. A plugin, because new workers have it, too.
            with suppress(OSError):
                self._client.register_plugin(_Refusal(self._name), name=self._name)

    def _submit_alone(self, running: Running) -> None:
        """Begin the first again when the others are done: all that a worker was given are blamed when it dies."""
        wait([begun for _, begun in running])
        job, _ = running[0]
        running[0] = job, self.submit_job(job)

    def _finish(self, running: Running) -> None:
        """Wait for what workers have begun, for nobody can interrupt it; without workers there is nothing."""
        try:
            if (running or self._refuses) and self._is_connected() and self._is_same_scheduler(SECONDS):
                # One that has gone without a word does nothing any more.
                with suppress(OSError):
                    self._wait_for_workers(running)
                    if self._refuses:
                        self._client.unregister_worker_plugin(self._name)
        finally:
            self._ended.set()
            self._client.close()

    def _wait_for_workers(self, running: Running) -> None:
        if running and self._client.nthreads():
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


async def _hear(client: Client, given: "Given", begun: Submitted) -> None:
    """Wait for the result of what was given to the cluster, and settle `begun`, unless it has been given up."""
    try:
        _settle(begun, await client.gather(given, asynchronous=True))
    except (CancelledError, asyncio.CancelledError, OSError):
        # A connection was lost, that of the client or one on which the result was under way.
        _settle(begun, error=CancelledError())
    except Exception as error:  # noqa: BLE001 - of whatever kind, it is told as what has become of the job
        _settle(begun, error=error)


def _settle(begun: Submitted, result: Converted | None = None, error: BaseException | None = None) -> None:
    with suppress(InvalidStateError):
        if error is None:
            begun.set_result(result)
        else:
            begun.set_exception(error)


def _settled(job: Job, begun: Submitted) -> Converted | None:
    try:
        return begun.result()
    except KilledWorker:
        reason = DIED
    except CancelledError:
        reason = LOST
    except Exception as error:  # noqa: BLE001 - `run_job` raises nothing: it was not called, or its result is lost
        reason = f"the cluster cannot do it: {failure_reason(error)}"
    return Converted(job.name, "failed", reason=reason)


_refused: set[str] = set()
"""Of a worker: runs that are to end."""


class _Refusal(WorkerPlugin):  # type: ignore[misc]
    """Have a worker, of now or later, refuse what it has not begun of a run."""

    def __init__(self, run: str) -> None:
        self._run = run

    def setup(self, worker: "Worker") -> None:  # noqa: ARG002 - as distributed calls it
        _refused.add(self._run)

    def teardown(self, worker: "Worker") -> None:  # noqa: ARG002
        _refused.discard(self._run)


def _work(run: str, job: Job, name: str, folder: str) -> Converted | None:
    """Do a job on a worker, and name files as the user does."""
    if run in _refused:
        return None
    done = run_job(job)
    return done._replace(source=name, outputs=tuple(str(Path(folder, Path(output).name)) for output in done.outputs))

"""Running jobs on a dask.distributed cluster. Needs the extra ``dask``."""

import asyncio
import gc
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
from dicomet.convert.jobs import Job, run_job
from dicomet.errors import failure_reason

if TYPE_CHECKING:
    from distributed import Future as DaskFuture
    from distributed import Worker

SECONDS = 10
"""Time limit for a first answer from an address, and the interval between checks that the scheduler is alive."""
RESPONSE_TIMEOUT = 60
"""Time limit for an answer from a scheduler that has answered before, and may be busy."""
# The number of workers assumed at least: an adaptive cluster may not have started any yet.
MIN_WORKERS = 16
UNREACHABLE = (OSError, ValueError, RuntimeError, ImportError)
"""What a client raises if it does not find a scheduler."""
RUNNING = "running"
"""The status of a client that is connected to its scheduler."""
DIED = "the workers that converted it died: not enough memory, or a fault of a JPEG codec"
LOST = "the cluster gave it up: its scheduler has ended, was started again, or does not answer"


class Cluster:
    """A running cluster. `run` is an `Executor`."""

    def __init__(self, address: str) -> None:
        """Connect to the scheduler at `address`.

        Raises
        ------
        ValueError
            The address is invalid, or no scheduler has answered within `SECONDS`.

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
        # Unique for each run: a refusal of one run must not apply to the next.
        self._name = secrets.token_hex(8)
        self._refuses = False
        self._submitted: set[Submitted] = set()
        self._ended = Event()
        self._lost = Event()
        self._resubmitted: Job | None = None

    def run(self, *, jobs: Iterable[Job], count: int, stop: Event) -> Generator[Converted, None, None]:
        """Run jobs as an `Executor` does. A job whose worker dies is run again on another worker."""
        limit = min(count, QUEUE_DEPTH * max(MIN_WORKERS, sum(self._client.nthreads().values())))
        waiting: deque[Job] = deque()
        running: Running = deque()
        todo = iter(jobs)
        Thread(target=self._watch, daemon=True).start()
        try:
            while True:
                try:
                    yield from run_ordered(self, waiting, running, todo, limit, stop)
                except Exception as error:
                    if not running:
                        raise
                    if isinstance(error, CancelledError) and self._resubmit(running):
                        continue
                    if isinstance(error, KilledWorker):
                        self._submit_alone(running)
                else:
                    return
                result = _result_of(*running[0])
                running.popleft()
                if result is not None:
                    yield result
        finally:
            self._finish(running)

    def submit_job(self, job: Job) -> Submitted:
        """Send a job to the cluster. A failure to send it becomes the exception of the future."""
        future: Submitted = Future()
        source = job.source if job.data is not None else os.path.abspath(job.source)  # noqa: PTH100 - links stay links
        # One thread: the worker's other cores process other files.
        options = replace(job.options, workers=1)
        sent = job._replace(source=source, out=os.path.abspath(job.out), options=options)  # noqa: PTH100
        try:
            # Data from standard input may be large, and distributed would warn about its size.
            with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 PiB"}):
                dask_future = self._client.submit(
                    _work, self._name, sent, job.name, str(Path(job.out).parent), pure=False
                )
        except Exception as error:  # noqa: BLE001 - a client whose scheduler is gone raises exceptions of many types
            _finish_future(future, error=error if self._is_connected() else CancelledError())
            return future
        self._submitted.add(future)
        future.add_done_callback(self._submitted.discard)
        # Not through distributed's executor: its futures never finish if a result is lost in transit.
        self._client.loop.add_callback(_await_result, self._client, dask_future, future)
        # A client that has just lost its scheduler queues the job silently, so that its future would never finish.
        if not self._is_connected():
            _finish_future(future, error=CancelledError())
        return future

    def _is_connected(self) -> bool:
        return not self._lost.is_set() and self._client.status == RUNNING

    def cancel(self, future: Submitted) -> bool:  # noqa: ARG002 - the signature of `Workers`
        """Make the workers refuse all jobs they have not started. Only the workers know which these are."""
        self._refuse()
        return False

    def _scheduler_identity(self, seconds: float) -> str:
        """Return the scheduler's identity. A new scheduler at the same address does not know the jobs of this run."""
        return str(self._client.sync(self._client.scheduler.identity, callback_timeout=seconds)["id"])

    def _is_same_scheduler(self, seconds: float) -> bool:
        try:
            return self._scheduler_identity(seconds) == self._scheduler
        except Exception:  # noqa: BLE001 - a client whose scheduler is gone raises exceptions of many types
            return False

    def _watch(self) -> None:
        """Fail the submitted jobs when the scheduler is gone: after an orderly shutdown, the client waits forever."""
        while not self._ended.wait(SECONDS):
            # Two attempts, because a lost connection can lose the first question.
            if not (self._is_same_scheduler(RESPONSE_TIMEOUT) or self._is_same_scheduler(RESPONSE_TIMEOUT)):
                self._fail_lost()
                return

    def _fail_lost(self) -> None:
        self._lost.set()
        for future in tuple(self._submitted):
            _finish_future(future, error=CancelledError())

    def _resubmit(self, running: Running) -> bool:
        """Submit again the jobs that a lost connection or a restart of all workers has canceled, if possible."""
        first, _ = running[0]
        # Not twice without a result in between, which could loop forever.
        if self._lost.is_set() or self._refuses or first is self._resubmitted:
            return False
        if not self._reconnect():
            self._fail_lost()
            return False
        self._resubmitted = first
        for number, (job, future) in enumerate(running):
            if future.done() and isinstance(future.exception(), CancelledError):
                running[number] = job, self.submit_job(job)
        return True

    def _reconnect(self) -> bool:
        """Connect to the same scheduler with a new client: the scheduler may still drop all jobs of the old one."""
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
            # A scheduler that is gone starts no jobs. As a plugin, the refusal also reaches workers that start later.
            with suppress(OSError):
                self._client.register_plugin(_Refusal(self._name), name=self._name)

    def _submit_alone(self, running: Running) -> None:
        """Submit the first job again once the others have finished: a worker's death is blamed on all of its jobs."""
        wait([future for _, future in running])
        job, _ = running[0]
        running[0] = job, self.submit_job(job)

    def _finish(self, running: Running) -> None:
        """Wait for running jobs, which cannot be canceled; return at once if there are no workers."""
        try:
            if (running or self._refuses) and self._is_connected() and self._is_same_scheduler(SECONDS):
                # A scheduler that is gone without notice runs nothing any more.
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
            wait([future for _, future in running])


def _connected(address: str) -> Client:
    """Connect in a thread: distributed waits forever for a peer that accepts the connection and then sends nothing."""
    found: Future[Client] = Future()

    def connect() -> None:
        # A client that could not connect closes itself when it is collected. During the start of another client, that
        # waits forever for a lock, which the start holds.
        gc.collect()
        try:
            found.set_result(Client(address, timeout=SECONDS, set_as_default=False))
        except Exception as error:  # noqa: BLE001 - `result` raises it in the caller
            # The frames of a traceback have the client.
            error.__traceback__ = error.__context__ = error.__cause__ = None
            found.set_exception(error)
        gc.collect()

    Thread(target=connect, daemon=True).start()
    if not wait([found], SECONDS + 1).done:
        raise TimeoutError("something takes connections there, but does not say what a scheduler says")
    return found.result()


async def _await_result(client: Client, dask_future: "DaskFuture", future: Submitted) -> None:
    """Wait for the result of a job on the cluster, and finish `future`, unless it has been given up."""
    try:
        _finish_future(future, await client.gather(dask_future, asynchronous=True))
    except (CancelledError, asyncio.CancelledError, OSError):
        # A lost connection: that of the client, or the one that carried the result.
        _finish_future(future, error=CancelledError())
    except Exception as error:  # noqa: BLE001 - an exception of any type is the outcome of the job
        _finish_future(future, error=error)


def _finish_future(future: Submitted, result: Converted | None = None, error: BaseException | None = None) -> None:
    with suppress(InvalidStateError):
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)


def _result_of(job: Job, future: Submitted) -> Converted | None:
    try:
        return future.result()
    except KilledWorker:
        reason = DIED
    except CancelledError:
        reason = LOST
    except Exception as error:  # noqa: BLE001 - `run_job` raises nothing: the job never ran, or its result is lost
        reason = f"the cluster cannot do it: {failure_reason(error)}"
    return Converted(job.name, "failed", reason=reason)


_refused: set[str] = set()
"""In a worker process: the runs whose remaining jobs it refuses."""


class _Refusal(WorkerPlugin):  # type: ignore[misc]
    """Make all workers, present and future, refuse the jobs of a run that they have not started."""

    def __init__(self, run: str) -> None:
        self._run = run

    def setup(self, worker: "Worker") -> None:  # noqa: ARG002 - the signature of `WorkerPlugin`
        _refused.add(self._run)

    def teardown(self, worker: "Worker") -> None:  # noqa: ARG002
        _refused.discard(self._run)


def _work(run: str, job: Job, name: str, folder: str) -> Converted | None:
    """Run a job on a worker, and name the files in the result as the user does."""
    if run in _refused:
        return None
    done = run_job(job)
    return done._replace(source=name, outputs=tuple(str(Path(folder, Path(output).name)) for output in done.outputs))

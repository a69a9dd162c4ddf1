"""Readers of malformed files: each runs in a process that a file may end, with limits of time and memory (Linux only).

`python -m harness.guarded NAME` imports the reader, and forks. The fork answers requests, one a line, until one of them
ends it; the next fork answers the next request, without imports.
"""

import functools
import json
import os
import re
import resource
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import numpy as np

from harness import child, readers
from harness.measure import CLEAR, status
from harness.trial import Verdict, compare

PROCESSOR_SECONDS, SECONDS = 10.0, 120.0
MEMORY = 2 << 30
ALLOWED_GROWTH = 256 << 20
KEPT_MEMORY = 1 << 30
"""A fork with more resident memory after a call is replaced: some libraries leak what they have read."""
FINISHED, REPLACED = 77, 78
"""The exit statuses of a fork after the last request, and of one that is replaced. A library may call exit(0)."""
OF_MEMORY = re.compile("bad_alloc|MemoryError|unable to allocate|cannot allocate|out of memory", re.IGNORECASE)
TIMERS = (signal.SIGPROF, signal.SIGALRM)
LONGEST_REASON = 200


class Kind(StrEnum):
    """How a call ends."""

    ARRAY = "array"
    REFUSES = "refuses"
    PANICS = "panics"
    HANGS = "hangs"
    DIES = "dies"


class Request(NamedTuple):
    """Read `path`. `write` the array into this folder, or compare it with the one in the folder `reference`."""

    path: str
    write: str = ""
    reference: str = ""


class Answer(NamedTuple):
    """How a call ended, and why; the verdict on an array that was compared, and a checksum of its bytes.

    `is_greedy`: the call took more than `ALLOWED_GROWTH` besides its result, or failed for want of `MEMORY`.
    """

    kind: Kind
    reason: str = ""
    verdict: str = ""
    checksum: int = 0
    is_greedy: bool = False


class GuardedReader:
    """A reader in a process. glibc fills memory when it is allocated and freed, if `fill` is a byte other than 0."""

    def __init__(self, name: str, fill: int) -> None:
        environment = {**child.environment(), "MALLOC_PERTURB_": str(fill), "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, "-W", "ignore", "-m", "harness.guarded", name]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            text=True,
        )

    def send(self, request: Request) -> None:
        """Begin a call, whose answer must be received before the next one."""
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()

    def receive(self) -> Answer:
        """Return the answer to the last request."""
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process of a reader ended, status {self._process.wait()}")
        kind, *others = json.loads(line)
        return Answer(Kind(kind), *others)

    def ask(self, request: Request) -> Answer:
        """Call and wait."""
        self.send(request)
        return self.receive()

    def end(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


# In the process of the reader


def serve(reply: Callable[[Request], Answer], output: int) -> None:
    """Answer the requests on standard input in forks, one after the other."""
    while True:
        fork = os.fork()
        if not fork:
            # One request at a time is on its way, so that the next fork misses nothing of what this one has read.
            for line in sys.stdin:
                _write(output, reply(Request(*json.loads(line))))
                if status("VmRSS") > KEPT_MEMORY:
                    os._exit(REPLACED)
            os._exit(FINISHED)
        _, code = os.waitpid(fork, 0)
        code = os.waitstatus_to_exitcode(code)
        if code == FINISHED:
            return
        if code != REPLACED:
            _write(output, ended(code))


def _write(output: int, answer: Answer) -> None:
    os.write(output, (json.dumps(answer) + "\n").encode())


def ended(code: int) -> Answer:
    """Return the answer about a process that ended with this code, which is negative for a signal."""
    if -code in TIMERS:
        return Answer(Kind.HANGS)
    return Answer(Kind.DIES, signal.Signals(-code).name if code < 0 else f"exit status {code}")


def answered(whole: Callable[[Path], np.ndarray], request: Request) -> Answer:
    """Read a file within the limits."""
    before = _begin()
    try:
        array = whole(Path(request.path))
        nbytes = array.nbytes
    except BaseException as error:  # noqa: BLE001 - a panic of Rust code, which `except Exception` misses, is counted
        kind = Kind.REFUSES if isinstance(error, Exception) else Kind.PANICS
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        grown = status("VmHWM") - before > ALLOWED_GROWTH
        return Answer(kind, reason[:LONGEST_REASON], is_greedy=bool(grown or OF_MEMORY.search(reason)))
    finally:
        _stop_timers()
    is_greedy = status("VmHWM") - before - nbytes > ALLOWED_GROWTH
    with _unlimited():
        checksum = zlib.crc32(np.ascontiguousarray(array).tobytes())
        if request.write:
            _keep(array, request)
        verdict = compared(array, Path(request.reference)).kind if request.reference else ""
    return Answer(Kind.ARRAY, "", verdict, checksum, is_greedy)


def _begin() -> int:
    """Set the limits, and return the resident memory."""
    limit = status("VmSize") + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
    CLEAR.write_text("5")
    before = status("VmRSS")
    # Processor time, because other programs may keep the machine busy; and the time of a call that waits forever.
    signal.setitimer(signal.ITIMER_PROF, PROCESSOR_SECONDS)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    return before


def _stop_timers() -> None:
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def _unlimited() -> Iterator[None]:
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    yield


def _keep(array: np.ndarray, request: Request) -> None:
    """Write dicomet's array, and the one without conversion of colors."""
    from dicomet import pixel_array

    folder = Path(request.write)
    np.save(folder / "array.npy", array)
    is_color = array.ndim > 2 and array.shape[-1] == 3
    np.save(folder / "raw.npy", pixel_array(request.path, raw=True) if is_color else array)


def compared(found: np.ndarray, folder: Path) -> Verdict:
    """Compare with the arrays in a folder: "equal", "within 1", "as YBR" or "wrong"."""
    expected = np.load(folder / "array.npy")
    # NaN of floating point pixel data equals itself here.
    if np.squeeze(found).shape == np.squeeze(expected).shape and found.dtype.kind == expected.dtype.kind == "f":
        is_equal = np.array_equal(np.squeeze(found), np.squeeze(expected), equal_nan=True)
        return Verdict("equal" if is_equal else "wrong")
    verdict = compare(found, expected, 1)
    if verdict.kind == "wrong" and compare(found, np.load(folder / "raw.npy"), 0).kind == "equal":
        return Verdict("as YBR")
    return verdict


def main(name: str) -> None:
    """Import a reader, and answer requests."""
    output = os.dup(sys.stdout.fileno())
    # Libraries print to standard output.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    serve(functools.partial(answered, readers.load(name).whole), output)


if __name__ == "__main__":
    main(sys.argv[1])

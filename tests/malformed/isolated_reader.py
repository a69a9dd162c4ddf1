"""A process that reads malformed files and forks for every call, so that a crash or a hang affects that call only.

The fork limits the address space, fills memory from NumPy with 0xA5, and measures the peak of resident memory of the
call. Requests and reports are lines of JSON on standard input and output.
"""

import base64
import ctypes
import json
import os
import resource
import select
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import pydicom
import pydicom.pixels

import dicomet

sys.path.insert(0, str(Path(__file__).parents[1]))
from call_outcome import observable, raised, recorded

POISON = 0xA5
PYDICOM_BYTES = 1 << 30
"""Memory limit for pydicom, in addition to what is in use: its use of memory is not under test."""
MIB = 1 << 20

real_empty = np.empty


def poisoned_empty(*arguments, **options) -> np.ndarray:
    """Return the result of `np.empty`, filled with a byte that no pixel has."""
    array = real_empty(*arguments, **options)
    if array.size:
        array.reshape(-1).view(np.uint8)[:] = POISON
    return array


# The ways to an array. Each yields its results, and may then raise.


def by_path(path: str, _out) -> Iterator[np.ndarray]:
    yield dicomet.pixel_array(path)


def by_bytes(path: str, _out) -> Iterator[np.ndarray]:
    yield dicomet.pixel_array(Path(path).read_bytes())


def by_dataset(dataset: pydicom.Dataset, _out) -> Iterator[np.ndarray]:
    yield dicomet.pixel_array(dataset)


def into_out(path: str, out: np.ndarray) -> Iterator[np.ndarray]:
    array = dicomet.pixel_array(path, out=out)
    assert array is out
    yield array


def by_index(path: str, _out) -> Iterator[np.ndarray]:
    yield dicomet.pixel_array(path, index=0)


def frame_by_frame(path: str, _out) -> Iterator[np.ndarray]:
    yield from dicomet.iter_pixels(path)


def opened(path: str, _out) -> Iterator[np.ndarray]:
    with dicomet.open(path) as image:
        yield image[:]


# Faults that the tests must detect, or they could not fail.


def unwritten(_path: str, _out) -> Iterator[np.ndarray]:
    yield np.empty((4, 6), np.uint16)


def greedy(_path: str, _out) -> Iterator[np.ndarray]:
    memory = real_empty(40 * MIB, np.uint8)
    memory[:] = 1
    raise dicomet.PixelDataError(f"{len(memory)} bytes were taken")
    yield


def crash(_path: str, _out) -> Iterator[np.ndarray]:
    os.abort()
    yield


def hang(_path: str, _out) -> Iterator[np.ndarray]:
    time.sleep(60)
    yield


WAYS: dict[str, Callable[..., Iterator[np.ndarray]]] = {
    "path": by_path,
    "bytes": by_bytes,
    "dataset": by_dataset,
    "out": into_out,
    "index": by_index,
    "iter": frame_by_frame,
    "open": opened,
    "unwritten": unwritten,
    "greedy": greedy,
    "crash": crash,
    "hang": hang,
}
# Calls whose outcome must be the same with and without `dicomet.install()`.
INSTALLED = {
    "Dataset.pixel_array": lambda path: pydicom.dcmread(path, force=True).pixel_array,
    "pydicom.pixels.pixel_array": pydicom.pixels.pixel_array,
    "pydicom.pixels.iter_pixels": pydicom.pixels.iter_pixels,
}


def report(request: dict) -> dict:
    """The results, warnings, error, time and memory of one call."""
    path, way = request["path"], request["way"]
    if way == "installed":
        different = {name: found for name, call in INSTALLED.items() if (found := differences(call, path))}
        return {"different": different, "taken": dicomet.stats().taken}
    source = path
    if way == "dataset":
        try:
            with warnings.catch_warnings(action="ignore"):
                source = pydicom.dcmread(path, force=True)
        except Exception as error:  # noqa: BLE001 - without a data set there is nothing to test
            return {"no data set": repr(error)}
    out = out_array(request) if way == "out" else None
    limit_memory(request["limit"])
    poison_malloc()
    arrays, error = [], None
    before, start = memory("VmRSS"), time.process_time()
    with (
        mock.patch("numpy.empty", poisoned_empty),
        warnings.catch_warnings(record=True, action="always") as caught,
    ):
        try:
            arrays.extend(WAYS[way](source, out))
        except BaseException as found:  # noqa: BLE001 - including a panic, which is part of the report
            error = found
    seconds, growth = time.process_time() - start, memory("VmHWM") - before
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return {
        "arrays": [shown(array) for array in arrays],
        "error": error and shown_error(error),
        "warnings": [[w.category.__name__, str(w.message), w.filename] for w in caught],
        "growth": growth,
        "seconds": seconds,
    }


def out_array(request: dict) -> np.ndarray:
    """An array with the form that the caller expects, or one that `out` makes unusable."""
    shape, dtype = request["form"] or form_described(request["path"])
    dtype = np.dtype(dtype)
    array = poisoned_empty([2, *shape], dtype)
    return {
        "right": lambda: array[0],
        "strided": lambda: poisoned_empty([*shape[:-1], shape[-1] * 2], dtype)[..., ::2],
        "column by column": lambda: np.asfortranarray(array[0]),
        "read-only": lambda: np.frombuffer(array[0].tobytes(), dtype).reshape(shape),
        "other dtype": lambda: array[0].view(dtype.newbyteorder(">")),
        "other shape": lambda: array[0].reshape(-1),
        "too large": lambda: array,
    }[request["out"]]()


def form_described(path: str) -> tuple[list[int], str]:
    """The form of the result according to the file; one byte if the file has no usable description, or a huge one."""
    try:
        with warnings.catch_warnings(action="ignore"):
            dataset = pydicom.dcmread(path, force=True, stop_before_pixels=True)
            sizes = [int(dataset.get("NumberOfFrames") or 1), dataset.Rows, dataset.Columns, dataset.SamplesPerPixel]
            shape = [size for size, name in zip(sizes, "frcs", strict=True) if name in "rc" or size != 1]
            dtype = np.dtype(f"u{-(-dataset.BitsAllocated // 8)}")
            return (shape, dtype.str) if 0 < np.prod(shape, dtype=float) < MIB else ([1], "u1")
    except Exception:  # noqa: BLE001 - the array is not used then
        return [1], "u1"


def differences(call: Callable[[str], object], path: str) -> list[str] | None:
    """The outcomes of `call` without and with dicomet, if they differ."""
    limit_memory(PYDICOM_BYTES)
    with mock.patch.dict(os.environ, {"DICOMET": "0"}):
        without = outcome(call, path)
    with mock.patch.dict(os.environ, {"DICOMET": "1"}), dicomet.install():
        installed = outcome(call, path)
    return None if without == installed else [repr(without)[:2000], repr(installed)[:2000]]


def outcome(call: Callable[[str], object], path: str) -> tuple:
    """The observable outcome of a call, in which a plugin's panic is a valid outcome."""
    with recorded() as said:
        try:
            given = observable(call(path))
        except BaseException as error:  # noqa: BLE001 - an exception of any type is compared
            given = raised(error)
    return given, said


def poison_malloc() -> None:
    """Make `malloc` fill memory, where it supports that: with the complement of the given byte."""
    M_PERTURB = -6  # noqa: N806 - the name of malloc.h
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_PERTURB, POISON ^ 0xFF)


def limit_memory(more: int) -> None:
    """Limit the address space to `more` bytes above its current size."""
    limit = memory("VmSize") + more
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))


def memory(name: str) -> int:
    """A counter from /proc/self/status, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def shown(array: np.ndarray) -> dict:
    """An array as JSON."""
    data = base64.b64encode(array.tobytes()).decode()
    return {"shape": array.shape, "dtype": array.dtype.str, "data": data}


def shown_error(error: BaseException) -> dict:
    """An exception as JSON."""
    place = {name: getattr(error, name, None) for name in ("element", "frame", "segment", "offset")}
    classes = [kind.__name__ for kind in type(error).__mro__]
    where = "".join(traceback.format_exception(error)[-3:])
    return {"classes": classes, "text": str(error), "where": where, **place}


# One fork for each request


def in_fork(request: dict) -> dict:
    """Run the request in a fork, and return its report, or how it ended without one."""
    reading, writing = os.pipe()
    said = os.memfd_create("standard error")
    child = os.fork()
    if child == 0:
        os.dup2(said, 2)
        try:
            answer = json.dumps(report(request))
        except BaseException:  # noqa: BLE001 - an error of this program is part of the report
            answer = json.dumps({"failed": traceback.format_exc()})
        with os.fdopen(writing, "w") as pipe:
            pipe.write(answer)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = everything(pipe.fileno(), request["ends_in"])
    if answer is None:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with os.fdopen(said, "rb") as file:
        file.seek(0)
        stderr = file.read().decode(errors="replace")
    if answer is None:
        return {"failed": f"no end after {request['ends_in']} s", "stderr": stderr}
    if status != 0 or not answer:
        return {"failed": f"the process died: {os.waitstatus_to_exitcode(status)}", "stderr": stderr}
    return {**json.loads(answer), "stderr": stderr}


def everything(pipe: int, seconds: float) -> bytes | None:
    """Read to the end; None after a timeout."""
    end, parts = time.monotonic() + seconds, []
    while select.select([pipe], [], [], max(0, end - time.monotonic()))[0]:
        part = os.read(pipe, MIB)
        if not part:
            return b"".join(parts)
        parts.append(part)
    return None


def warm_up(path: str) -> None:
    """Do what happens once per process: imports, and the first use of each function."""
    for way in (by_path, by_bytes, by_index, frame_by_frame, opened):
        list(way(path, None))
    dataset = pydicom.dcmread(path)
    list(by_dataset(dataset, None))
    assert (dataset.pixel_array == pydicom.pixels.pixel_array(path)).all()


def main() -> None:
    for path in sys.argv[1:]:
        warm_up(path)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(in_fork(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

"""Measurements, each in a process of its own: the times of many readers, or the memory of one."""

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from dicomet._utils.timing import Limit, medians, time_interleaved
from harness import child, readers
from harness.trial import read

FLOOR = "floor"
# Row of a package's own function that prefetches many files, with its default number of threads.
AHEAD = "ahead"
# A reader that takes longer is far slower than the others. Its first run is accurate enough, and is the only one.
SLOW_SECONDS = 0.7
# Approximate duration of a turn, in which a reader runs several times in a row. A program that reads one file mostly
# reads more of them, so its caches do not hold the data of another reader each time: dicomet takes 0.16 ms for a CT
# slice between runs of its peers, and 0.11 ms between its own.
TURN_SECONDS = 0.005
ONE_ROUND = Limit(1, 1, 0)
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
CAN_MEASURE_MEMORY = CLEAR.exists()
CAN_BIND = hasattr(os, "sched_setaffinity")


def times(reads: Sequence[dict[str, Any]], limit: Limit, *, one_core: bool) -> child.Answer:
    """Measure several rows, all interleaved. The items are [row, reader, median, lowest, turns], times in seconds."""
    question = {"kind": "times", "reads": reads, "limit": limit, "one_core": one_core}
    return child.ask("harness.measure", question, seconds=_patience(limit))


def files(paths: Sequence[str], names: Sequence[str], threads: Sequence[int], limit: Limit) -> child.Answer:
    """Measure reading all of `paths` with each number of threads. The name of a row is its number of threads."""
    question = {"kind": "files", "paths": paths, "names": names, "threads": threads, "limit": limit}
    return child.ask("harness.measure", question, seconds=_patience(limit))


def dataset(path: str, row: str, limit: Limit) -> child.Answer:
    """Measure `Dataset.pixel_array` with and without `dicomet.install()`."""
    question = {"kind": "dataset", "path": path, "row": row, "limit": limit}
    return child.ask("harness.measure", question, seconds=_patience(limit))


def memory(path: str, name: str, warm_up: str, *, iterate: bool) -> child.Answer:
    """Measure the peak memory in bytes, minus the memory in use before and minus the size of the result."""
    question = {"kind": "memory", "path": path, "name": name, "warm_up": warm_up, "iterate": iterate}
    return child.ask("harness.measure", question, seconds=120)


def _patience(limit: Limit) -> float:
    return 300 + 10 * limit.seconds


def _reply(question: dict[str, Any]) -> Iterator[Any]:
    kind = question.pop("kind")
    if "limit" in question:
        question["limit"] = Limit(*question["limit"])
    return _KINDS[kind](**question)


def _times(reads: Sequence[dict[str, Any]], limit: Limit, *, one_core: bool) -> Iterator[Any]:
    if one_core:
        # Before any import, because the affinity does not apply to threads that a library has already started.
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    yield from _timed({key: call for read in reads for key, call in _calls(**read)}, limit)


def _calls(
    row: str, path: str, index: int | None, names: Sequence[str], floor: dict[str, int]
) -> Iterator[tuple[tuple[str, str], Callable[[], object]]]:
    if "offset" in floor:
        yield (row, FLOOR), functools.partial(np.fromfile, path, np.uint8, **floor)
    else:
        yield (row, FLOOR), functools.partial(np.full, floor["count"], 1, np.uint8)
    for name in names:
        yield (row, name), functools.partial(read, readers.load(name), Path(path), index)


def _timed(calls: dict[tuple[str, str], Callable[[], object]], limit: Limit, **options: Any) -> Iterator[Any]:
    by_name = {"\n".join(key): call for key, call in calls.items()}
    first = time_interleaved(by_name, ONE_ROUND, **options)
    fast = {name: call for name, call in by_name.items() if first[name][0] < SLOW_SECONDS}
    # The first run may include imports, so a second one determines the runs per turn.
    second = time_interleaved(fast, ONE_ROUND, **options)
    counts = {name: max(1, int(TURN_SECONDS / seconds)) for name, (seconds,) in second.items()}
    taken = time_interleaved(
        {name: functools.partial(_again, fast[name], counts[name]) for name in fast}, limit, **options
    )
    each = first | {name: [turn / counts[name] for turn in turns] for name, turns in taken.items()}
    for name, seconds in medians(each).items():
        yield [*name.split("\n"), seconds, min(each[name]), len(each[name])]


def _again(call: Callable[[], object], count: int) -> None:
    for _ in range(count):
        call()


def _files(paths: Sequence[str], names: Sequence[str], threads: Sequence[int], limit: Limit) -> Iterator[Any]:
    calls = {}
    found = [Path(path) for path in paths]
    for name in names:
        reader = readers.load(name)
        for number in threads:
            calls[str(number), name] = functools.partial(_read_files, reader.whole, found, number)
        if reader.many is not None:
            calls[AHEAD, name] = functools.partial(_read_ahead, reader.many, found)
    yield from _timed(calls, limit)


def _read_files(whole: Callable[[Path], np.ndarray], paths: Sequence[Path], threads: int) -> int:
    with ThreadPoolExecutor(threads) as pool:
        # Keep only the sizes, like a program that processes each image and drops it.
        return sum(pool.map(lambda path: whole(path).size, paths))


def _read_ahead(many: Callable[[Sequence[Path]], Iterable[np.ndarray]], paths: Sequence[Path]) -> int:
    return sum(array.size for array in many(paths))


def _dataset(path: str, row: str, limit: Limit) -> Iterator[Any]:
    import pydicom

    import dicomet

    dataset = pydicom.dcmread(path)
    assert dataset.PixelData

    def pixel_array() -> np.ndarray:
        dataset._pixel_array = None  # noqa: SLF001 - as pydicom does when the pixel data changes
        dataset._pixel_id = {}  # noqa: SLF001
        return dataset.pixel_array

    @contextmanager
    def around(key: str) -> Iterator[None]:
        if key.endswith(readers.REFERENCE):
            yield
            return
        del os.environ["DICOMET"]
        try:
            with dicomet.install():
                yield
        finally:
            os.environ["DICOMET"] = "0"

    with around(readers.OWN):
        before = dicomet.stats().declined
        pixel_array()
        assert dicomet.stats().declined == before
    calls = {(row, readers.OWN): pixel_array, (row, readers.REFERENCE): pixel_array}
    yield from _timed(calls, limit, around=around)


def _memory(path: str, name: str, warm_up: str, *, iterate: bool) -> Iterator[Any]:
    reader = readers.load(name)
    # Run once before: imports and setup on first use do not count as memory of the image.
    reader.whole(Path(warm_up))
    if iterate:
        for _ in reader.iterate(Path(warm_up)):
            pass
    CLEAR.write_text("5")
    before = status("VmRSS")
    retained = 0
    if iterate:
        for _ in reader.iterate(Path(path)):
            pass
    else:
        array = reader.whole(Path(path))
        retained = array.nbytes
    yield max(0, status("VmHWM") - before - retained)


def status(field: str) -> int:
    """Return a field of proc_pid_status(5), in bytes. VmHWM is the peak resident size since the write to clear_refs."""
    for line in STATUS.read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise LookupError(field)


_KINDS = {"times": _times, "files": _files, "dataset": _dataset, "memory": _memory}

if __name__ == "__main__":
    child.answer(_reply)

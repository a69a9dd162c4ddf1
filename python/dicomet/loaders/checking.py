"""The check of files: decodes them once, and says which are good. The loaders take its list."""

import os
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Literal, NamedTuple

from dicomet._native import DecodePool
from dicomet._parsing.limits import check_workers
from dicomet._utils.report import read_rows
from dicomet._utils.thread_warnings import capture_warnings
from dicomet.display.values import Values
from dicomet.errors import counted, failure_reason, one_line
from dicomet.loaders.loading import FrameLoader

Status = Literal["good", "bad"]
GOOD: Status = "good"
BAD: Status = "bad"
# Files submitted for each thread: enough to keep the others busy during one slow file.
_QUEUE_DEPTH = 32


class CheckedFile(NamedTuple):
    """The outcome of checking one file.

    Attributes
    ----------
    source : str
        The absolute path.
    status : {"good", "bad"}
        Whether all frames can be decoded.
    reason : str
        Why not; of a good file, its warnings.

    """

    source: str
    status: Status
    reason: str = ""


def check_file(path: str | os.PathLike[str], values: Values = "display", stopped: Event | None = None) -> CheckedFile:
    """Decode all frames of a file, with one in memory at a time. Raises nothing: any error makes the file bad.

    Once `stopped` is set, by another thread, no other frame is decoded, and the outcome is without meaning.
    """
    source = _absolute(path)
    with capture_warnings() as messages:
        try:
            for _ in FrameLoader(values).each_frame(source):
                if stopped is not None and stopped.is_set():
                    break
        except Exception as error:  # noqa: BLE001 - one file must not stop the run, whatever is wrong with it
            return CheckedFile(source, BAD, failure_reason(error))
    return CheckedFile(source, GOOD, one_line("; ".join(dict.fromkeys(messages))))


def check_files(
    paths: Iterable[str | os.PathLike[str]], values: Values = "display", workers: int | None = None
) -> Generator[CheckedFile, None, None]:
    """Decode all frames of files once, in threads, and yield the outcomes in the order of the files.

    Parameters
    ----------
    paths : iterable of str or os.PathLike
        The files. An iterator is read ahead.
    values : {"display", "stored", "modality"}, optional
        The values that must be available: a file may have usable stored values, but no usable window.
    workers : int, optional
        Number of threads (1 or more). By default, as many as `dicomet.pixel_array` uses.

    Yields
    ------
    CheckedFile
        Any error makes a file bad. Closing the generator ends it after the frames that are being decoded.

    Raises
    ------
    ValueError
        `workers` is not positive.

    """
    threads = _thread_count(workers)
    todo = iter(paths)
    running: deque[Future[CheckedFile]] = deque()
    stopped = Event()
    with ThreadPoolExecutor(threads) as pool:
        try:
            while True:
                for path in islice(todo, threads * _QUEUE_DEPTH - len(running)):
                    running.append(pool.submit(check_file, path, values, stopped))
                if not running:
                    return
                yield running.popleft().result()
        finally:
            # A file may have hundreds of thousands of frames.
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)


class CheckList:
    """The list that `dicomet check` has written.

    Attributes
    ----------
    good, bad : list of str
        The absolute paths of the files that can be decoded, and of the others, in order.

    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Read the list.

        Raises
        ------
        ValueError
            The file is not such a list.
        OSError
            The file cannot be read.

        """
        self._path = Path(path)
        rows = read_rows(self._path)
        for row in rows:
            if not isinstance(row.get("source"), str) or row.get("status") not in (GOOD, BAD):
                expected = "'source' and 'status', which is 'good' or 'bad'"
                raise ValueError(f"{self._path}: not a list of 'dicomet check': found a row without {expected}")
        self.good = [row["source"] for row in rows if row["status"] == GOOD]
        self.bad = [row["source"] for row in rows if row["status"] == BAD]
        self._bad = frozenset(self.bad)

    def __repr__(self) -> str:
        return f"<CheckList {str(self._path)!r}: {len(self.good)} good, {len(self.bad)} bad>"

    def is_bad(self, path: str | os.PathLike[str]) -> bool:
        """Return whether a file is bad by this list."""
        return _absolute(path) in self._bad

    def usable(self, paths: Sequence[str | os.PathLike[str]]) -> list[int]:
        """Return the indices of the files that are not bad, in order. Files that are not in the list are not bad.

        Raises
        ------
        ValueError
            None of the files is in the list, which must be that of another folder.
        FileNotFoundError
            All files are bad.

        """
        listed = {*self.good, *self.bad}
        if not any(_absolute(path) in listed for path in paths):
            raise ValueError(
                f"'checked': found none of the {counted(len(paths), 'file')} in {self._path}, "
                f"expected the list that 'dicomet check' has written for this folder"
            )
        usable = [number for number, path in enumerate(paths) if not self.is_bad(path)]
        if not usable:
            raise FileNotFoundError(f"{self._path}: found no good file among {counted(len(paths), 'file')}")
        return usable


def usable_files(paths: Sequence[str | os.PathLike[str]], checked: str | os.PathLike[str] | None) -> list[int]:
    """Return the indices of the files that a loader takes: all but those that are bad by the list `checked`.

    Raises
    ------
    ValueError, OSError
        As `CheckList` and `CheckList.usable` do.

    """
    return list(range(len(paths))) if checked is None else CheckList(checked).usable(paths)


def _absolute(path: str | os.PathLike[str]) -> str:
    return os.path.abspath(path)  # noqa: PTH100 - links stay links, as in the loaders


def _thread_count(workers: int | None) -> int:
    """Return the number of threads by the rule of all functions: the argument, DICOMET_WORKERS, or the CPUs."""
    pool = DecodePool(workers=check_workers(workers))
    try:
        return pool.workers
    finally:
        pool.close()

"""Files that a loader cannot read: which errors count, what becomes of such a file, and the report of all of them."""

import errno
import json
import os
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar, overload

from dicomet._utils.reasons import Summary
from dicomet._utils.warn import warn
from dicomet.errors import PixelDataError, counted, failure_reason, one_line, short_repr

OnError = Literal["raise", "skip"] | Callable[[Path, Exception], Any]
"""What a loader does with a file that it cannot read."""

# The process lacks something, so that every other file would fail, too.
_PROCESS_ERRORS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})

Loaded = TypeVar("Loaded")


def makes_bad_file(error: Exception) -> bool:
    """Return whether an error makes its file a bad file: dicomet cannot decode it, or the system cannot read it.

    Any other error, such as that of an invalid argument, concerns all files.
    """
    return isinstance(error, PixelDataError) or (isinstance(error, OSError) and error.errno not in _PROCESS_ERRORS)


def check_on_error(on_error: OnError) -> OnError:
    """Return the argument `on_error` of a loader.

    Raises
    ------
    ValueError
        It is none of its values.

    """
    if not callable(on_error) and on_error not in ("raise", "skip"):
        raise ValueError(f"'on_error': found {short_repr(on_error)}, expected 'raise', 'skip' or a function")
    return on_error


class BadFile(NamedTuple):
    """A file that could not be read.

    Attributes
    ----------
    path : str
        The file.
    reason : str
        Why, without the path.

    """

    path: str
    reason: str

    def __str__(self) -> str:
        """Return the path and the reason."""
        return f"{self.path}: {self.reason}"


class BadFiles(Sequence[BadFile]):
    """The bad files that a loader has met so far, in all processes that load, each once, in the order of discovery.

    ``str()`` of it is the report: a line for each reason. If there are any, it is also written to standard error at the
    end: when the loader is deleted, or at the latest when the process ends.
    """

    def __init__(self, on_error: OnError, count: int | None = None) -> None:
        """Start without bad files. `count`: the number of files that the loader has, if it is known."""
        self._on_error = check_on_error(on_error)
        self._count = count
        self._found: dict[str, str] = {}
        self._offset = 0
        self._record = ""
        if on_error != "raise":
            # A file, because worker processes, forked or spawned, have no other way to report to this process.
            handle, self._record = tempfile.mkstemp(prefix="dicomet-", suffix=".jsonl")
            os.close(handle)
            weakref.finalize(self, _finish, self._found, self._record, count, os.getpid())

    @property
    def are_skipped(self) -> bool:
        """Whether an image may be missing: `read` may return None."""
        return self._on_error != "raise"

    def read(self, path: str, load: Callable[[str], Loaded]) -> Loaded | Any | None:
        """Return the image of a file; of a bad file the replacement, or None to skip it.

        Raises
        ------
        PixelDataError, OSError
            As `load` does, with ``on_error="raise"``.

        """
        try:
            return load(path)
        except Exception as error:
            if self._on_error == "raise" or not makes_bad_file(error):
                raise
            reason = failure_reason(error)
            is_new = self._add(path, reason)
            if callable(self._on_error):
                return self._on_error(Path(path), error)
            if is_new:
                warn(one_line(f"{path}: {reason}: the file is skipped"))
            return None

    def no_good_file(self) -> FileNotFoundError:
        """Return the error for a loader all of whose files are bad."""
        return FileNotFoundError(f"none of the files can be read, the first one is {self[0]}")

    def _add(self, path: str, reason: str) -> bool:
        """Record a bad file, and return whether it is the first time in any process."""
        self._update()
        if path in self._found:
            return False
        self._found[path] = reason
        line = json.dumps([path, reason]).encode() + b"\n"
        # On another machine, the record does not exist.
        with suppress(OSError):
            handle = os.open(self._record, os.O_WRONLY | os.O_APPEND)
            try:
                # One write: lines of several processes do not mix.
                os.write(handle, line)
            finally:
                os.close(handle)
        return True

    def _update(self) -> None:
        """Read what other processes have recorded since the last time."""
        self._offset = _read_record(self._record, self._offset, self._found)

    def __len__(self) -> int:
        """Return the number of bad files."""
        self._update()
        return len(self._found)

    @overload
    def __getitem__(self, index: int) -> BadFile: ...
    @overload
    def __getitem__(self, index: slice) -> list[BadFile]: ...
    def __getitem__(self, index: int | slice) -> BadFile | list[BadFile]:
        """Return one bad file, or several."""
        return list(self)[index]

    def __iter__(self) -> Iterator[BadFile]:
        """Yield the bad files."""
        self._update()
        for path, reason in _snapshot(self._found).items():
            yield BadFile(path, reason)

    def __str__(self) -> str:
        """Return the report."""
        self._update()
        return _report(self._found, self._count)

    def __repr__(self) -> str:
        """Show the number of bad files, but no paths, which may identify patients."""
        return f"<BadFiles, {counted(len(self), 'file')}>"


def _read_record(record: str, offset: int, found: dict[str, str]) -> int:
    """Add the complete lines of a record after `offset` to `found`, and return the offset after them."""
    if not record:
        return offset
    with suppress(OSError), Path(record).open("rb") as file:
        file.seek(offset)
        data = file.read()
        complete = data[: data.rfind(b"\n") + 1]
        for line in complete.splitlines():
            # On a full disk, lines may be incomplete.
            with suppress(ValueError):
                path, reason = json.loads(line)
                found.setdefault(path, reason)
        # Threads may read the same lines at the same time: these add nothing twice.
        return offset + len(complete)
    return offset


def _snapshot(found: dict[str, str]) -> dict[str, str]:
    """Return a copy of `found`, to which other threads may add at the same time.

    `dict.copy` does not let other threads run. ``list(found.items())`` may: it creates tuples, which can start the
    garbage collector, and finalizers run Python code.
    """
    return found.copy()


def _report(found: dict[str, str], count: int | None) -> str:
    found = _snapshot(found)
    files = counted(len(found), "file") if count is None else f"{len(found)} of {counted(count, 'file')}"
    summary = Summary("dicomet", "bad_files lists them")
    for path, reason in found.items():
        summary.add(path, reason)
    return "\n".join([f"dicomet: {files} cannot be read", *summary.lines()])


def _finish(found: dict[str, str], record: str, count: int | None, process: int) -> None:
    """Write the report, and delete the record, in the process that has created it."""
    if os.getpid() != process:
        return
    _read_record(record, 0, found)
    with suppress(OSError):
        Path(record).unlink()
    # Standard error may be closed already.
    if found:
        with suppress(Exception):
            sys.stderr.write(_report(found, count) + "\n")

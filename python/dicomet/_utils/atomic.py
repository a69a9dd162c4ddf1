"""Atomic file writes: a file appears complete, or not at all."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

Content = bytes | memoryview | Callable[[BinaryIO], object]
"""The content of a file: bytes, or a function that writes to the open file that it receives."""

SUFFIX = ".dicomet-part"
"""The suffix of temporary files: they are being written, or were when their process or machine died."""


def write(path: str | os.PathLike[str], content: Content) -> None:
    """Write a file under a temporary name in the same folder, and rename it when it is complete.

    A reader of `path` sees either the complete new file or the previous one. On any failure, including an interrupt,
    the temporary file is removed. Nothing is flushed to the disk: this protects against the end of the process, not of
    the machine.

    Parameters
    ----------
    path : str or os.PathLike
        The file, which is replaced if it exists. Its folder must exist.
    content : bytes, memoryview or callable
        The content, or a function that writes it to the open binary file that it receives.

    Raises
    ------
    OSError
        The file cannot be written.

    """
    with write_group() as files:
        files.write(path, content)


class Files:
    """A group of files that are being written, each under a temporary name."""

    def __init__(self) -> None:
        """Start without files."""
        self._temporary: list[tuple[Path, Path]] = []

    def write(self, path: str | os.PathLike[str], content: Content) -> None:
        """Write one more file, which is renamed together with all others."""
        path = Path(path)
        # Not the file's own name plus a suffix, which may exceed the length limit of the file system.
        temporary = path.with_name(f".{secrets.token_hex(8)}{SUFFIX}")
        # Before the file is created, because an interrupt may follow immediately.
        self._temporary.append((temporary, path))
        with temporary.open("xb") as file:
            if callable(content):
                content(file)
            else:
                file.write(content)

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of the files written so far."""
        return tuple(str(path) for _, path in self._temporary)

    def _rename(self) -> None:
        for temporary, path in self._temporary:
            temporary.replace(path)

    def _remove(self) -> None:
        for temporary, _ in self._temporary:
            with suppress(OSError):
                temporary.unlink()


@contextmanager
def write_group() -> Iterator[Files]:
    """Write several files. They are renamed at the end of the block, or all removed if it raises."""
    files = Files()
    try:
        yield files
        files._rename()  # noqa: SLF001 - of this module
    except BaseException:
        files._remove()  # noqa: SLF001
        raise

"""Files that are there as a whole or not at all."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

Content = bytes | memoryview | Callable[[BinaryIO], object]
"""What is written: bytes, or a function that writes to the open file it is given."""

SUFFIX = ".dicomet-part"
"""Files with this at the end are being written, or were when their process or machine died."""


def write(path: str | os.PathLike[str], content: Content) -> None:
    """Write a file under a temporary name in the same folder, and rename it when it is whole.

    Whoever sees `path` sees all of it, or what was there before. On any failure, an interrupt too, the temporary file
    is removed. Nothing is flushed to the disk: this is about processes that end, not about machines that do.

    Parameters
    ----------
    path : str or os.PathLike
        The file, which is replaced if it is there. Its folder must be there.
    content : bytes, memoryview or callable
        What is in it, or a function that is called with the open binary file to write it.

    Raises
    ------
    OSError
        If it cannot be written.

    """
    with write_group() as files:
        files.write(path, content)


class Files:
    """Files that are being written, each under a temporary name."""

    def __init__(self) -> None:
        """Begin with none."""
        self._temporary: list[tuple[Path, Path]] = []

    def write(self, path: str | os.PathLike[str], content: Content) -> None:
        """Write one more, which gets its name with all others."""
        path = Path(path)
        # Not the file's own name, which with anything behind it may be longer than a name can be.
        temporary = path.with_name(f".{secrets.token_hex(8)}{SUFFIX}")
        # Before it is there: an interrupt may come right behind.
        self._temporary.append((temporary, path))
        with temporary.open("xb") as file:
            if callable(content):
                content(file)
            else:
                file.write(content)

    @property
    def paths(self) -> tuple[str, ...]:
        """What has been written."""
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
    """Write several files, which get their names at the end of the block, or are all removed if it fails."""
    files = Files()
    try:
        yield files
        files._rename()  # noqa: SLF001 - of this module
    except BaseException:
        files._remove()  # noqa: SLF001
        raise

"""From the caller's argument to a `Source` that any thread can read: memory, a file, or a file object."""

import io
import os
import sys
from typing import BinaryIO, cast

from dicomet._native import Source
from dicomet._parsing.limits import check_max_bytes
from dicomet._parsing.stream import has_random_access, read_to_end
from dicomet._parsing.tags import TRANSFER_SYNTAX_UID
from dicomet.errors import PixelDataError

Buffer = bytes | bytearray | memoryview
# A constant: building a union takes as long as opening a file.
_PATH = (str, os.PathLike)
Readable = str | os.PathLike[str] | BinaryIO | Buffer | Source

# Buffer size for pydicom's parser, in bytes.
PARSER_BUFFER = 1 << 16
# Maximum number of inflated bytes that pydicom's parser may read: it keeps them, and 1 MB may inflate to 1 GB.
PARSER_LIMIT = 1 << 22


def open_source(src: Readable, max_bytes: int | None = None) -> Source:
    """Return the bytes of `src`. An object without random access is read to its end, up to `max_bytes` (`limits.py`).

    Raises
    ------
    OSError
        `src` cannot be opened or read.
    PixelDataError
        An object without random access has more than `max_bytes`.
    TypeError
        `src` is not a supported source.

    """
    if isinstance(src, _PATH):
        return Source.open(src)
    if isinstance(src, Source):
        return src
    if isinstance(src, Buffer):
        return Source.from_buffer(src)
    if hasattr(src, "read"):
        if isinstance(src, io.TextIOBase):
            raise TypeError("'src' is open in text mode, expected a file open for reading in binary mode")
        if has_random_access(src):
            return source_of_file(src)
        return Source.from_buffer(read_to_end(src, check_max_bytes(max_bytes)))
    try:
        return Source.from_buffer(cast("Buffer", src))
    except TypeError:
        expected = "a path, a binary file object, bytes or the like, or a pydicom Dataset"
        raise TypeError(f"'src': found {type(src).__name__}, expected {expected}") from None


def source_of_file(file: BinaryIO) -> Source:
    """Return the bytes of an open file.

    A file object of Python's own classes is opened a second time, if the system supports that, so that it is read
    without the GIL. As with any second descriptor of a file, closing it releases the POSIX locks of this process on the
    file.
    """
    if type(file) is io.BytesIO:
        return Source.from_buffer(file.getvalue())
    raw = file.raw if type(file) is io.BufferedReader else file
    if type(raw) is io.FileIO and file.readable():
        try:
            return Source.open(f"/dev/fd/{file.fileno()}")
        except OSError:
            # The system has no /dev/fd, or the process may not open the file again.
            pass
    return Source.from_file(file)


def as_file(source: Source) -> BinaryIO:
    """Return `source` as a file for a parser."""
    return cast("BinaryIO", _File(_Raw(source), PARSER_BUFFER))


class _File(io.BufferedReader):
    """Limits allocations to the bytes that exist: a parser requests the length that an element declares."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read `size` bytes, or fewer at the end."""
        if size is not None and size > PARSER_BUFFER:
            raw = cast("_Raw", self.raw)
            size = min(size, max(0, raw.length - self.tell()))
        return super().read(size)


class _Raw(io.RawIOBase):
    """Reads a `Source`."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._position = 0
        self._left = PARSER_LIMIT if source.is_deflated else sys.maxsize

    @property
    def length(self) -> int:
        """The offset up to which there may be bytes to read."""
        return min(self._source.length, self._position + self._left + 1)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.length}[whence]
        self._position = max(0, origin + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        read = self._source.read(self._position, min(len(buffer), self._left + 1))
        self._left -= len(read)
        if self._left < 0:
            raise PixelDataError(
                f"{TRANSFER_SYNTAX_UID.label}: found more than {PARSER_LIMIT} bytes before the pixel data of an "
                "unusual deflated data set, expected fewer",
                element=TRANSFER_SYNTAX_UID.label,
            )
        buffer[: len(read)] = read
        self._position += len(read)
        return len(read)

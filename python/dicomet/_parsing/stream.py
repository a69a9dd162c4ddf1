"""Objects that can only be read from front to back: sockets, HTTP responses, pipes, members of a tar stream."""

import errno
from typing import Any, BinaryIO

from dicomet.errors import PixelDataError

# Bytes requested at a time: no object can make a read allocate more.
PIECE = 1 << 20


def has_random_access(file: BinaryIO) -> bool:
    """Return whether `file` can be read at any offset."""
    if not (hasattr(file, "seek") and hasattr(file, "tell")) or _is_in_tar_stream(file):
        return False
    return bool(file.seekable()) if hasattr(file, "seekable") else True


def _is_in_tar_stream(file: BinaryIO) -> bool:
    """Return whether `file` is a member of a tar archive that `tarfile` reads as a stream: it claims to be seekable."""
    archive = getattr(getattr(file, "raw", None), "fileobj", None)
    return archive is not None and not hasattr(archive, "seekable")


def read_to_end(file: BinaryIO, max_bytes: int | None) -> memoryview:
    """Return the bytes of `file` from its position to its end, in read-only memory.

    Raises
    ------
    PixelDataError
        There are more than `max_bytes`.
    BlockingIOError
        `file` does not wait for its next bytes.
    TypeError
        `file` reads something else than bytes.

    """
    found = bytearray()
    while True:
        wanted = PIECE if max_bytes is None else min(PIECE, max_bytes + 1 - len(found))
        piece: Any = file.read(wanted)
        if piece is None:
            raise BlockingIOError(errno.EAGAIN, "'src': found no bytes yet, expected an object that waits for them")
        if not isinstance(piece, bytes | bytearray | memoryview):
            raise TypeError(f"'src': found an object that reads {type(piece).__name__}, expected one that reads bytes")
        if not piece:
            return memoryview(found).toreadonly()
        found += piece
        if max_bytes is not None and len(found) > max_bytes:
            message = f"'src': found more bytes, expected at most the {max_bytes} of 'max_bytes' of an object"
            raise PixelDataError(f"{message} that is not seekable")

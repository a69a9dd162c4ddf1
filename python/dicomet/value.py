"""The bytes of a pixel data element: in memory, or in a file of which only what is needed is read."""

from dataclasses import dataclass
from typing import BinaryIO, Protocol

Buffer = bytes | bytearray | memoryview


class Value(Protocol):
    """The value of a pixel data element."""

    @property
    def length(self) -> int:
        """Bytes up to the end of the value, or of the file where the length is undefined."""

    @property
    def delimited(self) -> bool:
        """The Sequence Delimitation Item (PS3.5 A.4) belongs to these bytes."""

    @property
    def read_size(self) -> int:
        """Bytes that are best read at once."""

    def read(self, offset: int, count: int) -> Buffer:
        """Return `count` bytes at `offset`, or fewer at the end."""

    def load(self) -> "MemoryValue":
        """Return the same value in memory."""


@dataclass(frozen=True, slots=True)
class MemoryValue:
    """A value in immutable memory: nothing is copied."""

    data: Buffer
    delimited: bool = False

    @property
    def length(self) -> int:
        """See `Value.length`."""
        return len(self.data)

    @property
    def read_size(self) -> int:
        """See `Value.read_size`: everything, for nothing is copied."""
        return max(1, self.length)

    def read(self, offset: int, count: int) -> Buffer:
        """See `Value.read`."""
        return memoryview(self.data)[offset : offset + count]

    def load(self) -> "MemoryValue":
        """See `Value.load`."""
        return self


@dataclass(frozen=True, slots=True)
class FileValue:
    """A value in a seekable file."""

    file: BinaryIO
    start: int
    length: int
    delimited: bool = False

    @property
    def read_size(self) -> int:
        """See `Value.read_size`: as much as stays in the cache until it has been decoded."""
        return 1 << 20

    def read_into(self, offset: int, out: memoryview) -> int:
        """Read bytes from `offset` on into `out`; return how many, which is less at the end.

        Where the file has no `readinto`, through `read`.
        """
        count = min(len(out), self.length - offset)
        readinto = getattr(self.file, "readinto", None)
        if readinto is None or count <= 0:
            read = self.read(offset, len(out))
            out[: len(read)] = read
            return len(read)
        self.file.seek(self.start + offset)
        done = 0
        while done < count and (more := readinto(out[done:count])):
            done += more
        return done

    def read(self, offset: int, count: int) -> Buffer:
        """See `Value.read`."""
        count = min(count, self.length - offset)
        if count <= 0:
            return b""
        self.file.seek(self.start + offset)
        read = self.file.read(count)
        while read and len(read) < count and (more := self.file.read(count - len(read))):
            # An unbuffered file, or one of the caller's own, may return less than there is.
            read += more
        return read

    def load(self) -> MemoryValue:
        """See `Value.load`."""
        return MemoryValue(self.read(0, self.length), self.delimited)

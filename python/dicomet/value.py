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

    def read(self, offset: int, count: int) -> Buffer:
        """See `Value.read`."""
        count = min(count, self.length - offset)
        if count <= 0:
            return b""
        self.file.seek(self.start + offset)
        return self.file.read(count)

    def load(self) -> MemoryValue:
        """See `Value.load`."""
        return MemoryValue(self.read(0, self.length), self.delimited)

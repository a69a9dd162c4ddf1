"""The bytes of a stream in fragments (PS3.5 A.4), read anywhere without loading them all."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator

from dicomet._native import EncapsulatedPixelData, FrameIndex, Source
from dicomet._parsing.tags import PIXEL_DATA
from dicomet._utils.warn import warn_all
from dicomet.errors import PixelDataError

CHUNK = 1 << 20
_FRAGMENTS = 4096


class StreamBytes:
    """All fragments of encapsulated pixel data, one after the other. Warns about deviations of the items."""

    def __init__(self, value: Source, *, delimited: bool) -> None:
        """Locate the fragments; read none of them.

        Raises
        ------
        PixelDataError
            The items are malformed, or there is no fragment.

        """
        pixel_data = EncapsulatedPixelData(value, delimited=delimited, frames=1, codestreams=False, extended=None)
        found = pixel_data.build_frame_index()
        found.raise_defect()
        warn_all(found.warnings)
        self._value = value
        self._offsets, self._ends = array("Q"), array("Q")
        self._add(found)
        self.length = self._ends[-1] if self._ends else 0

    def _add(self, found: FrameIndex) -> None:
        end = 0
        while fragments := found.fragments(0, len(self._offsets), _FRAGMENTS):
            for offset, length in fragments:
                end += length
                self._offsets.append(offset)
                self._ends.append(end)

    def read(self, start: int, count: int) -> bytes:
        """Return `count` bytes from `start`, or fewer at the end."""
        return b"".join(self._parts(start, min(start + count, self.length)))

    def chunks(self, end: int) -> Iterator[bytes]:
        """Yield the bytes up to `end`, about a MiB at a time."""
        yield from self._parts(0, end)

    def _parts(self, start: int, end: int) -> Iterator[bytes]:
        number = bisect_right(self._ends, start)
        while start < end:
            fragment_end = self._ends[number]
            first = self._ends[number - 1] if number else 0
            count = min(CHUNK, end - start, fragment_end - start)
            part = bytes(self._value.read(self._offsets[number] + start - first, count))
            if len(part) < count:
                message = f"{PIXEL_DATA.label}: found {start + len(part)} bytes, expected {self.length}"
                raise PixelDataError(message, element=PIXEL_DATA.label)
            yield part
            start += count
            number += start == fragment_end

"""ISO/IEC 14496-12: the boxes of an MP4 file, as far as they say how its video is coded and where the file ends."""

from collections.abc import Iterator
from typing import NamedTuple

from dicomet._parsing.transfer_syntax import H_264, HEVC, MPEG_2
from dicomet.convert.stream_bytes import StreamBytes

# 14496-12 8.1 to 8.5: the boxes on the way to the sample descriptions of a track.
_PATH = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
# Version and flags, and the number of entries (14496-12 8.5.2).
_DESCRIPTION_HEADER = 8
# 14496-15 5.4.2, 7.4 and 8.4.1; the MP4 registration authority for MPEG-2.
CODINGS = {
    **dict.fromkeys((b"avc1", b"avc2", b"avc3", b"avc4", b"mvc1", b"mvc2"), H_264),
    **dict.fromkeys((b"hvc1", b"hvc2", b"hev1", b"hev2"), HEVC),
    **dict.fromkeys((b"m2v1", b"mp2v"), MPEG_2),
}
# A fragmented file has two boxes for each of its fragments, of which there may be several in a second.
_MAX_BOXES = 1 << 17


class Box(NamedTuple):
    """The type of a box, where its content starts, and where it ends."""

    kind: bytes
    start: int
    end: int


class Boxes:
    """The boxes of a file. Reads a limited number of them, so that nested boxes take no more time than others."""

    def __init__(self, data: StreamBytes) -> None:
        """Read nothing yet."""
        self._data = data
        self._left = _MAX_BOXES

    def end(self) -> int:
        """Return the end of the last whole box of the file."""
        end = 0
        for box in self._within(0, self._data.length):
            end = box.end
        return end

    def codings(self) -> frozenset[str]:
        """Return how the tracks of the file are coded, as far as they are video that DICOM knows."""
        found = (CODINGS.get(entry.kind) for entry in self._entries(0, self._data.length, _PATH))
        return frozenset(coding for coding in found if coding is not None)

    def _entries(self, start: int, end: int, path: tuple[bytes, ...]) -> Iterator[Box]:
        for box in self._within(start, end):
            if not path:
                yield box
            elif box.kind == path[0]:
                header = _DESCRIPTION_HEADER if len(path) == 1 else 0
                yield from self._entries(box.start + header, box.end, path[1:])

    def _within(self, start: int, end: int) -> Iterator[Box]:
        """Yield the boxes of a range (14496-12 4.2), up to the first one that is not whole."""
        while start + 8 <= end and self._left > 0:
            self._left -= 1
            header = self._data.read(start, 16)
            size, content = int.from_bytes(header[:4], "big"), start + 8
            if size == 1:
                size, content = int.from_bytes(header[8:], "big"), start + 16
            # Size 0: to the end of the file.
            box = Box(header[4:8], content, start + size if size else end)
            if not content <= box.end <= end:
                return
            yield box
            start = box.end

"""Frames in native form (PS3.5 8.2, A.1 to A.3, A.5)."""

import numpy as np

from dicomet._native import Plan
from dicomet.description import Description
from dicomet.errors import PixelDataError
from dicomet.value import Value
from dicomet.warn import warn


class NativeFrames:
    """Frames that follow each other without headers or padding."""

    def __init__(self, description: Description, value: Value) -> None:
        """Check the length of `value` against the description."""
        self._image = description.image
        self._value = value
        self._keyword = description.keyword
        self._paired = description.paired or description.big_endian
        self._plan = Plan.native(
            description.image,
            big_endian=description.big_endian,
            paired=description.paired,
            correct_unused_bits=description.correct_unused_bits,
            conversion=description.conversion(description.options["photometric_interpretation"]),
        )
        self.count = self._count(allow_excess_frames=description.allow_excess_frames)

    def _count(self, *, allow_excess_frames: bool) -> int:
        """Return how many frames there are: Number of Frames, or what the value holds where more are allowed."""
        found = self._value.length
        whole = self._image.native_frames(found)
        count = self._image.number_of_frames
        expected = -(-self._image.native_frame_range(count - 1)[1] // 8)
        if found <= expected + expected % 2:
            return count
        if whole > count and allow_excess_frames:
            warn(
                f"The number of bytes of pixel data is sufficient to contain {whole} frames which is larger than the "
                f"given (0028,0008) 'Number of Frames' value of {count}. The returned data will include these extra "
                "frames; pass allow_excess_frames=False to leave them out."
            )
            return whole
        warn(f"{self._keyword}: found {found} bytes, expected {expected}: the rest is not used")
        return count

    def check(self, first: int, count: int) -> None:
        """Do nothing: the length of the value has been checked, so that a result of this size is justified."""

    def decode(self, first: int, count: int, out: np.ndarray) -> None:
        """Decode `count` frames from `first` on into `out`, reading as much at once as stays in the cache."""
        start, end = self._image.native_frame_range(first)
        frames_at_once = max(1, self._value.read_size * 8 // (end - start))
        frames = out.reshape(count, -1)
        for done in range(0, count, frames_at_once):
            part = frames[done : done + frames_at_once]
            self._decode_part(first + done, len(part), part)

    def _decode_part(self, first: int, count: int, out: np.ndarray) -> None:
        start_bit, _ = self._image.native_frame_range(first)
        _, end_bit = self._image.native_frame_range(first + count - 1)
        start, end = start_bit // 8, -(-end_bit // 8)
        if self._paired:
            # PS3.5 7.3: bytes lie in 16-bit words.
            start, end = start - start % 2, end + end % 2
        chunk = self._value.read(start, end - start)
        if len(chunk) < -(-end_bit // 8) - start:
            raise PixelDataError(
                f"{self._keyword}: found {start + len(chunk)} bytes, expected {end}: the file has become shorter",
                element=self._keyword,
                frame=first,
            )
        self._plan.native_frames(chunk, start_bit - start * 8, out)

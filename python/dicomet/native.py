"""Frames in native form (PS3.5 8.2, A.1 to A.3, A.5)."""

from functools import cached_property

import numpy as np

from dicomet._native import Image, Plan
from dicomet.description import Description
from dicomet.errors import PixelDataError
from dicomet.value import FileValue, Value
from dicomet.warn import warn

# What is read into the result and finished there while it is in the cache: whole pixels of any size up to 24 bytes.
PIECE = (1 << 20) // 24 * 24


class NativeSamples:
    """Samples that follow each other without headers or padding, frame after frame."""

    def __init__(self, image: Image, plan: Plan, value: Value, *, element: str, paired: bool) -> None:
        """Prepare for `value`, of which nothing is read yet. `paired`: its bytes lie in words of two (PS3.5 7.3)."""
        self._image = image
        self._plan = plan
        self._value = value
        self._element = element
        self._paired = paired

    def _too_short(self, frame: int, found: int, expected: int) -> PixelDataError:
        message = f"{self._element}, frame {frame}: found {found} bytes, expected {expected}"
        return PixelDataError(message, element=self._element, frame=frame)

    def decode(self, first: int, count: int, out: np.ndarray) -> None:
        """Decode `count` frames from `first` on into `out`."""
        if self._plan.is_in_place and isinstance(self._value, FileValue):
            self._read_in_place(self._value, first, out.reshape(-1).view(np.uint8).data)
            return
        start, end = self._image.native_frame_range(first)
        frames_at_once = max(1, self._value.read_size * 8 // (end - start))
        frames = out.reshape(count, -1)
        for done in range(0, count, frames_at_once):
            part = frames[done : done + frames_at_once]
            self._decode_part(first + done, len(part), part)

    def _read_in_place(self, file: FileValue, first: int, out: memoryview) -> None:
        """Read the samples into their place and finish them there, a piece at a time: no other memory is needed."""
        start = self._image.native_frame_range(first)[0] // 8
        for done in range(0, len(out), PIECE):
            piece = out[done : done + PIECE]
            read = file.read_into(start + done, piece)
            if read < len(piece):
                raise self._too_short(first, start + done + read, start + len(out))
            self._plan.finish_in_place(piece)

    def _decode_part(self, first: int, count: int, out: np.ndarray) -> None:
        start_bit, _ = self._image.native_frame_range(first)
        _, end_bit = self._image.native_frame_range(first + count - 1)
        start, end = start_bit // 8, -(-end_bit // 8)
        if self._paired:
            start, end = start - start % 2, end + end % 2
        chunk = self._value.read(start, end - start)
        if len(chunk) < -(-end_bit // 8) - start:
            raise self._too_short(first, start + len(chunk), end)
        self._plan.native_frames(chunk, start_bit - start * 8, out)


class NativeFrames(NativeSamples):
    """The frames of a description, counted and checked."""

    def __init__(self, description: Description, value: Value) -> None:
        """Prepare for `value`, of which nothing is read yet."""
        paired = description.paired or description.big_endian
        super().__init__(
            description.image, description.native_plan(), value, element=description.element, paired=paired
        )
        self._complete = description.complete
        self._allow_excess_frames = description.allow_excess_frames

    @cached_property
    def count(self) -> int:
        """How many frames there are: Number of Frames, or what the value holds where more are allowed."""
        found = self._value.length
        whole = self._image.native_frames(found)
        count = self._image.number_of_frames
        expected = -(-self._image.native_frame_range(count - 1)[1] // 8)
        if found <= expected + expected % 2:
            return count
        if whole > count and self._allow_excess_frames:
            warn(
                f"The number of bytes of pixel data is sufficient to contain {whole} frames which is larger than the "
                f"given (0028,0008) 'Number of Frames' value of {count}. The returned data will include these extra "
                "frames; pass allow_excess_frames=False to leave them out."
            )
            return whole
        warn(f"{self._element}: found {found} bytes, expected {expected}: the rest is not used")
        return count

    def check(self, first: int, count: int) -> None:
        """Check that the value is long enough, before memory is allocated for these frames."""
        if self._complete:
            self._image.native_frames(self._value.length)
        end = -(-self._image.native_frame_range(first + count - 1)[1] // 8)
        if end > self._value.length:
            raise self._too_short(first, self._value.length, end)

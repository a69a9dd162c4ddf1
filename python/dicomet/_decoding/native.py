"""Frames in native form (PS3.5 8.2, A.1 to A.3, A.5)."""

from collections.abc import Callable

import numpy as np

from dicomet._decoding.color_rule import ColorDecision
from dicomet._decoding.description import ImageDescription
from dicomet._native import DecodePool, Source, Transform
from dicomet._utils.warn import Once, warn
from dicomet.errors import PixelDataError


class NativeFrames:
    """Samples that follow each other without headers or padding, frame after frame."""

    def __init__(self, description: ImageDescription, value: Source, max_bytes: int | None) -> None:
        """Prepare for `value`, of which nothing is read yet."""
        self._max_bytes = max_bytes
        self._description = description
        self._image = description.image
        self._value = value
        self._length = value.length
        self._count: int | None = None
        self._first_inflated, self._first_counted = Once(), Once()
        self._plan = description.native_decoder()

    def color(self, index: int) -> ColorDecision:  # noqa: ARG002 - those of all frames
        """Return what the samples of a frame are."""
        return self._description.decide_color()

    def stored(self) -> Source:
        """Return the value: of a deflated data set as much as the description justifies, inflated once."""
        if self._value.is_deflated:
            self._inflate()
        return self._value

    def _inflate(self) -> None:
        element, declared = self._description.element, self._length
        expected = self._frame_end(self._image.number_of_frames)
        needed = declared if self._description.allow_excess_frames else min(declared, expected)
        if self._max_bytes is not None and needed > self._max_bytes:
            message = (
                f"{element}: found {needed} bytes to inflate, expected at most the {self._max_bytes} of 'max_bytes'"
            )
            raise PixelDataError(message, element=element)
        # A little more, to know whether there is more.
        wanted = min(declared, needed + needed % 2 + 1)
        value = self._value.inflate_prefix(wanted)
        if value.length < wanted:
            self._length = value.length
        self._value = value
        if expected <= value.length < wanted and self._first_inflated():
            warn(f"{element}: found {value.length} bytes to the end of the data set, expected {declared}")

    def _check_possible(self, expected: int) -> None:
        """Check the length that the element says, or that a deflated data set can have, before it is inflated."""
        if self._value.is_deflated and expected > self._length:
            element = self._description.element
            message = f"{element}: found a deflated value of {self._length} bytes at most, expected {expected}"
            raise PixelDataError(message, element=element)

    def _frame_end(self, count: int) -> int:
        """Return how many bytes so many frames have."""
        return -(-self._image.native_frame_range(count - 1)[1] // 8)

    @property
    def count(self) -> int:
        """How many frames there are: Number of Frames, or what the value holds where more are allowed."""
        if self._count is None:
            self._count = self._count_frames()
        return self._count

    def _count_frames(self) -> int:
        self._check_possible(self._frame_end(self._image.number_of_frames))
        self.stored()
        found = self._length
        whole = self._image.native_frames(found)
        count = self._image.number_of_frames
        expected = self._frame_end(count)
        if found <= expected + expected % 2:
            return count
        if whole > count and self._description.allow_excess_frames:
            self._warn_of_length(
                f"The number of bytes of pixel data is sufficient to contain {whole} frames which is larger than the "
                f"given (0028,0008) 'Number of Frames' value of {count}. The returned data will include these extra "
                "frames; pass allow_excess_frames=False to leave them out."
            )
            return whole
        element = self._description.element
        self._warn_of_length(f"{element}: found {found} bytes, expected {expected}: the rest is not used")
        return count

    def _warn_of_length(self, message: str) -> None:
        if self._first_counted():
            warn(message)

    @property
    def is_passthrough(self) -> bool:
        """The stored samples are the result: nothing has to be done to them."""
        return self._plan.is_identity

    def check(self, first: int, count: int) -> None:
        """Check that the value is long enough, before memory is allocated for these frames."""
        if self._description.requires_all_frames:
            self._image.native_frames(self._length)
        end = self._frame_end(first + count)
        self._check_possible(end)
        self.stored()
        self._image.check_subsampled(self._length)
        if end > self._length:
            element = self._description.element
            message = f"{element}, frame {first}: found {self._length} bytes, expected {end}"
            raise PixelDataError(message, element=element, frame=first)

    def decode(
        self,
        first: int,
        count: int,  # noqa: ARG002
        out: np.ndarray,
        workers: int | None,
        transform: Transform | None = None,
    ) -> None:
        """Decode `count` frames from `first` on into `out`, through `transform` where there is one."""
        self._plan.with_transform(transform).native_frames(self.stored(), first, out, workers=workers)

    def submit(self, first: int, count: int, out: np.ndarray, team: DecodePool) -> Callable[[], object]:  # noqa: ARG002
        """Let `team` do the same. Return what waits for its end."""
        return team.native_frames(self._plan, self.stored(), first, out).result

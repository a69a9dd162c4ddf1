"""Native frames (PS3.5 8.2, A.1 to A.3, A.5)."""

from collections.abc import Callable

import numpy as np

from dicomet._decoding.color_rule import ColorDecision
from dicomet._decoding.description import ImageDescription
from dicomet._decoding.resolution import reduced
from dicomet._native import DecodePool, Source, Transform
from dicomet._parsing.tags import NUMBER_OF_FRAMES
from dicomet._utils.warn import WarnOnce, warn
from dicomet.errors import PixelDataError


class NativeFrames:
    """The frames of native pixel data, stored one after the other without headers or padding."""

    def __init__(self, description: ImageDescription, value: Source, max_bytes: int | None) -> None:
        """Prepare to read frames of `value`. Nothing is read here."""
        self._max_bytes = max_bytes
        self._description = description
        self._image = description.image
        self._value = value
        self._length = value.length
        self._count: int | None = None
        self._warn_once = WarnOnce()
        self._decoder = description.decoder or description.build_decoder()

    def reduce(self) -> ImageDescription:
        """Return the description: there is one resolution."""
        return reduced(self._description, None)

    def color(self, index: int) -> ColorDecision:  # noqa: ARG002 - the same for all frames
        """Return the meaning of the samples of a frame."""
        return self._description.decide_color()

    def unsupported(self, index: int) -> str | None:  # noqa: ARG002 - the same for all frames
        """Return None: dicomet decodes native frames."""
        return None

    def precision(self, index: int) -> int | None:  # noqa: ARG002 - the same for all frames
        """Return None: native frames have no header."""
        return None

    def stored(self) -> Source:
        """Return the value. A deflated one is inflated once, as far as the description justifies."""
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
        # Request a little more, to detect excess bytes.
        wanted = min(declared, needed + needed % 2 + 1)
        value = self._value.inflate_prefix(wanted)
        if value.length < wanted:
            self._length = value.length
        self._value = value
        if expected <= value.length < wanted and self._warn_once.is_first("inflated length"):
            warn(f"{element}: found {value.length} bytes to the end of the data set, expected {declared}")

    def _check_possible(self, expected: int) -> None:
        """Check `expected` against the largest possible length of a deflated value, before it is inflated."""
        if self._value.is_deflated and expected > self._length:
            element = self._description.element
            message = f"{element}: found a deflated value of {self._length} bytes at most, expected {expected}"
            raise PixelDataError(message, element=element)

    def _frame_end(self, count: int) -> int:
        """Return the size of `count` frames in bytes."""
        return -(-self._image.native_frame_range(count - 1)[1] // 8)

    @property
    def count(self) -> int:
        """The number of frames: Number of Frames, or the number that the value holds, if excess frames are allowed."""
        if self._count is None:
            self._count = self._count_frames()
        return self._count

    def _count_frames(self) -> int:
        self._check_possible(self._frame_end(self._image.number_of_frames))
        self.stored()
        found = self._length
        whole = self._image.count_native_frames(found)
        count = self._image.number_of_frames
        expected = self._frame_end(count)
        if found <= expected + expected % 2:
            return count
        if whole > count and self._description.allow_excess_frames:
            self._warn_of_length(
                f"The number of bytes of pixel data is sufficient to contain {whole} frames which is larger than the "
                f"given {NUMBER_OF_FRAMES.quoted} value of {count}. The returned data will include these extra "
                "frames; pass allow_excess_frames=False to leave them out."
            )
            return whole
        element = self._description.element
        self._warn_of_length(f"{element}: found {found} bytes, expected {expected}: the rest is not used")
        return count

    def _warn_of_length(self, message: str) -> None:
        if self._warn_once.is_first("length"):
            warn(message)

    @property
    def is_passthrough(self) -> bool:
        """Whether the stored samples are the result already (passthrough)."""
        return self._decoder.is_passthrough

    def check(self, first: int, count: int) -> None:
        """Check that the value is long enough for these frames, before memory is allocated for the result."""
        if self._description.requires_all_frames:
            self._image.count_native_frames(self._length)
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
        """Decode `count` frames, starting at `first`, into `out`. Apply `transform` if there is one."""
        self._decoder.with_transform(transform).native_frames(self.stored(), first, out, workers=workers)

    def submit(
        self,
        first: int,
        count: int,  # noqa: ARG002
        out: np.ndarray,
        pool: DecodePool,
        transform: Transform | None = None,
    ) -> Callable[[], object]:
        """Submit these frames to `pool`. Return a function that waits for the result."""
        return pool.native_frames(self._decoder.with_transform(transform), self.stored(), first, out).result

"""`FrameReader`: the frames of one source, checked and ready to be decoded. All public functions use it."""

import dataclasses
import errno
import math
import mmap
import operator
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from dicomet._decoding.color_rule import ColorDecision
from dicomet._decoding.description import ImageDescription, build_description
from dicomet._decoding.encapsulated import EncapsulatedFrames
from dicomet._decoding.native import NativeFrames
from dicomet._native import DecodePool, Source, Transform
from dicomet._parsing.decode_options import Reduce
from dicomet._parsing.limits import ReadLimits, check_max_bytes, check_workers
from dicomet._parsing.parsed import Parsed
from dicomet._parsing.tags import NUMBER_OF_FRAMES
from dicomet._utils.warn import WarnOnce
from dicomet.errors import FrameIndexError, PixelDataError, counted, short_repr

FrameSelection = int | Literal["all", "middle"]
"""Which frames of a file become results: all, the middle one (``frames // 2``), or one by its index."""


class ArraySpec(NamedTuple):
    """The dtype and the shape of one frame of a result."""

    dtype: np.dtype
    frame_shape: tuple[int, ...]


class FrameReader:
    """The frames of `parsed`.

    Nothing is decoded before a frame is requested. Until then, only the Basic Offset Table is read, if the caller will
    read all frames, the encapsulated value of a file object, and for `reduce` the header of the first frame.
    """

    def __init__(
        self, parsed: Parsed, limits: ReadLimits, *, raw: bool = False, whole: bool = False, always_rgb: bool = False
    ) -> None:
        """Check the description.

        `whole`: the caller will read all frames at once. `always_rgb`: colors that cannot be converted to RGB are an
        error.
        """
        description = build_description(parsed, raw=raw, always_rgb=always_rgb)
        self._parsed, self._limits, self._raw, self._always_rgb = parsed, limits, raw, always_rgb
        self._warn_once = WarnOnce()
        self.workers = check_workers(limits.workers)
        self._max_bytes = check_max_bytes(limits.max_bytes)
        self._memory: np.ndarray | None = None
        self._view_only = parsed.options.view_only
        self._locator = _locator(description, parsed, limits.decoding_plugin, self._max_bytes, whole=whole)
        self.description = self._locator.reduce() if parsed.options.reduce else description
        self.stored_shape = description.frame_shape
        self.dtype = self.description.dtype
        self.frame_shape = self.description.frame_shape

    @property
    def count(self) -> int:
        """The number of frames."""
        return self._locator.count

    def at_resolution(self, reduce: Reduce) -> "FrameReader":
        """Return the same frames at a lower resolution, as with the option ``reduce``."""
        options = dataclasses.replace(self._parsed.options, reduce=reduce)
        parsed = self._parsed._replace(options=options)
        return FrameReader(parsed, self._limits, raw=self._raw, always_rgb=self._always_rgb)

    def first_color(self) -> ColorDecision:
        """Return the meaning of the samples of the first frame (`color_rule`), without decoding it."""
        return self.description.color or self._locator.color(0)

    def first_unsupported(self) -> str | None:
        """Return what keeps dicomet from decoding the first frame; None if nothing in its header does."""
        return self._locator.unsupported(0)

    def precision(self, index: int) -> int | None:
        """Return the bits per sample of the codestream of a frame, as its header states them; None for other frames."""
        return self._locator.precision(index)

    def number_of(self, index: int) -> int:
        """Return the number of a frame, counted from 0. A negative `index` counts from the end, as in NumPy.

        The frames are located only for a negative index, or for one that is not less than Number of Frames.

        Raises
        ------
        FrameIndexError
            The index is out of range.
        TypeError
            `index` is not an integer.

        """
        number = operator.index(index)
        if 0 <= number < self.description.image.number_of_frames:
            return number
        return number_among(self.count, number)

    def selected(self, frames: FrameSelection) -> int | None:
        """Return the number of the selected frame; None for all frames.

        Raises
        ------
        FrameIndexError, TypeError
            As `number_of` does.

        """
        if frames == "all":
            return None
        return self.count // 2 if frames == "middle" else self.number_of(frames)

    def frame_numbers(self) -> Iterator[int]:
        """Yield the frame numbers up to Number of Frames, and only then count the frames.

        The frames before a malformed place can thus be decoded.
        """
        expected = self.description.image.number_of_frames
        yield from range(expected)
        yield from range(expected, self.count)

    def select_frames(self, index: int | None, form: ArraySpec | None = None) -> tuple[int, int, tuple[int, ...]]:
        """Return the first frame, the number of frames, and the shape of the result.

        `index` is one frame, or None for the whole image. The shape is ``(rows, columns[, samples])`` for one frame and
        ``(frames, rows, columns[, samples])`` for more.
        """
        frame_shape = (form or self).frame_shape
        if index is not None:
            return self.number_of(index), 1, frame_shape
        # Before the frames are located: there are at least as many as Number of Frames.
        self.check_size(self.description.image.number_of_frames, form)
        count = self.count
        return 0, count, (count, *frame_shape) if count > 1 else frame_shape

    def read(self, first: int, count: int, shape: tuple[int, ...], out: np.ndarray | None = None) -> np.ndarray:
        """Return `count` frames, starting at `first`, as an array of `shape`."""
        self.check(first, count)
        view = self._view(first, count) if out is None and self._view_only else None
        if view is not None:
            return view.reshape(shape)
        array = np.empty(shape, self.dtype) if out is None else check_out(out, shape, self.dtype)
        if count:
            self._locator.decode(first, count, array.view(np.ndarray), self.workers)
        return array

    def read_transformed(self, first: int, count: int, transform: Transform, out: np.ndarray) -> None:
        """Fill `out` with `count` frames, starting at `first`, after `transform`."""
        self._locator.decode(first, count, out.view(np.ndarray), self.workers, transform)

    def submit(self, index: int | None, pool: DecodePool) -> Callable[[], np.ndarray]:
        """Submit a frame, or the whole image if `index` is None, to `pool`.

        Return a function that waits for the array.
        """
        first, count, shape = self.select_frames(index)
        if self._view_only:
            return lambda: self.read(first, count, shape)
        self.check(first, count)
        array = np.empty(shape, self.dtype)
        finish = self.submit_into(first, count, array, pool)

        def finished() -> np.ndarray:
            finish()
            return array

        return finished

    def submit_into(
        self, first: int, count: int, out: np.ndarray, pool: DecodePool, transform: Transform | None = None
    ) -> Callable[[], object]:
        """Submit `count` frames, starting at `first`, to `pool`, which fills `out`. Apply `transform` if there is one.

        The caller has checked the frames. Return a function that waits for them.
        """
        return self._locator.submit(first, count, out.view(np.ndarray), pool, transform)

    def read_ahead(self, numbers: Sequence[int]) -> Iterator[np.ndarray]:
        """Yield these frames in this order. They are decoded ahead on all cores, a few at a time."""
        if len(numbers) <= 1:
            yield from (self.read(number, 1, self.frame_shape) for number in numbers)
            return
        pool = DecodePool(workers=self.workers)
        try:
            waiting: deque[Callable[[], np.ndarray]] = deque()
            for number in numbers:
                if len(waiting) > 2 * pool.workers:
                    yield waiting.popleft()()
                waiting.append(self.submit(number, pool))
            while waiting:
                yield waiting.popleft()()
        finally:
            pool.close()

    def check(self, first: int, count: int, form: ArraySpec | None = None) -> None:
        """Check size limits and the presence of the frames, before memory is allocated."""
        self.check_size(count, form)
        self.check_presence(first, count)
        self._warn_of_element()
        self.description.image.check_result(count)

    def check_presence(self, first: int, count: int) -> None:
        """Check that the source has the bytes of the frames."""
        if count:
            self._locator.check(first, count)

    def check_size(self, count: int, form: ArraySpec | None = None) -> None:
        """Check that an array of `count` frames does not exceed `max_bytes`."""
        if self._max_bytes is None:
            return
        wanted = form or self
        size = count * math.prod(wanted.frame_shape) * wanted.dtype.itemsize
        if size > self._max_bytes:
            element = self.description.element
            message = (
                f"{element}: found an array of {size} bytes, expected at most the {self._max_bytes} of 'max_bytes'"
            )
            raise PixelDataError(message, element=element)

    def _warn_of_element(self) -> None:
        if self._parsed.warning:
            self._warn_once([self._parsed.warning])

    def _view(self, first: int, count: int) -> np.ndarray | None:
        """Return a view of the stored samples, if they are the result already (passthrough)."""
        if not isinstance(self._locator, NativeFrames) or not self._locator.is_passthrough:
            return None
        if self._memory is None:
            memory = mapped_memory(self._locator.stored())
            if memory is None:
                return None
            # An array, not slices of the memoryview: slices share one export count, which no lock protects.
            self._memory = np.frombuffer(memory, np.uint8)
        start, end = (bit // 8 for bit in self.description.image.native_frame_range(first))
        view = self._memory[start : start + (end - start) * count].view(self.dtype)
        return view if view.flags.aligned else None


def _locator(
    description: ImageDescription, parsed: Parsed, decoding_plugin: str, max_bytes: int | None, *, whole: bool
) -> NativeFrames | EncapsulatedFrames:
    if not description.codec.is_encapsulated:
        return NativeFrames(description, parsed.value, max_bytes)
    value = parsed.value
    if whole and value.is_file_object:
        # Read the file object once, instead of twice per frame.
        value = Source.from_buffer(value.read(0, value.length))
    return EncapsulatedFrames(description, parsed, value, decoding_plugin)


def mapped_memory(source: Source) -> memoryview | None:
    """Return the bytes of `source` without reading them: memory, or a memory-mapped file. None for any other source.

    Raises
    ------
    OSError
        The limit of file descriptors or of the address space prevents a memory map.

    """
    if source.is_in_memory:
        return memoryview(source.read(0, source.length))
    if source.is_file_object or not hasattr(source, "fileno"):
        return None
    skipped = source.start - source.start % mmap.ALLOCATIONGRANULARITY
    try:
        length = source.start + source.length - skipped
        file = mmap.mmap(source.fileno(), length, access=mmap.ACCESS_READ, offset=skipped)
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
            raise
        # The system or the kind of file does not support memory maps, or the file is empty.
        return None
    return memoryview(file)[source.start - skipped :]


def number_among(count: int, index: int) -> int:
    """Return the number, counted from 0, of frame `index` of `count` frames.

    Raises
    ------
    FrameIndexError
        The index is out of range.

    """
    if not -count <= index < count:
        frames = counted(count, "frame")
        label = NUMBER_OF_FRAMES.label
        message = f"{label}: found index {short_repr(index)} of {frames}, expected {-count} to {count - 1}"
        raise FrameIndexError(message, element=label, frame=index)
    return index % count


def check_out(out: Any, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Return the caller's array, or raise if the result cannot be written into it."""
    if not isinstance(out, np.ndarray):
        raise TypeError(f"'out': found {type(out).__name__}, expected a numpy.ndarray")
    if out.dtype != dtype or out.shape != shape:
        found = f"an array of shape {out.shape} and dtype {out.dtype}"
        raise PixelDataError(f"'out': found {found}, expected {shape} and {dtype}")
    if not (out.flags.c_contiguous and out.flags.writeable):
        raise PixelDataError("'out': found an array that is not C-contiguous or not writeable, expected both")
    return out

"""The frames of one source, checked and ready to be decoded: what all public functions share."""

import errno
import math
import mmap
import operator
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from dicomet._decoding.color_rule import ColorDecision
from dicomet._decoding.description import ImageDescription, build_description
from dicomet._decoding.encapsulated import EncapsulatedFrames
from dicomet._decoding.limits import check_max_bytes, check_workers
from dicomet._decoding.native import NativeFrames
from dicomet._native import DecodePool, Source, Transform
from dicomet._parsing.parsed import Parsed
from dicomet._utils.warn import Once, warn
from dicomet.errors import FrameIndexError, PixelDataError, short_repr

NUMBER_OF_FRAMES = "(0028,0008) Number of Frames"


class ArraySpec(NamedTuple):
    """What a frame of a result is."""

    dtype: np.dtype
    frame_shape: tuple[int, ...]


class FrameReader:
    """The frames of `parsed`.

    Nothing is decoded, and nothing read but the offset table, before a frame is asked for.
    """

    def __init__(  # noqa: PLR0913 - what the public functions share
        self,
        parsed: Parsed,
        *,
        raw: bool,
        decoding_plugin: str,
        workers: int | None,
        max_bytes: int | None,
        whole: bool,
        always_rgb: bool = False,
    ) -> None:
        """Check the description. `whole`: all frames will be asked for at once.

        `always_rgb`: colors that do not become RGB are an error.
        """
        self.description = build_description(parsed, raw=raw, always_rgb=always_rgb)
        self.dtype = self.description.dtype
        self.frame_shape = self.description.frame_shape
        self._warning, self._first = parsed.warning, Once()
        self.workers = check_workers(workers)
        self._max_bytes = check_max_bytes(max_bytes)
        self._memory: np.ndarray | None = None
        self._view_only = bool(parsed.options.get("view_only", False))
        self._locator = _locator(self.description, parsed, decoding_plugin, self._max_bytes, whole=whole)

    @property
    def count(self) -> int:
        """How many frames there are."""
        return self._locator.count

    def first_color(self) -> ColorDecision:
        """Return what the samples of the first frame are (`color_rule`), by its header alone."""
        return self.description.color or self._locator.color(0)

    def number_of(self, index: int) -> int:
        """Return the number of a frame, from 0. A negative `index` counts from the end, as in NumPy.

        Frames are counted only where Number of Frames does not tell, and for a negative index.

        Raises
        ------
        FrameIndexError
            There is no such frame.
        TypeError
            `index` is not an integer.

        """
        number = operator.index(index)
        if 0 <= number < self.description.image.number_of_frames:
            return number
        return number_among(self.count, number)

    def frame_numbers(self) -> Iterator[int]:
        """Count to Number of Frames, and only then ask how many there are: frames before a damage can be had."""
        expected = self.description.image.number_of_frames
        yield from range(expected)
        yield from range(expected, self.count)

    def select_frames(self, index: int | None, form: ArraySpec | None = None) -> tuple[int, int, tuple[int, ...]]:
        """Return the first frame, how many, and the shape of the array, of one frame or of the whole image."""
        frame_shape = (form or self).frame_shape
        if index is not None:
            return self.number_of(index), 1, frame_shape
        # Before frames are looked for, of which there are as many or more.
        self.check_size(self.description.image.number_of_frames, form)
        count = self.count
        return 0, count, (count, *frame_shape) if count > 1 else frame_shape

    def read(self, first: int, count: int, shape: tuple[int, ...], out: np.ndarray | None = None) -> np.ndarray:
        """Return `count` frames from `first` on, as an array of `shape`."""
        self.check(first, count)
        view = self._view(first, count) if out is None and self._view_only else None
        if view is not None:
            return view.reshape(shape)
        array = np.empty(shape, self.dtype) if out is None else check_out(out, shape, self.dtype)
        if count:
            self._locator.decode(first, count, array.view(np.ndarray), self.workers)
        return array

    def read_transformed(self, first: int, count: int, transform: Transform, out: np.ndarray) -> None:
        """Fill `out` with what `transform` makes of `count` frames from `first` on."""
        self._locator.decode(first, count, out.view(np.ndarray), self.workers, transform)

    def submit(self, index: int | None, team: DecodePool) -> Callable[[], np.ndarray]:
        """Let `team` read a frame, or the whole image. Return what waits for the array."""
        first, count, shape = self.select_frames(index)
        if self._view_only:
            return lambda: self.read(first, count, shape)
        self.check(first, count)
        array = np.empty(shape, self.dtype)
        finish = self._locator.submit(first, count, array, team)

        def finished() -> np.ndarray:
            finish()
            return array

        return finished

    def check(self, first: int, count: int, form: ArraySpec | None = None) -> None:
        """Check what can be checked before memory is allocated."""
        self.check_size(count, form)
        if count:
            self._locator.check(first, count)
        self._warn_once()
        self.description.image.check_result(count)

    def check_size(self, count: int, form: ArraySpec | None = None) -> None:
        """Check that an array of `count` frames is not larger than the caller wants."""
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

    def _warn_once(self) -> None:
        if self._warning and self._first():
            warn(self._warning)

    def _view(self, first: int, count: int) -> np.ndarray | None:
        """Return stored samples where they lie, if they are the answer already."""
        if not isinstance(self._locator, NativeFrames) or not self._locator.is_passthrough:
            return None
        if self._memory is None:
            memory = mapped_memory(self._locator.stored())
            if memory is None:
                return None
            # An array, not slices of the memoryview: these count their exports together, which no thread waits for.
            self._memory = np.frombuffer(memory, np.uint8)
        start, end = (bit // 8 for bit in self.description.image.native_frame_range(first))
        view = self._memory[start : start + (end - start) * count].view(self.dtype)
        return view if view.flags.aligned else None


def _locator(
    description: ImageDescription, parsed: Parsed, decoding_plugin: str, max_bytes: int | None, *, whole: bool
) -> NativeFrames | EncapsulatedFrames:
    if description.codec == "native":
        return NativeFrames(description, parsed.value, max_bytes)
    value = parsed.value
    if whole and value.is_file_object:
        # Once, in place of twice for every frame.
        value = Source.from_buffer(value.read(0, value.length))
    return EncapsulatedFrames(description, value, decoding_plugin, delimited=parsed.delimited)


def mapped_memory(source: Source) -> memoryview | None:
    """Return the bytes of `source` without reading them: memory, or a map of a file. None of any other source.

    Raises
    ------
    OSError
        There are no more file descriptors, or no more addresses, for a map.

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
        # A system, or a kind of file, that has no maps; or one that is empty.
        return None
    return memoryview(file)[source.start - skipped :]


def number_among(count: int, index: int) -> int:
    """Return the number, from 0, of the frame `index` of `count`.

    Raises
    ------
    FrameIndexError
        There is no such frame.

    """
    if not -count <= index < count:
        frames = "1 frame" if count == 1 else f"{count} frames"
        message = f"{NUMBER_OF_FRAMES}: found index {short_repr(index)} of {frames}, expected {-count} to {count - 1}"
        raise FrameIndexError(message, element=NUMBER_OF_FRAMES, frame=index)
    return index % count


def check_out(out: Any, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Return the caller's array, if the result can be written into it."""
    if not isinstance(out, np.ndarray):
        raise TypeError(f"'out': found {type(out).__name__}, expected a numpy.ndarray")
    if out.dtype != dtype or out.shape != shape:
        found = f"an array of shape {out.shape} and dtype {out.dtype}"
        raise PixelDataError(f"'out': found {found}, expected {shape} and {dtype}")
    if not (out.flags.c_contiguous and out.flags.writeable):
        raise PixelDataError("'out': found an array that is not C-contiguous or not writeable, expected both")
    return out

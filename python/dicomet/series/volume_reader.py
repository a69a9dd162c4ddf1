"""Reading the slices of a series into one array: files are opened and decoded ahead by threads without the GIL."""

import math
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

import numpy as np

from dicomet._decoding.frame_reader import FrameReader
from dicomet._native import DecodeFuture, DecodePool
from dicomet._parsing.limits import ReadLimits, check_max_bytes, check_workers
from dicomet._parsing.parse import parse
from dicomet.display.api import display_options
from dicomet.display.reader import DisplayReader
from dicomet.display.values import VALUES, Values, modality_dtype, submit_modality
from dicomet.display.voi_selection import WindowArguments, WindowSpec
from dicomet.errors import PixelDataError, SeriesError, with_filename
from dicomet.series.slices import Slice
from dicomet.series.sources import ArchiveMember, name_of

if TYPE_CHECKING:
    from numpy.typing import DTypeLike
    from pydicom.dataset import Dataset

    from dicomet._native import Source
    from dicomet._parsing.source import Readable

Wait = Callable[[], object]
# Of files with several frames, the readers of the last ones are kept: their slices may be in any order.
_READERS = 4


class SliceReader(Protocol):
    """The frames of one file."""

    def submit(self, index: int, out: np.ndarray, pool: DecodePool) -> Wait:
        """Submit a frame to `pool`, which fills `out`. Return a function that waits for it."""


class VolumeForm(Protocol):
    """What a volume holds: its shape and dtype, and how a file is read into it."""

    frame_shape: tuple[int, ...]
    dtype: np.dtype

    def reader(self, src: "Readable | Dataset") -> SliceReader:
        """Return the frames of a file."""


def read_volume_array(  # noqa: PLR0913 - the arguments of `Series.volume`
    slices: Sequence[Slice],
    *,
    values: Values,
    dtype: "DTypeLike | None",
    window: WindowSpec,
    percentiles: tuple[float, float],
    workers: int | None,
    max_bytes: int | None,
) -> np.ndarray:
    """Return the slices as an array of shape ``(slices, rows, columns[, samples])``; see `Series.volume`."""
    if values not in VALUES:
        raise ValueError(f"'values': found {values!r}, expected one of {', '.join(map(repr, VALUES))}")
    if values != "display" and window is not None:
        raise ValueError(f"'window': is for values='display', found values={values!r}")
    if values == "stored" and dtype is not None:
        raise ValueError("'dtype': is for modality and display values, found values='stored'")
    with DecodingThreads(workers) as threads:
        form: VolumeForm
        if values == "display":
            from dicomet.series.display_volume import DisplayForm  # noqa: PLC0415 - imports this module

            options = display_options(WindowArguments(window, None, percentiles), np.uint8 if dtype is None else dtype)
            form = DisplayForm(slices, options, threads, max_bytes)
        elif values == "modality":
            form = ModalityForm(slices, None if dtype is None else np.dtype(dtype).newbyteorder("="))
        else:
            form = StoredForm(slices)
        shape = (len(slices), *form.frame_shape)
        check_size(shape, form.dtype, max_bytes)
        array = np.empty(shape, form.dtype)
        threads.read(slices, form, array)
    return array


def check_size(shape: tuple[int, ...], dtype: np.dtype, max_bytes: int | None) -> None:
    """Check that an array does not exceed `max_bytes`, or the limit of the environment.

    Raises
    ------
    PixelDataError
        It does.

    """
    limit = check_max_bytes(max_bytes)
    size = math.prod(shape) * dtype.itemsize
    if limit is not None and size > limit:
        raise PixelDataError(f"found a volume of {size} bytes, expected at most the {limit} of 'max_bytes'")


class DecodingThreads:
    """Threads that open and decode the files of slices, while the caller's thread parses their headers."""

    def __init__(self, workers: int | None) -> None:
        """Start the threads."""
        self._pool = DecodePool(workers=check_workers(workers))
        self._length = 2 * self._pool.workers + 2

    def __enter__(self) -> Self:
        """Return the threads."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the threads."""
        self._pool.close()

    def read(self, slices: Sequence[Slice], form: VolumeForm, out: "np.ndarray | Sequence[np.ndarray]") -> None:
        """Decode each slice into its part of `out`.

        Raises
        ------
        PixelDataError, OSError
            A file cannot be decoded or read. A `PixelDataError` names the file.

        """
        decoding: deque[tuple[Slice, Wait]] = deque()
        for (one, reader), part in zip(self._readers(slices, form), out, strict=True):
            with naming(one):
                decoding.append((one, reader.submit(one.index, part, self._pool)))
            if len(decoding) >= self._length:
                _finish(*decoding.popleft())
        while decoding:
            _finish(*decoding.popleft())

    def _readers(self, slices: Sequence[Slice], form: VolumeForm) -> Iterator[tuple[Slice, SliceReader]]:
        """Yield each slice with the reader of its file, which was opened ahead."""
        readers: dict[int, SliceReader] = {}
        opening: deque[tuple[Slice, DecodeFuture | None]] = deque()
        ahead = iter(slices)
        while True:
            while len(opening) < self._length and (following := next(ahead, None)) is not None:
                is_new = id(following.file) not in readers and all(following.file is not one.file for one, _ in opening)
                opening.append((following, self._open(following) if is_new else None))
            if not opening:
                return
            current, future = opening.popleft()
            key = id(current.file)
            if key not in readers:
                with naming(current):
                    readers[key] = form.reader(contents_of(current) if future is None else future.result())
                if len(readers) > _READERS:
                    del readers[next(iter(readers))]
            yield current, readers[key]

    def _open(self, one: Slice) -> DecodeFuture | None:
        return self._pool.open(one.file) if isinstance(one.file, str | os.PathLike) else None


def _finish(one: Slice, wait: Wait) -> None:
    with naming(one):
        wait()


def naming(one: Slice) -> AbstractContextManager[None]:
    """Add the name of the file to a `PixelDataError` that leaves the block without one."""
    return with_filename(name_of(one.file))


def contents_of(one: Slice) -> "Source | Readable | Dataset":
    """Return the file of a slice as a source; a member of an archive is read."""
    return one.file.source() if isinstance(one.file, ArchiveMember) else one.file


# One thread for each slice.
LIMITS = ReadLimits(workers=1)
Opened = TypeVar("Opened", FrameReader, DisplayReader)
Kind = TypeVar("Kind")


def stored_reader(src: "Readable | Dataset") -> FrameReader:
    """Return the frames of a file as stored values."""
    return FrameReader(parse(src, {}), LIMITS)


def display_reader(src: "Readable | Dataset") -> DisplayReader:
    """Return the frames of a file with their display attributes."""
    return DisplayReader(src, {}, LIMITS)


def read_kinds(
    slices: Sequence[Slice],
    opened: "Callable[[Readable | Dataset], Opened]",
    read: Callable[[int, Opened], Kind],
) -> list[Kind]:
    """Return what `read` finds in one slice of each kind.

    Slices are of one kind if all that determines dtype and values is equal. `read` takes the frame number and the
    open file. The pixel data may hold the frame, which justifies memory for the volume. One file is open at a time.

    Raises
    ------
    SeriesError
        The shapes of the frames differ.
    PixelDataError
        As `read` raises it, with the name of the file.

    """
    found: list[Kind] = []
    shape: tuple[int, ...] | None = None
    for one in {(one.stored, one.pixels, one.size, one.rescale): one for one in reversed(slices)}.values():
        with naming(one):
            reader = opened(contents_of(one))
            stored = reader if isinstance(reader, FrameReader) else reader.stored
            stored.check(one.index, 1)
            shape = shape or stored.frame_shape
            check_shape(stored.frame_shape, shape)
            found.append(read(one.index, reader))
    return found


def check_shape(found: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """Check that a frame has the shape of the others.

    Raises
    ------
    SeriesError
        It has not.

    """
    if found != expected:
        raise SeriesError(f"found frames of shape {found}, expected {expected} as in other files of the series")


class StoredForm:
    """A volume of stored values."""

    def __init__(self, slices: Sequence[Slice]) -> None:
        """Read the headers of a file for each kind of slice."""
        forms = read_kinds(slices, stored_reader, lambda _, reader: (reader.frame_shape, reader.dtype))
        self.frame_shape = forms[0][0]
        self.dtype = np.result_type(*(dtype for _, dtype in forms))

    def reader(self, src: "Readable | Dataset") -> SliceReader:
        """Return the frames of a file."""
        return _StoredFrames(stored_reader(src))


class _StoredFrames:
    def __init__(self, frames: FrameReader) -> None:
        self._frames = frames

    def submit(self, index: int, out: np.ndarray, pool: DecodePool) -> Wait:
        frames = self._frames
        check_shape(frames.frame_shape, out.shape)
        frames.check(index, 1)
        if out.dtype == frames.dtype:
            return frames.submit_into(index, 1, out, pool)
        own = np.empty(out.shape, frames.dtype)
        wait = frames.submit_into(index, 1, own, pool)

        def finish() -> None:
            wait()
            np.copyto(out, own, casting="safe")

        return finish


class ModalityForm:
    """A volume of modality values."""

    def __init__(self, slices: Sequence[Slice], dtype: np.dtype | None) -> None:
        """Read the headers of a file for each kind of slice. `dtype`: the caller's."""

        def form(index: int, reader: DisplayReader) -> tuple[tuple[int, ...], np.dtype]:
            return reader.stored.frame_shape, modality_dtype(reader, range(index, index + 1), dtype)

        forms = read_kinds(slices, display_reader, form)
        self.frame_shape = forms[0][0]
        self.dtype = np.result_type(*(dtype for _, dtype in forms))

    def reader(self, src: "Readable | Dataset") -> SliceReader:
        """Return the frames of a file."""
        return _ModalityFrames(display_reader(src), self.dtype)


class _ModalityFrames:
    def __init__(self, frames: DisplayReader, dtype: np.dtype) -> None:
        self._frames, self._dtype = frames, dtype

    def submit(self, index: int, out: np.ndarray, pool: DecodePool) -> Wait:
        check_shape(self._frames.stored.frame_shape, out.shape)
        # The tables of a Modality LUT are not in the headers that were compared.
        modality_dtype(self._frames, range(index, index + 1), self._dtype)
        return submit_modality(self._frames, index, out, pool)

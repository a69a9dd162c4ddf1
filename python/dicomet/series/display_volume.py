"""Display values of a volume (PS3.4 N.2), with one window for all slices, which therefore do not flicker."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dicomet._native import DecodePool, Lut, Transform
from dicomet._utils.arrays import read_only
from dicomet.display.attributes import Padding
from dicomet.display.measure import min_max, percentiles_of, value_counts, window_between
from dicomet.display.modality import Modality
from dicomet.display.reader import DisplayOptions, DisplayReader
from dicomet.display.transform_spec import Voi
from dicomet.display.voi_selection import select_voi
from dicomet.display.windows import Window
from dicomet.errors import SeriesError
from dicomet.series.slices import Slice
from dicomet.series.volume_reader import (
    DecodingThreads,
    SliceReader,
    Wait,
    check_shape,
    check_size,
    contents_of,
    display_reader,
    kinds_of,
    naming,
)

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomet._parsing.source import Readable

_BYTE = 8
Range = tuple[float, float]


class DisplayForm:
    """A volume of display values: gray values with one window, or the colors of the slices."""

    def __init__(
        self, slices: Sequence[Slice], options: DisplayOptions, threads: DecodingThreads, max_bytes: int | None
    ) -> None:
        """Choose the window. It is measured over all slices if `options`, or the lack of a window, require that."""
        self._options = options
        self.dtype = options.dtype
        self.frame_shape, is_gray = self._form(slices)
        self._voi: Voi | None = None
        if is_gray:
            check_size((len(slices), *self.frame_shape), self.dtype, max_bytes)
            self._voi = self._chosen(slices, threads)

    def reader(self, src: "Readable | Dataset") -> SliceReader:
        """Return the frames of a file."""
        return _DisplayFrames(display_reader(src), self._options, self._voi)

    @staticmethod
    def _form(slices: Sequence[Slice]) -> tuple[tuple[int, ...], bool]:
        """Return the shape of a slice, and whether it is gray."""
        shape: tuple[int, ...] = ()
        is_color = is_palette = False
        for _, reader in kinds_of(slices, display_reader):
            shape, is_color = reader.stored.frame_shape, reader.is_color
            is_palette = not is_color and reader.attributes.palette() is not None
        return (*shape, 3) if is_palette else shape, not (is_color or is_palette)

    def _chosen(self, slices: Sequence[Slice], threads: DecodingThreads) -> Voi:
        """Return the window for all slices."""
        windows, middle = self._options.windows, slices[len(slices) // 2]
        with naming(middle):
            reader = display_reader(contents_of(middle))
            attributes = reader.attributes.frame(middle.index)
            choice = select_voi(attributes, windows.window, "window", prefer_lut=self._options.prefer_lut)
            reader.attributes.warn(choice.notices)
        voi = choice.voi
        if voi is None:
            voi = "full" if reader.is_integer and reader.bits_stored <= _BYTE else "minmax"
        if not isinstance(voi, str):
            return voi
        if voi == "full":
            opened = kinds_of(slices, display_reader)
            return _window([reader.full(reader.modality(index)) for index, reader in opened])
        measure = _Measure(is_minmax=voi == "minmax", ranks=windows.percentiles)
        threads.read(slices, measure, [_NOTHING] * len(slices))
        return measure.window()


_NOTHING = np.empty(0)


def _window(ranges: Sequence[Range | None]) -> Window:
    """Return the window that contains all ranges."""
    known = [ends for ends in ranges if ends is not None] or [(0.0, 0.0)]
    window = window_between(min(low for low, _ in known), max(high for _, high in known))
    if not math.isfinite(window[1]):
        raise SeriesError(f"found values around {window[0]:g} that are too far apart to be shown together")
    return window


class _DisplayFrames:
    """The frames of a file as display values."""

    def __init__(self, frames: DisplayReader, options: DisplayOptions, voi: Voi | None) -> None:
        self._frames, self._options, self._voi = frames, options, voi

    def submit(self, index: int, out: np.ndarray, pool: DecodePool) -> Wait:
        frames, options = self._frames, self._options
        if self._voi is None:
            # Colors have no window.
            return lambda: frames.display(index, options, out)
        check_shape(frames.stored.frame_shape, out.shape)
        frames.stored.check(index, 1)
        spec = frames.transform_spec(frames.modality(index), options.dtype, out.size)
        inverse = frames.attributes.frame(index).inverse
        transform = spec._replace(voi=self._voi, inverse=inverse, range=options.range).build()
        return frames.stored.submit_into(index, 1, out, pool, transform)


class _Measure:
    """Reads slices to measure their values, and keeps none of them."""

    frame_shape: tuple[int, ...] = ()
    dtype = _NOTHING.dtype

    def __init__(self, *, is_minmax: bool, ranks: Range) -> None:
        self._is_minmax, self._ranks = is_minmax, ranks
        self._ranges: list[Range | None] = []
        self._counts = ValueCounts()

    def reader(self, src: "Readable | Dataset") -> SliceReader:
        return _MeasuredFrames(display_reader(src), self)

    def add(self, stored: np.ndarray, modality: Modality, to_modality: Transform, padding: Padding | None) -> None:
        """Add the values of a slice."""
        if self._is_minmax and not isinstance(modality, Lut):
            self._ranges.append(min_max(stored, modality, padding))
            return
        self._counts.add(*value_counts(stored, to_modality, padding))

    def window(self) -> Window:
        """Return the window of all values."""
        # A table need not be monotonic, so that its values are counted for the minimum and the maximum, too.
        ranks = (0.0, 100.0) if self._is_minmax else self._ranks
        return _window([*self._ranges, percentiles_of(*self._counts.total(), ranks)])


class _MeasuredFrames:
    def __init__(self, frames: DisplayReader, measure: _Measure) -> None:
        self._frames, self._measure = frames, measure

    def submit(self, index: int, out: np.ndarray, pool: DecodePool) -> Wait:  # noqa: ARG002 - nothing is kept
        frames = self._frames
        frames.stored.check(index, 1)
        stored = np.empty(frames.stored.frame_shape, frames.stored.dtype)
        modality = frames.modality(index)
        to_modality = frames.transform_spec(modality, np.dtype(np.float64), 0).build()
        padding, notices = frames.attributes.frame(index).padding
        frames.attributes.warn(notices)
        wait = frames.stored.submit_into(index, 1, stored, pool)

        def finish() -> None:
            wait()
            self._measure.add(read_only(stored), modality, to_modality, padding)

        return finish


class ValueCounts:
    """How often each value occurs, added slice by slice."""

    def __init__(self) -> None:
        """Start without values."""
        self._values: list[np.ndarray] = []
        self._counts: list[np.ndarray] = []
        self._size = 0

    def add(self, values: np.ndarray, counts: np.ndarray) -> None:
        """Add the values of a slice, each with its count."""
        self._values.append(values)
        self._counts.append(counts)
        self._size += len(values)
        if self._size > _MAX_COUNTS:
            self._values, self._counts = ([array] for array in self.total())
            self._size = len(self._values[0])

    def total(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the values in ascending order, each once, and their counts."""
        if not self._values:
            return np.empty(0), np.empty(0, np.int64)
        values, places = np.unique(np.concatenate(self._values), return_inverse=True)
        counts = np.zeros(len(values), np.int64)
        np.add.at(counts, places, np.concatenate(self._counts))
        return values, counts


# The entries that are added up at a time: 16 MB.
_MAX_COUNTS = 1 << 20

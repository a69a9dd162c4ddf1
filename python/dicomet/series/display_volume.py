"""Display values of a volume (PS3.4 N.2), with one window for all slices, which therefore do not flicker."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dicomet._native import DecodePool
from dicomet._utils.arrays import read_only
from dicomet.display.measure import Measurement, window_between
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
        measure = _Measure(None if voi == "minmax" else windows.percentiles)
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

    def __init__(self, ranks: Range | None) -> None:
        self._values = Measurement(ranks)

    def reader(self, src: "Readable | Dataset") -> SliceReader:
        return _MeasuredFrames(display_reader(src), self._values)

    def window(self) -> Window:
        """Return the window of all values."""
        return _window([self._values.ends()])


class _MeasuredFrames:
    def __init__(self, frames: DisplayReader, values: Measurement) -> None:
        self._frames, self._values = frames, values

    def submit(self, index: int, out: np.ndarray, pool: DecodePool) -> Wait:  # noqa: ARG002 - nothing is kept
        frames = self._frames
        frames.stored.check(index, 1)
        stored = np.empty(frames.stored.frame_shape, frames.stored.dtype)
        measured = frames.measured_frame(index, read_only(stored))
        wait = frames.stored.submit_into(index, 1, stored, pool)

        def finish() -> None:
            wait()
            self._values.add(measured)

        return finish

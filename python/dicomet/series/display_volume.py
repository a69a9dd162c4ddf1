"""Display values of a volume (PS3.4 N.2), with one window for all slices, which therefore do not flicker."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dicomet._native import DecodePool
from dicomet._parsing.tags import PIXEL_DATA
from dicomet._utils.arrays import read_only
from dicomet.display.measure import Measurement, window_between
from dicomet.display.reader import DisplayOptions, DisplayReader
from dicomet.display.transform_spec import Voi
from dicomet.display.windows import Window
from dicomet.series.slices import Slice
from dicomet.series.volume_reader import (
    DecodingThreads,
    SliceReader,
    Wait,
    check_shape,
    check_size,
    contents_of,
    display_reader,
    naming,
    read_kinds,
)

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomet._parsing.source import Readable

Range = tuple[float, float]


class DisplayForm:
    """A volume of display values: gray values with one window, or the colors of the slices."""

    def __init__(
        self, slices: Sequence[Slice], options: DisplayOptions, threads: DecodingThreads, max_bytes: int | None
    ) -> None:
        """Choose the window. It is measured over all slices if `options`, or the lack of a window, require that."""
        self._options = options
        self.dtype = options.dtype
        kinds = read_kinds(slices, display_reader, self._kind)
        self.frame_shape = kinds[0].frame_shape
        self._voi: Voi | None = None
        if kinds[0].has_window:
            check_size((len(slices), *self.frame_shape), self.dtype, max_bytes)
            self._voi = self._chosen(slices, threads)

    def _kind(self, _: int, reader: DisplayReader) -> "_Kind":
        has_window = not (reader.is_color or reader.is_palette)
        return _Kind(reader.display_form(self._options).frame_shape, has_window)

    def reader(self, src: "Readable | Dataset") -> SliceReader:
        """Return the frames of a file."""
        return _DisplayFrames(display_reader(src), self._options, self._voi)

    def _chosen(self, slices: Sequence[Slice], threads: DecodingThreads) -> Voi:
        """Return the window for all slices."""
        middle = slices[len(slices) // 2]
        with naming(middle):
            voi = display_reader(contents_of(middle)).voi(middle.index, self._options)
        if not isinstance(voi, str):
            return voi
        if voi == "full":
            return _window(
                read_kinds(slices, display_reader, lambda index, reader: reader.full(reader.modality(index)))
            )
        measure = _Measure(None if voi == "minmax" else self._options.windows.percentiles)
        threads.read(slices, measure, [_NOTHING] * len(slices))
        return measure.window()


_NOTHING = np.empty(0)


class _Kind(NamedTuple):
    """The shape of a slice in display values, and whether it has a window."""

    frame_shape: tuple[int, ...]
    has_window: bool


def _window(ranges: Sequence[Range | None]) -> Window:
    """Return the window that contains all ranges."""
    known = [ends for ends in ranges if ends is not None] or [(0.0, 0.0)]
    return window_between(min(low for low, _ in known), max(high for _, high in known), PIXEL_DATA.label)


class _DisplayFrames:
    """The frames of a file as display values."""

    def __init__(self, frames: DisplayReader, options: DisplayOptions, voi: Voi | None) -> None:
        self._frames, self._options, self._voi = frames, options, voi

    def submit(self, index: int, out: np.ndarray, pool: DecodePool) -> Wait:
        check_shape(self._frames.display_form(self._options).frame_shape, out.shape)
        return self._frames.submit_display(index, self._voi, self._options, out, pool)


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

"""Windows measured on the values of frames: from minimum to maximum, or between two percentiles."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dicomet._native import Lut, Transform, extrema, histogram
from dicomet.display.modality import Modality
from dicomet.display.windows import Window
from dicomet.errors import PixelDataError

_WORD = 2
# The values of distributions that are added up at a time: 16 MB.
_MOST_COUNTS = 1 << 20


def window_between(lowest: float, highest: float, element: str) -> Window:
    """Return the window from `lowest` to `highest`; if both are equal, a window that shows that value darkest.

    Raises
    ------
    PixelDataError
        The values are so far apart that the window is not finite. `element` has them.

    """
    width = highest - lowest
    if not width > 0:
        width = 1.0
        center = lowest + 0.5
    else:
        # The sum of the halves does not overflow.
        center = lowest / 2 + highest / 2
    if not (math.isfinite(center) and math.isfinite(width)):
        message = f"{element}: found values around {center:g} that are too far apart to be shown together"
        raise PixelDataError(message, element=element)
    return center, width, "LINEAR_EXACT"


class MeasuredFrame(NamedTuple):
    """The stored values of a frame, and what turns them into modality values.

    `transform`: the Modality LUT as a transform to float64. `padding`: the stored values that do not count.
    """

    stored: np.ndarray
    modality: Modality
    transform: Transform
    padding: tuple[int, int] | None


class Distribution(NamedTuple):
    """The modality values that occur, in ascending order, and the count of each."""

    values: np.ndarray
    counts: np.ndarray


class Measurement:
    """The ends of a window, measured on the modality values of frames that are added one by one, in any order.

    Padding and non-finite values do not count.
    """

    def __init__(self, ranks: tuple[float, float] | None) -> None:
        """Measure the percentiles `ranks`, from 0 to 100; None: the lowest and the highest value."""
        self._ranks = ranks
        self._range: tuple[float, float] | None = None
        self._distributions: list[Distribution] = []
        self._size = 0
        self._limit = _MOST_COUNTS

    def add(self, frame: MeasuredFrame) -> None:
        """Add the values of a frame."""
        if self._ranks is None:
            found = [ends for ends in (self._range, _min_max(frame)) if ends is not None]
            self._range = (min(low for low, _ in found), max(high for _, high in found)) if found else None
            return
        self._distributions.append(_distribution(frame))
        self._size += len(self._distributions[-1].values)
        if self._size > self._limit:
            self._distributions = [_sum(self._distributions)]
            self._size = len(self._distributions[0].values)
            # Distributions that are added up again and again must not take quadratic time.
            self._limit = max(_MOST_COUNTS, 2 * self._size)

    def ends(self) -> tuple[float, float] | None:
        """Return the ends, percentiles interpolated as by `numpy.percentile`; None if there are no values."""
        if self._ranks is None or not self._size:
            return self._range
        values, counts = _sum(self._distributions)
        ends = np.cumsum(counts)
        low, high = (_value_at_rank(values, ends, (ends[-1] - 1) * (rank / 100)) for rank in self._ranks)
        return low, high


def _min_max(frame: MeasuredFrame) -> tuple[float, float] | None:
    if isinstance(frame.modality, Lut):
        # A table need not be monotonic, so the lowest stored value may not have the lowest modality value.
        values = _distribution(frame).values
        return (float(values[0]), float(values[-1])) if len(values) else None
    excluded = _within(frame.padding, frame.stored.dtype)
    found = extrema(frame.stored, dtype=frame.stored.dtype.name, excluded=excluded)  # type: ignore[arg-type]
    if found is None:
        return None
    slope, intercept = frame.modality or (1.0, 0.0)
    low, high = sorted(end * slope + intercept for end in found)
    return low, high


def _sum(distributions: Sequence[Distribution]) -> Distribution:
    values, indices = np.unique(np.concatenate([found.values for found in distributions]), return_inverse=True)
    counts = np.zeros(len(values), np.int64)
    np.add.at(counts, indices, np.concatenate([found.counts for found in distributions]))
    return Distribution(values, counts)


def _value_at_rank(values: np.ndarray, ends: np.ndarray, rank: float) -> float:
    """Return the value at fractional rank `rank`, interpolating linearly; `ends` are the cumulative counts."""
    below = math.floor(rank)
    first, second = (
        float(values[np.searchsorted(ends, min(number, ends[-1] - 1), "right")]) for number in (below, below + 1)
    )
    return first + (second - first) * (rank - below)


def _distribution(frame: MeasuredFrame) -> Distribution:
    stored, excluded = frame.stored, _within(frame.padding, frame.stored.dtype)
    if stored.dtype.kind in "iu" and stored.dtype.itemsize <= _WORD:
        counts = np.frombuffer(histogram(stored, wide=stored.dtype.itemsize == _WORD), np.uint64)
        words = np.flatnonzero(counts)
        values, often = (
            words.astype(stored.dtype.str.replace("i", "u")).view(stored.dtype),
            counts[words].astype(np.int64),
        )
    else:
        values, often = np.unique(stored[np.isfinite(stored)], return_counts=True)
    if excluded is not None:
        counting = (values < excluded[0]) | (values > excluded[1])
        values, often = values[counting], often[counting]
    values = _transformed(values, frame.transform)
    order = np.argsort(values, kind="stable")
    return Distribution(values[order], often[order])


def _transformed(stored: np.ndarray, modality: Transform) -> np.ndarray:
    values = np.empty(stored.shape, np.float64)
    modality.apply(np.ascontiguousarray(stored), values, workers=1)
    return values


def _within(padding: tuple[int, int] | None, dtype: np.dtype) -> tuple[int, int] | None:
    """Return the part of the padding range that `dtype` can represent, or None."""
    if padding is None:
        return None
    info = np.iinfo(dtype) if dtype.kind in "iu" else np.finfo(dtype)
    low, high = max(padding[0], int(info.min)), min(padding[1], int(info.max))
    return (low, high) if low <= high else None

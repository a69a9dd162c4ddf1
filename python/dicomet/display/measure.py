"""Windows measured on the values of a frame: from minimum to maximum, or between two percentiles."""

import math

import numpy as np

from dicomet._native import Transform, extrema, histogram
from dicomet.display.modality import Modality
from dicomet.display.windows import Window

_WORD = 2


def window_between(lowest: float, highest: float) -> Window:
    """Return the window from `lowest` to `highest`; if both are equal, a window that shows that value darkest."""
    width = highest - lowest
    if not width > 0:
        return lowest + 0.5, 1.0, "LINEAR_EXACT"
    # The sum of the halves does not overflow.
    return lowest / 2 + highest / 2, width, "LINEAR_EXACT"


def min_max(stored: np.ndarray, modality: Modality, padding: tuple[int, int] | None) -> tuple[float, float] | None:
    """Return the lowest and the highest value of a frame after slope and intercept.

    Padding and non-finite values do not count. Returns None if there are no other values.
    """
    excluded = _within(padding, stored.dtype)
    found = extrema(stored, dtype=stored.dtype.name, excluded=excluded)  # type: ignore[arg-type]
    if found is None:
        return None
    slope, intercept = modality if isinstance(modality, tuple) else (1.0, 0.0)
    low, high = sorted(end * slope + intercept for end in found)
    return low, high


def percentiles(
    stored: np.ndarray, modality: Transform, padding: tuple[int, int] | None, ranks: tuple[float, float]
) -> tuple[float, float] | None:
    """Return two percentiles of the modality values of a frame, interpolated as by `numpy.percentile`.

    Padding and non-finite values do not count. Returns None if there are no other values. `modality` has float64
    output; `ranks` are from 0 to 100.
    """
    return percentiles_of(*value_counts(stored, modality, padding), ranks)


def percentiles_of(values: np.ndarray, counts: np.ndarray, ranks: tuple[float, float]) -> tuple[float, float] | None:
    """Return two percentiles of `values`, each of which occurs as often as `counts` says; None without values."""
    if not len(values):
        return None
    order = np.argsort(values, kind="stable")
    values, ends = values[order], np.cumsum(counts[order])
    low, high = (_value_at_rank(values, ends, (ends[-1] - 1) * (rank / 100)) for rank in ranks)
    return low, high


def _value_at_rank(values: np.ndarray, ends: np.ndarray, place: float) -> float:
    """Return the value at fractional rank `place`, interpolating linearly; `ends` are the cumulative counts."""
    below = math.floor(place)
    first, second = (
        float(values[np.searchsorted(ends, min(number, ends[-1] - 1), "right")]) for number in (below, below + 1)
    )
    return first + (second - first) * (place - below)


def value_counts(
    stored: np.ndarray, modality: Transform, padding: tuple[int, int] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the modality values that occur in a frame, and the count of each, without padding."""
    excluded = _within(padding, stored.dtype)
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
    return _transformed(values, modality), often


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

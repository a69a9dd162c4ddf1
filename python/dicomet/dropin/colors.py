"""pydicom's two color conversions, for all callers of ``convert_color_space``."""

import functools
from collections.abc import Callable

import numpy as np

from dicomet._native import convert_color
from dicomet.dropin.calibration import ORIGINALS, Conversion, arithmetic_of_pydicom

Converter = Callable[[np.ndarray], np.ndarray]


def replacement(conversion: Conversion) -> Converter:
    """Return a replacement for pydicom's function, with the same values, dtype and memory layout."""
    original = ORIGINALS[conversion]

    @functools.wraps(original)
    def convert(arr: np.ndarray) -> np.ndarray:
        converted = _converted(arr, conversion)
        return original(arr) if converted is None else converted

    return convert


def _converted(arr: np.ndarray, conversion: Conversion) -> np.ndarray | None:
    """Return the converted pixels, or None if `arr` is not one or more frames in a usual memory layout."""
    if type(arr) is not np.ndarray or arr.dtype != np.uint8 or arr.ndim not in (3, 4) or arr.shape[-1] != 3:  # noqa: PLR2004
        return None
    planes = arr.transpose(*range(arr.ndim - 3), -1, -3, -2)
    planar = not arr.flags.c_contiguous
    if arr.size == 0 or (planar and not (conversion == "ybr_to_rgb" and planes.flags.c_contiguous)):
        return None
    arithmetic = arithmetic_of_pydicom(conversion, planar=planar, single_column=arr.shape[-2] == 1)
    if arithmetic is None:
        return None
    # Keep the memory order of `arr`, as `astype` does.
    out = np.empty_like(arr, order="K")
    in_memory = out.transpose(*range(arr.ndim - 3), -1, -3, -2) if planar else out
    convert_color(
        (planes if planar else arr).reshape(-1),
        in_memory.reshape(-1),
        conversion=conversion,
        arithmetic=arithmetic,
        plane_bytes=arr.shape[-3] * arr.shape[-2] if planar else None,
    )
    return out

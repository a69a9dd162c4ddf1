"""Conversion of stored values to a TensorFlow dtype: unchanged, clipped, or stretched to the range of the dtype."""

from typing import Any

import numpy as np

from dicomet._parsing.tags import BITS_STORED
from dicomet.errors import PixelDataError

# With more bits, the products in `stretch` would overflow 64 bits.
MAX_BITS = 32


def limits(dtype: np.dtype[Any]) -> tuple[int, int]:
    """Return the ends of the range in which `dtype` represents every integer."""
    if dtype.kind == "f":
        highest = 2 ** (np.finfo(dtype).nmant + 1)
        return -highest, highest
    return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)


def checked_cast(values: np.ndarray, dtype: np.dtype[Any], name: str = "") -> np.ndarray:
    """Return `values` as `dtype`, each value unchanged.

    Raises
    ------
    PixelDataError
        `dtype` does not hold the values. The message begins with `name` and says which dtype does.

    """
    if not np.can_cast(values.dtype, dtype, "safe"):
        found = f"values of {values.dtype}"
        fits = False
        if values.dtype.kind != "f":
            lowest, highest = int(values.min()), int(values.max())
            found = f"values from {lowest} to {highest} of {values.dtype}"
            fits = limits(dtype)[0] <= lowest and highest <= limits(dtype)[1]
        if not fits:
            raise PixelDataError(
                f"{name}found {found}, expected such as {dtype} holds unchanged: tf.{values.dtype} holds them"
            )
    result: np.ndarray = values.astype(dtype, copy=False)
    return result


def clipped_cast(values: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """Return `values` as `dtype`, rounded and clipped to its range."""
    result: np.ndarray
    if dtype.kind == "f":
        highest = np.finfo(dtype).max
        result = np.clip(values, -highest, highest).astype(dtype)
        return result
    lowest, highest = limits(dtype)
    if values.dtype.kind == "f":
        whole = np.nan_to_num(np.rint(values.astype(np.float64)))
        # The maximum of a 64-bit type rounds up in float64, and would overflow: use the next lower float64.
        top = float(highest) if float(highest) <= highest else np.nextafter(float(highest), 0)
        result = np.clip(whole, float(lowest), top).astype(dtype)
        return result
    of_values = limits(values.dtype)
    result = np.clip(values, max(lowest, of_values[0]), min(highest, of_values[1])).astype(dtype)
    return result


def stretch(values: np.ndarray, bits_stored: int, dtype: np.dtype[Any], *, lossy: bool) -> np.ndarray:
    """Map the range of `bits_stored` linearly to the range of an integer `dtype`, or to 0 to 1 for floats.

    Integer results are exact: computed in 64 bits and rounded to the nearest.

    Raises
    ------
    PixelDataError
        The values are floats; or an integer `dtype` has fewer bits than `bits_stored`, and `lossy` is false; or
        `bits_stored` is above `MAX_BITS`.

    """
    if values.dtype.kind == "f":
        raise PixelDataError(f"scale='auto': found {values.dtype}, expected integers, for Bits Stored says their range")
    if dtype.kind != "f" and 8 * dtype.itemsize < bits_stored and not lossy:
        raise PixelDataError(
            f"{BITS_STORED.label}: found {bits_stored}, expected at most {8 * dtype.itemsize} for {dtype}: "
            f"tf.{values.dtype} holds them, on_error='lossy' rounds"
        )
    if bits_stored > MAX_BITS:
        raise PixelDataError(f"{BITS_STORED.label}: found {bits_stored}, expected at most {MAX_BITS} for scale='auto'")
    lowest = -(2 ** (bits_stored - 1)) if values.dtype.kind == "i" else 0
    from_zero = (values.astype(np.int64) - lowest).clip(0, 2**bits_stored - 1).astype(np.uint64)
    span = 2**bits_stored - 1
    if dtype.kind == "f":
        fractions: np.ndarray = (from_zero / span).astype(dtype)
        return fractions
    return _to_integers(from_zero, span, dtype)


def _to_integers(from_zero: np.ndarray, span: int, dtype: np.dtype[Any]) -> np.ndarray:
    """Map 0 to `span` linearly to the range of `dtype`, rounded to the nearest."""
    unsigned = np.dtype(f"u{dtype.itemsize}")
    whole, rest = divmod(int(np.iinfo(unsigned).max), span)
    result: np.ndarray = from_zero * np.uint64(whole) + (
        from_zero * np.uint64(rest) + np.uint64(span // 2)
    ) // np.uint64(span)
    if dtype.kind == "i":
        # The minimum of a signed type has only its highest bit set, so flipping that bit shifts the range.
        result = result ^ np.uint64(1 << (8 * dtype.itemsize - 1))
    return result.astype(unsigned).view(dtype)

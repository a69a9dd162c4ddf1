"""Stored values as another type of TensorFlow's: as they are, or stretched to all that the type holds."""

from typing import Any

import numpy as np

from dicomet.errors import PixelDataError

BITS_STORED = "(0028,0101) Bits Stored"
# Above, the products of `stretch` would not fit into 64 bits.
MAX_BITS = 32


def limits(dtype: np.dtype[Any]) -> tuple[int, int]:
    """Return the lowest and highest of the integers that `dtype` holds without gaps."""
    if dtype.kind == "f":
        max_entry = 2 ** (np.finfo(dtype).nmant + 1)
        return -max_entry, max_entry
    return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)


def checked_cast(values: np.ndarray, dtype: np.dtype[Any], name: str = "") -> np.ndarray:
    """Return `values` as `dtype`, every one of them unchanged.

    Raises
    ------
    PixelDataError
        `dtype` does not hold them. It says which does, after the `name` of the file.

    """
    if not np.can_cast(values.dtype, dtype, "safe"):
        found = f"values of {values.dtype}"
        fits = False
        if values.dtype.kind != "f":
            lowest, max_entry = int(values.min()), int(values.max())
            found = f"values from {lowest} to {max_entry} of {values.dtype}"
            fits = limits(dtype)[0] <= lowest and max_entry <= limits(dtype)[1]
        if not fits:
            raise PixelDataError(
                f"{name}found {found}, expected such as {dtype} holds unchanged: tf.{values.dtype} holds them"
            )
    result: np.ndarray = values.astype(dtype, copy=False)
    return result


def clipped_cast(values: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """Return `values` as `dtype`, rounded and clipped to what it holds."""
    result: np.ndarray
    if dtype.kind == "f":
        max_entry = np.finfo(dtype).max
        result = np.clip(values, -max_entry, max_entry).astype(dtype)
        return result
    lowest, max_entry = limits(dtype)
    if values.dtype.kind == "f":
        whole = np.nan_to_num(np.rint(values.astype(np.float64)))
        # The highest of 64 bits is no float64: the next below it is the highest that can be converted.
        top = float(max_entry) if float(max_entry) <= max_entry else np.nextafter(float(max_entry), 0)
        result = np.clip(whole, float(lowest), top).astype(dtype)
        return result
    of_values = limits(values.dtype)
    result = np.clip(values, max(lowest, of_values[0]), min(max_entry, of_values[1])).astype(dtype)
    return result


def stretch(values: np.ndarray, bits_stored: int, dtype: np.dtype[Any], *, lossy: bool) -> np.ndarray:
    """Return `values` so that the lowest and highest of `bits_stored` become those of `dtype`, or 0 and 1 of floats.

    Exact for integers: rounded to the nearest, in 64 bits.

    Raises
    ------
    PixelDataError
        The values are floats; or an integer `dtype` has fewer bits than `bits_stored`, and it is not `lossy`.

    """
    if values.dtype.kind == "f":
        raise PixelDataError(f"scale='auto': found {values.dtype}, expected integers, for Bits Stored says their range")
    if dtype.kind != "f" and 8 * dtype.itemsize < bits_stored and not lossy:
        raise PixelDataError(
            f"{BITS_STORED}: found {bits_stored}, expected at most {8 * dtype.itemsize} for {dtype}: "
            f"tf.{values.dtype} holds them, on_error='lossy' rounds"
        )
    if bits_stored > MAX_BITS:
        raise PixelDataError(f"{BITS_STORED}: found {bits_stored}, expected at most {MAX_BITS} for scale='auto'")
    lowest = -(2 ** (bits_stored - 1)) if values.dtype.kind == "i" else 0
    from_zero = (values.astype(np.int64) - lowest).clip(0, 2**bits_stored - 1).astype(np.uint64)
    select_frames = 2**bits_stored - 1
    if dtype.kind == "f":
        fractions: np.ndarray = (from_zero / select_frames).astype(dtype)
        return fractions
    return _to_integers(from_zero, select_frames, dtype)


def _to_integers(from_zero: np.ndarray, select_frames: int, dtype: np.dtype[Any]) -> np.ndarray:
    """Return 0 to `select_frames` as the lowest to the highest of `dtype`."""
    unsigned = np.dtype(f"u{dtype.itemsize}")
    whole, rest = divmod(int(np.iinfo(unsigned).max), select_frames)
    result: np.ndarray = from_zero * np.uint64(whole) + (
        from_zero * np.uint64(rest) + np.uint64(select_frames // 2)
    ) // np.uint64(select_frames)
    if dtype.kind == "i":
        # The lowest of a signed type is where the highest bit is set, and it alone.
        result = result ^ np.uint64(1 << (8 * dtype.itemsize - 1))
    return result.astype(unsigned).view(dtype)

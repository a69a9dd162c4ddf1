"""Decoding with the options of ``tfio.image.decode_dicom_image``, without TensorFlow."""

import io
from typing import Any, Literal

import numpy as np
from pydicom import dcmread

from dicomet.display.open_image import open as open_image
from dicomet.errors import PixelDataError
from dicomet.loaders.casting import checked_cast, clipped_cast, stretch

OnDecodeError = Literal["strict", "skip", "lossy"]
Scale = Literal["preserve", "auto"]

# Shape of the result of `decode_dicom_image` for a skipped file, with the rank that a graph knows.
EMPTY = (0, 0, 0, 0)


def decoded_or_empty(data: bytes, *, on_error: OnDecodeError, scale: Scale, dtype: type) -> np.ndarray:
    """Return all frames of a file as `dtype`; an empty array instead of an error, unless `on_error` is strict.

    It is a module-level function, so that AutoGraph does not convert it.
    """
    try:
        return _decoded(data, scale, np.dtype(dtype), lossy=on_error == "lossy")
    except PixelDataError:
        if on_error == "strict":
            raise
        return np.empty(EMPTY, dtype)


def _decoded(data: bytes, scale: Scale, dtype: np.dtype[Any], *, lossy: bool) -> np.ndarray:
    """Return all frames of a file as `dtype`, with a last axis of samples."""
    with open_image(data, workers=1) as image:
        values = image[:]
    if scale == "auto":
        header = dcmread(io.BytesIO(data), force=True, stop_before_pixels=True, specific_tags=["BitsStored"])
        values = stretch(values, header.get("BitsStored", 0), dtype, lossy=lossy)
    else:
        values = clipped_cast(values, dtype) if lossy else checked_cast(values, dtype)
    return values[..., np.newaxis] if values.ndim == 3 else values  # noqa: PLR2004 - frames, rows, columns

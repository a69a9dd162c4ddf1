"""Operations on images in arrays: resizing, and conversion to another number of channels."""

import numpy as np

from dicomet._native import resize
from dicomet._utils.interpolation import Interpolation
from dicomet.errors import PixelDataError

GRAY, COLOR, COLOR_AND_ALPHA = 1, 3, 4
OPAQUE = 255
# Rec. ITU-R BT.601, as in Pillow's mode "L" and in `tf.image.rgb_to_grayscale`.
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
WITH_MEAN = frozenset({"uint8", "uint16", "float32"})
"""The dtypes that are resized, and of which luma is computed. float32 does not represent integers of more bits."""
_SIGN = 0x8000
MAX_SIDE = 65535
"""The longest side of a result."""


def read_only(array: np.ndarray) -> np.ndarray:
    """Return a read-only view, which the core reads in place; it copies a writeable buffer."""
    view = array.view()
    view.flags.writeable = False
    return view


def resize_image(image: np.ndarray, size: tuple[int, int], interpolation: Interpolation = "bilinear") -> np.ndarray:
    """Resize an image to `size` (rows, columns); return it unchanged if it has this size.

    Parameters
    ----------
    image : numpy.ndarray
        uint8, uint16, int16 or float32, of shape ``(rows, columns)`` or ``(rows, columns, channels)``.
    size : (int, int)
        Rows and columns.
    interpolation : str
        The filter, by Pillow's name.

    Raises
    ------
    ValueError
        The dtype is another.

    """
    rows, columns, *channels = image.shape
    if (rows, columns) == size:
        return image
    if image.dtype == np.int16:
        # Flipping the sign bit shifts all values by 2^15, with which a weighted mean commutes.
        shifted = resize_image(image.view(np.uint16) ^ np.uint16(_SIGN), size, interpolation)
        return (shifted ^ np.uint16(_SIGN)).view(np.int16)
    if image.dtype.name not in WITH_MEAN:
        can = "only uint8, uint16, int16 and float32, which modality values can be by dtype=float32"
        raise ValueError(f"size: values of {image.dtype.name} cannot be resized, {can}")
    result = np.empty((*size, *channels), image.dtype)
    resize(
        read_only(np.ascontiguousarray(image)),
        result,
        src_size=(rows, columns),
        out_size=size,
        channels=channels[0] if channels else 1,
        dtype=image.dtype.name,
        filter=interpolation,
    )
    return result


def in_proportion(rows: int, columns: int, shorter: int) -> tuple[int, int]:
    """Return the size of an image whose shorter side is resized to `shorter`.

    Raises
    ------
    ValueError
        The other side would be too long.

    """
    if rows <= columns:
        size = shorter, max(1, shorter * columns // rows)
    else:
        size = max(1, shorter * rows // columns), shorter
    if max(size) > MAX_SIDE:
        result = f"{size[0]} rows and {size[1]} columns of {rows} and {columns}"
        raise ValueError(f"size: found {shorter}, which makes {result}, expected at most {MAX_SIDE}")
    return size


def with_channels(image: np.ndarray, channels: int, dimensions: int) -> np.ndarray:
    """Return `image` with a last axis of `channels`, or of its own number of channels for 0.

    `dimensions`: the dimensions of one frame, 2 without a channel axis. Gray values are repeated; colors become their
    luma (BT.601), rounded for integers; the alpha of uint8 is 255.
    """
    gray_or_color = image[..., np.newaxis] if dimensions == 2 else image  # noqa: PLR2004 - rows and columns
    found = gray_or_color.shape[-1]
    if channels in (0, found):
        return gray_or_color
    if image.dtype.name not in WITH_MEAN and (channels == COLOR_AND_ALPHA or found != GRAY):
        raise PixelDataError(f"'channels': found {found} of {image.dtype}, which cannot become {channels}")
    if channels == COLOR_AND_ALPHA and image.dtype != np.uint8:
        raise PixelDataError(f"'channels': found {image.dtype}, which has no opaque value")
    if channels == GRAY:
        luma = gray_or_color @ LUMA
        return (luma if image.dtype.kind == "f" else (luma + np.float32(0.5)).astype(image.dtype))[..., np.newaxis]
    color = np.broadcast_to(gray_or_color, (*gray_or_color.shape[:-1], COLOR))
    if channels == COLOR:
        return np.ascontiguousarray(color)
    alpha = np.full((*color.shape[:-1], 1), OPAQUE, np.uint8)
    return np.concatenate((color, alpha), axis=-1)

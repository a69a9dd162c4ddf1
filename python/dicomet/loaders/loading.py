"""Loading of one file as one input array of a model, with a chosen frame, kind of values and number of channels."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from dicomet._decoding.frame_reader import FrameSelection
from dicomet._decoding.limits import ReadLimits
from dicomet._decoding.pixel_array import pixel_array
from dicomet.display.api import display_options, modality_values, to_display
from dicomet.display.reader import DisplayReader
from dicomet.display.values import VALUES, Values, modality_frames
from dicomet.display.voi_selection import WindowSpec
from dicomet.errors import PixelDataError, with_filename

Of = TypeVar("Of")

READERS: dict[Values, Callable[..., np.ndarray]] = {
    "display": to_display,
    "stored": pixel_array,
    "modality": modality_values,
}
GRAY, COLOR, COLOR_AND_ALPHA = 1, 3, 4
# Rec. ITU-R BT.601, as in Pillow's mode "L" and in `tf.image.rgb_to_grayscale`.
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
# The dtypes for which luma is computed. float32 does not represent integers of more bits exactly.
_WITH_LUMA = frozenset({"uint8", "uint16", "float32"})


@dataclass(frozen=True)
class FrameLoader:
    """Reads one image per file with fixed options. Picklable.

    Attributes
    ----------
    values : {"display", "stored", "modality"}
        Values of the result: those of `dicomet.to_display` as uint8, of `dicomet.pixel_array`, or of
        `dicomet.modality_values`.
    dtype : numpy.dtype, optional
        Dtype of modality values.
    channels : int
        1, 3 or 4; 0 for the channels of the file.
    frames : {"middle", "all"} or int
        The middle frame of ``n``, ``n // 2``; all frames; or one by its index, counted from 0; negative numbers count
        from the end.
    window, default, percentiles
        As for `dicomet.to_display`.
    aspect : (int, int), optional
        Crop to the largest centered part whose rows and columns have this ratio.

    """

    values: Values = "display"
    dtype: np.dtype[Any] | None = None
    channels: int = 0
    frames: FrameSelection = "middle"
    window: WindowSpec = None
    default: WindowSpec = None
    percentiles: tuple[float, float] = (1.0, 99.0)
    aspect: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        """Check the options before the first file is read."""
        check_one_of("values", self.values, VALUES)
        check_one_of("channels", self.channels, (0, GRAY, COLOR, COLOR_AND_ALPHA))
        if self.values != "display" and (self.window, self.default) != (None, None):
            raise ValueError(f"'window', 'default': are for values='display', found values={self.values!r}")
        if self.frames not in ("middle", "all") and not isinstance(self.frames, int):
            raise TypeError(f"'frames': found {self.frames!r}, expected 'middle', 'all' or a number")

    def __call__(self, path: str | os.PathLike[str]) -> np.ndarray:
        """Return the image of `path`, of shape ``([frames, ]rows, columns, channels)``.

        Raises
        ------
        PixelDataError
            The file is malformed, is not an image, or has no such frame. The message begins with the file name.
        OSError
            The file cannot be read.

        """
        with with_filename(path):
            # One thread per file, because the framework loads many files in parallel.
            reader = DisplayReader(path, {}, ReadLimits(workers=1))
            count = reader.stored.count
            index = reader.stored.selected(self.frames)
            array = self._read(reader, index)
            if index is None and count == 1:
                array = array[np.newaxis]
            array = with_channels(array, self.channels, array.ndim - (index is None))
            return array if self.aspect is None else cropped(array, self.aspect)

    def _read(self, reader: DisplayReader, index: int | None) -> np.ndarray:
        if self.values == "stored":
            return reader.stored.read(*reader.stored.select_frames(index))
        if self.values == "modality":
            return modality_frames(reader, index, self.dtype, None)
        look = display_options(self.window, np.uint8, default=self.default, percentiles=self.percentiles)
        return reader.display(index, look, None)


def check_one_of(name: str, found: Of, expected: tuple[object, ...]) -> Of:
    """Return `found`, or raise a `ValueError` that names the argument and its allowed values."""
    if found not in expected:
        raise ValueError(f"'{name}': found {found!r}, expected one of {', '.join(map(repr, expected))}")
    return found


def with_channels(image: np.ndarray, channels: int, dimensions: int) -> np.ndarray:
    """Return `image` with a last axis of `channels`, or of its own number of channels for 0.

    `dimensions`: the dimensions of one frame, 2 without a channel axis. Gray values are repeated; colors become their
    luma (BT.601), rounded for integers; the alpha of uint8 is 255.
    """
    gray_or_color = image[..., np.newaxis] if dimensions == 2 else image  # noqa: PLR2004 - rows and columns
    found = gray_or_color.shape[-1]
    if channels in (0, found):
        return gray_or_color
    if image.dtype.name not in _WITH_LUMA and (channels == COLOR_AND_ALPHA or found != GRAY):
        raise PixelDataError(f"'channels': found {found} of {image.dtype}, which cannot become {channels}")
    if channels == COLOR_AND_ALPHA and image.dtype != np.uint8:
        raise PixelDataError(f"'channels': found {image.dtype}, which has no opaque value")
    if channels == GRAY:
        luma = gray_or_color @ LUMA
        return (luma if image.dtype.kind == "f" else (luma + np.float32(0.5)).astype(image.dtype))[..., np.newaxis]
    color = np.broadcast_to(gray_or_color, (*gray_or_color.shape[:-1], COLOR))
    if channels == COLOR:
        return np.ascontiguousarray(color)
    alpha = np.full((*color.shape[:-1], 1), 255, np.uint8)
    return np.concatenate((color, alpha), axis=-1)


def cropped(image: np.ndarray, aspect: tuple[int, int]) -> np.ndarray:
    """Return the largest centered part whose rows and columns have the ratio of `aspect`.

    It equals that of ``keras.preprocessing.image.smart_resize`` in a graph, which computes in float32.
    """
    rows, columns = image.shape[-3:-1]
    wanted_rows = int(np.float32(columns * aspect[0]) / np.float32(aspect[1]))
    wanted_columns = int(np.float32(rows * aspect[1]) / np.float32(aspect[0]))
    part_rows, part_columns = max(1, min(rows, wanted_rows)), max(1, min(columns, wanted_columns))
    top, left = (rows - part_rows) // 2, (columns - part_columns) // 2
    return image[..., top : top + part_rows, left : left + part_columns, :]

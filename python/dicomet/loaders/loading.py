"""Loading of one file as one input array of a model, with a chosen frame, kind of values and number of channels."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from dicomet._decoding.frame_reader import FrameSelection
from dicomet._decoding.pixel_array import pixel_array
from dicomet._parsing.decode_options import Reduce
from dicomet._parsing.limits import ReadLimits
from dicomet._utils.arrays import COLOR, COLOR_AND_ALPHA, GRAY, with_channels
from dicomet.display.api import display_options, modality_values, to_display
from dicomet.display.reader import DisplayReader
from dicomet.display.values import VALUES, Values, modality_frames
from dicomet.display.voi_selection import WindowArguments
from dicomet.errors import with_filename

Of = TypeVar("Of")

READERS: dict[Values, Callable[..., np.ndarray]] = {
    "display": to_display,
    "stored": pixel_array,
    "modality": modality_values,
}


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
    windows : WindowArguments
        The window arguments of `dicomet.to_display`.
    aspect : (int, int), optional
        Crop to the largest centered part whose rows and columns have this ratio.
    reduce : int or (int, int)
        As for `dicomet.pixel_array`.

    """

    values: Values = "display"
    dtype: np.dtype[Any] | None = None
    channels: int = 0
    frames: FrameSelection = "middle"
    windows: WindowArguments = field(default_factory=WindowArguments)
    aspect: tuple[int, int] | None = None
    reduce: Reduce = 0

    def __post_init__(self) -> None:
        """Check the options before the first file is read."""
        check_one_of("values", self.values, VALUES)
        check_one_of("channels", self.channels, (0, GRAY, COLOR, COLOR_AND_ALPHA))
        if self.values != "display" and (self.windows.window, self.windows.default) != (None, None):
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
            reader = self._open(path)
            count = reader.stored.count
            index = reader.stored.selected(self.frames)
            array = self._read(reader, index)
            if index is None and count == 1:
                array = array[np.newaxis]
            array = with_channels(array, self.channels, array.ndim - (index is None))
            return array if self.aspect is None else cropped(array, self.aspect)

    def each_frame(self, path: str | os.PathLike[str]) -> Iterator[np.ndarray]:
        """Yield all frames of `path` as they are in the file, whatever `frames`, `channels` and `aspect` are.

        Raises
        ------
        PixelDataError, OSError
            As calling this object does.

        """
        with with_filename(path):
            reader = self._open(path)
            for number in reader.stored.frame_numbers():
                yield self._read(reader, number)

    def _open(self, path: str | os.PathLike[str]) -> DisplayReader:
        # One thread per file, because the caller loads many files in parallel.
        return DisplayReader(path, {"reduce": self.reduce}, ReadLimits(workers=1))

    def _read(self, reader: DisplayReader, index: int | None) -> np.ndarray:
        if self.values == "stored":
            return reader.stored.read(*reader.stored.select_frames(index))
        if self.values == "modality":
            return modality_frames(reader, index, self.dtype, None)
        options = display_options(self.windows, np.uint8)
        return reader.display(index, options, None)


def check_one_of(name: str, found: Of, expected: tuple[object, ...]) -> Of:
    """Return `found`, or raise a `ValueError` that names the argument and its allowed values."""
    if found not in expected:
        raise ValueError(f"'{name}': found {found!r}, expected one of {', '.join(map(repr, expected))}")
    return found


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

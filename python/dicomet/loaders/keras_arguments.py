"""The arguments of Keras' functions that choose the image of each file, checked without Keras."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from dicomet._parsing.decode_options import reduce_for
from dicomet._utils.arrays import COLOR, COLOR_AND_ALPHA, GRAY
from dicomet.display.values import VALUES, Values
from dicomet.display.voi_selection import WindowArguments
from dicomet.loaders.loading import FrameLoader, check_one_of
from dicomet.loaders.resizing import check_aspect, check_size

ColorMode = Literal["grayscale", "rgb", "rgba"]
DataFormat = Literal["channels_last", "channels_first"]
OneFrame = int | Literal["middle"]

_CHANNELS = {"grayscale": GRAY, "rgb": COLOR, "rgba": COLOR_AND_ALPHA}


@dataclass(frozen=True)
class ImageArguments:
    """How an image is read and resized. The names are those of Keras' functions, or of dicomet's."""

    values: Values
    color_mode: ColorMode
    image_size: int | tuple[int, int]
    interpolation: str
    crop_to_aspect_ratio: bool
    pad_to_aspect_ratio: bool
    frames: OneFrame
    windows: WindowArguments

    def __post_init__(self) -> None:
        """Check the arguments.

        Raises
        ------
        ValueError, TypeError
            An argument is invalid, or two of them contradict each other.

        """
        check_one_of("values", self.values, VALUES)
        check_one_of("color_mode", self.color_mode, tuple(_CHANNELS))
        check_aspect(crop=self.crop_to_aspect_ratio, pad=self.pad_to_aspect_ratio)
        if self.values != "display" and self.channels == COLOR_AND_ALPHA:
            raise ValueError(f"color_mode='rgba': is for values='display', found values={self.values!r}")
        # All images of a batch have the same shape.
        if self.frames != "middle" and not isinstance(self.frames, int):
            raise TypeError(f"'frames': found {self.frames!r}, expected 'middle' or a number")

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the result."""
        return check_size(self.image_size)

    @property
    def channels(self) -> int:
        """Channels of the result."""
        return _CHANNELS[self.color_mode]

    def loader(self, channels: int) -> FrameLoader:
        """Return the loader of images of the original size with `channels`: uint8 for display values, or float32."""
        return FrameLoader(
            self.values,
            None if self.values == "display" else np.dtype(np.float32),
            channels,
            self.frames,
            self.windows,
            aspect=self.size if self.crop_to_aspect_ratio else None,
            reduce=reduce_for(self.size, self.interpolation),
        )

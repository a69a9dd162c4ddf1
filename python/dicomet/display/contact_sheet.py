"""A contact sheet: images of any size and kind, side by side."""

import math
from typing import NamedTuple

import numpy as np

from dicomet._utils.arrays import resize_image
from dicomet.display.pixel_spacing import MAX_ASPECT

GAP = 4
# Neither black nor white, which are frequent at the edges of images.
BACKGROUND = (96, 96, 96)
BROKEN = (48, 48, 48)
CROSS = (224, 64, 64)
# Maximum for the whole sheet, which takes three bytes a pixel.
MAX_PIXELS = 100_000_000


class UnusableSheetError(Exception):
    """The requested sheet cannot be drawn or written."""


class Box(NamedTuple):
    """A rectangle of the sheet, in pixels."""

    top: int
    left: int
    height: int
    width: int


class ContactSheet:
    """Tiles of `size` by `size` pixels in rows, separated by gaps.

    Attributes
    ----------
    pixels : numpy.ndarray
        RGB, of shape ``(rows, columns, 3)`` and dtype uint8.
    images : int
        The number of images drawn.

    """

    def __init__(self, count: int, columns: int | None, size: int) -> None:
        """Lay out `count` tiles in rows of `columns`, by default nearly in a square."""
        self.images = 0
        self._size = size
        self._columns = min(count, columns or math.isqrt(count - 1) + 1)
        height, width = (GAP + number * (size + GAP) for number in (-(-count // self._columns), self._columns))
        if height * width > MAX_PIXELS:
            raise UnusableSheetError(
                f"a sheet of {count} tiles would have {height} x {width} pixels, expected at most {MAX_PIXELS} in "
                "all: choose fewer or smaller tiles"
            )
        self.pixels = np.empty((height, width, 3), np.uint8)
        self.pixels[...] = BACKGROUND

    def draw(self, number: int, image: np.ndarray, aspect: float) -> None:
        """Draw an image into tile `number`, as large as fits.

        Parameters
        ----------
        number : int
            The number of the tile, counted from 0.
        image : numpy.ndarray
            Gray of shape ``(rows, columns)``, or RGB of shape ``(rows, columns, 3)``, as uint8.
        aspect : float
            Height of a pixel / width of a pixel.

        """
        rows, columns = image.shape[:2]
        if not 1 / MAX_ASPECT <= aspect <= MAX_ASPECT:
            aspect = 1.0
        scale = self._size / max(rows * aspect, columns)
        height, width = (max(1, min(self._size, round(length * scale))) for length in (rows * aspect, columns))
        box = self._centered(number, height, width)
        resized = resize_image(image, (height, width))
        self._part(box)[...] = resized if image.ndim == self.pixels.ndim else resized[..., np.newaxis]
        self.images += 1

    def cross_out(self, number: int) -> None:
        """Draw a cross in place of an image that cannot be shown."""
        part = self._part(self._centered(number, self._size, self._size))
        part[...] = BROKEN
        diagonal = np.arange(self._size)
        for shift in (0, 1):
            across = np.minimum(diagonal + shift, self._size - 1)
            part[diagonal, across] = CROSS
            part[diagonal, self._size - 1 - across] = CROSS

    def _centered(self, number: int, height: int, width: int) -> Box:
        row, column = divmod(number, self._columns)
        top, left = (GAP + position * (self._size + GAP) for position in (row, column))
        return Box(top + (self._size - height) // 2, left + (self._size - width) // 2, height, width)

    def _part(self, box: Box) -> np.ndarray:
        return self.pixels[box.top : box.top + box.height, box.left : box.left + box.width]


def spread(count: int, most: int | None) -> list[int]:
    """Return at most `most` evenly spaced numbers below `count`, which include the first and the last."""
    if most is None or count <= most:
        return list(range(count))
    if most == 1:
        return [count // 2]
    return [round(number * (count - 1) / (most - 1)) for number in range(most)]

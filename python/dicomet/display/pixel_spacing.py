"""The spacing and the proportions of pixels (PS3.3 10.7.1, C.7.6.3.1.7)."""

from collections.abc import Callable
from typing import Any, NamedTuple

SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")
ASPECT = "PixelAspectRatio"
KEYWORDS = (*SPACINGS, ASPECT)
# Maximum aspect ratio of a pixel; a larger one is an error in the file.
MAX_ASPECT = 100


# In mm, or the terms of an aspect ratio: integers of a file may have any number of digits.
MAX_SPACING = 1e9


class PixelSpacing(NamedTuple):
    """The distances between the centers of adjacent rows and columns, in mm, and the keyword of their element."""

    rows: float
    columns: float
    keyword: str


def pixel_spacing(value_of: Callable[[str], Any]) -> PixelSpacing | None:
    """Return the spacing of an image, given its elements by keyword; None if it has none."""
    return _first(value_of, SPACINGS)


def pixel_aspect(value_of: Callable[[str], Any]) -> float:
    """Return the height of a pixel / its width; 1 if the image does not say."""
    found = _first(value_of, KEYWORDS)
    return 1.0 if found is None else found.rows / found.columns


def _first(value_of: Callable[[str], Any], keywords: tuple[str, ...]) -> PixelSpacing | None:
    for keyword in keywords:
        match value_of(keyword):
            case [float() | int() as vertical, float() | int() as horizontal] if (
                0 < vertical <= MAX_SPACING and 0 < horizontal <= MAX_SPACING
            ):
                return PixelSpacing(float(vertical), float(horizontal), keyword)
    return None

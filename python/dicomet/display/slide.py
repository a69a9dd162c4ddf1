"""Slides as pictures: the thumbnail of a total pixel matrix in display values."""

from typing import TYPE_CHECKING

import numpy as np

from dicomet._decoding.pixel_matrix import PixelMatrix
from dicomet._parsing.limits import ReadLimits
from dicomet._parsing.parse import is_dataset
from dicomet._parsing.slide_elements import read_slide_elements
from dicomet._parsing.source import open_source
from dicomet.display.reader import DisplayOptions, DisplayReader
from dicomet.errors import with_filename

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomet._parsing.source import Readable


class SlideReader:
    """A tiled image, and its display attributes."""

    def __init__(self, src: "Readable | Dataset") -> None:
        """Parse `src`, without its pixel data.

        Raises
        ------
        MissingElementError
            The image is not tiled.
        PixelDataError
            As for `OpenImage.pixel_matrix`.

        """
        naming = with_filename(src)
        with naming:
            opened = src if is_dataset(src) else open_source(src)
            elements = read_slide_elements(opened)
            self._display = DisplayReader(opened, {}, ReadLimits(), frames_vary=False)
            self.matrix = PixelMatrix(self._display.stored, elements, naming)

    def picture(self, size: int, optical_path: int, focal_plane: int, options: DisplayOptions) -> np.ndarray:
        """Return a plane as a picture of at most `size` rows and columns: uint8, gray or RGB, as `to_display` does."""
        stored = self.matrix.thumbnail(size, optical_path=optical_path, focal_plane=focal_plane)
        return self._display.render(stored, options)

"""`Reduction`: a pixel matrix reduced to a picture, tile by tile, without the whole matrix in memory."""

from typing import NamedTuple, Self

import numpy as np

from dicomet._decoding.tiling import Placement, TileSize, Tiling
from dicomet._utils.arrays import WITH_MEAN, resize_image


class Reduction(NamedTuple):
    """Two steps: each tile is reduced to `tile` and drawn in a picture of `shape`, which is then reduced to `size`.

    `factor`: the pixels of the matrix for a pixel of the first picture, in each direction.
    """

    factor: int
    tile: TileSize
    shape: tuple[int, int]
    size: tuple[int, int]

    @classmethod
    def to(cls, longest: int, matrix: tuple[int, ...], tile: TileSize) -> Self:
        """Return the steps from a matrix of this shape to a picture with `longest` pixels on its longer side."""
        rows, columns = matrix
        scale = min(1.0, longest / max(rows, columns))
        size = max(1, round(rows * scale)), max(1, round(columns * scale))
        # No more than a tile: tiles are averaged one by one.
        factor = max(1, min(rows // size[0], columns // size[1], *tile))
        small = TileSize(-(-tile.rows // factor), -(-tile.columns // factor))
        return cls(factor, small, (-(-rows // factor), -(-columns // factor)), size)

    def draw(
        self, picture: np.ndarray, placement: Placement, tile: np.ndarray, tiling: Tiling, *, averages: bool
    ) -> None:
        """Reduce a tile, which may have a lower resolution already, and draw it in the first picture."""
        # Without the padding of a tile at the edge, which must not be averaged with the image.
        rows = min(tiling.tile.rows, tiling.rows - placement.row)
        columns = min(tiling.tile.columns, tiling.columns - placement.column)
        shown = tile[
            : -(-rows * tile.shape[0] // tiling.tile.rows), : -(-columns * tile.shape[1] // tiling.tile.columns)
        ]
        small = _resized(shown, (-(-rows // self.factor), -(-columns // self.factor)), averages=averages)
        row, column = placement.row // self.factor, placement.column // self.factor
        part = picture[row : row + small.shape[0], column : column + small.shape[1]]
        part[...] = small[: part.shape[0], : part.shape[1]]

    def finished(self, picture: np.ndarray, *, averages: bool) -> np.ndarray:
        """Return the first picture reduced to the final size."""
        return _resized(picture, self.size, averages=averages)


def _resized(image: np.ndarray, size: tuple[int, int], *, averages: bool) -> np.ndarray:
    if image.shape[:2] == size:
        return image
    if averages and image.dtype.name in WITH_MEAN:
        return resize_image(image, size)
    rows, columns = (
        (2 * np.arange(new) + 1) * old // (2 * new) for new, old in zip(size, image.shape[:2], strict=True)
    )
    return np.ascontiguousarray(image[rows[:, np.newaxis], columns])

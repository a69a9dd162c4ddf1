"""`Region`: rows and columns of a pixel matrix, and the part of them that a tile shows."""

import operator
from typing import Any, NamedTuple, Self

import numpy as np

from dicomet._decoding.tiling import Placement, TileSize
from dicomet.errors import short_repr


class Region(NamedTuple):
    """Rows and columns of a matrix."""

    rows: range
    columns: range

    @classmethod
    def of(cls, key: tuple[Any, ...], shape: tuple[int, ...]) -> Self:
        """Return the rows and columns that two integers or slices of step 1 select from a matrix, as in NumPy.

        Raises
        ------
        IndexError, TypeError
            As NumPy does; or a slice has another step.

        """
        return cls(selected(key[0], shape[0], "row"), selected(key[1], shape[1], "column"))

    @classmethod
    def at(cls, position: tuple[int, int], size: tuple[int, int], shape: tuple[int, ...]) -> Self:
        """Return the region of `size` with its top left pixel at `position`.

        Raises
        ------
        IndexError
            It is not within the matrix.

        """
        return cls(*(_within(*one) for one in zip(("row", "column"), position, size, shape, strict=False)))

    @property
    def shape(self) -> tuple[int, int]:
        """The number of rows and columns."""
        return len(self.rows), len(self.columns)

    @property
    def area(self) -> int:
        """The number of pixels."""
        return len(self.rows) * len(self.columns)

    def pixels_in(self, placement: Placement, tile: TileSize) -> int:
        """Return the number of pixels that a tile shows."""
        rows = min(self.rows.stop, placement.row + tile.rows) - max(self.rows.start, placement.row)
        columns = min(self.columns.stop, placement.column + tile.columns) - max(self.columns.start, placement.column)
        return rows * columns

    def overlap(self, placement: Placement, tile: TileSize) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """Return rows and columns of the region that a tile shows, and those of the tile that it shows there."""
        down, shown_rows = _overlap(self.rows, placement.row, tile.rows)
        across, shown_columns = _overlap(self.columns, placement.column, tile.columns)
        return (down, across), (shown_rows, shown_columns)


def selected(key: Any, size: int, name: str) -> range:
    """Return the numbers that an integer or a slice of step 1 selects from `size`. `name`: what they count.

    Raises
    ------
    IndexError, TypeError
        As NumPy does; or a slice has another step.

    """
    if isinstance(key, slice):
        found = range(size)[key]
        if found.step != 1:
            raise IndexError(f"{name}s: found a slice with step {found.step}, expected step 1")
        return found
    if not hasattr(key, "__index__") or isinstance(key, bool | np.bool_):
        raise TypeError(f"{name}: found {type(key).__name__}, expected an integer or a slice")
    number = operator.index(key)
    if not -size <= number < size:
        raise IndexError(f"{name}: found index {short_repr(number)}, expected {-size} to {size - 1}")
    number %= size
    return range(number, number + 1)


def _within(name: str, first: int, count: int, size: int) -> range:
    first, count = operator.index(first), operator.index(count)
    if count < 0 or first < 0 or first + count > size:
        found = f"{short_repr(first)} to {short_repr(first + count)}"
        raise IndexError(f"{name}s: found {found}, expected a region within 0 to {size}")
    return range(first, first + count)


def _overlap(pixels: range, start: int, size: int) -> tuple[slice, slice]:
    """Return where `size` pixels from `start` on lie in a range of pixels, and which of them do."""
    first, last = max(pixels.start, start), min(pixels.stop, start + size)
    return slice(first - pixels.start, last - pixels.start), slice(first - start, last - start)

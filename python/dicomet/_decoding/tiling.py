"""Tilings: which frames of a tiled image show a region of its total pixel matrix, and where (PS3.3 C.7.6.17.3)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np

from dicomet._parsing import tags
from dicomet._parsing.slide_elements import ABSENT, NO_PATH, FramePositions, OpticalPath, SlideElements
from dicomet._parsing.tags import Tag
from dicomet.errors import MissingElementError, PixelDataError, counted, short_repr

MAX_FOCAL_PLANES = 2**16
"""More than any slide has; the number in a file may be that of a damaged one."""


class TileSize(NamedTuple):
    """Rows and columns of a tile."""

    rows: int
    columns: int

    def grid(self, rows: int, columns: int) -> tuple[int, int]:
        """Return the number of tiles below each other and side by side that cover a matrix."""
        return -(-rows // self.rows), -(-columns // self.columns)


class Placement(NamedTuple):
    """A frame, and the row and column of its top left pixel in the total pixel matrix, counted from 0."""

    frame: int
    row: int
    column: int


class Plane(NamedTuple):
    """The indices of an optical path and a focal plane."""

    optical_path: int
    focal_plane: int


class Tiles(Protocol):
    """The positions of the tiles. Tiles do not overlap."""

    def placed(self, plane: Plane, rows: range, columns: range) -> Iterator[Placement]:
        """Yield the tiles of `plane` that show a pixel in `rows` and `columns`."""


@dataclass(frozen=True)
class Tiling:
    """The total pixel matrix of an image, and the positions of its tiles.

    `grid`: the tiles below each other and side by side that cover the matrix. `optical_paths` and `z_offsets` (of the
    focal planes, in micrometers, None if not known) have at least one entry.
    """

    rows: int
    columns: int
    tile: TileSize
    grid: tuple[int, int]
    optical_paths: tuple[OpticalPath, ...]
    z_offsets: tuple[float | None, ...]
    tiles: Tiles


@dataclass(frozen=True)
class FullTiles:
    """TILED_FULL: a frame for each tile of each plane, in the order of rows of tiles, focal planes, optical paths.

    `first`, `count`: the frames of this file, which may be a part of a concatenation.
    """

    tile: TileSize
    grid: tuple[int, int]
    focal_planes: int
    first: int
    count: int

    def placed(self, plane: Plane, rows: range, columns: range) -> Iterator[Placement]:
        """Yield the tiles of `plane` that show a pixel in `rows` and `columns`."""
        down, across = self.grid
        start = (plane.optical_path * self.focal_planes + plane.focal_plane) * down * across - self.first
        # The tiles of the plane that the file has, of which there may be far fewer than the matrix can hold.
        low, high = max(-start, 0), min(self.count - start, down * across)
        for row in _common(_tiles_of(rows, self.tile.rows), low // across, -(-high // across)):
            own = _common(_tiles_of(columns, self.tile.columns), low - row * across, high - row * across)
            for column in own:
                yield Placement(start + row * across + column, row * self.tile.rows, column * self.tile.columns)


def _common(numbers: range, first: int, end: int) -> range:
    """Return the part of a range from `first` up to `end`."""
    return range(max(numbers.start, first), min(numbers.stop, end))


def _tiles_of(pixels: range, size: int) -> range:
    """Return the tiles of `size` pixels that show a range of pixels."""
    return range(pixels.start // size, -(-pixels.stop // size)) if pixels else range(0)


class SparseTiles:
    """TILED_SPARSE: tiles at any position, some of which may be missing."""

    def __init__(self, tile: TileSize, rows: np.ndarray, columns: np.ndarray, planes: np.ndarray) -> None:
        """Sort the tiles, of which `planes` has the optical path and the focal plane.

        Raises
        ------
        PixelDataError
            Two tiles of a plane overlap.

        """
        self._tile = tile
        order = np.lexsort((columns, rows, planes[:, 1], planes[:, 0]))
        self._frames, self._rows, self._columns = order, rows[order], columns[order]
        planes = planes[order]
        _check_apart(tile, order, np.column_stack((planes, self._rows, self._columns)))
        starts = np.flatnonzero(np.r_[True, (planes[1:] != planes[:-1]).any(axis=1)]) if len(order) else order
        ends = [*starts[1:].tolist(), len(order)]
        self._parts = {
            Plane(*planes[start].tolist()): slice(start, end) for start, end in zip(starts.tolist(), ends, strict=False)
        }

    def placed(self, plane: Plane, rows: range, columns: range) -> Iterator[Placement]:
        """Yield the tiles of `plane` that show a pixel in `rows` and `columns`."""
        part = self._parts.get(plane, slice(0, 0))
        tops, tile = self._rows[part], self._tile
        first, last = np.searchsorted(tops, (rows.start - tile.rows + 1, rows.stop))
        found = slice(part.start + first, part.start + last)
        lefts = self._columns[found]
        for offset in np.flatnonzero((lefts > columns.start - tile.columns) & (lefts < columns.stop)).tolist():
            at = found.start + offset
            yield Placement(int(self._frames[at]), int(self._rows[at]), int(self._columns[at]))


def _check_apart(tile: TileSize, frames: np.ndarray, positions: np.ndarray) -> None:
    """Check that no tiles of a plane overlap. `positions`: plane, row and column of each frame, in their order."""
    if not (positions[:, 2:] % tile).any():
        same = np.flatnonzero((positions[1:] == positions[:-1]).all(axis=1))
        if same.size:
            raise _overlapping(*sorted(frames[same[0] : same[0] + 2].tolist()))
        return
    # Tiles that are not on a grid: a cell of the size of a tile has the top left pixel of one tile at most.
    corners: dict[tuple[int, ...], tuple[int, int, int]] = {}
    for frame, (path, focal_plane, row, column) in zip(frames.tolist(), positions.tolist(), strict=True):
        cell = row // tile.rows, column // tile.columns
        for down in (-1, 0, 1):
            for across in (-1, 0, 1):
                other = corners.get((path, focal_plane, cell[0] + down, cell[1] + across))
                if other and abs(other[1] - row) < tile.rows and abs(other[2] - column) < tile.columns:
                    raise _overlapping(*sorted((other[0], frame)))
        corners[path, focal_plane, *cell] = frame, row, column


def _overlapping(one: int, other: int) -> PixelDataError:
    element = tags.PER_FRAME_GROUPS.label
    message = f"{element}: found frames {one} and {other} at positions that overlap, expected tiles that do not overlap"
    return PixelDataError(message, element=element, frame=other)


def tiling_of(elements: SlideElements, tile: TileSize, frames: int) -> Tiling:
    """Return the tiling of an image with `frames` frames of size `tile`.

    Raises
    ------
    MissingElementError
        The positions of the frames are missing.
    PixelDataError
        An element contradicts another one: the number of frames that of the tiles, a position the size of the matrix,
        or two positions each other.

    """
    if elements.is_full or (elements.positions is None and elements.shared.rows[0] == ABSENT):
        return _full(elements, tile, frames)
    return _sparse(elements, tile, frames)


def at_lower_resolution(elements: SlideElements, tile: TileSize, levels: int) -> tuple[SlideElements, TileSize]:
    """Return the elements and the size of a tile without `levels` resolution levels of each frame.

    Raises
    ------
    PixelDataError
        A tile does not begin or end at a pixel of the lower resolution.

    """
    step = 2**levels
    positions = elements.positions or elements.shared
    edges = [*tile, *(side[side != ABSENT].astype(np.int64) - 1 for side in (positions.rows, positions.columns))]
    if any(np.any(edge % step) for edge in edges):
        message = f"'reduce': found {levels}, expected fewer levels: the tiles of {tile.rows} rows x {tile.columns} "
        raise PixelDataError(f"{message}columns do not all begin and end at multiples of {step}")
    return (
        replace(
            elements,
            rows=-(-elements.rows // step),
            columns=-(-elements.columns // step),
            positions=elements.positions and _scaled(elements.positions, step),
            shared=_scaled(elements.shared, step),
        ),
        TileSize(tile.rows // step, tile.columns // step),
    )


def _scaled(positions: FramePositions, step: int) -> FramePositions:
    rows, columns = (
        np.where(side == ABSENT, ABSENT, (side.astype(np.int64) - 1) // step + 1)
        for side in (positions.rows, positions.columns)
    )
    return positions._replace(rows=rows, columns=columns)


def _full(elements: SlideElements, tile: TileSize, frames: int) -> Tiling:
    grid = tile.grid(elements.rows, elements.columns)
    optical_paths, focal_planes = _full_optical_paths(elements), elements.focal_planes or 1
    if focal_planes > MAX_FOCAL_PLANES:
        label = tags.TOTAL_PIXEL_MATRIX_FOCAL_PLANES.label
        raise PixelDataError(f"{label}: found {focal_planes}, expected at most {MAX_FOCAL_PLANES}", element=label)
    expected = grid[0] * grid[1] * focal_planes * len(optical_paths)
    first = elements.first_frame or 0
    is_part = elements.first_frame is not None and first >= 0 and first + frames <= expected
    if not is_part and frames == expected and first:
        label = tags.CONCATENATION_FRAME_OFFSET_NUMBER.label
        raise PixelDataError(f"{label}: found {first} with all {frames} frames, expected 0", element=label)
    if frames != expected and not is_part:
        message = (
            f"{tags.NUMBER_OF_FRAMES.label}: found {frames}, expected {expected}: {grid[0]} x {grid[1]} tiles, "
            f"{counted(focal_planes, 'focal plane')}, {counted(len(optical_paths), 'optical path')}"
        )
        if not elements.is_full:
            label = tags.PLANE_POSITION_SLIDE_SEQUENCE.label
            raise MissingElementError(f"no {label}, and {message}", element=label)
        raise PixelDataError(message, element=tags.NUMBER_OF_FRAMES.label)
    origin, spacing = elements.z_origin, elements.z_spacing
    z_offsets: tuple[float | None, ...] = (origin,) + (None,) * (focal_planes - 1)
    if origin is not None and spacing is not None:
        # The origin is in micrometers, the spacing in millimeters.
        z_offsets = tuple(origin + 1000 * spacing * number for number in range(focal_planes))
    tiles = FullTiles(tile, grid, focal_planes, first, frames)
    return Tiling(elements.rows, elements.columns, tile, grid, optical_paths, z_offsets, tiles)


def _full_optical_paths(elements: SlideElements) -> tuple[OpticalPath, ...]:
    """Return the optical paths that frames have: the first ones of the sequence."""
    paths = elements.optical_paths or (OpticalPath(""),)
    number = elements.number_of_optical_paths
    if number is not None and not 1 <= number <= len(paths):
        label = tags.NUMBER_OF_OPTICAL_PATHS.label
        expected = f"1 to {len(paths)}, the items of {tags.OPTICAL_PATH_SEQUENCE.label}"
        raise PixelDataError(f"{label}: found {number}, expected {expected}", element=label)
    return paths[:number]


def _sparse(elements: SlideElements, tile: TileSize, frames: int) -> Tiling:
    positions = elements.positions or elements.shared
    if len(positions.rows) != frames:
        label = tags.PER_FRAME_GROUPS.label
        found = counted(len(positions.rows), "item")
        raise PixelDataError(f"{label}: found {found}, expected {frames}, one for each frame", element=label)
    rows = _checked_positions(positions.rows, elements.shared.rows[0], tags.ROW_POSITION, elements.rows)
    columns = _checked_positions(positions.columns, elements.shared.columns[0], tags.COLUMN_POSITION, elements.columns)
    optical_paths = elements.optical_paths or tuple(map(OpticalPath, positions.identifiers)) or (OpticalPath(""),)
    paths = _path_indices(positions, elements.shared, optical_paths)
    z_offsets, planes = _focal_planes(positions, elements)
    tiles = SparseTiles(tile, rows, columns, np.column_stack((paths, planes)))
    grid = tile.grid(elements.rows, elements.columns)
    return Tiling(elements.rows, elements.columns, tile, grid, optical_paths, z_offsets, tiles)


def _checked_positions(found: np.ndarray, shared: int, tag: Tag, most: int) -> np.ndarray:
    """Return the rows or columns of all frames, counted from 0."""
    checked = np.where(found == ABSENT, shared, found).astype(np.int64)
    wrong = np.flatnonzero((checked < 1) | (checked > most))
    if not wrong.size:
        return checked - 1
    frame = int(wrong[0])
    if checked[frame] == ABSENT:
        message = f"{tag.label}, frame {frame}: found no value, expected 1 to {most}"
        raise MissingElementError(message, element=tag.label, frame=frame)
    message = f"{tag.label}, frame {frame}: found {checked[frame]}, expected 1 to {most}, the size of the matrix"
    raise PixelDataError(message, element=tag.label, frame=frame)


def _path_indices(
    positions: FramePositions, shared: FramePositions, optical_paths: tuple[OpticalPath, ...]
) -> np.ndarray:
    """Return the index of the optical path of each frame."""
    indices = {path.identifier: index for index, path in reversed(list(enumerate(optical_paths)))}
    default = 0 if len(optical_paths) == 1 else -1
    if shared.identifiers:
        default = indices.get(shared.identifiers[0], -1)
    table = np.array([*(indices.get(identifier, -1) for identifier in positions.identifiers), default], np.int64)
    numbers = positions.optical_paths.astype(np.int64)
    paths = table[np.where(numbers == NO_PATH, len(positions.identifiers), numbers)]
    wrong = np.flatnonzero(paths < 0)
    if wrong.size:
        frame, label = int(wrong[0]), tags.OPTICAL_PATH_IDENTIFIER.label
        number = int(numbers[frame])
        found = "no value" if number == NO_PATH else short_repr(positions.identifiers[number])
        expected = f"that of an item of {tags.OPTICAL_PATH_SEQUENCE.label}"
        raise PixelDataError(f"{label}, frame {frame}: found {found}, expected {expected}", element=label, frame=frame)
    return paths


def _focal_planes(positions: FramePositions, elements: SlideElements) -> tuple[tuple[float | None, ...], np.ndarray]:
    """Return the Z offsets of the focal planes, from the slide upwards, and the index of the plane of each frame.

    The tiles of a single plane may have different offsets, if the scanner follows the surface of the tissue.
    """
    found = positions.z_offsets
    if np.isnan(found).all():
        found = np.broadcast_to(elements.shared.z_offsets[0], found.shape)
    offsets, planes = np.unique(found, return_inverse=True)
    if elements.focal_planes == 1 or len(offsets) == 1:
        offset = float(offsets[0])
        return (offset if len(offsets) == 1 and not np.isnan(offset) else None,), np.zeros(len(found), np.int64)
    missing = np.flatnonzero(np.isnan(found))
    if missing.size:
        frame, label = int(missing[0]), tags.Z_OFFSET.label
        message = f"{label}, frame {frame}: found no value, expected one, as other frames have"
        raise MissingElementError(message, element=label, frame=frame)
    return tuple(offsets.tolist()), planes

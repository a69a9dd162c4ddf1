"""`PixelMatrix`: the total pixel matrix of a tiled image, such as a whole slide, read by region."""

import math
import operator
from typing import Any

import numpy as np

from dicomet._decoding.frame_reader import ArraySpec, FrameReader, check_out
from dicomet._decoding.region import Region, selected
from dicomet._decoding.thumbnail import Reduction
from dicomet._decoding.tiling import Placement, Plane, TileSize, at_lower_resolution, tiling_of
from dicomet._parsing import tags
from dicomet._parsing.slide_elements import OpticalPath, SlideElements
from dicomet._utils.warn import WarnOnce
from dicomet.errors import PixelDataError, counted, short_repr, with_filename

# A larger region must have at least this share of pixels in tiles: of a sparse matrix, the file can state any size.
MAX_EMPTY_BYTES, MIN_SHARE = 1 << 30, 0.01
WHITE_SAMPLES = 3
FocalPlaneKey = int | float
"""The index of a focal plane (an integer), or its Z offset in micrometers (a float)."""


class PixelMatrix:
    """The total pixel matrix of a tiled image (PS3.3 C.8.12.14), of which regions are decoded on access.

    >>> matrix = dicomet.open("slide.dcm").pixel_matrix
    >>> region = matrix[10_000:12_000, 20_000:22_000]

    Tiles are decoded on all cores, and only those that a region shows. All methods are thread-safe. The matrix keeps
    the file open as long as it is referenced.

    Pixels that are in no tile, because the file has only some of the tiles (``TILED_SPARSE``), get the value
    `background`, with a warning on the first such region.

    Attributes
    ----------
    shape : tuple of int
        ``(rows, columns)`` or ``(rows, columns, samples)``.
    dtype : numpy.dtype
        As for `pixel_array`.
    ndim : int
        2 or 3.
    tile_shape : tuple of int
        ``(rows, columns)`` of a tile.
    grid_shape : tuple of int
        The number of tiles below each other and side by side that cover the matrix.
    optical_paths : tuple of OpticalPath
        Identifier and description of each optical path (PS3.3 C.8.12.5).
    focal_planes : tuple of float or None
        The Z offset of each focal plane in micrometers, from the slide upwards; None where the file does not state it.
    background : int or float
        The sample value of pixels that are in no tile: the largest one (white) of RGB and of MONOCHROME1, otherwise 0.

    """

    def __init__(self, frames: FrameReader, elements: SlideElements, naming: with_filename) -> None:
        """Check the tiling; see `OpenImage.pixel_matrix`."""
        self._frames, self._elements, self._naming = frames, elements, naming
        self._warn_once = WarnOnce()
        tile = TileSize(*frames.stored_shape[:2])
        levels = frames.description.reduce
        if levels:
            elements, tile = at_lower_resolution(elements, tile, levels)
            if tile != frames.frame_shape[:2]:
                found = f"a tile of {frames.frame_shape[:2]} at the lower resolution, expected {tuple(tile)}"
                raise PixelDataError(f"{tags.PIXEL_DATA.label}: found {found}", element=tags.PIXEL_DATA.label)
        self._tiling = tiling_of(elements, tile, frames.description.image.number_of_frames)

    @property
    def shape(self) -> tuple[int, ...]:
        """``(rows, columns[, samples])``."""
        return self._tiling.rows, self._tiling.columns, *self._frames.frame_shape[2:]

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the samples, as for `pixel_array`."""
        return self._frames.dtype

    @property
    def ndim(self) -> int:
        """The number of dimensions: 2, or 3 if pixels have several samples."""
        return len(self.shape)

    @property
    def tile_shape(self) -> tuple[int, int]:
        """``(rows, columns)`` of a tile."""
        rows, columns = self._tiling.tile
        return rows, columns

    @property
    def grid_shape(self) -> tuple[int, int]:
        """The tiles below each other and side by side."""
        return self._tiling.grid

    @property
    def optical_paths(self) -> tuple[OpticalPath, ...]:
        """Identifier and description of each optical path."""
        return self._tiling.optical_paths

    @property
    def focal_planes(self) -> tuple[float | None, ...]:
        """The Z offset of each focal plane in micrometers; None if it is not known."""
        return self._tiling.z_offsets

    @property
    def background(self) -> int | float:
        """The sample value of pixels that are in no tile."""
        image = self._frames.description.image
        is_bright = image.samples_per_pixel == WHITE_SAMPLES or image.photometric_interpretation == "MONOCHROME1"
        if not is_bright or self.dtype.kind not in "iu":
            return 0
        return int((1 << (image.bits_stored - image.pixel_representation)) - 1)

    def __repr__(self) -> str:
        """Return shape, dtype and the numbers of tiles and planes."""
        down, across = self.grid_shape
        planes = f"{counted(len(self.optical_paths), 'optical path')}, {counted(len(self.focal_planes), 'focal plane')}"
        return f"<dicomet.PixelMatrix, {self.shape} {self.dtype}, {down} x {across} tiles, {planes}>"

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.shape[0]

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:  # noqa: FBT001
        """Return the whole matrix, for `numpy.asarray`."""
        if copy is False:
            raise ValueError("a pixel matrix is decoded: there is no array without a copy")
        array = self[:]
        return array if dtype is None else array.astype(dtype, copy=False)

    def __getitem__(self, key: Any) -> np.ndarray:
        """Return a region of the first optical path and focal plane, as NumPy's basic indexing does.

        `key` has integers and slices of step 1; a third one, of the samples, may be any slice.
        """
        keys = list(key) if isinstance(key, tuple) else [key]
        for axis in [axis for axis, one in enumerate(keys) if one is Ellipsis][:1]:
            keys[axis : axis + 1] = [slice(None)] * (self.ndim + 1 - len(keys))
        if len(keys) > self.ndim:
            raise IndexError(f"found {counted(len(keys), 'index')}, expected at most {self.ndim}")
        keys += [slice(None)] * (2 - len(keys))
        array = self._read(Region.of((keys[0], keys[1]), self.shape), Plane(0, 0), None)
        if len(keys) == 2 and all(isinstance(one, slice) for one in keys):  # noqa: PLR2004 - rows and columns
            return array
        return array[*(slice(None) if isinstance(one, slice) else 0 for one in keys[:2]), *keys[2:]]

    def region(  # noqa: PLR0913 - a rectangle, and the plane that it lies in
        self,
        row: int,
        column: int,
        height: int,
        width: int,
        *,
        optical_path: int | str = 0,
        focal_plane: FocalPlaneKey = 0,
        out: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return a region of the matrix.

        Parameters
        ----------
        row, column : int
            The top left pixel of the region, counted from 0.
        height, width : int
            The rows and columns of the region, which must lie within the matrix.
        optical_path : int or str
            The index of an optical path, or its identifier or description.
        focal_plane : int or float
            The index of a focal plane (an integer), or its Z offset in micrometers (a float).
        out : numpy.ndarray, optional
            Decode into this array, which must have the shape and dtype of the result and be C-contiguous, and return
            it.

        Returns
        -------
        numpy.ndarray
            C-contiguous, writeable, owned by the caller, of shape ``(height, width[, samples])``.

        Raises
        ------
        IndexError
            The region is not within the matrix, or there is no such plane.
        PixelDataError, OSError
            A tile cannot be decoded, as for `pixel_array`.

        """
        region = Region.at((row, column), (height, width), self.shape)
        return self._read(region, self._plane(optical_path, focal_plane), out)

    def tile(self, row: int, column: int, *, optical_path: int | str = 0, focal_plane: FocalPlaneKey = 0) -> np.ndarray:
        """Return a tile of the grid that covers the matrix.

        Parameters
        ----------
        row, column : int
            The position of the tile in the grid, counted from 0; negative numbers count from the end.
        optical_path, focal_plane
            As for `region`.

        Returns
        -------
        numpy.ndarray
            The tile, without the padding of tiles at the right and lower edge, of shape ``(rows, columns[, samples])``.

        Raises
        ------
        IndexError, PixelDataError, OSError
            As for `region`.

        """
        ranges = []
        for name, number, count, size, end in zip(
            ("row", "column"), (row, column), self.grid_shape, self.tile_shape, self.shape, strict=False
        ):
            position = selected(number, count, f"{name} of tiles").start
            ranges.append(range(position * size, min((position + 1) * size, end)))
        return self._read(Region(*ranges), self._plane(optical_path, focal_plane), None)

    def thumbnail(self, size: int, *, optical_path: int | str = 0, focal_plane: FocalPlaneKey = 0) -> np.ndarray:
        """Return the whole matrix, reduced to a picture.

        All tiles are decoded, one after the other: of JPEG 2000 and HTJ2K at the lowest resolution that suffices, which
        takes a fraction of the time. Samples are averaged; indices of a palette, and types other than uint8, uint16 and
        float32, are picked.

        Parameters
        ----------
        size : int
            The longer side of the picture in pixels. A smaller matrix is not enlarged.
        optical_path, focal_plane
            As for `region`.

        Returns
        -------
        numpy.ndarray
            The stored values, of shape ``(rows, columns[, samples])``.

        Raises
        ------
        IndexError, PixelDataError, OSError
            As for `region`.

        """
        plane = self._plane(optical_path, focal_plane)
        number = operator.index(size)
        if number < 1:
            raise ValueError(f"'size': found {short_repr(number)}, expected 1 or more")
        reduction = Reduction.to(number, self.shape[:2], self._tiling.tile)
        with self._naming:
            whole = Region(range(self.shape[0]), range(self.shape[1]))
            placements = list(self._tiling.tiles.placed(plane, whole.rows, whole.columns))
            self._check_tiles(whole, placements, reduction.shape)
            picture = np.full((*reduction.shape, *self.shape[2:]), self.background, self.dtype)
            tiles = self._at_least(reduction.tile).read_ahead([placement.frame for placement in placements])
            for placement, tile in zip(placements, tiles, strict=True):
                reduction.draw(picture, placement, tile, self._tiling, averages=self._has_mean)
            return reduction.finished(picture, averages=self._has_mean)

    @property
    def _has_mean(self) -> bool:
        return self._frames.description.image.photometric_interpretation not in {"PALETTE COLOR", "PALETTE_COLOR"}

    def decoded_pixels(self, size: int) -> int:
        """Return the number of pixels that `thumbnail` decodes for one plane: a measure of its time."""
        reduced = self._at_least(Reduction.to(size, self.shape[:2], self._tiling.tile).tile)
        down, across = self.grid_shape
        return down * across * reduced.frame_shape[0] * reduced.frame_shape[1]

    def _at_least(self, tile: TileSize) -> FrameReader:
        """Return the frames at the lowest resolution that has at least this size."""
        frames = self._frames
        return frames if frames.description.reduce else frames.at_resolution((tile.rows, tile.columns))

    def _plane(self, optical_path: int | str, focal_plane: FocalPlaneKey) -> Plane:
        return Plane(self._optical_path(optical_path), self._focal_plane(focal_plane))

    def _optical_path(self, wanted: int | str) -> int:
        paths = self.optical_paths
        if not isinstance(wanted, str):
            return selected(wanted, len(paths), "optical path").start
        for names in ([path.identifier for path in paths], [path.description for path in paths]):
            if names.count(wanted) == 1:
                return names.index(wanted)
        known = ", ".join(
            short_repr(path.identifier) + (f" ({short_repr(path.description)})" if path.description else "")
            for path in paths
        )
        raise IndexError(f"optical path: found {short_repr(wanted)}, expected one of {known}")

    def _focal_plane(self, wanted: FocalPlaneKey) -> int:
        if not isinstance(wanted, float):
            return selected(wanted, len(self.focal_planes), "focal plane").start
        near = [
            index
            for index, offset in enumerate(self.focal_planes)
            if offset is not None and np.isclose(offset, wanted, rtol=1e-6, atol=1e-6)
        ]
        if len(near) != 1:
            raise IndexError(f"focal plane: found {wanted} micrometers, expected one of {self.focal_planes}")
        return near[0]

    def _read(self, region: Region, plane: Plane, out: np.ndarray | None) -> np.ndarray:
        with self._naming:
            placements = list(self._tiling.tiles.placed(plane, *region)) if region.area else []
            is_covered = self._check_tiles(region, placements, region.shape)
            shape = (*region.shape, *self.shape[2:])
            array = np.empty(shape, self.dtype) if out is None else check_out(out, shape, self.dtype)
            pixels = array.view(np.ndarray)
            if not is_covered:
                pixels[...] = self.background
            tiles = self._frames.read_ahead([placement.frame for placement in placements])
            for placement, tile in zip(placements, tiles, strict=True):
                covered, shown = region.overlap(placement, self._tiling.tile)
                pixels[covered] = tile[shown]
            return array

    def _check_tiles(self, region: Region, placements: list[Placement], shape: tuple[int, int]) -> bool:
        """Check the size of an array of `shape`, and return whether tiles cover the region."""
        self._frames.check_size(1, ArraySpec(self.dtype, (*shape, *self.shape[2:])))
        shown = sum(region.pixels_in(placement, self._tiling.tile) for placement in placements)
        if shown == region.area:
            return True
        bytes_of_array = math.prod((*shape, *self.shape[2:])) * self.dtype.itemsize
        if bytes_of_array > MAX_EMPTY_BYTES and shown < MIN_SHARE * region.area:
            found = f"{shown} of {region.area} pixels in tiles"
            expected = f"at least {MIN_SHARE:.0%} of a region of this size"
            label = tags.PER_FRAME_GROUPS.label
            raise PixelDataError(f"{label}: found {found}, expected {expected}", element=label)
        label, left = tags.PER_FRAME_GROUPS.label, region.area - shown
        self._warn_once(
            [f"{label}: found no tile for {left} of {region.area} pixels of a region: they are {self.background}"]
        )
        return False

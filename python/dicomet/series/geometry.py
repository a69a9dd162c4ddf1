"""The geometry of slices: their order along the normal, and the step from one to the next (PS3.3 C.7.6.2.1.1)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dicomet.errors import SeriesError
from dicomet.series.slices import Slice

# LPS to RAS: x and y change their signs.
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
# Positions are decimals of at most 16 characters (PS3.5 6.2), and some writers round them to 0.1 mm, so that slices at
# 0.625 mm are up to 0.05 mm, nearly a tenth of their distance, from an even spacing.
STEP_TOLERANCE = 0.1
# Slices closer than this, in mm, are at one position.
SAME_POSITION = 1e-3
# The angle in radians between step and normal from which slices count as tilted: 0.1 mm in 100 mm.
TILT_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Geometry:
    """Where the slices of a series are.

    Attributes
    ----------
    positions : numpy.ndarray
        float64 of shape ``(slices, 3)``: the positions of the slices, in order.
    normal : numpy.ndarray
        The unit vector of shape ``(3,)`` along which they are ordered.
    rows, columns : numpy.ndarray
        The vectors of shape ``(3,)``, in mm, from a pixel to that in the next row, and to that in the next column.
    step : numpy.ndarray or None
        The vector from a slice to the next one; None if it is not the same for all.

    """

    positions: np.ndarray
    normal: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    step: np.ndarray | None

    @property
    def along_normal(self) -> np.ndarray:
        """The distances of the slices from the origin, along the normal."""
        found: np.ndarray = self.positions @ self.normal
        return found

    @property
    def same_position(self) -> np.ndarray:
        """Bools of shape ``(slices - 1,)``: whether a slice is at the position of the one before it."""
        found: np.ndarray = np.diff(self.along_normal) <= SAME_POSITION
        return found

    @property
    def axes(self) -> np.ndarray:
        """The vectors of the three axes (slices, rows, columns) as the columns of a matrix; NaN for an unknown step."""
        step = np.full(3, np.nan) if self.step is None else self.step
        return np.stack([step, self.rows, self.columns], axis=1)

    @property
    def spacing(self) -> tuple[float, float, float]:
        """The lengths of the three axes, in mm; NaN for an unknown step."""
        slices, rows, columns = np.linalg.norm(self.axes, axis=0).tolist()
        return slices, rows, columns

    @property
    def direction(self) -> np.ndarray:
        """The unit vectors of the three axes as the columns of a matrix; for an unknown step, the normal."""
        axes = self.axes
        if self.step is None:
            axes[:, 0] = self.normal
        found: np.ndarray = axes / np.linalg.norm(axes, axis=0)
        return found

    @property
    def is_tilted(self) -> bool:
        """Whether the step is not along the normal, as with a tilted gantry."""
        if self.step is None:
            return False
        lateral = self.step - (self.step @ self.normal) * self.normal
        return bool(np.linalg.norm(lateral) > TILT_TOLERANCE * np.linalg.norm(self.step))

    def affine_lps(self) -> np.ndarray:
        """Return the matrix of shape ``(4, 4)`` from ``(slice, row, column, 1)`` to LPS coordinates in mm.

        Raises
        ------
        SeriesError
            The slices are not evenly spaced.

        """
        if self.step is None:
            raise SeriesError("found slices without an even spacing, which no affine describes: use their positions")
        affine = np.eye(4)
        affine[:3, :3], affine[:3, 3] = self.axes, self.positions[0]
        return affine


def sorted_slices(slices: Sequence[Slice]) -> tuple[Slice, ...]:
    """Return slices in ascending order along the normal of the first one; as they are, if a position is not known.

    The normal is the cross product of the directions of rows and columns, so that the axes are right-handed. Images at
    one position are ordered by Instance Number.
    """
    if not all(one.has_geometry for one in slices):
        return tuple(slices)
    normal = normal_of(slices[0])
    heights = np.array([one.position for one in slices]) @ normal
    order = np.argsort(heights, kind="stable")
    # Images at one position may differ by a rounding error.
    groups = np.cumsum(np.diff(heights[order], prepend=heights[order[:1]]) > SAME_POSITION)
    group_of = dict(zip(order.tolist(), groups.tolist(), strict=True))
    numbers = [one.instance_number or 0 for one in slices]
    return tuple(slices[index] for index in sorted(order.tolist(), key=lambda index: (group_of[index], numbers[index])))


def normal_of(one: Slice) -> np.ndarray:
    """Return the unit vector at right angles to a slice."""
    cosines = np.array(one.orientation)
    normal = np.cross(cosines[:3], cosines[3:])
    unit: np.ndarray = normal / np.linalg.norm(normal)
    return unit


def geometry_of(slices: Sequence[Slice]) -> Geometry:
    """Return the geometry of sorted slices of one orientation and pixel spacing, whose positions are known."""
    first = slices[0]
    # Written with few decimals, cosines are not exactly of length 1.
    row, column = (vector / np.linalg.norm(vector) for vector in np.array(first.orientation).reshape(2, 3))
    between_rows, between_columns = first.pixel_spacing or (np.nan, np.nan)
    positions, normal = np.array([one.position for one in slices]), normal_of(first)
    step = _step(positions, normal, first.thickness)
    # A row extends in the direction `row`, so that the next column is there.
    return Geometry(positions, normal, between_rows * column, between_columns * row, step)


def _step(positions: np.ndarray, normal: np.ndarray, thickness: float | None) -> np.ndarray | None:
    """Return the step of evenly spaced positions. That of a single slice is its thickness."""
    if len(positions) == 1:
        return None if thickness is None else thickness * normal
    step: np.ndarray = (positions[-1] - positions[0]) / (len(positions) - 1)
    height = float(step @ normal)
    if height <= SAME_POSITION:
        return None
    return step if deviation(positions) <= STEP_TOLERANCE * height else None


def deviation(points: np.ndarray) -> float:
    """Return the largest distance of `points`, of shape ``(count, dimensions)``, from evenly spaced ones that fit best.

    The best fit in least squares has half the deviation that the line from the first to the last has if all are
    rounded.
    """
    numbers = np.arange(len(points)) - (len(points) - 1) / 2
    offsets = points - points.mean(axis=0)
    step = numbers @ offsets / (numbers @ numbers)
    return float(np.linalg.norm(offsets - np.outer(numbers, step), axis=1).max())

"""`Volume`: the slices of a series as one array, with its position in space."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from dicomet.series.geometry import LPS_TO_RAS, Geometry
from dicomet.series.issues import files_of
from dicomet.series.slices import Slice

if TYPE_CHECKING:
    from dicomet.display.values import Values
    from dicomet.series.sources import SeriesFile


@dataclass(frozen=True, eq=False)
class Volume:
    """A series as one array. All properties are in the order of the axes of the array: slices, rows, columns.

    A notebook shows it as a contact sheet of some slices.

    Attributes
    ----------
    array : numpy.ndarray
        Array of shape ``(slices, rows, columns[, samples])``, C-contiguous and owned by the caller.
    slices : tuple of Slice
        The frame of each slice.
    values : {"modality", "stored", "display"}
        Which values the array has.

    """

    array: np.ndarray
    slices: tuple[Slice, ...]
    values: "Values"
    _geometry: Geometry = field(repr=False)

    def __repr__(self) -> str:
        """Show what does not identify the patient."""
        spacing = " x ".join(f"{one:.4g}" for one in self.spacing)
        return f"<dicomet.Volume {self.array.shape} {self.array.dtype}, {spacing} mm>"

    def _repr_png_(self) -> bytes | None:
        """Return a contact sheet of up to 6 slices for a notebook; None if the array cannot be shown."""
        # Made on each call, because the array may have changed.
        from dicomet.series.preview import volume_preview  # noqa: PLC0415 - imports pydicom

        return volume_preview(self).sheet

    def _repr_html_(self) -> str:
        """Return the description and the contact sheet for a notebook."""
        from dicomet.display.preview import as_html  # noqa: PLC0415 - imports pydicom
        from dicomet.series.preview import volume_lines, volume_preview  # noqa: PLC0415 - likewise

        return as_html(volume_lines(self), volume_preview(self))

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:  # noqa: FBT001
        """Return the array, for `numpy.asarray`."""
        return np.array(self.array, dtype, copy=copy)

    @property
    def shape(self) -> tuple[int, ...]:
        """``(slices, rows, columns[, samples])``."""
        return self.array.shape

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the array."""
        return self.array.dtype

    @property
    def files(self) -> "tuple[SeriesFile, ...]":
        """The files, in the order of their slices, each once."""
        return files_of(self.slices)

    @property
    def positions(self) -> np.ndarray:
        """float64 of shape ``(slices, 3)``: Image Position (Patient) of each slice, in mm, in LPS."""
        return self._geometry.positions.copy()

    @property
    def spacing(self) -> tuple[float, float, float]:
        """The distances in mm from slice to slice, row to row and column to column.

        That between slices is the length of the step from one position to the next, or, of a single slice, Spacing
        Between Slices or Slice Thickness. NaN if it is not the same for all slices, or not known.
        """
        return self._geometry.spacing

    @property
    def origin(self) -> tuple[float, float, float]:
        """The position of the center of the voxel ``array[0, 0, 0]``: x, y and z in mm, in LPS."""
        x, y, z = self._geometry.positions[0].tolist()
        return x, y, z

    @property
    def direction(self) -> np.ndarray:
        """float64 of shape ``(3, 3)``: the unit vectors of the axes, in LPS, as columns.

        The first one is the normal of the slices, except where slices are evenly shifted, as with a tilted gantry: then
        it is the direction of the step.
        """
        return self._geometry.direction

    @property
    def affine_lps(self) -> np.ndarray:
        """float64 of shape ``(4, 4)``: from ``(slice, row, column, 1)`` to ``(x, y, z, 1)`` in mm, in LPS as in DICOM.

        x increases to the left of the patient, y to the back and z to the head (PS3.3 C.7.6.2.1.1).

        Raises
        ------
        SeriesError
            The slices are not evenly spaced.

        """
        return self._geometry.affine_lps()

    @property
    def affine_ras(self) -> np.ndarray:
        """The same in RAS, as in NIfTI: x increases to the right, and y to the front.

        Raises
        ------
        SeriesError
            The slices are not evenly spaced.

        """
        found: np.ndarray = LPS_TO_RAS @ self.affine_lps
        return found

"""`Series`: the slices of one series, ordered in space, with what is unusual about them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dicomet.errors import SeriesError, counted
from dicomet.series.geometry import Geometry, geometry_of, sorted_slices
from dicomet.series.issues import (
    NOTES,
    PERMISSIONS,
    REQUIREMENTS,
    Permission,
    SeriesIssue,
    copies_of,
    files_of,
    groups_of,
    issues_of,
    without,
)
from dicomet.series.slices import DISTINGUISHING, Slice
from dicomet.series.volume_reader import read_volume_array

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from dicomet.display.preview import Preview
    from dicomet.display.values import Values
    from dicomet.display.voi_selection import WindowSpec
    from dicomet.series.sources import SeriesFile
    from dicomet.series.volume import Volume

Part = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, eq=False)
class Series:
    """The images of one series, ordered along the normal of the first (PS3.3 C.7.6.2.1.1).

    A notebook shows it as a contact sheet of some slices.

    Attributes
    ----------
    uid : str
        Series Instance UID; empty if the files have none.
    description : str
        Series Description; empty if it is missing.
    modality : str
        Modality, such as ``"CT"``.
    slices : tuple of Slice
        The frames, in order, each with its file, position and orientation.
    issues : tuple of SeriesIssue
        What is unusual: gaps, duplicates, mixed orientation, ...
    part : tuple
        The keywords and values of the elements that all slices share, and that distinguish this part from the others
        of `split`. Empty for a whole series.

    """

    uid: str
    description: str
    modality: str
    slices: tuple[Slice, ...]
    issues: tuple[SeriesIssue, ...]
    part: Part = ()
    _geometry: Geometry | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        """Show what does not identify the patient."""
        size = " x ".join(map(str, self.shape[1:3]))
        kinds = f", {', '.join(issue.kind for issue in self.issues)}" if self.issues else ""
        return f"<dicomet.Series {self.modality}, {counted(len(self.slices), 'slice')} of {size}{kinds}>"

    @cached_property
    def _preview(self) -> "Preview":
        """What a notebook shows, made on first access."""
        from dicomet.series.preview import series_preview  # noqa: PLC0415 - imports pydicom

        return series_preview(self)

    def _repr_png_(self) -> bytes | None:
        """Return a contact sheet of up to 6 slices for a notebook; None if none can be shown."""
        return self._preview.sheet

    def _repr_html_(self) -> str:
        """Return the description, the contact sheet and what is wrong for a notebook."""
        from dicomet.display.preview import as_html  # noqa: PLC0415 - imports pydicom
        from dicomet.series.preview import series_lines  # noqa: PLC0415 - likewise

        return as_html(series_lines(self), self._preview)

    def __len__(self) -> int:
        """Return the number of slices."""
        return len(self.slices)

    @property
    def files(self) -> "tuple[SeriesFile, ...]":
        """The files, in the order of their slices, each once."""
        return files_of(self.slices)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the volume in stored values: ``(slices, rows, columns[, samples])``; sizes of the first one."""
        first = self.slices[0]
        samples = first.pixels[0]
        return (len(self.slices), *first.size, *((samples,) if samples and samples > 1 else ()))

    @property
    def spacing(self) -> tuple[float, float, float] | None:
        """The distances between slices, rows and columns in mm, as for `Volume.spacing`; None if unknown."""
        return None if self._geometry is None else self._geometry.spacing

    @property
    def is_even(self) -> bool:
        """Whether the slices are evenly spaced, so that an affine describes them."""
        return self._geometry is not None and self._geometry.step is not None

    def split(self) -> "list[Series]":
        """Return the parts of the series that can each be a volume.

        The slices of a part have the same size, frame of reference, orientation and pixel spacing. Where images are at
        one position, parts are distinguished by elements such as Temporal Position Identifier, Diffusion b-value,
        Echo Number, Stack ID, Acquisition Number or Image Type. Copies of the same image are left out. A part may still
        have issues: images that no element distinguishes remain duplicates.

        Returns
        -------
        list of Series
            The parts, in the order of the values in `part`; the series itself if there is nothing to split.

        """
        parts: list[tuple[Part, list[Slice]]] = [((), without(self.slices, copies_of(self.slices)))]
        for requirement in REQUIREMENTS:
            parts = [
                (part + _part_of(requirement.keywords, value, is_only=len(groups) == 1), group)
                for part, slices in parts
                for groups in [groups_of(slices, requirement)]
                for value, group in groups
            ]
        parts = [one for part, slices in parts for one in _distinguished(part, slices)]
        return [self] if len(parts) == 1 and len(parts[0][1]) == len(self) else [self._part(*one) for one in parts]

    def check(self, allow: Collection[Permission] = ()) -> None:
        """Raise if the slices are not a volume. `allow`: kinds of issues that the caller accepts.

        Raises
        ------
        SeriesError
            There are other issues. The message names them, and their first files.

        """
        check_permissions(allow)
        found = tuple(issue for issue in self.issues if issue.kind not in {*allow, *NOTES, "rescale"})
        if found:
            raise series_error(found)

    def volume(  # noqa: PLR0913 - the options of the functions for one image
        self,
        *,
        values: "Values" = "modality",
        dtype: "DTypeLike | None" = None,
        window: "WindowSpec" = None,
        percentiles: tuple[float, float] = (1.0, 99.0),
        allow: Collection[Permission] = (),
        workers: int | None = None,
        max_bytes: int | None = None,
    ) -> "Volume":
        """Read and decode all slices into one array, in order, while threads read and decode the next ones.

        Parameters
        ----------
        values : {"modality", "stored", "display"}
            Values of the array: those of `dicomet.modality_values` (Hounsfield units for CT), `dicomet.pixel_array` or
            `dicomet.to_display`.
        dtype : optional
            For modality values, as for `dicomet.modality_values`: by default the narrowest integer type that holds
            every value of all slices, otherwise float32. For display values, as for `dicomet.to_display`.
        window : optional
            For display values, as for `dicomet.to_display`, but one window for all slices. None: the first usable view
            of the slice in the middle, or else the default of `to_display`. ``"minmax"``, ``"percentile"`` and
            ``"full"`` are measured over all slices.
        percentiles : tuple of float
            The lower and the upper percentile, 0 to 100, for ``"percentile"``.
        allow : collection of {"gaps", "shifts", "duplicates", "copies", "rescale"}
            Issues to accept. With gaps, shifts or duplicates, the array has all slices, none is made up, and the volume
            has no affine. Copies are left out. Stored values of slices with different rescale are not comparable.
        workers : int, optional
            The number of threads. By default, the value of the environment variable ``DICOMET_WORKERS``, or else the
            number of CPUs that the process may use.
        max_bytes : int, optional
            Maximum size of the array in bytes, as for `dicomet.pixel_array`.

        Returns
        -------
        Volume
            The array of shape ``(slices, rows, columns[, samples])``, with its geometry.

        Raises
        ------
        SeriesError
            The slices are not a volume: a `PixelDataError` that names the files.
        PixelDataError, OSError
            A file cannot be decoded or read. A `PixelDataError` names the file.
        ValueError, TypeError
            An argument is invalid.

        """
        from dicomet.series.volume import Volume  # noqa: PLC0415 - imports this module

        self.check(allow)
        rescale = tuple(issue for issue in self.issues if issue.kind == "rescale")
        if values == "stored" and rescale and "rescale" not in allow:
            raise series_error(rescale)
        slices = tuple(without(self.slices, copies_of(self.slices)))
        geometry = geometry_of(slices)
        array = read_volume_array(
            slices,
            values=values,
            dtype=dtype,
            window=window,
            percentiles=percentiles,
            workers=workers,
            max_bytes=max_bytes,
        )
        return Volume(array, slices, values, geometry)

    def _part(self, part: Part, slices: list[Slice]) -> "Series":
        return series_of(self.uid, self.description, self.modality, slices, self.part + part)


def series_of(uid: str, description: str, modality: str, slices: Sequence[Slice], part: Part = ()) -> Series:
    """Return the series of `slices`, ordered and checked."""
    ordered = sorted_slices(slices)
    issues = issues_of(ordered)
    is_placed = not any(issue.kind in _UNPLACED for issue in issues)
    return Series(uid, description, modality, ordered, issues, part, geometry_of(ordered) if is_placed else None)


_UNPLACED = frozenset({"geometry", "duplicates", "copies", *(requirement.kind for requirement in REQUIREMENTS)})


def series_error(issues: tuple[SeriesIssue, ...]) -> SeriesError:
    """Return the error that reports `issues`."""
    permitted = [issue.kind for issue in issues if issue.kind in PERMISSIONS]
    hints = []
    if any(issue.kind in _SPLIT for issue in issues):
        hints.append("split() returns the parts")
    if len(permitted) == len(issues):
        hints.append(f"allow={permitted!r} accepts it")
    hint = f" ({'; '.join(hints)})" if hints else ""
    error = SeriesError(f"not one volume: {'; '.join(issue.message for issue in issues)}{hint}")
    error.issues = issues
    return error


_SPLIT = frozenset({"duplicates", *(requirement.kind for requirement in REQUIREMENTS)})


def check_permissions(allow: Collection[Permission]) -> None:
    """Check the argument `allow`.

    Raises
    ------
    ValueError
        It has something that cannot be allowed.

    """
    kinds: list[str] = [allow] if isinstance(allow, str) else list(allow)
    unknown = [kind for kind in kinds if kind not in PERMISSIONS]
    if unknown or isinstance(allow, str):
        expected = f"a list of {', '.join(map(repr, PERMISSIONS))}"
        raise ValueError(f"'allow': found {(unknown or kinds)[0]!r}, expected {expected}")


def _part_of(keywords: tuple[str, ...], value: Any, *, is_only: bool) -> Part:
    if is_only:
        return ()
    return tuple(zip(keywords, value if len(keywords) > 1 else (value,), strict=True))


def _distinguished(part: Part, slices: list[Slice]) -> list[tuple[Part, list[Slice]]]:
    """Return slices without images at one position, as far as an element distinguishes those that there are."""
    if not all(one.has_geometry for one in slices):
        return [(part, slices)]
    ordered = sorted_slices(slices)
    most = _most_at_one_position(ordered)
    if most == 1:
        return [(part, list(ordered))]
    for index, keyword in enumerate(DISTINGUISHING):
        groups: dict[Any, list[Slice]] = {}
        for one in ordered:
            groups.setdefault(one.distinctions[index], []).append(one)
        # An element with more values differs from slice to slice, not from image to image at one position.
        if 1 < len(groups) <= most:
            found = sorted(groups.items(), key=lambda item: _sort_key(item[0]))
            return [one for value, group in found for one in _distinguished((*part, (keyword, value)), group)]
    return [(part, list(ordered))]


def _most_at_one_position(slices: Sequence[Slice]) -> int:
    """Return the largest number of images at one position."""
    most = run = 1
    for is_same in geometry_of(slices).same_position.tolist():
        run = run + 1 if is_same else 1
        most = max(most, run)
    return most


def _sort_key(value: Any) -> tuple[bool, bool, Any]:
    """Return a key that orders numbers as such, after missing values, and other values by their text."""
    is_number = isinstance(value, int | float)
    return value is not None, not is_number, value if is_number else str(value)

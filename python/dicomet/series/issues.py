"""What prevents the images of a series from being one volume, or is worth knowing about it."""

import operator
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from dicomet.errors import counted, first_of
from dicomet.series.geometry import STEP_TOLERANCE, Geometry, deviation, geometry_of
from dicomet.series.slices import Slice
from dicomet.series.sources import name_of

if TYPE_CHECKING:
    from dicomet.series.sources import SeriesFile

IssueKind = Literal[
    "geometry",
    "size",
    "pixels",
    "frame of reference",
    "orientation",
    "pixel spacing",
    "copies",
    "duplicates",
    "gaps",
    "shifts",
    "rescale",
    "tilt",
    "localizer",
]
"""The kinds of `SeriesIssue`."""
KINDS: tuple[IssueKind, ...] = get_args(IssueKind)
Permission = Literal["copies", "duplicates", "gaps", "shifts", "rescale"]
"""The kinds that a caller may allow, because the slices can be stacked nevertheless."""
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)
# These do not change what the array means.
NOTES = frozenset({"tilt", "localizer"})
# The largest difference of direction cosines, and the largest relative one of pixel spacings: a tenth of a pixel in a
# hundred, above the rounding of decimals.
COSINE_TOLERANCE = SPACING_TOLERANCE = 1e-3


@dataclass(frozen=True)
class SeriesIssue:
    """Something unusual about a series.

    Attributes
    ----------
    kind : str
        ``"geometry"``: position, orientation or pixel spacing is missing or invalid. ``"size"``, ``"pixels"`` (Samples
        per Pixel, Photometric Interpretation), ``"frame of reference"``, ``"orientation"``, ``"pixel spacing"``: it is
        not the same for all slices. ``"copies"``: the same image twice. ``"duplicates"``: different images at one
        position. ``"gaps"``: the distances between the slices differ. ``"shifts"``: slices are shifted in their plane,
        by different distances. ``"rescale"``: slope or intercept differ, which only stored values show. ``"tilt"``: the
        slices are evenly shifted, as with a tilted gantry. ``"localizer"``: an image is a localizer.
    message : str
        What was found and what was expected, with the names of the first files.
    files : tuple
        The files that have it; for ``"gaps"``, those on both sides of each.

    """

    kind: IssueKind
    message: str
    files: "tuple[SeriesFile, ...]"

    def __repr__(self) -> str:
        """Show what does not identify the patient; names of files may."""
        return f"<dicomet.SeriesIssue {self.kind!r}, {counted(len(self.files), 'file')}>"

    def __str__(self) -> str:
        """Return the message."""
        return self.message


@dataclass(frozen=True)
class Requirement:
    """What must be the same for all slices of a volume."""

    kind: IssueKind
    keywords: tuple[str, ...]
    value: Callable[[Slice], Any]
    is_same: Callable[[Any, Any], bool]


def _is_close(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Return whether direction cosines are the same."""
    return all(abs(a - b) <= COSINE_TOLERANCE for a, b in zip(one, other, strict=True))


def _is_near(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Return whether pixel spacings are the same."""
    return all(abs(a - b) <= SPACING_TOLERANCE * a for a, b in zip(one, other, strict=True))


def _within_tolerance(is_same: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Return a comparison that also takes None, which equals itself only."""
    return lambda one, other: one is other if one is None or other is None else is_same(one, other)


REQUIREMENTS = (
    Requirement("size", ("Rows", "Columns"), lambda one: one.size, operator.eq),
    Requirement("pixels", ("SamplesPerPixel", "PhotometricInterpretation"), lambda one: one.pixels, operator.eq),
    Requirement("frame of reference", ("FrameOfReferenceUID",), lambda one: one.frame_of_reference, operator.eq),
    Requirement("orientation", ("ImageOrientationPatient",), lambda one: one.orientation, _within_tolerance(_is_close)),
    Requirement("pixel spacing", ("PixelSpacing",), lambda one: one.pixel_spacing, _within_tolerance(_is_near)),
)


def groups_of(slices: Sequence[Slice], requirement: Requirement) -> list[tuple[Any, list[Slice]]]:
    """Return the slices by the value of `requirement`, in the order in which the values occur."""
    groups: dict[Hashable, tuple[Any, list[Slice]]] = {}
    for one in slices:
        value = requirement.value(one)
        if value not in groups:
            known = next((group for group in groups.values() if requirement.is_same(group[0], value)), None)
            groups[value] = known or (value, [])
        groups[value][1].append(one)
    found: dict[int, tuple[Any, list[Slice]]] = {id(group): group for group in groups.values()}
    return list(found.values())


def issues_of(slices: Sequence[Slice]) -> tuple[SeriesIssue, ...]:
    """Return the issues of sorted slices."""
    return tuple(_issues(slices))


def _issues(slices: Sequence[Slice]) -> Iterator[SeriesIssue]:
    unplaced = [one for one in slices if not one.has_geometry]
    if unplaced:
        yield _issue("geometry", unplaced, "without usable position, orientation and pixel spacing")
    is_uniform = not unplaced
    for requirement in REQUIREMENTS:
        groups = groups_of(slices, requirement)
        if len(groups) > 1:
            is_uniform = False
            yield _difference(requirement, groups)
    localizers = [one for one in slices if one.is_localizer]
    if localizers:
        yield _issue("localizer", localizers, "that are localizers by Image Type")
    yield from _repetitions(slices, is_placed=is_uniform)
    rescales = Counter(one.rescale for one in slices)
    if len(rescales) > 1:
        usual = rescales.most_common(1)[0][0]
        others = [one for one in slices if one.rescale != usual]
        yield _issue("rescale", others, "with another Rescale Slope or Rescale Intercept than the others")
    if is_uniform and slices:
        yield from _spacing_issues(slices)


def _difference(requirement: Requirement, groups: list[tuple[Any, list[Slice]]]) -> SeriesIssue:
    """Report the slices that do not have the most frequent value."""
    usual = max(groups, key=lambda group: len(group[1]))
    others = [one for group in groups if group is not usual for one in group[1]]
    return _issue(requirement.kind, others, f"with another {requirement.kind} than the other {len(usual[1])}")


def _repetitions(slices: Sequence[Slice], *, is_placed: bool) -> Iterator[SeriesIssue]:
    """Report images that occur twice, and different images at one position."""
    copies = copies_of(slices)
    if copies:
        yield _issue("copies", copies, "that are copies of others, by SOP Instance UID and all elements")
    if not is_placed:
        return
    distinct = without(slices, copies)
    same = geometry_of(distinct).same_position
    repeated = [one for one, is_same in zip(distinct[1:], same.tolist(), strict=True) if is_same]
    if repeated:
        yield _issue("duplicates", repeated, "at the position of another one")


def copies_of(slices: Sequence[Slice]) -> list[Slice]:
    """Return the slices that equal a previous one in all that was read of their headers."""
    known: set[Slice] = set()
    copies = []
    for one in slices:
        if one.sop_instance_uid is not None and one in known:
            copies.append(one)
        known.add(one)
    return copies


def without(slices: Sequence[Slice], left_out: Sequence[Slice]) -> list[Slice]:
    """Return the slices that are not among `left_out`, by identity."""
    ids = {id(one) for one in left_out}
    return [one for one in slices if id(one) not in ids]


def _spacing_issues(slices: Sequence[Slice]) -> Iterator[SeriesIssue]:
    """Report gaps, shifts and a tilt, of the slices at different positions."""
    geometry = geometry_of(slices)
    same = geometry.same_position.tolist()
    distinct = [slices[0], *(one for one, is_same in zip(slices[1:], same, strict=True) if not is_same)]
    geometry = geometry_of(distinct)
    if geometry.step is None and len(distinct) > 1:
        yield _unevenness(distinct, geometry)
    if geometry.is_tilted:
        yield _issue("tilt", [distinct[0]], "that begin a stack with an even shift, as of a tilted gantry")


def _unevenness(slices: list[Slice], geometry: Geometry) -> SeriesIssue:
    """Report the distances that differ, or, if none does, the shifts."""
    heights = geometry.along_normal
    steps = np.diff(heights)
    usual = float(np.median(steps))
    if deviation(heights[:, np.newaxis]) <= STEP_TOLERANCE * usual:
        lateral = geometry.positions - np.outer(heights, geometry.normal)
        changes = np.linalg.norm(np.diff(lateral, axis=0) - np.median(np.diff(lateral, axis=0), axis=0), axis=1)
        shifted = [slices[number + 1] for number in np.flatnonzero(changes > STEP_TOLERANCE * usual).tolist()]
        return _issue("shifts", shifted or slices[1:], "that are shifted in their plane")
    uneven = np.flatnonzero(np.abs(steps - usual) > STEP_TOLERANCE * usual).tolist()
    numbers = uneven or [int(np.abs(steps - usual).argmax())]
    found = first_of(
        [
            f"{steps[number]:.6g} mm between {_name(slices[number])} and {_name(slices[number + 1])}"
            for number in numbers
        ]
    )
    beside = [one for number in numbers for one in slices[number : number + 2]]
    return SeriesIssue("gaps", f"found {found}, expected {usual:.6g} mm as between most slices", files_of(beside))


def _issue(kind: IssueKind, slices: Sequence[Slice], what: str) -> SeriesIssue:
    message = f"found {counted(len(slices), 'slice')} {what} ({first_of([_name(one) for one in slices])})"
    return SeriesIssue(kind, message, files_of(slices))


def files_of(slices: Sequence[Slice]) -> "tuple[SeriesFile, ...]":
    """Return the files of slices in order, each once."""
    # Data sets are not hashable.
    return tuple({id(one.file): one.file for one in slices}.values())


def _name(one: Slice) -> str:
    """Return the name of a slice in a message: its file, and the frame of a file with several."""
    name = name_of(one.file) or f"{type(one.file).__name__} {one.instance_number or ''}".strip()
    return name if one.index == 0 else f"{name}, frame {one.index}"

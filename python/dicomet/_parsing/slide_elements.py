"""The elements of a tiled image: total pixel matrix, optical paths, focal planes, and the positions of the tiles.

PS3.3 C.7.6.17.3, C.8.12.5, C.8.12.6 and C.8.12.14. The Per-Frame Functional Groups of a slide have some 100,000 items:
they are scanned in Rust for the elements that are needed; what the scanner does not take, pydicom's parser reads.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dicomet._native import Source, tile_positions
from dicomet._parsing import tags
from dicomet._parsing.element_reader import ElementReader
from dicomet._parsing.elements_before_pixel_data import ValueLocation, ValueLocations
from dicomet._parsing.parse import is_dataset
from dicomet._parsing.parser_errors import as_pixel_data_error
from dicomet._parsing.pydicom_parser import read_elements
from dicomet._parsing.tags import Tag
from dicomet.errors import MissingElementError, PixelDataError, short_repr

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

TILED_FULL = "TILED_FULL"
ABSENT = np.iinfo(np.int32).min
"""A row or column position that a frame does not have."""
NO_PATH = np.iinfo(np.uint32).max
"""The index of the optical path of a frame without Optical Path Identifier."""
_READ = (
    tags.DIMENSION_ORGANIZATION_TYPE,
    tags.CONCATENATION_FRAME_OFFSET_NUMBER,
    tags.TOTAL_PIXEL_MATRIX_ROWS,
    tags.TOTAL_PIXEL_MATRIX_COLUMNS,
    tags.TOTAL_PIXEL_MATRIX_ORIGIN_SEQUENCE,
    tags.TOTAL_PIXEL_MATRIX_FOCAL_PLANES,
    tags.NUMBER_OF_OPTICAL_PATHS,
    tags.OPTICAL_PATH_SEQUENCE,
    tags.SHARED_GROUPS,
)


class OpticalPath(NamedTuple):
    """An optical path of a slide (PS3.3 C.8.12.5), such as brightfield or the channel of a fluorescent dye.

    Attributes
    ----------
    identifier : str
        Optical Path Identifier; empty if the file has none.
    description : str or None
        Optical Path Description.

    """

    identifier: str
    description: str | None = None


class FramePositions(NamedTuple):
    """The positions of all frames, as the file states them, one value for each frame.

    `rows`, `columns`: of the top left pixel in the total pixel matrix, counted from 1 (int32); `ABSENT` if missing.
    `z_offsets`: in micrometers (float64); NaN if missing. `optical_paths`: indices of `identifiers` (uint32); `NO_PATH`
    if missing.
    """

    rows: np.ndarray
    columns: np.ndarray
    z_offsets: np.ndarray
    optical_paths: np.ndarray
    identifiers: tuple[str, ...]


@dataclass(frozen=True)
class SlideElements:
    """The elements of a tiled image, unchecked except for their VR and VM; None for those that are missing.

    `is_full`: whether the positions of the frames are implied (``TILED_FULL``). `positions`: those of the frames if
    they are not implied and the file has them. `shared`: the position of all frames, if they share it. `first_frame`:
    the number of the first frame of this file in a concatenation, from 0; None outside of a concatenation. `z_origin`
    in micrometers, `z_spacing` in mm.
    """

    rows: int
    columns: int
    is_full: bool
    focal_planes: int | None
    number_of_optical_paths: int | None
    optical_paths: tuple[OpticalPath, ...]
    first_frame: int | None
    z_origin: float | None
    z_spacing: float | None
    positions: FramePositions | None
    shared: FramePositions


def read_slide_elements(src: "Source | Dataset") -> SlideElements:
    """Return the elements of the tiled image `src`.

    Raises
    ------
    MissingElementError
        The image has no total pixel matrix: it is not tiled.
    PixelDataError
        An element cannot be read.

    """
    locations: ValueLocations = {tags.PER_FRAME_GROUPS: None}
    dataset: Any = src if is_dataset(src) else read_elements(src, _READ, locations)  # type: ignore[arg-type]
    reader = _Reader(dataset)
    organization = reader.value(tags.DIMENSION_ORGANIZATION_TYPE)
    is_full = organization == TILED_FULL
    origin = reader.only_item(tags.TOTAL_PIXEL_MATRIX_ORIGIN_SEQUENCE)
    shared = reader.only_item(tags.SHARED_GROUPS)
    return SlideElements(
        rows=reader.required(tags.TOTAL_PIXEL_MATRIX_ROWS),
        columns=reader.required(tags.TOTAL_PIXEL_MATRIX_COLUMNS),
        is_full=is_full,
        focal_planes=reader.value(tags.TOTAL_PIXEL_MATRIX_FOCAL_PLANES),
        number_of_optical_paths=reader.value(tags.NUMBER_OF_OPTICAL_PATHS),
        optical_paths=tuple(
            OpticalPath(
                path.value(tags.OPTICAL_PATH_IDENTIFIER) or "", path.value(tags.OPTICAL_PATH_DESCRIPTION) or None
            )
            for path in reader.items(tags.OPTICAL_PATH_SEQUENCE)
        ),
        first_frame=reader.value(tags.CONCATENATION_FRAME_OFFSET_NUMBER),
        z_origin=origin.value(tags.Z_OFFSET),
        z_spacing=shared.only_item(tags.PIXEL_MEASURES_SEQUENCE).value(tags.SPACING_BETWEEN_SLICES),
        positions=None if is_full else _positions(src, dataset, locations[tags.PER_FRAME_GROUPS]),
        shared=_of_items([shared]),
    )


def has_pixel_matrix(src: "Source | Dataset") -> bool:
    """Return whether an image has a total pixel matrix, without reading the functional groups of its frames.

    False if the header cannot be read.
    """
    tag = tags.TOTAL_PIXEL_MATRIX_ROWS
    locations: ValueLocations = {tags.PER_FRAME_GROUPS: None}
    try:
        dataset: Any = src if is_dataset(src) else read_elements(src, [tag], locations)  # type: ignore[arg-type]
    except PixelDataError:
        return False
    return tag in dataset


class _Reader:
    """The elements of a data set. One that cannot be read is an error, not a missing one."""

    def __init__(self, dataset: Any) -> None:
        self._messages: list[str] = []
        self._reader = ElementReader(dataset, self._messages)

    def value(self, tag: Tag) -> Any:
        value = self._reader.own(tag.keyword)
        self._check()
        return value

    def required(self, tag: Tag) -> int:
        value = self.value(tag)
        if value is None:
            raise MissingElementError(f"no {tag.label}, which every tiled image has", element=tag.label)
        if value < 1:
            raise PixelDataError(f"{tag.label}: found {short_repr(value)}, expected 1 or more", element=tag.label)
        return int(value)

    def items(self, tag: Tag) -> "list[_Reader]":
        items = self._reader.items(tag.keyword)
        self._check()
        return [_Reader(item) for item in items]

    def only_item(self, tag: Tag) -> "_Reader":
        """Return the item of a sequence of one item; one without elements if there is none."""
        return next(iter(self.items(tag)), _Reader({}))

    def _check(self) -> None:
        if self._messages:
            raise PixelDataError(self._messages[0], element=self._messages[0].partition(":")[0])


def _positions(src: "Source | Dataset", dataset: Any, location: ValueLocation | None) -> FramePositions | None:
    """Return the positions of the frames; None if there are no Per-Frame Functional Groups."""
    if not isinstance(src, Source):
        location = _location_in(src)
    if location is not None:
        found = tile_positions(
            location.source,
            value=location.offset,
            length=location.length,
            implicit=location.implicit,
            big_endian=location.big_endian,
        )
        if found is not None and found[0]:
            rows, columns, z_offsets, optical_paths, identifiers = found
            return FramePositions(
                np.frombuffer(rows, np.int32),
                np.frombuffer(columns, np.int32),
                np.frombuffer(z_offsets, np.float64),
                np.frombuffer(optical_paths, np.uint32),
                tuple(identifier.decode("ascii") for identifier in identifiers),
            )
    if isinstance(src, Source):
        dataset = read_elements(src, [tags.PER_FRAME_GROUPS])
    items = _Reader(dataset).items(tags.PER_FRAME_GROUPS)
    return _of_items(items) if items else None


def _location_in(dataset: "Dataset") -> ValueLocation | None:
    """Return the value of the sequence in a data set; None if it has been parsed, or is missing."""
    element: Any = dataset.get_item(tags.PER_FRAME_GROUPS) if tags.PER_FRAME_GROUPS in dataset else None
    value = getattr(element, "value", None)
    if not isinstance(value, bytes) or element.VR not in {None, "SQ"}:
        return None
    return ValueLocation(Source.from_buffer(value), 0, len(value), element.is_implicit_VR, not element.is_little_endian)


def _of_items(items: Iterable[_Reader]) -> FramePositions:
    """Return the positions that items of functional groups state."""
    identifiers: dict[str, int] = {}
    with as_pixel_data_error():
        stated = list(_stated_positions(items, identifiers))
    rows, columns, z_offsets, optical_paths = zip(*stated, strict=True) if stated else ((),) * 4
    return FramePositions(
        np.array(rows, np.int32),
        np.array(columns, np.int32),
        np.array(z_offsets, np.float64),
        np.array(optical_paths, np.uint32),
        tuple(identifiers),
    )


def _stated_positions(items: Iterable[_Reader], identifiers: dict[str, int]) -> Iterator[tuple[int, int, float, int]]:
    """Yield row, column, Z offset and index of the optical path of each item. Add new paths to `identifiers`."""
    for item in items:
        plane = item.only_item(tags.PLANE_POSITION_SLIDE_SEQUENCE)
        row, column, z_offset = map(plane.value, (tags.ROW_POSITION, tags.COLUMN_POSITION, tags.Z_OFFSET))
        identifier = item.only_item(tags.OPTICAL_PATH_IDENTIFICATION_SEQUENCE).value(tags.OPTICAL_PATH_IDENTIFIER)
        index = NO_PATH if identifier is None else identifiers.setdefault(identifier, len(identifiers))
        yield (
            ABSENT if row is None else row,
            ABSENT if column is None else column,
            np.nan if z_offset is None else z_offset,
            index,
        )

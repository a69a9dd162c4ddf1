"""The frames of an enhanced multi-frame file: the elements in their functional groups (PS3.3 C.7.6.16)."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dicomet._parsing.header_values import NamedElement, dataset_values
from dicomet._parsing.parse import is_dataset
from dicomet._parsing.parser_errors import as_pixel_data_error
from dicomet._parsing.source import open_source
from dicomet._parsing.tags import PER_FRAME_GROUPS, SHARED_GROUPS, number_text
from dicomet.errors import PixelDataError, counted
from dicomet.series.sources import ArchiveMember

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomet.series.sources import SeriesFile


def frames_of(file: "SeriesFile", count: int, elements: Sequence[NamedElement]) -> Iterator[dict[str, Any]]:
    """Yield the values of `elements` in the functional groups of each of `count` frames.

    A frame's own groups count before the shared ones. Several frames without groups of their own are not yielded.

    Raises
    ------
    PixelDataError, OSError
        The functional groups cannot be read, or are fewer than the frames.

    """
    dataset = _with_groups(file)
    shared, per_frame = _items(dataset, SHARED_GROUPS), _items(dataset, PER_FRAME_GROUPS)
    if not per_frame and count > 1:
        return
    if 0 < len(per_frame) != count:
        # PS3.3 C.7.6.16.1.1: one item for each frame.
        label = PER_FRAME_GROUPS.label
        found = f"{label}: found {counted(len(per_frame), 'item')}, expected {count}"
        raise PixelDataError(found, element=label)
    common = _values(shared[0], elements) if shared else {}
    for number in range(count):
        own = _values(per_frame[number], elements) if per_frame else {}
        yield {element.keyword: own.get(element.keyword, common.get(element.keyword)) for element in elements}


def _values(groups: "Dataset", elements: Sequence[NamedElement]) -> dict[str, Any]:
    """Return those of `elements` that a functional group has, in the first item of the sequence that it is."""
    found: dict[str, Any] = {}
    with as_pixel_data_error():
        for group in groups:
            if group.VR != "SQ" or not group.value:
                continue
            item = group.value[0]
            present = [element for element in elements if element.tag in item]
            found |= dataset_values(item, present).values
    return found


def _with_groups(file: "SeriesFile") -> "Dataset":
    from dicomet._parsing.pydicom_parser import read_elements  # noqa: PLC0415 - imports pydicom

    if is_dataset(file):
        return file
    source = file.source() if isinstance(file, ArchiveMember) else open_source(file)
    return read_elements(source, (SHARED_GROUPS, PER_FRAME_GROUPS))


def _items(dataset: "Dataset", tag: int) -> "Sequence[Dataset]":
    with as_pixel_data_error():
        value = dataset[tag].value if tag in dataset else None
    if value is not None and not hasattr(value, "__len__"):
        raise PixelDataError(f"{number_text(tag)}: found no sequence, expected one")
    return value or ()

"""The elements before the pixel data, read by pydicom's parser, and the header of the pixel data element."""

import functools
import struct
from collections.abc import Iterable
from typing import BinaryIO, NamedTuple

from pydicom.datadict import DicomDictionary  # type: ignore[attr-defined]
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.uid import UID

from dicomet._native import Source, find_delimiter
from dicomet._parsing import blank_vr
from dicomet._parsing.parsed import KEYWORDS
from dicomet._parsing.parser_errors import as_pixel_data_error
from dicomet._parsing.tags import (
    EXTENDED_OFFSET_TABLE,
    EXTENDED_OFFSET_TABLE_LENGTHS,
    HIGH_BIT,
    IMAGE_PIXEL,
    PIXEL_DATA,
)
from dicomet._parsing.transfer_syntax import encoding_of
from dicomet.errors import MissingElementError

IMAGE_PIXEL_TAGS = frozenset(map(int, IMAGE_PIXEL))
UNDEFINED_LENGTH = 0xFFFFFFFF


class ValueLocation(NamedTuple):
    """Where the value of an element is that the parser skips.

    `source`: the source that `offset` refers to: for a deflated file, the inflated one. `length`: None if it is
    undefined.
    """

    source: Source
    offset: int
    length: int | None
    implicit: bool
    big_endian: bool


ValueLocations = dict[int, ValueLocation | None]
"""Sequences to find without reading their items, by tag. The parser sets the locations of those that it finds."""


def read_up_to_pixel_data(  # noqa: PLR0913, PLR0917 - the results of the steps before
    source: Source,
    file: BinaryIO,
    file_meta: FileMetaDataset,
    transfer_syntax: UID,
    specific_tags: Iterable[int] | None,
    locations: ValueLocations | None = None,
) -> Dataset:
    """Return the elements before the pixel data, and leave `file` at the pixel data element's tag, or at its end."""
    tags = IMAGE_PIXEL_TAGS | {EXTENDED_OFFSET_TABLE, EXTENDED_OFFSET_TABLE_LENGTHS, HIGH_BIT}
    if specific_tags is not None:
        tags = tags | _group_0028() | set(specific_tags)
    implicit, little_endian = encoding_of(transfer_syntax)

    def is_pixel_data(tag: int, vr: str | None, length: int) -> bool:
        if int(tag) in KEYWORDS:
            return True
        if locations is not None and int(tag) in locations and vr in {None, "SQ"}:
            found = None if length == UNDEFINED_LENGTH else length
            locations[int(tag)] = ValueLocation(source, file.tell(), found, vr is None, not little_endian)
        if length == UNDEFINED_LENGTH and tag not in tags and (vr is None) == implicit:
            # Skip it: the parser would build all items and then drop them; 1 MB of empty items take 85 MB of memory.
            delimiter = find_delimiter(source, tag=tag, vr=vr, value=file.tell(), big_endian=not little_endian)
            file.seek(file.tell() if delimiter is None else delimiter)
        return False

    with as_pixel_data_error():
        if implicit:
            dataset = read_dataset(
                file,
                is_implicit_VR=True,
                is_little_endian=little_endian,
                stop_when=is_pixel_data,
                specific_tags=list(tags),
            )
        else:
            dataset = blank_vr.read_explicit(file, little_endian=little_endian, stop_when=is_pixel_data, tags=set(tags))
    dataset.file_meta = file_meta
    return dataset


@functools.cache
def _group_0028() -> frozenset[int]:
    """Return the tags of group 0028 that are not retired: pydicom returns these elements in ``ds_out``."""
    return frozenset(tag for tag, entry in DicomDictionary.items() if tag >> 16 == 0x0028 and not entry[3])  # noqa: PLR2004


def read_element_header(
    file: BinaryIO, dataset: Dataset, transfer_syntax: UID, end: int
) -> tuple[int, str | None, int]:
    """Read tag, VR and length (PS3.5 7.1) of the pixel data element.

    The encoding is the one that pydicom has detected, which is not always that of the transfer syntax.
    """
    implicit, little_endian = dataset.original_encoding
    order = "<" if little_endian else ">"
    start, header = file.tell(), file.read(12)
    if encoding_of(transfer_syntax)[0] and not b"AA" <= header[4:6] <= b"ZZ":
        # In a data set with elements in both implicit and explicit VR, pydicom's parser decides for each element.
        implicit = True
    size = 8 if implicit else 12
    if len(header) < size:
        raise no_pixel_data("The dataset in 'src'")
    file.seek(start + size)
    vr: str | None = None
    if implicit:
        group, element, length = struct.unpack_from(f"{order}HHL", header)
    elif header[4:6] in blank_vr.BLANK:
        group, element = struct.unpack_from(f"{order}HH", header)
        size, length = blank_vr.pixel_data_header(header, order, end - start)
        file.seek(start + size)
    else:
        group, element, name, length = struct.unpack(f"{order}HH2s2xL", header)
        vr = name.decode("latin-1")
    tag = group << 16 | element
    if tag not in KEYWORDS:
        # pydicom's parser also stops at a delimitation item outside of a sequence.
        raise no_pixel_data("The dataset in 'src'")
    return tag, vr, length


def no_pixel_data(where: str) -> MissingElementError:
    """Return the error for a data set without pixel data, with pydicom's message."""
    return MissingElementError(
        f"{where} has no 'Pixel Data', 'Float Pixel Data' or 'Double Float Pixel Data' element, no pixel data to "
        "decode",
        element=PIXEL_DATA.label,
    )

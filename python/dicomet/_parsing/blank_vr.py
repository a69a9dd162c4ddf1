"""Data elements whose VR is two blanks or two NULs, which some writers leave if they do not know the VR.

PS3.5 7.1.2 requires a VR. pydicom's parser takes such an element for one in implicit VR, reads VR and length as one
32-bit length, and loses its position. This module takes the VR from the dictionary (PS3.6).
"""

import struct
from collections.abc import Callable, MutableSequence
from typing import BinaryIO, NamedTuple

from pydicom.charset import default_encoding
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import ENCODED_VR, read_dataset
from pydicom.tag import BaseTag
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

from dicomet._parsing.tags import label_of
from dicomet._utils.warn import warn

NULLS = b"\0\0"
BLANK = frozenset({b"  ", NULLS})
ITEM_GROUP = 0xFFFE
SHORT_HEADER, LONG_HEADER = 8, 12

StopWhen = Callable[[int, str | None, int], bool]


class Header(NamedTuple):
    """The header of an element with a blank VR. `vr` is that of the dictionary, `value` the offset of the value."""

    tag: int
    vr: str
    value: int
    length: int

    @property
    def end(self) -> int:
        """The offset of the next element."""
        return self.value + self.length


def read_explicit(file: BinaryIO, *, little_endian: bool, stop_when: StopWhen, tags: set[int]) -> Dataset:
    """Read the elements `tags` of a data set in explicit VR, up to the element for which `stop_when` is true.

    Elements at the top level with a blank VR are read, too, with a warning, if the dictionary has their tag.
    """
    elements: dict[BaseTag, RawDataElement | DataElement] = {}
    found: list[Header] = []
    encoding: str | MutableSequence[str] = default_encoding
    implicit = False
    while True:
        while (header := _blank_header(file, stop_when, little_endian=little_endian)) is not None:
            found.append(header)
            if header.tag in tags:
                elements[BaseTag(header.tag)] = _raw_element(file, header, little_endian=little_endian)
            file.seek(header.end)
        stop = _StopAtBlank(file, stop_when, little_endian=little_endian, is_first=not found)
        part = read_dataset(
            file,
            is_implicit_VR=False,
            is_little_endian=little_endian,
            stop_when=stop,
            specific_tags=list(tags),
            parent_encoding=encoding,
        )
        elements |= part._dict  # noqa: SLF001 - no public access to raw elements
        encoding = part.original_character_set
        if not found:
            implicit = bool(part.original_encoding[0])
        if not stop.is_at_blank:
            break
    if found:
        _warn_of(found)
    dataset = Dataset(elements, parent_encoding=encoding)
    dataset.set_original_encoding(implicit, little_endian, encoding)
    return dataset


class _StopAtBlank:
    """A `stop_when` for pydicom's parser: true where the caller's is, and at an element with a blank VR."""

    def __init__(self, file: BinaryIO, stop_when: StopWhen, *, little_endian: bool, is_first: bool) -> None:
        self._file = file
        self._stop_when = stop_when
        self._little_endian = little_endian
        # At the first element, pydicom detects whether the data set is in explicit VR at all.
        self._is_explicit = None if is_first else True
        self.is_at_blank = False

    def __call__(self, tag: int, vr: str | None, length: int) -> bool:
        if self._stop_when(tag, vr, length):
            return True
        if self._is_explicit is None:
            self._is_explicit = vr is not None and vr.encode("latin-1") in ENCODED_VR
        if not self._is_explicit or vr is not None:
            return False
        # The file is at what the parser takes for the value of an element in implicit VR.
        value = self._file.tell()
        self._file.seek(value - SHORT_HEADER)
        header = _blank_header(self._file, self._stop_when, little_endian=self._little_endian)
        self._file.seek(value)
        self.is_at_blank = header is not None
        return self.is_at_blank


def _blank_header(file: BinaryIO, stop_when: StopWhen, *, little_endian: bool) -> Header | None:
    """Return the header of the element at the position of `file`; None if its VR is not blank. Keep the position."""
    start = file.tell()
    header = file.read(LONG_HEADER)
    file.seek(start)
    if len(header) < SHORT_HEADER or header[4:6] not in BLANK:
        return None
    order = "<" if little_endian else ">"
    group, element, vr, length = struct.unpack_from(f"{order}HH2sH", header)
    tag = group << 16 | element
    if group == ITEM_GROUP or stop_when(tag, None, length):
        return None
    try:
        known = dictionary_VR(tag)
    except KeyError:
        return None
    size = SHORT_HEADER
    if is_long(known) and length == 0 and len(header) == LONG_HEADER:
        size, (length,) = LONG_HEADER, struct.unpack_from(f"{order}L", header, SHORT_HEADER)
    elif is_long(known) and vr == NULLS:
        # An element in implicit VR: its length, a multiple of 65536, has two NULs in the place of the VR.
        return None
    found = Header(tag, known, start + size, length)
    return found if _is_header_at(file, found.end, start) else None


def pixel_data_header(header: bytes, order: str, left: int) -> tuple[int, int]:
    """Return the sizes of header and value of a pixel data element with a blank VR.

    `left` is the number of bytes from the start of the header to the end of the data.
    """
    (short,) = struct.unpack_from(f"{order}H", header, 6)
    (whole,) = struct.unpack_from(f"{order}L", header, 4)
    if short > 0:
        # In implicit VR, the two NULs are half of a 32-bit length.
        if header[4:6] == NULLS and whole <= left - SHORT_HEADER:
            return SHORT_HEADER, whole
        if short <= left - SHORT_HEADER:
            return SHORT_HEADER, short
    return LONG_HEADER, struct.unpack_from(f"{order}L", header, SHORT_HEADER)[0]


def is_long(vr: str) -> bool:
    """Return whether a VR of the dictionary, such as "OB or OW", has a 32-bit length (PS3.5 7.1.2)."""
    return any(one in EXPLICIT_VR_LENGTH_32 for one in vr.split(" or "))


def _is_header_at(file: BinaryIO, offset: int, back: int) -> bool:
    """Return whether an element in explicit VR, an item or the end of the file is at `offset`. Then seek to `back`."""
    file.seek(offset)
    header = file.read(SHORT_HEADER)
    file.seek(back)
    if len(header) < SHORT_HEADER:
        return not header
    is_item = ITEM_GROUP in struct.unpack_from("<H", header) + struct.unpack_from(">H", header)
    return is_item or header[4:6] in ENCODED_VR or header[4:6] in BLANK


def _raw_element(file: BinaryIO, header: Header, *, little_endian: bool) -> RawDataElement:
    file.seek(header.value)
    value = file.read(header.length)
    # For VR None, pydicom takes the VR of the dictionary, and resolves an ambiguous one.
    return RawDataElement(BaseTag(header.tag), None, header.length, value, header.value, False, little_endian)  # noqa: FBT003


def _warn_of(found: list[Header]) -> None:
    tag, vr, *_ = found[0]
    more = f" (and {len(found) - 1} more elements)" if len(found) > 1 else ""
    warn(f"{label_of(tag)}: found a blank VR, expected {vr}: that of the dictionary is used{more}")

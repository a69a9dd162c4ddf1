"""The values of elements that a caller names, from the bytes of a scanned header, or from a data set of pydicom's."""

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dicomet._parsing.tags import PIXEL_REPRESENTATION, ROWS, number_text
from dicomet._parsing.transfer_syntax import EXPLICIT_VR_BIG_ENDIAN
from dicomet.errors import short_repr

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

SPECIFIC_CHARACTER_SET = 0x00080005
# The codes of `struct` for the binary VRs (PS3.5 6.2).
_BINARY = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "UV": "Q", "SV": "q", "FL": "f", "FD": "d"}
_TEXT = frozenset(
    {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"}
)
# VRs whose values may contain a backslash, and those in the character set of the data set.
_UNDIVIDED = frozenset({"LT", "ST", "UR", "UT"})
_IN_CHARACTER_SET = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})


def _integer(text: str) -> int:
    """Return a number of VR IS. Some writers add a fraction of 0."""
    try:
        return int(text)
    except ValueError:
        number = float(text)
        if not number.is_integer():
            raise
        return int(number)


_NUMBERS: dict[str, Callable[[str], float]] = {"DS": float, "IS": _integer}


@dataclass(frozen=True, slots=True)
class NamedElement:
    """An element that a caller names, by its keyword, with its entry in the data dictionary (PS3.6).

    Attributes
    ----------
    keyword, vr : str
        The entry. A VR may be a choice, such as ``"US or SS"``.
    tag : int
        The tag.
    is_single : bool
        Whether the element has one value (VM 1).

    """

    keyword: str
    tag: int
    vr: str
    is_single: bool


def named_element(keyword: str) -> NamedElement:
    """Return the element with this keyword.

    Raises
    ------
    ValueError
        There is no such element, or it is a sequence.

    """
    from pydicom.datadict import dictionary_VM, dictionary_VR, tag_for_keyword  # noqa: PLC0415 - imports pydicom

    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ValueError(f"'elements': found {short_repr(keyword)}, expected a keyword of PS3.6")
    vr = dictionary_VR(tag)
    if vr == "SQ":
        raise ValueError(f"'elements': found the sequence {keyword}, expected an element with values")
    return NamedElement(keyword, tag, vr, is_single=dictionary_VM(tag) == "1")


@dataclass(frozen=True, slots=True)
class HeaderValues:
    """The values of named elements of one header.

    Attributes
    ----------
    values : dict
        By keyword: a number, a text, bytes, or a tuple of these; None for an element that is missing or empty.
    has_pixel_data : bool
        Whether the data set has pixel data.
    error : str or None
        Why the header, or a value, cannot be read.

    """

    values: dict[str, Any]
    has_pixel_data: bool = False
    error: str | None = None


Scanned = tuple[str, bool, tuple[tuple[int, str | None, bytes], ...]]
"""The result of `_native.scan_elements`."""


def tags_of(elements: Iterable[NamedElement]) -> list[int]:
    """Return the tags to scan for: those of `elements`, and those that their values depend on."""
    return sorted({SPECIFIC_CHARACTER_SET, int(PIXEL_REPRESENTATION), *(element.tag for element in elements)})


def scanned_values(scanned: Scanned, elements: Sequence[NamedElement]) -> HeaderValues:
    """Return the values of `elements` in a scanned header."""
    transfer_syntax, has_pixel_data, found = scanned
    order = ">" if transfer_syntax == EXPLICIT_VR_BIG_ENDIAN else "<"
    stored = {tag: (vr, value) for tag, vr, value in found}
    character_set = stored.get(SPECIFIC_CHARACTER_SET, (None, b""))[1]
    is_signed = stored.get(PIXEL_REPRESENTATION, (None, b""))[1].strip(b"\0") == b"\x01"
    values: dict[str, Any] = {}
    error = None
    for element in elements:
        vr, value = stored.get(element.tag, (None, b""))
        if not value:
            values[element.keyword] = None
            continue
        explicit = _vr_of(element, vr, is_signed=is_signed)
        try:
            parts = _parts(explicit, value, order, character_set if explicit in _IN_CHARACTER_SET else b"")
        except (ValueError, struct.error, LookupError):
            error = error or _unreadable(element, value)
            parts = ()
        values[element.keyword] = _one_or_all(parts, element)
    return HeaderValues(values, has_pixel_data, error)


def dataset_values(dataset: "Dataset", elements: Sequence[NamedElement]) -> HeaderValues:
    """Return the values of `elements` in a data set that pydicom has read."""
    values: dict[str, Any] = {}
    error = None
    for element in elements:
        try:
            parts = _dataset_parts(dataset, element) if element.tag in dataset else ()
        except Exception:  # noqa: BLE001 - pydicom raises many kinds for a value that it cannot convert
            error = error or f"{_label(element)}: found a value that cannot be read"
            parts = ()
        values[element.keyword] = _one_or_all(parts, element)
    # Every image has rows, and the parser stops before the pixel data.
    return HeaderValues(values, ROWS in dataset, error)


def _dataset_parts(dataset: "Dataset", element: NamedElement) -> tuple[Any, ...]:
    """Return the values of an element.

    Raises
    ------
    ValueError
        A value is not a number, although its VR is that of numbers.

    """
    found = dataset[element.tag]
    parts = tuple(_plain(value, found.VR) for value in _values_of(found.value))
    if found.VR in _NUMBERS and any(isinstance(part, str) for part in parts):
        raise ValueError(found.VR)
    return parts


def _values_of(value: Any) -> Sequence[Any]:
    if value is None or (isinstance(value, str | bytes) and not value):
        return ()
    return value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else (value,)


def _plain(value: Any, vr: str) -> Any:
    """Return a value as one of Python's own types, without what pydicom's classes add."""
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    # Decimals, if pydicom is configured to return them.
    if hasattr(value, "as_tuple"):
        return float(value)
    text = str(value)
    return (text.rstrip(" \0") if vr in _UNDIVIDED else text.strip(" \0")) or None


def _one_or_all(parts: tuple[Any, ...], element: NamedElement) -> Any:
    """Return a single value by itself. An element of one value that has several has a tuple, too."""
    if not parts or parts == (None,):
        return None
    return parts[0] if element.is_single and len(parts) == 1 else parts


def _vr_of(element: NamedElement, vr: str | None, *, is_signed: bool) -> str:
    """Return the VR of a stored value: the explicit one, or else that of the dictionary (PS3.5 6.2.2)."""
    if vr is not None and vr != "UN":
        return vr
    choices = element.vr.split(" or ")
    return "SS" if is_signed and "SS" in choices else choices[0]


@lru_cache(maxsize=4096)
def _parts(vr: str, value: bytes, order: str, character_set: bytes) -> tuple[Any, ...]:
    """Return the values of an element. Cached, because the files of a series share most of them."""
    if vr in _BINARY:
        code = _BINARY[vr]
        return struct.unpack(f"{order}{len(value) // struct.calcsize(code)}{code}", value)
    if vr == "AT":
        # A tag is two numbers, each in the byte order (PS3.5 6.2, 7.3).
        numbers = iter(struct.unpack(f"{order}{len(value) // 4 * 2}H", value))
        return tuple(group << 16 | number for group, number in zip(numbers, numbers, strict=True))
    if vr not in _TEXT:
        return (value,)
    text = _decoded(value, character_set).rstrip(" \0")
    parts = [text] if vr in _UNDIVIDED else [part.strip(" \0") for part in text.split("\\")]
    number = _NUMBERS.get(vr)
    if number is None:
        return tuple(part or None for part in parts)
    return tuple(number(part) if part else None for part in parts)


def _decoded(value: bytes, character_set: bytes) -> str:
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii")
    from pydicom.charset import convert_encodings, decode_bytes  # noqa: PLC0415 - imports pydicom
    from pydicom.valuerep import TEXT_VR_DELIMS  # noqa: PLC0415

    terms = character_set.decode("ascii").strip(" \0").split("\\")
    encodings = convert_encodings(terms if len(terms) > 1 else terms[0])
    return decode_bytes(value, encodings, TEXT_VR_DELIMS)


def _unreadable(element: NamedElement, value: bytes) -> str:
    return f"{_label(element)}: found {short_repr(value.decode('latin-1'))}, expected a value of VR {element.vr}"


def _label(element: NamedElement) -> str:
    return f"{number_text(element.tag)} {element.keyword}"

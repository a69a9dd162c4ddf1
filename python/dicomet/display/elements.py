"""The display elements of a frame as strings, from a scanned header or from a data set with functional groups."""

import math
from collections.abc import MutableSequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from dicomet._parsing.code_string import term_of
from dicomet._parsing.header import reads_by_default
from dicomet._parsing.parser_errors import as_pixel_data_error
from dicomet._parsing.tags import (
    BY_NUMBER,
    FRAME_VOI_LUT_SEQUENCE,
    OPTICAL_PATH_SEQUENCE,
    PER_FRAME_GROUPS,
    PIXEL_PADDING_RANGE_LIMIT,
    PIXEL_PADDING_VALUE,
    PIXEL_PRESENTATION,
    PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
    PRESENTATION_LUT_SHAPE,
    RESCALE_INTERCEPT,
    RESCALE_SLOPE,
    SHARED_GROUPS,
    VOI_LUT_FUNCTION,
    VOI_LUT_SEQUENCE,
    WINDOW_CENTER,
    WINDOW_EXPLANATION,
    WINDOW_WIDTH,
    Tag,
)
from dicomet._utils.warn import Notice, WarnOnce
from dicomet.errors import PixelDataError, counted, short_repr

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydicom.dataset import Dataset

# The tags that pydicom's parser reads for display, besides group 0028.
DISPLAY_TAGS = (PIXEL_PRESENTATION, PRESENTATION_LUT_SHAPE, OPTICAL_PATH_SEQUENCE, SHARED_GROUPS, PER_FRAME_GROUPS)
# Functional groups (PS3.3 C.7.6.16.2), each with the elements that it holds in place of the data set itself.
_GROUPS = {
    PIXEL_VALUE_TRANSFORMATION_SEQUENCE: (RESCALE_INTERCEPT, RESCALE_SLOPE),
    FRAME_VOI_LUT_SEQUENCE: (
        *(WINDOW_CENTER, WINDOW_WIDTH, WINDOW_EXPLANATION, VOI_LUT_FUNCTION),
        VOI_LUT_SEQUENCE,
    ),
}
# Elements that mean nothing without the other one (PS3.3 C.11.1, C.11.2.1.2).
_PARTNERS = {
    RESCALE_INTERCEPT: RESCALE_SLOPE,
    RESCALE_SLOPE: RESCALE_INTERCEPT,
    WINDOW_CENTER: WINDOW_WIDTH,
    WINDOW_WIDTH: WINDOW_CENTER,
}
SEPARATOR, PADDING = "\\", b" \0"
_PADDING = frozenset({PIXEL_PADDING_VALUE, PIXEL_PADDING_RANGE_LIMIT})
# VRs, and below elements, whose raw bytes are read as text before pydicom converts them. An explanation is not one of
# them: it is encoded in the character set of the data set.
_TEXT_VRS = frozenset({None, "DS", "CS"})
_NUMBERS_AND_TERMS = frozenset(
    {WINDOW_CENTER, WINDOW_WIDTH, RESCALE_INTERCEPT, RESCALE_SLOPE, VOI_LUT_FUNCTION, PRESENTATION_LUT_SHAPE}
)

_TERMS = frozenset({PIXEL_PRESENTATION, VOI_LUT_FUNCTION, PRESENTATION_LUT_SHAPE})


class DisplayAttributes(Protocol):
    """The values of a frame's elements as strings, by tag. A missing or empty element has no values."""

    def texts(self, tag: Tag) -> tuple[str, ...]:
        """Return the values of one element.

        Raises
        ------
        PixelDataError
            The values cannot be read.

        """


class HeaderElements(NamedTuple):
    """The display elements that the scanner found in a header."""

    found: dict[int, tuple[str, ...]]

    def texts(self, tag: Tag) -> tuple[str, ...]:
        """Return the values of one element."""
        return self.found.get(tag, ())


class FrameElements:
    """The elements of one frame: from its own functional groups, else the shared ones, else the data set.

    Each element is read on first access, so that an unreadable one affects only the callers that need it.
    """

    def __init__(self, dataset: "Dataset", frame: int, *, signed: bool, warn: WarnOnce) -> None:
        """Store the arguments; read nothing. `signed`: whether stored values are signed."""
        self._dataset, self._frame, self._signed, self._warn = dataset, frame, signed, warn
        self._texts: dict[int, tuple[str, ...]] = {}

    def texts(self, tag: Tag) -> tuple[str, ...]:
        """Return the values of one element."""
        if tag not in self._texts:
            with reading(tag.label):
                texts = _texts(self._holder(tag), tag) or self._shared_half(tag)
            if tag in _PADDING:
                texts = tuple(_as_stored(text, signed=self._signed) for text in texts)
            self._texts[tag] = texts
        return self._texts[tag]

    def voi_lut_items(self) -> "Sequence[Dataset]":
        """Return the items of the VOI LUT Sequence.

        Raises
        ------
        PixelDataError
            The value is not a sequence, or a functional group cannot be read.

        """
        with reading(VOI_LUT_SEQUENCE.label):
            return items(self._holder(VOI_LUT_SEQUENCE), VOI_LUT_SEQUENCE)

    def _shared_half(self, tag: Tag) -> tuple[str, ...]:
        """Return an element from the shared group, with a warning, if the frame's own group has only its partner.

        PS3.3 C.7.6.16.1.1 allows a functional group either for all frames or for each, but writers split the pair.
        """
        partner = _PARTNERS.get(tag)
        if partner is None or not _texts(self._holder(partner), partner):
            return ()
        sequence = next(sequence for sequence, tags in _GROUPS.items() if tag in tags)
        shared = _group(self._dataset, SHARED_GROUPS, 0, sequence)
        texts = () if shared is None else _texts(shared, tag)
        if texts:
            name = tag.label
            where = f"found in the {SHARED_GROUPS.label}, expected beside {partner.label}"
            self._warn([Notice(name, f"{name}: {where}; {short_repr(SEPARATOR.join(texts))} is used")])
        return texts

    def _holder(self, tag: Tag) -> "Dataset":
        """Return the data set that holds an element: the frame's functional group, if there is one."""
        for sequence, tags in _GROUPS.items():
            if tag in tags:
                group = group_of(self._dataset, self._frame, sequence)
                return self._dataset if group is None else group
        return self._dataset


@contextmanager
def reading(name: str) -> "Iterator[None]":
    """Convert pydicom's exceptions for an unreadable value into an error that names the element."""
    try:
        with as_pixel_data_error():
            yield
    except PixelDataError as error:
        if error.element is not None:
            raise
        raise PixelDataError(f"{name}: found a value that cannot be read ({error})", element=name) from error


def of_header(display: tuple[tuple[int, bytes], ...], *, signed: bool) -> HeaderElements:
    """Return the elements that the scanner found, decoded from their bytes."""
    found: dict[int, tuple[str, ...]] = {}
    for tag, value in display:
        if tag in _PADDING:
            found[tag] = (str(int.from_bytes(value, "little", signed=signed)),)
        else:
            found[tag] = _split(value, BY_NUMBER[tag])
    return HeaderElements(found)


def decimal(text: str, tag: Tag) -> float:
    """Convert one value of an element of VR DS to a float.

    Raises
    ------
    PixelDataError
        The value is not a finite number.

    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        message = f"{tag.label}: found {short_repr(text) if text else 'no value'}, expected a decimal number"
        raise PixelDataError(message, element=tag.label)
    return number


def term(elements: DisplayAttributes, tag: Tag) -> str | None:
    """Return the first value of an element of VR CS in upper case, or None if it has none."""
    texts = elements.texts(tag)
    return texts[0].upper() if texts else None


def group_of(dataset: "Dataset", frame: int, sequence: Tag) -> "Dataset | None":
    """Return the item of a functional group: the frame's own, else the shared one, else None."""
    own = _group(dataset, PER_FRAME_GROUPS, frame, sequence)
    return _group(dataset, SHARED_GROUPS, 0, sequence) if own is None else own


def frame_items(dataset: "Dataset", frame: int, sequence: Tag) -> "Sequence[Dataset]":
    """Return all items of a sequence that is a functional group: of the frame, else the shared ones, else at top level.

    Raises
    ------
    PixelDataError
        A value is not a sequence, or there is no item for the frame.

    """
    for groups, index in ((PER_FRAME_GROUPS, frame), (SHARED_GROUPS, 0)):
        group = _item(dataset, groups, index)
        found = () if group is None else items(group, sequence)
        if found:
            return found
    return items(dataset, sequence)


def _group(dataset: "Dataset", groups: Tag, index: int, sequence: Tag) -> "Dataset | None":
    group = _item(dataset, groups, index)
    return None if group is None else _item(group, sequence, 0)


def _as_stored(text: str, *, signed: bool) -> str:
    """Reinterpret Pixel Padding Value as a stored value; a text that is no whole number stays as it is."""
    try:
        return str(as_stored(int(text), signed=signed))
    except ValueError:
        return text


def as_stored(number: int, *, signed: bool) -> int:
    """Reinterpret the 16 bits of an element of VR US or SS as a stored value.

    Its VR may not match Pixel Representation, and implicit VR has none. A number of more bits stays as it is.
    """
    if not -0x8000 <= number <= 0xFFFF:  # noqa: PLR2004 - 16 bits
        return number
    bits = number & 0xFFFF
    return bits - 0x10000 if signed and bits >= 0x8000 else bits  # noqa: PLR2004 - the sign bit


def has_groups(dataset: "Dataset") -> bool:
    """Tell whether the data set has per-frame functional groups, so that frames may differ."""
    return PER_FRAME_GROUPS in dataset


def _item(dataset: "Dataset", tag: Tag, index: int) -> "Dataset | None":
    found = items(dataset, tag)
    if tag == PER_FRAME_GROUPS and 0 < len(found) <= index:
        # PS3.3 C.7.6.16.1.1: one item for each frame.
        name = tag.label
        raise PixelDataError(
            f"{name}: found {counted(len(found), 'item')}, expected one for frame {index}", element=name, frame=index
        )
    return found[index] if index < len(found) else None


def items(dataset: "Dataset", tag: Tag) -> "Sequence[Dataset]":
    """Return the items of a sequence, or no items if it is missing.

    Raises
    ------
    PixelDataError
        The value is not a sequence.

    """
    value = dataset[tag].value if tag in dataset else None
    if value is None:
        return ()
    if not isinstance(value, MutableSequence) or isinstance(value, bytearray):
        name = tag.label
        raise PixelDataError(f"{name}: found a value of VR {dataset[tag].VR}, expected a sequence", element=name)
    return value


def _texts(dataset: "Dataset", tag: Tag) -> tuple[str, ...]:
    if tag not in dataset:
        return ()
    # Take a value that pydicom has not converted yet as raw bytes: an invalid number is then reported here, with its
    # element.
    element = dataset.get_item(tag)
    raw = element.value if isinstance(element.value, bytes) else None
    if raw is not None and element.VR in _TEXT_VRS and tag in _NUMBERS_AND_TERMS and reads_by_default():
        return _split(raw, tag)
    value: Any = dataset[tag].value
    if value is None or value == "":
        return ()
    if isinstance(value, bytes):
        message = f"{tag.label}: found a value of VR {dataset[tag].VR}, expected text or numbers"
        raise PixelDataError(message, element=tag.label)
    values = [value] if isinstance(value, str) or not hasattr(value, "__iter__") else value
    return tuple(term_of(str(each), tag.label) if tag in _TERMS else str(each).strip() for each in values)


def _split(value: bytes, tag: Tag) -> tuple[str, ...]:
    """Return the values of a text element (PS3.5 6.2). A value of padding only counts as empty."""
    if not value.strip(PADDING):
        return ()
    texts = value.rstrip(PADDING).decode("latin-1").split(SEPARATOR)
    return tuple(term_of(text, tag.label) if tag in _TERMS else text.strip() for text in texts)

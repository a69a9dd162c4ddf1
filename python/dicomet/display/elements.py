"""The elements that say how an image is to be seen, as texts: of a plain file's header, or of a data set, by frame."""

import math
from collections.abc import MutableSequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dicomet.code_string import term_of
from dicomet.errors import PixelDataError, shown
from dicomet.header import reads_by_default

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom.dataset import Dataset

PIXEL_PRESENTATION = 0x00089205
PIXEL_PADDING_VALUE, PIXEL_PADDING_RANGE_LIMIT = 0x00280120, 0x00280121
WINDOW_CENTER, WINDOW_WIDTH, WINDOW_EXPLANATION, VOI_LUT_FUNCTION = 0x00281050, 0x00281051, 0x00281055, 0x00281056
RESCALE_INTERCEPT, RESCALE_SLOPE = 0x00281052, 0x00281053
PRESENTATION_LUT_SHAPE = 0x20500020
MODALITY_LUT_SEQUENCE, VOI_LUT_SEQUENCE = 0x00283000, 0x00283010
OPTICAL_PATH_SEQUENCE = 0x00480105
SHARED_GROUPS, PER_FRAME_GROUPS = 0x52009229, 0x52009230
PIXEL_VALUE_TRANSFORMATION_SEQUENCE, FRAME_VOI_LUT_SEQUENCE = 0x00289145, 0x00289132

NAMES = {
    PIXEL_PRESENTATION: "(0008,9205) Pixel Presentation",
    PIXEL_PADDING_VALUE: "(0028,0120) Pixel Padding Value",
    PIXEL_PADDING_RANGE_LIMIT: "(0028,0121) Pixel Padding Range Limit",
    WINDOW_CENTER: "(0028,1050) Window Center",
    WINDOW_WIDTH: "(0028,1051) Window Width",
    RESCALE_INTERCEPT: "(0028,1052) Rescale Intercept",
    RESCALE_SLOPE: "(0028,1053) Rescale Slope",
    WINDOW_EXPLANATION: "(0028,1055) Window Center & Width Explanation",
    VOI_LUT_FUNCTION: "(0028,1056) VOI LUT Function",
    PRESENTATION_LUT_SHAPE: "(2050,0020) Presentation LUT Shape",
}
SEQUENCES = {
    MODALITY_LUT_SEQUENCE: "(0028,3000) Modality LUT Sequence",
    VOI_LUT_SEQUENCE: "(0028,3010) VOI LUT Sequence",
    FRAME_VOI_LUT_SEQUENCE: "(0028,9132) Frame VOI LUT Sequence",
    PIXEL_VALUE_TRANSFORMATION_SEQUENCE: "(0028,9145) Pixel Value Transformation Sequence",
    OPTICAL_PATH_SEQUENCE: "(0048,0105) Optical Path Sequence",
    SHARED_GROUPS: "(5200,9229) Shared Functional Groups Sequence",
    PER_FRAME_GROUPS: "(5200,9230) Per-Frame Functional Groups Sequence",
}
# What pydicom reads for display besides group 0028.
DISPLAY_TAGS = (PIXEL_PRESENTATION, PRESENTATION_LUT_SHAPE, OPTICAL_PATH_SEQUENCE, SHARED_GROUPS, PER_FRAME_GROUPS)
# Functional groups (PS3.3 C.7.6.16.2), each with what it says in place of the data set itself.
_GROUPS = {
    PIXEL_VALUE_TRANSFORMATION_SEQUENCE: (RESCALE_INTERCEPT, RESCALE_SLOPE),
    FRAME_VOI_LUT_SEQUENCE: (WINDOW_CENTER, WINDOW_WIDTH, WINDOW_EXPLANATION, VOI_LUT_FUNCTION),
}
SEPARATOR, PADDING = "\\", b" \0"
_PADDING = frozenset({PIXEL_PADDING_VALUE, PIXEL_PADDING_RANGE_LIMIT})
# What may be taken as text before pydicom has converted it; an explanation is in the character set of the data set.
_TEXT_VRS = frozenset({None, "DS", "CS"})
_NUMBERS_AND_TERMS = frozenset(
    {WINDOW_CENTER, WINDOW_WIDTH, RESCALE_INTERCEPT, RESCALE_SLOPE, VOI_LUT_FUNCTION, PRESENTATION_LUT_SHAPE}
)

_TERMS = frozenset({PIXEL_PRESENTATION, VOI_LUT_FUNCTION, PRESENTATION_LUT_SHAPE})


class Elements(NamedTuple):
    """The values of each element as texts, by tag. What is empty, or not there, has none."""

    texts: dict[int, tuple[str, ...]]

    def numbers(self, tag: int) -> tuple[float, ...]:
        """Return the values of an element of VR DS.

        Raises
        ------
        PixelDataError
            One of them is not a number, or not a finite one.

        """
        texts = self.texts.get(tag, ())
        try:
            numbers = tuple(float(text) for text in texts)
        except ValueError:
            numbers = (math.nan,)
        if not all(map(math.isfinite, numbers)):
            message = f"{NAMES[tag]}: found {shown(SEPARATOR.join(texts))}, expected decimal numbers"
            raise PixelDataError(message, element=NAMES[tag])
        return numbers

    def number(self, tag: int) -> float | None:
        """Return the first value of an element of VR DS, or None."""
        numbers = self.numbers(tag)
        return numbers[0] if numbers else None

    def term(self, tag: int) -> str | None:
        """Return the first value of an element of VR CS, in capitals, or None."""
        texts = self.texts.get(tag, ())
        return texts[0].upper() if texts else None


def of_header(display: tuple[tuple[int, bytes], ...], *, signed: bool) -> Elements:
    """Return what the scanner has found in a plain file."""
    texts: dict[int, tuple[str, ...]] = {}
    for tag, value in display:
        if tag in _PADDING:
            texts[tag] = (str(int.from_bytes(value, "little", signed=signed)),)
        elif value.strip(PADDING):
            texts[tag] = tuple(text.strip() for text in value.strip(PADDING).decode("ascii").split(SEPARATOR))
    return Elements(texts)


def of_dataset(dataset: "Dataset", frame: int, *, signed: bool) -> Elements:
    """Return what a data set says of a frame: its functional groups, else those of all frames, else the data set."""
    texts = {tag: _texts(dataset, tag) for tag in NAMES}
    for tag in _PADDING:
        texts[tag] = tuple(_as_stored(text, signed=signed) for text in texts[tag])
    for sequence, tags in _GROUPS.items():
        group = group_of(dataset, frame, sequence)
        if group is not None:
            texts |= {tag: _texts(group, tag) for tag in tags}
    return Elements(texts)


def group_of(dataset: "Dataset", frame: int, sequence: int) -> "Dataset | None":
    """Return the item of a functional group: that of the frame, else that of all frames."""
    found = None
    for groups, item in ((SHARED_GROUPS, 0), (PER_FRAME_GROUPS, frame)):
        group = _item(dataset, groups, item)
        inner = None if group is None else _item(group, sequence, 0)
        found = found if inner is None else inner
    return found


def _as_stored(text: str, *, signed: bool) -> str:
    """Return Pixel Padding Value as a sample of the image would be read: its VR and Pixel Representation may differ."""
    try:
        bits = int(text) & 0xFFFF if -0x8000 <= int(text) <= 0xFFFF else None  # noqa: PLR2004 - 16 bits
    except ValueError:
        bits = None
    if bits is None:
        return text
    return str(bits - 0x10000 if signed and bits >= 0x8000 else bits)  # noqa: PLR2004


def has_groups(dataset: "Dataset") -> bool:
    """Tell whether frames may differ in what is said of them."""
    return PER_FRAME_GROUPS in dataset


def _item(dataset: "Dataset", tag: int, index: int) -> "Dataset | None":
    found = items(dataset, tag)
    if tag == PER_FRAME_GROUPS and 0 < len(found) <= index:
        # PS3.3 C.7.6.16.1.1: one item for each frame.
        name = SEQUENCES[tag]
        raise PixelDataError(
            f"{name}: found {len(found)} items, expected one for frame {index}", element=name, frame=index
        )
    return found[index] if index < len(found) else None


def items(dataset: "Dataset", tag: int) -> "Sequence[Dataset]":
    """Return the items of a sequence; none where it is not there.

    Raises
    ------
    PixelDataError
        It is no sequence.

    """
    value = dataset[tag].value if tag in dataset else None
    if value is None:
        return ()
    if not isinstance(value, MutableSequence) or isinstance(value, bytearray):
        name = SEQUENCES[tag]
        raise PixelDataError(f"{name}: found a value of VR {dataset[tag].VR}, expected a sequence", element=name)
    return value


def _texts(dataset: "Dataset", tag: int) -> tuple[str, ...]:
    if tag not in dataset:
        return ()
    # Not converted, where it has not been yet: whatever is wrong with a number is told here, with its element.
    element = dataset.get_item(tag)
    raw = element.value if isinstance(element.value, bytes) else None
    if raw is not None and element.VR in _TEXT_VRS and tag in _NUMBERS_AND_TERMS and reads_by_default():
        value: Any = raw.decode("latin-1").rstrip(" \0").split(SEPARATOR) if raw.strip(PADDING) else None
    else:
        value = dataset[tag].value
    if value is None or value == "":
        return ()
    values = [value] if isinstance(value, str) or not hasattr(value, "__iter__") else value
    return tuple(term_of(str(each), NAMES[tag]) if tag in _TERMS else str(each).strip() for each in values)

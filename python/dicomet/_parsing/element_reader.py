"""Single elements of a data set as JSON values, checked against the data dictionary (PS3.6)."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydicom.datadict import dictionary_VM, dictionary_VR, tag_for_keyword
from pydicom.valuerep import PersonName

from dicomet._parsing.tags import (
    IMAGE_FRAME_ORIGIN,
    OVERLAY_BIT_POSITION,
    OVERLAY_BITS_ALLOCATED,
    OVERLAY_COLUMNS,
    OVERLAY_FRAMES,
    OVERLAY_GROUPS,
    OVERLAY_LABEL,
    OVERLAY_ORIGIN,
    OVERLAY_ROWS,
    OVERLAY_SUBTYPE,
    OVERLAY_TYPE,
    in_group,
    label_of,
)
from dicomet._utils.redact import is_text_from
from dicomet.errors import one_line, short_repr

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# The elements that are reported of each item of a sequence of lookup tables.
TABLES = {
    "ModalityLUTSequence": ("LUTDescriptor", "ModalityLUTType", "LUTExplanation"),
    "VOILUTSequence": ("LUTDescriptor", "LUTExplanation"),
    "PresentationLUTSequence": ("LUTDescriptor", "LUTExplanation"),
    "RealWorldValueMappingSequence": (
        *("LUTLabel", "LUTExplanation", "RealWorldValueSlope", "RealWorldValueIntercept"),
        *("RealWorldValueFirstValueMapped", "RealWorldValueLastValueMapped"),
        *("DoubleFloatRealWorldValueFirstValueMapped", "DoubleFloatRealWorldValueLastValueMapped"),
    ),
}
UNITS = {"RealWorldValueMappingSequence": "MeasurementUnitsCodeSequence"}
"""Of sequences whose items have a unit, the sequence with its code."""
UNIT_NAMES = ("CodeValue", "LongCodeValue", "CodeMeaning")
"""What names a unit, the first that an item has (PS3.3 8)."""
ENTRIES = {"RealWorldValueMappingSequence": "RealWorldValueLUTData"}
"""Of sequences whose items may have a table of floats, its element."""
# The elements that are reported of each overlay.
OVERLAY = (
    *(OVERLAY_ROWS, OVERLAY_COLUMNS, OVERLAY_FRAMES, IMAGE_FRAME_ORIGIN, OVERLAY_ORIGIN),
    *(OVERLAY_TYPE, OVERLAY_SUBTYPE, OVERLAY_LABEL, OVERLAY_BITS_ALLOCATED, OVERLAY_BIT_POSITION),
)
# The functional group macros (PS3.3 C.7.6.16.2) in which an enhanced image has elements that others have at the top
# level.
MACROS = {
    **dict.fromkeys(("RescaleIntercept", "RescaleSlope", "RescaleType"), "PixelValueTransformationSequence"),
    **dict.fromkeys(
        ("WindowCenter", "WindowWidth", "WindowCenterWidthExplanation", "VOILUTFunction"), "FrameVOILUTSequence"
    ),
    **dict.fromkeys(("PixelSpacing", "SliceThickness", "SpacingBetweenSlices"), "PixelMeasuresSequence"),
}
# Functional group macros that are a sequence with several items themselves.
SEQUENCE_MACROS = frozenset({"RealWorldValueMappingSequence"})
SHARED, PER_FRAME = "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"
TEXT = "a text that is not shown"
NUMBERS = frozenset({"DS", "FD", "IS", "SL", "SS", "UL", "US", "US or SS"})


def tag_of(keyword: str) -> int:
    """Return the tag of a keyword of the data dictionary."""
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise LookupError(keyword)
    return tag


class ElementReader:
    """The elements of a data set as JSON values. An element that cannot be read is None, with a message."""

    def __init__(self, dataset: "Mapping[Any, Any] | Dataset", messages: list[str]) -> None:
        """Store the data set, and the list to which messages are appended."""
        self._dataset = dataset
        self._messages = messages
        self.of_first_frame: list[str] = []

    def value(self, keyword: str) -> Any:
        """Return the value of an element at the top level, or else in the functional groups."""
        value = self.own(keyword)
        if value is None and keyword in MACROS:
            value = self._of_groups(SHARED, keyword)
            if value is None:
                value = self._of_groups(PER_FRAME, keyword)
                if value is not None:
                    self.of_first_frame.append(keyword)
        return value

    def own(self, keyword: str) -> Any:
        """Return the value of an element at the top level of this data set, if it has the VR and VM of PS3.6."""
        return self._value(tag_of(keyword))

    def _value(self, tag: int) -> Any:
        element = self._get(tag)
        value = None if element is None else _of_json(element.value)
        if value is None:
            if element is not None and isinstance(element.value, PersonName):
                self._add_unreadable(tag, TEXT)
            return None
        values = value if isinstance(value, list) else [value]
        one = dictionary_VM(tag) == "1"
        if (one and len(values) > 1) or not _is_of(dictionary_VR(tag), element.VR, values):
            self._add_unreadable(tag, TEXT if any(isinstance(each, str) for each in values) else short_repr(value))
            return None
        return value if one else values

    def tables(self, keyword: str) -> list[dict[str, Any]] | None:
        """Return the reported elements of each item of a sequence of lookup tables."""
        items = self.items(keyword) or self._items_of_groups(keyword)
        return [ElementReader(item, self._messages).table(keyword) for item in items] or None

    def table(self, keyword: str) -> dict[str, Any]:
        """Return the reported elements of this data set, which is an item of the sequence `keyword`."""
        found = {name: self.own(name) for name in TABLES[keyword]}
        if keyword in UNITS:
            codes = self.items(UNITS[keyword])
            found["unit"] = ElementReader(codes[0], self._messages).unit_name() if codes else None
        if keyword in ENTRIES:
            found["table_entries"] = self._count(tag_of(ENTRIES[keyword]))
        return found

    def unit_name(self) -> str | None:
        """Return the name of the unit that this data set, an item of a code sequence, stands for."""
        return next((name for keyword in UNIT_NAMES if (name := self.own(keyword))), None)

    def _count(self, tag: int) -> int | None:
        """Return the number of values of an element; None if it is missing or empty."""
        element = self._get(tag)
        return (element.VM or None) if element is not None else None

    def overlays(self) -> list[dict[str, Any]] | None:
        """Return the reported elements of each overlay (PS3.3 C.9.2), with its group in hexadecimal digits."""
        found = [
            {"group": f"{group:04X}", **{tag.keyword: self._value(in_group(tag, group)) for tag in OVERLAY}}
            for group in OVERLAY_GROUPS
            if in_group(OVERLAY_ROWS, group) in self._dataset
        ]
        return found or None

    def length(self, keyword: str) -> int | None:
        """Return the length of the value of an element in bytes; None if it is missing or has none."""
        element = self._get(tag_of(keyword))
        value = None if element is None else element.value
        return len(value) if isinstance(value, bytes) and value else None

    def items(self, keyword: str) -> Sequence[Any]:
        """Return the items of a sequence, which are none if it is missing."""
        element = self._get(tag_of(keyword))
        items = None if element is None else element.value
        return items if isinstance(items, Sequence) and not isinstance(items, str | bytes) else ()

    def _of_groups(self, groups: str, keyword: str) -> Any:
        for group in self.items(groups)[:1]:
            for macro in ElementReader(group, self._messages).items(MACROS[keyword])[:1]:
                return ElementReader(macro, self._messages).own(keyword)
        return None

    def _items_of_groups(self, keyword: str) -> Sequence[Any]:
        """Return the items of a sequence that is a functional group: of all frames, or of the first."""
        for groups in (SHARED, PER_FRAME) if keyword in SEQUENCE_MACROS else ():
            for group in self.items(groups)[:1]:
                items = ElementReader(group, self._messages).items(keyword)
                if items:
                    self.of_first_frame.extend([keyword] if groups == PER_FRAME else [])
                    return items
        return ()

    def _get(self, tag: int) -> Any:
        try:
            # pydicom converts the value of a raw element here.
            return self._dataset[tag] if tag in self._dataset else None  # noqa: SIM401 - a KeyError has other causes
        except Exception:  # noqa: BLE001 - the parser raises many kinds, and one bad element must not hide the others
            self._add_unreadable(tag, "what cannot be read")
            return None

    def _add_unreadable(self, tag: int, found: str) -> None:
        expected = f"VR {dictionary_VR(tag)} and VM {dictionary_VM(tag)}"
        self._messages.append(f"{label_of(tag)}: found {found}, expected a value of {expected}")


def _is_of(vr: str, found_vr: str, values: list[Any]) -> bool:
    """Return whether values are valid for a VR. Text of another VR is not: it may be the value of any element."""
    if vr in NUMBERS:
        return all(isinstance(each, int | float | None) for each in values)
    return vr == found_vr and all(each is None or (isinstance(each, str) and is_text_from(vr, each)) for each in values)


def _of_json(value: Any) -> Any:
    """Return the value of an element as a JSON value: a number, a text or a list of these; None if it is empty."""
    if isinstance(value, str):
        return one_line(str(value)) or None
    if isinstance(value, int):
        return int(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_of_json(one) for one in value] or None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    # JSON has no infinity.
    return number if math.isfinite(number) else None

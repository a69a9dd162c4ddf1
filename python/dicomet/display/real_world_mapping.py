"""The mappings of stored values to real world values that a file has (PS3.3 C.7.6.16.2.11, C.8.8.3)."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dicomet._parsing.tags import (
    CODE_MEANING,
    CODE_VALUE,
    CODING_SCHEME,
    DOSE_GRID_SCALING,
    DOSE_UNITS,
    DOUBLE_FLOAT_FIRST,
    DOUBLE_FLOAT_LAST,
    LONG_CODE_VALUE,
    LUT_LABEL,
    MEASUREMENT_UNITS_SEQUENCE,
    REAL_WORLD_FIRST,
    REAL_WORLD_INTERCEPT,
    REAL_WORLD_LAST,
    REAL_WORLD_LUT_DATA,
    REAL_WORLD_MAPPING_SEQUENCE,
    REAL_WORLD_SLOPE,
    Tag,
)
from dicomet.display.element_values import integer, real, required, text, value_of
from dicomet.display.elements import as_stored, frame_items, items, reading
from dicomet.display.modality import MAX_RESCALE
from dicomet.errors import MissingElementError, PixelDataError, counted, short_repr

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

REAL_WORLD_TAGS = (REAL_WORLD_MAPPING_SEQUENCE, DOSE_GRID_SCALING, DOSE_UNITS)
"""What pydicom's parser reads for real world values, besides functional groups and the elements of the image."""
MappingChoice = int | str | None
"""Which mapping of a file: by its index, by its unit code or LUT Label, or the only one."""


class Unit(NamedTuple):
    """A unit of measurement.

    Attributes
    ----------
    code : str
        Code Value, such as ``"Bq/ml"``.
    scheme : str
        Coding Scheme Designator: ``"UCUM"`` for units of the standard (PS3.16 7.2.2).
    meaning : str
        Code Meaning.

    """

    code: str
    scheme: str
    meaning: str

    def __str__(self) -> str:
        """Return the code."""
        return self.code


class RealWorldMapping(NamedTuple):
    """A mapping of the stored values from `first` to `last`: by slope and intercept, or by a table of float64."""

    unit: Unit
    label: str
    first: float
    last: float
    slope: float = 1.0
    intercept: float = 0.0
    table: bytes | None = None


# Dose Units (PS3.3 C.8.8.3.3), as units of UCUM.
_DOSE_UNITS = {"GY": Unit("Gy", "UCUM", "Gray"), "RELATIVE": Unit("1", "UCUM", "relative dose")}


def mapping_items(dataset: "Dataset", frame: int) -> "Sequence[Dataset]":
    """Return the items of the mappings of a frame: in its functional groups, the shared ones or at the top level.

    Raises
    ------
    PixelDataError
        They cannot be read.

    """
    with reading(REAL_WORLD_MAPPING_SEQUENCE.label):
        return frame_items(dataset, frame, REAL_WORLD_MAPPING_SEQUENCE)


def mapping_of(
    found: "Sequence[Dataset]", dataset: "Dataset", frame: int, choice: MappingChoice, *, signed: bool | None
) -> RealWorldMapping:
    """Return one of the mappings of a frame, which are the items `found`, followed by Dose Grid Scaling.

    Mappings that are not chosen are not read, except for their names. `signed`: whether stored values are signed;
    None for floats.

    Raises
    ------
    PixelDataError
        The frame has no such mapping, or several; or the mapping is invalid.

    """
    dose = _dose(dataset)
    number = _chosen([*map(_names, found), *([_names_of(dose)] if dose else [])], choice, frame)
    if number == len(found) and dose is not None:
        return dose
    return _mapping(found[number], signed=signed)


def _dose(dataset: "Dataset") -> RealWorldMapping | None:
    """Return Dose Grid Scaling as a mapping of all stored values; None for a file without it."""
    scaling = real(dataset, DOSE_GRID_SCALING)
    if scaling is None:
        return None
    name = text(dataset, DOSE_UNITS).upper()
    if name not in _DOSE_UNITS:
        found = short_repr(name) if name else "no value"
        expected = " or ".join(_DOSE_UNITS)
        raise PixelDataError(f"{DOSE_UNITS.label}: found {found}, expected {expected}", element=DOSE_UNITS.label)
    return RealWorldMapping(_DOSE_UNITS[name], "", -math.inf, math.inf, _limited(scaling, DOSE_GRID_SCALING))


def _names(item: "Dataset") -> tuple[str, str]:
    """Return LUT Label and unit code of an item, as far as they can be read."""
    try:
        unit = _unit(item).code
    except PixelDataError:
        unit = ""
    return text(item, LUT_LABEL), unit


def _names_of(mapping: RealWorldMapping) -> tuple[str, str]:
    return mapping.label, mapping.unit.code


def _chosen(names: Sequence[tuple[str, str]], choice: MappingChoice, frame: int) -> int:
    """Return the number of the chosen mapping, of those with these labels and units."""
    element = REAL_WORLD_MAPPING_SEQUENCE.label
    if not names:
        message = f"{element}: found no mapping and no {DOSE_GRID_SCALING.label}, expected one of them"
        raise MissingElementError(message, element=element)
    if isinstance(choice, int):
        if -len(names) <= choice < len(names):
            return choice % len(names)
        expected = f"one with index {short_repr(choice)}"
        numbers: list[int] = []
    else:
        numbers = list(range(len(names))) if choice is None else _matching(names, choice)
        expected = "one, or 'mapping'" if choice is None else f"one that is {short_repr(choice)}"
    if len(numbers) != 1:
        listed = ", ".join(f"{short_repr(label)} in {short_repr(unit)}" for label, unit in names[:8])
        message = f"{element}: found {counted(len(names), 'mapping')} ({listed}), expected {expected}"
        raise PixelDataError(message, element=element, frame=frame)
    return numbers[0]


def _matching(names: Sequence[tuple[str, str]], choice: str) -> list[int]:
    """Return the numbers of the mappings with a label, or else with a unit. Case counts: mm is not Mm."""
    for position in range(2):
        numbers = [number for number, name in enumerate(names) if name[position] == choice.strip() != ""]
        if numbers:
            return numbers
    return []


def _mapping(item: "Dataset", *, signed: bool | None) -> RealWorldMapping:
    first = _end(item, REAL_WORLD_FIRST, DOUBLE_FLOAT_FIRST, signed=signed)
    last = _end(item, REAL_WORLD_LAST, DOUBLE_FLOAT_LAST, signed=signed)
    if first > last:
        name = REAL_WORLD_FIRST.label
        message = f"{name}: found {first:g}, expected at most {REAL_WORLD_LAST.name} ({last:g})"
        raise PixelDataError(message, element=name)
    unit, label = _unit(item), text(item, LUT_LABEL)
    data = value_of(item, REAL_WORLD_LUT_DATA)
    if data is not None:
        return RealWorldMapping(unit, label, first, last, table=_table(data, first, last))
    slope, intercept = (
        _limited(required(real(item, tag), tag), tag) for tag in (REAL_WORLD_SLOPE, REAL_WORLD_INTERCEPT)
    )
    return RealWorldMapping(unit, label, first, last, slope, intercept)


def _end(item: "Dataset", tag: Tag, double_float: Tag, *, signed: bool | None) -> float:
    """Return an end of the mapped range: a stored value, or the float that those of float pixel data have instead."""
    end = integer(item, tag)
    if end is None:
        other = real(item, double_float)
        return required(other, tag) if other is None else other
    return float(end if signed is None else as_stored(end, signed=signed))


def _limited(number: float, tag: Tag) -> float:
    if abs(number) > MAX_RESCALE:
        message = f"{tag.label}: found {number:g}, expected at most {MAX_RESCALE:g}"
        raise PixelDataError(message, element=tag.label)
    return number


def _unit(item: "Dataset") -> Unit:
    with reading(MEASUREMENT_UNITS_SEQUENCE.label):
        codes = items(item, MEASUREMENT_UNITS_SEQUENCE)
    if not codes:
        name = MEASUREMENT_UNITS_SEQUENCE.label
        raise MissingElementError(f"Missing required element: {name}", element=name)
    code = text(codes[0], CODE_VALUE) or text(codes[0], LONG_CODE_VALUE)
    return Unit(code, text(codes[0], CODING_SCHEME), text(codes[0], CODE_MEANING))


def _table(data: object, first: float, last: float) -> bytes:
    """Return the entries of a table, which has one for each stored value from `first` to `last`."""
    name = REAL_WORLD_LUT_DATA.label
    try:
        entries = np.atleast_1d(np.asarray(data, np.float64))
    except (TypeError, ValueError, OverflowError):
        raise PixelDataError(f"{name}: found {short_repr(data)}, expected numbers", element=name) from None
    if not (first.is_integer() and last.is_integer()):
        message = f"{name}: found a table for values from {first:g} to {last:g}, expected whole numbers"
        raise PixelDataError(message, element=name)
    expected = last - first + 1
    if entries.ndim != 1 or len(entries) != expected:
        span = f"for the stored values from {first:g} to {last:g}"
        message = f"{name}: found {counted(entries.size, 'value')}, expected {expected:g} {span}"
        raise PixelDataError(message, element=name)
    return entries.tobytes()

"""The values of single elements of a data set, checked: whole numbers, floats, and texts that no value depends on."""

import math
import operator
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from dicomet._parsing.tags import Tag
from dicomet.display.elements import reading
from dicomet.errors import MissingElementError, PixelDataError, short_repr

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Number = TypeVar("Number", int, float)


def value_of(dataset: "Dataset", tag: Tag) -> Any:
    """Return the value of an element, or None if it is missing or empty.

    Raises
    ------
    PixelDataError
        pydicom cannot convert the value.

    """
    with reading(tag.label):
        value = dataset[tag].value if tag in dataset else None
        is_empty = value is None or (hasattr(value, "__len__") and len(value) == 0)
    return None if is_empty else value


def integer(dataset: "Dataset", tag: Tag) -> int | None:
    """Return the value of an element of VR US, SS or IS, or None if it is missing or empty.

    Raises
    ------
    PixelDataError
        The value is not one integer.

    """
    found = integers(dataset, tag, 1)
    return found[0] if found else None


def integers(dataset: "Dataset", tag: Tag, count: int) -> tuple[int, ...]:
    """Return the `count` values of an element of VR US, SS or IS, or no values if it is missing or empty.

    Raises
    ------
    PixelDataError
        The values are not `count` integers.

    """
    return _numbers(dataset, tag, _index, count, "integer")


def real(dataset: "Dataset", tag: Tag) -> float | None:
    """Return the value of an element of VR FD or DS, or None if it is missing or empty.

    Raises
    ------
    PixelDataError
        The value is not one finite number.

    """
    found = _numbers(dataset, tag, float, 1, "finite number")
    if found and not math.isfinite(found[0]):
        message = f"{tag.label}: found {found[0]:g}, expected one finite number"
        raise PixelDataError(message, element=tag.label)
    return found[0] if found else None


def required(value: Number | None, tag: Tag) -> Number:
    """Return `value`, which is that of a required element.

    Raises
    ------
    MissingElementError
        It is None.

    """
    if value is None:
        raise MissingElementError(f"Missing required element: {tag.label}", element=tag.label)
    return value


def text(dataset: "Dataset", tag: Tag) -> str:
    """Return the first value of a text element; an empty string if it is missing or unreadable."""
    try:
        value = value_of(dataset, tag)
    except PixelDataError:
        return ""
    first = value if isinstance(value, str) or not isinstance(value, Iterable) else next(iter(value))
    return first.strip() if isinstance(first, str) else ""


def _index(value: Any) -> int:
    number = operator.index(value)
    if not -(2**63) <= number < 2**63:
        raise OverflowError
    return number


def _numbers(
    dataset: "Dataset", tag: Tag, convert: Callable[[Any], Number], count: int, noun: str
) -> tuple[Number, ...]:
    value = value_of(dataset, tag)
    if value is None:
        return ()
    values = value if isinstance(value, Iterable) and not isinstance(value, str | bytes) else (value,)
    try:
        numbers = tuple(convert(each) for each in values)
    except (TypeError, ValueError, OverflowError):
        numbers = ()
    if len(numbers) != count:
        expected = f"one {noun}" if count == 1 else f"{count} {noun}s"
        raise PixelDataError(f"{tag.label}: found {short_repr(value)}, expected {expected}", element=tag.label)
    return numbers

"""The Modality LUT of a frame (PS3.3 C.11.1): a table, or Rescale Slope and Rescale Intercept."""

from typing import NamedTuple

from dicomet._native import Lut
from dicomet._parsing.tags import RESCALE_INTERCEPT, RESCALE_SLOPE, Tag
from dicomet._utils.warn import Notice
from dicomet.display.elements import DisplayAttributes, decimal
from dicomet.errors import PixelDataError

Modality = tuple[float, float] | Lut | None
"""Slope and intercept, or a table; None: modality values are the stored values."""
ValueRange = tuple[float, float]
"""The lowest and the highest possible value."""

# Limit of the absolute slope and intercept. No modality needs larger ones, whose results may exceed float32.
MAX_RESCALE = 1e30


class Found(NamedTuple):
    """The Modality LUT of a frame, and the problems that do not prevent its use."""

    modality: Modality
    notices: tuple[Notice, ...] = ()


def rescale_of(elements: DisplayAttributes) -> Found:
    """Return slope and intercept.

    PS3.3 C.11.1 requires both or neither. A missing slope defaults to 1 and a missing intercept to 0, so that the other
    element still applies.

    Raises
    ------
    PixelDataError
        An element is not a number, is too large, or has several different values, so that the modality values are
        unknown.

    """
    slope, intercept = _Part.of(elements, RESCALE_SLOPE), _Part.of(elements, RESCALE_INTERCEPT)
    if slope.value is None and intercept.value is None:
        return Found(None)
    notices = (
        *slope.notices,
        *intercept.notices,
        *slope.missing_beside(intercept, "1"),
        *intercept.missing_beside(slope, "0"),
        *_zero(slope),
    )
    rescale = (1.0 if slope.value is None else slope.value, intercept.value or 0.0)
    return Found(None if rescale == (1, 0) else rescale, notices)


class _Part(NamedTuple):
    """Rescale Slope or Rescale Intercept."""

    name: str
    value: float | None
    notices: tuple[Notice, ...] = ()

    @classmethod
    def of(cls, elements: DisplayAttributes, tag: Tag) -> "_Part":
        """Read an element. An empty one is missing."""
        name, texts = tag.label, elements.texts(tag)
        numbers = {decimal(text, tag) for text in texts if text}
        if not numbers:
            return cls(name, None)
        if len(numbers) > 1:
            raise PixelDataError(f"{name}: found {len(numbers)} different values, expected one", element=name)
        number = numbers.pop()
        if abs(number) > MAX_RESCALE:
            raise PixelDataError(f"{name}: found {number:g}, expected at most {MAX_RESCALE:g}", element=name)
        several = Notice(name, f"{name}: found {len(texts)} values, expected one")
        return cls(name, number, (several,) if len(texts) > 1 else ())

    def missing_beside(self, other: "_Part", default: str) -> tuple[Notice, ...]:
        """Return a notice if only the other element has a value."""
        if self.value is not None or other.value is None:
            return ()
        message = f"{self.name}: found no value beside {other.name} {other.value:g}, expected both; {default} is used"
        return (Notice(self.name, message),)


def _zero(slope: _Part) -> tuple[Notice, ...]:
    if slope.value != 0:
        return ()
    message = f"{slope.name}: found 0, expected another number; all modality values equal Rescale Intercept"
    return (Notice(slope.name, message),)


def modality_range(modality: Modality, stored: ValueRange) -> ValueRange:
    """Return the lowest and the highest modality value for the stored values between the ends of `stored`."""
    if isinstance(modality, Lut):
        return 0.0, float(modality.max_entry)
    slope, intercept = modality or (1.0, 0.0)
    if slope == 0:
        # Stored floats have infinite ends, and infinity times 0 is not a number.
        return intercept, intercept
    low, high = sorted(value * slope + intercept for value in stored)
    return low, high

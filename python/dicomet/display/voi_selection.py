"""Which of its values an image shows (PS3.3 C.11.2): a view of the file, a window of the caller's, or of the values."""

import operator
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from dicomet._native import Lut
from dicomet._utils.warn import Notice
from dicomet.display.attributes import Attributes
from dicomet.display.elements import NAMES, SEQUENCES, VOI_LUT_SEQUENCE, WINDOW_CENTER, WINDOW_EXPLANATION
from dicomet.display.windows import FUNCTIONS, View, Window, usable
from dicomet.errors import PixelDataError, short_repr

# What depends on the values of a frame, or on its Bits Stored.
Measured = Literal["minmax", "percentile", "full"]
MEASURED: tuple[Measured, ...] = ("minmax", "percentile", "full")
_WIDTH = "the width "
WindowSpec = None | int | str | tuple[float, float] | tuple[float, float, str]


def check_window(asked: WindowSpec, name: str) -> WindowSpec:
    """Return what a caller asks for, if it can be had of any image.

    Raises
    ------
    TypeError, ValueError
        It cannot.

    """
    if asked is None or isinstance(asked, str):
        return asked
    if isinstance(asked, Sequence | np.ndarray):
        return _own_window(tuple(asked), name)
    try:
        return operator.index(asked)
    except TypeError:
        expected = "None, a number, a name, or (center, width)"
        raise TypeError(f"{name!r}: found {type(asked).__name__}, expected {expected}") from None


class Choice(NamedTuple):
    """What is shown of a frame, None where its file has no usable view; and what is to be warned of."""

    voi: Window | Lut | Measured | None
    notices: tuple[Notice, ...] = ()


def select_voi(attributes: Attributes, asked: WindowSpec, name: str, *, prefer_lut: bool) -> Choice:
    """Return what `asked`, the argument `name`, stands for in a frame.

    Views of the file are read only where `asked` needs them. None is the first usable view; an index or an explanation
    is one view, which must be usable.

    Raises
    ------
    PixelDataError
        The frame has no such view, or it cannot be used.

    """
    if isinstance(asked, tuple):
        own = usable(_own_window(asked, name), repr(name), _WIDTH)
        return Choice(own.voi, own.notices)
    for measured in MEASURED:
        if asked == measured:
            return Choice(measured)
    luts, windows = attributes.luts, attributes.windows
    is_lut = bool(luts) and (prefer_lut or not windows)
    preferred, others = (luts, windows) if is_lut else (windows, luts)
    if asked is None:
        return _first_usable([*preferred, *others])
    if isinstance(asked, str):
        return _view_by_name(asked, [*preferred, *others])
    if not -len(preferred) <= asked < len(preferred):
        element = SEQUENCES[VOI_LUT_SEQUENCE] if is_lut else NAMES[WINDOW_CENTER]
        raise PixelDataError(
            f"{element}: found {len(preferred)} views, expected one with index {asked}", element=element
        )
    return _required(preferred[asked])


def _first_usable(views: Sequence[View]) -> Choice:
    """Return the first view that can be used, and a notice of those that were skipped."""
    skipped: list[PixelDataError] = []
    for view in views:
        seen = view.seen()
        if not isinstance(seen, PixelDataError):
            return Choice(seen.voi, (*_notice_of(skipped, "the next usable view is shown"), *seen.notices))
        skipped.append(seen)
    return Choice(None, _notice_of(skipped, "the default view is shown"))


def _notice_of(skipped: Sequence[PixelDataError], consequence: str) -> tuple[Notice, ...]:
    if not skipped:
        return ()
    more = f" (and {len(skipped) - 1} more unusable)" if len(skipped) > 1 else ""
    return (Notice(skipped[0].element or "", f"{skipped[0]}{more}; {consequence}"),)


def _view_by_name(name: str, views: Sequence[View]) -> Choice:
    names = [view.name() for view in views]
    for view, explanation in zip(views, names, strict=True):
        if explanation.casefold() == name.strip().casefold():
            return _required(view)
    element = NAMES[WINDOW_EXPLANATION]
    found = ", ".join(short_repr(explanation) for explanation in names if explanation) or "no names"
    expected = f"{short_repr(name)} (or {', '.join(map(repr, MEASURED))})"
    raise PixelDataError(f"{element}: found {found}, expected {expected}", element=element)


def _required(view: View) -> Choice:
    seen = view.seen()
    if isinstance(seen, PixelDataError):
        raise seen
    return Choice(seen.voi, seen.notices)


def _own_window(window: tuple[object, ...], name: str) -> Window:
    try:
        center, width, *rest = window
        own = (float(center), float(width), str(rest[0]).upper() if rest else "LINEAR")  # type: ignore[arg-type]
        known = len(rest) <= 1 and own[2] in FUNCTIONS
    except (TypeError, ValueError, OverflowError):
        known = False
    if not known:
        expected = f"(center, width) or (center, width, function) with one of {', '.join(FUNCTIONS)}"
        raise ValueError(f"{name!r}: found {window!r}, expected {expected}")
    try:
        usable(own, repr(name), _WIDTH)
    except PixelDataError as error:
        raise ValueError(str(error)) from None
    return own

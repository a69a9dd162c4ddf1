"""Selection of the VOI (PS3.3 C.11.2): a view of the file, a custom window, or a window measured on the values."""

import operator
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from dicomet._native import Lut
from dicomet._parsing.tags import VOI_LUT_SEQUENCE, WINDOW_CENTER, WINDOW_EXPLANATION
from dicomet._utils.warn import Notice
from dicomet.display.attributes import Attributes
from dicomet.display.windows import FUNCTIONS, View, Window, usable
from dicomet.errors import PixelDataError, counted, short_repr

# Windows that depend on the values of a frame, or on Bits Stored.
Measured = Literal["minmax", "percentile", "full"]
MEASURED: tuple[Measured, ...] = ("minmax", "percentile", "full")
_WIDTH = "the width "
WindowSpec = None | int | str | tuple[float, float] | tuple[float, float, str]


def check_window(asked: WindowSpec, name: str) -> WindowSpec:
    """Check a window specification as far as possible without an image, and return it.

    Raises
    ------
    TypeError, ValueError
        The specification is not valid for any image.

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
    """The selected VOI of a frame, None if its file has no usable view, and the notices to warn about."""

    voi: Window | Lut | Measured | None
    notices: tuple[Notice, ...] = ()


def select_voi(attributes: Attributes, asked: WindowSpec, name: str, *, prefer_lut: bool) -> Choice:
    """Resolve `asked`, the value of the argument `name`, for a frame.

    Views of the file are read only if `asked` needs them. None selects the first usable view. An index or an
    explanation selects one view, which must be usable.

    Raises
    ------
    PixelDataError
        The frame has no such view, or the view is unusable.

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
        element = VOI_LUT_SEQUENCE.label if is_lut else WINDOW_CENTER.label
        raise PixelDataError(
            f"{element}: found {counted(len(preferred), 'view')}, expected one with index {asked}", element=element
        )
    return _required(preferred[asked])


def _first_usable(views: Sequence[View]) -> Choice:
    """Return the first usable view, with a notice about the skipped ones."""
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
    element = WINDOW_EXPLANATION.label
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

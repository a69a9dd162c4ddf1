"""The views of a frame that its file has (PS3.3 C.11.2), and which windows can be used."""

import math
from collections.abc import Callable
from functools import partial
from itertools import zip_longest
from typing import NamedTuple

from dicomet._native import Lut
from dicomet._utils.warn import Notice
from dicomet.display.elements import (
    NAMES,
    VOI_LUT_FUNCTION,
    WINDOW_CENTER,
    WINDOW_EXPLANATION,
    WINDOW_WIDTH,
    DisplayAttributes,
    decimal,
    term,
)
from dicomet.errors import PixelDataError, short_repr

Window = tuple[float, float, str]
"""Center, width and function."""
# No image has so many. Each frame may have to try them all, so that more would cost far more than their bytes.
MOST_VIEWS = 100
FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


class Seen(NamedTuple):
    """A window or a table that can be used, and the problems that do not prevent its use."""

    voi: Window | Lut
    notices: tuple[Notice, ...] = ()


class View(NamedTuple):
    """One view of a frame. Nothing of it is read before it is asked for."""

    name: Callable[[], str]
    """Returns its explanation; an unreadable one is empty."""
    seen: Callable[[], Seen | PixelDataError]
    """Returns what it shows, or why it cannot be used."""


def windows_of(elements: DisplayAttributes) -> tuple[View, ...]:
    """Return a view for each of the first Window Centers and Window Widths of a frame, usable or not."""
    try:
        centers, widths = elements.texts(WINDOW_CENTER), elements.texts(WINDOW_WIDTH)
    except PixelDataError as error:
        return (unusable(error),)
    notices = _different_counts(len(centers), len(widths))
    return tuple(
        View(partial(_explanation, elements, number), partial(outcome, partial(_window, elements, *pair, notices)))
        for number, pair in enumerate(zip_longest(centers[:MOST_VIEWS], widths[:MOST_VIEWS], fillvalue=""))
    )


def outcome(read: Callable[[], Seen]) -> Seen | PixelDataError:
    """Return what a view shows, or why it cannot be used."""
    try:
        return read()
    except PixelDataError as error:
        return error


def unusable(error: PixelDataError) -> View:
    """Return a view that cannot be used."""
    return View(str, lambda: error)


def usable(window: Window, name: str, quantity: str = "") -> Seen:
    """Return a window as it is applied. `name`: of the element that has the width, or of the argument with `quantity`.

    PS3.3 C.11.2.1.2.1 requires a width of 1 or more for LINEAR, whose equation divides by the width minus 1. Where
    modality values are small, narrower windows are common, and LINEAR_EXACT (C.11.2.1.3.2) shows what they mean.

    Raises
    ------
    PixelDataError
        Center and width are not finite, or the width is not more than 0.

    """
    center, width, function = window
    if not (math.isfinite(center) and math.isfinite(width)):
        raise PixelDataError(f"{name}: found {center:g} and {width:g}, expected finite numbers", element=name)
    if not width > 0:
        raise PixelDataError(f"{name}: found {quantity}{width:g}, expected more than 0 for {function}", element=name)
    if function != "LINEAR" or width >= 1:
        return Seen(window)
    message = f"{name}: found {quantity}{width:g}, expected 1 or more for LINEAR; the window is applied as LINEAR_EXACT"
    return Seen((center, width, "LINEAR_EXACT"), (Notice(name, message),))


def _window(elements: DisplayAttributes, center: str, width: str, notices: tuple[Notice, ...]) -> Seen:
    function = term(elements, VOI_LUT_FUNCTION) or "LINEAR"
    if function not in FUNCTIONS:
        name = NAMES[VOI_LUT_FUNCTION]
        message = f"{name}: found {short_repr(function)}, expected one of {', '.join(FUNCTIONS)}"
        raise PixelDataError(message, element=name)
    seen = usable((decimal(center, WINDOW_CENTER), decimal(width, WINDOW_WIDTH), function), NAMES[WINDOW_WIDTH])
    return Seen(seen.voi, (*seen.notices, *notices))


def _different_counts(centers: int, widths: int) -> tuple[Notice, ...]:
    """PS3.3 C.11.2.1.2: there is one width for each center."""
    if centers == widths:
        return ()
    name = NAMES[WINDOW_CENTER]
    return (Notice(name, f"{name}: found {centers} values, expected {widths} as of {NAMES[WINDOW_WIDTH]}"),)


def _explanation(elements: DisplayAttributes, number: int) -> str:
    """Return the explanation of a window; an unreadable one is empty, as it does not change what is shown."""
    try:
        names = elements.texts(WINDOW_EXPLANATION)
    except PixelDataError:
        return ""
    return names[number] if number < len(names) else ""

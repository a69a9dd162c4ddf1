"""The views that a file defines for a frame (PS3.3 C.11.2), and the check that a window is usable."""

import math
from collections.abc import Callable
from functools import partial
from itertools import zip_longest
from typing import NamedTuple

from dicomet._native import Lut
from dicomet._parsing.tags import VOI_LUT_FUNCTION, WINDOW_CENTER, WINDOW_EXPLANATION, WINDOW_WIDTH
from dicomet._utils.warn import Notice
from dicomet.display.elements import DisplayAttributes, decimal, term
from dicomet.errors import PixelDataError, counted, short_repr

Window = tuple[float, float, str]
"""Center, width and function."""
# The limit of views per frame, more than any real image has. Each frame may have to try them all, so that more views
# would cost far more time than their bytes justify.
MAX_VIEWS = 100
FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


class UsableVoi(NamedTuple):
    """A usable window or table, with notices about problems that do not prevent its use."""

    voi: Window | Lut
    notices: tuple[Notice, ...] = ()


class View(NamedTuple):
    """One view of a frame, read on demand."""

    name: Callable[[], str]
    """Returns the explanation, empty if it is unreadable."""
    read: Callable[[], UsableVoi | PixelDataError]
    """Returns the window or table, or the error that makes it unusable."""


def windows_of(elements: DisplayAttributes) -> tuple[View, ...]:
    """Return a view for each pair of Window Center and Window Width, up to `MAX_VIEWS`, usable or not."""
    try:
        centers, widths = elements.texts(WINDOW_CENTER), elements.texts(WINDOW_WIDTH)
    except PixelDataError as error:
        return (unusable_view(error),)
    notices = _different_counts(len(centers), len(widths))
    return tuple(
        View(partial(_explanation, elements, number), partial(voi_or_error, partial(_window, elements, *pair, notices)))
        for number, pair in enumerate(zip_longest(centers[:MAX_VIEWS], widths[:MAX_VIEWS], fillvalue=""))
    )


def voi_or_error(read: Callable[[], UsableVoi]) -> UsableVoi | PixelDataError:
    """Return the result of `read`, or the error that it raises."""
    try:
        return read()
    except PixelDataError as error:
        return error


def unusable_view(error: PixelDataError) -> View:
    """Return an unusable view without a name, which reports `error`."""
    return View(str, lambda: error)


def usable(window: Window, name: str, quantity: str = "") -> UsableVoi:
    """Return a window in the form in which it is applied.

    PS3.3 C.11.2.1.2.1 requires a width of 1 or more for LINEAR, whose equation divides by the width minus 1. Narrower
    windows are common where modality values are small; they are applied as LINEAR_EXACT (C.11.2.1.3.2), which has the
    intended meaning.

    `name` is the name of the width element; or of an argument, for which `quantity` introduces the width in messages.

    Raises
    ------
    PixelDataError
        Center or width is not finite, or the width is not above 0.

    """
    center, width, function = window
    if not (math.isfinite(center) and math.isfinite(width)):
        raise PixelDataError(f"{name}: found {center:g} and {width:g}, expected finite numbers", element=name)
    if not width > 0:
        raise PixelDataError(f"{name}: found {quantity}{width:g}, expected more than 0 for {function}", element=name)
    if function != "LINEAR" or width >= 1:
        return UsableVoi(window)
    message = f"{name}: found {quantity}{width:g}, expected 1 or more for LINEAR; the window is applied as LINEAR_EXACT"
    return UsableVoi((center, width, "LINEAR_EXACT"), (Notice(name, message),))


def _window(elements: DisplayAttributes, center: str, width: str, notices: tuple[Notice, ...]) -> UsableVoi:
    function = term(elements, VOI_LUT_FUNCTION) or "LINEAR"
    if function not in FUNCTIONS:
        name = VOI_LUT_FUNCTION.label
        message = f"{name}: found {short_repr(function)}, expected one of {', '.join(FUNCTIONS)}"
        raise PixelDataError(message, element=name)
    found = usable((decimal(center, WINDOW_CENTER), decimal(width, WINDOW_WIDTH), function), WINDOW_WIDTH.label)
    return UsableVoi(found.voi, (*found.notices, *notices))


def _different_counts(centers: int, widths: int) -> tuple[Notice, ...]:
    """Return a notice unless there is one width for each center (PS3.3 C.11.2.1.2)."""
    if centers == widths:
        return ()
    name = WINDOW_CENTER.label
    return (Notice(name, f"{name}: found {counted(centers, 'value')}, expected {widths} as for {WINDOW_WIDTH.label}"),)


def _explanation(elements: DisplayAttributes, number: int) -> str:
    """Return the explanation of a window, empty if it is unreadable, because it does not affect the display values."""
    try:
        names = elements.texts(WINDOW_EXPLANATION)
    except PixelDataError:
        return ""
    return names[number] if number < len(names) else ""

"""Selection of the VOI (PS3.3 C.11.2): a view of the file, a custom window, or a window measured on the values."""

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from dicomet._native import Lut
from dicomet._parsing.tags import VOI_LUT_SEQUENCE, WINDOW_CENTER, WINDOW_EXPLANATION
from dicomet._utils.warn import Notice
from dicomet.display.attributes import Attributes
from dicomet.display.windows import FUNCTIONS, View, Window, usable
from dicomet.errors import PixelDataError, counted, short_repr

# Windows that depend on values, or on Bits Stored.
Measured = Literal["minmax", "percentile", "full"]
MEASURED: tuple[Measured, ...] = ("minmax", "percentile", "full")
WindowOver = Literal["frame", "image"]
"""The values on which a window is measured: those of each frame by itself, or those of all frames of the image."""
WINDOW_OVER: tuple[WindowOver, ...] = get_args(WindowOver)
_WIDTH = "the width "
WindowSpec = None | int | str | tuple[float, float] | tuple[float, float, str]


@dataclass(frozen=True, slots=True)
class WindowArguments:
    """The arguments of `to_display` that select a window, under the same names."""

    window: WindowSpec = None
    default: WindowSpec = None
    percentiles: tuple[float, float] = (1.0, 99.0)
    window_over: WindowOver = "frame"

    def checked(self) -> "WindowArguments":
        """Check the arguments as far as possible without an image, and return them.

        Raises
        ------
        TypeError, ValueError
            An argument is not valid for any image.

        """
        low, high = number_pair(self.percentiles, "percentiles")
        if not 0 <= low <= high <= 100:  # noqa: PLR2004 - percent
            raise ValueError(f"'percentiles': found {low:g} and {high:g}, expected two from 0 to 100, the lower first")
        return WindowArguments(
            check_window(self.window, "window"),
            check_window(self.default, "default"),
            (low, high),
            check_window_over(self.window_over),
        )


def number_pair(numbers: Any, name: str) -> tuple[float, float]:
    """Return the argument `name` as two floats.

    Raises
    ------
    ValueError
        It is not two numbers.

    """
    try:
        low, high = (float(number) for number in numbers)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name!r}: found {short_repr(numbers)}, expected two numbers") from None
    return low, high


def check_window(spec: WindowSpec, name: str) -> WindowSpec:
    """Check a window specification as far as possible without an image, and return it.

    Raises
    ------
    TypeError, ValueError
        The specification is not valid for any image.

    """
    if spec is None or isinstance(spec, str):
        return spec
    if isinstance(spec, Sequence | np.ndarray):
        return _own_window(tuple(spec), name)
    try:
        return operator.index(spec)
    except TypeError:
        expected = "None, a number, a name, or (center, width)"
        raise TypeError(f"{name!r}: found {type(spec).__name__}, expected {expected}") from None


def check_window_over(window_over: WindowOver) -> WindowOver:
    """Check the argument `window_over`, and return it.

    Raises
    ------
    ValueError
        It is neither ``"frame"`` nor ``"image"``.

    """
    if window_over not in WINDOW_OVER:
        expected = " or ".join(map(repr, WINDOW_OVER))
        raise ValueError(f"'window_over': found {short_repr(window_over)}, expected {expected}")
    return window_over


class Choice(NamedTuple):
    """The selected VOI of a frame, None if its file has no usable view, and the notices to warn about."""

    voi: Window | Lut | Measured | None
    notices: tuple[Notice, ...] = ()


def select_voi(attributes: Attributes, spec: WindowSpec, name: str, *, prefer_lut: bool) -> Choice:
    """Resolve `spec`, the value of the argument `name`, for a frame.

    Views of the file are read only if `spec` needs them. None selects the first usable view. An index or an
    explanation selects one view, which must be usable.

    Raises
    ------
    PixelDataError
        The frame has no such view, or the view is unusable.

    """
    if isinstance(spec, tuple):
        own = usable(_own_window(spec, name), repr(name), _WIDTH)
        return Choice(own.voi, own.notices)
    for measured in MEASURED:
        if spec == measured:
            return Choice(measured)
    luts, windows = attributes.luts, attributes.windows
    is_lut = bool(luts) and (prefer_lut or not windows)
    preferred, others = (luts, windows) if is_lut else (windows, luts)
    if spec is None:
        return _first_usable([*preferred, *others])
    if isinstance(spec, str):
        return _view_by_name(spec, [*preferred, *others])
    if not -len(preferred) <= spec < len(preferred):
        element = VOI_LUT_SEQUENCE.label if is_lut else WINDOW_CENTER.label
        raise PixelDataError(
            f"{element}: found {counted(len(preferred), 'view')}, expected one with index {spec}", element=element
        )
    return _required(preferred[spec])


def _first_usable(views: Sequence[View]) -> Choice:
    """Return the first usable view, with a notice about the skipped ones."""
    skipped: list[PixelDataError] = []
    for view in views:
        found = view.read()
        if not isinstance(found, PixelDataError):
            return Choice(found.voi, (*_notice_of(skipped, "the next usable view is shown"), *found.notices))
        skipped.append(found)
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
    found = view.read()
    if isinstance(found, PixelDataError):
        raise found
    return Choice(found.voi, found.notices)


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

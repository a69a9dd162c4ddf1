"""Which of its values an image shows (PS3.3 C.11.2): a view of the file, a window of the caller's, or of the values."""

import math
import operator
from collections.abc import Sequence
from typing import Literal

import numpy as np

from dicomet._native import Lut
from dicomet.display.attributes import FUNCTIONS, Attributes, View, Window
from dicomet.display.elements import NAMES, WINDOW_CENTER, WINDOW_WIDTH
from dicomet.errors import PixelDataError, shown

# What depends on the values of a frame, or on its Bits Stored.
Measured = Literal["minmax", "percentile", "full"]
MEASURED: tuple[Measured, ...] = ("minmax", "percentile", "full")
Asked = None | int | str | tuple[float, float] | tuple[float, float, str]


def checked(asked: Asked, name: str) -> Asked:
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


def choose(attributes: Attributes, asked: Asked, *, prefer_lut: bool) -> Window | Lut | Measured | None:
    """Return what `asked` stands for in a frame; None where nothing is asked for and the file says nothing.

    Raises
    ------
    PixelDataError
        The frame has no such view, or a window that cannot be.

    """
    if isinstance(asked, tuple):
        return asked if len(asked) == len(("center", "width", "function")) else (*asked, "LINEAR")
    luts, windows = attributes.luts, attributes.windows
    preferred = luts if luts and (prefer_lut or not windows) else windows
    if asked is None:
        return _taken(preferred[0]) if preferred else None
    if isinstance(asked, str):
        return _named(asked, [*preferred, *(windows if preferred is luts else luts)])
    if not -len(preferred) <= asked < len(preferred):
        element = "(0028,3010) VOI LUT Sequence" if preferred is luts and luts else NAMES[WINDOW_CENTER]
        raise PixelDataError(
            f"{element}: found {len(preferred)} views, expected one with index {asked}", element=element
        )
    return _taken(preferred[asked])


def _named(name: str, views: list[View]) -> Window | Lut | Measured:
    for view in views:
        if view.name.casefold() == name.strip().casefold():
            return _taken(view)
    for measured in MEASURED:
        if name == measured:
            return measured
    element = "(0028,1055) Window Center & Width Explanation"
    found = ", ".join(shown(view.name) for view in views if view.name) or "no names"
    expected = f"{shown(name)} (or {', '.join(map(repr, MEASURED))})"
    raise PixelDataError(f"{element}: found {found}, expected {expected}", element=element)


def _taken(view: View) -> Window | Lut:
    if callable(view.voi):
        return view.voi()
    _, width, function = view.voi
    problem = _problem(view.voi)
    if problem:
        element = NAMES[WINDOW_WIDTH]
        raise PixelDataError(f"{element}: found {width:g}, expected {problem} for {function}", element=element)
    return view.voi


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
    problem = _problem(own)
    if problem:
        raise ValueError(f"{name!r}: found the width {own[1]:g}, expected {problem} for {own[2]}")
    return own


def _problem(window: Window) -> str | None:
    """Return what PS3.3 C.11.2.1.2 and C.11.2.1.3 want of a window, if that is not so."""
    center, width, function = window
    if not (math.isfinite(center) and math.isfinite(width)):
        return "finite numbers"
    if function == "LINEAR":
        return None if width >= 1 else "1 or more"
    return None if width > 0 else "more than 0"

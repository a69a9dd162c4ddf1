"""Argument types for `argparse` that several commands share. Imports nothing that is slow to import."""

import argparse
import math
import re
from collections.abc import Sequence

MAX_DIGITS = 9
WINDOW_OVER = ("frame", "image")
FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
WINDOW = "CENTER,WIDTH[,FUNCTION], the number or the explanation of one of the file, or minmax, percentile or full"
_NEGATIVE = re.compile(r"-\.?\d")


def add_display_options(parser: argparse._ActionsContainer, window_default: str) -> None:
    """Declare the options for display values that `convert` and `show` share.

    `window_default`: how the help text names the default of the window.
    """
    parser.add_argument("--window", metavar="WINDOW", type=window, help=f"{WINDOW}; {window_default}")
    parser.add_argument(
        "--window-over",
        choices=WINDOW_OVER,
        default=WINDOW_OVER[0],
        help="measure minmax and percentile over each frame, or over all frames of an image, which then have one "
        "window; default: frame",
    )
    parser.add_argument("--overlays", action="store_true", help="draw the overlays of the file over the image")


def with_negative_values(arguments: Sequence[str]) -> list[str]:
    """Join a long option and a value that begins with a negative number: ``--window -600,1500``.

    argparse treats such a value as an option unless all of it is a number. No option begins with a digit.
    """
    joined: list[str] = []
    for position, argument in enumerate(arguments):
        if argument == "--":
            return [*joined, *arguments[position:]]
        if _NEGATIVE.match(argument) and joined and re.fullmatch(r"--[a-z][a-z-]*", joined[-1]):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def positive(text: str) -> int:
    """Return a whole number of at least 1."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number, 1 or more")
    return number


def window(text: str) -> int | str | tuple[float, float] | tuple[float, float, str]:
    """Return a window in the form that `dicomet.to_display` takes."""
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) <= MAX_DIGITS:
        return int(text)
    first, *rest = text.split(",")
    center, width = _number(first), _number(rest[0]) if rest else None
    if text.strip() and (center is None or not rest):
        return text
    if center is not None and width is not None and math.isfinite(center) and math.isfinite(width):
        match [name.strip().upper() for name in rest[1:]]:
            case []:
                return center, width
            case [name] if name in FUNCTIONS:
                return center, width, name
    raise argparse.ArgumentTypeError(f"found {text!r}, expected {WINDOW}")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None

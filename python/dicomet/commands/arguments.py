"""What several commands take, from text to value: types for `argparse`, without anything that takes long to import."""

import argparse
import math

MOST_DIGITS = 9
FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
# argparse takes what begins with a minus for an option.
WINDOW = (
    "CENTER,WIDTH[,FUNCTION] (with a minus in front: --window=-600,1500), the number or the explanation of one of the "
    "file, or minmax, percentile or full"
)


def positive(text: str) -> int:
    """Return a whole number from 1 on."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number from 1 on")
    return number


def window(text: str) -> int | str | tuple[float, float] | tuple[float, float, str]:
    """Return a window as `dicomet.to_display` takes it."""
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS:
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

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
    if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS:
        return int(text)
    first, *rest = text.split(",")
    if not rest or not _is_number(first):
        return text
    center, width = float(first), float(rest[0]) if _is_number(rest[0]) else None
    match width, [name.strip().upper() for name in rest[1:]]:
        case float(), []:
            return center, width
        case float(), [name] if name in FUNCTIONS:
            return center, width, name
    raise argparse.ArgumentTypeError(f"found {text!r}, expected {WINDOW}")


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False

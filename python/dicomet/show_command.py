"""`dicomet show`, the command: light, for every other command imports it too."""

import argparse
import math
import sys

UNUSABLE_ARGUMENTS = 2
FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
WINDOW = "CENTER,WIDTH[,FUNCTION], the number or the explanation of one of the file, or minmax, percentile or full"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `run` takes."""
    parser.add_argument("paths", metavar="PATH", nargs="+", help="a DICOM file, or a folder with all that is below it")
    parser.add_argument(
        "-o", "--output", metavar="SHEET.png", help="write this file; default: a temporary one, which is opened"
    )
    parser.add_argument("--columns", metavar="N", type=_positive, help="tiles in a row; default: as in a square")
    parser.add_argument("--size", metavar="PIXELS", type=_positive, default=160, help="of a tile; default: 160")
    parser.add_argument(
        "--tiles",
        metavar="N",
        type=_positive_or_all,
        default=64,
        help="at most so many, evenly spaced over frames or files, or 'all'; default: 64",
    )
    parser.add_argument("--window", type=window, help=f"{WINDOW}; default: what each file says")


def run(arguments: argparse.Namespace) -> int:
    """Make the sheet and list its tiles; return 1 if a tile or the sheet is broken, 2 for unusable arguments."""
    from dicomet import bench, show  # noqa: PLC0415 - imports pydicom, which other commands do not need

    try:
        return show.show(
            arguments.paths,
            output=arguments.output,
            columns=arguments.columns,
            size=arguments.size,
            tiles=arguments.tiles,
            window=arguments.window,
        )
    except (bench.UnusablePathError, show.UnusableSheetError) as error:
        sys.stderr.write(f"dicomet show: error: {error}\n")
        return UNUSABLE_ARGUMENTS


def _positive(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004 - digits
    if number < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number from 1 on")
    return number


def _positive_or_all(text: str) -> int | None:
    return None if text == "all" else _positive(text)


def window(text: str) -> int | str | tuple[float, float] | tuple[float, float, str]:
    """Return a window as `dicomet.to_display` takes it."""
    if text.isascii() and text.isdigit():
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

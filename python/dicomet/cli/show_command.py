"""The command `dicomet show`. Imports only light modules: every other command imports this one, too."""

import argparse
import sys

from dicomet.cli.arguments import add_display_options, positive

UNUSABLE_ARGUMENTS = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `run`."""
    parser.add_argument("paths", metavar="PATH", nargs="+", help="a DICOM file, or a folder with all that is below it")
    parser.add_argument(
        "-o", "--output", metavar="SHEET.png", help="write this file; default: a temporary one, which is opened"
    )
    parser.add_argument("--columns", metavar="N", type=positive, help="tiles in a row; default: as in a square")
    parser.add_argument("--size", metavar="PIXELS", type=positive, default=160, help="of a tile; default: 160")
    parser.add_argument(
        "--tiles",
        metavar="N",
        type=_tiles,
        default=64,
        help="maximum number, evenly spaced over frames or files, or 'all'; default: 64",
    )
    add_display_options(parser, "default: what each file says")


def run(arguments: argparse.Namespace) -> int:
    """Write the sheet and list its tiles; return 1 if a tile or the sheet is broken, 2 for unusable arguments."""
    from dicomet.cli import files, show  # noqa: PLC0415 - imports pydicom, which other commands do not need

    try:
        return show.show(
            arguments.paths,
            output=arguments.output,
            columns=arguments.columns,
            size=arguments.size,
            tiles=arguments.tiles,
            window=arguments.window,
            window_over=arguments.window_over,
            overlays=arguments.overlays,
        )
    except (files.UnusablePathError, show.UnusableSheetError) as error:
        sys.stderr.write(f"dicomet show: error: {error}\n")
        return UNUSABLE_ARGUMENTS


def _tiles(text: str) -> int | None:
    return None if text == "all" else positive(text)

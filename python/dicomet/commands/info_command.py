"""`dicomet info`, the command: light, for every other command imports it too."""

import argparse
import sys
from pathlib import Path

from dicomet.regular import irregular

UNUSABLE_ARGUMENTS = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `run` takes."""
    parser.add_argument("files", metavar="FILE", nargs="+", help="a DICOM file")
    parser.add_argument("--json", action="store_true", help="an object for one file, a list of objects for several")


def run(arguments: argparse.Namespace) -> int:
    """Describe the files; return 1 if one of them cannot be described as an image, 2 if one is no file."""
    unusable = next((why for path in arguments.files if (why := _unusable(path))), None)
    if unusable:
        sys.stderr.write(f"dicomet info: error: {unusable}\n")
        return UNUSABLE_ARGUMENTS
    from dicomet.commands import info_report  # noqa: PLC0415 - imports pydicom, which other commands do not need

    write = info_report.write_json if arguments.json else info_report.write_text
    return write(arguments.files)


def _unusable(path: str) -> str | None:
    if not Path(path).exists():
        return f"no such file: {path!r}"
    kind = irregular(path)
    return None if kind is None else f"found {kind}, expected a file: {path!r}"

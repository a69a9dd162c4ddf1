"""The command `dicomet info`. Imports only light modules: every other command imports this one, too."""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `run`."""
    parser.add_argument(
        "files", metavar="FILE", nargs="+", help="a DICOM file, or a folder or archive, whose series are listed"
    )
    parser.add_argument("--json", action="store_true", help="an object for one file, a list of objects for several")


def run(arguments: argparse.Namespace) -> int:
    """Describe all files; return 1 if one of them cannot be described as an image."""
    from dicomet.cli import info_report  # noqa: PLC0415 - imports pydicom, which other commands do not need

    write = info_report.write_json if arguments.json else info_report.write_text
    return write(arguments.files)

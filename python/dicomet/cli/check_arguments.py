"""The arguments of ``dicomet check``. Imports only light modules: every call of ``dicomet`` imports this one."""

import argparse

from dicomet.cli.arguments import positive

DESCRIPTION = """\
Decode all frames of DICOM files once, on all cores, and report the files that cannot be decoded. In a folder, the files
are those that the data sets for training take: by the suffix .dcm or .dicom, or by the prefix DICM. The list (-o) is
what their argument 'checked' takes.

Exit status: 0; 1 if a file is bad, which does not stop the others; 2 for unusable arguments.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Add all arguments to `parser`."""
    parser.add_argument("paths", metavar="PATH", nargs="+", help="a folder with all that is below it, or a DICOM file")
    parser.add_argument(
        "-o",
        "--output",
        metavar="LIST",
        help="write the list of all files, good and bad with the reason, as .json or .csv; default: bad files are only "
        "printed",
    )
    parser.add_argument(
        "--values",
        choices=("display", "stored", "modality"),
        default="display",
        help="the values to compute: a file may have usable stored values, but no usable window; default: display",
    )
    parser.add_argument("--workers", metavar="N", type=positive, help="threads; default: one for each core")
    parser.add_argument(
        "--verbose",
        action="store_true",
        help="name every file that is bad or has a warning on a line of its own; default: a line for each reason",
    )

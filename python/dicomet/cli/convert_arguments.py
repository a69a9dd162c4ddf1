"""The arguments of ``dicomet convert``. Imports only light modules: every call of ``dicomet`` imports this one."""

import argparse

from dicomet._utils.interpolation import INTERPOLATIONS
from dicomet.cli.arguments import add_display_options, positive
from dicomet.convert.formats import CHOICES, FORMATS

DESCRIPTION = """\
Convert DICOM files into image files, as they are displayed or with all their stored bits (--values stored), or into
arrays of Hounsfield units and the like (--values modality). Folders below a SRC are kept below the output: folders of
classes stay folders of classes. Of several SRC, each folder or archive gets a folder of its name. Files in folders and
archives that are no DICOM files or have no pixel data are skipped.

Exit status: 0; 1 if a file failed, which does not end the rest and is counted by its reason; 2 for unusable arguments.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Add all arguments to `parser`."""
    parser.add_argument(
        "sources",
        metavar="SRC",
        nargs="+",
        help="a DICOM file, a folder with all that is below it, an archive (zip, tar, tar.gz; gzip of one file), or - "
        "for one file on standard input",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        required=True,
        help="the folder for the results; of a single file also the name of the result, such as ct.png. Several frames "
        "become NAME_0001.png and so on, or one file in the formats that hold several",
    )
    parser.add_argument(
        "--format",
        choices=[suffix.removeprefix(".") for suffix in CHOICES],
        help=f"default: {FORMATS[0].name}; video writes the stream of each video object as it is, under its own suffix",
    )
    _add_values(parser)
    _add_run_options(parser)


def _add_values(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("values")
    add_display_options(
        group, "after the Modality LUT, such as 40,400 for Hounsfield units; default: what the file says"
    )
    group.add_argument(
        "--dtype",
        metavar="DTYPE",
        help="of display values uint8, uint16 or float32, default: uint8; of modality values any that holds them, "
        "default: the narrowest integers, or float32",
    )
    group.add_argument(
        "--values",
        choices=("display", "stored", "modality"),
        default="display",
        help="display values; stored values, with all their bits; or modality values, such as Hounsfield units (for "
        f"{', '.join(form.name for form in FORMATS if form.dtypes is None)}); default: display",
    )
    group.add_argument(
        "--raw", action="store_true", help="stored values as they are coded, without conversion of YCbCr to RGB"
    )
    group.add_argument(
        "--size",
        metavar="N|ROWSxCOLUMNS",
        type=_size,
        help="of the shorter side, the other in proportion; or both, whatever the proportions",
    )
    group.add_argument(
        "--interpolation",
        choices=INTERPOLATIONS,
        default=INTERPOLATIONS[0],
        help="the filter of --size; default: bilinear, antialiased",
    )
    group.add_argument(
        "--frames",
        metavar="all|middle|N",
        type=_frames,
        default="all",
        help="N from 0, or backwards from -1; default: all",
    )
    group.add_argument(
        "--channels", type=int, choices=(1, 3), default=0, help="1 for gray, 3 for RGB; default: as in the file"
    )
    group.add_argument(
        "--square", action="store_true", help="resize to square pixels, by Pixel Spacing or Pixel Aspect Ratio"
    )
    _add_file_options(parser)


def _add_file_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("files")
    group.add_argument(
        "--quality", metavar="N", type=int, default=90, help="of JPEG and WebP, 1 to 100 (WebP: lossless); default: 90"
    )
    group.add_argument(
        "--icc-profile",
        choices=("keep", "apply", "drop"),
        default="keep",
        help="keep the ICC profile of colors in the file, or convert them to sRGB, or neither; default: keep",
    )
    group.add_argument(
        "--frame-rate", metavar="N", type=float, help="of animations, per second; default: as in the file, or 10"
    )
    group.add_argument(
        "--sidecar",
        metavar="KEYWORD,...",
        nargs="?",
        type=lambda text: tuple(filter(None, text.split(","))),
        const=True,
        default=False,
        help="write NAME.json beside the results, with spacing and elements that identify no patient; and these "
        "elements, such as --sidecar SliceThickness,StudyDate",
    )


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("execution")
    who = group.add_mutually_exclusive_group()
    who.add_argument("--workers", metavar="N", type=positive, help="processes; default: one for each core")
    who.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="of a running dask.distributed cluster that does it instead, such as tcp://10.0.0.5:8786, and whose "
        "workers see the same files; needs the extra dask",
    )
    group.add_argument("--skip-existing", action="store_true", help="go on where an earlier run has ended")
    group.add_argument(
        "--on-error", choices=("skip", "stop"), default="skip", help="what to do when a file fails; default: skip it"
    )
    group.add_argument(
        "--verbose",
        action="store_true",
        help="name every file that failed or has a warning on a line of its own; default: a line for each reason",
    )
    group.add_argument(
        "--report",
        metavar="FILE",
        help="write down what became of every file, as .csv or .json: its outputs, its reason",
    )


def _size(text: str) -> int | tuple[int, int]:
    parts = text.lower().split("x")
    if len(parts) > 2 or not all(part.isascii() and part.isdigit() for part in parts):  # noqa: PLR2004
        raise argparse.ArgumentTypeError(f"found {text!r}, expected N or ROWSxCOLUMNS, such as 224 or 224x224")
    return int(parts[0]) if len(parts) == 1 else (int(parts[0]), int(parts[1]))


def _frames(text: str) -> int | str:
    if text in {"all", "middle"}:
        return text
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected all, middle or a number") from None

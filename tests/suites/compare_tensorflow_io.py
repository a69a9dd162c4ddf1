"""Compare `dicomet.tf.decode_dicom_image` with tensorflow-io's, over every file of pydicom and pydicom-data.

Prints a table in Markdown, which docs/migration.md holds: one row for each reason why the two differ, with the number
of files that it explains. A reason computes tensorflow-io's values from dicomet's, and explains a file only if the
result is equal, or within the number of levels that the reason allows. The script exits with 1 if a difference has no
reason, or if the page holds another table.

CI does not run it: tensorflow-io's last release, 0.37.1, needs TensorFlow 2.16, which needs NumPy 1 and at most CPython
3.12. In an environment of its own, from the root of the repository (two minutes):

    python3.11 -m venv .tfio
    .tfio/bin/pip install tensorflow-cpu==2.16.2 tensorflow-io==0.37.1 pydicom-data '.[jpeg]'
    .tfio/bin/python tests/suites/compare_tensorflow_io.py               # the table
    .tfio/bin/python tests/suites/compare_tensorflow_io.py --files       # and the files of each row

tensorflow-io decodes with DCMTK, which writes messages of its own about the files to standard error.
"""

import argparse
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import data_store
import numpy as np
import pydicom
from pydicom.uid import ExplicitVRBigEndian

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import tensorflow as tf  # after the variable that it reads
import tensorflow_io as tfio

import dicomet.tf

PAGE = Path(__file__).resolve().parents[2] / "docs" / "migration.md"
ROOTS = (Path(pydicom.__file__).parent / "data" / "test_files", Path(data_store.__file__).parent / "data")


@dataclass(frozen=True)
class Case:
    """A file, and what both functions make of it: an array of float64, or None for an error."""

    path: Path
    there: np.ndarray | None
    here: np.ndarray | None

    @cached_property
    def header(self) -> pydicom.Dataset:
        """The elements before the pixel data, and overlays."""
        return pydicom.dcmread(self.path, force=True)

    @property
    def syntax(self) -> str:
        """The transfer syntax, empty where the file does not name it."""
        return self.header.file_meta.get("TransferSyntaxUID", "")


class Row(NamedTuple):
    """What the table says of a reason."""

    why: str
    there: str
    """What tensorflow-io gives."""
    here: str
    """What dicomet gives, and which of its functions gives tensorflow-io's values."""


@dataclass(frozen=True)
class Reason:
    """Why the values of files differ."""

    row: Row
    applies: Callable[[Case], bool]
    values: Callable[[Case], np.ndarray]
    """tensorflow-io's values, computed from those of dicomet and the header."""
    levels: int = 0
    """The largest difference that the reason explains."""

    def explains(self, case: Case) -> bool:
        """Return whether the reason gives the values of tensorflow-io."""
        if not self.applies(case):
            return False
        expected = self.values(case)
        return expected.shape == case.there.shape and bool(np.abs(expected - case.there).max() <= self.levels)


def stored(case: Case) -> np.ndarray:
    """Return dicomet's values."""
    return case.here


def rescale(header: pydicom.Dataset) -> tuple[float, float]:
    """Return the Rescale Slope and Intercept of the data set, or of its Shared Functional Groups."""
    for group in header.get("SharedFunctionalGroupsSequence", [])[:1]:
        header = next(iter(group.get("PixelValueTransformationSequence", [])), header)
    return float(header.get("RescaleSlope", 1)), float(header.get("RescaleIntercept", 0))


def is_rescaled(case: Case) -> bool:
    """Return whether there is a Rescale Slope or Intercept that changes values."""
    return rescale(case.header) != (1, 0)


def rendered(case: Case) -> np.ndarray:
    """Return what DCMTK makes of monochrome values without a window.

    It rescales the range that Bits Stored allows, counts the bits that the ends of the result need, and stretches the
    range to all values with that number of bits. Each step drops the fraction. MONOCHROME1 is stretched downward, from
    the highest value, to a range that is two values shorter.
    """
    bits = case.header.BitsStored
    lowest = -(2 ** (bits - 1)) if case.header.PixelRepresentation else 0
    slope, intercept = rescale(case.header)
    low, high = sorted((lowest * slope + intercept, (lowest + 2**bits - 1) * slope + intercept))
    if is_rescaled(case):
        bits = int(high).bit_length() if low >= 0 else max(int(-low), int(high)).bit_length() + 1
    from_lowest = np.trunc(case.here * slope + intercept) - np.trunc(low)
    if case.header.PhotometricInterpretation == "MONOCHROME1":
        return np.trunc(2**bits - 1 - from_lowest * ((2**bits - 2) / (high - low + 1)))
    return np.trunc(from_lowest * (2**bits / (high - low + 1)))


def with_overlays(case: Case) -> np.ndarray:
    """Return the values with the pixels of overlay 0x6000 at the highest value of 16 bits."""
    values = case.here.copy()
    values[:, case.header.overlay_array(0x6000) != 0] = 2**16 - 1
    return values


def swapped_words(case: Case) -> np.ndarray:
    """Return 32-bit values with their 16-bit halves exchanged."""
    words = case.here.astype(np.uint32)
    return (words << 16 | words >> 16).astype(np.float64)


def four_d(values: np.ndarray, case: Case) -> np.ndarray:
    """Return an image as float64 of tensorflow-io's shape."""
    return values.astype(np.float64).reshape(case.there.shape)


def has(**expected: object) -> Callable[[Case], bool]:
    """Return a condition: elements of the header have these values."""
    return lambda case: all(case.header.get(keyword) == value for keyword, value in expected.items())


def is_uncompressed_ycbcr(case: Case) -> bool:
    """Return whether both convert the stored YCbCr samples themselves."""
    return str(case.header.PhotometricInterpretation).startswith("YBR_FULL") and not case.syntax.is_encapsulated


# The first that explains a file counts.
REASONS = (
    Reason(Row("none: equal", "the stored values", "the same"), lambda _: True, stored),
    Reason(
        Row(
            "MONOCHROME1",
            "inverted; rescaled as in the next row",
            'not inverted; `read_image(values="display")` inverts, after the window',
        ),
        has(PhotometricInterpretation="MONOCHROME1"),
        rendered,
    ),
    Reason(
        Row(
            "Rescale Slope and Intercept",
            "the range of Bits Stored, rescaled, moved to 0, stretched to a power of 2: CT values are doubled",
            'not rescaled; `read_image(values="modality")` gives Hounsfield units',
        ),
        is_rescaled,
        rendered,
    ),
    Reason(
        Row(
            "signed values that are not rescaled",
            "2^(Bits Stored - 1) is added: 32768 for 16 bits",
            "the sign is kept; add the number for the same values",
        ),
        has(PixelRepresentation=1),
        rendered,
    ),
    Reason(
        Row("Modality LUT", "applied", 'not applied; `read_image(values="modality")` gives the same values'),
        lambda case: "ModalityLUTSequence" in case.header,
        lambda case: four_d(dicomet.modality_values(case.path), case),
    ),
    Reason(
        Row(
            "palette",
            "RGB of 16 bits, 256 times those of 8 bits",
            '1 sample, the index; `to_display(path, dtype="uint16")` gives the same values, '
            '`read_image(values="display")` RGB of 8 bits',
        ),
        has(PhotometricInterpretation="PALETTE COLOR"),
        lambda case: four_d(dicomet.to_display(case.path, dtype="uint16"), case),
    ),
    Reason(
        Row("overlay", "drawn over the image, as 65535", "not drawn; pydicom's `overlay_array` returns it"),
        lambda case: (0x6000, 0x3000) in case.header,
        with_overlays,
    ),
    Reason(
        Row("Explicit VR Big Endian, 32 bits", "the 16-bit halves of each value are swapped", "the values"),
        lambda case: case.syntax == ExplicitVRBigEndian and case.header.BitsAllocated == 32,
        swapped_words,
    ),
    Reason(
        Row("uncompressed YCbCr, converted to RGB", "within 2 levels", "exact, rounded half up"),
        is_uncompressed_ycbcr,
        stored,
        levels=2,
    ),
)

# Where one refuses a file, there are no values to compare.
REFUSED_THERE = Row(
    "tensorflow-io refuses",
    "JPEG 2000 of YBR_RCT and YBR_ICT, uncompressed 32-bit colors, segmented palettes, a contradictory transfer syntax",
    "decoded",
)
REFUSED_HERE = Row(
    "dicomet refuses",
    "decoded: missing samples are made up, Number of Frames '1A' is 1, no File Meta Information is needed",
    "an error that names what is wrong",
)
UNEXPLAINED = Row("not explained", "", "")


def cases() -> Iterator[Case]:
    """Decode every file with both, in the order of their paths."""
    for path in sorted(path for root in ROOTS for path in root.rglob("*") if path.is_file()):
        contents = path.read_bytes()
        yield Case(
            path, decoded(tfio.image.decode_dicom_image, contents), decoded(dicomet.tf.decode_dicom_image, contents)
        )


def decoded(function: Callable[..., tf.Tensor], contents: bytes) -> np.ndarray | None:
    """Return all values, which float64 holds up to 53 bits, or None for an error."""
    try:
        return function(contents, on_error="strict", dtype=tf.float64).numpy()
    except tf.errors.InvalidArgumentError:
        return None


def row(case: Case) -> Row | None:
    """Return the row of the table that a file belongs to; None if neither decodes it."""
    if case.there is None:
        return None if case.here is None else REFUSED_THERE
    if case.here is None:
        return REFUSED_HERE
    return next((reason.row for reason in REASONS if reason.explains(case)), UNEXPLAINED)


def table(files: dict[Row, list[Path]]) -> str:
    """Return the table in Markdown, of the rows that have files."""
    lines = ["| difference | files | tensorflow-io | dicomet |", "|---|---|---|---|"]
    lines += [f"| {why} | {len(paths)} | {there} | {here} |" for (why, there, here), paths in files.items() if paths]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Compare all files, print the table, and return the exit status."""
    parser = argparse.ArgumentParser(description="Compare dicomet.tf.decode_dicom_image with tensorflow-io's.")
    parser.add_argument("--files", action="store_true", help="print the files of each row, too")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)

    rows = [*(reason.row for reason in REASONS), REFUSED_THERE, REFUSED_HERE, UNEXPLAINED]
    files: dict[Row, list[Path]] = {one: [] for one in rows}
    for case in cases():
        found = row(case)
        if found is not None:
            files[found].append(case.path)

    result = table(files)
    print(result)
    for one, paths in files.items():
        if arguments.files or one == UNEXPLAINED:
            print("".join(f"{one.why}: {path}\n" for path in paths), end="")
    if result not in PAGE.read_text():
        print(f"{PAGE}: found another table, expected this one")
        return 1
    return 1 if files[UNEXPLAINED] else 0


if __name__ == "__main__":
    sys.exit(main())

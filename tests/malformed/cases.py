"""The cases of the catalog: a file, and the outcome that every way to an array must have.

The three functions at the end add cases, one for each kind of outcome.
"""

from dataclasses import dataclass, field

import numpy as np

WAYS = ("path", "bytes", "dataset", "out", "index", "iter", "open")
NAMES = {
    "transfer_syntax": "(0002,0010) Transfer Syntax UID",
    "samples": "(0028,0002) Samples per Pixel",
    "photometric": "(0028,0004) Photometric Interpretation",
    "planar": "(0028,0006) Planar Configuration",
    "frames": "(0028,0008) Number of Frames",
    "rows": "(0028,0010) Rows",
    "columns": "(0028,0011) Columns",
    "bits_allocated": "(0028,0100) Bits Allocated",
    "bits_stored": "(0028,0101) Bits Stored",
    "high_bit": "(0028,0102) High Bit",
    "signed": "(0028,0103) Pixel Representation",
    "offsets": "(7FE0,0001) Extended Offset Table",
    "lengths": "(7FE0,0002) Extended Offset Table Lengths",
    "float_data": "(7FE0,0008) Float Pixel Data",
    "pixel_data": "(7FE0,0010) Pixel Data",
}
"""Element names as they appear in errors."""
MISSING = "MissingElementError"


@dataclass(frozen=True)
class Array:
    """The image is decoded to these frames, of shape (frames, rows, columns[, samples])."""

    frames: np.ndarray
    warning: str | None = None
    """A regular expression for the only warning; None for no warning."""
    quiet: tuple[str, ...] = ()
    """Ways that do not read the part that causes the warning."""
    by_pydicom: bool = False
    """The warning is pydicom's, whose parser reads the element, with pydicom's location."""


@dataclass(frozen=True)
class Error:
    """The image is refused."""

    text: str
    """A regular expression for the message, with the value found and the value expected."""
    element: str | None = "pixel_data"
    """One of `NAMES`, or None if no single element is at fault."""
    frame: int | None = None
    segment: int | None = None
    offset: int | None = None
    kind: str = "PixelDataError"
    whole: np.ndarray | None = None
    """Frames before the defect, which can be decoded one by one."""
    number: int | None = None
    """The frame that the error names if frames are read one by one, but not for the whole image."""


Expected = Array | Error


@dataclass(frozen=True)
class Case:
    """A file and its expected outcome."""

    name: str
    data: bytes
    expected: Expected
    but: dict[str, Expected] = field(default_factory=dict)
    """Ways with a different outcome."""
    without: str = ""
    """Why pydicom is skipped: its time or memory is unbounded."""
    ways: tuple[str, ...] = WAYS
    memory: int = 32 << 20
    """Bytes that a call may allocate, in addition to the file."""

    def outcome(self, way: str) -> Expected:
        """The expected outcome of `way`."""
        return self.but.get(way, self.expected)


ALL: list[Case] = []


OF_CASE = ("but", "without", "ways", "memory")


def refused(name: str, data: bytes, text: str, element: str | None = "pixel_data", **more) -> None:
    """Add a case that raises an error. `more`: fields of `Error` and of `Case`."""
    of_case = {key: more.pop(key) for key in OF_CASE if key in more}
    ALL.append(Case(name, data, Error(text, element, **more), **of_case))


def decoded(name: str, data: bytes, frames: np.ndarray, **of_case) -> None:
    """Add a case that is decoded without a warning."""
    ALL.append(Case(name, data, Array(frames), **of_case))


def warned(name: str, data: bytes, frames: np.ndarray, warning: str, **more) -> None:
    """Add a case that is decoded with one warning. `more`: fields of `Array` and of `Case`."""
    of_case = {key: more.pop(key) for key in OF_CASE if key in more}
    ALL.append(Case(name, data, Array(frames, warning, **more), **of_case))


# Samples for the cases: all samples differ, as do the bytes of each, and no byte is 0xA5.


def gray(frames: int = 1, rows: int = 4, columns: int = 6) -> np.ndarray:
    """16-bit samples."""
    numbers = np.arange(frames * rows * columns, dtype=np.uint32).reshape(frames, rows, columns)
    return (numbers * 256 + 129 + numbers % 31).astype(np.uint16)


def bytes_of(frames: int = 1, rows: int = 4, columns: int = 6) -> np.ndarray:
    """8-bit samples."""
    return (np.arange(frames * rows * columns, dtype=np.uint8) + 1).reshape(frames, rows, columns)


def color(frames: int = 1, rows: int = 4, columns: int = 6) -> np.ndarray:
    """RGB pixels of 8-bit samples."""
    return (np.arange(frames * rows * columns * 3, dtype=np.uint8) + 1).reshape(frames, rows, columns, 3)

"""Files for a contact sheet, the command that draws it, and its parts."""

import io
from pathlib import Path

import files
import numpy as np
import oracle
import pydicom
import pytest
from oracle import Image

from dicomet.__main__ import main
from dicomet.display import contact_sheet as sheet
from dicomet.display.contact_sheet import GAP

PIL = pytest.importorskip("PIL.Image", reason="Pillow reads the sheets: pip install pillow")

TEST_FILES = files.ROOTS["pydicom"]
CT = TEST_FILES / "CT_small.dcm"
TRUNCATED = TEST_FILES / "MR_truncated.dcm"
SIZE = 40


def run(*arguments: str | Path) -> int:
    return main(["show", *map(str, arguments)])


def draw_sheet(output: Path, *arguments: str | Path, status: int = 0) -> np.ndarray:
    assert run(*arguments, "-o", output, "--size", SIZE) == status
    return read(output)


def read(path: Path) -> np.ndarray:
    with PIL.open(path) as picture:
        assert (picture.format, picture.mode) == ("PNG", "RGB")
        return np.asarray(picture)


def tile(pixels: np.ndarray, number: int, columns: int) -> np.ndarray:
    row, column = divmod(number, columns)
    top, left = GAP + row * (SIZE + GAP), GAP + column * (SIZE + GAP)
    return pixels[top : top + SIZE, left : left + SIZE]


def part(pixels: np.ndarray) -> np.ndarray:
    """A tile without the background around it."""
    drawn = (pixels != sheet.BACKGROUND).any(axis=2)
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    return pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def saved(path: Path, image: Image, **elements) -> Path:
    data = oracle.dicom_file(oracle.elements(image, oracle.native(image), "OB"))
    dataset = pydicom.dcmread(io.BytesIO(data))
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path)
    return path


def cine(path: Path, brightness: np.ndarray, rows: int = 8, columns: int = 8, **elements) -> Path:
    """A file of flat frames in RGB, which are displayed as they are stored."""
    values = np.broadcast_to(brightness.reshape(-1, 1, 1, 1), (len(brightness), rows, columns, 3))
    return saved(path, Image(values.astype(np.uint8), 8, 8, photometric="RGB"), **elements)


def flat(path: Path, brightness: int, rows: int = 8, columns: int = 8, frames: int = 1, **elements) -> Path:
    """A file of one color."""
    return cine(path, np.full(frames, brightness), rows, columns, **elements)

"""A small image, as arrays, files and data sets, for the tests of the functions."""

import io
import struct
from pathlib import Path

import numpy as np
import oracle
import pydicom
import pydicom.pixels
from oracle import Image
from pydicom.uid import RLELossless

import dicomet

FUNCTIONS = ("pixel_array", "iter_pixels")
FRAMES, ROWS, COLUMNS = 3, 4, 6


def ramp(samples: int = 1, bits_allocated: int = 16, bits_stored: int = 12, **properties) -> Image:
    """An image of which all samples are different."""
    shape = (FRAMES, ROWS, COLUMNS, samples)
    values = (np.arange(np.prod(shape)) * 7 % 2**bits_stored).astype(f"u{bits_allocated // 8}").reshape(shape)
    photometric = "RGB" if samples == 3 else "MONOCHROME2"
    return Image(values, bits_allocated, bits_stored, **{"photometric": photometric, **properties})


def elements(image: Image, vr: str = "OW", **properties) -> dict:
    return oracle.elements(image, oracle.native(image), vr, **properties)


def changed(found: dict, changes: dict) -> bytes:
    """A file with some elements changed, or left out where the change is None."""
    found = {**found, **changes}
    return oracle.dicom_file({tag: entry for tag, entry in sorted(found.items()) if entry is not None})


def number(value: int) -> tuple[str, bytes]:
    return "US", struct.pack("<H", value)


def read(data: bytes) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(data), force=True)


def all_frames(function: str, source, **options) -> np.ndarray:
    """The image by either function."""
    if function == "pixel_array":
        return dicomet.pixel_array(source, **options)
    return np.stack(list(dicomet.iter_pixels(source, **options)))


IMAGE = ramp()
DATA = oracle.dicom_file(elements(IMAGE))
EXPECTED = oracle.expected(IMAGE)
SHORT = oracle.dicom_file(oracle.elements(IMAGE, oracle.native(IMAGE)[:-2], "OW"))


def rle(image: Image, *, shorten: tuple[int, int] | None = None, table: bool = True) -> bytes:
    """The image in literal runs. One segment, by frame and number, can be too short."""
    frames = []
    for index in range(image.frames):
        planes = oracle.byte_planes(image.frame(index))
        packed = [bytes([len(plane) - 1]) + plane for plane in planes]
        if shorten is not None and shorten[0] == index:
            packed[shorten[1]] = bytes([len(planes[0]) - 3]) + planes[shorten[1]][:-2]
        frames.append(oracle.rle_frame(packed))
    value = oracle.encapsulated([oracle.fragments(frame, []) for frame in frames], table=table)
    return oracle.dicom_file(oracle.elements(image, value, "OB"), RLELossless)


class PathLike:
    """Has a path, but is none."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return str(self.path)


SOURCES = {
    "str": str,
    "Path": Path,
    "os.PathLike": PathLike,
    "BytesIO": lambda path: io.BytesIO(path.read_bytes()),
    "bytes": Path.read_bytes,
    "bytearray": lambda path: bytearray(path.read_bytes()),
    "memoryview": lambda path: memoryview(path.read_bytes()),
    "writeable memoryview": lambda path: memoryview(bytearray(path.read_bytes())),
    "memoryview with gaps": lambda path: memoryview(np.repeat(np.frombuffer(path.read_bytes(), np.uint8), 2))[::2],
    "array": lambda path: np.fromfile(path, np.uint8),
    "Dataset": pydicom.dcmread,
}

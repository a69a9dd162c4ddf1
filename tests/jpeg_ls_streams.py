"""JPEG-LS codestreams (ISO/IEC 14495-1) of all kinds, and the samples that they contain.

CharLS encodes, through pyjpegls, and decodes as the oracle, through imagecodecs. What CharLS does not write is written
here, so that the samples are known.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import jpeg_ls_coder as coder
import numpy as np
import oracle
import pytest
from codestreams import hp_transform, segment
from jpeg_ls_coder import Parameters
from pydicom.uid import UID, JPEGLSLossless, JPEGLSNearLossless

NONE, LINE, SAMPLE = range(3)
"""ILV"""


# CharLS


def by_charls(samples: np.ndarray, bits: int, near: int = 0, interleave: int = NONE) -> bytes:
    """A codestream of samples with the shape (rows, columns[, components])."""
    jpeg_ls = pytest.importorskip("jpeg_ls")
    rows, columns, count = (*samples.shape, 1)[:3]
    words = np.ascontiguousarray(samples.astype(np.uint8 if bits <= 8 else np.uint16))
    if count > 1 and interleave == NONE:
        words = np.ascontiguousarray(words.transpose(2, 0, 1))
    options = {"rows": rows, "columns": columns, "samples_per_pixel": count, "bits_stored": bits, "lossy_error": near}
    return bytes(jpeg_ls.encode_buffer(words.tobytes(), interleave_mode=interleave if count > 1 else None, **options))


def decoded_by_charls(stream: bytes) -> np.ndarray:
    """The samples, of shape (rows, columns[, components])."""
    return pytest.importorskip("imagecodecs").jpegls_decode(stream)


# Written here


@dataclass(frozen=True)
class Scan:
    """A scan, and what precedes its header."""

    components: Sequence[int] = (0,)
    interleave: int = NONE
    near: int = 0
    rows: int = 0
    """The restart interval; 0 for none."""
    maxval: int = 0
    thresholds: tuple[int, int, int] = (0, 0, 0)
    reset: int = 0
    table: int = 0
    """A mapping table for all components; 0 for none."""

    def header(self) -> bytes:
        """The scan header, and the segments that it needs."""
        interval = segment(0xDD, struct.pack(">H", self.rows)) if self.rows else b""
        return interval + preset(self) + scan_header(self.components, self.near, self.interleave, self.table)


def preset(scan: Scan) -> bytes:
    """The LSE segment of type 1, if there is anything in it."""
    numbers = (scan.maxval, *scan.thresholds, scan.reset)
    return segment(0xF8, struct.pack(">B5H", 1, *numbers)) if any(numbers) else b""


def mapping_table(number: int, entries: np.ndarray, first: int | None = None) -> bytes:
    """LSE segments of type 2, and of type 3 for the entries after the first `first`."""
    head = bytes([number, entries.itemsize])
    parts = [entries[:first], *([entries[first:]] if first else [])]
    big = [part.astype(entries.dtype.newbyteorder(">")).tobytes() for part in parts]
    return b"".join(segment(0xF8, bytes([kind]) + head + part) for kind, part in zip((2, 3), big, strict=False))


def oversize(rows: int, columns: int, size: int = 4) -> bytes:
    """The LSE segment of type 4, with dimensions in `size` bytes each."""
    return segment(0xF8, bytes([4, size]) + rows.to_bytes(size, "big") + columns.to_bytes(size, "big"))


def frame_header(bits: int, rows: int, columns: int, components: int) -> bytes:
    """SOF55."""
    parts = b"".join(bytes([number + 1, 0x11, 0]) for number in range(components))
    return segment(0xF7, struct.pack(">BHHB", bits, rows, columns, components) + parts)


def scan_header(components: Sequence[int], near: int = 0, interleave: int = NONE, table: int = 0) -> bytes:
    """SOS."""
    parts = b"".join(bytes([number + 1, table]) for number in components)
    return segment(0xDA, bytes([len(components)]) + parts + bytes([near, interleave, 0]))


def written(
    samples: np.ndarray, bits: int, scans: Sequence[Scan] = (Scan(),), *, segments: bytes = b"", frame: bytes = b""
) -> tuple[bytes, np.ndarray]:
    """A codestream, and its samples as a decoder has them, without mapping tables.

    `samples` has the shape (rows, columns, components); `segments` follow SOI; `frame` is for another frame header.
    """
    rows, columns, count = samples.shape
    planes = np.moveaxis(samples, 2, 0).astype(np.int64)
    parts, found = [b"\xff\xd8", segments, frame or frame_header(bits, rows, columns, count)], np.empty_like(planes)
    for scan in scans:
        parameters = Parameters(scan.maxval or 2**bits - 1, scan.near, scan.thresholds, scan.reset or 64)
        wanted, by_pixel = list(scan.components), scan.interleave == SAMPLE
        coded, found[wanted] = coder.intervals(planes[wanted], parameters, scan.rows or rows, by_pixel=by_pixel)
        restarts = [bytes([0xFF, 0xD0 + number % 8]) for number in range(len(coded) - 1)]
        parts += [scan.header(), *(part for pair in zip(coded, restarts, strict=False) for part in pair), coded[-1]]
    decoded = np.moveaxis(found, 0, 2).astype(np.uint8 if bits <= 8 else np.uint16)
    return b"".join([*parts, b"\xff\xd9"]), decoded


def transformed(samples: np.ndarray, number: int, bits: int = 8) -> bytes:
    """RGB with an HP color transform, interleaved by line."""
    red, green, blue = np.moveaxis(samples.astype(np.int64), 2, 0)
    half, mask = 1 << (bits - 1), (1 << bits) - 1
    if number == 1:
        planes = [red - green + half, green, blue - green + half]
    elif number == 2:
        planes = [red - green + half, green, blue - ((red + green) >> 1) - half]
    else:
        second, third = (blue - green + half) & mask, (red - green + half) & mask
        planes = [green + ((second + third) >> 2) - half // 2, second, third]
    return written(np.stack(planes, 2) & mask, bits, [Scan((0, 1, 2), LINE)], segments=hp_transform(number))[0]


# Codestreams in files


def size(stream: bytes) -> tuple[int, int, int]:
    """Rows, columns and components in the frame header."""
    at = stream.index(b"\xff\xf7") + 5
    return struct.unpack(">HHB", stream[at : at + 5])


def dicom(  # noqa: PLR0913 - the description of an image
    frames: Sequence[bytes],
    stored: int,
    *,
    shape: tuple[int, int, int] | None = None,
    allocated: int | None = None,
    signed: bool = False,
    photometric: str | None = None,
    syntax: UID | None = None,
    more: dict | None = None,
) -> bytes:
    """A file with these codestreams as frames.

    `shape`: rows, columns and components, if they are not those of the first frame; `more`: further elements.
    """
    rows, columns, count = shape or size(frames[0])
    photometric = photometric or ("MONOCHROME2" if count == 1 else "RGB")
    allocated = allocated or (8 if stored <= 8 else 16)
    empty = np.broadcast_to(np.uint8(0), (len(frames), rows, columns, count))
    image = oracle.Image(empty, allocated, stored, signed, photometric)
    value = oracle.encapsulated([oracle.fragments(frame, []) for frame in frames], table=True)
    found = {**oracle.elements(image, value, "OB"), **(more or {})}
    return oracle.dicom_file(dict(sorted(found.items())), syntax or JPEGLSLossless)


NEAR = JPEGLSNearLossless

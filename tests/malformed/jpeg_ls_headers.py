"""JPEG-LS codestreams (ISO/IEC 14495-1 Annex C), read segment by segment: an oracle of mutated frames."""

import struct
from dataclasses import dataclass, field

import numpy as np
from jpeg_ls_coder import Parameters, thresholds
from jpeg_ls_reader import Interleaved, RefusedError, next_marker, read_scan

ALLOWED = (0xDA, 0xDC, 0xDD, *range(0xE0, 0xF0), 0xF7, 0xF8, 0xFE)
MOST_SAMPLES = 1 << 16
"""Larger images take too long."""


class TooLargeError(Exception):
    """The image takes too long."""


def refuse_unless(condition: bool, why: str) -> None:  # noqa: FBT001
    """Raise an error unless the condition holds."""
    if not condition:
        raise RefusedError(why)


@dataclass
class Image:
    """What the segments say."""

    bits: int = 0
    rows: int = 0
    columns: int = 0
    names: tuple[int, ...] = ()
    preset: tuple[int, ...] = (0,) * 5
    tables: dict[int, np.ndarray] = field(default_factory=dict)
    size: tuple[int, int] | None = None
    interval: int = 0
    transform: int = 0
    scans: int = 0
    planes: dict[int, np.ndarray] = field(default_factory=dict)
    """Samples by component."""
    is_ended: bool = True
    """Whether EOI follows the last scan."""


def read_image(data: bytes) -> np.ndarray:
    """The samples, of shape (rows, columns, components)."""
    return _finished(read(data))


def read(data: bytes) -> Image:
    """Read all segments and scans."""
    refuse_unless(data[:2] == b"\xff\xd8", "no SOI")
    image, at = Image(), 2
    while True:
        rest = data[at:]
        if not rest.lstrip(b"\xff"):
            image.is_ended = False
            break
        refuse_unless(rest[0] == 0xFF, "no marker")
        at = len(data) - len(rest.lstrip(b"\xff"))
        marker, at = data[at], at + 1
        if marker == 0xD9:
            break
        refuse_unless(marker in ALLOWED, "another marker")
        length = int.from_bytes(data[at : at + 2], "big")
        refuse_unless(len(data) >= at + 2 and length >= 2 and len(data) - at >= length, "the length of a segment")
        content, at = data[at + 2 : at + length], at + length
        if marker == 0xDA:
            at = _scan(image, content, data, at)
        elif marker in SEGMENTS:
            SEGMENTS[marker](image, content)
    refuse_unless(image.scans > 0 and len(image.planes) == len(image.names), "a component without a scan")
    return image


def _frame(image: Image, content: bytes) -> None:
    refuse_unless(not image.names and len(content) > 5, "two frame headers, or a short one")
    image.bits, image.rows, image.columns, count = struct.unpack(">BHHB", content[:6])
    refuse_unless(2 <= image.bits <= 16 and count > 0 and len(content) == 6 + 3 * count, "the frame header")
    image.names = tuple(content[6::3])
    refuse_unless(len(set(image.names)) == count, "a component twice")
    factors = [(byte >> 4, byte & 15) for byte in content[7::3]]
    refuse_unless(all(1 <= factor <= 4 for pair in factors for factor in pair), "a sampling factor")
    refuse_unless(count == 1 or len(set(factors)) == 1, "components of different sizes")


def _lse(image: Image, content: bytes) -> None:
    refuse_unless(len(content) > 0, "LSE without a type")
    kind, content = content[0], content[1:]
    if kind == 1:
        refuse_unless(len(content) == 10, "the length of LSE")
        image.preset = struct.unpack(">5H", content)
    elif kind in (2, 3):
        refuse_unless(len(content) > 1 and content[0] > 0 and content[1] in (1, 2), "a mapping table")
        number, width, entries = content[0], content[1], content[2:]
        refuse_unless(len(entries) % width == 0, "half an entry")
        words = np.frombuffer(entries, f">u{width}")
        if kind == 3:
            refuse_unless(number in image.tables, "entries of no table")
            refuse_unless(image.tables[number].itemsize == width, "entries of another width")
            words = np.concatenate([image.tables[number], words])
        image.tables[number] = words
    else:
        refuse_unless(kind == 4 and len(content) > 0 and content[0] in (2, 3, 4), "the type of LSE")
        size = content[0]
        refuse_unless(len(content) == 1 + 2 * size and image.size is None and not image.scans, "a size in LSE")
        image.size = _number(content[1 : 1 + size]), _number(content[1 + size :])


def _number(content: bytes) -> int:
    return int.from_bytes(content, "big")


def _interval(image: Image, content: bytes) -> None:
    refuse_unless(len(content) in (2, 3, 4), "the length of DRI")
    image.interval = _number(content)


def _lines(image: Image, content: bytes) -> None:
    refuse_unless(len(content) in (2, 3, 4), "the length of DNL")
    refuse_unless(image.scans == 1 and _number(content) == image.rows, "the number of lines")


def _transform(image: Image, content: bytes) -> None:
    if content[:4] != b"mrfx" or len(content) != 5:
        return
    refuse_unless(content[4] < 4 and (not image.scans or content[4] == image.transform), "a color transform")
    image.transform = content[4]


SEGMENTS = {0xF7: _frame, 0xF8: _lse, 0xDD: _interval, 0xDC: _lines, 0xE8: _transform}


def _scan(image: Image, content: bytes, data: bytes, at: int) -> int:
    """Read the scan with this header; return the offset after its data."""
    refuse_unless(image.names != (), "a scan before the frame header")
    image.scans += 1
    if image.scans == 1:
        _complete(image, data, at)
    count = content[0] if content else 0
    refuse_unless(1 <= count <= 4 and len(content) == 4 + 2 * count, "the scan header")
    names, tables = content[1 : 1 + 2 * count : 2], content[2 : 2 + 2 * count : 2]
    near, mode, last = content[-3:]
    refuse_unless(set(names) <= set(image.names) and len(set(names)) == count, "components of the scan")
    wanted = [image.names.index(name) for name in names]
    refuse_unless(not set(wanted) & image.planes.keys(), "a component twice")
    refuse_unless(all(table in image.tables for table in tables if table), "no mapping table")
    refuse_unless((mode == 0) == (count == 1) and mode < 3 and last & 15 == 0, "the interleave mode")
    parameters = _parameters(image, near)
    if image.rows * image.columns * count > MOST_SAMPLES:
        raise TooLargeError
    form = Interleaved(count, image.rows, image.columns, image.interval, mode == 2)
    values, after = read_scan(data, at, parameters, form)
    for number, table, plane in zip(wanted, tables, values, strict=True):
        image.planes[number] = _mapped(plane, image.tables[table]) if table else plane
    defined = len(names) == 3 and image.bits in (8, 16) and parameters.maxval == 2**image.bits - 1 and not any(tables)
    refuse_unless(image.transform == 0 or (defined and len(image.names) == 3), "a color transform of another frame")
    return after


def _complete(image: Image, data: bytes, at: int) -> None:
    """Add the size in LSE and DNL to the frame header's."""
    for name, size in zip(("rows", "columns"), image.size or (0, 0), strict=True):
        refuse_unless(0 in (size, getattr(image, name)) or size == getattr(image, name), "another size in LSE")
        setattr(image, name, getattr(image, name) or size)
    if image.rows == 0:
        code = next_marker(data, at)
        while code is not None and data[code] in range(0xD0, 0xD8):
            code = next_marker(data, code + 1)
        refuse_unless(code is not None and data[code] == 0xDC, "no number of lines")
        length = _number(data[code + 1 : code + 3])
        image.rows = _number(data[code + 3 : code + 1 + length])
        refuse_unless(length in (4, 5, 6) and len(data) >= code + 1 + length, "the length of DNL")
    refuse_unless(image.rows > 0 and image.columns > 0, "no size")


def _parameters(image: Image, near: int) -> Parameters:
    """The parameters of a scan (C.2.4.1.1)."""
    maxval, *given, reset = image.preset
    maxval, reset = maxval or 2**image.bits - 1, reset or 64
    refuse_unless(maxval < 2**image.bits, "MAXVAL")
    refuse_unless(near <= min(255, maxval // 2), "NEAR")
    refuse_unless(3 <= reset <= max(255, maxval), "RESET")
    found = thresholds(given, maxval, near)
    limits = zip(given, (near + 1, *found), strict=False)
    refuse_unless(all(not number or least <= number <= maxval for number, least in limits), "a threshold")
    return Parameters(maxval, near, found, reset)


def _mapped(plane: np.ndarray, table: np.ndarray) -> np.ndarray:
    refuse_unless(bool(plane.max() < len(table)), "a mapping table that is too short")
    return table[plane].astype(np.int64)


def _finished(image: Image) -> np.ndarray:
    """All components, without a color transform."""
    planes = [image.planes[number] for number in sorted(image.planes)]
    if image.transform == 0:
        return np.stack(planes, 2)
    (first, second, third), half, mask = planes, 1 << (image.bits - 1), (1 << image.bits) - 1
    if image.transform == 3:
        green = (first - ((second + third) >> 2) + half // 2) & mask
        return np.stack([third + green - half, green, second + green - half], 2) & mask
    red = (first + second - half) & mask
    more = second if image.transform == 1 else (red + second) >> 1
    return np.stack([red, second, (third + more - half) & mask], 2)

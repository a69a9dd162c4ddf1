"""The marker segments of JPEG-LS frames about which all decoders agree. Imports nothing from pydicom.

The walk is stricter than a decoder: it accepts no application segments but JFIF and Adobe, no restart intervals,
mapping tables or oversize images, and of the preset parameters only those that CharLS and libjpeg understand alike.
"""

import re
import struct
from typing import NamedTuple

from dicomet.dropin.jpeg_segments import (
    COM,
    FILL_BYTES,
    LENGTH_BYTES,
    MARKER_BYTES,
    SOS,
    Frame,
    UnusualFrameError,
    is_about_colors,
    through_first_scan_header,
)

SOF55, LSE, EOI = 0xF7, 0xF8, 0xD9
PRESETS, PRESET_BYTES, RESET = 1, 11, 64
# Of the frame header, before the components.
FRAME_BYTES = 6
ONE_TO_ONE = 0x11
UNUSUAL = "a JPEG-LS frame with unusual marker segments"
# In entropy-coded data, FF is followed by a byte below 80 (ISO/IEC 14495-1 C.2.3).
LATER = re.compile(rb"\xff[\x80-\xff]")


class Scan(NamedTuple):
    """The parameters of all scans: NEAR, and the interleave mode."""

    near: int
    interleave: int


def read_scan(frame: Frame) -> Scan:
    """Return the parameters of the scans.

    Raises
    ------
    UnusualFrameError
        There are other segments than those of a plain frame, or scans with other parameters than the first.

    """
    view = memoryview(frame)
    precision, colors = 0, set[int]()
    for marker, place, content in through_first_scan_header(view):
        if marker == SOS and precision:
            return _scans(view, place, content)
        if marker == SOF55 and not precision:
            precision = _precision(content)
        elif marker == LSE and precision:
            _check_presets(content, precision)
        elif not precision and marker not in colors and is_about_colors(marker, content):
            colors.add(marker)
        elif marker != COM:
            raise UnusualFrameError(UNUSUAL)
    raise UnusualFrameError("a JPEG-LS frame without a scan")


def _precision(content: memoryview) -> int:
    """Return the precision of a frame header whose size is in it, and whose components have that size."""
    if len(content) < FRAME_BYTES or len(content) != FRAME_BYTES + 3 * content[FRAME_BYTES - 1]:
        raise UnusualFrameError(UNUSUAL)
    precision, rows, columns, _ = struct.unpack_from(">BHHB", content)
    if not rows or not columns or any(factors != ONE_TO_ONE for factors in content[FRAME_BYTES + 1 :: 3]):
        raise UnusualFrameError("a JPEG-LS frame with sampling factors, or its size in another segment")
    return int(precision)


def _check_presets(content: memoryview, precision: int) -> None:
    """Check preset parameters (C.2.4.1.1): CharLS ignores some values of MAXVAL and RESET, and libjpeg zeros."""
    if len(content) == PRESET_BYTES and content[0] == PRESETS:
        max_value, *thresholds, reset = struct.unpack_from(">5H", content, 1)
        if max_value == (1 << precision) - 1 and all(thresholds) and reset == RESET:
            return
    raise UnusualFrameError("a JPEG-LS frame with unusual preset parameters")


def _scans(view: memoryview, first: int, content: memoryview) -> Scan:
    """Return the parameters of the scans, the first of which begins at offset `first`."""
    count = content[0] if content else 0
    if not count or len(content) != 1 + 2 * count + 3:
        raise UnusualFrameError(UNUSUAL)
    near, interleave, point_transform = content[-3:]
    if point_transform or any(content[2:-3:2]):
        raise UnusualFrameError("a JPEG-LS scan with a point transform or a mapping table")
    _check_later_scans(view, first, bytes(content))
    return Scan(near, interleave)


def _check_later_scans(view: memoryview, first: int, content: bytes) -> None:
    """Check that nothing but scans like the first follows, each of one component."""
    for match in LATER.finditer(view, first + MARKER_BYTES + LENGTH_BYTES + len(content)):
        marker, start = match[0][1], match.end() + LENGTH_BYTES
        if marker == EOI:
            return
        if marker != SOS:
            raise UnusualFrameError(UNUSUAL if marker != 0xFF else FILL_BYTES)  # noqa: PLR2004
        # All but the component's name.
        found = bytes(view[start : start + len(content)])
        if found[:1] + found[2:] != content[:1] + content[2:]:
            raise UnusualFrameError("a JPEG-LS frame whose scans differ")

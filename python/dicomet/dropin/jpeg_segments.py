"""The marker segments of JPEG frames about which all decoders agree. Imports nothing from pydicom.

The walk is stricter than a decoder: it accepts no fill bytes, no application segments but JFIF and Adobe, no
hierarchical or arithmetic coding, and no DNL before the scan. pydicom, which reads the segments to find out about the
colors, finds the same ones in such a frame.
"""

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from dicomet._native import Codestream

Frame = bytes | memoryview

SOI = b"\xff\xd8"
SOF3, DHT, SOS, DQT, DRI, APP0, APP14, COM = 0xC3, 0xC4, 0xDA, 0xDB, 0xDD, 0xE0, 0xEE, 0xFE
FRAME_HEADERS = frozenset({0xC0, 0xC1, 0xC2, SOF3})
TABLES = frozenset({DHT, DQT, COM})
JFIF_BYTES, ADOBE_BYTES, DRI_BYTES = 14, 12, 2
# Offsets in the segments, and the values that exist: pylibjpeg-libjpeg refuses others.
JFIF_UNITS, MAX_UNITS = 7, 2
ADOBE_VERSION, ADOBE_VERSIONS, MAX_TRANSFORM = slice(5, 7), (b"\0\x64", b"\0\x65"), 2
MARKER_BYTES = LENGTH_BYTES = 2
# F.1.2.1.1; one more for lossless (H.1.2.2).
MAX_DC_SYMBOL = 15
AC_TABLES, LENGTHS = 0x10, 16
FILL = 0xFF
FILL_BYTES = "a JPEG frame with fill bytes, or a segment of wrong length"
# DRI, SOS and fill bytes. In entropy-coded data, FF is followed by 00 or a restart marker (ISO/IEC 10918-1 B.1.1.5).
LATER = re.compile(rb"\xff[\xda\xdd\xff]")


class UnusualFrameError(ValueError):
    """A frame that decoders may understand in different ways; the message does not depend on the file."""


class Segments(NamedTuple):
    """What the segments of a frame say.

    `restart_interval`: in minimum coded units; 0 without restarts. `point_transforms`: those of all scans, and empty if
    the process is not the lossless one.
    """

    restart_interval: int
    point_transforms: frozenset[int]


def read_segments(frame: Frame) -> Segments:
    """Return what the segments say.

    Raises
    ------
    UnusualFrameError
        There are other segments than those of a plain frame.

    """
    view = memoryview(frame)
    process, restart_interval, colors = 0, 0, set[int]()
    for marker, place, content in through_first_scan_header(view):
        if marker == SOS and process:
            transforms = _point_transforms(view, place) if process == SOF3 else frozenset()
            return Segments(restart_interval, transforms)
        if marker in FRAME_HEADERS and not process:
            process = marker
        elif marker == DRI and len(content) == DRI_BYTES:
            (restart_interval,) = struct.unpack(">H", content)
        elif not process and marker not in colors and is_about_colors(marker, content):
            colors.add(marker)
        elif marker == DHT:
            _check_dc_symbols(content, MAX_DC_SYMBOL + (process == SOF3))
        elif marker not in TABLES:
            raise UnusualFrameError("a JPEG frame with unusual marker segments")
    raise UnusualFrameError("a JPEG frame without a scan")


def why_lossless_differs(segments: Segments, header: Codestream, columns: int) -> str | None:
    """Return why decoders may have different values for a lossless frame; None if all have the same."""
    if header.is_subsampled:
        return "lossless JPEG with subsampled components"
    if segments.point_transforms != {0}:
        # pylibjpeg-libjpeg 2.5 has wrong values.
        return "lossless JPEG with a point transform"
    if segments.restart_interval % columns:
        # libjpeg refuses them.
        return "lossless JPEG with restarts within a row"
    return None


def through_first_scan_header(view: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """Yield marker, offset and content of the segments."""
    if bytes(view[:MARKER_BYTES]) != SOI:
        raise UnusualFrameError("a JPEG frame that does not begin with SOI")
    place, marker = MARKER_BYTES, 0
    while marker != SOS and place + MARKER_BYTES + LENGTH_BYTES <= len(view):
        fill, marker, length = struct.unpack_from(">BBH", view, place)
        end = place + MARKER_BYTES + length
        if fill != FILL or length < LENGTH_BYTES or end > len(view):
            raise UnusualFrameError(FILL_BYTES)
        yield marker, place, view[place + MARKER_BYTES + LENGTH_BYTES : end]
        place = end


def is_about_colors(marker: int, content: memoryview) -> bool:
    """Return whether a segment is a complete JFIF or Adobe segment that all decoders accept."""
    if marker == APP0:
        is_jfif = len(content) >= JFIF_BYTES and bytes(content[:5]) == b"JFIF\0"
        return is_jfif and content[JFIF_UNITS] <= MAX_UNITS
    is_adobe = marker == APP14 and len(content) == ADOBE_BYTES and bytes(content[:5]) == b"Adobe"
    return is_adobe and content[-1] <= MAX_TRANSFORM and bytes(content[ADOBE_VERSION]) in ADOBE_VERSIONS


def _check_dc_symbols(content: memoryview, largest: int) -> None:
    """Check the DC tables of a DHT segment (B.2.4.2): libjpeg-turbo refuses larger symbols, even unused ones."""
    place = 0
    while place < len(content):
        end = place + 1 + LENGTHS + sum(content[place + 1 : place + 1 + LENGTHS])
        symbols = content[place + 1 + LENGTHS : end]
        if end > len(content) or (content[place] < AC_TABLES and max(symbols, default=0) > largest):
            raise UnusualFrameError("a JPEG frame with unusual Huffman tables")
        place = end


def _point_transforms(view: memoryview, first_scan: int) -> frozenset[int]:
    """Return the point transforms (H.1.2.1) of all scans, of which the first begins at offset `first_scan`."""
    found = set()
    for match in LATER.finditer(view, first_scan):
        place = match.start()
        if match[0][1] == FILL:
            raise UnusualFrameError(FILL_BYTES)
        if match[0][1] == DRI:
            raise UnusualFrameError("lossless JPEG with a restart interval that may change between scans")
        length = int.from_bytes(view[place + MARKER_BYTES : place + MARKER_BYTES + LENGTH_BYTES])
        last = place + MARKER_BYTES + length - 1
        if last >= len(view):
            raise UnusualFrameError(FILL_BYTES)
        # Se and Ah, which are 0 (H.1.2): pylibjpeg-libjpeg refuses others.
        if view[last - 1] or view[last] > 0x0F:  # noqa: PLR2004
            raise UnusualFrameError("a lossless JPEG scan with parameters of other processes")
        found.add(view[last])
    return frozenset(found)

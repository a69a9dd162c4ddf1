"""JPEG-LS codestreams (ISO/IEC 14495-1) in parts, of which each can be changed, left out or cut."""

import struct
from collections.abc import Sequence

import jpeg_ls_streams as streams
import numpy as np
from build_jpeg import Parts
from codestreams import segment
from jpeg_ls_streams import NONE, Scan

NAMES = {0xF7: "sof", 0xF8: "lse", 0xDA: "sos", 0xDC: "dnl", 0xDD: "dri", 0xE8: "app8", 0xFE: "com"}
MARKERS = {"sof": "SOF55", **{name: name.upper() for name in ("lse", "sos", "dnl", "dri", "app8", "com")}}
DATA = (*range(0x80), *range(0xD0, 0xD8))
"""What follows FF within a scan: a byte with a stuffed bit, or a restart marker."""


def marker_of(name: str) -> str:
    """The marker of a part."""
    return MARKERS[name.rstrip("234")]


def parts(stream: bytes) -> Parts:
    """The parts of a valid codestream. A second and third segment of the same kind have the numbers 2 and 3."""
    found, at = Parts(soi=stream[:2]), 2
    while stream[at + 1] != 0xD9:
        end = at + 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
        name = NAMES[stream[at + 1]]
        found[_unused(found, name)] = stream[at:end]
        at = end
        if name == "sos":
            while stream[at] != 0xFF or stream[at + 1] in DATA:
                at += 1
            found[_unused(found, "data")] = stream[end:at]
    found["eoi"] = stream[at:]
    return found


def _unused(found: Parts, name: str) -> str:
    return next(numbered for numbered in (name, f"{name}2", f"{name}3") if numbered not in found)


def coded(samples: np.ndarray, bits: int, scans: Sequence[Scan] = (Scan(),), **given: bytes) -> Parts:
    """A codestream of samples with the shape (rows, columns[, components])."""
    return parts(streams.written(samples.reshape(*samples.shape[:2], -1), bits, scans, **given)[0])


def of_no_lines(samples: np.ndarray, bits: int) -> Parts:
    """A codestream whose number of lines is in DNL (C.2.6)."""
    rows, columns = samples.shape
    found = coded(samples, bits, frame=streams.frame_header(bits, 0, columns, 1))
    end = found.pop("eoi")
    return Parts(**found, dnl=lines(rows), eoi=end)


def lines(rows: int) -> bytes:
    """DNL (C.2.6)."""
    return segment(0xDC, struct.pack(">H", rows))


def interval(rows: int, size: int = 2) -> bytes:
    """DRI (C.2.5), with a number of `size` bytes."""
    return segment(0xDD, rows.to_bytes(size, "big"))


def parameters(maxval: int = 0, thresholds: tuple[int, int, int] = (0, 0, 0), reset: int = 0) -> bytes:
    """LSE of type 1 (C.2.4.1.1)."""
    return segment(0xF8, struct.pack(">B5H", 1, maxval, *thresholds, reset))


def scan(components: Sequence[int] = (0,), near: int = 0, interleave: int = NONE, table: int = 0) -> bytes:
    """SOS (C.2.3)."""
    return streams.scan_header(components, near, interleave, table)


def frame(bits: int = 16, rows: int = 4, columns: int = 6, components: int = 1) -> bytes:
    """SOF55 (C.2.2)."""
    return streams.frame_header(bits, rows, columns, components)

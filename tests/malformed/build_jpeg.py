"""JPEG codestreams (ISO/IEC 10918-1) in parts, of which each can be changed, left out or cut.

Blocks have one value each, so that the samples are known without a decoder.
"""

import struct
from collections.abc import Sequence

import numpy as np
from codestreams import BLOCK, BitWriter, five_bit_table, frame_header, lossless_jpeg, scan_header, segment

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
ONES = segment(0xDB, bytes([0, *[1] * 64]))
"""A quantization table of ones."""
DC_CODES = five_bit_table(0x00, 12)
AC_CODES = segment(0xC4, bytes([0x10, 1, *[0] * 15, 0]))
"""One code: the end of a block."""


class Parts(dict):
    """The parts of a codestream by name, in order."""

    def stream(self, **changed: bytes) -> bytes:
        """The codestream, with some parts replaced."""
        assert changed.keys() <= self.keys()
        return b"".join({**self, **changed}.values())

    def start(self, name: str) -> int:
        """The offset of a part."""
        names = list(self)
        return sum(len(self[before]) for before in names[: names.index(name)])

    def until(self, name: str, length: int) -> bytes:
        """The codestream up to `length` bytes into a part."""
        return self.stream()[: self.start(name) + length]

    def with_after(self, name: str, more: bytes) -> bytes:
        """The codestream with bytes inserted after a part."""
        return self.stream(**{name: self[name] + more})


def restart(number: int) -> bytes:
    """RST0 to RST7."""
    return bytes([0xFF, 0xD0 + number % 8])


def restart_interval(units: int) -> bytes:
    """DRI (B.2.4.4)."""
    return segment(0xDD, struct.pack(">H", units))


def lines(rows: int) -> bytes:
    """DNL (B.2.5)."""
    return segment(0xDC, struct.pack(">H", rows))


def relength(part: bytes, length: int) -> bytes:
    """The segment with another length in its header."""
    return part[:2] + struct.pack(">H", length) + part[4:]


def intervals(blocks: np.ndarray, units: int, *, end_of_block: bool = True) -> list[bytes]:
    """The entropy-coded data of every `units` blocks: differences of DC coefficients, and the ends of blocks."""
    coefficients = BLOCK * (blocks.ravel().astype(int) - 128)
    found = []
    for first in range(0, len(coefficients), units):
        writer, previous = BitWriter(), 0
        for coefficient in coefficients[first : first + units].tolist():
            writer.category(coefficient - previous)
            previous = coefficient
            if end_of_block:
                writer.put(0, 1)
        found.append(writer.stuffed())
    return found


def baseline(blocks: np.ndarray, units: int = 0) -> Parts:
    """Sequential, gray. `units`: the restart interval in blocks."""
    size = blocks.shape[0] * BLOCK, blocks.shape[1] * BLOCK
    coded = intervals(blocks, units or blocks.size)
    data = b"".join(part + restart(number) for number, part in enumerate(coded))[:-2]
    return Parts(
        soi=SOI,
        app=b"",
        dqt=ONES,
        sof=frame_header(0xC0, 8, size, [1], [(1, 1)]),
        dc=DC_CODES,
        ac=AC_CODES,
        dri=restart_interval(units) if units else b"",
        sos=scan_header([1], b"\x00\x3f\x00"),
        data=data,
        eoi=EOI,
    )


def color(blocks: np.ndarray, sampling: Sequence[tuple[int, int]] = ((1, 1),) * 3) -> Parts:
    """Sequential, of three components; `blocks` has the shape (rows, columns, 3)."""
    size = blocks.shape[0] * BLOCK, blocks.shape[1] * BLOCK
    writer, previous = BitWriter(), [0, 0, 0]
    for pixel in (BLOCK * (blocks.reshape(-1, 3).astype(int) - 128)).tolist():
        for number, coefficient in enumerate(pixel):
            writer.category(coefficient - previous[number])
            writer.put(0, 1)
        previous = pixel
    return Parts(
        soi=SOI,
        app=b"",
        dqt=ONES,
        sof=frame_header(0xC0, 8, size, [1, 2, 3], sampling),
        dc=DC_CODES,
        ac=AC_CODES,
        sos=scan_header([1, 2, 3], b"\x00\x3f\x00"),
        data=writer.stuffed(),
        eoi=EOI,
    )


def progressive(blocks: np.ndarray) -> Parts:
    """Progressive, gray, in three scans: DC coefficients without the lowest bit, this bit, and AC coefficients."""
    size = blocks.shape[0] * BLOCK, blocks.shape[1] * BLOCK
    coefficients = BLOCK * (blocks.ravel().astype(int) - 128)
    high, low, rest, previous = BitWriter(), BitWriter(), BitWriter(), 0
    for coefficient in (coefficients >> 1).tolist():
        high.category(coefficient - previous)
        previous = coefficient
        low.put(0, 1)
        rest.put(0, 1)
    return Parts(
        soi=SOI,
        dqt=ONES,
        sof=frame_header(0xC2, 8, size, [1], [(1, 1)]),
        dc=DC_CODES,
        ac=AC_CODES,
        sos=scan_header([1], b"\x00\x00\x01"),
        data=high.stuffed(),
        low_sos=scan_header([1], b"\x00\x00\x10"),
        low=low.stuffed(),
        rest_sos=scan_header([1], b"\x01\x3f\x00"),
        rest=rest.stuffed(),
        eoi=EOI,
    )


def lossless(samples: np.ndarray, bits: int = 16) -> Parts:
    """Lossless, gray, predicted from the left."""
    whole = lossless_jpeg(samples[..., None], bits)
    dht, sos = whole.index(b"\xff\xc4"), whole.index(b"\xff\xda")
    return Parts(
        soi=SOI,
        sof=whole[2:dht],
        dc=whole[dht:sos],
        sos=whole[sos : sos + 10],
        data=whole[sos + 10 : -2],
        eoi=EOI,
    )


def samples(blocks: np.ndarray) -> np.ndarray:
    """The samples of blocks of one value, as one frame."""
    return blocks.repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)[np.newaxis]

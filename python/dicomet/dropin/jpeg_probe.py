"""JPEG codestreams that show whether another decoder computes the same samples from the same coefficients.

ISO/IEC 10918-1 leaves open how exactly the inverse DCT is computed, and how subsampled components are enlarged. A probe
has random coefficients, so that a decoder with another method gives at least one other sample.
"""

import random
import struct
from collections.abc import Sequence

BLOCK = 8
QUANTIZATION = 12
DC_CATEGORIES = (0, 1, 2, 3, 4, 5, 6)
# Run and category of AC coefficients; 00 ends the block (F.1.2.2).
AC_SYMBOLS = (0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x11, 0x12, 0x13, 0x21, 0x22, 0x31, 0x41, 0x53, 0x71)

Sampling = Sequence[tuple[int, int]]


def probe(rows: int, columns: int, sampling: Sampling) -> bytes:
    """Return a sequential 8-bit codestream with these sampling factors, in one interleaved scan, without markers."""
    widest, highest = (max(factors) for factors in zip(*sampling, strict=True))
    if len(sampling) == 1:
        sampling, widest, highest = ((1, 1),), 1, 1
    units = -(-rows // (BLOCK * highest)) * -(-columns // (BLOCK * widest))
    blocks = units * sum(h * v for h, v in sampling)
    names = range(1, len(sampling) + 1)
    components = b"".join(bytes([name, h << 4 | v, 0]) for name, (h, v) in zip(names, sampling, strict=True))
    return b"".join(
        [
            b"\xff\xd8",
            _segment(0xDB, bytes([0, *[QUANTIZATION] * 64])),
            _segment(0xC0, struct.pack(">BHHB", 8, rows, columns, len(sampling)) + components),
            _table(0x00, 3, DC_CATEGORIES),
            _table(0x10, 4, AC_SYMBOLS),
            _segment(0xDA, bytes([len(sampling)]) + b"".join(bytes([name, 0]) for name in names) + b"\x00\x3f\x00"),
            _entropy_coded(blocks, random.Random(columns * rows)),  # noqa: S311 - the same probe each time
            b"\xff\xd9",
        ]
    )


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _table(kind: int, length: int, symbols: Sequence[int]) -> bytes:
    """Return a Huffman table (B.2.4.2) in which the code of a symbol is its position, in `length` bits."""
    lengths = [0] * 16
    lengths[length - 1] = len(symbols)
    return _segment(0xC4, bytes([kind, *lengths, *symbols]))


def _entropy_coded(blocks: int, random: random.Random) -> bytes:
    bits: list[str] = []
    for _ in range(blocks):
        category = random.randrange(len(DC_CATEGORIES))
        bits += [f"{category:03b}", *_additional(category, random)]
        position = 1
        while position < BLOCK * BLOCK:
            code = random.randrange(len(AC_SYMBOLS))
            run, category = divmod(AC_SYMBOLS[code], 16)
            if position + run >= BLOCK * BLOCK:
                code, category = 0, 0
            bits += [f"{code:04b}", *_additional(category, random)]
            if code == 0:
                break
            position += run + 1
    stream = "".join(bits)
    stream += "1" * (-len(stream) % 8)
    return int(stream, 2).to_bytes(len(stream) // 8, "big").replace(b"\xff", b"\xff\x00")


def _additional(category: int, random: random.Random) -> list[str]:
    return [f"{random.getrandbits(category):0{category}b}"] if category else []

"""Frames in fragments (PS3.5 A.4): offset tables, items and delimiters that are wrong, missing or truncated."""

import numpy as np
from build import (
    DELIMITER,
    ENCAPSULATED_UNCOMPRESSED,
    JPEG_2000,
    JPEG_BASELINE,
    RLE,
    UNDEFINED,
    image,
    item,
    items,
    offsets32,
    offsets64,
    rle,
)
from cases import MISSING, Error, decoded, gray, refused, warned

ONE, THREE = gray(), gray(3)
FRAMES = [rle(frame) for frame in THREE]
SIZE = len(FRAMES[0]) + 8
RIGHT = [0, SIZE, 2 * SIZE]
NOT_THERE = {"dataset": Error(r"no pixel data to decode", kind=MISSING)}
"""dcmread omits a value whose end it cannot find."""


def value(fragments: list[bytes], frames: int | None = 3, table: bytes | list[int] = b"", **given) -> bytes:
    """A file with these fragments."""
    return image(items(fragments, table), RLE, frames=frames, **given)


def raw(*parts: bytes, frames: int | None = 3, **given) -> bytes:
    """A file whose value is the concatenation of `parts`."""
    return image(b"".join(parts), RLE, frames=frames, **given)


# Basic Offset Table
decoded("no table", value(FRAMES), THREE)
decoded("right table", value(FRAMES, table=RIGHT), THREE)
IGNORED = r"the offsets of the Basic Offset Table are not those of the fragments \(3\): they are ignored"
TABLES = {
    "wrong": [0, 5, 10],
    "not from 0": [8, SIZE, 2 * SIZE],
    "unsorted": [0, 2 * SIZE, SIZE],
    "twice the same": [0, SIZE, SIZE],
    "all 0": [0, 0, 0],
    "short": RIGHT[:2],
    "of one": [0],
    "long": [*RIGHT, 3 * SIZE],
    "very long": [*RIGHT, *range(3 * SIZE, 3 * SIZE + 1000)],
    "beyond the end": [0, SIZE, 2**31],
    "2^32 - 1": [0, SIZE, 2**32 - 1],
    "from the item of the table": [offset + 20 for offset in RIGHT],
    "one fragment off": [SIZE, 2 * SIZE, 3 * SIZE],
}
for name, table in TABLES.items():
    # A frame whose own entries are valid needs its fragment only.
    warned(f"table, {name}", value(FRAMES, table=table), THREE, IGNORED)
for length in (1, 2, 3, 6, 11, 13):
    cut = (offsets32(RIGHT) + bytes(4))[:length]
    warned(f"table of {length} bytes", value(FRAMES, table=cut), THREE, IGNORED)
two_each = [part for frame in FRAMES for part in (frame[:50], frame[50:])]
decoded("two fragments a frame", value(two_each, table=[0, SIZE + 8, 2 * SIZE + 16]), THREE)
decoded("one frame in many fragments", value([FRAMES[0][at : at + 2] for at in range(0, SIZE - 8, 2)], None), ONE)
refused(
    "two fragments a frame, no table",
    value(two_each),
    r"found 6 fragments and no usable offset table, expected .* 3 frames",
)
refused(
    "two fragments a frame, wrong table",
    value(two_each, table=[0, 5, 10]),
    r"found 6 fragments and no usable offset table",
)
TABLE_ITEM = r"found an item of {} bytes, expected at most the \d+ that are left"
refused(
    "table longer than the value",
    raw(item(b"", length=10_000), item(FRAMES[0]), DELIMITER),
    TABLE_ITEM.format(10000),
    offset=0,
)
refused("table of undefined length", raw(item(b"", length=UNDEFINED), *map(item, FRAMES), DELIMITER),
        r"found an item of (undefined length|4294967295 bytes)", offset=0)  # fmt: skip

# Items and delimiters
END = r"found the end of the data, expected an item or the Sequence Delimitation Item"
warned("no delimiter", raw(item(), *map(item, FRAMES)), THREE, END, but=NOT_THERE)
warned(
    "no delimiter, right table",
    raw(item(offsets32(RIGHT)), *map(item, FRAMES)),
    THREE,
    END,
    quiet=("index",),
    but=NOT_THERE,
)
decoded("defined length", image(items(FRAMES), RLE, frames=3, length=len(items(FRAMES))), THREE)
without = items(FRAMES)[:-8]
decoded("defined length, no delimiter", image(without, RLE, frames=3, length=len(without)), THREE)
AFTER_TWO = 8 + 2 * SIZE
DAMAGE = {
    "item of undefined length": (
        item(FRAMES[2], length=UNDEFINED),
        r"found an item of undefined length, expected a fragment",
    ),
    "item beyond the end": (
        item(FRAMES[2], length=9999),
        r"found an item of 9999 bytes, expected at most the \d+ that are left",
    ),
    "item of 2^32 - 2 bytes": (
        item(FRAMES[2], length=2**32 - 2),
        r"found an item of 4294967294 bytes, expected at most",
    ),
    "item with a wrong tag": (
        item(FRAMES[2], tag=0x00281234),
        r"found tag \(0028,1234\), expected an Item \(FFFE,E000\)",
    ),
    "item delimiter": (item(FRAMES[2], tag=0xFFFEE00D), r"found tag \(FFFE,E00D\), expected an Item \(FFFE,E000\)"),
}
for name, (third, text) in DAMAGE.items():
    refused(f"{name}, third frame", raw(item(), *map(item, FRAMES[:2]), third, DELIMITER), text,
            offset=AFTER_TWO, whole=THREE[:2])  # fmt: skip
    first = third.replace(FRAMES[2], FRAMES[0])
    refused(f"{name}, first frame", raw(item(), first, *map(item, FRAMES[1:]), DELIMITER), text,
            offset=8)  # fmt: skip
CUT = r"found an item of \d+ bytes, expected at most the \d+ that are left"
refused(
    "cut inside a fragment",
    raw(item(), *map(item, FRAMES))[:-20],
    CUT,
    offset=AFTER_TWO,
    whole=THREE[:2],
    but=NOT_THERE,
)
refused("cut inside an item's header", raw(item(), *map(item, FRAMES[:2]), item()[:6]), r"found 2 frames, expected 3",
        offset=AFTER_TWO, whole=THREE[:2], but=NOT_THERE)  # fmt: skip
EMPTY = r"found empty fragments \({}\): they are skipped"
for place in range(4):
    fragments = [*FRAMES[:place], b"", *FRAMES[place:]]
    warned(f"empty fragment before frame {place}", value(fragments), THREE, EMPTY.format(1))
warned("empty fragment at the end, right table", value([*FRAMES, b""], table=RIGHT), THREE, EMPTY.format(1))
warned("empty fragment after one frame", value([FRAMES[0], b""], None), ONE, EMPTY.format(1))
warned(
    "empty fragments among those of one frame",
    value([b"", FRAMES[0][:50], b"", FRAMES[0][50:], b""], None),
    ONE,
    EMPTY.format(3),
)
FEWER = r"found {} frames, expected 3"
refused("empty fragment in place of a frame", value([FRAMES[0], b"", FRAMES[1]]), FEWER.format(2), whole=THREE[:2])
refused("empty fragments only", value([b"", b"", b""]), FEWER.format(0))
refused("fewer fragments than frames", value(FRAMES[:2]), FEWER.format(2), whole=THREE[:2])
refused("fewer fragments, right table", value(FRAMES[:2], table=RIGHT[:2]), FEWER.format(2), whole=THREE[:2])
refused("fewer fragments, table of all", value(FRAMES[:2], table=RIGHT), FEWER.format(2), whole=THREE[:2])
refused("no fragment", value([]), FEWER.format(0))
refused("no item at all", raw(DELIMITER),
        r"found tag \(FFFE,E0DD\), expected the Item .* of the Basic Offset Table", offset=0,
        but={"dataset": Error(r"found 0 bytes, expected 8")})  # fmt: skip
refused(
    "no byte at all", image(b"", RLE, length=0), r"found 0 bytes, expected 8", but={"dataset": Error(r"found no value")}
)
refused("no table's item", raw(*map(item, FRAMES), DELIMITER), FEWER.format(2))  # fmt: skip
refused("no table's item, one frame", raw(item(FRAMES[0]), DELIMITER, frames=None), r"found 0 frames, expected 1")
native = ONE.astype("<u2").tobytes()
AT_THE_TABLE = r"found tag \([0-9A-F]{4},[0-9A-F]{4}\), expected the Item \(FFFE,E000\) of the Basic Offset Table"
refused("native samples", raw(native, frames=None, length=48), AT_THE_TABLE, offset=0)
refused("native samples of undefined length", raw(native, DELIMITER, frames=None), AT_THE_TABLE, offset=0)
refused("noise", raw(bytes(range(256)) * 4, frames=None, length=1024), AT_THE_TABLE, offset=0)
odd = image(items([native[:10], DELIMITER + native[10:40], native[40:]]), ENCAPSULATED_UNCOMPRESSED, rows=4, columns=7)
seven = np.frombuffer(native[:10] + DELIMITER + native[10:], "<u2").reshape(1, 4, 7)
decoded("delimiter inside a fragment", odd, seven)
refused(
    "uncompressed, short",
    image(items([native[:-2]]), ENCAPSULATED_UNCOMPRESSED),
    r"found 46 bytes, expected 48",
    frame=0,
)
refused("uncompressed, 65535 x 65535", image(items([native]), ENCAPSULATED_UNCOMPRESSED, rows=65535, columns=65535),
        r"found 48 bytes, expected 8589672450", frame=0)  # fmt: skip

# Extended Offset Table
LENGTHS = [SIZE - 8] * 3


def extended(offsets: list[int] | bytes, lengths: list[int] | bytes, fragments: list[bytes] = FRAMES, **given) -> bytes:
    """A file with an Extended Offset Table."""
    tables = (table if isinstance(table, bytes) else offsets64(table) for table in (offsets, lengths))
    return image(items(fragments), RLE, frames=3, **dict(zip(("offsets", "lengths"), tables, strict=True)), **given)


NOT_EXTENDED = r"Extended Offset Table: the offsets of the Extended Offset Table are not those of the fragments \(3\)"
decoded("extended table", extended(RIGHT, LENGTHS), THREE)
padded = [frame + bytes(2) for frame in FRAMES]
decoded("extended table without padding", extended([0, SIZE + 2, 2 * SIZE + 4], [SIZE - 7] * 3, padded), THREE)
EXTENDED = {
    "wrong": ([0, 5, 10], LENGTHS),
    "unsorted": ([0, 2 * SIZE, SIZE], LENGTHS),
    "not from 0": ([8, SIZE, 2 * SIZE], LENGTHS),
    "short": (RIGHT[:2], LENGTHS[:2]),
    "lengths short": (RIGHT, LENGTHS[:2]),
    "long": ([*RIGHT, 3 * SIZE], [*LENGTHS, 9]),
    "with 2^62": ([0, SIZE, 2**62], LENGTHS),
    "with 2^63": ([2**63, SIZE, 2 * SIZE], LENGTHS),
    "with 2^64 - 1": ([0, SIZE, 2**64 - 1], LENGTHS),
    "length 2^63": (RIGHT, [2**63, *LENGTHS[1:]]),
    "length 2^64 - 1": (RIGHT, [*LENGTHS[:2], 2**64 - 1]),
    "lengths too small": (RIGHT, [20, 20, 20]),
    "lengths 0": (RIGHT, [0, 0, 0]),
    "lengths too large": (RIGHT, [length + 2 for length in LENGTHS]),
    "empty": ([], []),
    "of 20 bytes": (offsets64(RIGHT)[:20], offsets64(LENGTHS)),
}
for name, (offsets, lengths) in EXTENDED.items():
    warned(f"extended table, {name}", extended(offsets, lengths), THREE, NOT_EXTENDED)
refused("extended table, fewer fragments", extended(RIGHT, LENGTHS, FRAMES[:2]), FEWER.format(2), whole=THREE[:2])
warned("extended table, lengths empty", extended(RIGHT, b""), THREE, NOT_EXTENDED)
warned("extended table, lengths absent", image(items(FRAMES), RLE, frames=3, offsets=offsets64(RIGHT)), THREE,
       r"Extended Offset Table: found no \(7FE0,0002\) Extended Offset Table Lengths, expected both")  # fmt: skip
both = items(FRAMES, [0, 5, 10])
decoded(
    "extended table, and a wrong table",
    image(both, RLE, frames=3, offsets=offsets64(RIGHT), lengths=offsets64(LENGTHS)),
    THREE,
)
decoded("extended table, native samples", image(native, offsets=offsets64([0]), lengths=offsets64([48])), ONE)

# Codestreams that describe another image, which no codec receives


def jpeg(rows: int, columns: int) -> bytes:
    """The header of an 8-bit JPEG codestream."""
    return b"\xff\xd8\xff\xc0\0\x0b\x08" + rows.to_bytes(2) + columns.to_bytes(2) + b"\1\1\x11\0\xff\xd9\0"


def jpeg_2000(rows: int, columns: int) -> bytes:
    """The header of a 16-bit JPEG 2000 codestream."""
    sizes = b"".join(number.to_bytes(4) for number in (columns, rows, 0, 0, columns, rows, 0, 0))
    return b"\xff\x4f\xff\x51\0\x29\0\0" + sizes + b"\0\1\x0f\1\1\xff\xd9\0"


EIGHT = {"bits_allocated": 8}
CODEC = "what a codec makes of it is not dicomet's"
for rows in (0, 5, 65535):
    refused(f"JPEG of {rows} rows", image(items([jpeg(rows, 6)]), JPEG_BASELINE, **EIGHT),
            rf"the codestream has .* {rows}, expected 4", frame=0, without=CODEC)  # fmt: skip
refused("JPEG 2000 of 2^32 - 1 columns", image(items([jpeg_2000(4, 2**32 - 1)]), JPEG_2000),
        r"the codestream has .* 4294967295, expected 6", frame=0, without=CODEC)  # fmt: skip
for syntax, name in ((JPEG_BASELINE, "JPEG"), (JPEG_2000, "JPEG 2000")):
    refused(
        f"{name} of noise", image(items([bytes(range(100))]), syntax), r"codestream|codec for", frame=0, without=CODEC
    )

# Fragments that belong to no frame
warned("a fragment that no frame needs", extended(RIGHT, LENGTHS, [*FRAMES, FRAMES[0]]), THREE,
       r"found fragments \(1\) that belong to no frame: they are left out")  # fmt: skip

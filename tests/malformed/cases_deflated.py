"""Deflated Image Frame Compression (PS3.5 A.4.13): streams that are damaged, too short, too long, or not streams."""

import zlib

import numpy as np
from build import DEFLATED_FRAMES, bomb, deflated, image, item, items
from cases import Error, bytes_of, decoded, gray, refused, warned

ONE, THREE = gray(), gray(3)
NATIVE = [frame.astype("<u2").tobytes() for frame in THREE]
FRAMES = [deflated(frame) for frame in NATIVE]
ODD = bytes_of(1, 3, 5)


def value(fragments: list[bytes], frames: int | None = 3, **given) -> bytes:
    """A file with these fragments, which are padded to even length."""
    even = [fragment + bytes(len(fragment) % 2) for fragment in fragments]
    return image(items(even), DEFLATED_FRAMES, frames=frames, **given)


def stored(data: bytes, *, last: bool = True) -> bytes:
    """A block that is not compressed (RFC 1951 3.2.4)."""
    return bytes([last]) + len(data).to_bytes(2, "little") + (len(data) ^ 0xFFFF).to_bytes(2, "little") + data


def second(frame: bytes) -> bytes:
    """A file whose second frame is this one."""
    return value([FRAMES[0], frame, FRAMES[2]])


def first(frame: bytes) -> bytes:
    """A file whose first frame, which every way reads, is this one."""
    return value([frame, *FRAMES[1:]])


decoded("deflated frames", value(FRAMES), THREE)
decoded("deflated frames, blocks that are not compressed", value([stored(frame) for frame in NATIVE]), THREE)
decoded("deflated frames, in two blocks", second(stored(NATIVE[1][:9], last=False) + stored(NATIVE[1][9:])), THREE)
decoded("deflated frames, an empty last block", second(stored(NATIVE[1], last=False) + stored(b"")), THREE)
decoded("deflated frames, zeros after the stream", second(FRAMES[1] + bytes(7)), THREE)
decoded(
    "deflated frames, an odd native frame",
    value([deflated(ODD.tobytes())], None, rows=3, columns=5, bits_allocated=8),
    ODD,
)
decoded(
    "deflated frames, a padded native frame",
    value([deflated(ODD.tobytes() + b"\0")], None, rows=3, columns=5, bits_allocated=8),
    ODD,
)
BITS = np.unpackbits(np.frombuffer(b"\xd2\x35\x0e", np.uint8), bitorder="little")[:21].reshape(1, 3, 7)
decoded(
    "deflated frames, frames of single bits, each from its first byte",
    value([deflated(b"\xd2\x35\x0e"), deflated(b"\xd2\x35\xee")], 2, rows=3, columns=7, bits_allocated=1),
    np.concatenate([BITS, BITS]),
)

SHORT = r"the deflated frame gives {} of 48 bytes"
refused("deflated frames, short", second(deflated(NATIVE[1][:-1])), SHORT.format(47), frame=1, whole=THREE[:1])
refused("deflated frames, empty stream", second(deflated(b"")), SHORT.format(0), frame=1, whole=THREE[:1])
refused("deflated frames, cut", second(stored(NATIVE[1])[:20]), SHORT.format(r"\d+"), frame=1, whole=THREE[:1])
refused("deflated frames, only zeros", second(bytes(60)), r"the deflated frame is damaged: ", frame=1, whole=THREE[:1])
DAMAGED = r"the deflated frame is damaged: "
refused("deflated frames, zlib's header", second(zlib.compress(NATIVE[1])), DAMAGED, frame=1, whole=THREE[:1])
refused("deflated frames, native samples", second(b"\xff" * 48), DAMAGED, frame=1, whole=THREE[:1])
LONG = r"the deflated frame goes beyond the 48 bytes expected: the rest is left out"
warned("deflated frames, long", first(deflated(NATIVE[0] + b"\1")), THREE, LONG)
warned("deflated frames, long by zeros", first(deflated(NATIVE[0] + bytes(2))), THREE, LONG)
warned("deflated frames, a bomb", first(bomb(NATIVE[0], 50)), THREE, LONG)
warned(
    "deflated frames, no end", first(stored(NATIVE[0], last=False)), THREE, r"has no end after the 48 bytes expected"
)
warned(
    "deflated frames, a damaged block after the samples",
    first(stored(NATIVE[0], last=False) + b"\x07\x07"),
    THREE,
    r"has no end after the 48 bytes expected",
)
warned("deflated frames, bytes after the stream", first(stored(NATIVE[0]) + b"\0\1"), THREE,
       r"found \d+ bytes after the deflated frame: they are ignored")  # fmt: skip
refused("deflated frames, 65535 x 65535", value([FRAMES[0]], None, rows=65535, columns=65535),
        r"found \d+ compressed bytes, which cannot hold 4294836225 samples", frame=0)  # fmt: skip
refused(
    "deflated frames, a bomb for one frame",
    value([bomb(b"", 50)], None, rows=65535, columns=65535, bits_allocated=1),
    r"found \d+ compressed bytes, which cannot hold 4294836225 samples",
    frame=0,
)
refused(
    "deflated frames, not subsampled",
    value([deflated(bytes(72))], None, samples=3, photometric="YBR_FULL_422", planar=0, bits_allocated=8),
    r"found 72 bytes, expected 48 for YBR_FULL_422: the samples are not subsampled",
    frame=0,
)
refused(
    "deflated frames, defined length of a native value",
    image(NATIVE[0], DEFLATED_FRAMES, length=48),
    r"found tag .*, expected the Item \(FFFE,E000\) of the Basic Offset Table",
    offset=0,
)
refused(
    "deflated frames, Float Pixel Data",
    image(None, DEFLATED_FRAMES, float_data=bytes(96), bits_allocated=32),
    r"found the transfer syntax Deflated Image Frame Compression, expected an uncompressed one",
    "float_data",
)
refused(
    "deflated frames, cut inside a fragment",
    image(item() + b"".join(map(item, map(bytes, FRAMES))), DEFLATED_FRAMES, frames=3)[:-20],
    r"found an item of \d+ bytes, expected at most the \d+ that are left",
    offset=8 + sum(len(frame) + 8 for frame in FRAMES[:2]),
    whole=THREE[:2],
    but={"dataset": Error(r"no pixel data to decode", kind="MissingElementError")},
)

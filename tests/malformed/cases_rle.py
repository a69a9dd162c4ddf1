"""RLE Lossless (PS3.5 G): segment counts, offsets and runs that are wrong, unusual, truncated or too long."""

import struct

import numpy as np
from build import RLE, byte_planes, image, items, literal, repeated, rle, rle_frame
from cases import bytes_of, color, decoded, gray, refused, warned

GRAY, BYTES, COLOR = gray(), bytes_of(), color()
EIGHT = {"bits_allocated": 8}
RGB = {**EIGHT, "samples": 3, "photometric": "RGB", "planar": 0}
HIGH, LOW = (literal(plane) for plane in byte_planes(GRAY[0]))
SEGMENT = len(HIGH)
PLANE = literal(BYTES.tobytes())
NOOP = b"\x80"
SEVEN = np.full((1, 4, 6), 7, np.uint8)


def one(frame: bytes, **given) -> bytes:
    """A file with one frame."""
    return image(items([frame]), RLE, **given)


def eight(segment: bytes, **given) -> bytes:
    """A file with one 8-bit segment."""
    return one(rle_frame([segment]), **EIGHT, **given)


# Valid frames
decoded("right, 16 bits", one(rle(GRAY[0])), GRAY)
decoded("right, 8 bits", one(rle(BYTES[0]), **EIGHT), BYTES)
decoded("right, RGB", one(rle(COLOR[0]), **RGB), COLOR)
wide = (gray().astype("u4") * 70001)[..., None].repeat(3, axis=3)
decoded("right, RGB of 32 bits", one(rle(wide[0]), **{**RGB, "bits_allocated": 32}), wide)
decoded("planar configuration does not matter", one(rle(COLOR[0]), **{**RGB, "planar": 1}), COLOR)

# The count of segments
for count in (0, 1, 3, 16, 2**31, 2**32 - 1):
    refused(f"{count} segments", one(rle_frame([HIGH, LOW], count=count)), rf"found {count} RLE segments, expected 2",
            frame=0, offset=0)  # fmt: skip
refused("1 segment for RGB", one(rle_frame([literal(COLOR.tobytes())]), **RGB), r"found 1 RLE segments, expected 3",
        frame=0, offset=0)  # fmt: skip
refused("24 segments, for RGB of 64 bits", one(rle_frame([HIGH] * 15, count=24), **{**RGB, "bits_allocated": 64}),
        r"found 64, expected 8, 16 or 32 for colors .* 15 segments", "bits_allocated")  # fmt: skip

# Offsets: the first must be 64, and each must follow the segment before it and lie inside the frame.
LAST = 64 + 2 * SEGMENT
OFFSETS = {
    "first 65": ([65, 64 + SEGMENT], 0, r"found RLE segment offset 65, expected 64"),
    "first 0": ([0, 64 + SEGMENT], 0, r"found RLE segment offset 0, expected 64"),
    "unsorted": ([64 + SEGMENT, 64], 0, rf"found RLE segment offset {64 + SEGMENT}, expected 64"),
    "equal": ([64, 64], 1, r"found RLE segment offset 64, expected an offset after"),
    "in the header": ([64, 32], 1, r"found RLE segment offset 32, expected an offset after"),
    "the end of the frame": ([64, LAST], 1, rf"found RLE segment offset {LAST}, expected an offset inside the frame"),
    "beyond the end": ([64, 5000], 1, r"found RLE segment offset 5000, expected an offset inside the frame"),
    "2^32 - 1": ([64, 2**32 - 1], 1, r"found RLE segment offset 4294967295, expected an offset inside the frame"),
}
for name, (offsets, segment, text) in OFFSETS.items():
    frame = rle_frame([HIGH, LOW], offsets=offsets)
    refused(f"offset, {name}", one(frame), text, frame=0, segment=segment, offset=4 + 4 * segment)
overlapping = rle_frame(
    [literal(plane) for plane in byte_planes(COLOR[0])], offsets=[64, 64 + 2 * SEGMENT, 64 + SEGMENT]
)
refused("offset, overlapping", one(overlapping, **RGB), r"found RLE segment offset 89, expected an offset after",
        frame=0, segment=2, offset=12)  # fmt: skip
early = rle_frame([HIGH, LOW], offsets=[64, 64 + SEGMENT - 4])
refused("offset, in the segment before", one(early), r"the RLE segment gives 20 of 24 bytes", frame=0, segment=0)
for length in (2, 8, 60, 62):
    refused(f"header cut to {length} bytes", one(rle(GRAY[0])[:length]), rf"found {length} bytes, expected 64", frame=0)
refused("header and nothing", one(rle(GRAY[0])[:64]), r"found RLE segment offset 64, expected an offset inside",
        frame=0, segment=0, offset=4)  # fmt: skip

# Segments that are too short
CUT = {
    "cut in a literal run": (literal(bytes(24))[:14], 13),
    "1 byte short": (literal(bytes(23)), 23),
    "cut in a replicate run": (literal(bytes(20)) + b"\xfd", 20),
    "nothing but no-ops": (NOOP * 24, 0),
    "one no-op": (NOOP * 2, 0),
    "a literal run without bytes": (b"\x7f", 0),
}
for name, (segment, bytes_given) in CUT.items():
    # The frame has even length, so that no padding follows.
    data = one(struct.pack("<16L", 1, 64, *[0] * 14) + segment, **EIGHT)
    refused(name, data, rf"the RLE segment gives {bytes_given} of 24 bytes", frame=0, segment=0)
    # A no-op before the segment makes the frame even, so that no padding follows the segment.
    three = rle_frame([PLANE, PLANE + NOOP * (len(segment) % 2), segment])
    refused(f"{name}, third plane", one(three, **RGB), r"the RLE segment gives \d+ of 24 bytes", frame=0, segment=2)
refused("first of two planes cut", one(rle_frame([HIGH[:10], LOW])), r"gives 9 of 24 bytes", frame=0, segment=0)
refused("both planes cut", one(rle_frame([HIGH[:12], LOW[:10]])), r"gives 11 of 24 bytes", frame=0, segment=0)
third = items([rle(frame) for frame in gray(2)] + [rle_frame([HIGH, LOW[:11]])])
refused("third frame cut", image(third, RLE, frames=3), r"the RLE segment gives 10 of 24 bytes", frame=2, segment=1,
        whole=gray(2))  # fmt: skip
made_legal = NOOP + literal(b"\7" * 22) + b"\xff"
decoded("cut, but made legal by padding", eight(made_legal), np.append(SEVEN.reshape(-1)[:22], [0, 0]).reshape(1, 4, 6)
        .astype("u1"))  # fmt: skip

# Segments that are too long: the excess is discarded, and never spills into the next plane.
LONG = r"the last run of the RLE segment goes {} bytes beyond the 24 expected: they are left out"
REST = r"\d+ bytes are left in the RLE segment after the 24 expected"
warned("replicate run too long", eight(repeated(7, 30)), SEVEN, LONG.format(6))
warned("longest replicate run", eight(repeated(7, 128)), SEVEN, LONG.format(104))
warned("literal run too long", eight(literal(b"\7" * 33)), SEVEN, LONG.format(9))
warned("a run after the last", eight(literal(b"\7" * 24) + literal(b"\1\2\3")), SEVEN, REST)
red, green, blue = byte_planes(COLOR[0])
for place in range(3):
    planes = [literal(plane) for plane in (red, green, blue)]
    planes[place] = literal((red, green, blue)[place] + b"\xee" * 50)
    warned(f"plane {place} of 3 too long", one(rle_frame(planes), **RGB), COLOR, LONG.format(50))
long_high = literal(GRAY[0].astype(">u2").tobytes()[::2] + b"\xee" * 100)
warned("high bytes too long", one(rle_frame([long_high, LOW])), GRAY, LONG.format(100))
many = items([rle_frame([repeated(7, 30)])] * 5)
warned("five frames too long", image(many, RLE, frames=5, **EIGHT), SEVEN.repeat(5, axis=0),
       LONG.format(6))  # fmt: skip

# Unusual, but unambiguous
decoded("no-ops", eight(NOOP + literal(b"\7" * 9) + NOOP * 3 + repeated(7, 15) + NOOP), SEVEN)
decoded("runs of one byte", eight(b"\0\7" * 24), SEVEN)
decoded("no-ops after the last run", eight(literal(b"\7" * 24) + NOOP * 9), SEVEN)
decoded("odd offset", one(rle_frame([HIGH, LOW + b"\0"])), GRAY)
decoded("a gap of zeros between segments", one(rle_frame([HIGH + bytes(20), LOW])), GRAY)
warned("a gap of garbage between segments", one(rle_frame([HIGH + b"\7" * 21, LOW])), GRAY, REST)
decoded("trailing zeros", one(rle(GRAY[0]) + bytes(40)), GRAY)
warned("trailing garbage", one(rle(GRAY[0]) + b"\7" * 40), GRAY, REST)
decoded("unused offsets that are not 0", one(rle_frame([HIGH, LOW], unused=77)), GRAY)

# Bits Allocated 1, for which RLE is undefined: eight pixels in a byte or one, distinguished by the length.
BITS = (BYTES % 3 == 0).astype(np.uint8)
ONE = {"bits_allocated": 1}
packed = np.packbits(BITS.reshape(-1), bitorder="little").tobytes()
decoded("1 bit, packed", one(rle_frame([literal(packed)]), **ONE), BITS)
decoded("1 bit, a byte for each", one(rle_frame([literal(BITS.tobytes())]), **ONE), BITS)
decoded("1 bit, 255 for each", one(rle_frame([literal((BITS * 255).tobytes())]), **ONE), BITS)
refused(
    "1 bit, neither",
    one(rle_frame([literal(bytes(8))]), **ONE),
    r"the RLE segment gives 8 of 24 bytes",
    frame=0,
    segment=0,
)
refused("1 bit, packed, short", one(rle_frame([literal(bytes(2))]), **ONE), r"the RLE segment gives 2 of \d+ bytes",
        frame=0, segment=0)  # fmt: skip
colors = {**RGB, "bits_allocated": 1}
refused(
    "1 bit, RGB", one(rle(COLOR[0]), **colors), r"found 1, expected 8, 16 or 32 for colors", "bits_allocated", frame=0
)
warned("two frames, described as one", image(items([rle(GRAY[0])] * 2), RLE), GRAY, REST)

# Dimensions that exceed what a frame can hold (two bytes give at most 128)
ASKS = "pydicom asks for as much memory as the description says"
HOLDS = r"found {} compressed bytes, which cannot hold {} samples"
tiny = rle_frame([repeated(7, 128)])
refused(
    "65535 x 65535", one(tiny, rows=65535, columns=65535, **EIGHT), HOLDS.format(66, 4294836225), frame=0, without=ASKS
)
refused("65 samples for a byte", one(tiny, rows=65, columns=66, **EIGHT), HOLDS.format(66, 4290), frame=0)
refused(
    "64 samples for a byte", one(tiny, rows=64, columns=66, **EIGHT), r"gives 128 of 4224 bytes", frame=0, segment=0
)
refused(
    "65535 x 65535, 1 bit",
    one(tiny, rows=65535, columns=65535, **ONE),
    HOLDS.format(66, 4294836225),
    frame=0,
    without=ASKS,
)
second = items([rle(BYTES[0]), b"\1\0"])
refused(
    "second frame of two bytes",
    image(second, RLE, frames=2, **EIGHT),
    r"found 2 bytes, expected 64",
    frame=1,
    whole=BYTES,
)

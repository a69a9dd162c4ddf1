"""JPEG XL (ISO/IEC 18181): containers and codestreams that are cut, contradictory, or too large for their bytes.

The codestreams are written here: of a gray image of 8 bits, all of whose samples are 0.
"""

import itertools
import re
import struct

import jpeg_xl_writer as writer
import numpy as np
from build import image, items
from cases import WAYS, decoded, refused, warned

SYNTAX = "1.2.840.10008.1.2.4.110"
EIGHT = {"rows": 16, "columns": 24, "bits_allocated": 8}
BLACK = np.zeros((1, 16, 24), np.uint8)
CODESTREAM = writer.black(16, 24)
SECTION = writer.zeros()
SIGNATURE = b"\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a"
FILE_TYPE = b"\x00\x00\x00\x14ftypjxl \x00\x00\x00\x00jxl "
TURNS = itertools.count()


def some() -> dict:
    """Options of a case: two ways, by turns, without pydicom, which does not know the transfer syntax."""
    first = next(TURNS)
    ways = tuple(WAYS[(first + 3 * number) % len(WAYS)] for number in range(2))
    return {"ways": ways, "without": "pydicom does not know the transfer syntax"}


def one(stream: bytes, **given: object) -> bytes:
    """A file with one frame."""
    return image(items([stream]), SYNTAX, **{**EIGHT, **given})


def stops(name: str, stream: bytes, text: str, **given: object) -> None:
    """Add a frame that is refused with this text."""
    refused(f"JPEG XL, {name}", one(stream, **given), re.escape(text), frame=0, **some())


def is_whole(name: str, stream: bytes, frames: np.ndarray = BLACK, **given: object) -> None:
    """Add a frame that is decoded."""
    decoded(f"JPEG XL, {name}", one(stream, **given), frames, **some())


def box(name: bytes, content: bytes, length: int | None = None) -> bytes:
    return struct.pack(">I", 8 + len(content) if length is None else length) + name + content


def boxed(*content: bytes) -> bytes:
    return b"".join([SIGNATURE, FILE_TYPE, *content])


def part(index: int, content: bytes) -> bytes:
    return box(b"jxlp", struct.pack(">I", index) + content)


LAST = 1 << 31
WHOLE = box(b"jxlc", CODESTREAM)

# Valid frames

is_whole("right", CODESTREAM)
is_whole("right, colors", writer.black(16, 24, space=writer.RGB), BLACK[..., None].repeat(3, axis=3),
         samples=3, photometric="RGB", planar=0)  # fmt: skip
is_whole("right, 16 bits", writer.black(16, 24, bits=16), BLACK.astype(np.uint16), bits_allocated=16)
is_whole("right, an orientation, which is ignored", writer.black(16, 24, orientation=6))
is_whole("right, padding", CODESTREAM + bytes(6))
is_whole("right, container", boxed(WHOLE))
is_whole("right, container and padding", boxed(WHOLE) + bytes(3))
is_whole("right, in parts", boxed(part(0, CODESTREAM[:5]), part(1, b""), part(LAST | 2, CODESTREAM[5:])))

# The codestream ends early, or goes on

NO_HEADER = "found no frame header, expected that of a JPEG, JPEG-LS, JPEG 2000 or JPEG XL codestream"
HEADER = writer.image_header(16, 24)
TRUNCATED = "found {0} bytes of codestream, expected {1}"
stops("one byte", b"\xff", NO_HEADER)
for length in range(2, len(HEADER)):
    text = "`image header`: " + TRUNCATED.format(length, length + 1)
    stops(f"cut after {length} bytes", CODESTREAM[:length], text)
for length in range(len(HEADER), len(CODESTREAM) - len(SECTION)):
    text = "`frame header`: " + TRUNCATED.format(length, length + 1)
    stops(f"cut after {length} bytes", CODESTREAM[:length], text)
for length in range(len(CODESTREAM) - len(SECTION), len(CODESTREAM)):
    stops(f"cut after {length} bytes", CODESTREAM[:length], "`frame`: " + TRUNCATED.format(length, len(CODESTREAM)))
warned("JPEG XL, bytes after the codestream", one(CODESTREAM + b"\0\1\2"), BLACK,
       "found 3 bytes after the codestream: they are ignored", **some())  # fmt: skip

# Containers

for name, stream, what, offset in [
    ("nothing but a signature", SIGNATURE, "the end, and no last part of the codestream", 12),
    ("no codestream", boxed(), "the end, and no last part of the codestream", 32),
    ("a cut box", boxed(WHOLE)[:-1], "a box that ends after the data", 32),
    ("a cut box header", boxed(WHOLE)[:38], "a box whose length is impossible", 32),
    ("a box of seven bytes", boxed(box(b"jxlc", CODESTREAM, 7)), "a box whose length is impossible", 32),
    ("a box of 4 GB", boxed(box(b"jxlc", CODESTREAM, 0xFFFFFFFF)), "a box that ends after the data", 32),
    ("a box of 2^64 bytes", boxed(box(b"jxlc", b"\xff" * 8 + CODESTREAM, 1)), "a box that ends after the data", 32),
    ("a long box of 15 bytes", boxed(box(b"jxlc", struct.pack(">Q", 15) + CODESTREAM, 1)),
     "a box whose length is impossible", 32),
    ("two codestreams", boxed(WHOLE, WHOLE), "a part of the codestream out of order", 32 + len(WHOLE)),
    ("no last part", boxed(part(0, CODESTREAM)), "the end, and no last part of the codestream", 44 + len(CODESTREAM)),
    ("no first part", boxed(part(LAST | 1, CODESTREAM)), "a part of the codestream out of order", 32),
    ("a part twice", boxed(part(0, CODESTREAM[:5]), part(LAST, CODESTREAM[5:])),
     "a part of the codestream out of order", 49),
    ("a part after the last one", boxed(part(LAST, CODESTREAM), part(1, b"")),
     "a part of the codestream out of order", 44 + len(CODESTREAM)),
    ("a part without index", boxed(box(b"jxlp", b"\0\0\0")), "a part of the codestream without index", 32),
]:  # fmt: skip
    stops(name, stream, f"`container`: found {what} at byte {offset}")
stops("a container of something else", boxed(box(b"jxlc", b"\xff\xd8\xff")), "found no start of a codestream (FF 0A)")
stops("an empty codestream", boxed(box(b"jxlc", b"")), "found no start of a codestream (FF 0A)")
stops("JP2 boxes", CODESTREAM.join([b"\x00\x00\x00\x0cjP  \x0d\x0a\x87\x0a", b""]), NO_HEADER)
stops("half a container", boxed(box(b"jxlc", CODESTREAM[:-1])),
      "`frame`: " + TRUNCATED.format(len(CODESTREAM) - 1, len(CODESTREAM)))  # fmt: skip

# The image header

for name, stream, text in [
    ("other rows", writer.black(17, 24), "the codestream has Rows 17, expected 16"),
    ("other columns", writer.black(16, 23), "the codestream has Columns 23, expected 24"),
    ("rows and columns exchanged", writer.black(24, 16), "the codestream has Rows 24, expected 16"),
    ("three components", writer.black(16, 24, space=writer.RGB), "the codestream has components 3, expected 1"),
    ("more bits than are allocated", writer.black(16, 24, bits=9), "the codestream has sample bits 9, expected 8"),
]:
    stops(name, stream, text)
PLACE = "expected one or three components of up to 16 bits in a single image"
for name, fields, what in [
    ("floating-point samples", {"floating": True}, "floating-point samples"),
    ("17 bits", {"bits": 17}, "samples of 17 bits"),
    ("31 bits", {"bits": 31}, "samples of 31 bits"),
    ("an extra channel", {"channels": 1}, "extra channels (1)"),
    ("many extra channels", {"channels": 200}, "extra channels (200)"),
    ("a preview", {"preview": True}, "a preview"),
    ("an animation", {"animation": True}, "an animation"),
]:
    stops(name, writer.black(16, 24, **fields), f"found {what}, {PLACE}", bits_allocated=32)
stops("a color space that is not defined", writer.black(16, 24, space=5), "`image header`: found")

# Frames


def frame(section: bytes = SECTION, **fields: object) -> bytes:
    return writer.contents([len(section)], writer.frame_header(group_shift=3, **fields)) + section


def with_frames(*frames: bytes) -> bytes:
    return HEADER + b"".join(frames)


LAYER, PATTERN = frame(last=False), frame(kind=2, crop=(0, 0, 30, 20))
is_whole("frames that others cover", with_frames(LAYER, LAYER, frame()))
is_whole("a frame to which none refers", with_frames(PATTERN, frame()))
is_whole("a frame that is larger than the image", with_frames(frame(kind=2, crop=(0, 0, 300, 200)), frame()))
stops("no frame", HEADER, "`frame header`: " + TRUNCATED.format(len(HEADER), len(HEADER) + 1))
stops(
    "no last frame",
    with_frames(LAYER),
    "`frame header`: " + TRUNCATED.format(len(HEADER + LAYER), len(HEADER + LAYER) + 1),
)
stops(
    "a hundred frames",
    with_frames(*[LAYER] * 100, frame()),
    "`frames`: found more than 64, expected the one of the image",
)
stops("a frame of a million columns", with_frames(frame(kind=2, crop=(0, 0, 1 << 20, 16)), frame()),
      "`frames`: found 16777216 pixels, expected at most 265216 for the size of the image")  # fmt: skip
stops("a frame of 2^60 pixels", with_frames(frame(kind=2, crop=(0, 0, (1 << 30) - 1, (1 << 30) - 1)), frame()),
      "`frames`: found 1152921502459363329 pixels, expected at most 265216")  # fmt: skip
stops("large frames", with_frames(*[frame(kind=2, crop=(0, 0, 400, 400))] * 2, frame()),
      "`frames`: found 320000 pixels, expected at most 265216")  # fmt: skip
stops("a frame without columns", with_frames(frame(kind=2, crop=(0, 0, 0, 16)), frame()), "`frame")
stops("splines", writer.long_spline(16, 24), "`frame header`: found splines, expected samples or coefficients alone")
stops("splines in a frame before the image", with_frames(frame(kind=2, crop=(0, 0, 30, 20), splines=True), frame()),
      "`frame header`: found splines")  # fmt: skip
is_whole("frames that are kept", writer.kept_frames(16, 24))
stops("a section that is too short", with_frames(frame(SECTION[:1])), "`samples`: found")
stops("a section without bytes", with_frames(frame(b"")), "`samples`: found")
stops("a section of 1 GB", with_frames(writer.contents([1 << 30], writer.frame_header()), SECTION),
      "`frame`: found")  # fmt: skip
stops("a DCT in a section for samples", with_frames(frame(modular=False)), "`samples`: found")

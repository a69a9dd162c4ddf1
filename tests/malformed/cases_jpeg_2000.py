"""JPEG 2000 (ISO/IEC 15444-1 Annexes A, B, I): headers, tile-parts, packets and boxes that are cut, missing, repeated
or contradictory.
"""

import itertools
import re
import struct
from collections.abc import Iterator

import numpy as np
from build import image, items
from build_jpeg import relength
from build_jpeg_2000 import EOC, cod, coded, high_throughput, poc, siz, sot, with_data
from cases import WAYS, bytes_of, color, decoded, gray, refused, warned

LOSSLESS, HIGH_THROUGHPUT = "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.201"
PART_2 = "1.2.840.10008.1.2.4.92"
WORDS, BYTES, COLORS = gray(), bytes_of(), color()
EIGHT = {"bits_allocated": 8}
THREE = {**EIGHT, "samples": 3, "photometric": "YBR_RCT", "planar": 0}
WHOLE, SMALL, RGB = coded(WORDS[0], 16), coded(BYTES[0], 8), coded(COLORS[0], 8)
HT = high_throughput(np.repeat(np.repeat(WORDS[0], 16, 0), 16, 1))
LARGE = {"rows": 64, "columns": 96}
NO_HEADER = "frame 0: found no frame header, expected that of a JPEG"
LEFT = "the drop-in leaves malformed frames to pydicom, and the time and memory of OpenJPEG for them are unbounded"
TURNS: Iterator[int] = itertools.count()


def one(stream: bytes, syntax: str = LOSSLESS, **given: object) -> bytes:
    """A file with one frame."""
    return image(items([stream]), syntax, **given)


def some(ways: int = 2) -> dict:
    """Options of a case: this number of ways, by turns, without pydicom."""
    first = next(TURNS)
    return {"ways": tuple(WAYS[(first + 3 * number) % len(WAYS)] for number in range(ways)), "without": LEFT}


def stops(name: str, stream: bytes, text: str, **given: object) -> None:
    """Add a frame that is refused with this text."""
    found = re.search(r"offset (\d+):", text)
    offset = None if found is None else int(found[1])
    refused(f"JPEG 2000, {name}", one(stream, **given), re.escape(text), frame=0, offset=offset, **some())


def is_whole(name: str, stream: bytes, frames: np.ndarray = WORDS, **given: object) -> None:
    """Add a frame that is decoded."""
    decoded(f"JPEG 2000, {name}", one(stream, **given), frames, **some())


def is_reported(name: str, stream: bytes, warning: str, frames: np.ndarray = WORDS, **given: object) -> None:
    """Add a frame that is decoded with a warning."""
    warned(f"JPEG 2000, {name}", one(stream, **given), frames, warning, **some())


# Valid frames

LARGE_WORDS = np.repeat(np.repeat(WORDS, 16, 1), 16, 2)
for name, found, frames, given in [
    ("right", WHOLE, WORDS, {}),
    ("right, 8 bits", SMALL, BYTES, EIGHT),
    ("right, RGB", RGB, COLORS, THREE),
    ("right, high throughput", HT, LARGE_WORDS, {"syntax": HIGH_THROUGHPUT, **LARGE}),
    ("right, Part 2", WHOLE, WORDS, {"syntax": PART_2}),
]:
    decoded(f"JPEG 2000, {name}", one(found.stream(), **given), frames, without=LEFT)

# SIZ (A.5.1)

OF_SIZ, AT = "SIZ, ", WHOLE.start("siz")
for name, segment, text in [
    ("no SIZ", b"", NO_HEADER),
    ("XTsiz 0", siz(tile=(0, 4)), "offset 39: SIZ, `XTsiz, YTsiz`: found 0, expected at least 1"),
    (
        "tile offset in the image",
        siz(tile_origin=(1, 0)),
        "offset 39: SIZ, `XTOsiz, YTOsiz`: found 1, expected a first tile",
    ),
    (
        "first tile before the image",
        siz((12, 4), (6, 0)),
        "offset 39: SIZ, `XTOsiz, YTOsiz`: found 0, expected a first tile",
    ),
    ("24 tiles", siz(tile=(1, 1)), "offset 126: tile 1, `tile`: found no tile-part, expected one"),
    ("65536 columns", siz((65536, 4)), "the codestream has Columns 65536, expected 6"),
    ("16384 components", siz(components=b"\x0f\1\1" * 16384), "the codestream has components 16384, expected 1"),
    ("no component", siz(components=b""), NO_HEADER),
    ("fewer components than Csiz", siz(count=2), NO_HEADER),
    ("XRsiz 0", siz(components=b"\x0f\0\1"), "offset 44: SIZ, `XRsiz, YRsiz`: found 0, expected 1 to 255"),
    ("YRsiz 0", siz(components=b"\x0f\1\0"), "offset 44: SIZ, `XRsiz, YRsiz`: found 0, expected 1 to 255"),
    ("39 bits", siz(components=b"\x26\1\1"), "the codestream has sample bits 39, expected 16"),
    (
        "Part 2",
        siz(capabilities=0x8000),
        "offset 7: SIZ, found extensions of ISO/IEC 15444-2 (Rsiz)",
    ),
]:
    stops(name, WHOLE.stream(siz=segment), text)
stops("SIZ twice", WHOLE.with_after("siz", WHOLE["siz"]), "offset 86: found SIZ, expected one SIZ")
stops("two sizes of components", RGB.stream(siz=siz(components=b"\7\1\1\7\1\1\x08\1\1")),
      "the codestream has components of different bit depth or sign", **THREE)  # fmt: skip

# POC (A.6.6)

OTHERS = "offset 122: SOD, tile 0, component 1, resolution 0: `packets`: found the end of the tile's data after 1"
stops("a change of the progression without other components", RGB.stream(qcd=RGB["qcd"] + poc(1)), OTHERS, **THREE)

# COD (A.6.1) and QCD (A.6.4)

for name, values, text in [
    ("33 levels", {"levels": 33}, "offset 54: COD, `decomposition levels`: found 33, expected 0 to 32"),
    (
        "32 levels without step sizes",
        {"levels": 32},
        "offset 0: SOD, tile 0, component 0, resolution 1: `QCD, QCC`: found 1",
    ),
    ("no layers", {"layers": 0}, "offset 52: COD, `number of layers`: found 0, expected 1 to 65535"),
    ("progression 5", {"progression": 5}, "offset 50: COD, `progression order`: found 5, expected 0 to 4"),
    ("component transform 2", {"transform": 2}, "offset 53: COD, found a multiple component transformation"),
    ("component transform of one", {"transform": 1}, "offset 0: tile 0, `number of transformed components`: found 1"),
    ("wavelet 2", {"wavelet": 2}, "offset 58: COD, found a wavelet transformation of ISO/IEC 15444-2"),
    ("block style 128", {"block_style": 0x80}, "offset 57: COD, `code-block style`: found 128, expected a style"),
    ("style 8", {"style": 8}, "offset 49: COD, `Scod`: found 8, expected 0 to 7"),
    *(
        (f"blocks {block}", {"block": block}, "offset 56: COD, `code-block size`: found")
        for block in ((9, 0), (7, 7), (255, 0), (4, 9))
    ),
    (
        "precinct 0",
        {"style": 1, "levels": 1, "precincts": b"\0\0"},
        "offset 60: COD, `precinct size`: found 0",
    ),
    ("no precinct", {"style": 1, "levels": 2, "precincts": b"\xff"}, "offset 59: COD, `segment length`: found 0"),
]:
    stops(name, WHOLE.stream(cod=cod(**values)), text)
is_reported("65535 layers", WHOLE.stream(cod=cod(layers=65535)), "tile 0: found fewer bytes than its tile-part headers")
for name in ("cod", "qcd"):
    marker, removed = name.upper(), WHOLE.start("sot") - len(WHOLE[name])
    missing = f"offset {removed}: {marker}, found the end of the data, expected this segment in the main header"
    stops(f"no {marker}", WHOLE.stream(**{name: b""}), missing)
    second = WHOLE.start(name) + len(WHOLE[name]) + 3
    twice = WHOLE.with_after(name, WHOLE[name])
    stops(f"{marker} twice", twice, f"offset {second}: {marker}, found a second one, expected one segment")
for step, text in (
    (b"\xff\x5c\0\3\x40", "offset 63: QCD, `number of step sizes`: found 0"),
    (b"\xff\x5c\0\4\x43\x80", "offset 63: QCD, `quantization style`"),
):
    stops(f"QCD {step.hex()}", WHOLE.stream(qcd=step), text)

# Every segment: cut in the marker, in the length, in the contents; and the length itself wrong

for name in ("cod", "qcd"):
    marker, at = name.upper(), WHOLE.start(name)
    stops(
        f"{name} cut in the marker", WHOLE.until(name, 1), f"offset {at}: found the end of the data, expected a marker"
    )
    stops(f"{name} cut in the length", WHOLE.until(name, 3), f"offset {at + 2}: {marker}, found the end of the data")
    stops(
        f"{name} cut", WHOLE.until(name, 5), f"offset {at + 2}: {marker}, found the end of the data, expected the rest"
    )
for name in ("cod", "qcd", "sot"):
    marker, at = name.upper(), WHOLE.start(name) + 2
    for length, place, text in (
        (0, at, "`segment length`: found 0, expected 2"),
        (1, at, "`segment length`: found 1, expected 2"),
        (2, at + 1, "`segment length`: found 0, expected"),
        (0xFFFF, at, "found the end of the data, expected the rest of a segment"),
    ):
        changed = WHOLE.stream(**{name: relength(WHOLE[name], length)})
        stops(f"{name} of length {length}", changed, f"offset {place}: {marker}, {text}")
for length in (0, 1, 2, 3, 0xFFFF):
    stops(f"siz of length {length}", WHOLE.stream(siz=relength(WHOLE["siz"], length)), NO_HEADER)
for cut in (1, 3, 7, 30):
    stops(f"siz cut after {cut} bytes", WHOLE.until("siz", cut), NO_HEADER)

# Tile-parts (A.4.2)

PACKETS = len(WHOLE["data"])
for name, values, text in [
    ("tile 1", {"tile": 1}, "offset 70: SOT, `Isot`: found 1, expected a tile of the image"),
    (
        "tile-part 1",
        {"number": 1},
        "offset 75: SOT, `TPsot`: found 1, expected the number of the tile's next tile-part",
    ),
    ("tile-part of 13 bytes", {"length": 13}, "offset 74: SOT, `Psot`: found 13, expected 0, or at least 14"),
    ("tile-part that is short", {"length": PACKETS + 13}, "offset 123: found the bytes [E6, FF], expected SOT or EOC"),
    ("tile-part of its header", {"length": 14}, "offset 79: found the bytes [CF, FC], expected SOT or EOC"),
]:
    stops(name, WHOLE.stream(sot=sot(WHOLE, **values)), text)
for name, values in {
    "tile-part without a length": {"length": 0},
    "tile-part that is too long": {"length": PACKETS + 54},
    "tile-part of unknown number": {"count": 0},
    "a second tile-part is missing, which has no packet": {"count": 2},
}.items():
    is_whole(name, WHOLE.stream(sot=sot(WHOLE, **values)))
stops(
    "a tile-part twice", WHOLE.stream(eoc=WHOLE["sot"] + WHOLE["sod"] + WHOLE["data"] + EOC), "offset 134: SOT, `TPsot`"
)
stops("no tile-part", WHOLE.until("sot", 0) + EOC, "offset 65: found EOC, expected a segment of the header")
stops("SOT cut", WHOLE.until("sot", 7), "offset 72: tile 0, `tile`: found no tile-part, expected one")
stops("no SOD", WHOLE.stream(sod=b""), "offset 77: tile 0, found the byte CF, expected a marker")
in_part = WHOLE.with_after("sot", WHOLE["siz"]).replace(
    WHOLE["sot"], sot(WHOLE, length=PACKETS + 14 + len(WHOLE["siz"]))
)
stops("SIZ in a tile-part", in_part, "offset 118: tile 0, found SIZ, expected segments")

# Packets (B.9, B.10)

stops("no packet", with_data(WHOLE, b""), "offset 79: tile 0, `packet headers`: found 0 bytes, expected at least 1")
ENDS = "SOD, tile 0, component 0, resolution 0: `packets`: found the end of the tile's data after 0, expected 1"
HEADER = 4
"""Bytes of the packet header."""
for cut in (1, 2, 3, PACKETS // 2, PACKETS - 2):
    at = WHOLE.start("data") + (HEADER if cut > HEADER else 0)
    for ending in (b"", EOC):
        name = f"packet of {cut} bytes{', and ended' * bool(ending)}"
        stops(name, WHOLE.until("data", cut) + ending, f"offset {at}: {ENDS}")
        short = with_data(WHOLE, WHOLE["data"][:cut])[: -len(EOC)]
        stops(f"{name}, in a tile-part of that length", short + ending, f"offset {at}: {ENDS}")
for cut, text in (
    (1, "offset 85: tile 0, `packet headers`: found 1 bytes, expected at least 3"),
    (13, "offset 88: SOD, tile 0, component 0, resolution 0: `packets`"),
    (29, "offset 113: SOD, tile 0, component 1, resolution 0: `packets`"),
    (33, "offset 118: SOD, tile 0, component 2, resolution 0: `packets`"),
):
    stops(f"{cut} bytes of three packets", with_data(RGB, RGB["data"][:cut]), text, **THREE)
for cut, text in (
    (1, "offset 104: tile 0, `packet headers`: found 1 bytes, expected at least 6"),
    (166, "offset 245: SOD, tile 0, component 0, resolution 3: `packets`"),
    (496, "offset 480: SOD, tile 0, component 0, resolution 4: `packets`"),
    (1486, "offset 1256: SOD, tile 0, component 0, resolution 5: `packets`"),
):
    short = with_data(HT, HT["data"][:cut])
    stops(f"{cut} bytes of high throughput", short, text, syntax=HIGH_THROUGHPUT, **LARGE)
is_reported(
    "bytes after the last packet",
    with_data(WHOLE, WHOLE["data"] + b"\1\2"),
    "tile 0: found 2 bytes after the last packet",
)

# The end (A.4.4), and boxes (I.4)

is_reported("no EOC", WHOLE.stream(eoc=b""), "the codestream has no end marker after its last sample")
is_reported("bytes after EOC", WHOLE.stream() + b"abc", "found 3 bytes after the codestream: they are ignored")
for padding in (b"\0", b"\xff" * 3, b"\0" * 9):
    is_whole(f"padding {padding.hex()}", WHOLE.stream() + padding)
zeros = with_data(WHOLE, WHOLE["data"][:-4] + bytes(4))[:-2]
stops("zeros in place of the end", zeros, "the codestream is damaged: found no end marker, and a last byte that may be")
SIGNATURE = struct.pack(">L4sL", 12, b"jP  ", 0x0D0A870A)
JP2C = struct.pack(">L4s", 0, b"jp2c")
is_whole("JP2 boxes", SIGNATURE + struct.pack(">L4s4s", 12, b"ftyp", b"jp2 ") + JP2C + WHOLE.stream())
for length in (0, 1, 7, 9, 12, 40, 0xFFFFFFFF):
    lying = SIGNATURE + struct.pack(">L4s4s", length, b"ftyp", b"jp2 ") + JP2C + WHOLE.stream()
    if length == 12:
        continue
    is_reported(f"a box of length {length}", lying, "found an invalid box, expected the codestream's")
stops(
    "other bytes before the codestream",
    b"abcd" + WHOLE.stream(),
    "offset 0: found no start of codestream (FF 4F FF 51)",
)
stops("a JPEG codestream", b"\xff\xd8" + WHOLE.stream(), NO_HEADER)

# Against the data set

stops(
    "another precision", WHOLE.stream(siz=siz(components=b"\x10\1\1")), "the codestream has sample bits 17, expected 16"
)
stops("Rows", WHOLE.stream(), "the codestream has Rows 4, expected 5", rows=5)
stops("Columns", WHOLE.stream(), "the codestream has Columns 6, expected 7", columns=7)

"""The elements that describe an image (PS3.3 C.7.6.3): out of range, contradictory, of other VRs, or missing."""

import struct

import numpy as np
from build import (
    DELIMITER,
    EXPLICIT,
    IMPLICIT,
    PIXEL_DATA,
    RLE,
    UNDEFINED,
    described,
    element,
    file_of,
    image,
    item,
    items,
    literal,
    repeated,
    rle,
    rle_frame,
)
from cases import MISSING, WAYS, Array, Error, bytes_of, color, decoded, gray, refused, warned

GRAY, COLOR = gray(), color()
NATIVE = GRAY.astype("<u2").tobytes()
MUST_BE_THERE = r"Missing required element: \(0028,0"

# Rows and Columns
for name in ("rows", "columns"):
    size = r"found 0, expected 1 to 65535"
    refused(f"{name} 0", image(NATIVE, **{name: 0}), size, name)
    refused(f"{name} 0, RLE", image(items([rle(GRAY[0])]), RLE, **{name: 0}), size, name)
    refused(f"{name} absent", image(NATIVE, **{name: None}), MUST_BE_THERE, name, kind=MISSING)
    refused(f"{name} empty", image(NATIVE, **{name: b""}), MUST_BE_THERE, name, kind=MISSING)
    one = r"found .*(4, 6|'four').*, expected one integer"
    refused(f"{name} text", image(NATIVE, **{name: ("LO", "four")}), one, name)
    refused(f"{name} twice", image(NATIVE, **{name: b"\4\0\6\0"}), one, name)
    refused(f"{name} negative", image(NATIVE, **{name: ("SS", -4)}), r"found -4, expected 1 to 65535", name)
decoded("rows as UL", image(NATIVE, rows=("UL", 4)), GRAY)
refused("rows as UL, 2^30 + 1", image(NATIVE, rows=("UL", 2**30 + 1)), r"found 1073741825, expected 1 to 65535", "rows")
refused("rows of 3 bytes", image(NATIVE, rows=b"\4\0\0"), r"Rows: found", "rows")

# Huge images with little data: refused before memory is allocated
ASKS = "pydicom asks for as much memory as the description says"
HUGE = {"rows": 65535, "columns": 65535, "samples": 3, "photometric": "RGB", "planar": 0, "bits_allocated": 8}
TINY = items([rle_frame([literal(bytes(9))] * 3)])
HOLDS = r"found 94 compressed bytes, which cannot hold 12884508675 samples"
refused("65535 x 65535 x 3", image(NATIVE, **HUGE), r"found 48 bytes, expected 12884508675", number=0)
refused("65535 x 65535 x 3, RLE", image(TINY, RLE, **HUGE), HOLDS, frame=0, without=ASKS)
for frames in (2**31 - 1, 1_000_000):
    name = f"{frames} x 65535 x 65535 x 3"
    bytes_needed = r"found 48 bytes, expected \d+|needs? more memory than can be addressed"
    refused(name, image(NATIVE, frames=frames, **HUGE), bytes_needed, number=0)
    first = Error(HOLDS, frame=0)
    refused(f"{name}, RLE", image(TINY, RLE, frames=frames, **HUGE), rf"found 1 frames, expected {frames}",
            but={"index": first, "iter": first}, without=ASKS)  # fmt: skip
refused("2^31 frames", image(NATIVE, frames=2**31), r"found 2147483648, expected 1 to 2147483647", "frames")
bits = {"rows": 1, "columns": 1, "bits_allocated": 1, "frames": 2**31 - 1}
refused("2^31 - 1 frames of a bit", image(b"\1\0", **bits), r"found 2 bytes, expected (268435456|3)", number=16,
        whole=np.array([1] + [0] * 15, np.uint8).reshape(16, 1, 1),
        without="pydicom tries 2^31 frames one by one")  # fmt: skip
refused("2^31 - 1 frames, RLE", image(items([rle(GRAY[0])]), RLE, frames=2**31 - 1),
        r"found 1 frames, expected 2147483647", whole=GRAY, without=ASKS)  # fmt: skip
large = {"rows": 8192, "columns": 8192, "bits_allocated": 8}
runs = rle_frame([repeated(7, 128) * (8192 * 8192 // 128)])
refused("an image that is larger than memory", image(items([runs]), RLE, **large), r"", None, kind="MemoryError",
        ways=tuple(way for way in WAYS if way != "out"),
        without="that its memory is enough does not matter here")  # fmt: skip

# Bits Allocated, Bits Stored, High Bit, Pixel Representation
for bits in (0, 7, 24, 40, 65535):
    allowed = rf"found {bits}, expected 1, 8, 12, 16, 32 or 64"
    refused(f"bits allocated {bits}", image(NATIVE, bits_allocated=bits, bits_stored=8), allowed, "bits_allocated")
refused(
    "bits stored 0", image(NATIVE, bits_stored=0, high_bit=11), r"found 0, expected 1 to Bits Allocated", "bits_stored"
)
for bits in (17, 65535):
    contradiction = rf"found {bits}, which contradicts \(0028,0100\) Bits Allocated of 16"
    refused(f"bits stored {bits}", image(NATIVE, bits_stored=bits, high_bit=15), contradiction, "bits_stored")
for bits in (16, 65535):
    contradiction = rf"found {bits}, which contradicts \(0028,0100\) Bits Allocated of 16"
    refused(f"high bit {bits}", image(NATIVE, high_bit=bits), contradiction, "high_bit")
for bits in (15, 3):
    not_used = rf"High Bit: found {bits}, expected Bits Stored - 1: it is not used"
    warned(f"high bit {bits}, bits stored 12", image(NATIVE, bits_stored=12, high_bit=bits), GRAY & 0xFFF, not_used)
refused("high bit 2^64 - 1", image(NATIVE, high_bit=("UV", b"\xff" * 8)), r"found 18446744073709551615, expected one",
        "high_bit")  # fmt: skip
decoded("high bit absent", image(NATIVE, high_bit=None), GRAY)
nine = GRAY & 0x1FF
decoded("garbage above bits stored", image(NATIVE, bits_stored=9), nine)
decoded("garbage above signed bits", image(NATIVE, bits_stored=9, signed=1), (nine.astype("i2") ^ 256) - np.int16(256))
refused("pixel representation 2", image(NATIVE, signed=2), r"found 2, expected 0 or 1", "signed")
for name in ("bits_allocated", "bits_stored", "signed", "samples", "photometric"):
    refused(f"{name} absent", image(NATIVE, **{name: None}), MUST_BE_THERE, name, kind=MISSING)


def packed(samples: np.ndarray) -> bytes:
    """Two 12-bit samples in three bytes, the first in the low bits."""
    first, second = samples.reshape(-1, 2).astype(int).T
    return (first | second << 12).astype("<u4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


twelve = GRAY & 0xFFF
decoded("12 bits, packed", image(packed(twelve), bits_allocated=12), twelve)
fifteen = twelve.reshape(-1)[:15].reshape(1, 3, 5)
half_a_byte = image(packed(np.append(fifteen, [0])), rows=3, columns=5, bits_allocated=12)
decoded("12 bits, packed, half a byte left", half_a_byte, fifteen)
refused(
    "12 bits, packed, short", image(packed(twelve)[:-2], bits_allocated=12), r"found 34 bytes, expected 36", number=0
)
refused(
    "12 bits, RLE",
    image(items([rle(twelve[0])]), RLE, bits_allocated=12),
    r"found 12, expected .* for RLE Lossless",
    "bits_allocated",
)

# Samples per Pixel, Planar Configuration, Photometric Interpretation
for samples in (0, 2, 4, 65535):
    value = image(NATIVE * 4, samples=samples, photometric="RGB", planar=0)
    refused(f"samples per pixel {samples}", value, rf"found {samples}, expected 1 or 3", "samples")
    value = image(items([rle(GRAY[0])]), RLE, samples=samples)
    refused(f"samples per pixel {samples}, RLE, no planar configuration", value, rf"found {samples}, expected 1 or 3",
            "samples")  # fmt: skip
RGB = {"samples": 3, "photometric": "RGB", "bits_allocated": 8}
refused("planar configuration absent", image(COLOR.tobytes(), **RGB), MUST_BE_THERE, "planar", kind=MISSING)
refused("planar configuration 7", image(COLOR.tobytes(), planar=7, **RGB), r"found 7, expected 0 or 1", "planar")
decoded("planar configuration 7, one sample", image(NATIVE, planar=7), GRAY)
for term in ("ODD", "RGB\\RGB", "rgb?", "\u00fcber", ""):
    unknown = r"found .*, expected (a|one) defined term"
    refused(f"photometric interpretation '{term}'", image(NATIVE, photometric=term), unknown, "photometric")
for term in ("RGB", "YBR_FULL", "YBR_FULL_422"):
    of_color = rf"found '{term}', expected MONOCHROME1.*for one sample per pixel"
    refused(f"{term} with one sample", image(NATIVE, photometric=term), of_color, "photometric")

# Number of Frames
assumed = r"A value of '{}' for \(0028,0008\) 'Number of Frames' is invalid, assuming 1 frame"
warned("0 frames", image(NATIVE, frames=0), GRAY, assumed.format(0), by_pydicom=True)
warned("0 frames, RLE", image(items([rle(GRAY[0])]), RLE, frames=0), GRAY, assumed.format(0), by_pydicom=True)
warned("number of frames empty", image(NATIVE, frames=""), GRAY, assumed.format(None), by_pydicom=True)
refused("number of frames blank", image(NATIVE, frames="  "), r"found ' *', expected", "frames")
refused("-1 frames", image(NATIVE, frames="-1"), r"found -1, expected", "frames")
refused("10^20 frames", image(NATIVE, frames=10**20), r"found 10{20}, expected one integer", "frames")
for frames in ("1.5", "1\\2"):
    refused(f"'{frames}' frames", image(NATIVE, frames=frames), r"found .*1.*, expected one integer", "frames")
for frames in ("abc", "1A", "0x1"):
    refused(f"'{frames}' frames", image(NATIVE, frames=frames), rf"found '{frames}', expected", "frames")
refused("more frames than data", image(NATIVE, frames=3), r"found 48 bytes, expected (144|96)", whole=GRAY, number=1)
refused(
    "more frames than data, RLE", image(items([rle(GRAY[0])]), RLE, frames=3), r"found 1 frames, expected 3", whole=GRAY
)
two = gray(2)
more = r"sufficient to contain 2 frames which is larger than .*'Number of Frames' value of 1"
warned("more data than frames", image(two.astype("<u2").tobytes(), frames=1), two[:1],
       r"found 96 bytes, expected 48: the rest is not used", quiet=("index",),
       but={"dataset": Array(two, more)})  # fmt: skip
table = [0, len(rle(two[0])) + 8]
warned("more fragments than frames", image(items(map(rle, two), table), RLE, frames=1), two,
       r"found 2 frames, expected 1: all of them are returned", quiet=("index",))  # fmt: skip

# Pixel data elements
single = np.arange(24, dtype="f4").reshape(1, 4, 6)
decoded("float pixel data", image(None, float_data=single.tobytes(), bits_allocated=32), single)
refused(
    "float pixel data of 16 bits", image(None, float_data=single.tobytes()), r"found 16, expected 32", "bits_allocated"
)
refused("float pixel data, short", image(None, float_data=single.tobytes()[:-4], bits_allocated=32),
        r"found 92 bytes, expected 96", "float_data", number=0)  # fmt: skip
NOTHING = r"no 'Pixel Data', .*no pixel data to decode"
refused("pixel data absent", image(None), NOTHING, kind=MISSING)
refused("pixel data empty", image(b""), r"found 0 bytes, expected 48", number=0,
        but={"dataset": Error(r"found no value, expected bytes")})  # fmt: skip

# The data set itself
NO_SYNTAX = r"transfer_syntax_uid|Transfer Syntax UID|not a DICOM file"
for data, name in (
    (b"", "no bytes at all"),
    (bytes(128) + b"DICM", "a preamble and nothing"),
    (b"no image" * 999, "text"),
):
    refused(name, data, NO_SYNTAX, "transfer_syntax", kind=MISSING)
refused("unknown transfer syntax", image(NATIVE, "1.2.3"), r"'1.2.3' is not supported", "transfer_syntax",
        kind="UnsupportedTransferSyntaxError", but={"dataset": Error(NOTHING, kind=MISSING)})  # fmt: skip
for cut in (12, 20, 60):
    refused(f"cut {cut} bytes before the value", image(NATIVE)[: -48 - cut], r"no pixel data to decode", kind=MISSING)


def nested(depth: int) -> bytes:
    """Sequences in items of sequences, all of undefined length and without delimiters."""
    start = element(0x00082112, "SQ", b"", length=0xFFFFFFFF) + struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
    return start * depth


for depth in (30, 3000):
    deep = file_of(nested(depth), EXPLICIT)
    refused(f"sequences {depth} deep", deep, r"no pixel data to decode|cannot be parsed", None, kind="PixelDataError")
for length in (60, 2**31, 2**32 - 2):
    beyond = element(0x00090010, "OB", b"", length=length)
    refused(
        f"an element of {length} bytes in front", file_of(described(EXPLICIT) + beyond + NATIVE), NOTHING, kind=MISSING
    )
for length in (60, 2**31, 2**32 - 2):
    beyond = described(EXPLICIT, photometric=None) + element(0x00280004, "UT", b"", length=length)
    refused(f"photometric interpretation of {length} bytes", file_of(beyond + NATIVE), NOTHING, kind=MISSING)
pixels = element(PIXEL_DATA, "OW", NATIVE)
after = file_of(pixels + described(EXPLICIT))
refused("described after the pixel data", after, r"Missing required element", None, kind=MISSING,
        but={"dataset": Array(GRAY)})  # fmt: skip
icon = described(EXPLICIT, rows=1, columns=2, bits_allocated=8) + element(PIXEL_DATA, "OW", b"\1\2")
for name, content in (
    ("defined", item(icon)),
    ("undefined", item(icon, length=UNDEFINED) + item(tag=0xFFFEE00D) + DELIMITER),
):
    sequence = element(0x00880200, "SQ", content, length=UNDEFINED if name == "undefined" else None)
    decoded(f"an icon in front, {name} length", file_of(described(EXPLICIT) + sequence + pixels), GRAY)
for syntax, other in ((EXPLICIT, IMPLICIT), (IMPLICIT, EXPLICIT)):
    data = file_of(described(other) + element(PIXEL_DATA, "OW", NATIVE, other), syntax)
    warned(f"the encoding of {other} under {syntax}", data, GRAY, r"Expected .*, but found .* for reading",
           by_pydicom=True, but={"dataset": Array(GRAY)})  # fmt: skip
both = image(NATIVE * 2, float_data=single.tobytes(), bits_allocated=32)
decoded("two elements of pixels", both, single,
        but={"dataset": Error(r"One and only one of 'Pixel Data'", None, kind=MISSING)})  # fmt: skip
private = element(0x00090010, "OB", bytes_of(99, 10, 60).tobytes())
decoded("60 kB in front of the description", image(NATIVE, before=private), GRAY)

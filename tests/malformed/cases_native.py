"""Pixel data in native form (PS3.5 8.1.1, 8.2): too short, too long, of wrong length, byte order or form."""

import numpy as np
from build import (
    BIG_ENDIAN,
    DEFLATED,
    IMPLICIT,
    UNDEFINED,
    bomb,
    deflated,
    described,
    element,
    file_of,
    image,
    item,
    items,
)
from cases import MISSING, WAYS, Array, Error, bytes_of, color, decoded, gray, refused, warned
from oracle import ybr_to_rgb

GRAY, BYTES, COLOR = gray(), bytes_of(), color()
NATIVE = GRAY.astype("<u2").tobytes()
EIGHT = {"bits_allocated": 8}
RGB = {**EIGHT, "samples": 3, "photometric": "RGB", "planar": 0}
SUBSAMPLED = {**RGB, "photometric": "YBR_FULL_422"}

# Too short
AT_MOST = dict.fromkeys(set(WAYS) - {"dataset"}, Error(r"found a deflated value of 46 bytes at most, expected 48"))
for syntax, name in ((IMPLICIT, "implicit"), (BIG_ENDIAN, "big endian"), (DEFLATED, "deflated")):
    refused(f"2 bytes short, {name}", image(NATIVE[:-2], syntax), r"found 46 bytes, expected 48", number=0,
            but=AT_MOST if syntax == DEFLATED else {})  # fmt: skip
for short in (1, 2, 47):
    refused(f"{short} bytes short", image(NATIVE[:-short]), rf"found {48 - short} bytes, expected 48", number=0)
refused("8 bits, 1 byte short", image(BYTES.tobytes()[:-1], **EIGHT), r"found 23 bytes, expected 24", number=0)
refused("color, 1 byte short", image(COLOR.tobytes()[:-1], **RGB), r"found 71 bytes, expected 72", number=0)
refused("1 bit, 1 byte short", image(b"\1\2", bits_allocated=1), r"found 2 bytes, expected 3", number=0)
refused("1 bit, 3 frames, 1 byte short", image(bytes(8), bits_allocated=1, frames=3),
        r"found 8 bytes, expected 9", number=2, whole=np.zeros((2, 4, 6), np.uint8))  # fmt: skip
three = gray(3)
short = three.astype("<u2").tobytes()[:-2]
refused("third frame short", image(short, frames=3), r"found 142 bytes, expected 144", number=2, whole=three[:2])
after = element(0xFFFCFFFC, "OB", bytes(100))
refused("short, with elements after it", image(NATIVE[:-2], after=after), r"found 46 bytes, expected 48", number=0)

# Padding
odd = bytes_of(1, 5, 5)
decoded("odd length, padded", image(odd.tobytes() + b"\0", rows=5, columns=5, **EIGHT), odd)
decoded("odd length, not padded", image(odd.tobytes(), rows=5, columns=5, **EIGHT), odd)
decoded("odd length, padded with another byte", image(odd.tobytes() + b"\xff", rows=5, columns=5, **EIGHT), odd)
for more in (1, 2, 47):
    rest = rf"found {48 + more} bytes, expected 48: the rest is not used"
    warned(f"{more} bytes too long", image(NATIVE + bytes(more)), GRAY, rest, quiet=("index",))
decoded("elements after it", image(NATIVE, after=after), GRAY)

# Big endian: 8-bit samples in words (OW) are swapped, those in bytes (OB) are not.
swapped = np.frombuffer(BYTES.tobytes(), "<u2").astype(">u2").tobytes()
decoded("big endian, 8 bits, OW", image(swapped, BIG_ENDIAN, **EIGHT), BYTES)
decoded("big endian, 8 bits, OB", image(BYTES.tobytes(), BIG_ENDIAN, vr="OB", **EIGHT), BYTES)
decoded("big endian, 16 bits", image(GRAY.astype(">u2").tobytes(), BIG_ENDIAN), GRAY)
words = np.frombuffer(odd.tobytes() + b"\0", "<u2").astype(">u2").tobytes()
decoded("big endian, 8 bits, OW, odd", image(words, BIG_ENDIAN, rows=5, columns=5, **EIGHT), odd)
refused("big endian, 8 bits, OW, odd, not padded", image(words[:25], BIG_ENDIAN, rows=5, columns=5, **EIGHT),
        r"found 25 bytes, expected 26", frame=0)  # fmt: skip
odd = bytes_of(3, 5, 5)
words = np.frombuffer(odd.tobytes() + b"\0", "<u2").astype(">u2").tobytes()
decoded(
    "big endian, 8 bits, OW, frames that begin in a word",
    image(words, BIG_ENDIAN, rows=5, columns=5, frames=3, **EIGHT),
    odd,
)
refused("big endian, 8 bits, OW, last word cut", image(words[:75], BIG_ENDIAN, rows=5, columns=5, frames=3, **EIGHT),
        r"found 75 bytes, expected 76", frame=2, whole=odd[:2])  # fmt: skip

# The length in the element's header
END = r"found 48 bytes to the end of the file, expected {}"
for length in (50, 2**31, 0xFFFFFFFE):
    warned(f"length {length}, all samples there", image(NATIVE, length=length), GRAY, END.format(length),
           but={"dataset": Array(GRAY)})  # fmt: skip
    refused(
        f"length {length}, samples short", image(NATIVE[:-2], length=length), r"found 46 bytes, expected 48", number=0
    )
refused("length 40 of 48", image(NATIVE, length=40), r"found 40 bytes, expected 48|cannot be parsed", number=0)
UNDEFINED_LENGTH = r"found an undefined length, expected a length in bytes for .*Explicit VR Little Endian"
for value, name in ((items([NATIVE]), "items"), (NATIVE, "samples"), (b"", "nothing"), (item(NATIVE), "an item")):
    refused(f"undefined length, {name}", image(value, length=UNDEFINED), UNDEFINED_LENGTH,
            but={} if name == "items" else {"dataset": Error(r"no pixel data to decode", kind=MISSING)})  # fmt: skip

# YBR_FULL_422: two stored samples per pixel
full = COLOR.tobytes()
NOT_SUBSAMPLED = r"found 72 bytes, expected 48 for YBR_FULL_422"
refused("YBR_FULL_422 of full size", image(full, **SUBSAMPLED), NOT_SUBSAMPLED)
refused("YBR_FULL_422, 2 bytes short", image(full[:46], **SUBSAMPLED), r"found 46 bytes, expected 48", number=0)
refused("YBR_FULL_422, odd columns", image(full, **{**SUBSAMPLED, "columns": 5}), r"found 5, expected an even number",
        "columns")  # fmt: skip
planar = {**SUBSAMPLED, "planar": 1}
refused("YBR_FULL_422, planar", image(full[:48], **planar), r"found 1, expected 0 for YBR_FULL_422", "planar")
decoded("YBR_FULL, 16 bits", image(full * 2, **{**RGB, "photometric": "YBR_FULL", "bits_allocated": 16}),
        ybr_to_rgb(np.frombuffer(full * 2, "<u2").reshape(COLOR.shape), 16))  # fmt: skip
decoded("YBR_FULL_422, gray", image(bytes([7, 9, 128, 128]) * 12, **SUBSAMPLED),
        np.broadcast_to(np.array([7, 9] * 12, np.uint8).reshape(1, 4, 6, 1), (1, 4, 6, 3)))  # fmt: skip

# Deflated data sets (PS3.5 A.5)
whole = deflated(described(DEFLATED) + element(0x7FE00010, "OW", NATIVE, DEFLATED))
ENDS = r"the deflated data set is damaged: it ends too early"
decoded("deflated", file_of(whole, DEFLATED), GRAY)
decoded("deflated, padded", file_of(whole + b"\0", DEFLATED), GRAY)
refused("deflated, cut", file_of(whole[:-9], DEFLATED), ENDS, "transfer_syntax")
refused("deflated, nothing", file_of(b"", DEFLATED), r"no pixel data to decode", kind=MISSING)
for data, name in ((described(DEFLATED), "but it is not"), (bytes(range(256)) * 4, "noise")):
    refused(f"deflated, {name}", file_of(data, DEFLATED), r"the deflated data set is damaged: ", "transfer_syntax")

# 600 kB that inflate to 600 MiB: before a small image, where they are inflated and discarded, and after it, where they
# are not inflated.
small = described(DEFLATED) + element(0x7FE00010, "OW", NATIVE, DEFLATED)
zeros = element(0x00091010, "OB", b"", DEFLATED, length=600 << 20)
of_bomb = {
    # For the other ways pydicom would inflate it in this process.
    "ways": tuple(way for way in WAYS if way not in ("dataset", "out")),
    "memory": 64 << 20,
    "without": "pydicom inflates it",
}
decoded("deflated, 600 MiB in front of the image", file_of(bomb(zeros, 600, small), DEFLATED), GRAY, **of_bomb)
zeros = element(0xFFFCFFFC, "OB", b"", DEFLATED, length=600 << 20)
decoded("deflated, 600 MiB after the image", file_of(bomb(small + zeros, 600), DEFLATED), GRAY, **of_bomb)

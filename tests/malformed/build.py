"""Builders of malformed DICOM files: every element, length, item, offset and run is written as given, valid or not.

Nothing here is checked, and nothing comes from dicomet or pydicom. Whatever is not given is valid.
"""

import struct
import zlib
from collections.abc import Iterable, Sequence

import numpy as np

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"
RLE = "1.2.840.10008.1.2.5"
DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
NATIVE = (IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED)

UNDEFINED = 0xFFFFFFFF
LONG_VRS = ("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV")
NUMBERS = {"US": "H", "SS": "h", "UL": "L", "SL": "l"}

# Names of keyword arguments, with tag and VR (PS3.6), and the value for an image of 4 rows, 6 columns and 16 bits.
ELEMENTS = {
    "samples": (0x00280002, "US", 1),
    "photometric": (0x00280004, "CS", "MONOCHROME2"),
    "planar": (0x00280006, "US", None),
    "frames": (0x00280008, "IS", None),
    "rows": (0x00280010, "US", 4),
    "columns": (0x00280011, "US", 6),
    "bits_allocated": (0x00280100, "US", 16),
    "bits_stored": (0x00280101, "US", None),
    "high_bit": (0x00280102, "US", None),
    "signed": (0x00280103, "US", 0),
    "offsets": (0x7FE00001, "OV", None),
    "lengths": (0x7FE00002, "OV", None),
    "float_data": (0x7FE00008, "OF", None),
    "double_data": (0x7FE00009, "OD", None),
}
PIXEL_DATA = 0x7FE00010


# Elements (PS3.5 7.1)


def element(tag: int, vr: str, value: bytes, syntax: str = EXPLICIT, *, length: int | None = None) -> bytes:
    """One element; `length` replaces the length in its header."""
    length = len(value) if length is None else length
    order = ">" if syntax == BIG_ENDIAN else "<"
    start = struct.pack(f"{order}HH", tag >> 16, tag & 0xFFFF)
    if syntax == IMPLICIT:
        return start + struct.pack(f"{order}L", length) + value
    if vr in LONG_VRS:
        return start + struct.pack(f"{order}2s2xL", vr.encode(), length) + value
    return start + struct.pack(f"{order}2sH", vr.encode(), length) + value


def encoded(value: object, vr: str, syntax: str) -> bytes:
    """Encode a value: bytes unchanged, numbers by their VR, anything else as text of even length."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, int) and vr in NUMBERS:
        return struct.pack((">" if syntax == BIG_ENDIAN else "<") + NUMBERS[vr], value)
    text = str(value).encode()
    return text + b" " * (len(text) % 2)


def described(syntax: str, **given: object) -> bytes:
    """The elements before the pixel data.

    A value is a number, a text or bytes; a pair of a VR and such a value; or None to omit the element.
    """
    values = {name: default for name, (_, _, default) in ELEMENTS.items()} | given
    allocated = values["bits_allocated"]
    if "bits_stored" not in given:
        values["bits_stored"] = allocated
    if "high_bit" not in given and isinstance(values["bits_stored"], int) and values["bits_stored"] > 0:
        values["high_bit"] = values["bits_stored"] - 1
    found = []
    for name, (tag, vr, _) in ELEMENTS.items():
        this_vr, value = values[name] if isinstance(values[name], tuple) else (vr, values[name])
        if value is not None:
            found.append(element(tag, this_vr, encoded(value, this_vr, syntax), syntax))
    return b"".join(found)


def file_of(data_set: bytes, syntax: str = EXPLICIT) -> bytes:
    """A DICOM file (PS3.10 7.1) with an encoded data set."""
    uid = syntax.encode() + bytes(len(syntax) % 2)
    meta = element(0x00020010, "UI", uid)
    return bytes(128) + b"DICM" + element(0x00020000, "UL", struct.pack("<L", len(meta))) + meta + data_set


def image(  # noqa: PLR0913
    value: bytes | None,
    syntax: str = EXPLICIT,
    *,
    vr: str | None = None,
    length: int | None = None,
    before: bytes = b"",
    after: bytes = b"",
    **given: object,
) -> bytes:
    """A file with the pixel data `value` (None for no such element), described under the names of `ELEMENTS`.

    `before`, `after`: encoded elements before and after all others.
    """
    if syntax not in NATIVE:
        length = UNDEFINED if length is None else length
    vr = vr or ("OW" if syntax in NATIVE else "OB")
    pixel_data = b"" if value is None else element(PIXEL_DATA, vr, value, syntax, length=length)
    data_set = before + described(syntax, **given) + pixel_data + after
    return file_of(deflated(data_set) if syntax == DEFLATED else data_set, syntax)


def deflated(data: bytes) -> bytes:
    """A deflated stream without zlib's header (PS3.5 A.4.13, A.5)."""
    deflate = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    return deflate.compress(data) + deflate.flush()


def bomb(before: bytes, zeros: int, after: bytes = b"") -> bytes:
    """A deflated stream of `before`, `zeros` MiB of zeros, and `after`. One deflated MiB of zeros is repeated."""
    deflate = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    parts = [before, bytes(1 << 20), after]
    start, zero, end = (deflate.compress(part) + deflate.flush(zlib.Z_FULL_FLUSH) for part in parts)
    return start + zero * zeros + end + deflate.flush()


# Items (PS3.5 A.4)


def item(value: bytes = b"", *, length: int | None = None, tag: int = 0xFFFEE000) -> bytes:
    """An item; `length` replaces the length in its header."""
    return struct.pack("<HHL", tag >> 16, tag & 0xFFFF, len(value) if length is None else length) + value


DELIMITER = item(tag=0xFFFEE0DD)


def items(fragments: Iterable[bytes], table: bytes | Sequence[int] = b"") -> bytes:
    """A complete value: Basic Offset Table, fragments, delimiter."""
    table = table if isinstance(table, bytes) else offsets32(table)
    return item(table) + b"".join(map(item, fragments)) + DELIMITER


def offsets32(offsets: Iterable[int]) -> bytes:
    """Entries of a Basic Offset Table."""
    return b"".join(struct.pack("<L", offset) for offset in offsets)


def offsets64(offsets: Iterable[int]) -> bytes:
    """Entries of an Extended Offset Table."""
    return b"".join(struct.pack("<Q", offset) for offset in offsets)


# RLE Lossless (PS3.5 G)


def literal(data: bytes) -> bytes:
    """Literal runs."""
    runs = [data[start : start + 128] for start in range(0, len(data), 128)]
    return b"".join(bytes([len(run) - 1]) + run for run in runs)


def repeated(byte: int, count: int) -> bytes:
    """One replicate run of 2 to 128 bytes."""
    return bytes([257 - count, byte])


def rle_frame(
    segments: Sequence[bytes], *, count: int | None = None, offsets: Sequence[int] | None = None, unused: int = 0
) -> bytes:
    """A frame of packed segments, of even length; `count` and `offsets` replace those in its header."""
    if offsets is None:
        offsets = [64 + sum(map(len, segments[:index])) for index in range(len(segments))]
    words = [len(segments) if count is None else count, *offsets]
    frame = struct.pack("<16L", *words, *[unused] * (16 - len(words))) + b"".join(segments)
    return frame + bytes(len(frame) % 2)


def byte_planes(samples: np.ndarray) -> list[bytes]:
    """The segments of one frame before packing: by sample, most significant byte first."""
    samples = samples if samples.ndim == 3 else samples[..., None]
    big_endian = samples.astype(samples.dtype.newbyteorder(">"))
    planes = big_endian[..., None].view(np.uint8)
    return [
        planes[:, :, sample, byte].tobytes()
        for sample in range(samples.shape[2])
        for byte in range(samples.dtype.itemsize)
    ]


def rle(samples: np.ndarray) -> bytes:
    """A valid frame of literal runs."""
    return rle_frame([literal(plane) for plane in byte_planes(samples)])

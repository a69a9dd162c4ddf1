"""An independent encoder from known samples to bytes, and the array that dicomet must return for them.

Nothing here decodes. An `Image` starts from its sample values; the bytes and the expected array follow from them by the
definitions of PS3.5. Speed does not matter.
"""

import itertools
import struct
import zlib
from dataclasses import dataclass, replace

import numpy as np
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

ENCAPSULATED_UNCOMPRESSED = UID("1.2.840.10008.1.2.1.98")
DEFLATED_FRAMES = UID("1.2.840.10008.1.2.8.1")
NATIVE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian)
YBR = ("YBR_FULL", "YBR_FULL_422")
UNDEFINED_LENGTH = 0xFFFFFFFF


@dataclass(frozen=True)
class Image:
    """Known samples, and how to store them.

    `values` has the shape (frames, rows, columns, samples) and the dtype of the result. `garbage` fills the bits above
    Bits Stored.
    """

    values: np.ndarray
    bits_allocated: int
    bits_stored: int
    signed: bool = False
    photometric: str = "MONOCHROME2"
    planar: int = 0
    keyword: str = "PixelData"
    garbage: int = 0

    @property
    def frames(self) -> int:
        """Number of Frames."""
        return self.values.shape[0]

    @property
    def rows(self) -> int:
        """Rows."""
        return self.values.shape[1]

    @property
    def columns(self) -> int:
        """Columns."""
        return self.values.shape[2]

    @property
    def samples(self) -> int:
        """Samples per Pixel."""
        return self.values.shape[3]

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the result."""
        if self.keyword != "PixelData":
            return np.dtype(f"f{self.bits_allocated // 8}")
        signed = self.signed and self.bits_allocated > 1
        return np.dtype(f"{'i' if signed else 'u'}{word_bytes(self.bits_allocated)}")

    def frame(self, index: int) -> "Image":
        """The image that consists of one frame."""
        return replace(self, values=self.values[index : index + 1])


def word_bytes(bits_allocated: int) -> int:
    """Bytes of the smallest NumPy integer with at least `bits_allocated` bits."""
    return next(size for size in (1, 2, 4, 8) if size * 8 >= bits_allocated)


# Expected results


def expected(image: Image, *, raw: bool = False) -> np.ndarray:
    """The expected array for the whole image."""
    samples = image.values
    if image.photometric in YBR and not raw:
        samples = ybr_to_rgb(samples, image.bits_stored)
    samples = samples if image.samples > 1 else samples[..., 0]
    return samples if image.frames > 1 else samples[0]


def rounded(numerator: np.ndarray, denominator: int, dtype: "np.dtype | str" = "u1", bits: int = 8) -> np.ndarray:
    """The fraction as a sample of `bits` bits: rounded half up and clamped. Integer arithmetic, therefore exact."""
    return np.clip((2 * numerator + denominator) // (2 * denominator), 0, 2**bits - 1).astype(dtype)


def ybr_to_rgb(ybr: np.ndarray, bits: int = 8) -> np.ndarray:
    """PS3.3 C.7.6.3.1.2 and ISO/IEC 10918-5, 7: R = Y + 1.402 Cr, B = Y + 1.772 Cb, Y = 0.299 R + 0.587 G + 0.114 B."""
    half = 2 ** (bits - 1)
    y, cb, cr = np.moveaxis(ybr.astype(np.int64) - [0, half, half], -1, 0)
    red = rounded(1000 * y + 1402 * cr, 1000, ybr.dtype, bits)
    green = rounded(587_000 * y - 114 * 1772 * cb - 299 * 1402 * cr, 587_000, ybr.dtype, bits)
    blue = rounded(1000 * y + 1772 * cb, 1000, ybr.dtype, bits)
    return np.stack([red, green, blue], axis=-1)


def partial_ybr_to_rgb(ybr: np.ndarray) -> np.ndarray:
    """PS3.3-2004 C.7.6.3.1.2: Y from 16 to 235, Cb and Cr from 16 to 240, of 8 bits."""
    y, cb, cr = np.moveaxis(ybr.astype(np.int64) - [16, 128, 128], -1, 0)
    y, cb, cr, unit = 224 * y, 219 * cb, 219 * cr, 219 * 224
    red = rounded(255 * (1000 * y + 1402 * cr), 1000 * unit)
    green = rounded(255 * (587_000 * y - 114 * 1772 * cb - 299 * 1402 * cr), 587_000 * unit)
    blue = rounded(255 * (1000 * y + 1772 * cb), 1000 * unit)
    return np.stack([red, green, blue], axis=-1)


def rgb_to_ybr(rgb: np.ndarray) -> np.ndarray:
    """The inverse: Y = 0.299 R + 0.587 G + 0.114 B, Cb = (B - Y) / 1.772 + 128, Cr = (R - Y) / 1.402 + 128."""
    r, g, b = np.moveaxis(rgb.astype(np.int64), -1, 0)
    y = rounded(299 * r + 587 * g + 114 * b, 1000)
    cb = rounded(128 * 1772 - 299 * r - 587 * g + 886 * b, 1772)
    cr = rounded(128 * 1402 + 701 * r - 587 * g - 114 * b, 1402)
    return np.stack([y, cb, cr], axis=-1)


# Stored forms


def words(image: Image) -> np.ndarray:
    """The samples as stored: the two's complement in Bits Stored bits, with `garbage` above."""
    unsigned = np.dtype(f"u{word_bytes(image.bits_allocated)}")
    if image.keyword != "PixelData":
        return image.values.view(unsigned)
    stored_bits = unsigned.type(2**image.bits_stored - 1)
    above = image.garbage % 2 ** (image.bits_allocated - image.bits_stored) << image.bits_stored
    return image.values.astype(unsigned) & stored_bits | unsigned.type(above)


def samples_in_order(image: Image) -> np.ndarray:
    """All stored words in order: by planes, by pixels, or in groups of Y Y Cb Cr."""
    stored = words(image)
    if image.photometric == "YBR_FULL_422":
        left, right = stored[:, :, 0::2], stored[:, :, 1::2]
        return np.stack([left[..., 0], right[..., 0], left[..., 1], left[..., 2]], axis=-1).ravel()
    if image.samples > 1 and image.planar == 1:
        stored = np.moveaxis(stored, -1, 1)
    return stored.ravel()


def native(image: Image, *, big_endian: bool = False, ow_swapped: bool = False) -> bytes:
    """The value of the pixel data element, in native form (PS3.5 8.1.1, 8.2).

    `ow_swapped`: 8-bit samples were sent as words (OW), whose bytes big endian swaps.
    """
    stored = samples_in_order(image)
    if image.bits_allocated in (1, 12):
        value = bit_stream(stored, image.bits_allocated)
        swapped = big_endian and image.bits_allocated == 12
    else:
        value = stored.astype(stored.dtype.newbyteorder(">" if big_endian else "<")).tobytes()
        swapped = big_endian and image.bits_allocated == 8 and ow_swapped
    value += bytes(len(value) % 2)
    return swap_pairs(value) if swapped else value


def bit_stream(stored: np.ndarray, bits: int) -> bytes:
    """The lowest bits of each sample, least significant first, without gaps."""
    single = (stored[:, None] >> np.arange(bits, dtype=stored.dtype)) & 1
    return np.packbits(single.astype(np.uint8).ravel(), bitorder="little").tobytes()


def swap_pairs(value: bytes) -> bytes:
    """The value with the bytes of each 16-bit word swapped."""
    return np.frombuffer(value, "<u2").astype(">u2").tobytes()


def byte_planes(image: Image) -> list[bytes]:
    """The segments of a frame before packing (PS3.5 G.2): by sample, most significant byte first."""
    (stored,) = words(image)
    shifts = range(stored.itemsize * 8 - 8, -8, -8)
    return [
        (stored[..., sample] >> stored.dtype.type(shift) & stored.dtype.type(0xFF)).astype(np.uint8).tobytes()
        for sample in range(image.samples)
        for shift in shifts
    ]


# RLE Lossless (PS3.5 G)


def rle_frame(segments: list[bytes], gaps: list[bytes] | None = None) -> bytes:
    """A frame of packed segments, each with an optional gap after it."""
    parts = [segment + gap for segment, gap in zip(segments, gaps or [b""] * len(segments), strict=True)]
    offsets = np.cumsum([64, *map(len, parts[:-1])])
    header = struct.pack("<16L", len(parts), *offsets, *[0] * (15 - len(parts)))
    return header + b"".join(parts)


def odd_runs(plane: bytes, rng: np.random.Generator) -> bytes:
    """Unusual but valid PackBits runs that decode to `plane`."""
    packed, at = bytearray(), 0
    while at < len(plane):
        if rng.random() < 0.2:
            packed += b"\x80" * rng.integers(1, 4)
        longest = 1
        while at + longest < len(plane) and longest < 128 and plane[at + longest] == plane[at]:
            longest += 1
        if longest > 1 and rng.random() < 0.7:
            run = int(rng.choice([2, longest, rng.integers(2, longest + 1)]))
            packed += bytes([257 - run, plane[at]])
        else:
            run = int(min(rng.choice([1, 2, 128, rng.integers(1, 129)]), len(plane) - at))
            packed += bytes([run - 1]) + plane[at : at + run]
        at += run
    return bytes(packed)


# Encapsulation (PS3.5 A.4)


def item(value: bytes) -> bytes:
    """An Item."""
    return struct.pack("<HHL", 0xFFFE, 0xE000, len(value)) + value


DELIMITER = struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)


def fragments(frame: bytes, cuts: list[int]) -> list[bytes]:
    """The frame split into fragments of even length, near the offsets `cuts`."""
    frame += bytes(len(frame) % 2)
    places = sorted({0, len(frame), *(cut % len(frame) // 2 * 2 for cut in cuts)})
    return [frame[start:end] for start, end in itertools.pairwise(places)]


def encapsulated(frames: list[list[bytes]], *, table: bool) -> bytes:
    """The value of the pixel data element: frames as lists of fragments, with or without Basic Offset Table."""
    items = [b"".join(map(item, frame)) for frame in frames]
    offsets = np.cumsum([0, *map(len, items[:-1])]).astype("<u4").tobytes()
    return item(offsets if table else b"") + b"".join(items) + DELIMITER


def extended_offset_table(frames: list[bytes]) -> tuple[bytes, bytes]:
    """Extended Offset Table and its lengths (PS3.3 C.7.6.3.1.8), for one fragment per frame."""
    padded = [len(frame) + len(frame) % 2 + 8 for frame in frames]
    offsets = np.cumsum([0, *padded[:-1]]).astype("<u8").tobytes()
    return offsets, np.array([len(frame) for frame in frames], "<u8").tobytes()


# Data sets


LONG_VRS = ("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "UN")
FLOAT_TAGS = {"FloatPixelData": (0x7FE00008, "OF"), "DoubleFloatPixelData": (0x7FE00009, "OD")}
PIXEL_DATA = 0x7FE00010


def element(tag: int, vr: str, value: bytes, transfer_syntax: UID = ExplicitVRLittleEndian) -> bytes:
    """One element (PS3.5 7.1). Encapsulated pixel data has undefined length."""
    implicit, order = transfer_syntax == ImplicitVRLittleEndian, ">" if transfer_syntax == ExplicitVRBigEndian else "<"
    length = UNDEFINED_LENGTH if tag == PIXEL_DATA and transfer_syntax not in NATIVE else len(value)
    header = struct.pack(f"{order}HH", tag >> 16, tag & 0xFFFF)
    if implicit:
        return header + struct.pack(f"{order}L", length) + value
    if vr in LONG_VRS:
        return header + struct.pack(f"{order}2s2xL", vr.encode(), length) + value
    return header + struct.pack(f"{order}2sH", vr.encode(), length) + value


def text(value: str) -> bytes:
    """A text padded to even length."""
    return value.encode() + b" " * (len(value) % 2)


def elements(  # noqa: PLR0913
    image: Image,
    value: bytes,
    vr: str,
    *,
    big_endian: bool = False,
    extended: tuple[bytes, bytes] | None = None,
    trailing: bytes = b"",
) -> dict[int, tuple[str, bytes]]:
    """The elements that describe and contain the image, followed by one with the bytes `trailing`, if any."""
    order = ">" if big_endian else "<"
    numbers = {
        0x00280002: image.samples,
        0x00280006: image.planar,
        0x00280010: image.rows,
        0x00280011: image.columns,
        0x00280100: image.bits_allocated,
        0x00280101: image.bits_stored,
        0x00280102: image.bits_stored - 1,
        0x00280103: int(image.signed),
    }
    tag, vr = FLOAT_TAGS.get(image.keyword, (PIXEL_DATA, vr))
    found = {tag: ("US", struct.pack(f"{order}H", number)) for tag, number in numbers.items()}
    found[0x00100010] = ("PN", text("Nobody"))
    found[0x00280004] = ("CS", text(image.photometric))
    found[0x00280008] = ("IS", text(str(image.frames)))
    found[tag] = (vr, value)
    if extended is not None:
        found[0x7FE00001], found[0x7FE00002] = (("OV", table) for table in extended)
    if trailing:
        found[0xFFFCFFFC] = ("OB", trailing)
    return dict(sorted(found.items()))


def data_set(found: dict[int, tuple[str, bytes]], transfer_syntax: UID) -> bytes:
    """The elements, encoded in the transfer syntax."""
    return b"".join(element(tag, vr, value, transfer_syntax) for tag, (vr, value) in found.items())


def dicom_file(found: dict[int, tuple[str, bytes]], transfer_syntax: UID = ExplicitVRLittleEndian) -> bytes:
    """A DICOM file (PS3.10 7.1)."""
    rest = data_set(found, transfer_syntax)
    if transfer_syntax == DeflatedExplicitVRLittleEndian:
        rest = deflated(rest)
    return beginning(transfer_syntax) + rest


def deflated(data: bytes, level: int = -1) -> bytes:
    """A deflated data set (PS3.5 A.5) or frame (PS3.5 A.4.13), padded to even length."""
    deflate = zlib.compressobj(level, wbits=-zlib.MAX_WBITS)
    stream = deflate.compress(data) + deflate.flush()
    return stream + bytes(len(stream) % 2)


def beginning(transfer_syntax: UID) -> bytes:
    """Preamble, prefix and File Meta Information (PS3.10 7.1)."""
    uid = transfer_syntax.encode()
    meta = element(0x00020010, "UI", uid + bytes(len(uid) % 2))
    length = element(0x00020000, "UL", struct.pack("<L", len(meta)))
    return bytes(128) + b"DICM" + length + meta

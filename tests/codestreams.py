"""Small JPEG, JPEG-LS and JPEG 2000 codestreams of known components, with any marker segments about their colors.

The JPEG writers follow ISO/IEC 10918-1 for blocks of one value (DCT) and for prediction from the left (lossless), so
that decoding returns exactly the components that were encoded. pyjpegls and OpenJPEG encode JPEG-LS and JPEG 2000;
header fields that they do not support are patched. Components of different sizes are assembled from three images of one
component (ISO/IEC 15444-1 B.12.1.5: in component order, the packets of each component are contiguous).
"""

import struct
from collections.abc import Sequence

import numpy as np

BLOCK = 8
JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"


def adobe(transform: int) -> bytes:
    """An Adobe APP14 segment (ISO/IEC 10918-6 6.5.3)."""
    return segment(0xEE, b"Adobe" + struct.pack(">HHHB", 100, 0, 0, transform))


SHORT_ADOBE = b"\xff\xee\x00\x0aAdobe\x00\x64\x00"
"""A segment of ten bytes, too short to contain a transform."""


def hp_transform(number: int) -> bytes:
    """The HP APP8 segment of a JPEG-LS color transform."""
    return segment(0xE8, b"mrfx" + bytes([number]))


def segment(marker: int, content: bytes) -> bytes:
    """A marker segment."""
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


class BitWriter:
    """A bit stream, most significant bit first, with a zero byte after each FF (ISO/IEC 10918-1 F.1.2.3)."""

    def __init__(self) -> None:
        self._bits: list[str] = []

    def category(self, difference: int) -> None:
        """Write a difference as its category in five bits, followed by its additional bits (F.1.2.1)."""
        size = abs(difference).bit_length()
        self.put(size, 5)
        if size < 16:
            self.put(difference if difference > 0 else difference + 2**size - 1, size)

    def put(self, value: int, width: int) -> None:
        """Write the lowest `width` bits of a value."""
        if width:
            self._bits.append(f"{value:0{width}b}")

    def stuffed(self) -> bytes:
        """Return the stream, padded with ones and with stuffed zero bytes."""
        bits = "".join(self._bits)
        bits += "1" * (-len(bits) % 8)
        return int(bits or "0", 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")


def five_bit_table(kind: int, categories: int) -> bytes:
    """A Huffman table (B.2.4.2) in which each category has its own number as a code of five bits."""
    return segment(0xC4, bytes([kind, 0, 0, 0, 0, categories, *[0] * 11, *range(categories)]))


def frame_header(
    marker: int, precision: int, size: tuple[int, int], ids: Sequence[int], sampling: Sequence[tuple[int, int]]
) -> bytes:
    """A frame header (B.2.2)."""
    components = b"".join(bytes([name, h << 4 | v, 0]) for name, (h, v) in zip(ids, sampling, strict=True))
    return segment(marker, struct.pack(">BHHB", precision, *size, len(ids)) + components)


def scan_header(ids: Sequence[int], last: bytes) -> bytes:
    """A scan header (B.2.3) of all components."""
    return segment(0xDA, bytes([len(ids)]) + b"".join(bytes([name, 0]) for name in ids) + last)


def dct_jpeg(
    components: Sequence[np.ndarray],
    segments: bytes = b"",
    ids: Sequence[int] = (1, 2, 3),
    sampling: Sequence[tuple[int, int]] = ((1, 1),) * 3,
    marker: int = 0xC0,
) -> bytes:
    """An 8-bit JPEG. `components` contain one value for each block; all have the same number of minimum coded units."""
    ids, sampling = ids[: len(components)], sampling[: len(components)]
    widest, highest = (max(factors) for factors in zip(*sampling, strict=True))
    rows = components[0].shape[0] // sampling[0][1]
    columns = components[0].shape[1] // sampling[0][0]
    bits, previous = BitWriter(), [0] * len(components)
    for row in range(rows):
        for column in range(columns):
            for number, (values, (h, v)) in enumerate(zip(components, sampling, strict=True)):
                for value in values[row * v : (row + 1) * v, column * h : (column + 1) * h].ravel():
                    # The DC coefficient of a block of one value is eight times that value (A.3.3).
                    coefficient = BLOCK * (int(value) - 128)
                    bits.category(coefficient - previous[number])
                    previous[number] = coefficient
                    bits.put(0, 1)  # end of block
    size = rows * highest * BLOCK, columns * widest * BLOCK
    end_of_block = segment(0xC4, bytes([0x10, 1, *[0] * 15, 0]))
    return b"".join(
        [
            b"\xff\xd8",
            segments,
            segment(0xDB, bytes([0, *[1] * 64])),
            frame_header(marker, 8, size, ids, sampling),
            five_bit_table(0, 12),
            end_of_block,
            scan_header(ids, b"\x00\x3f\x00"),
            bits.stuffed(),
            b"\xff\xd9",
        ]
    )


def lossless_jpeg(samples: np.ndarray, bits: int, segments: bytes = b"", ids: Sequence[int] = (1, 2, 3)) -> bytes:
    """A lossless JPEG (SOF3, selection value 1) of samples of shape ``(rows, columns, components)``."""
    rows, columns, count = samples.shape
    writer = BitWriter()
    for row in range(rows):
        for column in range(columns):
            for component in range(count):
                if column:
                    predicted = samples[row, column - 1, component]
                else:
                    predicted = samples[row - 1, 0, component] if row else 1 << (bits - 1)
                difference = (int(samples[row, column, component]) - int(predicted) + 0x8000) % 0x10000 - 0x8000
                writer.category(0x8000 if difference == -0x8000 else difference)
    ids = ids[:count]
    return b"".join(
        [
            b"\xff\xd8",
            segments,
            frame_header(0xC3, bits, (rows, columns), ids, [(1, 1)] * count),
            five_bit_table(0, 17),
            scan_header(ids, b"\x01\x00\x00"),
            writer.stuffed(),
            b"\xff\xd9",
        ]
    )


def jpeg_ls(samples: np.ndarray, bits: int, segments: bytes = b"", ids: Sequence[int] = (1, 2, 3)) -> bytes:
    """A lossless JPEG-LS codestream, interleaved by line."""
    from jpeg_ls import encode_buffer  # noqa: PLC0415 - an optional package

    rows, columns, count = samples.shape
    coded = bytes(
        encode_buffer(
            samples.tobytes(),
            rows=rows,
            columns=columns,
            samples_per_pixel=count,
            bits_stored=bits,
            lossy_error=0,
            interleave_mode=1,
        )
    )
    coded = coded[:2] + segments + coded[2:]
    for old, new in zip((1, 2, 3), ids, strict=True):
        # In the frame header and in the scan header.
        coded = coded.replace(bytes([old, 0x11, 0]), bytes([new, 0x11, 0]), 1)
    start = coded.index(b"\xff\xda") + 5
    return coded[:start] + bytes(part for name in ids for part in (name, 0)) + coded[start + 2 * count :]


def jpeg_2000(samples: np.ndarray, bits: int, *, mct: bool, lossy: bool = False) -> bytes:
    """A JPEG 2000 codestream of one or three components of the same size."""
    from openjpeg.utils import encode_array  # noqa: PLC0415 - an optional package

    options = {"compression_ratios": [1]} if lossy else {}
    return bytes(
        encode_array(
            samples, bits_stored=bits, photometric_interpretation=int(samples.ndim > 2), use_mct=mct, **options
        )
    )


def subsampled_jpeg_2000(
    components: Sequence[np.ndarray], bits: int, size: tuple[int, int], separations: Sequence[tuple[int, int]]
) -> bytes:
    """A codestream whose components have one sample for each `separations` (horizontal, vertical) of the image."""
    coded = [_Parts(jpeg_2000(np.ascontiguousarray(values), bits, mct=False)) for values in components]
    assert len({part.header[0x5C] for part in coded}) == 1, "the components are quantized differently"
    grid = struct.pack(">8I", size[1], size[0], 0, 0, size[1], size[0], 0, 0)
    described = b"".join(bytes([bits - 1, x, y]) for x, y in separations)
    style = bytearray(coded[0].header[0x52])
    style[1], style[4] = 4, 0  # component order; no multiple component transform
    packets = b"".join(part.packets for part in coded)
    return b"".join(
        [
            b"\xff\x4f",
            segment(0x51, coded[0].header[0x51][:2] + grid + struct.pack(">H", len(components)) + described),
            segment(0x52, bytes(style)),
            segment(0x5C, coded[0].header[0x5C]),
            segment(0x90, struct.pack(">HIBB", 0, len(packets) + 14, 0, 1)),
            b"\xff\x93",
            packets,
            b"\xff\xd9",
        ]
    )


class _Parts:
    """The marker segments of the main header, and the packets of the only tile-part."""

    def __init__(self, codestream: bytes) -> None:
        self.header: dict[int, bytes] = {}
        at = 2
        while codestream[at + 1] != 0x90:
            length = int.from_bytes(codestream[at + 2 : at + 4], "big")
            self.header.setdefault(codestream[at + 1], codestream[at + 4 : at + 2 + length])
            at += 2 + length
        self.packets = codestream[codestream.index(b"\xff\x93", at) + 2 : codestream.rindex(b"\xff\xd9")]


def jp2(codestream: bytes, size: tuple[int, int], color_space: int) -> bytes:
    """The boxes of a JP2 file (ISO/IEC 15444-1 I.5) around a codestream of three components."""
    header = _box(b"ihdr", struct.pack(">IIHBBBB", *size, 3, 7, 7, 0, 0))
    header += _box(b"colr", b"\x01\x00\x00" + struct.pack(">I", color_space))
    boxes = _box(b"jP  ", b"\r\n\x87\n") + _box(b"ftyp", b"jp2 \x00\x00\x00\x00jp2 ") + _box(b"jp2h", header)
    return boxes + _box(b"jp2c", codestream)


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


def replicated(
    components: Sequence[np.ndarray], size: tuple[int, int], separations: Sequence[tuple[int, int]]
) -> np.ndarray:
    """The components at full size, ``(rows, columns, components)``: samples are repeated by their separation."""
    full = [
        np.repeat(np.repeat(values, y, axis=0), x, axis=1)[: size[0], : size[1]]
        for values, (x, y) in zip(components, separations, strict=True)
    ]
    return np.stack(full, axis=-1)

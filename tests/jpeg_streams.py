"""JPEG codestreams (ISO/IEC 10918-1) of every process that dicomet decodes, and the samples that they contain.

libjpeg-turbo encodes DCT, through Pillow and imagecodecs, and decodes it as the oracle: dicomet's samples of DCT
processes equal those of libjpeg-turbo. Lossless codestreams are written here, so that their samples are known.
"""

import io
import struct
import warnings
from collections.abc import Callable, Sequence
from functools import cache

import codestreams
import numpy as np
import oracle
import pydicom
import pytest
from codestreams import segment
from oracle import Image
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
)

import dicomet

imagecodecs = pytest.importorskip("imagecodecs")
pillow = pytest.importorskip("PIL.Image")

PROGRESSIVE = UID("1.2.840.10008.1.2.4.55")
SAMPLINGS = ("444", "422", "420", "440", "411")
_PREDICTIONS = {
    1: lambda a, _b, _c: a,
    2: lambda _a, b, _c: b,
    3: lambda _a, _b, c: c,
    4: lambda a, b, c: a + b - c,
    5: lambda a, b, c: a + ((b - c) >> 1),
    6: lambda a, b, c: b + ((a - c) >> 1),
    7: lambda a, b, _c: (a + b) >> 1,
}


def texture(rows: int, columns: int, bits: int = 8, samples: int = 1, seed: int = 0) -> np.ndarray:
    """Samples with slopes, edges and noise: shape ``(rows, columns[, samples])``."""
    rng = np.random.default_rng((seed, rows, columns, bits, samples))
    y, x, s = np.ogrid[:rows, :columns, :samples]
    waves = np.sin(y / (5 + s) + x / 9) + np.cos(x / (4 + s) - y / 17) + (x + 2 * y > rows + columns)
    noise = rng.normal(0, 0.2, (rows, columns, samples))
    values = np.clip((waves + noise + 2) / 5 * 2**bits, 0, 2**bits - 1)
    values = values.astype(np.uint8 if bits <= 8 else np.uint16)
    return values if samples > 1 else values[..., 0]


# DCT


def baseline(samples: np.ndarray, level: int = 85, sampling: str = "444") -> bytes:
    """Sequential, of 8 bits; colors are coded as YCbCr, with a JFIF segment."""
    return bytes(imagecodecs.jpeg8_encode(samples, level=level, subsampling=sampling))


def extended(samples: np.ndarray, level: int = 95) -> bytes:
    """Sequential, of 12 bits; colors are coded as YCbCr, with chrominance of half size."""
    return bytes(imagecodecs.jpeg_encode(samples, level=level, bitspersample=12))


def by_pillow(samples: np.ndarray, **options: object) -> bytes:
    """Sequential or progressive, of 8 bits, with the options of Pillow's writer."""
    stream = io.BytesIO()
    pillow.fromarray(samples).save(stream, "JPEG", **{"quality": 85, **options})
    return stream.getvalue()


def by_libjpeg(stream: bytes, samples: int | None = None) -> np.ndarray:
    """The components as libjpeg-turbo decodes them, without conversion of colors. `samples`: their number."""
    samples = samples or components(stream)
    colors = {"colorspace": "ycbcr", "outcolorspace": "ycbcr"} if samples > 1 else {}
    # `jpeg_decode` would ask other libraries where libjpeg-turbo refuses.
    return imagecodecs.jpeg8_decode(stream, **colors)


# Lossless


def lossless_by_libjpeg(samples: np.ndarray, bits: int, predictor: int = 1) -> bytes:
    """A lossless codestream that libjpeg-turbo encodes."""
    return bytes(imagecodecs.jpeg_encode(samples, bitspersample=bits, lossless=True, predictor=predictor))


def lossless(  # noqa: PLR0913 - the parameters of the process
    samples: np.ndarray,
    bits: int,
    predictor: int = 1,
    point_transform: int = 0,
    *,
    restart_rows: int = 0,
    sampling: Sequence[tuple[int, int]] = (),
    segments: bytes = b"",
) -> bytes:
    """A lossless codestream in one scan, with a restart interval of whole rows, if any."""
    samples = samples if samples.ndim == 3 else samples[..., None]
    rows, columns, count = samples.shape
    values = samples.astype(np.int64) >> point_transform
    intervals = [values[row : row + (restart_rows or rows)] for row in range(0, rows, restart_rows or rows)]
    coded = [_interval(part, predictor, 1 << (bits - point_transform - 1)) for part in intervals]
    data = b"".join(part + bytes([0xFF, 0xD0 + number % 8]) for number, part in enumerate(coded))[:-2]
    return b"".join(
        [
            b"\xff\xd8",
            segments,
            codestreams.frame_header(0xC3, bits, (rows, columns), range(1, count + 1), sampling or [(1, 1)] * count),
            codestreams.five_bit_table(0, 17),
            segment(0xDD, struct.pack(">H", restart_rows * columns)) if restart_rows else b"",
            codestreams.scan_header(range(1, count + 1), bytes([predictor, 0, point_transform])),
            data,
            b"\xff\xd9",
        ]
    )


def _interval(values: np.ndarray, predictor: int, first: int) -> bytes:
    """The entropy-coded segment of one restart interval (H.1.2)."""
    left, above, corner = np.zeros_like(values), np.zeros_like(values), np.zeros_like(values)
    left[:, 1:], above[1:], corner[1:, 1:] = values[:, :-1], values[:-1], values[:-1, :-1]
    predicted = _PREDICTIONS[predictor](left, above, corner)
    predicted[0], predicted[1:, 0] = left[0], above[1:, 0]
    predicted[0, 0] = first
    writer = codestreams.BitWriter()
    for difference in ((values - predicted + 0x7FFF) % 0x10000 - 0x7FFF).ravel().tolist():
        writer.category(difference)
    return writer.stuffed()


# Codestreams in files


def components(stream: bytes) -> int:
    """The number of components in the frame header."""
    return stream[_frame_header(stream) + 9]


def size(stream: bytes) -> tuple[int, int]:
    """Rows and columns in the frame header."""
    at = _frame_header(stream) + 5
    return struct.unpack(">HH", stream[at : at + 4])


def _frame_header(stream: bytes) -> int:
    at = 2
    while stream[at + 1] not in (0xC0, 0xC1, 0xC2, 0xC3):
        at += 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
    return at


def syntax_of(stream: bytes) -> UID:
    """The transfer syntax that allows the process of the codestream."""
    marker = stream[_frame_header(stream) + 1]
    return {0xC0: JPEGBaseline8Bit, 0xC1: JPEGExtended12Bit, 0xC2: PROGRESSIVE, 0xC3: JPEGLossless}[marker]


def described(
    shape: tuple[int, ...],
    stored: int,
    *,
    allocated: int | None = None,
    signed: bool = False,
    photometric: str | None = None,
) -> Image:
    """The description of frames of this shape, ``(frames, rows, columns, samples)``."""
    photometric = photometric or ("MONOCHROME2" if shape[3] == 1 else "YBR_FULL_422")
    allocated = allocated or (8 if stored <= 8 else 16)
    return Image(np.broadcast_to(np.uint8(0), shape), allocated, stored, signed, photometric)


def dicom(
    frames: Sequence[bytes],
    stored: int,
    *,
    like: bytes | None = None,
    syntax: UID | None = None,
    more: dict | None = None,
    **form,
) -> bytes:
    """A file with these codestreams as frames.

    `like`: the codestream that the data set describes, by default the first frame; `more`: further elements; `form`:
    options of `described`.
    """
    first = like or frames[0]
    image = described((len(frames), *size(first), components(first)), stored, **form)
    value = oracle.encapsulated([oracle.fragments(frame, []) for frame in frames], table=True)
    found = {**oracle.elements(image, value, "OB"), **(more or {})}
    return oracle.dicom_file(dict(sorted(found.items())), syntax or syntax_of(first))


def native(samples: np.ndarray, stored: int, *, more: dict | None = None, **form) -> bytes:
    """A file with these samples, of shape (frames, rows, columns, samples), in native form."""
    image = described(samples.shape, stored, **form)
    value = samples.astype(image.dtype.newbyteorder("<")).tobytes()
    found = {**oracle.elements(image, value + bytes(len(value) % 2), "OW"), **(more or {})}
    return oracle.dicom_file(dict(sorted(found.items())), ExplicitVRLittleEndian)


# Images of every process


def raw(data: bytes, **options) -> np.ndarray:
    """The components, as dicomet decodes them."""
    return dicomet.pixel_array(data, raw=True, **options)


def quietly(call: Callable, *arguments, **options):
    """The result of a call that may warn: about bits that a frame does not have."""
    with warnings.catch_warnings(action="ignore"):
        return call(*arguments, **options)


WIDTH = 49


@cache
def images() -> dict[str, tuple[list[bytes], int, dict]]:
    """Frames of every process, Bits Stored, and options of `dicom`."""
    gray, color, deep = (
        [texture(39, WIDTH, bits, count, seed) for seed in range(5)] for bits, count in ((8, 1), (8, 3), (12, 1))
    )
    return {
        "baseline": ([by_pillow(frame) for frame in gray], 8, {}),
        "baseline, restarts": ([by_pillow(frame, restart_marker_rows=1) for frame in gray], 8, {}),
        "4:2:0": ([by_pillow(frame, subsampling="4:2:0") for frame in color], 8, {}),
        "4:4:4 of RGB": ([by_pillow(frame, keep_rgb=True) for frame in color], 8, {"photometric": "RGB"}),
        "progressive, 4:2:2": ([by_pillow(f, progressive=True, subsampling="4:2:2") for f in color], 8, {}),
        "extended": ([extended(frame) for frame in deep], 12, {}),
        "lossless": ([lossless(frame, 12, 4) for frame in deep], 12, {}),
        "lossless, signed": ([lossless(frame, 12) for frame in deep], 12, {"signed": True}),
        "lossless of RGB": ([lossless(frame, 8, 7) for frame in color], 8, {"photometric": "RGB"}),
    }


NAMES = (
    *("baseline", "baseline, restarts", "4:2:0", "4:4:4 of RGB", "progressive, 4:2:2"),
    *("extended", "lossless", "lossless, signed", "lossless of RGB"),
)


@cache
def samples_of(name: str) -> np.ndarray:
    frames, stored, form = images()[name]
    if name == "4:4:4 of RGB":
        rgb = {"colorspace": "rgb", "outcolorspace": "rgb"}
        return np.stack([imagecodecs.jpeg8_decode(frame, **rgb) for frame in frames])
    if not name.startswith("lossless"):
        return np.stack([by_libjpeg(frame) for frame in frames])
    count = 3 if "RGB" in name else 1
    samples = np.stack([texture(39, WIDTH, stored, count, seed) for seed in range(5)])
    if form.get("signed"):
        samples = np.where(samples >= 2048, samples.astype(np.int32) - 4096, samples).astype(np.int16)
    return samples


def colors(samples: np.ndarray, data: bytes) -> np.ndarray:
    """The samples after the conversion that the color rule requires."""
    term = pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True).PhotometricInterpretation
    return oracle.ybr_to_rgb(samples) if term.startswith("YBR") else samples


def same(found: np.ndarray, expected: np.ndarray) -> bool:
    return found.dtype == expected.dtype and found.shape == expected.shape and np.array_equal(found, expected)

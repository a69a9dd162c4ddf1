"""JPEG XL codestreams (ISO/IEC 18181), made by libjxl, and what they contain."""

import io
import itertools
import struct
from collections.abc import Iterator, Sequence

import jpeg_streams
import numpy as np
import oracle
import pytest
from oracle import Image
from pydicom.uid import UID, ExplicitVRLittleEndian

from dicomet._native import Codestream

imagecodecs = pytest.importorskip("imagecodecs")
pillow = pytest.importorskip("PIL.Image")

LOSSLESS = "1.2.840.10008.1.2.4.110"
RECOMPRESSION = "1.2.840.10008.1.2.4.111"
LOSSY = "1.2.840.10008.1.2.4.112"
SYNTAXES = (LOSSLESS, RECOMPRESSION, LOSSY)
SIGNATURE = b"\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a"
FILE_TYPE = b"\x00\x00\x00\x14ftypjxl \x00\x00\x00\x00jxl "


def lossless(samples: np.ndarray, bits: int, **options: object) -> bytes:
    """A codestream without loss: without boxes up to 12 bits, else in a container of level 10."""
    return bytes(imagecodecs.jpegxl_encode(samples, lossless=True, bitspersample=bits, **options))


def lossy(samples: np.ndarray, bits: int, level: int = 80, **options: object) -> bytes:
    """A codestream in XYB."""
    return bytes(imagecodecs.jpegxl_encode(samples, level=level, bitspersample=bits, **options))


def recompressed(jpeg: bytes) -> bytes:
    """A recompressed JPEG codestream, in a container with the data to reconstruct it."""
    return bytes(imagecodecs.jpegxl_encode_jpeg(jpeg))


def by_libjxl(stream: bytes) -> np.ndarray:
    return imagecodecs.jpegxl_decode(stream)


# Containers (ISO/IEC 18181-2)


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content


def boxes(stream: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The names and contents of the boxes after the signature."""
    at = len(SIGNATURE)
    assert stream.startswith(SIGNATURE)
    while at < len(stream):
        (length,) = struct.unpack(">I", stream[at : at + 4])
        end = at + length if length else len(stream)
        yield stream[at + 4 : at + 8], stream[at + 8 : end]
        at = end


def bare(stream: bytes) -> bytes:
    """The codestream without its boxes."""
    if not stream.startswith(SIGNATURE):
        return stream
    contents = [content[4:] if name == b"jxlp" else content for name, content in boxes(stream) if name[:3] == b"jxl"]
    return b"".join(content for content in contents if len(content) > 1)


def boxed(*content: bytes) -> bytes:
    return b"".join([SIGNATURE, FILE_TYPE, *content])


def in_parts(codestream: bytes, count: int) -> bytes:
    """A container with the codestream in several boxes."""
    ends = [len(codestream) * number // count for number in range(count + 1)]
    parts = [codestream[start:end] for start, end in itertools.pairwise(ends)]
    last = count - 1
    return boxed(*(box(b"jxlp", struct.pack(">I", n | (n == last) << 31) + part) for n, part in enumerate(parts)))


# Files


def dicom(  # noqa: PLR0913 - the description of an image
    frames: Sequence[bytes],
    shape: tuple[int, ...],
    stored: int,
    *,
    syntax: str = LOSSLESS,
    table: bool = True,
    more: dict | None = None,
    **form: object,
) -> bytes:
    """A file with these codestreams as frames of `shape`, which is ``(rows, columns[, samples])``.

    `form`: options of `jpeg_streams.described`.
    """
    rows, columns, *samples = shape
    samples = samples[0] if samples else 1
    form = {"photometric": "MONOCHROME2" if samples == 1 else "RGB", **form}
    image: Image = jpeg_streams.described((len(frames), rows, columns, samples), stored, **form)
    value = oracle.encapsulated([oracle.fragments(frame, []) for frame in frames], table=table)
    found = {**oracle.elements(image, value, "OB"), **(more or {})}
    # pydicom does not know these transfer syntaxes.
    return oracle.beginning(UID(syntax)) + oracle.data_set(dict(sorted(found.items())), ExplicitVRLittleEndian)


def header(stream: bytes) -> Codestream:
    found = Codestream.read(stream)
    assert found is not None
    return found


def with_profile(samples: np.ndarray, **options: object) -> bytes:
    """A JPEG codestream with an ICC profile."""
    cms = pytest.importorskip("PIL.ImageCms")
    profile = cms.ImageCmsProfile(cms.createProfile("sRGB")).tobytes()
    stream = io.BytesIO()
    pillow.fromarray(samples).save(stream, "JPEG", quality=85, icc_profile=profile, **options)
    return stream.getvalue()

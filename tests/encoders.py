"""Codestreams of all families, made by other libraries' encoders, and the data sets around them."""

import io

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
)

imagecodecs = pytest.importorskip("imagecodecs")
jpeg_ls = pytest.importorskip("jpeg_ls")
openjpeg = pytest.importorskip("openjpeg.utils")
image = pytest.importorskip("PIL.Image")

EOI = b"\xff\xd9"
LOSSLESS = {
    "JPEG": JPEGLosslessSV1,
    "JPEG-LS": JPEGLSLossless,
    "JPEG 2000": JPEG2000Lossless,
    "HTJ2K": HTJ2KLossless,
    "JPEG XL": UID("1.2.840.10008.1.2.4.110"),
}


def container(bits: int, *, signed: bool = False) -> np.dtype:
    """The smallest type of `bits` bits."""
    return np.dtype(f"{'i' if signed else 'u'}{1 if bits <= 8 else 2}")


def lossless(family: str, words: np.ndarray, bits: int) -> bytes:
    """`words` in a lossless codestream of `bits` bits; signed ones only in JPEG 2000 and HTJ2K."""
    words = np.ascontiguousarray(words.astype(container(bits, signed=words.dtype.kind == "i")))
    if family == "JPEG":
        return bytes(imagecodecs.jpeg_encode(words, bitspersample=bits, lossless=True))
    if family == "JPEG-LS":
        return jls(words, bits, 0)
    if family == "JPEG 2000":
        return bytes(openjpeg.encode_array(words, bits_stored=bits, photometric_interpretation=2))
    if family == "JPEG XL":
        return bytes(imagecodecs.jpegxl_encode(words, bitspersample=bits, lossless=True))
    # Of 8 or 16 bits, those of the type.
    return bytes(imagecodecs.htj2k_encode(words, reversible=True))


def jls(words: np.ndarray, bits: int, near: int) -> bytes:
    rows, columns = words.shape
    options = {"rows": rows, "columns": columns, "samples_per_pixel": 1, "bits_stored": bits, "lossy_error": near}
    return bytes(jpeg_ls.encode_buffer(words.tobytes(), **options))


def pillow(samples: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    image.fromarray(samples).save(stream, "JPEG", **{"quality": 85, **options})
    return stream.getvalue()


def every_family(gray: np.ndarray) -> dict[str, tuple[UID, bytes, int, int]]:
    """Transfer syntax, codestream, bits and samples per pixel, by name, of `gray`, which has 12 bits."""
    gray8 = (gray >> 4).astype(np.uint8)
    color = np.stack(
        [gray8, gray8[::-1], gray8.T[: len(gray8)] if gray8.shape[0] == gray8.shape[1] else gray8 // 2], -1
    )
    return {
        "baseline": (JPEGBaseline8Bit, pillow(gray8), 8, 1),
        "baseline, restarts": (JPEGBaseline8Bit, pillow(gray8, restart_marker_blocks=3), 8, 1),
        "baseline, 4:2:0": (JPEGBaseline8Bit, pillow(color, subsampling=2), 8, 3),
        "extended": (JPEGExtended12Bit, bytes(imagecodecs.jpeg_encode(gray, level=90, bitspersample=12)), 12, 1),
        "progressive": (JPEGBaseline8Bit, pillow(gray8, progressive=True), 8, 1),
        "progressive, 4:2:0": (JPEGBaseline8Bit, pillow(color, progressive=True, subsampling=2), 8, 3),
        "lossless": (JPEGLosslessSV1, lossless("JPEG", gray, 12), 12, 1),
        "JPEG-LS": (JPEGLSLossless, jls(gray, 12, 0), 12, 1),
        "JPEG-LS near": (JPEGLSNearLossless, jls(gray, 12, 3), 12, 1),
        "JPEG 2000": (JPEG2000Lossless, lossless("JPEG 2000", gray, 12), 12, 1),
        "JPEG 2000 lossy": (
            JPEG2000,
            bytes(openjpeg.encode_array(gray, bits_stored=12, photometric_interpretation=2, compression_ratios=[4])),
            12,
            1,
        ),
        "HTJ2K": (HTJ2KLossless, bytes(imagecodecs.htj2k_encode(gray, reversible=True)), 16, 1),
        "HTJ2K lossy": (HTJ2K, bytes(imagecodecs.htj2k_encode(gray8, level=0.01, reversible=False)), 8, 1),
    }


def data_set(  # noqa: PLR0913 - the description of an image
    syntax: UID,
    frames: list[bytes],
    *,
    shape: tuple[int, int],
    allocated: int,
    stored: int,
    signed: bool = False,
    samples: int = 1,
) -> Dataset:
    """A data set with these frames: native words, or codestreams."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.Rows, dataset.Columns = shape
    dataset.SamplesPerPixel = samples
    dataset.PhotometricInterpretation = "MONOCHROME2" if samples == 1 else "YBR_FULL_422"
    if samples > 1:
        dataset.PlanarConfiguration = 0
    dataset.NumberOfFrames = len(frames)
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = allocated, stored, stored - 1
    dataset.PixelRepresentation = int(signed)
    dataset.PixelData = b"".join(frames) if syntax == ExplicitVRLittleEndian else encapsulate(frames)
    dataset["PixelData"].VR = "OW" if syntax == ExplicitVRLittleEndian else "OB"
    return dataset

"""Images in JPEG 2000 and HTJ2K for the tests of `install`, made by OpenJPEG's and OpenJPH's encoders."""

import io

import encoders
import numpy as np
from codestreams import segment
from pydicom.dataset import Dataset
from pydicom.uid import HTJ2K, JPEG2000, UID, HTJ2KLossless, HTJ2KLosslessRPCL, JPEG2000Lossless

SHAPE = (23, 37)


def words(bits: int, *, signed: bool = False, samples: int = 1, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    """Samples with edges, noise, and the smallest and largest values."""
    rng = np.random.default_rng(bits)
    found = rng.integers(0, 1 << bits, (*shape, samples))
    found[shape[0] // 2 :] = np.arange(shape[1])[:, None] * ((1 << bits) - 1) // shape[1]
    found[-3:, :5], found[-3:, 5:9] = 0, (1 << bits) - 1
    found -= (1 << (bits - 1)) * signed
    return (found[..., 0] if samples == 1 else found).astype(encoders.container(bits, signed=signed))


def part_1(samples: np.ndarray, bits: int, *, mct: bool = False, **options: object) -> bytes:
    """A codestream by OpenJPEG, by default reversible. `level`: quality in decibels."""
    options = {"reversible": True, "codecformat": "j2k", "resolutions": 3, **options}
    return bytes(encoders.imagecodecs.jpeg2k_encode(samples, bitspersample=bits, mct=mct, **options))


def by_pillow(samples: np.ndarray, **options: object) -> bytes:
    """A codestream of 8 or 16 bits by OpenJPEG, by default reversible. `tile_size`: columns and rows."""
    stream = io.BytesIO()
    options = {"no_jp2": True, "mct": 0, "num_resolutions": 3, **options}
    encoders.image.fromarray(samples).save(stream, "JPEG2000", **options)
    return stream.getvalue()


def high_throughput(samples: np.ndarray, *, mct: bool = False, **options: object) -> bytes:
    """A codestream by OpenJPH, whose precision is 8 or 16 bits; by default reversible."""
    return bytes(encoders.imagecodecs.htj2k_encode(samples, rgb=mct, **{"reversible": True, **options}))


def syntax_of(*, ht: bool, lossy: bool = False, rpcl: bool = False) -> UID:
    """The transfer syntax."""
    if lossy:
        return HTJ2K if ht else JPEG2000
    return (HTJ2KLosslessRPCL if rpcl else HTJ2KLossless) if ht else JPEG2000Lossless


def image(frames: list[bytes], bits: int, syntax: UID = JPEG2000Lossless, *, term: str = "", **given) -> Dataset:
    """A data set with these frames. `given`: as for `encoders.data_set`."""
    options = {"shape": SHAPE, "allocated": 8 if bits <= 8 else 16, "stored": bits, **given}
    ds = encoders.data_set(syntax, frames, **options)
    ds.PhotometricInterpretation = term or ("RGB" if ds.SamplesPerPixel > 1 else "MONOCHROME2")
    return ds


def with_segment(frame: bytes, marker: int, content: bytes, before: int = 0x90) -> bytes:
    """The codestream with another segment before the first one of the marker `before`, by default SOT."""
    at = position(frame, before)
    return frame[:at] + segment(marker, content) + frame[at:]


def position(frame: bytes, marker: int) -> int:
    """The offset of the first segment of a marker."""
    at = 2
    while frame[at + 1] != marker:
        at += 2 + int.from_bytes(frame[at + 2 : at + 4], "big")
    return at


def patched(frame: bytes, marker: int, at: int, content: bytes) -> bytes:
    """The codestream with other bytes in the content of its first segment of a marker."""
    start = position(frame, marker) + 4 + at
    return frame[:start] + content + frame[start + len(content) :]

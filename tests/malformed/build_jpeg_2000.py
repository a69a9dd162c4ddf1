"""JPEG 2000 codestreams (ISO/IEC 15444-1 Annex A) in parts, of which each can be changed, left out or cut."""

import struct

import imagecodecs
import numpy as np
from build_jpeg import Parts
from codestreams import segment

NAMES = {0x51: "siz", 0x50: "cap", 0x52: "cod", 0x53: "coc", 0x5C: "qcd", 0x5D: "qcc", 0x64: "com", 0x90: "sot"}
SOD, EOC = b"\xff\x93", b"\xff\xd9"


def coded(samples: np.ndarray, bits: int, **options: object) -> Parts:
    """A frame coded reversibly by OpenJPEG, without the comment of the encoder."""
    form = {"codecformat": "j2k", "resolutions": 1, "level": 0, "reversible": True, "mct": samples.ndim == 3}
    return parts(bytes(imagecodecs.jpeg2k_encode(samples, bitspersample=bits, **{**form, **options})))


def high_throughput(samples: np.ndarray) -> Parts:
    """A frame coded reversibly by OpenJPH."""
    return parts(bytes(imagecodecs.htj2k_encode(samples, reversible=True)))


def parts(stream: bytes) -> Parts:
    """The parts of a valid codestream of one tile-part. A comment is left out."""
    found, at = Parts(soc=stream[:2]), 2
    while stream[at : at + 2] != SOD:
        end = at + 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
        name = NAMES.get(stream[at + 1], "other")
        if name not in ("com", "other"):
            found[name] = stream[at:end]
        at = end
    found["sod"], found["data"], found["eoc"] = SOD, stream[at + 2 : -2], stream[-2:]
    found["sot"] = sot(found)
    return found


def sot(found: Parts, **changed: int) -> bytes:
    """SOT of the only tile-part (A.4.2); `changed`: other values of its parameters."""
    length = 12 + sum(len(found[name]) for name in ("sod", "data"))
    values = {"tile": 0, "length": length, "number": 0, "count": 1, **changed}
    return segment(0x90, struct.pack(">HLBB", *values.values()))


def with_data(found: Parts, data: bytes, **changed: int) -> bytes:
    """The codestream with other packets, and SOT for these."""
    other = Parts({**found, "data": data})
    return other.stream(sot=sot(other, **changed))


def siz(  # noqa: PLR0913, PLR0917 - the parameters of the segment
    size: tuple[int, int] = (6, 4),
    origin: tuple[int, int] = (0, 0),
    tile: tuple[int, int] = (6, 4),
    tile_origin: tuple[int, int] = (0, 0),
    components: bytes = b"\x0f\1\1",
    capabilities: int = 0,
    count: int | None = None,
) -> bytes:
    """SIZ (A.5.1)."""
    number = len(components) // 3 if count is None else count
    words = struct.pack(">H8LH", capabilities, *size, *origin, *tile, *tile_origin, number)
    return segment(0x51, words + components)


def cod(  # noqa: PLR0913, PLR0917 - the parameters of the segment
    style: int = 0,
    progression: int = 0,
    layers: int = 1,
    transform: int = 0,
    levels: int = 0,
    block: tuple[int, int] = (4, 4),
    block_style: int = 0,
    wavelet: int = 1,
    precincts: bytes = b"",
) -> bytes:
    """COD (A.6.1)."""
    start = struct.pack(">BBHB", style, progression, layers, transform)
    return segment(0x52, start + bytes([levels, *block, block_style, wavelet]) + precincts)


def poc(components: int) -> bytes:
    """POC (A.6.6): one progression with the packets of the first components, of one layer."""
    return segment(0x5F, struct.pack(">BBHBBB", 0, 0, 1, 33, components, 0))

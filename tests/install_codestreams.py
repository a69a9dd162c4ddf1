"""Images in JPEG, JPEG-LS and JPEG 2000 for the comparison with pydicom: valid, unusual and invalid."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import codestreams
import encoders
import jpeg_2000_images
import jpeg_frames
import numpy as np
import oracle
from hypothesis import strategies as st
from install_cases import EXTRA, WRONG, Case, encapsulations, wrong_options
from install_images import HTJ2K_SYNTAXES, JPEG_2000_SYNTAXES, PART_1_SYNTAXES
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
)

LOSSY = (JPEGBaseline8Bit, JPEGExtended12Bit)
JPEG_LS = (JPEGLSLossless, JPEGLSNearLossless)
LOSSLESS = (JPEGLossless, JPEGLosslessSV1, *JPEG_LS)
# dicomet declines lossy frames with pylibjpeg.
SYNTAXES = {
    "pillow": (*LOSSY, *PART_1_SYNTAXES),
    "pyjpegls": JPEG_LS,
    "gdcm": (*LOSSY, *LOSSLESS, *PART_1_SYNTAXES),
    "pylibjpeg": (*LOSSY, *LOSSLESS, *LOSSLESS, *JPEG_2000_SYNTAXES),
}
COLORS = 3


@dataclass(frozen=True)
class Stream:
    """What an encoder needs to know, except for the samples. `choices`: further options of the encoder."""

    rows: int
    columns: int
    samples: int
    bits: int
    choices: tuple[Any, ...]

    def words(self, seed: int) -> np.ndarray:
        """Noise and flat areas, of shape ``(rows, columns, samples)``."""
        rng = np.random.default_rng(seed)
        words = rng.integers(0, 1 << self.bits, (self.rows, self.columns, self.samples))
        words[: self.rows // 3] = words[:1, :1]
        return words.astype(encoders.container(self.bits))


# Encoders


def with_segments(frame: bytes, *, adobe: str, jfif: bool, ids: bytes) -> bytes:
    """A color frame whose markers about colors are replaced. `adobe`: the number of a transform, or nothing."""
    place = 2
    while frame[place + 1] in (0xE0, 0xEE):
        place += 2 + int.from_bytes(frame[place + 2 : place + 4], "big")
    segments = codestreams.JFIF * jfif + (codestreams.adobe(int(adobe)) if adobe else b"")
    rest = bytearray(frame[place:])
    for marker in (b"\xff\xc0", b"\xff\xc2"):
        start = rest.find(marker)
        if start >= 0:
            names = slice(start + 10, start + 10 + 3 * COLORS, 3)
            old, rest[names] = bytes(rest[names]), ids
            rename(rest, dict(zip(old, ids, strict=True)))
    return frame[:2] + segments + bytes(rest)


def rename(rest: bytearray, names: dict[int, int]) -> None:
    """Rename the components in all scan headers."""
    start = rest.find(b"\xff\xda")
    while start >= 0:
        for place in range(start + 5, start + 5 + 2 * rest[start + 4], 2):
            rest[place] = names[rest[place]]
        start = rest.find(b"\xff\xda", start + 2)


@functools.lru_cache(maxsize=2000)
def dct(stream: Stream, seed: int) -> bytes:
    quality, subsampling, progressive, adobe, jfif, ids = stream.choices
    words = stream.words(seed)
    if stream.bits > 8:
        return bytes(encoders.imagecodecs.jpeg_encode(words[..., 0], level=quality, bitspersample=12))
    if stream.samples == 1:
        return encoders.pillow(words[..., 0], quality=quality, progressive=progressive)
    frame = encoders.pillow(words, quality=quality, progressive=progressive, subsampling=subsampling)
    return with_segments(frame, adobe=adobe, jfif=jfif, ids=ids)


@functools.lru_cache(maxsize=2000)
def lossless(stream: Stream, seed: int) -> bytes:
    predictor, point_transform, restart, segments, interleaved, ids = stream.choices
    return jpeg_frames.lossless(
        stream.words(seed),
        stream.bits,
        predictor=predictor,
        point_transform=point_transform,
        restart=restart,
        segments=segments,
        ids=tuple(ids),
        interleaved=interleaved,
    )


@functools.lru_cache(maxsize=2000)
def jpeg_ls(stream: Stream, seed: int) -> bytes:
    near, mode = stream.choices
    words = stream.words(seed)
    source = words.transpose(2, 0, 1) if mode == 0 else words
    return bytes(
        encoders.jpeg_ls.encode_buffer(
            np.ascontiguousarray(source).tobytes(),
            rows=stream.rows,
            columns=stream.columns,
            samples_per_pixel=stream.samples,
            bits_stored=stream.bits,
            lossy_error=near,
            interleave_mode=mode if stream.samples > 1 else 0,
        )
    )


@functools.lru_cache(maxsize=2000)
def jpeg_2000(stream: Stream, seed: int) -> bytes:
    ht, signed, lossy, level, resolutions, mct, tiled = stream.choices
    words = stream.words(seed).astype(np.int64) - (1 << (stream.bits - 1)) * signed
    words = words.astype(encoders.container(stream.bits, signed=signed))
    words = words[..., 0] if stream.samples == 1 else words
    if ht:
        return jpeg_2000_images.high_throughput(words, mct=mct, reversible=not lossy, resolutions=resolutions)
    # Pillow encodes tiles, but not for all images.
    is_encoded = stream.bits == 8 or (stream.bits == 16 and stream.samples == 1)
    if tiled and not signed and is_encoded and min(stream.rows, stream.columns) > 8:
        options = {"tile_size": (9, 7), "irreversible": lossy, "num_resolutions": min(resolutions, 3)}
        return jpeg_2000_images.by_pillow(words, mct=int(mct), **options)
    options = {"reversible": not lossy, "resolutions": resolutions, "level": level or None}
    return jpeg_2000_images.part_1(words, stream.bits, mct=mct, **options)


ADOBE = ("", "", "", "0", "1", "2")
IDS = (b"\1\2\3", b"\1\2\3", b"\0\1\2", b"RGB", b"rgb")
MARKERS = (b"", b"", codestreams.JFIF, codestreams.adobe(0), codestreams.adobe(1), codestreams.segment(0xFE, b"text"))


@st.composite
def sizes(draw) -> tuple[int, int]:
    sides = st.one_of(st.integers(1, 9), st.sampled_from([16, 17, 33]))
    return draw(sides), draw(sides)


def rarely(draw, times: int = 9) -> bool:
    """True for one of `times` draws."""
    return draw(st.integers(1, times)) == times


@st.composite
def streams(draw, syntax: UID, *, plain: bool) -> tuple[Callable[[Stream, int], bytes], Stream]:
    """An encoder and its options. `plain`: nothing for which a plugin may end the process."""
    samples = draw(st.sampled_from([1, 1, COLORS]))
    size = draw(sizes())
    if syntax in LOSSY:
        bits = 12 if syntax == JPEGExtended12Bit and draw(st.booleans()) else 8
        markers = "", draw(st.booleans()), IDS[0]
        if rarely(draw, 3):
            adobe = draw(st.sampled_from(ADOBE[:-1] if plain else ADOBE))
            markers = adobe, draw(st.booleans()), draw(st.sampled_from(IDS))
        quality = draw(st.sampled_from([50, 90, 100]))
        choices = quality, draw(st.integers(0, 2)), rarely(draw, 4), *markers
        return dct, Stream(*size, 1 if bits == 12 else samples, bits, choices)
    if syntax in JPEG_LS:
        bits = 8 if samples == COLORS else draw(st.sampled_from([8, 16, 12, 10] if plain else [8, 16, 12, 10, 5, 7, 2]))
        near = draw(st.integers(0, 2)) if syntax == JPEGLSNearLossless else int(rarely(draw))
        # The encoder has no room for the header of a smaller image.
        return jpeg_ls, Stream(
            *np.maximum(size, 12).tolist(), samples, bits, (min(near, (1 << bits) // 4), draw(st.integers(0, 2)))
        )
    if syntax in JPEG_2000_SYNTAXES:
        return jpeg_2000, draw(jpeg_2000_streams(syntax, size, samples))
    bits = draw(st.sampled_from([8, 16, 12, 10] if plain else [8, 16, 12, 10, 5, 2]))
    predictor = 1 if syntax == JPEGLosslessSV1 else draw(st.integers(1, 7))
    point_transform, restart = int(rarely(draw)), draw(st.sampled_from([0, 0, 1, 2]))
    colors = draw(st.sampled_from(MARKERS)), draw(st.booleans()), draw(st.sampled_from(IDS))
    return lossless, Stream(*size, samples, bits, (predictor, point_transform, restart, *colors))


@st.composite
def jpeg_2000_streams(draw, syntax: UID, size: tuple[int, int], samples: int) -> Stream:
    ht = (syntax in HTJ2K_SYNTAXES) != rarely(draw, 20)
    bits = draw(st.sampled_from([8, 16] if ht else [8, 16, 12, 10, 5, 1]))
    lossy = syntax in (JPEG2000, HTJ2K) and rarely(draw, 3)
    mct = samples == COLORS and draw(st.booleans())
    numbers = draw(st.sampled_from([0, 0, 30])), draw(st.integers(1, 4))
    return Stream(*size, samples, bits, (ht, draw(st.booleans()), lossy, *numbers, mct, draw(st.booleans())))


# Frames and their description


FRAME_DAMAGES = (
    lambda frame, at: frame[: at % len(frame)],
    lambda frame, at: frame[: at % len(frame)] + encoders.EOI,
    lambda frame, _: frame[:-2],
    lambda _frame, _: b"",
    lambda frame, _: frame + b"\0\0",
    lambda frame, _: frame + b"more",
    lambda frame, _: frame + frame,
    lambda frame, _: frame[:2] + codestreams.segment(0xE1, b"Exif") + frame[2:],
    lambda frame, _: frame[:2] + b"\xff\xff" + frame[2:],
    lambda frame, at: frame[: at % len(frame)] + b"\x55" + frame[at % len(frame) + 1 :],
    lambda frame, _: frame[:-2] + b"\0\0\0" + frame[-2:],
    lambda frame, _: b"\0" + frame,
)
NUMBER_DAMAGES = (
    lambda frames: frames[:-1] or frames,
    lambda frames: [*frames, frames[0]],
    lambda frames: [*frames, b"no frame"],
)


@st.composite
def frames_of(draw, syntax: UID, *, plain: bool) -> tuple[Stream, list[bytes]]:
    encode, stream = draw(streams(syntax, plain=plain))
    frames = [encode(stream, seed) for seed in draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))]
    if not plain and rarely(draw):
        other, another = draw(streams(syntax, plain=plain))
        frames.append(other(another, 5))
    return stream, frames


def sign(stream: Stream) -> int:
    """Pixel Representation of JPEG 2000; of others 1 for half of the images."""
    return int(stream.choices[1] is True) if len(stream.choices) == 7 else stream.rows % 2


@st.composite
def descriptions(draw, stream: Stream, *, plain: bool) -> dict[str, Any]:
    allocated = 8 if stream.bits <= 8 else 16
    options = {
        "samples_per_pixel": stream.samples,
        "photometric_interpretation": draw(st.sampled_from(["MONOCHROME2", "MONOCHROME1", "PALETTE COLOR"])),
        "rows": stream.rows,
        "columns": stream.columns,
        "bits_allocated": 16 if not plain and rarely(draw) else allocated,
        "bits_stored": stream.bits,
        "pixel_representation": draw(st.integers(0, 1)) if rarely(draw, 3) else sign(stream),
        "pixel_keyword": "PixelData",
        "pixel_vr": "OB",
    }
    if not plain and rarely(draw, 4):
        options["bits_stored"] = draw(st.integers(1, options["bits_allocated"]))
    if stream.samples == COLORS:
        terms = ["YBR_FULL_422", "YBR_FULL", "RGB", "RGB", "YBR_FULL", "YBR_RCT", "YBR_PARTIAL_422"]
        options["photometric_interpretation"] = draw(st.sampled_from(terms if rarely(draw, 3) else terms[:3]))
        options["planar_configuration"] = int(rarely(draw, 6))
        if "YBR" in options["photometric_interpretation"]:
            options["pixel_representation"] = 0
    return options


@st.composite
def codestream_cases(draw, plugin: str) -> Case:
    """Cases that the plugin may decode, of which about half are valid.

    GDCM ends the process for many invalid ones, which are left out for it.
    """
    plain = plugin == "gdcm"
    syntax = draw(st.sampled_from(SYNTAXES.get(plugin, SYNTAXES["pylibjpeg"])))
    stream, frames = draw(frames_of(syntax, plain=plain))
    options = {**draw(descriptions(stream, plain=plain)), "number_of_frames": len(frames)}
    fault = "" if plain else draw(st.sampled_from(["", "", "", "", "options", "frame", "number"]))
    if fault == "frame":
        damaged = draw(st.integers(0, len(frames) - 1))
        frames[damaged] = draw(st.sampled_from(FRAME_DAMAGES))(frames[damaged], draw(st.integers(0, 5000)))
    elif fault == "number":
        frames = draw(st.sampled_from(NUMBER_DAMAGES))(frames)
    parts = [oracle.fragments(frame, []) if frame else [b""] for frame in frames]
    case = Case(syntax, options, oracle.encapsulated(parts, table=True))
    if not plain and rarely(draw, 3):
        value, extended = draw(encapsulations(frames))
        case = Case(syntax, {**options, **extended}, value)
    return draw(wrong_options(case)) if fault == "options" else case


def names_of(plugin: str, names: tuple[str, ...] = tuple(EXTRA)) -> tuple[str, ...]:
    """The options that are drawn for calls. Names of plugins are in messages, where dicomet's is one more."""
    excluded = {"decoding_plugin", *(WRONG if plugin == "gdcm" else ())}
    return tuple(name for name in names if name not in excluded)

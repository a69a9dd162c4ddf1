"""Images and descriptions for the comparison with pydicom: valid, unusual and invalid."""

import functools
import itertools
import struct
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import oracle
from hypothesis import strategies as st
from oracle import Image
from pydicom.pixels import get_decoder
from pydicom.pixels.common import PhotometricInterpretation
from pydicom.pixels.utils import _IMAGE_PIXEL
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)
from pydicom.valuerep import IS
from random_images import limits, plain_runs, replaced, with_values

NATIVE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)
FORMATS = (
    *(("PixelData", bits) for bits in (1, 8, 8, 8, 16, 16, 32, 64)),
    ("FloatPixelData", 32),
    ("DoubleFloatPixelData", 64),
)
RLE_FORMATS = tuple(("PixelData", bits) for bits in (8, 8, 16, 32, 64))
TAGS = {name: tag for tag, name in _IMAGE_PIXEL.items()}
PIXEL_TAGS = {"PixelData": 0x7FE00010, "FloatPixelData": 0x7FE00008, "DoubleFloatPixelData": 0x7FE00009}
PIXEL_VRS = {"FloatPixelData": "OF", "DoubleFloatPixelData": "OD"}
HEAD = 5


@dataclass(frozen=True)
class Case:
    """One image: its description, under pydicom's option names, and its value."""

    syntax: UID
    options: dict[str, Any]
    value: bytes
    others: tuple[str, ...] = ()

    def changed(self, **options) -> "Case":
        return replace(self, options={**self.options, **options})

    def without(self, name: str) -> "Case":
        return replace(self, options={key: value for key, value in self.options.items() if key != name})


# Images


@st.composite
def images(draw, formats=FORMATS) -> Image:
    keyword, bits = draw(st.sampled_from(formats))
    is_float = keyword != "PixelData"
    samples = draw(st.sampled_from([1, 3])) if bits > 1 else 1
    if formats == RLE_FORMATS and samples * bits > 120:
        samples = 1
    shape = (draw(st.sampled_from([1, 1, 2, 3, 4])), draw(st.integers(1, 9)), draw(st.integers(1, 9)), samples)
    stored = bits if is_float or draw(st.booleans()) else draw(st.integers(1, bits))
    image = Image(
        np.empty(shape),
        bits,
        stored,
        signed=False if is_float else draw(st.booleans()),
        planar=draw(st.integers(0, 1)) if samples == 3 else 0,
        keyword=keyword,
        garbage=draw(st.sampled_from([0, 2**64 - 1])),
        photometric=draw(st.sampled_from(photometrics(samples, bits))),
    )
    if image.photometric == "YBR_FULL_422" and formats != RLE_FORMATS:
        even = image.columns + image.columns % 2
        image = replaced(image, values=np.empty((*shape[:2], even, 3)), planar=0)
    if "YBR_FULL" in image.photometric:
        image = replaced(image, signed=False)
    style = draw(st.sampled_from(["noise", "extremes", "doubtful"]))
    if formats == RLE_FORMATS:
        # Frames in RLE Lossless are not subsampled.
        return replaced(
            filled(replaced(image, photometric="RGB"), draw(st.integers(0, 2**16)), style),
            photometric=image.photometric,
        )
    return filled(image, draw(st.integers(0, 2**16)), style)


def photometrics(samples: int, bits: int) -> list[str]:
    if samples == 1:
        return ["MONOCHROME2", "MONOCHROME1", "PALETTE COLOR"]
    convertible = ["YBR_FULL", "YBR_FULL", "YBR_FULL_422"] if bits == 8 else []
    return ["RGB", "RGB", "YBR_ICT", "YBR_PARTIAL_422", *convertible]


def filled(image: Image, seed: int, style: str) -> Image:
    """Fill in values; the style `doubtful` uses colors whose rounding depends on the arithmetic."""
    if style != "doubtful" or image.samples == 1 or image.bits_allocated != 8:
        return with_values(image, seed, "noise" if style == "doubtful" else style)
    image = with_values(image, seed, "noise")
    values = image.values.copy()
    values[..., 1:] = np.random.default_rng(seed).choice(np.array([[78, 178], [178, 78]]), values.shape[:-1])
    low, high = limits(image)
    return replaced(image, values=np.clip(values, low, high).astype(image.dtype))


def described(image: Image) -> dict[str, Any]:
    """The options that pydicom reads from a Dataset of the image."""
    options = {
        "samples_per_pixel": image.samples,
        "photometric_interpretation": image.photometric,
        "planar_configuration": image.planar,
        "number_of_frames": image.frames,
        "rows": image.rows,
        "columns": image.columns,
        "bits_allocated": image.bits_allocated,
        "bits_stored": image.bits_stored,
        "pixel_representation": int(image.signed),
        "pixel_keyword": image.keyword,
        "pixel_vr": PIXEL_VRS.get(image.keyword, "OW"),
    }
    if image.samples == 1:
        del options["planar_configuration"]
    return options


@st.composite
def native_cases(draw) -> Case:
    image, syntax = draw(images()), draw(st.sampled_from(NATIVE))
    options = described(image)
    if image.keyword == "PixelData" and syntax != ImplicitVRLittleEndian:
        options["pixel_vr"] = draw(st.sampled_from(["OB", "OW"]))
    value = oracle.native(image, big_endian=syntax == ExplicitVRBigEndian, ow_swapped=options["pixel_vr"] == "OW")
    return Case(syntax, options, value)


@st.composite
def damaged_values(draw, value: bytes, frames: int) -> bytes:
    """A native value of wrong length."""
    frame = max(1, len(value) // frames)
    lengths = [-1, -2, -frame, -len(value), 1, 2, 3, frame, frame + 1, 3 * frame, len(value) // 2]
    change = draw(st.sampled_from(lengths))
    return value[:change] if change < 0 else value + bytes(range(256))[: change % 256] + bytes(change // 256 * 256)


# RLE Lossless


@st.composite
def rle_cases(draw) -> Case:
    image = draw(images(RLE_FORMATS))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    odd = draw(st.booleans())
    frames = [rle_frame(image.frame(index), rng if odd else None) for index in range(image.frames)]
    damaged = draw(st.lists(st.sampled_from(FRAME_DAMAGES), max_size=1))
    for damage in damaged:
        index = draw(st.integers(0, len(frames) - 1))
        frames[index] = damage(frames[index], rng)
    for damage in draw(st.lists(st.sampled_from(NUMBER_DAMAGES), max_size=int(draw(st.integers(0, 3)) == 0))):
        frames = damage(frames)
    options = {**described(image), "pixel_vr": "OB"}
    value, extended = draw(encapsulations(frames))
    return Case(RLELossless, {**options, **extended}, value)


def rle_frame(image: Image, rng: np.random.Generator | None) -> bytes:
    runs = plain_runs if rng is None else functools.partial(oracle.odd_runs, rng=rng)
    segments = [runs(plane) for plane in oracle.byte_planes(image)]
    return oracle.rle_frame([segment + bytes(len(segment) % 2) for segment in segments])


def segments_of(frame: bytes) -> list[bytes]:
    count, *offsets = struct.unpack("<16L", frame[:64])
    return [frame[start:end] for start, end in itertools.pairwise([*offsets[:count], len(frame)])]


def with_segments(change):
    return lambda frame, rng: oracle.rle_frame(change(segments_of(frame), rng))


def with_header(change):
    def damage(frame, rng):
        header = list(struct.unpack("<16L", frame[:64]))
        change(header, rng)
        return struct.pack("<16L", *(number % 2**32 for number in header)) + frame[64:]

    return damage


def with_last(extra: bytes):
    return with_segments(lambda segments, _: [*segments[:-1], segments[-1] + extra])


def with_first(extra: bytes):
    return with_segments(lambda segments, _: [segments[0] + extra, *segments[1:]])


def count_plus(number: int):
    return with_header(lambda header, _: header.__setitem__(0, header[0] + number))


FRAME_DAMAGES = (
    with_last(b"\xfe\x01"),
    with_first(b"\xfe\x01"),
    with_last(b"\x00\x01"),
    with_last(b"\0"),
    with_last(b"\0\0"),
    with_first(b"\0\0\0\0"),
    with_last(b"\x80\x80"),
    with_first(b"\x80"),
    with_last(b"\x7f\x01"),
    with_segments(lambda segments, _: [*segments[:-1], segments[-1][:-2]]),
    with_segments(lambda segments, _: [segments[0][:-2], *segments[1:]]),
    with_segments(lambda segments, _: [b"\x80\x80" + segments[0], *segments[1:]]),
    with_segments(lambda segments, _: [*segments, segments[0]][:15]),
    with_segments(lambda segments, _: segments[:-1] or [b""]),
    with_segments(lambda segments, _: segments * 3 if len(segments) < 6 else segments),
    count_plus(1),
    count_plus(-1),
    count_plus(20),
    with_header(lambda header, _: header.__setitem__(15, 77)),
    with_header(lambda header, _: header.__setitem__(1, 66)),
    with_header(lambda header, _: header.__setitem__(1, 0)),
    with_header(lambda header, rng: header.__setitem__(int(rng.integers(1, 16)), int(rng.integers(0, 200)))),
    lambda frame, rng: frame[: int(rng.integers(0, len(frame)))],
    lambda _frame, _: b"",
    lambda frame, _: frame + b"\0\0",
    lambda frame, _: frame + b"\xff\xd9",
    lambda frame, _: frame[:-1] + bytes([frame[-1] ^ 0x80]),
    lambda frame, _: frame[:-1],
)
NUMBER_DAMAGES = (
    lambda frames: frames[:-1] or frames,
    lambda frames: [*frames, frames[0]],
    lambda frames: [*frames, b"no frame"],
    lambda frames: [frames[0], b"", *frames[1:]],
)
TABLES = ("none", "none", "basic", "basic", "extended", "wrong basic", "wrong extended")
TAILS = ("", "", "", "", "missing", "garbage", "item", "cut", "after", "tag", "length")


@st.composite
def encapsulations(draw, frames: list[bytes]) -> tuple[bytes, dict[str, Any]]:
    table, tail = draw(st.sampled_from(TABLES)), draw(st.sampled_from(TAILS))
    cuts = [draw(st.lists(st.integers(0, 500), max_size=draw(st.sampled_from([0, 0, 0, 2])))) for _ in frames]
    parts = [oracle.fragments(frame, cut) if frame else [b""] for frame, cut in zip(frames, cuts, strict=True)]
    value = oracle.encapsulated(parts, table="basic" in table)
    if table == "wrong basic":
        value = draw(wrong_basic(value))
    options = {}
    if "extended" in table:
        tables = oracle.extended_offset_table(frames)
        if draw(st.booleans()):
            tables = padded_lengths(tables)
        options["extended_offsets"] = draw(wrong_extended(tables)) if table == "wrong extended" else tables
    return with_tail(value, tail), options


def padded_lengths(tables: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    lengths = np.frombuffer(tables[1], "<u8")
    return tables[0], (lengths + lengths % 2).tobytes()


@st.composite
def wrong_numbers(draw, numbers: list[int]) -> list[int]:
    kind = draw(st.sampled_from(["plus", "shorter", "longer", "swapped", "zeros", "all plus"]))
    at, by = draw(st.integers(0, len(numbers) - 1)), draw(st.sampled_from([-8, -2, -1, 1, 2, 8, 10, 1000]))
    plus = [max(0, number + by * (index == at or kind == "all plus")) for index, number in enumerate(numbers)]
    return {
        "plus": plus,
        "all plus": plus,
        "shorter": numbers[:-1],
        "longer": [*numbers, draw(st.sampled_from([0, 1, numbers[-1], numbers[-1] + 100]))],
        "swapped": numbers[::-1],
        "zeros": [0] * len(numbers),
    }[kind]


@st.composite
def wrong_basic(draw, value: bytes) -> bytes:
    (length,) = struct.unpack("<L", value[4:8])
    numbers = draw(wrong_numbers(list(struct.unpack(f"<{length // 4}L", value[8 : 8 + length]))))
    table = struct.pack(f"<{len(numbers)}L", *numbers) + draw(st.sampled_from([b"", b"", b"", b"\1\2"]))
    return oracle.item(table) + value[8 + length :]


@st.composite
def wrong_extended(draw, tables: tuple[bytes, bytes]) -> Any:
    numbers = [np.frombuffer(table, "<u8").tolist() for table in tables]
    wrong = draw(st.integers(0, 2))
    for index in (0, 1):
        if wrong in (index, 2):
            numbers[index] = draw(wrong_numbers(numbers[index]))
    if draw(st.integers(0, 3)) == 0:
        return tuple(numbers)
    return tuple(np.array(table, "<u8").tobytes() for table in numbers)


def with_tail(value: bytes, tail: str) -> bytes:
    body = value[: -len(oracle.DELIMITER)]
    return {
        "": value,
        "missing": body,
        "garbage": body + b"garbage!",
        "item": body + oracle.item(b"ab") + oracle.DELIMITER,
        "cut": body[:-3],
        "after": value + b"something else, perhaps padding",
        "tag": body + oracle.DELIMITER[:4],
        "length": body + oracle.DELIMITER[:4] + b"\1\0\0\0",
    }[tail]


# Invalid descriptions


MISSING = object()
WRONG = {
    "samples_per_pixel": [2, 0, 1, 3, None, MISSING, 4],
    "photometric_interpretation": [
        *[member.value for member in PhotometricInterpretation],
        *PhotometricInterpretation,
        "PALETTE_COLOR",
        "rgb",
        "",
        None,
        MISSING,
        "UNKNOWN",
    ],
    "planar_configuration": [0, 1, 2, None, MISSING],
    "number_of_frames": [0, -1, None, MISSING, "2", "1", IS(1), IS(2), np.int64(2), np.uint8(1), 1, 2, 3, 5, 1.0, True],
    "rows": [0, None, MISSING, 1, 2, np.int64(3), 65535, 65536, True],
    "columns": [0, None, MISSING, 1, 2, np.uint16(3), 3, 65535],
    "bits_allocated": [0, None, MISSING, 1, 8, 12, 16, 24, 32, 40, 64, 128, np.int64(8)],
    "bits_stored": [0, None, MISSING, 1, 5, 7, 8, 9, 12, 16, 65, np.int64(8)],
    "pixel_representation": [0, 1, 2, None, MISSING, np.int64(1), True],
    "pixel_vr": ["OB", "OW", "UN", None, MISSING],
    "extended_offsets": [None, (), (b"", b""), ([], []), (b"\0" * 8, b""), (b"\0" * 8, b"\1" + b"\0" * 7)],
}


@st.composite
def wrong_options(draw, case: Case) -> Case:
    name = draw(st.sampled_from(sorted(WRONG)))
    value = draw(st.sampled_from(WRONG[name]))
    return case.without(name) if value is MISSING else case.changed(**{name: value})


@st.composite
def cases(draw) -> Case:
    """Cases, of which about half are valid."""
    case = draw(st.one_of(native_cases(), rle_cases()))
    fault = draw(st.sampled_from(["", "", "", "options", "options", "value", "elements"]))
    if fault == "options":
        case = draw(wrong_options(case))
    elif fault == "value" and case.syntax != RLELossless:
        case = replace(case, value=draw(damaged_values(case.value, case.options["number_of_frames"])))
    elif fault == "elements":
        others = st.lists(st.sampled_from(sorted(PIXEL_TAGS)), max_size=2, unique=True)
        case = replace(case, others=tuple(draw(others)))
        if draw(st.booleans()):
            case = case.changed(pixel_keyword=draw(st.sampled_from([*PIXEL_TAGS, "nonsense", None])))
    return case


EXTRA = {
    "raw": [True, False, 1, None],
    "validate": [False, 0, None, 1],
    "decoding_plugin": [*get_decoder(RLELossless).available_plugins, None],
    "as_rgb": [False, None, 0, 1, "x"],
    "force_rgb": [True, False, None],
    "force_ybr": [True, False],
    "view_only": [True, False, None],
    "be_swap_ow": [True, False],
    "correct_unused_bits": [False, 0, None, 1],
    "allow_excess_frames": [False, None, 1],
    "rle_segment_order": ["<", ">"],
    "byteorder": ["<", ">"],
    "nonsense": [1],
    "use_pdh": [True, False],
    "transfer_syntax_uid": [UID(ExplicitVRLittleEndian), UID(RLELossless), None],
    "pixel_keyword": ["PixelData", "FloatPixelData", None],
    "apply_j2k_sign_correction": [True],
}
# Invalid descriptions can also be passed as options.
EXTRA |= {name: [value for value in values if value is not MISSING] for name, values in WRONG.items()}


@st.composite
def extras(draw, names=tuple(EXTRA)) -> dict[str, Any]:
    chosen = draw(st.lists(st.sampled_from(names), max_size=draw(st.sampled_from([0, 0, 1, 1, 2])), unique=True))
    return {name: draw(st.sampled_from(EXTRA[name])) for name in chosen}

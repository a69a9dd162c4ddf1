"""Strategies for random images, and their comparison by every way of reading, and with pydicom."""

import io
import os
import warnings

import numpy as np
import oracle
import pydicom
import pydicom.pixels
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from oracle import Image
from pydicom.uid import UID

import dicomet

PROPERTY = settings(
    max_examples=400,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


INTEGERS = tuple(("PixelData", bits) for bits in (1, 8, 12, 16, 32, 64))
FLOATS = (("FloatPixelData", 32), ("DoubleFloatPixelData", 64))
PHOTOMETRIC = {1: "MONOCHROME2", 3: "RGB"}


def sizes() -> st.SearchStrategy[tuple[int, int]]:
    """Rows and columns: mostly few; sometimes more pixels than are decoded at once."""
    few = st.integers(1, 20)
    return st.one_of(*[st.tuples(few, few)] * 5, st.tuples(st.integers(1, 3), st.integers(1300, 4500)))


@st.composite
def images(draw, formats=INTEGERS + FLOATS, samples=(1, 3)) -> Image:
    keyword, bits_allocated = draw(st.sampled_from(formats))
    is_float = keyword != "PixelData"
    (rows, columns), frames, samples = draw(sizes()), draw(st.integers(1, 4)), draw(st.sampled_from(samples))
    fewer = st.just(bits_allocated) if is_float else st.integers(1, bits_allocated)
    bits_stored = draw(st.one_of(st.just(bits_allocated), fewer))
    image = Image(
        np.empty((frames, rows, columns, samples)),
        bits_allocated,
        bits_stored,
        signed=False if is_float else draw(st.booleans()),
        planar=draw(st.integers(0, 1)) if samples == 3 else 0,
        keyword=keyword,
        garbage=draw(st.integers(0, 2**64 - 1)),
    )
    photometric = draw(st.sampled_from(photometrics(image)))
    if photometric == "YBR_FULL_422":
        image = replaced(image, planar=0)
    image = replaced(image, photometric=photometric)
    return with_values(image, draw(st.integers(0, 2**32)), draw(st.sampled_from(["noise", "extremes", "runs"])))


def replaced(image: Image, **changes) -> Image:
    return Image(**{**image.__dict__, **changes})


def photometrics(image: Image) -> list[str]:
    """What Photometric Interpretation may be. What is to be converted has unsigned samples of up to 32 bits."""
    if image.samples == 1:
        return ["MONOCHROME2", "MONOCHROME1", "PALETTE COLOR"]
    convertible = image.dtype.kind == "u" and image.dtype.itemsize <= 4
    even = image.columns % 2 == 0 and image.bits_allocated in (8, 16, 32)
    return ["RGB"] + ["YBR_FULL"] * convertible + ["YBR_FULL_422"] * (convertible and even)


def with_values(image: Image, seed: int, style: str) -> Image:
    rng, shape = np.random.default_rng(seed), image.values.shape
    if image.keyword != "PixelData":
        noise = rng.integers(0, 256, (*shape, image.bits_allocated // 8), np.uint8)
        return replaced(image, values=noise.view(image.dtype)[..., 0])
    low, high = limits(image)
    if style == "noise":
        values = rng.integers(low, high, shape, image.dtype, endpoint=True)
    else:
        few = np.array([low, high, max(low, -1), min(high, 1), 0], image.dtype)
        values = rng.choice(few, shape)
    if style == "runs":
        flat = values.reshape(-1)
        flat[:] = flat[np.maximum.accumulate(np.where(rng.random(flat.size) < 0.1, np.arange(flat.size), 0))]
    if image.photometric == "YBR_FULL_422":
        values[:, :, 1::2, 1:] = values[:, :, 0::2, 1:]
    return replaced(image, values=values)


def limits(image: Image) -> tuple[int, int]:
    if image.dtype.kind == "i":
        return -(2 ** (image.bits_stored - 1)), 2 ** (image.bits_stored - 1) - 1
    return 0, 2**image.bits_stored - 1


def poisoned(like: np.ndarray) -> np.ndarray:
    return np.frombuffer(b"\xa5" * like.nbytes, like.dtype).reshape(like.shape).copy()


def assert_equal(array: np.ndarray, expected: np.ndarray) -> None:
    """To the bit, so that any NaN counts; and laid out as promised."""
    assert array.shape == expected.shape
    assert array.dtype == expected.dtype
    assert array.tobytes() == expected.tobytes()
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert array.flags.owndata


def read(data: bytes) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(data))


def check_every_way(data: bytes, image: Image) -> None:
    """Decode a file from memory, from an open file and as a Dataset; as a whole and by frames."""
    expected = oracle.expected(image)
    frames = [oracle.expected(image.frame(index)) for index in range(image.frames)]
    dataset = read(data)
    for source in (data, io.BytesIO(data), dataset):
        assert_equal(dicomet.pixel_array(source), expected)
        out = poisoned(expected)
        assert dicomet.pixel_array(source, out=out) is out
        assert_equal(out, expected)
        check_frames(source, frames)
    if image.photometric in oracle.YBR:
        assert_equal(dicomet.pixel_array(dataset, raw=True), oracle.expected(image, raw=True))


def check_frames(source, frames: list[np.ndarray]) -> None:
    for index, frame in enumerate(frames):
        assert_equal(dicomet.pixel_array(source, index=index), frame)
    for array, frame in zip(dicomet.iter_pixels(source), frames, strict=True):
        assert_equal(array, frame)
    out, order = poisoned(frames[0]), range(len(frames) - 1, -1, -1)
    for index, array in zip(order, dicomet.iter_pixels(source, indices=order, out=out), strict=True):
        assert array is out
        assert_equal(out, frames[index])
        out.view(np.uint8)[:] = 0xA5


def check_against_pydicom(data: bytes, image: Image, **options) -> None:
    """The samples that pydicom gives. Where Cb and Cr are 78 and 178 it rounds otherwise, see test_color.py.

    Chrominance of other than 8 bits it does not convert, or around 128.
    """
    if image.photometric in oracle.YBR and (image.bits_allocated, image.bits_stored) != (8, 8):
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pydicom")
        theirs = pydicom.pixels.pixel_array(read(data), **options)
    ours = dicomet.pixel_array(data)
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype.newbyteorder("=")
    if image.photometric in oracle.YBR:
        chroma = np.sort(image.values[..., 1:], axis=-1)
        alike = (chroma != [78, 178]).any(axis=-1).reshape(ours.shape[:-1])
        ours, theirs = ours[alike], theirs[alike]
    assert np.array_equal(ours, theirs, equal_nan=ours.dtype.kind == "f")


def framed_file(image: Image, frames: list[bytes], transfer_syntax: UID, data: st.DataObject) -> bytes:
    """The frames in one or several fragments, and one of the tables that tell where a frame begins."""
    table = data.draw(st.sampled_from(["none", "basic", "extended"]), label="offset table")
    extended, several = None, table == "basic" or (table == "none" and len(frames) == 1)
    if table == "extended":
        extended = oracle.extended_offset_table(frames)
    cuts = [data.draw(st.lists(st.integers(0, 2**20), max_size=4), label="cuts") if several else [] for _ in frames]
    parts = [oracle.fragments(frame, cut) for frame, cut in zip(frames, cuts, strict=True)]
    value = oracle.encapsulated(parts, table=table == "basic")
    return oracle.dicom_file(oracle.elements(image, value, "OB", extended=extended), transfer_syntax)


def plain_runs(plane: bytes) -> bytes:
    """Literal runs alone, and a byte of padding where needed."""
    runs = b"".join(bytes([len(plane[at : at + 128]) - 1]) + plane[at : at + 128] for at in range(0, len(plane), 128))
    return runs + bytes(len(runs) % 2)

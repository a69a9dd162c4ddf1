"""Random images, written natively, as frames and as RLE Lossless: every way to decode gives the known samples back."""

import functools
import io
import os
import warnings

import numpy as np
import oracle
import pydicom
import pydicom.pixels
import pytest
from files import ROOTS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import ENCAPSULATED_UNCOMPRESSED, Image
from pydicom.encaps import encapsulate, encapsulate_extended, get_frame
from pydicom.pixels.encoders import JPEG2000LosslessEncoder, JPEGLSLosslessEncoder, RLELosslessEncoder
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

import dicomet

try:
    from rle.utils import encode_pixel_data
except ImportError:
    encode_pixel_data = None

PROPERTY = settings(
    max_examples=400,
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
INTEGERS = tuple(("PixelData", bits) for bits in (1, 8, 12, 16, 32, 64))
FLOATS = (("FloatPixelData", 32), ("DoubleFloatPixelData", 64))
PHOTOMETRIC = {1: "MONOCHROME2", 3: "RGB"}
NATIVE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)


# Images


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


# Comparisons


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


# Native


def native_file(image: Image, transfer_syntax: UID, vr: str, trailing: bytes = b"") -> bytes:
    big_endian = transfer_syntax == ExplicitVRBigEndian
    value = oracle.native(image, big_endian=big_endian, ow_swapped=vr == "OW")
    found = oracle.elements(image, value, vr, big_endian=big_endian, trailing=trailing)
    return oracle.dicom_file(found, transfer_syntax)


@PROPERTY
@given(images(), st.sampled_from(NATIVE), st.sampled_from(["OB", "OW"]), st.binary(max_size=40))
def test_native(image, transfer_syntax, vr, trailing):
    data = native_file(image, transfer_syntax, vr, trailing)
    check_every_way(data, image)
    if image.bits_allocated != 12:
        check_against_pydicom(data, image)


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits_allocated", [8, 12, 16, 32, 64])
def test_native_with_every_number_of_bits_stored(bits_allocated, signed, big_endian):
    transfer_syntax = ExplicitVRBigEndian if big_endian else ExplicitVRLittleEndian
    for bits_stored in range(1, bits_allocated + 1):
        image = Image(np.empty((1, 3, 5, 1)), bits_allocated, bits_stored, signed, garbage=2**64 - 1)
        for style in ("extremes", "noise"):
            image = with_values(image, bits_stored, style)
            data = native_file(image, transfer_syntax, "OW")
            assert_equal(dicomet.pixel_array(data), oracle.expected(image))


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits_allocated", [8, 12, 16, 32, 64])
def test_unused_bits_stay_where_that_is_asked_for(bits_allocated, signed):
    whole = with_values(Image(np.empty((2, 3, 5, 3)), bits_allocated, bits_allocated, signed, "RGB"), 1, "noise")
    data = native_file(replaced(whole, bits_stored=bits_allocated - 3), ExplicitVRLittleEndian, "OW")
    value = oracle.native(whole)
    found = oracle.elements(replaced(whole, bits_stored=bits_allocated - 3), value, "OW")
    data = oracle.dicom_file(found)
    assert_equal(dicomet.pixel_array(data, correct_unused_bits=False), oracle.expected(whole))
    assert not np.array_equal(dicomet.pixel_array(data), oracle.expected(whole))


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize(
    ("bits_allocated", "transfer_syntax"),
    [
        (1, ExplicitVRLittleEndian),
        (8, ExplicitVRBigEndian),
        (12, ExplicitVRLittleEndian),
        (12, ExplicitVRBigEndian),
        (16, ExplicitVRBigEndian),
    ],
)
def test_native_frames_read_in_several_parts(bits_allocated, transfer_syntax, samples):
    """More than is read at once from a file, and frames that begin inside a byte or a word."""
    frames = 4 * 2**20 * 8 // (517 * 301 * bits_allocated * samples)
    empty = np.empty((frames, 517, 301, samples))
    image = with_values(Image(empty, bits_allocated, bits_allocated, photometric=PHOTOMETRIC[samples]), 7, "noise")
    data = native_file(image, transfer_syntax, "OW")
    assert_equal(dicomet.pixel_array(io.BytesIO(data)), oracle.expected(image))


@pytest.mark.parametrize("bits_allocated", [8, 16, 32, 64])
def test_subsampled_colors_of_any_depth(bits_allocated):
    image = Image(np.empty((2, 3, 6, 3)), bits_allocated, bits_allocated, photometric="YBR_FULL_422")
    image = with_values(image, 3, "noise")
    data = native_file(image, ExplicitVRLittleEndian, "OW")
    for options in ({"raw": True}, {"as_rgb": False}):
        assert_equal(dicomet.pixel_array(data, **options), oracle.expected(image, raw=True))
    if bits_allocated <= 32:
        assert_equal(dicomet.pixel_array(data), oracle.expected(image))
    else:
        with pytest.raises(dicomet.PixelDataError, match=r"YBR_FULL is converted to RGB .* up to 32 bits only"):
            dicomet.pixel_array(data)


@pytest.mark.parametrize("frames", [1, 3])
def test_words_of_bytes_need_their_last_byte(frames):
    """In big endian the padding stands before the last sample, so that it can not be left out."""
    image = with_values(Image(np.empty((frames, 3, 3, 1)), 8, 8), 3, "noise")
    value = oracle.native(image, big_endian=True, ow_swapped=True)
    whole, cut = (
        oracle.dicom_file(oracle.elements(image, value, "OW", big_endian=True), ExplicitVRBigEndian)
        for value in (value, value[:-1])
    )
    check_every_way(whole, image)
    with pytest.raises(dicomet.PixelDataError, match=f"found {len(value) - 1} bytes, expected {len(value)}"):
        dicomet.pixel_array(cut)
    with pytest.raises(dicomet.PixelDataError):
        dicomet.pixel_array(cut, index=frames - 1)
    for index in range(frames - 1):
        assert_equal(dicomet.pixel_array(cut, index=index), oracle.expected(image.frame(index)))


# Frames that are not compressed


@PROPERTY
@given(images(formats=INTEGERS), st.data())
def test_encapsulated_uncompressed(image, data):
    frames = [oracle.native(image.frame(index)) for index in range(image.frames)]
    file = framed_file(image, frames, ENCAPSULATED_UNCOMPRESSED, data)
    check_every_way(file, image)


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


# RLE Lossless


RLE_FORMATS = tuple(("PixelData", bits) for bits in (8, 16, 32, 64))


def encoded(image: Image, plugin: str) -> bytes:
    return RLELosslessEncoder.encode(
        oracle.native(replaced(image, planar=0, photometric=PHOTOMETRIC[image.samples])),
        encoding_plugin=plugin,
        validate=False,
        rows=image.rows,
        columns=image.columns,
        number_of_frames=1,
        samples_per_pixel=image.samples,
        planar_configuration=0,
        photometric_interpretation=PHOTOMETRIC[image.samples],
        bits_allocated=image.bits_allocated,
        bits_stored=image.bits_allocated,
        pixel_representation=int(image.signed),
    )


def encoded_oddly(planes: list[bytes], rng: np.random.Generator) -> bytes:
    """Segments that are legal, but unlike those of an encoder: runs, padding and gaps as they come."""
    segments = [oracle.odd_runs(plane, rng) + bytes(rng.integers(0, 3)) for plane in planes]
    gaps = [bytes(rng.choice([0, 128], rng.choice([0, 0, 1, 5])).tolist()) for _ in segments]
    return oracle.rle_frame(segments, gaps)


@st.composite
def rle_frames(draw, image: Image) -> list[bytes]:
    plugins = [plugin for plugin in ("pydicom", "pylibjpeg") if plugin in RLELosslessEncoder.available_plugins]
    encoder = draw(st.sampled_from([*plugins, "odd"]), label="encoder")
    frames = [image.frame(index) for index in range(image.frames)]
    if encoder != "odd":
        return [encoded(frame, encoder) for frame in frames]
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return [encoded_oddly(oracle.byte_planes(frame), rng) for frame in frames]


def rle_images() -> st.SearchStrategy[Image]:
    return images(formats=RLE_FORMATS).filter(lambda image: image.samples * image.bits_allocated // 8 <= 15)


@PROPERTY
@given(rle_images(), st.data())
def test_rle(image, data):
    frames = data.draw(rle_frames(image))
    file = framed_file(image, frames, RLELossless, data)
    check_every_way(file, image)
    check_against_pydicom(file, image, decoding_plugin="pydicom")


def test_an_extended_offset_table_that_leaves_out_an_item_is_not_used():
    """PS3.3 C.7.6.3.1.8: entries follow each other without a gap, so that no item is left out."""
    image = with_values(Image(np.empty((2, 5, 7, 1)), 8, 8), 3, "noise")
    frames = [encoded(image.frame(index), "pydicom") for index in range(2)]
    items = [frames[0], b"no frame", frames[1]]
    kept = [table[:8] + table[16:] for table in oracle.extended_offset_table(items)]
    value = oracle.encapsulated([oracle.fragments(item, []) for item in items], table=False)
    source = oracle.dicom_file(oracle.elements(image, value, "OB", extended=kept), RLELossless)
    for index in (None, 0, 1):
        with pytest.raises(dicomet.PixelDataError, match="found 3 fragments and no usable offset table"):
            dicomet.pixel_array(source, index=index)


@PROPERTY
@given(rle_images(), st.binary(min_size=2, max_size=9).filter(lambda rest: rest.strip(b"\0\x80")))
def test_rle_segments_that_go_on(image, rest):
    """More than padding behind a segment's samples is told: Rows or Columns may be too small."""
    image = replaced(image, values=image.values[:1])
    frame = oracle.rle_frame([plain_runs(plane) + rest for plane in oracle.byte_planes(image)])
    with pytest.warns(UserWarning, match="after the|goes .* beyond"):
        assert_equal(dicomet.pixel_array(single_frame_file(image, frame)), oracle.expected(image))


@pytest.mark.parametrize(
    "numbers",
    [
        (0,),
        (1, 64),
        (3, 64, 66, 68),
        (16, 64, 66),
        (2**32 - 1, 64, 66),
        (2, 66, 68),
        (2, 64, 64),
        (2, 64, 62),
        (2, 64, 10_000),
        (2, 64, 2**32 - 1),
        (2, 64, 0),
    ],
    ids=str,
)
def test_rle_headers_that_cannot_be(numbers):
    """An image of 16 bits has two segments, the first behind the header and the second behind the first."""
    image = with_values(Image(np.empty((1, 4, 6, 1)), 16, 16), 1, "noise")
    frame = oracle.rle_frame([plain_runs(plane) for plane in oracle.byte_planes(image)])
    assert_equal(dicomet.pixel_array(single_frame_file(image, frame)), oracle.expected(image))
    header = np.array(numbers, "<u4").tobytes().ljust(64, b"\0")
    with pytest.raises(dicomet.PixelDataError, match="RLE segment") as error:
        dicomet.pixel_array(single_frame_file(image, header + frame[64:]))
    assert error.value.frame == 0


@PROPERTY
@given(images(formats=(("PixelData", 1),), samples=(1,)), st.booleans(), st.booleans(), st.data())
def test_rle_of_single_bits(image, packed, odd, data):
    """Eight pixels in a byte, or a byte a pixel."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    planes = [plane_of_bits(image.frame(index), packed=packed) for index in range(image.frames)]
    runs = functools.partial(oracle.odd_runs, rng=rng) if odd else plain_runs
    frames = [oracle.rle_frame([runs(plane)]) for plane in planes]
    check_every_way(framed_file(image, frames, RLELossless, data), image)


@pytest.mark.parametrize("padding", range(5))
@pytest.mark.parametrize("packed", [False, True])
def test_rle_of_single_bits_with_trailing_zeros(packed, padding):
    image = with_values(Image(np.empty((1, 4, 16, 1)), 1, 1), 5, "noise")
    frame = oracle.rle_frame([plain_runs(plane_of_bits(image, packed=packed)) + bytes(padding)])
    check_every_way(single_frame_file(image, frame), image)


def test_rle_of_single_bits_with_other_ones():
    """Some writers take 255 for 1: the bits above Bits Stored do not count."""
    image = with_values(Image(np.empty((1, 4, 16, 1)), 1, 1), 5, "noise")
    plane = bytes(255 * bit for bit in plane_of_bits(image, packed=False))
    check_every_way(single_frame_file(image, oracle.rle_frame([plain_runs(plane)])), image)


def test_rle_of_single_bits_that_are_cut():
    """A byte a pixel, of which some are missing, is not taken for eight pixels in a byte."""
    image = Image(np.ones((1, 4, 16, 1), np.uint8), 1, 1)
    for runs in range(2, 8):
        frame = oracle.rle_frame([plain_runs(b"\1" * 8)[:9] * runs])
        with pytest.raises(dicomet.PixelDataError, match=f"gives {8 * runs} of 64 bytes"):
            dicomet.pixel_array(single_frame_file(image, frame))


def single_frame_file(image: Image, frame: bytes) -> bytes:
    value = oracle.encapsulated([oracle.fragments(frame, [])], table=False)
    return oracle.dicom_file(oracle.elements(image, value, "OB"), RLELossless)


def plane_of_bits(image: Image, *, packed: bool) -> bytes:
    bits = image.values.astype(np.uint8)
    return np.packbits(bits.ravel(), bitorder="little").tobytes() if packed else bits.tobytes()


def plain_runs(plane: bytes) -> bytes:
    """Literal runs alone, and a byte of padding where needed."""
    runs = b"".join(bytes([len(plane[at : at + 128]) - 1]) + plane[at : at + 128] for at in range(0, len(plane), 128))
    return runs + bytes(len(runs) % 2)


@pytest.mark.skipif(encode_pixel_data is None, reason="needs pylibjpeg-rle")
@pytest.mark.parametrize("frames", [1, 3])
def test_rle_of_single_bits_by_pylibjpeg(frames):
    image = with_values(Image(np.empty((frames, 7, 11, 1)), 1, 1), 5, "noise")
    encoded = [
        encode_pixel_data(
            plane_of_bits(image.frame(index), packed=True),
            rows=7,
            columns=11,
            samples_per_pixel=1,
            bits_allocated=1,
        )
        for index in range(frames)
    ]
    value = oracle.encapsulated([oracle.fragments(frame, []) for frame in encoded], table=True)
    data = oracle.dicom_file(oracle.elements(image, value, "OB"), RLELossless)
    check_every_way(data, image)
    check_against_pydicom(data, image, decoding_plugin="pylibjpeg")


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits_allocated", [8, 16, 32, 64])
def test_rle_with_every_number_of_bits_stored(bits_allocated, signed):
    for bits_stored in range(1, bits_allocated + 1):
        image = Image(np.empty((1, 3, 5, 1)), bits_allocated, bits_stored, signed, garbage=2**64 - 1)
        image = with_values(image, bits_stored, "noise")
        frame = oracle.rle_frame([plain_runs(plane) for plane in oracle.byte_planes(image)])
        assert_equal(dicomet.pixel_array(single_frame_file(image, frame)), oracle.expected(image))


# JPEG


@pytest.mark.parametrize("fragments", [1, 3])
@pytest.mark.parametrize("table", ["none", "basic", "extended"])
@pytest.mark.parametrize(
    "name", ["SC_rgb_small_odd_jpeg.dcm", "examples_ybr_color.dcm", "MR_small_jpeg_ls_lossless.dcm"]
)
def test_jpeg_in_fragments(name, table, fragments):
    """Frames in several fragments, found by a table or, without one, by their end."""
    dataset = pydicom.dcmread(ROOTS["pydicom"] / name)
    count = min(int(dataset.get("NumberOfFrames", 1)), 3)
    frames = [get_frame(dataset.PixelData, index, number_of_frames=count) for index in range(count)]
    expected = [dicomet.pixel_array(dataset, index=index) for index in range(count)]
    dataset.NumberOfFrames = count
    if table == "extended":
        dataset.PixelData, dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths = encapsulate_extended(
            frames
        )
    else:
        dataset.PixelData = encapsulate(frames, fragments_per_frame=fragments, has_bot=table == "basic")
    file = io.BytesIO()
    dataset.save_as(file)
    for source in (dataset, file, file.getvalue()):
        for index, frame in enumerate(expected):
            assert_equal(dicomet.pixel_array(source, index=index), frame)
        assert_equal(np.stack(list(dicomet.iter_pixels(source))), np.stack(expected))
        assert_equal(dicomet.pixel_array(source), np.squeeze(np.stack(expected)))
    assert np.array_equal(pydicom.pixels.pixel_array(dataset), np.squeeze(np.stack(expected)))


@pytest.mark.parametrize("encoder", [JPEG2000LosslessEncoder, JPEGLSLosslessEncoder], ids=["JPEG 2000", "JPEG-LS"])
@pytest.mark.parametrize("bits_allocated", [16, 32])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("precision", [5, 8])
def test_codestreams_narrower_than_the_image(encoder, bits_allocated, signed, precision):
    """Samples of one byte from the codec, of several in the result."""
    if not encoder.is_available:
        pytest.skip(f"needs a plugin that encodes: {encoder.missing_dependencies}")
    narrow = with_values(Image(np.empty((1, 64, 67, 1)), 8, precision, signed), 3, "extremes")
    frame = encoder.encode(
        oracle.native(narrow),
        rows=narrow.rows,
        columns=narrow.columns,
        number_of_frames=1,
        samples_per_pixel=1,
        photometric_interpretation="MONOCHROME2",
        bits_allocated=8,
        bits_stored=precision,
        pixel_representation=int(signed),
    )
    image = replaced(narrow, bits_allocated=bits_allocated)
    image = replaced(image, values=narrow.values.astype(image.dtype))
    value = oracle.encapsulated([oracle.fragments(frame, [])], table=False)
    data = oracle.dicom_file(oracle.elements(image, value, "OB"), encoder.UID)
    check_every_way(data, image)
    check_against_pydicom(data, image)

"""Random images in RLE Lossless: every way of reading returns the samples, and what pydicom returns."""

import functools

import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import Image
from pydicom.pixels.encoders import RLELosslessEncoder
from pydicom.uid import RLELossless
from random_images import (
    PHOTOMETRIC,
    PROPERTY,
    assert_equal,
    check_against_pydicom,
    check_every_way,
    framed_file,
    images,
    plain_runs,
    replaced,
    with_values,
)

import dicomet

try:
    from rle.utils import encode_pixel_data
except ImportError:
    encode_pixel_data = None


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
    shortened = [table[:8] + table[16:] for table in oracle.extended_offset_table(items)]
    value = oracle.encapsulated([oracle.fragments(item, []) for item in items], table=False)
    source = oracle.dicom_file(oracle.elements(image, value, "OB", extended=shortened), RLELossless)
    for index in (None, 0, 1):
        with pytest.raises(dicomet.PixelDataError, match="found 3 fragments and no usable offset table"):
            dicomet.pixel_array(source, index=index)


@PROPERTY
@given(rle_images(), st.binary(min_size=2, max_size=9).filter(lambda rest: rest.strip(b"\0\x80")))
def test_rle_segments_that_go_on(image, rest):
    """More than padding after the samples of a segment is reported: Rows or Columns may be too small."""
    image = replaced(image, values=image.values[:1])
    frame = oracle.rle_frame([plain_runs(plane) + rest for plane in oracle.byte_planes(image)])
    with pytest.warns(UserWarning, match="left in the RLE segment|goes .* beyond"):
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
    """An image of 16 bits has two segments, the first after the header and the second after the first."""
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

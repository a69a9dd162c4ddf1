"""Random images in native form: every way of reading returns the samples, and what pydicom returns."""

import io

import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import Image
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from random_images import (
    PHOTOMETRIC,
    PROPERTY,
    assert_equal,
    check_against_pydicom,
    check_every_way,
    images,
    replaced,
    with_values,
)

import dicomet

NATIVE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)


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
def test_unused_bits_stay_on_request(bits_allocated, signed):
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

"""Frames in fragments, uncompressed or as codestreams, with any offset table."""

import io

import numpy as np
import oracle
import pydicom
import pydicom.pixels
import pytest
from files import ROOTS
from hypothesis import given
from hypothesis import strategies as st
from oracle import DEFLATED_FRAMES, ENCAPSULATED_UNCOMPRESSED, Image
from pydicom.encaps import encapsulate, encapsulate_extended, get_frame
from pydicom.pixels.encoders import JPEG2000LosslessEncoder, JPEGLSLosslessEncoder
from pydicom.uid import JPEGBaseline8Bit
from random_images import (
    INTEGERS,
    PROPERTY,
    assert_equal,
    check_against_pydicom,
    check_every_way,
    framed_file,
    images,
    replaced,
    with_values,
)

import dicomet


@PROPERTY
@given(images(formats=INTEGERS), st.data())
def test_encapsulated_uncompressed(image, data):
    frames = [oracle.native(image.frame(index)) for index in range(image.frames)]
    file = framed_file(image, frames, ENCAPSULATED_UNCOMPRESSED, data)
    check_every_way(file, image)


@PROPERTY
@given(images(formats=INTEGERS), st.integers(0, 9), st.data())
def test_deflated_frames(image, level, data):
    frames = [oracle.deflated(oracle.native(image.frame(index)), level) for index in range(image.frames)]
    check_every_way(framed_file(image, frames, DEFLATED_FRAMES, data), image)


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
    plugin = "pillow" if dataset.file_meta.TransferSyntaxUID == JPEGBaseline8Bit else ""
    theirs = pydicom.pixels.pixel_array(dataset, decoding_plugin=plugin)
    assert np.array_equal(theirs, np.squeeze(np.stack(expected)))


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

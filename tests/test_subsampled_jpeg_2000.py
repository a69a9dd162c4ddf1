"""JPEG 2000 with components of different size (CP-2650), depth or transform."""

import codestreams
import numpy as np
import oracle
import pytest
from codestreams import hp_transform
from color_streams import PIXELS, data_set, displays, half_j2k, j2k, jpeg_ls, readings, recorded, rng
from pydicom.uid import JPEG2000, JPEGLSLossless

import dicomet

pytest.importorskip("libjpeg")
pytest.importorskip("openjpeg")
pytest.importorskip("jpeg_ls")

SEPARATIONS = [(2, 1), (2, 2), (1, 2), (4, 1), (4, 2), (1, 4), (4, 4), (3, 1)]


@pytest.mark.parametrize("size", [(256, 256), (259, 261)], ids=["even", "odd"])
@pytest.mark.parametrize("separation", SEPARATIONS, ids=str)
def test_subsampled_jpeg_2000_is_converted_once(separation, size, tmp_path):
    separations = ((1, 1), separation, separation)
    shapes = [(-(-size[0] // y), -(-size[1] // x)) for x, y in separations]
    components = [rng.integers(60, 190, shape, dtype=np.uint8) for shape in shapes]
    stream = codestreams.subsampled_jpeg_2000(components, 8, size, separations)
    expected = oracle.ybr_to_rgb(codestreams.replicated(components, size, separations)).astype(int)
    for term, count in (("YBR_FULL_422", 0), ("YBR_FULL", 0), ("RGB", 1), ("YBR_RCT", 1), ("YBR_ICT", 1)):
        ds = data_set(JPEG2000, stream, term)
        ways = [*readings(ds, tmp_path), *displays(ds, tmp_path)]
        # The ways differ in nothing that depends on the term.
        for way, call in ways if term == "YBR_FULL_422" else ways[:1]:
            array, messages = recorded(call)
            assert np.array_equal(array, expected), (term, way)
            assert len(messages) == count, (term, way, messages)


@pytest.mark.parametrize("options", [{"raw": True}, {"as_rgb": False}], ids=str)
@pytest.mark.parametrize("separation", SEPARATIONS, ids=str)
def test_components_of_subsampled_jpeg_2000(separation, options):
    """dicomet replicates them. OpenJPEG returns RGB alone for two separations, which is refused."""
    separations, size = ((1, 1), separation, separation), (256, 256)
    components = [rng.integers(60, 190, (256 // y, -(-256 // x)), dtype=np.uint8) for x, y in separations]
    ds = data_set(JPEG2000, codestreams.subsampled_jpeg_2000(components, 8, size, separations), "YBR_FULL_422")
    expected = codestreams.replicated(components, size, separations)
    assert np.array_equal(dicomet.pixel_array(ds, **options), expected)
    if separation in {(2, 1), (2, 2)}:
        with pytest.raises(dicomet.PixelDataError, match="frame 0: the plugin 'pylibjpeg' returns RGB"):
            dicomet.pixel_array(ds, decoding_plugin="pylibjpeg", **options)
    else:
        assert np.array_equal(dicomet.pixel_array(ds, decoding_plugin="pylibjpeg", **options), expected)


def test_pillow_does_not_decode_subsampled_jpeg_2000():
    ds = data_set(JPEG2000, half_j2k(), "YBR_FULL_422")
    with pytest.raises(dicomet.PixelDataError, match="pillow: misplaces the samples of subsampled components"):
        dicomet.pixel_array(ds, decoding_plugin="pillow")


def test_components_of_different_depth_are_refused():
    stream = bytearray(j2k(mct=False))
    stream[stream.index(b"\xff\x51") + 43] = 8
    ds = data_set(JPEG2000, bytes(stream), "RGB")
    with pytest.raises(dicomet.PixelDataError, match="frame 0: the codestream has components of different bit depth"):
        dicomet.pixel_array(ds)


@pytest.mark.parametrize("transform", [1, 2, 3])
def test_hp_transform_is_inverted_or_refused(transform):
    ds = data_set(JPEGLSLossless, jpeg_ls(hp_transform(transform)), "RGB")
    r, g, b = np.moveaxis(PIXELS.astype(int), -1, 0)
    if transform == 1:
        expected = [r + g - 128, g, b + g - 128]
    elif transform == 2:
        red = (r + g - 128) % 256
        expected = [red, g, b + ((red + g) >> 1) - 128]
    else:
        green = (r - ((g + b) >> 2) + 64) % 256
        expected = [b + green - 128, green, g + green - 128]
    assert np.array_equal(dicomet.pixel_array(ds), np.stack(expected, axis=-1) % 256)
    with pytest.raises(dicomet.PixelDataError, match=f"pylibjpeg: does not invert the HP color transform {transform}"):
        dicomet.pixel_array(ds, decoding_plugin="pylibjpeg")

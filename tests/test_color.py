"""YBR_FULL and RGB: every one of the 2^24 inputs, against exact fractions and against pydicom.

pydicom computes with 32-bit floats, so that its result depends on how the machine's BLAS adds. dicomet's result is
exact. The difference is documented here: these tests fail where it is another.
"""

import numpy as np
import oracle
import pytest
from oracle import Image
from pydicom.pixels import convert_color_space

import dicomet

# Where Cb and Cr are these, G is so near to one half that 32-bit floats can round it to the other side.
TIES = {(78, 178), (178, 78)}
FUSED = {(y, 78, 178) for y in range(19, 47)}
"""The 28 inputs for which OpenBLAS with fused multiply-add, so on most machines, gives another G."""
NOT_FUSED = {(y, 178, 78) for y in range(14)}
"""The 14 inputs for which it does so without."""
RGB_TO_YBR = (481, 824)
"""The number of inputs for which OpenBLAS gives another Y: with fused multiply-add, and without."""
OPENBLAS = "openblas" in np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"]


def planes():
    """All inputs, 2^16 at a time: the first sample is fixed, the others take every value."""
    second, third = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8), indexing="ij")
    for first in range(256):
        yield np.stack([np.full_like(second, first), second, third], axis=-1)


def image_of_everything(photometric: str) -> bytes:
    """A file with 4096 x 4096 pixels, one for each input."""
    values = np.concatenate(list(planes())).reshape(1, 4096, 4096, 3)
    image = Image(values, 8, 8, photometric=photometric)
    return oracle.dicom_file(oracle.elements(image, oracle.native(image), "OB"))


@pytest.fixture(scope="module")
def rgb():
    """dicomet's RGB for every YBR_FULL, by Y, Cb and Cr."""
    return dicomet.pixel_array(image_of_everything("YBR_FULL")).reshape(256, 256, 256, 3)


@pytest.fixture(scope="module")
def ybr():
    """dicomet's YBR_FULL for every RGB, by R, G and B."""
    return dicomet.pixel_array(image_of_everything("RGB"), force_ybr=True).reshape(256, 256, 256, 3)


def test_ybr_to_rgb_is_exact(rgb):
    for y, inputs in enumerate(planes()):
        assert np.array_equal(rgb[y], oracle.ybr_to_rgb(inputs)), f"Y {y}"


def test_rgb_to_ybr_is_exact(ybr):
    for r, inputs in enumerate(planes()):
        assert np.array_equal(ybr[r], oracle.rgb_to_ybr(inputs)), f"R {r}"


def differences(ours: np.ndarray, current: str, desired: str) -> dict[tuple[int, int, int], list[int]]:
    """The inputs for which pydicom gives something else, and by how much for each sample."""
    found = {}
    for first, inputs in enumerate(planes()):
        theirs = convert_color_space(inputs, current, desired)
        difference = theirs.astype(int) - ours[first]
        for second, third in zip(*np.nonzero(difference.any(axis=-1)), strict=True):
            found[first, int(second), int(third)] = difference[second, third].tolist()
    return found


def test_ybr_to_rgb_differs_from_pydicom_by_one_in_known_places(rgb):
    found = differences(rgb, "YBR_FULL", "RGB")
    assert {(cb, cr) for _, cb, cr in found} <= TIES
    assert {tuple(map(abs, difference)) for difference in found.values()} <= {(0, 1, 0)}
    assert set(found) in (FUSED, NOT_FUSED) or not OPENBLAS


def test_rgb_to_ybr_differs_from_pydicom_by_one_in_luminance_where_that_is_a_tie(ybr):
    found = differences(ybr, "RGB", "YBR_FULL")
    assert {tuple(map(abs, difference)) for difference in found.values()} <= {(1, 0, 0)}
    assert all((299 * r + 587 * g + 114 * b) % 1000 == 500 for r, g, b in found)
    assert len(found) in RGB_TO_YBR or not OPENBLAS


def test_narrow_images_are_converted_like_wide_ones(rgb):
    """The inputs that pydicom converts in one way or another, in images of every width up to 20."""
    inputs = np.array([(y, cb, cr) for cb, cr in sorted(TIES) for y in range(256)], np.uint8)
    for columns in range(1, 21):
        pixels = inputs[: len(inputs) // columns * columns]
        image = Image(pixels.reshape(1, -1, columns, 3), 8, 8, photometric="YBR_FULL")
        narrow = dicomet.pixel_array(oracle.dicom_file(oracle.elements(image, oracle.native(image), "OB")))
        assert np.array_equal(narrow.reshape(-1, 3), rgb[tuple(pixels.T)])

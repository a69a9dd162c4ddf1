"""Color conversion under `install()`: every color as pydicom converts it."""

import numpy as np
import pytest
from call_outcome import array
from install_images import dataset
from pydicom.pixels import convert_color_space

import dicomet
from dicomet.dropin import calibration

pytestmark = pytest.mark.usefixtures("pydicom_stays_as_it_was")


def all_colors() -> np.ndarray:
    first, second, third = np.meshgrid(*[np.arange(256, dtype=np.uint8)] * 3, indexing="ij")
    return np.stack([first, second, third], axis=-1).reshape(4096, 4096, 3)


@pytest.mark.parametrize("layout", ["side by side", "planes", "one column"])
@pytest.mark.parametrize(("current", "desired"), [("YBR_FULL", "RGB"), ("RGB", "YBR_FULL"), ("YBR_FULL_422", "RGB")])
def test_every_color_as_pydicom_has_it_on_this_machine(current, desired, layout):
    colors = all_colors()
    if layout == "planes":
        colors = np.ascontiguousarray(colors.transpose(2, 0, 1)).transpose(1, 2, 0)
    if layout == "one column":
        colors = colors.reshape(-1, 1, 3)
    expected = convert_color_space(colors, current, desired)
    with dicomet.install():
        found = convert_color_space(colors, current, desired)
    assert np.array_equal(found, expected)
    assert array(found[:2, :2])[1:6] == array(expected[:2, :2])[1:6]
    assert (found.strides, found.flags.owndata) == (expected.strides, expected.flags.owndata)


@pytest.mark.parametrize("conversion", ["ybr_to_rgb", "rgb_to_ybr"])
def test_a_matrix_product_of_another_kind_is_left_to_pydicom(monkeypatch, conversion):
    original = calibration.ORIGINALS[conversion]
    # Of a shape that no other test decodes.
    ds = dataset(np.zeros((4, 1, 3), np.uint8), "YBR_FULL", SOPInstanceUID="1.2")
    ds.Rows, ds.Columns, ds.PixelData = 37, 11, bytes(37 * 11 * 3 + 1)
    with dicomet.install():
        monkeypatch.setitem(calibration.ORIGINALS, conversion, lambda arr: original(arr) ^ 1)
        calibration.arithmetic_of_pydicom.cache_clear()
        assert calibration.arithmetic_of_pydicom(conversion, planar=False, single_column=False) is None
        before = dicomet.stats().taken
        assert ds.pixel_array.shape == (37, 11, 3)
        assert dicomet.stats().taken == before + (conversion == "rgb_to_ybr")
    calibration.arithmetic_of_pydicom.cache_clear()

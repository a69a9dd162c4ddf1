"""`index` and `indices`: one frame by its number."""

import numpy as np
import pytest
from small_images import DATA, EXPECTED, FRAMES, IMAGE, rle

import dicomet


@pytest.mark.parametrize("index", [2, np.int8(2), np.uint64(2), np.array(2)], ids=repr)
def test_index(index):
    assert np.array_equal(dicomet.pixel_array(DATA, index=index), EXPECTED[2])


@pytest.mark.parametrize("data", [DATA, rle(IMAGE)], ids=["native", "RLE"])
@pytest.mark.parametrize("index", [-1 - FRAMES, -(2**70), FRAMES, 2**31, np.int64(FRAMES), 2**63, 2**64])
def test_index_outside_the_image(data, index):
    message = f"found index {index} of 3 frames, expected -3 to 2"
    with pytest.raises(dicomet.FrameIndexError, match=message):
        dicomet.pixel_array(data, index=index)
    with pytest.raises(dicomet.FrameIndexError, match=message):
        list(dicomet.iter_pixels(data, indices=[0, index]))


@pytest.mark.parametrize("index", [1.0, "1", [1], np.array([0, 1])], ids=repr)
def test_index_that_is_no_integer(index):
    with pytest.raises(TypeError):
        dicomet.pixel_array(DATA, index=index)
    with pytest.raises(TypeError):
        list(dicomet.iter_pixels(DATA, indices=[index]))


def test_a_fractional_index():
    with pytest.raises(TypeError):
        dicomet.pixel_array(DATA, index=1.0)

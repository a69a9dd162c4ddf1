"""`out`: decoding into memory of the caller."""

import numpy as np
import pytest
from small_images import COLUMNS, DATA, EXPECTED, FRAMES, IMAGE, ROWS, rle

import dicomet


def test_out_may_be_a_view_of_contiguous_memory():
    memory = np.full((2, *EXPECTED.shape), 0xA5A5, np.uint16)
    assert dicomet.pixel_array(DATA, out=memory[1]).base is memory
    assert np.array_equal(memory[1], EXPECTED)
    assert (memory[0] == 0xA5A5).all()


def read_only(shape: tuple[int, ...]) -> np.ndarray:
    array = np.empty(shape, np.uint16)
    array.flags.writeable = False
    return array


SHAPE = (FRAMES, ROWS, COLUMNS)
WRONG = {
    "dtype": np.empty(SHAPE, np.int16),
    "byte order": np.empty(SHAPE, np.dtype(np.uint16).newbyteorder("S")),
    "a frame": np.empty(SHAPE[1:], np.uint16),
    "transposed": np.empty(SHAPE[::-1], np.uint16),
    "flat": np.empty(np.prod(SHAPE), np.uint16),
    "larger": np.empty((FRAMES + 1, ROWS, COLUMNS), np.uint16),
    "Fortran order": np.empty(SHAPE, np.uint16, order="F"),
    "gaps": np.empty((FRAMES, ROWS, 2 * COLUMNS), np.uint16)[..., ::2],
    "backwards": np.empty(SHAPE, np.uint16)[::-1],
    "read-only": read_only(SHAPE),
}


@pytest.mark.parametrize("data", [DATA, rle(IMAGE)], ids=["native", "RLE"])
@pytest.mark.parametrize("out", WRONG.values(), ids=WRONG)
def test_out_that_does_not_fit(out, data):
    with pytest.raises(dicomet.PixelDataError, match="'out'"):
        dicomet.pixel_array(data, out=out)


@pytest.mark.parametrize("out", [[], bytearray(144), memoryview(bytearray(144))], ids=lambda out: type(out).__name__)
def test_out_that_is_no_array(out):
    with pytest.raises(TypeError, match="'out'"):
        dicomet.pixel_array(DATA, out=out)


def test_out_of_a_frame_is_not_one_of_the_image():
    with pytest.raises(dicomet.PixelDataError, match="'out'"):
        next(dicomet.iter_pixels(DATA, out=np.empty(SHAPE, np.uint16)))
    with pytest.raises(dicomet.PixelDataError, match="'out'"):
        dicomet.pixel_array(DATA, index=0, out=np.empty(SHAPE, np.uint16))

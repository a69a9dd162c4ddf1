"""`iter_pixels`: frames one at a time."""

import inspect

import numpy as np
import pydicom
import pydicom.pixels
import pytest
from small_images import DATA, EXPECTED, IMAGE, read, rle

import dicomet


def test_iteration_is_a_generator_as_in_pydicom():
    assert inspect.isgenerator(dicomet.iter_pixels("nowhere.dcm"))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "image.dcm"
    path.write_bytes(DATA)
    return path


def test_nothing_happens_before_the_first_frame_is_requested(tmp_path):
    path = tmp_path / "image.dcm"
    frames = dicomet.iter_pixels(path, rows=-1, out="not an array")
    path.write_bytes(DATA)
    with pytest.raises(dicomet.PixelDataError, match="Rows"):
        next(frames)


def test_frames_are_decoded_one_by_one():
    """The second frame is broken; the first one is there before that is seen."""
    frames = dicomet.iter_pixels(rle(IMAGE, shorten=(1, 0)))
    assert np.array_equal(next(frames), EXPECTED[0])
    with pytest.raises(dicomet.PixelDataError, match="frame 1"):
        next(frames)


def test_frames_do_not_share_memory():
    first, second, third = dicomet.iter_pixels(DATA)
    assert not np.shares_memory(first, second)
    assert not np.shares_memory(second, third)
    assert np.array_equal(first, EXPECTED[0])


def test_indices_of_any_iterable():
    for indices in ([2, 0, 2], (2, 0, 2), np.array([2, 0, 2]), iter([2, 0, 2]), (i for i in (2, 0, 2))):
        frames = list(dicomet.iter_pixels(DATA, indices=indices))
        assert np.array_equal(frames, EXPECTED[[2, 0, 2]])


@pytest.mark.parametrize("indices", [None, [], (), range(0)], ids=repr)
def test_no_indices_are_all_frames_as_in_pydicom(indices):
    ours = list(dicomet.iter_pixels(DATA, indices=indices))
    assert len(ours) == len(list(pydicom.pixels.iter_pixels(read(DATA), indices=indices)))

"""`ds_out`: the data set that pydicom's functions fill."""

import pydicom
import pydicom.pixels
import pytest
from files import ROOTS
from small_images import DATA, FUNCTIONS, ROWS, SHORT, read

import dicomet


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "image.dcm"
    path.write_bytes(DATA)
    return path


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("tags", [None, [], [0x00100010, 0x00080018, 0x00400000]], ids=str)
@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small_expb.dcm", "MR_small_RLE.dcm", "examples_palette.dcm"])
def test_ds_out_is_that_of_pydicom(name, tags, function):
    path, ours, theirs = ROOTS["pydicom"] / name, pydicom.Dataset(), pydicom.Dataset()
    ours.PatientComments = theirs.PatientComments = "stays"
    for module, dataset in ((dicomet, ours), (pydicom.pixels, theirs)):
        result = getattr(module, function)(path, ds_out=dataset, specific_tags=tags)
        if function == "iter_pixels":
            next(result)
    assert list(ours._dict) == list(theirs._dict)
    assert ours == theirs
    assert ours.file_meta == theirs.file_meta
    assert ours.original_encoding == theirs.original_encoding


def test_ds_out_is_filled_before_the_first_frame():
    dataset = pydicom.Dataset()
    frames = dicomet.iter_pixels(SHORT, ds_out=dataset, indices=[2])
    assert len(dataset) == 0
    with pytest.raises(dicomet.PixelDataError):
        next(frames)
    assert dataset.Rows == ROWS


def test_ds_out_of_an_image_that_fails_stays_empty():
    dataset = pydicom.Dataset()
    with pytest.raises(dicomet.PixelDataError):
        dicomet.pixel_array(SHORT, ds_out=dataset)
    assert len(dataset) == 0


def test_ds_out_is_not_for_datasets():
    dataset = pydicom.Dataset()
    dicomet.pixel_array(read(DATA), ds_out=dataset)
    assert len(dataset) == 0

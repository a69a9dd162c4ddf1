"""The number of a frame: from 0, or from -1 backwards, alike in all functions that take one."""

import numpy as np
import pydicom
import pytest
from convert_files import dicom
from hypothesis import given
from hypothesis import strategies as st

import dicomet
from dicomet.__main__ import main
from dicomet.loaders.loading import FrameLoader

FRAMES = 5
VALUES = (np.arange(FRAMES * 12, dtype=np.uint8) * 3).reshape(FRAMES, 3, 4)


def rle() -> bytes:
    dataset = pydicom.dcmread(pydicom.filebase.DicomBytesIO(dicom(VALUES, frames=FRAMES)))
    dataset.compress(pydicom.uid.RLELossless, encoding_plugin="pydicom")
    file = pydicom.filebase.DicomBytesIO()
    dataset.save_as(file)
    return file.getvalue()


SOURCES = {"native": dicom(VALUES, frames=FRAMES), "RLE": rle()}


READERS = {
    "pixel_array": lambda src, index: dicomet.pixel_array(src, index=index),
    "iter_pixels": lambda src, index: next(dicomet.iter_pixels(src, indices=[index])),
    "open": lambda src, index: dicomet.open(src)[index],
    "OpenImage.frame": lambda src, index: dicomet.open(src).frame(index),
    "pixel_arrays": lambda src, index: next(dicomet.pixel_arrays([src], index=index)),
    "to_display": lambda src, index: dicomet.to_display(src, index=index),
    "modality_values": lambda src, index: dicomet.modality_values(src, index=index),
    "loaders": lambda src, index: FrameLoader("stored", frames=index)(src)[..., 0],
}


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frames")
    for name, content in SOURCES.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("source", SOURCES)
@given(st.integers(-2 * FRAMES, 2 * FRAMES) | st.integers(-(2**70), 2**70))
def test_all_functions_count_as_numpy_does(paths, source, reader, index):
    read, path = READERS[reader], paths / source
    try:
        expected = list(VALUES)[index]
    except IndexError:
        with pytest.raises(dicomet.FrameIndexError, match=rf"found index {index} of 5 frames, expected -5 to 4"):
            read(path, index)
    else:
        np.testing.assert_array_equal(read(path, index), expected)


@pytest.mark.parametrize("reader", READERS)
def test_what_is_raised_can_be_caught_in_either_way(paths, reader):
    for kind in (IndexError, dicomet.PixelDataError, ValueError):
        with pytest.raises(kind) as raised:
            READERS[reader](paths / "native", FRAMES)
    assert raised.value.frame == FRAMES
    assert raised.value.element == "(0028,0008) Number of Frames"


@pytest.mark.parametrize("index", [1.0, "1", [1]])
@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_integer(paths, reader, index):
    with pytest.raises(TypeError):
        READERS[reader](paths / "native", index)


@pytest.mark.parametrize("index", range(-FRAMES - 1, FRAMES + 1))
def test_convert(paths, tmp_path, index, capsys):
    out = tmp_path / "x.npy"
    arguments = ["convert", str(paths / "native"), "-o", str(out), "--values", "stored", "--frames", str(index)]
    if -FRAMES <= index < FRAMES:
        dicomet.convert_file(paths / "RLE", tmp_path / "y.npy", frames=index, values="stored")
        np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), VALUES[index])
        assert main(arguments) == 0
        np.testing.assert_array_equal(np.load(out), VALUES[index])
        return
    with pytest.raises(dicomet.FrameIndexError, match=f"found index {index} of 5 frames"):
        dicomet.convert_file(paths / "native", out, frames=index)
    assert main(arguments) == 1
    assert f"found index {index} of 5 frames, expected -5 to 4" in capsys.readouterr().err
    assert not out.exists()


def test_frames_in_excess_count():
    """From the end of what there is, as `open` does."""
    data = pydicom.dcmread(pydicom.filebase.DicomBytesIO(SOURCES["RLE"]))
    data.NumberOfFrames = FRAMES - 2
    with pytest.warns(UserWarning, match="Number of Frames: found 5 frames, expected 3"):
        found = dicomet.pixel_array(data, index=-1)
    np.testing.assert_array_equal(found, VALUES[-1])


def test_pydicom_refuses_negative_numbers_still():
    data = pydicom.dcmread(pydicom.filebase.DicomBytesIO(SOURCES["native"]))
    with dicomet.install(), pytest.raises(ValueError, match="greater than or equal to 0"):
        pydicom.pixels.pixel_array(data, index=-1)

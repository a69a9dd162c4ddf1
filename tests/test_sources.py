"""Sources: paths, buffers, file objects and data sets, and the state in which they are returned."""

import gc
import gzip
import io
import mmap
import os
import warnings

import numpy as np
import oracle
import pydicom
import pydicom.pixels
import pytest
from files import ROOTS
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from small_images import DATA, EXPECTED, FUNCTIONS, IMAGE, SHORT, SOURCES, all_frames, read, rle

import dicomet


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "image.dcm"
    path.write_bytes(DATA)
    return path


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_source(path, source, function):
    assert np.array_equal(all_frames(function, source(path)), EXPECTED)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("buffering", [0, 10, -1])
def test_open_file(path, function, buffering):
    with path.open("rb", buffering) as file:
        assert np.array_equal(all_frames(function, file), EXPECTED)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("data", [DATA, rle(IMAGE)], ids=["native", "RLE"])
def test_memory_map(tmp_path, data, function):
    """A file-like of which `seek` returns nothing, before Python 3.13."""
    path = tmp_path / "image.dcm"
    path.write_bytes(data)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as source:
        assert np.array_equal(all_frames(function, source), EXPECTED)


def test_compressed_file():
    path = ROOTS["pydicom"] / "zipMR.gz"
    with gzip.open(path) as ours, gzip.open(path) as theirs:
        assert np.array_equal(dicomet.pixel_array(ours), pydicom.pixels.pixel_array(theirs))


def with_buffered_value(data: bytes, position: int) -> tuple[pydicom.Dataset, io.BytesIO]:
    """A Dataset whose pixel data is a file, open at the beginning of the value."""
    dataset = read(data)
    buffer = io.BytesIO(b"\xa5" * position + dataset.PixelData)
    buffer.seek(position)
    dataset.PixelData = buffer
    return dataset, buffer


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("data", [DATA, rle(IMAGE)], ids=["native", "RLE"])
@pytest.mark.parametrize("position", [0, 100])
def test_dataset_with_pixel_data_in_a_file(data, position, function):
    dataset, buffer = with_buffered_value(data, position)
    assert np.array_equal(pydicom.pixels.pixel_array(dataset), EXPECTED)
    assert np.array_equal(all_frames(function, dataset), EXPECTED)
    assert buffer.tell() == position


def test_dataset_is_not_changed():
    dataset, before = read(DATA), read(DATA)
    dicomet.pixel_array(dataset)
    assert dataset == before
    assert dataset.file_meta == before.file_meta
    assert "_pixel_array" not in vars(dataset) or dataset._pixel_array is None


@pytest.mark.parametrize("function", FUNCTIONS)
def test_text_file_is_refused(path, function):
    with path.open(encoding="latin-1") as file, pytest.raises(TypeError, match="text mode"):
        all_frames(function, file)
    with pytest.raises(TypeError, match="text mode"):
        all_frames(function, io.StringIO("text"))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_missing_file(tmp_path, function):
    with pytest.raises(FileNotFoundError):
        all_frames(function, tmp_path / "image.dcm")


@pytest.mark.parametrize("source", [None, 1.5, object(), [DATA]], ids=lambda source: type(source).__name__)
def test_source_of_another_type(source):
    with pytest.raises(TypeError, match="expected a path, a binary file object, bytes"):
        dicomet.pixel_array(source)


def test_numbers_are_not_taken_for_open_files(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with pytest.raises(TypeError):
            dicomet.pixel_array(descriptor)
        os.fstat(descriptor)
    finally:
        os.close(descriptor)


def test_empty_file_is_refused_as_by_pydicom():
    with pytest.raises(AttributeError):
        pydicom.pixels.pixel_array(io.BytesIO())
    for source in (b"", io.BytesIO()):
        with pytest.raises(dicomet.MissingElementError, match="not a DICOM file: it is empty"):
            dicomet.pixel_array(source)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("data", [DATA, SHORT, b"no image"], ids=["image", "error", "no DICOM file"])
def test_file_position_is_restored(data, function):
    file = io.BytesIO(data)
    file.seek(5)
    if data == DATA:
        all_frames(function, file)
    else:
        with pytest.raises(dicomet.PixelDataError):
            all_frames(function, file)
    assert file.tell() == 5


def test_file_position_is_restored_by_an_iteration_that_is_broken_off():
    file = io.BytesIO(DATA)
    file.seek(5)
    frames = dicomet.iter_pixels(file)
    next(frames)
    frames.close()
    assert file.tell() == 5


def test_iterations_over_one_file_do_not_disturb_each_other():
    file = io.BytesIO(DATA)
    both = zip(dicomet.iter_pixels(file), dicomet.iter_pixels(file, indices=[2, 1, 0]), strict=True)
    for index, (up, down) in enumerate(both):
        assert np.array_equal(up, EXPECTED[index])
        assert np.array_equal(down, EXPECTED[2 - index])


@pytest.mark.parametrize("use", ["pixel_array", "iter_pixels", "broken off", "error"])
def test_own_file_is_closed(tmp_path, use):
    path = tmp_path / "image.dcm"
    path.write_bytes(SHORT if use == "error" else DATA)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if use == "error":
            with pytest.raises(dicomet.PixelDataError):
                dicomet.pixel_array(path)
        elif use == "broken off":
            next(dicomet.iter_pixels(path))
        else:
            all_frames(use, path)
        gc.collect()
    assert [warning for warning in caught if issubclass(warning.category, ResourceWarning)] == []


@pytest.mark.parametrize("without", ["preamble", "meta information"])
@pytest.mark.parametrize(
    "transfer_syntax",
    [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian],
    ids=lambda uid: uid.keyword,
)
def test_files_that_do_not_begin_like_one(transfer_syntax, without):
    big_endian = not transfer_syntax.is_little_endian
    found = oracle.elements(IMAGE, oracle.native(IMAGE, big_endian=big_endian), "OW", big_endian=big_endian)
    data = oracle.dicom_file(found, transfer_syntax).removeprefix(bytes(128) + b"DICM")
    if without == "preamble":
        assert np.array_equal(dicomet.pixel_array(data), EXPECTED)
        return
    _, _, rest = data.partition(transfer_syntax.encode() + bytes(len(transfer_syntax) % 2))
    with pytest.raises(dicomet.MissingElementError, match="transfer_syntax_uid"):
        dicomet.pixel_array(rest)
    for uid in (transfer_syntax, str(transfer_syntax)):
        assert np.array_equal(dicomet.pixel_array(rest, transfer_syntax_uid=uid), EXPECTED)

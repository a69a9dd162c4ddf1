"""`view_only`: arrays that share the memory of the source."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import oracle
import pydicom
import pytest
from open_images import INPUTS
from oracle import Image
from small_images import DATA, IMAGE, ramp, rle

import dicomet


@pytest.fixture(params=INPUTS.values(), ids=INPUTS)
def path(tmp_path, request):
    path = tmp_path / "image.dcm"
    path.write_bytes(request.param)
    return path


def view_of(source, **options) -> np.ndarray:
    return dicomet.pixel_array(source, view_only=True, **options)


@pytest.fixture
def samples(tmp_path):
    """All 16 bits are stored, so that the samples are the answer already."""
    image = Image(np.arange(3 * 4 * 6, dtype=np.uint16).reshape(3, 4, 6, 1) * 911, 16, 16)
    path = tmp_path / "samples.dcm"
    path.write_bytes(oracle.dicom_file(oracle.elements(image, oracle.native(image), "OW")))
    return path


@pytest.mark.parametrize(
    "source", [Path.read_bytes, pydicom.dcmread, Path, str], ids=["bytes", "Dataset", "Path", "str"]
)
def test_a_view_where_the_samples_are_the_answer(samples, source):
    expected = dicomet.pixel_array(samples)
    src = source(samples)
    for options, wanted in (({}, expected), ({"index": 1}, expected[1])):
        view = view_of(src, **options)
        assert np.array_equal(view, wanted)
        assert (view.shape, view.dtype) == (wanted.shape, wanted.dtype)
        assert not view.flags.writeable
        assert not view.flags.owndata
    for view, wanted in zip(dicomet.iter_pixels(src, view_only=True), expected, strict=True):
        assert np.array_equal(view, wanted)
        assert not view.flags.writeable
    with dicomet.open(src, view_only=True) as image:
        view = image[1:]
    assert np.array_equal(view, expected[1:])
    assert not view.flags.writeable


def test_a_view_of_memory_is_that_memory(samples):
    data = samples.read_bytes()
    view = view_of(data)
    start = np.frombuffer(data, np.uint8).ctypes.data
    assert start <= view.ctypes.data < start + len(data)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="descriptors are counted where the system lists them")
def test_views_of_one_image_share_a_map(samples):
    with dicomet.open(samples, view_only=True) as image:
        views = [image[index % 3] for index in range(50)]
        before = len(list(Path("/proc/self/fd").iterdir()))
        views += [image[index % 3] for index in range(50)]
        assert len(list(Path("/proc/self/fd").iterdir())) == before
        assert np.array_equal(np.asarray(image), np.stack(views[:3]))
        assert not image.__array__(copy=False).flags.owndata


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs limits of a Unix process")
def test_a_view_that_is_not_available_is_an_error(samples):
    """Not by a copy of each file, which would fill the memory."""
    program = (
        "import resource, sys, dicomet\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60))\n"
        "views = [dicomet.pixel_array(sys.argv[1], view_only=True) for _ in range(100)]"
    )
    done = subprocess.run([sys.executable, "-c", program, samples], capture_output=True, text=True, check=False)  # noqa: S603
    assert "Too many open files" in done.stderr


def test_a_view_keeps_its_file(samples):
    view = view_of(samples)
    expected = dicomet.pixel_array(samples)
    samples.unlink()
    assert np.array_equal(view, expected)


@pytest.mark.parametrize(
    "data",
    [
        DATA,
        rle(IMAGE),
        oracle.dicom_file(oracle.elements(color := ramp(3, 8, 8, planar=1), oracle.native(color), "OB")),
    ],
    ids=["bits to correct", "RLE", "planes"],
)
def test_no_view_where_there_is_work_to_do(data):
    array = view_of(data)
    assert np.array_equal(array, dicomet.pixel_array(data))
    assert array.flags.owndata
    assert array.flags.writeable


def test_no_view_into_memory_of_the_callers(samples):
    out = np.empty((3, 4, 6), np.uint16)
    assert view_of(samples, out=out) is out


def test_no_view_of_memory_that_can_change(samples):
    data = bytearray(samples.read_bytes())
    view = view_of(data)
    expected = view.copy()
    data[-100:] = bytes(100)
    assert np.array_equal(view, expected)


def test_no_view_of_samples_across_words():
    """A value that begins at an odd multiple of 4 bytes holds no aligned 64-bit samples."""
    image = Image(np.arange(2 * 3 * 5, dtype=np.float64).reshape(2, 3, 5, 1), 64, 64, keyword="DoubleFloatPixelData")
    data = oracle.dicom_file(oracle.elements(image, oracle.native(image), "OD"))
    for more in (b"", b"\0" * 4):
        memory = memoryview(more + data)[len(more) :]
        array = view_of(memory)
        assert array.flags.aligned
        assert np.array_equal(array, dicomet.pixel_array(data))

"""`open`: an image as a sequence of frames, decoded on demand."""

import io
import os
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import numpy as np
import oracle
import pydicom
import pytest
from open_images import CASES, INPUTS, large
from oracle import Image
from pydicom.uid import RLELossless
from small_images import DATA, EXPECTED, IMAGE, SOURCES, ramp, rle

import dicomet


@pytest.fixture(params=INPUTS.values(), ids=INPUTS)
def path(tmp_path, request):
    path = tmp_path / "image.dcm"
    path.write_bytes(request.param)
    return path


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_file(case):
    expected = dicomet.pixel_array(case.path)
    with dicomet.open(case.path) as image:
        expected = expected.reshape(image.shape)
        assert (image.dtype, image.ndim, len(image)) == (expected.dtype, expected.ndim, len(expected))
        last = len(image) - 1
        for index in {0, last // 2, last}:
            assert np.array_equal(image.frame(index), expected[index], equal_nan=expected.dtype.kind == "f")
        assert image[:].tobytes() == expected.tobytes()


def test_a_sequence_of_frames(path):
    expected = dicomet.pixel_array(path).reshape(-1, 4, 6)
    count = len(expected)
    with dicomet.open(path) as image:
        assert len(image) == count
        assert image.shape == expected.shape
        for key in (0, -1, count - 1, np.int64(0), slice(None), slice(1, 3), slice(2, 0, -1), slice(5, 9), slice(0, 0)):
            found = image[key]
            assert np.array_equal(found, expected[key])
            assert (found.shape, found.dtype) == (expected[key].shape, expected[key].dtype)
            assert found.flags.c_contiguous
            assert found.flags.writeable
        assert np.array_equal(list(image), expected)
        assert np.array_equal(np.asarray(image), expected)
        assert np.array_equal(np.asarray(image, dtype=np.float32), expected.astype(np.float32))
        for index in (count, -count - 1, 10**30):
            with pytest.raises(IndexError):
                image[index]
        for key in ("0", 1.0, None, (0, 1)):
            with pytest.raises(TypeError):
                image[key]


def test_a_frame_into_memory_of_the_callers(path):
    with dicomet.open(path) as image:
        out = np.full((4, 6), 0xA5A5, np.uint16)
        assert image.frame(-1, out=out) is out
        assert np.array_equal(out, image[-1])
        with pytest.raises(dicomet.PixelDataError, match="'out'"):
            image.frame(0, out=out[:3])


def test_an_image_without_a_copy_is_no_array(path):
    with dicomet.open(path) as image, pytest.raises(ValueError, match="needs stored samples that are the result"):
        image.__array__(copy=False)


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_source(tmp_path, source):
    path = tmp_path / "image.dcm"
    path.write_bytes(DATA)
    with dicomet.open(source(path)) as image:
        assert np.array_equal(image[:], EXPECTED)


def test_options():
    ybr = oracle.dicom_file(oracle.elements(image := ramp(3, 8, 8, photometric="YBR_FULL"), oracle.native(image), "OB"))
    for options in ({"raw": True}, {"raw": False}, {"rows": 2}, {"workers": 1}):
        with dicomet.open(ybr, **options) as opened:
            assert np.array_equal(opened[1], dicomet.pixel_array(ybr, index=1, **options))


def test_after_closing(path):
    image = dicomet.open(path)
    assert not image.closed
    image.close()
    image.close()
    assert image.closed
    for use in (lambda: image[0], lambda: len(image), lambda: image.shape, lambda: image.dtype, lambda: list(image)):
        with pytest.raises(ValueError, match="closed"):
            use()


def test_a_file_of_the_callers_stays_open(path):
    with path.open("rb") as file:
        with dicomet.open(file) as image:
            first = image[0]
        assert np.array_equal(dicomet.pixel_array(file, index=0), first)


def test_an_error_names_the_defect(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.dcm") as missing:
        dicomet.open(tmp_path / "nothing.dcm")
    assert missing.value.errno == 2
    assert missing.value.filename == str(tmp_path / "nothing.dcm")
    with pytest.raises(IsADirectoryError, match=tmp_path.name):
        dicomet.open(tmp_path)
    with pytest.raises(dicomet.MissingElementError):
        dicomet.open(b"no image")
    with pytest.raises(ValueError, match=r"(?i)nul"):
        dicomet.open("a\0b")
    with dicomet.open(rle(IMAGE, shorten=(1, 0))) as image:
        assert np.array_equal(image[0], EXPECTED[0])
        with pytest.raises(dicomet.PixelDataError, match="frame 1, segment 0"):
            image[1]
        assert np.array_equal(image[2], EXPECTED[2])
        with pytest.raises(dicomet.PixelDataError, match="frame 1, segment 0"):
            image[1:]


def test_the_frame_index_is_built_once(tmp_path):
    path = tmp_path / "image.dcm"
    path.write_bytes(rle(IMAGE, table=False))
    with dicomet.open(path) as image:
        locator = image._frames._locator
        # Without an offset table every frame needs the index of all.
        locator._pixel_data = counted = mock.Mock(wraps=locator._pixel_data)
        for index in (0, 2, 1):
            assert np.array_equal(image[index], EXPECTED[index])
        assert np.array_equal(image[:], EXPECTED)
    assert counted.build_frame_index.call_count == 1


class OfOneThread(io.BytesIO):
    """Must be used by the thread that made it, as some objects are; and the position is everybody's."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.owner = threading.get_ident()

    def read(self, size=-1):
        assert threading.get_ident() == self.owner
        return super().read(size)


def test_an_object_is_read_by_the_callers_thread():
    data = large(10)
    assert np.array_equal(dicomet.pixel_array(OfOneThread(data)), dicomet.pixel_array(data))


@pytest.mark.parametrize("kind", ["path", "bytes", "object"])
@pytest.mark.parametrize("data", [large(6), rle(IMAGE, table=False)], ids=["native", "RLE"])
def test_threads_share_an_image(tmp_path, data, kind):
    path = tmp_path / "image.dcm"
    path.write_bytes(data)
    expected = dicomet.pixel_array(data)
    # `Path` objects and bytes are read at any place at once; an object has one position only.
    source = {"path": path, "bytes": data, "object": type("Object", (io.BytesIO,), {})(data)}[kind]
    with dicomet.open(source) as image, ThreadPoolExecutor(8) as pool:
        numbers = [index % len(expected) for index in range(60)]
        for number, frame in zip(numbers, pool.map(image.frame, numbers), strict=True):
            assert np.array_equal(frame, expected[number])


class Reentrant(io.BytesIO):
    """Requests a frame while it is read for one."""

    image = None

    def read(self, size=-1):
        if self.image is not None:
            self.image.frame(0)
        return super().read(size)


def test_a_source_that_reads_itself():
    source = Reentrant(DATA)
    with dicomet.open(source) as image:
        source.image = image
        with pytest.raises(RuntimeError, match="by the same thread"):
            image[1]
        source.image = None
        assert np.array_equal(image[1], EXPECTED[1])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="seek"):
        dicomet.open(tmp_path / "pipe")


@pytest.mark.parametrize("mode", ["rb", "r+b"])
def test_the_position_of_pixel_data_in_a_file_is_restored(tmp_path, mode):
    dataset = pydicom.dcmread(io.BytesIO(DATA))
    path = tmp_path / "value"
    path.write_bytes(b"1234" + dataset.PixelData)
    with path.open(mode) as file:
        file.seek(4)
        dataset.PixelData = file
        with dicomet.open(dataset) as image:
            assert np.array_equal(image[:], EXPECTED)
            assert file.tell() == 4
            assert np.array_equal(dicomet.pixel_array(dataset), EXPECTED)


def test_frames_that_cannot_be_are_refused_before_memory_is_allocated():
    value = oracle.encapsulated([oracle.fragments(oracle.rle_frame([b"\0\1"]), [])] * 4, table=False)
    image = Image(np.broadcast_to(np.uint8(0), (4, 65535, 65535, 1)), 8, 8)
    with dicomet.open(oracle.dicom_file(oracle.elements(image, value, "OB"), RLELossless)) as opened:
        for key in (slice(None), slice(None, None, 2), slice(None, None, -1), 0):
            with pytest.raises(dicomet.PixelDataError, match="cannot hold"):
                opened[key]


def test_frames_before_a_damage(tmp_path):
    path = tmp_path / "image.dcm"
    path.write_bytes(DATA[:-2])
    with dicomet.open(path) as image:
        frames = iter(image)
        with pytest.warns(UserWarning, match="to the end of the file"):
            assert np.array_equal(next(frames), EXPECTED[0])
        assert np.array_equal(next(frames), EXPECTED[1])
        with pytest.raises(dicomet.PixelDataError, match="frame 2"):
            next(frames)
        with pytest.raises(dicomet.PixelDataError, match="found 142 bytes, expected 144"):
            len(image)


@pytest.mark.parametrize("name", ["index", "indices", "out", "ds_out", "specific_tags"])
def test_arguments_of_the_functions_are_refused(name):
    with pytest.raises(TypeError, match=f"no argument '{name}'"):
        dicomet.open(DATA, **{name: None})


def test_an_open_image_stays_in_its_process():
    with dicomet.open(DATA) as image:
        assert repr(image) == "<dicomet.OpenImage, 3 x (4, 6) uint16>"
        with pytest.raises(TypeError, match="open it there"):
            pickle.dumps(image)
    assert repr(image) == "<dicomet.OpenImage, closed>"


def test_a_file_that_shrinks_is_an_error(tmp_path):
    path = tmp_path / "image.dcm"
    path.write_bytes(data := large(3))
    with dicomet.open(path) as image:
        os.truncate(path, len(data) - 2)
        assert np.array_equal(image[1], dicomet.pixel_array(data, index=1))
        with pytest.raises(dicomet.PixelDataError, match="frame 2: found"):
            image[2]

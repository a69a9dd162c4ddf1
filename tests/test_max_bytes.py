"""`max_bytes=` and `DICOMET_MAX_BYTES`: an array that is larger is refused before it is allocated."""

import numpy as np
import oracle
import pytest
from oracle import Image
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, RLELossless

import dicomet

SAMPLES = np.arange(3 * 5 * 7, dtype=np.uint16).reshape(3, 5, 7, 1)
IMAGE = Image(SAMPLES, 16, 12)
FRAME, WHOLE = 70, 210
RLE = oracle.encapsulated([[oracle.rle_frame([b"\x00a" * 35] * 2)]] * 3, table=True)
FILES = {
    "native": oracle.dicom_file(oracle.elements(IMAGE, oracle.native(IMAGE), "OW"), ExplicitVRLittleEndian),
    "deflated": oracle.dicom_file(oracle.elements(IMAGE, oracle.native(IMAGE), "OW"), DeflatedExplicitVRLittleEndian),
    "RLE": oracle.dicom_file(oracle.elements(IMAGE, RLE, "OB"), RLELossless),
}
TOO_LARGE = r"Pixel Data: found an array of {} bytes, expected at most the {} of 'max_bytes'"


@pytest.fixture(params=FILES)
def file(request) -> bytes:
    return FILES[request.param]


# What is read a frame at a time.
IN_PARTS = pytest.mark.parametrize("file", ["native", "RLE"], indirect=True)


def refuses(size: int, limit: int):
    return pytest.raises(dicomet.PixelDataError, match=TOO_LARGE.format(size, limit))


def test_whole(file):
    assert dicomet.pixel_array(file, max_bytes=WHOLE).nbytes == WHOLE
    with refuses(WHOLE, WHOLE - 1) as raised:
        dicomet.pixel_array(file, max_bytes=WHOLE - 1)
    assert raised.value.element == "(7FE0,0010) Pixel Data"
    with refuses(WHOLE, 0):
        dicomet.pixel_array(dcmread(DicomBytesIO(file)), max_bytes=0)
    with refuses(WHOLE, FRAME):
        dicomet.pixel_array(file, max_bytes=FRAME, out=np.empty((3, 5, 7), np.uint16))


def test_deflated():
    """What is inflated for a frame counts, too."""
    file = FILES["deflated"]
    for call in (
        lambda limit: dicomet.pixel_array(file, index=2, max_bytes=limit),
        lambda limit: dicomet.open(file, max_bytes=limit)[0],
    ):
        assert call(WHOLE).nbytes == FRAME
        with pytest.raises(dicomet.PixelDataError, match=r"found 210 bytes to inflate, expected at most the 209"):
            call(WHOLE - 1)


@IN_PARTS
def test_frames(file):
    assert dicomet.pixel_array(file, index=2, max_bytes=FRAME).nbytes == FRAME
    assert len(list(dicomet.iter_pixels(file, max_bytes=FRAME))) == 3
    with refuses(FRAME, FRAME - 1):
        next(dicomet.iter_pixels(file, max_bytes=FRAME - 1))


@IN_PARTS
def test_open_and_many(file):
    with dicomet.open(file, max_bytes=2 * FRAME) as image:
        assert image[1:].nbytes == image[::2].nbytes == 2 * FRAME
        for part in (slice(None), slice(None, None, -1)):
            with refuses(WHOLE, 2 * FRAME):
                image[part]
    assert len(list(dicomet.pixel_arrays([file, file], max_bytes=WHOLE))) == 2
    with refuses(WHOLE, FRAME):
        list(dicomet.pixel_arrays([file], max_bytes=FRAME))


def test_paths(tmp_path, file):
    path = tmp_path / "image.dcm"
    path.write_bytes(file)
    with refuses(WHOLE, FRAME):
        list(dicomet.pixel_arrays([path], max_bytes=FRAME))
    with refuses(WHOLE, FRAME):
        dicomet.pixel_array(path, max_bytes=FRAME, view_only=True)


@IN_PARTS
def test_environment(monkeypatch, file):
    monkeypatch.setenv("DICOMET_MAX_BYTES", str(FRAME))
    with refuses(WHOLE, FRAME):
        dicomet.pixel_array(file)
    assert dicomet.pixel_array(file, index=0).nbytes == FRAME
    assert dicomet.pixel_array(file, max_bytes=WHOLE).nbytes == WHOLE


@pytest.mark.parametrize("said", ["", "none", "-1", "1e9", "1 GB", "9" * 5000])
def test_an_invalid_limit_is_an_error(monkeypatch, said):
    monkeypatch.setenv("DICOMET_MAX_BYTES", said)
    with pytest.raises(ValueError, match=r"DICOMET_MAX_BYTES: found '.*', expected a number of bytes"):
        dicomet.pixel_array(FILES["native"])
    with pytest.raises(ValueError, match="'max_bytes': found -1, expected a number of bytes"):
        dicomet.pixel_array(FILES["native"], max_bytes=-1)
    with pytest.raises(TypeError):
        dicomet.pixel_array(FILES["native"], max_bytes="1")

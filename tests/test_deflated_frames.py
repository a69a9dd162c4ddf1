"""Deflated Image Frame Compression (PS3.5 8.2.16, A.4.13) in all functions, and segmentations above all."""

import io
import zlib

import numpy as np
import oracle
import pydicom
import pydicom.pixels
import pytest
from oracle import DEFLATED_FRAMES, Image
from pydicom.uid import ExplicitVRLittleEndian
from random_images import assert_equal

import dicomet
from dicomet.info import describe

FRAMES, ROWS, COLUMNS = 7, 9, 13
"""117 pixels: in native form, only the first frame begins at a byte."""


def masks() -> Image:
    """Frames of single bits, some of them empty, as in a segmentation."""
    rng = np.random.default_rng(4)
    values = rng.integers(0, 2, (FRAMES, ROWS, COLUMNS, 1), dtype=np.uint8)
    values[2], values[5] = 0, 1
    return Image(values, 1, 1)


def gray(bits: int = 12) -> Image:
    values = np.arange(FRAMES * ROWS * COLUMNS).reshape(FRAMES, ROWS, COLUMNS, 1) * 5 % 2**bits
    return Image(values.astype(np.uint16), 16, bits)


def colors(planar: int = 0) -> Image:
    values = np.arange(FRAMES * ROWS * COLUMNS * 3).reshape(FRAMES, ROWS, COLUMNS, 3) % 251
    return Image(values.astype(np.uint8), 8, 8, photometric="RGB", planar=planar)


IMAGES = {"masks": masks(), "gray": gray(), "colors": colors(), "planes": colors(planar=1)}


def deflated(image: Image, *, table: bool = True, extended: bool = False) -> bytes:
    """The image as a file."""
    frames = [oracle.deflated(oracle.native(image.frame(index))) for index in range(image.frames)]
    value = oracle.encapsulated([[frame] for frame in frames], table=table and not extended)
    tables = oracle.extended_offset_table(frames) if extended else None
    return oracle.dicom_file(oracle.elements(image, value, "OB", extended=tables), DEFLATED_FRAMES)


def native(image: Image) -> bytes:
    return oracle.dicom_file(oracle.elements(image, oracle.native(image), "OW"), ExplicitVRLittleEndian)


@pytest.fixture(params=IMAGES)
def image(request):
    return IMAGES[request.param]


@pytest.fixture
def paths(tmp_path, image):
    """The image, and the same image in native form."""
    found = tmp_path / "deflated.dcm", tmp_path / "native.dcm"
    found[0].write_bytes(deflated(image))
    found[1].write_bytes(native(image))
    return found


def test_a_frame_is_a_deflate_stream_of_its_own():
    """An encoder by hand: one literal block without compression, and the padding of A.4.13."""
    samples = bytes(range(9))
    block = b"\x01\x09\x00\xf6\xff" + samples
    assert zlib.decompress(block, wbits=-15) == samples
    image = Image(np.frombuffer(samples, np.uint8).reshape(1, 3, 3, 1), 8, 8)
    value = oracle.encapsulated([[block]], table=False)
    data = oracle.dicom_file(oracle.elements(image, value, "OB"), DEFLATED_FRAMES)
    assert_equal(dicomet.pixel_array(data), oracle.expected(image))


@pytest.mark.parametrize("table", [False, True])
@pytest.mark.parametrize("extended", [False, True])
def test_every_source_and_every_frame(image, table, extended):
    data, expected = deflated(image, table=table, extended=extended), oracle.expected(image)
    for source in (data, io.BytesIO(data), pydicom.dcmread(io.BytesIO(data))):
        assert_equal(dicomet.pixel_array(source), expected)
        for index in (0, 3, -1):
            assert_equal(dicomet.pixel_array(source, index=index), expected[index])
        assert_equal(np.stack(list(dicomet.iter_pixels(source))), expected)
        with dicomet.open(source) as opened:
            assert opened.shape == expected.shape
            assert_equal(opened[2:5], expected[2:5])
            assert_equal(opened[-1], expected[-1])


def test_every_function(paths, image, tmp_path):
    ours, same = paths
    expected = oracle.expected(image)
    for array in dicomet.pixel_arrays([ours, same, ours]):
        assert_equal(array, expected)
    out = np.empty_like(expected)
    assert dicomet.pixel_array(ours, out=out) is out
    assert_equal(out, expected)
    assert np.array_equal(dicomet.pixel_array(ours, view_only=True), expected)
    for workers in (1, 2):
        assert_equal(dicomet.pixel_array(ours, workers=workers), expected)
    for function in (dicomet.to_display, dicomet.modality_values)[: 2 if image.samples == 1 else 1]:
        for options in ({}, {"index": 4}):
            found, expected_values = (function(path, **options) for path in paths)
            assert found.dtype == expected_values.dtype
            assert np.array_equal(found, expected_values)
    for path in paths:
        dicomet.convert_file(path, tmp_path / f"{path.stem}.npy", values="stored")
    assert np.array_equal(np.load(tmp_path / "deflated.npy"), expected)
    assert np.array_equal(np.load(tmp_path / "native.npy"), expected)


def test_large_frames_on_all_cores():
    rng = np.random.default_rng(1)
    values = rng.integers(0, 2, (6, 1501, 1003, 1), dtype=np.uint8)
    values[..., 300:, :, :] = 0
    image = Image(values, 1, 1)
    data = deflated(image)
    assert_equal(dicomet.pixel_array(data), oracle.expected(image))
    assert_equal(dicomet.pixel_array(data, index=5), oracle.expected(image)[5])


@pytest.mark.parametrize("raw", [False, True])
def test_colors(raw):
    rng = np.random.default_rng(2)
    for photometric in oracle.YBR:
        pairs = rng.integers(0, 256, (2, 6, 8, 3), dtype=np.uint8)
        if photometric == "YBR_FULL_422":
            pairs[:, :, 1::2, 1:] = pairs[:, :, ::2, 1:]
        image = Image(pairs, 8, 8, photometric=photometric)
        assert_equal(dicomet.pixel_array(deflated(image), raw=raw), oracle.expected(image, raw=raw))


def test_info(paths, image):
    ours, same = map(describe, paths)
    assert ours["transfer_syntax"] == "Deflated Image Frame Compression"
    assert ours["decoded_by"] == ["dicomet"]
    assert ours["error"] is None
    assert not ours["warnings"]
    same_keys = ("array_shape", "array_dtype", "array_bytes", "colors", "Rows", "NumberOfFrames")
    assert {key: ours[key] for key in same_keys} == {key: same[key] for key in same_keys}
    assert ours["compression_ratio"] == pytest.approx(
        image.values.size * image.bits_allocated / 8 / ours["pixel_data_bytes"], abs=0.01
    )


def test_max_bytes(image):
    data, size = deflated(image), oracle.expected(image).nbytes
    dicomet.pixel_array(data, max_bytes=size)
    with pytest.raises(dicomet.PixelDataError, match=f"expected at most the {size - 1} of 'max_bytes'"):
        dicomet.pixel_array(data, max_bytes=size - 1)


def test_a_header_that_pydicom_parses(image):
    """The parser does not know the transfer syntax; a sign before Number of Frames keeps the scanner away."""
    frames = [oracle.deflated(oracle.native(image.frame(index))) for index in range(image.frames)]
    value = oracle.encapsulated([[frame] for frame in frames], table=True)
    content = {**oracle.elements(image, value, "OB"), 0x00280008: ("IS", b"+7")}
    data = oracle.dicom_file(content, DEFLATED_FRAMES)
    assert_equal(dicomet.pixel_array(data), oracle.expected(image))
    ds_out = pydicom.Dataset()
    assert_equal(dicomet.pixel_array(deflated(image), ds_out=ds_out), oracle.expected(image))
    assert ds_out.Rows == ROWS


def test_installed_pydicom_still_refuses_it(paths):
    def refusals():
        for read in (pydicom.pixels.pixel_array, lambda path: pydicom.dcmread(path).pixel_array):
            with pytest.raises((ValueError, NotImplementedError, AttributeError)) as error:
                read(paths[0])
            yield type(error.value), str(error.value)

    without = list(refusals())
    with dicomet.install():
        assert list(refusals()) == without


def test_the_frames_of_one_image_share_no_state():
    """Each thread keeps its inflater: a frame that fails does not affect the next."""
    good = deflated(gray())
    bad = bytearray(good)
    start = len(bad) - 60
    bad[start:-8] = b"\xff" * (len(bad) - 8 - start)
    for _ in range(3):
        with pytest.raises(dicomet.PixelDataError, match="frame 6: the deflated frame"):
            dicomet.pixel_array(bytes(bad))
        assert_equal(dicomet.pixel_array(bytes(bad), index=0), oracle.expected(gray())[0])
        assert_equal(dicomet.pixel_array(good), oracle.expected(gray()))


@pytest.mark.parametrize("level", [0, 1, 6, 9])
def test_levels(image, level):
    frames = [oracle.deflated(oracle.native(image.frame(index)), level) for index in range(image.frames)]
    value = oracle.encapsulated([[frame] for frame in frames], table=False)
    data = oracle.dicom_file(oracle.elements(image, value, "OB"), DEFLATED_FRAMES)
    assert_equal(dicomet.pixel_array(data), oracle.expected(image))

"""`pixel_array`: its signature, its options, and threads that call it."""

import functools
import inspect
import io
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import oracle
import pydicom
import pydicom.pixels
import pytest
from files import ROOTS
from oracle import Image
from small_images import (
    COLUMNS,
    DATA,
    EXPECTED,
    FRAMES,
    FUNCTIONS,
    IMAGE,
    ROWS,
    all_frames,
    changed,
    elements,
    ramp,
    read,
    rle,
)

import dicomet


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signatures_are_those_of_pydicom_and_more(name):
    def parameters(function):
        return {p.name: (p.kind, p.default) for p in inspect.signature(function).parameters.values()}

    ours, theirs = parameters(getattr(dicomet, name)), parameters(getattr(pydicom.pixels, name))
    for more in ("out", "workers", "max_bytes"):
        assert ours.pop(more) == (inspect.Parameter.KEYWORD_ONLY, None)
    assert list(ours.items()) == list(theirs.items())


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "image.dcm"
    path.write_bytes(DATA)
    return path


@pytest.mark.parametrize("source", [DATA, read(DATA)], ids=["file", "Dataset"])
def test_options_override_elements(source):
    array = dicomet.pixel_array(source, rows=COLUMNS, columns=ROWS)
    assert np.array_equal(array, EXPECTED.reshape(FRAMES, COLUMNS, ROWS))
    with pytest.warns(UserWarning, match="High Bit"):
        array = dicomet.pixel_array(source, bits_stored=4)
    assert np.array_equal(array, EXPECTED & 0xF)
    assert dicomet.pixel_array(source, pixel_representation=1).dtype == np.int16
    array = dicomet.pixel_array(source, number_of_frames=1, rows=ROWS * FRAMES)
    assert np.array_equal(array, EXPECTED.reshape(-1, COLUMNS))


def test_options_stand_in_for_missing_elements():
    data = changed(elements(IMAGE), {0x00280010: None, 0x00280008: None})
    assert np.array_equal(dicomet.pixel_array(data, rows=ROWS, number_of_frames=FRAMES), EXPECTED)


COLORS = [
    "SC_rgb_rle.dcm",
    "SC_rgb_jpeg_dcmd.dcm",
    "SC_ybr_full_422_uncompressed.dcm",
    "SC_rgb_dcmtk_+eb+cr.dcm",
    "SC_rgb_dcmtk_+eb+cy+np.dcm",
]


@pytest.mark.parametrize("name", COLORS)
@pytest.mark.parametrize(
    "options",
    [
        {"as_rgb": False},
        {"force_rgb": True},
        {"force_ybr": True},
        {"raw": True},
        {"raw": True, "force_ybr": True},
        {"as_rgb": False, "force_rgb": True},
        {"as_rgb": False, "force_ybr": True},
    ],
    ids=str,
)
def test_color_options(name, options):
    path = ROOTS["pydicom"] / name
    plugin = "pillow" if "dcmtk" in name else ""
    theirs = pydicom.pixels.pixel_array(path, decoding_plugin=plugin, **options)
    assert np.array_equal(dicomet.pixel_array(path, **options), theirs)
    assert np.array_equal(next(dicomet.iter_pixels(path, **options)), theirs)


def test_color_options_change_the_result():
    path = ROOTS["pydicom"] / "SC_ybr_full_422_uncompressed.dcm"
    stored, rgb = dicomet.pixel_array(path, as_rgb=False), dicomet.pixel_array(path)
    assert not np.array_equal(stored, rgb)
    assert np.array_equal(stored, dicomet.pixel_array(path, raw=True))
    assert np.array_equal(dicomet.pixel_array(path, force_ybr=True), oracle.rgb_to_ybr(stored))


def test_color_options_that_contradict_each_other():
    with pytest.raises(dicomet.PixelDataError, match="'force_ybr' and 'force_rgb' cannot both be True"):
        dicomet.pixel_array(rle(ramp(3, 8, 8)), force_ybr=True, force_rgb=True)


@pytest.mark.parametrize("option", ["force_ybr", "force_rgb"])
@pytest.mark.parametrize("image", [ramp(), ramp(1, 8, 8)], ids=["gray", "8-bit gray"])
def test_colors_that_cannot_be_converted(image, option):
    with pytest.raises(dicomet.PixelDataError, match=r"for three unsigned (8-bit )?samples per pixel"):
        dicomet.pixel_array(oracle.dicom_file(elements(image)), **{option: True})


def test_deep_colors_are_converted_to_rgb_only():
    image = ramp(3)
    data = oracle.dicom_file(elements(image))
    with pytest.raises(dicomet.PixelDataError, match="RGB is converted to YBR_FULL for three unsigned 8-bit samples"):
        dicomet.pixel_array(data, force_ybr=True)
    expected = oracle.ybr_to_rgb(oracle.expected(image), image.bits_stored)
    assert np.array_equal(dicomet.pixel_array(data, force_rgb=True), expected)


@pytest.mark.parametrize(
    "name",
    [
        "JPGExtended.dcm",
        "SC_rgb_small_odd_jpeg.dcm",
        "JPEGLSNearLossless_16.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
        "J2K_pixelrep_mismatch.dcm",
        "MR_small_jp2klossless.dcm",
        "MR_small_RLE.dcm",
    ],
)
@pytest.mark.parametrize("representation", [0, 1])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bits_stored": 5},
        {"bits_stored": 5, "correct_unused_bits": False},
        {"apply_j2k_sign_correction": False},
        {"apply_jls_sign_correction": False},
    ],
    ids=str,
)
def test_bits_of_compressed_images(name, representation, options):
    """pydicom leaves bits above Bits Stored of JPEG-LS and JPEG 2000 as they are; dicomet only does so on request."""
    path, plugin = ROOTS["pydicom"] / name, {"decoding_plugin": "pylibjpeg"}
    requested = {**options, "pixel_representation": representation, "as_rgb": False}
    theirs = pydicom.pixels.pixel_array(path, **requested, **plugin)
    if "bits_stored" in options and options.get("correct_unused_bits", True):
        unused = 8 * theirs.dtype.itemsize - options["bits_stored"]
        theirs = theirs << unused >> unused
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*(High Bit|Pixel Representation)", UserWarning)
        ours = dicomet.pixel_array(path, **requested, **plugin)
    assert ours.dtype == theirs.dtype
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("index", [None, 0, 1, 2])
@pytest.mark.parametrize("rows", [ROWS, 3])
def test_be_swap_ow(rows, index):
    """Words of bytes that only the caller knows of; frames may begin inside a word."""
    image = ramp(1, 8, 8)
    image = Image(image.values[:, :rows, :5].copy(), 8, 8)
    value = oracle.swap_pairs(oracle.native(image))
    data = oracle.dicom_file(oracle.elements(image, value, "OB"))
    expected = oracle.expected(image)
    array = dicomet.pixel_array(data, be_swap_ow=True, index=index)
    assert np.array_equal(array, expected if index is None else expected[index])
    assert not np.array_equal(dicomet.pixel_array(data, index=index), array)


@pytest.mark.parametrize("data", [DATA, rle(IMAGE)], ids=["native", "RLE"])
def test_more_frames_than_the_data_set_declares(data):
    dataset = read(data)
    dataset.NumberOfFrames = 2
    with pytest.warns(UserWarning, match="frames"):
        assert np.array_equal(dicomet.pixel_array(dataset), EXPECTED)
    with pytest.warns(UserWarning, match="frames"):
        assert np.array_equal(dicomet.pixel_array(dataset, index=2), EXPECTED[2])
    with pytest.warns(UserWarning, match="expected (2|96): the"):
        assert np.array_equal(dicomet.pixel_array(dataset, allow_excess_frames=False), EXPECTED[:2])
    with (
        pytest.warns(UserWarning, match="expected (2|96): the"),
        pytest.raises(dicomet.PixelDataError, match="index 2"),
    ):
        dicomet.pixel_array(dataset, allow_excess_frames=False, index=2)


def test_more_frames_than_a_file_declares():
    """As in pydicom, they count in a Dataset, but not in a file."""
    data = changed(elements(IMAGE), {0x00280008: ("IS", b"2 ")})
    with pytest.warns(UserWarning, match="found 144 bytes, expected 96"):
        array = dicomet.pixel_array(data)
    assert np.array_equal(array, EXPECTED[:2])
    assert np.array_equal(array, pydicom.pixels.pixel_array(io.BytesIO(data)))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_warnings_name_the_line_of_the_caller(function):
    data = oracle.dicom_file(oracle.elements(IMAGE, oracle.native(IMAGE) + bytes(10), "OW"))
    with pytest.warns(UserWarning, match="found 154 bytes, expected 144") as caught:
        all_frames(function, data)
    assert [Path(warning.filename).name for warning in caught] == ["small_images.py"]


def test_frames_of_a_jpeg_syntax_have_the_dtype_of_the_image():
    """pydicom's have that of the codestream, here of 8 bits."""
    dataset = pydicom.dcmread(ROOTS["pydicom"] / "SC_rgb_gdcm_KY.dcm")
    dataset.BitsAllocated = 16
    whole = dicomet.pixel_array(dataset)
    assert whole.dtype == np.uint16
    assert np.array_equal(whole, pydicom.pixels.pixel_array(dataset))
    (theirs,) = pydicom.pixels.iter_pixels(dataset)
    assert theirs.dtype == np.uint8
    for frame in (*dicomet.iter_pixels(dataset), dicomet.pixel_array(dataset, index=0)):
        assert frame.dtype == whole.dtype
        assert np.array_equal(frame, theirs)


def runs_beside(work) -> bool:
    """Whether another thread runs during `work`.

    With such a switch interval no thread is ever forced to release the GIL: the other runs only where `work` does so.
    """
    interval, go, ran = sys.getswitchinterval(), threading.Lock(), []

    def other():
        with go:
            ran.append(True)

    thread = threading.Thread(target=other)
    sys.setswitchinterval(1000)
    try:
        with go:
            # Returns when the other thread waits for `go`, which is when it gives the GIL away for the first time.
            thread.start()
        work()
        return bool(ran)
    finally:
        sys.setswitchinterval(interval)
        thread.join()


LARGE = 4000


def large_native() -> pydicom.Dataset:
    image = Image(np.resize(IMAGE.values, (1, LARGE, LARGE, 1)), 16, 12)
    return read(oracle.dicom_file(elements(image)))


def large_rle() -> pydicom.Dataset:
    dataset = read(rle(IMAGE.frame(0)))
    plane = b"".join(bytes([127, *range(128)]) for _ in range(LARGE * LARGE // 128))
    dataset.PixelData = oracle.encapsulated([[oracle.rle_frame([plane, plane])]], table=False)
    dataset.Rows = dataset.Columns = LARGE
    return dataset


@pytest.mark.parametrize("source", [large_native, large_rle])
def test_other_threads_run_while_a_frame_is_decoded(source):
    dataset = source()
    out = dicomet.pixel_array(dataset)
    decode = functools.partial(dicomet.pixel_array, dataset, out=out)
    if getattr(sys, "_is_gil_enabled", lambda: True)():
        assert not runs_beside(functools.partial(sorted, range(1_000_000)))
    assert any(runs_beside(decode) for _ in range(100))


@pytest.mark.parametrize("data", [DATA, rle(IMAGE)], ids=["native", "RLE"])
def test_many_threads_decode_the_same_bytes(data):
    with ThreadPoolExecutor(8) as pool:
        for array in pool.map(lambda _: dicomet.pixel_array(data), range(200)):
            assert np.array_equal(array, EXPECTED)

"""What callers rely on: arguments, sources, errors, warnings, and what is left behind."""

import copy
import functools
import gc
import gzip
import inspect
import io
import mmap
import os
import pickle
import struct
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
from pydicom.pixels.decoders.base import Decoder
from pydicom.uid import (
    JPEG2000,
    MPEG2MPML,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

import dicomet

FUNCTIONS = ("pixel_array", "iter_pixels")
FRAMES, ROWS, COLUMNS = 3, 4, 6


def ramp(samples: int = 1, bits_allocated: int = 16, bits_stored: int = 12, **properties) -> Image:
    """An image of which all samples are different."""
    shape = (FRAMES, ROWS, COLUMNS, samples)
    values = (np.arange(np.prod(shape)) * 7 % 2**bits_stored).astype(f"u{bits_allocated // 8}").reshape(shape)
    photometric = "RGB" if samples == 3 else "MONOCHROME2"
    return Image(values, bits_allocated, bits_stored, **{"photometric": photometric, **properties})


def elements(image: Image, vr: str = "OW", **properties) -> dict:
    return oracle.elements(image, oracle.native(image), vr, **properties)


def changed(found: dict, changes: dict) -> bytes:
    """A file with some elements changed, or left out where the change is None."""
    found = {**found, **changes}
    return oracle.dicom_file({tag: entry for tag, entry in sorted(found.items()) if entry is not None})


def number(value: int) -> tuple[str, bytes]:
    return "US", struct.pack("<H", value)


def read(data: bytes) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(data), force=True)


def all_frames(function: str, source, **options) -> np.ndarray:
    """The image by either function."""
    if function == "pixel_array":
        return dicomet.pixel_array(source, **options)
    return np.stack(list(dicomet.iter_pixels(source, **options)))


IMAGE = ramp()
DATA = oracle.dicom_file(elements(IMAGE))
EXPECTED = oracle.expected(IMAGE)
SHORT = oracle.dicom_file(oracle.elements(IMAGE, oracle.native(IMAGE)[:-2], "OW"))


def rle(image: Image, *, shorten: tuple[int, int] | None = None, table: bool = True) -> bytes:
    """The image in literal runs. One segment, by frame and number, can be too short."""
    frames = []
    for index in range(image.frames):
        planes = oracle.byte_planes(image.frame(index))
        packed = [bytes([len(plane) - 1]) + plane for plane in planes]
        if shorten is not None and shorten[0] == index:
            packed[shorten[1]] = bytes([len(planes[0]) - 3]) + planes[shorten[1]][:-2]
        frames.append(oracle.rle_frame(packed))
    value = oracle.encapsulated([oracle.fragments(frame, []) for frame in frames], table=table)
    return oracle.dicom_file(oracle.elements(image, value, "OB"), RLELossless)


# Signatures


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signatures_are_those_of_pydicom_and_more(name):
    def parameters(function):
        return {p.name: (p.kind, p.default) for p in inspect.signature(function).parameters.values()}

    ours, theirs = parameters(getattr(dicomet, name)), parameters(getattr(pydicom.pixels, name))
    for more in ("out", "workers", "max_bytes"):
        assert ours.pop(more) == (inspect.Parameter.KEYWORD_ONLY, None)
    assert list(ours.items()) == list(theirs.items())


def test_iteration_is_a_generator_as_in_pydicom():
    assert inspect.isgenerator(dicomet.iter_pixels("nowhere.dcm"))


# Sources


class PathLike:
    """Has a path, but is none."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return str(self.path)


SOURCES = {
    "str": str,
    "Path": Path,
    "os.PathLike": PathLike,
    "BytesIO": lambda path: io.BytesIO(path.read_bytes()),
    "bytes": Path.read_bytes,
    "bytearray": lambda path: bytearray(path.read_bytes()),
    "memoryview": lambda path: memoryview(path.read_bytes()),
    "writeable memoryview": lambda path: memoryview(bytearray(path.read_bytes())),
    "memoryview with gaps": lambda path: memoryview(np.repeat(np.frombuffer(path.read_bytes(), np.uint8), 2))[::2],
    "array": lambda path: np.fromfile(path, np.uint8),
    "Dataset": pydicom.dcmread,
}


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


# Frames


def test_nothing_happens_before_the_first_frame_is_asked_for(tmp_path):
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


@pytest.mark.parametrize("index", [2, np.int8(2), np.uint64(2), np.array(2)], ids=repr)
def test_index(index):
    assert np.array_equal(dicomet.pixel_array(DATA, index=index), EXPECTED[2])


def test_indices_of_any_iterable():
    for indices in ([2, 0, 2], (2, 0, 2), np.array([2, 0, 2]), iter([2, 0, 2]), (i for i in (2, 0, 2))):
        frames = list(dicomet.iter_pixels(DATA, indices=indices))
        assert np.array_equal(frames, EXPECTED[[2, 0, 2]])


@pytest.mark.parametrize("indices", [None, [], (), range(0)], ids=repr)
def test_no_indices_are_all_frames_as_in_pydicom(indices):
    ours = list(dicomet.iter_pixels(DATA, indices=indices))
    assert len(ours) == len(list(pydicom.pixels.iter_pixels(read(DATA), indices=indices)))


@pytest.mark.parametrize("data", [DATA, rle(IMAGE)], ids=["native", "RLE"])
@pytest.mark.parametrize("index", [-1 - FRAMES, -(2**70), FRAMES, 2**31, np.int64(FRAMES), 2**63, 2**64])
def test_index_outside_the_image(data, index):
    message = f"found index {index} of 3 frames, expected -3 to 2"
    with pytest.raises(dicomet.FrameIndexError, match=message):
        dicomet.pixel_array(data, index=index)
    with pytest.raises(dicomet.FrameIndexError, match=message):
        list(dicomet.iter_pixels(data, indices=[0, index]))


@pytest.mark.parametrize("index", [1.0, "1", [1], np.array([0, 1])], ids=repr)
def test_index_that_is_no_integer(index):
    with pytest.raises(TypeError):
        dicomet.pixel_array(DATA, index=index)
    with pytest.raises(TypeError):
        list(dicomet.iter_pixels(DATA, indices=[index]))


# ds_out


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


# out


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


# Options


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


COLOURS = [
    "SC_rgb_rle.dcm",
    "SC_rgb_jpeg_dcmd.dcm",
    "SC_ybr_full_422_uncompressed.dcm",
    "SC_rgb_dcmtk_+eb+cr.dcm",
    "SC_rgb_dcmtk_+eb+cy+np.dcm",
]


@pytest.mark.parametrize("name", COLOURS)
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
def test_colour_options(name, options):
    path = ROOTS["pydicom"] / name
    theirs = pydicom.pixels.pixel_array(path, **options)
    assert np.array_equal(dicomet.pixel_array(path, **options), theirs)
    assert np.array_equal(next(dicomet.iter_pixels(path, **options)), theirs)


def test_colour_options_change_the_result():
    path = ROOTS["pydicom"] / "SC_ybr_full_422_uncompressed.dcm"
    stored, rgb = dicomet.pixel_array(path, as_rgb=False), dicomet.pixel_array(path)
    assert not np.array_equal(stored, rgb)
    assert np.array_equal(stored, dicomet.pixel_array(path, raw=True))
    assert np.array_equal(dicomet.pixel_array(path, force_ybr=True), oracle.rgb_to_ybr(stored))


def test_colour_options_that_contradict_each_other():
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
    """pydicom lets bits above Bits Stored of JPEG-LS and JPEG 2000 through, as dicomet does if it is told to."""
    path, plugin = ROOTS["pydicom"] / name, {"decoding_plugin": "pylibjpeg"}
    asked = {**options, "pixel_representation": representation, "as_rgb": False}
    theirs = pydicom.pixels.pixel_array(path, **asked, **plugin)
    if "bits_stored" in options and options.get("correct_unused_bits", True):
        unused = 8 * theirs.dtype.itemsize - options["bits_stored"]
        theirs = theirs << unused >> unused
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*(High Bit|Pixel Representation)", UserWarning)
        ours = dicomet.pixel_array(path, **asked, **plugin)
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
def test_more_frames_than_the_data_set_says(data):
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


def test_more_frames_than_a_file_says():
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
    assert [Path(warning.filename).name for warning in caught] == [Path(__file__).name]


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


# Errors


REQUIRED = {
    0x00280002: "SamplesPerPixel",
    0x00280004: "PhotometricInterpretation",
    0x00280006: "PlanarConfiguration",
    0x00280010: "Rows",
    0x00280011: "Columns",
    0x00280100: "BitsAllocated",
    0x00280101: "BitsStored",
    0x00280103: "PixelRepresentation",
}


def both_refuse(ours, theirs, exception: type[Exception]) -> dicomet.PixelDataError:
    """dicomet and pydicom raise an exception of this class, with the same text."""
    with pytest.raises(exception) as expected:
        pydicom.pixels.pixel_array(theirs)
    with pytest.raises(dicomet.PixelDataError) as error:
        dicomet.pixel_array(ours)
    assert isinstance(error.value, exception)
    assert str(error.value) == str(expected.value)
    return error.value


@pytest.mark.parametrize("replacement", [None, ("US", b"")], ids=["missing", "empty"])
@pytest.mark.parametrize("tag", REQUIRED, ids=REQUIRED.get)
def test_missing_element(tag, replacement):
    data = changed(elements(ramp(3)), {tag: replacement})
    for ours, theirs in ((data, io.BytesIO(data)), (read(data), read(data))):
        error = both_refuse(ours, theirs, AttributeError)
        assert isinstance(error, dicomet.MissingElementError)
        assert error.element.startswith(f"({tag >> 16:04X},{tag & 0xFFFF:04X})")


def test_missing_pixel_data():
    data = changed(elements(IMAGE), {0x7FE00010: None})
    both_refuse(data, io.BytesIO(data), AttributeError)
    both_refuse(read(data), read(data), AttributeError)


def test_two_elements_of_pixel_data():
    dataset = read(DATA)
    dataset.FloatPixelData = bytes(4)
    both_refuse(dataset, dataset, AttributeError)


def test_missing_transfer_syntax():
    dataset = read(DATA)
    del dataset.file_meta.TransferSyntaxUID
    both_refuse(dataset, dataset, AttributeError)
    del dataset.file_meta
    both_refuse(dataset, dataset, AttributeError)


@pytest.mark.parametrize("uid", [MPEG2MPML, UID("1.2.840.10008.1.2.4.95"), UID("1.2.3.4")], ids=str)
def test_unsupported_transfer_syntax(uid):
    dataset = read(DATA)
    dataset.file_meta.TransferSyntaxUID = uid
    error = both_refuse(dataset, dataset, NotImplementedError)
    assert isinstance(error, dicomet.UnsupportedTransferSyntaxError)
    assert error.element == "(0002,0010) Transfer Syntax UID"
    if not uid.is_private:
        data = oracle.dicom_file(elements(IMAGE), uid)
        both_refuse(data, io.BytesIO(data), NotImplementedError)


@pytest.mark.parametrize("uid", ["1.2.3.4", "not a UID", ""])
def test_transfer_syntax_that_is_none(uid):
    with pytest.raises(dicomet.PixelDataError):
        dicomet.pixel_array(oracle.data_set(elements(IMAGE), ExplicitVRLittleEndian), transfer_syntax_uid=uid)


@pytest.mark.parametrize("delimiter", [0xE000, 0xE00D, 0xE0DD])
def test_delimiters_outside_a_sequence(delimiter):
    """pydicom's parser stops at some of them, in front of an element that is no pixel data."""
    found = elements(IMAGE)
    before = oracle.dicom_file({tag: entry for tag, entry in found.items() if tag < 0x00280000})
    after = oracle.data_set({0x00280002: number(1), 0x00280003: number(1)}, ExplicitVRLittleEndian)
    with pytest.raises(dicomet.PixelDataError):
        dicomet.pixel_array(before + struct.pack("<HHL", 0xFFFE, delimiter, 0) + after)


@pytest.mark.parametrize(("columns", "planar"), [(5, 0), (6, 1)])
def test_subsampled_colours_lie_in_pairs(columns, planar):
    image = Image(np.zeros((1, 4, columns, 3), np.uint8), 8, 8, photometric="YBR_FULL_422", planar=planar)
    data = oracle.dicom_file(oracle.elements(image, bytes(4 * columns * 2), "OB"))
    with pytest.raises(dicomet.PixelDataError, match="for YBR_FULL_422"):
        dicomet.pixel_array(data)


def test_subsampled_colours_of_full_size():
    """By path pydicom takes the first two thirds of them; of a data set it refuses them, too."""
    image = ramp(3, 8, 8, photometric="YBR_FULL_422")
    full = ramp(3, 8, 8, photometric="YBR_FULL")
    data = oracle.dicom_file(oracle.elements(image, oracle.native(full), "OB"))
    assert pydicom.pixels.pixel_array(io.BytesIO(data)).shape == (FRAMES, ROWS, COLUMNS, 3)
    for source in (data, read(data)):
        with pytest.raises(dicomet.PixelDataError, match="not subsampled"):
            dicomet.pixel_array(source)
    with pytest.raises(ValueError, match="bytes of pixel data"):
        pydicom.pixels.pixel_array(read(data))


@pytest.mark.parametrize("data", [DATA, rle(IMAGE)], ids=["native", "RLE"])
def test_a_plugin_that_is_not_needed_is_not_looked_for(data):
    assert np.array_equal(dicomet.pixel_array(data, decoding_plugin="nonsense"), EXPECTED)


def test_a_fractional_index():
    with pytest.raises(TypeError):
        dicomet.pixel_array(DATA, index=1.0)


def test_subsampled_colours_that_are_none():
    """As many bytes as without subsampling: Photometric Interpretation is wrong."""
    image = ramp(3, 8, 8, photometric="YBR_FULL_422")
    full = bytes(image.values.size)
    with pytest.raises(dicomet.PixelDataError, match="found 216 bytes, expected 144 for YBR_FULL_422"):
        dicomet.pixel_array(oracle.dicom_file(oracle.elements(image, full, "OB")))


def test_value_does_not_go_on_in_the_next_element():
    short = oracle.elements(IMAGE, oracle.native(IMAGE)[:-2], "OW", trailing=bytes(100))
    with pytest.raises(dicomet.PixelDataError, match="found 142 bytes, expected 144"):
        dicomet.pixel_array(oracle.dicom_file(short))


def test_native_value_of_undefined_length():
    value = oracle.native(IMAGE)
    before, header, _ = DATA.partition(struct.pack("<HH2s2xL", 0x7FE0, 0x0010, b"OW", len(value)))
    data = before + header[:-4] + b"\xff" * 4 + oracle.item(value) + oracle.DELIMITER
    for source in (data, read(data)):
        with pytest.raises(dicomet.PixelDataError, match="found an undefined length"):
            dicomet.pixel_array(source)


META_UID = struct.pack("<HH", 0x0002, 0x0010)


@pytest.mark.parametrize("vr", [b"US", b"OB", b"U0", b"SQ"])
def test_meta_information_that_is_damaged(vr):
    """The transfer syntax has another VR than UI, so that its value is no text, or cannot be read at all."""
    data = DATA.replace(META_UID + b"UI", META_UID + vr)
    assert data != DATA
    with pytest.raises(dicomet.PixelDataError):
        dicomet.pixel_array(data)


def test_sequence_that_is_cut():
    """pydicom's parser raises an OSError without a number: the data is damaged, not the disk."""
    before, _, _ = DATA.partition(oracle.data_set(elements(IMAGE), ExplicitVRLittleEndian))
    sequence = struct.pack("<HH2s2xL", 0x0008, 0x1140, b"SQ", oracle.UNDEFINED_LENGTH)
    with pytest.raises(dicomet.PixelDataError):
        dicomet.pixel_array(before + sequence)


def test_value_that_is_cut():
    """Every file that ends too early is refused, wherever it ends."""
    for end in range(132, len(DATA)):
        with pytest.raises(dicomet.PixelDataError):
            dicomet.pixel_array(DATA[:end])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_place_of_an_error(function):
    with pytest.raises(dicomet.PixelDataError, match=r"frame 1, segment 0: the RLE segment gives 22 of 24") as error:
        all_frames(function, rle(IMAGE, shorten=(1, 0)))
    place = {"element": "(7FE0,0010) Pixel Data", "frame": 1, "segment": 0, "offset": None, "filename": None}
    assert vars(error.value) == place


@pytest.mark.parametrize("source", [SHORT, read(SHORT)], ids=["file", "Dataset"])
@pytest.mark.parametrize("index", [None, 2])
def test_too_few_bytes(source, index):
    with pytest.raises(dicomet.PixelDataError, match="found 142 bytes, expected 144") as error:
        dicomet.pixel_array(source, index=index)
    assert error.value.element == "(7FE0,0010) Pixel Data"


def test_frames_before_a_cut_can_be_had_from_a_file_as_in_pydicom():
    frames = dicomet.iter_pixels(SHORT)
    for index in range(2):
        assert np.array_equal(next(frames), EXPECTED[index])
        assert np.array_equal(dicomet.pixel_array(SHORT, index=index), EXPECTED[index])
    with pytest.raises(dicomet.PixelDataError, match="frame 2: found 142 bytes, expected 144"):
        next(frames)
    with pytest.raises(dicomet.PixelDataError, match="found 142 bytes, expected 144"):
        dicomet.pixel_array(read(SHORT), index=0)


@pytest.mark.parametrize("table", [False, True])
def test_fragments_before_a_cut_can_be_had(table):
    whole = rle(IMAGE, table=table)
    data = whole[: whole.rindex(b"\xfe\xff\x00\xe0") + 20]
    for index in range(2):
        assert np.array_equal(dicomet.pixel_array(data, index=index), EXPECTED[index])
    for index in (None, 2):
        with pytest.raises(dicomet.PixelDataError, match="found an item of"):
            dicomet.pixel_array(data, index=index)
    frames = dicomet.iter_pixels(data)
    assert np.array_equal(next(frames), EXPECTED[0])


@pytest.mark.parametrize(
    ("tag", "value", "says"),
    [
        (0x00280002, 2, r"\(0028,0002\) Samples per Pixel: found 2, expected 1 or 3"),
        (0x00280004, "", r"\(0028,0004\) Photometric Interpretation: found '', expected a defined term"),
        (0x00280004, "rgb", r"\(0028,0004\) Photometric Interpretation: found 'rgb', expected a defined term"),
        (0x00280004, "RGB", r"\(0028,0004\) Photometric Interpretation: found 'RGB', .* for one sample per pixel"),
        (0x00280008, "-1", r"\(0028,0008\) Number of Frames: found -1, expected 1 to 2147483647"),
        (0x00280008, "1\\2", r"\(0028,0008\) Number of Frames: found '\[1, 2\]', expected one integer"),
        (0x00280010, 0, r"\(0028,0010\) Rows: found 0, expected 1 to 65535"),
        (0x00280011, 0, r"\(0028,0011\) Columns: found 0, expected 1 to 65535"),
        (0x00280100, 24, r"\(0028,0100\) Bits Allocated: found 24, expected 1, 8, 12, 16, 32 or 64"),
        (0x00280101, 0, r"\(0028,0101\) Bits Stored: found 0, expected 1 to Bits Allocated"),
        (0x00280101, 17, r"\(0028,0101\) Bits Stored: found 17, .* \(0028,0100\) Bits Allocated of 16"),
        (0x00280102, 16, r"\(0028,0102\) High Bit: found 16, .* \(0028,0100\) Bits Allocated of 16"),
        (0x00280103, 2, r"\(0028,0103\) Pixel Representation: found 2, expected 0 or 1"),
    ],
)
def test_values_that_are_not_allowed(tag, value, says):
    found = elements(IMAGE)
    data = changed(found, {tag: (found[tag][0], oracle.text(value)) if isinstance(value, str) else number(value)})
    for source in (data, read(data)):
        with pytest.raises(dicomet.PixelDataError, match=says) as error:
            dicomet.pixel_array(source)
        assert str(error.value).startswith(error.value.element)


@pytest.mark.parametrize(
    "error",
    [
        dicomet.PixelDataError("text", element="(0028,0010) Rows", frame=1, segment=2, offset=3),
        dicomet.PixelDataError("text"),
        dicomet.MissingElementError("text", element="(0028,0010) Rows"),
        dicomet.UnsupportedTransferSyntaxError("text", element="(0002,0010) Transfer Syntax UID"),
    ],
)
def test_errors_can_be_pickled_and_copied(error):
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):  # noqa: S301
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert vars(again) == vars(error)


def test_errors_are_those_that_pydicom_raises_too():
    assert issubclass(dicomet.PixelDataError, ValueError)
    assert issubclass(dicomet.MissingElementError, AttributeError)
    assert issubclass(dicomet.UnsupportedTransferSyntaxError, NotImplementedError)


@pytest.mark.parametrize(
    ("transfer_syntax", "package"),
    [
        (JPEGBaseline8Bit, "pylibjpeg-libjpeg"),
        (JPEGLSLossless, "pyjpegls"),
        (JPEG2000, "pylibjpeg-openjpeg"),
        (HTJ2KLossless, "pylibjpeg-openjpeg"),
    ],
    ids=lambda value: getattr(value, "keyword", value),
)
def test_missing_plugin(monkeypatch, transfer_syntax, package):
    monkeypatch.setattr(Decoder, "is_available", False)
    size = struct.pack(">HBHHB", 11, 8, IMAGE.rows, IMAGE.columns, IMAGE.samples)
    marker = b"\xff\xf7" if "JPEG-LS" in transfer_syntax.name else b"\xff\xc3"
    frame = b"\xff\xd8" + marker + size + bytes(IMAGE.rows * IMAGE.columns)
    if "JPEG 2000" in transfer_syntax.name:
        size = struct.pack(">8L", IMAGE.columns, IMAGE.rows, 0, 0, IMAGE.columns, IMAGE.rows, 0, 0)
        frame = b"\xff\x4f\xff\x51\0\x29\0\0" + size + struct.pack(">HBBB", IMAGE.samples, 7, 1, 1)
    value = oracle.encapsulated([[frame]] * FRAMES, table=True)
    data = oracle.dicom_file(oracle.elements(IMAGE, value, "OB"), transfer_syntax)
    with pytest.raises(dicomet.PixelDataError, match=f"pip install .*{package}") as error:
        dicomet.pixel_array(data)
    assert transfer_syntax.name in str(error.value)
    assert ("GPL" in str(error.value)) == (package != "pylibjpeg-openjpeg")
    assert str(error.value).count("pip install") == str(error.value).count("(license: ")


@pytest.mark.parametrize("place", [5, 7], ids=["rows", "columns"])
@pytest.mark.parametrize(
    ("name", "marker"),
    [
        ("MR_small_jpeg_ls_lossless.dcm", b"\xff\xf7"),
        ("JPGExtended.dcm", b"\xff\xc1"),
        ("SC_rgb_small_odd_jpeg.dcm", b"\xff\xc0"),
    ],
)
def test_codestream_of_unknown_size_reaches_no_plugin(monkeypatch, name, marker, place):
    """Some codecs take memory for ever where a frame header says 0 rows."""
    monkeypatch.setattr(Decoder, "as_buffer", lambda *_args, **_options: pytest.fail("a plugin was called"))
    before, header, after = (ROOTS["pydicom"] / name).read_bytes().partition(marker)
    data = bytearray(before + header + after)
    start = len(before) + place
    data[start : start + 2] = bytes(2)
    with pytest.raises(dicomet.PixelDataError, match=r"codestream has (Rows|Columns) 0"):
        dicomet.pixel_array(data)


def test_plugin_by_name():
    path = ROOTS["pydicom"] / "693_J2KI.dcm"
    by_default = dicomet.pixel_array(path)
    assert np.array_equal(dicomet.pixel_array(path, decoding_plugin="pylibjpeg"), by_default)
    with pytest.raises(dicomet.PixelDataError, match="No plugin named 'nobody'"):
        dicomet.pixel_array(path, decoding_plugin="nobody")


# Threads


def runs_beside(work) -> bool:
    """Whether another thread runs during `work`.

    With such a switch interval no thread is ever asked to give the GIL away: the other runs only where it is released.
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

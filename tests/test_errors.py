"""Errors: their class, their message, and the element, frame and offset that they name."""

import copy
import io
import pickle
import struct

import numpy as np
import oracle
import pydicom
import pydicom.pixels
import pytest
from files import ROOTS
from oracle import Image
from pydicom.pixels.decoders.base import Decoder
from pydicom.uid import (
    MPEG2MPML,
    UID,
    ExplicitVRLittleEndian,
)
from small_images import (
    COLUMNS,
    DATA,
    EXPECTED,
    FRAMES,
    FUNCTIONS,
    IMAGE,
    ROWS,
    SHORT,
    all_frames,
    changed,
    elements,
    number,
    ramp,
    read,
    rle,
)

import dicomet


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "image.dcm"
    path.write_bytes(DATA)
    return path


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
    sources = [(dataset, dataset)]
    if not uid.is_private:
        data = oracle.dicom_file(elements(IMAGE), uid)
        sources.append((data, io.BytesIO(data)))
    for ours, theirs in sources:
        with pytest.raises(NotImplementedError) as expected:
            pydicom.pixels.pixel_array(theirs)
        with pytest.raises(dicomet.UnsupportedTransferSyntaxError) as error:
            dicomet.pixel_array(ours)
        # dicomet adds what can be done.
        assert str(error.value).split(": ")[0] == str(expected.value)
        assert error.value.element == "(0002,0010) Transfer Syntax UID"


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
def test_subsampled_colors_lie_in_pairs(columns, planar):
    image = Image(np.zeros((1, 4, columns, 3), np.uint8), 8, 8, photometric="YBR_FULL_422", planar=planar)
    data = oracle.dicom_file(oracle.elements(image, bytes(4 * columns * 2), "OB"))
    with pytest.raises(dicomet.PixelDataError, match="for YBR_FULL_422"):
        dicomet.pixel_array(data)


def test_subsampled_colors_of_full_size():
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


def test_subsampled_colors_that_are_none():
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


def test_frames_before_a_cut_of_a_file_are_readable_as_in_pydicom():
    frames = dicomet.iter_pixels(SHORT)
    for index in range(2):
        assert np.array_equal(next(frames), EXPECTED[index])
        assert np.array_equal(dicomet.pixel_array(SHORT, index=index), EXPECTED[index])
    with pytest.raises(dicomet.PixelDataError, match="frame 2: found 142 bytes, expected 144"):
        next(frames)
    with pytest.raises(dicomet.PixelDataError, match="found 142 bytes, expected 144"):
        dicomet.pixel_array(read(SHORT), index=0)


@pytest.mark.parametrize("table", [False, True])
def test_fragments_before_a_cut_are_readable(table):
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
    with pytest.raises(dicomet.PixelDataError, match="No plugin named 'unknown'"):
        dicomet.pixel_array(path, decoding_plugin="unknown")

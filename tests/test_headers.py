"""`read_headers`: elements of many files, compared with pydicom's values."""

import math

import pydicom
import pytest
from files import ROOTS
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from series_files import Stack

import dicomet
from dicomet.series.headers import HEADER_ELEMENTS

ELEMENTS = (
    *HEADER_ELEMENTS,
    *("PatientName", "StudyDate", "StudyTime", "SliceLocation", "BitsStored", "PixelRepresentation"),
    *("SmallestImagePixelValue", "WindowCenter", "AcquisitionMatrix", "InstitutionName", "ContentDate", "EchoTime"),
    *("ManufacturerModelName", "ProtocolName", "SoftwareVersions", "DiffusionBValue", "TriggerTime"),
)


def plain(value):
    """Return pydicom's value as one of Python's own types."""
    if isinstance(value, MultiValue | list):
        return tuple(map(plain, value))
    if value is None or value == "" or isinstance(value, bytes):
        return value or None
    if isinstance(value, int):
        return int(value)
    return float(value) if isinstance(value, float) else str(value).strip() or None


def of_pydicom(path, keyword):
    data = pydicom.dcmread(path, stop_before_pixels=True)
    value = plain(data.get(keyword))
    if value is None or isinstance(value, tuple):
        return value or None
    return value if pydicom.datadict.dictionary_VM(keyword) == "1" else (value,)


NAMES = [
    path.name
    for path in sorted(ROOTS["pydicom"].glob("*.dcm"))
    if path.read_bytes()[128:132] == b"DICM" and not path.name.startswith(("bad_", "badVR", "no_meta"))
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore")
def test_values_are_those_of_pydicom(name):
    path = ROOTS["pydicom"] / name
    (found,) = dicomet.read_headers([path], ELEMENTS)
    assert found.pop("file") == str(path)
    if found.pop("error") is None:
        assert found == {keyword: of_pydicom(path, keyword) for keyword in ELEMENTS}


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian, None], ids=str
)
def test_transfer_syntaxes(tmp_path, syntax):
    data = Stack().slice(0, SmallestImagePixelValue=7, SpacingBetweenSlices=2.5, DiffusionBValue=1000.5)
    if syntax is not None:
        data.file_meta.TransferSyntaxUID = syntax
        data.PixelData = None
        del data.PixelData
    path = tmp_path / "a.dcm"
    data.save_as(path, enforce_file_format=True)
    (found,) = dicomet.read_headers([path], ["SmallestImagePixelValue", "DiffusionBValue", "PixelSpacing", "ImageType"])
    assert found == {
        "file": str(path),
        "SmallestImagePixelValue": 7,
        "DiffusionBValue": 1000.5,
        "PixelSpacing": (0.5, 0.75),
        "ImageType": ("ORIGINAL", "PRIMARY", "AXIAL"),
        "error": None,
    }


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_tags_are_numbers(tmp_path, syntax):
    """VR AT: by the scanner, by pydicom's parser, and of a data set. One value has VM 1, several have VM 1-n."""
    data = Stack().slice(0)
    data.FrameIncrementPointer = 0x00181063
    data.DimensionIndexPointer = 0x0020000E
    data.FailureAttributes = [0x00100020, 0x7FE00010]
    data.file_meta.TransferSyntaxUID = syntax
    del data.PixelData
    data.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    data.save_as(tmp_path / "b.dcm", enforce_file_format=True)
    # A value that is too long for the scanner.
    data.SeriesDescription = "x" * 2000
    data.save_as(tmp_path / "b.dcm", enforce_file_format=True)
    elements = ["FrameIncrementPointer", "DimensionIndexPointer", "FailureAttributes", "SeriesDescription"]
    expected = {
        "FrameIncrementPointer": (0x00181063,),
        "DimensionIndexPointer": 0x0020000E,
        "FailureAttributes": (0x00100020, 0x7FE00010),
        "error": None,
    }
    for found in dicomet.read_headers([tmp_path / "a.dcm", tmp_path / "b.dcm", data], elements):
        assert {name: found[name] for name in expected} == expected
        numbers = (*found["FailureAttributes"], found["DimensionIndexPointer"])
        assert {type(number) for number in numbers} == {int}


def test_half_a_tag(tmp_path):
    path = tmp_path / "a.dcm"
    data = Stack().slice(0)
    data.FrameIncrementPointer = 0x00181063
    data.save_as(path, enforce_file_format=True)
    stored = b"\x28\0\x09\0AT\4\0\x18\0\x63\x10"
    assert stored in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(stored, stored[:6] + b"\2\0\x18\0"))
    (found,) = dicomet.read_headers([path], ["FrameIncrementPointer"])
    assert found["FrameIncrementPointer"] is None
    assert "FrameIncrementPointer: found" in found["error"]


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, None])
def test_the_sign_of_an_implicit_vr(tmp_path, signed, syntax):
    data = Stack().slice(0, PixelRepresentation=int(signed))
    data.add_new("SmallestImagePixelValue", "SS" if signed else "US", -5 if signed else 65531)
    if syntax:
        data.file_meta.TransferSyntaxUID = syntax
    data.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    (found,) = dicomet.read_headers(tmp_path, ["SmallestImagePixelValue"])
    assert found["SmallestImagePixelValue"] == (-5 if signed else 65531)


@pytest.mark.parametrize(
    ("character_set", "text"),
    [("ISO_IR 100", "Schädel"), ("ISO_IR 192", "頭部"), (["", "ISO 2022 IR 87"], "頭部 CT"), ("GB18030", "胸部")],
)
def test_character_sets(tmp_path, character_set, text):
    data = Stack().slice(0)
    data.SpecificCharacterSet, data.SeriesDescription = character_set, text
    data.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    (found,) = dicomet.read_headers(tmp_path, ["SeriesDescription"])
    assert found["SeriesDescription"] == text
    (series,) = dicomet.find_series(tmp_path)
    assert series.description == text


def test_many_files_are_in_order(tmp_path):
    paths = Stack(count=60).write(tmp_path)
    for workers in (1, 2, None):
        found = dicomet.read_headers(paths, ["InstanceNumber", "SliceLocation"], workers=workers)
        assert [one["InstanceNumber"] for one in found] == list(range(1, 61))
        assert all(one["SliceLocation"] is None for one in found)
    assert [one["file"] for one in dicomet.read_headers(tmp_path)] == sorted(map(str, paths))


def test_a_file_that_cannot_be_read_does_not_end_the_others(tmp_path):
    paths = Stack(count=2).write(tmp_path)
    text = tmp_path / "text.txt"
    text.write_text("hello")
    found = dicomet.read_headers([paths[0], tmp_path / "none.dcm", text, tmp_path, paths[1]], ["InstanceNumber"])
    assert [one["InstanceNumber"] for one in found] == [1, None, None, None, 2]
    errors = [one["error"] for one in found]
    assert errors[0] is errors[4] is None
    assert "No such file" in errors[1]
    assert "not a DICOM file" in errors[2]
    assert "directory" in errors[3]
    # Where files are searched, text is none.
    assert len(dicomet.read_headers(tmp_path)) == 2


def test_a_value_that_cannot_be_read(tmp_path):
    path = tmp_path / "a.dcm"
    Stack().slice(0).save_as(path, enforce_file_format=True)
    path.write_bytes(path.read_bytes().replace(b"0.5\\0.75", b"0.5\\a.75"))
    (found,) = dicomet.read_headers([path], ["PixelSpacing", "Rows"])
    assert (found["PixelSpacing"], found["Rows"]) == (None, 4)
    assert "PixelSpacing: found" in found["error"]


def test_long_headers_and_long_values(tmp_path):
    """Headers beyond the bytes that are read first, and values that the scanner leaves to pydicom."""
    data = Stack().slice(0)
    data.add_new(0x00091010, "UN", b"\0" * 100_000)
    data.add_new(0x00090010, "LO", "PRIVATE")
    data.SliceLocation = 3.5
    data.ImageComments = "x" * 5000
    data.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    (found,) = dicomet.read_headers(tmp_path, ["SliceLocation", "Rows"])
    assert (found["SliceLocation"], found["Rows"], found["error"]) == (3.5, 4, None)
    (found,) = dicomet.read_headers(tmp_path, ["ImageComments", "Rows"])
    assert (len(found["ImageComments"]), found["Rows"]) == (5000, 4)


def test_elements_that_do_not_exist():
    with pytest.raises(ValueError, match="found 'Row', expected a keyword"):
        dicomet.read_headers([], ["Row"])
    with pytest.raises(ValueError, match="sequence"):
        dicomet.read_headers([], ["VOILUTSequence"])


def test_data_sets():
    data = Dataset()
    data.Rows, data.SliceLocation, data.ImageType = 3, math.pi, ["A", "B"]
    (found,) = dicomet.read_headers([data], ["Rows", "SliceLocation", "ImageType", "Columns"])
    assert found == {
        "file": None,
        "error": None,
        "Rows": 3,
        "Columns": None,
        "ImageType": ("A", "B"),
        "SliceLocation": pytest.approx(math.pi),
    }

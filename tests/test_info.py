"""`info.describe`: the description of an image without decoding it."""

import io
import json
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import files
import numpy as np
import oracle
import pydicom
import pytest
from info_command import CT, RLE, TEST_FILES, info
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGBaseline8Bit, RLELossless

import dicomet
from dicomet.cli.info_report import text
from dicomet.info import ELEMENTS, describe, is_no_image

CASES = files.cases()
# VRs of elements that identify a person, or that a person has typed; dates; and all UIDs but two.
PRIVATE_VRS = frozenset({"PN", "DA", "DT", "TM", "AS", "LT", "ST", "UT", "LO", "SH", "UI"})
TOLD = frozenset(
    {
        *("SOPClassUID", "MediaStorageSOPClassUID", "TransferSyntaxUID", "RescaleType"),
        *("WindowCenterWidthExplanation", "OverlayLabel", "OverlaySubtype", "LUTLabel", "LUTExplanation"),
    }
)


def parsed(path: Path) -> Dataset:
    return pydicom.dcmread(path, force=True, stop_before_pixels=True)


@pytest.fixture(autouse=True)
def pydicom_may_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def slow(case: files.Case) -> bool:
    return case.expected.slow


DECODED = [
    case
    for case in CASES
    if case.expected.file in {files.EQUAL, files.ONLY} and not case.expected.transfer_syntax and not slow(case)
]


@pytest.mark.parametrize("case", DECODED, ids=str)
def test_the_array_is_as_described(case):
    described, array = describe(case.path), dicomet.pixel_array(case.path)
    assert described["error"] is None
    assert (tuple(described["array_shape"]), described["array_dtype"]) == (array.shape, array.dtype.name)
    assert described["array_bytes"] == array.nbytes


@pytest.mark.parametrize("case", [case for case in CASES if case.expected.file == files.REFUSED], ids=str)
def test_what_is_refused_has_an_error(case):
    described = describe(case.path)
    if case.name != "JPEG-lossy.dcm":  # whose error only its codec sees
        assert described["error"]
    if case.name not in {"JPEG-lossy.dcm", "meta_missing_tsyntax.dcm"}:
        assert re.search(re.sub("'1A'", "'...'", case.expected.says), described["error"])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_elements_are_those_of_pydicom(case):
    described = describe(case.path)
    try:
        dataset = parsed(case.path)
    except Exception:  # noqa: BLE001 - not DICOM
        dataset = Dataset()
    compared = 0
    for keyword in ELEMENTS:
        try:
            value = dataset.get(keyword)
        except ValueError:
            continue
        if value is None or value == "" or keyword == "SOPClassUID":
            continue
        if value == "1A":
            assert any("Number of Frames: found a text that is not" in warning for warning in described["warnings"])
            continue
        found = described[keyword]
        if isinstance(found, list) and not isinstance(value, pydicom.multival.MultiValue | list):
            value = [value]
        assert found == (list(value) if isinstance(found, list) else value), keyword
        compared += 1
    assert compared >= 8 or case.expected.file in {files.NO_IMAGE, files.REFUSED}


def private_texts(dataset: Dataset) -> set[str]:
    """The texts that must not be shown, if they are too long to be in another text by chance."""
    found = set()
    for element in dataset.iterall():
        if element.VR in PRIVATE_VRS and element.keyword not in TOLD:
            values = element.value if isinstance(element.value, pydicom.multival.MultiValue) else [element.value]
            found |= {str(value) for value in values if len(str(value)) > 5}
    units = [element.value[0] for element in dataset.iterall() if element.keyword == "MeasurementUnitsCodeSequence"]
    found -= {unit.get("CodeValue") for unit in units}
    # The UIDs of the standard identify no one, and a time of day may be a number of bytes.
    return {one for one in found if not one.startswith("1.2.840.10008.") and not (one.isdigit() and len(one) < 8)}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_text_identifies_the_patient(case, tmp_path):
    path = tmp_path / "image"
    shutil.copy(case.path, path)
    described = describe(path)
    try:
        texts = private_texts(pydicom.dcmread(path, force=True))
    except Exception:  # noqa: BLE001 - not DICOM
        texts = set()
    names = {described["sop_class"], described["transfer_syntax"]}
    del described["file"]
    whole = json.dumps(described) + text({**described, "file": None})
    # The names of described elements are not private.
    assert [one for one in texts if one in whole and not any(one in str(name) for name in names)] == []


def test_no_described_element_identifies_a_patient():
    assert not [keyword for keyword in ELEMENTS if keyword.startswith("Patient") or dictionary_VR(keyword) == "PN"]


@pytest.mark.parametrize("kind", ["path", "text", "bytes", "file", "Dataset"])
def test_sources(kind):
    data = CT.read_bytes()
    src = {"path": CT, "text": str(CT), "bytes": data, "file": io.BytesIO(data), "Dataset": pydicom.dcmread(CT)}[kind]
    described = describe(src)
    assert described["file"] == (str(CT) if kind in {"path", "text"} else None)
    assert {**described, "file": ""} == {**describe(CT), "file": ""}


def test_a_source_of_another_type():
    with pytest.raises(TypeError, match="expected a path"):
        describe(3)


def test_the_keys_are_always_the_same():
    keys = list(describe(CT))
    for path in (RLE, TEST_FILES / "README.txt", TEST_FILES / "badVR.dcm", TEST_FILES / "rtplan.dcm"):
        assert list(describe(path)) == keys
    assert list(describe(Path("nowhere"))) == keys


def test_numbers_of_an_encapsulated_image():
    described = describe(RLE)
    stored = pydicom.dcmread(RLE).PixelData
    assert described["pixel_data_bytes"] == len(stored)
    assert described["compression_ratio"] == round(2 * 100 * 100 * 3 / len(stored), 2)
    assert described["decoded_by"] == ["dicomet"]
    assert (described["transfer_syntax"], described["TransferSyntaxUID"]) == ("RLE Lossless", RLELossless)


def test_what_follows_the_pixel_data_is_not_part_of_it(tmp_path):
    dataset = pydicom.dcmread(RLE)
    expected = describe(RLE)["pixel_data_bytes"]
    dataset.add_new(0xFFFCFFFC, "OB", bytes(5000))
    dataset.save_as(tmp_path / "padded")
    assert describe(tmp_path / "padded")["pixel_data_bytes"] == expected


def test_nothing_is_decoded(monkeypatch):
    def decode(*_, **__):
        raise AssertionError

    monkeypatch.setattr("dicomet._decoding.frame_reader.FrameReader.read", decode)
    monkeypatch.setattr("dicomet._decoding.codestream_plugins.decode", decode)
    for name in ("CT_small.dcm", "examples_jpeg2k.dcm", "image_dfl.dcm"):
        assert describe(TEST_FILES / name)["error"] is None


def test_limits_of_arrays_do_not_count(monkeypatch):
    monkeypatch.setenv("DICOMET_MAX_BYTES", "10")
    assert describe(CT)["array_bytes"] == 128 * 128 * 2


def enhanced(*, shared: bool) -> Dataset:
    """A CT whose window, rescale and spacing are in functional groups."""
    dataset = pydicom.dcmread(CT)
    for keyword in ("RescaleSlope", "RescaleIntercept", "PixelSpacing"):
        delattr(dataset, keyword)
    voi, transformation, measures, group = Dataset(), Dataset(), Dataset(), Dataset()
    voi.WindowCenter, voi.WindowWidth, voi.WindowCenterWidthExplanation = [40, 400], [80, 2000], ["BRAIN", "BONE"]
    transformation.RescaleSlope, transformation.RescaleIntercept, transformation.RescaleType = 2, -1024, "HU"
    measures.PixelSpacing = [0.5, 0.25]
    group.FrameVOILUTSequence = [voi]
    group.PixelValueTransformationSequence = [transformation]
    group.PixelMeasuresSequence = [measures]
    dataset.SharedFunctionalGroupsSequence = [group if shared else Dataset()]
    dataset.PerFrameFunctionalGroupsSequence = [Dataset() if shared else group]
    return dataset


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("saved", [True, False])
def test_functional_groups(shared, saved, tmp_path):
    src = enhanced(shared=shared)
    if saved:
        src.save_as(tmp_path / "enhanced")
        src = tmp_path / "enhanced"
    described = describe(src)
    assert (described["RescaleSlope"], described["RescaleIntercept"], described["RescaleType"]) == (2, -1024, "HU")
    assert (described["WindowCenter"], described["WindowWidth"]) == ([40, 400], [80, 2000])
    assert described["PixelSpacing"] == [0.5, 0.25]
    first = {"RescaleIntercept", "RescaleSlope", "RescaleType", "PixelSpacing"}
    first |= {"WindowCenter", "WindowWidth", "WindowCenterWidthExplanation"}
    assert set(described["of_first_frame"]) == (set() if shared else first)
    assert re.search(r"windows +40 / 80 \(BRAIN\); 400 / 2000 \(BONE\)\n", text(described))
    assert re.search(r"pixel spacing +0.5 x 0.25 mm", text(described))


def test_lookup_tables():
    dataset = pydicom.dcmread(CT)
    table = Dataset()
    table.add_new("LUTDescriptor", "US", [0, 0, 16])
    table.LUTExplanation, table.LUTData = "as on film", bytes(4)
    dataset.VOILUTSequence = [table, table]
    dataset.ModalityLUTSequence = [Dataset()]
    described = describe(dataset)
    assert described["VOILUTSequence"] == [{"LUTDescriptor": [0, 0, 16], "LUTExplanation": "as on film"}] * 2
    assert described["ModalityLUTSequence"] == [
        {"LUTDescriptor": None, "ModalityLUTType": None, "LUTExplanation": None}
    ]
    assert "16 bits (as on film); 65536" in text(described)


def test_one_window_is_a_list_too():
    dataset = pydicom.dcmread(CT)
    dataset.WindowCenter, dataset.WindowWidth = 40, 400
    described = describe(dataset)
    assert (described["WindowCenter"], described["WindowWidth"]) == ([40], [400])


@pytest.mark.parametrize("number", ["nan", "inf"])
def test_json_has_only_numbers(number):
    dataset = pydicom.dcmread(CT)
    dataset.RescaleSlope = float(number)
    described = describe(dataset)
    assert described["RescaleSlope"] is None
    json.dumps(described, allow_nan=False)


def test_an_element_that_cannot_be_read_hides_no_other(tmp_path):
    data = CT.read_bytes()
    at = data.index(b"\x28\x00\x30\x00DS")
    path = tmp_path / "bad"
    path.write_bytes(data[: at + 8] + b"one\\two " + data[at + 16 :])
    described = describe(path)
    assert described["PixelSpacing"] is None
    assert any("(0028,0030) Pixel Spacing: found a text that is not shown" in one for one in described["warnings"])
    assert (described["Rows"], described["error"]) == (128, None)


def test_values_cannot_control_the_terminal():
    dataset = pydicom.dcmread(CT)
    dataset.WindowCenter, dataset.WindowWidth, dataset.WindowCenterWidthExplanation = 1, 2, "\x1b[31mred"
    described = describe(dataset)
    assert "\x1b" not in text({**described, "file": "\x1b[31m.dcm"})


@pytest.mark.parametrize(
    ("transfer_syntax", "name"),
    [(JPEG2000Lossless, "MR_small_jp2klossless.dcm"), (JPEGBaseline8Bit, "SC_rgb_small_odd_jpeg.dcm")],
)
def test_no_plugin_is_needed(transfer_syntax, name, monkeypatch, capsys):
    monkeypatch.setattr(get_decoder(transfer_syntax), "_available", {})
    described = describe(TEST_FILES / name)
    assert described["decoded_by"] == ["dicomet"]
    assert described["missing_plugin"] is None
    assert described["array_shape"]
    assert info(TEST_FILES / name) == 0
    assert re.search(r"decoded by +dicomet\n", capsys.readouterr().out)


@pytest.mark.parametrize("cut", [0, 1, 100, 132, 140, 200, 400, 1000, 5000, 20_000])
def test_files_that_are_cut(cut, tmp_path, capsys):
    path = tmp_path / "cut"
    path.write_bytes(CT.read_bytes()[:cut])
    described = describe(path)
    assert described["error"]
    if cut >= 5000:
        assert described["Rows"] == 128
        assert described["sop_class"] == "CT Image Storage"
    assert info(path) == 1
    assert re.search(r"^error +\S", capsys.readouterr().out, re.MULTILINE)


def test_bytes_changed_at_random():
    """Nothing but a description comes of it, and one that is JSON."""
    random = np.random.default_rng(7)
    for source in (CT, RLE, TEST_FILES / "examples_palette.dcm"):
        data = np.frombuffer(source.read_bytes(), np.uint8)[:6000]
        for _ in range(150):
            changed = data.copy()
            places = random.integers(128, len(changed), 4)
            changed[places] = random.integers(0, 256, 4)
            described = describe(changed.tobytes())
            json.dumps(described, allow_nan=False)
            assert text(described)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere ru_maxrss has other units")
def test_no_inflation_of_what_is_not_needed(tmp_path):
    """A deflated file of 64 MiB of zeros after a header without an image."""
    element = oracle.element(0x00091001, "OB", bytes(1 << 26), ExplicitVRLittleEndian)
    path = tmp_path / "bomb"
    transfer_syntax = pydicom.uid.DeflatedExplicitVRLittleEndian
    path.write_bytes(oracle.beginning(transfer_syntax) + oracle.deflated(element))
    code = (
        "import resource, sys\n"
        "from dicomet.info import describe\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "assert describe(sys.argv[1])['error']\n"
        "assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000\n"
    )
    subprocess.run([sys.executable, "-c", code, path], check=True)  # noqa: S603


def test_no_image():
    assert is_no_image(TEST_FILES / "README.txt")
    assert is_no_image(TEST_FILES / "rtplan.dcm")
    assert not is_no_image(CT)
    assert not is_no_image(TEST_FILES / "MR_truncated.dcm")
    with pytest.raises(OSError, match="nowhere"):
        is_no_image("nowhere")

"""The table of transfer syntaxes: against pydicom's dictionary, the documentation, errors and `dicomet info`."""

import io
import re
from pathlib import Path

import encoders
import numpy as np
import oracle
import pydicom
import pytest
import test_unsupported_jpeg as unsupported_jpeg
from pydicom._uid_dict import UID_dictionary
from pydicom.uid import UID, ExplicitVRLittleEndian
from small_images import DATA, EXPECTED, IMAGE, elements, read

import dicomet
from dicomet._decoding import plugins
from dicomet._parsing.transfer_syntax import BY_UID, CODECS, TRANSFER_SYNTAXES, name_of
from dicomet.info import describe

PAGE = Path(__file__).parents[1] / "docs" / "transfer-syntaxes.md"
OF_PYDICOM = {uid: entry for uid, entry in UID_dictionary.items() if entry[1] == "Transfer Syntax"}
KNOWN = [syntax for syntax in TRANSFER_SYNTAXES if syntax.uid in OF_PYDICOM]
REFUSED = [syntax for syntax in TRANSFER_SYNTAXES if syntax.codec is None]
JPIP = [syntax for syntax in REFUSED if syntax.is_referenced]
PLUGIN_JPEG = [uid for uid, codec in CODECS.items() if codec.process]
PIXEL_DATA = 0x7FE00010


def by_uid(syntax) -> str:
    return getattr(syntax, "uid", syntax)


def file_of(content: dict, uid: str) -> bytes:
    """A file in explicit VR, whatever pydicom knows about its transfer syntax."""
    rest = oracle.data_set(content, ExplicitVRLittleEndian)
    deflated = uid in BY_UID and BY_UID[uid].is_deflated
    return oracle.beginning(UID(uid)) + (oracle.deflated(rest) if deflated else rest)


def data_set_of(content: dict, uid: str) -> pydicom.Dataset:
    """The data set, with a transfer syntax that pydicom may not know how to read."""
    dataset = read(oracle.dicom_file(content))
    dataset.file_meta.TransferSyntaxUID = uid
    return dataset


SOURCES = {"bytes": file_of, "file": lambda content, uid: io.BytesIO(file_of(content, uid)), "data set": data_set_of}


def test_no_transfer_syntax_is_missing():
    uids = [syntax.uid for syntax in TRANSFER_SYNTAXES]
    assert len(uids) == len(set(uids)) == len(BY_UID)
    assert OF_PYDICOM.keys() <= set(uids)
    # PS3.6 2025a and later, which pydicom 3.0 does not know.
    newest = {"1.2.840.10008.1.2.8.1", *(f"1.2.840.10008.1.2.4.{number}" for number in (110, 111, 112))}
    assert set(uids) - OF_PYDICOM.keys() <= newest <= set(uids)


@pytest.mark.parametrize("syntax", KNOWN, ids=by_uid)
def test_names_and_encodings_are_those_of_pydicom(syntax):
    uid = UID(syntax.uid)
    assert syntax.name == uid.name == name_of(uid)
    assert syntax.is_retired == uid.is_retired
    assert syntax.is_implicit_vr == (uid.is_implicit_VR or "Implicit" in uid.name)
    assert syntax.is_deflated == ("Deflate" in uid.name)
    assert syntax.is_referenced == uid.name.startswith("JPIP")


@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES, ids=by_uid)
def test_what_is_not_decoded_has_a_remedy(syntax):
    assert bool(syntax.remedy) == (syntax.codec is None)
    assert not (syntax.is_referenced and syntax.codec)


def test_names_of_other_uids():
    assert name_of("1.2.3.4") == "1.2.3.4"
    assert name_of("1.2.840.10008.5.1.4.1.1.2") == "CT Image Storage"


def documented() -> dict[str, tuple[str, str]]:
    """Name and treatment by UID, as the page has them."""
    rows = re.findall(r"^\| (.+) \| ([\d.]+) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len({uid for _, uid, _ in rows}) == len(rows)
    return {uid: (name, treatment) for name, uid, treatment in rows}


def treatment(syntax) -> str:
    if syntax.codec is None:
        return f"not decoded: {syntax.remedy}"
    return "dicomet" if syntax.codec.is_built_in else "plugins"


def test_the_documentation_lists_all():
    names = {syntax.uid: syntax.name + " (retired)" * syntax.is_retired for syntax in TRANSFER_SYNTAXES}
    assert documented() == {syntax.uid: (names[syntax.uid], treatment(syntax)) for syntax in TRANSFER_SYNTAXES}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("syntax", [syntax for syntax in REFUSED if not syntax.is_implicit_vr], ids=by_uid)
def test_errors_and_info_name_what_is_refused(syntax, source):
    with pytest.raises(dicomet.UnsupportedTransferSyntaxError) as error:
        dicomet.pixel_array(SOURCES[source](elements(IMAGE), syntax.uid))
    assert f"value of '{syntax.name}' is not supported: {syntax.remedy}" in str(error.value)
    assert error.value.element == "(0002,0010) Transfer Syntax UID"
    info = describe(SOURCES[source](elements(IMAGE), syntax.uid))
    assert (info["TransferSyntaxUID"], info["transfer_syntax"]) == (syntax.uid, syntax.name)
    assert info["error"] == str(error.value)
    assert info["decoded_by"] is None
    assert info["Rows"] == IMAGE.rows


def test_data_sets_in_implicit_vr():
    papyrus = BY_UID["1.2.840.10008.1.20"]
    dataset = read(DATA)
    dataset.file_meta.TransferSyntaxUID = papyrus.uid
    with pytest.raises(dicomet.UnsupportedTransferSyntaxError, match="Papyrus"):
        dicomet.pixel_array(dataset)
    assert describe(dataset)["transfer_syntax"] == papyrus.name


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("syntax", JPIP, ids=by_uid)
def test_jpip_has_no_pixel_data(syntax, source):
    content = {tag: entry for tag, entry in elements(IMAGE).items() if tag != PIXEL_DATA}
    content[0x00287FE0] = ("UR", b"https://example.org/jpip?target=x ")
    with pytest.raises(dicomet.UnsupportedTransferSyntaxError, match=r"Provider URL \(0028,7FE0\) with a JPIP client"):
        dicomet.pixel_array(SOURCES[source](content, syntax.uid))
    info = describe(SOURCES[source](content, syntax.uid))
    assert info["transfer_syntax"] == syntax.name
    assert info["Rows"] == IMAGE.rows
    assert "example.org" not in str(info)


def test_other_files_without_pixel_data():
    content = {tag: entry for tag, entry in elements(IMAGE).items() if tag != PIXEL_DATA}
    with pytest.raises(dicomet.MissingElementError, match="no pixel data"):
        dicomet.pixel_array(file_of(content, "1.2.840.10008.1.2.4.100"))


def test_a_header_that_needs_the_parser():
    """pydicom's parser reads it, but does not know how data sets of the transfer syntax are encoded."""
    # The scanner leaves such a Number of Frames to the parser.
    content = {**elements(IMAGE), 0x00280008: ("IS", b"+3")}
    with pytest.raises(dicomet.UnsupportedTransferSyntaxError, match=r"'MPEG2 .*' is not supported"):
        dicomet.pixel_array(file_of(content, "1.2.840.10008.1.2.4.100"))
    assert np.array_equal(dicomet.pixel_array(oracle.dicom_file(content)), EXPECTED)
    with pytest.raises(dicomet.UnsupportedTransferSyntaxError, match=r"'1\.2\.3\.4' is not supported$"):
        dicomet.pixel_array(file_of(content, "1.2.3.4"))


def test_a_transfer_syntax_that_pydicom_does_not_know_can_be_overridden():
    data = file_of(elements(IMAGE), "1.2.840.10008.1.2.4.112")
    array = dicomet.pixel_array(data, transfer_syntax_uid="1.2.840.10008.1.2.1")
    assert np.array_equal(array, EXPECTED)


@pytest.mark.skipif(not unsupported_jpeg.has("pylibjpeg"), reason="needs a plugin")
@pytest.mark.filterwarnings("ignore:.*is not checked")
@pytest.mark.parametrize("uid", PLUGIN_JPEG)
def test_plugins_decode_the_other_processes_of_jpeg(uid):
    baseline = encoders.every_family(np.arange(1440, dtype=np.uint16).reshape(unsupported_jpeg.SHAPE))["baseline"][1]
    image = unsupported_jpeg.image_of(baseline, syntax=uid)
    expected = dicomet.pixel_array(unsupported_jpeg.image_of(baseline), decoding_plugin="pylibjpeg")
    assert np.array_equal(dicomet.pixel_array(image, decoding_plugin="pylibjpeg"), expected)
    # A hierarchical image of one frame: its header comes first.
    start = baseline.index(b"\xff\xc0")
    header = baseline[start : start + 13]
    hierarchical = baseline[:2] + b"\xff\xde" + header[2:] + baseline[2:]
    image = unsupported_jpeg.image_of(hierarchical, syntax=uid)
    assert np.array_equal(dicomet.pixel_array(image), expected)
    assert "gdcm" not in describe(image)["decoded_by"]


@pytest.mark.parametrize("uid", PLUGIN_JPEG)
def test_the_error_names_plugins_that_are_able(monkeypatch, uid):
    image = unsupported_jpeg.image_of(unsupported_jpeg.arithmetic(), syntax=uid)
    monkeypatch.setattr(plugins.Decoder, "available_plugins", property(lambda _: ()))
    with pytest.raises(dicomet.PixelDataError, match=r"found arithmetic coding, .*pylibjpeg-libjpeg") as error:
        dicomet.pixel_array(image)
    assert "gdcm" not in str(error.value)
    assert "pylibjpeg-libjpeg" in describe(image)["missing_plugin"]

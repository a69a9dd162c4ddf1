"""`dicomet info` of files whose lengths, VRs or values are wrong: values in the wrong place are not shown."""

import json
import struct
import warnings

import pytest
from convert_files import image

from dicomet.__main__ import main
from dicomet._utils.redact import is_text_from, redact
from dicomet.info import describe

NAME = "DOE^JANE"


@pytest.fixture(autouse=True)
def pydicom_may_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def element(tag: int, vr: str, text: str) -> bytes:
    value = text.encode() + b" " * (len(text) % 2)
    length = struct.pack("<2xI", len(value)) if vr == "UT" else struct.pack("<H", len(value))
    return struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr.encode() + length + value


def changed(tag: int, vr: str, text: str) -> bytes:
    """A file with an element that is added, or stands in place of its own."""
    content = image()
    key = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
    at = content.find(key)
    if at < 0:
        at = content.index(struct.pack("<HH", 0x0028, 0x0002) + b"US")
        end = at
        if tag > 0x00280002:
            at = end = content.index(struct.pack("<HH", 0x7FE0, 0x0010))
    else:
        end = at + 8 + struct.unpack("<H", content[at + 6 : at + 8])[0]
    return content[:at] + element(tag, vr, text) + content[end:]


def swallowing() -> bytes:
    """A file with a Modality whose length includes the name after it."""
    content = changed(0x00080060, "CS", "MR")
    at = content.index(b"\x08\x00\x60\x00CS")
    name = element(0x00100010, "PN", NAME)
    length = struct.pack("<H", 2 + len(name))
    return content[: at + 6] + length + b"MR" + name + content[at + 10 :]


FILES = {
    "a length that swallows": swallowing(),
    "Modality of PN": changed(0x00080060, "PN", NAME),
    "Modality of LO": changed(0x00080060, "LO", "DOE JANE"),
    "Modality, too long": changed(0x00080060, "CS", "DOE JANE 19700101"),
    "Modality of characters": changed(0x00080060, "CS", NAME),
    "Burned In Annotation of UT": changed(0x00280301, "UT", NAME + " text" * 50),
    "Rescale Type of PN": changed(0x00281054, "PN", NAME),
    "Rows of LO": changed(0x00280010, "LO", NAME),
    "Number of Frames": changed(0x00280008, "IS", NAME),
    "Window Center": changed(0x00281050, "DS", NAME),
    "Window Center of an apostrophe": changed(0x00281050, "DS", "O'DOE^JANE"),
    "Photometric Interpretation": changed(0x00280004, "CS", NAME),
    "transfer syntax": changed(0x00020010, "UI", NAME),
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_values_in_the_wrong_place_are_not_shown(content, tmp_path, capfd):
    path = tmp_path / "x.dcm"
    path.write_bytes(content)
    assert b"DOE" in content
    described = describe(path)
    assert any(
        "a text that is not shown, expected a value of VR" in one or "'...'" in one for one in described["warnings"]
    )
    for arguments in (["info"], ["info", "--json"]):
        main([*arguments, str(path)])
    said = capfd.readouterr()
    assert "DOE" not in json.dumps(described) + said.out + said.err


@pytest.mark.parametrize(
    ("vr", "text", "expected"),
    [
        ("CS", "MONOCHROME2", True),
        ("CS", "Monochrome2", True),
        ("CS", "A" * 16, True),
        ("CS", "A" * 17, False),
        ("CS", "A\x00", False),
        ("UI", "1.2.840.10008", True),
        ("UI", "DOE", False),
        ("LO", "Weichteil \u00fc", True),
        ("LO", "A" * 65, False),
        ("LO", "A\x1b", False),
    ],
)
def test_texts_of_a_vr(vr, text, expected):
    assert is_text_from(vr, text) is expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("found 'O'HARA', expected one", "found '...', expected one"),
        ('found "O\'HARA JR.", expected one', "found '...', expected one"),
        ("found b'DOE', expected one", "found '...', expected one"),
        ("the dataset's 'Pixel Data' in 'src'", "the dataset's 'Pixel Data' in 'src'"),
        ("no 'Number of Frames' and no 'MR'", "no 'Number of Frames' and no '...'"),
        ("value of 'JPEG Baseline (Process 1)' is not", "value of 'JPEG Baseline (Process 1)' is not"),
        ("found 12, expected 60 bytes", "found 12, expected 60 bytes"),
    ],
)
def test_messages_do_not_quote_files(message, expected):
    assert redact(message, {"JPEG Baseline (Process 1)"}) == expected

"""Small slips that archives hold: blanks in front of a term, and a VR of blanks."""

import io
import struct
import warnings

import numpy as np
import oracle
import pydicom
import pytest
from oracle import Image
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

import dicomet

GRAY = Image(np.arange(60, dtype=np.uint16).reshape(2, 5, 6, 1) * 50, 16, 12)
COLOR = Image(np.arange(90, dtype=np.uint8).reshape(1, 5, 6, 3), 8, 8, photometric="RGB")
YBR = Image(np.arange(90, dtype=np.uint8).reshape(1, 5, 6, 3), 8, 8, photometric="YBR_FULL")
EXPLICIT = [ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]


def elements(image: Image, syntax=ExplicitVRLittleEndian) -> dict:
    big_endian = not syntax.is_little_endian
    value = oracle.native(image, big_endian=big_endian)
    return oracle.elements(image, value, "OB" if image.bits_allocated == 8 else "OW", big_endian=big_endian)


def recorded(way):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        return way(), [str(warning.message) for warning in caught]


def of_all_ways(data: bytes, frames: int):
    yield lambda: dicomet.pixel_array(data)
    yield lambda: dicomet.pixel_array(io.BytesIO(data))
    yield lambda: np.squeeze(np.stack(list(dicomet.iter_pixels(data))))
    yield lambda: np.squeeze(np.stack([dicomet.pixel_array(data, index=index) for index in range(frames)]))
    yield lambda: np.squeeze(dicomet.open(data)[:])


# Blanks


@pytest.mark.parametrize("image", [GRAY, COLOR, YBR], ids=lambda image: image.photometric)
@pytest.mark.parametrize("blanks", [1, 2, 3])
@pytest.mark.parametrize("syntax", [*EXPLICIT, ImplicitVRLittleEndian], ids=lambda uid: uid.keyword)
def test_blanks_in_front_of_photometric_interpretation(image, blanks, syntax):
    found = elements(image, syntax)
    found[0x00280004] = ("CS", oracle.text(" " * blanks + image.photometric))
    data = oracle.dicom_file(found, syntax)
    for way in of_all_ways(data, image.frames):
        array, messages = recorded(way)
        assert np.array_equal(array, oracle.expected(image))
        assert all("(0028,0004) Photometric Interpretation: found ' " in message for message in messages)
        assert messages
    dataset = pydicom.dcmread(io.BytesIO(data))
    array, messages = recorded(lambda: dicomet.pixel_array(dataset))
    assert np.array_equal(array, oracle.expected(image))
    assert len(messages) == 1


def with_terms(**terms: str) -> bytes:
    dataset = pydicom.dcmread(io.BytesIO(oracle.dicom_file(elements(GRAY))))
    dataset.WindowCenter, dataset.WindowWidth = 500, 800
    for keyword, term in terms.items():
        setattr(dataset, keyword, term)
    file = io.BytesIO()
    dataset.save_as(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("keyword", "term"),
    [
        ("PresentationLUTShape", "INVERSE"),
        ("PresentationLUTShape", "IDENTITY"),
        ("VOILUTFunction", "SIGMOID"),
        ("VOILUTFunction", "LINEAR_EXACT"),
        ("PhotometricInterpretation", "MONOCHROME1"),
    ],
)
def test_blanks_in_front_of_terms_of_display(keyword, term):
    shown = dicomet.to_display(with_terms(**{keyword: term}))
    data = with_terms(**{keyword: f" {term}"})
    for source in (data, pydicom.dcmread(io.BytesIO(data))):
        array, messages = recorded(lambda source=source: dicomet.to_display(source))
        assert np.array_equal(array, shown)
        assert len(messages) == 1
        assert "expected a term without leading blanks" in messages[0]


# A VR of blanks

VRS = {"blanks": b"  ", "nulls": b"\0\0"}


def blanked(data: bytes, tag: int, vr: bytes, syntax) -> bytes:
    """The file with the VR of one element replaced; the form of its header stays."""
    order = "<" if syntax.is_little_endian else ">"
    place = data.index(struct.pack(f"{order}HH", tag >> 16, tag & 0xFFFF), 132) + 4
    return data[:place] + vr + data[place + 2 :]


def file_with_blank(tags, vr: bytes, syntax, image: Image = GRAY) -> bytes:
    rest = oracle.data_set(elements(image, syntax), syntax)
    for tag in tags:
        rest = blanked(bytes(132) + rest, tag, vr, syntax)[132:]
    if syntax == DeflatedExplicitVRLittleEndian:
        rest = oracle.deflated(rest)
    return oracle.beginning(syntax) + rest


DESCRIBING = sorted(set(elements(GRAY)) - {0x7FE00010})


@pytest.mark.parametrize("vr", VRS.values(), ids=VRS)
@pytest.mark.parametrize("syntax", EXPLICIT, ids=lambda uid: uid.keyword)
@pytest.mark.parametrize("tag", [*elements(GRAY)], ids="{:08X}".format)
def test_one_element_with_a_blank_vr(tag, vr, syntax):
    data = file_with_blank([tag], vr, syntax)
    for way in of_all_ways(data, GRAY.frames):
        array, messages = recorded(way)
        assert np.array_equal(array, oracle.expected(GRAY))
        assert all("found a blank VR, expected" in message for message in messages)
        assert bool(messages) == (tag != 0x7FE00010)


@pytest.mark.parametrize("vr", VRS.values(), ids=VRS)
@pytest.mark.parametrize("syntax", EXPLICIT, ids=lambda uid: uid.keyword)
@pytest.mark.parametrize("image", [GRAY, COLOR], ids=["gray", "color"])
def test_all_elements_with_a_blank_vr(vr, syntax, image):
    data = file_with_blank(elements(image), vr, syntax, image)
    array, messages = recorded(lambda: dicomet.pixel_array(data))
    assert np.array_equal(array, oracle.expected(image))
    assert len(messages) == 1
    assert "(and 10 more elements)" in messages[0]
    assert np.array_equal(recorded(lambda: dicomet.to_display(data))[0].shape, array.shape)


def test_a_blank_vr_of_an_element_that_display_needs():
    data = with_terms(PresentationLUTShape="INVERSE")
    shown = dicomet.to_display(data)
    for tag in (0x20500020, 0x00281050, 0x00281051):
        changed = blanked(data, tag, b"  ", ExplicitVRLittleEndian)
        array, messages = recorded(lambda changed=changed: dicomet.to_display(changed))
        assert np.array_equal(array, shown)
        assert messages


def test_ds_out_has_the_elements_with_a_blank_vr():
    data = file_with_blank([0x00280010, 0x00280004], b"  ", ExplicitVRLittleEndian)
    dataset = Dataset()
    recorded(lambda: dicomet.pixel_array(data, ds_out=dataset))
    assert (dataset.Rows, dataset.Columns, dataset.PhotometricInterpretation) == (5, 6, "MONOCHROME2")


def test_a_long_element_with_a_blank_vr_is_passed_over():
    found = elements(GRAY)
    found[0x00282000] = ("OB", bytes(range(256)) * 300)
    data = oracle.dicom_file(dict(sorted(found.items())))
    array, messages = recorded(lambda: dicomet.pixel_array(blanked(data, 0x00282000, b"  ", ExplicitVRLittleEndian)))
    assert np.array_equal(array, oracle.expected(GRAY))
    assert "(0028,2000) ICC Profile: found a blank VR, expected OB" in messages[0]


def test_an_element_in_implicit_vr_among_explicit_ones_is_still_one():
    """pydicom's rule for them: a length of 65536 looks like a VR of two nulls."""
    found = elements(GRAY)
    before = oracle.data_set({tag: entry for tag, entry in found.items() if tag <= 0x00280103}, ExplicitVRLittleEndian)
    table = oracle.element(0x00283006, "OW", bytes(65536), ImplicitVRLittleEndian)
    after = oracle.data_set({0x7FE00010: found[0x7FE00010]}, ExplicitVRLittleEndian)
    data = oracle.beginning(ExplicitVRLittleEndian) + before + table + after
    array, messages = recorded(lambda: dicomet.pixel_array(data))
    assert np.array_equal(array, oracle.expected(GRAY))
    assert messages == []


def test_a_private_element_with_a_blank_vr_stays_unreadable():
    found = elements(GRAY)
    found[0x00291001] = ("SH", b"12345678")
    data = blanked(oracle.dicom_file(dict(sorted(found.items()))), 0x00291001, b"  ", ExplicitVRLittleEndian)
    with pytest.raises(dicomet.PixelDataError):
        dicomet.pixel_array(data)


@pytest.mark.parametrize("vr", VRS.values(), ids=VRS)
@pytest.mark.parametrize("form", ["short", "long"])
def test_pixel_data_with_a_blank_vr_and_a_length_of_16_or_32_bits(vr, form):
    found = elements(GRAY)
    _, value = found.pop(0x7FE00010)
    length = struct.pack("<H", len(value)) if form == "short" else struct.pack("<2xL", len(value))
    before = oracle.data_set(found, ExplicitVRLittleEndian)
    data = oracle.beginning(ExplicitVRLittleEndian) + before + struct.pack("<HH", 0x7FE0, 0x0010) + vr + length + value
    assert np.array_equal(recorded(lambda: dicomet.pixel_array(data))[0], oracle.expected(GRAY))


def test_pixel_data_in_implicit_vr_after_explicit_elements():
    """A length of 65536 looks like a VR of two nulls, too."""
    image = Image((np.arange(32768, dtype=np.uint16) % 4096).reshape(1, 128, 256, 1), 16, 12)
    found = elements(image)
    _, value = found.pop(0x7FE00010)
    data = oracle.beginning(ExplicitVRLittleEndian) + oracle.data_set(found, ExplicitVRLittleEndian)
    data += oracle.element(0x7FE00010, "OW", value, ImplicitVRLittleEndian)
    assert np.array_equal(recorded(lambda: dicomet.pixel_array(data))[0], oracle.expected(image))

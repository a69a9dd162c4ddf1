"""Findings of long runs over mutated files: faults, and differences that only damaged files show."""

import io
import struct
import subprocess
import sys
import warnings

import numpy as np
import pytest
from call_outcome import with_and_without
from mutation_pydicom import why_dicomet_refuses
from mutation_rules import Context, rule_of
from oracle import (
    DELIMITER,
    Image,
    byte_planes,
    dicom_file,
    element,
    elements,
    item,
    native,
    odd_runs,
    rle_frame,
)
from pydicom import dcmread
from pydicom.pixels import pixel_array
from pydicom.uid import ImplicitVRLittleEndian, RLELossless

import dicomet


def image(bits=8):
    rng = np.random.default_rng(5)
    return Image(rng.integers(0, 2**bits, (1, 4, 6, 1)).astype(f"u{bits // 8}"), bits, bits)


@pytest.mark.parametrize("uid", ["1.2\0\x01\x02", "1.2\n3", "1\x7f2", "1.2.\u00ff\u0085", "9" * 5000])
def test_text_about_transfer_syntax(uid):
    """The name of an unknown UID is the UID, which may contain any characters and have any length."""
    content = dicom_file(elements(image(), bytes(24), "OB"))
    value = uid.encode("latin-1")
    meta = struct.pack("<HH2sH", 2, 0x10, b"UI", len(value)) + value
    with pytest.raises(NotImplementedError) as raised:
        dicomet.pixel_array(content[:132] + meta + content[content.index(b"\x02\x00\x10\x00") + 28 :])
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 1000


def test_text_about_photometric_interpretation():
    found = elements(image(), bytes(24), "OB")
    found[0x00280004] = ("CS", b"MONO\1CHROME\n")
    with pytest.raises(dicomet.PixelDataError, match=r"found 'MONO\\x01CHROME") as raised:
        dicomet.pixel_array(dicom_file(found))
    assert str(raised.value).isprintable()


def test_text_about_messages_of_pydicom():
    """pydicom's messages contain bytes that it cannot read."""
    error = dicomet.PixelDataError("all plugins failed:\n  one: \x00\r\n  two: \u2028" + "x" * 5000)
    assert str(error).startswith(r"all plugins failed:   one: \x00   two:  xxx")
    assert str(error).isprintable()
    assert len(str(error)) < 1000


@pytest.fixture
def cut_table():
    """An Extended Offset Table, and a Basic Offset Table whose length is not a multiple of 4."""
    extended = bytes(8), struct.pack("<Q", len(frame()))
    return rle_file([even(frame())], table=bytes(2), extended=extended)


def test_cut_basic_offset_table_beside_an_extended_one(cut_table):
    """pydicom refuses the file; for dicomet the Extended Offset Table is enough."""
    with pytest.warns(UserWarning, match="the offsets of the Basic Offset Table are not those"):
        assert (dicomet.pixel_array(cut_table) == image().values[0, ..., 0]).all()
    with pytest.warns(UserWarning, match="the offsets of the Basic Offset Table are not those"):
        assert (dicomet.pixel_array(cut_table, index=0) == image().values[0, ..., 0]).all()


@pytest.mark.parametrize("call", [lambda ds: ds.pixel_array, lambda ds: ds.PixelData])
def test_cut_basic_offset_table_after_install(monkeypatch, cut_table, call):
    monkeypatch.delenv("DICOMET", raising=False)
    installed, without, _ = with_and_without(call, lambda: dcmread(io.BytesIO(cut_table)))
    assert installed == without


# Differences that only damaged files show


def frame(number=0):
    rng = np.random.default_rng(number)
    return rle_frame([odd_runs(plane, rng) for plane in byte_planes(image())])


def even(value):
    return value + bytes(len(value) % 2)


def rle_file(fragments, *, table=b"", frames=1, extended=None):
    """An RLE file with these fragments, and with any offset tables."""
    value = item(table) + b"".join(map(item, fragments)) + DELIMITER
    found = elements(image(), value, "OB", extended=extended)
    found[0x00280008] = ("IS", b"%d " % frames)
    return dicom_file(found, RLELossless)


def cut_by_extended_table():
    """A frame in two fragments, which the table describes as one."""
    whole = even(frame())
    return rle_file([whole[:70], whole[70:]], extended=(bytes(8), struct.pack("<Q", len(whole))))


def cut_by_basic_table():
    """Two frames in three fragments, with a table that contradicts Number of Frames, which is 1."""
    first, second = even(frame()), even(frame(1))
    return rle_file([first[:70], first[70:], second], table=struct.pack("<2L", 0, len(first) + 8))


@pytest.mark.parametrize("make", [cut_by_extended_table, cut_by_basic_table], ids=lambda make: make.__name__)
def test_offset_table_is_not_believed(make):
    content = make()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        given = dicomet.pixel_array(content)
    assert "Offset Table are not those of the fragments" in str(caught[0].message)
    assert (given == image().values[0, ..., 0]).all()
    wanted = pixel_array(io.BytesIO(content), decoding_plugin="pydicom")
    assert not np.array_equal(given, wanted)
    assert rule_of(Context(content, given, wanted)).endswith("offset table against the fragments")


def uncountable_fragments():
    first, second = even(frame()), even(frame(1))
    fragments = [first[:70], first[70:], second[:70], second[70:]]
    return rle_file(fragments, table=struct.pack("<2L", 8, len(first) + 16), frames=2)


def wrong_tag():
    whole = even(frame())
    content = rle_file([whole], extended=(bytes(8), struct.pack("<Q", len(whole))))
    return content.replace(DELIMITER, b"\x28\0\2\1" + bytes(4))


def first_segment_after_a_gap():
    whole = even(frame())
    return rle_file([whole[:4] + b"\x42" + whole[5:64] + b"\x80\x80" + whole[64:]])


def missing_bits():
    found = elements(Image(np.ones((1, 40, 6, 1), "u1"), 1, 1), b"\xff" * 6, "OB")
    return dicom_file({tag: element if tag != 0x7FE00010 else ("OB", b"\xff" * 6) for tag, element in found.items()})


def not_deflated():
    content = dicom_file(elements(image(), bytes(24), "OB"))
    uid = b"1.2.840.10008.1.2.1.99"
    meta = struct.pack("<HH2sH", 2, 0x10, b"UI", len(uid)) + uid
    return content[:140] + struct.pack("<L", len(meta)) + meta + content[content.index(b"\x10\0\x10\0PN") :]


def not_an_integer():
    found = elements(image(), bytes(24), "OB")
    found[0x00280002] = ("FL", struct.pack("<f", 1.0))
    return dicom_file(found)


def bits_of_another_float():
    values = np.ones((1, 4, 6, 1), "f4")
    found = elements(Image(values, 32, 32, keyword="FloatPixelData"), values.tobytes(), "OF")
    found[0x00280100] = ("US", struct.pack("<H", 64))
    return dicom_file(found)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (uncountable_fragments, "4 fragments and no usable offset table"),
        (wrong_tag, r"found tag \(0028,0102\), expected an Item"),
        (first_segment_after_a_gap, "found RLE segment offset 66, expected 64"),
        (missing_bits, "found 6 bytes, expected 30"),
        (not_deflated, "the deflated data set is damaged"),
        (not_an_integer, "found '1.0', expected one integer"),
        (bits_of_another_float, "Bits Allocated: found 64, expected 32 for Float Pixel Data"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_refused_though_pydicom_decodes(make, says):
    content = make()
    with pytest.raises(dicomet.PixelDataError, match=says) as raised:
        dicomet.pixel_array(content)
    assert isinstance(pixel_array(io.BytesIO(content)), np.ndarray)
    assert "UNEXPLAINED" not in why_dicomet_refuses(content, raised.value)


def dataset(content):
    return dcmread(io.BytesIO(content))


def test_more_frames_of_subsampled_colors():
    values = np.repeat(np.random.default_rng(5).integers(0, 256, (5, 4, 3, 3), dtype=np.uint8), 2, axis=2)
    colors = Image(values, 8, 8, photometric="YBR_FULL_422")
    found = elements(colors, native(colors), "OB")
    found[0x00280008] = ("IS", b"4 ")
    with pytest.warns(UserWarning, match="sufficient to contain 5 frames"):
        given = dicomet.pixel_array(dataset(dicom_file(found)), raw=True)
    wanted = pixel_array(dataset(dicom_file(found)), raw=True)
    assert (len(given), len(wanted)) == (5, 4)
    assert (given[:4] == wanted).all()
    assert rule_of(Context(dataset(dicom_file(found)), given, wanted)) == "more frames of subsampled colors"


def test_more_frames_of_single_bits():
    bits = Image(np.random.default_rng(5).integers(0, 2, (4, 5, 7, 1), dtype=np.uint8), 1, 1)
    found = elements(bits, native(bits), "OB")
    found[0x00280008] = ("IS", b"1 ")
    with pytest.warns(UserWarning, match="sufficient to contain 4 frames"):
        assert (dicomet.pixel_array(dataset(dicom_file(found))) == bits.values[..., 0]).all()
    with pytest.raises(TypeError):
        pixel_array(dataset(dicom_file(found)))


@pytest.mark.parametrize(
    ("extended", "error"), [((bytes(8), b""), TypeError), ((bytes(8), b"\xff" * 8), OverflowError)]
)
def test_extended_offset_table_that_cannot_be(extended, error):
    content = rle_file([even(frame())], extended=extended)
    with pytest.warns(UserWarning, match="Offset Table are not those of the fragments"):
        assert (dicomet.pixel_array(content) == image().values[0, ..., 0]).all()
    with pytest.raises(error):
        pixel_array(io.BytesIO(content))


def test_implicit_pixel_data_after_an_explicit_element():
    """Each header shows its own encoding, which pydicom's parser follows."""
    found = elements(image(16), native(image(16)), "OW", trailing=bytes(16))
    content = dicom_file(found, ImplicitVRLittleEndian)
    place = content.index(b"\x10\x00\x10\x00")
    content = content[:place] + element(0x00080016, "UI", b"1.2.") + content[place:]
    assert (pixel_array(io.BytesIO(content)) == image(16).values[0, ..., 0]).all()
    assert (dataset(content).pixel_array == image(16).values[0, ..., 0]).all()
    assert (dicomet.pixel_array(content) == image(16).values[0, ..., 0]).all()


HUGE = """
import resource, sys
import dicomet, pydicom
with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 30),) * 2)
try:
    dicomet.pixel_array(sys.stdin.buffer.read())
except dicomet.PixelDataError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a limit of addresses, counted from what is in use")
def test_length_of_an_element_is_not_allocated():
    """The header of an element declares 2 GiB, of which only a few bytes exist."""
    content = dicom_file(elements(image(), bytes(24), "OB"))
    place = content.index(b"\x10\x00\x10\x00")
    long = b"\x28\x00\x10\x00OB\0\0" + struct.pack("<L", 2**31)
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", HUGE], input=content[:place] + long + content[place:], capture_output=True, check=False
    )
    assert done.stderr == b""
    assert b"no pixel data to decode" in done.stdout

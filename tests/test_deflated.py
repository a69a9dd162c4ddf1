"""Deflated data sets (PS3.5 A.5): inflated as they are read, and no further than the image goes."""

import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import oracle
import pytest
from oracle import Image
from pydicom.uid import DeflatedExplicitVRLittleEndian

import dicomet
from dicomet._native import Source
from dicomet._parsing import elements_before_pixel_data
from dicomet._parsing import source as source_module

DEFLATED = DeflatedExplicitVRLittleEndian
SAMPLES = np.arange(3 * 40 * 30, dtype=np.uint16).reshape(3, 40, 30, 1)
IMAGE = Image(SAMPLES, 16, 12)
FRAMES = (SAMPLES & 0xFFF)[..., 0]
ZEROS = bytes(20_000_000)


def elements(*, value: bytes | None = None, **changed: str) -> dict[int, tuple[str, bytes]]:
    found = oracle.elements(IMAGE, oracle.native(IMAGE) if value is None else value, "OW")
    return found | {int(tag, 16): ("IS", text.encode()) for tag, text in changed.items()}


def file_of(found: dict[int, tuple[str, bytes]]) -> bytes:
    return oracle.dicom_file(dict(sorted(found.items())), DEFLATED)


def test_any_part_of_a_stream_in_any_order():
    plain = oracle.data_set(elements(), DEFLATED)
    stored = oracle.dicom_file(elements(), DEFLATED)
    source = Source.from_buffer(stored).deflate_stream(len(oracle.beginning(DEFLATED)))
    for offset, count in [(0, 10), (5000, 100), (3, 7), (len(plain) - 5, 100), (len(plain) + 5, 10), (0, len(plain))]:
        assert source.read(offset, count) == plain[offset : offset + count]
        assert source.part(offset, count).inflate_prefix(count).read(0, count) == plain[offset : offset + count]
    assert source.is_deflated
    assert not source.inflate_prefix(5).is_deflated


@pytest.mark.parametrize("tag", [0x00091010, 0xFFFCFFFC], ids=["before", "after"])
def test_long_values_around_the_pixel_data(tag):
    file = file_of(elements() | {tag: ("OB", ZEROS)})
    assert len(file) < 100_000
    assert (dicomet.pixel_array(file) == FRAMES).all()
    assert (dicomet.pixel_array(file, index=1) == FRAMES[1]).all()
    assert all((frame == expected).all() for frame, expected in zip(dicomet.iter_pixels(file), FRAMES, strict=True))
    with dicomet.open(file) as image:
        assert (image[2] == FRAMES[2]).all()


def test_a_value_that_is_longer_than_the_image():
    value = oracle.native(IMAGE)
    file = file_of(elements(value=value + ZEROS))
    with pytest.warns(UserWarning, match=f"found {len(value) + len(ZEROS)} bytes, expected {len(value)}"):
        assert (dicomet.pixel_array(file) == FRAMES).all()


def test_more_frames_than_number_of_frames():
    file = file_of(elements(**{"00280008": "2 "}))
    with pytest.warns(UserWarning, match=r"sufficient to contain 3 frames"):
        assert (dicomet.pixel_array(file, allow_excess_frames=True) == FRAMES).all()
    with pytest.warns(UserWarning, match=r"found 7200 bytes, expected 4800"):
        assert (dicomet.pixel_array(file) == FRAMES[:2]).all()


@pytest.mark.parametrize("index", [None, 0])
def test_a_stream_that_is_cut(index):
    file = file_of(elements())
    with pytest.raises(dicomet.PixelDataError, match=r"the deflated data set is damaged: it ends too early"):
        dicomet.pixel_array(file[: len(file) * 3 // 4], index=index)


def test_a_length_that_no_such_stream_can_give():
    """Nothing is inflated for it."""
    data = oracle.data_set(elements(**{"00280008": "70000 "}), DEFLATED)
    data = data.replace(len(oracle.native(IMAGE)).to_bytes(4, "little"), (168_000_000).to_bytes(4, "little"), 1)
    file = oracle.beginning(DEFLATED) + oracle.deflated(data)
    with pytest.raises(
        dicomet.PixelDataError, match=r"found a deflated value of \d{7} bytes at most, expected 168000000"
    ):
        dicomet.pixel_array(file)


def test_a_value_that_is_not_all_there():
    """A stream that ends properly, but before its last element does."""
    data = oracle.data_set(elements(), DEFLATED)[:-100]
    file = oracle.beginning(DEFLATED) + oracle.deflated(data)
    with pytest.raises(dicomet.PixelDataError, match=r"found 7100 bytes, expected 7200") as raised:
        dicomet.pixel_array(file)
    assert raised.value.element == "(7FE0,0010) Pixel Data"
    assert (dicomet.pixel_array(file, index=1) == FRAMES[1]).all()


def test_view_only_is_a_view_of_what_has_been_inflated():
    image = Image(SAMPLES, 16, 16)
    file = file_of(oracle.elements(image, oracle.native(image), "OW"))
    array = dicomet.pixel_array(file, view_only=True)
    assert not array.flags.owndata
    assert (array == SAMPLES[..., 0]).all()


def test_what_a_parser_is_given_of_an_unusual_header_is_limited(monkeypatch):
    unusual = oracle.element(0x00080005, "CS", b"ODD_SET ")
    sequence = (
        bytes.fromhex("08004011 5351 0000 ffffffff") + oracle.item(b"") * 50_000 + bytes.fromhex("feffdde000000000")
    )
    data = unusual + sequence + oracle.data_set(elements(), DEFLATED)
    file = oracle.beginning(DEFLATED) + oracle.deflated(data)
    assert (dicomet.pixel_array(file) == FRAMES).all()
    monkeypatch.setattr(source_module, "PARSER_LIMIT", 200_000)
    assert (dicomet.pixel_array(file) == FRAMES).all()
    monkeypatch.setattr(elements_before_pixel_data, "find_delimiter", lambda *_args, **_options: None)
    with pytest.raises(
        dicomet.PixelDataError, match=re.escape("(0002,0010) Transfer Syntax UID: found more than 200000")
    ):
        dicomet.pixel_array(file)


def test_a_parser_that_is_led_back_and_forth():
    """Each element looks like fragments until their end, 400 kB ahead of it: all is inflated again to return."""
    far = bytes.fromhex("feff00e0") + (400_000).to_bytes(4, "little") + bytes(8) + bytes.fromhex("feffdde000000000")
    elements_ahead = b"".join(
        (0x00110000 + number).to_bytes(4, "little")[2:]
        + (0x1000 + number).to_bytes(2, "little")
        + b"OB\0\0\xff\xff\xff\xff"
        + far
        for number in range(20)
    )
    data = oracle.element(0x00091010, "OB", bytes(64 << 20)) + elements_ahead + oracle.data_set(elements(), DEFLATED)
    file = oracle.beginning(DEFLATED) + oracle.deflated(data + bytes(1 << 20))
    assert len(file) < 100_000
    with pytest.raises(dicomet.PixelDataError, match="would have to be inflated again and again"):
        dicomet.pixel_array(file)


@pytest.mark.parametrize("index", [None, 0])
def test_a_length_that_full_size_would_have_but_the_value_has_not(index):
    values = np.zeros((1, 4, 6, 3), np.uint8)
    image = Image(values, 8, 8, photometric="YBR_FULL_422")
    data = oracle.data_set(oracle.elements(image, oracle.native(image), "OB"), DEFLATED)
    data = data.replace(b"OB\0\0\x30\0\0\0", b"OB\0\0\x60\0\0\0")
    file = oracle.beginning(DEFLATED) + oracle.deflated(data)
    with pytest.warns(UserWarning, match="found 48 bytes to the end of the data set, expected 96"):
        assert (dicomet.pixel_array(file, raw=True, index=index) == 0).all()


def test_a_deflated_image_is_inflated_once():
    """By whichever of many threads comes first: not again for each, which would be given up in the end."""
    frames = 40
    values = np.zeros((frames, 1000, 1000, 1), np.uint16)
    values[:, 0, 0, 0] = np.arange(frames)
    image = Image(values, 16, 16)
    data = file_of(oracle.elements(image, oracle.native(image), "OW"))
    with dicomet.open(data) as opened, ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda index: int(opened[index][0, 0]), range(frames)))
    assert found == list(range(frames))

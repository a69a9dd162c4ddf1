"""Offset tables (PS3.5 A.4, PS3.3 C.7.6.3.1.8) that are shifted or permuted, and ends without a delimiter.

Frames of equal length are the dangerous ones: a table that is shifted by whole items still leads to items.
"""

import io
import itertools
import struct
import warnings

import numpy as np
import oracle
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import DEFLATED_FRAMES, ENCAPSULATED_UNCOMPRESSED, Image
from pydicom.uid import RLELossless

import dicomet

FRAMES, ROWS, COLUMNS = 5, 4, 6
VALUES = np.repeat(np.arange(10, 10 * FRAMES + 10, 10, np.uint8), ROWS * COLUMNS).reshape(FRAMES, ROWS, COLUMNS, 1)
IMAGE = Image(VALUES, 8, 8)
EXPECTED = oracle.expected(IMAGE)
UNCOMPRESSED = [VALUES[index].tobytes() for index in range(FRAMES)]
# One literal run each, and a byte that makes the length even (PS3.5 G.3.1).
RLE = [oracle.rle_frame([bytes([len(frame) - 1]) + frame + b"\0"]) for frame in UNCOMPRESSED]
# With frames of equal length, tables can be wrong in every way.
DEFLATED = [oracle.deflated(frame, 0) for frame in UNCOMPRESSED]
SYNTAXES = {
    "uncompressed": (ENCAPSULATED_UNCOMPRESSED, UNCOMPRESSED),
    "RLE": (RLELossless, RLE),
    "deflated": (DEFLATED_FRAMES, DEFLATED),
}
NOT_USED = "Offset Table: the offsets of the .* Offset Table are not those of the fragments"


def frames_of(values: list[bytes], tail: bytes = oracle.DELIMITER, table: bytes = b"") -> bytes:
    """The value of encapsulated pixel data with this Basic Offset Table and this end."""
    return oracle.item(table) + b"".join(map(oracle.item, values)) + tail


def file_of(syntax: str, value: bytes, extended: tuple[bytes, bytes] | None = None) -> bytes:
    return oracle.dicom_file(oracle.elements(IMAGE, value, "OB", extended=extended), SYNTAXES[syntax][0])


def every_way(tmp_path, data: bytes) -> dict:
    """The functions that return all frames, by every way of reading."""
    path = tmp_path / "image.dcm"
    path.write_bytes(data)

    def of_open():
        with dicomet.open(path) as image:
            return np.stack([image[index] for index in range(FRAMES)])

    def of_convert():
        dicomet.convert_file(path, tmp_path / "all.npy", values="stored")
        return np.load(tmp_path / "all.npy")

    return {
        "path": lambda: dicomet.pixel_array(path),
        "bytes": lambda: dicomet.pixel_array(data),
        "file": lambda: dicomet.pixel_array(io.BytesIO(data)),
        "Dataset": lambda: dicomet.pixel_array(pydicom.dcmread(path)),
        "index": lambda: np.stack([dicomet.pixel_array(path, index=index) for index in range(FRAMES)]),
        "index of Dataset": lambda: np.stack(
            [dicomet.pixel_array(pydicom.dcmread(path), index=index) for index in range(FRAMES)]
        ),
        "iter_pixels": lambda: np.stack(list(dicomet.iter_pixels(path))),
        "open": of_open,
        "pixel_arrays": lambda: next(dicomet.pixel_arrays([path])),
        "pixel_arrays of a frame": lambda: np.stack(
            [next(dicomet.pixel_arrays([path], index=index)) for index in range(FRAMES)]
        ),
        "to_display": lambda: np.stack([dicomet.to_display(path, index=index) for index in range(FRAMES)]),
        "modality_values": lambda: dicomet.modality_values(path),
        "convert_file": of_convert,
    }


def recorded(way) -> tuple[np.ndarray, list[str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        return way(), [str(warning.message) for warning in caught]


def assert_every_way(tmp_path, data, says: str | None, without=()):
    for name, way in every_way(tmp_path, data).items():
        if name in without:
            continue
        array, messages = recorded(way)
        np.testing.assert_array_equal(array, EXPECTED, err_msg=name)
        assert bool(messages) == (says is not None), name
        assert all(says in message for message in messages), (name, messages)


def extended(shift: int = 0, syntax: str = "RLE") -> tuple[bytes, bytes]:
    offsets, lengths = oracle.extended_offset_table(SYNTAXES[syntax][1])
    return (np.frombuffer(offsets, "<u8") + np.uint64(shift)).astype("<u8").tobytes(), lengths


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_an_extended_offset_table_in_order_is_used(tmp_path, syntax):
    data = file_of(syntax, frames_of(SYNTAXES[syntax][1]), extended(0, syntax))
    assert_every_way(tmp_path, data, None)


@pytest.mark.parametrize("items", [1, 2, 4])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_an_extended_offset_table_shifted_by_whole_items_is_not_used(tmp_path, syntax, items):
    values = SYNTAXES[syntax][1]
    data = file_of(syntax, frames_of(values), extended(items * (len(values[0]) + 8), syntax))
    assert_every_way(tmp_path, data, "the offsets of the Extended Offset Table are not those of the fragments")


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_an_extended_offset_table_without_lengths_is_not_used(tmp_path, syntax):
    values = SYNTAXES[syntax][1]
    offsets, lengths = extended(0, syntax)
    data = file_of(syntax, frames_of(values), (offsets, lengths))
    # PS3.5 7.1.2: tag, VR OV, two reserved bytes and a length of 32 bits.
    element = struct.pack("<HH2sHL", 0x7FE0, 0x0002, b"OV", 0, len(lengths)) + lengths
    assert data.count(element) == 1
    assert_every_way(tmp_path, data.replace(element, b""), "found no (7FE0,0002) Extended Offset Table Lengths")


def changed_tables(size: int) -> st.SearchStrategy[list[int]]:
    """Tables of FRAMES entries for items of `size` bytes: permuted, or with some entries shifted."""
    right = [index * size for index in range(FRAMES)]
    shift = st.one_of(st.integers(-FRAMES, FRAMES).map(lambda items: items * size), st.integers(-20, 20))
    places = st.integers(0, FRAMES)

    def shifted(by: int, start: int, end: int) -> list[int]:
        return [max(0, offset + by * (start <= index < end)) for index, offset in enumerate(right)]

    return st.one_of(st.permutations(right), st.builds(shifted, shift, places, places))


def assert_never_another_frame(data: bytes) -> None:
    for index in range(FRAMES):
        np.testing.assert_array_equal(
            recorded(lambda index=index: dicomet.pixel_array(data, index=index))[0], EXPECTED[index]
        )
    np.testing.assert_array_equal(recorded(lambda: dicomet.pixel_array(data))[0], EXPECTED)


@given(changed_tables(len(UNCOMPRESSED[0]) + 8))
def test_no_extended_offset_table_gives_another_frame(table):
    _, lengths = extended(0, "uncompressed")
    offsets = struct.pack(f"<{FRAMES}Q", *table)
    data = file_of("uncompressed", frames_of(UNCOMPRESSED), (offsets, lengths))
    assert_never_another_frame(data)
    is_right = (offsets, lengths) == extended(0, "uncompressed")
    for index in (None, 0, FRAMES - 1):
        messages = recorded(lambda index=index: dicomet.pixel_array(data, index=index))[1]
        assert bool(messages) != is_right


@given(changed_tables(len(UNCOMPRESSED[0]) + 8))
def test_no_basic_offset_table_gives_another_frame(table):
    assert_never_another_frame(
        file_of("uncompressed", frames_of(UNCOMPRESSED, table=struct.pack(f"<{FRAMES}L", *table)))
    )


def test_all_orders_of_an_offset_table():
    size = len(UNCOMPRESSED[0]) + 8
    for table in itertools.permutations(index * size for index in range(FRAMES)):
        assert_never_another_frame(
            file_of("uncompressed", frames_of(UNCOMPRESSED, table=struct.pack(f"<{FRAMES}L", *table)))
        )


# The end

ZEROS = "found zeros to the end of the data, expected the Sequence Delimitation Item"


@pytest.mark.parametrize("count", [8, 9, 16, 600, 40000])
@pytest.mark.parametrize("with_table", [None, "basic", "extended"])
def test_zeros_in_place_of_the_delimiter(tmp_path, count, with_table):
    offsets = b"".join(struct.pack("<L", index * (len(RLE[0]) + 8)) for index in range(FRAMES))
    value = frames_of(RLE, bytes(count), offsets if with_table == "basic" else b"")
    data = file_of("RLE", value, extended() if with_table == "extended" else None)
    # pydicom reads the value of a Dataset itself, and gives up where it finds no delimiter.
    assert_every_way(tmp_path, data, ZEROS, without=("Dataset", "index of Dataset"))


def test_zeros_after_the_fragments_of_a_dataset(tmp_path):
    path = tmp_path / "image.dcm"
    path.write_bytes(file_of("RLE", frames_of(RLE)))
    dataset = pydicom.dcmread(path)
    dataset.PixelData += bytes(24)
    for index in (None, 3):
        array, messages = recorded(lambda index=index: dicomet.pixel_array(dataset, index=index))
        np.testing.assert_array_equal(array, EXPECTED if index is None else EXPECTED[index])
        assert len(messages) == 1
        assert ZEROS in messages[0]


@pytest.mark.parametrize("tail", [bytes(8) + b"\1" + bytes(7), b"\1" + bytes(15), bytes(600) + b"x"])
def test_anything_else_in_place_of_the_delimiter_is_an_error(tail):
    data = file_of("RLE", frames_of(RLE, tail))
    with pytest.raises(dicomet.PixelDataError, match=r"found tag \(000[01],0000\)"):
        dicomet.pixel_array(data)
    assert np.array_equal(dicomet.pixel_array(data, index=1), EXPECTED[1])


def test_zeros_in_place_of_frames_are_no_frames():
    data = file_of("RLE", frames_of(RLE[:3], bytes(200)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(dicomet.PixelDataError, match="found 3 frames, expected 5"):
            dicomet.pixel_array(data)

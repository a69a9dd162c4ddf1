"""The sign of the second value of a LUT Descriptor follows from what goes into the table, whatever its VR says."""

import io
import struct
import warnings
from typing import NamedTuple

import numpy as np
import pydicom
import pytest
from display_images import PROPERTY, as_file, image, stored_images
from display_oracle import assert_seen
from hypothesis import assume, given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

import dicomet

SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian)
VRS = ("US", "SS", "OW", "OB", "UN")


def element(tag: int, vr: str, value: bytes, syntax: str) -> bytes:
    """PS3.5 7.1: a data element. pydicom would write numbers by its own idea of their VR."""
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    start = struct.pack(f"{order}HH", tag >> 16, tag & 0xFFFF)
    if syntax == ImplicitVRLittleEndian:
        return start + struct.pack("<L", len(value)) + value
    if vr in {"US", "SS"}:
        return start + vr.encode() + struct.pack(f"{order}H", len(value)) + value
    return start + vr.encode() + struct.pack(f"{order}HL", 0, len(value)) + value


def words(numbers, syntax: str) -> bytes:
    """Return numbers of 16 bits, in the order of bytes of a transfer syntax."""
    return np.asarray(numbers).astype(np.uint16).astype(">u2" if syntax == ExplicitVRBigEndian else "<u2").tobytes()


class Table(NamedTuple):
    """First input, entries, and bits of an entry."""

    first: int
    entries: np.ndarray
    bits: int

    def looked_up(self, values: np.ndarray) -> np.ndarray:
        """PS3.3 C.11.1.1, C.11.2.1.1: what lies outside the table takes its first or its last entry."""
        return self.entries[np.clip(np.floor(values - self.first), 0, len(self.entries) - 1).astype(np.int64)]


def pair(tags: tuple[int, int], table: Table, vr: str, syntax: str) -> bytes:
    """Return descriptor and data of a table."""
    value = words([len(table.entries) % 65536, table.first % 65536, table.bits], syntax)
    return element(tags[0], vr, value, syntax) + element(tags[1], "OW", words(table.entries, syntax), syntax)


def sequence(tag: int, table: Table, vr: str, syntax: str) -> bytes:
    """Return a sequence of one table."""
    item = pair((0x00283002, 0x00283006), table, vr, syntax)
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    return element(tag, "SQ", struct.pack(f"{order}HHL", 0xFFFE, 0xE000, len(item)) + item, syntax)


def file_with(ds: Dataset, elements: bytes) -> bytes:
    """Return a file with these elements in front of its pixel data."""
    big_endian = ds.file_meta.TransferSyntaxUID == ExplicitVRBigEndian
    data = as_file(ds)
    place = data.index(struct.pack(">HH" if big_endian else "<HH", 0x7FE0, 0x0010))
    return data[:place] + elements + data[place:]


def sources(ds: Dataset, elements: bytes) -> list[bytes | Dataset]:
    data = file_with(ds, elements)
    return [data, pydicom.dcmread(io.BytesIO(data), force=True)]


def item_of(first: int, entries: np.ndarray, bits: int, vr: str) -> Dataset:
    """Return an item of a sequence of tables, as a program makes it, whose descriptor has this VR."""
    item = Dataset()
    numbers = [len(entries) % 65536, (first + 0x8000) % 65536 - 0x8000 if vr == "SS" else first % 65536, bits]
    item.add_new(0x00283002, vr, numbers if vr in {"US", "SS"} else words(numbers, ExplicitVRLittleEndian))
    item.add_new(0x00283006, "OW", words(entries, ExplicitVRLittleEndian))
    return item


@st.composite
def tables(draw, low: float, high: float) -> Table:
    """Return a table into which inputs from `low` to `high` fall."""
    count = draw(st.one_of(st.integers(2, 400), st.sampled_from([4096, 32767, 32768, 40000, 65535, 65536])))
    lowest, highest = (-0x8000, 0x7FFF) if low < 0 else (0, 0xFFFF)
    begin, end = max(lowest, int(low) - count + 2), min(highest, int(np.ceil(high)) - 1)
    assume(begin <= end)
    bits = draw(st.sampled_from([8, 12, 16]))
    entries = np.random.default_rng(count).integers(0, 1 << bits, count)
    entries[-1] |= 1 << bits - 1
    return Table(draw(st.integers(begin, end)), entries, bits)


def ends(stored: np.ndarray, bits: int) -> tuple[int, int]:
    """Return the lowest and the highest stored value that Bits Stored allows."""
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if stored.dtype.kind == "i" else (0, (1 << bits) - 1)


def around(table: Table, stored: np.ndarray, bits: int, slope: float = 1, intercept: float = 0) -> np.ndarray:
    """Return stored values of which most fall into a table: far outside, both signs of its first input look alike."""
    low, high = ends(stored, bits)
    begin, end = sorted((x - intercept) / slope for x in (table.first - 2, table.first + len(table.entries) + 1))
    begin, end = (int(min(max(x, low), high)) for x in (begin, end))
    values = np.random.default_rng(bits).integers(begin, end + 1, stored.shape).astype(stored.dtype)
    values.flat[0] = stored.flat[0]
    return values


@PROPERTY
@given(stored_images(), st.sampled_from(SYNTAXES), st.sampled_from(VRS), st.data())
def test_a_modality_lut_goes_by_pixel_representation(sample, syntax, vr, data):
    stored, bits = sample
    table = data.draw(tables(*ends(stored, bits)))
    stored = around(table, stored, bits)
    ds = image(stored, bits, syntax)
    wanted = table.looked_up(stored.astype(np.float64))
    for source in sources(ds, sequence(0x00283000, table, vr, syntax)):
        np.testing.assert_array_equal(dicomet.modality_values(source), wanted)


@PROPERTY
@given(
    stored_images(),
    st.sampled_from(SYNTAXES),
    st.sampled_from(VRS),
    st.sampled_from([None, (1, -1024), (1, 0), (1, 1024), (-1, 0), (-1, 70000), (0.5, -3), (3, 10), (2.5, -2000)]),
    st.data(),
)
def test_a_voi_lut_goes_by_the_output_of_the_modality_lut(sample, syntax, vr, rescale, data):
    stored, bits = sample
    slope, intercept = rescale or (1, 0)
    low, high = sorted(end * slope + intercept for end in ends(stored, bits))
    table = data.draw(tables(low, high))
    stored = around(table, stored, bits, slope, intercept)
    ds = image(stored, bits, syntax)
    if rescale is not None:
        ds.RescaleSlope, ds.RescaleIntercept = rescale
    exact = table.looked_up(stored * float(slope) + intercept) / (2.0**table.bits - 1) * 65535
    for source in sources(ds, sequence(0x00283010, table, vr, syntax)):
        assert_seen(dicomet.to_display(source, dtype="uint16"), exact)


@PROPERTY
@given(st.sampled_from(SYNTAXES), st.sampled_from(VRS), st.booleans(), st.data())
def test_a_voi_lut_after_a_modality_lut_is_unsigned(syntax, vr, signed, data):
    """The entries of a table are not negative, though stored values may be."""
    stored = np.arange(-100 if signed else 0, 156 if signed else 256).reshape(1, -1)
    ds = image(stored.astype(np.int16 if signed else np.uint16), 16, syntax)
    modality = np.arange(256) * 257
    table = data.draw(tables(0, 65535))
    elements = sequence(0x00283000, Table(int(stored[0, 0]), modality, 16), vr, syntax)
    elements += sequence(0x00283010, table, vr, syntax)
    exact = table.looked_up(modality[None].astype(float)) / (2.0**table.bits - 1) * 255
    for source in sources(ds, elements):
        assert_seen(dicomet.to_display(source), exact)


@PROPERTY
@given(
    st.sampled_from(SYNTAXES),
    st.sampled_from([("US", "US", "US"), ("SS", "SS", "SS"), ("US", "SS", "OW"), ("UN", "OB", "US")]),
    st.sampled_from(["u1", "i1", "u2", "i2"]),
    st.data(),
)
def test_a_palette_goes_by_pixel_representation(syntax, vrs, dtype, data):
    """PS3.3 C.7.6.3.1.5."""
    info = np.iinfo(dtype)
    stored = np.linspace(info.min, info.max, 256).astype(dtype).reshape(16, 16)
    ds = image(stored, 8 * stored.itemsize, syntax)
    table = data.draw(tables(int(info.min), int(info.max)))
    entries = np.arange(len(table.entries)) * 7919 % 65536
    entries[-1] |= 0x8000
    table = Table(table.first, entries, 16)
    ds.PhotometricInterpretation = "PALETTE COLOR"
    tags = [(0x00281101 + number, 0x00281201 + number) for number in range(3)]
    elements = [pair(tag, table, vr, syntax) for tag, vr in zip(tags, vrs, strict=True)]
    exact = np.repeat(table.looked_up(stored.astype(float))[..., None], 3, axis=2)
    for source in sources(ds, b"".join(elements)):
        assert_seen(dicomet.to_display(source, dtype="uint16"), exact)


@pytest.mark.parametrize("vr", VRS)
def test_inputs_of_either_sign_that_both_readings_have(vr):
    """Values from -1024 to 64511, and a table from -30000 to 35535: as unsigned numbers it would begin at 35536."""
    ds = image(np.array([[0, 24, 1024, 36559, 36560, 65535]], np.uint16), 16)
    ds.RescaleSlope, ds.RescaleIntercept = 1, -1024
    ds.VOILUTSequence = [item_of(-30000, np.arange(65536), 16, vr)]
    wanted = [[28976, 29000, 30000, 65535, 65535, 65535]]
    np.testing.assert_array_equal(dicomet.to_display(ds, dtype="uint16"), wanted)


@pytest.mark.parametrize("vr", VRS)
@pytest.mark.parametrize("sequence", ["ModalityLUTSequence", "VOILUTSequence"])
def test_a_sign_by_which_no_input_falls_into_the_table(sequence, vr):
    """A table from -2 on would, read by the rule for unsigned inputs of 12 bits, begin at 65534."""
    ds = image(np.array([[0, 1, 2, 200]], np.uint16), 12)
    setattr(ds, sequence, [item_of(-2, np.array([10, 20, 30, 40, 65535]), 16, vr)])
    np.testing.assert_array_equal(
        dicomet.to_display(ds, window="full" if "Mod" in sequence else 0, dtype="uint16"), [[30, 40, 65535, 65535]]
    )


@pytest.mark.parametrize("vr", VRS)
def test_an_unsigned_first_input_above_all_signed_ones(vr):
    """Values from -1024 to 64511: a table for those around 40000 cannot be meant to begin at -25536."""
    ds = image(np.array([[0, 41023, 41024, 41025, 65535]], np.uint16), 16)
    ds.RescaleSlope, ds.RescaleIntercept = 1, -1024
    ds.VOILUTSequence = [item_of(40000, np.array([10, 20, 65535]), 16, vr)]
    np.testing.assert_array_equal(dicomet.to_display(ds, dtype="uint16"), [[10, 10, 10, 20, 65535]])


@pytest.mark.parametrize(
    "value", [[4, 70000, 16], [4, -40000, 16], [4, 0], [4, 0, 16, 0], b"\4\0\0\0\x10", ["a", "b", "c"], 7]
)
def test_descriptors_that_are_not_three_words(value):
    ds = image(np.array([[0, 1]], np.uint16), 12)
    item = item_of(0, np.array([1, 2, 3, 65535]), 16, "US")
    item.add_new(0x00283002, "OW" if isinstance(value, bytes) else "UC" if "a" in str(value) else "SL", value)
    ds.VOILUTSequence = [item]
    with pytest.raises(dicomet.PixelDataError, match=r"\(0028,3002\) LUT Descriptor: found .*, expected three numbers"):
        dicomet.to_display(ds, window=0)


def narrow_image(bits: int, found: int) -> Dataset:
    entries = np.arange(1 << found)
    ds = image((np.arange(16).reshape(4, 4) * ((1 << found) // 16)).astype(np.uint16), 16)
    ds.VOILUTSequence = [item_of(0, entries, bits, "US")]
    return ds


@pytest.mark.parametrize(("bits", "found"), [(bits, found) for bits in range(8, 17) for found in range(4, bits + 1)])
def test_entries_of_fewer_bits_than_the_descriptor_declares(bits, found):
    """Their values are not changed: an almost black image is reported, not brightened."""
    ds = narrow_image(bits, found)
    for source in (as_file(ds), ds):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            shown = dicomet.to_display(source)
        assert_seen(shown, ds.pixel_array / (2.0**bits - 1) * 255)
        says = f"(0028,3006) LUT Data: found entries of {found} bits, expected {bits} as the descriptor says"
        assert [says in str(one.message) for one in caught] == [True] * (found < bits)


def test_a_palette_of_fewer_bits_than_its_descriptor_declares():
    ds = image(np.arange(4, dtype=np.uint8).reshape(2, 2), 8)
    ds.PhotometricInterpretation = "PALETTE COLOR"
    for number in range(3):
        ds.add_new(0x00281101 + number, "US", [4, 0, 16])
        ds.add_new(0x00281201 + number, "OW", np.array([0, 1000, 3000, 4095], "<u2").tobytes())
    for source in (as_file(ds), ds):
        with pytest.warns(UserWarning, match=r"\(0028,1201\) Red Palette .*: found entries of 12 bits, expected 16"):
            shown = dicomet.to_display(source, dtype="uint16")
        np.testing.assert_array_equal(shown[..., 0].ravel(), [0, 1000, 3000, 4095])

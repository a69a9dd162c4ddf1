"""Random images against the equations of the standard, and tables against pydicom's functions."""

import io

import numpy as np
import pydicom
import pytest
from display_images import PROPERTY, as_file, image, lut_item, stored_images
from display_oracle import assert_seen, equation, part
from hypothesis import given
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi
from pydicom.pixels.processing import _expand_segmented_lut
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

import dicomet
from dicomet._native import expand_segmented

SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless)


numbers = st.one_of(st.integers(-3000, 3000), st.floats(-1e4, 1e4).map(lambda number: round(number, 3)))


@PROPERTY
@given(
    stored_images(),
    st.sampled_from(SYNTAXES),
    st.one_of(st.none(), st.tuples(numbers.filter(bool), numbers)),
    numbers,
    st.floats(1, 1e4).map(lambda number: round(number, 2)),
    st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]),
    st.sampled_from(["MONOCHROME1", "MONOCHROME2"]),
    st.sampled_from(
        [("uint8", None), ("uint16", None), ("float32", None), ("uint8", (200, 3)), ("float32", (-1, 2.5))]
    ),
)
def test_a_window_is_the_standard_s_equation(  # noqa: PLR0913, PLR0917 - drawn
    sample, syntax, rescale, center, width, function, photometric, form
):
    (stored, bits), (dtype, ends) = sample, form
    ds = image(stored, bits, syntax)
    ds.PhotometricInterpretation = photometric
    ds.WindowCenter, ds.WindowWidth, ds.VOILUTFunction = str(center)[:16], str(width), function
    values = stored.astype(np.float64)
    if rescale is not None:
        ds.RescaleSlope, ds.RescaleIntercept = map(str, rescale)
        values = values * rescale[0] + rescale[1]
    low, high = ends or {"uint8": (0, 255), "uint16": (0, 65535), "float32": (0, 1)}[dtype]
    gray = equation(values, float(str(center)[:16]), width, function)
    exact = (1 - gray if photometric == "MONOCHROME1" else gray) * (high - low) + low
    for source in (as_file(ds), ds):
        assert_seen(dicomet.to_display(source, dtype=dtype, range=ends), exact)
        assert_modality(source, values, rescale)


def assert_modality(source, values: np.ndarray, rescale) -> None:
    found = dicomet.modality_values(source)
    if rescale is not None and not all(float(number).is_integer() for number in rescale):
        assert found.dtype.kind == "f"
        np.testing.assert_array_equal(found, values.astype(found.dtype))
        return
    assert found.dtype.kind in "iu" or np.abs(values).max() > 2**50
    np.testing.assert_array_equal(found, values)
    np.testing.assert_array_equal(dicomet.modality_values(source, dtype="float64"), values)
    np.testing.assert_array_equal(dicomet.modality_values(source, dtype="float32"), values.astype(np.float32))
    narrower = [
        np.dtype(name) for name in ("u1", "i1", "u2", "i2", "u4", "i4") if np.dtype(name).itemsize < found.itemsize
    ]
    for other in narrower:
        with pytest.raises(ValueError, match=f"'dtype': found {other} for values from"):
            dicomet.modality_values(source, dtype=other)


@PROPERTY
@given(stored_images(), st.data())
def test_a_modality_lut_is_pydicom_s(sample, data):
    stored, bits = sample
    first = data.draw(st.integers(0, 127 if stored.itemsize == 1 else 2000))
    depth = data.draw(st.sampled_from([8, 16]))
    entries = np.random.default_rng(first).integers(0, 1 << depth, data.draw(st.integers(2, 120)))
    ds = image(stored, bits)
    ds.ModalityLUTSequence = [lut_item(first, entries, depth, words=data.draw(st.booleans()))]
    wanted = apply_modality_lut(stored, ds)
    for source in (as_file(ds), ds):
        found = dicomet.modality_values(source)
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)
        low, high = float(wanted.min()), float(wanted.max())
        exact = (wanted - low) / (high - low) * 255 if high > low else np.zeros(stored.shape)
        assert_seen(dicomet.to_display(source, window="minmax"), exact)
        assert_seen(dicomet.to_display(source, window="full"), wanted / (2.0**depth - 1) * 255)
        ends = np.percentile(wanted, (10, 90))
        if ends[1] > ends[0]:
            exact = np.clip((wanted - ends[0]) / (ends[1] - ends[0]), 0, 1) * 255
            assert_seen(dicomet.to_display(source, window="percentile", percentiles=(10, 90)), exact)


@PROPERTY
@given(stored_images(), st.data())
def test_a_voi_lut_is_pydicom_s(sample, data):
    stored, bits = sample
    first = data.draw(st.integers(-2000 if stored.dtype.kind == "i" else 0, 2000))
    depth = data.draw(st.sampled_from([10, 12, 16]))
    entries = np.random.default_rng(first + 2000).integers(0, 1 << depth, data.draw(st.integers(2, 400)))
    entries[-1] |= 1 << depth - 1
    ds = image(stored, bits)
    ds.VOILUTSequence = [lut_item(first, entries, depth, words=data.draw(st.booleans()))]
    # pydicom subtracts in the entries' dtype: in the oracle nothing can overflow.
    index = np.clip(stored.astype(np.int64) - first, 0, len(entries) - 1)
    if (
        (stored.astype(np.int64) >= first).any()
        and stored.dtype.itemsize > 1
        and np.abs(stored.astype(np.int64)).max() < 30000
    ):
        np.testing.assert_array_equal(entries[index], apply_voi(stored.astype(np.int64), ds))
    for source in (as_file(ds), ds):
        assert_seen(dicomet.to_display(source, dtype="uint16"), entries[index] / (2.0**depth - 1) * 65535)


def test_a_voi_lut_of_8_bits_does_not_wrap():
    """pydicom wraps what lies more than 255 above the first value."""
    stored = np.array([[0, 40, 255, 300, 4095]], np.uint16)
    ds = image(stored, 12)
    ds.VOILUTSequence = [lut_item(0, np.arange(256), 8, words=True)]
    np.testing.assert_array_equal(dicomet.to_display(ds), [[0, 40, 255, 255, 255]])
    assert apply_voi(stored, ds)[0, 3] == 44
    # Two entries in each word.
    ds.VOILUTSequence[0].LUTData = bytes(range(256))
    np.testing.assert_array_equal(dicomet.to_display(ds), [[0, 40, 255, 255, 255]])


def test_a_modality_lut_may_begin_below_zero():
    """pydicom cannot subtract a negative number from unsigned samples."""
    ds = image(np.array([[0, 1, 2, 200]], np.uint16), 12)
    ds.ModalityLUTSequence = [lut_item(-2, np.array([10, 20, 30, 40, 50]), 16, words=True)]
    np.testing.assert_array_equal(dicomet.modality_values(ds), [[30, 40, 50, 50]])
    with pytest.raises(OverflowError):
        apply_modality_lut(ds.pixel_array, ds)


def test_views_by_the_explanation_of_a_lut():
    ds = image(np.array([[0, 1]], np.uint8), 8)
    ds.VOILUTSequence = [
        lut_item(0, np.array([5, 200]), 8, words=True),
        lut_item(0, np.array([130, 3]), 8, words=True),
    ]
    ds.VOILUTSequence[1].LUTExplanation = "Other"
    ds.WindowCenter, ds.WindowWidth, ds.WindowCenterWidthExplanation = 1, 1, "Window"
    np.testing.assert_array_equal(dicomet.to_display(ds), [[5, 200]])
    np.testing.assert_array_equal(dicomet.to_display(ds, window=1), [[130, 3]])
    np.testing.assert_array_equal(dicomet.to_display(ds, window="other"), [[130, 3]])
    np.testing.assert_array_equal(dicomet.to_display(ds, window="WINDOW"), [[0, 255]])
    with pytest.raises(dicomet.PixelDataError, match=r"VOI LUT Sequence: found 2 views, expected one with index 2"):
        dicomet.to_display(ds, window=2)


@pytest.mark.parametrize("by_frame", [False, True])
def test_functional_groups_may_have_voi_luts(by_frame):
    """PS3.3 C.7.6.16.2.10b."""
    ds = pydicom.dcmread(get_testdata_file("emri_small.dcm", download=False))
    count = ds.NumberOfFrames
    ds.SharedFunctionalGroupsSequence = [Dataset()]
    ds.PerFrameFunctionalGroupsSequence = [Dataset() for _ in range(count)]
    holders = ds.PerFrameFunctionalGroupsSequence if by_frame else ds.SharedFunctionalGroupsSequence
    # What all frames would have, were there no groups.
    ds.VOILUTSequence = [lut_item(0, np.zeros(512), 12, words=True)]
    for index, group in enumerate(holders):
        entries = np.arange(512) * 7 + 20 * index
        voi = Dataset()
        voi.VOILUTSequence = [lut_item(0, entries, 12, words=True), lut_item(0, 4095 - entries, 12, words=True)]
        voi.VOILUTSequence[1].LUTExplanation = "Negative"
        group.FrameVOILUTSequence = [voi]
    exact = np.stack([part(ds, frame, index) for index, frame in enumerate(ds.pixel_array)])
    assert len({frame.tobytes() for frame in exact}) == count
    buffer = io.BytesIO()
    ds.save_as(buffer)
    for source in (ds, buffer.getvalue()):
        assert_seen(dicomet.to_display(source), exact * 255)
        assert_seen(dicomet.to_display(source, window="negative", index=3), 255 - exact[3] * 255)


@pytest.mark.parametrize(
    ("keyword", "value", "says"),
    [
        ("LUTDescriptor", None, r"Missing required element: \(0028,3002\) LUT Descriptor"),
        ("LUTData", None, r"Missing required element: \(0028,3006\) LUT Data"),
        ("LUTDescriptor", [300, 0, 8], r"\(0028,3006\) LUT Data: found 256 entries, expected 300"),
        ("LUTDescriptor", [256, 0, 7], r"\(0028,3002\) LUT Descriptor: found 7, expected 8 to 16 bits"),
        (
            "LUTDescriptor",
            [256, 0],
            r"\(0028,3002\) LUT Descriptor: found '\[256, 0\]', expected three numbers of 16 bits",
        ),
    ],
)
@pytest.mark.parametrize("sequence", ["ModalityLUTSequence", "VOILUTSequence"])
def test_tables_that_cannot_be(sequence, keyword, value, says):
    ds = image(np.array([[0, 1]], np.uint8), 8)
    item = lut_item(0, np.arange(256), 8, words=True)
    delattr(item, keyword)
    if value is not None:
        item.add_new(keyword, "US", value)
    setattr(ds, sequence, [item])
    with pytest.raises(dicomet.PixelDataError, match=says):
        dicomet.to_display(ds, window=0)


@st.composite
def segments(draw) -> tuple[list[int], bool]:
    wide = draw(st.booleans())
    value = st.integers(0, 65535 if wide else 255)
    words = [0, 1, draw(value)]
    for _ in range(draw(st.integers(0, 6))):
        length = draw(st.integers(1, 40))
        if draw(st.booleans()):
            words += [0, length, *draw(st.lists(value, min_size=length, max_size=length))]
        else:
            words += [1, length, draw(value)]
    return words, wide


@PROPERTY
@given(segments())
def test_segments_are_expanded_as_by_pydicom(sample):
    words, wide = sample
    wanted = np.array(_expand_segmented_lut(tuple(words), "<H" if wide else "<B"))
    data = np.array(words, np.uint16).tobytes()
    found = np.array(expand_segmented(data, wide=wide, count=len(wanted)))
    # Half-way between two numbers NumPy's floats do not always tell where they are.
    assert np.abs(found - wanted).max() <= 1
    assert (found != wanted).mean() < 0.2
    with pytest.raises(dicomet.PixelDataError, match="Segmented Red Palette"):
        expand_segmented(data, wide=wide, count=len(wanted) + 1)
    with pytest.raises(dicomet.PixelDataError, match="Segmented Red Palette"):
        expand_segmented(data, wide=wide, count=len(wanted) - 1)


def palette_image(entries: int, first: int, bits: int, data: bytes) -> Dataset:
    ds = image(np.array([[0, 1, 2, 200]], np.uint8), 8)
    ds.PhotometricInterpretation = "PALETTE COLOR"
    for color in ("Red", "Green", "Blue"):
        ds.add_new(f"{color}PaletteColorLookupTableDescriptor", "US", [entries, first, bits])
        ds.add_new(f"{color}PaletteColorLookupTableData", "OW", data)
    return ds


@pytest.mark.parametrize(
    ("bits", "data", "wanted"),
    [
        (8, bytes([10, 20, 255, 40]), [10, 10, 20, 40]),
        (8, np.array([10, 20, 255, 40], "<u2").tobytes(), [10, 10, 20, 40]),
        (16, np.array([2570, 5140, 65535, 10280], "<u2").tobytes(), [10, 10, 20, 40]),
        (16, bytes([10, 20, 255, 40]), [10, 10, 20, 40]),
    ],
    ids=["bytes", "bytes in words", "words", "bytes that are called words"],
)
def test_palettes_of_8_and_16_bits(bits, data, wanted):
    ds = palette_image(4, 1, bits, data)
    shown = dicomet.to_display(ds)
    np.testing.assert_array_equal(shown, np.repeat(np.array(wanted)[None, :, None], 3, axis=2))
    np.testing.assert_array_equal(dicomet.to_display(as_file(ds)), shown)


def test_palettes_that_cannot_be():
    with pytest.raises(dicomet.PixelDataError, match=r"\(0028,1201\) Red Palette .* Data: found 2 entries, expected 4"):
        dicomet.to_display(palette_image(4, 0, 8, b"\1\2"))
    ds = palette_image(4, 0, 8, b"\1\2\3\4")
    del ds.GreenPaletteColorLookupTableDescriptor
    with pytest.raises(dicomet.MissingElementError, match=r"\(0028,1102\) Green Palette Color Lookup Table Descriptor"):
        dicomet.to_display(ds)


def test_integers_that_do_not_hold_the_values():
    ds = image(np.array([[0, 4095]], np.uint16), 12)
    ds.RescaleSlope, ds.RescaleIntercept = 1, -1024
    assert dicomet.modality_values(ds).dtype == np.int16
    assert dicomet.modality_values(ds, dtype="i4").dtype == np.int32
    with pytest.raises(ValueError, match="'dtype': found uint16 for values from -1024 to 3071, expected int16"):
        dicomet.modality_values(ds, dtype="uint16")
    ds.RescaleSlope = 0.5
    with pytest.raises(ValueError, match="'dtype': found int32 for values that are not whole, expected float32"):
        dicomet.modality_values(ds, dtype="int32")
    with pytest.raises(ValueError, match="'dtype': found float16, expected one of"):
        dicomet.modality_values(ds, dtype="float16")
    ds = image(np.array([[0, 2**32 - 1]], np.uint32), 32)
    assert dicomet.modality_values(ds).dtype == np.uint32
    ds.RescaleSlope, ds.RescaleIntercept = 1, -1
    assert dicomet.modality_values(ds).dtype == np.int64
    ds.RescaleSlope = 0.1
    assert dicomet.modality_values(ds).dtype == np.float64
    out = np.zeros((1, 2), np.float32)
    assert dicomet.modality_values(ds, dtype="float32", out=out) is out


def test_descriptors_of_a_palette_are_the_same():
    ds = palette_image(4, 0, 8, b"\1\2\3\4")
    ds.BluePaletteColorLookupTableDescriptor = [4, 1, 8]
    with pytest.raises(dicomet.PixelDataError, match=r"\(0028,1103\) Blue .*: found \[4, 1, 8\], expected \[4, 0, 8\]"):
        dicomet.to_display(ds)


def test_a_palette_of_one_word():
    np.testing.assert_array_equal(dicomet.to_display(palette_image(1, 0, 16, b"\xff\xff")), np.full((1, 4, 3), 255))


def test_bytes_of_a_palette_in_big_endian_words():
    ds = palette_image(4, 0, 8, b"\2\1\4\3")
    ds.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    np.testing.assert_array_equal(dicomet.to_display(ds)[0, :, 0], [1, 2, 3, 4])


def test_entries_of_more_bits_than_a_modality_lut_declares():
    ds = image(np.array([[0, 1]], np.uint8), 8)
    ds.ModalityLUTSequence = [lut_item(0, np.array([5, 4000]), 8, words=True)]
    with pytest.raises(
        dicomet.PixelDataError, match=r"\(0028,3006\) LUT Data: found the entry 4000, expected at most 8 bits"
    ):
        dicomet.modality_values(ds)

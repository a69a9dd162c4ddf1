"""Windows, padding and ranges of `to_display`: those of the caller, of the file, and measured ones."""

import io
import warnings

import numpy as np
import pydicom
import pytest
from display_files import BRIGHTEST, CT, IMAGES, MR, read
from display_oracle import assert_seen, part
from pydicom.pixels import apply_voi_lut

import dicomet

WINDOWS = [(40, 400), (40.5, 1), (-1000, 0.5, "LINEAR_EXACT"), (0, 300, "sigmoid"), (np.float32(7), np.int16(9))]


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("dtype", BRIGHTEST)
def test_a_window_of_the_caller_s_own(window, dtype):
    ds = pydicom.dcmread(CT)
    ds.WindowCenter, ds.WindowWidth = float(window[0]), float(window[1])
    ds.VOILUTFunction = window[2].upper() if len(window) > 2 else "LINEAR"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exact = part(ds, ds.pixel_array, 0)
    assert_seen(dicomet.to_display(CT, window=window, dtype=dtype), exact * BRIGHTEST[dtype])
    np.testing.assert_array_equal(
        dicomet.to_display(ds, dtype=dtype), dicomet.to_display(CT, window=window, dtype=dtype)
    )


def several_windows() -> pydicom.Dataset:
    ds = read("CT_small.dcm")
    ds.WindowCenter, ds.WindowWidth = [40, -600, 300], [400, 1500, 2000]
    ds.WindowCenterWidthExplanation = ["SOFT TISSUE", "LUNG", "Bone"]
    return ds


def test_windows_by_index_and_by_name():
    ds, to_display = several_windows(), dicomet.to_display
    buffer = io.BytesIO()
    ds.save_as(buffer)
    for source in (ds, buffer.getvalue()):
        np.testing.assert_array_equal(to_display(source), to_display(CT, window=(40, 400)))
        np.testing.assert_array_equal(to_display(source, window=1), to_display(CT, window=(-600, 1500)))
        np.testing.assert_array_equal(to_display(source, window=np.int8(-1)), to_display(CT, window=(300, 2000)))
        np.testing.assert_array_equal(to_display(source, window="bone"), to_display(CT, window=(300, 2000)))
        np.testing.assert_array_equal(to_display(source, default=2), to_display(CT, window=(40, 400)))
        with pytest.raises(dicomet.PixelDataError, match=r"Window Center: found 3 views, expected one with index 3"):
            to_display(source, window=3)
        with pytest.raises(dicomet.PixelDataError, match=r"found 'SOFT TISSUE', 'LUNG', 'Bone', expected 'liver'"):
            to_display(source, window="liver")


def test_a_file_without_a_window():
    to_display, stored = dicomet.to_display, dicomet.pixel_array(CT)
    ds = read("CT_small.dcm")
    counted = dicomet.modality_values(CT)[stored != ds.PixelPaddingValue].astype(float)
    for window, ends in (
        (None, (counted.min(), counted.max())),
        ("minmax", (counted.min(), counted.max())),
        ("percentile", np.percentile(counted, (1, 99))),
        ("full", (-32768 - 1024, 32767 - 1024)),
    ):
        for arguments in ({"window": window}, {"default": window}):
            exact = np.clip((dicomet.modality_values(CT) - ends[0]) / (ends[1] - ends[0]), 0, 1) * 255
            assert_seen(to_display(CT, **arguments), exact)
    ends = np.percentile(counted, (5, 50))
    exact = np.clip((dicomet.modality_values(CT) - ends[0]) / (ends[1] - ends[0]), 0, 1) * 255
    assert_seen(to_display(CT, window="percentile", percentiles=(5, 50)), exact)
    # One that says something is not asked for its values.
    np.testing.assert_array_equal(to_display(MR, default="minmax"), to_display(MR))
    assert (to_display(MR, window="minmax") != to_display(MR)).any()


def test_one_value_alone_is_dark():
    ds = read("MR_small.dcm")
    ds.PixelData = b"\x07\x00" * (ds.Rows * ds.Columns)
    for window in ("minmax", "percentile"):
        assert (dicomet.to_display(ds, window=window) == 0).all()
    ds.PixelPaddingValue = 7
    assert (dicomet.to_display(ds, window="minmax") == 0).all()


def test_padding_is_a_range():
    ds = read("MR_small.dcm")
    stored = np.arange(ds.Rows * ds.Columns, dtype="<i2").reshape(ds.Rows, ds.Columns) - 100
    ds.PixelData = stored.tobytes()
    ds.add_new("PixelPaddingValue", "SS", 50)
    ds.add_new("PixelPaddingRangeLimit", "SS", -100)
    buffer = io.BytesIO()
    ds.save_as(buffer)
    exact = np.clip((stored - 51) / (stored.max() - 51), 0, 1) * 255
    for source in (ds, buffer.getvalue()):
        assert_seen(dicomet.to_display(source, window="minmax"), exact)


@pytest.mark.parametrize(
    ("shape", "photometric", "inverse"),
    [
        (None, "MONOCHROME2", False),
        (None, "MONOCHROME1", True),
        ("IDENTITY", "MONOCHROME2", False),
        ("INVERSE", "MONOCHROME1", True),
        ("IDENTITY", "MONOCHROME1", False),
        ("INVERSE", "MONOCHROME2", True),
    ],
)
def test_what_is_inverted(shape, photometric, inverse):
    ds = read("MR_small.dcm")
    plain = dicomet.to_display(ds, dtype="float32")
    ds.PhotometricInterpretation = photometric
    if shape is not None:
        ds.PresentationLUTShape = shape
    wanted = 1 - plain if inverse else plain
    np.testing.assert_allclose(dicomet.to_display(ds, dtype="float32"), wanted, atol=1e-7)
    np.testing.assert_array_equal(
        dicomet.to_display(ds), np.floor(dicomet.to_display(ds, range=(0, 255), dtype="f4") + 0.5)
    )


def test_the_range_of_the_result():
    to_display = dicomet.to_display
    unit = to_display(MR, dtype="float32").astype(float)
    assert_seen(to_display(MR, range=(10, 20)), to_display(MR, dtype="float32", range=(10, 20)).astype(float))
    np.testing.assert_allclose(to_display(MR, dtype="float32", range=(-1, 1)), unit * 2 - 1, atol=1e-6)
    np.testing.assert_allclose(to_display(MR, dtype="float32", range=(1, 0)), 1 - unit, atol=1e-6)
    np.testing.assert_array_equal(to_display(MR, dtype=">u2"), to_display(MR, dtype="u2"))


def test_every_byte_without_a_window_is_itself():
    ds = read("SC_rgb.dcm")
    ds.PhotometricInterpretation, ds.SamplesPerPixel, ds.Rows, ds.Columns = "MONOCHROME2", 1, 16, 16
    ds.PixelData = bytes(range(256))
    np.testing.assert_array_equal(dicomet.to_display(ds).ravel(), range(256))
    np.testing.assert_array_equal(dicomet.to_display(ds, dtype="uint16").ravel(), np.arange(256) * 257)


def test_floats_have_no_full_range():
    path = next((case.path for case in IMAGES if "parametric_map_float" in case.name), None)
    if path is None:
        pytest.skip("the file is not here")
    with pytest.raises(dicomet.PixelDataError, match="found floats, which have no 'full' range"):
        dicomet.to_display(path, window="full")


def test_values_too_far_apart():
    path = next((case.path for case in IMAGES if "parametric_map_double_float" in case.name), None)
    if path is None:
        pytest.skip("the file is not here")
    ds = pydicom.dcmread(path)
    values = np.full((ds.Rows, ds.Columns), np.nan)
    values[0, :4] = -1e308, 1e308, np.inf, -np.inf
    ds.DoubleFloatPixelData = values.tobytes()
    del ds.SharedFunctionalGroupsSequence[0].FrameVOILUTSequence
    with pytest.raises(dicomet.PixelDataError, match="too far apart"):
        dicomet.to_display(ds)
    values[0, :2] = 1, 3
    ds.DoubleFloatPixelData = values.tobytes()
    shown = dicomet.to_display(ds, dtype="float32")
    np.testing.assert_array_equal(shown[0, :5], [0, 1, 1, 0, np.nan])
    assert dicomet.to_display(ds)[0, 4] == 0


def test_pydicom_s_own_window_of_a_voi_lut_stays_the_choice():
    ds = read("vlut_04.dcm")
    lut = dicomet.to_display(ds)
    ds.WindowCenter, ds.WindowWidth = 100, 20
    np.testing.assert_array_equal(dicomet.to_display(ds), lut)
    windowed = dicomet.to_display(ds, prefer_lut=False)
    np.testing.assert_array_equal(windowed, dicomet.to_display(ds, window=(100, 20)))
    pydicoms = apply_voi_lut(ds.pixel_array, ds, prefer_lut=False)
    assert ((windowed == 0) == (pydicoms == pydicoms.min())).all()


@pytest.mark.parametrize(("vr", "value"), [("US", 63536), ("SS", -2000)])
def test_padding_is_read_as_the_samples_are(vr, value):
    ds = read("CT_small.dcm")
    ds.add_new(0x00280120, vr, value)
    buffer = io.BytesIO()
    ds.save_as(buffer)
    for source in (ds, buffer.getvalue()):
        np.testing.assert_array_equal(dicomet.to_display(source), dicomet.to_display(CT))


def test_extremes_of_64_bits():
    ds = read("CT_small.dcm")
    values = np.array([[0, 2**64 - 1, 2**63, 2**63 - 1]], np.uint64)
    ds.Rows, ds.Columns, ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 1, 4, 64, 64, 63, 0
    ds.PixelData = values.tobytes()
    del ds.RescaleSlope, ds.RescaleIntercept, ds.PixelPaddingValue
    np.testing.assert_array_equal(dicomet.to_display(ds), [[0, 255, 128, 128]])

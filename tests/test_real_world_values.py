"""`real_world_values`: against the equation of PS3.3 C.7.6.16.2.11.1.2, pydicom's elements, and highdicom."""

import io
import warnings

import numpy as np
import pydicom
import pytest
from display_files import path_of
from display_images import PROPERTY, as_file, image, raw_element, stored_images
from files import ROOTS
from hypothesis import given
from hypothesis import strategies as st
from info_command import info
from overlay_images import frames_image
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

import dicomet
from dicomet.info import describe

SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless)
STORED = np.array([[0, 50], [100, 200]], np.uint16)


def mapping(  # noqa: PLR0913 - the elements of an item
    first: float = 0,
    last: float = 65535,
    *,
    slope: float | None = 0.25,
    intercept: float | None = 1.0,
    table: list[float] | None = None,
    unit: str = "Bq/ml",
    label: str = "x",
    vr: str | None = None,
) -> Dataset:
    """Return an item of the Real World Value Mapping Sequence. `vr`: FD for the ends of float pixel data."""
    item, code = Dataset(), Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = unit, "UCUM", f"meaning of {unit}"
    item.MeasurementUnitsCodeSequence = [code]
    item.LUTLabel, item.LUTExplanation = label, "explained"
    if vr == "FD":
        item.DoubleFloatRealWorldValueFirstValueMapped, item.DoubleFloatRealWorldValueLastValueMapped = first, last
    else:
        for tag, end in ((0x00409216, first), (0x00409211, last)):
            item.add_new(tag, vr or ("SS" if end < 0 else "US"), end)
    if slope is not None:
        item.RealWorldValueSlope = slope
    if intercept is not None:
        item.RealWorldValueIntercept = intercept
    if table is not None:
        item.add_new(0x00409212, "FD", table)
    return item


def mapped(*items: Dataset, stored: np.ndarray = STORED, bits: int = 16, syntax=ExplicitVRLittleEndian) -> Dataset:
    ds = image(stored, bits, syntax)
    ds.RealWorldValueMappingSequence = list(items)
    return ds


numbers = st.floats(-1e6, 1e6)


@PROPERTY
@given(stored_images(), st.sampled_from(SYNTAXES), numbers, numbers, st.data())
def test_slope_and_intercept(sample, syntax, slope, intercept, data):
    stored, bits = sample
    ends = (-(2**15), 2**15 - 1) if stored.dtype.kind == "i" else (0, 65535)
    first, last = sorted(data.draw(st.lists(st.integers(*ends), min_size=2, max_size=2)))
    ds = mapped(mapping(first, last, slope=slope, intercept=intercept), stored=stored, bits=bits, syntax=syntax)
    expected = stored.astype(np.float64) * slope + intercept
    expected[(stored < first) | (stored > last)] = np.nan
    for source in (ds, as_file(ds)):
        values, unit = dicomet.real_world_values(source)
        assert values.dtype == np.float64
        np.testing.assert_array_equal(values, expected)
        assert unit == ("Bq/ml", "UCUM", "meaning of Bq/ml")
        assert str(unit) == "Bq/ml"
        # With the Modality LUT it has nothing to do.
        narrow = dicomet.real_world_values(source, dtype="float32").values
        np.testing.assert_array_equal(narrow, expected.astype(np.float32))


@PROPERTY
@given(stored_images(), st.sampled_from(SYNTAXES), st.data())
def test_tables(sample, syntax, data):
    stored, bits = sample
    first = data.draw(st.integers(-3000 if stored.dtype.kind == "i" else 0, 3000))
    entries = np.random.default_rng(first + 3000).normal(size=data.draw(st.integers(1, 300)))
    last = min(first + len(entries) - 1, 65535)
    ds = mapped(
        mapping(first, last, slope=None, intercept=None, table=list(entries)), stored=stored, bits=bits, syntax=syntax
    )
    by_value = dict(zip(range(first, last + 1), entries, strict=True))
    expected = np.array([[by_value.get(int(value), np.nan) for value in row] for row in stored])
    for source in (ds, as_file(ds)):
        np.testing.assert_array_equal(dicomet.real_world_values(source).values, expected)


def for_highdicom(ds: Dataset) -> bytes:
    """Return a file with what highdicom requires of one."""
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    file = io.BytesIO()
    pydicom.dcmwrite(file, ds, enforce_file_format=True)
    return file.getvalue()


def test_highdicom_s_values():
    highdicom = pytest.importorskip("highdicom")
    table = list(np.sqrt(np.arange(256)))
    items = (
        mapping(0, 65535),
        mapping(0, 255, slope=None, intercept=None, table=table, unit="cm/s", label="speed"),
        mapping(0, 200, slope=-3.7, intercept=1e-3, unit="mm", label="y"),
    )
    ds = mapped(*items)
    data = for_highdicom(ds)
    for number, item in enumerate(items):
        peer = highdicom.imread(io.BytesIO(data)).get_frame(
            1, apply_real_world_transform=True, real_world_value_map_selector=number, dtype=np.float64
        )
        for choice in (number, item.LUTLabel, item.MeasurementUnitsCodeSequence[0].CodeValue):
            np.testing.assert_array_equal(dicomet.real_world_values(data, choice).values, peer)
    # Values outside of the range are an error of highdicom's, and NaN here.
    ds.RealWorldValueMappingSequence = [mapping(50, 100)]
    with pytest.raises(ValueError, match="outside the valid range"):
        highdicom.imread(io.BytesIO(for_highdicom(ds))).get_frame(1, apply_real_world_transform=True)
    np.testing.assert_array_equal(dicomet.real_world_values(ds).values, [[np.nan, 13.5], [26, np.nan]])


def test_the_choice_of_a_mapping():
    two = mapping(unit="Bq/ml", label="activity"), mapping(slope=2.0, unit="g/ml", label="SUVbw")
    ds = mapped(*two)
    for choice, unit in ((0, "Bq/ml"), (-1, "g/ml"), ("g/ml", "g/ml"), ("activity", "Bq/ml"), (" SUVbw ", "g/ml")):
        assert dicomet.real_world_values(ds, choice).unit.code == unit
    for choice, says in (
        (None, r"found 2 mappings \('activity' in 'Bq/ml', 'SUVbw' in 'g/ml'\), expected one, or 'mapping'"),
        ("G/ML", "expected one that is 'G/ML'"),
        ("", "expected one that is ''"),
        (2, "expected one with index 2"),
        (-3, "expected one with index -3"),
        (10**30, "expected one with index 1000"),
    ):
        with pytest.raises(dicomet.PixelDataError, match=says):
            dicomet.real_world_values(ds, choice)
    ds.RealWorldValueMappingSequence = [mapping(label="a"), mapping(label="b")]
    with pytest.raises(dicomet.PixelDataError, match="expected one that is 'Bq/ml'"):
        dicomet.real_world_values(ds, "Bq/ml")
    with pytest.raises(TypeError, match="'mapping': found float"):
        dicomet.real_world_values(ds, 1.5)
    with pytest.raises(ValueError, match="'dtype': found int16, expected float64 or float32"):
        dicomet.real_world_values(ds, 0, dtype="int16")


def enhanced(*, shared: list[Dataset] = (), frames: list[list[Dataset]] = ()) -> Dataset:
    ds = frames_image(np.stack([STORED, STORED + 1, STORED + 2]), 16)
    for keyword, groups in (("SharedFunctionalGroupsSequence", [shared]), ("PerFrameFunctionalGroupsSequence", frames)):
        if any(groups):
            setattr(ds, keyword, [Dataset() for _ in groups])
            for group, items in zip(ds[keyword].value, groups, strict=True):
                if items:
                    group.RealWorldValueMappingSequence = items
    return ds


def test_functional_groups():
    frames = np.stack([STORED, STORED + 1, STORED + 2]).astype(float)
    ds = enhanced(shared=[mapping()])
    np.testing.assert_array_equal(dicomet.real_world_values(ds).values, frames * 0.25 + 1)
    each = [[mapping(slope=slope, intercept=0.0)] for slope in (1.0, 1.0, 3.0)]
    for ds in (enhanced(frames=each), enhanced(shared=[mapping()], frames=each)):
        expected = frames * np.array([1, 1, 3])[:, None, None]
        for source in (ds, as_file(ds)):
            np.testing.assert_array_equal(dicomet.real_world_values(source).values, expected)
            np.testing.assert_array_equal(dicomet.real_world_values(source, index=-1).values, expected[2])
    some = enhanced(shared=[mapping()], frames=[[], [mapping(10, 150, slope=7.0)], []])
    expected = frames * 0.25 + 1
    expected[1] = [[np.nan, 51 * 7 + 1], [101 * 7 + 1, np.nan]]
    np.testing.assert_array_equal(dicomet.real_world_values(some).values, expected)


def test_frames_have_one_unit():
    ds = enhanced(frames=[[mapping()], [mapping()], [mapping(unit="mm")]])
    with pytest.raises(dicomet.PixelDataError, match="found 'mm' for frame 2, expected 'Bq/ml' as for frame 0"):
        dicomet.real_world_values(ds)
    assert dicomet.real_world_values(ds, index=2).unit.code == "mm"
    few = enhanced(frames=[[mapping()]])
    with pytest.raises(dicomet.PixelDataError, match="found 1 item, expected one for frame 1"):
        dicomet.real_world_values(few)


@pytest.mark.parametrize("name", ["rtdose.dcm", "rtdose_1frame.dcm", "rtdose_expb.dcm", "rtdose_rle.dcm"])
def test_dose(name):
    path = path_of(name)
    ds = pydicom.dcmread(path)
    values, unit = dicomet.real_world_values(path)
    np.testing.assert_array_equal(values, ds.pixel_array * float(ds.DoseGridScaling))
    assert unit == ("1", "UCUM", "relative dose")
    ds.DoseUnits = "GY"
    assert dicomet.real_world_values(ds, "Gy").unit == ("Gy", "UCUM", "Gray")
    assert dicomet.real_world_values(ds, 0, index=0).values.shape == values.shape[-2:]


def test_a_dose_beside_a_mapping():
    ds = mapped(mapping())
    ds.DoseGridScaling, ds.DoseUnits = "0.5", "GY"
    np.testing.assert_array_equal(dicomet.real_world_values(ds, "Gy").values, STORED * 0.5)
    np.testing.assert_array_equal(dicomet.real_world_values(ds, 1).values, STORED * 0.5)
    np.testing.assert_array_equal(dicomet.real_world_values(ds, "Bq/ml").values, STORED * 0.25 + 1)


@pytest.mark.parametrize("name", ["parametric_map_float.dcm", "parametric_map_double_float.dcm"])
def test_float_pixel_data(name):
    path = ROOTS["pydicom-repository"] / name
    if not path.exists():
        pytest.skip("only in pydicom's repository")
    ds = pydicom.dcmread(path)
    item = ds.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence[0]
    stored = ds.pixel_array.astype(np.float64)
    expected = stored * item.RealWorldValueSlope + item.RealWorldValueIntercept
    # The files have the elements for integers.
    first, last = item.RealWorldValueFirstValueMapped, item.RealWorldValueLastValueMapped
    expected[(stored < first) | (stored > last)] = np.nan
    np.testing.assert_array_equal(dicomet.real_world_values(path).values, expected)


def float_image(stored: np.ndarray) -> Dataset:
    ds = image(np.zeros(stored.shape, np.uint16), 16)
    for keyword in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
        del ds[keyword]
    ds.BitsAllocated, ds.FloatPixelData = 32, stored.astype("<f4").tobytes()
    return ds


def test_floats_that_are_no_numbers():
    stored = np.array([[np.nan, -np.inf, np.inf], [-1.5, 0.5, 2.5]], np.float32)
    ds = float_image(stored)
    ds.RealWorldValueMappingSequence = [mapping(-1.5, 1.0, slope=2.0, intercept=0.0, vr="FD")]
    nan = np.nan
    np.testing.assert_array_equal(dicomet.real_world_values(ds).values, [[nan, nan, nan], [-3, 1, nan]])
    ds.RealWorldValueMappingSequence = [mapping(0.0, 1.0, slope=None, intercept=None, table=[1.0, 2.0], vr="FD")]
    with pytest.raises(dicomet.PixelDataError, match="found a table for floats, expected slope and intercept"):
        dicomet.real_world_values(ds)


def test_the_sign_of_the_ends():
    """Their VR may not be that of Pixel Representation; in implicit VR they have none."""
    stored = np.array([[-32768, -1], [0, 32767]], np.int16)
    ds = mapped(mapping(0x8000, 0x7FFF, slope=1.0, intercept=0.0, vr="US"), stored=stored)
    np.testing.assert_array_equal(dicomet.real_world_values(ds).values, stored)
    ds = mapped(mapping(0, -1, slope=1.0, intercept=0.0, vr="SS"), stored=stored.view(np.uint16))
    np.testing.assert_array_equal(dicomet.real_world_values(ds).values, stored.view(np.uint16))


MALFORMED = {
    "first above last": (lambda: mapping(10, 5), "First Value Mapped: found 10, expected at most .* Last"),
    "a short table": (lambda: mapping(0, 255, table=[1.0] * 255), "found 255 values, expected 256 for the stored"),
    "a long table": (lambda: mapping(0, 255, table=[1.0] * 257), "found 257 values, expected 256 for the stored"),
    "one entry for all": (lambda: mapping(0, 65535, table=[1.0, 2.0]), "found 2 values, expected 65536"),
    "no slope": (lambda: mapping(slope=None), "Missing required element: .*Real World Value Slope"),
    "no intercept": (lambda: mapping(intercept=None), "Missing required element: .*Real World Value Intercept"),
    "infinite slope": (lambda: mapping(slope=np.inf), "Real World Value Slope: found inf, expected one finite"),
    "a slope without limits": (lambda: mapping(slope=1e300), "Slope: found 1e.300, expected at most 1e.30"),
    "a range of fractions": (
        lambda: mapping(0.5, 1.5, table=[1.0, 2.0], vr="FD"),
        "found a table for values from 0.5 to 1.5, expected whole numbers",
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
@pytest.mark.parametrize("syntax", SYNTAXES[:3])
def test_malformed_mappings_are_errors(name, syntax, tmp_path):
    make, says = MALFORMED[name]
    path = tmp_path / "image.dcm"
    path.write_bytes(as_file(mapped(make(), mapping(label="good"), syntax=syntax)))
    with pytest.raises(dicomet.PixelDataError, match=says) as raised:
        dicomet.real_world_values(path, "x")
    assert raised.value.filename == str(path)
    assert raised.value.element.startswith("(0040,")
    np.testing.assert_array_equal(dicomet.real_world_values(path, "good").values, STORED * 0.25 + 1)
    np.testing.assert_array_equal(dicomet.modality_values(path), STORED)


@pytest.mark.parametrize("missing", ["RealWorldValueFirstValueMapped", "MeasurementUnitsCodeSequence"])
def test_missing_elements(missing):
    item = mapping()
    del item[missing]
    with pytest.raises(dicomet.MissingElementError, match="Missing required element"):
        dicomet.real_world_values(mapped(item))


def test_a_file_without_a_mapping():
    with pytest.raises(dicomet.MissingElementError, match=r"found no mapping and no .*Dose Grid Scaling"):
        dicomet.real_world_values(image(STORED, 16))
    ds = image(STORED, 16)
    ds.DoseGridScaling = "0.5"
    with pytest.raises(dicomet.PixelDataError, match="Dose Units: found no value, expected GY or RELATIVE"):
        dicomet.real_world_values(ds)
    ds.DoseUnits = "CGY"
    with pytest.raises(dicomet.PixelDataError, match="Dose Units: found 'CGY', expected GY or RELATIVE"):
        dicomet.real_world_values(ds)
    ds = mapped()
    raw_element(ds, 0x00409096, "OB", b"1234")
    with pytest.raises(dicomet.PixelDataError, match="Real World Value Mapping Sequence"):
        dicomet.real_world_values(ds)


def test_colors_have_no_real_world_values():
    ds = pydicom.dcmread(path_of("SC_rgb_small_odd.dcm"))
    ds.RealWorldValueMappingSequence = [mapping()]
    with pytest.raises(dicomet.PixelDataError, match="Samples per Pixel: found 3, expected 1"):
        dicomet.real_world_values(ds)


def test_arguments_of_pixel_array():
    ds = mapped(mapping())
    out = np.empty((2, 2))
    assert dicomet.real_world_values(ds, out=out).values is out
    with pytest.raises(dicomet.PixelDataError, match="found an array of 32 bytes, expected at most the 31"):
        dicomet.real_world_values(ds, max_bytes=31)
    with pytest.raises(dicomet.PixelDataError, match="'out': found an array"):
        dicomet.real_world_values(ds, out=np.empty((2, 2), np.float32))


def test_info(tmp_path, capsys):
    ds = mapped(mapping(), mapping(0, 1, slope=None, intercept=None, table=[1.0, 2.0], unit="cm/s", label="table"))
    ds.ICCProfile = bytes(128)
    lut = Dataset()
    lut.LUTDescriptor, lut.LUTExplanation = [4096, 0, 12], "film"
    ds.PresentationLUTSequence = [lut]
    path = tmp_path / "image.dcm"
    path.write_bytes(as_file(ds))
    described = describe(path)
    first, second = described["RealWorldValueMappingSequence"]
    assert (first["LUTLabel"], first["unit"], first["RealWorldValueSlope"]) == ("x", "Bq/ml", 0.25)
    assert (second["unit"], second["RealWorldValueSlope"], second["RealWorldValueLastValueMapped"]) == ("cm/s", None, 1)
    assert (first["table_entries"], second["table_entries"]) == (None, 2)
    assert described["icc_profile_bytes"] == 128
    assert described["PresentationLUTSequence"] == [{"LUTDescriptor": [4096, 0, 12], "LUTExplanation": "film"}]
    assert info(path) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "x: Bq/ml by slope 0.25, intercept 1, of 0 to 65535; table: cm/s by a table of 2, of 0 to 1" in out
    assert "ICC profile 128 bytes" in out
    assert "presentation LUT 4096 entries from 0 " in out


def test_info_of_incomplete_mappings(tmp_path, capsys):
    """A mapping without slope and table, and units without a Code Value."""
    items = [mapping(slope=None, label="a"), mapping(label="b"), mapping(label="c"), mapping(label="d")]
    for item, keyword in zip(items[1:], ("CodeMeaning", "LongCodeValue", None), strict=True):
        code = Dataset()
        code.CodingSchemeDesignator = "UCUM"
        if keyword:
            setattr(code, keyword, f"unit of {keyword}")
        item.MeasurementUnitsCodeSequence = [code]
    path = tmp_path / "image.dcm"
    path.write_bytes(as_file(mapped(*items)))
    assert info(path) == 0
    out = " ".join(capsys.readouterr().out.split())
    for words in (
        "a: Bq/ml by slope ?, intercept 1, of",
        "b: unit of CodeMeaning by slope 0.25,",
        "c: unit of LongCodeValue by slope",
        "d: ? by slope",
    ):
        assert words in out


def test_info_of_functional_groups_and_dose():
    each = enhanced(frames=[[mapping()], [mapping()], [mapping()]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        described = describe(each)
    assert described["RealWorldValueMappingSequence"][0]["unit"] == "Bq/ml"
    assert described["of_first_frame"] == ["RealWorldValueMappingSequence"]
    described = describe(enhanced(shared=[mapping(), mapping()]))
    assert len(described["RealWorldValueMappingSequence"]) == 2
    assert described["of_first_frame"] == []
    described = describe(path_of("rtdose.dcm"))
    assert (described["DoseGridScaling"], described["DoseUnits"]) == (1e-06, "RELATIVE")

"""`to_display` over real files, beside pydicom's functions, and its arguments."""

import io
import warnings

import files
import numpy as np
import pydicom
import pytest
from display_images import raw_element
from display_oracle import assert_seen, of_frame, part
from files import EQUAL
from pydicom.data import get_testdata_file
from pydicom.pixels import apply_icc_profile, apply_voi_lut

import dicomet

# Of a file that pydicom cannot read as its data set says there is nothing to compare with.
IMAGES = [
    case
    for case in files.cases()
    if case.expected.file == case.expected.dataset == EQUAL
    and case.expected.transfer_syntax is None
    and not case.expected.slow
    and "Supplemental" not in case.name
    # pydicom takes words of a palette in big endian for words in little endian.
    and not case.name.startswith("OBXXXX1A_expb")
]
BRIGHTEST = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}


def path_of(name: str) -> str:
    return get_testdata_file(name, download=False)


def read(name: str) -> pydicom.Dataset:
    return pydicom.dcmread(path_of(name), force=True)


CT, MR = path_of("CT_small.dcm"), path_of("MR_small.dcm")


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("case", IMAGES, ids=str)
def test_every_file_is_seen_as_by_pydicom_s_functions(case):
    ds = pydicom.dcmread(case.path, force=True)
    stored = ds.pixel_array
    frames = stored if int(ds.get("NumberOfFrames") or 1) > 1 else stored[None]
    exact = np.stack([part(ds, frame, index) for index, frame in enumerate(frames[:8])])
    exact = exact if frames is stored else exact[0]
    for dtype, brightest in BRIGHTEST.items():
        seen = dicomet.to_display(case.path, dtype=dtype)
        assert seen.dtype == dtype
        assert seen.flags.c_contiguous
        assert seen.flags.writeable
        assert_seen(seen if frames is not stored else seen[:8], exact * brightest)
        np.testing.assert_array_equal(dicomet.to_display(ds, dtype=dtype), seen)


@pytest.mark.parametrize(
    "name", ["emri_small.dcm", "emri_small_RLE.dcm", "SC_rgb_16bit_2frame.dcm", "OBXXXX1A_2frame.dcm"]
)
def test_a_frame_is_seen_alone_as_among_others(name):
    path = path_of(name)
    for window in (None, "minmax", "percentile", "full"):
        if window not in (None, "full") and "emri" not in name:
            continue
        everything = dicomet.to_display(path, window=window)
        for index, frame in enumerate(everything):
            np.testing.assert_array_equal(dicomet.to_display(path, window=window, index=index), frame)


@pytest.mark.parametrize("suffix", ["", "_2frame"])
def test_a_palette_in_big_endian(suffix):
    big, little = (dicomet.to_display(path_of(f"OBXXXX1A{order}{suffix}.dcm")) for order in ("_expb", ""))
    np.testing.assert_array_equal(big, little)


def test_functional_groups_are_those_of_the_frame():
    ds = read("emri_small.dcm")
    ds.SharedFunctionalGroupsSequence = [pydicom.Dataset()]
    ds.PerFrameFunctionalGroupsSequence = [pydicom.Dataset() for _ in range(ds.NumberOfFrames)]
    for index, group in enumerate(ds.PerFrameFunctionalGroupsSequence):
        window = pydicom.Dataset()
        window.WindowCenter, window.WindowWidth = 100 + 50 * (index // 2), 300
        group.FrameVOILUTSequence = [window]
        if index % 3 == 0:
            rescale = pydicom.Dataset()
            rescale.RescaleSlope, rescale.RescaleIntercept = index + 1, -10
            group.PixelValueTransformationSequence = [rescale]
    buffer = io.BytesIO()
    ds.save_as(buffer)
    exact = np.stack([part(ds, frame, index) for index, frame in enumerate(ds.pixel_array)])
    for source in (ds, buffer.getvalue()):
        assert_seen(dicomet.to_display(source), exact * 255)
        values = dicomet.modality_values(source)
        assert values.dtype.kind == "i"
        for index, frame in enumerate(ds.pixel_array):
            scale = of_frame(ds, index)
            wanted = frame * float(scale.get("RescaleSlope", 1)) + float(scale.get("RescaleIntercept", 0))
            np.testing.assert_array_equal(values[index], wanted)
            np.testing.assert_array_equal(dicomet.modality_values(source, index=index), wanted)


def test_supplemental_palette():
    """PS3.3 C.8.16.2.1.1.1: colours from the first mapped value on, greys below; by frame."""
    path = path_of("eCT_Supplemental.dcm")
    ds = pydicom.dcmread(path)
    descriptor = ds.RedPaletteColorLookupTableDescriptor
    colors = np.stack(
        [
            np.frombuffer(ds[f"{color}PaletteColorLookupTableData"].value, np.uint16)
            for color in ("Red", "Green", "Blue")
        ],
        -1,
    )
    for index, stored in enumerate(ds.pixel_array):
        grey = part(ds, stored, index)
        index_of = np.clip(stored.astype(int) - descriptor[1], 0, len(colors) - 1)
        exact = np.where((stored >= descriptor[1])[..., None], colors[index_of] / 65535, grey[..., None]) * 255
        assert_seen(dicomet.to_display(path, index=index), exact)


@pytest.mark.parametrize("name", ["SC_rgb.dcm", "OBXXXX1A.dcm", "examples_rgb_color.dcm"])
def test_an_icc_profile_is_applied_as_by_pydicom(name):
    cms = pytest.importorskip("PIL.ImageCms")
    ds = read(name)
    # A device that is not sRGB, so that the profile makes a difference.
    ds.ICCProfile = _other_profile(cms)
    plain = dicomet.to_display(ds)
    found = dicomet.to_display(ds, icc_profile=True)
    assert (found != plain).any()
    buffer = io.BytesIO()
    ds.save_as(buffer)
    np.testing.assert_array_equal(dicomet.to_display(buffer.getvalue(), icc_profile=True), found)
    copy = pydicom.Dataset()
    copy.ICCProfile, copy.SamplesPerPixel, copy.PhotometricInterpretation = ds.ICCProfile, 3, "RGB"
    copy.file_meta = ds.file_meta
    np.testing.assert_array_equal(found, apply_icc_profile(plain.copy(), copy, color_space="sRGB"))


def _other_profile(cms) -> bytes:
    """Return sRGB with red and green exchanged."""
    profile = bytearray(cms.ImageCmsProfile(cms.createProfile("sRGB")).tobytes())
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


def test_an_icc_profile_that_cannot_be_used():
    pytest.importorskip("PIL")
    ds = read("SC_rgb.dcm")
    np.testing.assert_array_equal(dicomet.to_display(ds, icc_profile=True), ds.pixel_array)
    ds.ICCProfile = b"no profile"
    with pytest.raises(dicomet.PixelDataError, match=r"\(0028,2000\) ICC Profile: found a profile that cannot be used"):
        dicomet.to_display(ds, icc_profile=True)
    with pytest.raises(ValueError, match="'icc_profile'"):
        dicomet.to_display(ds, icc_profile=True, dtype="float32")


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
    ds, seen = several_windows(), dicomet.to_display
    buffer = io.BytesIO()
    ds.save_as(buffer)
    for source in (ds, buffer.getvalue()):
        np.testing.assert_array_equal(seen(source), seen(CT, window=(40, 400)))
        np.testing.assert_array_equal(seen(source, window=1), seen(CT, window=(-600, 1500)))
        np.testing.assert_array_equal(seen(source, window=np.int8(-1)), seen(CT, window=(300, 2000)))
        np.testing.assert_array_equal(seen(source, window="bone"), seen(CT, window=(300, 2000)))
        np.testing.assert_array_equal(seen(source, default=2), seen(CT, window=(40, 400)))
        with pytest.raises(dicomet.PixelDataError, match=r"Window Center: found 3 views, expected one with index 3"):
            seen(source, window=3)
        with pytest.raises(dicomet.PixelDataError, match=r"found 'SOFT TISSUE', 'LUNG', 'Bone', expected 'liver'"):
            seen(source, window="liver")


def test_a_file_that_says_nothing():
    seen, stored = dicomet.to_display, dicomet.pixel_array(CT)
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
            assert_seen(seen(CT, **arguments), exact)
    ends = np.percentile(counted, (5, 50))
    exact = np.clip((dicomet.modality_values(CT) - ends[0]) / (ends[1] - ends[0]), 0, 1) * 255
    assert_seen(seen(CT, window="percentile", percentiles=(5, 50)), exact)
    # One that says something is not asked for its values.
    np.testing.assert_array_equal(seen(MR, default="minmax"), seen(MR))
    assert (seen(MR, window="minmax") != seen(MR)).any()


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
    seen = dicomet.to_display
    unit = seen(MR, dtype="float32").astype(float)
    assert_seen(seen(MR, range=(10, 20)), seen(MR, dtype="float32", range=(10, 20)).astype(float))
    np.testing.assert_allclose(seen(MR, dtype="float32", range=(-1, 1)), unit * 2 - 1, atol=1e-6)
    np.testing.assert_allclose(seen(MR, dtype="float32", range=(1, 0)), 1 - unit, atol=1e-6)
    np.testing.assert_array_equal(seen(MR, dtype=">u2"), seen(MR, dtype="u2"))


def test_every_byte_without_a_window_is_itself():
    ds = read("SC_rgb.dcm")
    ds.PhotometricInterpretation, ds.SamplesPerPixel, ds.Rows, ds.Columns = "MONOCHROME2", 1, 16, 16
    ds.PixelData = bytes(range(256))
    np.testing.assert_array_equal(dicomet.to_display(ds).ravel(), range(256))
    np.testing.assert_array_equal(dicomet.to_display(ds, dtype="uint16").ravel(), np.arange(256) * 257)


@pytest.mark.parametrize("name", ["CT_small.dcm", "SC_rgb.dcm", "OBXXXX1A_2frame.dcm", "emri_small_RLE.dcm"])
def test_out(name):
    wanted = dicomet.to_display(path_of(name))
    out = np.zeros_like(wanted)
    assert dicomet.to_display(path_of(name), out=out) is out
    np.testing.assert_array_equal(out, wanted)
    for wrong in (np.zeros(wanted.shape, np.uint16), np.zeros(wanted.shape[1:], np.uint8), wanted[::-1]):
        with pytest.raises(dicomet.PixelDataError, match="'out': found an array"):
            dicomet.to_display(path_of(name), out=wrong)


def test_max_bytes_is_of_what_is_returned():
    size = dicomet.to_display(path_of("OBXXXX1A.dcm")).nbytes
    assert dicomet.to_display(path_of("OBXXXX1A.dcm"), max_bytes=size).nbytes == size
    with pytest.raises(dicomet.PixelDataError, match=f"found an array of {size} bytes"):
        dicomet.to_display(path_of("OBXXXX1A.dcm"), max_bytes=size - 1)


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"dtype": "int16"}, ValueError, "'dtype': found int16, expected uint8, uint16 or float32"),
        ({"dtype": "float64"}, ValueError, "'dtype': found float64"),
        ({"range": (0, 256)}, ValueError, "'range': found 0 to 256"),
        ({"range": (0, float("nan"))}, ValueError, "'range'"),
        ({"range": (-1, 1)}, ValueError, "'range'"),
        ({"window": (40,)}, ValueError, r"'window': found \(40,\), expected \(center, width\)"),
        ({"window": (40, 400, "CUBIC")}, ValueError, "expected .* LINEAR, LINEAR_EXACT, SIGMOID"),
        ({"window": (40, 400, "LINEAR", 1)}, ValueError, "expected"),
        ({"window": ("a", "b")}, ValueError, "expected"),
        ({"window": (40, 0)}, ValueError, "'window': found the width 0, expected more than 0 for LINEAR"),
        ({"window": (40, 0, "SIGMOID")}, ValueError, "expected more than 0 for SIGMOID"),
        ({"default": (float("inf"), 5)}, ValueError, "'default': .*finite"),
        ({"window": 1.5}, TypeError, "'window': found float"),
        ({"percentiles": (50, 5)}, ValueError, "'percentiles'"),
        ({"percentiles": (-1, 5)}, ValueError, "'percentiles'"),
        ({"index": -2}, dicomet.FrameIndexError, "found index -2 of 1 frame"),
        ({"index": 1}, dicomet.PixelDataError, "found index 1"),
        ({"windw": (40, 400)}, TypeError, r"to_display\(\) has no argument 'windw', did you mean 'window'\?"),
    ],
    ids=str,
)
def test_wrong_arguments(arguments, error, says):
    with pytest.raises(error, match=says):
        dicomet.to_display(CT, **arguments)


def test_a_presentation_lut_shape_that_is_none():
    ds = read("MR_small.dcm")
    ds.PresentationLUTShape = "UPSIDE DOWN"
    buffer = io.BytesIO()
    ds.save_as(buffer)
    for source in (ds, buffer.getvalue()):
        with pytest.raises(dicomet.PixelDataError, match="Presentation LUT Shape: found 'UPSIDE DOWN'") as raised:
            dicomet.to_display(source)
        assert raised.value.element == "(2050,0020) Presentation LUT Shape"


@pytest.mark.parametrize("tag", [0x00281052, 0x00281053])
@pytest.mark.parametrize("text", [b"1,5 ", b"abc ", b"1\\x ", b"nan ", b"1e999 "])
def test_texts_that_are_no_numbers(tag, text):
    """Without slope and intercept, values are not known."""
    ds = read("CT_small.dcm")
    raw_element(ds, tag, "DS", text)
    buffer = io.BytesIO()
    ds.save_as(buffer)
    for source in (ds, buffer.getvalue()):
        for call in (dicomet.to_display, dicomet.modality_values):
            with pytest.raises(
                dicomet.PixelDataError, match=rf"\(0028,{tag & 0xFFFF:04X}\) .*: found '.*', expected a decimal number"
            ):
                call(source)


@pytest.mark.parametrize("tag", [0x00283000, 0x52009229, 0x52009230])
def test_sequences_that_are_none(tag):
    ds = read("CT_small.dcm")
    ds.add_new(tag, "LO", "text")
    buffer = io.BytesIO()
    ds.save_as(buffer)
    for source in (ds, buffer.getvalue()):
        with pytest.raises(
            dicomet.PixelDataError, match=rf"\({tag >> 16:04X},{tag & 0xFFFF:04X}\) .* VR LO, expected a seq"
        ):
            dicomet.to_display(source)


def test_texts_padded_with_null():
    ds = read("CT_small.dcm")
    for tag, text in ((0x00281050, b"40\0"), (0x00281051, b"400\0"), (0x20500020, b"INVERSE\0")):
        vr = "CS" if tag == 0x20500020 else "DS"
        raw = pydicom.dataelem.RawDataElement(
            pydicom.tag.Tag(tag), vr, len(text), text, 0, is_implicit_VR=False, is_little_endian=True
        )
        ds._dict[pydicom.tag.Tag(tag)] = raw
    buffer = io.BytesIO()
    ds.save_as(buffer)
    for source in (ds, buffer.getvalue()):
        np.testing.assert_array_equal(
            dicomet.to_display(source, range=(255, 0)), dicomet.to_display(CT, window=(40, 400))
        )


def test_a_palette_that_is_not_there():
    ds = read("OBXXXX1A.dcm")
    for tag in [tag for tag in ds.keys() if 0x00281101 <= tag <= 0x00281299]:  # noqa: SIM118 - not elements
        del ds[tag]
    buffer = io.BytesIO()
    ds.save_as(buffer)
    for source in (ds, buffer.getvalue()):
        with pytest.raises(
            dicomet.MissingElementError, match=r"\(0028,1101\) Red Palette Color Lookup Table Descriptor"
        ):
            dicomet.to_display(source)


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
    seen = dicomet.to_display(ds, dtype="float32")
    np.testing.assert_array_equal(seen[0, :5], [0, 1, 1, 0, np.nan])
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


def test_numbers_of_another_vr_are_no_text():
    """And nothing depends on whether somebody has read them before."""
    ds = read("CT_small.dcm")
    raw_element(ds, 0x00281050, "US", b"10")
    raw_element(ds, 0x00281051, "US", b"\x90\x01")
    before = dicomet.to_display(ds)
    assert (ds.WindowCenter, ds.WindowWidth) == (0x3031, 400)
    np.testing.assert_array_equal(before, dicomet.to_display(ds))
    np.testing.assert_array_equal(before, dicomet.to_display(CT, window=(0x3031, 400)))


@pytest.mark.parametrize("function", [dicomet.to_display, dicomet.modality_values])
def test_out_of_a_subclass_is_filled(function):
    with pytest.warns(PendingDeprecationWarning):
        out = np.matrix(np.zeros_like(function(CT)))
    function(CT, out=out)
    np.testing.assert_array_equal(np.asarray(out), function(CT))


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


def test_every_frame_needs_its_functional_groups():
    ds = read("emri_small.dcm")
    ds.SharedFunctionalGroupsSequence = [pydicom.Dataset()]
    ds.PerFrameFunctionalGroupsSequence = [pydicom.Dataset() for _ in range(4)]
    says = r"\(5200,9230\) Per-Frame .* Sequence: found 4 items, expected one for frame 4"
    for call in (dicomet.to_display, dicomet.modality_values):
        with pytest.raises(dicomet.PixelDataError, match=says):
            call(ds)
    assert dicomet.to_display(ds, index=3).shape == (64, 64)


def test_what_is_not_asked_for_need_not_be_right():
    ds = read("CT_small.dcm")
    ds.WindowCenter, ds.WindowWidth, ds.VOILUTFunction = 40, 0, "CUBIC"
    np.testing.assert_array_equal(dicomet.modality_values(ds), dicomet.modality_values(CT))
    np.testing.assert_array_equal(dicomet.to_display(ds, window=(40, 400)), dicomet.to_display(CT, window=(40, 400)))


@pytest.mark.parametrize("slope", ["1e40", "-1e300"])
def test_slopes_that_no_modality_has(slope):
    ds = read("CT_small.dcm")
    ds.RescaleSlope = slope
    for call in (dicomet.to_display, dicomet.modality_values):
        with pytest.raises(dicomet.PixelDataError, match=r"\(0028,1053\) Rescale Slope: found .*e.*, expected at most"):
            call(ds)


@pytest.mark.parametrize(
    "arguments", [{"range": 5}, {"range": (1, 2, 3)}, {"percentiles": "ab"}, {"window": (10**400, 5)}]
)
def test_arguments_that_are_no_pair(arguments):
    with pytest.raises(ValueError, match=f"'{next(iter(arguments))}': found"):
        dicomet.to_display(CT, **arguments)

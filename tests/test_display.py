"""`to_display` over real files, beside pydicom's functions, and its arguments."""

import io

import numpy as np
import pydicom
import pytest
from display_files import BRIGHTEST, CT, IMAGES, path_of, read
from display_oracle import assert_seen, of_frame, part
from pydicom.pixels import apply_icc_profile
from pydicom.uid import HTJ2K, JPEG2000, JPEGBaseline8Bit, JPEGExtended12Bit

import dicomet

LOSSY = (JPEGBaseline8Bit, JPEGExtended12Bit, JPEG2000, HTJ2K)
"""The values of these depend on the decoder."""


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("case", IMAGES, ids=str)
def test_every_file_looks_as_by_pydicom_s_functions(case):
    ds = pydicom.dcmread(case.path, force=True)
    stored = dicomet.pixel_array(ds) if ds.file_meta.TransferSyntaxUID in LOSSY else ds.pixel_array
    frames = stored if int(ds.get("NumberOfFrames") or 1) > 1 else stored[None]
    exact = np.stack([part(ds, frame, index) for index, frame in enumerate(frames[:8])])
    exact = exact if frames is stored else exact[0]
    for dtype, brightest in BRIGHTEST.items():
        shown = dicomet.to_display(case.path, dtype=dtype)
        assert shown.dtype == dtype
        assert shown.flags.c_contiguous
        assert shown.flags.writeable
        assert_seen(shown if frames is not stored else shown[:8], exact * brightest)
        np.testing.assert_array_equal(dicomet.to_display(ds, dtype=dtype), shown)


@pytest.mark.parametrize(
    "name", ["emri_small.dcm", "emri_small_RLE.dcm", "SC_rgb_16bit_2frame.dcm", "OBXXXX1A_2frame.dcm"]
)
def test_a_frame_alone_looks_as_among_others(name):
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
    """PS3.3 C.8.16.2.1.1.1: colors from the first mapped value on, grays below; by frame."""
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
        gray = part(ds, stored, index)
        index_of = np.clip(stored.astype(int) - descriptor[1], 0, len(colors) - 1)
        exact = np.where((stored >= descriptor[1])[..., None], colors[index_of] / 65535, gray[..., None]) * 255
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

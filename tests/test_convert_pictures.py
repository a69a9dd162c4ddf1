"""ICC profiles, square pixels, animations and sidecars of converted files, as Pillow and tifffile read them."""

import json
import math

import numpy as np
import pydicom
import pytest
from convert_command import convert
from convert_files import dicom, gray, names
from files import ROOTS
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from random_images import PROPERTY
from series_files import Stack, enhanced

import dicomet
from dicomet.convert.frames import with_square_pixels
from dicomet.convert.options import Options

Image = pytest.importorskip("PIL.Image")
ImageCms = pytest.importorskip("PIL.ImageCms")
tifffile = pytest.importorskip("tifffile")

RGB = np.random.default_rng(1).integers(0, 256, (12, 10, 3), np.uint8)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped_profile() -> bytes:
    """Return a profile of RGB that is not sRGB: red and blue are exchanged."""
    profile = bytearray(SRGB)
    for tag, other in ((b"rXYZ", b"bXYZ"),):
        first, second = profile.index(tag, 128), profile.index(other, 128)
        profile[first : first + 4], profile[second : second + 4] = other, tag
    return bytes(profile)


SWAPPED = swapped_profile()


def written(tmp_path, array, name="a.dcm", *, bits=None, frames=1, **elements):
    """Write a file with more elements, and return its path."""
    path = tmp_path / name
    path.write_bytes(dicom(array, bits=bits, frames=frames))
    dataset = pydicom.dcmread(path)
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path)
    return path


def size_of(path):
    """Return rows and columns."""
    with Image.open(path) as found:
        return found.size[::-1]


# ICC profiles


def profile_in(path):
    if path.suffix == ".tiff":
        with tifffile.TiffFile(path) as file:
            tag = file.pages[0].tags.get("InterColorProfile")
            return None if tag is None else tag.value
    with Image.open(path) as found:
        return found.info.get("icc_profile")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tiff", ".webp", ".apng"])
def test_profiles_are_kept(tmp_path, suffix):
    path = written(tmp_path, RGB, ICCProfile=SWAPPED + bytes(len(SWAPPED) % 2 + 2))
    out = tmp_path / f"a{suffix}"
    dicomet.convert_file(path, out, quality=100)
    assert profile_in(out) == SWAPPED
    if suffix != ".jpg":
        with Image.open(out) as found:
            assert np.array_equal(np.asarray(found.convert("RGB")), RGB)
    for options in ({"icc_profile": "drop"}, {"channels": 1}):
        dicomet.convert_file(path, out, **options)
        assert profile_in(out) is None
    dicomet.convert_file(written(tmp_path, gray(), bits=12, ICCProfile=SWAPPED), out)
    assert profile_in(out) is None


def test_profiles_of_stored_values_and_of_optical_paths(tmp_path):
    item = Dataset()
    item.ICCProfile = SRGB
    path = written(tmp_path, RGB, OpticalPathSequence=[item])
    dicomet.convert_file(path, tmp_path / "a.png", values="stored")
    assert profile_in(tmp_path / "a.png") == SRGB
    dicomet.convert_file(pydicom.dcmread(path), tmp_path / "b.png")
    assert profile_in(tmp_path / "b.png") == SRGB
    dicomet.convert_file(path, tmp_path / "c.png", values="stored", raw=True)
    assert profile_in(tmp_path / "c.png") is None


def test_profiles_of_palettes(tmp_path):
    dataset = pydicom.dcmread(ROOTS["pydicom"] / "examples_palette.dcm")
    dataset.ICCProfile = SRGB
    dicomet.convert_file(dataset, tmp_path / "a.png")
    assert profile_in(tmp_path / "a.png") == SRGB
    dicomet.convert_file(dataset, tmp_path / "b.png", values="stored")
    assert profile_in(tmp_path / "b.png") is None


def test_profiles_are_applied(tmp_path):
    path = written(tmp_path, RGB, ICCProfile=SWAPPED)
    dicomet.convert_file(path, tmp_path / "a.png", icc_profile="apply")
    with Image.open(tmp_path / "a.png") as picture:
        found = np.asarray(picture)
    assert np.array_equal(found, dicomet.to_display(path, icc_profile=True))
    assert not np.array_equal(found, RGB)
    assert profile_in(tmp_path / "a.png") is None
    convert(path, "-o", tmp_path / "b.png", "--icc-profile", "apply")
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "a.png").read_bytes()


@pytest.mark.parametrize(
    "profile",
    [b"no profile at all", SRGB[:200], SRGB[:16] + b"GRAY" + SRGB[20:], SRGB[:36] + bytes(4) + SRGB[40:], SRGB[:-2]],
    ids=["text", "short", "gray", "no signature", "cut"],
)
def test_profiles_that_cannot_be_used(tmp_path, profile):
    path = written(tmp_path, RGB, ICCProfile=profile + bytes(len(profile) % 2))
    with pytest.warns(
        UserWarning, match=r"\(0028,2000\) ICC Profile: found .* expected a profile of RGB values: it is"
    ):
        dicomet.convert_file(path, tmp_path / "a.png")
    assert profile_in(tmp_path / "a.png") is None
    with pytest.raises(dicomet.PixelDataError, match="expected a profile of RGB values"):
        dicomet.convert_file(path, tmp_path / "b.png", icc_profile="apply")
    dicomet.convert_file(path, tmp_path / "c.png", icc_profile="drop")
    assert names(tmp_path) == {"a.dcm", "a.png", "c.png"}


# Square pixels


@pytest.mark.parametrize(
    ("elements", "size"),
    [
        ({"PixelSpacing": [1, 2]}, (40, 80)),
        ({"PixelSpacing": [0.9, 0.3]}, (120, 40)),
        ({"PixelAspectRatio": [1, 2]}, (40, 80)),
        ({"ImagerPixelSpacing": [0.5, 0.5], "PixelAspectRatio": [1, 2]}, (40, 40)),
        ({"PixelSpacing": [0, 1]}, (40, 40)),
        ({}, (40, 40)),
    ],
)
def test_square_pixels(tmp_path, elements, size):
    array = np.random.default_rng(2).integers(0, 256, (40, 40), np.uint8)
    path = written(tmp_path, array, **elements)
    dicomet.convert_file(path, tmp_path / "a.npy", square=True, values="stored", interpolation="nearest")
    repeats = [length // 40 for length in size]
    assert np.array_equal(np.load(tmp_path / "a.npy"), array.repeat(repeats[0], 0).repeat(repeats[1], 1))
    convert(path, "-o", tmp_path / "b.png", "--square", "--size", "20")
    assert size_of(tmp_path / "b.png") == tuple(side * 20 // 40 for side in size)
    dicomet.convert_file(path, tmp_path / "c.png")
    assert size_of(tmp_path / "c.png") == (40, 40)


def test_square_pixels_of_an_enhanced_image(tmp_path):
    dataset = pydicom.dcmread(written(tmp_path, np.stack([gray(1), gray(2)]), bits=12, frames=2))
    measures, groups = Dataset(), Dataset()
    measures.PixelSpacing = [3, 1]
    groups.PixelMeasuresSequence = [measures]
    dataset.SharedFunctionalGroupsSequence = [groups]
    dicomet.convert_file(dataset, tmp_path / "a.npy", square=True)
    assert np.load(tmp_path / "a.npy").shape == (2, 18, 5)


def test_pixels_that_are_too_far_from_square(tmp_path):
    path = written(tmp_path, gray(), bits=12, PixelSpacing=[1, 101])
    with pytest.warns(UserWarning, match="times as high as wide, expected at most 100: they are left as they are"):
        dicomet.convert_file(path, tmp_path / "a.png", square=True)
    assert size_of(tmp_path / "a.png") == (6, 5)
    with pytest.raises(ValueError, match="square: found 65535 rows and 65536 columns, expected at most 65535"):
        with_square_pixels(65535, 32768, 0.5)


@PROPERTY
@given(st.integers(1, 600), st.integers(1, 600), st.floats(0.01, 100))
def test_no_side_shrinks(rows, columns, aspect):
    height, width = with_square_pixels(rows, columns, aspect)
    assert height == rows or width == columns
    assert height >= rows
    assert width >= columns
    # As near to the proportions as whole pixels are.
    assert math.isclose(
        height / (rows * aspect) if aspect > 1 else width * aspect / columns, 1, abs_tol=0.5 / min(rows, columns)
    )


# Animations


def frames_in(path):
    with Image.open(path) as found:
        frames, durations = [], []
        for number in range(found.n_frames):
            found.seek(number)
            found.load()
            frames.append(np.asarray(found.convert("RGB")))
            durations.append(found.info["duration"])
        return np.stack(frames), durations, found.info.get("loop")


VIDEO = np.random.default_rng(3).integers(0, 256, (4, 12, 16, 3), np.uint8)


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".apng"])
@pytest.mark.parametrize("is_color", [False, True])
def test_animations(tmp_path, suffix, is_color):
    array = VIDEO if is_color else np.ascontiguousarray(VIDEO[..., 0])
    path = written(tmp_path, array, frames=4, FrameTime=40, WindowCenter=128, WindowWidth=256)
    done = dicomet.convert_file(path, tmp_path / f"a{suffix}", quality=100)
    assert (done.frames, len(done.outputs)) == (4, 1)
    frames, durations, loop = frames_in(tmp_path / f"a{suffix}")
    expected = array if is_color else np.repeat(array[..., np.newaxis], 3, -1)
    # GIF has 256 colors, and these frames 192 each.
    assert np.array_equal(frames, expected)
    assert (durations, loop) == ([40] * 4, 0)
    dicomet.convert_file(path, tmp_path / f"b{suffix}", frames="middle")
    assert size_of(tmp_path / f"b{suffix}") == (12, 16)
    with Image.open(tmp_path / f"b{suffix}") as found:
        assert getattr(found, "n_frames", 1) == 1


@pytest.mark.parametrize(
    ("elements", "options", "duration"),
    [
        ({}, {}, 100),
        ({"CineRate": 20}, {}, 50),
        ({"CineRate": 20, "RecommendedDisplayFrameRate": 5, "FrameTime": 10}, {}, 200),
        ({"CineRate": 20}, {"frame_rate": 8}, 125),
        ({"FrameTime": 0}, {}, 100),
        ({"FrameTime": -5, "CineRate": 0}, {}, 100),
        ({"FrameTime": 1e9}, {}, 10_000),
        ({"FrameTime": "0.001"}, {}, 10),
    ],
)
def test_frame_rates(tmp_path, elements, options, duration):
    path = written(tmp_path, VIDEO, frames=4, **elements)
    dicomet.convert_file(path, tmp_path / "a.apng", **options)
    assert frames_in(tmp_path / "a.apng")[1] == [duration] * 4


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"frame_rate": 5}, "frame_rate: does not go with png, which is not animated"),
        ({"frame_rate": 0}, "frame_rate: found 0, expected more than 0 and at most 100"),
        ({"frame_rate": math.nan}, "frame_rate: found nan"),
        ({"square": True, "size": (8, 8)}, "square: does not go with rows and columns of size"),
        ({"icc_profile": "maybe"}, "icc_profile: found 'maybe', expected keep, apply, drop"),
        ({"icc_profile": "apply", "values": "stored"}, "icc_profile: 'apply' needs display values of uint8"),
        ({"icc_profile": "apply", "dtype": "uint16"}, "icc_profile: 'apply' needs display values of uint8"),
        ({"sidecar": ["PatientNome"]}, "sidecar: found 'PatientNome', expected keywords of PS3.6"),
    ],
)
def test_options_that_are_refused(tmp_path, options, says):
    path = written(tmp_path, gray(), bits=12)
    with pytest.raises(ValueError, match=says):
        dicomet.convert_file(path, tmp_path / "a.png", **options)
    assert names(tmp_path) == {"a.dcm"}


def test_options_of_pictures_do_not_go_with_video(tmp_path):
    for options in ({"square": True}, {"sidecar": True}, {"icc_profile": "drop"}):
        with pytest.raises(ValueError, match="does not go with video, which is written as it is"):
            dicomet.convert_file("nothing.dcm", tmp_path / "a.video", **options)
    assert Options(sidecar=("Rows",)).sidecar == ("Rows",)


# Sidecars

PATIENT = {
    "PatientName": "DOE^JANE",
    "PatientID": "4711",
    "StudyDate": "20200101",
    "PixelSpacing": [0.5, 0.25],
    "SliceThickness": 3,
    "ImageComments": "of Jane Doe",
}


def test_a_sidecar_identifies_no_patient(tmp_path):
    path = written(tmp_path, gray(), bits=12, **PATIENT)
    done = dicomet.convert_file(path, tmp_path / "a.png", sidecar=True, square=True, size=3)
    assert done.outputs == (str(tmp_path / "a.png"), str(tmp_path / "a.json"))
    text = (tmp_path / "a.json").read_text()
    found = json.loads(text)
    # 6 x 5 pixels of 0.5 x 0.25 mm: 12 x 5 square ones, then 7 x 3.
    assert (found["rows"], found["columns"]) == size_of(tmp_path / "a.png") == (7, 3)
    assert found["pixel_spacing"] == pytest.approx([0.5 * 6 / 7, 0.25 * 5 / 3])
    assert found["pixel_spacing_of"] == "PixelSpacing"
    assert (found["files"], found["frames"], found["values"]) == (["a.png"], [0], "display")
    assert found["elements"]["PixelSpacing"] == [0.5, 0.25]
    assert not any(secret in text for secret in ("DOE", "Doe", "4711", "20200101", str(tmp_path)))
    assert not found["elements"].keys() & (PATIENT.keys() - {"PixelSpacing"})
    instance = pydicom.dcmread(path).SOPInstanceUID
    assert instance not in text


def test_elements_that_are_asked_for(tmp_path):
    path = written(tmp_path, gray(), bits=12, **PATIENT)
    requested = "PatientName,StudyDate,SliceThickness,ImageType,OtherPatientIDs"
    convert(path, "-o", tmp_path / "out", "--sidecar", requested)
    elements = json.loads((tmp_path / "out" / "a.json").read_text())["elements"]
    assert {keyword: elements[keyword] for keyword in requested.split(",")} == {
        "PatientName": {"Alphabetic": "DOE^JANE"},
        "StudyDate": "20200101",
        "SliceThickness": 3,
        "ImageType": None,
        "OtherPatientIDs": None,
    }
    assert "PatientID" not in elements


def test_elements_of_functional_groups(tmp_path):
    path = tmp_path / "a.dcm"
    enhanced(Stack(), [0, 1, 2, 3, 4]).save_as(path, enforce_file_format=True)
    convert(path, "-o", tmp_path / "out", "--sidecar", "SliceThickness,SpacingBetweenSlices")
    found = json.loads((tmp_path / "out" / "a.json").read_text())
    assert found["elements"]["SliceThickness"] == 5
    assert found["elements"]["SpacingBetweenSlices"] is None
    assert found["pixel_spacing"] == [0.5, 0.75]


def test_a_sidecar_without_spacing(tmp_path):
    path = written(tmp_path, np.stack([gray(1), gray(2), gray(3)]), bits=12, frames=3)
    convert(path, "-o", tmp_path / "out", "--sidecar", "--values", "stored")
    assert names(tmp_path / "out") == {"a_0001.png", "a_0002.png", "a_0003.png", "a.json"}
    found = json.loads((tmp_path / "out" / "a.json").read_text())
    assert (found["pixel_spacing"], found["pixel_spacing_of"], found["frames"]) == (None, None, [0, 1, 2])
    assert found["files"] == ["a_0001.png", "a_0002.png", "a_0003.png"]


def test_a_missing_sidecar_is_written_later(tmp_path):
    path = written(tmp_path, gray(), bits=12)
    dicomet.convert_file(path, tmp_path / "a.png")
    before = (tmp_path / "a.png").stat().st_mtime_ns
    options = {"sidecar": True, "skip_existing": True}
    done = dicomet.convert_file(path, tmp_path / "a.png", **options)
    assert (done.status, done.outputs) == ("converted", (str(tmp_path / "a.json"),))
    assert dicomet.convert_file(path, tmp_path / "a.png", **options).status == "existing"
    assert (tmp_path / "a.png").stat().st_mtime_ns == before


def test_a_sidecar_replaces_no_source(tmp_path, capsys):
    path = written(tmp_path, gray(), "a.json", bits=12)
    with pytest.raises(ValueError, match="would replace the source"):
        dicomet.convert_file(path, tmp_path / "a.png", sidecar=True)
    convert(path, "-o", tmp_path, "--sidecar", status=0)
    assert names(tmp_path) == {"a.json", "a.json.png", "a.json.json"}
    convert(path, "-o", tmp_path / "x.png", "--sidecar", "--report", tmp_path / "x.json", status=2)
    assert "which is the name of a sidecar" in capsys.readouterr().err

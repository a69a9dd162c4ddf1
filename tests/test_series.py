"""`find_series`: which slices a series has, in which order, and what is unusual about them."""

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pytest
from series_files import AXIAL, SAGITTAL, Stack, enhanced, oblique, write

import dicomet


def only(source, **options) -> dicomet.Series:
    (found,) = dicomet.find_series(source, **options)
    return found


def shuffled(slices: list) -> list:
    return [slices[place] for place in np.random.default_rng(1).permutation(len(slices)).tolist()]


def listed(value):
    return list(value) if isinstance(value, tuple) else value


def kinds(series: dicomet.Series) -> list[str]:
    return [issue.kind for issue in series.issues]


@pytest.mark.parametrize("orientation", [AXIAL, SAGITTAL, oblique()])
def test_slices_are_in_the_order_of_their_positions(tmp_path, orientation):
    stack = Stack(orientation=orientation)
    paths = stack.write(tmp_path)
    found = only(tmp_path)
    assert [Path(file) for file in found.files] == paths
    assert (found.uid, found.modality, found.description) == (stack.uid, "CT", "Thorax")
    assert found.shape == (5, 4, 6)
    assert found.spacing == pytest.approx((2.5, 0.5, 0.75))
    assert kinds(found) == []
    assert found.split() == [found]


def test_instance_numbers_do_not_count():
    stack = Stack()
    slices = [stack.slice(number, InstanceNumber=100 - number) for number in range(5)]
    found = only(shuffled(slices))
    assert [one.instance_number for one in found.slices] == [100, 99, 98, 97, 96]


def test_sources(tmp_path):
    """A folder, a list of paths, of bytes, of files and of data sets, and an archive."""
    stack = Stack()
    paths = stack.write(tmp_path / "a" / "b")
    archive = tmp_path / "series.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in paths:
            file.write(path, f"x/{path.name}")
        file.writestr("x/notes.txt", b"no image")
        file.writestr("__MACOSX/x/._000.dcm", b"no image")
    (tmp_path / "a" / "notes.txt").write_text("no image")
    (tmp_path / "a" / ".hidden.dcm").write_text("no image")
    for source in (
        tmp_path / "a",
        str(tmp_path / "a"),
        paths,
        iter(paths),
        [path.read_bytes() for path in paths],
        [io.BytesIO(path.read_bytes()) for path in paths],
        [pydicom.dcmread(path) for path in paths],
        archive,
    ):
        found = only(source)
        assert [one.instance_number for one in found.slices] == [1, 2, 3, 4, 5]
        np.testing.assert_array_equal(found.volume(values="stored").array, stack.array())
    assert str(only(archive).files[0]) == f"{archive}//x/{paths[0].name}"
    with pytest.raises(TypeError, match="'source'"):
        dicomet.find_series(b"123")


def test_several_series(tmp_path):
    first, second = Stack(), Stack(count=3)
    first.write(tmp_path / "a")
    write(tmp_path / "b", [second.slice(number, SeriesNumber=2) for number in range(3)])
    found = dicomet.find_series(tmp_path)
    assert [(one.uid, len(one)) for one in found] == [(second.uid, 3), (first.uid, 5)]
    with pytest.raises(dicomet.SeriesError, match="choose by 'series_uid'"):
        dicomet.read_volume(tmp_path)
    assert dicomet.read_volume(tmp_path, second.uid).shape == (3, 4, 6)
    with pytest.raises(dicomet.SeriesError, match=r"expected '1\.2\.3'"):
        dicomet.read_volume(tmp_path, "1.2.3")
    with pytest.raises(dicomet.SeriesError, match="no series"):
        dicomet.read_volume([])


def test_files_without_images_are_left_out(tmp_path):
    stack = Stack()
    stack.write(tmp_path)
    report = stack.slice(0)
    for keyword in ("PixelData", "Rows", "Columns"):
        delattr(report, keyword)
    report.save_as(tmp_path / "report.dcm", enforce_file_format=True)
    assert len(only(tmp_path)) == 5


def test_unreadable_files_are_named(tmp_path):
    Stack().write(tmp_path)
    (tmp_path / "broken.dcm").write_bytes(b"no image at all" * 20)
    with pytest.warns(UserWarning, match=r"found 1 file that cannot be read: .*broken\.dcm: not a DICOM file"):
        assert len(only(tmp_path)) == 5


def test_a_gap():
    stack = Stack(count=8)
    slices = [one for number, one in enumerate(stack.slices()) if number != 3]
    found = only(slices)
    assert kinds(found) == ["gaps"]
    assert "5 mm between" in found.issues[0].message
    assert "expected 2.5 mm" in found.issues[0].message
    assert {one.InstanceNumber for one in found.issues[0].files} == {3, 5}
    with pytest.raises(dicomet.SeriesError, match="5 mm between") as caught:
        found.volume()
    assert caught.value.issues == found.issues
    volume = found.volume(values="stored", allow=["gaps"])
    np.testing.assert_array_equal(volume.array, np.delete(stack.array(), 3, axis=0))
    assert np.isnan(volume.spacing[0])
    np.testing.assert_allclose(volume.positions, [one.ImagePositionPatient for one in slices])
    with pytest.raises(dicomet.SeriesError, match="even spacing"):
        volume.affine_lps  # noqa: B018


def test_rounded_positions_are_no_gap():
    """Positions in tenths of a millimeter at 0.625 mm, as some writers have them."""
    stack = Stack(count=40, distance=0.625)
    slices = stack.slices()
    for one in slices:
        one.ImagePositionPatient = [round(float(value), 1) for value in one.ImagePositionPatient]
    found = only(slices)
    assert kinds(found) == []
    assert found.spacing[0] == pytest.approx(0.625, rel=0.01)


def test_uneven_shifts():
    stack = Stack()
    slices = stack.slices()
    slices[2].ImagePositionPatient = (np.array(stack.position(2)) + np.array([3, 0, 0])).tolist()
    found = only(slices)
    assert kinds(found) == ["shifts"]
    with pytest.raises(dicomet.SeriesError, match="shifted in their plane"):
        found.volume()
    assert found.volume(allow=["shifts"]).shape == (5, 4, 6)


def test_a_tilted_gantry():
    stack = Stack(shift=(0.0, 0.7, 0.0))
    found = only(stack.slices())
    assert kinds(found) == ["tilt"]
    volume = found.volume()
    np.testing.assert_allclose(volume.affine_lps, stack.affine())


def test_copies_and_duplicates(tmp_path):
    stack = Stack()
    paths = stack.write(tmp_path)
    (tmp_path / "copy.dcm").write_bytes(paths[2].read_bytes())
    found = only(tmp_path)
    assert kinds(found) == ["copies"]
    assert {Path(file).name for file in found.issues[0].files} <= {"copy.dcm", paths[2].name}
    with pytest.raises(dicomet.SeriesError, match=r"copies of others.*allow=\['copies'\]"):
        found.volume()
    np.testing.assert_array_equal(found.volume(values="stored", allow=["copies"]).array, stack.array())
    (part,) = found.split()
    np.testing.assert_array_equal(part.volume(values="stored").array, stack.array())

    found = only([*stack.slices(), stack.slice(1, InstanceNumber=9)])
    assert kinds(found) == ["duplicates"]
    with pytest.raises(dicomet.SeriesError, match="at the position of another one"):
        found.volume()
    volume = found.volume(values="stored", allow=["duplicates"])
    np.testing.assert_array_equal(volume.array, stack.array()[[0, 1, 1, 2, 3, 4]])


@pytest.mark.parametrize(
    ("kind", "elements"),
    [
        ("size", {"Rows": 6, "Columns": 4}),
        ("pixels", {"PhotometricInterpretation": "MONOCHROME1"}),
        ("frame of reference", {"FrameOfReferenceUID": "1.2.3"}),
        ("orientation", {"ImageOrientationPatient": list(SAGITTAL)}),
        ("pixel spacing", {"PixelSpacing": [0.5, 0.8]}),
    ],
)
def test_what_must_be_equal(kind, elements):
    stack = Stack()
    found = only([*stack.slices(), stack.slice(5, **elements)])
    assert kind in kinds(found)
    with pytest.raises(dicomet.SeriesError, match=f"another {kind}.*split"):
        found.volume(allow=["gaps", "duplicates"])
    first, second = sorted(found.split(), key=len, reverse=True)
    np.testing.assert_array_equal(first.volume(values="stored").array, stack.array())
    assert len(second) == 1
    keyword = next(iter(elements))
    assert dict(second.part)[keyword] == pytest.approx(
        tuple(elements[keyword]) if isinstance(elements[keyword], list) else elements[keyword]
    )
    with pytest.raises(ValueError, match="'allow'"):
        found.volume(allow=[kind])


@pytest.mark.parametrize(
    "elements",
    [
        {"ImagePositionPatient": None},
        {"ImageOrientationPatient": None},
        {"PixelSpacing": None},
        {"ImageOrientationPatient": [0, 0, 0, 0, 0, 0]},
        {"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]},
        {"PixelSpacing": [0, 1]},
    ],
)
def test_slices_without_a_position(elements):
    stack = Stack()
    found = only([*stack.slices(), stack.slice(5, **elements)])
    assert kinds(found)[0] == "geometry"
    with pytest.raises(dicomet.SeriesError, match="without usable position"):
        found.volume(allow=["gaps", "shifts", "duplicates", "copies", "rescale"])
    assert found.spacing is None


def test_localizers_are_reported():
    stack = Stack(count=1)
    found = only([stack.slice(0, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])])
    assert kinds(found) == ["localizer"]
    assert found.volume().shape == (1, 4, 6)


def test_a_single_slice_is_as_thick_as_it_says():
    volume = only([Stack().slice(0)]).volume()
    assert volume.spacing == pytest.approx((5, 0.5, 0.75))
    volume = only([Stack().slice(0, SliceThickness=None)]).volume()
    assert np.isnan(volume.spacing[0])


@pytest.mark.parametrize(
    ("keyword", "values"),
    [
        ("TemporalPositionIdentifier", [1, 2, 10]),
        ("DiffusionBValue", [0.0, 50.0, 1000.0]),
        ("EchoNumbers", [(1,), (2,), (3,)]),
        ("AcquisitionNumber", [7, 8, 9]),
    ],
)
def test_4d(keyword, values):
    stack = Stack()
    slices = [stack.slice(number, **{keyword: listed(value)}) for number in range(5) for value in values]
    found = only(shuffled(slices))
    assert kinds(found) == ["duplicates"]
    parts = found.split()
    assert [part.part for part in parts] == [((keyword, value),) for value in values]
    for part in parts:
        np.testing.assert_array_equal(part.volume(values="stored").array, stack.array())


def test_4d_of_two_elements():
    stack = Stack()
    slices = [
        stack.slice(number, EchoNumbers=echo, ImageType=["ORIGINAL", "PRIMARY", kind])
        for number in range(5)
        for echo in (1, 2)
        for kind in ("M", "P")
    ]
    parts = only(slices).split()
    assert len(parts) == 4
    assert [dict(part.part)["EchoNumbers"] for part in parts] == [(1,), (1,), (2,), (2,)]
    assert all(not part.issues and len(part) == 5 for part in parts)


def test_rescale_that_differs():
    stack = Stack()
    slopes = [1, 1.5, 2, 2.5, 3]
    found = only([stack.slice(number, RescaleSlope=slope) for number, slope in enumerate(slopes)])
    assert kinds(found) == ["rescale"]
    expected = stack.array() * np.array(slopes, np.float32)[:, None, None] - 1024
    volume = found.volume()
    assert volume.dtype == np.float32
    np.testing.assert_allclose(volume.array, expected)
    with pytest.raises(dicomet.SeriesError, match="another Rescale Slope"):
        found.volume(values="stored")
    np.testing.assert_array_equal(found.volume(values="stored", allow=["rescale"]).array, stack.array())


def test_enhanced_files(tmp_path):
    stack = Stack(orientation=oblique())
    order = [3, 0, 4, 1, 2]
    enhanced(stack, order, slopes=[number + 1 for number in order]).save_as(
        tmp_path / "e.dcm", enforce_file_format=True
    )
    found = only(tmp_path)
    assert found.files == (str(tmp_path / "e.dcm"),)
    assert [one.index for one in found.slices] == [1, 3, 4, 0, 2]
    volume = found.volume()
    np.testing.assert_array_equal(volume.array, stack.array() * np.arange(1, 6)[:, None, None] - 1024.0)
    np.testing.assert_allclose(volume.affine_lps, stack.affine())


def test_several_enhanced_files():
    """A concatenation: the frames of a stack in two files, as data sets."""
    stack = Stack(count=6)
    found = only([enhanced(stack, [1, 3, 5]), enhanced(stack, [0, 2, 4])])
    np.testing.assert_array_equal(found.volume(values="stored").array, stack.array())


def test_many_frames_without_positions():
    data = Stack().slice(0, NumberOfFrames=2**31 - 1)
    found = only([data])
    assert kinds(found) == ["geometry"]


def test_functional_groups_that_are_missing():
    data = enhanced(Stack(), [0, 1, 2, 3, 4])
    del data.PerFrameFunctionalGroupsSequence[4]
    with pytest.warns(UserWarning, match="found 4 items, expected 5"):
        assert dicomet.find_series([data]) == []


@pytest.mark.filterwarnings("ignore:VR lookup failed")
@pytest.mark.parametrize(("is_damaged", "says"), [(True, "found"), (False, "found 3 items, expected 5")])
def test_errors_in_functional_groups_name_the_file(tmp_path, is_damaged, says):
    data = enhanced(Stack(), [0, 1, 2, 3, 4])
    if not is_damaged:
        del data.PerFrameFunctionalGroupsSequence[3:]
    path = tmp_path / "enhanced.dcm"
    data.save_as(path)
    if is_damaged:
        # The Plane Position Sequence of the last frame ends within its item.
        content = bytearray(path.read_bytes())
        content[content.rindex(b"\x20\x00\x13\x91SQ") + 8] = 6
        path.write_bytes(content)
    with pytest.warns(UserWarning, match="cannot be read") as caught:
        assert dicomet.find_series(tmp_path) == []
    assert f"{path}: " in str(caught[-1].message)
    assert says in str(caught[-1].message)


def test_messages_name_three_files():
    localizer = {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}
    stack = Stack(count=8)
    found = only([stack.slice(number, **localizer) for number in range(8)])
    (issue,) = [one for one in found.issues if one.kind == "localizer"]
    assert str(issue).endswith("(Dataset 1, Dataset 2, Dataset 3, and 5 more)")


def test_representations_identify_no_patient():
    stack = Stack()
    found = only([*stack.slices(), stack.slice(1)])
    texts = [repr(found), repr(found.issues), repr(found.slices), repr(found.volume(allow=["duplicates"]))]
    assert texts[0] == "<dicomet.Series CT, 6 slices of 4 x 6, duplicates>"
    assert texts[3] == "<dicomet.Volume (6, 4, 6) int16, nan x 0.5 x 0.75 mm>"
    assert not any(secret in text for text in texts for secret in ("DOE", "Thorax", stack.uid))


@pytest.mark.parametrize(("keyword", "vr", "value"), [("SeriesNumber", "LO", "x"), ("InstanceNumber", "LO", "x")])
def test_numbers_with_the_vr_of_a_text(keyword, vr, value):
    """They do not count, and end nothing."""
    slices = Stack().slices()
    for one in slices:
        one.add_new(keyword, vr, value)
    other = Stack(uid="1.2.9").slices()
    assert len(dicomet.find_series([*slices, *other])) == 2


def test_number_of_frames_with_the_vr_of_a_text():
    slices = Stack().slices()
    slices[0].add_new("NumberOfFrames", "LO", "x")
    with pytest.warns(UserWarning, match="Number of Frames: found 'x', expected a number"):
        assert only(slices).shape[0] == len(slices) - 1


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_tar_archives(tmp_path, mode):
    stack = Stack()
    paths = stack.write(tmp_path / "files")
    archive = tmp_path / "series.tar"
    with tarfile.open(archive, mode) as file:
        for path in paths[::-1]:
            file.add(path, f"x/{path.name}")
    found = only(archive)
    assert [str(one) for one in found.files] == [f"{archive}//x/{path.name}" for path in paths]
    assert found.files[0].read() == paths[0].read_bytes()
    np.testing.assert_array_equal(found.volume(values="stored").array, stack.array())
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) // 2] if mode == "w:gz" else content[:1500])
    with pytest.raises(dicomet.PixelDataError, match="cannot be read from the archive") as caught:
        dicomet.find_series(archive)
    assert caught.value.filename == str(archive)


def test_names_that_lead_out_of_an_archive(tmp_path):
    (one,) = Stack().slices()[:1]
    one.save_as(tmp_path / "1.dcm")
    with tarfile.open(tmp_path / "series.tar", "w") as file:
        file.add(tmp_path / "1.dcm", "../series/1.dcm")
        file.add(tmp_path / "1.dcm", "../.hidden/1.dcm")
    found = only(tmp_path / "series.tar")
    assert list(map(str, found.files)) == [f"{tmp_path / 'series.tar'}//../series/1.dcm"]


def test_names_in_warnings_are_printable(tmp_path):
    with zipfile.ZipFile(tmp_path / "series.zip", "w") as file:
        file.writestr("\x1b[31m.dcm", b"")
    with pytest.warns(UserWarning, match=r"series\.zip//\\x1b\[31m\.dcm: not a DICOM file"):
        assert dicomet.find_series(tmp_path / "series.zip") == []


def test_a_compressed_file(tmp_path):
    path = tmp_path / "a.dcm.gz"
    path.write_bytes(gzip.compress(Stack().write(tmp_path / "files")[0].read_bytes()))
    assert [str(file) for file in only(path).files] == [f"{path}//a.dcm"]


def test_archives_that_inflate_to_too_much(tmp_path):
    stack = Stack()
    data = stack.write(tmp_path / "files")[0].read_bytes()
    path = tmp_path / "series.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as file:
        file.writestr("x.dcm", data)
    with pytest.warns(UserWarning, match="compression method 14 of zip, expected stored or deflated"):
        assert dicomet.find_series(path) == []


def test_spacing_of_cosines_with_two_decimals():
    """The spacing is Pixel Spacing, although the cosines are longer than 1."""
    found = only(Stack(orientation=(0.71, 0.71, 0.0, 0.0, 0.0, -1.0)).slices())
    assert found.spacing[1:] == pytest.approx((0.5, 0.75))

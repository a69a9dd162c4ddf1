"""Volumes compared with those of SimpleITK's series reader, nibabel and highdicom, where they are installed."""

import numpy as np
import pydicom
import pytest
from series_files import AXIAL, SAGITTAL, Stack, oblique

import dicomet


@pytest.fixture(params=["axial", "sagittal", "oblique", "reversed"])
def stack(request):
    orientation = {"sagittal": SAGITTAL, "oblique": oblique()}.get(request.param, AXIAL)
    return Stack(
        orientation=(*orientation[:3], *(-one for one in orientation[3:]))
        if request.param == "reversed"
        else orientation
    )


def test_simpleitk_reads_the_same(tmp_path, stack):
    sitk = pytest.importorskip("SimpleITK")
    stack.write(tmp_path)
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path))
    expected = sitk.ReadImage(names)
    volume = dicomet.read_volume(tmp_path)
    assert volume.files == names
    np.testing.assert_array_equal(volume.array, sitk.GetArrayFromImage(expected))
    # SimpleITK counts axes as x, y, z: columns, rows, slices.
    np.testing.assert_allclose(volume.spacing, expected.GetSpacing()[::-1], atol=1e-6)
    np.testing.assert_allclose(volume.origin, expected.GetOrigin())
    np.testing.assert_allclose(volume.direction[:, ::-1].ravel(), expected.GetDirection(), atol=1e-6)
    index = (2, 1, 3)
    np.testing.assert_allclose(
        (volume.affine_lps @ [*index, 1])[:3], expected.TransformIndexToPhysicalPoint(index[::-1]), atol=1e-5
    )


def test_round_trip_to_simpleitk(tmp_path, stack):
    sitk = pytest.importorskip("SimpleITK")
    volume = dicomet.read_volume(stack.slices())
    image = sitk.GetImageFromArray(volume.array)
    image.SetSpacing(volume.spacing[::-1])
    image.SetOrigin(volume.origin)
    image.SetDirection(volume.direction[:, ::-1].ravel())
    sitk.WriteImage(image, str(tmp_path / "volume.mha"))
    again = sitk.ReadImage(str(tmp_path / "volume.mha"))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(again), volume.array)
    point = again.TransformIndexToPhysicalPoint((3, 1, 2))
    np.testing.assert_allclose(point, (stack.affine() @ [2, 1, 3, 1])[:3], atol=1e-5)


@pytest.mark.parametrize("shift", [(0.0, 0.0, 0.0), (0.0, 0.7, 0.2)])
def test_round_trip_to_nibabel(tmp_path, stack, shift):
    nibabel = pytest.importorskip("nibabel")
    stack.shift = shift
    volume = dicomet.read_volume(stack.slices())
    image = nibabel.Nifti1Image(volume.array.T, volume.affine_ras[:, [2, 1, 0, 3]])
    nibabel.save(image, tmp_path / "volume.nii.gz")
    again = nibabel.load(tmp_path / "volume.nii.gz")
    np.testing.assert_array_equal(np.asarray(again.dataobj).T, volume.array)
    expected = np.diag([-1, -1, 1, 1]) @ stack.affine()
    np.testing.assert_allclose(again.affine @ [3, 1, 2, 1], expected @ [2, 1, 3, 1], atol=1e-3)


def test_highdicom_has_the_same_volume(stack):
    hd = pytest.importorskip("highdicom")
    expected = hd.get_volume_from_series(stack.slices()[::-1])
    volume = dicomet.read_volume(stack.slices()[::-1])
    # highdicom's order of slices follows a left-handed normal by default.
    index = np.array([2, 1, 3, 1])
    other = np.linalg.inv(expected.affine) @ volume.affine_lps @ index
    assert other == pytest.approx(np.rint(other))
    slices, rows, columns = np.rint(other[:3]).astype(int)
    assert expected.array[slices, rows, columns] == volume.array[2, 1, 3]
    np.testing.assert_allclose(sorted(np.abs(np.diag(np.linalg.inv(expected.affine) @ volume.affine_lps))), 1)


def test_a_gap_that_simpleitk_only_warns_of(tmp_path):
    """SimpleITK returns the slices as if they were evenly spaced."""
    sitk = pytest.importorskip("SimpleITK")
    paths = Stack(count=6).write(tmp_path)
    paths[2].unlink()
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path))
    assert sitk.ReadImage(names).GetSize()[2] == 5
    with pytest.raises(dicomet.SeriesError, match="5 mm between"):
        dicomet.read_volume(tmp_path)
    assert [str(file) for file in dicomet.find_series(tmp_path)[0].files] == list(names)
    assert pydicom.dcmread(names[2]).InstanceNumber == 4

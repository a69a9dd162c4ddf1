"""`dicomet.monai.DicometReader` gives what MONAI's own `PydicomReader` gives."""

import warnings

import numpy as np
import pydicom
import pytest
from files import EQUAL, ONLY, OTHER_VALUES, cases
from pydicom.data import get_testdata_file
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, RLELossless, generate_uid

import dicomet

pytest.importorskip("monai", reason="MONAI is not installed: pip install '.[monai]'")

from monai.data import DataLoader, Dataset
from monai.data.image_reader import PydicomReader
from monai.transforms import LoadImage

from dicomet.monai import DicometReader
from dicomet.torch import DicomFileError

# MONAI warns of orientations and Instance Numbers that are missing, dicomet and pydicom of odd files.
pytestmark = pytest.mark.filterwarnings("ignore")

CT = get_testdata_file("CT_small.dcm", download=False)
FILES = [case for case in cases() if not case.expected.slow and case.path.name not in OTHER_VALUES]


def _load(kind, source, **options):
    """Return array and metadata, or the error."""
    read_options = options.pop("read", {})
    try:
        reader = kind(**options)
        return reader.get_data(reader.read(source, **read_options))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
        return error


def _assert_same_metadata(found, expected):
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert type(found[key]) is type(value), key
        np.testing.assert_equal(found[key], value, err_msg=str(key))


def _assert_same(source, **options):
    expected, found = (_load(kind, source, **options) for kind in (PydicomReader, DicometReader))
    assert not isinstance(expected, Exception), expected
    assert not isinstance(found, Exception), found
    assert found[0].dtype == expected[0].dtype.newbyteorder("=")
    assert found[0].flags.c_contiguous
    np.testing.assert_array_equal(found[0], expected[0])
    _assert_same_metadata(found[1], expected[1])
    return found


def _slice(number, *, compressed=False, shape=(7, 9)):
    """Return a slice of a CT with a tilted gantry."""
    ds = pydicom.Dataset()
    ds.file_meta = pydicom.dataset.FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, generate_uid(entropy_srcs=[str(number)])
    ds.InstanceNumber = number
    ds.ImageOrientationPatient = [1, 0, 0, 0, 0.9659258, -0.2588190]
    ds.ImagePositionPatient = [-120.5, -80 + 0.25 * number, 2.5 * number]
    ds.PixelSpacing = [0.75, 0.5]
    ds.RescaleIntercept, ds.RescaleSlope = -1024, 1
    ds.Rows, ds.Columns = shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PixelData = np.random.default_rng(number).integers(0, 4096, shape, np.uint16).tobytes()
    if compressed:
        ds.compress(RLELossless, generate_instance_uid=False)
    return ds


def _series(folder, change=None, **options):
    """Write twelve slices; the order of their names is not that of their numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, 13):
        ds = _slice(number, **options)
        if change:
            change(ds)
        ds.save_as(folder / f"{number * 5 % 13:02}.dcm", enforce_file_format=True)
    return folder


@pytest.fixture
def in_line(monkeypatch):
    """Fail where a file is not decoded ahead."""

    def out_of_turn(src, **_options):
        raise AssertionError(f"{src} was decoded out of turn")

    monkeypatch.setattr(dicomet, "pixel_array", out_of_turn)


@pytest.mark.parametrize("case", FILES, ids=str)
def test_single_files(case):
    expected, found = (_load(kind, str(case.path), force=True) for kind in (PydicomReader, DicometReader))
    if isinstance(expected, Exception):
        only_dicomet = case.expected.file in {EQUAL, ONLY} and case.expected.dataset != EQUAL
        assert isinstance(found, Exception) or only_dicomet, (expected, found)
    else:
        _assert_same(str(case.path), force=True)


def test_of_most_single_files_there_is_an_image():
    with warnings.catch_warnings(action="ignore"):
        loaded = [case for case in FILES if not isinstance(_load(DicometReader, str(case.path)), Exception)]
    assert len(loaded) > 0.9 * len([case for case in FILES if case.expected.file == EQUAL])


@pytest.mark.usefixtures("in_line")
@pytest.mark.parametrize(
    "options",
    [
        {"swap_ij": False},
        {"affine_lps_to_ras": False},
        {"prune_metadata": False},
        {"channel_dim": "no_channel"},
        {"defer_size": "1 KB"},
        {"read": {"defer_size": None}},
        {"specific_tags": ["Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation",
                           "SamplesPerPixel", "PhotometricInterpretation", "PixelData", "InstanceNumber"]},
    ],
    ids=lambda options: next(iter(options)),
)  # fmt: skip
def test_options(tmp_path, options):
    _assert_same(_series(tmp_path), **options)
    _assert_same(CT, **options)


def test_options_that_need_no_pixel_data(tmp_path):
    found = _load(DicometReader, tmp_path if _series(tmp_path) else None, stop_before_pixels=True)
    _assert_same_metadata(found[1], _load(PydicomReader, tmp_path)[1])
    np.testing.assert_array_equal(found[0], _load(PydicomReader, tmp_path)[0])


@pytest.mark.usefixtures("in_line")
@pytest.mark.parametrize("compressed", [False, True])
def test_series(tmp_path, compressed):
    array, metadata = _assert_same(_series(tmp_path, compressed=compressed))
    assert array.shape == (9, 7, 12)
    assert metadata["affine"][2, 2] == pytest.approx(2.5)
    expected = pydicom.dcmread(next(path for path in tmp_path.iterdir() if pydicom.dcmread(path).InstanceNumber == 3))
    np.testing.assert_array_equal(array[..., 2].T, expected.pixel_array - 1024.0)


@pytest.mark.usefixtures("in_line")
@pytest.mark.parametrize("name", ["PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient", "RescaleSlope"])
def test_series_without(tmp_path, name):
    _assert_same(_series(tmp_path, lambda ds: delattr(ds, name)))


@pytest.mark.usefixtures("in_line")
def test_series_with_slices_that_have_no_number(tmp_path):
    def change(ds):
        if ds.InstanceNumber % 4 == 0:
            del ds.InstanceNumber

    array, _ = _assert_same(_series(tmp_path, change))
    assert array.shape[-1] == 9


@pytest.mark.usefixtures("in_line")
def test_series_with_equal_numbers(tmp_path):
    def change(ds):
        ds.InstanceNumber = ds.InstanceNumber // 2

    _assert_same(_series(tmp_path, change))


@pytest.mark.usefixtures("in_line")
def test_series_beside_what_is_no_image(tmp_path):
    _series(tmp_path)
    report = _slice(1)
    del report.PixelData, report.InstanceNumber
    report.save_as(tmp_path / "00.dcm", enforce_file_format=True)
    _assert_same(tmp_path)


@pytest.mark.usefixtures("in_line")
def test_a_folder_of_one_file_and_names_that_match(tmp_path):
    _series(tmp_path)
    array, _ = _assert_same(tmp_path, fname_regex=r".*/03\.dcm")
    assert array.ndim == 2
    (tmp_path / "notes.txt").write_text("no image")
    _assert_same(tmp_path, fname_regex=None)


@pytest.mark.usefixtures("in_line")
def test_lists(tmp_path):
    first, second = _series(tmp_path / "1"), _series(tmp_path / "2", compressed=True)
    _assert_same([first, second])
    # Files whose numbers go down.
    _assert_same([CT, CT])
    names = [path for path in sorted(first.iterdir()) if pydicom.dcmread(path).InstanceNumber in {3, 4}]
    for path in names:
        ds = pydicom.dcmread(path)
        ds.ImagePositionPatient = [0, 0, 0]
        ds.save_as(path)
    _assert_same(names)
    _assert_same(names[::-1])


def test_colors_and_frames():
    for name in ("SC_rgb_rle.dcm", "SC_rgb_rle_2frame.dcm", "emri_small_RLE.dcm", "examples_ybr_color.dcm"):
        _assert_same(get_testdata_file(name, download=False), prune_metadata=False)


def test_elements_after_the_pixel_data(tmp_path):
    ds = _slice(1)
    ds.private_block(0x7FE1, "after", create=True).add_new(1, "LO", "unchanged")
    ds.DataSetTrailingPadding = bytes(4)
    ds.save_as(tmp_path / "1.dcm", enforce_file_format=True)
    _, metadata = _assert_same(tmp_path / "1.dcm", prune_metadata=False)
    assert "7FE11001" in metadata


def test_segmentation(tmp_path):
    ds = _slice(1, shape=(4, 8))
    ds.NumberOfFrames, ds.BitsAllocated, ds.BitsStored, ds.HighBit = 6, 1, 1, 0
    del ds.RescaleSlope, ds.RescaleIntercept
    ds.PixelData = np.random.default_rng(0).integers(0, 256, 24, np.uint8).tobytes()
    ds.SegmentSequence = Sequence()
    for number, label in ((1, "liver"), (2, "spleen")):
        item = pydicom.Dataset()
        item.SegmentNumber, item.SegmentLabel = number, label
        ds.SegmentSequence.append(item)
    ds.PerFrameFunctionalGroupsSequence = Sequence()
    for frame in range(6):
        item, segment, place = pydicom.Dataset(), pydicom.Dataset(), pydicom.Dataset()
        segment.ReferencedSegmentNumber = 1 + frame // 3
        place.ImagePositionPatient = [0, 0, frame % 3]
        item.SegmentIdentificationSequence, item.PlanePositionSequence = [segment], [place]
        ds.PerFrameFunctionalGroupsSequence.append(item)
    ds.save_as(tmp_path / "seg.dcm", enforce_file_format=True)
    array, metadata = _assert_same(tmp_path / "seg.dcm")
    assert array.shape == (8, 4, 3, 2)
    assert metadata["labels"] == {"liver": 0, "spleen": 1}
    _assert_same(tmp_path / "seg.dcm", label_dict={"liver": 1, "spleen": 0})


@pytest.mark.usefixtures("in_line")
def test_load_image(tmp_path):
    for source in (CT, _series(tmp_path)):
        expected, found = (LoadImage(reader=kind())(source) for kind in (PydicomReader, DicometReader))
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found.numpy(), expected.numpy())
        np.testing.assert_array_equal(found.affine, expected.affine)
        assert found.meta.keys() == expected.meta.keys()
    assert LoadImage(reader=DicometReader, image_only=True, swap_ij=False)(source).shape == (7, 9, 12)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_load_the_same(tmp_path, method):
    folders = [str(_series(tmp_path / name)) for name in "ab"]
    images = Dataset(folders, transform=LoadImage(reader=DicometReader()))
    expected = list(DataLoader(images))
    found = list(DataLoader(images, num_workers=2, multiprocessing_context=method))
    assert len(found) == 2
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
        np.testing.assert_array_equal(one.affine, other.affine)


def test_arrays_in_any_order(tmp_path):
    headers = DicometReader().read(_series(tmp_path))
    for header in [*headers[::-1], *headers]:
        np.testing.assert_array_equal(header.pixel_array, pydicom.dcmread(header.filename).pixel_array)
        assert "PixelData" not in header


def test_a_slice_that_is_damaged(tmp_path):
    path = _series(tmp_path) / "07.dcm"
    path.write_bytes(path.read_bytes()[:-6])
    reader = DicometReader()
    headers = reader.read(tmp_path)
    with pytest.raises(DicomFileError, match=r"07\.dcm: \(7FE0,0010\) Pixel Data.*found 120 bytes, expected 126"):
        reader.get_data(headers)
    for header in headers:
        if not str(header.filename).endswith("07.dcm"):
            np.testing.assert_array_equal(header.pixel_array, pydicom.dcmread(header.filename).pixel_array)


def test_a_file_without_an_image(tmp_path):
    ds = _slice(1)
    del ds.PixelData
    ds.save_as(tmp_path / "1.dcm", enforce_file_format=True)
    assert isinstance(_load(PydicomReader, tmp_path / "1.dcm"), ValueError)
    found = _load(DicometReader, tmp_path / "1.dcm")
    assert isinstance(found, DicomFileError)
    assert "1.dcm: The dataset in 'src' has no 'Pixel Data'" in str(found)


def test_arguments_that_do_not_exist():
    with pytest.raises(TypeError, match=r"^DicometReader\(\) has no argument 'swap_ji', did you mean 'swap_ij'\?"):
        DicometReader(swap_ji=True)
    with pytest.raises(TypeError, match=r"DicometReader.read\(\) has no argument 'specific_tag', did you mean 'spec"):
        DicometReader().read(CT, specific_tag=[])
    DicometReader(force=True, defer_size=100).read(CT, force=True)


def test_representation():
    assert repr(DicometReader()) == "<dicomet.monai.DicometReader, swap_ij=True, affine_lps_to_ras=True>"


def test_verify_suffix(tmp_path):
    (tmp_path / "image.nii").write_bytes(bytes(400))
    (tmp_path / "1.2.3").write_bytes(bytes(128) + b"DICM")
    reader = DicometReader()
    assert reader.verify_suffix(CT)
    assert reader.verify_suffix(tmp_path)
    assert reader.verify_suffix([str(tmp_path / "1.2.3"), tmp_path])
    assert not reader.verify_suffix(tmp_path / "image.nii")
    assert not reader.verify_suffix([CT, tmp_path / "image.nii"])
    assert not reader.verify_suffix(tmp_path / "nowhere.nii")

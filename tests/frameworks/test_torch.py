"""`dicomet.torch.DicomDataset`: what it finds, what its tensors are, and what a `DataLoader` makes of them."""

import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from bad_files import write
from files import EQUAL, OTHER_VALUES, cases
from pydicom.data import get_testdata_file
from pydicom.pixels import apply_modality_lut

import dicomet

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install '.[torch]'")

from torch.utils.data import DataLoader  # noqa: E402 - only where there is PyTorch

from dicomet.torch import DicomDataset, DicomFileError, workers_of_loader  # noqa: E402

CT = get_testdata_file("CT_small.dcm", download=False)
MR = get_testdata_file("MR_small.dcm", download=False)
RGB = get_testdata_file("SC_rgb_rle.dcm", download=False)
RGB_2_FRAMES = get_testdata_file("SC_rgb_rle_2frame.dcm", download=False)
DOSE = get_testdata_file("rtdose.dcm", download=False)
IMAGES = [
    case
    for case in cases()
    if case.expected.file == case.expected.dataset == EQUAL
    and not case.expected.slow
    and case.path.name not in OTHER_VALUES
]


def _gray(path, value):
    return write(path, np.full((4, 5), value, np.uint8))


def _channels_first(array, ds):
    return np.moveaxis(array, -1, 0) if ds.SamplesPerPixel > 1 else array[None]


@pytest.fixture
def classes(tmp_path):
    """Return a folder of two classes, of one and two images."""
    for name, value in (("b/2.dcm", 2), ("b/1.dcm", 1), ("a/3.dcm", 3)):
        _gray(tmp_path / name, value)
    return tmp_path


def test_class_folders(classes):
    images = DicomDataset(classes, values="stored")
    assert images.classes == ["a", "b"]
    assert images.class_to_idx == {"a": 0, "b": 1}
    assert images.samples == [
        (str(classes / "a/3.dcm"), 0),
        (str(classes / "b/1.dcm"), 1),
        (str(classes / "b/2.dcm"), 1),
    ]
    assert images.targets == [0, 1, 1]
    assert images.frame_indices == [None] * 3
    assert [(image[0, 0, 0].item(), target) for image, target in images] == [(3, 0), (1, 1), (2, 1)]


def test_class_folders_are_those_of_torchvision(tmp_path):
    datasets = pytest.importorskip("torchvision.datasets", reason="torchvision is not installed")
    for name in ("b/z.dcm", "b/y/10.dcm", "b/y/9.dcm", "b/y-1/x.dcm", "B/a.DCM", "a/1.dcm", "beside.dcm"):
        _gray(tmp_path / name, 1)
    expected = datasets.DatasetFolder(str(tmp_path), loader=None, extensions=(".dcm",))
    images = DicomDataset(tmp_path)
    for name in ("classes", "class_to_idx", "samples", "targets"):
        assert getattr(images, name) == getattr(expected, name)


def test_without_targets(classes):
    images = DicomDataset(classes, targets=None, values="stored")
    assert (images.classes, images.class_to_idx, images.targets) == ([], {}, None)
    assert [image[0, 0, 0].item() for image in images] == [3, 1, 2]
    flat = DicomDataset(str(classes / "b"), values="stored")
    assert (len(flat), flat.targets, flat.samples[0]) == (2, None, (str(classes / "b/1.dcm"), None))
    listed = DicomDataset((path for path in [CT, MR]), values="stored")
    assert [image.shape for image in listed] == [(1, 128, 128), (1, 64, 64)]


def test_targets_of_the_caller(classes):
    paths = [classes / "b/2.dcm", classes / "a/3.dcm"]
    for targets in (
        ["x", "y"],
        np.array(["x", "y"]),
        {str(paths[1]): "y", paths[0]: "x", "another": "z"},
        lambda path: {"2": "x", "3": "y"}[path.stem],
    ):
        images = DicomDataset(paths, targets=targets, values="stored")
        assert images.targets == ["x", "y"]
        assert [(image[0, 0, 0].item(), target) for image, target in images] == [(2, "x"), (3, "y")]
    assert DicomDataset(classes, targets=[7, 8, 9]).targets == [7, 8, 9]


def test_targets_that_do_not_fit(classes):
    with pytest.raises(ValueError, match=r"'targets': found 2, expected one for each of 3 files"):
        DicomDataset(classes, targets=[1, 2])
    with pytest.raises(KeyError, match=r"1\.dcm, and in all for 2 of 3 files"):
        DicomDataset(classes, targets={classes / "a/3.dcm": 1})
    with pytest.raises(ValueError, match="'targets': found 'folders'"):
        DicomDataset(classes, targets="folders")


def test_nothing_to_read(tmp_path):
    with pytest.raises(FileNotFoundError, match="found no DICOM file"):
        DicomDataset(tmp_path)
    with pytest.raises(FileNotFoundError, match="the list of files"):
        DicomDataset([])
    with pytest.raises(FileNotFoundError, match="nowhere"):
        DicomDataset(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"nowhere\.dcm"):
        DicomDataset([tmp_path / "nowhere.dcm"])[0]


def test_transforms(classes):
    images = DicomDataset(classes, values="stored", transform=torch.sum, target_transform=str)
    assert list(images) == [(60, "0"), (20, "1"), (40, "1")]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("case", IMAGES, ids=str)
def test_stored_values_are_those_of_pydicom(case):
    ds = pydicom.dcmread(case.path, force=True)
    options = {}
    if case.expected.transfer_syntax:
        ds.file_meta.TransferSyntaxUID = options["transfer_syntax_uid"] = case.expected.transfer_syntax
    expected = _channels_first(ds.pixel_array, ds)
    image = DicomDataset([case.path], values="stored", **options)[0]
    assert image.numpy().dtype == expected.dtype.newbyteorder("=")
    np.testing.assert_array_equal(image.numpy(), expected)


def test_modality_values_are_those_of_pydicom():
    ds = pydicom.dcmread(CT)
    image = DicomDataset([CT], values="modality", dtype=np.float32)[0]
    assert image.dtype == torch.float32
    np.testing.assert_array_equal(image[0].numpy(), apply_modality_lut(ds.pixel_array, ds))


@pytest.mark.parametrize("path", [CT, RGB, get_testdata_file("examples_palette.dcm", download=False)])
def test_display_values_are_those_of_to_display(path):
    array = dicomet.to_display(path)
    image = DicomDataset([path])[0]
    assert image.dtype == torch.uint8
    np.testing.assert_array_equal(image.numpy(), array[None] if array.ndim == 2 else np.moveaxis(array, -1, 0))


def test_options_reach_the_function():
    image = DicomDataset([CT], window=(40, 400), dtype=np.float32, range=(-1, 1))[0]
    array = dicomet.to_display(CT, window=(40, 400), dtype=np.float32, range=(-1, 1))
    assert image.dtype == torch.float32
    np.testing.assert_array_equal(image[0].numpy(), array)
    assert not np.array_equal(image[0].numpy(), dicomet.to_display(CT, dtype=np.float32, range=(-1, 1)))


@pytest.mark.parametrize(
    ("values", "option"),
    [
        *[("stored", "window"), ("stored", "dtype"), ("modality", "window"), ("display", "raw")],
        *[("display", "index"), ("stored", "out"), ("display", "windw")],
    ],
)
def test_options_of_another_function(values, option):
    with pytest.raises(TypeError, match=rf"DicomDataset\(.*\) has no argument '{option}'"):
        DicomDataset([CT], values=values, **{option: None})


def test_arguments_that_are_none():
    with pytest.raises(ValueError, match=r"'values': found 'pixels', expected one of 'display'"):
        DicomDataset([CT], values="pixels")
    with pytest.raises(ValueError, match="'frames': found"):
        DicomDataset([CT], frames="first")
    with pytest.raises(TypeError, match=r"DicomDataset\(\) has no argument 'transfrom', did you mean 'transform'\?"):
        DicomDataset([CT], transfrom=None)
    with pytest.raises(TypeError):
        DicomDataset([CT], frames=1.5)


@pytest.mark.parametrize("path", [CT, RGB, RGB_2_FRAMES, DOSE])
def test_the_tensor_has_the_memory_of_the_array(path):
    images = DicomDataset([path], values="stored")
    arrays = []

    def read(*args, **kwargs):
        arrays.append(dicomet.pixel_array(*args, **kwargs))
        return arrays[-1]

    images._read = read
    image = images[0]
    assert image.data_ptr() == arrays[0].ctypes.data
    assert image.untyped_storage().nbytes() == arrays[0].nbytes


def test_frames_of_a_file():
    array = dicomet.pixel_array(DOSE)
    assert DicomDataset([DOSE], values="stored")[0].shape == (1, 15, 10, 10)
    one = DicomDataset([DOSE], values="stored", frames=3)
    assert (len(one), one.frame_indices) == (1, [3])
    np.testing.assert_array_equal(one[0].numpy(), array[3:4])
    middle = DicomDataset([CT, DOSE], values="stored", frames="middle")
    assert middle.frame_indices == [0, 7]
    np.testing.assert_array_equal(middle[1].numpy(), array[7:8])
    each = DicomDataset([CT, DOSE], targets=["ct", "dose"], values="stored", frames="each")
    assert each.frame_indices == [0, *range(15)]
    assert each.targets == ["ct", *["dose"] * 15]
    for index in range(15):
        image, target = each[1 + index]
        assert target == "dose"
        np.testing.assert_array_equal(image.numpy(), array[index : index + 1])


def test_frames_of_colors():
    array = dicomet.pixel_array(RGB_2_FRAMES)
    assert array.shape == (2, 100, 100, 3)
    np.testing.assert_array_equal(DicomDataset([RGB_2_FRAMES])[0].numpy(), np.moveaxis(array, -1, 0))
    np.testing.assert_array_equal(DicomDataset([RGB_2_FRAMES], frames=1)[0].numpy(), np.moveaxis(array[1], -1, 0))


@pytest.mark.parametrize("values", ["stored", "display", "modality"])
def test_three_columns_are_not_colors(tmp_path, values):
    array = np.arange(5 * 6 * 3, dtype=np.uint8).reshape(5, 6, 3)
    gray = write(tmp_path / "gray.dcm", array, NumberOfFrames=5)
    rgb = {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0, "Rows": 5, "Columns": 6}
    colored = write(tmp_path / "colored.dcm", array, **rgb)
    images = DicomDataset([gray, colored], values=values)
    assert [image.shape for image in images] == [(1, 5, 6, 3), (3, 5, 6)]
    if values == "stored":
        np.testing.assert_array_equal(images[0].numpy(), array[None])
        np.testing.assert_array_equal(images[1].numpy(), np.moveaxis(array, -1, 0))


def test_frames_count_from_the_end():
    whole = dicomet.pixel_array(RGB_2_FRAMES)
    for frame in (-1, -2):
        image = DicomDataset([RGB_2_FRAMES], frames=frame, values="stored")[0]
        np.testing.assert_array_equal(image.numpy(), np.moveaxis(whole[frame], -1, 0))


def test_representation(tmp_path):
    """It names no file and no class: both may be names of patients."""
    for name in ("DOE^JANE", "ROE^JOHN"):
        (tmp_path / name).mkdir()
        shutil.copy(RGB_2_FRAMES, tmp_path / name / "DOE^JANE.dcm")
    text = "<dicomet.torch.DicomDataset, 4 samples of 2 files, 2 classes, values='display'>"
    assert repr(DicomDataset(tmp_path, frames="each")) == text
    one = repr(DicomDataset([RGB_2_FRAMES], values="stored"))
    assert one == "<dicomet.torch.DicomDataset, 1 samples of 1 files, values='stored'>"


def test_a_frame_that_does_not_exist():
    with pytest.raises(DicomFileError, match=r"CT_small\.dcm: .*Number of Frames.*found index 1") as raised:
        DicomDataset([CT], values="stored", frames=1)[0]
    assert raised.value.element == "(0028,0008) Number of Frames"


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32])
def test_batches_have_the_dtype_of_the_files(tmp_path, dtype):
    arrays = [np.full((4, 5), np.iinfo(dtype).max - number, dtype) for number in range(4)]
    paths = [write(tmp_path / f"{number}.dcm", array) for number, array in enumerate(arrays)]
    for workers in (0, 2):
        loader = DataLoader(DicomDataset(paths, values="stored"), batch_size=4, num_workers=workers)
        (batch,) = loader
        assert batch.numpy().dtype == dtype
        np.testing.assert_array_equal(batch.numpy()[:, 0], arrays)
        np.testing.assert_array_equal(batch.to(torch.float64).numpy()[:, 0], arrays)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_load_the_same(classes, method):
    images = DicomDataset(classes, dtype=np.float32, transform=torch.neg)
    expected = list(DataLoader(images, batch_size=2))
    found = list(DataLoader(images, batch_size=2, num_workers=2, multiprocessing_context=method))
    assert len(found) == len(expected) == 2
    for (batch, labels), (expected_batch, expected_labels) in zip(found, expected, strict=True):
        assert batch.is_contiguous()
        assert torch.equal(batch, expected_batch)
        assert torch.equal(labels, expected_labels)


def test_batches_of_colors_are_contiguous():
    (batch,) = DataLoader(DicomDataset([RGB, RGB]), batch_size=2)
    assert batch.is_contiguous()
    assert batch.shape == (2, 3, 100, 100)


def _threads(_path, *, index, workers):  # noqa: ARG001 - as `pixel_array`
    """Take the place of `pixel_array`, and give back the number of threads that it may have."""
    return np.full((1, 1), 0 if workers is None else workers)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_process_of_a_loader_decodes_with_one_thread(method):
    images = DicomDataset([CT], values="stored")
    images._read = _threads
    assert workers_of_loader() is None
    assert images[0].item() == 0
    assert next(iter(DataLoader(images, num_workers=1, multiprocessing_context=method))).item() == 1
    images = DicomDataset([CT], values="stored", workers=3)
    images._read = _threads
    assert next(iter(DataLoader(images, num_workers=1, multiprocessing_context=method))).item() == 3


def test_a_data_set_is_pickled(classes):
    images = DicomDataset(classes, window=(2, 4), frames="each")
    copy = pickle.loads(pickle.dumps(images))  # noqa: S301 - our own
    assert copy.samples == images.samples
    assert all(torch.equal(one, other) for (one, _), (other, _) in zip(copy, images, strict=True))


@pytest.fixture
def damaged(tmp_path):
    """Return a file whose pixel data has too few bytes."""
    path = _gray(tmp_path / "damaged.dcm", 1)
    path.write_bytes(path.read_bytes()[:-6])
    return path


def test_the_error_names_the_file(damaged):
    with pytest.raises(DicomFileError) as raised:
        DicomDataset([damaged], values="stored")[0]
    assert str(raised.value).startswith(f"{damaged}: (7FE0,0010) Pixel Data")
    assert isinstance(raised.value, dicomet.PixelDataError)
    assert raised.value.element == "(7FE0,0010) Pixel Data"
    no_image = Path(damaged).with_name("no_image.dcm")
    no_image.write_bytes(b"nothing")
    for frames in ("each", 0):
        with pytest.raises(DicomFileError, match=r"no_image\.dcm"):
            DicomDataset([no_image], frames=frames, values="stored")[0]


def test_the_error_of_a_process_names_the_file(damaged):
    loader = DataLoader(DicomDataset([damaged], values="stored"), num_workers=1)
    with pytest.raises(DicomFileError, match=r"damaged\.dcm: \(7FE0,0010\) Pixel Data.*found 14 bytes, expected 20"):
        list(loader)


def test_dicomet_does_not_import_pytorch():
    code = "import sys, dicomet; dicomet.to_display, dicomet.pixel_arrays; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 - our own


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_channels_are_those_that_are_wanted(dtype):
    paths = [get_testdata_file(name, download=False) for name in ("CT_small.dcm", "SC_rgb.dcm", "OBXXXX1A_2frame.dcm")]
    for channels in (1, 3):
        for path, image in zip(paths, DicomDataset(paths, channels=channels, dtype=dtype), strict=True):
            plain = dicomet.to_display(path, dtype=dtype)
            plain = plain if plain.shape[-1] == 3 else plain[..., np.newaxis]
            if channels == 1 and plain.shape[-1] == 3:
                exact = plain.astype(np.float64) @ [0.299, 0.587, 0.114]
                found = image[0].numpy().astype(np.float64)
                assert np.abs(found - exact).max() <= (1e-6 if dtype == "float32" else 0.51)
            else:
                wanted = np.moveaxis(np.broadcast_to(plain, (*plain.shape[:-1], channels)), -1, 0)
                np.testing.assert_array_equal(image.numpy(), wanted)
    with pytest.raises(ValueError, match="'channels': found 2"):
        DicomDataset(paths, channels=2)

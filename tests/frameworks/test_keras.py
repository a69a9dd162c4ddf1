"""Class folders for Keras, beside Keras' own function over the same images as lossless PNG."""

import inspect
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

import dicomet

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip("keras", reason="Keras is not installed")
tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
pytest.importorskip("PIL", reason="Pillow is not installed")

import keras_folders  # noqa: E402 - needs what may be missing
from keras_folders import ONE_LEVEL, names  # noqa: E402

from dicomet.keras import DicomPyDataset, image_dataset_from_directory  # noqa: E402


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return keras_folders.make(tmp_path_factory.mktemp("toy"))


def batches(dataset):
    return [tuple(np.asarray(part) for part in (batch if isinstance(batch, tuple) else (batch,))) for batch in dataset]


def assert_equal_batches(found, expected, levels):
    assert len(found) == len(expected)
    for batch, of_keras in zip(found, expected, strict=True):
        assert [part.dtype for part in batch] == [part.dtype for part in of_keras]
        assert [part.shape for part in batch] == [part.shape for part in of_keras]
        assert abs(batch[0] - of_keras[0]).max() <= levels
        for labels, of_keras_labels in zip(batch[1:], of_keras[1:], strict=True):
            assert (labels == of_keras_labels).all()


def compare(folders, levels=0, **arguments):
    dicom, png = folders
    arguments = {"image_size": (40, 56), "seed": 7, "verbose": False, **arguments}
    found = image_dataset_from_directory(dicom, **arguments)
    expected = keras.utils.image_dataset_from_directory(png, **arguments)
    pairs = zip(found, expected, strict=True) if isinstance(found, list) else [(found, expected)]
    for ours, of_keras in pairs:
        assert ours.class_names == of_keras.class_names
        assert names(ours, dicom) == names(of_keras, png)
        assert ours.element_spec == of_keras.element_spec
        assert_equal_batches(batches(ours), batches(of_keras), levels)


@pytest.mark.parametrize("factory", [image_dataset_from_directory, DicomPyDataset])
def test_an_argument_that_does_not_exist(factory):
    with pytest.raises(TypeError, match=rf"^{factory.__name__}\(\) has no argument 'frame', did you mean 'frames'\?"):
        factory("nowhere", frame=0)


def test_signature():
    ours = inspect.signature(image_dataset_from_directory).parameters.values()
    of_keras = inspect.signature(keras.utils.image_dataset_from_directory).parameters.values()
    positional = [(one.name, one.default) for one in ours if one.kind is one.POSITIONAL_OR_KEYWORD]
    assert positional == [(one.name, one.default) for one in of_keras]


@pytest.mark.parametrize("color_mode", ["grayscale", "rgb", "rgba"])
def test_color_modes(folders, color_mode):
    compare(folders, ONE_LEVEL if color_mode == "grayscale" else 0, color_mode=color_mode)


@pytest.mark.parametrize(
    "arguments",
    [
        {"label_mode": "categorical"},
        {"label_mode": None},
        {"labels": None},
        {"labels": [number % 4 for number in range(41)]},
        {"labels": [number % 2 for number in range(41)], "label_mode": "binary"},
        {"label_mode": "binary", "class_names": ["ring", "cross"]},
        {"class_names": ["ring", "cross", "disc"], "shuffle": False},
        {"shuffle": False, "seed": None},
        {"batch_size": None},
        {"batch_size": 3},
        {"validation_split": 0.3, "subset": "training"},
        {"validation_split": 0.3, "subset": "validation", "batch_size": 4},
        {"validation_split": 0.25, "subset": "both", "batch_size": 4},
        {"validation_split": 0.25, "subset": "both", "shuffle": False, "seed": None},
        {"interpolation": "nearest"},
        {"interpolation": "AREA"},
        {"interpolation": "lanczos5"},
        {"image_size": 31},
        {"crop_to_aspect_ratio": True},
        {"pad_to_aspect_ratio": True, "image_size": (64, 30)},
        {"data_format": "channels_first"},
        {"data_format": "channels_first", "crop_to_aspect_ratio": True},
    ],
    ids=str,
)
def test_as_keras(folders, arguments):
    compare(folders, **arguments)


def test_as_keras_with_a_global_seed(folders):
    dicom, png = folders
    keras.utils.set_random_seed(3)
    ours = image_dataset_from_directory(dicom, verbose=False)
    keras.utils.set_random_seed(3)
    assert names(ours, dicom) == names(keras.utils.image_dataset_from_directory(png, verbose=False), png)


def test_prints_what_keras_prints(folders, capsys):
    said = []
    arguments = {"validation_split": 0.2, "subset": "both", "seed": 1}
    for function, folder in zip(
        (image_dataset_from_directory, keras.utils.image_dataset_from_directory), folders, strict=True
    ):
        function(folder, **arguments)
        said.append(capsys.readouterr().out)
    assert (
        said[0]
        == said[1]
        == "Found 41 files belonging to 3 classes.\nUsing 33 files for training.\nUsing 8 files for validation.\n"
    )


def test_links(folders, tmp_path):
    for folder in folders:
        root = tmp_path / folder.name
        for name in ("a", "b"):
            shutil.copytree(folder / "ring", root / name)
        (root / "a" / "linked").symlink_to(folder / "disc")
        (root / "c").symlink_to(folder / "cross")
    for follow_links in (False, True):
        compare((tmp_path / "train", tmp_path / "png"), follow_links=follow_links, shuffle=False)


def test_display_options(folders):
    dicom, _ = folders
    path = dicom / "disc" / "a" / "ct.dcm"
    options = {"window": (1000, 400)}
    dataset = image_dataset_from_directory(
        path.parent, labels=None, color_mode="grayscale", image_size=(128, 128), verbose=False, **options
    )
    assert (next(iter(dataset))[0, ..., 0].numpy() == dicomet.to_display(path, **options)).all()


def test_one_frame_of_many(folders, tmp_path):
    path = shutil.copy(folders[0] / "ring" / "z.dcm", tmp_path)
    arguments = {"labels": None, "color_mode": "grayscale", "image_size": (10, 10), "verbose": False}
    for frames, expected in [("middle", 7), (0, 0), (14, 14), (-1, 14), (-15, 0)]:
        frame = dicomet.to_display(path, index=expected)
        for factory in (image_dataset_from_directory, DicomPyDataset):
            (batch,) = factory(tmp_path, frames=frames, **arguments)
            assert (np.asarray(batch)[0, ..., 0] == frame).all()
    with pytest.raises(dicomet.PixelDataError, match=r"z\.dcm: .*: found index 15 of 15 frames, expected -15 to 14"):
        DicomPyDataset(tmp_path, frames=15, **arguments)[0]


BAD_ARGUMENTS = [
    ({"label_mode": "integer"}, "'label_mode': found 'integer', expected one of 'int'"),
    ({"labels": "inferrred"}, "'labels': found"),
    ({"labels": [0, 1]}, "'labels': found 2, expected 41"),
    ({"labels": None, "class_names": ["disc"]}, "'class_names': is for labels='inferred' alone"),
    ({"class_names": ["disk"]}, "'class_names': found .'disk'., expected names of the folders in"),
    ({"label_mode": "binary"}, "label_mode='binary': found the classes .'cross', 'disc', 'ring'., expected two"),
    ({"color_mode": "gray"}, "'color_mode': found 'gray', expected one of 'grayscale'"),
    ({"image_size": (0, 3)}, "'image_size': found"),
    ({"image_size": (1, 2, 3)}, "'image_size': found"),
    ({"interpolation": "linear"}, "'interpolation': found 'linear'"),
    ({"validation_split": 0.2, "seed": 1}, "'validation_split', 'subset': found one of them"),
    ({"subset": "training"}, "'validation_split', 'subset': found one of them"),
    ({"validation_split": 2, "subset": "training", "seed": 1}, "'validation_split': found 2"),
    ({"validation_split": 0.2, "subset": "test", "seed": 1}, "'subset': found 'test'"),
    ({"validation_split": 0.2, "subset": "training"}, "'seed': found None"),
    ({"validation_split": 0.001, "subset": "validation", "seed": 1}, "none for validation"),
    ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, "found both, expected at most one"),
    ({"data_format": "channel_last"}, "'data_format': found 'channel_last'"),
]


@pytest.mark.parametrize("factory", [image_dataset_from_directory, DicomPyDataset])
@pytest.mark.parametrize(("arguments", "message"), BAD_ARGUMENTS, ids=str)
def test_bad_arguments(folders, factory, arguments, message):
    with pytest.raises(ValueError, match=message):
        factory(folders[0], verbose=False, **arguments)


@pytest.mark.parametrize("factory", [image_dataset_from_directory, DicomPyDataset])
def test_one_frame_alone(folders, factory):
    with pytest.raises(TypeError, match="'frames': found None, expected 'middle' or a number"):
        factory(folders[0], frames=None, verbose=False)


def test_no_grain(folders):
    with pytest.raises(ValueError, match="'format': found 'grain', expected one of 'tf'"):
        image_dataset_from_directory(folders[0], format="grain")


def test_without_tensorflow_it_is_said_what_to_install(folders, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    monkeypatch.delitem(sys.modules, "dicomet.tf", raising=False)
    with pytest.raises(ModuleNotFoundError, match=r"needs TensorFlow: pip install '\.\[tf\]'"):
        image_dataset_from_directory(folders[0])
    assert not capsys.readouterr().out


@pytest.mark.parametrize("factory", [image_dataset_from_directory, DicomPyDataset])
def test_empty_folder(tmp_path, factory):
    (tmp_path / "disc").mkdir()
    (tmp_path / "disc" / "readme.txt").write_text("nothing here")
    with pytest.raises(FileNotFoundError, match="found no DICOM file in its folders, which are the classes"):
        factory(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"found no DICOM file$"):
        factory(tmp_path, labels=None)


def broken(folder, kind):
    content = Path(get_testdata_file("CT_small.dcm")).read_bytes()
    dataset = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    folder.mkdir()
    path = folder / "broken.dcm"
    if kind == "truncated":
        path.write_bytes(content[:-5000])
    elif kind == "text":
        path.write_text("no DICOM file")
    elif kind == "empty":
        path.touch()
    else:
        del dataset.PixelData
        dataset.save_as(path)
    return path


@pytest.mark.parametrize("kind", ["truncated", "text", "empty", "no image"])
def test_broken_files(tmp_path, kind):
    path = broken(tmp_path / "disc", kind)
    dataset = image_dataset_from_directory(tmp_path, verbose=False)
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"Error: {path}: "):
        list(dataset)
    with pytest.raises(dicomet.PixelDataError, match=f"^{path}: ") as caught:
        DicomPyDataset(tmp_path, verbose=False)[0]
    with pytest.raises(dicomet.PixelDataError) as plain:
        dicomet.pixel_array(path)
    assert type(caught.value) is type(plain.value)
    assert caught.value.element == plain.value.element

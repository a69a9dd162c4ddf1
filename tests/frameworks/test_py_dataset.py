"""The data set for every backend of Keras, beside what Keras does with the same images as lossless PNG."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

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


def as_load_img(folder, names, **options):
    for name in names:
        image = keras.utils.load_img((folder / name).with_name(name.name + ".png"), **options)
        yield keras.utils.img_to_array(image)


# What the filters give is the business of tests/test_resize.py: where they make images larger, Pillow's differ.
@pytest.mark.parametrize(
    "case",
    [
        ("", (40, 56), "bilinear"),
        ("ring", (10, 10), "bilinear"),
        ("cross", (24, 12), "nearest"),
        ("disc", (24, 12), "bicubic"),
        ("disc", (24, 12), "lanczos"),
    ],
)
@pytest.mark.parametrize("color_mode", ["grayscale", "rgb", "rgba"])
def test_images_are_those_of_load_img(folders, case, color_mode):
    part, size, interpolation = case
    dicom, png = (folder / part for folder in folders)
    options = {"color_mode": color_mode, "interpolation": interpolation}
    dataset = DicomPyDataset(dicom, None, image_size=size, batch_size=5, shuffle=False, verbose=False, **options)
    found = np.concatenate(list(dataset))
    expected = np.stack(list(as_load_img(png, names(dataset, dicom), target_size=size, **options)))
    assert (found.dtype, found.shape) == (np.float32, expected.shape)
    assert abs(found - expected).max() <= ONE_LEVEL


def test_it_has_the_files_of_keras(folders):
    dicom, png = folders
    for arguments in [{"seed": 5}, {"seed": 5, "validation_split": 0.2, "subset": "validation"}, {"shuffle": False}]:
        ours = DicomPyDataset(dicom, verbose=False, **arguments)
        of_keras = keras.utils.image_dataset_from_directory(png, verbose=False, **arguments)
        assert names(ours, dicom) == names(of_keras, png)
        assert ours.class_names == of_keras.class_names


@pytest.mark.parametrize("label_mode", ["int", "categorical", "binary"])
def test_labels(folders, label_mode):
    arguments = {"class_names": ["ring", "disc"], "label_mode": label_mode, "shuffle": False, "verbose": False}
    ours = [labels for _, labels in DicomPyDataset(folders[0], **arguments)]
    of_keras = [labels.numpy() for _, labels in keras.utils.image_dataset_from_directory(folders[1], **arguments)]
    for found, expected in zip(ours, of_keras, strict=True):
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
        assert (found == expected).all()


def test_aspect_ratio(folders):
    dicom, _ = folders
    path = dicom / "cross"
    common = {"labels": None, "shuffle": False, "interpolation": "nearest", "verbose": False}
    for option in ("crop_to_aspect_ratio", "pad_to_aspect_ratio"):
        arguments = {**common, "image_size": (48, 24), option: True}
        ours = np.concatenate(list(DicomPyDataset(path, **arguments)))
        of_keras = np.concatenate([batch.numpy() for batch in image_dataset_from_directory(path, **arguments)])
        assert ours.shape == of_keras.shape
        assert (ours == of_keras).all()


def test_channels_first(folders):
    arguments = {"shuffle": False, "image_size": (8, 9), "verbose": False}
    last = DicomPyDataset(folders[0], **arguments)[0][0]
    first = DicomPyDataset(folders[0], data_format="channels_first", **arguments)[0][0]
    assert first.shape == (32, 3, 8, 9)
    assert (first == last.transpose(0, 3, 1, 2)).all()


def test_it_shuffles_alike(folders):
    def epochs(seed):
        dataset = DicomPyDataset(folders[0], image_size=(8, 8), batch_size=50, seed=seed, verbose=False)
        for _ in range(3):
            images, labels = dataset[0]
            yield dataset.file_paths, images, labels
            dataset.on_epoch_end()

    first, again, other = list(epochs(1)), list(epochs(1)), list(epochs(2))
    for (paths, images, labels), (same_paths, same_images, same_labels) in zip(first, again, strict=True):
        assert paths == same_paths
        assert (images == same_images).all()
        assert (labels == same_labels).all()
        assert [Path(path).relative_to(folders[0]).parts[0] for path in paths] == [
            ("cross", "disc", "ring")[label] for label in labels
        ]
    assert first[0][0] != first[1][0] != first[2][0] != other[2][0]
    assert sorted(first[0][0]) == sorted(first[2][0])


def test_it_stays_in_order(folders):
    dataset = DicomPyDataset(folders[0], shuffle=False, verbose=False)
    before = dataset.file_paths
    dataset.on_epoch_end()
    assert dataset.file_paths == before


FIT = """
import sys
if sys.argv[2] != "tensorflow":
    sys.modules["tensorflow"] = None
import keras
from dicomet.keras import DicomPyDataset
assert keras.backend.backend() == sys.argv[2]
dataset = DicomPyDataset(
    sys.argv[1], image_size=(16, 16), batch_size=8, seed=1, workers=2, use_multiprocessing=sys.argv[3] == "processes"
)
model = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(3, "softmax")])
model.compile("sgd", "sparse_categorical_crossentropy")
before = dataset.file_paths
model.fit(dataset, epochs=2, verbose=0)
assert dataset.file_paths != before
assert model.predict(dataset, verbose=0).shape == (41, 3)
"""


def test_flow_from_directory(folders):
    """The migration that the README names."""
    dicom, png = folders
    old = tf.keras.preprocessing.image.ImageDataGenerator(rescale=1 / 255).flow_from_directory(
        png, target_size=(40, 56), interpolation="bilinear", shuffle=False
    )
    new = DicomPyDataset(dicom, label_mode="categorical", image_size=(40, 56), shuffle=False)
    assert new.class_names == list(old.class_indices)
    assert len(new) == len(old)
    for number in range(len(new)):
        (images, labels), (old_images, old_labels) = new[number], old[number]
        assert abs(images / 255 - old_images).max() <= ONE_LEVEL / 255
        assert (labels == old_labels).all()


@pytest.mark.parametrize("use_multiprocessing", [False, True])
def test_workers_name_the_broken_file(tmp_path, use_multiprocessing):
    (tmp_path / "disc").mkdir()
    path = tmp_path / "disc" / "broken.dcm"
    path.write_text("no DICOM file")
    finished = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", FIT, str(tmp_path), "torch", "processes" if use_multiprocessing else "threads"],
        env={**os.environ, "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert finished.returncode == 1
    assert f"MissingElementError: {path}: " in finished.stderr


def test_it_can_be_pickled(folders):
    dataset = DicomPyDataset(folders[0], image_size=(8, 8), seed=1, verbose=False, workers=2, max_queue_size=3)
    again = pickle.loads(pickle.dumps(dataset))  # noqa: S301 - our own
    assert (again.workers, again.use_multiprocessing, again.max_queue_size) == (2, False, 3)
    assert (again[0][0] == dataset[0][0]).all()


def test_representation(folders):
    """It names no file and no class: both may be names of patients."""
    dataset = DicomPyDataset(folders[0], batch_size=20, verbose=False)
    files, classes = len(dataset.file_paths), len(dataset.class_names)
    assert repr(dataset) == f"<dicomet.keras.DicomPyDataset, 3 batches of {files} files, {classes} classes>"


def test_it_has_no_more_batches(folders):
    dataset = DicomPyDataset(folders[0], batch_size=20, image_size=(8, 8), verbose=False)
    assert [len(labels) for _, labels in dataset] == [20, 20, 1]
    for index in (3, -1):
        with pytest.raises(IndexError, match="of 3"):
            dataset[index]
    with pytest.raises(ValueError, match="'batch_size': found None, expected 1 or more"):
        DicomPyDataset(folders[0], batch_size=None)


@pytest.mark.parametrize("workers", ["threads", "processes"])
@pytest.mark.parametrize("backend", ["torch", "jax", "tensorflow"])
def test_it_trains(folders, backend, workers):
    pytest.importorskip(backend, reason=f"{backend} is not installed")
    subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", FIT, str(folders[0]), backend, workers],
        env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
        check=True,
        timeout=300,
    )

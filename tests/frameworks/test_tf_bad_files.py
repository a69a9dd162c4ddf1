"""`dicomet.tf.dataset` and `image_dataset_from_directory` with bad files, and with values other than for display."""

import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from bad_files import make, write
from pydicom.data import get_testdata_file

import dicomet
from dicomet.__main__ import main

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from dicomet.keras import image_dataset_from_directory  # noqa: E402 - needs what may be missing
from dicomet.tf import dataset  # noqa: E402

CT = get_testdata_file("CT_small.dcm", download=False)
# The files of two classes, class by class.
ORDER = [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]
GOOD = [0, 2, 4, 8, 10, 3, 9]
BAD = [1, 5, 6, 7, 11]
FOLDER = {"color_mode": "grayscale", "image_size": (4, 6), "verbose": False, "values": "stored"}
pytestmark = pytest.mark.filterwarnings("ignore:.*the file is skipped:UserWarning")


def paths_of(root):
    return [root / "ab"[number % 2] / f"{number:03}.dcm" for number in ORDER]


def first(image):
    return int(np.asarray(image).reshape(-1)[0])


def bad_numbers(bad_files):
    return sorted(int(Path(one.path).stem) for one in bad_files)


@pytest.mark.parametrize("size", [None, (2, 3)])
@pytest.mark.parametrize("as_dataset", [False, True])
def test_files_are_left_out_with_their_labels(tmp_path, size, as_dataset):
    paths = paths_of(make(tmp_path))
    labels = np.array(ORDER) * 10
    if as_dataset:
        source = tf.data.Dataset.from_tensor_slices([str(path) for path in paths])
        images = dataset(source, labels=labels, values="stored", size=size, on_error="skip")
    else:
        images = dataset(paths, labels=labels, values="stored", size=size, on_error="skip")
    assert images.cardinality() == tf.data.UNKNOWN_CARDINALITY
    for _ in range(2):
        assert [(first(image), int(label)) for image, label in images] == [(number, 10 * number) for number in GOOD]
    assert bad_numbers(images.bad_files) == BAD
    # Batches are full.
    assert [len(labels) for _, labels in images.batch(3)] == [3, 3, 1]


def test_labels_of_any_shape(tmp_path):
    paths = paths_of(make(tmp_path))
    labels = np.eye(12, dtype=np.float32)
    images = dataset(paths, labels=labels, values="stored", on_error="skip")
    assert images.element_spec[1] == tf.TensorSpec((12,), tf.float32)
    found = {first(image): int(label.numpy().argmax()) for image, label in images}
    assert found == {number: ORDER.index(number) for number in GOOD}
    plain = dataset(paths[:3], labels=tf.data.Dataset.range(3).batch(3).get_single_element(), values="stored")
    assert [int(label) for _, label in plain] == [0, 1, 2]
    assert len(plain) == 3
    with pytest.raises(ValueError, match="'labels': found 2, expected one for each of 12 files"):
        dataset(paths, labels=[1, 2])
    with pytest.raises(TypeError, match=r"'labels': found a tf\.data\.Dataset"):
        dataset(paths, labels=tf.data.Dataset.range(12))


def test_one_warning_for_each_file(tmp_path):
    images = dataset(paths_of(make(tmp_path)), values="stored", on_error="skip")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for _ in range(2):
            list(images)
    assert sorted(Path(str(one.message).split(": ")[0]).stem for one in seen) == [f"{number:03}" for number in BAD]


def test_all_frames_may_be_left_out(tmp_path):
    dose = get_testdata_file("rtdose.dcm", download=False)
    bad = tmp_path / "bad.dcm"
    bad.write_bytes(Path(dose).read_bytes()[:-10])
    images = dataset([dose, bad, dose], values="stored", frames="all", channels=1, on_error="skip")
    assert [image.shape for image in images] == [(15, 10, 10, 1)] * 2


def test_raise_is_the_default(tmp_path):
    images = dataset(paths_of(make(tmp_path)), values="stored")
    assert images.cardinality() == 12
    with pytest.raises(tf.errors.InvalidArgumentError, match="it is empty"):
        list(images)
    with pytest.raises(ValueError, match="'on_error': found 'lossy'"):
        dataset([CT], on_error="lossy")


def _replaced(path, _error):
    return None if path.stem == "007" else np.full((4, 6, 1), 100 + int(path.stem))


def test_a_function_replaces_images(tmp_path):
    paths = paths_of(make(tmp_path))
    images = dataset(paths, labels=ORDER, values="stored", channels=1, size=(2, 2), on_error=_replaced)
    with warnings.catch_warnings(action="error"):
        found = {int(label): first(image) for image, label in images}
    expected = {number: number if number in GOOD else 100 + number for number in ORDER}
    del expected[7]
    assert found == expected
    assert bad_numbers(images.bad_files) == BAD


@pytest.mark.parametrize("as_dataset", [False, True])
def test_checked_files(tmp_path, as_dataset):
    root, checked = make(tmp_path / "in"), tmp_path / "list.json"
    assert main(["check", str(root), "-o", str(checked)]) == 1
    paths = paths_of(root)
    source = tf.data.Dataset.from_tensor_slices([str(path) for path in paths]) if as_dataset else paths
    images = dataset(source, labels=ORDER, values="stored", checked=checked)
    assert [(first(image), int(label)) for image, label in images] == [(number, number) for number in GOOD]
    if not as_dataset:
        assert len(images) == 7
    images = dataset(source, values="stored", checked=checked)
    assert [first(image) for image in images] == GOOD


@pytest.mark.parametrize("batch_size", [2, None])
def test_a_folder(tmp_path, batch_size):
    images = image_dataset_from_directory(
        make(tmp_path), shuffle=False, batch_size=batch_size, on_error="skip", **FOLDER
    )
    elements = images.unbatch() if batch_size else images
    assert [(first(image), int(label)) for image, label in elements] == [(number, number % 2) for number in GOOD]
    assert len(images.file_paths) == 12
    assert bad_numbers(images.bad_files) == BAD
    if batch_size:
        assert [len(labels) for _, labels in images] == [2, 2, 2, 1]
    shuffled = image_dataset_from_directory(make(tmp_path), seed=1, on_error="skip", **FOLDER)
    ((batch, labels),) = shuffled
    assert sorted(map(first, batch)) == sorted(GOOD)
    assert [first(image) % 2 for image in batch] == labels.numpy().tolist()


def test_a_checked_folder(tmp_path, capsys):
    root, checked = make(tmp_path / "in"), tmp_path / "list.csv"
    main(["check", str(root), "-o", str(checked)])
    capsys.readouterr()
    options = {**FOLDER, "verbose": True, "checked": checked, "shuffle": False}
    train, validation = image_dataset_from_directory(root, validation_split=0.3, subset="both", seed=1, **options)
    assert "Found 12 files belonging to 2 classes.\nLeft out 5 bad files.\n" in capsys.readouterr().out
    assert [len(part.file_paths) for part in (train, validation)] == [5, 2]
    assert [int(Path(path).stem) for path in (*train.file_paths, *validation.file_paths)] == GOOD
    own = image_dataset_from_directory(root, labels=[*range(12)], **options)
    assert [int(label) for _, label in own.unbatch()] == [ORDER.index(number) for number in GOOD]


def test_modality_values_of_a_folder(tmp_path):
    (tmp_path / "ct").mkdir()
    (tmp_path / "ct" / "1.dcm").write_bytes(Path(CT).read_bytes())
    options = {"color_mode": "grayscale", "values": "modality", "verbose": False}
    ((images, _),) = image_dataset_from_directory(tmp_path, image_size=(128, 128), **options)
    np.testing.assert_array_equal(images[0, ..., 0], dicomet.modality_values(CT))
    ((images, _),) = image_dataset_from_directory(tmp_path, image_size=(50, 60), **options)
    expected = tf.image.resize(dicomet.modality_values(CT).astype(np.float32)[..., None], (50, 60))
    np.testing.assert_allclose(images[0], expected, rtol=0, atol=1e-2)
    for more, why in (({"color_mode": "rgba"}, "color_mode='rgba'"), ({"window": (40, 400)}, "'window', 'default'")):
        with pytest.raises(ValueError, match=why):
            image_dataset_from_directory(tmp_path, **{**options, **more})


def test_stored_values_of_a_folder(tmp_path):
    array = np.arange(24, dtype=np.uint16).reshape(4, 6) * 2000
    write(tmp_path / "x" / "1.dcm", array)
    ((images, _),) = image_dataset_from_directory(tmp_path, **FOLDER)
    np.testing.assert_array_equal(images[0, ..., 0], array)


@pytest.mark.skipif(sys.platform != "linux", reason="needs names of arbitrary bytes")
def test_names_that_are_no_text(tmp_path):
    paths = [write(tmp_path / "a" / os.fsdecode(b"\xff.dcm"), np.full((4, 6), 7, np.uint8))]
    (image,) = dataset(paths, channels=1)
    assert np.unique(image).tolist() == [7]
    ((batch, _),) = image_dataset_from_directory(tmp_path, image_size=(4, 6), verbose=False)
    assert np.unique(batch).tolist() == [7]

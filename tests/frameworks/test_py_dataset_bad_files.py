"""`DicomPyDataset` with bad files, and with other values than those of display."""

import os
import pickle
import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from bad_files import make
from pydicom.data import get_testdata_file

import dicomet
from dicomet.__main__ import main

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip("keras", reason="Keras is not installed")
Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")

from dicomet.keras import DicomPyDataset  # noqa: E402 - needs what may be missing

CT = get_testdata_file("CT_small.dcm", download=False)
GOOD = [0, 2, 4, 8, 10, 3, 9]
BAD = [1, 5, 6, 7, 11]
OPTIONS = {
    "color_mode": "grayscale",
    "image_size": (4, 6),
    "shuffle": False,
    "batch_size": 4,
    "values": "stored",
    "verbose": False,
}
pytestmark = pytest.mark.filterwarnings("ignore:.*the file is skipped:UserWarning")


def numbers(batch):
    """Return the number of each file of a batch, after a check of its label."""
    images, labels = batch
    found = images[:, 0, 0, 0].astype(int).tolist()
    assert [number % 2 for number in found] == labels.tolist()
    return found


def bad_numbers(dataset):
    return sorted(int(Path(one.path).stem) for one in dataset.bad_files)


def test_batches_are_smaller(tmp_path):
    dataset = DicomPyDataset(make(tmp_path), on_error="skip", **OPTIONS)
    assert len(dataset) == 3
    assert [numbers(dataset[index]) for index in range(3)] == [[0, 2, 4], [8, 10, 3], [9]]
    assert bad_numbers(dataset) == BAD
    single = DicomPyDataset(tmp_path, on_error="skip", **{**OPTIONS, "batch_size": 1})
    assert [numbers(single[index]) for index in range(12)] == [
        [number] for number in (0, 2, 4, 8, 8, 10, 3, 3, 9, 9, 9, 0)
    ]


def test_labels_stay_with_their_files_in_every_epoch(tmp_path):
    dataset = DicomPyDataset(make(tmp_path), on_error="skip", **{**OPTIONS, "shuffle": True, "seed": 3})
    orders = []
    for _ in range(3):
        orders.append([number for index in range(3) for number in numbers(dataset[index])])
        assert set(orders[-1]) == set(GOOD)
        dataset.on_epoch_end()
    assert orders[0] != orders[1]


def test_nothing_is_good(tmp_path):
    dataset = DicomPyDataset(make(tmp_path, 4, bad=range(4)), on_error="skip", **OPTIONS)
    with pytest.raises(FileNotFoundError, match=r"none of the files can be read, the first one is .*000\.dcm: not a"):
        dataset[0]


def _batch(pickled, index):
    return numbers(pickle.loads(pickled)[index])  # noqa: S301 - our own


@pytest.mark.filterwarnings("ignore")
def test_processes_report_their_files(tmp_path):
    dataset = DicomPyDataset(make(tmp_path), on_error="skip", **OPTIONS)
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        assert pool.submit(_batch, pickle.dumps(dataset), 1).result() == [8, 10, 3]
    assert bad_numbers(dataset) == [1]


def test_raise_is_the_default(tmp_path):
    dataset = DicomPyDataset(make(tmp_path), **OPTIONS)
    with pytest.raises(dicomet.PixelDataError, match="it is empty"):
        dataset[0]
    with pytest.raises(ValueError, match="'on_error': found 'ignore'"):
        DicomPyDataset(tmp_path, on_error="ignore", **OPTIONS)


def test_a_function_replaces_images(tmp_path):
    def replaced(path, _error):
        return None if path.stem == "007" else np.full((4, 6, 1), int(path.stem))

    dataset = DicomPyDataset(make(tmp_path), on_error=replaced, **OPTIONS)
    with warnings.catch_warnings(action="error"):
        found = [number for index in range(3) for number in numbers(dataset[index])]
    assert found == [0, 2, 4, 6, 8, 10, 1, 3, 5, 9, 11]
    assert bad_numbers(dataset) == BAD


def test_a_checked_folder(tmp_path):
    root, checked = make(tmp_path / "in"), tmp_path / "list.json"
    assert main(["check", str(root), "-o", str(checked)]) == 1
    dataset = DicomPyDataset(root, checked=checked, **OPTIONS)
    assert [numbers(dataset[index]) for index in range(len(dataset))] == [[0, 2, 4, 8], [10, 3, 9]]
    own = DicomPyDataset(root, labels=list(range(12)), checked=checked, **OPTIONS)
    assert np.concatenate([labels for _, labels in own]).tolist() == [0, 1, 2, 4, 5, 7, 10]


@pytest.fixture
def ct(tmp_path):
    (tmp_path / "ct").mkdir()
    (tmp_path / "ct" / "1.dcm").write_bytes(Path(CT).read_bytes())
    return tmp_path


def test_modality_values(ct):
    options = {**OPTIONS, "values": "modality"}
    images, _ = DicomPyDataset(ct, **{**options, "image_size": (128, 128)})[0]
    np.testing.assert_array_equal(images[0, ..., 0], dicomet.modality_values(CT))
    images, _ = DicomPyDataset(ct, **{**options, "image_size": (50, 60), "color_mode": "rgb"})[0]
    values = Image.fromarray(dicomet.modality_values(CT).astype(np.float32)).resize((60, 50), Image.Resampling.BILINEAR)
    assert images.dtype == np.float32
    assert images.min() < -500
    for channel in range(3):
        np.testing.assert_allclose(images[0, ..., channel], np.asarray(values), rtol=0, atol=2e-3)
    padded, _ = DicomPyDataset(ct, **{**options, "image_size": (128, 200), "pad_to_aspect_ratio": True})[0]
    np.testing.assert_array_equal(padded[0, :, 36:164, 0], dicomet.modality_values(CT))
    assert (padded[0, :, :36] == 0).all()


def test_values_that_exclude_others(ct):
    with pytest.raises(ValueError, match="color_mode='rgba': is for values='display'"):
        DicomPyDataset(ct, **{**OPTIONS, "color_mode": "rgba"})
    with pytest.raises(ValueError, match="'window', 'default': are for values='display'"):
        DicomPyDataset(ct, window=(40, 400), **OPTIONS)
    with pytest.raises(ValueError, match="'values': found 'pixels'"):
        DicomPyDataset(ct, **{**OPTIONS, "values": "pixels"})


def test_it_trains(tmp_path):
    dataset = DicomPyDataset(make(tmp_path), on_error="skip", **OPTIONS)
    model = keras.Sequential([keras.Input((4, 6, 1)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    history = model.fit(dataset, epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2
    assert model.predict(dataset, verbose=0).shape == (7, 2)

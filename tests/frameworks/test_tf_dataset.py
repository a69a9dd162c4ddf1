"""`dicomet.tf.dataset` and `read_image`: shapes and types that a graph knows, values, and errors."""

import os
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from tf_images import BROKEN, COLOR, CT, DOSE, NAMES, stored, written

import dicomet

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
import dicomet.tf  # noqa: E402 - needs what may be missing
from dicomet.tf import dataset, decode_dicom_image, read_image  # noqa: E402


@pytest.mark.parametrize("color_dim", [False, True])
@pytest.mark.parametrize("scale", ["preserve", "auto"])
@pytest.mark.parametrize("on_error", ["strict", "skip", "lossy"])
@pytest.mark.parametrize("dtype", [tf.uint16, tf.int8, tf.float32])
def test_what_a_graph_knows(color_dim, scale, on_error, dtype):
    arguments = {"color_dim": color_dim, "scale": scale, "on_error": on_error, "dtype": dtype}
    images = tf.data.Dataset.from_tensors(b"").map(lambda one: decode_dicom_image(one, **arguments))
    assert images.element_spec == tf.TensorSpec([None] * 4, dtype)
    function = tf.function(lambda one: decode_dicom_image(one, **arguments))
    known = function.get_concrete_function(tf.TensorSpec([], tf.string)).structured_outputs
    assert (known.shape.rank, known.shape.as_list(), known.dtype) == (4, [None] * 4, dtype)


@pytest.mark.parametrize(
    ("arguments", "shape", "dtype"),
    [
        ({}, (None, None, None), tf.uint8),
        ({"channels": 1}, (None, None, 1), tf.uint8),
        ({"frames": "all", "channels": 3}, (None, None, None, 3), tf.uint8),
        ({"values": "stored", "frames": 0}, (None, None, None), tf.int32),
        ({"values": "modality"}, (None, None, None), tf.float32),
        ({"values": "stored", "dtype": tf.uint32}, (None, None, None), tf.uint32),
        ({"channels": 3, "size": (4, 5)}, (4, 5, 3), tf.float32),
        ({"frames": "all", "channels": 1, "size": (4, 5)}, (None, 4, 5, 1), tf.float32),
    ],
    ids=str,
)
def test_what_a_dataset_knows(arguments, shape, dtype):
    images = dataset([DOSE], **arguments)
    assert images.element_spec == tf.TensorSpec(shape, dtype)
    (image,) = images
    assert image.dtype == dtype
    assert image.shape == tuple(
        actual if known is None else known
        for known, actual in zip(shape, (15, 10, 10, 1) if len(shape) == 4 else (10, 10, 1), strict=True)
    )


def test_dataset_of_stored_values():
    paths = [Path(CT), Path(DOSE)] * 20
    for path, image in zip(paths, dataset(paths, values="stored", frames=0, dtype=tf.int64), strict=True):
        assert (image.numpy()[..., 0] == stored(path)[0]).all()


def test_dataset_of_modality_values():
    expected = stored(CT)[0] * 1.0 - 1024
    (image,) = dataset([CT], values="modality")
    assert (image.numpy()[..., 0] == expected).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("channels", [0, 1, 3, 4])
def test_dataset_of_images_for_display(name, channels):
    path = get_testdata_file(name)
    frames = len(stored(path))
    expected = dicomet.to_display(path, index=frames // 2)
    if expected.ndim == 2:
        expected = expected[..., np.newaxis]
    if channels == 1 and expected.shape[-1] == 3:
        expected = tf.image.rgb_to_grayscale(expected).numpy()
    elif channels > 1:
        opaque = np.full((*expected.shape[:2], 1), 255, np.uint8)
        expected = np.concatenate([np.broadcast_to(expected, (*expected.shape[:2], 3)), opaque], -1)[..., :channels]
    (image,) = dataset([path], channels=channels)
    assert image.shape == expected.shape
    assert abs(image.numpy().astype(int) - expected).max() <= (1 if channels == 1 else 0)
    assert (read_image(path, channels=channels).numpy() == image.numpy()).all()


def test_dataset_of_all_frames():
    (image,) = dataset([DOSE], frames="all")
    assert (image.numpy()[..., 0] == dicomet.to_display(DOSE)).all()
    (image,) = dataset([COLOR], frames="all", values="stored")
    assert (image.numpy() == stored(COLOR)).all()


def test_dataset_is_resized_by_tensorflow():
    (image,) = dataset([COLOR], channels=3, size=(50, 60))
    assert (image.numpy() == tf.image.resize(dicomet.to_display(COLOR), (50, 60)).numpy()).all()


def test_dataset_of_a_window():
    (image,) = dataset([CT], window=(40, 400))
    assert (image.numpy()[..., 0] == dicomet.to_display(CT, window=(40, 400))).all()


def test_dataset_of_a_dataset(tmp_path):
    for number in range(5):
        written(tmp_path, np.full((2, 3), number, "<u2"), 12, f"{number}.dcm")
    names = tf.data.Dataset.list_files(str(tmp_path / "*.dcm"), shuffle=False).repeat(2)
    images = dataset(names, values="stored", channels=1, size=(1, 1)).batch(4, drop_remainder=True)
    assert [batch.numpy().ravel().tolist() for batch in images] == [[0, 1, 2, 3], [4, 0, 1, 2]]


def test_dataset_of_nothing():
    assert list(dataset([])) == []


@pytest.mark.parametrize("path", ["missing", "text", "truncated"])
def test_dataset_names_the_broken_file(tmp_path, path):
    bad = tmp_path / f"{path}.dcm"
    if path != "missing":
        bad.write_bytes(BROKEN[path][0](Path(CT).read_bytes()))
    kind = tf.errors.OpError if path == "missing" else tf.errors.InvalidArgumentError
    with pytest.raises(kind, match=str(bad)):
        list(dataset([CT, bad]))
    with pytest.raises((tf.errors.InvalidArgumentError, FileNotFoundError), match=str(bad)):
        read_image(bad)


def test_dataset_names_the_file_whose_values_do_not_fit(tmp_path):
    path = written(tmp_path, np.array([[-5, 5]], "<i2"), 12)
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"{path}: found values from -5 to 5 of int16"):
        list(dataset([path], values="stored", dtype=tf.uint8))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"values": "raw"}, "'values': found 'raw', expected one of 'display', 'stored', 'modality'"),
        ({"channels": 2}, "'channels': found 2, expected one of 0, 1, 3, 4"),
        ({"dtype": tf.float32}, "found tf.float32 with values='display', expected tf.uint8"),
        ({"values": "stored", "window": (1, 2)}, "'window', 'default': are for values='display'"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        dataset([CT], **arguments)


def test_bad_index():
    with pytest.raises(TypeError, match="'frames': found 'last', expected"):
        dataset([CT], frames="last")
    with pytest.raises(tf.errors.InvalidArgumentError, match="found index 1 of 1 frame, expected -1 to 0"):
        read_image(CT, frames=1)
    assert (read_image(CT, frames=-1).numpy() == read_image(CT, frames=0).numpy()).all()


@pytest.mark.parametrize("function", [decode_dicom_image, read_image, dataset])
def test_an_argument_that_does_not_exist(function):
    with pytest.raises(TypeError, match=rf"^{function.__name__}\(\) has no argument 'dtyp', did you mean 'dtype'\?"):
        function("nowhere", dtyp=tf.int16)


def test_one_path_is_no_list_of_paths():
    for paths in ("folder/x", Path("folder/x"), b"folder/x"):
        with pytest.raises(TypeError, match=r"^'paths': found .*, expected an iterable of sources"):
            dataset(paths)


def test_colors_of_16_bits_become_their_luma():
    path = get_testdata_file("SC_rgb_expb_16bit.dcm", download=False)
    found = read_image(path, values="stored", channels=1).numpy()
    exact = dicomet.pixel_array(path).astype(np.float64) @ [0.299, 0.587, 0.114]
    assert np.abs(found[..., 0] - exact).max() <= 0.51


def test_colors_of_32_bits_do_not_become_gray():
    with pytest.raises(tf.errors.InvalidArgumentError, match="'channels': found 3 of uint32, which cannot become 1"):
        read_image(get_testdata_file("SC_rgb_rle_32bit.dcm", download=False), values="stored", channels=1)

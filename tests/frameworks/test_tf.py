"""`dicomet.tf.decode_dicom_image`: the function of tensorflow-io, eagerly and in graphs."""

import os
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from tf_images import BROKEN, COLOR, CT, DOSE, NAMES, stored, written

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
from dicomet.tf import decode_dicom_image  # noqa: E402


def in_a_graph(contents, **arguments):
    (result,) = tf.data.Dataset.from_tensors(contents).map(lambda one: decode_dicom_image(one, **arguments))
    return result


def in_a_function(contents, **arguments):
    return tf.function(lambda one: decode_dicom_image(one, **arguments))(contents)


WAYS = {"eager": decode_dicom_image, "tf.data": in_a_graph, "tf.function": in_a_function}
# What is skipped: as of tensorflow-io, or of the rank that a graph knows.
EMPTY = {decode_dicom_image: (0,), in_a_graph: (0, 0, 0, 0), in_a_function: (0, 0, 0, 0)}


@pytest.fixture(params=WAYS)
def decode(request):
    return WAYS[request.param]


def stored_4d(path):
    """All frames as pydicom gives them: (frames, rows, columns, samples)."""
    array = stored(path)
    return array[..., np.newaxis] if array.ndim == 3 else array


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("color_dim", [False, True])
def test_stored_values(decode, name, color_dim):
    """`color_dim` changes nothing, as in tensorflow-io."""
    expected = stored_4d(get_testdata_file(name))
    found = decode(tf.io.read_file(get_testdata_file(name)), color_dim=color_dim, dtype=tf.as_dtype(expected.dtype))
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    assert (found.numpy() == expected).all()


# The shapes that tensorflow-io 0.37.1 gives for these files; its shape for a palette has the 3 samples of the colors.
SHAPES = {
    "CT_small.dcm": (1, 128, 128, 1),
    "rtdose.dcm": (15, 10, 10, 1),
    "examples_rgb_color.dcm": (1, 240, 320, 3),
    "liver_1frame.dcm": (1, 512, 512, 1),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("scale", ["preserve", "auto"])
@pytest.mark.parametrize("on_error", ["strict", "skip", "lossy"])
def test_shapes_are_those_of_tensorflow_io(decode, name, scale, on_error):
    contents = tf.io.read_file(get_testdata_file(name))
    assert decode(contents, dtype=tf.float64, scale=scale, on_error=on_error).shape == SHAPES[name]
    frames, _, _, samples = SHAPES[name]
    resized = tf.image.resize(decode(contents, dtype=tf.float64, scale=scale, on_error=on_error), (224, 200))
    assert resized.shape == (frames, 224, 200, samples)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("on_error", ["strict", "skip", "lossy"])
def test_resize_in_a_graph(name, on_error):
    """What is known in the graph is enough for `tf.image.resize`, and is true of the result."""

    def resized(contents):
        image = decode_dicom_image(contents, dtype=tf.float32, on_error=on_error)
        assert image.shape.rank == 4
        return tf.image.resize(image, (224, 200))

    contents = tf.io.read_file(get_testdata_file(name))
    images = tf.data.Dataset.from_tensors(contents).map(resized)
    assert images.element_spec == tf.TensorSpec([None, 224, 200, None], tf.float32)
    frames, _, _, samples = SHAPES[name]
    (image,) = images
    assert image.shape == (frames, 224, 200, samples)
    assert tf.function(resized)(contents).shape == image.shape


def test_slices_of_a_series_are_batched():
    names = [get_testdata_file(name) for name in ("CT_small.dcm", "CT_small.dcm", "examples_rgb_color.dcm")]
    images = tf.data.Dataset.from_tensor_slices(names[:2]).map(tf.io.read_file)
    images = images.map(lambda one: decode_dicom_image(one, dtype=tf.int16))
    (batch,) = images.batch(2)
    assert batch.shape == (2, 1, 128, 128, 1)
    (batch,) = images.unbatch().batch(2)  # frames become samples
    assert batch.shape == (2, 128, 128, 1)
    assert (batch.numpy() == np.concatenate([stored_4d(name) for name in names[:2]])).all()


def test_frames_without_the_last_axis(decode):
    """The way to three dimensions that the docstring names."""
    frames = tf.squeeze(decode(tf.io.read_file(DOSE), dtype=tf.uint32), axis=-1)
    assert (frames.numpy() == stored(DOSE)).all()


@pytest.mark.parametrize(
    "dtype", [tf.int16, tf.int32, tf.int64, tf.uint16, tf.uint32, tf.uint64, tf.float32, tf.float64]
)
def test_values_are_preserved(decode, dtype):
    found = decode(tf.io.read_file(CT), dtype=dtype)
    assert found.dtype == dtype
    assert (found.numpy() == stored_4d(CT)).all()


def test_uint16_is_the_default():
    assert decode_dicom_image(Path(CT).read_bytes()).dtype == tf.uint16


@pytest.mark.parametrize(
    ("values", "dtype", "holds"),
    [
        (
            [-1, 0],
            tf.uint16,
            "found values from -1 to 0 of int16, expected such as uint16 holds unchanged: tf.int16 holds",
        ),
        (
            [0, 300],
            tf.uint8,
            "found values from 0 to 300 of int16, expected such as uint8 holds unchanged: tf.int16 holds",
        ),
        ([0, 2049], tf.float16, "found values from 0 to 2049 of int16, expected such as float16 holds unchanged"),
        ([0, 128], tf.int8, "found values from 0 to 128 of int16, expected such as int8 holds unchanged"),
    ],
)
def test_values_that_do_not_fit(decode, tmp_path, values, dtype, holds):
    content = written(tmp_path, np.array([values], "<i2"), 16).read_bytes()
    with pytest.raises(tf.errors.InvalidArgumentError, match=holds):
        decode(content, dtype=dtype)
    assert decode(content, dtype=dtype, on_error="skip").shape == EMPTY[decode]
    lossy = decode(content, dtype=dtype, on_error="lossy").numpy()[..., 0]
    limits = np.iinfo(dtype.as_numpy_dtype) if dtype.is_integer else np.finfo(dtype.as_numpy_dtype)
    assert (lossy == np.clip(values, limits.min, limits.max).astype(dtype.as_numpy_dtype)).all()


def float_pixels(tmp_path, keyword, dtype):
    ds = pydicom.dcmread(CT)
    for name in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
        delattr(ds, name)
    array = np.linspace(-1e6, 1e6, ds.Rows * ds.Columns, dtype=dtype)
    ds.BitsAllocated = array.itemsize * 8
    setattr(ds, keyword, array.tobytes())
    ds.save_as(tmp_path / "float.dcm")
    return (tmp_path / "float.dcm").read_bytes(), array.reshape(1, ds.Rows, ds.Columns, 1)


@pytest.mark.parametrize(("keyword", "dtype"), [("FloatPixelData", "f4"), ("DoubleFloatPixelData", "f8")])
def test_floats(tmp_path, keyword, dtype):
    content, expected = float_pixels(tmp_path, keyword, dtype)
    assert (decode_dicom_image(content, dtype=tf.float64).numpy() == expected).all()
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=f"found values of {expected.dtype}, expected such as int32"
    ):
        decode_dicom_image(content, dtype=tf.int32)
    with pytest.raises(tf.errors.InvalidArgumentError, match="scale='auto': found float"):
        decode_dicom_image(content, dtype=tf.float32, scale="auto")
    whole = decode_dicom_image(content, dtype=tf.uint8, on_error="lossy").numpy()
    assert (whole == np.clip(np.rint(expected), 0, 255)).all()
    half = decode_dicom_image(content, dtype=tf.float16, on_error="lossy").numpy()
    assert (half == np.clip(expected, -65504, 65504).astype(np.float16)).all()


INTEGERS = [tf.uint8, tf.uint16, tf.uint32, tf.uint64, tf.int8, tf.int16, tf.int32, tf.int64]


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize(
    ("stored_type", "bits"), [("<u1", 8), ("<u2", 10), ("<u2", 12), ("<i2", 12), ("<i2", 16), ("<u4", 32), ("<i4", 20)]
)
def test_auto_fills_an_integer_type(tmp_path, stored_type, bits, dtype):
    lowest = -(2 ** (bits - 1)) if stored_type[1] == "i" else 0
    values = np.linspace(lowest, lowest + 2**bits - 1, 6).astype(stored_type).reshape(2, 3)
    content = written(tmp_path, values, bits).read_bytes()
    if 8 * dtype.size < bits:
        with pytest.raises(tf.errors.InvalidArgumentError, match=rf"Bits Stored: found {bits}, expected at most"):
            decode_dicom_image(content, scale="auto", dtype=dtype)
    found = decode_dicom_image(content, scale="auto", dtype=dtype, on_error="lossy").numpy().ravel()
    span = 2 ** (8 * dtype.size) - 1
    # In Python's integers, of any size; a half is rounded up.
    exact = [((int(value) - lowest) * span * 2 + 2**bits - 1) // (2 * (2**bits - 1)) for value in values.ravel()]
    assert [int(value) - dtype.min for value in found] == exact
    assert (found[0], found[-1]) == (dtype.min, dtype.max)


@pytest.mark.parametrize("dtype", [tf.float16, tf.float32, tf.float64])
def test_auto_makes_0_to_1_of_floats(decode, dtype):
    found = decode(tf.io.read_file(CT), scale="auto", dtype=dtype).numpy()
    assert np.allclose(found, (stored_4d(CT) + 2.0**15) / (2**16 - 1), atol=np.finfo(dtype.as_numpy_dtype).eps)


def test_8_bits_of_color_fill_16():
    found = decode_dicom_image(tf.io.read_file(COLOR), scale="auto").numpy()
    assert (found == stored(COLOR).astype(int) * 257).all()


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_files(decode, kind):
    broken, message = BROKEN[kind]
    content = broken(Path(CT).read_bytes())
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        decode(content)
    for on_error in ("skip", "lossy"):
        empty = decode(content, on_error=on_error, dtype=tf.float32)
        assert (empty.shape, empty.dtype) == (EMPTY[decode], tf.float32)


def test_what_is_skipped_is_filtered():
    """The graph goes on after a skipped file: the shapes that it knows are true of every element."""
    contents = [Path(CT).read_bytes(), b"", Path(COLOR).read_bytes()]
    images = tf.data.Dataset.from_tensor_slices(contents)
    images = images.map(lambda one: decode_dicom_image(one, on_error="skip", dtype=tf.int16))
    assert [image.shape.rank for image in images] == [4, 4, 4]
    resized = images.filter(lambda image: tf.size(image) > 0).map(lambda image: tf.image.resize(image, (5, 6)))
    assert [image.shape for image in resized] == [(1, 5, 6, 1), (1, 5, 6, 3)]


def test_one_file_at_a_time(decode):
    with pytest.raises((tf.errors.InvalidArgumentError, ValueError), match=r"[Ss]hape"):
        decode([b"", b""])


@pytest.mark.parametrize("option", ["on_error", "scale"])
def test_options_that_are_none(option):
    with pytest.raises(ValueError, match=f"'{option}': found 'sktip', expected one of"):
        decode_dicom_image(b"", **{option: "sktip"})


@pytest.mark.parametrize("dtype", [tf.string, tf.bool, tf.complex64, tf.bfloat16, tf.qint8])
def test_dtypes_that_are_no_numbers(dtype):
    with pytest.raises(ValueError, match=f"'dtype': found {dtype.name}, expected"):
        decode_dicom_image(b"", dtype=dtype)

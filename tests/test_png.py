"""PNG files, read by Pillow and OpenCV."""

import io
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomet import PixelDataError, _native
from dicomet._utils import atomic, png

Image = pytest.importorskip("PIL.Image")
try:
    import cv2
except ImportError:
    cv2 = None

SHAPES = [(1, 1), (1, 2), (2, 1), (3, 5), (7, 3), (64, 64), (31, 257), (255, 129), (1, 3000), (3000, 1), (512, 512)]


def by_pillow(file):
    with Image.open(io.BytesIO(file)) as image:
        image.load()
        return np.asarray(image)


def by_opencv(file):
    array = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
    return array[..., ::-1] if array.ndim == 3 else array


def by_dtype(array):
    """Pillow has no RGB of 16 bits and cuts its samples."""
    yield from () if cv2 is None else [by_opencv]
    if array.dtype == np.uint8 or array.ndim == 2:
        yield by_pillow


def noise(shape, dtype):
    return np.random.default_rng(5).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


def smooth(shape, dtype):
    steps = np.linspace(0, np.iinfo(dtype).max, int(np.prod(shape)))
    return steps.reshape(shape).astype(dtype)


@pytest.mark.parametrize("make", [noise, smooth])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [(), (3,)])
@pytest.mark.parametrize("shape", SHAPES)
def test_others_read_what_was_written(shape, channels, dtype, make):
    array = make(shape + channels, dtype)
    file = png.encode(array)
    for read in by_dtype(array):
        found = read(file)
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array)


@settings(max_examples=150, derandomize="CI" in os.environ)
@given(
    rows=st.integers(1, 40),
    columns=st.integers(1, 40),
    seed=st.integers(0, 2**32),
    step=st.integers(1, 3),
    order=st.sampled_from("<>"),
)
def test_any_memory_layout_is_read(rows, columns, seed, step, order):
    whole = np.random.default_rng(seed).integers(0, 2**16, (rows * step, columns + 2), dtype=np.uint16)
    array = whole.astype(order + "u2")[::-step, 1:-1]
    np.testing.assert_array_equal(by_pillow(png.encode(array)), array)
    np.testing.assert_array_equal(by_pillow(png.encode(array.T)), array.T)


def test_an_axis_of_one_channel_is_gray():
    array = smooth((4, 6, 1), np.uint8)
    np.testing.assert_array_equal(by_pillow(png.encode(array)), array[..., 0])


def test_noise_is_not_longer_than_itself():
    array = noise((300, 300), np.uint8)
    assert len(png.encode(array)) < array.nbytes * 1.02


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros((2, 2), np.int16), "found int16"),
        (np.zeros((2, 2), np.float32), "found float32"),
        (np.zeros((2, 2), np.uint32), "found uint32"),
        (np.zeros((2, 2), bool), "found bool"),
        (np.zeros((2, 2, 4), np.uint8), r"found \(2, 2, 4\)"),
        (np.zeros((2, 2, 2, 3), np.uint8), r"found \(2, 2, 2, 3\)"),
        (np.zeros(4, np.uint8), r"found \(4,\)"),
        (np.zeros((0, 4), np.uint8), r"found \(0, 4\)"),
    ],
)
def test_what_png_cannot_hold_is_refused(array, says):
    with pytest.raises(ValueError, match=says):
        png.encode(array)


def test_the_core_refuses_a_wrong_length():
    with pytest.raises(PixelDataError, match="found 5 bytes, expected 6"):
        _native.encode_png(bytes(5), width=3, height=2, channels=1, bits=8)


def test_a_file_is_there_as_a_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.bin"
    atomic.write(path, b"before")

    def fails(file):
        file.write(b"half")
        assert path.read_bytes() == b"before"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        atomic.write(path, fails)
    assert path.read_bytes() == b"before"
    atomic.write(path, lambda file: file.write(b"after"))
    assert path.read_bytes() == b"after"
    assert [file.name for file in tmp_path.iterdir()] == ["a.bin"]


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        atomic.write(tmp_path / "no" / "a.bin", b"")


def test_names_may_be_as_long_as_the_system_lets_them(tmp_path):
    path = tmp_path / ("a" * 250 + ".png")
    atomic.write(path, b"x")
    assert list(tmp_path.iterdir()) == [path]

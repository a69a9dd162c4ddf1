"""Resizing: samples equal Pillow's."""

import os
import platform

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomet import PixelDataError, _native

Image = pytest.importorskip("PIL.Image")

FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
SMOOTH = ["bilinear", "bicubic", "lanczos"]
SIZES = [
    ((512, 512), (224, 224)),
    ((128, 128), (300, 301)),
    ((97, 203), (31, 64)),
    ((50, 70), (50, 20)),
    ((50, 70), (20, 70)),
    ((50, 70), (50, 70)),
    ((1, 1), (5, 7)),
    ((33, 1), (4, 4)),
    ((300, 200), (1, 1)),
    ((65535, 1), (1, 3)),
    ((2, 65535), (3, 2)),
    ((1, 3), (65535, 2)),
]
SIDES = st.integers(1, 90)


def resized(array, size, filter_name):
    out = np.empty((*size, *array.shape[2:]), array.dtype)
    _native.resize(
        array,
        out,
        src_size=array.shape[:2],
        out_size=size,
        channels=array.shape[2] if array.ndim == 3 else 1,
        dtype=array.dtype.name,
        filter=filter_name,
    )
    return out


def by_pillow(array, size, filter_name):
    """Resize rows, then columns: Pillow's own order depends on its version, and integers are rounded in between."""
    return _by_pillow(_by_pillow(array, (array.shape[0], size[1]), filter_name), size, filter_name)


def _by_pillow(array, size, filter_name):
    """Resize in the modes L, RGB, I;16 or F; resize channels one by one where Pillow has no such mode."""
    if array.dtype == np.uint8 or array.ndim == 2:
        return np.asarray(Image.fromarray(array).resize(size[::-1], FILTERS[filter_name]))
    channels = [_by_pillow(np.ascontiguousarray(array[..., i]), size, filter_name) for i in range(array.shape[2])]
    return np.stack(channels, axis=-1)


def nearest(array, size):
    """Return the pixels in which the new centers lie, in integers."""
    rows, columns = ((2 * np.arange(to) + 1) * of // (2 * to) for of, to in zip(array.shape, size, strict=False))
    return array[rows][:, columns]


def is_between_two(array, size):
    """A new center lies just between two pixels, and Pillow's floats do not decide it in one way."""
    return any(((2 * np.arange(to) + 1) * of % (2 * to) == 0).any() for of, to in zip(array.shape, size, strict=False))


def image(shape, dtype, seed=3):
    """Return noise over a ramp and an edge. Sharpening filters overshoot the range of bytes there, but not of 16 bits.

    Some versions of Pillow clip the two bytes of such a sample separately.
    """
    rng = np.random.default_rng(seed)
    unit = rng.random(shape) * 0.5 + np.linspace(0, 0.5, shape[1]).reshape(1, -1, *[1] * (len(shape) - 2))
    unit[: shape[0] // 2, : shape[1] // 2] = rng.integers(0, 2)
    if dtype == np.float32:
        return unit.astype(np.float32)
    return (unit * 255).astype(dtype) if dtype == np.uint8 else (0.25 * 65535 + unit * 0.5 * 65535).astype(dtype)


def assert_equal_to_pillow(found, expected):
    """On other processors, compilers fuse multiplication and addition in Pillow, which then rounds once."""
    if platform.machine() in {"x86_64", "AMD64"}:
        np.testing.assert_array_equal(found, expected)
    else:
        np.testing.assert_allclose(found.astype(float), expected, rtol=0, atol=3e-6 if found.dtype == np.float32 else 2)


@pytest.mark.parametrize("filter_name", SMOOTH)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [(), (3,)])
@pytest.mark.parametrize(("shape", "size"), SIZES)
def test_pillow_gives_the_same(shape, size, channels, dtype, filter_name):
    array = image(shape + channels, dtype)
    assert_equal_to_pillow(resized(array, size, filter_name), by_pillow(array, size, filter_name))


@settings(max_examples=200, derandomize="CI" in os.environ)
@given(
    shape=st.tuples(SIDES, SIDES),
    size=st.tuples(SIDES, SIDES),
    channels=st.sampled_from([(), (3,)]),
    dtype=st.sampled_from([np.uint8, np.uint16, np.float32]),
)
def test_the_nearest_is_where_the_center_lies(shape, size, channels, dtype):
    array = image(shape + channels, dtype)
    found = resized(array, size, "nearest")
    np.testing.assert_array_equal(found, nearest(array, size))
    if not is_between_two(array, size):
        np.testing.assert_array_equal(found, by_pillow(array, size, "nearest"))


@settings(max_examples=200, derandomize="CI" in os.environ)
@given(
    shape=st.tuples(SIDES, SIDES) | st.tuples(SIDES, SIDES, st.just(3)),
    size=st.tuples(SIDES, SIDES),
    filter_name=st.sampled_from(SMOOTH),
    dtype=st.sampled_from([np.uint8, np.uint16, np.float32]),
    seed=st.integers(0, 1000),
)
def test_any_size_equals_pillow(shape, size, filter_name, dtype, seed):
    array = image(shape, dtype, seed)
    assert_equal_to_pillow(resized(array, size, filter_name), by_pillow(array, size, filter_name))


@pytest.mark.parametrize("filter_name", SMOOTH)
def test_16_bits_are_clipped_where_a_filter_exceeds_them(filter_name):
    array = np.kron([[0, 65535], [65535, 0]], np.ones((30, 30))).astype(np.uint16)
    found = resized(array, (60, 97), filter_name)
    floats = resized(array.astype(np.float32), (60, 97), filter_name)
    assert (floats.max() > 65535) == (filter_name != "bilinear")
    np.testing.assert_allclose(found, np.clip(np.floor(floats + 0.5), 0, 65535), rtol=0, atol=1)
    assert (found.min(), found.max()) == (0, 65535)


def test_infinite_samples_without_weight_change_nothing():
    found = resized(np.array([[1, np.inf]], np.float32), (1, 6), "bilinear")
    np.testing.assert_array_equal(found, [[1, 1, np.inf, np.inf, np.inf, np.inf]])


@pytest.mark.parametrize("filter_name", SMOOTH)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_memory_that_is_not_aligned_gives_the_same(dtype, filter_name):
    array = image((40, 50), dtype)
    memory = np.zeros(array.nbytes + 1, np.uint8)
    memory[1:] = array.view(np.uint8).ravel()
    memory.flags.writeable = False
    found = np.zeros(20 * 30 * array.itemsize + 1, np.uint8)
    options = {"channels": 1, "dtype": array.dtype.name, "filter": filter_name}
    _native.resize(memory[1:], found[1:], src_size=(40, 50), out_size=(20, 30), **options)
    np.testing.assert_array_equal(found[1:].view(dtype).reshape(20, 30), resized(array, (20, 30), filter_name))


def test_a_thin_line_is_not_lost():
    array = np.zeros((64, 64), np.uint8)
    array[:, 31] = 255
    assert resized(array, (8, 8), "bilinear").max() > 10


@pytest.mark.parametrize(
    ("changed", "error", "says"),
    [
        ({"dtype": "int16"}, ValueError, "found int16, expected uint8, uint16 or float32"),
        ({"filter": "cubic"}, ValueError, 'found "cubic"'),
        ({"channels": 2}, PixelDataError, "found 2, expected 1 or 3"),
        ({"src_size": (2, 3)}, PixelDataError, "found 4 bytes, expected 6"),
        ({"out_size": (0, 1)}, PixelDataError, "Rows: found 0"),
    ],
)
def test_what_does_not_fit_is_refused(changed, error, says):
    fits = {"src_size": (2, 2), "out_size": (1, 1), "channels": 1, "dtype": "uint8", "filter": "bilinear"}
    with pytest.raises(error, match=says):
        _native.resize(bytes(4), bytearray(1), **{**fits, **changed})

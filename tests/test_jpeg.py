"""The values of JPEG (PS3.5 A.4.1): those of libjpeg-turbo for DCT processes, and the known ones for lossless."""

import itertools

import jpeg_streams as streams
import numpy as np
import pytest
from jpeg_streams import SAMPLINGS, by_libjpeg, by_pillow, dicom, extended, lossless, lossless_by_libjpeg, raw, texture

SIDES = (*range(1, 34), 37, 41, 43, 47, 53, 59, 61, 67)
"""Every remainder of blocks and MCUs, and primes."""
SHAPES = [
    *zip(SIDES, reversed(SIDES), strict=True),
    *((side, side) for side in SIDES),
    (1, 67),
    (67, 1),
    (2, 3),
    (3, 2),
]


def assert_as_libjpeg(frames: list[bytes], stored: int, **form) -> None:
    """All frames, and each frame alone, have the samples of libjpeg-turbo."""
    expected = np.stack([by_libjpeg(frame) for frame in frames])
    data = dicom(frames, stored, **form)
    found = raw(data)
    assert found.dtype == expected.dtype
    assert np.array_equal(found.reshape(expected.shape), expected)


@pytest.mark.parametrize("sampling", ["gray", *SAMPLINGS])
def test_all_sizes(sampling):
    for rows, columns in SHAPES:
        samples = texture(rows, columns, samples=1 if sampling == "gray" else 3)
        options = {} if sampling == "gray" else {"sampling": sampling}
        assert_as_libjpeg([streams.baseline(samples, **options)], 8)


@pytest.mark.parametrize("sampling", ["gray", "4:4:4", "4:2:2", "4:2:0"])
def test_all_sizes_progressive(sampling):
    for rows, columns in SHAPES[::2]:
        samples = texture(rows, columns, samples=1 if sampling == "gray" else 3)
        options = {} if sampling == "gray" else {"subsampling": sampling}
        assert_as_libjpeg([by_pillow(samples, progressive=True, **options)], 8)


@pytest.mark.parametrize("count", [1, 3])
def test_all_sizes_of_12_bits(count):
    for rows, columns in SHAPES[::2]:
        assert_as_libjpeg([extended(texture(rows, columns, 12, count))], 12)


@pytest.mark.parametrize("sampling", ["gray", *SAMPLINGS])
def test_all_qualities(sampling):
    """In one image: every frame has tables of its own."""
    samples = texture(45, 58, samples=1 if sampling == "gray" else 3)
    options = {} if sampling == "gray" else {"sampling": sampling}
    assert_as_libjpeg([streams.baseline(samples, level, **options) for level in range(1, 101, 3)], 8)


@pytest.mark.parametrize("level", [1, 30, 60, 90, 100])
def test_qualities_of_12_bits(level):
    assert_as_libjpeg([extended(texture(45, 58, 12, count), level) for count in (1,)], 12)
    assert_as_libjpeg([extended(texture(45, 58, 12, 3), level)], 12)


@pytest.mark.parametrize("sampling", ["gray", "4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("progressive", [False, True], ids=["sequential", "progressive"])
def test_restart_intervals(sampling, progressive):
    samples = texture(61, 83, samples=1 if sampling == "gray" else 3)
    options = {"progressive": progressive, **({} if sampling == "gray" else {"subsampling": sampling})}
    intervals = [{"restart_marker_rows": rows} for rows in (1, 2, 3)]
    intervals += [{"restart_marker_blocks": blocks} for blocks in (1, 2, 5, 7, 11, 50)]
    assert_as_libjpeg([by_pillow(samples, **options, **interval) for interval in intervals], 8)


@pytest.mark.parametrize("kind", ["black", "white", "noise", "checkers"])
def test_extreme_samples(kind):
    y, x = np.ogrid[:40, :40]
    samples = {
        "black": np.zeros((40, 40), np.uint8),
        "white": np.full((40, 40), 255, np.uint8),
        "noise": np.random.default_rng(5).integers(0, 256, (40, 40), dtype=np.uint8),
        "checkers": ((x + y) % 2 * 255).astype(np.uint8),
    }[kind]
    color = np.stack([samples, samples[::-1], 255 - samples], axis=-1)
    for level in (1, 20, 100):
        assert_as_libjpeg([streams.baseline(samples, level)], 8)
        for sampling in SAMPLINGS:
            assert_as_libjpeg([streams.baseline(color, level, sampling)], 8)


@pytest.mark.parametrize("bits", range(2, 17))
def test_lossless(bits):
    """Every predictor and some point transforms, as frames of one image, of which all but the first need a new plan."""
    cases = list(itertools.product(range(1, 8), sorted({0, 1, bits // 2, bits - 1})))
    for count in (1, 3):
        samples = texture(9, 13, bits, count)
        frames = [lossless(samples, bits, predictor, shift) for predictor, shift in cases]
        photometric = None if count == 1 else "RGB"
        found = raw(dicom(frames, bits, photometric=photometric))
        for frame, (predictor, shift) in zip(found, cases, strict=True):
            assert np.array_equal(frame, samples >> shift << shift), (predictor, shift)


@pytest.mark.parametrize("bits", range(2, 17))
def test_lossless_by_another_encoder(bits):
    for predictor in range(1, 8):
        samples = texture(23, 37, bits, seed=predictor)
        stream = lossless_by_libjpeg(samples, bits, predictor)
        assert np.array_equal(streams.imagecodecs.ljpeg_decode(stream), samples)
        assert np.array_equal(raw(dicom([stream], bits)), samples)


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_lossless_sizes(bits):
    for rows, columns in SHAPES:
        samples = texture(rows, columns, bits)
        assert np.array_equal(raw(dicom([lossless_by_libjpeg(samples, bits)], bits)), samples)


@pytest.mark.parametrize("predictor", range(1, 8))
def test_lossless_with_restart_intervals(predictor):
    samples = texture(11, 13, 12)
    frames = [lossless(samples, 12, predictor, 2, restart_rows=rows) for rows in (1, 2, 3, 5, 11)]
    for frame in raw(dicom(frames, 12)):
        assert np.array_equal(frame, samples >> 2 << 2)


def test_lossless_extremes():
    """Differences of all categories: 16, too, which has no additional bits."""
    samples = np.array([[0, 65535, 0, 32768, 0, 1, 65535, 32767], [32768, 0, 65535, 1, 2, 4, 8, 16]] * 3, np.uint16)
    for predictor in range(1, 8):
        assert np.array_equal(raw(dicom([lossless(samples, 16, predictor)], 16)), samples)

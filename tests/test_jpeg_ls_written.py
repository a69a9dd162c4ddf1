"""JPEG-LS codestreams that no common encoder writes, decoded from files."""

import jpeg_ls_streams as streams
import numpy as np
import pytest
from jpeg_ls_streams import LINE, NONE, SAMPLE, Scan

import dicomet

ROWS, COLUMNS = 13, 29
ALL = (0, 1, 2)


def samples(bits: int, components: int = 1) -> np.ndarray:
    """Runs, edges and noise."""
    rng = np.random.default_rng(bits)
    steps = rng.integers(-2, 3, (ROWS, COLUMNS, components)) * (rng.random((ROWS, COLUMNS, components)) < 0.6)
    found = np.cumsum(steps, 1) + (1 << bits) // 3
    found[:4] = rng.integers(0, 1 << bits, (4, COLUMNS, components))
    return found.clip(0, (1 << bits) - 1)


def check(stream: bytes, expected: np.ndarray, bits: int) -> None:
    array = dicomet.pixel_array(streams.dicom([stream], bits))
    assert np.array_equal(array, expected.reshape(array.shape))


@pytest.mark.parametrize("near", [0, 2])
@pytest.mark.parametrize("rows", [1, 3, 12, 13, 20])
def test_restart_intervals(rows, near):
    """The restart interval counts lines (T.87 C.2.5)."""
    check(*streams.written(samples(8), 8, [Scan(rows=rows, near=near)]), 8)


@pytest.mark.parametrize("mode", [LINE, SAMPLE])
def test_restart_intervals_of_interleaved_components(mode):
    check(*streams.written(samples(8, 3), 8, [Scan(ALL, mode, rows=2)]), 8)


@pytest.mark.parametrize("bits", [5, 12, 16])
@pytest.mark.parametrize("preset", [{"reset": 3}, {"thresholds": (4, 9, 14)}, {"maxval": 29}])
def test_presets(preset, bits):
    """LSE type 1 (T.87 C.2.4.1.1)."""
    stream, expected = streams.written(samples(bits) % 30, bits, [Scan(**preset)])
    check(stream, expected, bits)


def test_mixed_scans():
    """Each scan has interleave mode, NEAR and restart interval of its own."""
    scans = [Scan((1,), NONE, near=1, rows=4), Scan((0, 2), LINE, rows=5)]
    check(*streams.written(samples(8, 3), 8, scans), 8)


def test_dimensions_in_a_segment():
    """LSE type 4 (T.87 C.2.4.1.4) in place of the numbers of the frame header."""
    frame = streams.frame_header(12, 0, 0, 1)
    stream, expected = streams.written(samples(12), 12, segments=streams.oversize(ROWS, COLUMNS), frame=frame)
    array = dicomet.pixel_array(streams.dicom([stream], 12, shape=(ROWS, COLUMNS, 1)))
    assert np.array_equal(array, expected[..., 0])


@pytest.mark.parametrize("parts", [None, 100])
def test_mapping_tables(parts):
    """LSE types 2 and 3 (T.87 C.2.4.1.2, C.2.4.1.3)."""
    table = np.arange(256, dtype=np.uint8)[::-1]
    stream, expected = streams.written(samples(8), 8, [Scan(table=1)], segments=streams.mapping_table(1, table, parts))
    check(stream, table[expected], 8)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_hp_color_transforms(number):
    expected = samples(8, 3)
    check(streams.transformed(expected, number), expected, 8)


def test_a_missing_restart_marker():
    """An error names the marker that is expected."""
    stream, _ = streams.written(samples(8), 8, [Scan(rows=2)])
    at = stream.index(b"\xff\xd2")
    with pytest.raises(dicomet.PixelDataError, match="RST2"):
        dicomet.pixel_array(streams.dicom([stream[:at] + stream[at + 2 :]], 8))

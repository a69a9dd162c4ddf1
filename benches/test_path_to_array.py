"""From a path to an array: dicomet, pydicom, and `numpy.fromfile` of the same bytes as the lower limit.

The tests assert nothing about times, which are printed for comparison.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom.pixels
import pytest

import dicomet
from workloads import WORKLOADS, Workload

Files = Callable[[Workload], Path]

RELIABLE = {"min_rounds": 7, "max_time": 0.5, "warmup": "on", "warmup_iterations": 1}
EACH = pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
EACH_CINE = pytest.mark.parametrize(
    "workload", [workload for workload in WORKLOADS if workload.shape[0] > 1], ids=lambda workload: workload.name
)
EACH_READER = pytest.mark.parametrize("reader", ["dicomet", "pydicom", "fromfile"])


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """Return a function that writes each file on first use. The files are removed at the end, as they are large."""
    folder = tmp_path_factory.mktemp("workloads")
    written = {}

    def file(workload: Workload) -> Path:
        if workload.name not in written:
            written[workload.name] = workload.write(folder)
        return written[workload.name]

    yield file
    shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def pydicom_without_dicomet(monkeypatch):
    """Measure pydicom without dicomet, which pylibjpeg would otherwise use as a plugin."""
    monkeypatch.setenv("DICOMET", "0")


def reading(reader: str, workload: Workload, path: Path, index: int | None) -> Callable[[], np.ndarray]:
    """Return a function that reads the file at `path` with `reader`."""
    if reader == "dicomet":
        return lambda: dicomet.pixel_array(path, index=index)
    if reader == "pydicom":
        return lambda: pydicom.pixels.pixel_array(path, index=index)
    if workload.rle:
        pytest.skip("compressed: the file does not hold the bytes of the array")
    first, count = (0, workload.shape[0]) if index is None else (index, 1)
    start, end = first * workload.frame_bits // 8, -(-(first + count) * workload.frame_bits // 8)
    offset = path.stat().st_size - workload.value_bytes + start
    return lambda: np.fromfile(path, np.uint8, count=end - start, offset=offset)


def assert_same(found: np.ndarray, workload: Workload, path: Path, index: int | None) -> None:
    """Compare with pydicom, which rounds G in the opposite direction for the one chrominance (78, 178)."""
    expected = pydicom.pixels.pixel_array(path, index=index)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    different = found != expected
    if workload.photometric.startswith("YBR"):
        _, cb, cr = np.moveaxis(pydicom.pixels.pixel_array(path, index=index, raw=True), -1, 0)
        off_by_one = abs(found[..., 1].astype(int) - expected[..., 1]) == 1
        different[..., 1] &= ~(off_by_one & (cb == 78) & (cr == 178))
    assert not different.any()


@EACH_READER
@EACH
@pytest.mark.benchmark(**RELIABLE)
def test_file(benchmark, files, workload, reader):
    path = files(workload)
    benchmark.group = workload.name
    array = benchmark(reading(reader, workload, path, None))
    if reader == "dicomet":
        assert_same(array, workload, path, None)


@EACH_READER
@EACH_CINE
@pytest.mark.benchmark(**RELIABLE)
def test_middle_frame(benchmark, files, workload, reader):
    path, index = files(workload), workload.shape[0] // 2
    benchmark.group = f"{workload.name}: one frame"
    array = benchmark(reading(reader, workload, path, index))
    if reader == "dicomet":
        assert_same(array, workload, path, index)

"""`Dataset.pixel_array` of a data set in memory, not yet decoded, with and without `dicomet.install()`.

The measurement without it also disables dicomet's plugin for pylibjpeg.
"""

import io

import pydicom
import pytest

import dicomet
from test_path_to_array import EACH, RELIABLE, files  # noqa: F401 - a fixture
from workloads import Workload


def pixel_array(dataset: pydicom.Dataset):
    dataset._pixel_array = None  # noqa: SLF001 - as pydicom does when the pixel data changes
    dataset._pixel_id = {}  # noqa: SLF001
    return dataset.pixel_array


@pytest.mark.parametrize("installed", [True, False], ids=["installed", "without"])
@EACH
@pytest.mark.benchmark(**RELIABLE)
def test_dataset(benchmark, files, workload: Workload, installed, monkeypatch):  # noqa: F811
    dataset = pydicom.dcmread(io.BytesIO(files(workload).read_bytes()))
    benchmark.group = f"{workload.name}: ds.pixel_array"
    if installed:
        with dicomet.install():
            before = dicomet.stats().declined
            benchmark(pixel_array, dataset)
            assert dicomet.stats().declined == before
    else:
        monkeypatch.setenv("DICOMET", "0")
        benchmark(pixel_array, dataset)

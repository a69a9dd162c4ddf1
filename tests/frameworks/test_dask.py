"""`dicomet.dask`: lazy arrays of files, computed by threads, by processes, and by a cluster that loses a worker."""

import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import files
import numpy as np
import pydicom
import pytest

import dicomet

pytest.importorskip("dask.array", reason="dask is not installed: pip install '.[dask]'")

from dicomet.dask import from_files

CASES = [
    case
    for case in files.cases()
    if case.expected.file == files.EQUAL
    and not case.expected.transfer_syntax
    and not case.expected.slow
    and case.path.name not in files.OTHER_VALUES
]
TEST_FILES = files.ROOTS["pydicom"]
CT = TEST_FILES / "CT_small.dcm"
MULTI = TEST_FILES / "rtdose_rle.dcm"
PALETTE = TEST_FILES / "examples_palette.dcm"
SERIES = sorted((TEST_FILES / "dicomdirtests" / "98892003" / "MR700").iterdir())


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def by_frames(path: Path) -> np.ndarray:
    with dicomet.open(path) as image:
        return image[:]


def changed(path: Path, **elements) -> Path:
    """The CT with other elements."""
    dataset = pydicom.dcmread(CT)
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path)
    return path


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_file_is_the_array_of_pydicom(case):
    lazy = from_files(case.path, chunks=4)
    array = lazy.compute(scheduler="synchronous")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = pydicom.pixels.pixel_array(case.path)
    assert np.array_equal(array, expected.reshape(array.shape))
    assert array.shape == lazy.shape == (len(lazy), *expected.shape[expected.ndim - lazy.ndim + 1 :])
    assert array.dtype == lazy.dtype == expected.dtype.newbyteorder("=")


@pytest.mark.parametrize("scheduler", ["synchronous", "threads", "processes"])
def test_schedulers(scheduler):
    expected = np.stack([pydicom.dcmread(path).pixel_array for path in SERIES])
    lazy = from_files(SERIES)
    assert lazy.chunks == ((1,) * len(SERIES), (16,), (16,))
    assert np.array_equal(lazy.compute(scheduler=scheduler), expected)
    assert np.array_equal(lazy[1:3, 4:8].compute(scheduler=scheduler), expected[1:3, 4:8])
    assert lazy.max().compute(scheduler=scheduler) == expected.max()


def test_frames_count_from_the_end():
    whole = by_frames(MULTI)
    for index in (-1, -len(whole), 0):
        assert np.array_equal(from_files([MULTI, MULTI], index=index).compute(), [whole[index]] * 2)
    assert np.array_equal(from_files([MULTI], index=-1, values="display"), [dicomet.to_display(MULTI, index=-1)])


@pytest.mark.parametrize("chunks", [1, 2, 3, 7, 100])
def test_chunks(chunks):
    for src, expected in ((MULTI, by_frames(MULTI)), (SERIES, np.stack([by_frames(path)[0] for path in SERIES]))):
        lazy = from_files(src, chunks=chunks)
        assert lazy.numblocks[0] == -(-len(expected) // chunks)
        assert max(lazy.chunks[0]) == min(chunks, len(expected))
        assert np.array_equal(lazy.compute(), expected)


def test_one_frame_is_decoded_alone(monkeypatch):
    decoded = []
    read = dicomet._decoding.frame_reader.FrameReader.read

    def counted(self, first, count, *rest):
        decoded.extend(range(first, first + count))
        return read(self, first, count, *rest)

    lazy = from_files(MULTI)
    monkeypatch.setattr("dicomet._decoding.frame_reader.FrameReader.read", counted)
    assert np.array_equal(lazy[7].compute(), by_frames(MULTI)[7])
    assert decoded[0] == 7
    assert decoded.count(7) == 2


def test_only_the_first_file_is_opened(tmp_path):
    paths = [CT, *(tmp_path / f"not there {number}" for number in range(1000))]
    lazy = from_files(paths)
    assert lazy.shape == (1001, 128, 128)
    assert np.array_equal(lazy[0].compute(), dicomet.pixel_array(CT))
    with pytest.raises(FileNotFoundError, match="not there 4"):
        lazy[5].compute()


def test_many_files_are_planned_at_once():
    lazy = from_files([CT] * 100_000, chunks=50)
    assert lazy.shape == (100_000, 128, 128)
    assert np.array_equal(lazy[77_777].compute(), dicomet.pixel_array(CT))


@pytest.mark.parametrize("as_path", [str, Path])
def test_paths_of_both_kinds(as_path, tmp_path, monkeypatch):
    shutil.copy(CT, tmp_path / "ct.dcm")
    monkeypatch.chdir(tmp_path)
    one, several = from_files(as_path("ct.dcm")), from_files(as_path(name) for name in ["ct.dcm", "ct.dcm"])
    monkeypatch.chdir("/")
    assert np.array_equal(one.compute()[0], dicomet.pixel_array(CT))
    assert several.compute().shape == (2, 128, 128)


# Values


FUNCTIONS = {"modality": (dicomet.modality_values, np.float32), "display": (dicomet.to_display, np.uint8)}


@pytest.mark.parametrize("values", FUNCTIONS)
@pytest.mark.parametrize(
    "path", [CT, MULTI, PALETTE, TEST_FILES / "examples_rgb_color.dcm"], ids=lambda path: path.name
)
def test_values(values, path):
    function, dtype = FUNCTIONS[values]
    expected = np.stack([function(path, index=index, dtype=dtype) for index in range(len(by_frames(path)))])
    lazy = from_files(path, values=values)
    array = lazy.compute()
    assert array.shape == lazy.shape == expected.shape
    assert array.dtype == lazy.dtype == dtype
    assert np.array_equal(array, expected)


def test_modality_values_of_a_series_with_several_slopes(tmp_path):
    slopes = [1, 0.5, 2.25]
    paths = [changed(tmp_path / str(slope), RescaleSlope=slope, RescaleIntercept=-10) for slope in slopes]
    stored = dicomet.pixel_array(CT)
    array = from_files(paths, values="modality").compute()
    assert array.dtype == np.float32
    assert np.array_equal(array, np.stack([stored * np.float32(slope) - 10 for slope in slopes]))
    assert from_files(paths, values="modality", dtype=np.float64).compute().dtype == np.float64


def test_options_are_passed_on():
    path = TEST_FILES / "SC_ybr_full_422_uncompressed.dcm"
    assert np.array_equal(from_files(path, raw=True).compute()[0], dicomet.pixel_array(path, raw=True))
    shown = from_files([CT], values="display", window=(40, 400), dtype=np.uint16)
    assert shown.dtype == np.uint16
    assert np.array_equal(shown.compute()[0], dicomet.to_display(CT, window=(40, 400), dtype=np.uint16))
    with pytest.raises(dicomet.PixelDataError, match="'max_bytes'"):
        from_files(CT, max_bytes=10).compute()


def test_a_frame_of_each_file():
    assert np.array_equal(from_files([MULTI, MULTI], index=3).compute(), by_frames(MULTI)[[3, 3]])
    assert np.array_equal(from_files([CT], index=0).compute()[0], dicomet.pixel_array(CT))


@pytest.mark.parametrize("values", ["stored", "display"])
def test_files_of_several_frames(values):
    lazy = from_files([MULTI, MULTI, MULTI], values=values, chunks=2)
    assert lazy.shape == (3, 15, 10, 10)
    assert lazy.numblocks == (2, 1, 1, 1)
    function = {"stored": dicomet.pixel_array, "display": dicomet.to_display}[values]
    assert np.array_equal(lazy.compute()[2], function(MULTI))


# What is wrong


@pytest.mark.parametrize("chunks", [1, 3])
def test_a_file_of_another_shape_is_named(chunks):
    lazy = from_files([CT, SERIES[0], CT], chunks=chunks)
    expected = rf"{SERIES[0].name}: found an array of shape \(16, 16\) and dtype int16, expected \(128, 128\) and int16"
    with pytest.raises(dicomet.PixelDataError, match=expected):
        lazy.compute()


@pytest.mark.parametrize("chunks", [1, 3])
def test_a_file_of_another_type_is_named(chunks, tmp_path):
    other = changed(tmp_path / "unsigned.dcm", PixelRepresentation=0)
    with pytest.raises(dicomet.PixelDataError, match=r"unsigned.dcm: found .* uint16, expected .* int16"):
        from_files([CT, other], chunks=chunks).compute()


@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_a_broken_file_is_named(scheduler):
    broken = TEST_FILES / "MR_truncated.dcm"
    lazy = from_files([TEST_FILES / "MR_small.dcm", broken])
    with pytest.raises(dicomet.PixelDataError, match=r"MR_truncated.dcm.*found 8130 bytes, expected 8192") as raised:
        lazy.compute(scheduler=scheduler)
    assert raised.value.element == "(7FE0,0010) Pixel Data"


def test_a_first_file_that_is_broken_is_named():
    with pytest.raises(dicomet.MissingElementError, match=r"rtplan\.dcm"):
        from_files([TEST_FILES / "rtplan.dcm", CT])
    with pytest.raises(OSError, match="nowhere"):
        from_files("nowhere")


def test_errors_can_be_sent_to_another_process():
    with pytest.raises(dicomet.PixelDataError) as raised:
        from_files(TEST_FILES / "rtplan.dcm")
    error = raised.value
    other = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (type(other), str(other), other.element) == (type(error), str(error), error.element)


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"paths": []}, ValueError, "found no files"),
        ({"chunks": 0}, ValueError, "'chunks': found 0"),
        ({"chunks": 1.5}, TypeError, "float"),
        ({"values": "seen"}, ValueError, "'values': found 'seen'"),
        ({"paths": CT, "index": 0}, ValueError, "for several files"),
        ({"index": 1}, dicomet.PixelDataError, "found index 1 of 1 frame, expected -1 to 0"),
        ({"index": -2}, dicomet.FrameIndexError, "index -2"),
        ({"out": np.empty(1)}, TypeError, "no argument 'out'"),
        ({"window": (40, 400)}, TypeError, "no argument 'window', which is for values='display'"),
        ({"chunk": 3}, TypeError, "no argument 'chunk', did you mean 'chunks'"),
        ({"paths": [3]}, TypeError, "int"),
    ],
    ids=str,
)
def test_unusable_arguments(arguments, error, says):
    with pytest.raises(error, match=says):
        from_files(**{"paths": [CT], **arguments})


def test_dicomet_itself_does_not_import_dask():
    code = "import sys, dicomet; dicomet.pixel_array, dicomet.to_display; sys.exit('dask' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603


# A cluster


@pytest.fixture
def cluster():
    distributed = pytest.importorskip("distributed", reason="distributed is not installed: pip install '.[dask]'")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as workers,
        distributed.Client(workers) as client,
    ):
        yield client


def wait_for(condition, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that kills")
def test_a_cluster_that_loses_a_worker(cluster):
    paths = SERIES * (2000 // len(SERIES))
    expected = np.stack([pydicom.dcmread(path).pixel_array for path in SERIES])
    before = set(cluster.run(os.getpid).values())
    lazy = from_files(paths).persist()
    wait_for(lambda: sum(map(bool, cluster.who_has().values())) > 100)
    assert sum(map(bool, cluster.who_has().values())) < len(paths), "half-way"
    os.kill(min(before), signal.SIGKILL)
    array = lazy.compute()
    assert np.array_equal(
        array.reshape(-1, *expected.shape), np.broadcast_to(expected, (2000 // len(SERIES), *expected.shape))
    )
    wait_for(lambda: len(set(cluster.run(os.getpid).values()) - before) == 1)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("cluster")
def test_paths_are_sent_to_a_cluster_and_errors_come_back():
    lazy = from_files([CT, SERIES[0]])
    assert all(len(pickle.dumps(task)) < 2000 for task in dict(lazy.dask).values())
    assert np.array_equal(lazy[0].compute(), dicomet.pixel_array(CT))
    with pytest.raises(dicomet.PixelDataError, match=rf"{SERIES[0].name}: found an array of shape"):
        lazy.compute()

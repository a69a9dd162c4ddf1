"""`pixel_arrays`: as many files as one likes, in their order, and each as `pixel_array` gives it."""

import gc
import io
import itertools
import os
import subprocess
import sys
import threading
import warnings
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pydicom
import pytest
from open_images import CASES, Alarm, large, slow_to_decode
from small_images import DATA, IMAGE, rle

import dicomet

FILE_DESCRIPTORS = Path("/proc/self/fd")
SMALL = [case for case in CASES if case.path.stat().st_size < 400_000]


def same(found: np.ndarray, expected: np.ndarray) -> bool:
    return (found.shape, found.dtype, found.tobytes()) == (expected.shape, expected.dtype, expected.tobytes())


@pytest.fixture
def paths(tmp_path) -> list[Path]:
    """Files with different content."""
    found = []
    for number in range(30):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(DATA[:-2] + bytes([number, 0]) if number % 3 else rle(IMAGE))
        found.append(path)
    return found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("workers", [1, 2, 5])
def test_every_file(workers):
    found = dicomet.pixel_arrays([case.path for case in SMALL], workers=workers)
    for case, array in zip(SMALL, found, strict=True):
        assert same(array, dicomet.pixel_array(case.path)), case


@pytest.mark.parametrize("index", [None, 0, 2])
@pytest.mark.parametrize("kind", [list, iter, tuple], ids=lambda kind: kind.__name__)
def test_the_order_is_that_of_the_sources(paths, kind, index):
    for path, array in zip(paths, dicomet.pixel_arrays(kind(paths), index=index), strict=True):
        assert same(array, dicomet.pixel_array(path, index=index))
        assert array.flags.owndata
        assert array.flags.writeable


def test_sources_of_any_kind(paths):
    kinds = [str, Path, Path.read_bytes, lambda path: io.BytesIO(path.read_bytes()), pydicom.dcmread]
    sources = [kind(path) for kind, path in zip(itertools.cycle(kinds), paths)]
    for path, array in zip(paths, dicomet.pixel_arrays(sources), strict=True):
        assert same(array, dicomet.pixel_array(path))


def test_options(paths):
    for options in ({"raw": True}, {"view_only": True}, {"correct_unused_bits": False}, {"number_of_frames": 3}):
        for path, array in zip(paths, dicomet.pixel_arrays(paths, **options), strict=True):
            assert same(array, dicomet.pixel_array(path, **options))


def test_nothing():
    assert list(dicomet.pixel_arrays([])) == []


def test_sources_are_taken_when_they_are_needed(paths):
    taken = []

    def sources():
        for path in paths:
            taken.append(path)
            yield path

    arrays = dicomet.pixel_arrays(sources(), workers=1)
    assert taken == []
    next(arrays)
    assert len(taken) < 12
    arrays.close()


def short(path: Path) -> None:
    path.write_bytes(DATA[:-2])


def damaged(path: Path) -> None:
    path.write_bytes(rle(IMAGE, shorten=(1, 0)))


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (Path.unlink, FileNotFoundError),
        (short, dicomet.PixelDataError),
        (damaged, dicomet.PixelDataError),
        (lambda path: path.write_bytes(b""), dicomet.MissingElementError),
    ],
    ids=["missing", "short", "damaged", "empty"],
)
@pytest.mark.parametrize("bad", [0, 1, 17, 29])
@pytest.mark.filterwarnings("ignore")
def test_an_error_is_raised_when_it_is_its_turn(paths, bad, spoil, error):
    spoil(paths[bad])
    with pytest.raises(error) as alone:
        dicomet.pixel_array(paths[bad])
    arrays = dicomet.pixel_arrays(paths)
    for path in paths[:bad]:
        assert same(next(arrays), dicomet.pixel_array(path))
    with pytest.raises(error) as among_others:
        next(arrays)
    assert str(among_others.value) == str(alone.value)
    if isinstance(among_others.value, dicomet.PixelDataError):
        assert str(among_others.value).startswith(f"{paths[bad]}: ")
        assert not hasattr(among_others.value, "__notes__")
    else:
        assert among_others.value.__notes__ == [f"while reading {str(paths[bad])!r}"]
    assert list(arrays) == []


class Bytes:
    def __fspath__(self):
        return b"x"


class StubbornError(Exception):
    def add_note(self, _):
        raise ZeroDivisionError


def test_what_the_iterator_raises_comes_after_what_it_gave(paths):
    def sources():
        yield from paths[:3]
        raise StubbornError

    for bad, error in ((sources(), StubbornError), ([*paths[:3], Bytes()], TypeError)):
        arrays = dicomet.pixel_arrays(bad)
        for path in paths[:3]:
            assert same(next(arrays), dicomet.pixel_array(path))
        with pytest.raises(error):
            next(arrays)
        assert list(arrays) == []


def test_who_asks_for_what_cannot_be(paths):
    for options, error in (
        ({"workers": 0}, ValueError),
        ({"workers": "2"}, TypeError),
        ({"index": -4}, dicomet.PixelDataError),
        ({"index": 3}, dicomet.PixelDataError),
    ):
        with pytest.raises(error):
            next(dicomet.pixel_arrays(paths, **options))
    for source in (None, 5, object()):
        with pytest.raises(TypeError):
            next(dicomet.pixel_arrays([source]))


def test_warnings_of_each_file(tmp_path):
    path = tmp_path / "longer.dcm"
    path.write_bytes(DATA[:-6])
    sources = [path] * 3
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        list(dicomet.pixel_arrays(sources, index=0))
    assert len(caught) == 3
    assert {warning.filename for warning in caught} == {__file__}


def threads() -> int:
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.exists() else threading.active_count()


@pytest.mark.parametrize("end", ["exhausted", "closed", "dropped", "error"])
def test_no_thread_is_left(paths, end):
    before = threads()
    if end == "error":
        short(paths[5])
    arrays = dicomet.pixel_arrays(paths, workers=3)
    if end == "exhausted":
        list(arrays)
    elif end == "error":
        with pytest.raises(dicomet.PixelDataError):
            list(arrays)
    else:
        next(arrays)
        if end == "closed":
            arrays.close()
    del arrays
    gc.collect()
    assert threads() == before


def test_a_program_may_end_in_the_middle(paths):
    program = "import dicomet, sys\narrays = dicomet.pixel_arrays(sys.argv[1:])\nnext(arrays)\nsys.exit(7)"
    done = subprocess.run([sys.executable, "-c", program, *paths], check=False, timeout=60)  # noqa: S603
    assert done.returncode == 7


def test_several_at_the_same_time(paths):
    for ours, theirs, path in zip(dicomet.pixel_arrays(paths), dicomet.pixel_arrays(paths), paths, strict=True):
        assert same(ours, theirs)
        assert same(ours, dicomet.pixel_array(path))


def test_large_files(tmp_path):
    path = tmp_path / "large.dcm"
    path.write_bytes(data := large(30))
    expected = dicomet.pixel_array(data)
    assert all(same(array, expected) for array in dicomet.pixel_arrays([path] * 4))


def test_a_signal_ends_the_wait(tmp_path):
    signal = pytest.importorskip("signal")
    if not hasattr(signal, "setitimer"):
        pytest.skip("needs a timer that sends signals")

    def ring(*_):
        raise Alarm

    path = tmp_path / "slow.dcm"
    path.write_bytes(slow_to_decode(500))
    before = signal.signal(signal.SIGALRM, ring)
    arrays = dicomet.pixel_arrays([path] * 8, workers=1)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with pytest.raises(Alarm):
            list(arrays)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert list(arrays) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_after_a_fork(paths):
    """Threads do not exist in the child: the rest of an iteration raises an error, and a new one works."""
    arrays = dicomet.pixel_arrays(paths, workers=1)
    next(arrays)
    child = os.fork()
    if child == 0:
        try:
            list(arrays)
        except RuntimeError as error:
            same_again = all(same(a, dicomet.pixel_array(p)) for a, p in zip(dicomet.pixel_arrays(paths), paths))  # noqa: B905
            os._exit(0 if "fork" in str(error) and same_again else 1)
        os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert len(list(arrays)) == len(paths) - 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("end", ["close", "delete"])
def test_ending_the_arrays_of_the_parent_leaves_the_threads_of_a_child(paths, end):
    old = dicomet.pixel_arrays(paths, workers=2)
    next(old)
    child = os.fork()
    if child == 0:
        # pytest must not continue in the child, whatever happens.
        with ExitStack() as stack:
            stack.callback(os._exit, 1)
            new = dicomet.pixel_arrays(paths, workers=2)
            next(new)
            if end == "close":
                old.close()
            del old
            os._exit(0 if len(list(new)) == len(paths) - 1 else 2)
    assert os.waitpid(child, 0)[1] == 0
    old.close()


@pytest.mark.skipif(not FILE_DESCRIPTORS.exists(), reason="needs /proc")
def test_no_file_stays_open_after_an_error(paths, tmp_path):
    bad = tmp_path / "bad.dcm"
    bad.write_bytes(DATA[:-100])
    gc.collect()
    gc.disable()
    try:
        before = len(list(FILE_DESCRIPTORS.iterdir()))
        for _ in range(3):
            with pytest.raises(dicomet.PixelDataError):
                list(dicomet.pixel_arrays([*paths[:3], bad, *paths[3:]], workers=3))
        assert len(list(FILE_DESCRIPTORS.iterdir())) == before
    finally:
        gc.enable()

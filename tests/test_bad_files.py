"""Which errors make a file a bad file, and what loaders do with it, without any framework."""

import errno
import gc
import multiprocessing
import pickle
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dicomet.errors import MissingElementError, PixelDataError
from dicomet.loaders.bad_files import BadFile, BadFiles, makes_bad_file

WHY = "(7FE0,0010) Pixel Data: found 2 bytes, expected 4"


def broken(path):
    raise PixelDataError(WHY, filename=path)


def skipping(count=None):
    return BadFiles("skip", count)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (PixelDataError("x"), True),
        (MissingElementError("x"), True),
        (FileNotFoundError(errno.ENOENT, "x"), True),
        (OSError("x"), True),
        (OSError(errno.EIO, "x"), True),
        (OSError(errno.EMFILE, "too many open files"), False),
        (MemoryError(), False),
        (ValueError("'dtype': found int8"), False),
        (TypeError("x"), False),
    ],
    ids=repr,
)
def test_which_errors_are_of_the_file(error, expected):
    def load(_path):
        raise error

    assert makes_bad_file(error) is expected
    if expected:
        with pytest.warns(UserWarning, match=r"a\.dcm: .*: the file is skipped"):
            assert skipping().read("a.dcm", load) is None
    else:
        with pytest.raises(type(error)):
            skipping().read("a.dcm", load)


def test_raise():
    files = BadFiles("raise")
    with pytest.raises(PixelDataError):
        files.read("a.dcm", broken)
    assert not files.are_skipped
    assert (len(files), files.read("a.dcm", str.upper)) == (0, "A.DCM")


def test_one_warning_for_each_file():
    files = skipping(5)
    with pytest.warns(UserWarning, match="the file is skipped") as seen:  # noqa: PT031 - several calls
        for _ in range(3):
            assert files.read("a.dcm", broken) is None
            assert files.read("b.dcm", broken) is None
    assert [str(one.message) for one in seen] == [f"{name}.dcm: {WHY}: the file is skipped" for name in "ab"]
    assert seen[0].filename == __file__
    assert list(files) == [BadFile("a.dcm", WHY), BadFile("b.dcm", WHY)]
    assert (files[1], files[:1]) == (BadFile("b.dcm", WHY), [BadFile("a.dcm", WHY)])
    assert str(files) == f"dicomet: 2 of 5 files cannot be read\ndicomet: 2 files: {WHY}, e.g. a.dcm, b.dcm"
    assert repr(files) == "<BadFiles, 2 files>"


def test_the_warning_is_one_printable_line():
    with pytest.warns(UserWarning, match=r"^a\\x1b\[31m b\.dcm: .*: the file is skipped$"):
        skipping().read("a\x1b[31m\nb.dcm", broken)


def test_a_function():
    calls = []

    def replaced(path, error):
        calls.append((path, str(error)))
        return None if path.name == "b.dcm" else "image"

    files = BadFiles(replaced)
    with warnings.catch_warnings(action="error"):
        assert [files.read(name, broken) for name in ("a.dcm", "b.dcm", "a.dcm")] == ["image", None, "image"]
    assert calls == [(Path(name), f"{name}: {WHY}") for name in ("a.dcm", "b.dcm", "a.dcm")]
    assert [one.path for one in files] == ["a.dcm", "b.dcm"]

    def raising(_path, error):
        raise RuntimeError from error

    with pytest.raises(RuntimeError):
        BadFiles(raising).read("a.dcm", broken)


@pytest.mark.parametrize("on_error", ["strict", None, 1])
def test_what_is_no_value(on_error):
    with pytest.raises(ValueError, match=r"'on_error': found .*, expected 'raise', 'skip' or a function"):
        BadFiles(on_error)


def _in_process(files, names):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for name in names:
            files.read(name, broken)
    return len(seen)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_files_of_all_processes(method):
    files = skipping()
    with pytest.warns(UserWarning, match="a.dcm"):
        files.read("a.dcm", broken)
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.apply(_in_process, (files, ["a.dcm", "b.dcm", "b.dcm", "\udcff.dcm"])) == 2
    assert [one.path for one in files] == ["a.dcm", "b.dcm", "\udcff.dcm"]
    with warnings.catch_warnings(action="error"):
        assert files.read("b.dcm", broken) is None


def test_on_another_machine():
    """The record does not exist there."""
    files = pickle.loads(pickle.dumps(skipping()))  # noqa: S301 - our own
    gc.collect()
    assert not Path(files._record).exists()
    with pytest.warns(UserWarning, match="a.dcm"):
        files.read("a.dcm", broken)
    assert [one.path for one in files] == ["a.dcm"]
    assert not Path(files._record).exists()


def test_the_report_at_the_end(capsys):
    files = skipping(3)
    with pytest.warns(UserWarning, match="a.dcm"):
        files.read("a.dcm", broken)
    record = Path(files._record)
    assert record.exists()
    assert capsys.readouterr().err == ""
    del files
    gc.collect()
    assert capsys.readouterr().err == f"dicomet: 1 of 3 files cannot be read\ndicomet: a.dcm: {WHY}\n"
    assert not record.exists()
    skipping()
    gc.collect()
    assert capsys.readouterr().err == ""


def test_the_report_at_the_end_of_the_process():
    code = (
        "import warnings; warnings.simplefilter('ignore')\n"
        "from dicomet.loaders.bad_files import BadFiles\n"
        "files = BadFiles('skip', 3)\n"
        "files.read('nowhere.dcm', open)\n"
        "print(files._record)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stderr.splitlines() == [
        "dicomet: 1 of 3 files cannot be read",
        "dicomet: nowhere.dcm: No such file or directory",
    ]
    assert not Path(done.stdout.strip()).exists()


@pytest.mark.filterwarnings("ignore")
def test_a_report_while_other_threads_add_files():
    files = skipping()

    def add(first):
        for number in range(first, first + 300):
            files.read(f"{number}.dcm", broken)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(2) as pool:
            added = [pool.submit(add, first) for first in (0, 1000)]
            while not all(one.done() for one in added):
                assert str(files).startswith("dicomet: ")
    finally:
        sys.setswitchinterval(interval)
    assert [one.result() for one in added] == [None, None]
    assert len(files) == 600


def test_an_incomplete_line_of_another_process():
    files = skipping()
    worker = pickle.loads(pickle.dumps(files))  # noqa: S301
    # As on a full disk.
    with Path(files._record).open("ab") as record:
        record.write(b'["a.dcm", "tru\n')
    with pytest.warns(UserWarning, match="the file is skipped"):
        worker.read("b.dcm", broken)
    assert list(files) == [BadFile("b.dcm", WHY)]

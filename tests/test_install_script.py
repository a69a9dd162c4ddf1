"""`dicomet run`: scripts, modules and folders with dicomet installed."""

import os
import shutil

import pydicom
import pydicom.pixels
import pytest
from install_images import run_python
from pydicom.data import get_testdata_file

pytestmark = pytest.mark.usefixtures("pydicom_stays_as_it_was")


SCRIPT = """
import sys
import pydicom
from pydicom.data import get_testdata_file
array = pydicom.dcmread(get_testdata_file("CT_small.dcm", download=False)).pixel_array
import dicomet
print(__name__, *sys.argv[1:], array.sum(), dicomet.stats().taken)
sys.exit(5)
"""


@pytest.mark.parametrize(
    ("environment", "taken"),
    [({}, 1), ({"DICOMET": "1"}, 1), ({"DICOMET": ""}, 1), ({"DICOMET": "0"}, 0), ({"DICOMET": "False"}, 0)],
)
def test_a_script_with_dicomet_installed(tmp_path, environment, taken):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    total = pydicom.dcmread(get_testdata_file("CT_small.dcm", download=False)).pixel_array.sum()
    for arguments in ([str(script)], ["-m", "script"]):
        run = run_python("-m", "dicomet", *arguments, "a", "--b", **environment, PYTHONPATH=str(tmp_path))
        assert (run.returncode, run.stdout) == (5, f"__main__ a --b {total} {taken}\n"), run.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("nowhere.py",), 2, "there is no script 'nowhere.py'"),
        (("-m", "nowhere"), 1, "No module named nowhere"),
        (("-m", "nowhere.at.all"), 1, "No module named nowhere.at.all"),
    ],
    ids=str,
)
def test_a_script_that_is_not_there(arguments, status, says):
    run = run_python("-m", "dicomet", *arguments)
    assert (run.returncode, run.stderr) == (status, f"dicomet: error: {says}\n")


def test_an_image_is_not_a_script():
    run = run_python("-m", "dicomet", get_testdata_file("CT_small.dcm", download=False))
    assert run.returncode == 2
    assert "invalid choice" in run.stderr


def test_a_script_with_an_unknown_pydicom(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import pydicom; pydicom.__version_info__ = ('4', '0', '0')")
    (tmp_path / "script.py").write_text("print('not run')")
    run = run_python("-m", "dicomet", str(tmp_path / "script.py"), PYTHONPATH=str(tmp_path))
    assert (run.returncode, run.stdout) == (2, "")
    assert "dicomet.install() knows pydicom 3.0" in run.stderr


LIKE_PYTHON = """
import atexit, os, pickle, sys, threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
import beside
class Mine: pass
def double(number): return 2 * number
if __name__ == "__main__":
    os.chdir("/")
    atexit.register(lambda: print(len(pickle.dumps(Mine())) > 0))
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        print(list(pool.map(double, [1, 2])))
    print(__name__, __file__ == sys.argv[1], beside.__name__, Path(sys.path[0]) == Path(__file__).parent)
    print(__package__, __spec__, type(__builtins__).__name__, sys.modules["__main__"].Mine is Mine)
"""


def test_a_script_runs_as_python_would_run_it(tmp_path):
    script = tmp_path / "a script.py"
    script.write_text(LIKE_PYTHON)
    (tmp_path / "beside.py").write_text("")
    for form in (str(script), os.path.relpath(script)):
        expected = run_python(form, str(script))
        assert expected.returncode == 0, expected.stderr
        run = run_python("-m", "dicomet", form, str(script))
        assert (run.returncode, run.stdout) == (0, expected.stdout), run.stderr


def test_a_folder_runs_as_python_would_run_it(tmp_path):
    (tmp_path / "__main__.py").write_text("import beside, sys; print(__name__, sys.argv, beside.x)")
    (tmp_path / "beside.py").write_text("x = 3")
    for source in (tmp_path, shutil.make_archive(str(tmp_path.with_suffix("")) + "_zip", "zip", tmp_path)):
        expected = run_python(str(source), "a")
        run = run_python("-m", "dicomet", str(source), "a")
        assert (run.returncode, run.stdout) == (0, expected.stdout), run.stderr


def test_a_script_that_tells_its_stats(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    for arguments in ([str(script)], ["-m", "script"]):
        run = run_python("-m", "dicomet", "--stats", *arguments, PYTHONPATH=str(tmp_path))
        assert run.returncode == 5
        assert "dicomet: 1 of 1 decodes taken (100%), 0 left to pydicom" in run.stderr

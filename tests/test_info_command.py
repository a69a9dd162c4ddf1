"""`dicomet info`: its output, its exit status, and files that cannot be read."""

import json
import math
import os
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from info_command import CT, RLE, TEST_FILES, info

from dicomet.__main__ import main
from dicomet.info import describe


@pytest.fixture(autouse=True)
def pydicom_may_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def test_one_file(capsys):
    assert info(CT) == 0
    lines = capsys.readouterr().out.splitlines()
    values = [re.split(r" {2,}", line, maxsplit=1) for line in lines]
    assert ["array", "int16 (128, 128), 32768 bytes"] in values
    assert ["rescale", "slope 1, intercept -1024"] in values
    assert ["transfer syntax", "Explicit VR Little Endian (1.2.840.10008.1.2.1)"] in values
    starts = {line.index(value, len(label)) for line, (label, value) in zip(lines, values, strict=True)}
    assert len(starts) == 1, "aligned"


def test_several_files_of_which_one_is_broken(capsys):
    assert info(CT, TEST_FILES / "MR_truncated.dcm", RLE) == 1
    parts = capsys.readouterr().out.split("\n\n")
    assert [("\nerror" in part) for part in parts] == [False, True, False]
    assert "found 8130 bytes, expected 8192" in parts[1]
    assert "MR Image Storage" in parts[1]


def test_json_of_one_and_of_several(capsys):
    assert info(CT, "--json") == 0
    one = json.loads(capsys.readouterr().out)
    assert one == describe(str(CT))
    assert info("--json", CT, TEST_FILES / "README.txt") == 1
    several = json.loads(capsys.readouterr().out)
    assert several[0] == one
    assert several[1]["error"]
    assert math.prod(one["array_shape"]) * 2 == one["array_bytes"]


@pytest.mark.parametrize(
    ("path", "why"),
    [("nowhere.dcm", "no such file: 'nowhere.dcm'"), ("", "no such file: ''"), ("/dev/null", "found a device")],
)
def test_a_path_that_is_no_file_does_not_end_the_rest(path, why, capsys):
    assert info(CT, path, path, RLE) == 1
    captured = capsys.readouterr()
    assert captured.err.count(f"dicomet info: error: {why}") == 2
    described = [line.rpartition("/")[2] for line in captured.out.splitlines() if line.startswith("file ")]
    assert described == [CT.name, RLE.name]
    assert info(path) == 1
    assert info("--json", CT, path, RLE) == 1
    described = json.loads(capsys.readouterr().out)
    assert [Path(one["file"]).name for one in described] == [CT.name, Path(path).name, RLE.name]
    assert [bool(one["error"]) for one in described] == [False, True, False]
    assert described[1].keys() == described[0].keys()
    assert why in described[1]["error"]


def test_no_arguments():
    with pytest.raises(SystemExit) as raised:
        main(["info"])
    assert raised.value.code == 2


def test_a_file_that_may_not_be_read(monkeypatch, capsys):
    def refuse(_):
        raise PermissionError(13, "Permission denied", "CT_small.dcm")

    monkeypatch.setattr("dicomet.info.open_source", refuse)
    assert info(CT) == 1
    assert re.search(r"^error +Permission denied$", capsys.readouterr().out, re.MULTILINE)


def test_a_file_that_vanishes():
    described = describe("nowhere.dcm")
    assert described["error"] == "No such file or directory"
    assert described["file"] == "nowhere.dcm"


def test_output_that_cannot_encode_a_name(tmp_path):
    path = tmp_path / "h\u00e9.dcm"
    shutil.copy(CT, path)
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "dicomet", "info", str(path)]
    done = subprocess.run(command, capture_output=True, check=True, env=environment)  # noqa: S603
    assert rb"h\xe9.dcm" in done.stdout


def test_other_commands_do_not_wait_for_pydicom():
    code = "import sys, dicomet.__main__; sys.exit('pydicom' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603

"""The command, and what cannot be read or written: one line for each, an exit status, and never a traceback."""

import json
import os
import socket
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from convert_files import dicom, folder, image, names

import dicomet
from dicomet.__main__ import main
from dicomet._utils import atomic

pytest.importorskip("PIL")


@pytest.fixture
def root(tmp_path):
    return folder(tmp_path / "in", {"a.dcm": image()})


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def refused(capsys, *arguments, status=2) -> str:
    """Return the one line of standard error."""
    assert main(["convert", *map(str, arguments)]) == status
    said = capsys.readouterr().err
    assert said.startswith("dicomet convert: ")
    assert said.count("\n") == 1
    return said


@pytest.mark.parametrize(("name", "says"), [("r.csv", "found the folder"), ("file/x/r.csv", "Not a directory")])
def test_a_report_that_cannot_be_is_refused_before_anything_is_done(name, says, root, out, capsys):
    (root.parent / "r.csv").mkdir()
    (root.parent / "file").write_bytes(b"")
    assert says in refused(capsys, root, "-o", out, "--report", root.parent / name)
    assert not out.exists()


def test_a_report_that_cannot_be_written_hides_no_summary(root, out, tmp_path, capsys, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic, "write", full)
    assert main(["convert", str(root), "-o", str(out), "--workers=1", "--report", str(tmp_path / "r.json")]) == 1
    said = capsys.readouterr()
    assert said.out == "1 converted, 0 existing, 0 skipped, 0 failed\n"
    assert said.err == "dicomet convert: error: the report cannot be written: [Errno 28] No space left on device\n"
    assert names(out) == {"a.png"}


def test_folders_of_a_report_are_created(root, out, tmp_path):
    report = tmp_path / "new" / "folder" / "r.json"
    assert main(["convert", str(root), "-o", str(out), "--report", str(report)]) == 0
    assert len(json.loads(report.read_text())) == 1


def test_an_archive_of_a_later_version_is_refused(tmp_path, out, capsys):
    path = tmp_path / "later.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.dcm", image())
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 6] = 99
    path.write_bytes(content)
    assert "later.zip' cannot be read as an archive" in refused(capsys, path, "-o", out)


@pytest.mark.parametrize("source", ["in", ""])
def test_a_folder_that_is_named_and_cannot_be_listed(source, root, out, capsys, monkeypatch):
    monkeypatch.chdir(root.parent)

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("os.scandir", refuse)
    says = "no such file or folder: ''" if not source else "'in' cannot be listed: Permission denied"
    assert says in refused(capsys, source, "-o", out)
    assert not Path(out).exists()


def irregular(folder: Path, kind: str) -> str:
    """Return the name of something that is no regular file."""
    if kind.startswith("/dev/"):
        if not Path(kind).exists():
            pytest.skip("no such device")
        return kind
    if kind == "a named pipe":
        os.mkfifo(folder / "x")
    else:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(os.path.relpath(folder / "x"))
    return str(folder / "x")


KINDS = {"/dev/zero": "a device", "/dev/random": "a device", "a named pipe": "a named pipe", "a socket": "a socket"}


@pytest.mark.skipif(sys.platform == "win32", reason="has no such files")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", ["convert", "info", "show"])
def test_what_is_no_regular_file_is_refused(command, kind, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = irregular(tmp_path, kind)
    more = {"convert": ["-o", "out", "--workers=1"], "info": [], "show": ["-o", "sheet.png"]}[command]
    assert main([command, path, *more]) == (2 if command == "show" else 1)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert ("neither a file nor a folder" if command == "show" else f"found {KINDS[kind]}, expected a file") in said


def test_a_side_in_proportion_may_be_too_long(out):
    long = dicom(np.zeros((1, 65535), np.uint8))
    with pytest.raises(
        ValueError, match=r"^size: found 7, which makes 7 rows and 458745 columns of 1 and 65535, expec"
    ):
        dicomet.convert_file(long, out / "x.png", size=7)
    assert not names(out)


@pytest.mark.parametrize("shape", [(1, 65501), (65501, 1)])
def test_jpeg_has_its_own_limit(shape, out):
    says = f"^JPG cannot hold {shape[0]} rows and {shape[1]} columns, only at most 65500 of each: PNG, TIFF"
    with pytest.raises(ValueError, match=says):
        dicomet.convert_file(dicom(np.zeros(shape, np.uint8)), out / "x.jpg")
    assert not names(out)
    most = dicom(np.zeros((1, 65500), np.uint8))
    assert dicomet.convert_file(most, out / "x.jpg").status == "converted"

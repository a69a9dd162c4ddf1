"""`dicomet convert`: folders, links, archives and standard input, and the names of the results."""

import io
import json
import os
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from convert_command import COUNTS, convert
from convert_files import dicom, folder, gray, image, names, pixels

from dicomet._parsing import archives

pytest.importorskip("PIL")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


SAME = {"a.dcm": 1, "a.DCM": 2, "a": 3, "A.ima": 4, "b_0001.dcm": 6, "c.dcm": 7}


def all_results(out):
    return sorted(int(pixels(path)[0, 0]) for path in out.rglob("*.png"))


@pytest.mark.parametrize("workers", [1, 2])
def test_no_file_gets_the_name_of_another(tmp_path, out, workers):
    root = folder(tmp_path / "in", {name: image(value * 10) for name, value in SAME.items()})
    several = np.stack([gray(100), gray(110)])
    (root / "b.dcm").write_bytes(dicom(several, frames=2, bits=12))
    convert(root, "-o", out, "--values", "stored", "--workers", workers)
    assert all_results(out) == [10, 20, 30, 40, 60, 70, 100, 110]
    assert "c.png" in names(out)
    # Also where names make no difference between upper and lower case.
    assert len({name.casefold() for name in names(out)}) == 8


def test_names_do_not_come_to_mean_another_file(tmp_path, out):
    root = tmp_path / "in"
    for name, value in SAME.items():
        folder(root, {name: image(value * 10)})
        convert(root, "-o", out, "--values", "stored", "--skip-existing")
    assert set(all_results(out)) == {10, 20, 30, 40, 60, 70}
    before = names(out)
    convert(root, "-o", out, "--values", "stored", "--skip-existing")
    assert names(out) == before


def test_of_several_sources_each_folder_has_its_own(tmp_path, out):
    folder(tmp_path, {"x/a.dcm": image(10), "y/a.dcm": image(20), "z/x/a.dcm": image(30), "a.dcm": image(40)})
    sources = [tmp_path / name for name in ("x", "y", "z/x", "a.dcm", "x")]
    convert(*sources, "-o", out, "--values", "stored")
    assert all_results(out) == [10, 20, 30, 40]
    assert {"y/a.png", "a.png"} < names(out)
    assert all(name.startswith("x/a.dcm-") for name in names(out) - {"y/a.png", "a.png"})


def test_results_below_a_source_are_not_sources(tmp_path):
    root = folder(tmp_path, {"a.dcm": image(), "out/b.dcm": image()})
    convert(root, "-o", root / "out", "--report", root / "out" / "r.json")
    assert len(json.loads((root / "out" / "r.json").read_text())) == 1


def test_links_that_go_round_end(tmp_path, out):
    root = folder(tmp_path / "in", {"x/a.dcm": image(10)})
    (root / "x" / "up").symlink_to(root)
    convert(root, "-o", out, "--values", "stored")
    assert names(out) == {"x/a.png"}


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("cat/a.dcm", image(10))
        file.writestr("dog/a.dcm", image(20))
        file.writestr("dog/readme.txt", b"text")
        file.writestr("../../outside.dcm", image(30))
        file.writestr("/abs.dcm", image(40))
        with pytest.warns(UserWarning, match="Duplicate name"):
            file.writestr("cat/a.dcm", image(50))
    return path


@pytest.mark.parametrize("workers", [1, 2])
def test_members_of_an_archive_are_files_of_a_folder(archive, tmp_path, out, workers, capsys):
    convert(archive, "-o", out, "--values", "stored", "--workers", workers)
    assert capsys.readouterr().out == COUNTS.format(5, 0, 1, 0) + "\n"
    assert all_results(out) == [10, 20, 30, 40, 50]
    assert {"dog/a.png", "outside.png", "abs.png"} < names(out)
    assert names(tmp_path) - {f"out/{name}" for name in names(out)} == {"all.zip"}


def test_members_have_the_limit_of_arrays(archive, out, monkeypatch, capsys):
    monkeypatch.setenv("DICOMET_MAX_BYTES", "100")
    convert(archive, "-o", out, "--values", "stored", status=1)
    printed = capsys.readouterr()
    assert printed.out == COUNTS.format(0, 0, 1, 5) + "\n"
    assert "bytes to inflate, expected at most 100 (DICOMET_MAX_BYTES)" in printed.err


def test_members_do_not_name_drives(tmp_path, out):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as file:
        file.writestr("C:/a.dcm", image(10))
        file.writestr("..", image(20))
    convert(tmp_path / "x.zip", "-o", out, "--values", "stored")
    assert names(out) == {"C_/a.png", "unnamed.png"}


def test_a_dicom_file_may_end_as_an_archive(archive, tmp_path, out):
    path = tmp_path / "both.dcm"
    path.write_bytes(image(10) + archive.read_bytes())
    convert(path, "-o", out, "--values", "stored")
    assert all_results(out) == [10]


def test_damaged_members_are_reported(archive, out, capsys):
    content = bytearray(archive.read_bytes())
    start = content.index(b"cat/a.dcm") + 60
    content[start : start + 20] = bytes(20)
    archive.write_bytes(content)
    convert(archive, "-o", out, "--values", "stored", status=1)
    assert "all.zip/cat/a.dcm: " in capsys.readouterr().err
    assert all_results(out) == [20, 30, 40, 50]


def test_standard_input_is_one_file(out, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(image(10))))
    convert("-", "-o", out, "--values", "stored")
    assert names(out) == {"stdin.png"}
    assert all_results(out) == [10]


@pytest.mark.parametrize(
    ("limit", "says"), [("99", "at most the 99 of 'max_bytes'"), ("x", "DICOMET_MAX_BYTES: found 'x'")]
)
def test_standard_input_is_limited_by_the_environment(out, monkeypatch, capsys, limit, says):
    monkeypatch.setenv("DICOMET_MAX_BYTES", limit)
    endless = io.BufferedReader(Endless())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(endless))
    convert("-", "-o", out, status=2)
    assert says in capsys.readouterr().err
    assert not out.exists()


class Endless(io.RawIOBase):
    """A stream of zeros without end."""

    def readable(self):
        return True

    def readinto(self, buffer):
        buffer[:] = bytes(len(buffer))
        return len(buffer)


def test_a_folder_may_have_a_dot(tmp_path):
    root = folder(tmp_path / "in", {"a.dcm": image()})
    for name in ("v1.2", "x.tiff/", "x.bmp/"):
        convert(root / "a.dcm", "-o", f"{tmp_path}/{name}")
        assert names(tmp_path / name) == {"a.png"}


def test_a_file_is_no_folder_for_results(tmp_path, capsys):
    root = folder(tmp_path / "in", {"a.dcm": image(), "out": b"mine"})
    convert(root / "a.dcm", "-o", root / "out", status=2)
    assert "expected a folder" in capsys.readouterr().err
    assert (root / "out").read_bytes() == b"mine"


@pytest.mark.skipif(sys.platform != "linux", reason="names that are not text")
def test_names_need_not_be_text(tmp_path, out, capsys):
    root = tmp_path / "in"
    root.mkdir()
    for name, content in {b"\xff\xfe.dcm": image(10), b"\xffbroken\n.dcm": image()[:-9]}.items():
        Path(os.fsdecode(bytes(root) + b"/" + name)).write_bytes(content)
    convert(root, "-o", out, "--values", "stored", "--report", out / "r.csv", status=1)
    assert names(out) == {os.fsdecode(b"\xff\xfe.png"), "r.csv"}
    assert b"\xff\xfe.dcm,converted" in (out / "r.csv").read_bytes()
    assert len(capsys.readouterr().err.splitlines()) == 1
    convert(root, "-o", out, "--values", "stored", "--report", out / "r.json", status=1)
    listed = {result["source"] for result in json.loads((out / "r.json").read_text(encoding="utf-8"))}
    assert listed == {str(path) for path in root.iterdir()}


@pytest.mark.skipif(sys.platform == "win32", reason="has no named pipes in folders")
def test_a_pipe_that_is_named_is_not_waited_for(tmp_path, out, capsys):
    root = folder(tmp_path / "in", {"a.dcm": image()})
    os.mkfifo(root / "pipe")
    convert(root / "a.dcm", root / "pipe", "-o", out, status=1)
    assert "a named pipe" in capsys.readouterr().err
    assert names(out) == {"a.png"}


def test_jobs_do_not_keep_old_archives(archive):
    about = archive.stat()
    first = archives._zip(str(archive), about.st_mtime_ns, about.st_size)
    assert archives._zip(str(archive), about.st_mtime_ns, about.st_size) is first
    assert archives._zip(str(archive), about.st_mtime_ns + 1, about.st_size) is not first

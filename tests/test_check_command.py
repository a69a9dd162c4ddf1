"""`dicomet check`: the files that it takes, its verdict, its list, and its exit status."""

import csv
import json
import os
import sys
from pathlib import Path
from time import sleep

import numpy as np
import pydicom
import pytest
from convert_files import dicom, folder, image
from pydicom.encaps import encapsulate
from pydicom.uid import RLELossless

from dicomet.__main__ import main
from dicomet.loaders.checking import CheckedFile, CheckList, check_file, check_files
from dicomet.loaders.folders import find_files
from dicomet.loaders.loading import FrameLoader


def check(*arguments) -> int:
    return main(["check", *map(str, arguments)])


def cut(data: bytes) -> bytes:
    return data[:-20]


@pytest.fixture
def root(tmp_path):
    files = {
        "a/1.dcm": image(),
        "a/2.dcm": cut(image()),
        "b/3": image(),
        "b/empty.dcm": b"",
        "b/notes.txt": b"not a candidate",
        "b/page.dcm": b"<html>503</html>" * 20,
    }
    return folder(tmp_path / "in", files)


def status_of(path: Path) -> str:
    """Return what pydicom says of a file, which does not know dicomet's readers."""
    try:
        return "good" if pydicom.dcmread(path).pixel_array.size else "bad"
    except Exception:  # noqa: BLE001 - whatever it is
        return "bad"


@pytest.mark.parametrize("suffix", ["json", "csv"])
def test_the_list_has_the_files_of_the_loaders(root, tmp_path, suffix, capsys):
    out = tmp_path / "lists" / f"train.{suffix}"
    assert check(root, "-o", out) == 1
    assert capsys.readouterr().out == "2 good, 3 bad\n"
    rows = json.loads(out.read_text()) if suffix == "json" else list(csv.DictReader(out.read_text().splitlines()))
    assert [row["source"] for row in rows] == [str(path) for path in find_files(root)]
    assert [row["status"] for row in rows] == [status_of(path) for path in find_files(root)]
    assert [bool(row["reason"]) for row in rows] == [row["status"] == "bad" for row in rows]
    (reason,) = {row["reason"] for row in rows if row["source"].endswith("2.dcm")}
    assert reason == "(7FE0,0010) Pixel Data, frame 0: found 40 bytes, expected 60"
    found = CheckList(out)
    assert [Path(path).name for path in found.good] == ["1.dcm", "3"]
    assert [Path(path).name for path in found.bad] == ["2.dcm", "empty.dcm", "page.dcm"]
    assert repr(found) == f"<CheckList {str(out)!r}: 2 good, 3 bad>"


def test_bad_files_are_printed(root, capsys):
    assert check(root) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert f"dicomet check: {root / 'b/empty.dcm'}: not a DICOM file: it is empty" in lines


def test_good_files(tmp_path, capsys):
    root = folder(tmp_path, {"1.dcm": image(), "2.dcm": image()})
    assert check(root, "--workers", 1) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("2 good, 0 bad\n", "")
    assert check(root / "1.dcm", root, "--verbose") == 0
    assert capsys.readouterr().out == "2 good, 0 bad\n"


def test_warnings_of_a_good_file(tmp_path, capsys):
    """Bytes after the last frame are tolerated."""
    long = dicom(np.zeros((6, 5), np.uint16)).replace(b"OW\0\0\x3c\0\0\0", b"OW\0\0\x40\0\0\0") + bytes(4)
    root = folder(tmp_path / "in", {"a.dcm": long, "b.dcm": image()})
    assert check(root, "-o", tmp_path / "list.json") == 0
    assert capsys.readouterr().err.startswith(f"dicomet check: warning: {root / 'a.dcm'}: (7FE0,0010) Pixel Data")
    first, second = json.loads((tmp_path / "list.json").read_text())
    assert (first["status"], second["reason"]) == ("good", "")
    assert "the rest is not used" in first["reason"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["nowhere"], "no such file or folder: 'nowhere'"),
        ([""], "no such file or folder: ''"),
        (["."], "no DICOM file in '.'"),
        ([__file__, "-o", "list.txt"], "output: found 'list.txt', expected a name that ends in .csv or .json"),
    ],
)
def test_unusable_arguments(arguments, why, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert check(*arguments) == 2
    assert why in capsys.readouterr().err


def test_every_frame_is_decoded(tmp_path):
    """The middle frame, which the loaders take, is good; the last one is not."""
    ds = pydicom.dcmread(pydicom.data.get_testdata_file("emri_small_RLE.dcm", download=False))
    frames = list(pydicom.encaps.generate_frames(ds.PixelData, number_of_frames=10))
    assert ds.file_meta.TransferSyntaxUID == RLELossless
    ds.PixelData = encapsulate([*frames[:-1], frames[-1][:64]])
    path = tmp_path / "frames.dcm"
    ds.save_as(path)
    found = check_file(path)
    assert (found.source, found.status) == (str(path), "bad")
    assert "frame 9" in found.reason


def test_values_decide(tmp_path):
    """A file whose Modality LUT is empty has stored values only."""
    ds = pydicom.dcmread(pydicom.data.get_testdata_file("CT_small.dcm", download=False))
    ds.ModalityLUTSequence = [pydicom.Dataset()]
    del ds.RescaleSlope, ds.RescaleIntercept
    ds.save_as(tmp_path / "1.dcm")
    assert check(tmp_path) == check(tmp_path, "--values", "modality") == 1
    assert check(tmp_path, "--values", "stored") == 0


def test_outcomes_come_in_order(tmp_path):
    root = folder(tmp_path, {f"{number:03}.dcm": image() if number % 7 else b"" for number in range(200)})
    paths = find_files(root)
    for workers in (1, 3):
        found = list(check_files(paths, workers=workers))
        assert [one.source for one in found] == list(map(str, paths))
        assert [number for number, one in enumerate(found) if one.status == "bad"] == list(range(0, 200, 7))
    some = check_files(paths, workers=2)
    assert next(some) == CheckedFile(str(paths[0]), "bad", "not a DICOM file: it is empty")
    some.close()


def test_the_end_is_after_a_frame(monkeypatch):
    """Not after the file, which may have hundreds of thousands of frames."""
    decoded = []

    def frames(_, path):
        for number in range(1000 if path.endswith("many.dcm") else 0):
            sleep(0.01)
            decoded.append(number)
            yield number

    monkeypatch.setattr(FrameLoader, "each_frame", frames)
    done = check_files(["none.dcm", "many.dcm"], workers=1)
    assert next(done).source.endswith("none.dcm")
    done.close()
    assert len(decoded) < 500


def test_an_interrupt_leaves_no_list(tmp_path, monkeypatch):
    """A loader would take the files that are missing in it as good ones."""
    root = folder(tmp_path / "in", {"1.dcm": image()})

    def interrupted(*_):
        yield CheckedFile("1.dcm", "good")
        raise KeyboardInterrupt

    monkeypatch.setattr("dicomet.cli.check_command.check_files", interrupted)
    assert check(root, "-o", tmp_path / "list.json") == 130
    assert not (tmp_path / "list.json").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="needs names of arbitrary bytes")
@pytest.mark.parametrize("suffix", ["json", "csv"])
def test_names_that_are_no_text(tmp_path, suffix):
    name = os.fsdecode(b'\xff\xe4 \xc3\xa4;,".dcm')
    root = folder(tmp_path / "in", {name: b"", "1.dcm": image()})
    assert check(root, "-o", tmp_path / f"list.{suffix}") == 1
    found = CheckList(tmp_path / f"list.{suffix}")
    assert found.bad == [str(root / name)]
    assert found.is_bad(root / name)


def test_a_list_that_a_spreadsheet_has_saved(tmp_path):
    (tmp_path / "list.csv").write_bytes(b"\xef\xbb\xbfsource,status,reason\r\n/a.dcm,good,\r\n/b.dcm,bad,empty\r\n")
    found = CheckList(tmp_path / "list.csv")
    assert (found.good, found.bad) == (["/a.dcm"], ["/b.dcm"])


def test_files_that_are_left_out(root, tmp_path, monkeypatch):
    check(root, "-o", tmp_path / "list.json")
    found = CheckList(tmp_path / "list.json")
    paths = find_files(root)
    assert found.usable(paths) == [0, 2]
    monkeypatch.chdir(root)
    assert found.usable(["a/2.dcm", "a/new.dcm", "a/1.dcm"]) == [1, 2]
    with pytest.raises(ValueError, match=r"'checked': found none of the 1 file in .*list\.json"):
        found.usable(["elsewhere/1.dcm"])
    with pytest.raises(FileNotFoundError, match="found no good file among 1 file"):
        found.usable(["a/2.dcm"])


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("list.json", "{", "not a report"),
        ("list.json", "[" * 100_000, "not a report"),
        ("list.json", '{"source": "x", "status": "good"}', "found no list of rows"),
        ("list.json", '[{"source": "x", "status": "converted"}]', "found a row without 'source' and 'status'"),
        ("list.json", '[{"source": "x", "status": ["good"]}]', "found a row without 'source' and 'status'"),
        ("list.csv", "source,outputs\na,b\n", "found a row without 'source' and 'status'"),
        ("list.txt", "", "expected .csv or .json"),
    ],
)
def test_what_is_not_a_list(tmp_path, name, content, why):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=why):
        CheckList(tmp_path / name)

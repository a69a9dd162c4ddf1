"""`dicomet show`: folders, and files that cannot be read."""

import re
import shutil
import webbrowser
from pathlib import Path

import numpy as np
import pytest
from contact_sheets import CT, SIZE, TEST_FILES, TRUNCATED, draw_sheet, flat, run, tile

import dicomet
from dicomet.cli import show
from dicomet.display import contact_sheet as sheet
from dicomet.display.contact_sheet import GAP

PIL = pytest.importorskip("PIL.Image", reason="Pillow reads the sheets: pip install pillow")


@pytest.fixture
def output(tmp_path):
    return tmp_path / "out" / "sheet.png"


@pytest.fixture(autouse=True)
def opened_by_the_browser(monkeypatch, tmp_path, output):
    output.parent.mkdir()
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "out"))
    return opened


def is_broken(pixels: np.ndarray) -> bool:
    return {tuple(pixel) for pixel in pixels.reshape(-1, 3)} == {sheet.BROKEN, sheet.CROSS}


def test_a_folder(tmp_path, output, capsys):
    folder = tmp_path / "folder"
    (folder / "below").mkdir(parents=True)
    for name in ("rtplan.dcm", "README.txt", "MR_truncated.dcm"):
        shutil.copy(TEST_FILES / name, folder)
    flat(folder / "a.dcm", 30)
    flat(folder / "below" / "c.dcm", 60)
    pixels = draw_sheet(output, folder, "--columns", "3", status=1)
    lines = capsys.readouterr().out.splitlines()
    assert re.match(r"1  MR_truncated.dcm: error: .*found 8130 bytes, expected 8192", lines[0])
    assert lines[1] == "2  a.dcm: 8x8x3, uint8, RGB, Explicit VR Little Endian"
    assert lines[2].startswith(f"3  {Path('below') / 'c.dcm'}: ")
    assert lines[3:] == ["2 files without an image", f"sheet: {output}"]
    assert is_broken(tile(pixels, 0, 3))
    assert (tile(pixels, 1, 3) == 30).all()
    assert (tile(pixels, 2, 3) == 60).all()


def test_a_selection_of_a_folder(tmp_path, output, capsys):
    folder = tmp_path / "folder"
    folder.mkdir()
    for number in range(50):
        flat(folder / f"{number:02}", number)
    pixels = draw_sheet(output, folder, "--tiles", "4")
    assert [int(tile(pixels, number, 2)[0, 0, 0]) for number in range(4)] == [0, 16, 33, 49]
    assert "46 more images: --tiles all shows all" in capsys.readouterr().out


def test_a_file_that_is_named_is_not_passed_over(output, capsys):
    pixels = draw_sheet(output, CT, TEST_FILES / "rtplan.dcm", TEST_FILES / "README.txt", status=1)
    output_lines = capsys.readouterr().out.splitlines()
    assert "error: the data set has no pixel data" in output_lines[1]
    assert "error: not a DICOM file: begins with 'Test Files used for test' (looks like plain text)" in output_lines[2]
    assert [is_broken(tile(pixels, number, 2)) for number in range(3)] == [False, True, True]


@pytest.mark.parametrize("name", ["empty", "no images", "missing"])
def test_nothing_to_show(name, tmp_path, output, capsys):
    if name != "missing":
        (tmp_path / name).mkdir()
    if name == "no images":
        shutil.copy(TEST_FILES / "README.txt", tmp_path / name)
    assert run(tmp_path / name, "-o", output) == 2
    captured = capsys.readouterr()
    assert re.search("no files in|no images in|no such file or folder", captured.err)
    assert captured.out == ""
    assert not output.exists()


def test_a_broken_file_hides_no_other(tmp_path, output, capsys):
    empty = tmp_path / "empty.dcm"
    empty.touch()
    pixels = draw_sheet(output, empty, CT, TRUNCATED, status=1)
    assert [is_broken(tile(pixels, number, 2)) for number in range(3)] == [True, False, True]
    lines = capsys.readouterr().out.splitlines()
    assert [("error" in line) for line in lines] == [True, False, True, False]


def test_frames_before_a_damage_are_shown(tmp_path, output, capsys):
    path = flat(tmp_path / "cut", 90, frames=4)
    path.write_bytes(path.read_bytes()[:-20])
    pixels = draw_sheet(output, path, status=1)
    assert "error: (7FE0,0010) Pixel Data" in capsys.readouterr().out
    assert pixels.shape[0] == GAP + SIZE + GAP


@pytest.mark.parametrize("error", [MemoryError(), KeyError("x"), dicomet.PixelDataError("no\nluck\x1b[0m")], ids=repr)
def test_whatever_is_raised(error, output, monkeypatch, capsys):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr(show.Viewer, "image", fails)
    assert run(CT, "-o", output) == run(CT) == 1
    captured = capsys.readouterr()
    for line in captured.out.splitlines():
        assert re.search(r"error: (MemoryError|'x'|no luck\\x1b\[0m)$", line)
    assert captured.err == 2 * "dicomet show: error: no image can be shown: no sheet is written\n"
    assert not list(output.parent.iterdir())


def test_without_any_image_a_sheet_of_before_stays(tmp_path, output):
    draw_sheet(output, CT)
    before = output.read_bytes()
    broken = flat(tmp_path / "cut", 90)
    broken.write_bytes(broken.read_bytes()[:-20])
    assert run(broken, broken, "-o", output) == 1
    assert output.read_bytes() == before


def test_a_file_of_a_folder_that_may_not_be_read(tmp_path, output, monkeypatch, capsys):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", "CT_small.dcm")

    (tmp_path / "folder").mkdir()
    shutil.copy(CT, tmp_path / "folder")
    monkeypatch.setattr(show, "is_no_image", refuse)
    monkeypatch.setattr(show.Viewer, "image", refuse)
    assert run(tmp_path / "folder", "-o", output) == 1
    assert "1  CT_small.dcm: error: [Errno 13] Permission denied: 'CT_small.dcm'" in capsys.readouterr().out

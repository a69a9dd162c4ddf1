"""`dicomet show`: the file that it writes, and limits of size."""

import os
import re
import subprocess
import sys
import webbrowser
from pathlib import Path

import files
import numpy as np
import pytest
from contact_sheets import CT, SIZE, TEST_FILES, TRUNCATED, draw_sheet, flat, part, read, run

from dicomet.cli import show
from dicomet.display.contact_sheet import GAP, ContactSheet

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


def test_interrupt(output, monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(show.Viewer, "image", interrupted)
    assert run(CT, "-o", output) == 130
    assert capsys.readouterr().err == "dicomet: stopped\n"
    assert not output.exists()


@pytest.mark.parametrize(
    ("name", "why"), [("sheet.jpg", "ends with .png"), ("no/sheet.png", "no such folder"), ("a.png", "found a folder")]
)
def test_unusable_outputs(name, why, tmp_path, capsys):
    (tmp_path / "a.png").mkdir()
    assert run(CT, "-o", tmp_path / name) == 2
    assert why in capsys.readouterr().err


def test_no_permission_to_write(output, monkeypatch, capsys):
    def refuse(*_):
        raise PermissionError(13, "Permission denied", "sheet.png")

    monkeypatch.setattr("dicomet._utils.atomic.write", refuse)
    assert run(CT, "-o", output) == 1
    assert "the sheet cannot be written: [Errno 13] Permission denied" in capsys.readouterr().err


def test_a_sheet_is_replaced_as_a_whole(output):
    output.write_bytes(b"before")
    draw_sheet(output, CT)
    assert [path.name for path in output.parent.iterdir()] == [output.name]


def test_without_an_output_and_without_a_display(opened_by_the_browser, output, capsys):
    assert run(CT) == 0
    path = Path(re.search(r"^sheet: (.*)$", capsys.readouterr().out, re.MULTILINE)[1])
    assert path.parent == output.parent
    read(path)
    assert opened_by_the_browser == []
    if os.name == "posix":
        assert path.stat().st_mode & 0o077 == 0, "readable by others"


def test_without_an_output_but_with_a_display(opened_by_the_browser, monkeypatch, capsys):
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True, raising=False)
    assert run(CT) == 0
    path = re.search(r"^sheet: (.*)$", capsys.readouterr().out, re.MULTILINE)[1]
    assert opened_by_the_browser == [Path(path).as_uri()]


def test_a_sheet_that_is_too_large(tmp_path, output, capsys):
    path = flat(tmp_path / "cine", 1, 2, 2, frames=2000)
    assert run(path, "-o", output, "--tiles", "all", "--size", "400") == 2
    assert "expected at most 100000000 in all" in capsys.readouterr().err
    assert run(CT, "-o", output, "--size", "999999999") == 2


@pytest.mark.parametrize("option", ["--columns", "--size", "--tiles"])
@pytest.mark.parametrize("number", ["0", "-1", "1.5", "many", "9" * 5000])
def test_unusable_numbers(option, number, capsys):
    with pytest.raises(SystemExit) as raised:
        run(CT, option, number)
    assert raised.value.code == 2
    assert option in capsys.readouterr().err


@pytest.mark.parametrize("size", [1, 2, 3])
def test_tiny_tiles(size, output):
    assert run(CT, TRUNCATED, "-o", output, "--size", size) == 1
    assert read(output).shape == (GAP + size + GAP, GAP + 2 * (size + GAP), 3)


def test_memory_of_a_frame_at_a_time(tmp_path, output, monkeypatch):
    """Of 400 frames as many as are shown are displayed, and one after the other."""
    path = flat(tmp_path / "cine", 9, 256, 256, frames=400)
    shown = []
    image = show.Viewer.image
    monkeypatch.setattr(show.Viewer, "image", lambda viewer, tile: shown.append(tile.frame) or image(viewer, tile))
    draw_sheet(output, path, "--tiles", "5")
    assert shown == [0, 100, 200, 299, 399]


def test_aspect_of_a_sheet_that_has_none():
    one = ContactSheet(1, None, SIZE)
    one.draw(0, np.full((4, 4), 7, np.uint8), float("nan"))
    assert (part(one.pixels) == 7).all()


def test_names_cannot_control_the_terminal(tmp_path, output, capsys):
    path = flat(tmp_path / "\x1b[31mred.dcm", 1)
    draw_sheet(output, path)
    assert "\x1b" not in capsys.readouterr().out


def test_every_test_file(output, capsys):
    """Whatever is in them, there is a sheet and a line for each."""
    assert run(TEST_FILES, "-o", output, "--size", "20", "--tiles", "all") == 1
    lines = capsys.readouterr().out.splitlines()
    read(output)
    names = [re.match(r" *\d+  ([^:]+)(, frame \d+ of \d+)?: ", line) for line in lines[:-2]]
    assert all(names)
    images = sum(case.expected.file != files.NO_IMAGE for case in files.cases() if case.root == "pydicom")
    # no_meta.dcm begins with the group 0820; another file has neither transfer syntax nor image.
    assert len(names) == images + 1 - 1


def test_the_command_starts_without_pydicom():
    code = "import sys, dicomet.cli.show_command; sys.exit('pydicom' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603

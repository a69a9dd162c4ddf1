"""`dicomet show`: what is in the sheet, what is printed, and what becomes of what is broken."""

import io
import os
import re
import shutil
import subprocess
import sys
import webbrowser
from pathlib import Path

import files
import numpy as np
import oracle
import pydicom
import pytest
from oracle import Image

import dicomet
from dicomet.__main__ import main
from dicomet.cli import contact_sheet as sheet
from dicomet.cli import show
from dicomet.cli.arguments import window, with_negative_values
from dicomet.cli.contact_sheet import GAP, ContactSheet

PIL = pytest.importorskip("PIL.Image", reason="Pillow reads the sheets: pip install pillow")

TEST_FILES = files.ROOTS["pydicom"]
CT = TEST_FILES / "CT_small.dcm"
MULTI = TEST_FILES / "examples_ybr_color.dcm"
PALETTE = TEST_FILES / "examples_palette.dcm"
TRUNCATED = TEST_FILES / "MR_truncated.dcm"
SIZE = 40


@pytest.fixture
def output(tmp_path):
    return tmp_path / "out" / "sheet.png"


@pytest.fixture(autouse=True)
def nobody_looks(monkeypatch, tmp_path, output):
    output.parent.mkdir()
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "out"))
    return opened


def run(*arguments: str | Path) -> int:
    return main(["show", *map(str, arguments)])


def made(output: Path, *arguments: str | Path, status: int = 0) -> np.ndarray:
    assert run(*arguments, "-o", output, "--size", SIZE) == status
    return read(output)


def read(path: Path) -> np.ndarray:
    with PIL.open(path) as picture:
        assert (picture.format, picture.mode) == ("PNG", "RGB")
        return np.asarray(picture)


def tile(pixels: np.ndarray, number: int, columns: int) -> np.ndarray:
    row, column = divmod(number, columns)
    top, left = GAP + row * (SIZE + GAP), GAP + column * (SIZE + GAP)
    return pixels[top : top + SIZE, left : left + SIZE]


def part(pixels: np.ndarray) -> np.ndarray:
    """A tile without the background around it."""
    drawn = (pixels != sheet.BACKGROUND).any(axis=2)
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    return pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def is_broken(pixels: np.ndarray) -> bool:
    return {tuple(pixel) for pixel in pixels.reshape(-1, 3)} == {sheet.BROKEN, sheet.CROSS}


def saved(path: Path, image: Image, **elements) -> Path:
    data = oracle.dicom_file(oracle.elements(image, oracle.native(image), "OB"))
    dataset = pydicom.dcmread(io.BytesIO(data))
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path)
    return path


def cine(path: Path, brightness: np.ndarray, rows: int = 8, columns: int = 8, **elements) -> Path:
    """A file of flat frames in RGB, which are displayed as they are stored."""
    values = np.broadcast_to(brightness.reshape(-1, 1, 1, 1), (len(brightness), rows, columns, 3))
    return saved(path, Image(values.astype(np.uint8), 8, 8, photometric="RGB"), **elements)


def flat(path: Path, brightness: int, rows: int = 8, columns: int = 8, frames: int = 1, **elements) -> Path:
    """A file of one colour."""
    return cine(path, np.full(frames, brightness), rows, columns, **elements)


# What is in the sheet


def test_tiles_are_the_images_as_displayed(output):
    """The tiles are what Pillow makes of the arrays, but for rounding."""
    paths = [CT, PALETTE, TEST_FILES / "SC_rgb_rle.dcm", TEST_FILES / "MR_small.dcm"]
    pixels = made(output, *paths, "--columns", "3")
    assert pixels.shape == (GAP + 2 * (SIZE + GAP), GAP + 3 * (SIZE + GAP), 3)
    for number, path in enumerate(paths):
        image = dicomet.to_display(path)
        found = part(tile(pixels, number, 3))
        expected = PIL.fromarray(image).convert("RGB").resize(found.shape[1::-1], PIL.Resampling.BILINEAR)
        assert np.abs(found.astype(int) - np.asarray(expected)).max() <= 2
        assert max(found.shape) == SIZE
    assert (tile(pixels, 4, 3) == sheet.BACKGROUND).all(), "nothing in the rest of the last row"


@pytest.mark.parametrize(("count", "shape"), [(1, (1, 1)), (2, (1, 2)), (4, (2, 2)), (5, (2, 3)), (7, (3, 3))])
def test_nearly_a_square(count, shape, tmp_path, output):
    paths = [flat(tmp_path / str(number), 10 * number) for number in range(count)]
    pixels = made(output, *paths)
    assert pixels.shape[:2] == tuple(GAP + number * (SIZE + GAP) for number in shape)
    for number in range(count):
        assert (tile(pixels, number, shape[1]) == 10 * number).all()


@pytest.mark.parametrize("columns", [1, 2, 3, 10])
def test_columns(columns, tmp_path, output):
    paths = [flat(tmp_path / str(number), 10 * number) for number in range(3)]
    pixels = made(output, *paths, "--columns", columns)
    assert pixels.shape[1] == GAP + min(columns, 3) * (SIZE + GAP)
    for number in range(3):
        assert (tile(pixels, number, min(columns, 3)) == 10 * number).all()


@pytest.mark.parametrize(
    ("size", "elements", "shape"),
    [
        ((8, 8), {}, (SIZE, SIZE)),
        ((8, 16), {}, (SIZE // 2, SIZE)),
        ((16, 4), {}, (SIZE, SIZE // 4)),
        ((1, 1), {}, (SIZE, SIZE)),
        ((3, 1), {}, (SIZE, 13)),
        ((1, 300), {}, (1, SIZE)),
        ((300, 1), {}, (SIZE, 1)),
        ((257, 255), {}, (SIZE, SIZE)),
        ((8, 8), {"PixelSpacing": [1, 0.5]}, (SIZE, SIZE // 2)),
        ((8, 8), {"PixelSpacing": [0.25, 1]}, (SIZE // 4, SIZE)),
        ((8, 16), {"ImagerPixelSpacing": [2, 1]}, (SIZE, SIZE)),
        ((8, 8), {"PixelAspectRatio": [2, 1]}, (SIZE, SIZE // 2)),
        ((8, 8), {"PixelSpacing": [0, 0]}, (SIZE, SIZE)),
        ((8, 8), {"PixelSpacing": [1e9, 1]}, (SIZE, SIZE)),
        ((8, 8), {"PixelSpacing": [1]}, (SIZE, SIZE)),
    ],
    ids=str,
)
def test_sizes_and_shapes_of_pixels(size, elements, shape, tmp_path, output):
    pixels = made(output, flat(tmp_path / "image", 200, *size, **elements))
    found = part(tile(pixels, 0, 1))
    assert found.shape[:2] == shape
    assert (found == 200).all()
    above, left = ((SIZE - length) // 2 for length in shape)
    assert (tile(pixels, 0, 1)[above, left] == 200).all(), "in the middle"


def test_frames_of_one_file(output, capsys):
    pixels = made(output, MULTI, "--tiles", "4")
    for number, index in enumerate([0, 10, 19, 29]):
        image = dicomet.to_display(MULTI, index=index)
        found = part(tile(pixels, number, 2))
        expected = PIL.fromarray(image).resize(found.shape[1::-1], PIL.Resampling.BILINEAR)
        assert np.abs(found.astype(int) - np.asarray(expected)).max() <= 2
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{MULTI}: US, 30x240x320x3, uint8, YBR_FULL_422, JPEG Baseline")
    assert lines[1:5] == [f"{number}  frame {frame} of 30" for number, frame in enumerate([1, 11, 20, 30], 1)]


def test_all_frames_in_their_order(tmp_path, output):
    path = cine(tmp_path / "cine", np.arange(100))
    assert made(output, path).shape[0] == GAP + 8 * (SIZE + GAP), "64 by default"
    pixels = made(output, path, "--tiles", "all", "--columns", "10")
    for number in range(100):
        assert (tile(pixels, number, 10) == number).all()


def test_of_several_files_the_middle_frame(tmp_path, output, capsys):
    path = cine(tmp_path / "cine", np.arange(11))
    pixels = made(output, path, flat(tmp_path / "other", 77))
    assert (tile(pixels, 0, 2) == 5).all()
    assert (tile(pixels, 1, 2) == 77).all()
    assert f"1  {path}, frame 6 of 11: " in capsys.readouterr().out


@pytest.mark.parametrize("count", [1, 2, 3, 63, 64, 65, 1000, 100_000])
@pytest.mark.parametrize("most", [1, 2, 64])
def test_an_even_spread(count, most):
    numbers = show._spread(count, most)
    assert len(numbers) == len(set(numbers)) == min(count, most)
    assert numbers == sorted(numbers)
    if most > 1:
        assert (numbers[0], numbers[-1]) == (0, count - 1)
    steps = np.diff(numbers)
    assert not len(steps) or steps.max() - steps.min() <= 1


def test_window(tmp_path, output):
    path = saved(tmp_path / "ramp", Image(np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1), 8, 8))
    narrow, wide = (made(output, path, "--window", text) for text in ("100,2", "128,256"))
    assert np.isin(part(tile(narrow, 0, 1)), [0, 255]).mean() > 0.9
    assert np.isin(part(tile(wide, 0, 1)), [0, 255]).mean() < 0.1


def test_the_window_of_the_file_is_told_where_it_is_the_one_that_is_shown(output, capsys):
    for arguments, is_told in ([], True), (["--window", "1"], False), (["--window", "40,400"], False):
        made(output, TEST_FILES / "examples_overlay.dcm", *arguments)
        assert (", window " in capsys.readouterr().out) == is_told


def test_a_window_below_zero(output, monkeypatch):
    windows = []
    display = show.to_display
    monkeypatch.setattr(
        show, "to_display", lambda *src, **rest: windows.append(rest["window"]) or display(*src, **rest)
    )
    made(output, CT, "--window=-600,1500")
    made(output, CT, "--window", "-600,1500")
    made(output, TEST_FILES / "examples_overlay.dcm", "--window", "-1")
    assert windows == [(-600, 1500), (-600, 1500), -1]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--window", "-600,1500", "x"], ["--window=-600,1500", "x"]),
        (["--frames", "-1"], ["--frames=-1"]),
        (["--window", "-.5,3,SIGMOID"], ["--window=-.5,3,SIGMOID"]),
        (["--window=1", "-5"], ["--window=1", "-5"]),
        (["--raw", "-o", "x"], ["--raw", "-o", "x"]),
        (["-o", "-5"], ["-o", "-5"]),
        (["--", "--window", "-5"], ["--", "--window", "-5"]),
        (["-5"], ["-5"]),
    ],
)
def test_values_that_begin_with_a_minus(arguments, expected):
    assert with_negative_values(arguments) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        ("-1", -1),
        ("40,400", (40, 400)),
        ("-600.5, 1e3", (-600.5, 1000)),
        ("40,400,sigmoid", (40, 400, "SIGMOID")),
        ("minmax", "minmax"),
        ("SOFT, TISSUE", "SOFT, TISSUE"),
    ],
)
def test_windows_that_are_understood(text, expected):
    assert window(text) == expected


@pytest.mark.parametrize(
    "text", ["40,", "40,x", "40,400,ROUND", "40,400,SIGMOID,1", "40,nan", "nan,nan", "-inf,1", "", " "]
)
def test_windows_that_are_not(text, capsys):
    with pytest.raises(SystemExit) as raised:
        run(CT, f"--window={text}")
    assert raised.value.code == 2
    assert "CENTER,WIDTH" in capsys.readouterr().err


# Folders


def test_a_folder(tmp_path, output, capsys):
    folder = tmp_path / "folder"
    (folder / "below").mkdir(parents=True)
    for name in ("rtplan.dcm", "README.txt", "MR_truncated.dcm"):
        shutil.copy(TEST_FILES / name, folder)
    flat(folder / "a.dcm", 30)
    flat(folder / "below" / "c.dcm", 60)
    pixels = made(output, folder, "--columns", "3", status=1)
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
    pixels = made(output, folder, "--tiles", "4")
    assert [int(tile(pixels, number, 2)[0, 0, 0]) for number in range(4)] == [0, 16, 33, 49]
    assert "46 more images: --tiles all shows all" in capsys.readouterr().out


def test_a_file_that_is_named_is_not_passed_over(output, capsys):
    pixels = made(output, CT, TEST_FILES / "rtplan.dcm", TEST_FILES / "README.txt", status=1)
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


# What is broken


def test_a_broken_file_hides_no_other(tmp_path, output, capsys):
    empty = tmp_path / "empty.dcm"
    empty.touch()
    pixels = made(output, empty, CT, TRUNCATED, status=1)
    assert [is_broken(tile(pixels, number, 2)) for number in range(3)] == [True, False, True]
    lines = capsys.readouterr().out.splitlines()
    assert [("error" in line) for line in lines] == [True, False, True, False]


def test_frames_before_a_damage_are_shown(tmp_path, output, capsys):
    path = flat(tmp_path / "cut", 90, frames=4)
    path.write_bytes(path.read_bytes()[:-20])
    pixels = made(output, path, status=1)
    assert "error: (7FE0,0010) Pixel Data" in capsys.readouterr().out
    assert pixels.shape[0] == GAP + SIZE + GAP


@pytest.mark.parametrize("error", [MemoryError(), KeyError("x"), dicomet.PixelDataError("no\nluck\x1b[0m")], ids=repr)
def test_whatever_is_raised(error, output, monkeypatch, capsys):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr(show, "to_display", fails)
    assert run(CT, "-o", output) == run(CT) == 1
    captured = capsys.readouterr()
    for line in captured.out.splitlines():
        assert re.search(r"error: (MemoryError|'x'|no luck\\x1b\[0m)$", line)
    assert captured.err == 2 * "dicomet show: error: no image can be shown: no sheet is written\n"
    assert not list(output.parent.iterdir())


def test_without_any_image_a_sheet_of_before_stays(tmp_path, output):
    made(output, CT)
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
    monkeypatch.setattr(show, "to_display", refuse)
    assert run(tmp_path / "folder", "-o", output) == 1
    assert "1  CT_small.dcm: error: [Errno 13] Permission denied: 'CT_small.dcm'" in capsys.readouterr().out


def test_interrupt(output, monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(show, "to_display", interrupted)
    assert run(CT, "-o", output) == 130
    assert capsys.readouterr().err == "dicomet: stopped\n"
    assert not output.exists()


# The file that is written


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
    made(output, CT)
    assert [path.name for path in output.parent.iterdir()] == [output.name]


def test_without_an_output_and_without_a_display(nobody_looks, output, capsys):
    assert run(CT) == 0
    path = Path(re.search(r"^sheet: (.*)$", capsys.readouterr().out, re.MULTILINE)[1])
    assert path.parent == output.parent
    read(path)
    assert nobody_looks == []
    if os.name == "posix":
        assert path.stat().st_mode & 0o077 == 0, "nobody else's"


def test_without_an_output_but_with_a_display(nobody_looks, monkeypatch, capsys):
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True, raising=False)
    assert run(CT) == 0
    path = re.search(r"^sheet: (.*)$", capsys.readouterr().out, re.MULTILINE)[1]
    assert nobody_looks == [Path(path).as_uri()]


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
    display = show.to_display
    monkeypatch.setattr(
        show, "to_display", lambda src, index, **rest: shown.append(index) or display(src, index=index, **rest)
    )
    made(output, path, "--tiles", "5")
    assert shown == [0, 100, 200, 299, 399]


def test_aspect_of_a_sheet_that_has_none():
    one = ContactSheet(1, None, SIZE)
    one.place(0, np.full((4, 4), 7, np.uint8), float("nan"))
    assert (part(one.pixels) == 7).all()


def test_names_cannot_control_the_terminal(tmp_path, output, capsys):
    path = flat(tmp_path / "\x1b[31mred.dcm", 1)
    made(output, path)
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

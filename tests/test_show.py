"""`dicomet show`: the tiles of a contact sheet, their order, size and window."""

import webbrowser

import numpy as np
import pytest
from contact_sheets import CT, SIZE, TEST_FILES, cine, draw_sheet, flat, part, run, saved, tile
from oracle import Image

import dicomet
from dicomet.cli import show
from dicomet.cli.arguments import window, with_negative_values
from dicomet.display import contact_sheet as sheet
from dicomet.display.contact_sheet import GAP

PIL = pytest.importorskip("PIL.Image", reason="Pillow reads the sheets: pip install pillow")

MULTI = TEST_FILES / "examples_ybr_color.dcm"
PALETTE = TEST_FILES / "examples_palette.dcm"


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


def test_tiles_are_the_images_as_displayed(output):
    """The tiles are what Pillow makes of the arrays, but for rounding."""
    paths = [CT, PALETTE, TEST_FILES / "SC_rgb_rle.dcm", TEST_FILES / "MR_small.dcm"]
    pixels = draw_sheet(output, *paths, "--columns", "3")
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
    pixels = draw_sheet(output, *paths)
    assert pixels.shape[:2] == tuple(GAP + number * (SIZE + GAP) for number in shape)
    for number in range(count):
        assert (tile(pixels, number, shape[1]) == 10 * number).all()


@pytest.mark.parametrize("columns", [1, 2, 3, 10])
def test_columns(columns, tmp_path, output):
    paths = [flat(tmp_path / str(number), 10 * number) for number in range(3)]
    pixels = draw_sheet(output, *paths, "--columns", columns)
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
    pixels = draw_sheet(output, flat(tmp_path / "image", 200, *size, **elements))
    found = part(tile(pixels, 0, 1))
    assert found.shape[:2] == shape
    assert (found == 200).all()
    above, left = ((SIZE - length) // 2 for length in shape)
    assert (tile(pixels, 0, 1)[above, left] == 200).all(), "in the middle"


def test_frames_of_one_file(output, capsys):
    pixels = draw_sheet(output, MULTI, "--tiles", "4")
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
    assert draw_sheet(output, path).shape[0] == GAP + 8 * (SIZE + GAP), "64 by default"
    pixels = draw_sheet(output, path, "--tiles", "all", "--columns", "10")
    for number in range(100):
        assert (tile(pixels, number, 10) == number).all()


def test_of_several_files_the_middle_frame(tmp_path, output, capsys):
    path = cine(tmp_path / "cine", np.arange(11))
    pixels = draw_sheet(output, path, flat(tmp_path / "other", 77))
    assert (tile(pixels, 0, 2) == 5).all()
    assert (tile(pixels, 1, 2) == 77).all()
    assert f"1  {path}, frame 6 of 11: " in capsys.readouterr().out


@pytest.mark.parametrize("count", [1, 2, 3, 63, 64, 65, 1000, 100_000])
@pytest.mark.parametrize("most", [1, 2, 64])
def test_an_even_spread(count, most):
    numbers = sheet.spread(count, most)
    assert len(numbers) == len(set(numbers)) == min(count, most)
    assert numbers == sorted(numbers)
    if most > 1:
        assert (numbers[0], numbers[-1]) == (0, count - 1)
    steps = np.diff(numbers)
    assert not len(steps) or steps.max() - steps.min() <= 1


def test_window(tmp_path, output):
    path = saved(tmp_path / "ramp", Image(np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1), 8, 8))
    narrow, wide = (draw_sheet(output, path, "--window", text) for text in ("100,2", "128,256"))
    assert np.isin(part(tile(narrow, 0, 1)), [0, 255]).mean() > 0.9
    assert np.isin(part(tile(wide, 0, 1)), [0, 255]).mean() < 0.1


def test_the_window_of_the_file_is_printed_if_it_is_shown(output, capsys):
    for arguments, is_printed in ([], True), (["--window", "1"], False), (["--window", "40,400"], False):
        draw_sheet(output, TEST_FILES / "examples_overlay.dcm", *arguments)
        assert (", window " in capsys.readouterr().out) == is_printed


def test_a_window_below_zero(output, monkeypatch):
    windows = []
    arguments = show.WindowArguments
    monkeypatch.setattr(
        show, "WindowArguments", lambda window, **rest: windows.append(window) or arguments(window, **rest)
    )
    draw_sheet(output, CT, "--window=-600,1500")
    draw_sheet(output, CT, "--window", "-600,1500")
    draw_sheet(output, TEST_FILES / "examples_overlay.dcm", "--window", "-1")
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

"""`dicomet info` and `dicomet show` of slides."""

import json
from dataclasses import replace

import numpy as np
import pytest
from contact_sheets import draw_sheet, part, tile
from info_command import CT, info
from slides import Slide, dataset, file_of, matrices, saved

from dicomet.cli import show
from dicomet.info import describe

COLOR = Slide(matrices(1, 1, 100, 130))
GRAY = Slide(matrices(2, 3, 70, 110, samples=1), sparse=True)


def test_info(tmp_path, capsys):
    path = saved(tmp_path / "slide.dcm", GRAY)
    assert info(path) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("pixel matrix"))
    assert line.split(maxsplit=2)[2] == (
        "70 rows x 110 columns, 3 x 3 tiles of 32 x 48, 2 optical paths, 3 focal planes"
    )
    assert info("--json", path) == 0
    assert json.loads(capsys.readouterr().out)["pixel_matrix"] == {
        "rows": 70, "columns": 110, "tile_rows": 32, "tile_columns": 48, "grid_rows": 3, "grid_columns": 3,
        "optical_paths": 2, "focal_planes": 3,
    }  # fmt: skip


def test_info_of_other_images(capsys):
    assert describe(CT)["pixel_matrix"] is None
    assert info(CT) == 0
    assert "pixel matrix" not in capsys.readouterr().out


@pytest.mark.parametrize("rows", [0, 1000])
def test_info_of_a_damaged_slide(rows):
    found = describe(file_of(dataset(COLOR, TotalPixelMatrixRows=rows)))
    assert found["pixel_matrix"] is None
    assert found["error"] is None
    assert any(f"found {12 if rows else 0}, expected" in message for message in found["warnings"])


@pytest.mark.parametrize("codec", ["native", "JPEG 2000"])
def test_a_slide_is_shown_whole(tmp_path, capsys, codec):
    path = saved(tmp_path / "slide.dcm", replace(COLOR, codec=codec))
    pixels = draw_sheet(tmp_path / "sheet.png", path)
    shown = part(tile(pixels, 0, 1))
    assert shown.shape == (31, 40, 3)
    assert abs(shown.mean() - COLOR.values.mean()) < 3
    assert "frame" not in capsys.readouterr().out


def test_all_planes_of_one_slide(tmp_path, capsys):
    path = saved(tmp_path / "slide.dcm", GRAY)
    draw_sheet(tmp_path / "sheet.png", path)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "1  optical path 1 of 2, focal plane 1 of 3"
    assert lines[6] == "6  optical path 2 of 2, focal plane 3 of 3"


def test_the_first_plane_of_several_slides(tmp_path, capsys):
    names = [saved(tmp_path / name, GRAY) for name in ("a.dcm", "b.dcm")]
    draw_sheet(tmp_path / "sheet.png", *names)
    assert "optical path" not in capsys.readouterr().out


def test_a_slide_that_takes_too_long_is_shown_by_frames(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(show, "MAX_SLIDE_PIXELS", 12 * 32 * 48 - 1)
    path = saved(tmp_path / "slide.dcm", COLOR)
    draw_sheet(tmp_path / "sheet.png", path)
    assert "12  frame 12 of 12" in capsys.readouterr().out
    # Of JPEG 2000, a lower resolution is decoded.
    path = saved(tmp_path / "slide.dcm", replace(COLOR, codec="JPEG 2000"))
    draw_sheet(tmp_path / "sheet.png", path)
    assert "frame" not in capsys.readouterr().out


def test_windows(tmp_path):
    values = np.full((1, 1, 64, 96), 1000, np.uint16)
    values[..., 48:] = 3000
    path = saved(tmp_path / "slide.dcm", Slide(values))
    shown = part(tile(draw_sheet(tmp_path / "sheet.png", path), 0, 1))
    assert (shown[:, 2] == 0).all()
    assert (shown[:, -2] == 255).all()
    shown = part(tile(draw_sheet(tmp_path / "sheet.png", path, "--window", "2000,4000"), 0, 1))
    assert (abs(shown[:, 2].astype(int) - 64) < 2).all()
    assert (abs(shown[:, -2].astype(int) - 191) < 2).all()


def test_a_slide_is_opened_once(tmp_path, monkeypatch):
    """Six planes of one slide."""
    opened = []

    class Recorded(show.SlideReader):
        def __init__(self, src):
            opened.append(src)
            super().__init__(src)

    monkeypatch.setattr(show, "SlideReader", Recorded)
    path = saved(tmp_path / "slide.dcm", GRAY)
    draw_sheet(tmp_path / "sheet.png", path)
    assert opened == [path]


def test_overlays_are_drawn_on_tiles(tmp_path, capsys):
    """A slide with overlays is shown by tiles if they are to be drawn, otherwise whole."""
    data = dataset(Slide(np.zeros((1, 1, 64, 96), np.uint8)))
    drawn = np.zeros((32, 48), np.uint8)
    drawn[:, :24] = 1
    for element, vr, value in (
        (0x0010, "US", 32), (0x0011, "US", 48), (0x0040, "CS", "G"), (0x0050, "SS", [1, 1]), (0x0100, "US", 1),
        (0x0102, "US", 0), (0x3000, "OW", np.packbits(drawn.ravel(), bitorder="little").tobytes()),
    ):  # fmt: skip
        data.add_new((0x6000, element), vr, value)
    path = tmp_path / "slide.dcm"
    path.write_bytes(file_of(data))
    assert not part(tile(draw_sheet(tmp_path / "sheet.png", path), 0, 1)).any()
    assert "frame" not in capsys.readouterr().out
    found = part(tile(draw_sheet(tmp_path / "sheet.png", path, "--overlays"), 0, 2))
    assert (found[:, :18] == 255).all()
    assert not found[:, -18:].any()
    assert "4  frame 4 of 4" in capsys.readouterr().out

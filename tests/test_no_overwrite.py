"""No result replaces what it is made of, nor any other source."""

import io
import os
import zipfile

import numpy as np
import pydicom
import pytest
from convert_files import dicom, folder, gray, image, names, pixels

import dicomet
from dicomet.__main__ import main

pytest.importorskip("PIL")


def several() -> bytes:
    return dicom(np.stack([gray(1), gray(2)]), frames=2, bits=12)


def run(capsys, *arguments, status=2) -> str:
    assert main([str(argument) for argument in arguments]) == status
    return capsys.readouterr().err


def contents(root) -> dict[str, bytes]:
    return {name: (root / name).read_bytes() for name in names(root)}


SOURCES = {
    "another of the folder": ({"a": image(1), "a.png": image(2)}, "in"),
    "a frame of another": ({"a": several(), "a_0002.png": image(2)}, "in"),
    "itself": ({"a.png": image(1)}, "in/a.png"),
    "below": ({"a": image(1), "b/c": image(2), "b/c.png": image(3)}, "in"),
}


@pytest.mark.parametrize("more", [[], ["--skip-existing"], ["--workers=1"]], ids=str)
@pytest.mark.parametrize("case", SOURCES)
def test_convert_replaces_no_source(case, more, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files, out = SOURCES[case]
    root = folder(tmp_path / "in", files)
    said = run(capsys, "convert", "in", "-o", out, *more)
    assert said.startswith("dicomet convert: error: output: ")
    assert said.count("\n") == 1
    assert "would replace" in said
    assert contents(root) == files


def test_a_source_has_many_names(tmp_path, capsys):
    root = folder(tmp_path / "in", {"a": image(1), "other": image(2)})
    out = folder(tmp_path / "out", {})
    out.mkdir()
    os.link(root / "other", out / "a.png")
    (tmp_path / "link").symlink_to(out)
    assert "would replace" in run(capsys, "convert", root, "-o", tmp_path / "link")
    assert (out / "a.png").read_bytes() == (root / "other").read_bytes()


def test_an_archive_is_not_overwritten(tmp_path, capsys):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", image())
    before = path.read_bytes()
    assert "would replace" in run(capsys, "convert", path, "-o", path)
    assert path.read_bytes() == before


def test_the_report_replaces_no_source(tmp_path, capsys):
    root = folder(tmp_path / "in", before := {"a.csv": image()})
    assert "would replace" in run(capsys, "convert", root, "-o", tmp_path / "out", "--report", root / "a.csv")
    assert contents(root) == before
    assert names(tmp_path) == {"in/a.csv"}


def test_results_of_before_are_replaced(tmp_path, capsys):
    root = folder(tmp_path / "in", {"a.dcm": image(1), "b": several()})
    for more in ([], ["--skip-existing"], []):
        run(capsys, "convert", root, "-o", root, "--values", "stored", *more, status=0)
        assert names(root) == {"a.dcm", "b", "a.png", "b_0001.png", "b_0002.png"}
        np.testing.assert_array_equal(pixels(root / "a.png"), gray(1))


@pytest.mark.parametrize("skip_existing", [False, True])
@pytest.mark.parametrize("kind", ["path", "file", "dataset"])
@pytest.mark.parametrize(("content", "name"), [(image, "a.png"), (several, "a_0002.png")])
def test_convert_file_keeps_its_source(content, name, kind, skip_existing, tmp_path):
    path = tmp_path / name
    before = content()
    path.write_bytes(before)
    src = {"path": str, "file": lambda path: path.open("rb"), "dataset": pydicom.dcmread}[kind](path)
    with pytest.raises(ValueError, match="would replace the source"):
        dicomet.convert_file(src, tmp_path / "a.png", skip_existing=skip_existing)
    if isinstance(src, io.IOBase):
        src.close()
    assert contents(tmp_path) == {name: before}


@pytest.mark.parametrize("paths", [["y.png"], ["."], ["z"]], ids=str)
def test_show_keeps_its_sources(paths, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = {"y.png": image(1), "x": image(2)}
    folder(tmp_path, files)
    (tmp_path / "z").symlink_to("y.png")
    said = run(capsys, "show", *paths, "-o", "y.png")
    assert said == "dicomet show: error: the output 'y.png' would replace a file that is to be shown\n"
    assert contents(tmp_path) == {**files, "z": files["y.png"]}


def test_show_replaces_a_sheet_of_before(tmp_path, capsys):
    root = folder(tmp_path / "in", {"x": image()})
    for _ in range(2):
        run(capsys, "show", root, "-o", root / "sheet.png", status=0)

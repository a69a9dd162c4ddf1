"""`dicomet info` of a folder or an archive: its series."""

import json
import zipfile

import pytest
from info_command import CT, info
from series_files import Stack, write


@pytest.fixture
def folder(tmp_path):
    stack = Stack(count=8)
    write(tmp_path / "study" / "a", [one for number, one in enumerate(stack.slices()) if number != 3])
    write(tmp_path / "study" / "b", Stack(count=2).slices(), seed=1)
    (tmp_path / "study" / "notes.txt").write_text("no image")
    return tmp_path / "study"


def test_the_series_of_a_folder(folder, capsys):
    assert info(folder) == 0
    text = capsys.readouterr().out
    assert "series      2\n" in text
    assert "size        7 slices of 4 rows x 6 columns\n" in text
    assert "spacing     2.5 x 0.5 x 0.75 mm (slices x rows x columns)\n" in text
    assert "gaps        found 5 mm between" in text
    assert not any(secret in text for secret in ("DOE", "Thorax", "1.2.826"))


def test_json(folder, tmp_path, capsys):
    archive = tmp_path / "study.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(folder.rglob("*.dcm")):
            file.write(path, path.relative_to(folder))
    assert info("--json", folder, archive, CT) == 0
    of_folder, of_archive, of_file = json.loads(capsys.readouterr().out)
    assert of_folder["error"] is of_archive["error"] is None
    assert of_file["Rows"] == 128
    for found in (of_folder, of_archive):
        series = sorted(found["series"], key=lambda one: one["shape"])
        assert [one["shape"] for one in series] == [[2, 4, 6], [7, 4, 6]]
        assert [one["spacing"] for one in series] == [pytest.approx([2.5, 0.5, 0.75]), None]
        assert [[issue["kind"] for issue in one["issues"]] for one in series] == [[], ["gaps"]]
        assert all(one["modality"] == "CT" for one in series)
    assert of_archive["series"][0]["first_file"].startswith(f"{archive}//")


def test_unreadable_files_and_archives(folder, tmp_path, capsys):
    (folder / "broken.dcm").write_bytes(b"no image at all" * 20)
    assert info(folder) == 0
    assert "broken.dcm: not a DICOM file" in capsys.readouterr().out
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(bad, "w") as file:
        file.writestr("a.dcm", b"x" * 1000)
    data = bytearray(bad.read_bytes())
    data[-30:-26] = b"\xff" * 4
    bad.write_bytes(data)
    assert info("--json", bad) in (0, 1)
    json.loads(capsys.readouterr().out)

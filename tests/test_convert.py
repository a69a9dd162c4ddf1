"""`dicomet convert`: a run over many files, its report and its exit status."""

import csv
import json
import multiprocessing
import os
import pickle
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from convert_command import COUNTS, SR, convert
from convert_files import folder, gray, image, names, pixels
from files import ROOTS

import dicomet
from dicomet.convert.jobs import Job, run_job
from dicomet.convert.options import Options

pytest.importorskip("PIL")

DICOMDIR = ROOTS["pydicom"] / "dicomdirtests" / "DICOMDIR"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def mixed(tmp_path):
    """A folder with four images and with everything else that folders have."""
    root = folder(
        tmp_path / "in",
        {
            "cat/a.dcm": image(1),
            "cat/1.2.840.5": image(2),
            "cat/1.2.840.6": image(3),
            "dog/a.dcm": image(4),
            "dog/broken.dcm": image(5)[:-20],
            "dog/notes.txt": b"no image at all, but some text",
            "dog/empty.dcm": b"",
            "sr.dcm": SR.read_bytes(),
            "DICOMDIR": DICOMDIR.read_bytes(),
        },
    )
    (root / "gone.dcm").symlink_to(root / "nowhere")
    os.mkfifo(root / "pipe.dcm")
    return root


IMAGES = {"cat/a.png": 1, "cat/1.2.840.5.png": 2, "cat/1.2.840.6.png": 3, "dog/a.png": 4}
REASONS = {
    "dog/broken.dcm": ("failed", "found 40 bytes, expected 60"),
    "gone.dcm": ("failed", "No such file"),
    "pipe.dcm": ("failed", "a named pipe"),
    "dog/notes.txt": ("skipped", "not a DICOM file"),
    "dog/empty.dcm": ("failed", "not a DICOM file: it is empty"),
    "sr.dcm": ("skipped", "no pixel data"),
    "DICOMDIR": ("skipped", "no pixel data"),
}


@pytest.mark.parametrize("workers", [1, 3])
def test_what_is_wrong_with_some_does_not_end_the_rest(mixed, out, workers, capsys):
    convert(mixed, "-o", out, "--values", "stored", "--report", out / "report.csv", "--workers", workers, status=1)
    assert names(out) == {*IMAGES, "report.csv"}
    for name, value in IMAGES.items():
        np.testing.assert_array_equal(pixels(out / name), gray(value))
    with (out / "report.csv").open(newline="") as file:
        rows = {Path(row["source"]).relative_to(mixed).as_posix(): row for row in csv.DictReader(file)}
    assert len(rows) == len(IMAGES) + len(REASONS)
    for name, (status, reason) in REASONS.items():
        assert rows[name]["status"] == status
        assert reason in rows[name]["reason"]
        assert not rows[name]["outputs"]
    assert rows["cat/a.dcm"] == {
        "source": str(mixed / "cat" / "a.dcm"),
        "status": "converted",
        "outputs": str(out / "cat" / "a.png"),
        "frames": "1",
        "reason": "",
    }
    printed = capsys.readouterr()
    assert printed.out == COUNTS.format(4, 0, 3, 4) + "\n"
    assert printed.err.count("dicomet convert: ") == 4


def test_what_may_not_be_read_is_reported(tmp_path, out, capsys):
    root = folder(tmp_path / "in", {"a.dcm": image(), "b.dcm": image(), "c/d.dcm": image()})
    (root / "a.dcm").chmod(0)
    if os.access(root / "a.dcm", os.R_OK):
        pytest.skip("nothing is unreadable for this user")
    (root / "c").chmod(0)
    convert(root, "-o", out, status=1)
    (root / "c").chmod(0o700)
    assert names(out) == {"b.png"}
    assert capsys.readouterr().err.count("Permission denied") == 2


def test_a_folder_that_cannot_be_listed_is_reported(tmp_path, out, capsys, monkeypatch):
    root = folder(tmp_path / "in", {"a.dcm": image(), "c/d.dcm": image()})
    real = os.scandir

    def scandir(path):
        if str(path).endswith("/c"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    convert(root, "-o", out, status=1)
    assert names(out) == {"a.png"}
    assert "in/c: the folder cannot be listed: Permission denied" in capsys.readouterr().err


def test_a_report_of_json_has_the_same(mixed, out):
    convert(mixed, "-o", out, "--report", out / "report.json", status=1)
    rows = json.loads((out / "report.json").read_text())
    assert {row["status"] for row in rows} == {"converted", "skipped", "failed"}
    converted = next(row for row in rows if row["source"].endswith("dog/a.dcm"))
    assert converted["outputs"] == [str(out / "dog" / "a.png")]


def test_a_run_goes_on_where_one_has_ended(mixed, out, capsys):
    convert(mixed, "-o", out, "--values", "stored", status=1)
    (out / "cat" / "a.png").unlink()
    modified = (out / "dog" / "a.png").stat().st_mtime_ns
    convert(mixed, "-o", out, "--values", "stored", "--skip-existing", status=1)
    assert capsys.readouterr().out.splitlines()[1] == COUNTS.format(1, 3, 3, 4)
    np.testing.assert_array_equal(pixels(out / "cat" / "a.png"), gray(1))
    assert (out / "dog" / "a.png").stat().st_mtime_ns == modified


@pytest.mark.parametrize("workers", [1, 2])
def test_the_first_failure_may_end_it(tmp_path, out, workers, capsys):
    files = {f"{number:04}.dcm": image() for number in range(300)}
    files["0001.dcm"] = image()[:-9]
    root = folder(tmp_path / "in", files)
    report = out / "r.csv"
    convert(root, "-o", out, "--on-error", "stop", "--workers", workers, "--report", report, status=1)
    with report.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows[:2]] == ["converted", "failed"]
    assert len(rows) < 200
    # The report also names files whose conversion had started.
    assert {row["outputs"] for row in rows} - {""} == {str(out / name) for name in names(out) - {"r.csv"}}
    assert f"{300 - len(rows)} left" in capsys.readouterr().out


def test_what_is_named_must_be_an_image(tmp_path, out, capsys):
    root = folder(tmp_path / "in", {"a.txt": b"text", "b.dcm": image()})
    convert(root / "a.txt", root / "b.dcm", SR, "-o", out, status=1)
    printed = capsys.readouterr()
    assert "a.txt: not a DICOM file" in printed.err
    assert "test-SR.dcm: no pixel data" in printed.err
    assert names(out) == {"b.png"}


def test_a_job_can_be_done_by_any_process(tmp_path, out):
    root = folder(tmp_path / "in", {"a.dcm": image(10)})
    job = Job(str(root / "a.dcm"), str(out / "a.png"), Options(values="stored"))
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
        for _ in range(2):
            done = executor.submit(run_job, pickle.loads(pickle.dumps(job))).result()  # noqa: S301
            assert done == (str(root / "a.dcm"), "converted", (str(out / "a.png"),), 1, "")
        again = executor.submit(dicomet.convert_file, root / "a.dcm", out / "b.npy", values="stored").result()
    assert again.status == "converted"
    np.testing.assert_array_equal(pixels(out / "a.png"), gray(10))


def test_the_report_contains_warnings(out):
    convert(ROOTS["pydicom"] / "MR_small_padded.dcm", "-o", out, "--report", out / "r.json")
    (row,) = json.loads((out / "r.json").read_text())
    assert row["status"] == "converted"
    assert "found 8320 bytes, expected 8192" in row["reason"]

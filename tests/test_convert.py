"""The command: many files, whatever is among them."""

import csv
import io
import json
import multiprocessing
import os
import pickle
import sys
import zipfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from convert_files import dicom, folder, grey, image, names, pixels
from files import ROOTS

import dicomet
from dicomet.__main__ import main
from dicomet._utils.extras import install_command
from dicomet.convert import jobs, pool
from dicomet.convert.jobs import Job, run_job
from dicomet.convert.options import Options

pytest.importorskip("PIL")

CT = ROOTS["pydicom"] / "CT_small.dcm"
MR = ROOTS["pydicom"] / "MR_small.dcm"
SR = ROOTS["pydicom"] / "test-SR.dcm"
DICOMDIR = ROOTS["pydicom"] / "dicomdirtests" / "DICOMDIR"
COUNTS = "{} converted, {} existing, {} skipped, {} failed"


def convert(*arguments, status=0):
    assert main(["convert", *map(str, arguments)]) == status


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
        np.testing.assert_array_equal(pixels(out / name), grey(value))
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
    kept = (out / "dog" / "a.png").stat().st_mtime_ns
    convert(mixed, "-o", out, "--values", "stored", "--skip-existing", status=1)
    assert capsys.readouterr().out.splitlines()[1] == COUNTS.format(1, 3, 3, 4)
    np.testing.assert_array_equal(pixels(out / "cat" / "a.png"), grey(1))
    assert (out / "dog" / "a.png").stat().st_mtime_ns == kept


SAME = {"a.dcm": 1, "a.DCM": 2, "a": 3, "A.ima": 4, "b_0001.dcm": 6, "c.dcm": 7}


def all_results(out):
    return sorted(int(pixels(path)[0, 0]) for path in out.rglob("*.png"))


@pytest.mark.parametrize("workers", [1, 2])
def test_no_file_gets_the_name_of_another(tmp_path, out, workers):
    root = folder(tmp_path / "in", {name: image(value * 10) for name, value in SAME.items()})
    several = np.stack([grey(100), grey(110)])
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
    convert(
        tmp_path / "x",
        tmp_path / "y",
        tmp_path / "z" / "x",
        tmp_path / "a.dcm",
        tmp_path / "x",
        "-o",
        out,
        "--values",
        "stored",
    )
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


def test_of_one_file_the_result_may_be_named(tmp_path, out):
    root = folder(tmp_path / "in", {"a.dcm": image(10)})
    convert(root / "a.dcm", "-o", out / "x.tiff", "--values", "stored")
    convert(root / "a.dcm", "-o", out / "x.npy", "--values", "stored")
    assert names(out) == {"x.tiff", "x.npy"}
    np.testing.assert_array_equal(np.load(out / "x.npy"), grey(10))


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
    # What was begun is told, too.
    assert {row["outputs"] for row in rows} - {""} == {str(out / name) for name in names(out) - {"r.csv"}}
    assert f"{300 - len(rows)} left" in capsys.readouterr().out


def test_what_is_named_must_be_an_image(tmp_path, out, capsys):
    root = folder(tmp_path / "in", {"a.txt": b"text", "b.dcm": image()})
    convert(root / "a.txt", root / "b.dcm", SR, "-o", out, status=1)
    printed = capsys.readouterr()
    assert "a.txt: not a DICOM file" in printed.err
    assert "test-SR.dcm: no pixel data" in printed.err
    assert names(out) == {"b.png"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere"], "no such file or folder: 'nowhere'"),
        (["-", "-"], "read only once"),
        (["{in}/empty"], "no files in"),
        (["{in}", "-o", "x.png"], "'x.png' is the name of one file, found 2 to convert"),
        (["{in}/a.dcm", "-o", "x.png", "--format", "tiff"], "--format tiff contradicts"),
        (["{in}", "--format", "jpg", "--dtype", "uint16"], "JPG cannot hold uint16"),
        (["{in}", "--values", "stored", "--window", "1,2"], "window: does not go with stored values"),
        (["{in}", "--dtype", "int16"], "dtype: found 'int16', expected uint8, uint16, float32"),
        (["{in}", "--values", "modality"], "PNG cannot hold modality values"),
        (["{in}/a.dcm", "-o", ""], "output: found ''"),
        (["{in}/a.dcm", "-o", "x.nii"], "found 'x.nii', expected a name that ends in .png"),
        (["{in}", "--window", "40,0"], "'window': found the width 0"),
        (["{in}/a.dcm", "-o", "x.bmp"], "found 'x.bmp', expected a name that ends in .png"),
        (["{in}", "--size", "0"], "size: found 0"),
        (["{in}", "--report", "x.txt"], "ends in .csv or .json"),
        (["{in}/broken.zip"], "cannot be read as an archive"),
    ],
)
def test_unusable_arguments_are_refused_before_anything_is_done(arguments, says, tmp_path, capsys, monkeypatch):
    root = folder(tmp_path / "in", {"a.dcm": image(), "b.dcm": image()})
    (root / "empty").mkdir()
    if "{in}/broken.zip" in arguments:
        (root / "broken.zip").write_bytes(b"PK\5\6" + b"\xff" * 18)
        monkeypatch.setattr(zipfile, "is_zipfile", lambda _: True)
    monkeypatch.chdir(tmp_path)
    arguments = [argument.format(**{"in": root}) for argument in arguments]
    convert(*arguments, *([] if "-o" in arguments else ["-o", "out"]), status=2)
    printed = capsys.readouterr()
    assert says in printed.err
    assert printed.err.startswith("dicomet convert: error: ")
    assert names(tmp_path) <= {"in/a.dcm", "in/b.dcm", "in/broken.zip"}


@pytest.mark.parametrize(("kind", "module"), [("jpg", "PIL"), ("tiff", "tifffile")])
def test_what_a_format_needs_is_told_once(kind, module, out, capsys, monkeypatch):
    root = folder(out.parent / "in", {"a.dcm": image(), "b.dcm": image()})
    monkeypatch.setitem(sys.modules, module, None)
    convert(root, "-o", out, "--format", kind, status=2)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("dicomet convert: error: ")
    assert line.endswith(f"which is not installed: {install_command('convert')}")
    with pytest.raises(ImportError, match="is not installed: pip install"):
        dicomet.convert_file(root / "a.dcm", out.parent / f"x.{kind}")
    assert not out.exists()


def test_hounsfield_units(out):
    convert(CT, "-o", out, "--values", "modality", "--format", "npy")
    np.testing.assert_array_equal(np.load(out / "CT_small.npy"), dicomet.modality_values(CT), strict=True)


def test_a_dicom_file_without_a_transfer_syntax_is_one(tmp_path, out, capsys):
    root = folder(tmp_path / "in", {"a.dcm": bytes(128) + b"DICM"})
    convert(root, "-o", out, status=1)
    assert "a.dcm: no (0002,0010) Transfer Syntax UID, which every DICOM file has" in capsys.readouterr().err


def test_modality_values_may_all_be_of_one_dtype(out):
    convert(CT, MR, "-o", out, "--values", "modality", "--format", "npy", "--dtype", "int32")
    for path in (CT, MR):
        found = np.load(out / f"{path.stem}.npy")
        np.testing.assert_array_equal(found, dicomet.modality_values(path, dtype=np.int32), strict=True)


def test_raw_is_for_stored_values(out, capsys):
    for values in ("display", "modality"):
        convert(CT, "-o", out, "--values", values, "--raw", "--format", "npy", status=2)
        assert f"raw: does not go with {values} values" in capsys.readouterr().err


def test_a_format_by_any_of_its_suffixes(out):
    convert(CT, "-o", out, "--format", "jpeg")
    convert(CT, "-o", out, "--format", "tif")
    assert names(out) == {"CT_small.jpg", "CT_small.tiff"}


def test_what_has_no_image_needs_no_pillow(out, monkeypatch):
    """The command looks at once whether it is there; a worker elsewhere may lack it."""
    monkeypatch.setitem(sys.modules, "PIL", None)
    for source, status in ((SR, "skipped"), (CT, "failed")):
        done = run_job(Job(str(source), str(out / "x.jpg"), Options()))
        assert done.status == status


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


@pytest.mark.parametrize("option", ["--size=x", "--size=1x2x3", "--frames=some", "--workers=0"])
def test_wrong_options_are_argparses(option, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["convert", "x", "-o", "y", option])
    assert "expected" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "window"),
    [("40,400", (40.0, 400.0)), ("40,400,sigmoid", (40.0, 400.0, "SIGMOID")), ("1", 1), ("minmax", "minmax")],
)
def test_windows_are_those_of_to_display(text, window, tmp_path, out, monkeypatch):
    seen = []
    monkeypatch.setattr(pool, "run", lambda *, jobs, **_: (seen.extend(jobs), (item for item in ()))[1])
    convert(folder(tmp_path / "in", {"a.dcm": image()}), "-o", out, f"--window={text}")
    assert seen[0].options.window == window


def test_a_job_can_be_done_by_any_process(tmp_path, out):
    root = folder(tmp_path / "in", {"a.dcm": image(10)})
    job = Job(str(root / "a.dcm"), str(out / "a.png"), Options(values="stored"))
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
        for _ in range(2):
            done = executor.submit(run_job, pickle.loads(pickle.dumps(job))).result()  # noqa: S301
            assert done == (str(root / "a.dcm"), "converted", (str(out / "a.png"),), 1, "")
        again = executor.submit(dicomet.convert_file, root / "a.dcm", out / "b.npy", values="stored").result()
    assert again.status == "converted"
    np.testing.assert_array_equal(pixels(out / "a.png"), grey(10))


def test_what_is_odd_is_told_by_the_report(out):
    convert(ROOTS["pydicom"] / "MR_small_padded.dcm", "-o", out, "--report", out / "r.json")
    (row,) = json.loads((out / "r.json").read_text())
    assert row["status"] == "converted"
    assert "found 8320 bytes, expected 8192" in row["reason"]


def test_jobs_do_not_keep_old_archives(archive):
    about = archive.stat()
    first = jobs._archive(str(archive), about.st_mtime_ns, about.st_size)
    assert jobs._archive(str(archive), about.st_mtime_ns, about.st_size) is first
    assert jobs._archive(str(archive), about.st_mtime_ns + 1, about.st_size) is not first

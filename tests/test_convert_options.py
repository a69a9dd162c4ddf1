"""`dicomet convert`: options, formats and values."""

import sys
import zipfile

import numpy as np
import pytest
from convert_command import SR, convert
from convert_files import folder, gray, image, names
from files import ROOTS

import dicomet
from dicomet.__main__ import main
from dicomet._utils.extras import install_command
from dicomet.convert import pool
from dicomet.convert.jobs import Job, run_job
from dicomet.convert.options import Options

pytest.importorskip("PIL")

CT = ROOTS["pydicom"] / "CT_small.dcm"
MR = ROOTS["pydicom"] / "MR_small.dcm"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def test_of_one_file_the_result_may_be_named(tmp_path, out):
    root = folder(tmp_path / "in", {"a.dcm": image(10)})
    convert(root / "a.dcm", "-o", out / "x.tiff", "--values", "stored")
    convert(root / "a.dcm", "-o", out / "x.npy", "--values", "stored")
    assert names(out) == {"x.tiff", "x.npy"}
    np.testing.assert_array_equal(np.load(out / "x.npy"), gray(10))


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
def test_the_package_that_a_format_needs_is_named_once(kind, module, out, capsys, monkeypatch):
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


@pytest.mark.parametrize("values", ["display", "modality"])
def test_raw_is_for_stored_values(out, capsys, values):
    convert(CT, "-o", out, "--format", "npy", "--raw", "--values", values, status=2)
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
    jobs_run = []
    monkeypatch.setattr(pool, "run", lambda *, jobs, **_: (jobs_run.extend(jobs), (item for item in ()))[1])
    convert(folder(tmp_path / "in", {"a.dcm": image()}), "-o", out, f"--window={text}")
    assert jobs_run[0].options.window == window

"""The command line, and above all `dicomet bench`: what it finds, what it prints, and its exit status."""

import logging
import os
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import JPEG2000, JPEG2000MC, UID, JPEGBaseline8Bit

import dicomet
from dicomet.__main__ import main
from dicomet.cli import bench, bench_report
from dicomet.cli.bench import Outcome
from dicomet.cli.files import NamedFile, find_files

TEST_FILES = Path(pydicom.__file__).parent / "data" / "test_files"
ESCAPE = "\x1b"
NATIVE = "MR_small.dcm"


def run(*arguments: str | Path) -> int:
    return main(["bench", "--repeat", "1", *map(str, arguments)])


def row(output: str, name: str) -> str:
    """The line of the table that begins with `name`."""
    return next(line for line in output.splitlines() if line.startswith(name))


@pytest.fixture(autouse=True)
def nothing_said_of_the_output(monkeypatch):
    for name in ("COLUMNS", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folder(tmp_path):
    """Three images, one file without an image, one that is not DICOM, and one that is refused by both."""
    names = (NATIVE, "MR_small_bigendian.dcm", "rtplan.dcm", "README.txt", "MR_truncated.dcm")
    for name in names:
        shutil.copy(TEST_FILES / name, tmp_path)
    (tmp_path / "below").mkdir()
    shutil.copy(TEST_FILES / "SC_rgb_rle_2frame.dcm", tmp_path / "below")
    return tmp_path


def saved(path: Path, name: str, transfer_syntax: UID) -> Path:
    """A file of pydicom with another transfer syntax in its file meta information."""
    dataset = pydicom.dcmread(TEST_FILES / name)
    dataset.file_meta.TransferSyntaxUID = transfer_syntax
    dataset.save_as(path)
    return path


def test_version(capsys):
    with pytest.raises(SystemExit) as raised:
        main(["--version"])
    assert raised.value.code == 0
    assert capsys.readouterr().out == f"dicomet {dicomet.__version__}\n"


def test_without_a_command_helps(capsys):
    assert main([]) == 2
    captured = capsys.readouterr()
    assert "bench" in captured.err
    assert captured.out == ""


@pytest.mark.parametrize("module", ["rich", "dicomet.cli.bench"])
def test_starts_without_what_only_a_command_needs(module):
    code = f"import sys, dicomet.__main__; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603


def test_folder(folder, capsys):
    assert run(folder) == 0
    output = capsys.readouterr().out
    native = row(output, NATIVE)
    assert re.search(r"Explicit LE +64x64 +int16 +equal +\d+\.\d{3} +\d+\.\d{3} +\d+\.?\d*x$", native)
    assert re.search(r"Explicit BE +64x64 +int16 +equal", row(output, "MR_small_bigendian.dcm"))
    name = os.path.join("below", "SC_rgb_rle_2frame.dcm")  # noqa: PTH118 - as printed
    assert re.search(r"RLE Lossless +2x100x100x3 +uint8 +equal", row(output, name))
    assert "6 files: 3 equal, 0 differ, 0 decoded by pydicom only, 0 decoded by dicomet only" in output
    assert "1 refused by both, 2 without an image" in output
    assert "rtplan" not in output
    assert "README" not in output


def test_reason_of_a_refused_file(folder, capsys):
    assert run(folder) == 0
    output = capsys.readouterr().out
    assert re.search(r"Refused by both:\n +MR_truncated.dcm +\(7FE0,0010\) Pixel Data: found 8130 bytes", output)


def test_summary(folder, capsys):
    run(folder)
    output = capsys.readouterr().out
    speed = row(output, "all").split()
    assert speed[1] == "3"
    assert all(ratio.endswith("x") for ratio in speed[2:4])
    assert "one run of each" in output
    for name, found in (("dicomet", dicomet.__version__), ("pydicom", pydicom.__version__), ("numpy", np.__version__)):
        assert f"{name} {found}" in output
    assert "Decoding plugins: " in output


def test_file_that_is_not_dicom(capsys):
    assert run(TEST_FILES / "README.txt") == 0
    output = capsys.readouterr().out
    assert "1 file: 0 equal" in output
    assert "1 without an image" in output
    assert "equal files" not in output


def test_dicomet_only(capsys):
    assert run(TEST_FILES / "SC_rgb_jpeg.dcm") == 0
    output = capsys.readouterr().out
    assert re.search(
        r"JPEG Baseline +256x256x3 +uint8 +dicomet only +- +\d+\.\d{3} +-$", row(output, str(TEST_FILES)), re.MULTILINE
    )
    assert "Decoded by dicomet only; pydicom says:" in output
    assert "1 decoded by dicomet only" in output


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda array: array + 1, "4096 of 4096 values, by up to 1"),
        (lambda array: array.astype(np.int32), "dtype int32, pydicom int16"),
        (lambda array: array[None], "shape (1, 64, 64), pydicom (64, 64)"),
        (lambda _: None, "type NoneType, pydicom ndarray"),
    ],
    ids=["values", "dtype", "shape", "type"],
)
def test_wrong_array(change, reason, monkeypatch, capsys):
    decode = dicomet.pixel_array
    monkeypatch.setattr(dicomet, "pixel_array", lambda path: change(decode(path)))
    assert run(TEST_FILES / NATIVE) == 1
    output = capsys.readouterr().out
    line = row(output, str(TEST_FILES))
    assert "differs" in line
    assert line.endswith("-"), "the speed of a wrong result is not reported"
    assert "1 file: 0 equal, 1 differ" in output
    assert reason in output


@pytest.mark.parametrize(
    ("levels", "status", "counts"), [(8, 0, "0 equal, 1 close, 0 differ"), (9, 1, "0 equal, 1 differ")]
)
def test_decoders_of_lossy_jpeg_round_differently(levels, status, counts, monkeypatch, capsys):
    path = TEST_FILES / "SC_rgb_jpeg_dcmtk.dcm"
    array = dicomet.pixel_array(path)
    monkeypatch.setattr(bench, "pydicom_pixel_array", lambda _: array)
    other = array.copy()
    other[0, 0, 0] = array[0, 0, 0] - levels if array[0, 0, 0] > levels else array[0, 0, 0] + levels
    monkeypatch.setattr(dicomet, "pixel_array", lambda _: other)
    assert run(path) == status
    output = capsys.readouterr().out
    assert f"1 file: {counts}" in output
    assert f"1 of 30000 values, by up to {levels}" in output


class Panic(BaseException):
    """Like that of a Rust extension, not an Exception."""


@pytest.mark.parametrize("error", [dicomet.PixelDataError("no luck"), KeyError("no luck"), Panic("no luck")], ids=repr)
def test_dicomet_raises(error, folder, monkeypatch, capsys):
    decode = dicomet.pixel_array

    def fails(path):
        if path.name == NATIVE:
            raise error
        return decode(path)

    monkeypatch.setattr(dicomet, "pixel_array", fails)
    assert run(folder) == 1
    output = capsys.readouterr().out
    assert re.search(r"64x64 +int16 +dicomet fails +\d+\.\d{3} +- +-$", row(output, NATIVE))
    assert "2 equal, 0 differ, 1 decoded by pydicom only" in output
    assert re.search(rf"refused by dicomet:\n +{re.escape(NATIVE)} +.*no luck", output)


def test_dicomet_raises_later_on(monkeypatch, capsys):
    decode, calls = dicomet.pixel_array, []

    def fails_the_third_time(path):
        calls.append(path)
        if len(calls) == 3:
            raise dicomet.PixelDataError("no luck")
        return decode(path)

    monkeypatch.setattr(dicomet, "pixel_array", fails_the_third_time)
    assert main(["bench", str(TEST_FILES / NATIVE)]) == 1
    assert "then: no luck" in capsys.readouterr().out


def test_interrupt(monkeypatch, capsys):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(dicomet, "pixel_array", interrupted)
    assert run(TEST_FILES / NATIVE) == 130
    assert capsys.readouterr().err == "dicomet: stopped\n"


def test_reader_of_the_pipe_goes_away(folder):
    command = [sys.executable, "-m", "dicomet", "bench", "--repeat", "1", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.mark.parametrize("paths", [["missing.dcm"], [NATIVE, "missing.dcm"]])
def test_missing_path(paths, capsys, monkeypatch):
    monkeypatch.chdir(TEST_FILES)
    assert run(*paths) == 2
    captured = capsys.readouterr()
    assert captured.err == "dicomet bench: error: no such file or folder: 'missing.dcm'\n"
    assert captured.out == ""


def test_empty_folder(tmp_path, capsys):
    assert run(tmp_path) == 2
    assert "no files in" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "many"])
def test_unusable_repeat(number, capsys):
    with pytest.raises(SystemExit) as raised:
        main(["bench", "--repeat", number])
    assert raised.value.code == 2
    assert "--repeat" in capsys.readouterr().err


def test_default_is_the_test_files_of_pydicom():
    files = find_files([])
    assert NamedFile(TEST_FILES / NATIVE, NATIVE) in files
    assert len(files) == sum(path.is_file() for path in TEST_FILES.rglob("*"))


def test_a_file_is_benched_once(folder):
    files = find_files([str(folder), str(folder / NATIVE), str(folder / "below")])
    assert len(files) == 6
    assert files[0].label == str(files[0].path), "names of more than one folder must tell which"


def test_pipe_has_no_escape_codes_and_whole_lines(folder):
    command = [sys.executable, "-m", "dicomet", "bench", "--repeat", "1", str(folder), str(TEST_FILES / NATIVE)]
    # Not inherited: readline, which pytest imports, puts COLUMNS into the environment without os.environ.
    done = subprocess.run(command, capture_output=True, check=True, env=dict(os.environ))  # noqa: S603
    output = done.stdout.decode()
    assert ESCAPE not in output
    assert "\r" not in output.replace("\r\n", "\n")
    assert "Decoding  " not in output
    assert done.stderr == b""
    name = str(folder / "below" / "SC_rgb_rle_2frame.dcm")
    assert re.search("RLE Lossless .* equal .*x$", row(output, name)), "one line, whatever its width"


@pytest.mark.parametrize("columns", [60, 80, 100, 120])
def test_width(columns, folder, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(columns))
    long = folder / ("a_long_name_" * 8 + "1.dcm")
    shutil.copy(TEST_FILES / NATIVE, long)
    assert run(folder) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    shortened = next(line for line in lines if line.startswith("a_lo"))
    assert re.match(r"a_lo\w*\.\.\.\w+_1\.dcm .* equal .*x$", shortened)
    assert ("int16" in shortened) == (columns >= 100)


@pytest.mark.skipif(sys.platform == "win32", reason="such names are not allowed")
def test_names_cannot_control_the_terminal(tmp_path, capsys):
    shutil.copy(TEST_FILES / NATIVE, tmp_path / "\x1b[31m[red]\n.dcm")
    assert run(tmp_path) == 0
    output = capsys.readouterr().out
    assert ESCAPE not in output
    assert r"\x1b[31m[red]\n.dcm" in output


def test_output_that_cannot_encode_a_name(tmp_path):
    shutil.copy(TEST_FILES / NATIVE, tmp_path / "h\u00e9.dcm")
    command = [sys.executable, "-m", "dicomet", "bench", "--repeat", "1", str(tmp_path)]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, check=True, env=environment)  # noqa: S603
    assert rb"h\xe9.dcm" in done.stdout


def test_pydicom_without_a_plugin(monkeypatch, capsys):
    monkeypatch.setattr(get_decoder(JPEG2000), "_available", {})
    assert run(TEST_FILES / "JPEG2000.dcm") == 0
    output = capsys.readouterr().out
    assert output.count("no decoding plugin for J2K is installed") == 1
    assert output.count("pip install '.[jpeg]'") == 1
    assert "1 decoded by dicomet only" in output


def test_the_hint_names_what_the_extra_installs(monkeypatch, capsys):
    monkeypatch.setattr(get_decoder(JPEGBaseline8Bit), "_available", {})
    assert run(TEST_FILES / "SC_rgb_jpeg_dcmtk.dcm") == 0
    output = capsys.readouterr().out
    assert "no decoding plugin for" in output
    assert "to compare JPEG 2000 with" not in output


def test_pydicom_needs_no_plugin_for_native_samples(capsys):
    assert run(TEST_FILES / "image_dfl.dcm") == 0
    output = capsys.readouterr().out
    assert "1 decoded by dicomet only" in output
    assert "plugin for" not in output


def test_pydicom_without_a_decoder(tmp_path, capsys):
    assert run(saved(tmp_path / "part2.dcm", "MR_small_jp2klossless.dcm", JPEG2000MC)) == 0
    output = capsys.readouterr().out
    assert "1 decoded by dicomet only" in output
    assert "pip install" not in output


def test_warnings_and_logging_are_silent_and_restored(monkeypatch, capsys, caplog):
    logger = logging.getLogger("pydicom")
    before = (logger.level, list(warnings.filters))
    decode = dicomet.pixel_array

    def noisy(path):
        warnings.warn("a noise", stacklevel=2)
        logger.critical("a noise")
        return decode(path)

    monkeypatch.setattr(dicomet, "pixel_array", noisy)
    assert run(TEST_FILES / NATIVE) == 0
    assert "noise" not in "".join(capsys.readouterr())
    assert not caplog.records
    assert (logger.level, list(warnings.filters)) == before


def test_nan_equals_nan_but_nothing_else():
    image = np.array([[1.5, np.nan], [0, 2]], np.float32)
    assert bench._difference(image, image.copy()).text == ""
    assert bench._difference(image.astype(">f4"), image).text == ""
    assert bench._difference(image, np.nan_to_num(image)).text == "1 of 4 values, by up to inf"


def test_large_arrays_are_compared_to_the_end(monkeypatch):
    monkeypatch.setattr(bench, "COMPARE_CHUNK", 7)
    image = np.arange(50, dtype=np.uint8).reshape(5, 10)
    other = image.copy()
    other[-1, -1] += 1
    assert bench._difference(image, other).text == "1 of 50 values, by up to 1"


@pytest.mark.parametrize(("seconds", "runs"), [(0.0, bench.MAX_RUNS), (-1.0, bench.MIN_RUNS)])
def test_runs_are_adapted(seconds, runs, monkeypatch):
    monkeypatch.setattr(bench, "SECONDS_PER_FILE", seconds or 1e9)
    result = bench.bench_file(NamedFile(TEST_FILES / NATIVE, NATIVE), None)
    assert result.runs == runs
    assert result.outcome is Outcome.EQUAL


def test_file_that_cannot_be_read(tmp_path):
    """A folder stands for it, as the superuser can read every file."""
    result = bench.bench_file(NamedFile(tmp_path, "x"), 1)
    assert result.outcome is Outcome.REFUSED
    assert result.reason


def test_progress_bar_in_a_terminal(folder, monkeypatch, capsys):
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    console = bench_report.make_console()
    bench_report.bench_all(find_files([str(folder)]), 1, console)
    output = capsys.readouterr().out
    assert ESCAPE in output
    assert "1/6" in output

"""The command line, and standard streams that are closed or full."""

import subprocess
import sys
from pathlib import Path

import files
import pytest

CT = files.ROOTS["pydicom"] / "CT_small.dcm"
FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="no device of this system is always full")
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX closes streams")

COMMANDS = {
    "info": ["info", str(CT)],
    "json": ["info", "--json", str(CT)],
    "show": ["show", str(CT), "-o", "sheet.png"],
    "convert": ["convert", str(CT), "-o", "ct.npy"],
    "bench": ["bench", "--repeat=1", str(CT)],
}


def run(folder: Path, redirection: str, *arguments: str, buffered=True) -> tuple[int, str]:
    """Return the status, and standard error."""
    python = [sys.executable, *([] if buffered else ["-u"]), "-m", "dicomet", *arguments]
    shell = ["sh", "-c", f'unset PYTHONUNBUFFERED; exec "$@" {redirection}', "sh", *python]
    done = subprocess.run(shell, cwd=folder, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    return done.returncode, done.stderr


@needs_full
@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_output_is_one_line(command, buffered, tmp_path):
    status, said = run(tmp_path, f">{FULL}", *COMMANDS[command], buffered=buffered)
    assert (status, said) == (1, "dicomet: error: [Errno 28] No space left on device\n")


@needs_posix
@pytest.mark.parametrize("command", COMMANDS)
def test_a_closed_output_is_discarded(command, tmp_path):
    assert run(tmp_path, ">&-", *COMMANDS[command]) == (0, "")
    assert run(tmp_path, ">&- 2>&-", *COMMANDS[command]) == (0, "")


@needs_posix
def test_a_closed_input_is_refused(tmp_path):
    status, said = run(tmp_path, "<&-", "convert", "-", "-o", "out")
    assert (status, said) == (2, "dicomet convert: error: standard input is closed\n")

"""What is said of files that failed: a line for each reason, and with --verbose for each file."""

import re

import numpy as np
import pytest
from convert_files import dicom, folder, image
from hypothesis import given
from hypothesis import strategies as st

from dicomet.__main__ import main
from dicomet._utils.reasons import MAX_REASONS, Summary
from dicomet.convert.api import Converted

MPEG = b"1.2.840.10008.1.2.4.100"
NATIVE = b"1.2.840.10008.1.2.1\x00"


def unsupported() -> bytes:
    """A file of a transfer syntax that is not for images, of a longer UID."""
    data = image()
    at = data.index(NATIVE)
    element = bytearray(data[: at + len(NATIVE)])
    element[at - 2 : at] = (len(MPEG) + 1).to_bytes(2, "little")
    element[at:] = MPEG + b"\x00"
    group = data.index(b"UL\x04\x00") + 4
    length = int.from_bytes(element[group : group + 4], "little") + len(MPEG) + 1 - len(NATIVE)
    element[group : group + 4] = length.to_bytes(4, "little")
    return bytes(element) + data[at + len(NATIVE) :]


def convert(*arguments) -> int:
    return main(["convert", *map(str, arguments)])


@pytest.fixture
def root(tmp_path):
    many = {f"{number:03}.dcm": unsupported() for number in range(110)}
    cut = {f"cut{length}.dcm": image()[:-length] for length in (10, 12, 14)}
    return folder(tmp_path / "in", {**many, **cut, "a.dcm": image(), "z.dcm": b"DICM".rjust(132, b"\0") + b"\2\0"})


def test_one_line_for_each_reason(root, tmp_path, capsys):
    assert convert(root, "-o", tmp_path / "out", "--workers", 1) == 1
    said = capsys.readouterr()
    lines = said.err.splitlines()
    assert len(lines) == 3
    first = "dicomet convert: 110 files: Unable to decode the pixel data as a"
    assert lines[0].startswith(first)
    assert "is not supported: its value is a video stream" in lines[0]
    assert lines[0].endswith(f", e.g. {root / '000.dcm'}, {root / '001.dcm'}")
    assert lines[1].startswith("dicomet convert: 3 files: (7FE0,0010) Pixel Data")
    assert "(in some with other numbers), e.g. " in lines[1]
    assert lines[2].startswith(f"dicomet convert: {root / 'z.dcm'}: ")
    assert said.out == "1 converted, 0 existing, 0 skipped, 114 failed\n"


def test_every_file_with_verbose(root, tmp_path, capsys):
    assert convert(root, "-o", tmp_path / "out", "--workers", 1, "--verbose") == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 114
    named = {re.match(r"dicomet convert: (.*?\.dcm): \S", line)[1] for line in lines}
    assert named == {str(path) for path in root.iterdir() if path.name != "a.dcm"}


@pytest.mark.parametrize("more", [[], ["--verbose"]])
def test_a_single_failure_is_one_line_with_its_file(more, tmp_path, capsys):
    root = folder(tmp_path / "in", {"a.dcm": image(), "b.dcm": image()[:-20]})
    assert convert(root, "-o", tmp_path / "out", *more) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"dicomet convert: {root / 'b.dcm'}: (7FE0,0010) Pixel Data: found 40 bytes, expected 60")


def test_warnings_are_summarized_likewise(tmp_path, capsys):
    """Bytes after the last frame are tolerated."""
    long = dicom(np.zeros((6, 5), np.uint16)).replace(b"OW\0\0\x3c\0\0\0", b"OW\0\0\x40\0\0\0") + bytes(4)
    root = folder(tmp_path / "in", {"a.dcm": long, "b.dcm": long, "c.dcm": image()})
    assert convert(root, "-o", tmp_path / "out", "--values", "stored") == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("dicomet convert: warning: 2 files: (7FE0,0010) Pixel Data")
    assert line.endswith(f", e.g. {root / 'a.dcm'}, {root / 'b.dcm'}")
    assert convert(root, "-o", tmp_path / "out", "--values", "stored", "--verbose") == 0
    assert [line.split(": ")[2] for line in capsys.readouterr().err.splitlines()] == [
        str(root / "a.dcm"),
        str(root / "b.dcm"),
    ]


def test_after_an_interrupt(root, tmp_path, capsys, monkeypatch):
    """What is known by then is said, too."""

    def interrupt(*_, **__):
        if not interrupt.left:
            raise KeyboardInterrupt
        interrupt.left -= 1
        return Converted("x.dcm", "failed", reason="why")

    interrupt.left = 3
    monkeypatch.setattr("dicomet.convert.pool.run_job", interrupt)
    assert convert(root, "-o", tmp_path / "out", "--workers", 1) == 130
    assert "dicomet convert: 3 files: why, e.g. x.dcm, x.dcm\n" in capsys.readouterr().err


@given(st.lists(st.tuples(st.text(min_size=1), st.sampled_from("abcdefghij"), st.integers(0, 3)), max_size=60))
def test_every_file_counts_once(failed):
    summary = Summary("p", "a list")
    for name, reason, number in failed:
        summary.add(name, f"{name}: {reason} of {number}")
    lines = list(summary.lines())
    assert len(lines) == len({reason for _, reason, _ in failed})
    counts = [int(match[1]) if (match := re.match(r"p: (\d+) files: ", line)) else 1 for line in lines]
    # A name may look like a count.
    assert sum(counts) == len(failed) or any(re.match(r"\d+ files: ", name) for name, *_ in failed)
    assert all(line.isprintable() for line in lines)


def test_very_many_reasons_are_counted():
    summary = Summary("p", "--verbose or --report lists them")
    for number in range(100):
        summary.add("name", "x" * number)
    *lines, last = summary.lines()
    assert len(lines) == MAX_REASONS
    assert last == "p: 80 files for 80 other reasons: --verbose or --report lists them"

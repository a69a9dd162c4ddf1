"""Malformed and unusual files, read in every way: a clear error or the right pixels, and nothing else.

Every call runs in a process of its own (`isolated_reader.py`), whose memory is limited and poisoned.
"""

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import cases
import cases_deflated
import cases_description
import cases_encapsulated
import cases_jpeg
import cases_jpeg_2000
import cases_jpeg_data
import cases_jpeg_ls
import cases_jpeg_ls_data
import cases_jpeg_ls_presets
import cases_jpeg_xl
import cases_native
import cases_rle
import numpy as np
import pytest
from build import RLE, image, items, rle
from cases import Array, Case, Error, gray

HERE = Path(__file__).parent

MIB = 1 << 20
SECONDS = 2
"""Processor time for a call. A call without an end is stopped after five times as long."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and counts memory as Linux does")


class Child:
    """The process that makes the calls; restarted if it has died."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = None

    def ask(self, data: bytes, way: str, memory: int = 32 * MIB, **request) -> dict:
        """Call `way` in a fork, which may allocate `memory` bytes in addition to the size of the file."""
        path = self.folder / "image"
        path.write_bytes(data)
        if self.process is None or self.process.poll() is not None:
            self.process = self.start()
        request = {"path": str(path), "way": way, "limit": memory + len(data), "ends_in": 5 * SECONDS, **request}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the process that forks has died"
        report = json.loads(answer)
        assert "failed" not in report, report["failed"] + report.get("stderr", "")
        return report

    def start(self) -> subprocess.Popen:
        warm = [self.folder / "warm, native", self.folder / "warm, RLE"]
        warm[0].write_bytes(image(gray().tobytes()))
        warm[1].write_bytes(image(items([rle(gray()[0])]), RLE))
        # Libraries' threads must not exist at a fork, and their memory must not be counted.
        environment = {**os.environ, "DICOMET": "0", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
        command = [sys.executable, str(HERE / "isolated_reader.py"), *map(str, warm)]
        return subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def end(self) -> None:
        if self.process is not None:
            self.process.stdin.close()
            self.process.stdout.close()
            self.process.wait(10)


@pytest.fixture(scope="module")
def child(tmp_path_factory):
    started = Child(tmp_path_factory.mktemp("malformed"))
    yield started
    started.end()


def arrays(report: dict) -> list[np.ndarray]:
    return [
        np.frombuffer(base64.b64decode(array["data"]), array["dtype"]).reshape(array["shape"])
        for array in report["arrays"]
    ]


def as_given(frames: np.ndarray, way: str) -> list[np.ndarray]:
    """The result that a way must return for these frames."""
    if way == "iter":
        return list(frames)
    if way == "index":
        return [frames[0]]
    return [frames if way == "open" or len(frames) > 1 else frames[0]]


def check_arrays(found: list[np.ndarray], expected: list[np.ndarray]) -> None:
    assert len(found) == len(expected)
    for array, right in zip(found, expected, strict=True):
        assert array.dtype == right.dtype
        assert array.shape == right.shape
        assert (array == right).all(), array


def check_error(error: dict | None, expected: Error, way: str) -> None:
    assert error is not None, "no error"
    assert error["classes"][0] == expected.kind, error
    assert re.search(expected.text, error["text"]), error
    numbered = expected.number is not None and way in ("index", "iter")
    place = {
        "frame": expected.number if numbered else expected.frame,
        "segment": expected.segment,
        "offset": expected.offset,
    }
    assert {name: error[name] for name in place} == place, error
    if expected.element is not None:
        assert error["element"] == cases.NAMES[expected.element], error
    if expected.kind == "PixelDataError":
        assert "ValueError" in error["classes"]
        assert str(error["element"] or "") in error["text"], error
        assert all(f"{name} {number}" in error["text"] for name, number in place.items() if number is not None), error


def check_warnings(found: list[list[str]], expected: Array, way: str) -> None:
    pattern = None if way in expected.quiet else expected.warning
    assert len(found) == (pattern is not None), found
    for category, text, file in found:
        assert category == "UserWarning"
        assert re.search(pattern, text), text
        assert expected.by_pydicom or Path(file) == HERE / "isolated_reader.py"


def check_warnings_of_error(found: list[list[str]]) -> None:
    """Before an error, only pydicom's warnings about an element and one of dicomet's are allowed."""
    assert all(category == "UserWarning" for category, _, _ in found)
    assert len([file for _, _, file in found if "pydicom" not in Path(file).parts]) <= 1, found


def check(report: dict, way: str, expected: cases.Expected, memory: int) -> None:
    if "no data set" in report:
        pytest.skip(f"pydicom cannot read it: {report['no data set']}")
    assert report["stderr"] == ""
    assert report["seconds"] < SECONDS
    assert report["growth"] < memory
    found, error = arrays(report), report["error"]
    if isinstance(expected, Array):
        assert error is None, error
        check_arrays(found, as_given(expected.frames, way))
        check_warnings(report["warnings"], expected, way)
        return
    check_warnings_of_error(report["warnings"])
    if way == "index" and expected.whole is not None:
        assert error is None, error
        check_arrays(found, [expected.whole[0]])
        return
    check_arrays(found, list(expected.whole) if way == "iter" and expected.whole is not None else [])
    check_error(error, expected, way)


def parameters() -> list:
    """All combinations of a case and a way."""
    return [pytest.param(case, way, id=f"{case.name}-{way}") for case in cases.ALL for way in case.ways]


@pytest.mark.parametrize(("case", "way"), parameters())
def test_case(child, case: Case, way: str):
    expected = case.outcome(way)
    report = child.ask(case.data, way, case.memory, out="right", form=form_of(expected))
    check(report, way, expected, case.memory + len(case.data))


def form_of(expected: cases.Expected) -> tuple[tuple[int, ...], str] | None:
    """The form of an array for the result; None for a refused image, of which the child uses the description."""
    if isinstance(expected, Error):
        return None
    frames = expected.frames if len(expected.frames) > 1 else expected.frames[0]
    return frames.shape, frames.dtype.str


@pytest.mark.parametrize("case", cases.ALL, ids=lambda case: case.name)
def test_installed(child, case: Case):
    """After `dicomet.install()`, pydicom's results, errors, texts, warnings and log records are unchanged."""
    if case.without:
        pytest.skip(case.without)
    assert child.ask(case.data, "installed")["different"] == {}


NATIVE = image(gray().astype("<u2").tobytes())
RLE_LOSSLESS = image(items([rle(gray()[0])]), RLE)
FORMS = ("strided", "column by column", "read-only", "other dtype", "other shape", "too large")


@pytest.mark.parametrize("data", [NATIVE, RLE_LOSSLESS], ids=["native", "RLE"])
@pytest.mark.parametrize("form", FORMS)
def test_unusable_out(child, data: bytes, form: str):
    report = child.ask(data, "out", out=form, form=form_of(Array(gray())))
    assert report["error"]["classes"][0] == "PixelDataError"
    assert re.search(r"'out': found an array .*, expected ", report["error"]["text"])


def test_installed_takes_part(child):
    """dicomet decodes a valid file, pydicom an invalid one."""
    assert child.ask(NATIVE, "installed")["taken"] == 3
    assert child.ask(image(bytes(46)), "installed")["taken"] == 0


def test_right_out(child):
    report = child.ask(NATIVE, "out", out="right", form=form_of(Array(gray())))
    check(report, "out", Array(gray()), 32 * MIB)


def test_what_is_wrong_is_noticed(child):
    with pytest.raises(AssertionError, match="42405"):
        check(child.ask(NATIVE, "unwritten"), "path", Array(gray()), 32 * MIB)
    with pytest.raises(AssertionError, match=r"4[0-9]{7} <"):
        check(child.ask(NATIVE, "greedy", 64 * MIB), "path", Error("bytes were taken", None), 32 * MIB)
    assert child.ask(NATIVE, "greedy")["error"]["classes"][1] == "MemoryError"
    with pytest.raises(AssertionError, match="the process died: -6"):
        child.ask(NATIVE, "crash")
    with pytest.raises(AssertionError, match=r"no end after 0\.2 s"):
        child.ask(NATIVE, "hang", ends_in=0.2)


def test_names():
    """The names of the cases are unique."""
    names = [case.name for case in cases.ALL]
    assert len(names) == len(set(names))
    modules = {cases_deflated, cases_description, cases_native, cases_encapsulated, cases_rle}
    modules |= {cases_jpeg, cases_jpeg_2000, cases_jpeg_data, cases_jpeg_xl}
    modules |= {cases_jpeg_ls, cases_jpeg_ls_data, cases_jpeg_ls_presets}
    assert len(names) > 50 * len(modules)

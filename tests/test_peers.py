"""The harness that measures dicomet beside its peers: telling right from wrong, surviving, measuring, reporting."""

import dataclasses
import itertools
import json
import sys
from pathlib import Path

import numpy as np
import pydicom
import pydicom.pixels
import pytest

import peers
import workloads
from dicomet._utils import timing
from dicomet._utils.timing import Limit
from harness import child, goals, measure, plan, report, session, tasks
from harness.readers import OWN, REFERENCE
from harness.rows import BYTES, FLOOR, Row, Rows
from harness.trial import Trial, Verdict, compare, try_all
from workloads import Workload

TEST_FILES = Path(pydicom.__file__).parent / "data" / "test_files"
NATIVE = TEST_FILES / "MR_small.dcm"
ONCE = Limit(1, 1, 0)
SMALL = Workload("small", workloads.ct, (6, 32, 30), times=2)

# Imported by the processes in which peers are tried.
FAKES = """
import os, signal, sys, time
import numpy as np
from pydicom.pixels import iter_pixels, pixel_array
from harness import child
from harness.readers import Reader

def reader(change):
    return lambda: Reader(
        lambda path: change(pixel_array(path)), lambda path, index: change(pixel_array(path, index=index)), iter_pixels
    )

def refuse(array):
    raise ValueError("no\\n luck")

def hang(array):
    child.give_up_after(0.1)
    time.sleep(60)

def print_too(array):
    os.write(1, b"[not requested]\\n")
    return array

def waste(array):
    np.ones(64_000_000, np.uint8)
    return array

right = reader(lambda array: array)
in_other_form = reader(lambda array: array[None].astype(np.int64))
noisy = reader(print_too)
wrong = reader(lambda array: array + (np.arange(array.size).reshape(array.shape) == 7))
wasteful = reader(waste)
refusing = reader(refuse)
aborting = reader(lambda array: os.abort())
exiting = reader(lambda array: os._exit(3))
leaving = reader(lambda array: sys.exit(0))
hanging = reader(hang)
raw = lambda: Reader(lambda path: pixel_array(path, raw=True), None)

def absent():
    raise ImportError("a library is missing")
"""


@pytest.fixture
def fakes(tmp_path, monkeypatch):
    (tmp_path / "fakes.py").write_text(FAKES)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on by one second with every look."""
    monkeypatch.setattr(timing.time, "perf_counter", itertools.count().__next__)


@pytest.mark.usefixtures("fakes")
def test_verdicts_and_none_of_them_ends_the_others():
    expected = {
        "right": "equal",
        "in_other_form": "equal",
        "noisy": "equal",
        "wrong": "wrong",
        "refusing": "refuses",
        "absent": "refuses",
        "aborting": "crashes",
        "exiting": "crashes",
        "leaving": "crashes",
        "hanging": "hangs",
        "wasteful": "equal",
    }
    if sys.platform == "win32":
        del expected["hanging"]
    found = dict(zip(expected, try_all([Trial(f"fakes:{name}", str(NATIVE)) for name in expected]), strict=True))
    assert {name: verdict.kind for name, verdict in found.items()} == expected
    assert found["wrong"].reason == "1 of 4096 values differ, by 1 at most"
    assert found["refusing"].reason == "ValueError: no luck"
    assert found["exiting"].reason.startswith("exit status 3")
    if sys.platform != "win32":
        assert found["aborting"].reason.startswith("SIGABRT")


@pytest.mark.usefixtures("fakes")
def test_stored_as_ybr_is_not_called_wrong(tmp_path):
    path = Workload("YBR", workloads.ultrasound_ybr, (2, 32, 30), "YBR_FULL", (8, 8)).write(tmp_path)
    (verdict,) = try_all([Trial("fakes:raw", str(path), tolerance=1)])
    assert verdict.kind == "as YBR"
    assert not verdict.is_right


IMAGE = np.arange(12, dtype=np.uint8).reshape(3, 4)


@pytest.mark.parametrize(
    ("found", "tolerance", "kind"),
    [
        (IMAGE, 0, "equal"),
        (IMAGE[None, :, :, None], 0, "equal"),
        (IMAGE.astype(np.int32), 0, "equal"),
        (IMAGE + 1, 0, "wrong"),
        (IMAGE + 1, 1, "within 1"),
        (IMAGE - 1, 1, "wrong"),  # 0 became 255
        (IMAGE.T, 0, "wrong"),
        (IMAGE[:2], 0, "wrong"),
        (None, 0, "wrong"),
    ],
)
def test_compare(found, tolerance, kind):
    verdict = compare(found, IMAGE, tolerance)
    assert verdict.kind == kind
    assert verdict.is_right == (kind != "wrong")
    assert bool(verdict.reason) == (kind != "equal")


@pytest.mark.usefixtures("fakes")
def test_times_of_a_process():
    read = {"row": "MR", "path": str(NATIVE), "index": None, "names": ["fakes:right", "fakes:noisy"]}
    found = measure.times([{**read, "floor": {"count": 9}}], Limit(2, 2, 0), one_core=measure.CAN_BIND)
    assert found.failure == ""
    assert [(row, name, turns) for row, name, *_, turns in found.items] == [
        ("MR", FLOOR, 2),
        ("MR", "fakes:right", 2),
        ("MR", "fakes:noisy", 2),
    ]
    assert all(0 < lowest <= median for _, _, median, lowest, _ in found.items)


@pytest.mark.usefixtures("clock")
def test_a_turn_of_the_fast_has_many_calls(monkeypatch):
    """By a clock on which each call takes a second, whatever it does."""
    calls = []
    for turn, slow, count in ((5.5, 9, 1 + 1 + 2 * 5), (0.5, 9, 1 + 1 + 2 * 1), (0.5, 0.5, 1)):
        monkeypatch.setattr(measure, "TURN_SECONDS", turn)
        monkeypatch.setattr(measure, "SLOW_SECONDS", slow)
        calls.clear()
        (found,) = measure._timed({("row", "name"): lambda: calls.append(1)}, Limit(2, 2, 0))
        assert len(calls) == count
        assert found[-1] == (1 if slow < 1 else 2)
        assert found[2] == 1 / (5 if turn > 1 else 1)


@pytest.mark.usefixtures("fakes")
def test_files_by_threads():
    found = measure.files([str(NATIVE)] * 3, ["fakes:right"], [1, 2], ONCE)
    assert [item[:2] for item in found.items] == [["1", "fakes:right"], ["2", "fakes:right"]]


def test_dataset_with_and_without():
    found = measure.dataset(str(NATIVE), "MR", ONCE)
    assert found.failure == "", found.printed
    assert [item[:2] for item in found.items] == [["MR", OWN], ["MR", REFERENCE]]


@pytest.mark.skipif(not measure.CAN_MEASURE_MEMORY, reason="Linux tells it")
@pytest.mark.usefixtures("fakes")
def test_memory_is_that_above_the_result(tmp_path):
    path = dataclasses.replace(SMALL, shape=(6, 1000, 1000)).write(tmp_path)
    least, wasteful = (
        measure.memory(str(path), f"fakes:{name}", str(NATIVE), iterate=False).items[0]
        for name in ("right", "wasteful")
    )
    assert wasteful > least + 40_000_000, "64 MB, of which 12 take the place of what was needed before"
    assert measure.memory(str(path), "fakes:right", str(NATIVE), iterate=True).items[0] < 12_000_000


def test_measured_again_without_a_reader_that_crashes_later():
    requested = []

    def ask(names):
        requested.append(names)
        failure = "SIGSEGV" if "peer" in names else ""
        return child.Answer([["MR", OWN, 1.0, 0.5, 5], ["MR", REFERENCE, 2.0, 1.5, 5]] * (not failure), failure, "")

    found, late = tasks._ask_again(ask, [OWN, REFERENCE, "peer"])
    assert requested == [[OWN, REFERENCE, "peer"], [OWN, REFERENCE]]
    row = tasks._filled(Row("path", "MR"), found, "MR", late)
    assert row.figures == {OWN: 1.0, REFERENCE: 2.0}
    assert row.lowest == {OWN: 0.5, REFERENCE: 1.5}
    assert row.verdicts["peer"].kind == "crashes"


def test_all_workloads_have_names_of_their_own():
    everything = [
        *(*workloads.WORKLOADS, *workloads.LONG_CINES, *workloads.RLE_KINDS, *workloads.SMALL_FRAMES),
        *workloads.CODEC_CINES,
    ]
    assert len(plan.NAMED) == len(everything)
    names = [name for task in plan.tasks() for name in task.names()]
    assert len(set(names)) == len(names)


def test_floor_is_the_bytes_of_the_value(tmp_path):
    current = session.Session(tmp_path, [], ONCE)
    stored = pydicom.dcmread(current.path(SMALL)).PixelData
    for index, expected in ((None, stored), (4, stored[4 * 1920 : 5 * 1920])):
        question = tasks.Read("path", SMALL, index).question(current, [])
        assert np.fromfile(current.path(SMALL), np.uint8, **question["floor"]).tobytes() == expected


def test_files_are_written_once(tmp_path):
    current = session.Session(tmp_path, [], ONCE)
    written = current.path(SMALL).stat().st_mtime_ns
    many = current.many(SMALL, 5, 2)
    assert current.path(SMALL).stat().st_mtime_ns == written
    contents = [path.read_bytes() for path in many]
    assert len(set(contents)) == 2
    assert len(many) == 5


def row(**options) -> Row:
    figures = {OWN: 0.001, REFERENCE: 0.0035, "peer": 0.0005, FLOOR: 0.0008}
    return Row("path", "MR", figures=figures, floor="np.fromfile", runs=5, **options)


def test_ratios():
    assert row().ratio(REFERENCE) == pytest.approx(3.5)
    assert row().ratio(OWN, to=FLOOR) == pytest.approx(1.25)
    assert row().ratio("absent") is None
    assert row().best_peer == 0.0005
    assert Rows([row()]).own("path", "MR") == 0.001
    assert Rows([row()]).own("path", "CT") is None


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        (OWN, {}, "1.00"),
        (REFERENCE, {}, "3.50 (3.50)"),
        ("peer", {"verdicts": {"peer": Verdict("within 1", "few")}}, "0.50 (0.50) ±1"),
        ("other", {"verdicts": {"other": Verdict("wrong", "all of them")}}, "*wrong*"),
        ("other", {}, ""),
    ],
)
def test_cell(name, options, expected):
    assert report.cell(row(**options), name) == expected


def test_markdown_and_json():
    rows = [
        row(verdicts={"other": Verdict("wrong", "all of them")}),
        Row("memory", "MR", BYTES, figures={OWN: 2e6, REFERENCE: 1.5e7}, runs=1),
    ]
    about = report.machine({OWN: "1.0", "gone": ""})
    text = report.markdown(rows, [OWN, REFERENCE, "peer", "other"], about)
    assert "| MR | 1.00 | 3.50 (3.50) | 0.50 (0.50) | *wrong* | 0.80 (0.80) | np.fromfile | 5 |" in text
    assert "| work, MB | dicomet | pydicom | turns |" in text
    assert "| MR | 2.00 | 15.0 | 1 |" in text
    assert "* other wrong: all of them (MR)" in text
    assert "dicomet 1.0" in text
    assert "Absent: gone." in text
    found = json.loads(report.to_json(rows, about))
    assert found["rows"][0]["figures"][REFERENCE] == 0.0035
    assert found["rows"][0]["verdicts"] == {"other": ["wrong", "all of them"]}
    assert found["machine"]["versions"][OWN] == "1.0"
    assert report.from_json(report.to_json(rows, about)) == (rows, about)


def test_plot(tmp_path):
    pytest.importorskip("matplotlib")
    paths = report.plot([row()], [OWN, REFERENCE, "peer"], tmp_path / "peers")
    assert {path.suffix for path in paths} == {".svg", ".png"}
    assert all(path.stat().st_size > 1000 for path in paths)
    assert report.plot([Row("path", "MR")], [OWN], tmp_path / "peers") == []


@pytest.mark.parametrize(("own", "reached"), [(1.14, True), (1.16, False)])
def test_goals(own, reached):
    rows = [Row(plan.PATH, "CT", figures={OWN: own, FLOOR: 1.0, REFERENCE: 20.0})]
    lines = goals.markdown(rows).splitlines()
    (floor,) = (line for line in lines if line.startswith("| CT: to np.fromfile"))
    assert floor.endswith("| yes |") == reached
    (pydicom_line,) = (line for line in lines if line.startswith("| CT: pydicom"))
    assert pydicom_line.endswith("| yes |")
    assert not any("mammogram" in line for line in lines), "what was not measured is not judged"


def test_goals_without_rows():
    assert goals.markdown([]) == ""


def test_each_goal_can_be_found():
    """A row that no reader measures would disable a goal."""
    names = {name for task in plan.tasks() for name in task.names()}
    figures = {OWN: 1.0, FLOOR: 1.0, REFERENCE: 1.0, "pydcm": 1.0, "dicomsdl": 1.0, "imagecodecs": 1.0}
    rows = [
        Row(section, name, figures=figures, sizes={"file": 1, "frame": 1})
        for section, name in (name.split(": ", 1) for name in names)
    ]
    assert goals.markdown(rows).count("\n|") == 2 + len(list(goals._goals()))


def test_list(capsys):
    assert peers.main(["--list", "--only", "MAMMO", "no such thing"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"{plan.PATH}: mammogram, 12 of 16" in lines
    assert all("mammogram" in line for line in lines)


def test_nothing_has_that_name(capsys):
    assert peers.main(["--only", "no such thing"]) == 2
    assert "--list" in capsys.readouterr().err


def test_script(tmp_path, monkeypatch, capsys):
    reads = tuple(tasks.Read(plan.PATH, SMALL, index) for index in (None,))
    monkeypatch.setattr(plan, "tasks", lambda: [tasks.Reading(reads)])
    monkeypatch.setattr(peers, "PEERS", peers.PEERS[:2])
    folder, output = tmp_path / "files", tmp_path / "output"
    assert peers.main(["--seconds", "0", "--folder", str(folder), "--output", str(output)]) == 0
    printed = capsys.readouterr()
    assert "No peer is absent." in printed.out
    assert (output / "peers.md").read_text().strip() == printed.out.strip()
    (found,) = json.loads((output / "peers.json").read_text())["rows"]
    assert set(found["figures"]) == {OWN, REFERENCE, FLOOR}
    assert found["runs"] == peers.MIN_RUNS
    assert (folder / "small.dcm").exists()

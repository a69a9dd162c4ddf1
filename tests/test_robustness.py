"""The script that reads mutated files beside the peers: how calls end, and what is counted."""

import json
import signal
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and measures memory as Linux does")
if sys.platform == "linux":
    import robustness
    from harness.guarded import Answer, GuardedReader, Kind, Request, compared, ended
    from robustness import Counts, Finding, Outcome, outcome

IMAGE = str(Path(pydicom.__file__).parent / "data" / "test_files" / "MR_small.dcm")
COLOR = str(Path(pydicom.__file__).parent / "data" / "test_files" / "SC_ybr_full_422_uncompressed.dcm")

# Imported by the processes of the readers.
FAKES = """
import os, signal, time
import numpy as np
from harness.readers import Reader

class Panic(BaseException):
    pass

def hang(path):
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    time.sleep(60)

def panic(path):
    raise Panic("at the disco")

def refuse(path):
    raise ValueError("no\\n luck")

aborting = lambda: Reader(lambda path: os.abort(), None)
exiting = lambda: Reader(lambda path: os._exit(0), None)
hanging = lambda: Reader(hang, None)
panicking = lambda: Reader(panic, None)
refusing = lambda: Reader(refuse, None)
greedy = lambda: Reader(lambda path: np.empty(3 << 30, np.uint8), None)
careless = lambda: Reader(lambda path: np.empty(5000, np.uint8), None)
printing = lambda: Reader(lambda path: (os.write(1, b"[text]"), np.zeros(2))[1], None)
"""
END = {
    "aborting": ("dies", "SIGABRT"),
    "exiting": ("dies", "exit status 0"),
    "hanging": ("hangs", ""),
    "panicking": ("panics", "Panic: at the disco"),
    "refusing": ("refuses", "ValueError: no luck"),
    "printing": ("array", ""),
}


@pytest.fixture
def fakes(tmp_path, monkeypatch):
    (tmp_path / "fakes.py").write_text(FAKES)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def answers(name: str, *requests: Request, fill: int = 0xA5) -> list:
    reader = GuardedReader(name, fill)
    found = [reader.ask(request) for request in requests]
    reader.end()
    return found


@pytest.mark.usefixtures("fakes")
@pytest.mark.parametrize("name", END)
def test_a_call_that_ends_badly_does_not_end_the_next(name):
    for found in answers(f"fakes:{name}", Request(IMAGE), Request(IMAGE)):
        assert (found.kind, found.reason) == END[name]
        assert not found.is_greedy


@pytest.mark.usefixtures("fakes")
def test_memory():
    (found,) = answers("fakes:greedy", Request(IMAGE))
    assert (found.kind, found.is_greedy) == (Kind.REFUSES, True)


@pytest.mark.usefixtures("fakes")
def test_memory_that_nothing_wrote_has_another_checksum_in_another_process():
    (one,), (other,) = (answers("fakes:careless", Request(IMAGE), fill=fill) for fill in robustness.FILLS)
    assert one.checksum != other.checksum
    (one,), (other,) = (answers("dicomet", Request(IMAGE), fill=fill) for fill in robustness.FILLS)
    assert one.checksum == other.checksum


def test_values_are_those_of_dicomet(tmp_path):
    for path in (IMAGE, COLOR):
        (own,) = answers("dicomet", Request(path, write=str(tmp_path)))
        (found,) = answers("pydicom", Request(path, reference=str(tmp_path)))
        assert (own.kind, found.kind) == (Kind.ARRAY, Kind.ARRAY)
        assert found.verdict in ("equal", "within 1")


def test_comparison(tmp_path):
    converted, raw = np.full((2, 3, 3), 7, np.uint8), np.full((2, 3, 3), 90, np.uint8)
    np.save(tmp_path / "array.npy", converted)
    np.save(tmp_path / "raw.npy", raw)
    verdicts = {"equal": converted[None].astype(int), "within 1": converted + 1, "as YBR": raw, "wrong": raw + 1}
    assert [compared(array, tmp_path).kind for array in verdicts.values()] == [*verdicts]
    assert compared(converted[0], tmp_path).kind == "wrong"
    numbers = np.array([1, np.nan])
    np.save(tmp_path / "array.npy", numbers)
    assert compared(numbers, tmp_path).kind == "equal"
    assert compared(numbers + 1, tmp_path).kind == "wrong"


def test_how_a_process_ended():
    assert ended(-signal.SIGSEGV) == Answer(Kind.DIES, "SIGSEGV")
    assert ended(-signal.SIGPROF) == ended(-signal.SIGALRM) == Answer(Kind.HANGS)
    assert ended(3) == Answer(Kind.DIES, "exit status 3")


def test_outcomes():
    array, refuses = Answer(Kind.ARRAY), Answer(Kind.REFUSES)
    same, wrong = Answer(Kind.ARRAY, verdict="within 1"), Answer(Kind.ARRAY, verdict="wrong")
    assert outcome(array, same, same) is Outcome.SAME
    assert outcome(array, wrong, same) is Outcome.OTHER
    assert outcome(array, wrong, wrong) is Outcome.OTHER_BEFORE
    assert outcome(array, refuses, same) is Outcome.FEWER
    assert outcome(refuses, array, same) is Outcome.EXTRA
    assert outcome(refuses, refuses, same) is Outcome.BOTH
    for own in (array, refuses):
        assert outcome(own, Answer(Kind.DIES), same) is Outcome.DIES
        assert outcome(own, Answer(Kind.HANGS), same) is Outcome.HANGS
        assert outcome(own, Answer(Kind.PANICS), same) is Outcome.PANICS


def test_report():
    counts = Counts()
    for seed in range(7):
        counts.add("JPEG", "dicomet", Outcome.SAME, seed)
        counts.add("JPEG", "other", Outcome.DIES, seed, "SIGSEGV")
    counts.add("JPEG", "other", Finding.GREEDY, 3, "MemoryError")
    about = {"cpu": "a processor", "system": "Linux", "python": "CPython", "versions": {"other": "1.2"}}
    text = robustness.markdown(counts, ["dicomet", "other"], ["all", "JPEG"], about)
    assert "### all: 7 files" in text
    assert "### JPEG: 7 files" in text
    assert "| the process ended | 0 | 7 |" in text
    assert "| much memory | 0 | 1 |" in text
    found = json.loads(robustness.to_json(counts, about, {"seed": 0, "files": 7}))
    assert found["counts"]["JPEG"]["other"] == {Outcome.DIES: 7, Finding.GREEDY: 1}
    assert found["reasons"]["other"] == {"the process ended: SIGSEGV": 7, "much memory: MemoryError": 1}
    assert found["examples"]["other"][Outcome.DIES] == ["JPEG 0", "JPEG 1", "JPEG 2", "JPEG 3", "JPEG 4"]

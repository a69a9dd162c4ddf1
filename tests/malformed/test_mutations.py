"""Some thousands of mutated files, and a proof that faults are detected."""

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from mutate import WHOLE, mutated
from mutation_oracle import Examiner
from mutation_sources import generated

import dicomet

HERE = Path(__file__).parent
COUNT = 5000

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the resident memory of a call is known on Linux alone")


@pytest.fixture(scope="module")
def summary(tmp_path_factory):
    """The summary of a run in processes of its own, because a crash must not end the tests."""
    file = tmp_path_factory.mktemp("mutated") / "summary.json"
    arguments = ["--count", str(COUNT), "--seed", "0", "--processes", "2", "--portion", "1250", "--json", str(file)]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    subprocess.run([sys.executable, HERE / "mutation_run.py", *arguments], env=environment, check=False)  # noqa: S603
    return json.loads(file.read_text())


def test_no_fault(summary):
    """There is no crash, panic, hang or improper error, and no difference by ways, in memory or under `install()`."""
    assert summary["tables"].get("faults", {}) == {}
    assert summary["executions"] == COUNT


def test_differences_are_listed(summary):
    """Where both return an array, the arrays are equal, or DIFFERENCES.md explains why not."""
    found = summary["tables"].get("differences", {})
    assert [what for what in found if "UNEXPLAINED" in what] == []


def test_run_is_about_something(summary):
    """Enough files are decoded, refused, and taken by the drop-in; every kind of mutation is used."""
    compared = {what: counted[0] for what, counted in summary["tables"]["compared"].items()}
    assert compared["both equal"] > COUNT * 0.1
    assert compared["both refuse"] > COUNT * 0.1
    assert summary["tables"]["installed"]["taken"][0] > 50
    mutations = summary["tables"]["mutations"]
    assert len(mutations) >= 28 + len(WHOLE)
    assert len(summary["tables"]["sources"]) >= 6


def test_mutations_are_the_same_each_time():
    assert [mutated(seed) for seed in range(50)] == [mutated(seed) for seed in range(50)]


# Faults


def examined(data, monkeypatch, tmp_path, broken):
    """The faults that are found for a valid file if dicomet is `broken`."""
    examiner, pixel_array = Examiner(tmp_path), dicomet.pixel_array
    monkeypatch.delenv("DICOMET", raising=False)
    monkeypatch.setattr(dicomet, "pixel_array", lambda source, **options: broken(pixel_array, source, **options))
    for seed in range(8):
        examiner.examine(seed, data)
    tables = examiner.tally.counts
    return [*tables["faults"], *(what for what in tables["differences"] if "UNEXPLAINED" in what)]


def other_values(pixel_array, source, **options):
    return pixel_array(source, **options) + 1


def unwritten_byte(pixel_array, source, **options):
    array, before = pixel_array(source), options.get("out")
    if before is None:
        return array
    before[:] = array
    before.ravel()[-1:].view(np.uint8)[-1] = 0xA5
    return before


def odd_error(pixel_array, source, **options):
    raise RuntimeError(f"neither {pixel_array} nor {source!r:.9} nor {options}")


def odd_text(pixel_array, source, **options):
    raise dicomet.PixelDataError("" if pixel_array and source and not options else "another")


def much_memory(pixel_array, source, **options):
    assert len(bytearray(b"1") * (100 << 20))
    return pixel_array(source, **options)


def warned_twice(pixel_array, source, **options):
    for _ in range(2):
        warnings.warn("twice", UserWarning, stacklevel=3)
    return pixel_array(source, **options)


def of_path_only(pixel_array, source, **options):
    if isinstance(source, bytes):
        return pixel_array(source, **options)
    raise dicomet.PixelDataError("only bytes")


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (other_values, "UNEXPLAINED values"),
        (unwritten_byte, "out= differs"),
        (other_values, "another image, although no call has changed the file"),
        (odd_error, "odd error, by bytes: RuntimeError: neither"),
        (odd_text, "text of an error, by bytes"),
        (much_memory, "memory, by bytes: "),
        (warned_twice, "warned twice, by bytes: twice"),
        (of_path_only, "differs by path: PixelDataError: only bytes / an array"),
    ],
)
def test_fault_is_found(monkeypatch, tmp_path, broken, says):
    source = next(file for file in map(generated, range(100)) if file.syntax == "1.2.840.10008.1.2.1")
    whole = mutated(0)._replace(data=source.packed(source.head, source.body), source=source, kinds=("append",))
    assert (
        examined(whole, monkeypatch, tmp_path, lambda pixel_array, source, **options: pixel_array(source, **options))
        == []
    )
    monkeypatch.undo()
    assert any(says in fault for fault in examined(whole, monkeypatch, tmp_path, broken))


BAD = """
import ctypes, json, sys, time
import mutation_run
from mutation_oracle import Examiner

def examine(self, seed, _):
    self.tally.note("compared", "examined", seed)
    if seed == 3:
        ctypes.string_at(0)
    if seed == 7:
        time.sleep(60)
    if seed == 12:
        raise KeyError("wrong test")

Examiner.examine, mutation_run.HANGS_AFTER = examine, 5
for summary in mutation_run.Run(0, 15, 2, 5).results():
    pass
json.dump(summary, sys.stdout)
"""


def test_crashed_children_are_reported():
    """All files but those at fault are examined nevertheless."""
    done = subprocess.run([sys.executable, "-c", BAD], cwd=HERE, capture_output=True, check=True)  # noqa: S603
    summary = json.loads(done.stdout)
    assert summary["tables"]["faults"] == {
        "a child died, exit code -11": [1, 3],
        "a child was killed, because it hung": [1, 7],
        "in the tests themselves: KeyError('wrong test')": [1, 12],
    }
    assert summary["executions"] == 15
    assert summary["tables"]["compared"]["examined"][0] == 13

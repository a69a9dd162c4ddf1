"""The command's processes: how many jobs they are given, and what becomes of those when one dies or is interrupted."""

import csv
import os
import signal
import sys
import time
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from convert_files import dicom, folder, image, interruptible, names, pixels

from dicomet._utils import atomic
from dicomet.convert import pool
from dicomet.convert.jobs import Job, run_job
from dicomet.convert.options import Options

pytest.importorskip("PIL")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def _dies(job):
    """Stand in for a codec that ends its process."""
    if "deadly" in job.source:
        os.kill(os.getpid(), signal.SIGKILL)
    return run_job(job)


def test_a_file_that_kills_its_process_does_not_end_the_rest(tmp_path, out, monkeypatch):
    files = {f"{number:02}.dcm": image() for number in range(8)} | {"05deadly.dcm": image()}
    root = folder(tmp_path / "in", files)
    monkeypatch.setattr(pool, "_work", _dies)
    todo = [Job(str(path), str(out / f"{path.stem}.png"), Options()) for path in sorted(root.iterdir())]
    done = list(pool.run(todo, len(todo), 2, Event()))
    assert [result.source for result in done] == [job.source for job in todo]
    assert [result for result in done if result.status != "converted"] == [
        (str(root / "05deadly.dcm"), "failed", (), 0, pool.DIED)
    ]


def test_few_files_are_not_worth_a_process(monkeypatch):
    monkeypatch.setattr(pool, "_run_by_processes", None)
    assert list(pool.run([], 3, None, Event())) == []


def test_no_more_jobs_are_requested_than_the_queue_holds(tmp_path, out):
    requested = []
    path = folder(tmp_path, {"a.dcm": image()}) / "a.dcm"

    def endless():
        for number in range(10**6):
            requested.append(number)
            yield Job(str(path), str(out / f"{number}.png"), Options())

    done = pool.run(endless(), 10**6, 2, Event())
    for _ in range(3):
        next(done)
    done.close()
    assert len(requested) <= 2 * pool.QUEUE_DEPTH + 3


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("whom", ["the command", "all of its group"])
def test_an_interrupt_leaves_nothing_half_done(tmp_path, workers, whom):
    root = folder(tmp_path / "in", {"large.dcm": dicom(np.zeros((400, 200, 200), np.uint16), frames=400)})
    for number in range(40):
        (root / f"{number}.dcm").hardlink_to(root / "large.dcm")
    out, report = tmp_path / "out", tmp_path / "r.csv"
    command = [sys.executable, "-m", "dicomet", "convert", "--values", "stored", str(root), "-o", str(out)]
    command += ["--workers", str(workers), "--report", str(report)]
    with interruptible(command) as process:
        while len(names(out)) < 450:
            assert process.poll() is None
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGINT) if whom == "the command" else os.killpg(process.pid, signal.SIGINT)
        error = process.communicate(timeout=30)[1].decode()
    assert process.returncode == 130
    assert error.splitlines() == ["dicomet: stopped"]
    left = names(out)
    assert not [name for name in left if name.endswith(atomic.SUFFIX)]
    assert len(left) < 40 * 400
    assert all(not pixels(out / name).any() for name in left)
    with report.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["status"] == "converted" for row in rows)
    assert {Path(name).name for row in rows for name in row["outputs"].split(";")} <= left

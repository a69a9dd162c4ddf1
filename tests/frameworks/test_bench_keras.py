"""The benchmark of the loaders for Keras runs; no time is asserted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("keras", reason="Keras is not installed")
pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

BENCH = Path(__file__).parents[2] / "benches" / "bench_keras_loader.py"


def test_it_measures_every_loader():
    finished = subprocess.run(  # noqa: S603 - our own
        [sys.executable, BENCH, "--rounds", "1", "--per-class", "3"],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert finished.returncode == 0, finished.stderr
    rows = finished.stdout.splitlines()
    assert [row.split(",")[0] for row in rows] == [*2 * ["pydicom"], *5 * ["dicomet"]]
    assert all("images/s" in row for row in rows)

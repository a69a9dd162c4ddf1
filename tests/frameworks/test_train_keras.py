"""The example that trains with Keras: it learns, in every way it offers, and tells where there is nothing to learn."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from dicomet.__main__ import main

pytest.importorskip("keras", reason="Keras is not installed")
pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return runpy.run_path(str(EXAMPLES / "toy_data.py"))["make"](tmp_path_factory.mktemp("toy"))


def run(folder, *arguments, backend="tensorflow"):
    return subprocess.run(  # noqa: S603 - our own
        [sys.executable, EXAMPLES / "train_keras.py", *arguments, folder],
        # PyTorch's threads take longer over so little than one, where others want the cores, too.
        env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def assert_learnt(finished):
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert float(re.search(r"^accuracy: ([0-9.]+) of 75 images$", finished.stdout, re.MULTILINE)[1]) >= 0.8
    assert "Warning" not in finished.stderr.replace("WARNING: All log messages", "")


@pytest.mark.parametrize("loader", ["tf.data", "pydataset"])
def test_it_learns(toy, loader):
    assert_learnt(run(toy, "--loader", loader))


def test_it_learns_with_torch(toy):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    assert_learnt(run(toy, "--loader", "pydataset", backend="torch"))


def test_it_learns_from_png(toy, tmp_path):
    assert main(["convert", str(toy), "-o", str(tmp_path)]) == 0
    assert_learnt(run(tmp_path, "--png"))


def test_it_tells_when_nothing_is_learnt(toy):
    finished = run(toy, "--epochs", "0")
    assert finished.returncode == 1, finished.stderr
    assert re.search(r"^accuracy: 0\.[0-6]", finished.stdout, re.MULTILINE)

"""`workers`: threads that decode, signals that stop them, and forks."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import oracle
import pydicom
import pytest
from open_images import CASES, INPUTS, Alarm, large, slow_to_decode
from oracle import Image
from pydicom.uid import ExplicitVRLittleEndian, RLELossless
from small_images import DATA

import dicomet
from dicomet._parsing.transfer_syntax import CODECS


@pytest.fixture(params=INPUTS.values(), ids=INPUTS)
def path(tmp_path, request):
    path = tmp_path / "image.dcm"
    path.write_bytes(request.param)
    return path


def is_own(case) -> bool:
    """Decoded here, not by a JPEG plugin."""
    file_meta = getattr(pydicom.dcmread(case.path, force=True, stop_before_pixels=True), "file_meta", {})
    transfer_syntax = file_meta.get("TransferSyntaxUID", ExplicitVRLittleEndian)
    return CODECS[transfer_syntax].is_built_in


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
@pytest.mark.parametrize(
    "case", [case for case in CASES if case.path.stat().st_size > 100_000 and is_own(case)], ids=str
)
@pytest.mark.filterwarnings("ignore")
def test_the_result_does_not_depend_on_the_number_of_threads(case, workers):
    assert dicomet.pixel_array(case.path, workers=workers).tobytes() == dicomet.pixel_array(case.path).tobytes()


@pytest.mark.parametrize("workers", [0, -1])
def test_a_number_of_threads_that_cannot_be(workers):
    with pytest.raises(ValueError, match=f"'workers': found {workers}, expected 1 or more"):
        dicomet.pixel_array(DATA, workers=workers)
    with pytest.raises(TypeError):
        dicomet.pixel_array(DATA, workers="2")


TASKS = Path("/proc/self/task")


def most_threads(work) -> int:
    """How many threads of this process there were at the same time beside those that were there before."""
    before, most, done = len(list(TASKS.iterdir())), 0, threading.Event()

    def watch():
        nonlocal most
        while not done.is_set():
            most = max(most, len(list(TASKS.iterdir())))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for _ in range(20):
            work()
    finally:
        done.set()
        watcher.join()
    return most - before - 1


@pytest.mark.skipif(not TASKS.exists(), reason="threads are counted where the system lists them")
@pytest.mark.parametrize(("variable", "workers", "most"), [(None, 1, 0), ("1", None, 0), ("1", 4, 3), ("4", None, 3)])
def test_as_many_threads_as_are_allowed(monkeypatch, variable, workers, most):
    data = large(60)
    if variable is not None:
        monkeypatch.setenv("DICOMET_WORKERS", variable)
    found = most_threads(lambda: dicomet.pixel_array(data, workers=workers))
    assert found == most if most == 0 else 1 <= found <= most


@pytest.mark.parametrize(
    ("value", "warns"), [("0", True), ("-1", True), ("two", True), ("+4", True), ("", True), (" 2 ", False)]
)
def test_a_number_of_threads_in_the_environment_that_is_invalid_is_reported(value, warns):
    program = "import dicomet\ndicomet.pixel_array\n"
    environment = {**os.environ, "DICOMET_WORKERS": value}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)  # noqa: S603
    assert ("DICOMET_WORKERS: found" in done.stderr) == warns


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer that sends signals")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_signal_ends_the_work(workers):
    """As Ctrl-C does: long before the last frame."""

    def ring(*_):
        raise Alarm

    data = slow_to_decode(frames := 500)
    out = np.full((frames, 512, 512), 0xA5, np.uint8)
    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with pytest.raises(Alarm):
            dicomet.pixel_array(data, out=out, workers=workers)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert (out[-1] == 0xA5).all()
    # No thread continues in the background, and the next call is not affected.
    assert np.array_equal(dicomet.pixel_array(data, index=3), np.arange(512 * 512).reshape(512, 512) % 256)


def one_slow_frame() -> bytes:
    """Two segments of literal runs of one byte each."""
    side = 8000
    segment = np.stack([np.zeros(side * side, np.uint8), np.ones(side * side, np.uint8)], axis=1).tobytes()
    value = oracle.encapsulated([oracle.fragments(oracle.rle_frame([segment, segment]), [])], table=False)
    image = Image(np.broadcast_to(np.uint16(0), (1, side, side, 1)), 16, 16)
    return oracle.dicom_file(oracle.elements(image, value, "OB"), RLELossless)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer that sends signals")
def test_a_signal_ends_a_large_frame():
    """Long before its last row."""

    def ring(*_):
        raise Alarm

    data = one_slow_frame()
    out = np.full((8000, 8000), 0xA5A5, np.uint16)
    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with pytest.raises(Alarm):
            dicomet.pixel_array(data, out=out)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert (out[-1] == 0xA5A5).all()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_after_a_fork(tmp_path):
    path = tmp_path / "image.dcm"
    path.write_bytes(large(8))
    with dicomet.open(path) as image:
        expected = image[:]
        child = os.fork()
        if child == 0:
            same = np.array_equal(image[:], expected) and np.array_equal(dicomet.pixel_array(path), expected)
            os._exit(0 if same else 1)
        assert os.waitpid(child, 0)[1] == 0

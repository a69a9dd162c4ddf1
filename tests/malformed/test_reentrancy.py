"""Calls from inside a call: by a signal handler, a warning, a file object, or in a forked child.

No thread may wait for itself, or for a thread that does not exist in its process.
"""

import sys

import concurrency
import pytest

START = """
import faulthandler, io, os, signal, sys, threading, time, warnings
import numpy as np, concurrency, dicomet
faulthandler.dump_traceback_later(50, exit=True)
"""
SIGNAL = """
def handler(*_):
    try:
        image[1]
    except RuntimeError as error:
        assert "by the same thread" in str(error)
    called.append(True)

called = []
image = dicomet.open(path)
signal.signal(signal.SIGALRM, handler)
for wait in np.geomspace(0.0002, 0.02, 60):
    # Not inflated, and its frames not found, before.
    image = dicomet.open(path)
    # One at a time: a handler that is interrupted by itself would not get further.
    signal.setitimer(signal.ITIMER_REAL, wait)
    assert np.array_equal(image[0], expected[0])
    signal.setitimer(signal.ITIMER_REAL, 0)
assert called
"""
WARNING = """
def show(message, *_):
    called.append(str(message))
    assert np.array_equal(image[1], expected[1])

called = []
warnings.simplefilter("always")
warnings.showwarning = show
# Without the delimiter.
image = dicomet.open(data[:-8])
assert np.array_equal(image[:], expected)
assert len(called) == 1, called
"""
OBJECT = """
class File(concurrency.Reader):
    nested = None

    def read(self, size=-1):
        if self.nested is None:
            self.nested = False
            try:
                self.nested = image[1]
            except RuntimeError as error:
                assert "by the same thread" in str(error)
        return super().read(size)

file = File(data)
file.nested = False
image = dicomet.open(file)
file.nested = None
assert np.array_equal(image[0], expected[0])
assert np.array_equal(image[1], expected[1])
"""
FORK = """
for _ in range(20):
    image = dicomet.open(path)
    thread = threading.Thread(target=lambda: image[0])
    thread.start()
    time.sleep(0.003)
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(image[2], expected[2]) else 1)
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert np.array_equal(image[2], expected[2])
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and forks as Unix has them")


@pytest.mark.parametrize(
    ("program", "kind"),
    [
        (SIGNAL, "deflated"),
        (SIGNAL, "RLE without a table"),
        (WARNING, "RLE without a table"),
        (OBJECT, "native"),
        (OBJECT, "deflated"),
        (OBJECT, "RLE without a table"),
        (FORK, "deflated"),
        (FORK, "RLE without a table"),
    ],
    ids=lambda value: value if len(value) < 30 else value.split()[1].strip("(:"),
)
def test_calls_back(tmp_path, program, kind):
    path = tmp_path / "image.dcm"
    path.write_bytes(concurrency.data(kind))
    given = (
        f"kind, path = {kind!r}, {str(path)!r}\nexpected, data = concurrency.expected(kind), concurrency.data(kind)\n"
    )
    concurrency.succeeded(concurrency.run(START + given + program))

"""Limits of memory, threads and files: dicomet raises an error, and the process continues."""

import os
import sys
import threading
import time
from pathlib import Path

import concurrency
import numpy as np
import pytest

import dicomet

resource = pytest.importorskip("resource")

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits are enforced as Linux does it")

# Import and use everything that decodes, then limit the address space to its current size and a bit more, in growing
# steps. Each step runs in a child, because a process may die.
MEMORY = """
import os, resource, sys, warnings
import numpy as np, dicomet, concurrency
kind, use, path, small, first, last, step = sys.argv[1:]
expected = concurrency.expected(kind)
uses = {
    "path": lambda: dicomet.pixel_array(path),
    "bytes": lambda: dicomet.pixel_array(data),
    "bytearray": lambda: dicomet.pixel_array(bytearray(data)),
    "object": lambda: dicomet.pixel_array(concurrency.Reader(data)),
    "iter_pixels": lambda: np.stack(list(dicomet.iter_pixels(path))).reshape(expected.shape),
    "pixel_arrays": lambda: list(dicomet.pixel_arrays([path], workers=1))[0],
    "view": lambda: dicomet.pixel_array(path, view_only=True),
    "installed": lambda: dataset.pixel_array,
}
with open(path, "rb") as file:
    data = file.read()
if use == "installed":
    import pydicom
    dicomet.install()
    pydicom.dcmread(small).pixel_array
    dataset = pydicom.dcmread(path)
    dataset.PixelData
small_array = dicomet.pixel_array(small)
list(dicomet.pixel_arrays([small], workers=1)), list(dicomet.iter_pixels(small))
try:
    raise dicomet.PixelDataError("made once")
except ValueError:
    pass
unlimited = (resource.RLIM_INFINITY,) * 2
counts = {}
for more in range(int(first), int(last), int(step)):
    child = os.fork()
    if child:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        counts[status] = counts.get(status, 0) + 1
        if status not in (10, 11):
            print("with", more, "bytes more:", status, flush=True)
        continue
    with open("/proc/self/statm") as file:
        there = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (there + more, resource.RLIM_INFINITY))
    result = 12
    try:
        found = uses[use]()
        result = 10
    # Of `pixel_arrays`, which cannot do without a thread, an `OSError`.
    except (MemoryError, dicomet.PixelDataError, OSError):
        result = 11
    except BaseException as error:
        os.write(2, repr(error).encode())
    resource.setrlimit(resource.RLIMIT_AS, unlimited)
    if result == 10 and not np.array_equal(found, expected):
        result = 13
    if not np.array_equal(dicomet.pixel_array(small), small_array):
        result = 14
    os._exit(result)
print(counts)
sys.exit(0 if counts.keys() <= {10, 11} and 10 in counts else 1)
"""
MIB = 1 << 20
# Return freed memory to the system and use a single arena, so that every allocation that is not small asks the system
# for memory.
NOTHING_KEPT = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "16384",
    "MALLOC_TRIM_THRESHOLD_": "0",
    "MALLOC_TOP_PAD_": "0",
}
MEMORY_CASES = [
    ("native", "path"),
    ("native", "bytearray"),
    ("native", "object"),
    ("native", "view"),
    ("native", "pixel_arrays"),
    ("native", "installed"),
    ("deflated", "path"),
    ("RLE", "path"),
    ("RLE", "iter_pixels"),
    ("RLE without a table", "bytes"),
    ("colors", "path"),
]


@pytest.fixture
def files(tmp_path):
    def make(kind: str) -> Path:
        path = tmp_path / f"{kind}.dcm"
        path.write_bytes(concurrency.data(kind))
        return path

    return make


@pytest.mark.parametrize(("kind", "use"), MEMORY_CASES, ids=lambda name: name)
def test_little_memory(files, kind, use):
    """With one thread: a second one may die in the system's loader, which allocates its first memory."""
    steps = (0, 12 * MIB, MIB // 2)
    done = concurrency.run(MEMORY, kind, use, files(kind), files("small"), *steps, DICOMET_WORKERS="1", **NOTHING_KEPT)
    concurrency.succeeded(done)
    assert "11: " in done.stdout or use == "view", done.stdout


@pytest.mark.parametrize("kind", ["native", "RLE"])
def test_no_memory_for_threads(files, kind):
    """Only some of 64 threads can be started, or none: the others do their work."""
    arguments = (kind, "path", files(kind), files("small"), 16 * MIB, 160 * MIB, 16 * MIB)
    concurrency.succeeded(concurrency.run(MEMORY, *arguments, DICOMET_WORKERS="64"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="counts threads of a user of its own")
@pytest.mark.parametrize("kind", ["native", "RLE", "deflated"])
def test_no_threads(files, kind):
    """The caller's thread does all the work. `pixel_arrays` needs another thread, and raises an error."""
    program = """
import errno, os, resource, sys
import numpy as np, dicomet, concurrency
kind, path = sys.argv[1:]
expected, data = concurrency.expected(kind), concurrency.data(kind)
dicomet.pixel_array(data), dicomet.pixel_arrays
os.setuid(54321)   # a user of no other processes
resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
for workers in (2, 64):
    assert np.array_equal(dicomet.pixel_array(data, workers=workers), expected)
try:
    list(dicomet.pixel_arrays([data], workers=2))
except OSError as error:
    assert error.errno == errno.EAGAIN
else:
    assert False, "a thread was started"
"""
    concurrency.succeeded(concurrency.run(program, kind, files(kind)))


@pytest.mark.parametrize("kilobytes", [256, 1024])
def test_small_stacks(kilobytes):
    """Threads have stacks of their own, which the limit of the process does not reduce."""
    program = """
import os, resource, sys
kilobytes, *arguments = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_STACK, (int(kilobytes) << 10,) * 2)
os.execv(sys.executable, [sys.executable, "-c", arguments[0], *arguments[1:]])
"""
    inner = """
import sys, threading
import numpy as np, dicomet, concurrency
def decode():
    for kind in concurrency.MAKERS:
        assert np.array_equal(dicomet.pixel_array(concurrency.data(kind), workers=4), concurrency.expected(kind))
    ended.append(True)
ended = []
decode()
threading.stack_size(256 << 10)
threads = [threading.Thread(target=decode) for _ in range(2)]
[thread.start() for thread in threads], [thread.join() for thread in threads]
assert len(ended) == 3
"""
    concurrency.succeeded(concurrency.run(program, kilobytes, inner))


def test_no_file_descriptors(files):
    """Opening a path raises an error; bytes and open files are decoded."""
    program = """
import io, os, resource, sys
import numpy as np, dicomet, concurrency
path = sys.argv[1]
data, expected = concurrency.data("native"), concurrency.expected("native")
dicomet.pixel_array(path), list(dicomet.pixel_arrays([path]))
file, image = open(path, "rb"), dicomet.open(path)
resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))
taken = []
try:
    while True:
        taken.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass
for work in (lambda: dicomet.pixel_array(path), lambda: dicomet.open(path), lambda: next(dicomet.iter_pixels(path)),
             lambda: next(dicomet.pixel_arrays([path])), lambda: dicomet.open(file, view_only=True).frame(0) and None):
    try:
        found = work()
    except OSError as error:
        assert error.errno == 24 and "Too many open files" in str(error), error
    except ValueError:
        pass   # the truth of an array: the open file was read as an object
    else:
        assert False, work
assert np.array_equal(dicomet.pixel_array(data, workers=4), expected)
assert np.array_equal(dicomet.pixel_array(file), expected)
assert np.array_equal(image[:], expected)
os.close(taken.pop())
assert np.array_equal(dicomet.pixel_array(path), expected)
"""
    concurrency.succeeded(concurrency.run(program, files("native")))


# Files that other threads change


def shortened(path: Path, data: bytes, enough: threading.Event) -> None:
    """Truncate and restore the file repeatedly."""
    while not enough.is_set():
        for length in (len(data) - 5000, len(data) // 2, 1000, 0):
            os.truncate(path, length)
            time.sleep(0.0005)
        path.write_bytes(data)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", ["native", "colors", "RLE", "RLE without a table", "deflated"])
def test_a_file_that_is_truncated_meanwhile(files, kind):
    """The call raises an error or returns samples as it read them; the process never dies."""
    path, enough = files(kind), threading.Event()
    image = dicomet.open(path)
    thread = threading.Thread(target=shortened, args=(path, concurrency.data(kind), enough))
    thread.start()
    expected = concurrency.expected(kind)
    try:
        for number in range(60):
            for work in (lambda: dicomet.pixel_array(path), lambda number=number: image[number % 4]):
                try:
                    found = work()
                except (dicomet.PixelDataError, OSError) as error:
                    assert "internal error" not in str(error)  # noqa: PT017
                else:
                    assert found.dtype == expected.dtype
    finally:
        enough.set()
        thread.join()
    assert np.array_equal(dicomet.pixel_array(path), expected)
    image.close()


def test_a_file_that_is_replaced(files):
    """An image that was opened before refers to the old file."""
    path = files("native")
    other = path.with_name("other")
    image = dicomet.open(path)
    other.write_bytes(concurrency.data("RLE"))
    other.replace(path)
    assert np.array_equal(image[:], concurrency.expected("native"))
    assert np.array_equal(dicomet.pixel_array(path), concurrency.expected("RLE"))
    path.unlink()
    assert np.array_equal(image[2], concurrency.expected("native")[2])
    image.close()


def test_the_documentation_warns_of_truncated_maps():
    assert "must not be truncated" in dicomet.pixel_array.__doc__

"""Processes that are forked, spawned or served after dicomet has been used, like a `DataLoader`'s workers."""

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import ProcessPoolExecutor

import concurrency
import numpy as np
import pytest
from concurrency import Reader

import dicomet

METHODS = multiprocessing.get_all_start_methods()
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def in_child(work, patience: float = 30) -> int | None:
    """The exit status of a forked child: 0 if `work` returns true. None if the child hangs."""
    child = os.fork()
    if child == 0:
        result = 2
        try:
            result = 0 if work() else 1
        finally:
            os._exit(result)
    until = time.monotonic() + patience
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


@pytest.fixture
def paths(tmp_path):
    found = {}
    for kind in concurrency.MAKERS:
        found[kind] = tmp_path / f"{kind}.dcm"
        found[kind].write_bytes(concurrency.data(kind))
    return found


def all_equal(paths) -> bool:
    arrays = dicomet.pixel_arrays(paths.values(), workers=2)
    decoded = [dicomet.pixel_array(path, workers=2) for path in paths.values()]
    expected = [concurrency.expected(kind) for kind in paths]
    return all(map(np.array_equal, decoded, expected)) and all(map(np.array_equal, arrays, expected))


@needs_fork
def test_fork_while_others_decode(paths):
    """The child works, whatever locks the other threads hold: it has none of these threads."""
    # Import everything first: Python does not release an import lock in the child.
    assert all_equal(paths)
    enough = threading.Event()

    def busy() -> None:
        while not enough.is_set():
            all_equal(paths)

    threads = [threading.Thread(target=busy) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        found = [in_child(lambda: all_equal(paths)) for _ in range(5)]
    finally:
        enough.set()
        for thread in threads:
            thread.join()
    assert found == [0] * len(found)


@needs_fork
def test_a_grandchild(paths):
    assert all_equal(paths)
    assert in_child(lambda: all_equal(paths) and in_child(lambda: all_equal(paths)) == 0 and all_equal(paths)) == 0
    assert all_equal(paths)


@needs_fork
@pytest.mark.parametrize("kind", ["native", "RLE without a table"])
def test_an_open_image_is_everybodys(paths, kind):
    """The child shares the position of the file, which is not used."""
    with dicomet.open(paths[kind]) as image:
        expected = concurrency.expected(kind)

        def check() -> bool:
            return all(np.array_equal(image[index % 6], expected[index % 6]) for index in range(60))

        threads = [threading.Thread(target=check) for _ in range(2)]
        for thread in threads:
            thread.start()
        assert in_child(check) == 0
        assert check()
        for thread in threads:
            thread.join()


@needs_fork
def test_an_iteration_goes_on_in_both(paths):
    for kind in ("native", "RLE"):
        frames = dicomet.iter_pixels(paths[kind])
        expected = concurrency.expected(kind)
        assert np.array_equal(next(frames), expected[0])
        assert in_child(lambda frames=frames, rest=expected[1:]: np.array_equal(list(frames), rest)) == 0
        assert np.array_equal(list(frames), expected[1:])


class Held(Reader):
    """A file object whose `read` blocks until it is released."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.hold = False
        self.holding, self.go_on = threading.Event(), threading.Event()

    def read(self, size: int = -1) -> bytes:
        if self.hold:
            self.holding.set()
            self.go_on.wait()
        return super().read(size)


@needs_fork
def test_fork_while_an_object_is_read():
    """The child can read, or raises an error: it does not wait for a thread that it does not have."""
    source = Held(concurrency.data("native"))
    with dicomet.open(source) as image:
        assert np.array_equal(image[0], concurrency.expected("native")[0])
        source.hold = True
        thread = threading.Thread(target=lambda: image[1])
        thread.start()
        assert source.holding.wait(30)
        source.hold = False

        def read() -> bool:
            try:
                return image[2].shape == image.shape[1:]
            except RuntimeError as error:
                return "fork" in str(error)

        found = in_child(read, patience=2)
        source.go_on.set()
        thread.join()
        assert np.array_equal(image[3], concurrency.expected("native")[3])
    assert found == 0


@pytest.fixture
def counting():
    """An image whose frames another thread is counting."""
    source = Held(concurrency.data("RLE without a table"))
    with dicomet.open(source) as image:
        source.hold = True
        thread = threading.Thread(target=lambda: len(image))
        thread.start()
        assert source.holding.wait(30)
        yield image
        source.hold = False
        source.go_on.set()
        thread.join()


def another_is_decoded() -> bool:
    return np.array_equal(dicomet.pixel_array(concurrency.data("RLE without a table")), concurrency.expected("RLE"))


@needs_fork
@pytest.mark.usefixtures("counting")
def test_fork_while_frames_are_counted():
    """Other images can be decoded in the child."""
    assert in_child(another_is_decoded, patience=2) == 0


@pytest.mark.usefixtures("counting")
def test_another_image_while_frames_are_counted():
    """Decoding another image does not wait."""
    found = []
    thread = threading.Thread(target=lambda: found.append(another_is_decoded()), daemon=True)
    thread.start()
    thread.join(2)
    assert found == [True]


# Pools of processes


def digest(path, kind: str) -> bool:
    return np.array_equal(dicomet.pixel_array(path), concurrency.expected(kind))


@pytest.mark.parametrize("method", METHODS)
def test_a_pool_of_processes(paths, method):
    assert all_equal(paths)
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        jobs = [pool.submit(digest, path, kind) for kind, path in list(paths.items()) * 2]
        assert all(job.result(timeout=concurrency.PATIENCE) for job in jobs)


class Slices:
    """A data set for a `DataLoader`: a forked worker inherits its open images, a spawned one opens them again."""

    def __init__(self, paths: list) -> None:
        self.paths = paths
        self.images: dict = {}

    def __len__(self) -> int:
        return 4 * len(self.paths)

    def __getitem__(self, number: int):
        path = self.paths[number % len(self.paths)]
        if path not in self.images:
            self.images[path] = dicomet.open(path)
        return number, self.images[path][number // len(self.paths)].astype(np.int32)

    def __reduce__(self):
        return Slices, (self.paths,)


def fetch(dataset: Slices, numbers, results) -> None:
    """Do what a worker of a `DataLoader` does."""
    os.environ["DICOMET_WORKERS"] = "2"
    while (number := numbers.get()) is not None:
        results.put(dataset[number])


@pytest.mark.parametrize("method", METHODS)
def test_workers_that_have_the_data_set(paths, method):
    dataset = Slices([paths["native"], paths["RLE"], paths["deflated"]])
    expected = [dataset[number] for number in range(len(dataset))]
    assert all_equal(paths)
    context = multiprocessing.get_context(method)
    numbers, results = context.Queue(), context.Queue()
    workers = [context.Process(target=fetch, args=(dataset, numbers, results)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for number in [*range(len(dataset)), *[None] * len(workers)]:
        numbers.put(number)
    found = dict(results.get(timeout=concurrency.PATIENCE) for _ in range(len(dataset)))
    for worker in workers:
        worker.join(concurrency.PATIENCE)
    assert [worker.exitcode for worker in workers] == [0] * len(workers)
    assert all(np.array_equal(found[number], array) for number, array in expected)


LOADER = """
import sys
import numpy as np
import torch.utils.data
import concurrency, dicomet, test_fork

if __name__ == "__main__":
    method, *paths = sys.argv[1:]
    dataset = test_fork.Slices(paths)
    expected = {number: dataset[number][1] for number in range(len(dataset))}
    list(dicomet.pixel_arrays(paths))
    loader = torch.utils.data.DataLoader(
        dataset, batch_size=3, num_workers=4, multiprocessing_context=method, persistent_workers=True
    )
    for _ in range(2):
        found = {int(n): a.numpy() for numbers, arrays in loader for n, a in zip(numbers, arrays)}
        assert found.keys() == expected.keys()
        assert all(np.array_equal(found[number], expected[number]) for number in expected)
"""


@pytest.mark.parametrize("method", METHODS)
def test_a_data_loader(paths, tmp_path, method):
    pytest.importorskip("torch")
    program = tmp_path / "loader.py"
    program.write_text(LOADER)
    run_it = "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    concurrency.succeeded(concurrency.run(run_it, program, method, paths["native"], paths["RLE"], paths["deflated"]))

"""One source in many threads, and sources that change meanwhile: the same array, a snapshot, or an error."""

import array
import io
import mmap
import sys
import threading
import time
from contextlib import suppress

import concurrency
import numpy as np
import pytest
from concurrency import Reader

import dicomet

CROWD = 16


@pytest.fixture(autouse=True)
def no_long_task():
    """Make Python switch threads often, so that much happens during each call."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def at_once(work, count: int = CROWD) -> list:
    """The results or exceptions of `work` in `count` threads that start together."""
    barrier, found = threading.Barrier(count), [None] * count

    def run(number: int) -> None:
        barrier.wait()
        try:
            found[number] = work(number)
        except Exception as error:  # noqa: BLE001 - the caller examines exceptions of any type
            found[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(concurrency.PATIENCE)
        assert not thread.is_alive(), "a thread hangs"
    return found


# One source for all threads


def stacked(source, shape) -> np.ndarray:
    return np.stack(list(dicomet.iter_pixels(source))).reshape(shape)


USES = {
    "pixel_array": lambda source, _: dicomet.pixel_array(source),
    "iter_pixels": lambda source, expected: stacked(source, expected.shape),
    "pixel_arrays": lambda source, _: list(dicomet.pixel_arrays([source] * 3, workers=2))[-1],
    "mixed": lambda source, expected: [
        dicomet.pixel_array(source, workers=4),
        stacked(source, expected.shape),
        dicomet.open(source)[:].reshape(expected.shape),
    ][threading.get_ident() % 3],
}
SOURCES = {
    "path": lambda path: path,
    "bytes": lambda path: path.read_bytes(),
    "file": lambda path: path.open("rb"),
    "unbuffered file": lambda path: path.open("rb", buffering=0),
    "BytesIO": lambda path: io.BytesIO(path.read_bytes()),
}


@pytest.mark.parametrize("kind", concurrency.MAKERS)
@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("source", SOURCES)
def test_the_same_source(tmp_path, source, use, kind):
    path = tmp_path / "image.dcm"
    path.write_bytes(concurrency.data(kind))
    expected, shared = concurrency.expected(kind), SOURCES[source](path)
    for found in at_once(lambda _: USES[use](shared, expected)):
        assert np.array_equal(found, expected), found
    if isinstance(shared, io.IOBase):
        assert shared.tell() == 0
        shared.close()


class Hesitant(Reader):
    """A file object that lets other threads run between a seek and a read."""

    def read(self, size: int = -1) -> bytes:
        time.sleep(0.0005)
        return super().read(size)


def test_the_same_object():
    """All calls share the position of an object. The result is right, or an error, but never other samples."""
    expected, wrong = concurrency.expected("native"), 0
    for _ in range(3):
        shared = Hesitant(concurrency.data("native"))
        found = at_once(lambda _, shared=shared: dicomet.pixel_array(shared))
        wrong += sum(not isinstance(one, Exception) and not np.array_equal(one, expected) for one in found)
        wrong += any(isinstance(one, dicomet.MissingElementError) for one in found)
    assert wrong == 0


@pytest.mark.parametrize("kind", concurrency.MAKERS)
@pytest.mark.parametrize("source", [*SOURCES, "object"])
def test_the_same_open_image(tmp_path, source, kind):
    path = tmp_path / "image.dcm"
    path.write_bytes(concurrency.data(kind))
    expected = concurrency.expected(kind)
    opened = Reader(concurrency.data(kind)) if source == "object" else SOURCES[source](path)
    with dicomet.open(opened) as image:
        frames = expected.reshape(image.shape)
        out = [np.full(image.shape[1:], 0xA5, image.dtype) for _ in range(CROWD)]

        def look(number: int):
            index = number % len(frames)
            found = [image[index], image.frame(index, out=out[number]), image[index : index + 2], len(image)]
            wanted = [frames[index], frames[index], frames[index : index + 2], len(frames)]
            return all(map(np.array_equal, found, wanted))

        assert at_once(look) == [True] * CROWD
    if isinstance(opened, io.IOBase):
        opened.close()


def test_an_image_that_is_closed_meanwhile(tmp_path):
    """A call that has started finishes, and a later one raises an error."""
    path = tmp_path / "image.dcm"
    path.write_bytes(concurrency.data("RLE without a table"))
    expected = concurrency.expected("RLE without a table")
    for _ in range(5):
        image = dicomet.open(path)
        for found in at_once(lambda number, image=image: image.close() if number == 3 else image[number % 6]):
            if isinstance(found, Exception):
                assert (type(found), str(found)) == (ValueError, "the image is closed")
            elif found is not None:
                assert any(np.array_equal(found, frame) for frame in expected)


INSTALLED = """
import io, sys
import numpy as np, pydicom, pydicom.pixels
import concurrency, dicomet, test_threads
sys.setswitchinterval(1e-5)
kind = sys.argv[1]
expected = concurrency.expected(kind)
shared = pydicom.dcmread(io.BytesIO(concurrency.data(kind)))
uses = [
    lambda: pydicom.dcmread(io.BytesIO(concurrency.data(kind))).pixel_array,
    lambda: pydicom.pixels.pixel_array(shared),
    lambda: pydicom.pixels.pixel_array(io.BytesIO(concurrency.data(kind))),
    lambda: np.stack(list(pydicom.pixels.iter_pixels(io.BytesIO(concurrency.data(kind))))).reshape(expected.shape),
]
if kind == "deflated":
    # pydicom's functions read no deflated files; its data sets do.
    del uses[2:]
dicomet.install()
def as_expected(number):
    with dicomet.install():   # and others go out of it meanwhile
        found = uses[number % len(uses)]()
    # pydicom's own rounding of colors is another by 1.
    return int(np.abs(found.astype(int) - expected).max()) <= (kind == "colors")
found = test_threads.at_once(as_expected)
assert found == [True] * len(found), found
assert dicomet.stats().taken >= len(found), dicomet.stats()
"""


@pytest.mark.parametrize("kind", concurrency.MAKERS)
def test_many_threads_of_pydicom(kind):
    concurrency.succeeded(concurrency.run(INSTALLED, kind))


# Sources that change


def map_of(data: bytes) -> mmap.mmap:
    memory = mmap.mmap(-1, len(data))
    memory[:] = data
    return memory


CHANGING = {
    "bytearray": bytearray,
    "array": lambda data: array.array("B", data),
    "numpy": lambda data: np.frombuffer(data, np.uint8).copy(),
    "view of a bytearray": lambda data: memoryview(bytearray(data)),
    "view of an array": lambda data: memoryview(array.array("B", data)),
    "view of numpy": lambda data: memoryview(np.frombuffer(data, np.uint8).copy()),
    "view of a map": lambda data: memoryview(map_of(data)),
}


class Meddler(threading.Thread):
    """A thread that repeats an action while others work."""

    def __init__(self, work) -> None:
        super().__init__()
        self.work = work
        self.enough = threading.Event()
        self.refused = None

    def run(self) -> None:
        while not self.enough.is_set():
            try:
                self.work()
            except (BufferError, ValueError) as error:
                # Python refuses: an exported buffer cannot be moved.
                self.refused = error

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.enough.set()
        self.join()


@pytest.mark.parametrize("view_only", [False, True])
@pytest.mark.parametrize("name", CHANGING)
def test_memory_that_is_written_to(name, view_only):
    """The result is the state at one moment."""
    data = concurrency.data("native")
    other = data[:-1_500_000] + bytes(1_500_000)
    snapshots = [dicomet.pixel_array(each) for each in (data, other)]
    source = CHANGING[name](data)
    memory, turns = memoryview(source), [data, other]

    def change() -> None:
        turns.reverse()
        memory[:] = turns[0]

    with Meddler(change):
        found = [dicomet.pixel_array(source, view_only=view_only) for _ in range(30)]
    for number, one in enumerate(found):
        assert any(np.array_equal(one, snapshot) for snapshot in snapshots), number


def test_a_view_of_a_bytearray_is_none():
    """A view would change, and would prevent the caller from resizing the bytearray."""
    data = bytearray(concurrency.data("native"))
    found = dicomet.pixel_array(data, view_only=True)
    data[:] = bytes(len(data))
    data += b"more"
    assert np.array_equal(found, concurrency.expected("native"))


def resized_bytearray(data: bytes):
    source = bytearray(data)

    def change() -> None:
        source.clear()
        source.extend(data)

    return source, change


def resized_array(data: bytes):
    source = array.array("B", data)

    def change() -> None:
        del source[:]
        source.frombytes(data)

    return source, change


def resized_map(data: bytes):
    source = map_of(data)

    def change() -> None:
        source.resize(4096)
        source.resize(len(data))
        source[:] = data

    return source, change


RESIZED = {"bytearray": resized_bytearray, "array": resized_array, "map": resized_map}


@pytest.mark.filterwarnings("ignore:.*Pixel Data. found:UserWarning")
@pytest.mark.parametrize("kind", ["native", "deflated", "RLE"])
@pytest.mark.parametrize("name", RESIZED)
def test_memory_that_is_resized(name, kind):
    source, change = RESIZED[name](concurrency.data(kind))
    with Meddler(change):
        for _ in range(30):
            # The map itself refuses to seek beyond its current end.
            with suppress(ValueError):
                # A map contains zeros for a moment, which may be read as samples.
                found = dicomet.pixel_array(source)
                assert name == "map" or np.array_equal(found, concurrency.expected(kind))
    with suppress(ValueError):
        # Some systems cannot enlarge an anonymous map.
        change()
        assert np.array_equal(dicomet.pixel_array(source), concurrency.expected(kind))


READ_ONLY = """
import sys
import concurrency, dicomet, random, test_threads
data = concurrency.data(sys.argv[1])
memory = bytearray(data)
source = memoryview(memory).toreadonly()
places = random.Random(5)
def change():
    place = places.randrange(len(data))
    memory[place] = places.randrange(256)
    memory[200:700] = data[200:700]
    if places.random() < 0.05:
        memory[:] = data
with test_threads.Meddler(change):
    for number in range(60):
        try:
            dicomet.pixel_array(source)
            dicomet.open(source)[1]
        except (dicomet.PixelDataError, IndexError) as error:
            assert "internal error" not in str(error), error
memory[:] = data
assert (dicomet.pixel_array(source) == concurrency.expected(sys.argv[1])).all()
"""


@pytest.mark.parametrize("kind", ["native", "deflated", "RLE", "RLE without a table", "colors"])
def test_read_only_views_of_what_is_written_to(kind):
    """Read-only views are not copied, so that any samples may be returned; but nothing worse happens."""
    concurrency.succeeded(concurrency.run(READ_ONLY, kind, PYTHONWARNINGS="ignore"))


# Sources that are closed


def test_a_map_that_is_closed_meanwhile(tmp_path):
    path = tmp_path / "image.dcm"
    path.write_bytes(concurrency.data("native"))
    for delay in (0, 1e-4, 1e-3):
        with path.open("rb") as file:
            source = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        closer = threading.Timer(delay, source.close)
        closer.start()
        with suppress(ValueError):
            while True:
                assert np.array_equal(dicomet.pixel_array(source), concurrency.expected("native"))
        closer.join()
        with pytest.raises(ValueError, match="closed or invalid"):
            dicomet.pixel_array(source)


def test_a_map_whose_view_is_decoded_stays(tmp_path):
    path = tmp_path / "image.dcm"
    path.write_bytes(concurrency.data("native"))
    with path.open("rb") as file:
        source = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    image = dicomet.open(memoryview(source))
    with pytest.raises(BufferError):
        source.close()
    assert np.array_equal(image[:], concurrency.expected("native"))
    image.close()
    source.close()


@pytest.mark.parametrize("buffering", [-1, 0])
@pytest.mark.parametrize("kind", ["native", "RLE without a table"])
def test_a_file_that_is_closed_meanwhile(tmp_path, kind, buffering):
    """The file is opened a second time where the system can do that; otherwise an error is raised."""
    path = tmp_path / "image.dcm"
    path.write_bytes(concurrency.data(kind))
    for delay in (0, 1e-4, 1e-3):
        file = path.open("rb", buffering=buffering)
        closer = threading.Timer(delay, file.close)
        closer.start()
        with suppress(ValueError):
            while True:
                assert np.array_equal(dicomet.pixel_array(file), concurrency.expected(kind))
        closer.join()
        with pytest.raises(ValueError, match="closed file"):
            dicomet.pixel_array(file)


def test_an_object_that_is_closed_meanwhile():
    source = type("Object", (io.BytesIO,), {})(concurrency.data("RLE without a table"))
    with dicomet.open(source) as image:
        assert np.array_equal(image[0], concurrency.expected("RLE")[0])
        source.close()
        with pytest.raises(ValueError, match="closed file"):
            image[1]

"""`dicomet.open`, views of stored samples, and how many threads work: whatever the way, the same frames."""

import io
import os
import pickle
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import files
import numpy as np
import oracle
import pydicom
import pytest
from oracle import Image
from pydicom.uid import ExplicitVRLittleEndian, RLELossless
from test_api import DATA, EXPECTED, IMAGE, SOURCES, ramp, rle

import dicomet

CASES = [
    case
    for case in files.cases()
    if case.expected.file in (files.EQUAL, files.ONLY) and not case.expected.transfer_syntax
]
INPUTS = {
    "native": DATA,
    "RLE": rle(IMAGE),
    "RLE without a table": rle(IMAGE, table=False),
    "one frame": oracle.dicom_file(
        oracle.elements(Image(IMAGE.values[:1], 16, 12), oracle.native(Image(IMAGE.values[:1], 16, 12)), "OW")
    ),
}


@pytest.fixture(params=INPUTS.values(), ids=INPUTS)
def path(tmp_path, request):
    path = tmp_path / "image.dcm"
    path.write_bytes(request.param)
    return path


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_file(case):
    expected = dicomet.pixel_array(case.path)
    with dicomet.open(case.path) as image:
        expected = expected.reshape(image.shape)
        assert (image.dtype, image.ndim, len(image)) == (expected.dtype, expected.ndim, len(expected))
        last = len(image) - 1
        for index in {0, last // 2, last}:
            assert np.array_equal(image.frame(index), expected[index], equal_nan=expected.dtype.kind == "f")
        assert image[:].tobytes() == expected.tobytes()


def test_a_sequence_of_frames(path):
    expected = dicomet.pixel_array(path).reshape(-1, 4, 6)
    count = len(expected)
    with dicomet.open(path) as image:
        assert len(image) == count
        assert image.shape == expected.shape
        for key in (0, -1, count - 1, np.int64(0), slice(None), slice(1, 3), slice(2, 0, -1), slice(5, 9), slice(0, 0)):
            found = image[key]
            assert np.array_equal(found, expected[key])
            assert (found.shape, found.dtype) == (expected[key].shape, expected[key].dtype)
            assert found.flags.c_contiguous
            assert found.flags.writeable
        assert np.array_equal(list(image), expected)
        assert np.array_equal(np.asarray(image), expected)
        assert np.array_equal(np.asarray(image, dtype=np.float32), expected.astype(np.float32))
        for index in (count, -count - 1, 10**30):
            with pytest.raises(IndexError):
                image[index]
        for key in ("0", 1.0, None, (0, 1)):
            with pytest.raises(TypeError):
                image[key]


def test_a_frame_into_memory_of_the_callers(path):
    with dicomet.open(path) as image:
        out = np.full((4, 6), 0xA5A5, np.uint16)
        assert image.frame(-1, out=out) is out
        assert np.array_equal(out, image[-1])
        with pytest.raises(dicomet.PixelDataError, match="'out'"):
            image.frame(0, out=out[:3])


def test_an_image_without_a_copy_is_no_array(path):
    with dicomet.open(path) as image, pytest.raises(ValueError, match="only views"):
        image.__array__(copy=False)


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_source(tmp_path, source):
    path = tmp_path / "image.dcm"
    path.write_bytes(DATA)
    with dicomet.open(source(path)) as image:
        assert np.array_equal(image[:], EXPECTED)


def test_options():
    ybr = oracle.dicom_file(oracle.elements(image := ramp(3, 8, 8, photometric="YBR_FULL"), oracle.native(image), "OB"))
    for options in ({"raw": True}, {"raw": False}, {"rows": 2}, {"workers": 1}):
        with dicomet.open(ybr, **options) as opened:
            assert np.array_equal(opened[1], dicomet.pixel_array(ybr, index=1, **options))


def test_after_closing(path):
    image = dicomet.open(path)
    assert not image.closed
    image.close()
    image.close()
    assert image.closed
    for use in (lambda: image[0], lambda: len(image), lambda: image.shape, lambda: image.dtype, lambda: list(image)):
        with pytest.raises(ValueError, match="closed"):
            use()


def test_a_file_of_the_callers_stays_open(path):
    with path.open("rb") as file:
        with dicomet.open(file) as image:
            first = image[0]
        assert np.array_equal(dicomet.pixel_array(file, index=0), first)


def test_an_error_says_what_is_wrong(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.dcm") as missing:
        dicomet.open(tmp_path / "nothing.dcm")
    assert missing.value.errno == 2
    assert missing.value.filename == str(tmp_path / "nothing.dcm")
    with pytest.raises(IsADirectoryError, match=tmp_path.name):
        dicomet.open(tmp_path)
    with pytest.raises(dicomet.MissingElementError):
        dicomet.open(b"no image")
    with pytest.raises(ValueError, match=r"(?i)nul"):
        dicomet.open("a\0b")
    with dicomet.open(rle(IMAGE, shorten=(1, 0))) as image:
        assert np.array_equal(image[0], EXPECTED[0])
        with pytest.raises(dicomet.PixelDataError, match="frame 1, segment 0"):
            image[1]
        assert np.array_equal(image[2], EXPECTED[2])
        with pytest.raises(dicomet.PixelDataError, match="frame 1, segment 0"):
            image[1:]


def test_places_are_found_once(tmp_path):
    path = tmp_path / "image.dcm"
    path.write_bytes(rle(IMAGE, table=False))
    with dicomet.open(path) as image, mock.patch.object(type(image._frames._locator), "_places", create=True) as places:
        image[0]
        found = image._frames._locator._found
        assert np.array_equal(image[2], EXPECTED[2])
        assert image._frames._locator._found is found
        assert not places.called


class OfOneThread(io.BytesIO):
    """Must be used by the thread that made it, as some objects are; and the position is everybody's."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.owner = threading.get_ident()

    def read(self, size=-1):
        assert threading.get_ident() == self.owner
        return super().read(size)


def large(frames: int) -> bytes:
    """An image worth several threads, with 12 bits of 16."""
    values = (np.arange(frames * 512 * 500) % 4093).astype(np.uint16).reshape(frames, 512, 500, 1)
    image = Image(values, 16, 12, garbage=0xF000)
    return oracle.dicom_file(oracle.elements(image, oracle.native(image), "OW"))


def test_an_object_is_read_by_the_callers_thread():
    data = large(10)
    assert np.array_equal(dicomet.pixel_array(OfOneThread(data)), dicomet.pixel_array(data))


@pytest.mark.parametrize("kind", ["path", "bytes", "object"])
@pytest.mark.parametrize("data", [large(6), rle(IMAGE, table=False)], ids=["native", "RLE"])
def test_threads_share_an_image(tmp_path, data, kind):
    path = tmp_path / "image.dcm"
    path.write_bytes(data)
    expected = dicomet.pixel_array(data)
    # `Path` objects and bytes are read at any place at once; an object has one position only.
    source = {"path": path, "bytes": data, "object": type("Object", (io.BytesIO,), {})(data)}[kind]
    with dicomet.open(source) as image, ThreadPoolExecutor(8) as pool:
        numbers = [index % len(expected) for index in range(60)]
        for number, frame in zip(numbers, pool.map(image.frame, numbers), strict=True):
            assert np.array_equal(frame, expected[number])


class Reentrant(io.BytesIO):
    """Asks for a frame while it is asked for one."""

    image = None

    def read(self, size=-1):
        if self.image is not None:
            self.image.frame(0)
        return super().read(size)


def test_a_source_that_reads_itself():
    source = Reentrant(DATA)
    with dicomet.open(source) as image:
        source.image = image
        with pytest.raises(RuntimeError, match="by the same thread"):
            image[1]
        source.image = None
        assert np.array_equal(image[1], EXPECTED[1])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_nobody_waits_for_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="seek"):
        dicomet.open(tmp_path / "pipe")


@pytest.mark.parametrize("mode", ["rb", "r+b"])
def test_the_position_of_pixel_data_in_a_file_is_kept(tmp_path, mode):
    dataset = pydicom.dcmread(io.BytesIO(DATA))
    path = tmp_path / "value"
    path.write_bytes(b"1234" + dataset.PixelData)
    with path.open(mode) as file:
        file.seek(4)
        dataset.PixelData = file
        with dicomet.open(dataset) as image:
            assert np.array_equal(image[:], EXPECTED)
            assert file.tell() == 4
            assert np.array_equal(dicomet.pixel_array(dataset), EXPECTED)


def test_frames_that_cannot_be_are_refused_before_memory_is_allocated():
    value = oracle.encapsulated([oracle.fragments(oracle.rle_frame([b"\0\1"]), [])] * 4, table=False)
    image = Image(np.broadcast_to(np.uint8(0), (4, 65535, 65535, 1)), 8, 8)
    with dicomet.open(oracle.dicom_file(oracle.elements(image, value, "OB"), RLELossless)) as opened:
        for key in (slice(None), slice(None, None, 2), slice(None, None, -1), 0):
            with pytest.raises(dicomet.PixelDataError, match="cannot hold"):
                opened[key]


def test_frames_before_a_damage(tmp_path):
    path = tmp_path / "image.dcm"
    path.write_bytes(DATA[:-2])
    with dicomet.open(path) as image:
        frames = iter(image)
        with pytest.warns(UserWarning, match="to the end of the file"):
            assert np.array_equal(next(frames), EXPECTED[0])
        assert np.array_equal(next(frames), EXPECTED[1])
        with pytest.raises(dicomet.PixelDataError, match="frame 2"):
            next(frames)
        with pytest.raises(dicomet.PixelDataError, match="found 142 bytes, expected 144"):
            len(image)


@pytest.mark.parametrize("name", ["index", "indices", "out", "ds_out", "specific_tags"])
def test_arguments_of_the_functions_are_refused(name):
    with pytest.raises(TypeError, match=f"no argument '{name}'"):
        dicomet.open(DATA, **{name: None})


def test_an_open_image_stays_in_its_process():
    with dicomet.open(DATA) as image:
        assert repr(image) == "<dicomet.OpenImage, 3 x (4, 6) uint16>"
        with pytest.raises(TypeError, match="open it there"):
            pickle.dumps(image)
    assert repr(image) == "<dicomet.OpenImage, closed>"


def test_a_file_that_shrinks_is_told(tmp_path):
    path = tmp_path / "image.dcm"
    path.write_bytes(data := large(3))
    with dicomet.open(path) as image:
        os.truncate(path, len(data) - 2)
        assert np.array_equal(image[1], dicomet.pixel_array(data, index=1))
        with pytest.raises(dicomet.PixelDataError, match="frame 2: found"):
            image[2]


# Views


def view_of(source, **options) -> np.ndarray:
    return dicomet.pixel_array(source, view_only=True, **options)


@pytest.fixture
def samples(tmp_path):
    """All 16 bits are stored, so that the samples are the answer already."""
    image = Image(np.arange(3 * 4 * 6, dtype=np.uint16).reshape(3, 4, 6, 1) * 911, 16, 16)
    path = tmp_path / "samples.dcm"
    path.write_bytes(oracle.dicom_file(oracle.elements(image, oracle.native(image), "OW")))
    return path


@pytest.mark.parametrize(
    "source", [Path.read_bytes, pydicom.dcmread, Path, str], ids=["bytes", "Dataset", "Path", "str"]
)
def test_a_view_where_the_samples_are_the_answer(samples, source):
    expected = dicomet.pixel_array(samples)
    src = source(samples)
    for options, wanted in (({}, expected), ({"index": 1}, expected[1])):
        view = view_of(src, **options)
        assert np.array_equal(view, wanted)
        assert (view.shape, view.dtype) == (wanted.shape, wanted.dtype)
        assert not view.flags.writeable
        assert not view.flags.owndata
    for view, wanted in zip(dicomet.iter_pixels(src, view_only=True), expected, strict=True):
        assert np.array_equal(view, wanted)
        assert not view.flags.writeable
    with dicomet.open(src, view_only=True) as image:
        view = image[1:]
    assert np.array_equal(view, expected[1:])
    assert not view.flags.writeable


def test_a_view_of_memory_is_that_memory(samples):
    data = samples.read_bytes()
    view = view_of(data)
    start = np.frombuffer(data, np.uint8).ctypes.data
    assert start <= view.ctypes.data < start + len(data)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="descriptors are counted where the system lists them")
def test_views_of_one_image_share_a_map(samples):
    with dicomet.open(samples, view_only=True) as image:
        views = [image[index % 3] for index in range(50)]
        before = len(list(Path("/proc/self/fd").iterdir()))
        views += [image[index % 3] for index in range(50)]
        assert len(list(Path("/proc/self/fd").iterdir())) == before
        assert np.array_equal(np.asarray(image), np.stack(views[:3]))
        assert not image.__array__(copy=False).flags.owndata


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs limits of a Unix process")
def test_a_view_that_cannot_be_had_is_told(samples):
    """Not by a copy of each file, which would fill the memory."""
    program = (
        "import resource, sys, dicomet\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60))\n"
        "views = [dicomet.pixel_array(sys.argv[1], view_only=True) for _ in range(100)]"
    )
    done = subprocess.run([sys.executable, "-c", program, samples], capture_output=True, text=True, check=False)  # noqa: S603
    assert "Too many open files" in done.stderr


def test_a_view_keeps_its_file(samples):
    view = view_of(samples)
    expected = dicomet.pixel_array(samples)
    samples.unlink()
    assert np.array_equal(view, expected)


@pytest.mark.parametrize(
    "data",
    [
        DATA,
        rle(IMAGE),
        oracle.dicom_file(oracle.elements(color := ramp(3, 8, 8, planar=1), oracle.native(color), "OB")),
    ],
    ids=["bits to correct", "RLE", "planes"],
)
def test_no_view_where_there_is_work_to_do(data):
    array = view_of(data)
    assert np.array_equal(array, dicomet.pixel_array(data))
    assert array.flags.owndata
    assert array.flags.writeable


def test_no_view_into_memory_of_the_callers(samples):
    out = np.empty((3, 4, 6), np.uint16)
    assert view_of(samples, out=out) is out


def test_no_view_of_memory_that_can_change(samples):
    data = bytearray(samples.read_bytes())
    view = view_of(data)
    expected = view.copy()
    data[-100:] = bytes(100)
    assert np.array_equal(view, expected)


def test_no_view_of_samples_across_words():
    """A value that begins at an odd multiple of 4 bytes holds no aligned 64-bit samples."""
    image = Image(np.arange(2 * 3 * 5, dtype=np.float64).reshape(2, 3, 5, 1), 64, 64, keyword="DoubleFloatPixelData")
    data = oracle.dicom_file(oracle.elements(image, oracle.native(image), "OD"))
    for more in (b"", b"\0" * 4):
        memory = memoryview(more + data)[len(more) :]
        array = view_of(memory)
        assert array.flags.aligned
        assert np.array_equal(array, dicomet.pixel_array(data))


# Threads


def is_own(case) -> bool:
    """Decoded here, not by a JPEG plugin."""
    file_meta = getattr(pydicom.dcmread(case.path, force=True, stop_before_pixels=True), "file_meta", {})
    transfer_syntax = file_meta.get("TransferSyntaxUID", ExplicitVRLittleEndian)
    return transfer_syntax == RLELossless or not transfer_syntax.is_compressed


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


@pytest.mark.parametrize(("value", "told"), [("0", True), ("-1", True), ("two", True), ("", True), (" 2 ", False)])
def test_a_number_of_threads_in_the_environment_that_says_nothing_is_told(value, told):
    program = "import dicomet\ndicomet.pixel_array\n"
    environment = {**os.environ, "DICOMET_WORKERS": value}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)  # noqa: S603
    assert ("DICOMET_WORKERS: found" in done.stderr) == told


def slow_to_decode(frames: int) -> bytes:
    """Literal runs of one byte each."""
    pixels = 512 * 512
    segment = np.stack([np.zeros(pixels, np.uint8), np.arange(pixels, dtype=np.uint8)], axis=1).tobytes()
    value = oracle.encapsulated([oracle.fragments(oracle.rle_frame([segment]), [])] * frames, table=False)
    image = Image(np.broadcast_to(np.uint8(0), (frames, 512, 512, 1)), 8, 8)
    return oracle.dicom_file(oracle.elements(image, value, "OB"), RLELossless)


class Alarm(Exception):  # noqa: N818 - a signal, not an error
    """What the handler raises."""


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
    # Nobody works on in the background, and the next call is as any other.
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

"""Ctrl-C during every long call: the call ends soon, and the next one is not affected.

Another process sends the signal. The assertions are lax, because machines may be loaded; idle ones respond within a
fraction of a second.
"""

import itertools
import pathlib
import signal
import statistics
import struct
import subprocess
import sys
import time
import zlib

import concurrency
import numpy as np
import oracle
import pydicom
import pydicom.pixels
import pytest
from oracle import Image
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, RLELossless

import dicomet

# Maximum median response to Ctrl-C in seconds, a multiple of that of an idle machine.
SOON = 2.0
TIMES = 2

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent to a process as Unix does it")

# Reports its start, and the time of an interrupt by a clock that all processes share. It repeats the call until it is
# interrupted, so that the signal always arrives during a call.
PROGRAM = """
import signal, sys, time
import numpy as np, dicomet, test_signals
signal.signal(signal.SIGINT, signal.default_int_handler)
use, path = sys.argv[1:]
work, small = test_signals.USES[use](path), test_signals.concurrency.data("small")
for _ in range(test_signals.TIMES):
    try:
        print("begin", flush=True)
        while True:
            work()
    except KeyboardInterrupt:
        print(time.monotonic(), flush=True)
    assert np.array_equal(dicomet.pixel_array(small), test_signals.concurrency.expected("small"))
    sys.stdin.readline()
"""


def decode(**options):
    def use(path: str):
        return lambda: dicomet.pixel_array(path, **options)

    return use


def decode_bytes(path: str):
    data = pathlib.Path(path).read_bytes()
    return lambda: dicomet.pixel_array(data)


def iterate(path: str):
    return lambda: [None for _ in dicomet.iter_pixels(path)]


def ahead(path: str):
    return lambda: [None for _ in dicomet.pixel_arrays([path] * 4, workers=2)]


def opened(path: str):
    def count() -> None:
        with dicomet.open(path) as image:
            len(image)

    return count


def of_pydicom(path: str):
    dicomet.install()
    dataset = pydicom.dcmread(path)
    return lambda: pydicom.pixels.pixel_array(dataset)


class Slow:
    """A file object that returns little at a time, slowly."""

    def __init__(self, path: str) -> None:
        self.file = open(path, "rb")  # noqa: PTH123, SIM115
        self.tell, self.seek = self.file.tell, self.file.seek

    def read(self, size: int = -1) -> bytes:
        time.sleep(0.05)
        return self.file.read(min(size, 100) if size > 0 else size)


def slowly(path: str):
    return lambda: dicomet.pixel_array(Slow(path))


USES = {
    "path": decode(),
    "alone": decode(workers=1),
    "first frame": decode(index=0),
    "bytes": decode_bytes,
    "iter_pixels": iterate,
    "pixel_arrays": ahead,
    "open": opened,
    "installed": of_pydicom,
    "slow object": slowly,
}


def image(shape: tuple[int, ...], bits_allocated: int, bits_stored: int, **properties) -> Image:
    """An image description without memory for samples."""
    kind = "i" if properties.get("signed") else "u"
    samples = np.zeros((), f"{kind}{max(1, bits_allocated // 8)}")
    return Image(np.broadcast_to(samples, shape), bits_allocated, bits_stored, **properties)


def one_byte_runs(count: int) -> bytes:
    """The slowest encoding of `count` bytes."""
    return np.stack([np.zeros(count, np.uint8), np.arange(count, dtype=np.uint8)], axis=1).tobytes()


def native() -> bytes:
    described = image((100, 512, 512, 1), 16, 12, signed=True)
    return oracle.dicom_file(oracle.elements(described, np.arange(100 << 17, dtype="<u4").tobytes(), "OW"))


def colors() -> bytes:
    described = image((80, 512, 512, 3), 8, 8, photometric="YBR_FULL")
    return oracle.dicom_file(oracle.elements(described, bytes(range(256)) * (80 * 3 << 10), "OB"))


def rle(frames: int, side: int, bits_allocated: int = 8) -> bytes:
    frame = oracle.rle_frame([one_byte_runs(side * side // (8 if bits_allocated == 1 else 1))])
    value = oracle.encapsulated([[frame]] * frames, table=False)
    described = image((frames, side, side, 1), bits_allocated, bits_allocated)
    return oracle.dicom_file(oracle.elements(described, value, "OB"), RLELossless)


def deflated() -> bytes:
    """256 MiB of zeros."""
    found = {**oracle.elements(image((512, 512, 512, 1), 16, 16), b"", "OW")}
    rest = oracle.data_set(found, ExplicitVRLittleEndian)[:-12]
    rest += oracle.element(oracle.PIXEL_DATA, "OW", b"")[:-4] + struct.pack("<L", 1 << 28)
    packer = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
    parts = [packer.compress(rest), *(packer.compress(bytes(1 << 24)) for _ in range(16)), packer.flush()]
    head = oracle.dicom_file({}, DeflatedExplicitVRLittleEndian)
    return head[: head.index(DeflatedExplicitVRLittleEndian.encode()) + 22] + b"".join(parts)


def fragments(count: int, *, table: bool) -> bytes:
    """One frame in a large number of fragments."""
    first = oracle.item(oracle.rle_frame([b"\1ab"] * 3)[:66])
    value = oracle.item(bytes(4) if table else b"") + first + oracle.item(b"\0\0") * count + oracle.DELIMITER
    described = image((1, 1, 2, 3), 8, 8, photometric="RGB")
    return oracle.dicom_file(oracle.elements(described, value, "OB"), RLELossless)


FILES = {
    "native": native,
    "colors": colors,
    "RLE": lambda: rle(100, 512),
    "RLE, one frame": lambda: rle(1, 6000),
    "RLE, single bits": lambda: rle(1, 16384, 1),
    "deflated": deflated,
    "fragments": lambda: fragments(500_000, table=False),
    "fragments and a table": lambda: fragments(500_000, table=True),
}
CASES = [
    ("native", "path"),
    ("native", "alone"),
    ("native", "bytes"),
    ("native", "iter_pixels"),
    ("native", "pixel_arrays"),
    ("native", "installed"),
    ("native", "slow object"),
    ("colors", "path"),
    ("RLE", "path"),
    ("RLE", "iter_pixels"),
    ("RLE", "pixel_arrays"),
    ("RLE", "installed"),
    ("RLE, one frame", "path"),
    ("RLE, one frame", "installed"),
    ("deflated", "path"),
    ("deflated", "pixel_arrays"),
    ("fragments", "open"),
    ("RLE, single bits", "path"),
    ("fragments and a table", "first frame"),
]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder, paths = tmp_path_factory.mktemp("signals"), {}

    def make(name: str):
        if name not in paths:
            paths[name] = folder / f"{len(paths)}.dcm"
            paths[name].write_bytes(FILES[name]())
        return paths[name]

    yield make
    for path in paths.values():
        path.unlink()


def delays(path, use: str) -> list[float]:
    """The time from each signal to the end of the call, in seconds."""
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, use, str(path)]
    found = []
    with subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=concurrency.environment_with()
    ) as program:
        try:
            for wait in itertools.islice(itertools.cycle([0.03, 0.11, 0.07]), TIMES):
                assert program.stdout.readline() == "begin\n"
                time.sleep(wait)
                sent = time.monotonic()
                program.send_signal(signal.SIGINT)
                found.append(float(program.stdout.readline()) - sent)
                program.stdin.write("\n")
            assert program.wait(concurrency.PATIENCE) == 0
        finally:
            program.kill()
    return found


@pytest.mark.parametrize(("file", "use"), CASES, ids=lambda name: name)
def test_an_interrupt_ends_the_call(files, file, use):
    assert statistics.median(delays(files(file), use)) < SOON

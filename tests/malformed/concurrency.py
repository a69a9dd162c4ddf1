"""Files that are large enough for several threads, and child programs, for the tests of concurrency and limits."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import oracle
from oracle import Image
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

TESTS = Path(__file__).parent.parent
# The exit status of a program that has found a fault itself.
WRONG = 9
# Timeout in seconds: a hang is a failure, too.
PATIENCE = 60


def signed(frames: int, rows: int = 512, columns: int = 500) -> Image:
    """12 of 16 bits, signed, with garbage above them: every sample must be processed."""
    count = frames * rows * columns
    values = (np.arange(count, dtype=np.int32) * 7 % 4093 - 2048).astype(np.int16)
    return Image(values.reshape(frames, rows, columns, 1), 16, 12, signed=True, garbage=5)


def colors(frames: int, rows: int = 512, columns: int = 500) -> Image:
    """YBR_FULL in planes, which must be converted."""
    values = (np.arange(frames * rows * columns * 3, dtype=np.int32) * 7 % 251).astype(np.uint8)
    return Image(values.reshape(frames, rows, columns, 3), 8, 8, photometric="YBR_FULL", planar=1)


def native(image: Image, transfer_syntax=oracle.ExplicitVRLittleEndian) -> bytes:
    return oracle.dicom_file(oracle.elements(image, oracle.native(image), "OW"), transfer_syntax)


def literal(plane: bytes) -> bytes:
    """A segment of literal runs of 128 bytes, which is fast to build."""
    whole = len(plane) // 128 * 128
    runs = np.frombuffer(plane[:whole], np.uint8).reshape(-1, 128)
    packed = np.insert(runs, 0, 127, axis=1).tobytes()
    rest = plane[whole:]
    return packed + (bytes([len(rest) - 1]) + rest if rest else b"")


def rle(image: Image, *, table: bool = True) -> bytes:
    frames = [
        oracle.rle_frame([literal(plane) for plane in oracle.byte_planes(image.frame(index))])
        for index in range(image.frames)
    ]
    value = oracle.encapsulated([oracle.fragments(frame, []) for frame in frames], table=table)
    return oracle.dicom_file(oracle.elements(image, value, "OB"), RLELossless)


MAKERS = {
    "native": lambda: native(signed(6)),
    "one frame": lambda: native(signed(1)),
    "deflated": lambda: native(signed(6), DeflatedExplicitVRLittleEndian),
    "RLE": lambda: rle(signed(6)),
    "RLE without a table": lambda: rle(signed(6), table=False),
    "colors": lambda: native(colors(4)),
    "small": lambda: native(signed(3, 4, 6)),
}


@cache
def data(kind: str) -> bytes:
    """The file of the given kind."""
    return MAKERS[kind]()


@cache
def expected(kind: str) -> np.ndarray:
    """The array that the oracle expects for it."""
    image = {"native": signed(6), "deflated": signed(6), "one frame": signed(1), "small": signed(3, 4, 6)}.get(kind)
    return oracle.expected(image or (colors(4) if kind == "colors" else signed(6)))


class Reader:
    """A file-like object in Python, so that other threads run during a read."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.position = 0

    def tell(self) -> int:
        return self.position

    def seek(self, offset: int, whence: int = 0) -> int:
        self.position = offset + {0: 0, 1: self.position, 2: len(self.content)}[whence]
        return self.position

    def read(self, size: int = -1) -> bytes:
        end = len(self.content) if size < 0 else self.position + size
        found = self.content[self.position : end]
        self.position += len(found)
        return found


def environment_with(**more: str) -> dict[str, str]:
    """The environment for a program that imports modules of the tests, without settings of dicomet."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("DICOMET", "DICOMET_WORKERS")}
    return {**inherited, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS / "malformed")]), **more}


def run(program: str, *arguments, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a new process, in which the modules of the tests can be imported."""
    return subprocess.run(  # noqa: S603
        [sys.executable, "-X", "faulthandler", "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env=environment_with(RUST_BACKTRACE="1", **environment),
    )


def succeeded(done: subprocess.CompletedProcess[str]) -> None:
    """Check that a program has succeeded, and has reported no panic."""
    assert done.returncode == 0, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "panicked" not in done.stderr, done.stderr

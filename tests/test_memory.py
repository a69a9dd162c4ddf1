"""How much memory a decode needs beside its result, as the system counts it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import oracle
import pytest
from oracle import Image
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian, RLELossless

import dicomet

MIB = 1 << 20
RESET = Path("/proc/self/clear_refs")

pytestmark = pytest.mark.skipif(not os.access(RESET, os.W_OK), reason="needs a system that resets its peak of memory")

# Prints by how much the peak went beyond what was there, and the bytes of the results.
PROGRAM = """
import sys, gc
from pathlib import Path
import numpy as np
import dicomet

def status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))

path, small, use = sys.argv[1:]
dicomet.pixel_array(small)
for _ in dicomet.iter_pixels(small): pass
gc.collect()
Path("/proc/self/clear_refs").write_text("5")
before, size = status("VmRSS"), 0
if use == "pixel_array":
    array = dicomet.pixel_array(path)
    size = array.nbytes
elif use == "iter_pixels":
    for frame in dicomet.iter_pixels(path):
        size = frame.nbytes
elif use == "open":
    with dicomet.open(path) as image:
        for index in (5, 3, 11):
            size = image[index].nbytes
print(status("VmHWM") - before, size)
"""


def noise(shape: tuple[int, ...], bits: int) -> np.ndarray:
    high = 2**bits
    return np.random.default_rng(3).integers(0, high, shape, np.uint8 if bits <= 8 else np.uint16)


def gray(frames: int) -> Image:
    return Image(noise((frames, 1000, 1001, 1), 12), 16, 12, garbage=0xF000)


def color(frames: int, photometric: str, planar: int) -> Image:
    return Image(noise((frames, 600, 1001, 3), 8), 8, 8, photometric=photometric, planar=planar)


def single_bits(frames: int) -> Image:
    return Image(noise((frames, 1000, 1001, 1), 1), 1, 1)


def native(image: Image, transfer_syntax=ExplicitVRLittleEndian) -> bytes:
    big_endian = transfer_syntax == ExplicitVRBigEndian
    value = oracle.native(image, big_endian=big_endian)
    return oracle.dicom_file(oracle.elements(image, value, "OW", big_endian=big_endian), transfer_syntax)


def rle(image: Image) -> bytes:
    def packed(plane: bytes) -> bytes:
        runs = [plane[start : start + 128] for start in range(0, len(plane), 128)]
        return b"".join(bytes([len(run) - 1]) + run for run in runs)

    frames = [
        oracle.rle_frame([packed(plane) for plane in oracle.byte_planes(image.frame(index))])
        for index in range(image.frames)
    ]
    value = oracle.encapsulated([oracle.fragments(frame, []) for frame in frames], table=True)
    return oracle.dicom_file(oracle.elements(image, value, "OB"), RLELossless)


KINDS = {
    "16 bits": lambda frames: native(gray(frames)),
    "big endian": lambda frames: native(gray(frames), ExplicitVRBigEndian),
    "planar": lambda frames: native(color(frames, "RGB", 1)),
    "YBR_FULL": lambda frames: native(color(frames, "YBR_FULL", 0)),
    "single bits": lambda frames: native(single_bits(frames)),
    "RLE": lambda frames: rle(gray(frames)),
    "RLE, RGB": lambda frames: rle(color(frames, "RGB", 0)),
}
FRAMES = 25


@pytest.fixture(params=KINDS, scope="module")
def paths(request, tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("memory")
    for frames, name in ((FRAMES, "large"), (1, "small")):
        (folder / name).write_bytes(KINDS[request.param](frames))
    return folder / "large", folder / "small"


def used(paths: tuple[Path, Path], use: str) -> tuple[int, int]:
    """Return the memory that was used, and the bytes of the result."""
    environment = {**os.environ, "DICOMET_WORKERS": "2"}
    command = [sys.executable, "-c", PROGRAM, *map(str, paths), use]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)  # noqa: S603
    peak, size = map(int, done.stdout.split())
    return peak, size


def test_whole_images(paths):
    """The result, and what each thread works on: not the input."""
    peak, size = used(paths, "pixel_array")
    assert size >= 20 * MIB
    assert peak <= size + 16 * MIB


@pytest.mark.parametrize("use", ["iter_pixels", "open"])
def test_frame_by_frame(paths, use):
    """Two frames: the one that is made, and the one that the caller still has."""
    peak, size = used(paths, use)
    assert size >= MIB // 2
    assert peak <= 2 * size + 12 * MIB


@pytest.mark.parametrize("run", [b"\1ab", b"\3abcd"], ids=["plain", "over-long"])
def test_very_many_frames(tmp_path, run):
    """What is kept of each frame, warnings too, does not add up."""
    frames = 300_000
    item = oracle.item(oracle.rle_frame([run] * 3))
    image = Image(np.broadcast_to(np.uint8(0), (frames, 1, 2, 3)), 8, 8, photometric="RGB")
    value = oracle.item(b"") + item * frames + bytes.fromhex("feffdde000000000")
    paths = tmp_path / "large", tmp_path / "small"
    paths[0].write_bytes(oracle.dicom_file(oracle.elements(image, value, "OB"), RLELossless))
    paths[1].write_bytes(native(gray(1)))
    peak, size = used(paths, "pixel_array")
    assert size == frames * 6
    assert peak <= size + paths[0].stat().st_size + 16 * MIB


def test_deflated(tmp_path):
    """The inflated data set and the result."""
    paths = tmp_path / "large", tmp_path / "small"
    for path, frames in zip(paths, (FRAMES, 1), strict=True):
        path.write_bytes(native(gray(frames), DeflatedExplicitVRLittleEndian))
    peak, size = used(paths, "pixel_array")
    assert peak <= 2 * size + 16 * MIB


def test_memory_of_read_files_is_released():
    """Not even two numbers for each frame, as slices of PyO3 do."""
    values = np.arange(2000 * 300, dtype=np.uint16).reshape(2000, 300, 1, 1)
    image = Image(values, 16, 16)
    frames = [[oracle.native(Image(frame[np.newaxis], 16, 16))] for frame in values]
    value = oracle.encapsulated(frames, table=False)
    data = oracle.dicom_file(oracle.elements(image, value, "OB"), oracle.ENCAPSULATED_UNCOMPRESSED)
    counts = []
    for _ in range(3):
        array = dicomet.pixel_array(data)
        counts.append(sys.getallocatedblocks())
    assert (array == values[..., 0]).all()
    assert counts[2] - counts[1] < 500

"""Memory of JPEG XL besides the result and the file: of usual images, and of headers that promise too much.

SECURITY.md states the limits.
"""

import json
import sys

import concurrency
import jpeg_xl_streams as streams
import jpeg_xl_writer as writer
import numpy as np
import pytest
from jpeg_streams import by_pillow

pytest.importorskip("resource")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")

MIB = 1 << 20
# The growth of resident memory while a new process decodes a file from memory, after another one.
PROGRAM = """
import ctypes, json, sys, warnings
from pathlib import Path
import dicomet
from mutation_tally import Peak
data, small, workers = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2]).read_bytes(), int(sys.argv[3])
warnings.simplefilter("ignore")
dicomet.pixel_array(small, workers=workers)
ctypes.CDLL(None).malloc_trim(0)
peak, said, result = Peak(), "", 0
before = peak.start()
try:
    result = dicomet.pixel_array(data, raw=True, workers=workers).nbytes
except dicomet.PixelDataError as error:
    said = str(error)
print(json.dumps([peak.now() - before, result, said]))
"""


@pytest.fixture
def measured(tmp_path):
    def measure(stream: bytes, shape: tuple[int, ...], bits: int = 8, workers: int = 1) -> tuple[int, str]:
        """The memory besides the result, and the error."""
        path, small = tmp_path / "measured.dcm", tmp_path / "small.dcm"
        path.write_bytes(streams.dicom([stream], shape, bits, syntax=streams.LOSSY))
        small.write_bytes(streams.dicom([writer.black(16, 24)], (16, 24), 8, syntax=streams.LOSSY))
        done = concurrency.run(PROGRAM, path, small, workers)
        concurrency.succeeded(done)
        growth, result, said = json.loads(done.stdout)
        assert said or result == np.prod(shape) * (bits // 8)
        return growth - result, said

    return measure


def smooth(rows: int, columns: int, samples: int = 1, bits: int = 8) -> np.ndarray:
    """Waves with noise, as in an image of a detector."""
    y, x = np.mgrid[:rows, :columns]
    waves = (np.sin(x / 97) + np.cos(y / 71) + 2) / 4.3
    noise = np.random.default_rng(1).normal(0, 0.01, (rows, columns, samples))
    values = np.clip(waves[..., None] * np.linspace(1, 0.5, samples) + noise, 0, 1) * ((1 << bits) - 1)
    return values.astype(np.uint8 if bits == 8 else np.uint16).reshape((rows, columns, samples)[: 2 + (samples > 1)])


# Bytes for each pixel. Found: 1.7 (1.9 with three threads), 1.5 (2.0), 2.0 (3.0), 5.0 (7.8) and 9.6.
USUAL = {
    "gray, lossless": (lambda image: streams.lossless(image, 16), (2048, 2048), 16, 4),
    "gray, lossy": (lambda image: streams.lossy(image, 16), (2048, 2048), 16, 4),
    "colors, lossless": (lambda image: streams.lossless(image, 8), (1024, 1024, 3), 8, 6),
    "colors, lossy": (lambda image: streams.lossy(image, 8), (1024, 1024, 3), 8, 16),
    "recompressed": (lambda image: streams.recompressed(by_pillow(image, subsampling=0)), (1024, 1024, 3), 8, 20),
}


@pytest.mark.parametrize("kind", USUAL)
def test_usual_images(measured, kind):
    encode, shape, bits, most = USUAL[kind]
    stream = encode(smooth(*shape, bits=bits))
    for workers in (1, 3):
        found, said = measured(stream, shape, bits, workers)
        assert not said
        assert found < most * shape[0] * shape[1], (workers, found)


# Codestreams of at most some kilobytes, their images, the error, and the limit of memory.
SMALL = (16, 24)
HOSTILE = {
    "another size": (writer.black(1024, 1024), SMALL, "Rows 1024", 2 * MIB),
    "a size without bytes for it": (writer.black(65535, 65535), SMALL, "`frame header`", 2 * MIB),
    "the same in the file": (writer.black(65535, 65535), (65535, 65535), "`frame header`", 2 * MIB),
    "a size without bounds": (writer.black(1 << 30, 1 << 30), SMALL, "`header`", 2 * MIB),
    "groups without bytes": (
        writer.image_header(30000, 30000) + writer.contents([0] * 1127, writer.frame_header(group_shift=3)),
        (30000, 30000), "`samples`", 4 * MIB,
    ),
    "extra channels": (writer.black(*SMALL, channels=255), SMALL, "extra channels (255)", 2 * MIB),
    "too many extra channels": (writer.black(*SMALL, channels=4096), SMALL, "`image header`", 2 * MIB),
    "a profile": (writer.large_profile(*SMALL, 16 * MIB), SMALL, "`", 40 * MIB),
    "a profile that is too large": (writer.large_profile(*SMALL, 16 * MIB + 1), SMALL, "`ICC profile`", 2 * MIB),
    "a spline": (writer.long_spline(*SMALL), SMALL, "`frame header`: found splines", 2 * MIB),
    "palettes": (writer.many_palettes(16, 129, 273), (16, 129), "", 80 * MIB),
    "palettes of wide samples": (writer.many_palettes(16, 129, 273, wide=True), (16, 129), "", 160 * MIB),
    "frames that are kept": (writer.kept_frames(512, 1024), (512, 1024), "", 100 * 512 * 1024),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_few_bytes(measured, kind):
    stream, shape, error, most = HOSTILE[kind]
    assert len(stream) < 4096
    for workers in (1, 3):
        found, said = measured(stream, shape, workers=workers)
        assert error in said if error else not said
        assert found < most, (workers, found)

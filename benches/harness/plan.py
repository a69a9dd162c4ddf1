"""The list of all measurements, as the rows of the table."""

from harness.tasks import ColdStart, InMemory, ManyFiles, Memory, Read, Reading, Task
from workloads import CODEC_CINES, CODEC_KINDS, LONG_CINES, RLE_KINDS, SMALL_FRAMES, WORKLOADS

PATH = "path to array"
ONE_CORE = "path to array, on one core"
FRAME = "one frame by index"
FILES = "many files"
INSTALL = "ds.pixel_array, with and without install()"
MEMORY = "peak memory over the result"
START = "cold start"

NAMED = {workload.name: workload for workload in [*WORKLOADS, *LONG_CINES, *RLE_KINDS, *SMALL_FRAMES, *CODEC_CINES]}
# The rows in one tuple are compared with each other, and are therefore interleaved.
WHOLE = (
    ("CT", "CT, 12 of 16, signed"),
    ("CT, RLE",),
    ("mammogram, 12 of 16",),
    ("ultrasound, RGB", "ultrasound, RGB, planar"),
    ("ultrasound, YBR_FULL",),
    ("ultrasound, YBR_FULL_422",),
    ("segmentation",),
    ("segmentation, off the bytes",),
    ("300 CT frames, RLE",),
    ("ultrasound, RGB, RLE",),
    *((workload.name,) for workload in CODEC_CINES),
)
FRAMES = (
    ("300 CT frames",),
    ("300 CT frames, RLE",),
    ("30 small frames", "3000 small frames"),
    ("30 small frames, RLE", "3000 small frames, RLE"),
    ("ultrasound, RGB",),
    ("ultrasound, YBR_FULL",),
    ("segmentation, off the bytes",),
    ("ultrasound, 100 frames, JPEG 4:2:2",),
)
IN_MEMORY = ("CT", "CT, 12 of 16, signed", "CT, RLE", "mammogram, 12 of 16", "ultrasound, RGB", "ultrasound, YBR_FULL")
WITH_MEMORY = (
    "mammogram, 12 of 16",
    "ultrasound, RGB",
    "ultrasound, RGB, planar",
    "ultrasound, YBR_FULL",
    "segmentation, off the bytes",
    "300 CT frames, RLE",
    "mammogram, JPEG SV1",
    "ultrasound, 100 frames, JPEG 4:2:2",
)
ITERATED = (
    *("ultrasound, RGB", "ultrasound, YBR_FULL", "segmentation, off the bytes", "300 CT frames, RLE"),
    "ultrasound, 100 frames, JPEG 4:2:2",
)


def one_core() -> list[Task]:
    """Return the tasks of one frame on one core."""
    return [Reading((Read(ONE_CORE, workload),), one_core=True) for workload in (*RLE_KINDS, *CODEC_KINDS)]


def tasks() -> list[Task]:
    """Return all tasks, in the order of the table."""
    whole = [Reading(tuple(Read(PATH, NAMED[name]) for name in group)) for group in WHOLE]
    frames = [Reading(tuple(Read(FRAME, NAMED[name], NAMED[name].shape[0] // 2) for name in group)) for group in FRAMES]
    return [
        *whole,
        *one_core(),
        *frames,
        *(ManyFiles(FILES, NAMED[name]) for name in ("CT", "CT, RLE")),
        *(InMemory(INSTALL, NAMED[name]) for name in IN_MEMORY),
        *(Memory(MEMORY, NAMED[name]) for name in WITH_MEMORY),
        *(Memory(MEMORY, NAMED[name], iterate=True) for name in ITERATED),
        ColdStart(START, NAMED["CT"]),
    ]

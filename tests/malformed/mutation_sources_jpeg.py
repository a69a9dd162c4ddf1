"""The JPEG files whose codestreams are mutated: all real ones, and small generated ones of every process."""

import functools
import random

import jpeg_frames
import jpeg_streams
import numpy as np
from codestreams import JFIF, adobe
from files import EQUAL, ONLY, cases
from mutation_sources import File, taken_apart
from pydicom.uid import UID

from dicomet._parsing.transfer_syntax import CODECS, JPEG

GENERATED = 1500
SPECTRAL_SELECTION, SV1 = UID("1.2.840.10008.1.2.4.53"), UID("1.2.840.10008.1.2.4.70")
SAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")


def _is_jpeg(file: File) -> bool:
    return CODECS.get(file.syntax) == JPEG


@functools.cache
def real_jpeg() -> tuple[tuple[File, ...], tuple[float, ...]]:
    """All real files, and how often each is chosen: those of megabytes take seconds."""
    found = []
    for case in cases():
        is_known = case.root != "pydicom-repository" and not case.expected.transfer_syntax
        if is_known and case.expected.file in (EQUAL, ONLY):
            file = taken_apart(case.name, case.path.read_bytes())
            found += [file] if _is_jpeg(file) else []
    return tuple(found), tuple((len(file.data) + 2000) ** -1.5 for file in found)


@functools.lru_cache(maxsize=GENERATED)
def generated_jpeg(seed: int) -> File:
    """The small file of this seed."""
    rng = np.random.default_rng(seed)
    content = _of_all_processes(rng) if rng.random() < 0.1 else PROCESSES[int(rng.integers(len(PROCESSES)))](rng)
    return taken_apart(f"generated JPEG {seed}", content)


def chosen_jpeg(rng: random.Random) -> File:
    """A random file, mostly a small one."""
    if rng.random() < 0.8:
        return generated_jpeg(rng.randrange(GENERATED))
    files, weights = real_jpeg()
    return rng.choices(files, weights)[0]


def prepare_jpeg() -> None:
    """Build all files before the processes are forked."""
    real_jpeg()
    for seed in range(GENERATED):
        generated_jpeg(seed)


# Generated files


def _of_all_processes(rng: np.random.Generator) -> bytes:
    """Five frames of 39 x 49."""
    frames, stored, form = jpeg_streams.images()[str(rng.choice(jpeg_streams.NAMES))]
    return jpeg_streams.dicom(frames, stored, **form)


def _size(rng: np.random.Generator) -> tuple[int, int]:
    return tuple(int(number) for number in rng.integers(1, 34, 2))


def _options(rng: np.random.Generator) -> dict[str, object]:
    """Options of Pillow's writer: quality, restart intervals, Huffman tables of the image."""
    found: dict[str, object] = {"quality": int(rng.integers(20, 100)), "optimize": bool(rng.integers(2))}
    if rng.random() < 0.4:
        found["restart_marker_blocks"] = int(rng.integers(1, 6))
    return found


def _frames(rng: np.random.Generator, bits: int, samples: int) -> list[np.ndarray]:
    size = _size(rng)
    return [jpeg_streams.texture(*size, bits, samples, seed) for seed in range(int(rng.choice([1, 1, 1, 2, 3])))]


def _gray(rng: np.random.Generator) -> bytes:
    options = {**_options(rng), "progressive": bool(rng.random() < 0.4)}
    frames = [jpeg_streams.by_pillow(frame, **options) for frame in _frames(rng, 8, 1)]
    return jpeg_streams.dicom(frames, 8, syntax=_retired(rng, options))


def _color(rng: np.random.Generator) -> bytes:
    options = {**_options(rng), "progressive": bool(rng.random() < 0.4)}
    form: dict[str, object] = {"subsampling": str(rng.choice(SAMPLINGS))}
    is_rgb = rng.random() < 0.3
    if is_rgb:
        form = {"keep_rgb": True}
    frames = [jpeg_streams.by_pillow(frame, **options, **form) for frame in _frames(rng, 8, 3)]
    term = "RGB" if is_rgb else str(rng.choice(["YBR_FULL_422", "YBR_FULL"]))
    return jpeg_streams.dicom(frames, 8, syntax=_retired(rng, options), photometric=term)


def _retired(rng: np.random.Generator, options: dict[str, object]) -> UID | None:
    return SPECTRAL_SELECTION if options["progressive"] and rng.integers(2) else None


def _extended(rng: np.random.Generator) -> bytes:
    level = int(rng.integers(40, 100))
    frames = [jpeg_streams.extended(frame, level) for frame in _frames(rng, 12, 1)]
    return jpeg_streams.dicom(frames, int(rng.choice([12, 12, 10])))


def _lossless(rng: np.random.Generator) -> bytes:
    bits, count = int(rng.choice([2, 8, 8, 10, 12, 15, 16])), int(rng.choice([1, 1, 1, 3]))
    options = {
        "predictor": int(rng.choice([1, 1, *range(2, 8)])),
        "point_transform": int(rng.random() < 0.1),
        "restart": int(rng.choice([0, 0, 0, 1, 3])),
        "segments": (b"", b"", JFIF, adobe(0), adobe(1))[int(rng.integers(5))],
        "interleaved": bool(rng.random() < 0.7),
    }
    frames = [frame.reshape(*frame.shape[:2], count) for frame in _frames(rng, bits, count)]
    coded = [jpeg_frames.lossless(frame, bits, **options) for frame in frames]
    syntax = SV1 if options["predictor"] == 1 and rng.integers(2) else None
    term = "MONOCHROME2" if count == 1 else str(rng.choice(["RGB", "YBR_FULL"]))
    signed = bool(count == 1 and rng.integers(2))
    return jpeg_streams.dicom(coded, bits, syntax=syntax, photometric=term, signed=signed)


PROCESSES = (_gray, _color, _extended, _lossless, _lossless)

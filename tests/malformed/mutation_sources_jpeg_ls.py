"""The JPEG-LS files whose codestreams are mutated: all real ones, and small generated ones of every kind."""

import functools
import random

import jpeg_ls_streams as streams
import numpy as np
from build_jpeg_ls import lines
from files import EQUAL, ONLY, cases
from jpeg_ls_streams import LINE, NONE, SAMPLE, Scan
from mutation_sources import File, taken_apart

from dicomet._parsing.transfer_syntax import CODECS, JPEG_LS

GENERATED = 1500
ALL = (0, 1, 2)


@functools.cache
def real_jpeg_ls() -> tuple[tuple[File, ...], tuple[int, ...]]:
    """All real files, and how often each is chosen: those of some hundred kilobytes are slow."""
    found = []
    for case in cases():
        is_known = case.root != "pydicom-repository" and not case.expected.transfer_syntax
        if is_known and case.expected.file in (EQUAL, ONLY):
            file = taken_apart(case.name, case.path.read_bytes())
            found += [file] if CODECS.get(file.syntax) == JPEG_LS else []
    return tuple(found), tuple(max(1, 200_000 // (len(file.data) + 2000)) for file in found)


@functools.lru_cache(maxsize=GENERATED)
def generated_jpeg_ls(seed: int) -> File:
    """The small file of this seed."""
    rng = np.random.default_rng(seed)
    content = KINDS[int(rng.integers(len(KINDS)))](rng)
    return taken_apart(f"generated JPEG-LS {seed}", content)


def chosen_jpeg_ls(rng: random.Random) -> File:
    """A random file, mostly a small one: the real ones take most of the time."""
    if rng.random() < 0.9:
        return generated_jpeg_ls(rng.randrange(GENERATED))
    files, weights = real_jpeg_ls()
    return rng.choices(files, weights)[0]


def all_jpeg_ls() -> list[File]:
    """All files, which are built only once."""
    return [*real_jpeg_ls()[0], *(generated_jpeg_ls(seed) for seed in range(GENERATED))]


# Generated files


def samples(rng: np.random.Generator, bits: int, components: int) -> np.ndarray:
    """Runs, edges and noise, of the shape (rows, columns, components)."""
    rows, columns = (int(number) for number in rng.integers(1, 22, 2))
    steps = rng.integers(-2, 3, (rows, columns, components)) * (rng.random((rows, columns, components)) < rng.random())
    found = np.cumsum(steps, 1) + (1 << bits) // 3
    noisy = int(rng.integers(rows + 1)) // 2
    found[:noisy] = rng.integers(0, 1 << bits, (noisy, columns, components))
    return found.clip(0, (1 << bits) - 1).astype(np.uint8 if bits <= 8 else np.uint16)


def _file(frames: list[bytes], bits: int, near: int, rng: np.random.Generator, **given: object) -> bytes:
    syntax = streams.NEAR if near or rng.random() < 0.1 else None
    return streams.dicom(frames, bits, syntax=syntax, **given)


def _near(rng: np.random.Generator, bits: int) -> int:
    return min(int(rng.choice([0, 0, 0, 1, 2, 9])), (1 << bits) // 2 - 1)


def _by_charls(samples: np.ndarray, bits: int, near: int, mode: int = NONE) -> bytes:
    """By CharLS, whose buffer in pyjpegls is too small for some images of a few samples: these are written here."""
    try:
        return streams.by_charls(samples, bits, near, mode)
    except RuntimeError:
        planes = samples.reshape(*samples.shape[:2], -1)
        numbers = tuple(range(planes.shape[2]))
        scans = [Scan((number,), NONE, near) for number in numbers] if mode == NONE else [Scan(numbers, mode, near)]
        return streams.written(planes, bits, scans)[0]


def _gray(rng: np.random.Generator) -> bytes:
    """By CharLS."""
    bits = int(rng.choice([2, 5, 8, 8, 8, 10, 12, 16, 16]))
    near, first = _near(rng, bits), samples(rng, bits, 1)
    count = int(rng.choice([1, 1, 1, 2, 3]))
    frames = [_by_charls(np.roll(first, number)[..., 0], bits, near) for number in range(count)]
    return _file(frames, bits, near, rng, signed=bool(rng.integers(2)))


def _color(rng: np.random.Generator) -> bytes:
    """By CharLS."""
    near, mode = _near(rng, 8), int(rng.integers(3))
    stream = _by_charls(samples(rng, 8, 3), 8, near, mode)
    return _file([stream], 8, near, rng, photometric=str(rng.choice(["RGB", "RGB", "YBR_FULL"])))


def _intervals(rng: np.random.Generator) -> bytes:
    """With restart intervals, of one or three components."""
    count = int(rng.choice([1, 3]))
    mode = NONE if count == 1 else int(rng.choice([LINE, SAMPLE]))
    scan = Scan(ALL[:count], mode, _near(rng, 8), rows=int(rng.integers(1, 6)))
    return _file([streams.written(samples(rng, 8, count), 8, [scan])[0]], 8, scan.near, rng)


def _parameters(rng: np.random.Generator) -> bytes:
    """With preset parameters."""
    bits = int(rng.choice([6, 8, 12, 16]))
    given = [{"reset": int(rng.integers(3, 90))}, {"thresholds": (4, 9, 14)}, {"maxval": 29}][int(rng.integers(3))]
    found = samples(rng, bits, 1) % 30
    return _file([streams.written(found, bits, [Scan(**given)])[0]], bits, 0, rng)


def _scans(rng: np.random.Generator) -> bytes:
    """In several scans."""
    rows, mode = int(rng.integers(1, 6)), int(rng.choice([LINE, SAMPLE]))
    scans = [Scan((1,), NONE, near=int(rng.integers(3)), rows=rows), Scan((0, 2), mode, rows=rows + 1)]
    return _file([streams.written(samples(rng, 8, 3), 8, scans)[0]], 8, scans[0].near, rng)


def _sizes(rng: np.random.Generator) -> bytes:
    """With the size, or the number of lines, after the frame header."""
    found = samples(rng, 12, 1)
    rows, columns, _ = shape = found.shape
    if rng.integers(2):
        frame = streams.frame_header(12, 0, 0, 1)
        stream, _ = streams.written(found, 12, segments=streams.oversize(rows, columns), frame=frame)
    else:
        stream, _ = streams.written(found, 12, frame=streams.frame_header(12, 0, columns, 1))
        stream = stream[:-2] + lines(rows) + stream[-2:]
    return _file([stream], 12, 0, rng, shape=shape)


def _tables(rng: np.random.Generator) -> bytes:
    """With a mapping table."""
    table = rng.permutation(256).astype(np.uint8)
    segments = streams.mapping_table(1, table, int(rng.choice([0, 100])) or None)
    return _file([streams.written(samples(rng, 8, 1), 8, [Scan(table=1)], segments=segments)[0]], 8, 0, rng)


def _transforms(rng: np.random.Generator) -> bytes:
    """With a color transform."""
    return _file([streams.transformed(samples(rng, 8, 3), int(rng.integers(1, 4)))], 8, 0, rng)


KINDS = (_gray, _gray, _gray, _color, _color, _intervals, _intervals, _parameters, _scans, _sizes, _tables, _transforms)

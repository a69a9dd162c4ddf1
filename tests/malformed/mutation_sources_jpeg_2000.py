"""The JPEG 2000 and HTJ2K files whose codestreams are mutated: all real ones, and small generated ones."""

import functools
import random

import numpy as np
import oracle
from files import EQUAL, ONLY, cases
from jpeg_2000_images import by_pillow, high_throughput, part_1, syntax_of
from jpeg_streams import described, texture
from mutation_sources import File, taken_apart
from pydicom.uid import UID

from dicomet._parsing.transfer_syntax import CODECS, JPEG_2000

GENERATED = 1500


@functools.cache
def real_jpeg_2000() -> tuple[tuple[File, ...], tuple[float, ...]]:
    """All real files, and how often each is chosen: large ones are slow."""
    found = []
    for case in cases():
        is_known = case.root != "pydicom-repository" and not case.expected.transfer_syntax
        if is_known and case.expected.file in (EQUAL, ONLY):
            file = taken_apart(case.name, case.path.read_bytes())
            found += [file] if CODECS.get(file.syntax) == JPEG_2000 else []
    return tuple(found), tuple((len(file.data) + 2000) ** -1.5 for file in found)


@functools.lru_cache(maxsize=GENERATED)
def generated_jpeg_2000(seed: int) -> File:
    """The small file of this seed."""
    rng = np.random.default_rng(seed)
    content = KINDS[int(rng.integers(len(KINDS)))](rng)
    return taken_apart(f"generated JPEG 2000 {seed}", content)


def chosen_jpeg_2000(rng: random.Random) -> File:
    """A random file, mostly a small one."""
    if rng.random() < 0.95:
        return generated_jpeg_2000(rng.randrange(GENERATED))
    files, weights = real_jpeg_2000()
    return rng.choices(files, weights)[0]


def all_jpeg_2000() -> list[File]:
    """All files, which are built only once."""
    return [*real_jpeg_2000()[0], *(generated_jpeg_2000(seed) for seed in range(GENERATED))]


# Generated files


def _frames(rng: np.random.Generator, bits: int, samples: int, least: int = 1) -> list[np.ndarray]:
    size = tuple(int(number) for number in rng.integers(least, 40, 2))
    return [texture(*size, bits, samples, seed) for seed in range(int(rng.choice([1, 1, 1, 2, 3])))]


def _file(  # noqa: PLR0913 - the description of an image
    frames: list[bytes],
    shape: tuple[int, ...],
    bits: int,
    syntax: UID,
    *,
    term: str = "MONOCHROME2",
    signed: bool = False,
) -> bytes:
    """`shape`: that of a frame."""
    samples = shape[2] if len(shape) > 2 else 1
    image = described((len(frames), *shape[:2], samples), bits, signed=signed, photometric=term)
    value = oracle.encapsulated([oracle.fragments(frame, []) for frame in frames], table=True)
    return oracle.dicom_file(dict(sorted(oracle.elements(image, value, "OB").items())), syntax)


def _gray(rng: np.random.Generator) -> bytes:
    """By OpenJPEG, of any precision, signed or not, reversible or not."""
    bits, signed = int(rng.choice([1, 2, 5, 8, 8, 10, 12, 12, 16, 16])), bool(rng.random() < 0.3)
    lossy = bool(rng.random() < 0.25)
    options: dict[str, object] = {"resolutions": int(rng.integers(1, 5))}
    if lossy:
        options |= {"reversible": False, "level": int(rng.integers(25, 60))}
    frames = _frames(rng, bits, 1)
    half = (1 << (bits - 1)) * signed
    words = [(frame.astype(np.int32) - half).astype(("i" if signed else "u") + str(1 + (bits > 8))) for frame in frames]
    coded = [part_1(frame, bits, **options) for frame in words]
    return _file(coded, frames[0].shape, bits, signed=signed, syntax=syntax_of(ht=False, lossy=lossy))


def _structured(rng: np.random.Generator) -> bytes:
    """By OpenJPEG, with tiles, layers, precincts, small code-blocks, and any progression."""
    bits, samples = int(rng.choice([8, 16])), 1
    block = tuple(int(number) for number in rng.choice([4, 8, 16, 32], 2))
    options: dict[str, object] = {
        "num_resolutions": int(rng.integers(1, 4)),
        "progression": str(rng.choice(["LRCP", "RLCP", "RPCL", "PCRL", "CPRL"])),
        "codeblock_size": block,
        "plt": bool(rng.integers(2)),
    }
    if rng.random() < 0.5:
        options["tile_size"] = tuple(int(number) for number in rng.integers(16, 30, 2))
    if rng.random() < 0.5:
        options["precinct_size"] = tuple(int(number) for number in rng.choice([32, 64, 128], 2))
    if rng.random() < 0.5:
        options |= {"quality_mode": "rates", "quality_layers": [20, 5, 1]}
    frames = _frames(rng, bits, samples, least=16)
    coded = [by_pillow(frame, **options) for frame in frames]
    return _file(coded, frames[0].shape, bits, syntax=syntax_of(ht=False))


def _color(rng: np.random.Generator) -> bytes:
    """By OpenJPEG, with or without the multiple component transformation."""
    mct, lossy = bool(rng.integers(2)), bool(rng.random() < 0.3)
    options = {"reversible": False, "level": 40} if lossy else {}
    frames = _frames(rng, 8, 3)
    coded = [part_1(frame, 8, mct=mct, resolutions=int(rng.integers(1, 4)), **options) for frame in frames]
    term = ("YBR_ICT" if lossy else "YBR_RCT") if mct else "RGB"
    return _file(coded, frames[0].shape, 8, term=term, syntax=syntax_of(ht=False, lossy=lossy))


def _high_throughput(rng: np.random.Generator) -> bytes:
    """By OpenJPH."""
    bits, samples = int(rng.choice([8, 16, 16])), int(rng.choice([1, 1, 1, 3]))
    lossy = bool(rng.random() < 0.2)
    frames = _frames(rng, bits, samples)
    options = {"reversible": not lossy, "mct": samples == 3}
    coded = [high_throughput(frame, **options) for frame in frames]
    term = "MONOCHROME2" if samples == 1 else "YBR_ICT" if lossy else "YBR_RCT"
    rpcl = not lossy and bool(rng.integers(2))
    return _file(coded, frames[0].shape, bits, term=term, syntax=syntax_of(ht=True, lossy=lossy, rpcl=rpcl))


KINDS = (_gray, _gray, _structured, _structured, _color, _high_throughput, _high_throughput)

"""Mutated JPEG 2000 codestreams: a proper error or an array, the same in every way, within limits of time and memory.

Where OpenJPEG decodes a reversible codestream too, the samples are equal.
"""

import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache

import imagecodecs
import jpeg_xl_streams as streams
import numpy as np
import openjpeg.utils
import pytest
from encoders import EOI
from jpeg_streams import texture
from mutation_tally import Peak
from pydicom.uid import JPEG2000
from test_mutations_jpeg import mutated, outcome

COUNT = 400
"""Mutated codestreams of each kind."""
MIB = 1 << 20
MEMORY, SECONDS = 64 * MIB, 5
RGB, GRAY = 1, 2
"""Photometric Interpretation, as pylibjpeg-openjpeg counts."""


def reversible(samples: np.ndarray, bits: int, **options: object) -> bytes:
    term = RGB if samples.ndim > 2 else GRAY
    options = {"use_mct": term == RGB, "photometric_interpretation": term, **options}
    return bytes(openjpeg.utils.encode_array(samples, bits_stored=bits, **options))


def irreversible(samples: np.ndarray, bits: int) -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(samples, bitspersample=bits, level=40, codecformat="j2k"))


def high_throughput(samples: np.ndarray, _bits: int) -> bytes:
    return bytes(imagecodecs.htj2k_encode(samples, reversible=True))


KINDS: dict[str, tuple[Callable[[np.ndarray, int], bytes], int, int]] = {
    "gray": (reversible, 12, 1),
    "color": (reversible, 8, 3),
    "irreversible": (irreversible, 12, 1),
    "high throughput": (high_throughput, 16, 1),
}
"""The encoder, bits and samples per pixel."""
UNCHECKED = ("irreversible", "high throughput")
"""OpenJPEG rounds what is irreversible, and refuses damaged blocks of HTJ2K that dicomet decodes."""


@cache
def original(kind: str) -> tuple[np.ndarray, bytes]:
    encode, bits, samples = KINDS[kind]
    found = texture(53, 71, bits, samples)
    return found, encode(found, bits)


def file_of(kind: str, stream: bytes) -> bytes:
    samples, _ = original(kind)
    return streams.dicom([stream], samples.shape, KINDS[kind][1], syntax=JPEG2000)


class OpenJpeg:
    """OpenJPEG in a process of its own, which some damaged codestreams end."""

    def __init__(self) -> None:
        self._pool = self._started()

    @staticmethod
    def _started() -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, multiprocessing.get_context("fork"))

    def decode(self, stream: bytes) -> np.ndarray | None:
        """The samples, if it decodes the stream."""
        try:
            return self._pool.submit(imagecodecs.jpeg2k_decode, stream).result(timeout=20)
        except (BrokenProcessPool, TimeoutError):
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = self._started()
        except Exception:  # noqa: BLE001 - imagecodecs has an exception for each of its modules
            return None
        return None

    def end(self) -> None:
        self._pool.shutdown()


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
@pytest.mark.parametrize("kind", KINDS)
def test_mutated_codestreams(kind, capfd):
    _, stream = original(kind)
    rng, peak, reference, counts = random.Random(kind), Peak(), OpenJpeg(), Counter()  # noqa: S311 - reproducible
    outcome(file_of(kind, stream))
    for number in range(COUNT):
        changed = mutated(stream, rng)
        data = file_of(kind, changed)
        before, start = peak.start(), time.process_time()
        array, said = outcome(data)
        assert time.process_time() - start < SECONDS, number
        assert peak.now() - before < MEMORY, number
        again, also_said = outcome(data, workers=3)
        assert said == also_said, number
        assert array is None or np.array_equal(again, array), number
        counts[array is not None] += 1
        if array is not None and kind not in UNCHECKED:
            found = reference.decode(changed)
            assert found is None or found.shape != array.shape or np.array_equal(found, array), number
            counts["equal"] += found is not None and found.shape == array.shape
        outcome(data, on_truncation="decode")
        outcome(data, reduce=(14, 18), on_truncation="decode")
    reference.end()
    assert min(counts[False], counts[True]) > COUNT // 20
    assert kind in UNCHECKED or counts["equal"] > COUNT // 20
    capfd.readouterr()


@pytest.mark.parametrize("kind", KINDS)
def test_cuts(kind):
    """No sample is made up, wherever the codestream ends, with or without an end marker."""
    samples, stream = original(kind)
    whole, _ = outcome(file_of(kind, stream))
    assert kind == "irreversible" or np.array_equal(whole, samples)
    for length in (*range(2, len(stream) - 60, max(1, len(stream) // 60)), *range(len(stream) - 60, len(stream))):
        for ending in (b"", EOI):
            array, said = outcome(file_of(kind, stream[:length] + ending))
            assert said or np.array_equal(array, whole), length
            assert array is None or np.array_equal(array, whole), length

"""Mutated JPEG XL codestreams: a proper error or an array, the same in every way, within limits of time and memory."""

import itertools
import random
import sys
import time
from functools import cache

import jpeg_xl_streams as streams
import numpy as np
import pytest
from jpeg_streams import by_pillow, texture
from mutation_tally import Peak
from test_mutations_jpeg import mutated, outcome

COUNT = 60
"""Mutated codestreams of each kind."""
MIB = 1 << 20
MEMORY, SECONDS = 64 * MIB, 5


@cache
def kinds() -> dict[str, tuple[bytes, tuple[int, ...], int]]:
    """A codestream, its shape and its bits."""
    gray, color, deep = texture(21, 35), texture(21, 35, samples=3), texture(21, 35, 16)
    return {
        "lossless": (streams.lossless(gray, 8), gray.shape, 8),
        "lossless, 16 bits": (streams.lossless(deep, 16), deep.shape, 16),
        "lossless, colors": (streams.lossless(color, 8, effort=9), color.shape, 8),
        "lossy": (streams.lossy(gray, 8), gray.shape, 8),
        "lossy, colors": (streams.lossy(color, 8, 40), color.shape, 8),
        "recompressed, 4:4:4": (streams.recompressed(by_pillow(color, subsampling=0)), color.shape, 8),
        "recompressed, 4:2:0": (streams.recompressed(by_pillow(color, subsampling=2)), color.shape, 8),
        "recompressed, profile": (streams.recompressed(streams.with_profile(color)), color.shape, 8),
    }


KINDS = (
    *("lossless", "lossless, 16 bits", "lossless, colors", "lossy", "lossy, colors"),
    *("recompressed, 4:4:4", "recompressed, 4:2:0", "recompressed, profile"),
)


def file_of(kind: str, stream: bytes) -> bytes:
    _, shape, bits = kinds()[kind]
    return streams.dicom([stream], shape, bits, syntax=streams.LOSSY)


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
@pytest.mark.parametrize("kind", KINDS)
def test_mutated_codestreams(kind, capfd):
    stream, _, _ = kinds()[kind]
    rng, peak = random.Random(kind), Peak()  # noqa: S311 - reproducible
    outcome(file_of(kind, stream))
    for number in range(COUNT):
        data = file_of(kind, mutated(stream, rng))
        before, start = peak.start(), time.process_time()
        array, said = outcome(data)
        assert time.process_time() - start < SECONDS, number
        assert peak.now() - before < MEMORY, number
        again, also_said = outcome(data, workers=3)
        assert said == also_said, number
        assert array is None or np.array_equal(again, array), number
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("kind", KINDS)
def test_cuts(kind):
    """No sample is made up, wherever the codestream ends."""
    stream, _, _ = kinds()[kind]
    places = itertools.chain(
        range(2, len(stream) - 20, max(1, len(stream) // 40)), range(len(stream) - 20, len(stream))
    )
    for length in places:
        if length == len(stream) - 1 and length % 2:
            # The padding of the fragment stands in place of the missing byte.
            continue
        array, said = outcome(file_of(kind, stream[:length]))
        assert array is None, length
        assert said

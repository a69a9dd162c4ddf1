"""Mutated JPEG codestreams: a proper error, or the samples of libjpeg-turbo; the same in every way."""

import itertools
import random
import warnings
from functools import cache

import numpy as np
import pytest
from jpeg_streams import by_pillow, dicom, extended, lossless, texture
from mutation_libjpeg import EQUAL, OTHER, OTHER_VALUES, compared

import dicomet

EOI = b"\xff\xd9"
COUNT = 300
"""Mutated codestreams of each kind."""


@cache
def kinds() -> dict[str, tuple[bytes, int]]:
    """A codestream of each process, and its bits."""
    gray, color, deep = texture(21, 35), texture(21, 35, samples=3), texture(21, 35, 12)
    return {
        "baseline": (by_pillow(gray, quality=90), 8),
        "restart intervals": (by_pillow(gray, restart_marker_blocks=4), 8),
        "4:2:0": (by_pillow(color, subsampling=2), 8),
        "4:2:2, restart intervals": (by_pillow(color, subsampling=1, restart_marker_rows=1), 8),
        "progressive": (by_pillow(gray, progressive=True), 8),
        "progressive, 4:2:0": (by_pillow(color, progressive=True, subsampling=2), 8),
        "extended": (extended(deep), 12),
        "lossless": (lossless(deep, 12, 5), 12),
        "lossless, restart intervals": (lossless(deep, 12, 1, restart_rows=4), 12),
    }


KINDS = (
    *("baseline", "restart intervals", "4:2:0", "4:2:2, restart intervals", "progressive", "progressive, 4:2:0"),
    *("extended", "lossless", "lossless, restart intervals"),
)


def file_of(kind: str, stream: bytes) -> bytes:
    whole, bits = kinds()[kind]
    return dicom([stream], bits, like=whole)


def outcome(data: bytes, **options) -> tuple[np.ndarray | None, str]:
    """The components and the warnings, or the message of the error."""
    found = error = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = dicomet.pixel_array(data, raw=True, **options)
        except dicomet.PixelDataError as raised:
            error = raised
    if error is not None:
        assert error.frame == 0
        assert str(error).isprintable()
        assert "internal error" not in str(error)
        return None, str(error)
    return found, " ".join(str(warning.message) for warning in caught)


def mutated(stream: bytes, rng: random.Random) -> bytes:
    """The codestream with one to three changes."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        place, size = rng.randrange(2, len(stream)), rng.choice((1, 1, 1, 2, 4, 9))
        other = rng.randrange(2, len(stream))
        stream = rng.choice(
            (
                stream[:place] + bytes([stream[place] ^ 1 << rng.randrange(8)]) + stream[place + 1 :],
                stream[:place] + bytes([rng.choice((0, 1, 0x7F, 0xFF, rng.randrange(256)))]) + stream[place + 1 :],
                stream[:place] + stream[place + size :],
                stream[:place] + rng.randbytes(size) + stream[place:],
                stream[:place] + stream[other : other + 40] + stream[place:],
                stream[:place] + bytes([0xFF, rng.randrange(0xC0, 0x100)]) + stream[place + 2 :],
                stream[:place],
                stream[:place] + EOI,
            )
        )
    return stream


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_codestreams(kind):
    """Where dicomet returns samples and libjpeg-turbo decodes, both are equal."""
    stream, _ = kinds()[kind]
    rng, returned, outcomes = random.Random(kind), 0, []  # noqa: S311 - reproducible
    for number in range(COUNT):
        changed = mutated(stream, rng)
        data = file_of(kind, changed)
        array, said = outcome(data)
        for options in ({"index": 0}, {"workers": 1}, {"workers": 3}):
            again, also_said = outcome(data, **options)
            assert (again is None) == (array is None), number
            assert said == also_said, number
            assert array is None or np.array_equal(again, array), number
        returned += array is not None
        if array is not None and not any(text in said for text in OTHER_VALUES):
            found = compared(array, changed, kinds()[kind][1])
            outcomes.append(found)
            assert found != OTHER, number
    assert returned > COUNT // 50
    assert EQUAL in outcomes


@pytest.mark.parametrize(("kind", "end"), list(itertools.product(KINDS, (b"", EOI, b"\0", bytes(3)))))
def test_cuts(kind, end):
    """No sample is made up, wherever the codestream ends: at any of the last bytes, or at some before."""
    stream, _ = kinds()[kind]
    whole, _ = outcome(file_of(kind, stream))
    for length in (*range(2, len(stream) - 50, 7), *range(len(stream) - 50, len(stream) - 1)):
        array, said = outcome(file_of(kind, stream[:length] + end))
        if array is not None:
            assert np.array_equal(array, whole) or "lowest bits" in said, length
            assert "end marker" in said or end == EOI or "lowest bits" in said, length
            assert length > len(stream) - 6 or "progressive" in kind, length

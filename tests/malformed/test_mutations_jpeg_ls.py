"""Mutated JPEG-LS codestreams: a proper error, or the samples of the standard; the same in every way."""

import itertools
import random
from functools import cache

import jpeg_ls_streams as streams
import numpy as np
import pytest
from jpeg_ls_streams import LINE, NONE, SAMPLE, Scan
from jpeg_streams import texture
from mutation_charls import BOTH_REFUSE, CHARLS, EQUAL, OTHER, Form, by_standard, judged
from mutations_jpeg import EOI, changed_stream
from mutations_jpeg_ls import CHANGES
from test_mutations_jpeg import outcome

COUNT = 150
"""Mutated codestreams of each kind."""
ALL = (0, 1, 2)


@cache
def kinds() -> dict[str, tuple[bytes, int]]:
    """A codestream of each kind, and its bits."""
    gray, color, deep = texture(11, 17)[..., None], texture(11, 17, samples=3), texture(11, 17, 12)[..., None]
    table = np.arange(256, dtype=np.uint8)[::-1]
    written = {
        "gray": (gray, 8, [Scan()]),
        "near-lossless": (gray, 8, [Scan(near=2)]),
        "12 bits": (deep, 12, [Scan()]),
        "restart intervals": (gray, 8, [Scan(rows=2)]),
        "by line": (color, 8, [Scan(ALL, LINE)]),
        "by sample": (color, 8, [Scan(ALL, SAMPLE, rows=3)]),
        "several scans": (color, 8, [Scan((1,), NONE, near=1), Scan((0, 2), LINE, rows=5)]),
        "preset parameters": (deep // 64, 12, [Scan(maxval=80, thresholds=(3, 8, 20), reset=31)]),
    }
    found = {kind: (streams.written(*parts)[0], parts[1]) for kind, parts in written.items()}
    segments = streams.mapping_table(1, table, 100)
    found["mapping table"] = streams.written(gray, 8, [Scan(table=1)], segments=segments)[0], 8
    found["color transform"] = streams.transformed(color, 2), 8
    return found


KINDS = (
    *("gray", "near-lossless", "12 bits", "restart intervals", "by line", "by sample", "several scans"),
    *("preset parameters", "mapping table", "color transform"),
)


def form_of(kind: str) -> Form:
    whole, bits = kinds()[kind]
    return Form(streams.size(whole), bits, signed=False)


def file_of(kind: str, stream: bytes) -> bytes:
    shape, bits, _ = form_of(kind)
    return streams.dicom([stream], bits, shape=shape, syntax=streams.NEAR)


@pytest.mark.parametrize("kind", KINDS)
def test_whole_codestreams(kind):
    """The reader of the tests agrees with dicomet, and with CharLS if that decodes."""
    stream, _ = kinds()[kind]
    array, said = outcome(file_of(kind, stream))
    assert said == ""
    assert judged(array, said, stream, form_of(kind)) == EQUAL
    charls = CHARLS.decode(stream).components
    if kind in ("gray", "near-lossless", "12 bits", "by line", "color transform"):
        assert np.array_equal(charls, by_standard(stream))


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_codestreams(kind):
    """dicomet returns the samples that the standard defines, and refuses everything else."""
    stream, _ = kinds()[kind]
    rng, outcomes = random.Random(kind), []  # noqa: S311 - reproducible
    for number in range(COUNT):
        changed = changed_stream(rng, stream, CHANGES)
        changed += bytes(len(changed) % 2)  # as in the file
        data = file_of(kind, changed)
        array, said = outcome(data)
        for options in ({"index": 0}, {"workers": 1}, {"workers": 3}):
            again, also_said = outcome(data, **options)
            assert (again is None) == (array is None), number
            assert said == also_said, number
            assert array is None or np.array_equal(again, array), number
        found = judged(array, said, changed, form_of(kind))
        assert OTHER not in found, (number, found)
        outcomes.append(found)
    assert outcomes.count(EQUAL) > COUNT // 20
    assert outcomes.count(BOTH_REFUSE) > COUNT // 5


@pytest.mark.parametrize(("kind", "end"), list(itertools.product(KINDS, (b"", EOI, b"\0", bytes(3)))))
def test_cuts(kind, end):
    """No sample is made up, wherever the codestream ends."""
    stream, _ = kinds()[kind]
    whole, _ = outcome(file_of(kind, stream))
    for length in (*range(2, len(stream) - 50, 7), *range(max(2, len(stream) - 50), len(stream) - 1)):
        array, said = outcome(file_of(kind, stream[:length] + end))
        if array is not None:
            assert np.array_equal(array, whole), length
            assert "end marker" in said or end == EOI, length
            assert length > len(stream) - 5, length

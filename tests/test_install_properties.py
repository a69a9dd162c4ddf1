"""Random images, options, sources and calls: the same results from pydicom with and without dicomet."""

import functools
import os
from collections import Counter

import numpy as np
import pytest
from call_outcome import raised, with_and_without
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from install_calls import LEGACY, Example, decoders_with_buffers, decoders_with_datasets, functions, methods, observed
from install_sources import BUFFERS
from pydicom.pixels import convert_color_space

PROPERTY = settings(
    max_examples=int(os.environ.get("EXAMPLES", "200")),
    derandomize="CI" in os.environ,
    suppress_health_check=list(HealthCheck),
)


def same(example: Example) -> bool:
    installed, without, taken = with_and_without(functools.partial(observed, example.call), example.make)
    assert installed == without
    return taken


def is_determined(example: Example) -> bool:
    """Whether pydicom itself gives the same each time: not where it asks a set, or unpacks bits in front of a value."""
    if example.case.syntax.is_encapsulated:
        return example.function != "method" or example.chosen != LEGACY
    bits = {example.case.options.get("bits_allocated"), example.extra.get("bits_allocated")}
    return example.chosen != "negative" or 1 not in bits


def can_be_made(example: Example) -> bool:
    if not is_determined(example):
        return False
    if example.source in BUFFERS:
        return True
    try:
        example.make()
    except Exception:  # noqa: BLE001 - such a Dataset, or file, cannot be
        return False
    return True


@pytest.mark.parametrize(
    "examples", [decoders_with_buffers, decoders_with_datasets, functions, methods], ids=lambda made: made.__name__
)
def test_nothing_differs(examples):
    """A good share of the examples must be taken: else dicomet is compared with nothing."""
    counts = Counter()

    @PROPERTY
    @given(examples())
    def property_of(example):
        assume(can_be_made(example))
        taken = same(example)
        event(f"taken: {taken}")
        counts[taken] += 1

    property_of()
    assert counts[True] >= counts.total() * 0.1


def layouts(samples: np.ndarray) -> dict[str, np.ndarray]:
    """The same samples in arrays of any form."""
    doubled = samples.repeat(2, axis=-2).repeat(2, axis=-3)
    planes = np.ascontiguousarray(np.moveaxis(samples, -1, -3))
    wide = np.ascontiguousarray(np.moveaxis(doubled, -1, -3))
    read_only = samples.copy()
    read_only.flags.writeable = False
    return {
        "C": samples.copy(),
        "Fortran": np.asfortranarray(samples),
        "planes": np.moveaxis(planes, -3, -1),
        "some of the planes": np.moveaxis(wide, -3, -1)[..., ::2, ::2, :],
        "strided": doubled[..., ::2, ::2, :],
        "reversed": samples[..., ::-1, :, :].copy()[..., ::-1, :, :],
        "BGR": samples[..., ::-1].copy()[..., ::-1],
        "transposed": samples.swapaxes(-2, -3).copy().swapaxes(-2, -3),
        "a part": np.pad(samples, [(1, 1)] * samples.ndim)[(slice(1, -1),) * samples.ndim],
        "read-only": read_only,
        "memory of another": samples.copy()[...],
        "not only numbers": samples.copy().view(np.recarray),
    }


@st.composite
def colors(draw) -> tuple[np.ndarray, str, tuple[str, str], bool]:
    shape = draw(st.lists(st.sampled_from([0, 1, 1, 2, 3, 5, 9, 40]), min_size=2, max_size=4))
    shape.append(draw(st.sampled_from([3, 3, 3, 3, 1, 2, 4])))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    some = np.arange(256) if draw(st.booleans()) else np.array([0, 19, 46, 78, 178, 255])
    dtype = draw(st.sampled_from(["u1"] * 8 + ["i1", "u2", "?", "f4"]))
    terms = st.sampled_from(["YBR_FULL", "RGB", "YBR_FULL_422", "YBR_FULL", "RGB", "YBR_ICT"])
    layout = draw(st.sampled_from(sorted(layouts(np.zeros((1, 1, 3), np.uint8)))))
    return rng.choice(some, shape).astype(dtype), layout, (draw(terms), draw(terms)), draw(st.booleans())


def converted(arr: np.ndarray, terms: tuple[str, str], *, per_frame: bool) -> list:
    try:
        result = convert_color_space(arr, *terms, per_frame=per_frame)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
        return [raised(error), arr]
    return [result, result is arr, np.shares_memory(result, arr), arr]


@PROPERTY
@given(colors())
def test_colors(drawn):
    samples, layout, terms, per_frame = drawn
    call = functools.partial(converted, terms=terms, per_frame=per_frame)
    installed, without, _ = with_and_without(call, lambda: layouts(samples.copy())[layout])
    assert installed == without

"""Random images in JPEG, JPEG-LS and JPEG 2000: the same from pydicom with and without dicomet, for each plugin."""

import functools
from collections import Counter

import pytest
from hypothesis import assume, event, given
from install_calls import DATASET_CALLS, decoders_with_buffers, decoders_with_datasets, functions, methods
from install_codestreams import SYNTAXES, codestream_cases, names_of
from install_images import JPEG_2000_SYNTAXES, JPEG_LS_SYNTAXES, JPEG_SYNTAXES
from pydicom.pixels import get_decoder
from test_install_properties import PROPERTY, can_be_made, same

import dicomet

PLUGINS = ("all", *SYNTAXES)
# Calls that name the plugin `pydicom`, which exists for RLE Lossless only: the message lists those that exist.
NAMING = {3, 6, 9}
assert len(DATASET_CALLS) > max(NAMING)


@pytest.fixture(params=PLUGINS)
def plugin(request):
    """Leave pydicom this plugin only."""
    decoders = [get_decoder(syntax) for syntax in (*JPEG_SYNTAXES, *JPEG_LS_SYNTAXES, *JPEG_2000_SYNTAXES)]
    original = [decoder._available for decoder in decoders]
    name = request.param
    if name != "all":
        found = [{key: call for key, call in available.items() if key == name} for available in original]
        if not any(found):
            pytest.skip(f"needs {name}")
        for decoder, available in zip(decoders, found, strict=True):
            decoder._available = available
    yield "gdcm" if name == "all" and "gdcm" in original[0] else name
    dicomet.uninstall()
    for decoder, available in zip(decoders, original, strict=True):
        decoder._available = available


@pytest.mark.parametrize(
    "examples", [decoders_with_buffers, decoders_with_datasets, functions, methods], ids=lambda made: made.__name__
)
def test_nothing_differs(examples, plugin):
    """Some of the examples must be taken: else dicomet is compared with nothing."""
    counts = Counter()
    cases = functools.partial(codestream_cases, plugin)

    @PROPERTY
    @given(examples(cases, names_of(plugin)))
    def property_of(example):
        assume(example.function != "method" or example.chosen not in NAMING)
        assume(can_be_made(example))
        taken = same(example)
        event(f"taken: {taken}")
        counts[taken] += 1

    property_of()
    assert counts[True] >= counts.total() * 0.02

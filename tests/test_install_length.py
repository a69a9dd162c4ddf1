"""Native values in memory that are longer than the image: padding, or more frames, with pydicom's warning."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from call_outcome import with_and_without
from install_calls import Example
from install_cases import Case
from install_sources import dataset_as_read
from pydicom.pixels import get_decoder
from pydicom.pixels.decoders import base
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian
from test_install_edge_cases import PLAIN, image_of, native_case
from test_install_properties import same

import dicomet

NATIVE = {name: case for name, case in PLAIN.items() if not case.syntax.is_encapsulated}
NATIVE["1 bits"] = native_case(image_of(rows=8, columns=8, bits=1))
SOURCES = ("memory", "read", "deferred", "bytes")
CALLS = (("as_array", None), ("as_array", 0), ("as_array", 2), ("iter_array", "none"), ("iter_array", "list"))


def longer(case: Case, more: int) -> Case:
    return replace(case, value=case.value + bytes(range(1, more + 1)))


def frame_bytes(case: Case) -> int:
    return len(case.value) // case.options["number_of_frames"]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", NATIVE)
def test_padding(name, source):
    """About a quarter of a frame more, and no frame with the index 2."""
    case = longer(NATIVE[name], max(2, frame_bytes(NATIVE[name]) // 4 // 2 * 2))
    is_subsampled = case.options["photometric_interpretation"] == "YBR_FULL_422"
    for function, chosen in CALLS:
        taken = same(Example(case, source, function, chosen, {}))
        assert taken == (chosen != 2 and not (is_subsampled and chosen == "list")), (function, chosen)
    if source != "bytes":
        assert same(Example(case, source, "pixel_array", None, {}))
        assert same(Example(case, source, "method", 0, {}))


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", [name for name in NATIVE if name != "YBR_FULL_422"])
def test_more_frames_than_number_of_frames(name, source):
    case = longer(NATIVE[name], frame_bytes(NATIVE[name]))
    for function, chosen in CALLS:
        taken = same(Example(case, source, function, chosen, {}))
        assert taken, (function, chosen)
        without = Example(case, source, function, chosen, {"allow_excess_frames": False})
        assert same(without) == (chosen != 2), (function, chosen)


def test_more_frames_of_single_bits_than_end_on_bytes():
    """Of 15 bits: where the third frame ends, another one cannot begin."""
    case = longer(native_case(image_of(2, 3, 5, bits=1)), 2)
    assert not same(Example(case, "memory", "as_array", None, {}))


def test_a_declined_frame_after_the_warning():
    """Frames of 15 bits: pydicom unpacks the second one, and does not warn again."""
    case = longer(native_case(image_of(2, 3, 5, bits=1)), 2)
    assert not same(Example(case, "memory", "iter_array", "none", {"allow_excess_frames": False}))
    assert not same(Example(case, "bytes", "iter_array", "list", {"allow_excess_frames": False}))


@pytest.mark.parametrize("more", [2, 12, 24, 26])
def test_subsampled_values_that_are_longer(more):
    """pydicom refuses half as many bytes again, and finds no more frames."""
    case = longer(PLAIN["YBR_FULL_422"], more)
    assert len(PLAIN["YBR_FULL_422"].value) == 48
    assert same(Example(case, "memory", "as_array", None, {})) == (more < 24)


def test_big_endian_words():
    case = native_case(image_of(3, 3, 3), ExplicitVRBigEndian)
    for more in (2, 4, 8, 10):
        assert same(Example(longer(case, more), "memory", "as_array", None, {}))
        assert same(Example(longer(case, more), "bytes", "iter_array", "none", {}))


@pytest.mark.parametrize("validate", [False, 0, None])
def test_without_validation_pydicom_does_not_warn(validate):
    case = longer(native_case(), 20)
    assert same(Example(case, "memory", "as_array", None, {"validate": validate}))
    assert same(Example(case, "bytes", "iter_array", "none", {"validate": validate}))


def test_the_warning_as_an_error():
    case = longer(native_case(), 4)

    def call(dataset):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return get_decoder(case.syntax).as_array(dataset)

    installed, without, _ = with_and_without(call, lambda: dataset_as_read(case))
    assert installed == without
    assert "4 bytes of excess padding" in str(installed)


def test_the_decode_is_counted_once_and_not_repeated():
    case = longer(native_case(), 4)
    before = dicomet.stats()
    with dicomet.install(), pytest.warns(UserWarning, match="4 bytes of excess padding") as caught:
        assert dataset_as_read(case).pixel_array.shape == (2, 4, 5)
    after = dicomet.stats()
    assert (after.taken - before.taken, after.declined - before.declined) == (1, 0)
    assert len(caught) == 1


def test_a_changed_check_of_the_length_applies(monkeypatch):
    monkeypatch.setattr(base.DecodeRunner, "_validate_buffer", lambda _: None)
    before = dicomet.stats().taken
    with dicomet.install(), warnings.catch_warnings():
        warnings.simplefilter("error")
        array, _ = get_decoder(ExplicitVRLittleEndian).as_array(dataset_as_read(longer(native_case(), 4)))
    assert np.array_equal(array, dataset_as_read(native_case()).pixel_array)
    assert dicomet.stats().taken == before

"""``Dataset.pixel_array`` after changes of the data set, and of raw elements."""

import functools
from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from install_access import CASE, accessed, assert_same
from install_calls import attempted
from install_changes import CHANGES
from install_sources import DATASETS, dataset_as_read, dataset_deferred, dataset_in_memory
from pydicom import hooks
from pydicom.dataset import Dataset
from pydicom.pixels import utils
from pydicom.pixels.decoders.base import Decoder
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from test_install_edge_cases import PLAIN, image_of, native_case, rle_case
from test_install_properties import PROPERTY

import dicomet
from dicomet.dropin import convert


@pytest.fixture(autouse=True)
def pydicom_stays_as_it_was():
    before = Dataset.convert_pixel_data, Decoder.as_array
    yield
    assert (Dataset.convert_pixel_data, Decoder.as_array) == before


@pytest.mark.parametrize("source", DATASETS)
@pytest.mark.parametrize("name", PLAIN)
def test_the_common_case_takes_the_shortcut(name, source):
    dataset = DATASETS[source](PLAIN[name])
    with dicomet.install(), mock.patch.object(convert, "decode", wraps=convert.decode) as decode:
        before = dicomet.stats()
        array = dataset.pixel_array
        assert dataset.pixel_array is array
        after = dicomet.stats()
    assert decode.call_count == 1
    assert (after.taken, after.declined) == (before.taken + 1, before.declined)
    assert assert_same(accessed, lambda: DATASETS[source](PLAIN[name]))


@pytest.mark.parametrize("case", [native_case().changed(rows=5), rle_case(damaged=1)], ids=["native", "RLE"])
def test_a_declined_call_counts_once(case):
    before = dicomet.stats()
    with dicomet.install():
        attempted(lambda: dataset_in_memory(case).pixel_array)
    after = dicomet.stats()
    assert (after.taken, after.declined) == (before.taken, before.declined + 1)


@pytest.mark.parametrize("source", DATASETS)
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_between_two_accesses(change, source):
    def call(dataset):
        return [accessed(dataset), attempted(lambda: CHANGES[change](dataset)) and None, accessed(dataset)]

    assert_same(call, lambda: DATASETS[source](CASE))


@pytest.mark.parametrize("make", [dataset_as_read, dataset_deferred])
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_before_elements_are_read(change, make):
    def call(dataset):
        attempted(lambda: CHANGES[change](dataset))
        return accessed(dataset)

    assert_same(call, lambda: make(CASE))


# pydicom's message about an unknown plugin names all others, also dicomet's.
STEPS = st.lists(st.sampled_from(sorted({*CHANGES} - {"unknown plugin"})), min_size=1, max_size=5)


@PROPERTY
@given(STEPS, st.sampled_from([*DATASETS]), st.sampled_from(["8 bits", "RLE, 16 bits", "16 bits", "RGB"]), st.data())
def test_changes_one_after_the_other(changes, source, name, data):
    case = CASE if name == "8 bits" else PLAIN[name]
    looks = data.draw(st.lists(st.booleans(), min_size=len(changes), max_size=len(changes)))

    def call(dataset):
        found, values = [], []
        for change, look in zip(changes, looks, strict=True):
            # Else a new value may get the identity of an old one, which pydicom would not notice.
            values += [element.value for element in dataset._dict.values()]
            attempted(functools.partial(CHANGES[change], dataset))
            found.append(accessed(dataset) if look else None)
        return [*found, accessed(dataset)]

    assert_same(call, lambda: DATASETS[source](case))


def test_two_pixel_data_elements():
    case = replace(native_case(image_of(bits=32)), others=("FloatPixelData",))
    assert not assert_same(accessed, lambda: dataset_in_memory(case))


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("name", ["YBR_FULL", "YBR_FULL_422", "RLE, YBR_FULL"])
def test_colors_as_they_are(name, raw):
    def call(dataset):
        dataset.pixel_array_options(raw=raw)
        return accessed(dataset)

    assert assert_same(call, lambda: dataset_as_read(PLAIN[name]))


@pytest.mark.parametrize("times", [1, 2, 9])
@pytest.mark.parametrize("error", [AttributeError, ValueError, KeyError, Warning])
@pytest.mark.parametrize("keyword", ["SamplesPerPixel", "NumberOfFrames", "PixelRepresentation", "PixelData"])
def test_an_element_that_cannot_be_converted_is_tried_as_often(keyword, error, times, monkeypatch):
    """pydicom takes an AttributeError for a missing element, and continues with the others."""
    calls, convert_value = [], hooks.hooks.raw_element_value

    def failing(element, found, **kwargs):
        calls.append(element.tag)
        if element.tag == Tag(keyword) and calls.count(element.tag) <= times:
            raise error("not this one")
        convert_value(element, found, **kwargs)

    monkeypatch.setattr(hooks.hooks, "raw_element_value", failing)

    def call(dataset):
        calls.clear()
        known = attempted(lambda: dataset.pixel_array) and dataset._pixel_id
        return [accessed(dataset), [*calls], known == utils.get_image_pixel_ids(dataset)]

    assert_same(call, lambda: dataset_as_read(CASE))


@pytest.mark.parametrize("missing", ["bits_allocated", "rows", "columns", "bits_stored"])
@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
def test_a_vr_that_depends_on_a_missing_element(syntax, missing):
    case = native_case(image_of(bits=16), syntax).without(missing)
    assert_same(accessed, lambda: dataset_as_read(case))


def test_a_hook_that_changes_the_dataset(monkeypatch):
    """In the midst of the look at the elements."""
    convert_value = hooks.hooks.raw_element_value

    def changing(element, found, **kwargs):
        convert_value(element, found, **kwargs)
        if element.tag == Tag("PixelData"):
            kwargs["ds"].Rows = 3
            found["value"] = found["value"][:72]

    monkeypatch.setattr(hooks.hooks, "raw_element_value", changing)
    assert_same(accessed, lambda: dataset_as_read(CASE))


def test_an_array_that_is_put_there_before_anything_is_read():
    def call(dataset):
        dataset._pixel_array = np.zeros(3)
        dataset._pixel_id = {}
        return accessed(dataset)

    assert_same(call, lambda: dataset_as_read(CASE))

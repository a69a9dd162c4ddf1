"""``Dataset.pixel_array`` when something has changed since the last time, or is not as it usually is."""

import functools
import sys
from dataclasses import replace
from unittest import mock

import numpy as np
import pydicom.dataset
import pytest
from call_outcome import seen, with_and_without
from hypothesis import given
from hypothesis import strategies as st
from install_calls import attempted
from install_changes import CHANGES
from install_sources import DATASETS, dataset_as_read, dataset_deferred, dataset_in_memory, state
from pydicom import config, hooks, pixels
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.pixels import get_decoder, utils
from pydicom.pixels.decoders.base import Decoder
from pydicom.tag import Tag
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from test_install_edge_cases import PLAIN, image_of, native_case, rle_case
from test_install_properties import PROPERTY

import dicomet
from dicomet.dropin import convert

CASE = native_case(image_of(2, 4, 6, bits=16))


@pytest.fixture(autouse=True)
def pydicom_stays_as_it_was():
    before = Dataset.convert_pixel_data, Decoder.as_array
    yield
    assert (Dataset.convert_pixel_data, Decoder.as_array) == before


def accessed(dataset: Dataset) -> list:
    """Two accesses: what they give, and whether it is the same array."""
    before = getattr(dataset, "_pixel_array", None)
    first = attempted(lambda: dataset.pixel_array)
    array = dataset.__dict__.get("_pixel_array")
    second = attempted(lambda: dataset.pixel_array)
    kept = [before is not None and array is before, array is not None and dataset.__dict__["_pixel_array"] is array]
    return [first, second, kept]


def assert_same(call, make) -> bool:
    """Compare what `call` gives, and the data set it leaves."""

    def observed(dataset):
        return [call(dataset), state(dataset)]

    installed, without, taken = with_and_without(observed, make)
    assert installed == without
    return taken


# The way that is passed by


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


# Changes between two accesses


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
        found, kept = [], []
        for change, look in zip(changes, looks, strict=True):
            # Else a new value may get the identity of an old one, which pydicom would not notice.
            kept += [element.value for element in dataset._dict.values()]
            attempted(functools.partial(CHANGES[change], dataset))
            found.append(accessed(dataset) if look else None)
        return [*found, accessed(dataset)]

    assert_same(call, lambda: DATASETS[source](case))


def test_two_pixel_data_elements():
    case = replace(native_case(image_of(bits=32)), others=("FloatPixelData",))
    assert not assert_same(accessed, lambda: dataset_in_memory(case))


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("name", ["YBR_FULL", "YBR_FULL_422", "RLE, YBR_FULL"])
def test_colours_as_they_are(name, raw):
    def call(dataset):
        dataset.pixel_array_options(raw=raw)
        return accessed(dataset)

    assert assert_same(call, lambda: dataset_as_read(PLAIN[name]))


# Raw elements


@pytest.mark.parametrize("times", [1, 2, 9])
@pytest.mark.parametrize("error", [AttributeError, ValueError, KeyError, Warning])
@pytest.mark.parametrize("keyword", ["SamplesPerPixel", "NumberOfFrames", "PixelRepresentation", "PixelData"])
def test_an_element_that_cannot_be_converted_is_tried_as_often(keyword, error, times, monkeypatch):
    """pydicom takes an AttributeError for a missing element, and goes on to the others."""
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


# Classes of the user's own


MARK = object()


class GetsAttributes(Dataset):
    def __getattr__(self, name):
        return MARK if name == "SamplesPerPixel" else super().__getattr__(name)


class GetsAll(Dataset):
    def __getattribute__(self, name):
        return MARK if name == "Rows" else super().__getattribute__(name)


class GetsItems(Dataset):
    def __getitem__(self, key):
        element = super().__getitem__(key)
        return DataElement(key, "US", 2) if key == 0x00280010 else element


class Contains(Dataset):
    def __contains__(self, name):
        return name != "PixelData" and super().__contains__(name)


class HasRows(Dataset):
    @property
    def Rows(self):  # noqa: N802
        return MARK


class HasFileMeta(Dataset):
    @property
    def file_meta(self):
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = ExplicitVRBigEndian
        return meta


class SetsAttributes(Dataset):
    def __setattr__(self, name, value):
        self.__dict__.setdefault("seen", []).append(name)
        super().__setattr__(name, value)


class KeepsArrays(Dataset):
    """Somewhere else."""

    @property
    def _pixel_array(self):
        return self.__dict__.get("kept")

    @_pixel_array.setter
    def _pixel_array(self, value):
        self.__dict__["kept"] = value


class Converts(Dataset):
    def convert_pixel_data(self, handler_name=""):
        self.__dict__.setdefault("seen", []).append(handler_name)
        super().convert_pixel_data(handler_name)


class Plain(FileDataset):
    pass


CLASSES = [GetsAttributes, GetsAll, GetsItems, Contains, HasRows, HasFileMeta, SetsAttributes, KeepsArrays, Converts]


def in_class(kind, **arguments):
    dataset, plain = kind(**arguments), dataset_in_memory(CASE)
    dataset._dict.update(plain._dict)
    dataset.__dict__["file_meta"] = plain.file_meta
    return dataset


@pytest.mark.parametrize("kind", CLASSES)
def test_a_class_of_the_users_own(kind):
    def call(dataset):
        found = [attempted(lambda: dataset.pixel_array), attempted(lambda: dataset.pixel_array)]
        known = dataset._pixel_id
        return [found, seen(dataset.__dict__.get("seen")), [*known], known == utils.get_image_pixel_ids(dataset)]

    installed, without, _ = with_and_without(call, lambda: in_class(kind))
    assert installed == without


def test_a_class_that_changes_nothing_takes_the_shortcut():
    dataset = in_class(Plain, filename_or_obj="nowhere", dataset={})
    with dicomet.install(), mock.patch.object(convert, "decode", wraps=convert.decode) as decode:
        array = dataset.pixel_array
    assert decode.call_count == 1
    assert np.array_equal(array, dataset_in_memory(CASE).pixel_array)


def test_a_mapping_of_the_users_own():
    class Mine(dict):
        def get(self, key, default=None):
            return default if key == 0x00280010 else super().get(key, default)

    def make():
        dataset = dataset_in_memory(CASE)
        dataset.__dict__["_dict"] = Mine(dataset._dict)
        return dataset

    assert_same(accessed, make)


def test_a_class_of_elements():
    class Mine(DataElement):
        @property
        def value(self):
            return 8

    def make():
        dataset = dataset_in_memory(CASE.changed(rows=1, number_of_frames=1))
        dataset._dict[Tag("Rows")] = Mine(0x00280010, "US", 1, already_converted=True)
        return dataset

    assert_same(accessed, make)


# What others have changed in pydicom


def test_another_library_that_exchanges_the_same_method():
    """What somebody else has put on top stays, and goes on to pydicom's own."""
    original = Dataset.convert_pixel_data
    dicomet.install()
    ours = Dataset.convert_pixel_data

    def theirs(self):
        ours(self)

    Dataset.convert_pixel_data = theirs
    try:
        dicomet.uninstall()
        assert Dataset.convert_pixel_data is theirs
        before = dicomet.stats()
        assert dataset_in_memory(CASE).pixel_array.shape == (2, 4, 6)
        assert dicomet.stats() == before
    finally:
        Dataset.convert_pixel_data = original


PASSED_THROUGH = [
    (pydicom.dataset, "get_image_pixel_ids"),
    (pydicom.dataset, "pixel_array"),
    (utils, "as_pixel_options"),
    (pixels, "get_decoder"),
    (Decoder, "as_array"),
    (Dataset, "__getattr__"),
    (Dataset, "__getitem__"),
    (Dataset, "__contains__"),
    (Dataset, "get"),
    (Dataset, "convert_pixel_data"),
]


@pytest.mark.parametrize(("owner", "name"), PASSED_THROUGH, ids=str)
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("make", [dataset_in_memory, dataset_as_read])
def test_a_changed_function_is_called_as_often(owner, name, moment, make, monkeypatch):
    def calls() -> int:
        dataset, found, original = make(CASE), [], getattr(owner, name)

        @functools.wraps(original)
        def changed(*args, **kwargs):
            found.append(name)
            return original(*args, **kwargs)

        with monkeypatch.context() as patched:
            if moment == "before":
                patched.setattr(owner, name, changed)
            with dicomet.install():
                if moment == "after":
                    original = getattr(owner, name)
                    patched.setattr(owner, name, changed)
                dataset.pixel_array  # noqa: B018
                patched.undo()
        return len(found)

    installed = calls()
    monkeypatch.setenv("DICOMET", "0")
    without = calls()
    assert installed == without
    if name == "__getitem__" and without == 0 and sys.version_info >= (3, 13):
        pytest.skip("CPython 3.13 goes on to call the function that it has seen before")
    assert without > 0


@pytest.mark.parametrize("name", ["__getattr__", "__getitem__", "__contains__"])
@pytest.mark.parametrize("read", [True, False], ids=["read", "raw"])
def test_access_to_elements_is_changed_while_dicomet_is_installed(name, read):
    original = getattr(Dataset, name)

    def changed(self, key):
        if name == "__getattr__" and key == "Rows":
            return MARK
        if name == "__contains__" and key == "PixelData":
            return False
        return original(self, 0x00280011 if key == 0x00280010 else key)

    def call(dataset):
        known = dataset.pixel_array if read else None
        with mock.patch.object(Dataset, name, changed):
            array = attempted(lambda: dataset.pixel_array)
            frames = attempted(lambda: get_decoder(CASE.syntax).iter_array(dataset))
            ids = dataset._pixel_id == utils.get_image_pixel_ids(dataset)
            return [array, frames, ids, known is dataset._pixel_array]

    # As many rows as columns, by what is changed.
    make = dataset_in_memory if read else dataset_as_read
    assert_same(call, lambda: make(native_case(image_of(2, 4, 6)).changed(columns=8, rows=3)))


def test_the_value_of_an_element_is_changed(monkeypatch):
    original = vars(DataElement)["value"]

    def value(self):
        return 2 if self.tag == 0x00280010 and original.fget(self) == 4 else original.fget(self)

    dataset = dataset_in_memory(CASE.changed(number_of_frames=4))
    with dicomet.install():
        monkeypatch.setattr(DataElement, "value", original.setter(original.fset).getter(value))
        assert dataset.pixel_array.shape == (4, 2, 6)


def test_a_decoder_with_a_method_of_its_own(monkeypatch):
    decoder = get_decoder(CASE.syntax)
    monkeypatch.setattr(decoder, "as_array", lambda *_, **__: ("mine", {}), raising=False)
    with dicomet.install():
        assert dataset_in_memory(CASE).pixel_array == "mine"


@pytest.mark.parametrize("name", ["_use_future", "debugging", "use_IS_numpy"])
def test_switches(name, monkeypatch):
    monkeypatch.setattr(config, name, True)
    assert not assert_same(accessed, lambda: dataset_as_read(CASE))


def test_a_handler_by_its_name():
    for call in (
        lambda dataset: dataset.convert_pixel_data("numpy"),
        lambda dataset: dataset.convert_pixel_data(handler_name=""),
        lambda dataset: dataset.convert_pixel_data(handler_name="numpy"),
        lambda dataset: dataset.convert_pixel_data(handler="numpy"),
        lambda dataset: dataset.convert_pixel_data(None),
        lambda dataset: dataset.convert_pixel_data("", 1),
        lambda _: Dataset.convert_pixel_data(),
        lambda _: Dataset.convert_pixel_data(3),
        lambda dataset: Dataset.convert_pixel_data(self=dataset),
    ):
        assert_same(lambda dataset, call=call: attempted(lambda: call(dataset)), lambda: dataset_in_memory(CASE))

"""``Dataset.pixel_array`` where other code has changed pydicom."""

import functools
import sys
from unittest import mock

import pydicom.dataset
import pytest
from install_access import CASE, MARK, accessed, assert_same
from install_calls import attempted
from install_sources import dataset_as_read, dataset_in_memory
from pydicom import config, pixels
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.pixels import get_decoder, utils
from pydicom.pixels.decoders.base import Decoder
from test_install_edge_cases import image_of, native_case

import dicomet


@pytest.fixture(autouse=True)
def pydicom_stays_as_it_was():
    before = Dataset.convert_pixel_data, Decoder.as_array
    yield
    assert (Dataset.convert_pixel_data, Decoder.as_array) == before


def test_another_library_that_exchanges_the_same_method():
    """A replacement by other code stays, and calls pydicom's own."""
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
        pytest.skip("CPython 3.13 calls the function of the first call again")
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

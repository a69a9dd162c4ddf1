"""``Dataset.pixel_array`` of subclasses, of other mappings, and of other elements."""

from unittest import mock

import numpy as np
import pytest
from call_outcome import observable, with_and_without
from install_access import CASE, MARK, accessed, assert_same
from install_calls import attempted
from install_sources import dataset_in_memory
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.pixels import utils
from pydicom.pixels.decoders.base import Decoder
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRBigEndian

import dicomet
from dicomet.dropin import convert


@pytest.fixture(autouse=True)
def pydicom_stays_as_it_was():
    before = Dataset.convert_pixel_data, Decoder.as_array
    yield
    assert (Dataset.convert_pixel_data, Decoder.as_array) == before


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
        return [found, observable(dataset.__dict__.get("seen")), [*known], known == utils.get_image_pixel_ids(dataset)]

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

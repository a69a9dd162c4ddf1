"""Rare uses of pydicom: the same results with and without dicomet."""

import functools
import io
import os
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from unittest import mock

import numpy as np
import oracle
import pydicom
import pytest
from call_outcome import observable, with_and_without
from install_calls import Example, attempted, observed
from install_cases import NATIVE, Case, described, filled, rle_frame
from install_sources import BACK, DATASETS, dataset_as_read, dataset_in_memory, file_of
from oracle import Image
from pydicom import config
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.pixels import get_decoder, get_encoder, pixel_array
from pydicom.pixels.decoders import base
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, RLELossless
from random_images import replaced
from test_install_properties import same

import dicomet


def image_of(  # noqa: PLR0913
    frames=2, rows=4, columns=5, *, samples=1, bits=8, photometric="MONOCHROME2"
) -> Image:
    image = Image(np.empty((frames, rows, columns, samples)), bits, bits, photometric=photometric)
    return filled(image, 1, "noise")


def native_case(image: Image | None = None, syntax: UID = ExplicitVRLittleEndian) -> Case:
    image = image or image_of()
    value = oracle.native(image, big_endian=syntax == ExplicitVRBigEndian, ow_swapped=image.keyword == "PixelData")
    return Case(syntax, described(image), value)


def rle_case(image: Image | None = None, damaged: int | None = None) -> Case:
    """`damaged`: the frame of this index has an offset after those of its segments, which pydicom ignores."""
    image = image or image_of()
    frames = [rle_frame(image.frame(index), None) for index in range(image.frames)]
    if damaged is not None:
        frames[damaged] = frames[damaged][:60] + b"\x4d\0\0\0" + frames[damaged][64:]
    return Case(RLELossless, described(image), oracle.encapsulated([[frame] for frame in frames], table=False))


PLAIN = {
    **{syntax.name: native_case(syntax=syntax) for syntax in NATIVE},
    **{f"{bits} bits": native_case(image_of(columns=4, bits=bits)) for bits in (1, 16, 32, 64)},
    "big-endian words": native_case(image_of(bits=16), ExplicitVRBigEndian),
    "RGB": native_case(image_of(samples=3, photometric="RGB")),
    "YBR_FULL": native_case(image_of(samples=3, photometric="YBR_FULL")),
    "YBR_FULL_422": native_case(image_of(1, 4, 6, samples=3, photometric="YBR_FULL_422")),
    "RLE": rle_case(),
    "RLE in color": rle_case(image_of(samples=3, photometric="RGB")),
    "RLE, YBR_FULL": rle_case(image_of(samples=3, photometric="YBR_FULL")),
    "RLE, 16 bits": rle_case(image_of(bits=16)),
}


@pytest.mark.parametrize("source", ["memory", "read", "deferred", "bytes", "BytesIO", "file in the middle"])
@pytest.mark.parametrize("name", PLAIN)
def test_plain_images_are_taken(name, source):
    case = PLAIN[name]
    if source == "file in the middle" and case.syntax == RLELossless:
        source = "file"
    for function, chosen in (("as_array", None), ("as_array", 0), ("iter_array", "none"), ("iter_array", "tuple")):
        if case.options["photometric_interpretation"] == "YBR_FULL_422" and chosen == "tuple":
            continue
        assert same(Example(case, source, function, chosen, {})), (function, chosen)
    if source in DATASETS:
        assert same(Example(case, source, "pixel_array", None, {}))
        assert same(Example(case, source, "method", 0, {}))


@pytest.mark.parametrize("switch", ["use_IS_numpy", "use_DS_numpy", "use_DS_decimal", "debugging"])
@pytest.mark.parametrize("name", PLAIN)
def test_switches_of_pydicom(name, switch, monkeypatch):
    monkeypatch.setattr(config, switch, True)
    for function, chosen in (("as_array", None), ("iter_array", "none"), ("method", 0)):
        same(Example(PLAIN[name], "read", function, chosen, {}))


WRONG_CALLS = {
    "no source": lambda decoder, _: decoder.as_array(),
    "two positions": lambda decoder, value: decoder.as_array(value, 0),
    "two sources": lambda decoder, value: decoder.as_array(value, src=value),
    "no decoder": lambda decoder, value: type(decoder).as_array(None, value),
    "nothing": lambda decoder, _: type(decoder).as_array(),
    "no description": lambda decoder, value: decoder.as_array(value),
    "two decoders": lambda decoder, value: decoder.as_array(value, self=decoder),
    "None": lambda decoder, _: decoder.as_array(None),
    "a list as index": lambda decoder, value: decoder.as_array(value, index=[0]),
    "iteration, no source": lambda decoder, _: decoder.iter_array(),
    "iteration, two positions": lambda decoder, value: decoder.iter_array(value, 0),
    "iteration, no decoder": lambda decoder, value: type(decoder).iter_array(None, value),
    "iteration, nothing": lambda decoder, _: type(decoder).iter_array(),
}


@pytest.mark.parametrize("name", WRONG_CALLS)
@pytest.mark.parametrize("case", [native_case(), rle_case()], ids=["native", "RLE"])
def test_wrong_calls(case, name):
    assert_same(functools.partial(WRONG_CALLS[name], get_decoder(case.syntax)), lambda: case.value)


def assert_same(call, make) -> None:
    installed, without, _ = with_and_without(functools.partial(observed, call), make)
    assert installed == without


def test_threads_while_dicomet_comes_and_goes():
    datasets = [dataset_in_memory(case) for case in PLAIN.values()]
    expected = [decoded_both_ways(dataset) for dataset in datasets]
    found, done = [], threading.Event()

    def decode():
        for _ in range(10):
            found.extend(decoded_both_ways(dataset) for dataset in datasets)

    def come_and_go():
        while not done.is_set():
            dicomet.install()
            dicomet.uninstall()

    with ThreadPoolExecutor(9) as pool:
        pool.submit(come_and_go)
        threads = [pool.submit(decode) for _ in range(8)]
        try:
            for thread in threads:
                thread.result()
        finally:
            done.set()
    assert len(found) == 80 * len(expected)
    assert all(result in expected for result in found)


def decoded_both_ways(dataset: Dataset) -> list:
    decoder = get_decoder(dataset.file_meta.TransferSyntaxUID)
    return [dataset.Rows, observable(decoder.as_array(dataset)), observable(decoder.iter_array(dataset))]


@pytest.mark.parametrize("index", [-1, "0"])
def test_a_wrong_index_leaves_the_dataset_alone(index):
    decoder = get_decoder(ExplicitVRLittleEndian)
    assert_same(lambda dataset: decoder.as_array(dataset, index=index), lambda: dataset_as_read(native_case()))


def test_a_wrong_description_leaves_the_pixel_data_alone():
    case = native_case().changed(photometric_interpretation="RGB\\RGB")
    assert_same(lambda dataset: get_decoder(case.syntax).as_array(dataset), lambda: dataset_as_read(case))


def test_a_transfer_syntax_that_is_a_text():
    text = str(ExplicitVRLittleEndian)
    assert_same(lambda ds: pixel_array(ds, transfer_syntax_uid=text), lambda: dataset_in_memory(native_case()))


def test_no_file_meta():
    def make():
        dataset = dataset_in_memory(native_case())
        dataset.file_meta = None
        return dataset

    assert_same(lambda dataset: get_decoder(ExplicitVRLittleEndian).as_array(dataset), make)


def test_a_warning_that_is_an_error():
    def call(dataset):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return get_decoder(ExplicitVRLittleEndian).as_array(dataset)

    assert_same(call, lambda: dataset_as_read(native_case().changed(number_of_frames="1.5")))


def test_a_deferred_element_of_a_file_that_has_changed(tmp_path):
    path = tmp_path / "image.dcm"
    data = file_of(native_case())

    def make():
        path.write_bytes(data)
        dataset = pydicom.dcmread(path, defer_size=2)
        path.write_bytes(bytes(len(data)))
        os.utime(path, (1, 1))
        return dataset

    assert_same(lambda dataset: get_decoder(ExplicitVRLittleEndian).as_array(dataset), make)


@pytest.mark.skipif(len(get_decoder(RLELossless).available_plugins) < 2, reason="needs pylibjpeg-rle")
@pytest.mark.parametrize("indices", [[0, 1], [], None, (1, 0, 1)], ids=str)
def test_the_plugin_changes_among_frames(indices):
    decoder = get_decoder(RLELossless)
    assert_same(
        lambda dataset: decoder.iter_array(dataset, indices=indices), lambda: dataset_in_memory(rle_case(damaged=1))
    )


def test_the_dataset_changes_among_frames():
    def call(dataset):
        frames = get_decoder(RLELossless).iter_array(dataset)
        first = next(frames)
        dataset.PixelData = b"\0\0"
        return [first, *frames]

    assert_same(call, lambda: dataset_in_memory(rle_case(damaged=1)))


def test_a_file_is_moved_among_frames():
    case = native_case()

    def call(file):
        frames = get_decoder(case.syntax).iter_array(file, **case.options)
        first = next(frames)
        file.seek(3)
        return [first, next(frames)]

    assert_same(call, lambda: io.BytesIO(case.value + BACK))


class Unreliable(io.RawIOBase):
    """What cannot be read at first."""

    def __init__(self, data: bytes):
        self._file = io.BytesIO(data)
        self._failed = False

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, *arguments):
        return self._file.seek(*arguments)

    def tell(self):
        return self._file.tell()

    def readinto(self, buffer):
        if not self._failed:
            self._failed = True
            raise OSError("not now")
        return self._file.readinto(buffer)


def test_a_buffer_around_a_file_of_the_users_own():
    case = native_case()
    assert_same(
        lambda file: get_decoder(case.syntax).as_array(file, **case.options),
        lambda: io.BufferedReader(Unreliable(case.value)),
    )


def test_processing_changes_among_frames():
    def call(dataset):
        frames = get_decoder(ExplicitVRLittleEndian).iter_array(dataset)
        first = next(frames)
        with mock.patch.object(base, "PROCESSORS", [lambda arr, *_: arr + 1]):
            return [first, next(frames)]

    assert_same(call, lambda: dataset_in_memory(native_case()))


class Doubled(Dataset):
    """A Dataset with an opinion of its own on its elements."""

    def __getitem__(self, key):
        elem = super().__getitem__(key)
        return DataElement(key, "US", 2) if key == 0x00280010 else elem


def test_a_dataset_class_of_the_users_own():
    def make():
        dataset, plain = Doubled(), dataset_in_memory(native_case())
        dataset.update(plain)
        dataset.file_meta = plain.file_meta
        return dataset

    assert_same(lambda dataset: get_decoder(ExplicitVRLittleEndian).as_array(dataset), make)


def decoded_to_nothing(_src, runner):
    return bytearray(runner.frame_length())


def test_a_plugin_of_the_users_own_under_the_name_of_another():
    decoder = get_decoder(RLELossless)

    def call(dataset):
        with mock.patch.dict(decoder._available, {"pydicom": decoded_to_nothing}):
            return decoder.as_array(dataset, decoding_plugin="pydicom")

    assert_same(call, lambda: dataset_in_memory(rle_case()))


def test_all_other_plugins_are_removed():
    """Without dicomet there would be none."""
    decoder = get_decoder(RLELossless)
    expected, _ = decoder.as_array(dataset_in_memory(rle_case()))
    with dicomet.install(), mock.patch.dict(decoder._available):
        decoder.remove_plugin("pydicom")
        decoder._available.pop("pylibjpeg", None)
        found, _ = decoder.as_array(dataset_in_memory(rle_case()))
    assert observable(found) == observable(expected)


def test_the_name_of_a_generator():
    def call(dataset):
        frames = get_decoder(ExplicitVRLittleEndian).iter_array(dataset)
        return [frames.__name__, frames.__qualname__]

    assert_same(call, lambda: dataset_in_memory(native_case()))


@pytest.mark.parametrize("moment", ["install", "uninstall"])
def test_an_error_while_dicomet_comes_or_goes(moment):
    """What another thread would see."""
    decoder = get_decoder(RLELossless)
    cut = rle_case()
    cut = replace(cut, value=cut.value.replace(oracle.byte_planes(image_of().frame(1))[0], b""))
    dataset = dataset_in_memory(cut)
    expected, found = attempted(lambda: decoder.as_array(dataset)), []
    assert "Unable to decode" in expected[1]

    def also(original):
        def method(*arguments):
            found.append(attempted(lambda: decoder.as_array(dataset)))
            return original(*arguments)

        return method

    owner, name = (get_encoder(RLELossless), "add_plugin") if moment == "install" else (decoder, "remove_plugin")
    with mock.patch.object(owner, name, also(getattr(owner, name))), dicomet.install():
        pass
    assert found == [expected]


def decoded(dataset: Dataset, **options):
    return get_decoder(dataset.file_meta.TransferSyntaxUID).as_array(dataset, **options)


def iterated(dataset: Dataset, **options):
    return get_decoder(dataset.file_meta.TransferSyntaxUID).iter_array(dataset, **options)


@pytest.mark.parametrize("indices", [None, [0], [1], [1, 0]], ids=str)
@pytest.mark.parametrize("frames", [1, 2])
def test_an_iteration_over_subsampled_frames(frames, indices):
    """Of which pydicom gets all but the first wrong."""
    case = native_case(image_of(frames, 4, 6, samples=3, photometric="YBR_FULL_422"))
    assert_same(lambda dataset: iterated(dataset, indices=indices), lambda: dataset_in_memory(case))


def test_compressed_pixel_data_as_long_as_uncompressed():
    """Which pydicom warns of."""

    def case(columns: int) -> Case:
        """One row of zeros, in one run."""
        image = replaced(image_of(1, 1, columns), values=np.zeros((1, 1, columns, 1), np.uint8))
        frame = oracle.rle_frame([bytes([257 - columns, 0])])
        return Case(RLELossless, described(image), oracle.encapsulated([[frame]], table=False))

    as_long = case(len(case(100).value))
    installed, without, taken = with_and_without(lambda: decoded(dataset_in_memory(as_long)))
    assert installed == without
    assert "matches the expected number" in str(without[1])
    assert not taken


@pytest.mark.parametrize("allowed", [True, False])
def test_the_place_of_a_file_in_rle(allowed):
    """Without excess frames pydicom does not read on to the end, and leaves the file there."""
    case = rle_case()

    def call(file):
        return get_decoder(RLELossless).as_array(file, allow_excess_frames=allowed, **case.options)

    assert_same(call, lambda: io.BytesIO(case.value))

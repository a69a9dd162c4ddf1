"""RLE Lossless under `install()`: many frames, the decoding plugin, and the encoder."""

import sys

import numpy as np
import pydicom
import pydicom.pixels
import pytest
from call_outcome import outcome, with_and_without
from install_images import dataset, smooth
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels import get_decoder
from pydicom.uid import RLELossless

import dicomet
from dicomet.dropin.pylibjpeg_plugin import decode_pixel_data

try:
    import rle
    from pylibjpeg.utils import get_pixel_data_decoders
except ImportError:
    rle = None


needs_pylibjpeg_rle = pytest.mark.skipif(rle is None, reason="needs pylibjpeg-rle")


pytestmark = pytest.mark.usefixtures("pydicom_stays_as_it_was")


def compressed(frames: int, rows: int = 300, columns: int = 400) -> tuple[np.ndarray, Dataset]:
    values = smooth(frames, rows, columns)
    ds = dataset(values, frames=frames)
    ds.compress(RLELossless, encoding_plugin="pydicom" if rows < 50 else "", generate_instance_uid=False)
    return values, ds


def test_many_frames_of_rle():
    values, ds = compressed(40)
    with dicomet.install():
        before = dicomet.stats().taken
        assert np.array_equal(ds.pixel_array, values)
        assert np.array_equal(np.stack(list(pydicom.pixels.iter_pixels(ds))), values)
        assert dicomet.stats().taken == before + 2


def test_a_damaged_frame_among_many():
    values, ds = compressed(30)
    frames = list(generate_frames(ds.PixelData, number_of_frames=30))
    for index in (11, 17):
        damaged = [*frames]
        damaged[index] = damaged[index][:-200]
        ds.PixelData = encapsulate(damaged)
        installed, without, taken = with_and_without(lambda: get_decoder(RLELossless).as_array(ds))
        assert installed == without
        assert not taken
        assert "Unable to decode" in without[0][1]
        installed, without, taken = with_and_without(lambda: get_decoder(RLELossless).iter_array(ds))
        assert installed == without
        assert len(without[0]) == index + 1
    assert values.any()


def test_the_decoding_plugin():
    values, ds = compressed(3, 20, 30)
    decoder = get_decoder(RLELossless)
    with dicomet.install():
        assert "dicomet" in decoder.available_plugins
        for kwargs in ({}, {"index": 1}, {"raw": True}):
            given, _ = decoder.as_array(ds, decoding_plugin="dicomet", **kwargs)
            assert np.array_equal(given, values[kwargs.get("index", slice(None))])
        frame, properties = decoder.as_buffer(ds, index=2, decoding_plugin="dicomet")
        assert type(frame) is bytearray
        assert frame == values[2].tobytes()
        assert properties["rows"] == 20
        ds.pixel_array_options(decoding_plugin="dicomet")
        assert np.array_equal(ds.pixel_array, values)
        # Only those who name it get it: it leaves no trace in the messages of others.
        assert "dicomet" not in decoder._validate_plugins()
    with pytest.raises(ValueError, match="No plugin named 'dicomet'"):
        decoder.as_array(ds, decoding_plugin="dicomet")


def test_the_decoding_plugin_in_color_gives_planes():
    values = smooth(1, 9, 3 * 5)[0].reshape(9, 5, 3)
    ds = dataset(values, "RGB")
    ds.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
    decoder = get_decoder(RLELossless)
    with dicomet.install():
        frame, properties = decoder.as_buffer(ds, decoding_plugin="dicomet")
    assert properties["planar_configuration"] == 1
    assert (frame, properties) == decoder.as_buffer(ds, decoding_plugin="pydicom")


@pytest.mark.parametrize("options", [{"rle_segment_order": "<"}, {"byteorder": ">"}, {"bits_allocated": 1}])
def test_the_decoding_plugin_refuses_what_it_does_not_know(options):
    _, ds = compressed(1, 4, 5)
    with dicomet.install(), pytest.raises(RuntimeError, match=r"dicomet: .*left to other plugins"):
        get_decoder(RLELossless).as_array(ds, decoding_plugin="dicomet", validate=False, **options)


def test_the_decoding_plugin_tells_what_is_wrong():
    _, ds = compressed(1, 4, 5)
    ds.Rows = 5
    with dicomet.install(), pytest.raises(RuntimeError, match=r"dicomet: .*segment 0: the RLE segment gives 20 of 25"):
        get_decoder(RLELossless).as_array(ds, decoding_plugin="dicomet")
    ds.Rows = 3
    given, said, _ = outcome(
        lambda: [dicomet.install(), get_decoder(RLELossless).as_array(ds, decoding_plugin="dicomet")][1]
    )
    dicomet.uninstall()
    assert given[0][2] == (3, 5)
    assert any("left in the RLE segment" in message[1] for message in said)


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("bits", [8, 16])
def test_compress(bits, samples):
    values = smooth(2, 30, 40 * samples).astype(f"u{bits // 8}")
    values = values.reshape(2, 30, 40, 3) if samples == 3 else values
    by = {}
    for plugin in ("dicomet", "", "pydicom"):
        ds = dataset(values, "RGB" if samples == 3 else "MONOCHROME2", frames=2)
        with dicomet.install():
            ds.compress(RLELossless, encoding_plugin=plugin, generate_instance_uid=False)
        by[plugin] = ds.PixelData
        assert np.array_equal(ds.pixel_array, values)
    assert by[""] == by["dicomet"]
    assert len(by["dicomet"]) <= len(by["pydicom"])


def test_encoder_refuses_what_it_does_not_know():
    ds = dataset(smooth(1, 8, 8)[0])
    with dicomet.install(), pytest.raises(RuntimeError, match="dicomet: the option byteorder"):
        ds.compress(RLELossless, encoding_plugin="dicomet", byteorder=">")


@needs_pylibjpeg_rle
def test_pylibjpeg_finds_the_entry_point(monkeypatch):
    values, ds = compressed(1, 20, 30)
    frame = next(generate_frames(ds.PixelData, number_of_frames=1))
    found = get_pixel_data_decoders(version=2)[RLELossless]
    assert found[min(found)] is decode_pixel_data
    options = {"rows": 20, "columns": 30, "samples_per_pixel": 1, "bits_allocated": 16}
    expected = rle.utils.decode_pixel_data(frame, version=2, **options)
    monkeypatch.setitem(sys.modules, "rle.utils", None)
    assert decode_pixel_data(frame, version=2, **options) == expected
    with pytest.raises(RuntimeError, match="pylibjpeg-rle, which may decode the frame, is not installed"):
        decode_pixel_data(frame + b"\0\0", version=2, **options)
    monkeypatch.undo()
    monkeypatch.setenv("DICOMET", "0")
    monkeypatch.setattr(rle.utils, "decode_pixel_data", lambda *_args, **_options: "by pylibjpeg-rle")
    assert decode_pixel_data(frame, version=2, **options) == "by pylibjpeg-rle"
    assert values.any()


@needs_pylibjpeg_rle
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"byteorder": ">"},
        {"bits_allocated": 8},
        {"bits_allocated": 1},
        {"bits_allocated": 12},
        {"samples_per_pixel": 3},
        {"samples_per_pixel": None},
        {"rows": 21},
        {"rows": 20.0},
        {"columns": -30},
        {"columns": 2**40},
        {"version": 1},
        {"src": b""},
        {"src": bytearray(b"abc")},
    ],
    ids=str,
)
def test_pylibjpeg_gets_what_pylibjpeg_rle_gives(change):
    _, ds = compressed(1, 20, 30)
    frame = next(generate_frames(ds.PixelData, number_of_frames=1))
    options = {"rows": 20, "columns": 30, "samples_per_pixel": 1, "bits_allocated": 16, "version": 2, **change}
    src = options.pop("src", frame)
    ours = outcome(lambda: decode_pixel_data(src, ds, **options))
    theirs = outcome(lambda: rle.utils.decode_pixel_data(src, ds, **options))
    assert ours == theirs

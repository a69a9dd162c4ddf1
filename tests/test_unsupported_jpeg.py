"""Kinds of JPEG that dicomet does not decode: an installed plugin decodes them, or the error says which one would."""

import encoders
import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import JPEGExtended12Bit, JPEGLosslessSV1

import dicomet
from dicomet import _native
from dicomet.dropin.codestream_codec import decode_words
from dicomet.info import describe

SHAPE = (40, 36)
# JPEG Extended, and JPEG Full Progression, which pydicom does not know.
SYNTAXES = (JPEGExtended12Bit, "1.2.840.10008.1.2.4.55")


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def arithmetic(data: bytes = b"\x5a\x13\x77\x21" * 4) -> bytes:
    """SOF9 with arithmetic coding, in which any bytes are samples."""
    rows, columns = SHAPE
    size = bytes([8]) + rows.to_bytes(2, "big") + columns.to_bytes(2, "big")
    return b"".join(
        [
            b"\xff\xd8",
            segment(0xDB, b"\0" + b"\1" * 64),
            segment(0xC9, size + b"\1\1\x11\0"),
            segment(0xDA, b"\1\1\0\0\x3f\0"),
            data,
            b"\xff\xd9",
        ]
    )


def image_of(*frames: bytes, syntax: str = JPEGExtended12Bit) -> Dataset:
    return encoders.data_set(syntax, list(frames), shape=SHAPE, allocated=8, stored=8, samples=1)


def has(plugin: str) -> bool:
    return plugin in get_decoder(JPEGExtended12Bit).available_plugins


@pytest.mark.skipif(not has("pylibjpeg"), reason="needs a plugin for arithmetic coding")
@pytest.mark.filterwarnings("ignore:.*is not checked")
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_plugin_decodes_arithmetic_coding(syntax):
    baseline = encoders.every_family(np.zeros(SHAPE, np.uint16))["baseline"][1]
    image = image_of(arithmetic(), syntax=syntax)
    with pytest.warns(UserWarning, match="arithmetic coding: whether it holds all samples is not checked"):
        whole = dicomet.pixel_array(image)
    assert np.array_equal(whole, dicomet.pixel_array(image, decoding_plugin="pylibjpeg"))
    mixed = dicomet.pixel_array(image_of(baseline, arithmetic(), baseline, syntax=syntax))
    assert np.array_equal(mixed[1], whole)
    assert np.array_equal(mixed[0], mixed[2])


@pytest.mark.parametrize("plugin", ["", "pylibjpeg"])
def test_the_end_marker_must_be_present(plugin):
    with pytest.raises(dicomet.PixelDataError, match=r"frame 0.*(before the end marker|arithmetic coding)"):
        dicomet.pixel_array(image_of(arithmetic()[:-2]), decoding_plugin=plugin)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_the_error_names_the_process_and_a_plugin(monkeypatch, syntax):
    says = r'frame 0: found arithmetic coding, which dicomet does not decode: .*pip install "p'
    with pytest.raises(dicomet.PixelDataError, match=says):
        dicomet.pixel_array(image_of(arithmetic(), syntax=syntax), decoding_plugin="dicomet")
    decoder = type(get_decoder(JPEGExtended12Bit))
    monkeypatch.setattr(decoder, "available_plugins", property(lambda _: ()))
    with pytest.raises(dicomet.PixelDataError, match=says):
        dicomet.pixel_array(image_of(arithmetic(), syntax=syntax))


def test_headers_say_what_is_not_supported():
    assert _native.Codestream.read(arithmetic()).unsupported == "arithmetic coding"
    hierarchical = arithmetic().replace(b"\xff\xc9", b"\xff\xc5")
    assert _native.Codestream.read(hierarchical).unsupported == "the hierarchical mode"


def test_what_only_a_scan_shows_is_left_to_a_plugin():
    """Subsampled lossless components with restart intervals that end within a row."""
    size = b"\x08\x00\x28\x00\x24"
    table = segment(0xC4, b"\0" + bytes([1] + [0] * 15) + b"\0")
    header = segment(0xC3, size + b"\3" + b"\1\x12\0" + b"\2\x11\0" + b"\3\x11\0")
    scan = segment(0xDA, b"\3\1\0\2\0\3\0\1\0\0")
    stream = b"\xff\xd8" + header + table + segment(0xDD, b"\0\5") + scan + b"\0" * 600 + b"\xff\xd9"
    image = encoders.data_set(JPEGLosslessSV1, [stream], shape=SHAPE, allocated=8, stored=8, samples=3)
    with pytest.raises(dicomet.PixelDataError, match="a lossless scan of subsampled components with restarts"):
        dicomet.pixel_array(image, decoding_plugin="dicomet")
    rows, columns = SHAPE
    with pytest.raises(dicomet.PixelDataError, match="a lossless scan of subsampled components with restarts"):
        decode_words(stream, "JPEG", rows=rows, columns=columns, samples_per_pixel=3)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_info_names_the_decoder_of_the_first_frame(syntax, monkeypatch):
    """By its header: that of the transfer syntax alone would be dicomet."""
    baseline = encoders.every_family(np.zeros(SHAPE, np.uint16))["baseline"][1]
    decoder = get_decoder(JPEGExtended12Bit)
    monkeypatch.setattr(decoder, "_available", dict.fromkeys(("gdcm", "pylibjpeg")))
    described = describe(image_of(arithmetic(), syntax=syntax))
    assert (described["decoded_by"], described["missing_plugin"]) == (["pylibjpeg"], None)
    assert described["array_shape"] == list(SHAPE)
    assert describe(image_of(baseline, arithmetic(), syntax=syntax))["decoded_by"] == ["dicomet"]
    # pydicom's order, although Pillow is the faster one of the two plugins that have libjpeg's values.
    monkeypatch.setattr(decoder, "_available", dict.fromkeys(("gdcm", "pylibjpeg", "pillow")))
    assert describe(image_of(arithmetic(), syntax=syntax))["decoded_by"] == ["pylibjpeg", "pillow"]
    monkeypatch.setattr(decoder, "_available", {"gdcm": None})
    described = describe(image_of(arithmetic(), syntax=syntax))
    assert described["decoded_by"] is None
    assert described["missing_plugin"].startswith("found arithmetic coding, which dicomet does not decode: it needs a")

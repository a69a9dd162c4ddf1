"""Which of pydicom's plugins decodes a frame, and what its refusal means."""

import itertools
import logging
import warnings

import encoders
import numpy as np
import pytest
import test_unsupported_jpeg as unsupported_jpeg
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
)

import dicomet
from dicomet._decoding import plugins

SHAPE = (40, 36)
# Of all plugins, and without GDCM.
LOSSY = (["pillow", "gdcm", "pylibjpeg"], ["pylibjpeg", "pillow"])
LOSSLESS = (["gdcm", "pylibjpeg"], ["pylibjpeg"])
JPEG_LS = (["pyjpegls", "gdcm", "pylibjpeg"], ["pyjpegls", "pylibjpeg"])
JPEG_2000 = (["gdcm", "pylibjpeg", "pillow"], ["pylibjpeg", "pillow"])
HT = (["pylibjpeg"], ["pylibjpeg"])
ORDERS = {
    JPEGBaseline8Bit: LOSSY,
    JPEGExtended12Bit: LOSSY,
    JPEGLossless: LOSSLESS,
    JPEGLosslessSV1: LOSSLESS,
    JPEGLSLossless: JPEG_LS,
    JPEGLSNearLossless: JPEG_LS,
    JPEG2000Lossless: JPEG_2000,
    JPEG2000: JPEG_2000,
    HTJ2KLossless: HT,
    HTJ2KLosslessRPCL: HT,
    HTJ2K: HT,
}


def gray(bits: int = 12) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 1 << bits, SHAPE).astype(np.uint16)


def jpeg_ls(bits: int = 12):
    stream = encoders.jls(gray(bits).astype(encoders.container(bits)), bits, 0)
    return encoders.data_set(JPEGLSLossless, [stream], shape=SHAPE, allocated=16, stored=bits)


@pytest.fixture
def called(monkeypatch) -> list[str]:
    """The plugins that are called, in their order."""
    names = []
    decode = plugins._Call.__call__

    def recorded(call, codestream):
        names.append(call.plugin)
        return decode(call, codestream)

    monkeypatch.setattr(plugins._Call, "__call__", recorded)
    return names


@pytest.mark.parametrize("syntax", ORDERS, ids=lambda uid: UID(uid).keyword)
def test_order(syntax, monkeypatch):
    decoder = get_decoder(syntax)
    known = {*decoder.available_plugins, *decoder._unavailable}
    assert known == set(ORDERS[syntax][0])
    for names in ORDERS[syntax]:
        monkeypatch.setattr(type(decoder), "available_plugins", tuple(sorted(names)))
        assert plugins.installed(syntax) == names
        monkeypatch.setattr(type(decoder), "available_plugins", (*sorted(names), "another"))
        assert plugins.installed(syntax) == [*names, "another"]


@pytest.mark.parametrize("syntax", ORDERS, ids=lambda uid: UID(uid).keyword)
def test_the_message_names_all_plugins_and_licenses(syntax):
    message = plugins.missing_plugin(syntax)
    for plugin in itertools.chain(*plugins.groups(syntax)):
        assert f'"{plugin.requirement}" (license: {plugin.license})' in message


def test_a_frame_that_the_first_plugin_refuses_goes_to_no_other(called, monkeypatch):
    refusing = plugins.installed(JPEGExtended12Bit, "arithmetic coding")[0]
    decode = plugins._Call.__call__

    def refuse(call, codestream):
        samples = decode(call, codestream)
        if call.plugin == refusing:
            raise RuntimeError("this is not to my taste")
        return samples

    monkeypatch.setattr(plugins._Call, "__call__", refuse)
    with pytest.raises(
        dicomet.PixelDataError, match=r"frame 0: the codec for JPEG Extended .* failed: this is not"
    ) as error:
        dicomet.pixel_array(unsupported_jpeg.image_of(unsupported_jpeg.arithmetic()))
    assert error.value.frame == 0
    assert called == [refusing]


def test_jpeg_goes_to_a_plugin_by_name_only(called):
    """GDCM ends the process for lossless JPEG of few bits."""
    stream = encoders.lossless("JPEG", gray(5), 5)
    image = encoders.data_set(JPEGLosslessSV1, [stream], shape=SHAPE, allocated=8, stored=5)
    for own in ("", "dicomet"):
        assert np.array_equal(dicomet.pixel_array(image, decoding_plugin=own), gray(5))
        assert called == []
    assert np.array_equal(dicomet.pixel_array(image, decoding_plugin="pylibjpeg"), gray(5))
    assert called == ["pylibjpeg"]
    if "gdcm" not in get_decoder(JPEGLosslessSV1).available_plugins:
        return
    with pytest.raises(dicomet.PixelDataError, match="gdcm: ends the process for lossless JPEG of less than 8 bits"):
        dicomet.pixel_array(image, decoding_plugin="gdcm")


@pytest.mark.parametrize("name", ["pyjpegls", "gdcm", "pylibjpeg"])
def test_a_named_plugin_alone_decodes(name, called):
    if name not in get_decoder(JPEGLSLossless).available_plugins:
        pytest.skip(f"{name} is not installed")
    assert np.array_equal(dicomet.pixel_array(jpeg_ls(), decoding_plugin=name), gray())
    assert called == [name]


def test_a_plugin_that_is_not_there():
    with pytest.raises(dicomet.PixelDataError, match="no_such"):
        dicomet.pixel_array(jpeg_ls(), decoding_plugin="no_such")


def test_padding_in_front_of_the_end_marker():
    """pyjpegls refuses it, but no sample depends on it."""
    image = jpeg_ls()
    stream = encoders.jls(gray(), 12, 0)
    padded = encoders.data_set(
        JPEGLSLossless, [stream[:-2] + bytes(4) + encoders.EOI], shape=SHAPE, allocated=16, stored=12
    )
    with pytest.raises(dicomet.PixelDataError, match="pyjpegls"):
        dicomet.pixel_array(padded, decoding_plugin="pyjpegls")
    assert np.array_equal(dicomet.pixel_array(padded), dicomet.pixel_array(image))


def test_no_error_is_logged_for_a_frame_that_is_decoded(caplog):
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dicomet.pixel_array(jpeg_ls())
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]

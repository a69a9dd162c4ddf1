"""Color codestreams: unused bits, Planar Configuration, and frames that differ in what they state."""

import codestreams
import encoders
import numpy as np
import oracle
import pytest
from codestreams import JFIF, adobe
from color_streams import (
    PIXELS,
    SOFT,
    data_set,
    dct,
    displays,
    half_dct,
    half_j2k,
    j2k,
    jpeg_ls,
    lossless,
    readings,
    recorded,
    rng,
)
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit, JPEGLosslessSV1, JPEGLSLossless

import dicomet
from dicomet._decoding import plugins

# Bits Stored, and the bits of the codestream.
UNUSED_BITS = [(9, 16), (12, 14), (5, 8), (8, 12)]


@pytest.mark.parametrize(("stored", "bits"), UNUSED_BITS)
@pytest.mark.parametrize("kind", ["lossless", "JPEG-LS", "JPEG 2000"])
def test_unused_bits_of_a_codestream_do_not_count_in_colors(kind, stored, bits):
    """The offset of chrominance is 2^(Bits Stored - 1) where the codestream has more bits (PS3.5 8.1.1)."""
    allocated = 8 if bits == 8 else 16
    values = rng.integers(0, 2**bits, (64, 64, 3), dtype=f"u{allocated // 8}")
    transfer_syntax, stream = {
        "lossless": (JPEGLosslessSV1, lambda: codestreams.lossless_jpeg(values, bits)),
        "JPEG-LS": (JPEGLSLossless, lambda: codestreams.jpeg_ls(values, bits)),
        "JPEG 2000": (JPEG2000Lossless, lambda: codestreams.jpeg_2000(values, bits, mct=False)),
    }[kind]
    ds = data_set(transfer_syntax, stream(), "YBR_FULL", bits=stored, allocated=allocated)
    used = values & (2**stored - 1)
    assert np.array_equal(dicomet.pixel_array(ds, raw=True), used)
    assert np.array_equal(dicomet.pixel_array(ds), oracle.ybr_to_rgb(used, stored))
    if kind != "lossless":
        every = oracle.ybr_to_rgb(values, bits)
        assert np.array_equal(dicomet.pixel_array(ds, correct_unused_bits=False), every)


def test_unused_bits_that_a_plugin_has_converted_are_refused():
    ds = data_set(JPEG2000Lossless, half_j2k(), "YBR_FULL_422", bits=7)
    message = r"frame 0: the plugin 'pylibjpeg' converts all 8 bits"
    with pytest.raises(dicomet.PixelDataError, match=message):
        dicomet.pixel_array(ds, decoding_plugin="pylibjpeg")


# Planar Configuration


@pytest.mark.parametrize(
    ("transfer_syntax", "stream"),
    [
        (JPEGBaseline8Bit, dct(JFIF)),
        (JPEGBaseline8Bit, dct(adobe(0))),
        (JPEGBaseline8Bit, half_dct()),
        (JPEGLosslessSV1, lossless()),
        (JPEGLSLossless, jpeg_ls()),
        (JPEG2000Lossless, j2k(mct=True)),
        (JPEG2000Lossless, j2k(mct=False)),
    ],
    ids=["JFIF", "Adobe 0", "subsampled", "lossless", "JPEG-LS", "MCT", "no MCT"],
)
@pytest.mark.parametrize("term", ["RGB", "YBR_FULL"])
@pytest.mark.filterwarnings("ignore:.*Photometric Interpretation")
def test_planar_configuration_does_not_reorder_a_codestream(transfer_syntax, stream, term, tmp_path):
    """The codestream states the order of its components (PS3.5 8.2.1, 8.2.3, 8.2.4)."""
    first, second = (data_set(transfer_syntax, stream, term, planar=planar) for planar in (0, 1))
    expected = dicomet.pixel_array(first)
    for way, call in readings(second, tmp_path):
        assert np.array_equal(call(), expected), way
    shown = dicomet.to_display(first)
    for way, call in displays(second, tmp_path):
        assert np.array_equal(call(), shown), way
    for plugin in plugins.installed(transfer_syntax):
        arrays = [dicomet.pixel_array(ds, raw=True, decoding_plugin=plugin) for ds in (first, second)]
        assert np.array_equal(*arrays), plugin


def test_planar_configuration_does_not_reorder_known_samples():
    for transfer_syntax, stream, pixels in (
        (JPEGLosslessSV1, lossless(), PIXELS),
        (JPEGBaseline8Bit, dct(adobe(0)), PIXELS),
        (JPEGLSLossless, jpeg_ls(), PIXELS),
        (JPEG2000Lossless, j2k(mct=True), SOFT),
    ):
        assert np.array_equal(dicomet.pixel_array(data_set(transfer_syntax, stream, "RGB", planar=1)), pixels)


# Frames that differ


def test_each_kind_of_contradiction_warns_once(tmp_path):
    frames = [dct(adobe(0)), dct(JFIF), dct(), dct(b"", b"RGB"), dct(JFIF)]
    ds = data_set(JPEGBaseline8Bit, frames[0], "YBR_PARTIAL_422", frames=len(frames))
    ds.PixelData = encapsulate(frames)
    rgb = oracle.ybr_to_rgb(PIXELS, 8)
    expected = np.stack([PIXELS, rgb, PIXELS, PIXELS, rgb])
    for way, call in readings(ds, tmp_path):
        if way in {"index", "iter_pixels", "open"}:
            continue
        array, messages = recorded(call)
        assert np.array_equal(array, expected), way
        texts = ("Adobe marker", "JFIF marker", "the samples are YCbCr of partial range, not RGB", "identifiers 'RGB'")
        assert len(messages) == len(texts), (way, messages)
        for text, message in zip(texts, messages, strict=True):
            assert text in message, way


def test_a_first_deviation_does_not_hide_a_contradiction_of_a_later_frame():
    values = rng.integers(0, 1 << 12, (64, 64), dtype=np.uint16)
    signed = encoders.lossless("JPEG 2000", (values.astype(np.int32) - 2048).astype(np.int16), 12)
    unsigned = encoders.lossless("JPEG 2000", values, 12)
    frames = [signed + b"\x12\x34", unsigned, signed + b"\x12\x34\x56\x78"]
    ds = encoders.data_set(JPEG2000Lossless, frames, shape=(64, 64), allocated=16, stored=12, signed=True)
    _, messages = recorded(lambda: dicomet.pixel_array(ds))
    assert len(messages) == 2
    assert "frame 0" in messages[0]
    assert "(0028,0103) Pixel Representation" in messages[1]

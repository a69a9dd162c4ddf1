"""Photometric Interpretations that `pixel_array` does not convert, and YBR of any depth."""

import io

import codestreams
import numpy as np
import oracle
import pydicom
import pytest
from color_streams import (
    OTHER_TERMS,
    PARTIAL_TERMS,
    PIXELS,
    TRANSFORMED_TERMS,
    as_bytes,
    data_set,
    displays,
    readings,
    recorded,
    rng,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

import dicomet

pytest.importorskip("libjpeg")
pytest.importorskip("openjpeg")
pytest.importorskip("jpeg_ls")

NATIVE = [ExplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless]


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("transfer_syntax", NATIVE, ids=lambda uid: uid.name)
@pytest.mark.parametrize("term", PARTIAL_TERMS)
def test_partial_range_is_shown_as_rgb(term, transfer_syntax, planar, tmp_path):
    ds = data_set(transfer_syntax, PIXELS, term, planar=planar)
    for way, call in readings(ds, tmp_path):
        array, messages = recorded(call)
        assert np.array_equal(array, PIXELS), way
        assert len(messages) == 1, way
        assert f"found {term}" in messages[0], way
        assert "YCbCr of partial range, not RGB" in messages[0], way
    for way, call in displays(ds, tmp_path):
        array, messages = recorded(call)
        assert np.array_equal(array, oracle.partial_ybr_to_rgb(PIXELS)), way
        assert messages == [], way
    assert recorded(lambda: dicomet.pixel_array(ds, raw=True))[1] == []


@pytest.mark.parametrize("transfer_syntax", NATIVE, ids=lambda uid: uid.name)
@pytest.mark.parametrize("term", [*TRANSFORMED_TERMS, *OTHER_TERMS])
def test_what_cannot_be_converted_is_not_shown(term, transfer_syntax, tmp_path):
    ds = data_set(transfer_syntax, PIXELS, term)
    for way, call in readings(ds, tmp_path):
        array, messages = recorded(call)
        assert np.array_equal(array, PIXELS), way
        assert len(messages) == 1, way
        assert f"found {term}" in messages[0], way
    for way, call in displays(ds, tmp_path):
        with pytest.raises(dicomet.PixelDataError, match=rf"\(0028,0004\) Photometric Interpretation: found {term}"):
            call()
        assert way


@settings(max_examples=80)
@given(data=st.data())
def test_ybr_full_of_any_depth(data):
    """The offset of chrominance is 2^(Bits Stored - 1), whatever is allocated (PS3.3 C.7.6.3.1.2)."""
    allocated = data.draw(st.sampled_from([8, 16, 32]))
    bits = data.draw(st.integers(1, allocated))
    transfer_syntax = data.draw(st.sampled_from(NATIVE))
    term = data.draw(st.sampled_from(["YBR_FULL", "YBR_FULL_422"][: 1 + (transfer_syntax != RLELossless)]))
    planar = data.draw(st.integers(0, 1)) if term == "YBR_FULL" and transfer_syntax != RLELossless else 0
    dtype = np.dtype(f"u{allocated // 8}")
    values = np.random.default_rng(data.draw(st.integers(0, 9))).integers(0, 2**bits, (4, 6, 3), dtype, endpoint=False)
    if term == "YBR_FULL_422":
        values[:, 1::2, 1:] = values[:, 0::2, 1:]
    ds = data_set(transfer_syntax, values, term, bits=bits, allocated=allocated, planar=planar)
    expected = oracle.ybr_to_rgb(values, bits)
    assert np.array_equal(dicomet.pixel_array(ds), expected)
    if allocated == bits == 16:
        assert np.array_equal(dicomet.to_display(ds, dtype="uint16"), expected)


@pytest.mark.parametrize("bits", [9, 12, 16])
@pytest.mark.parametrize("kind", ["lossless", "JPEG-LS", "JPEG 2000"])
def test_ybr_full_of_deep_codestreams(kind, bits):
    values = rng.integers(0, 2**bits, (64, 64, 3), dtype=np.uint16)
    transfer_syntax, stream = {
        "lossless": (JPEGLosslessSV1, lambda: codestreams.lossless_jpeg(values, bits)),
        "JPEG-LS": (JPEGLSLossless, lambda: codestreams.jpeg_ls(values, bits)),
        "JPEG 2000": (JPEG2000Lossless, lambda: codestreams.jpeg_2000(values, bits, mct=False)),
    }[kind]
    ds = data_set(transfer_syntax, stream(), "YBR_FULL", bits=bits, allocated=16)
    assert np.array_equal(dicomet.pixel_array(ds), oracle.ybr_to_rgb(values, bits))
    assert np.array_equal(dicomet.pixel_array(ds, raw=True), values)


@pytest.mark.parametrize("bits", range(1, 9))
@pytest.mark.parametrize("columns", [1, 2, 6])
def test_the_drop_in_keeps_the_offset_of_pydicom(bits, columns):
    values = rng.integers(0, 2**bits, (5, columns, 3), dtype=np.uint8)
    data = as_bytes(data_set(ExplicitVRLittleEndian, values, "YBR_FULL", bits=bits))
    expected = pydicom.dcmread(io.BytesIO(data)).pixel_array
    dicomet.install()
    try:
        assert np.array_equal(pydicom.dcmread(io.BytesIO(data)).pixel_array, expected)
    finally:
        dicomet.uninstall()

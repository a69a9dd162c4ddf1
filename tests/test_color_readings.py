"""The color rule, by every way of reading: one decision, and one warning per image."""

import codestreams
import numpy as np
import oracle
import pydicom
import pytest
from codestreams import JFIF, SHORT_ADOBE, adobe
from color_streams import (
    BLOCKS,
    LETTER_IDS,
    NUMBER_IDS,
    PARTIAL,
    PIXELS,
    RGB,
    SOFT,
    TERMS,
    UNKNOWN,
    YCBCR,
    data_set,
    dct,
    displays,
    j2k,
    jpeg_ls,
    lossless,
    readings,
    recorded,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import JPEG2000, JPEG2000Lossless, JPEGBaseline8Bit, JPEGLosslessSV1, JPEGLSLossless

import dicomet
from dicomet._decoding.color_rule import decide
from dicomet._native import Codestream

pytest.importorskip("libjpeg")
pytest.importorskip("openjpeg")
pytest.importorskip("jpeg_ls")

CONTRADICTIONS = {
    "J3 Adobe 0": (JPEGBaseline8Bit, dct(adobe(0)), PIXELS, "YBR_FULL_422", RGB),
    "J6 R G B": (JPEGBaseline8Bit, dct(b"", b"RGB"), PIXELS, "YBR_FULL_422", RGB),
    "J6 r g b": (JPEGBaseline8Bit, dct(b"", b"rgb"), PIXELS, "YBR_FULL", RGB),
    "J2 JFIF": (JPEGBaseline8Bit, dct(JFIF), PIXELS, "RGB", YCBCR),
    "J2 JFIF before Adobe": (JPEGBaseline8Bit, dct(adobe(0) + JFIF), PIXELS, "RGB", YCBCR),
    "J2 JFIF before identifiers": (JPEGBaseline8Bit, dct(JFIF, b"RGB"), PIXELS, "RGB", YCBCR),
    "J4 Adobe 1": (JPEGBaseline8Bit, dct(adobe(1)), PIXELS, "RGB", YCBCR),
    "J4 Adobe before identifiers": (JPEGBaseline8Bit, dct(adobe(1), b"RGB"), PIXELS, "RGB", YCBCR),
    "J5 Adobe 2": (JPEGBaseline8Bit, dct(adobe(2)), PIXELS, "YBR_FULL", YCBCR),
    "J11": (JPEGBaseline8Bit, dct(), PIXELS, "YBR_ICT", YCBCR),
    "J3 lossless": (JPEGLosslessSV1, lossless(adobe(0)), PIXELS, "YBR_FULL", RGB),
    "J2 lossless": (JPEGLosslessSV1, lossless(JFIF), PIXELS, "RGB", YCBCR),
    "J6 JPEG-LS": (JPEGLSLossless, jpeg_ls(b"", b"RGB"), PIXELS, "YBR_FULL", RGB),
    "J4 JPEG-LS": (JPEGLSLossless, jpeg_ls(adobe(1)), PIXELS, "RGB", YCBCR),
    "K1 YBR_FULL": (JPEG2000Lossless, j2k(mct=True), SOFT, "YBR_FULL", RGB),
    "K1 YBR_FULL_422": (JPEG2000, j2k(mct=True), SOFT, "YBR_FULL_422", RGB),
    "K1 boxes": (JPEG2000, codestreams.jp2(j2k(mct=True), (64, 64), 18), SOFT, "YBR_FULL_422", RGB),
    "K6": (JPEG2000, j2k(mct=False), SOFT, "YBR_ICT", YCBCR),
    "K6 boxes": (JPEG2000, codestreams.jp2(j2k(mct=False), (64, 64), 16), SOFT, "YBR_ICT", RGB),
    "K7": (JPEG2000Lossless, j2k(mct=False), SOFT, "YBR_RCT", RGB),
    "K7 boxes": (JPEG2000, codestreams.jp2(j2k(mct=False), (64, 64), 18), SOFT, "YBR_RCT", YCBCR),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_the_codestream_decides_a_contradiction_with_one_warning(name, tmp_path):
    transfer_syntax, stream, components, term, meaning = CONTRADICTIONS[name]
    expected = oracle.ybr_to_rgb(components) if meaning is YCBCR else components
    ds = data_set(transfer_syntax, stream, term)
    for way, call in (*readings(ds, tmp_path), *displays(ds, tmp_path)):
        array, messages = recorded(call)
        assert np.array_equal(array, expected), way
        assert len(messages) == 1, (way, messages)
        assert f"found {term}, expected a term for {meaning.value}" in messages[0], way
    array, messages = recorded(lambda: dicomet.pixel_array(ds, raw=True))
    assert np.array_equal(array, components)
    assert len(messages) == 1


def test_a_contradiction_in_every_frame_warns_once():
    ds = data_set(JPEGBaseline8Bit, dct(adobe(0)), "YBR_FULL", frames=5)
    with pytest.warns(UserWarning, match="transform 0") as caught:
        assert np.array_equal(dicomet.pixel_array(ds), np.stack([PIXELS] * 5))
    assert len(caught) == 1
    with pytest.warns(UserWarning, match="transform 0") as caught:
        assert len(list(dicomet.iter_pixels(ds))) == 5
    assert len(caught) == 1


AGREEMENTS = {
    "J9": (JPEGBaseline8Bit, dct(), PIXELS, "YBR_FULL_422", YCBCR),
    "J8": (JPEGBaseline8Bit, dct(), PIXELS, "RGB", RGB),
    "J8 short Adobe": (JPEGBaseline8Bit, dct(SHORT_ADOBE), PIXELS, "RGB", RGB),
    "J3": (JPEGBaseline8Bit, dct(adobe(0)), PIXELS, "RGB", RGB),
    "J4": (JPEGBaseline8Bit, dct(adobe(1)), PIXELS, "YBR_FULL_422", YCBCR),
    "J8 lossless": (JPEGLosslessSV1, lossless(), PIXELS, "RGB", RGB),
    "J9 lossless": (JPEGLosslessSV1, lossless(), PIXELS, "YBR_FULL", YCBCR),
    "J8 JPEG-LS": (JPEGLSLossless, jpeg_ls(), PIXELS, "RGB", RGB),
    "J9 JPEG-LS": (JPEGLSLossless, jpeg_ls(), PIXELS, "YBR_FULL", YCBCR),
    "K1 YBR_RCT": (JPEG2000Lossless, j2k(mct=True), SOFT, "YBR_RCT", RGB),
    "K1 RGB": (JPEG2000Lossless, j2k(mct=True), SOFT, "RGB", RGB),
    "K3": (JPEG2000Lossless, j2k(mct=False), SOFT, "RGB", RGB),
    "K4": (JPEG2000, j2k(mct=False), SOFT, "YBR_FULL", YCBCR),
    "K3 boxes": (JPEG2000, codestreams.jp2(j2k(mct=False), (64, 64), 18), SOFT, "RGB", RGB),
    "K4 boxes": (JPEG2000, codestreams.jp2(j2k(mct=False), (64, 64), 18), SOFT, "YBR_FULL", YCBCR),
}


@pytest.mark.parametrize("name", AGREEMENTS)
def test_an_agreement_does_not_warn(name, tmp_path):
    transfer_syntax, stream, components, term, meaning = AGREEMENTS[name]
    expected = oracle.ybr_to_rgb(components) if meaning is YCBCR else components
    ds = data_set(transfer_syntax, stream, term)
    for way, call in (*readings(ds, tmp_path), *displays(ds, tmp_path)):
        array, messages = recorded(call)
        assert np.array_equal(array, expected), way
        assert messages == [], way
    for options in ({"raw": True}, {"as_rgb": False}):
        array, messages = recorded(lambda options=options: dicomet.pixel_array(ds, **options))
        assert np.array_equal(array, components)
        assert messages == []


@pytest.mark.parametrize("plugin", ["pylibjpeg", "pillow", "gdcm", "pyjpegls"])
@pytest.mark.parametrize("name", [*CONTRADICTIONS, *AGREEMENTS])
def test_every_plugin_gives_the_same(name, plugin):
    transfer_syntax, stream, components, term, meaning = (CONTRADICTIONS | AGREEMENTS)[name]
    decoder = pydicom.pixels.get_decoder(transfer_syntax)
    if plugin not in decoder.available_plugins:
        pytest.skip(f"{plugin} does not decode {transfer_syntax.name}, or is not installed")
    ds = data_set(transfer_syntax, stream, term)
    array, _ = recorded(lambda: dicomet.pixel_array(ds, decoding_plugin=plugin))
    assert np.array_equal(array, oracle.ybr_to_rgb(components) if meaning is YCBCR else components)
    array, _ = recorded(lambda: dicomet.pixel_array(ds, raw=True, decoding_plugin=plugin))
    assert np.array_equal(array, components)


MARKERS = st.tuples(st.booleans(), st.booleans(), st.sampled_from([None, 0, 1, 2]))


MOST_BLOCKS = 8
"""Blocks of luminance in an MCU, which has ten at most (ISO/IEC 10918-1 B.2.3)."""


@settings(max_examples=60)
@given(
    markers=MARKERS,
    ids=st.sampled_from([*NUMBER_IDS, *LETTER_IDS]),
    term=st.sampled_from(TERMS),
    luma=st.sampled_from([(h, v) for h in range(1, 5) for v in range(1, 5) if h * v <= MOST_BLOCKS]) | st.none(),
)
def test_any_markers_identifiers_and_sampling_factors(markers, ids, term, luma):
    """The result is what the rule says of the header, which the rows prove. Lossless without `luma`."""
    jfif, short, transform = markers
    segments = (JFIF if jfif else b"") + (SHORT_ADOBE if short else b"")
    segments += b"" if transform is None else adobe(transform)
    if luma is None:
        stream, components, transfer_syntax = lossless(segments, ids), PIXELS, JPEGLosslessSV1
    else:
        # All blocks of a component are alike, so that it does not matter how chrominance is upsampled.
        values = BLOCKS[0, 0]
        planes = [
            np.full((2 * luma[1], 2 * luma[0]), values[0]),
            np.full((2, 2), values[1]),
            np.full((2, 2), values[2]),
        ]
        stream = codestreams.dct_jpeg(planes, segments, ids, (luma, (1, 1), (1, 1)))
        components, transfer_syntax = np.full((16 * luma[1], 16 * luma[0], 3), values), JPEGBaseline8Bit
    decision = decide(term, 3, Codestream.read(stream))
    ds = data_set(transfer_syntax, stream, term)
    array, messages = recorded(lambda: dicomet.pixel_array(ds))
    if decision.components is YCBCR:
        assert np.array_equal(array, oracle.ybr_to_rgb(components))
    else:
        assert np.array_equal(array, components)
    is_left = decision.components in {UNKNOWN, PARTIAL}
    assert len(messages) == int(is_left or decision.contradiction is not None)
    if decision.components is UNKNOWN:
        with pytest.raises(dicomet.PixelDataError, match=r"\(0028,0004\) Photometric Interpretation: found"):
            dicomet.to_display(ds)
    else:
        shown, _ = recorded(lambda: dicomet.to_display(ds))
        convert = {YCBCR: oracle.ybr_to_rgb, PARTIAL: oracle.partial_ybr_to_rgb}
        assert np.array_equal(shown, convert.get(decision.components, np.copy)(components))

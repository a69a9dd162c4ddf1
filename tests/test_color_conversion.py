"""The color rule: each row of its table."""

import itertools
import re

import codestreams
import pytest
from codestreams import JFIF, SHORT_ADOBE, adobe, hp_transform
from color_streams import (
    FULL_TERMS,
    LETTER_IDS,
    NUMBER_IDS,
    PARTIAL,
    PARTIAL_TERMS,
    PIXELS,
    RGB,
    TERMS,
    TRANSFORMED_TERMS,
    UNKNOWN,
    YCBCR,
    as_bytes,
    data_set,
    dct,
    half_dct,
    half_j2k,
    j2k,
    jpeg_ls,
    lossless,
)
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit, RLELossless

from dicomet._decoding import color_rule
from dicomet._decoding.color_rule import Components, decide
from dicomet._native import Codestream
from dicomet._parsing.tags import PHOTOMETRIC_INTERPRETATION
from dicomet.info import describe

pytest.importorskip("libjpeg")
pytest.importorskip("openjpeg")
pytest.importorskip("jpeg_ls")


def by_term(term):
    """What a term says, where no codestream says otherwise."""
    if term in FULL_TERMS:
        return YCBCR
    return PARTIAL if term in PARTIAL_TERMS else RGB if term == "RGB" else UNKNOWN


def native_rows(term):
    """Yield row, codestream, term, components, and whether data set and codestream contradict each other."""
    yield {RGB: "N1", YCBCR: "N2", PARTIAL: "N3", UNKNOWN: "N4"}[by_term(term)], None, term, by_term(term), False


def stated_rows(term):
    """The same for JPEG and JPEG-LS that state something."""
    is_full, is_rgb = term in FULL_TERMS, term == "RGB"
    for number, more in itertools.product((1, 2, 3), (b"", JFIF)):
        yield "J1", jpeg_ls(hp_transform(number) + more), term, RGB, not is_rgb
    for make, ids in itertools.product((dct, half_dct, lossless, jpeg_ls), (*NUMBER_IDS, *LETTER_IDS)):
        for more in (b"", adobe(0), adobe(1), adobe(2), SHORT_ADOBE):
            yield "J2", make(JFIF + more, ids), term, YCBCR, not is_full
        yield "J3", make(adobe(0), ids), term, RGB, not is_rgb
        yield "J4", make(adobe(1), ids), term, YCBCR, not is_full
        yield "J5", make(adobe(2), ids), term, YCBCR, True
    for make, ids in itertools.product((dct, half_dct, lossless, jpeg_ls), LETTER_IDS):
        for nothing in (b"", SHORT_ADOBE):
            yield "J6", make(nothing, ids), term, RGB, not is_rgb


def silent_rows(term):
    """The same for JPEG and JPEG-LS that state nothing."""
    said = by_term(term)
    for make, ids, more in itertools.product(
        (dct, half_dct, lossless, jpeg_ls), NUMBER_IDS, (b"", SHORT_ADOBE, hp_transform(0))
    ):
        stream = make(more, ids)
        if said is RGB:
            yield ("J7", stream, term, YCBCR, True) if make is half_dct else ("J8", stream, term, RGB, False)
        elif said is not UNKNOWN:
            yield ("J9" if said is YCBCR else "J10"), stream, term, said, False
        elif make in {dct, half_dct}:
            yield "J11", stream, term, YCBCR, True
        else:
            yield "J12", stream, term, UNKNOWN, False


def jpeg_2000_rows(term):
    """The same for JPEG 2000."""
    said = by_term(term)
    for lossy, color_space in itertools.product((False, True), COLOR_SPACES):
        stream = boxed(j2k(mct=True, lossy=lossy), color_space)
        yield "K1", stream, term, RGB, term not in {"RGB", *TRANSFORMED_TERMS}
    for color_space in COLOR_SPACES:
        half, stream = (boxed(each, color_space) for each in (half_j2k(), j2k(mct=False)))
        if term in {"RGB", "YBR_RCT"}:
            yield "K2", half, term, YCBCR, True
        if term == "YBR_ICT":
            yield "K6", stream, term, RGB if color_space == 16 else YCBCR, True
        elif term == "YBR_RCT":
            yield "K7", stream, term, YCBCR if color_space == 18 else RGB, True
        else:
            row = {RGB: "K3", YCBCR: "K4", PARTIAL: "K5", UNKNOWN: "K8"}[said]
            yield row, stream, term, said, False
            if said is not RGB:
                yield row, half, term, said, False


COLOR_SPACES = (None, 16, 18)


def boxed(stream, color_space):
    """The codestream, in boxes where a color space is given."""
    return stream if color_space is None else codestreams.jp2(stream, (64, 64), color_space)


def table():
    """Yield all rows."""
    for term in TERMS:
        for rows in (native_rows, stated_rows, silent_rows, jpeg_2000_rows):
            yield from rows(term)


TABLE = list(table())


@pytest.mark.parametrize("row", sorted({row for row, *_ in TABLE}))
def test_row(row):
    for _, stream, term, components, contradicts in (case for case in TABLE if case[0] == row):
        header = None if stream is None else Codestream.read(stream)
        decision = decide(term, 3, header)
        assert decision.components is components, (term, decision)
        assert (decision.contradiction is not None) == contradicts, (term, decision)
        assert decision.subsampled == (header is not None and header.is_subsampled)
        if contradicts:
            assert f"found {term}" in decision.contradiction
            assert decision.reason in decision.contradiction
            assert components.value in decision.contradiction


def test_every_row_of_the_docstring_is_tested():
    documented = re.findall(r"^([NJK]\d+) ", color_rule.__doc__, re.MULTILINE)
    assert len(documented) == len(set(documented))
    assert set(documented) == {row for row, *_ in TABLE}


@pytest.mark.parametrize("term", ["MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "PALETTE_COLOR"])
def test_one_sample_is_never_a_color(term):
    expected = Components.PALETTE if term.startswith("PALETTE") else Components.GRAY
    for header in (None, Codestream.read(dct(JFIF)), Codestream.read(j2k(mct=True))):
        assert decide(term, 1, header) == (expected, False, PHOTOMETRIC_INTERPRETATION.label, None)


def test_describe_tells_what_the_rule_decided():
    described = describe(as_bytes(data_set(JPEGBaseline8Bit, half_dct(adobe(0)), "YBR_FULL_422")))
    assert (described["colors"], described["subsampled"]) == ("RGB", True)
    assert described["colors_decided_by"] == "the Adobe marker of the codestream (transform 0)"
    (warning,) = described["warnings"]
    assert "found YBR_FULL_422, expected a term for RGB components by the Adobe marker" in warning
    described = describe(as_bytes(data_set(ExplicitVRLittleEndian, PIXELS, "YBR_FULL")))
    assert (described["colors"], described["subsampled"], described["warnings"]) == ("YCbCr", False, [])
    assert described["colors_decided_by"] == "(0028,0004) Photometric Interpretation"
    described = describe(as_bytes(data_set(RLELossless, PIXELS, "YBR_ICT")))
    assert described["colors"] == "not known"
    assert len(described["warnings"]) == 1

"""Attributes that `to_display` needs: malformed, missing, or of an unusual VR."""

import io

import numpy as np
import pydicom
import pytest
from display_files import CT, read
from display_images import raw_element

import dicomet


def test_a_presentation_lut_shape_that_is_none():
    ds = read("MR_small.dcm")
    ds.PresentationLUTShape = "UPSIDE DOWN"
    buffer = io.BytesIO()
    ds.save_as(buffer)
    for source in (ds, buffer.getvalue()):
        with pytest.raises(dicomet.PixelDataError, match="Presentation LUT Shape: found 'UPSIDE DOWN'") as raised:
            dicomet.to_display(source)
        assert raised.value.element == "(2050,0020) Presentation LUT Shape"


@pytest.mark.parametrize("tag", [0x00281052, 0x00281053])
@pytest.mark.parametrize("text", [b"1,5 ", b"abc ", b"1\\x ", b"nan ", b"1e999 "])
def test_texts_that_are_no_numbers(tag, text):
    """Without slope and intercept, values are not known."""
    ds = read("CT_small.dcm")
    raw_element(ds, tag, "DS", text)
    buffer = io.BytesIO()
    ds.save_as(buffer)
    for source in (ds, buffer.getvalue()):
        for call in (dicomet.to_display, dicomet.modality_values):
            with pytest.raises(
                dicomet.PixelDataError, match=rf"\(0028,{tag & 0xFFFF:04X}\) .*: found '.*', expected a decimal number"
            ):
                call(source)


@pytest.mark.parametrize("tag", [0x00283000, 0x52009229, 0x52009230])
def test_sequences_that_are_none(tag):
    ds = read("CT_small.dcm")
    ds.add_new(tag, "LO", "text")
    buffer = io.BytesIO()
    ds.save_as(buffer)
    for source in (ds, buffer.getvalue()):
        with pytest.raises(
            dicomet.PixelDataError, match=rf"\({tag >> 16:04X},{tag & 0xFFFF:04X}\) .* VR LO, expected a seq"
        ):
            dicomet.to_display(source)


def test_texts_padded_with_null():
    ds = read("CT_small.dcm")
    for tag, text in ((0x00281050, b"40\0"), (0x00281051, b"400\0"), (0x20500020, b"INVERSE\0")):
        vr = "CS" if tag == 0x20500020 else "DS"
        raw = pydicom.dataelem.RawDataElement(
            pydicom.tag.Tag(tag), vr, len(text), text, 0, is_implicit_VR=False, is_little_endian=True
        )
        ds._dict[pydicom.tag.Tag(tag)] = raw
    buffer = io.BytesIO()
    ds.save_as(buffer)
    for source in (ds, buffer.getvalue()):
        np.testing.assert_array_equal(
            dicomet.to_display(source, range=(255, 0)), dicomet.to_display(CT, window=(40, 400))
        )


def test_a_palette_that_is_not_there():
    ds = read("OBXXXX1A.dcm")
    for tag in [tag for tag in ds.keys() if 0x00281101 <= tag <= 0x00281299]:  # noqa: SIM118 - not elements
        del ds[tag]
    buffer = io.BytesIO()
    ds.save_as(buffer)
    for source in (ds, buffer.getvalue()):
        with pytest.raises(
            dicomet.MissingElementError, match=r"\(0028,1101\) Red Palette Color Lookup Table Descriptor"
        ):
            dicomet.to_display(source)


def test_numbers_of_another_vr_are_no_text():
    """The result does not depend on whether they were read before."""
    ds = read("CT_small.dcm")
    raw_element(ds, 0x00281050, "US", b"10")
    raw_element(ds, 0x00281051, "US", b"\x90\x01")
    before = dicomet.to_display(ds)
    assert (ds.WindowCenter, ds.WindowWidth) == (0x3031, 400)
    np.testing.assert_array_equal(before, dicomet.to_display(ds))
    np.testing.assert_array_equal(before, dicomet.to_display(CT, window=(0x3031, 400)))


@pytest.mark.parametrize("function", [dicomet.to_display, dicomet.modality_values])
def test_out_of_a_subclass_is_filled(function):
    with pytest.warns(PendingDeprecationWarning):
        out = np.matrix(np.zeros_like(function(CT)))
    function(CT, out=out)
    np.testing.assert_array_equal(np.asarray(out), function(CT))


def test_every_frame_needs_its_functional_groups():
    ds = read("emri_small.dcm")
    ds.SharedFunctionalGroupsSequence = [pydicom.Dataset()]
    ds.PerFrameFunctionalGroupsSequence = [pydicom.Dataset() for _ in range(4)]
    says = r"\(5200,9230\) Per-Frame .* Sequence: found 4 items, expected one for frame 4"
    for call in (dicomet.to_display, dicomet.modality_values):
        with pytest.raises(dicomet.PixelDataError, match=says):
            call(ds)
    assert dicomet.to_display(ds, index=3).shape == (64, 64)


def test_attributes_that_are_not_used_may_be_malformed():
    ds = read("CT_small.dcm")
    ds.WindowCenter, ds.WindowWidth, ds.VOILUTFunction = 40, 0, "CUBIC"
    np.testing.assert_array_equal(dicomet.modality_values(ds), dicomet.modality_values(CT))
    np.testing.assert_array_equal(dicomet.to_display(ds, window=(40, 400)), dicomet.to_display(CT, window=(40, 400)))


@pytest.mark.parametrize("slope", ["1e40", "-1e300"])
def test_slopes_that_no_modality_has(slope):
    ds = read("CT_small.dcm")
    ds.RescaleSlope = slope
    for call in (dicomet.to_display, dicomet.modality_values):
        with pytest.raises(dicomet.PixelDataError, match=r"\(0028,1053\) Rescale Slope: found .*e.*, expected at most"):
            call(ds)


@pytest.mark.parametrize(
    "arguments", [{"range": 5}, {"range": (1, 2, 3)}, {"percentiles": "ab"}, {"window": (10**400, 5)}]
)
def test_arguments_that_are_no_pair(arguments):
    with pytest.raises(ValueError, match=f"'{next(iter(arguments))}': found"):
        dicomet.to_display(CT, **arguments)

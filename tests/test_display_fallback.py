"""Unusable views: `to_display` shows the next usable one, else the default."""

import numpy as np
import pydicom
import pytest
from display_images import PROPERTY, as_file, image, raw_element
from display_oracle import assert_seen, equation
from display_views import CENTER, FUNCTION, NAME, STORED, WIDTH, caught, table, with_windows
from hypothesis import given
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

import dicomet
import dicomet.info
from dicomet.loaders.loading import FrameLoader

MEASURED = ("minmax", "percentile", "full")
# Center and width, and whether they make a window.
PAIRS = {
    ("1000", "2000"): True,
    ("-5.5", "1"): True,
    ("3e3", "0.75"): True,
    (" 7 ", "1e-9"): True,
    ("1000", "0"): False,
    ("1000", "-0.0"): False,
    ("1000", "-400"): False,
    ("NaN", "400"): False,
    ("40", "nan"): False,
    ("inf", "400"): False,
    ("40", "1e999"): False,
    ("40,5", "400"): False,
    ("40", "400,5"): False,
    ("", "400"): False,
    ("40", ""): False,
    ("WIDE", "400"): False,
    ("0x10", "400"): False,
}


BROKEN_LUTS = ("no descriptor", "no data", "too few entries", "7 bits", "descriptor of texts")


def window_exact(pair: tuple[str, str], function: str | None) -> np.ndarray:
    center, width = map(float, pair)
    function = function or "LINEAR"
    return equation(
        STORED.astype(float), center, width, "LINEAR_EXACT" if function == "LINEAR" and width < 1 else function
    )


def expected(views: list[tuple[bool, np.ndarray | None, bool]]) -> tuple[np.ndarray, int]:
    """Return what is shown of the first usable view, or of the default, and how many warnings there are at most."""
    for number, (usable, exact, warns) in enumerate(views):
        if usable:
            return exact, int(number > 0) + int(warns)
    return STORED / 4032, int(bool(views))


@PROPERTY
@given(
    st.lists(st.sampled_from(list(PAIRS)), max_size=4),
    st.sampled_from([None, "LINEAR", "LINEAR_EXACT", "SIGMOID", "linear ", "SOFT", "SAMPLED_SIGMOID"]),
    st.lists(st.sampled_from(["usable", *BROKEN_LUTS]), max_size=3),
    st.booleans(),
)
def test_the_first_usable_view_is_shown(pairs, function, luts, prefer_lut):
    if len(pairs) == 1 and "" in pairs[0]:
        pairs = pairs * 2
    ds = with_windows(pairs, function)
    if luts:
        ds.VOILUTSequence = [table(kind, f"TABLE {number}") for number, kind in enumerate(luts)]
    known = function is None or function.strip().upper() in {"LINEAR", "LINEAR_EXACT", "SIGMOID"}
    name = None if function is None else function.strip().upper()
    windows = [
        (usable, window_exact(pair, name), name in {None, "LINEAR"} and float(pair[1]) < 1)
        if usable
        else (False, None, False)
        for pair in pairs
        for usable in [known and PAIRS[pair]]
    ]
    items = [(kind == "usable", 1 - STORED / 4095, False) for kind in luts]
    exact, most = expected([*items, *windows] if prefer_lut or not pairs else [*windows, *items])
    for source in (as_file(ds), ds):
        shown, messages = caught(dicomet.to_display, source, prefer_lut=prefer_lut)
        assert_seen(shown, exact * 255)
        assert bool(messages) == bool(most)
        assert len(messages) <= most
        assert_nothing_else_is_read(source, messages)
        assert_each_by_itself(
            source, "TABLE", items, ask_by_index=bool(luts) and (prefer_lut or not pairs), prefer_lut=prefer_lut
        )
        assert_each_by_itself(source, "VIEW", windows, ask_by_index=not luts or not prefer_lut, prefer_lut=prefer_lut)


def assert_nothing_else_is_read(source, messages: list[str]) -> None:
    """What the caller asks for does not depend on the views of the file, and nothing is said of them."""
    plain = image(STORED, 12)
    for window in (*MEASURED, (1000, 300), (7, 0.5, "LINEAR_EXACT")):
        shown, silence = caught(dicomet.to_display, source, window=window)
        assert not silence
        np.testing.assert_array_equal(shown, dicomet.to_display(plain, window=window))
    for values in (dicomet.modality_values(source), dicomet.pixel_array(source)):
        np.testing.assert_array_equal(values, STORED)
    if any("default" in message for message in messages):
        shown, _ = caught(dicomet.to_display, source, default=(1000, 300))
        np.testing.assert_array_equal(shown, dicomet.to_display(plain, window=(1000, 300)))


def assert_each_by_itself(source, name: str, views, *, ask_by_index: bool, prefer_lut: bool) -> None:
    """A view that is requested by its name or its index is shown, or an error is raised: no other one replaces it."""
    for number, (usable, exact, _) in enumerate(views):
        for window in (f"{name} {number}", number) if ask_by_index else (f"{name} {number}",):
            if usable:
                shown, _ = caught(dicomet.to_display, source, window=window, prefer_lut=prefer_lut)
                assert_seen(shown, exact * 255)
            else:
                with pytest.raises(dicomet.PixelDataError, match=r"\(0028,\d{4}\)") as raised:
                    dicomet.to_display(source, window=window, prefer_lut=prefer_lut)
                assert raised.value.element in str(raised.value)


@pytest.mark.parametrize(
    ("center", "width", "window"),
    [
        (b"1000\\5", b"2000", (1000, 2000)),
        (b"1000", b"2000\\5", (1000, 2000)),
        (b"1000\\", b"2000", (1000, 2000)),
        (b"\\1000", b"2000", None),
        (b"1000", b"", None),
        (b"", b"2000", None),
        (None, b"2000", None),
        (b"1000", None, None),
    ],
)
def test_more_of_one_than_of_the_other(center, width, window):
    ds = image(STORED, 12)
    for tag, value in ((CENTER, center), (WIDTH, width)):
        if value is not None:
            raw_element(ds, tag, "DS", value + b" " * (len(value) % 2))
    for source in (as_file(ds), ds):
        shown, messages = caught(dicomet.to_display, source)
        np.testing.assert_array_equal(shown, dicomet.to_display(image(STORED, 12), window=window or "minmax"))
        assert len(messages) == 1
        assert "(0028,105" in messages[0]


@pytest.mark.parametrize("value", [b"", b"  ", b"\0 "])
def test_a_file_without_windows_does_not_warn(value):
    ds = image(STORED, 12)
    raw_element(ds, CENTER, "DS", value)
    raw_element(ds, WIDTH, "DS", value)
    for source in (as_file(ds), ds):
        assert caught(dicomet.to_display, source)[1] == []


@pytest.mark.parametrize("vr", ["US", "FD", "OB", "UN", "SQ"])
@pytest.mark.parametrize("tag", [CENTER, WIDTH, NAME, FUNCTION, 0x00283010, 0x00280120, 0x00280121])
def test_elements_of_another_vr_do_not_refuse_an_image(tag, vr):
    """The malformed element is not needed, or not used."""
    ds = with_windows([("1000", "300")])
    value: object = b"\1\2\3"
    if vr == "SQ":
        ds.add_new(tag, vr, Sequence([Dataset()]))
    else:
        ds.add_new(tag, "UN", b"") if tag not in ds else None
        raw_element(ds, tag, vr, value)
    for window in (*MEASURED, (1000, 300)):
        shown, _ = caught(dicomet.to_display, ds, window=window)
        np.testing.assert_array_equal(shown, dicomet.to_display(image(STORED, 12), window=window))
    assert caught(dicomet.to_display, ds)[0].shape == STORED.shape


def test_a_voi_lut_sequence_that_is_none():
    ds = with_windows([("1000", "300")])
    ds.add_new(0x00283010, "LO", "text")
    for source in (as_file(ds), ds):
        shown, messages = caught(dicomet.to_display, source)
        np.testing.assert_array_equal(shown, dicomet.to_display(source, window=(1000, 300)))
        assert [message.split(":")[0] for message in messages] == ["(0028,3010) VOI LUT Sequence"]
        with pytest.raises(dicomet.PixelDataError, match=r"VOI LUT Sequence: found a value of VR LO, expected a seq"):
            dicomet.to_display(source, window=0)


@pytest.mark.parametrize("values", ["stored", "display"])
def test_a_modality_lut_of_colors_is_not_read(values):
    ds = pydicom.dcmread(get_testdata_file("SC_rgb.dcm", download=False))
    ds.ModalityLUTSequence = [Dataset()]
    ds.RescaleSlope = 7
    ds.VOILUTSequence = [Dataset()]
    shown, messages = caught(dicomet.to_display if values == "display" else dicomet.pixel_array, as_file(ds))
    np.testing.assert_array_equal(shown, ds.pixel_array)
    assert messages == []


def test_stored_values_need_no_modality_lut(tmp_path):
    ds = image(STORED, 12)
    ds.ModalityLUTSequence = [Dataset()]
    path = tmp_path / "image.dcm"
    path.write_bytes(as_file(ds))
    np.testing.assert_array_equal(FrameLoader(values="stored")(path)[..., 0], STORED)
    dicomet.convert_file(path, tmp_path / "image.npy", values="stored")
    np.testing.assert_array_equal(np.load(tmp_path / "image.npy"), STORED)
    with pytest.raises(dicomet.PixelDataError, match="LUT Descriptor"):
        dicomet.modality_values(path)


@pytest.mark.parametrize("width", ["0.9130647131", "1e-3", "0.999999"])
@pytest.mark.parametrize("function", [None, "LINEAR"])
def test_a_window_narrower_than_one(width, function):
    """RT images with small slopes: what PS3.3 C.11.2.1.2.1 has no equation for is shown as LINEAR_EXACT."""
    ds = with_windows([("0.4565323565", width)], function)
    ds.RescaleSlope, ds.RescaleIntercept = "0.000244200259", "-0.00024420026"
    values = dicomet.modality_values(ds, dtype="float64")
    exact = equation(values, 0.4565323565, float(width), "LINEAR_EXACT")
    own = (0.4565323565, float(width)) if function is None else (0.4565323565, float(width), function)
    for source in (as_file(ds), ds):
        for window in (None, 0, "view 0", own):
            shown, messages = caught(dicomet.to_display, source, window=window)
            assert_seen(shown, exact * 255)
            assert len(messages) == 1
            assert "expected 1 or more for LINEAR; the window is applied as LINEAR_EXACT" in messages[0]
            assert messages[0].startswith("'window'" if window == own else "(0028,1051) Window Width")


def test_a_window_of_width_one_is_the_standard_s():
    ds = with_windows([("2048", "1")])
    shown, messages = caught(dicomet.to_display, ds)
    np.testing.assert_array_equal(shown, np.where(STORED > 2047.5, 255, 0))
    assert messages == []

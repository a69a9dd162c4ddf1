"""Views that cannot be used: the next usable one is shown, else the default; what is not asked for is not read."""

import io
import warnings

import numpy as np
import pydicom
import pytest
from display_images import PROPERTY, as_file, image, lut_item, raw_element
from display_oracle import assert_seen, equation
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

import dicomet
import dicomet.info
from dicomet.cli.show import show
from dicomet.display import attributes, tables, windows
from dicomet.loaders.loading import FrameLoader

CENTER, WIDTH, NAME, FUNCTION = 0x00281050, 0x00281051, 0x00281055, 0x00281056
MEASURED = ("minmax", "percentile", "full")
STORED = np.arange(0, 4096, 64, dtype=np.uint16).reshape(8, 8)
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


def caught(call, *arguments, **options) -> tuple[np.ndarray, list[str]]:
    """Return the result of a call, and the texts of its warnings."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        return call(*arguments, **options), [str(one.message) for one in found if "dicomet" not in one.filename]


def with_windows(pairs, function: str | None = None, stored: np.ndarray = STORED) -> Dataset:
    ds = image(stored, 12)
    if pairs:
        raw_element(ds, CENTER, "DS", "\\".join(center for center, _ in pairs).encode())
        raw_element(ds, WIDTH, "DS", "\\".join(width for _, width in pairs).encode())
        raw_element(ds, NAME, "LO", "\\".join(f"VIEW {number}" for number in range(len(pairs))).encode())
    if function is not None:
        raw_element(ds, FUNCTION, "CS", function.encode())
    return ds


def table(kind: str, explanation: str) -> Dataset:
    """Return an item of the VOI LUT Sequence: one that inverts 12 bits, or one that cannot be used."""
    item = lut_item(0, np.arange(4096)[::-1], 12, words=True)
    item.LUTExplanation = explanation
    if kind == "no descriptor":
        del item.LUTDescriptor
    elif kind == "no data":
        del item.LUTData
    elif kind == "too few entries":
        item.LUTData = item.LUTData[:100]
    elif kind == "7 bits":
        item.LUTDescriptor = [4096, 0, 7]
    elif kind == "descriptor of texts":
        item.add_new(0x00283002, "UC", ["a", "b", "c"])
    return item


def window_exact(pair: tuple[str, str], function: str | None) -> np.ndarray:
    center, width = map(float, pair)
    function = function or "LINEAR"
    return equation(
        STORED.astype(float), center, width, "LINEAR_EXACT" if function == "LINEAR" and width < 1 else function
    )


def expected(views: list[tuple[bool, np.ndarray | None, bool]]) -> tuple[np.ndarray, int]:
    """Return what is seen of the first usable view, or of the default, and how many warnings there are at most."""
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
        seen, told = caught(dicomet.to_display, source, prefer_lut=prefer_lut)
        assert_seen(seen, exact * 255)
        assert bool(told) == bool(most)
        assert len(told) <= most
        assert_nothing_else_is_read(source, told)
        assert_each_by_itself(
            source, "TABLE", items, ask_by_index=bool(luts) and (prefer_lut or not pairs), prefer_lut=prefer_lut
        )
        assert_each_by_itself(source, "VIEW", windows, ask_by_index=not luts or not prefer_lut, prefer_lut=prefer_lut)


def assert_nothing_else_is_read(source, told: list[str]) -> None:
    """What the caller asks for does not depend on the views of the file, and nothing is said of them."""
    plain = image(STORED, 12)
    for window in (*MEASURED, (1000, 300), (7, 0.5, "LINEAR_EXACT")):
        seen, silence = caught(dicomet.to_display, source, window=window)
        assert not silence
        np.testing.assert_array_equal(seen, dicomet.to_display(plain, window=window))
    for values in (dicomet.modality_values(source), dicomet.pixel_array(source)):
        np.testing.assert_array_equal(values, STORED)
    if any("default" in message for message in told):
        seen, _ = caught(dicomet.to_display, source, default=(1000, 300))
        np.testing.assert_array_equal(seen, dicomet.to_display(plain, window=(1000, 300)))


def assert_each_by_itself(source, name: str, views, *, ask_by_index: bool, prefer_lut: bool) -> None:
    """A view that is asked for by its name or its index is shown, or an error: no other one takes its place."""
    for number, (usable, exact, _) in enumerate(views):
        for window in (f"{name} {number}", number) if ask_by_index else (f"{name} {number}",):
            if usable:
                seen, _ = caught(dicomet.to_display, source, window=window, prefer_lut=prefer_lut)
                assert_seen(seen, exact * 255)
            else:
                with pytest.raises(dicomet.PixelDataError, match=r"\(0028,\d{4}\)") as raised:
                    dicomet.to_display(source, window=window, prefer_lut=prefer_lut)
                assert raised.value.element in str(raised.value)


@pytest.mark.parametrize(
    ("center", "width", "shown"),
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
def test_more_of_one_than_of_the_other(center, width, shown):
    ds = image(STORED, 12)
    for tag, value in ((CENTER, center), (WIDTH, width)):
        if value is not None:
            raw_element(ds, tag, "DS", value + b" " * (len(value) % 2))
    for source in (as_file(ds), ds):
        seen, told = caught(dicomet.to_display, source)
        np.testing.assert_array_equal(seen, dicomet.to_display(image(STORED, 12), window=shown or "minmax"))
        assert len(told) == 1
        assert "(0028,105" in told[0]


@pytest.mark.parametrize("value", [b"", b"  ", b"\0 "])
def test_a_file_without_windows_says_nothing(value):
    ds = image(STORED, 12)
    raw_element(ds, CENTER, "DS", value)
    raw_element(ds, WIDTH, "DS", value)
    for source in (as_file(ds), ds):
        assert caught(dicomet.to_display, source)[1] == []


@pytest.mark.parametrize("vr", ["US", "FD", "OB", "UN", "SQ"])
@pytest.mark.parametrize("tag", [CENTER, WIDTH, NAME, FUNCTION, 0x00283010, 0x00280120, 0x00280121])
def test_elements_of_another_vr_do_not_refuse_an_image(tag, vr):
    """The element that is wrong may be of no use to anybody, or is not used."""
    ds = with_windows([("1000", "300")])
    value: object = b"\1\2\3"
    if vr == "SQ":
        ds.add_new(tag, vr, Sequence([Dataset()]))
    else:
        ds.add_new(tag, "UN", b"") if tag not in ds else None
        raw_element(ds, tag, vr, value)
    for window in (*MEASURED, (1000, 300)):
        seen, _ = caught(dicomet.to_display, ds, window=window)
        np.testing.assert_array_equal(seen, dicomet.to_display(image(STORED, 12), window=window))
    assert caught(dicomet.to_display, ds)[0].shape == STORED.shape


def test_a_voi_lut_sequence_that_is_none():
    ds = with_windows([("1000", "300")])
    ds.add_new(0x00283010, "LO", "text")
    for source in (as_file(ds), ds):
        seen, told = caught(dicomet.to_display, source)
        np.testing.assert_array_equal(seen, dicomet.to_display(source, window=(1000, 300)))
        assert [message.split(":")[0] for message in told] == ["(0028,3010) VOI LUT Sequence"]
        with pytest.raises(dicomet.PixelDataError, match=r"VOI LUT Sequence: found a value of VR LO, expected a seq"):
            dicomet.to_display(source, window=0)


@pytest.mark.parametrize("values", ["stored", "display"])
def test_a_modality_lut_of_colors_is_not_read(values):
    ds = pydicom.dcmread(get_testdata_file("SC_rgb.dcm", download=False))
    ds.ModalityLUTSequence = [Dataset()]
    ds.RescaleSlope = 7
    ds.VOILUTSequence = [Dataset()]
    seen, told = caught(dicomet.to_display if values == "display" else dicomet.pixel_array, as_file(ds))
    np.testing.assert_array_equal(seen, ds.pixel_array)
    assert told == []


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
            seen, told = caught(dicomet.to_display, source, window=window)
            assert_seen(seen, exact * 255)
            assert len(told) == 1
            assert "expected 1 or more for LINEAR; the window is applied as LINEAR_EXACT" in told[0]
            assert told[0].startswith("'window'" if window == own else "(0028,1051) Window Width")


def test_a_window_of_width_one_is_the_standard_s():
    ds = with_windows([("2048", "1")])
    seen, told = caught(dicomet.to_display, ds)
    np.testing.assert_array_equal(seen, np.where(STORED > 2047.5, 255, 0))
    assert told == []


def enhanced(count: int) -> Dataset:
    """Return an image whose frames have a window each, every second of them one that cannot be used."""
    ds = pydicom.dcmread(get_testdata_file("emri_small.dcm", download=False))
    ds.SharedFunctionalGroupsSequence = [Dataset()]
    ds.PerFrameFunctionalGroupsSequence = [Dataset() for _ in range(ds.NumberOfFrames)]
    for index, group in enumerate(ds.PerFrameFunctionalGroupsSequence):
        voi = Dataset()
        raw_element(voi, CENTER, "DS", b"100")
        raw_element(voi, WIDTH, "DS", b"300 " if index % 2 == 0 else b"0 ")
        group.FrameVOILUTSequence = [voi]
    assert ds.NumberOfFrames >= count
    return ds


def test_frames_fall_back_each_by_itself(tmp_path):
    ds = enhanced(4)
    path = tmp_path / "enhanced.dcm"
    path.write_bytes(as_file(ds))
    for source in (path, ds):
        seen, told = caught(dicomet.to_display, source)
        assert len(told) == 1
        own, measured = (dicomet.to_display(source, window=window) for window in ((100, 300), "minmax"))
        np.testing.assert_array_equal(seen[::2], own[::2])
        np.testing.assert_array_equal(seen[1::2], measured[1::2])
        assert caught(dicomet.to_display, source, index=0)[1] == []
        np.testing.assert_array_equal(caught(dicomet.to_display, source, index=1)[0], measured[1])


@pytest.mark.parametrize("own", [CENTER, WIDTH])
def test_a_window_may_be_split_between_shared_and_own_groups(own, tmp_path):
    ds = enhanced(4)
    shared = Dataset()
    for tag, text in ((CENTER, b"100 "), (WIDTH, b"300 ")):
        raw_element(shared, tag, "DS", b"7 " if tag == own else text)
        for group in ds.PerFrameFunctionalGroupsSequence:
            voi = group.FrameVOILUTSequence[0]
            if tag == own:
                raw_element(voi, tag, "DS", text)
            else:
                del voi[tag]
    ds.SharedFunctionalGroupsSequence[0].FrameVOILUTSequence = [shared]
    path = tmp_path / "enhanced.dcm"
    path.write_bytes(as_file(ds))
    for source in (path, ds):
        seen, told = caught(dicomet.to_display, source)
        np.testing.assert_array_equal(seen, dicomet.to_display(source, window=(100, 300)))
        assert len(told) == 1
        assert "Shared Functional Groups Sequence" in str(told[0])


def test_a_voi_lut_of_all_frames_is_made_once(monkeypatch):
    """Frames share it, usable or not, so that a file of many frames does not cost more than its bytes."""
    ds = enhanced(4)
    voi = Dataset()
    voi.VOILUTSequence = [table(kind, "") for kind in ("7 bits", "no data", "usable")]
    ds.SharedFunctionalGroupsSequence[0].FrameVOILUTSequence = [voi]
    for group in ds.PerFrameFunctionalGroupsSequence:
        del group.FrameVOILUTSequence
    calls, made = [], tables.lut_of
    monkeypatch.setattr(
        tables, "lut_of", lambda item, *rest, **options: calls.append(item) or made(item, *rest, **options)
    )
    seen, told = caught(dicomet.to_display, ds)
    assert_seen(seen, (1 - ds.pixel_array / 4095) * 255)
    assert len(calls) == 3
    assert len(told) == 1
    assert "(and 1 more unusable)" in told[0]


@pytest.mark.parametrize("where", ["windows", "tables"])
def test_thousands_of_unusable_views_are_not_all_tried(where, monkeypatch):
    """Every frame shares them, and would try them all."""
    ds = enhanced(4)
    voi = Dataset()
    if where == "windows":
        raw_element(voi, CENTER, "DS", b"\\".join([b"0"] * 5000))
        raw_element(voi, WIDTH, "DS", b"\\".join([b"0"] * 5000))
    else:
        voi.VOILUTSequence = [Dataset() for _ in range(5000)]
    ds.SharedFunctionalGroupsSequence[0].FrameVOILUTSequence = [voi]
    for group in ds.PerFrameFunctionalGroupsSequence:
        del group.FrameVOILUTSequence
    tried = []
    outcome = windows.outcome
    for module in (windows, attributes):
        monkeypatch.setattr(module, "outcome", lambda read: tried.append(read) or outcome(read))
    for source in (as_file(ds), ds):
        tried.clear()
        seen, told = caught(dicomet.to_display, source)
        np.testing.assert_array_equal(seen, dicomet.to_display(source, window="minmax"))
        assert "(and 99 more unusable)" in told[0]
        assert len(tried) <= 100 * ds.NumberOfFrames


def test_all_ways_show_the_same_picture(tmp_path):
    """`convert`, `show`, `info` and the loaders: the second window, as the first one cannot be used."""
    path = tmp_path / "image.dcm"
    path.write_bytes(as_file(with_windows([("0", "0"), ("1000", "3000")])))
    wanted = dicomet.to_display(path, window=1)
    np.testing.assert_array_equal(caught(FrameLoader(), path)[0][..., 0], wanted)
    np.testing.assert_array_equal(
        caught(FrameLoader(window="minmax"), path)[0][..., 0], dicomet.to_display(path, window="minmax")
    )
    _, told = caught(dicomet.convert_file, path, tmp_path / "image.png")
    assert len(told) == 1
    np.testing.assert_array_equal(np.array(Image.open(tmp_path / "image.png")), wanted)
    assert show([str(path)], output=str(tmp_path / "sheet.png"), columns=None, size=8, tiles=None, window=None) == 0
    described = dicomet.info.describe(path)
    assert described["error"] is None
    assert described["warnings"] == [
        "(0028,1051) Window Width: found 0, expected more than 0 for LINEAR; the next usable view is shown"
    ]


@pytest.mark.parametrize(
    ("elements", "says"),
    [
        ({"WindowCenter": 5, "WindowWidth": 0.5}, "expected 1 or more for LINEAR"),
        ({"RescaleIntercept": -1024}, r"(0028,1053) Rescale Slope: found no value"),
        ({"RescaleSlope": 0, "RescaleIntercept": 1}, r"(0028,1053) Rescale Slope: found 0"),
        ({"VOILUTSequence": [Dataset()]}, r"Missing required element: (0028,3002) LUT Descriptor"),
        ({"ModalityLUTSequence": [Dataset()]}, r"Missing required element: (0028,3002) LUT Descriptor"),
        ({"PresentationLUTShape": "NONE"}, r"(2050,0020) Presentation LUT Shape"),
    ],
)
def test_info_says_what_is_unusable(elements, says):
    ds = image(STORED, 12)
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    for source in (as_file(ds), ds):
        told = dicomet.info.describe(source)
        assert told["error"] is None
        assert any(says in message for message in told["warnings"])


def test_unreadable_padding_is_not_used():
    ds = image(STORED, 12)
    ds.add_new(0x00280120, "LO", "none")
    for source in (as_file(ds), ds):
        seen, told = caught(dicomet.to_display, source, window="minmax")
        assert_seen(seen, STORED / 4032 * 255)
        assert [message.split(":")[0] for message in told] == ["(0028,0120) Pixel Padding Value"]
        assert caught(dicomet.to_display, source, window=(5, 7))[1] == []


def test_the_name_of_a_measured_window_is_not_looked_up():
    """No explanation of a file takes the place of what the caller asks for."""
    ds = with_windows([("1000", "300")])
    raw_element(ds, NAME, "LO", b"minmax")
    assert_seen(dicomet.to_display(ds, window="minmax"), STORED / 4032 * 255)
    buffer = io.BytesIO(as_file(ds))
    assert_seen(dicomet.to_display(buffer, window="minmax"), STORED / 4032 * 255)

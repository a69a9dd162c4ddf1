"""Unusable views of single frames, of many views, and by every way of reading."""

import io

import numpy as np
import pydicom
import pytest
from display_images import as_file, image, raw_element
from display_oracle import assert_seen
from display_views import CENTER, NAME, STORED, WIDTH, caught, table, with_windows
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

import dicomet
import dicomet.info
from dicomet.cli.show import show
from dicomet.display import attributes, tables, windows
from dicomet.display.voi_selection import WindowArguments
from dicomet.loaders.loading import FrameLoader


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
        shown, messages = caught(dicomet.to_display, source)
        assert len(messages) == 1
        own, measured = (dicomet.to_display(source, window=window) for window in ((100, 300), "minmax"))
        np.testing.assert_array_equal(shown[::2], own[::2])
        np.testing.assert_array_equal(shown[1::2], measured[1::2])
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
        shown, messages = caught(dicomet.to_display, source)
        np.testing.assert_array_equal(shown, dicomet.to_display(source, window=(100, 300)))
        assert len(messages) == 1
        assert "Shared Functional Groups Sequence" in str(messages[0])


def test_a_voi_lut_of_all_frames_is_built_once(monkeypatch):
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
    shown, messages = caught(dicomet.to_display, ds)
    assert_seen(shown, (1 - ds.pixel_array / 4095) * 255)
    assert len(calls) == 3
    assert len(messages) == 1
    assert "(and 1 more unusable)" in messages[0]


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
    voi_or_error = windows.voi_or_error
    for module in (windows, attributes):
        monkeypatch.setattr(module, "voi_or_error", lambda read: tried.append(read) or voi_or_error(read))
    for source in (as_file(ds), ds):
        tried.clear()
        shown, messages = caught(dicomet.to_display, source)
        np.testing.assert_array_equal(shown, dicomet.to_display(source, window="minmax"))
        assert "(and 99 more unusable)" in messages[0]
        assert len(tried) <= 100 * ds.NumberOfFrames


def test_all_ways_show_the_same_picture(tmp_path):
    """`convert`, `show`, `info` and the loaders: the second window, as the first one cannot be used."""
    path = tmp_path / "image.dcm"
    path.write_bytes(as_file(with_windows([("0", "0"), ("1000", "3000")])))
    wanted = dicomet.to_display(path, window=1)
    np.testing.assert_array_equal(caught(FrameLoader(), path)[0][..., 0], wanted)
    np.testing.assert_array_equal(
        caught(FrameLoader(windows=WindowArguments("minmax")), path)[0][..., 0],
        dicomet.to_display(path, window="minmax"),
    )
    _, messages = caught(dicomet.convert_file, path, tmp_path / "image.png")
    assert len(messages) == 1
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
def test_info_lists_what_is_unusable(elements, says):
    ds = image(STORED, 12)
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    for source in (as_file(ds), ds):
        described = dicomet.info.describe(source)
        assert described["error"] is None
        assert any(says in message for message in described["warnings"])


def test_unreadable_padding_is_not_used():
    ds = image(STORED, 12)
    ds.add_new(0x00280120, "LO", "none")
    for source in (as_file(ds), ds):
        shown, messages = caught(dicomet.to_display, source, window="minmax")
        assert_seen(shown, STORED / 4032 * 255)
        assert [message.split(":")[0] for message in messages] == ["(0028,0120) Pixel Padding Value"]
        assert caught(dicomet.to_display, source, window=(5, 7))[1] == []


def test_the_name_of_a_measured_window_is_not_looked_up():
    """No explanation of a file takes the place of what the caller asks for."""
    ds = with_windows([("1000", "300")])
    raw_element(ds, NAME, "LO", b"minmax")
    assert_seen(dicomet.to_display(ds, window="minmax"), STORED / 4032 * 255)
    buffer = io.BytesIO(as_file(ds))
    assert_seen(dicomet.to_display(buffer, window="minmax"), STORED / 4032 * 255)

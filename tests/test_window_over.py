"""`window_over`: windows measured on each frame, or on all frames of an image."""

import warnings

import numpy as np
import pytest
from contact_sheets import draw_sheet, tile
from convert_command import convert
from display_images import PROPERTY, as_file, lut_item
from display_oracle import assert_seen
from hypothesis import given
from hypothesis import strategies as st
from overlay_images import frames_image
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

import dicomet
from dicomet._decoding.frame_reader import FrameReader
from dicomet.cli import arguments
from dicomet.display.voi_selection import WINDOW_OVER

RANKS = (5, 90)


@st.composite
def images(draw) -> tuple[Dataset, np.ndarray, np.ndarray]:
    """Return an image of some frames, with its modality values and where they count."""
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    dtype = np.dtype(draw(st.sampled_from(["u1", "i2", "u2", "u4"])))
    bits = 8 * dtype.itemsize
    top = draw(st.sampled_from([30, 1 << (bits - 2)]))
    shape = (draw(st.integers(1, 4)), 5, 7)
    # Each frame has a range of its own.
    stored = np.stack([rng.integers(0, max(1, top >> number), shape[1:]) for number in range(shape[0])]).astype(dtype)
    ds = frames_image(stored, bits, draw(st.sampled_from([ExplicitVRLittleEndian, ImplicitVRLittleEndian])))
    values, counts = stored.astype(np.float64), np.ones(shape, bool)
    kind = draw(st.sampled_from(["plain", "rescale", "per frame", "table"]))
    if kind == "rescale":
        ds.RescaleSlope, ds.RescaleIntercept = "-2.5", "7"
        values = values * -2.5 + 7
    elif kind == "per frame":
        ds.PerFrameFunctionalGroupsSequence = [Dataset() for _ in stored]
        for number, group in enumerate(ds.PerFrameFunctionalGroupsSequence):
            item = Dataset()
            item.RescaleSlope, item.RescaleIntercept = str(number + 1), str(10 * number)
            group.PixelValueTransformationSequence = [item]
            values[number] = values[number] * (number + 1) + 10 * number
    elif kind == "table" and bits == 8:
        entries = rng.integers(0, 4000, 256)
        ds.ModalityLUTSequence = [lut_item(0, entries, 16, words=True)]
        values = entries[stored].astype(np.float64)
    if draw(st.booleans()) and bits <= 16:
        ds.add_new(0x00280120, "SS" if dtype.kind == "i" else "US", int(stored[0, 0, 0]))
        counts = stored != stored[0, 0, 0]
        counts = counts if counts.any() else np.ones(shape, bool)
    return ds, values, counts


def shown(values: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.clip((values - low) / ((high - low) or 1), 0, 1) * 65535


@PROPERTY
@given(images(), st.sampled_from(["minmax", "percentile"]))
def test_all_frames_have_the_window_of_all_values(case, window):
    ds, values, counts = case
    counting = values[counts]
    ends = (counting.min(), counting.max()) if window == "minmax" else np.percentile(counting, RANKS)
    if window == "percentile" and ends[0] == ends[1]:
        return
    exact = shown(values, *ends)
    options = {"window": window, "window_over": "image", "percentiles": RANKS, "dtype": "uint16"}
    for source in (ds, as_file(ds)):
        found = dicomet.to_display(source, **options)
        assert_seen(found.reshape(values.shape), exact)
        for index in {0, len(values) - 1}:
            assert_seen(dicomet.to_display(source, index=index, **options), exact[index])


def flickering() -> np.ndarray:
    return np.stack([np.arange(20).reshape(4, 5) * factor for factor in (1, 11, 100)]).astype(np.uint16)


def test_each_frame_by_default():
    stored = flickering()
    ds = frames_image(stored, 16)
    each = dicomet.to_display(ds, window="minmax")
    assert (each == each[0]).all(), "although the frames differ by factors"
    np.testing.assert_array_equal(dicomet.to_display(ds, window="minmax", window_over="frame"), each)
    whole = dicomet.to_display(ds, window="minmax", window_over="image")
    assert whole.reshape(3, -1).max(axis=1).tolist() == [3, 28, 255]
    # Without a window in the file, too, and as the default.
    np.testing.assert_array_equal(dicomet.to_display(ds, window_over="image"), whole)
    np.testing.assert_array_equal(dicomet.to_display(ds, default="minmax", window_over="image"), whole)


def test_windows_that_are_not_measured_stay():
    ds = frames_image(flickering(), 16)
    ds.WindowCenter, ds.WindowWidth = 100, 200
    for options in ({}, {"window": (40, 400)}, {"window": 0}, {"window": "full"}):
        np.testing.assert_array_equal(
            dicomet.to_display(ds, window_over="image", **options), dicomet.to_display(ds, **options)
        )


def test_an_image_of_padding_alone():
    ds = frames_image(np.full((2, 4, 5), 7, np.uint16), 16)
    ds.PixelPaddingValue = 7
    assert not dicomet.to_display(ds, window="minmax", window_over="image").any()
    assert not dicomet.to_display(ds, window="percentile", window_over="image").any()


def test_frames_of_padding_do_not_count():
    stored = flickering()
    stored[1] = 65535
    ds = frames_image(stored, 16)
    ds.PixelPaddingValue = 65535
    found = dicomet.to_display(ds, window="minmax", window_over="image")
    assert_seen(found, shown(stored.astype(float), 0, 1900) / 257)


def test_unusable_arguments():
    with pytest.raises(ValueError, match="'window_over': found 'series', expected 'frame' or 'image'"):
        dicomet.to_display("nowhere.dcm", window_over="series")
    with pytest.raises(ValueError, match="'window_over': found 'series'"):
        dicomet.convert_file("nowhere.dcm", "x.png", window_over="series")
    with pytest.raises(ValueError, match="window_over: does not go with stored values"):
        dicomet.convert_file("nowhere.dcm", "x.png", window_over="image", values="stored")
    assert arguments.WINDOW_OVER == WINDOW_OVER


def test_a_damaged_frame_is_an_error():
    """The window is not measured on fewer frames than the image has."""
    ds = frames_image(flickering(), 16)
    data = as_file(ds)[:-1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert dicomet.to_display(data, index=0, window="minmax").max() == 255
        with pytest.raises(dicomet.PixelDataError, match="Pixel Data"):
            dicomet.to_display(data, index=0, window="minmax", window_over="image")


@pytest.fixture
def cine(tmp_path):
    path = tmp_path / "cine.dcm"
    path.write_bytes(as_file(frames_image(flickering(), 16)))
    return path


def test_convert(cine, tmp_path):
    out = tmp_path / "cine.npy"
    for over in ("frame", "image"):
        convert(cine, "-o", out, "--window", "minmax", "--window-over", over)
        np.testing.assert_array_equal(np.load(out), dicomet.to_display(cine, window="minmax", window_over=over))
    convert(cine, "-o", out, "--window-over", "image", "--frames", "0")
    np.testing.assert_array_equal(np.load(out), dicomet.to_display(cine, window_over="image", index=0))


def test_show(cine, tmp_path):
    for over, brightest in (("frame", [255, 255, 255]), ("image", [3, 28, 255])):
        pixels = draw_sheet(tmp_path / "sheet.png", cine, "--window", "minmax", "--window-over", over, "--columns", "3")
        tiles = [tile(pixels, number, 3) for number in range(3)]
        found = [int(one[one != 96].max(initial=0)) for one in tiles]
        assert np.abs(np.array(found) - brightest).max() <= 1


@pytest.mark.parametrize("command", ["convert", "show"])
def test_the_window_is_measured_once_for_all_frames(command, cine, tmp_path, monkeypatch):
    read: list[int] = []
    original = FrameReader.read
    monkeypatch.setattr(
        FrameReader, "read", lambda self, first, *rest: read.append(first) or original(self, first, *rest)
    )
    if command == "convert":
        dicomet.convert_file(cine, tmp_path / "cine.npy", window="minmax", window_over="image")
    else:
        draw_sheet(tmp_path / "sheet.png", cine, "--window", "minmax", "--window-over", "image")
    assert read == [0, 1, 2, 0, 1, 2]
